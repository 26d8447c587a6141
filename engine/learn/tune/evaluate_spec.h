#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/folds.h"
#include "engine/learn/trained_model.h"
#include "engine/learn/tune/metric.h"
#include "engine/learn/tune/search_space.h"
#include "engine/learn/tune/tuner.h"

/// How good a learner is on rows it has not seen: the score that a search makes best.
namespace impact {

/// Rows of a lesson, cut into folds: fold i is that of rows[i]. Spans must outlive it.
struct FoldedLesson {
  Lesson lesson = {};
  std::span<const std::uint32_t> rows = {};
  Folds folds = {};
};

/// Rows with an outcome, and folds of them: stratified by class, whole groups, from `key`. Throws
/// as draw_folds.
[[nodiscard]] std::vector<std::uint32_t> rows_with_outcome(const Lesson& lesson,
                                                           std::span<const std::uint32_t> rows);
[[nodiscard]] Folds lesson_folds(const Lesson& lesson, std::span<const std::uint32_t> rows,
                                 int folds, int repeats, StreamKey key);

struct SpecScore {
  double mean = std::numeric_limits<double>::quiet_NaN();       ///< Over the folds.
  double std_error = std::numeric_limits<double>::quiet_NaN();  ///< As FoldScores::std_error.
  std::vector<double> value = {};  ///< A fold each, repeat by repeat; NaN: undefined there.
  std::string error = {};          ///< Of the first fold that could not be fitted.
  std::vector<std::string> warnings = {};
};

/// Scores of learners by cross-validation: each learner and fold is a task of its own. All learners
/// meet the same folds and draw from the same streams, key.child("repeat r fold k"), so that
/// differences between them owe less to chance. Errors of a fit (not Cancelled, InternalError)
/// become SpecScore::error. `share` of each learner's training rows is used: the first of a random
/// order in each class, so a larger share holds a smaller one; empty: all.
[[nodiscard]] std::vector<SpecScore> evaluate_specs(std::span<const LearnerSpec> specs,
                                                    const FoldedLesson& data, const Metric& metric,
                                                    StreamKey key,
                                                    std::span<const double> share = {},
                                                    const Context& context = {});

/// The same of one learner; its error is thrown as a DataError.
[[nodiscard]] SpecScore evaluate_spec(const LearnerSpec& spec, const FoldedLesson& data,
                                      const Metric& metric, StreamKey key,
                                      const Context& context = {});

/// The objective of tune() for options of `base`; what is passed by reference must outlive it.
/// `resource` is what halving gives little of at first: "rows", or the path of a number of 1 or
/// more among the learner's options ("trees", "model.rounds", "epochs"), else ArgumentError.
[[nodiscard]] BatchObjective cross_validated_objective(const SearchSpace& space,
                                                       const LearnerSpec& base,
                                                       const FoldedLesson& data,
                                                       const Metric& metric, StreamKey key,
                                                       std::string resource = "rows");

}  // namespace impact
