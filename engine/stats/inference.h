#pragma once

#include <cstdint>
#include <limits>

#include "engine/stats/estimate.h"

namespace impact {

/// The numbers behind an Estimate, without texts: what a simulation keeps.
struct PointEstimate {
  double estimate = std::numeric_limits<double>::quiet_NaN();
  double std_error = std::numeric_limits<double>::quiet_NaN();
  double df = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;
};

/// What follows from them.
struct Inference {
  double statistic = std::numeric_limits<double>::quiet_NaN();
  double p_value = std::numeric_limits<double>::quiet_NaN();
  double conf_low = std::numeric_limits<double>::quiet_NaN();
  double conf_high = std::numeric_limits<double>::quiet_NaN();
};

/// Two-sided t test of zero and the interval estimate -+ t(1/2 + conf_level/2, df) std_error; the
/// normal for infinite df. All NaN unless std_error >= 0 and df > 0. A standard error of zero gives
/// an interval of one point, and a p-value of 0 unless the estimate is 0 too (then NaN).
[[nodiscard]] Inference infer(double estimate, double std_error, double df, double conf_level);

/// Copies `point` into `row` and completes it. Throws ArgumentError unless 0 < conf_level < 1.
void complete(Estimate& row, const PointEstimate& point, double conf_level);

/// Throws ArgumentError unless 0 < conf_level < 1.
void check_conf_level(double conf_level);

}  // namespace impact
