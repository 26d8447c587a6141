#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/pick.h"

namespace impact {
namespace {

using detail::pick;

// The learner as inner folds see it: they count the training rows, it knows them by their own
// numbers.
Learner inside(const Learner& learner, std::span<const std::uint32_t> training) {
  return [&learner, training](std::span<const std::uint32_t> rows, StreamKey key,
                              const Context& context) {
    FittedModel model = learner(pick(training, rows), key, context);
    model.predict = [training, predict = std::move(model.predict)](
                        std::span<const std::uint32_t> asked, std::span<double> prediction) {
      predict(pick(training, asked), prediction);
    };
    return model;
  };
}

Selection choose(const SelectionSpec& spec, std::span<const std::uint32_t> rows, StreamKey key,
                 const Context& context) {
  const auto strata = pick(spec.strata, rows);
  const auto groups = pick(spec.groups, rows);
  // All learners are judged by the same folds.
  const Folds folds =
      draw_folds(rows.size(), {.folds = spec.folds, .strata = strata, .groups = groups},
                 key.child("inner folds"));
  const FoldMetric metric = [&](std::span<const double> prediction,
                                std::span<const std::uint32_t> asked) {
    return spec.metric(prediction, pick(rows, asked));
  };
  std::vector<std::string> warnings = folds.warnings;
  std::size_t best = spec.learners.size();
  double most = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < spec.learners.size(); ++i) {
    const auto note = [&](const std::vector<std::string>& texts) {
      for (const auto& text : texts) warnings.push_back(spec.names[i] + ": " + text);
    };
    const OutOfFold predictions =
        out_of_fold(folds, inside(spec.learners[i], rows), key.child("inner fits " + spec.names[i]),
                    context, spec.outputs);
    const FoldScores scores = fold_scores(folds, predictions, metric);
    note(predictions.warnings);
    note(scores.warnings);
    const double mean = scores.mean;
    if (std::isnan(mean)) continue;
    if (best == spec.learners.size() || (spec.larger_is_better ? mean > most : mean < most)) {
      best = i;
      most = mean;
    }
  }
  if (best == spec.learners.size()) {
    throw DataError({.what = "no learner has a score, so none can be chosen",
                     .got = fmt::format("{} training rows, {} folds", rows.size(), spec.folds),
                     .hint = "the metric is undefined in every inner fold"});
  }
  Selection selection;
  selection.model = spec.learners[best](rows, key.child("fit"), context);
  selection.model.warnings.insert(selection.model.warnings.begin(), warnings.begin(),
                                  warnings.end());
  selection.choice = spec.names[best];
  selection.inner_score = most;
  return selection;
}

}  // namespace

Selector best_of(SelectionSpec spec) {
  if (spec.learners.empty() || spec.names.size() != spec.learners.size()) {
    throw ArgumentError(
        {.what = "a selection needs learners, each with a name",
         .got = fmt::format("{} learners, {} names", spec.learners.size(), spec.names.size())});
  }
  return
      [spec = std::move(spec)](std::span<const std::uint32_t> rows, StreamKey key,
                               const Context& context) { return choose(spec, rows, key, context); };
}

NestedScores nested_cross_validation(const Folds& folds, const Selector& selector,
                                     const FoldMetric& metric, StreamKey key,
                                     const Context& context, std::size_t outputs) {
  NestedScores result;
  // out_of_fold names the stream of each fit; the names say which fit a choice belongs to.
  std::vector<StreamKey> keys;
  for (int repeat = 0; repeat < folds.repeats; ++repeat) {
    for (int fold = 0; fold < folds.folds; ++fold) {
      keys.push_back(detail::fit_key(key, repeat, fold));
    }
  }
  result.choice.resize(keys.size());
  result.inner_score.resize(keys.size());
  const Learner learner = [&](std::span<const std::uint32_t> rows, StreamKey own,
                              const Context& within) {
    Selection selection = selector(rows, own, within);
    const auto fit = static_cast<std::size_t>(std::ranges::find(keys, own) - keys.begin());
    result.choice[fit] = std::move(selection.choice);
    result.inner_score[fit] = selection.inner_score;
    return std::move(selection.model);
  };
  result.predictions = out_of_fold(folds, learner, key, context, outputs);
  result.scores = fold_scores(folds, result.predictions, metric);
  result.warnings = result.predictions.warnings;
  const auto& scored = result.scores.warnings;
  result.warnings.insert(result.warnings.end(), scored.begin(), scored.end());
  std::vector<std::string> distinct = result.choice;
  std::ranges::sort(distinct);
  const auto repeated = std::ranges::unique(distinct);
  distinct.erase(repeated.begin(), repeated.end());
  if (distinct.size() > 1) {
    result.warnings.push_back(fmt::format("{} fits chose {} different ways: {}",
                                          result.choice.size(), distinct.size(),
                                          list_words(distinct)));
  }
  return result;
}

}  // namespace impact
