#include "engine/learn/cross_validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/parallel.h"
#include "engine/learn/gathered_warnings.h"
#include "engine/learn/pick.h"
#include "engine/stats/lengths.h"

namespace impact {

using detail::pick;

std::vector<double> OutOfFold::average(std::size_t rows) const {
  if (rows == 0 || prediction.size() % rows != 0) {
    throw ArgumentError({.what = "predictions are not a whole number of repeats",
                         .got = std::to_string(prediction.size()),
                         .expected = fmt::format("a multiple of {}", rows)});
  }
  const std::size_t repeats = prediction.size() / rows;
  std::vector<double> mean(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    double sum = 0.0;
    for (std::size_t r = 0; r < repeats; ++r) sum += prediction[r * rows + i];
    mean[i] = sum / static_cast<double>(repeats);
  }
  return mean;
}

StreamKey detail::fit_key(StreamKey key, int repeat, int fold) {
  return key.child(fmt::format("repeat {} fold {}", repeat, fold));
}

std::vector<double> detail::predictions_of(const Folds& folds, const OutOfFold& predictions,
                                           int repeat, std::span<const std::uint32_t> rows) {
  const std::size_t size = predictions.prediction.size();
  const std::size_t each = folds.fold.size();
  if (size == 0 || each == 0 || size % each != 0) require_length("predictions", size, each);
  const std::size_t outputs = each == 0 ? 1 : size / each;
  const double* const block =
      predictions.prediction.data() + static_cast<std::size_t>(repeat) * folds.rows * outputs;
  std::vector<double> of_rows;
  of_rows.reserve(rows.size() * outputs);
  for (const auto row : rows) {
    for (std::size_t k = 0; k < outputs; ++k) of_rows.push_back(block[row * outputs + k]);
  }
  return of_rows;
}

OutOfFold out_of_fold(const Folds& folds, const Learner& learner, StreamKey key,
                      const Context& context, std::size_t outputs) {
  OutOfFold result;
  result.prediction.assign(folds.fold.size() * outputs, std::numeric_limits<double>::quiet_NaN());
  const auto per_repeat = static_cast<std::size_t>(folds.folds);
  const std::size_t fits = per_repeat * static_cast<std::size_t>(folds.repeats);
  std::vector<std::vector<std::string>> warnings(fits);
  run_tasks(context, fits, [&](std::size_t task) {
    const auto repeat = static_cast<int>(task / per_repeat);
    const auto fold = static_cast<int>(task % per_repeat);
    const Split split = folds.split(fold, repeat);
    const StreamKey own = detail::fit_key(key, repeat, fold);
    FittedModel model = learner(split.train, own, context);
    std::vector<double> predicted(split.test.size() * outputs);
    model.predict(split.test, predicted);
    double* const block =
        result.prediction.data() + static_cast<std::size_t>(repeat) * folds.rows * outputs;
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      block[split.test[i / outputs] * outputs + i % outputs] = predicted[i];
    }
    warnings[task] = std::move(model.warnings);
  });
  detail::GatheredWarnings gathered;
  for (const auto& of_fit : warnings) gathered.add(of_fit);
  result.warnings = gathered.said();
  return result;
}

FoldMetric classifier_metric(std::function<double(const ScoredLabels&)> metric,
                             std::span<const std::int32_t> label, std::span<const double> weights) {
  return [=](std::span<const double> prediction, std::span<const std::uint32_t> rows) {
    const auto labels = pick(label, rows);
    const auto of_rows = pick(weights, rows);
    return metric({.score = prediction, .label = labels, .weights = of_rows});
  };
}

FoldScores fold_scores(const Folds& folds, const OutOfFold& predictions, const FoldMetric& metric) {
  FoldScores scores;
  ExactMoments moments;
  ExactMean ratio;  // Test rows over training rows, of folds in time.
  for (int repeat = 0; repeat < folds.repeats; ++repeat) {
    for (int fold = 0; fold < folds.folds; ++fold) {
      const Split split = folds.split(fold, repeat);
      const double value =
          metric(detail::predictions_of(folds, predictions, repeat, split.test), split.test);
      scores.value.push_back(value);
      if (std::isnan(value)) continue;
      moments.add(value);
      if (folds.window.empty()) continue;
      ratio.add(static_cast<double>(split.test.size()) / static_cast<double>(split.train.size()));
    }
  }
  const auto defined = static_cast<double>(moments.count());
  const auto undefined = static_cast<std::int64_t>(scores.value.size()) - moments.count();
  if (undefined > 0) {
    scores.warnings.push_back(
        fmt::format("the score is undefined in {} of {} folds", undefined, scores.value.size()));
  }
  scores.mean = moments.mean();
  scores.sd = std::sqrt(moments.variance(1));
  const double shared = folds.window.empty() ? 1.0 / (folds.folds - 1.0) : ratio.mean();
  scores.std_error = scores.sd * std::sqrt(1.0 / defined + shared);
  return scores;
}

NestedThreshold nested_threshold(const Folds& folds, const Learner& learner,
                                 std::span<const std::int32_t> label, StreamKey key,
                                 const NestedSpec& spec, const Context& context) {
  require_length("label", label.size(), folds.rows);
  require_optional_length("groups", spec.groups.size(), folds.rows);
  require_optional_length("weights", spec.weights.size(), folds.rows);
  for (std::size_t i = 0; i < label.size(); ++i) {
    if (label[i] == 0 || label[i] == 1) continue;
    throw ArgumentError({.what = "a row to learn from needs a label",
                         .where = fmt::format("row {}", i + 1),
                         .got = std::to_string(label[i]),
                         .expected = "0 or 1"});
  }
  const auto count = static_cast<std::size_t>(folds.folds);
  NestedThreshold result;
  result.threshold.assign(count, std::numeric_limits<double>::quiet_NaN());
  std::vector<std::int32_t> called(folds.rows, -1);
  std::vector<std::vector<std::string>> warnings(count);
  ThresholdSpec rule = spec.threshold;
  rule.origin = ScoreOrigin::kOutOfFold;
  run_tasks(context, count, [&](std::size_t k) {
    const Split split = folds.split(static_cast<int>(k));
    const StreamKey own = key.child(fmt::format("fold {}", k));
    const auto labels = pick(label, split.train);
    const auto groups = pick(spec.groups, split.train);
    const auto weights = pick(spec.weights, split.train);
    const Folds inner =
        draw_folds(labels.size(), {.folds = spec.inner_folds, .strata = labels, .groups = groups},
                   own.child("inner folds"));
    // The inner learner counts the training rows; the outer one knows them by their own numbers.
    const Learner inside = [&](std::span<const std::uint32_t> rows, StreamKey stream,
                               const Context& within) {
      FittedModel model = learner(pick<std::uint32_t>(split.train, rows), stream, within);
      auto predict = std::move(model.predict);
      model.predict = [&split, predict](std::span<const std::uint32_t> asked,
                                        std::span<double> prediction) {
        predict(pick<std::uint32_t>(split.train, asked), prediction);
      };
      return model;
    };
    const OutOfFold predictions = out_of_fold(inner, inside, own.child("inner fits"), context);
    const ThresholdChoice choice =
        choose_threshold({predictions.prediction, labels, weights}, rule);
    FittedModel model = learner(split.train, own.child("fit"), context);
    std::vector<double> score(split.test.size());
    model.predict(split.test, score);
    result.threshold[k] = choice.threshold;
    for (std::size_t i = 0; i < score.size(); ++i) {
      if (std::isnan(score[i]) || std::isnan(choice.threshold)) continue;
      called[split.test[i]] = score[i] >= choice.threshold ? 1 : 0;
    }
    warnings[k] = std::move(model.warnings);
    for (const auto* more : {&inner.warnings, &predictions.warnings, &choice.warnings}) {
      warnings[k].insert(warnings[k].end(), more->begin(), more->end());
    }
  });
  detail::GatheredWarnings gathered;
  for (const auto& of_fold : warnings) gathered.add(of_fold);
  for (std::string& text : gathered.said()) result.warnings.push_back(std::move(text));
  const auto without = std::count_if(result.threshold.begin(), result.threshold.end(),
                                     [](double cut) { return std::isnan(cut); });
  if (without > 0) {
    result.warnings.push_back(
        fmt::format("in {} of {} folds no threshold fulfils the rule: their rows are not judged",
                    without, count));
  }
  result.matrix = confusion_matrix(called, label, spec.weights);
  result.scores =
      classification_scores(result.matrix, {.beta = rule.beta, .conf_level = rule.conf_level});
  return result;
}

}  // namespace impact
