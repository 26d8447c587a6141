#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace impact {

struct NonnegativeLeastSquares {
  std::vector<double> coefficient = {};  ///< >= 0.
  double residual = 0.0;                 ///< Root of the sum of squares.
  bool converged = false;
};

/// x >= 0 that minimises |A x - b|: active set of Lawson & Hanson, Solving least squares problems
/// (1974), chapter 23, on the triangle of A's QR decomposition, so O(n p^2) once and O(p^3) a step.
/// a: n x p, column by column, n = b.size() >= 1, finite numbers. Columns that others explain get
/// 0.
[[nodiscard]] NonnegativeLeastSquares nonnegative_least_squares(std::span<const double> a,
                                                                std::span<const double> b);

}  // namespace impact
