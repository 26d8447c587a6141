#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/learn/boosting.h"

/// What fitting, judging and predicting share.
namespace impact::detail {

enum class BoostingLink { kIdentity, kLogit, kLog, kSoftprob, kSoftmax };
enum class BoostingOutcome { kAny, kAboveMinusOne, kUnit, kClass, kNotNegative, kPositive };

struct BoostingObjective {
  std::string_view name;
  BoostingLink link;
  BoostingOutcome outcome;
  std::string_view metric;
};

/// Throws ArgumentError for names that are unknown or not offered, with the reason.
[[nodiscard]] const BoostingObjective& boosting_objective(std::string_view name);
/// Throws ArgumentError unless every outcome of the rows is one that the objective knows.
void check_outcome(const BoostingObjective& objective, int classes, std::span<const double> outcome,
                   std::span<const std::uint32_t> rows);

/// Sum before the first tree of a base_score in the outcome's units.
[[nodiscard]] float base_sum(const BoostingObjective& objective, float base_score);
/// Inverse link of the sums of one row, in place; the classes of softmax become one number, first.
void predict_row(const BoostingObjective& objective, std::span<float> sums);

/// Throws ArgumentError for unknown names and those that do not go with the objective.
void check_metric(std::string_view metric, const BoostingObjective& objective);
/// Of sums (row by row) against outcomes; NaN where it is undefined.
[[nodiscard]] double boosting_metric(std::string_view metric, const BoostingSpec& spec,
                                     const BoostingObjective& objective,
                                     std::span<const float> sums, std::span<const double> outcome,
                                     std::span<const double> weights);

}  // namespace impact::detail
