#include <string>
#include <utility>

#include "engine/analysis/lesson.h"
#include "engine/analysis/predict_stream.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

// Models that are fitted once, and what they predict.
namespace impact::detail {
namespace {

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

AnalysisResult predict(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const auto model = model_of(read);
  const FeatureTable x = feature_columns(read, "features");
  const auto rows = every_row(input.frame.rows());
  TableBuilder table;
  add_key(read, rows, &table);
  const std::size_t none = add_predictions(
      *model, x, {.quantiles = read.list("quantiles"), .threshold = read.number("threshold", 0.5)},
      context, &table);
  AnalysisResult out;
  out.tables.push_back({"predictions", table.build()});
  out.estimates.push_back(
      {.term = "rows predicted",
       .estimate = static_cast<double>(rows.size() - none),
       .n = static_cast<std::int64_t>(rows.size()),
       .method = model->spec.kind,
       .warnings = prediction_remarks({.rows = static_cast<std::int64_t>(rows.size()),
                                       .without_prediction = static_cast<std::int64_t>(none),
                                       .drift = input_drift(*model, x)})});
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
