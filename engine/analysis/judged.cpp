#include "engine/analysis/judged.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "engine/analysis/classifier_tables.h"
#include "engine/core/error.h"
#include "engine/learn/conformal.h"
#include "engine/learn/multiclass_scores.h"
#include "engine/learn/ranking_scores.h"
#include "engine/learn/regression_scores.h"
#include "engine/stats/estimate.h"

namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Points of a scatter that a table keeps; more say nothing to the eye.
constexpr std::size_t kMostPoints = 5000;

struct Scored {
  std::vector<std::int32_t> label;
  ScoredLabels data;
};

Scored scored_labels(const LessonData& data, const std::vector<double>& prediction) {
  Scored out{.label = data.labels(), .data = {}};
  out.data = {.score = prediction, .label = out.label, .weights = data.weights};
  return out;
}

// A number as it was given; NaN: a rule.
double fixed_threshold(const AnalysisReader& read) {
  if (!read.given("threshold")) return 0.5;
  const nlohmann::json& value = read.input().options["threshold"];
  if (value.is_string()) {
    static const std::vector<std::string> kRules{"youden", "f", "cost", "recall", "precision"};
    const auto rule = value.get<std::string>();
    if (std::find(kRules.begin(), kRules.end(), rule) == kRules.end()) {
      throw ArgumentError({.what = "unknown rule for 'threshold'",
                           .got = rule,
                           .expected = "a probability, or " + list_words(kRules),
                           .hint = did_you_mean(rule, kRules)});
    }
    return kNaN;
  }
  const auto number = value.get<double>();
  if (!(number >= 0.0 && number <= 1.0)) {
    throw ArgumentError({.what = "'threshold' is no probability",
                         .got = value.dump(),
                         .expected = "0 to 1, or youden, f, cost, recall, precision"});
  }
  return number;
}

void add_class_scores(const AnalysisReader& read, const LessonData& data, Judged* out) {
  const Scored scored = scored_labels(data, out->prediction);
  const double level = read.conf_level();
  out->rows.push_back(auc(scored.data, {.conf_level = level, .interval = AucInterval::kLogit}));
  out->rows.push_back(average_precision(scored.data, level));
  out->rows.push_back(brier_score(scored.data, level));
  out->rows.push_back(log_loss(scored.data, level));
  out->rows.push_back(ks_statistic(scored.data, level).row);
  out->rows.push_back(area_under_gain(scored.data, level));
  const auto at_threshold =
      classification_scores(out->matrix, {.beta = read.number("beta", 1.0), .conf_level = level});
  out->rows.insert(out->rows.end(), at_threshold.begin(), at_threshold.end());
  out->rows.push_back({.term = "threshold",
                       .estimate = out->threshold,
                       .n = static_cast<std::int64_t>(data.outcome.size()),
                       .method = "threshold"});
}

void add_many_scores(const AnalysisReader& read, const LessonData& data, Judged* out) {
  const auto labels = data.labels();
  const std::size_t k = data.classes.size();
  ClassProbabilitySpec spec{.conf_level = read.conf_level()};
  if (k > 3) spec.top = {3};
  out->rows = class_probability_scores(
      {.probability = out->prediction, .label = labels, .classes = k, .weights = data.weights},
      spec);
  const auto called = most_probable(out->prediction, k);
  const auto counts =
      class_matrix_scores(class_matrix(called, labels, k, data.weights), read.conf_level());
  out->rows.insert(out->rows.end(), counts.begin(), counts.end());
}

void add_number_scores(const AnalysisReader& read, const LessonData& data, Judged* out) {
  RegressionScoreSpec spec;
  spec.predictors = static_cast<std::int64_t>(data.features.size());
  spec.quantiles = read.list("quantiles");
  spec.conf_level = read.conf_level();
  out->rows = regression_scores(
      {.prediction = out->prediction, .outcome = data.outcome, .weights = data.weights}, spec);
}

// The probability that intervals of a learner are for, where it gives some.
std::optional<double> interval_level(const LearnerSpec& spec) {
  const auto inside = [&](const char* option) -> std::optional<double> {
    const auto found = spec.options.find(option);
    return found == spec.options.end() ? std::nullopt : interval_level(learner_spec(*found));
  };
  if (spec.kind == "conformal") return spec.options.value("level", 0.9);
  if (spec.kind == "pipeline") return inside("model");
  return spec.kind == "tuned" ? inside("learner") : std::nullopt;
}

// Three numbers a row: the prediction and the ends of its interval.
Learner interval_learner(const LearnerSpec& spec, const Lesson& lesson,
                         const std::string& outcome) {
  return [=](std::span<const std::uint32_t> rows, StreamKey key, const Context& context) {
    TrainedModel model = train(spec, lesson, rows, outcome, key, context);
    FittedModel fitted{.predict = {}, .warnings = std::move(model.warnings)};
    fitted.predict = [features = lesson.features, predictor = model.predictor](
                         std::span<const std::uint32_t> asked, std::span<double> out) {
      std::vector<double> said(asked.size()), ends(2 * asked.size(), kNaN);
      predictor->predict(features, asked, said, {});
      if (!predictor->intervals(features, asked, ends, {})) std::ranges::fill(ends, kNaN);
      for (std::size_t i = 0; i < said.size(); ++i) {
        out[3 * i] = said[i];
        out[3 * i + 1] = ends[2 * i];
        out[3 * i + 2] = ends[2 * i + 1];
      }
    };
    return fitted;
  };
}

void take_apart(const OutOfFold& three, Judged* out) {
  out->out_of_fold.warnings = three.warnings;
  for (std::size_t i = 0; i < three.prediction.size(); i += 3) {
    out->out_of_fold.prediction.push_back(three.prediction[i]);
    out->intervals.prediction.push_back(three.prediction[i + 1]);
    out->intervals.prediction.push_back(three.prediction[i + 2]);
  }
}

void add_interval_scores(const AnalysisReader& read, Judged* out) {
  if (std::isnan(out->level)) return;
  const JudgedIntervals ends = judged_intervals(*out);
  const auto rows =
      interval_scores(out->data.outcome, ends.low, ends.high, out->level, read.conf_level());
  out->rows.insert(out->rows.end(), rows.begin(), rows.end());
}

void score(const AnalysisReader& read, Judged* out) {
  const LessonData& data = out->data;
  if (data.classes.empty()) {
    add_number_scores(read, data, out);
    add_interval_scores(read, out);
  } else if (!data.two_classes()) {
    add_many_scores(read, data, out);
  } else {
    add_class_scores(read, data, out);
  }
}

// -log of the probability of what happened.
std::vector<double> log_losses(const LessonData& data, std::span<const double> probability) {
  const std::size_t k = data.classes.size();
  std::vector<double> out;
  for (std::size_t cell = 0; cell * k < probability.size(); ++cell) {
    const std::size_t row = cell % data.outcome.size();
    out.push_back(-std::log(probability[cell * k + static_cast<std::size_t>(data.outcome[row])]));
  }
  return out;
}

AnalysisTable class_confusion(const Judged& judged) {
  const LessonData& data = judged.data;
  const std::size_t k = data.classes.size();
  const auto called = most_probable(judged.prediction, k);
  const ClassMatrix matrix = class_matrix(called, data.labels(), k, data.weights);
  std::vector<std::string> truth, predicted;
  std::vector<double> count;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      truth.push_back(data.classes[i]);
      predicted.push_back(data.classes[j]);
      count.push_back(matrix.at(i, j));
    }
  }
  TableBuilder table;
  table.texts("truth", truth);
  table.texts("predicted", predicted);
  table.numbers("count", std::move(count));
  return {"confusion", table.build()};
}

// In time, and where only a part is judged, some rows have no prediction.
void take_tested(const LessonData& data, const Folds& folds, Judged* out) {
  const std::size_t n = data.outcome.size();
  std::vector<double> all = out->out_of_fold.average(n * out->outputs);
  for (std::size_t row = 0; row < n; ++row) {
    if (folds.at(row) >= 0) out->tested.push_back(static_cast<std::uint32_t>(row));
  }
  LessonData whole = data;
  whole.rows = out->tested;
  out->data = whole.complete();
  if (out->tested.size() == n) {
    out->prediction = std::move(all);
    return;
  }
  for (const std::uint32_t row : out->tested) {
    for (std::size_t k = 0; k < out->outputs; ++k) {
      out->prediction.push_back(all[row * out->outputs + k]);
    }
  }
}

}  // namespace

Judged judge_learner(const AnalysisReader& read, const LessonData& data, const LearnerSpec& spec,
                     const Folds& folds, StreamKey key, const Context& context) {
  Judged out;
  out.outputs = data.classes.size() > 2 ? data.classes.size() : 1;
  const Learner learner = learner_of(spec, data.lesson(), data.outcome_name);
  const auto level = data.classes.empty() ? interval_level(spec) : std::nullopt;
  if (level) {
    out.level = *level;
    const Learner both = interval_learner(spec, data.lesson(), data.outcome_name);
    take_apart(out_of_fold(folds, both, key, context, 3), &out);
  } else {
    out.out_of_fold = out_of_fold(folds, learner, key, context, out.outputs);
  }
  out.warnings = out.out_of_fold.warnings;
  take_tested(data, folds, &out);
  if (data.two_classes()) {
    const double fixed = fixed_threshold(read);
    if (std::isnan(fixed)) {
      const auto labels = data.labels();
      NestedSpec nested{.inner_folds = static_cast<int>(read.integer("inner_folds", 5)),
                        .threshold = threshold_spec(read)};
      nested.groups = data.groups;
      nested.weights = data.weights;
      const NestedThreshold chosen =
          nested_threshold(folds, learner, labels, key.child("threshold"), nested, context);
      out.matrix = chosen.matrix;
      out.fold_threshold = chosen.threshold;
      out.warnings.insert(out.warnings.end(), chosen.warnings.begin(), chosen.warnings.end());
      double sum = 0.0;
      std::size_t count = 0;
      for (const double t : chosen.threshold) {
        if (!std::isfinite(t)) continue;
        sum += t;
        ++count;
      }
      out.threshold = count == 0 ? kNaN : sum / static_cast<double>(count);
    } else {
      out.threshold = fixed;
      out.matrix = confusion_matrix(scored_labels(out.data, out.prediction).data, fixed);
    }
  }
  score(read, &out);
  return out;
}

Judged judge_model(const AnalysisReader& read, const LessonData& data, const TrainedModel& model,
                   const Context& context) {
  Judged out;
  out.outputs = model.outputs();
  out.data = data;
  out.tested = every_row(data.outcome.size());
  out.prediction = model.predict(data.features, context);
  out.warnings = model.warnings;
  if (const auto level = data.classes.empty() ? interval_level(model.spec) : std::nullopt) {
    out.level = *level;
    out.intervals.prediction.assign(2 * out.tested.size(), kNaN);
    if (!model.predictor->intervals(model.inputs_of(data.features), out.tested,
                                    out.intervals.prediction, context)) {
      out.level = kNaN;
    }
  }
  if (data.two_classes()) {
    out.threshold = fixed_threshold(read);
    if (std::isnan(out.threshold)) {
      throw ArgumentError({.what = "rows that judge a model can't choose its threshold",
                           .got = read.text("threshold", ""),
                           .expected = "threshold = a number that other rows chose",
                           .hint = "learn.evaluate with a learner chooses inside the folds"});
    }
    out.matrix = confusion_matrix(scored_labels(data, out.prediction).data, out.threshold);
  }
  score(read, &out);
  return out;
}

JudgedIntervals judged_intervals(const Judged& judged) {
  JudgedIntervals out;
  if (std::isnan(judged.level)) return out;
  for (const std::uint32_t row : judged.tested) {
    out.low.push_back(judged.intervals.prediction[2 * std::size_t{row}]);
    out.high.push_back(judged.intervals.prediction[2 * std::size_t{row} + 1]);
  }
  return out;
}

FoldIntervals fold_intervals(const LessonData& data, const Folds& folds, const Judged& judged) {
  FoldIntervals out;
  for (int r = 0; r < folds.repeats; ++r) {
    for (int f = 0; f < folds.folds; ++f) {
      const Split split = folds.split(f, r);
      const auto ends = predictions_of(folds, judged.intervals, r, split.test);
      std::vector<double> outcome, low, high;
      for (std::size_t i = 0; i < split.test.size(); ++i) {
        outcome.push_back(data.outcome[split.test[i]]);
        low.push_back(ends[2 * i]);
        high.push_back(ends[2 * i + 1]);
      }
      const auto rows = interval_scores(outcome, low, high, judged.level);
      out.coverage.push_back(rows[0].estimate);
      out.width.push_back(rows[1].estimate);
    }
  }
  return out;
}

const char* headline_name(const LessonData& data) {
  if (data.classes.empty()) return "rmse";
  return data.two_classes() ? "auc" : "log_loss";
}

HeadlineMetric headline_metric(const LessonData& data, const Judged& judged) {
  HeadlineMetric out;
  if (data.two_classes()) {
    out.labels = data.labels();
    out.predictions = judged.out_of_fold;
    return out;
  }
  out.predictions.warnings = judged.out_of_fold.warnings;
  if (data.classes.empty()) {
    const std::size_t n = data.outcome.size();
    for (std::size_t cell = 0; cell < judged.out_of_fold.prediction.size(); ++cell) {
      const double e = judged.out_of_fold.prediction[cell] - data.outcome[cell % n];
      out.predictions.prediction.push_back(e * e);
    }
  } else {
    out.predictions.prediction = log_losses(data, judged.out_of_fold.prediction);
  }
  return out;
}

FoldMetric metric_of(const LessonData& data, const HeadlineMetric& headline) {
  if (data.two_classes()) {
    return classifier_metric([](const ScoredLabels& d) { return auc(d).estimate; }, headline.labels,
                             data.weights);
  }
  const bool root = data.classes.empty();
  return [&data, root](std::span<const double> loss, std::span<const std::uint32_t> rows) {
    double sum = 0.0;
    double weight = 0.0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (std::isnan(loss[i])) continue;
      const double w = data.weights.empty() ? 1.0 : data.weights[rows[i]];
      sum += w * loss[i];
      weight += w;
    }
    return root ? std::sqrt(sum / weight) : sum / weight;
  };
}

FoldScores fold_headline(const LessonData& data, const Folds& folds, const Judged& judged) {
  const HeadlineMetric headline = headline_metric(data, judged);
  return fold_scores(folds, headline.predictions, metric_of(data, headline));
}

std::vector<AnalysisTable> judged_tables(const AnalysisReader& read, const Judged& judged) {
  const LessonData& data = judged.data;
  std::vector<AnalysisTable> out;
  if (data.two_classes()) {
    const Scored scored = scored_labels(data, judged.prediction);
    out.push_back(roc_table(roc_curve(scored.data, true)));
    out.push_back(precision_recall_table(precision_recall_curve(scored.data)));
    out.push_back(calibration_table(calibration(
        scored.data, {.bins = CalibrationBins::kEqualCount, .conf_level = read.conf_level()})));
    out.push_back(gain_table_of(gain_table(scored.data, 20)));
    out.push_back(confusion_table(judged.matrix, data.classes[1], data.classes[0]));
    return out;
  }
  if (!data.classes.empty()) {
    out.push_back(class_confusion(judged));
    return out;
  }
  TableBuilder table;
  std::vector<double> fitted, residual, outcome;
  const std::size_t n = data.outcome.size();
  const std::size_t kept = std::min(n, kMostPoints);
  for (std::size_t k = 0; k < kept; ++k) {
    const std::size_t i = kept == n ? k : k * (n - 1) / (kept - 1);
    fitted.push_back(judged.prediction[i]);
    outcome.push_back(data.outcome[i]);
    residual.push_back(data.outcome[i] - judged.prediction[i]);
  }
  table.numbers("fitted", std::move(fitted));
  table.numbers("observed", std::move(outcome));
  table.numbers("residual", std::move(residual));
  out.push_back({"residuals", table.build()});
  return out;
}

}  // namespace impact::detail
