#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

/// Whether both arms are found where the other is: propensities and the weights made of them.
namespace impact {

struct OverlapData {
  std::span<const double> propensity;  ///< Of treatment, in [0, 1]; NaN: row not used.
  std::span<const std::int32_t> arm;   ///< 1 treated, 0 control; another code: row not used.
  std::span<const double> weights = {};
};

struct OverlapSpec {
  std::vector<double> probabilities = {0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0};
  double near_zero = 0.1;  ///< Propensities below it, or above 1 - it, count as extreme; (0, 0.5).
  /// A weight above this many times its arm's mean is called extreme; > 1.
  double extreme_weight = 10.0;
};

/// One arm.
struct OverlapArm {
  std::int64_t n = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> quantiles = {};  ///< Of the propensity, type 7.
  std::int64_t outside = 0;            ///< Rows outside the common support.
  double share_outside = std::numeric_limits<double>::quiet_NaN();
  double share_low = std::numeric_limits<double>::quiet_NaN();   ///< Below near_zero.
  double share_high = std::numeric_limits<double>::quiet_NaN();  ///< Above 1 - near_zero.
  std::int64_t certain = 0;  ///< Rows with a propensity of exactly 0 or 1.
  double max_weight = std::numeric_limits<double>::quiet_NaN();         ///< Over the arm's mean.
  double share_top_percent = std::numeric_limits<double>::quiet_NaN();  ///< Of all weight.
  std::int64_t extreme_weights = 0;
  double effective = std::numeric_limits<double>::quiet_NaN();  ///< (sum w)^2 / sum w^2.
};

struct Overlap {
  OverlapArm treated = {};
  OverlapArm control = {};
  double support_low = std::numeric_limits<double>::quiet_NaN();   ///< Larger of the two minima.
  double support_high = std::numeric_limits<double>::quiet_NaN();  ///< Smaller of the two maxima.
  /// Keeping propensities in [a, 1 - a] minimises the variance of an average effect (Crump, Hotz,
  /// Imbens & Mitnik 2009): a = 1/2 - sqrt(1/4 - 1/g), g = 2 mean of 1 / (e (1 - e)) over rows
  /// where that is at most g (of several such g the largest). 0: nothing to trim.
  double optimal_trim = std::numeric_limits<double>::quiet_NaN();
  std::int64_t trimmed = 0;  ///< Rows that rule would leave out.
  std::vector<std::string> warnings = {};
};

/// Throws ArgumentError for lengths that differ, a propensity outside [0, 1], options out of range.
[[nodiscard]] Overlap overlap(const OverlapData& data, const OverlapSpec& spec = {});

}  // namespace impact
