#pragma once

#include <limits>

#include "engine/stats/distribution.h"

namespace impact {

/// Which departures from the hypothesis a test looks for. An interval goes with its test: that of
/// kGreater is [low, infinity), that of kLess (-infinity, high], both with conf_level on one side.
enum class Alternative {
  kTwoSided,
  kGreater,  ///< The estimate's target lies above the value of the hypothesis.
  kLess,     ///< Below it.
};

namespace detail {

/// Probability in each tail that an interval leaves out.
[[nodiscard]] inline double tail_outside(double conf_level, Alternative alternative) {
  return alternative == Alternative::kTwoSided ? 0.5 - 0.5 * conf_level : 1.0 - conf_level;
}

/// Level of the quantile that is the upper end of such an interval.
[[nodiscard]] inline double upper_level(double conf_level, Alternative alternative) {
  return alternative == Alternative::kTwoSided ? 0.5 + 0.5 * conf_level : conf_level;
}

/// p-value of a t statistic (infinite df: normal).
[[nodiscard]] inline double t_p_value(double t, double df, Alternative alternative) {
  if (alternative == Alternative::kTwoSided) return t_two_sided(t, df);
  return t_cdf(alternative == Alternative::kGreater ? -t : t, df);
}

/// Moves the end that a one-sided interval does not have to the end of what is possible.
inline void open_end(double& low, double& high, Alternative alternative,
                     double least = -std::numeric_limits<double>::infinity(),
                     double most = std::numeric_limits<double>::infinity()) {
  if (alternative == Alternative::kGreater && low == low) high = most;
  if (alternative == Alternative::kLess && high == high) low = least;
}

}  // namespace detail
}  // namespace impact
