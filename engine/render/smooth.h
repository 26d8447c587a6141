#pragma once

#include <span>
#include <vector>

#include "engine/core/context.h"

namespace impact {

/// A curve with a pointwise interval of its mean: fit -+ t s |l(x)|, where fit(x) = sum l_i(x) y_i.
struct SmoothCurve {
  std::vector<double> x;
  std::vector<double> fit;
  std::vector<double>
      std_error;             ///< Of the fit; NaN where the residuals leave no degree of freedom.
  double residual_sd = 0.0;  ///< s.
  double df = 0.0;           ///< Of the residuals.
  double slope = 0.0;        ///< fit_line only.
};

/// The least-squares line, s and df classical: |l(x)|^2 = 1/n + (x - mean)^2 / Sxx, df = n - 2.
/// Fewer than two distinct x: a horizontal line at the mean. Equal lengths, finite values.
[[nodiscard]] SmoothCurve fit_line(std::span<const double> x, std::span<const double> y,
                                   std::span<const double> at);

/// Loess (Cleveland & Devlin 1988): at each x of `at` a polynomial of `degree` 0, 1 or 2 by least
/// squares with weights (1 - (|x_i - x| / h)^3)^3, h the distance of the floor(span n)-th nearest
/// point, 0 < span <= 1. s^2 = RSS / d, d = n - 2 tr L + tr LL';
/// up to 1,000 points by the operator itself, beyond from its values on a grid of 200. A degree is
/// lowered where the window has too few distinct x. x in increasing order, finite values.
[[nodiscard]] SmoothCurve loess(std::span<const double> x, std::span<const double> y,
                                std::span<const double> at, double span = 0.75, int degree = 2,
                                const Context& context = {});

}  // namespace impact
