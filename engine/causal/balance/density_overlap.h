#pragma once

#include <array>
#include <vector>

/// Shared area of two densities: a part of balance().
namespace impact {

/// Increasing values and their weights (>= 0), at least one.
struct WeightedSample {
  std::vector<double> values = {};
  std::vector<double> weights = {};
};

/// 0.9 min(sd, IQR / 1.34) n^-0.2 (Silverman 1986, eq. 3.31), weights not counted; the sd where the
/// IQR is 0. 0 for values that are all equal.
[[nodiscard]] double kernel_width(const WeightedSample& sample);

/// Integral of min(f1, f0), f Gaussian kernel densities of these widths, from values spread
/// linearly over 1024 points that reach four widths beyond both samples. A width of 0 is replaced
/// by the other; if both are 0, 1 for equal values, else 0. NaN when a sample has no weight.
[[nodiscard]] double density_overlap(const WeightedSample& first, const WeightedSample& second,
                                     const std::array<double, 2>& width);

}  // namespace impact
