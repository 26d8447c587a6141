#pragma once

#include <functional>

#include "engine/causal/sensitivity/rosenbaum.h"

namespace impact::detail {

/// Bounds of a one-sided p-value at one gamma.
struct TailBounds {
  double low, high;
};
using TailFunction = std::function<TailBounds(double gamma)>;

/// Throws ArgumentError for a gamma below 1 or an alpha outside (0, 0.5].
void check_rosenbaum(const RosenbaumSpec& spec);

/// Fills curve and critical_gamma from the bounds for outcomes that are greater and that are less.
void complete_bounds(RosenbaumBounds& result, const RosenbaumSpec& spec,
                     const TailFunction& greater, const TailFunction& less);

/// A curve of NaN, with the reason.
void undefined_bounds(RosenbaumBounds& result, const RosenbaumSpec& spec, const char* reason);

/// P(sum of scores of successes >= t) for n independent scores >= 0 that succeed with odds : 1;
/// scores in whole numbers.
[[nodiscard]] double score_sum_upper(std::span<const std::int64_t> scores, std::int64_t t,
                                     double odds);

/// Terms of the extended hypergeometric distribution: of `units`, `marked` of them marked, `drawn`
/// are drawn, a marked one with odds `odds`. Weights relative to that of the mode, from `first` on.
struct MarkedDrawn {
  std::int64_t first = 0;
  std::vector<double> weight = {};
};
[[nodiscard]] MarkedDrawn marked_drawn(std::int64_t units, std::int64_t marked, std::int64_t drawn,
                                       double odds);

/// Mean and variance of that number; terms below 1e-20 of the mode are left out.
struct MarkedDrawnMoments {
  double mean, variance;
};
[[nodiscard]] MarkedDrawnMoments marked_drawn_moments(std::int64_t units, std::int64_t marked,
                                                      std::int64_t drawn, double odds);

}  // namespace impact::detail
