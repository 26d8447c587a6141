#pragma once

#include <cstdint>
#include <span>

#include "engine/causal/effect.h"
#include "engine/causal/matching/arm_search.h"
#include "engine/causal/moment_model.h"
#include "engine/core/context.h"

namespace impact::detail {

/// A matching estimate on an estimated logit score.
struct ScoreMatching {
  std::span<const double> y;
  std::span<const std::int32_t> treated;
  std::span<const double> x;        ///< Of the score's model, column by column.
  std::span<const double> target;   ///< D_i: the row's weight in the target, else 0.
  std::span<const double> effects;  ///< tau_i.
  double total = 0.0;               ///< Sum of target.
  double effect = 0.0;              ///< tau.
  EffectTarget which = EffectTarget::kAll;
  int neighbours = 2;  ///< Of an arm, for covariances at a score.
  double slack = -1.0;
};

/// What estimating the score adds to the variance of the estimate (mostly less than 0). `search`
/// is by the score.
[[nodiscard]] double score_adjustment(const ScoreMatching& matching, const MomentModel& model,
                                      const ArmSearch& search, const Context& context);

}  // namespace impact::detail
