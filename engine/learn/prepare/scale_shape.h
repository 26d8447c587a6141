#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/core/context.h"

/// Shapes that `scale` gives a column of numbers.
namespace impact::detail {

/// Quantile p in [0, 1] of increasing numbers (at least one), linear between neighbours (type 7).
[[nodiscard]] double sorted_quantile(std::span<const double> sorted, double p);

/// The same for p = part / whole, whose place among the numbers is not rounded: where it is a whole
/// number the quantile is the number there, so ties stay ties.
[[nodiscard]] double sorted_quantile(std::span<const double> sorted, std::size_t part,
                                     std::size_t whole);

/// `count` >= 1 quantiles at equal steps from p = 0 to p = 1.
[[nodiscard]] std::vector<double> quantile_grid(std::span<const double> sorted, std::size_t count);

/// Where x stands in the grid, in [0, 1]: linear between its quantiles, in the middle of those that
/// are equal to x. Numbers below or above the grid get 0 or 1.
[[nodiscard]] double grid_share(std::span<const double> grid, double x);

/// Standard normal quantile of a share, its ends cut off at shares 1e-7 and 1 - 1e-7.
[[nodiscard]] double normal_score(double share);

/// Yeo & Johnson (2000), "A new family of power transformations to improve normality or symmetry",
/// Biometrika 87: ((1 + x)^lambda - 1) / lambda for x >= 0, -((1 - x)^(2 - lambda) - 1) /
/// (2 - lambda) below, and their limits, which are logarithms.
[[nodiscard]] double yeo_johnson(double x, double lambda);

/// The lambda of largest normal likelihood, -n/2 log var psi + (lambda - 1) sum sign(x)
/// log(1 + |x|), as the zero of its derivative: exact to rounding, where a minimiser finds half of
/// the digits. NaN when there is none (numbers that do not vary, or whose likelihood has no top
/// where the powers can be computed). Increasing numbers; parallel over chunks.
[[nodiscard]] double yeo_johnson_lambda(std::span<const double> sorted, const Context& context);

}  // namespace impact::detail
