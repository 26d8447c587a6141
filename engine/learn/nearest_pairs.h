#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/core/context.h"

/// Distances to neighbours: not for other callers than the scores of features.
namespace impact::detail {

/// Distance of each point (x_i, y_i) to its k-th nearest other point in the maximum norm, 1 <= k <
/// points. By a k-d tree cut at medians: O(n log n) for any finite points.
[[nodiscard]] std::vector<double> neighbour_distances(std::span<const double> x,
                                                      std::span<const double> y, std::size_t k,
                                                      const Context& context);

/// The same on a line, for increasing `sorted`.
[[nodiscard]] std::vector<double> neighbour_distances(std::span<const double> sorted,
                                                      std::size_t k);

/// How many of increasing `sorted` lie nearer to `at` than `radius`.
[[nodiscard]] std::size_t count_within(std::span<const double> sorted, double at, double radius);

}  // namespace impact::detail
