#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "engine/analysis/lesson.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

// Models that are fitted once, and what they predict.
namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// What a reader must know about a model to use it.
AnalysisTable facts_table(const TrainedModel& model, std::int64_t used) {
  std::string inputs;
  for (const ModelInput& input : model.inputs) {
    if (!inputs.empty()) inputs += ", ";
    inputs += input.name;
  }
  TableBuilder table;
  table.texts("fact", {"learner", "predicts", "classes", "learned from", "rows"});
  table.texts("value", {learner_json(model.spec).dump(), model.outcome,
                        model.classes.empty() ? "numbers" : list_words(model.classes), inputs,
                        std::to_string(used)});
  return {"model", table.build()};
}

// A model of the spec, or one that goes on from the model that was given.
TrainedModel trained(const AnalysisInput& input, const LearnerSpec& spec, const LessonData& data,
                     const Context& context) {
  Lesson lesson = data.lesson();
  if (input.model != nullptr) lesson.start = input.model->predictor.get();
  TrainedModel model =
      train(spec, lesson, data.rows, data.outcome_name, input.stream.child("fit"), context);
  model.warnings.insert(model.warnings.begin(), data.warnings.begin(), data.warnings.end());
  return model;
}

void add_model(const TrainedModel& model, const LessonData& data, AnalysisResult* out) {
  out->tables.push_back(facts_table(model, static_cast<std::int64_t>(data.rows.size())));
  for (const ModelTable& table : model.predictor->tables()) {
    out->tables.push_back(analysis_table(table));
  }
  out->models.emplace_back("model", model.save());
}

AnalysisResult fit(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const LessonData data = lesson_data(read);
  const TrainedModel model = trained(input, learner_option(read, "learner"), data, context);
  AnalysisResult out;
  out.estimates.push_back({.term = "rows learned from",
                           .estimate = static_cast<double>(data.rows.size()),
                           .n = static_cast<std::int64_t>(data.rows.size()),
                           .method = model.spec.kind,
                           .warnings = model.warnings});
  add_model(model, data, &out);
  return out;
}

// Options of the search stand beside those of the analysis.
AnalysisResult tune(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const LessonData data = lesson_data(read);
  LearnerSpec spec{.kind = "tuned"};
  spec.options["tuner"] = nlohmann::json::object();
  for (const auto& [name, value] : input.options.items()) {
    if (name == "task" || name == "success" || name == "model") continue;
    const bool own = name == "learner" || name == "space" || name == "metric" || name == "folds" ||
                     name == "repeats" || name == "resource";
    (own ? spec.options : spec.options["tuner"])[name] = value;
  }
  const TrainedModel model = trained(input, spec, data, context);
  AnalysisResult out;
  add_model(model, data, &out);
  const std::string metric = read.text("metric", data.classes.empty() ? "rmse" : "log_loss");
  Estimate best{.term = metric,
                .n = static_cast<std::int64_t>(data.rows.size()),
                .method = "tuned " + learner_option(read, "learner").kind,
                .se_type = "folds",
                .warnings = model.warnings};
  for (const ModelTable& table : model.predictor->tables()) {
    if (table.name != "best") continue;
    best.estimate = table.numbers[1][0];
    best.std_error = table.numbers[2][0];
  }
  best.warnings.emplace_back(
      "the best of several scores flatters: learn.evaluate with learn.tuned judges the whole "
      "search on rows that took no part in it");
  out.estimates.push_back(std::move(best));
  return out;
}

// The likeliest class of each row, "" without a prediction.
std::vector<std::string> called(const TrainedModel& model, const std::vector<double>& said,
                                double threshold) {
  const std::size_t k = model.outputs();
  std::vector<std::string> out;
  for (std::size_t i = 0; i * k < said.size(); ++i) {
    if (std::isnan(said[i * k])) {
      out.emplace_back();
    } else if (k == 1) {
      out.push_back(model.classes[said[i] >= threshold ? 1 : 0]);
    } else {
      const auto begin = said.begin() + static_cast<std::ptrdiff_t>(i * k);
      const auto best = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(k));
      out.push_back(model.classes[static_cast<std::size_t>(best - begin)]);
    }
  }
  return out;
}

std::vector<double> every_kth(const std::vector<double>& values, std::size_t k, std::size_t at) {
  std::vector<double> out;
  for (std::size_t i = at; i < values.size(); i += k) out.push_back(values[i]);
  return out;
}

void add_quantiles(const AnalysisReader& read, const TrainedModel& model, const FeatureTable& x,
                   const std::vector<std::uint32_t>& rows, const Context& context,
                   TableBuilder* table) {
  const std::vector<double> p = read.list("quantiles");
  if (p.empty()) return;
  std::vector<double> out(rows.size() * p.size(), kNaN);
  if (!model.predictor->quantiles(model.inputs_of(x), rows, p, out, context)) {
    throw ArgumentError({.what = "'" + model.spec.kind + "' knows no quantiles",
                         .expected = "learn.forest { quantiles = true } of numbers"});
  }
  for (std::size_t q = 0; q < p.size(); ++q) {
    table->numbers("quantile " + format_double(p[q]), every_kth(out, p.size(), q));
  }
}

AnalysisResult predict(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const auto model = model_of(read);
  const FeatureTable x = feature_columns(read, "features");
  const auto rows = every_row(input.frame.rows());
  const std::vector<double> said = model->predict(x, context);
  TableBuilder table;
  add_key(read, rows, &table);
  if (model->classes.empty()) {
    table.numbers("prediction", said);
  } else {
    table.texts("prediction", called(*model, said, read.number("threshold", 0.5)));
    if (model->outputs() == 1) {
      table.numbers("probability", said);
    } else {
      for (std::size_t k = 0; k < model->classes.size(); ++k) {
        table.numbers("probability of " + model->classes[k], every_kth(said, model->outputs(), k));
      }
    }
  }
  std::vector<double> ends(rows.size() * 2, kNaN);
  if (model->predictor->intervals(model->inputs_of(x), rows, ends, context)) {
    table.numbers("low", every_kth(ends, 2, 0));
    table.numbers("high", every_kth(ends, 2, 1));
  }
  add_quantiles(read, *model, x, rows, context, &table);
  const auto none = std::count_if(said.begin(), said.end(), [](double v) { return std::isnan(v); });
  AnalysisResult out;
  out.tables.push_back({"predictions", table.build()});
  std::vector<std::string> warnings;
  if (none > 0) {
    warnings.push_back(std::to_string(static_cast<std::size_t>(none) / model->outputs()) +
                       " rows have no prediction: a number the model needs is missing");
  }
  out.estimates.push_back(
      {.term = "rows predicted",
       .estimate = static_cast<double>(rows.size()) -
                   static_cast<double>(none) / static_cast<double>(model->outputs()),
       .n = static_cast<std::int64_t>(rows.size()),
       .method = model->spec.kind,
       .warnings = warnings});
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"learn.fit", "A model fitted to all rows that have an outcome.", {}, fit},
    {"learn.tune",
     "Options of a learner chosen by cross-validation; the learner is then fitted to all rows.",
     {},
     tune},
    {"learn.predict", "What a fitted model predicts for each row.", {}, predict},
};

}  // namespace

std::span<const AnalysisMethod> model_methods() { return kMethods; }

}  // namespace impact::detail
