#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/analysis/learn_explained.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/calibration.h"
#include "engine/learn/explain/learning_curve.h"
#include "engine/learn/multiclass_scores.h"
#include "engine/learn/ranking_scores.h"
#include "engine/learn/roc.h"

// How a learner's score depends on its rows and on an option.
namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Weighted sums over the rows with a prediction.
struct NumberSums {
  double weight = 0.0;
  double squared = 0.0;
  double absolute = 0.0;
  double outcome = 0.0;
  double outcome_squared = 0.0;
};

FoldMetric number_metric(const LessonData& data, const std::string& name) {
  return [&data, name](std::span<const double> said, std::span<const std::uint32_t> rows) {
    NumberSums sums;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (std::isnan(said[i])) continue;
      const double w = data.weights.empty() ? 1.0 : data.weights[rows[i]];
      const double error = data.outcome[rows[i]] - said[i];
      sums.weight += w;
      sums.squared += w * error * error;
      sums.absolute += w * std::abs(error);
      sums.outcome += w * data.outcome[rows[i]];
    }
    if (name == "rmse") return std::sqrt(sums.squared / sums.weight);
    if (name == "mae") return sums.absolute / sums.weight;
    // About the mean of these rows, in a second pass: no digits are lost.
    const double mean = sums.outcome / sums.weight;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (std::isnan(said[i])) continue;
      const double w = data.weights.empty() ? 1.0 : data.weights[rows[i]];
      const double from_mean = data.outcome[rows[i]] - mean;
      sums.outcome_squared += w * from_mean * from_mean;
    }
    return sums.outcome_squared > 0.0 ? 1.0 - sums.squared / sums.outcome_squared : kNaN;
  };
}

double many_classes_score(const LessonData& data, std::span<const std::int32_t> labels,
                          const std::string& name, std::span<const double> said,
                          std::span<const std::uint32_t> rows) {
  std::vector<std::int32_t> own;
  std::vector<double> weights;
  for (const std::uint32_t row : rows) {
    own.push_back(labels[row]);
    if (!data.weights.empty()) weights.push_back(data.weights[row]);
  }
  const auto scores = class_probability_scores(
      {.probability = said, .label = own, .classes = data.classes.size(), .weights = weights});
  const std::string term = name == "brier" ? "brier_score" : name == "auc" ? "macro_auc" : name;
  for (const Estimate& row : scores) {
    if (row.term == term) return row.estimate;
  }
  return kNaN;
}

double share_right(const LessonData& data, std::span<const std::int32_t> labels,
                   std::span<const double> said, std::span<const std::uint32_t> rows) {
  const std::size_t k = data.two_classes() ? 1 : data.classes.size();
  double right = 0.0;
  double all = 0.0;
  const auto called = k == 1 ? std::vector<std::int32_t>{} : most_probable(said, k);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (std::isnan(said[i * k])) continue;
    const double w = data.weights.empty() ? 1.0 : data.weights[rows[i]];
    const std::int32_t call = k == 1 ? (said[i] >= 0.5 ? 1 : 0) : called[i];
    all += w;
    if (call == labels[rows[i]]) right += w;
  }
  return right / all;
}

// A score by name; "labels" are those of the data, and both must outlive it.
FoldMetric score_of(const LessonData& data, std::span<const std::int32_t> labels,
                    const std::string& name) {
  if (data.classes.empty()) return number_metric(data, name);
  if (name == "accuracy") {
    return [&data, labels](std::span<const double> said, std::span<const std::uint32_t> rows) {
      return share_right(data, labels, said, rows);
    };
  }
  if (!data.two_classes()) {
    return
        [&data, labels, name](std::span<const double> said, std::span<const std::uint32_t> rows) {
          return many_classes_score(data, labels, name, said, rows);
        };
  }
  return classifier_metric(
      [name](const ScoredLabels& rows) {
        if (name == "auc") return auc(rows).estimate;
        return name == "brier" ? brier_score(rows).estimate : log_loss(rows).estimate;
      },
      labels, data.weights);
}

std::string score_name(const AnalysisReader& read, const LessonData& data) {
  const std::vector<std::string> known =
      data.classes.empty() ? std::vector<std::string>{"rmse", "mae", "r2"}
                           : std::vector<std::string>{"auc", "log_loss", "brier", "accuracy"};
  const std::string wanted = read.text("metric", data.classes.size() > 2 ? "log_loss" : known[0]);
  if (std::find(known.begin(), known.end(), wanted) == known.end()) {
    throw ArgumentError({.what = "this outcome can't be judged by that metric",
                         .got = wanted,
                         .expected = list_words(known),
                         .hint = did_you_mean(wanted, known)});
  }
  return wanted;
}

// Intervals end where the score does.
void cut_intervals(const std::string& metric, ScoreCurve* curve) {
  const bool above = metric == "auc" || metric == "accuracy" || metric == "brier" || metric == "r2";
  for (CurvePoint& point : curve->points) {
    if (metric != "r2" && point.conf_low < 0.0) point.conf_low = 0.0;
    if (above && point.conf_high > 1.0) point.conf_high = 1.0;
  }
}

void add_curve(const ScoreCurve& curve, const std::string& metric, TableBuilder* table) {
  std::vector<std::string> part, metrics;
  std::vector<double> rows, score, low, high, sd;
  std::vector<std::int64_t> fits;
  for (const bool test : {false, true}) {
    for (const CurvePoint& point : curve.points) {
      part.emplace_back(test ? "test" : "train");
      metrics.push_back(metric);
      rows.push_back(point.rows);
      score.push_back(test ? point.test_mean : point.train_mean);
      sd.push_back(test ? point.test_sd : point.train_sd);
      low.push_back(test ? point.conf_low : kNaN);
      high.push_back(test ? point.conf_high : kNaN);
      fits.push_back(point.n);
    }
  }
  table->texts("part", part);
  table->texts("metric", metrics);
  table->numbers("rows", std::move(rows));
  table->numbers("score", std::move(score));
  table->numbers("low", std::move(low));
  table->numbers("high", std::move(high));
  table->numbers("sd", std::move(sd));
  table->integers("fits", std::move(fits));
}

// Every fit of a curve: fold numbers go through the repeats.
AnalysisTable fits_table(const ScoreCurve& curve, const char* place, const MixedCells& places) {
  const std::size_t fits = curve.points.empty() ? 0 : curve.test.size() / curve.points.size();
  std::vector<std::int64_t> fit;
  for (std::size_t p = 0; p < curve.points.size(); ++p) {
    for (std::size_t k = 0; k < fits; ++k) fit.push_back(static_cast<std::int64_t>(k) + 1);
  }
  TableBuilder table;
  table.column(place, places.column());
  table.integers("fit", std::move(fit));
  table.numbers("train", curve.train);
  table.numbers("test", curve.test);
  return {"fits", table.build()};
}

Estimate curve_row(std::string term, const CurvePoint& point, const std::string& metric) {
  return {.term = std::move(term),
          .estimate = point.test_mean,
          .std_error = point.test_std_error,
          .conf_low = point.conf_low,
          .conf_high = point.conf_high,
          .n = point.n,
          .method = metric,
          .se_type = "corrected_resampled"};
}

void add_notes(const LessonData& data, const Folds& folds, const ScoreCurve& curve,
               AnalysisResult* out) {
  std::vector<std::string> notes = data.warnings;
  notes.insert(notes.end(), folds.warnings.begin(), folds.warnings.end());
  notes.insert(notes.end(), curve.warnings.begin(), curve.warnings.end());
  prepend(&out->estimates.front().warnings, notes);
}

AnalysisResult learning(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const LessonData data = lesson_data(read).complete();
  const Folds folds = drawn_folds(read, data);
  const auto labels = data.labels();
  const std::string metric = score_name(read, data);
  LearningCurveSpec spec;
  if (read.given("shares")) spec.shares = read.list("shares");
  if (!data.classes.empty() && read.flag("stratified", true)) spec.strata = labels;
  spec.conf_level = read.conf_level();
  ScoreCurve curve = learning_curve(folds,
                                    scored_training(learner_option(read, "learner"), data.lesson(),
                                                    score_of(data, labels, metric)),
                                    spec, input.stream.child("fits"), context);
  cut_intervals(metric, &curve);
  AnalysisResult out;
  MixedCells each;
  std::vector<double> share;
  for (const CurvePoint& point : curve.points) {
    out.estimates.push_back(
        curve_row(metric + " at " + format_double(point.share) + " of the rows", point, metric));
    share.push_back(point.share);
    const std::size_t fits = curve.test.size() / curve.points.size();
    for (std::size_t k = 0; k < fits; ++k) each.number(point.share);
  }
  add_notes(data, folds, curve, &out);
  std::vector<double> both = share;
  both.insert(both.end(), share.begin(), share.end());
  TableBuilder table;
  table.numbers("share", std::move(both));
  add_curve(curve, metric, &table);
  out.tables.push_back({"learning_curve", table.build()});
  out.tables.push_back(fits_table(curve, "share", each));
  return out;
}

// A value of an option as a cell: numbers and texts as they are, others as JSON.
void add_value(const nlohmann::json& value, MixedCells* cells) {
  if (value.is_number()) {
    cells->number(value.get<double>());
  } else {
    cells->text(value.is_string() ? value.get<std::string>() : value.dump());
  }
}

AnalysisResult validation(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const LessonData data = lesson_data(read).complete();
  const Folds folds = drawn_folds(read, data);
  const auto labels = data.labels();
  const std::string metric = score_name(read, data);
  const LearnerSpec spec = learner_option(read, "learner");
  const std::string option = read.text("option", "");
  // Of a pipeline the model's option is meant, unless the way to another one is spelled out.
  std::string way = option;
  if (spec.kind == "pipeline" && option.find('.') == std::string::npos) {
    way = "model.options." + option;
  }
  const nlohmann::json& given = input.options.at("values");
  const std::vector<nlohmann::json> values =
      given.is_array() ? std::vector<nlohmann::json>(given.begin(), given.end())
                       : std::vector<nlohmann::json>{given};
  const TrainingWith with = [&](const nlohmann::json& value) {
    return scored_training(with_option(spec, way, value), data.lesson(),
                           score_of(data, labels, metric));
  };
  ScoreCurve curve =
      validation_curve(folds, with, values, input.stream.child("fits"), context, read.conf_level());
  cut_intervals(metric, &curve);
  AnalysisResult out;
  MixedCells both;
  MixedCells each;
  const std::size_t fits = curve.test.size() / curve.points.size();
  for (std::size_t p = 0; p < values.size(); ++p) {
    out.estimates.push_back(curve_row(metric + " at " + option + " = " + curve.points[p].value,
                                      curve.points[p], metric));
    for (std::size_t k = 0; k < fits; ++k) add_value(values[p], &each);
  }
  for (int part = 0; part < 2; ++part) {
    for (const nlohmann::json& value : values) add_value(value, &both);
  }
  add_notes(data, folds, curve, &out);
  TableBuilder table;
  table.column("value", both.column());
  add_curve(curve, metric, &table);
  out.tables.push_back({"validation_curve", table.build()});
  out.tables.push_back(fits_table(curve, "value", each));
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"learn.learning_curve",
     "Score by the number of training rows, on these and on others.",
     {},
     learning},
    {"learn.validation_curve",
     "Score by the value of one option of a learner, on training rows and on others.",
     {},
     validation},
};

}  // namespace

std::span<const AnalysisMethod> curve_methods() { return kMethods; }

}  // namespace impact::detail
