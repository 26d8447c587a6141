#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/causal/sensitivity/omitted_variable_bias.h"

/// What a plot of omitted variable bias draws. Pure; options out of range throw ArgumentError.
namespace impact {

enum class OvbQuantity {
  kEstimate,   ///< Adjusted estimate.
  kStatistic,  ///< Adjusted t of the null value.
  kConfLow,    ///< Ends of the adjusted interval.
  kConfHigh,
};

struct OvbGridSpec {
  OvbQuantity of = OvbQuantity::kEstimate;
  double most_r2_dz = 0.4;   ///< End of the axis of the treatment, in (0, 1).
  double most_r2_yz = 0.4;   ///< End of the axis of the outcome, in (0, 1].
  std::size_t points = 101;  ///< On each axis, both ends included; 2 to 2001.
  OvbSpec adjust = {};
};

struct OvbGrid {
  std::vector<double> r2_dz = {};
  std::vector<double> r2_yz = {};
  std::vector<double> value = {};  ///< value[i * r2_yz.size() + j] at (r2_dz[i], r2_yz[j]).
};

[[nodiscard]] OvbGrid ovb_grid(const OvbEstimate& fit, const OvbGridSpec& spec = {});

/// Points of the line on which the adjusted estimate (kEstimate) or t (kStatistic) has `level`, by
/// increasing r2_dz: at each the smallest r2_yz that reaches it, in closed form. Strengths that
/// cannot reach it have no point; a level that the unadjusted figure has already passed has no line
/// at all. Other quantities are an ArgumentError.
[[nodiscard]] std::vector<ConfounderStrength> ovb_contour(const OvbEstimate& fit, double level,
                                                          const OvbGridSpec& spec = {});

/// Adjusted estimates along r2_dz = 0 ... most_r2_dz for confounders that explain `r2_yz` of the
/// outcome (1: the worst there is), one curve each.
struct OvbScenario {
  double r2_yz = 1.0;
  std::vector<AdjustedEstimate> curve = {};
};

[[nodiscard]] std::vector<OvbScenario> ovb_extreme_scenarios(const OvbEstimate& fit,
                                                             std::span<const double> r2_yz,
                                                             const OvbGridSpec& spec = {});

}  // namespace impact
