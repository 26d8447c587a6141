#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/stats/estimate.h"
#include "engine/stats/rank_tests.h"

namespace impact {

struct CorrelationSpec {
  std::string term = "correlation";
  double conf_level = 0.95;
  PValue p_value = PValue::kAuto;  ///< Spearman and Kendall.
  /// A one-sided interval ends at -1 or 1.
  Alternative alternative = Alternative::kTwoSided;
};

/// Correlations of x_i and y_i with a test of zero and an interval on Fisher's scale,
/// tanh(atanh(r) -+ z s). Pairs with a missing value are left out and counted. Too few pairs, a
/// constant side, and for moments infinite values, give NaN with a warning. std_error is NaN:
/// Fisher's scale has one, r has not. Lengths that differ throw ArgumentError. Bits do not depend
/// on the order of pairs.

/// Pearson. t = r sqrt((n - 2) / (1 - r^2)), df = n - 2; s = 1 / sqrt(n - 3).
[[nodiscard]] Estimate pearson_correlation(std::span<const double> x, std::span<const double> y,
                                           const CorrelationSpec& spec = {});

/// Spearman's rho: Pearson's of the mean ranks. Exact, over all permutations, for n <= 9 without
/// ties, else t as above; s^2 = (1 + r^2 / 2) / (n - 3) (Bonett & Wright 2000).
[[nodiscard]] Estimate spearman_correlation(std::span<const double> x, std::span<const double> y,
                                            const CorrelationSpec& spec = {});

/// Kendall's tau-b = S / sqrt((N - T_x) (N - T_y)), S concordant less discordant pairs, N all
/// pairs, T tied ones, counted in O(n log n) (Knight 1966). Exact for n < 50 without ties, else
/// z = S / sqrt(var S), var S of Kendall (1970, ch. 4) with ties; s^2 = 0.437 / (n - 4) (Fieller,
/// Hartley & Pearson 1957).
[[nodiscard]] Estimate kendall_correlation(std::span<const double> x, std::span<const double> y,
                                           const CorrelationSpec& spec = {});

/// Pearson's correlation of what `controls` (columns, each as long as x, one after another) leave
/// of x and y by least squares with an intercept. df = n - 2 - columns of full rank;
/// s = 1 / sqrt(n - columns - 3).
[[nodiscard]] Estimate partial_correlation(std::span<const double> x, std::span<const double> y,
                                           std::span<const double> controls,
                                           const CorrelationSpec& spec = {});

}  // namespace impact
