#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "engine/learn/cross_validate.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Comparison of two models on the same rows; estimates are a less b. Of many pairs, adjust the
/// p-values (adjust_p_values of engine/stats/multiplicity.h).

struct ComparisonSpec {
  std::string term = "difference";
  double conf_level = 0.95;
};

/// Corrected resampled t test: with d_j the differences of the metric in J folds (of all repeats)
/// and r the mean of test over training rows,
///   t = mean d / sqrt(var d (1 / J + r)), J - 1 degrees of freedom
/// (Nadeau & Bengio 2003; for repeated k-fold Bouckaert & Frank 2004). Folds where a metric is NaN
/// are left out with a warning; fewer than two folds, or differences that are all equal, have no
/// test. n: folds used. method "corrected_resampled_t". Throws ArgumentError when predictions and
/// folds differ in length, and for conf_level.
[[nodiscard]] Estimate compare_by_folds(const Folds& folds, const OutOfFold& a, const OutOfFold& b,
                                        const FoldMetric& metric, const ComparisonSpec& spec = {});

enum class McNemarTest {
  kMidP,       ///< Exact, with half the chance of what was seen (Fagerland et al. 2013): default.
  kExact,      ///< Binomial, two-sided: never too small, often much too large.
  kChiSquare,  ///< (b - c)^2 / (b + c).
  kCorrected,  ///< (|b - c| - 1)^2 / (b + c) (Edwards 1948).
};

struct CallComparison {
  /// Accuracy of a less accuracy of b. std_error: sqrt(b + c - (b - c)^2 / n) / n; interval: Wald's
  /// with half a row added to each of the four counts (Bonett & Price 2012). statistic: chi squared
  /// with df 1, or the rows only a calls right (exact tests). method "mcnemar", se_type the test.
  Estimate row = {};
  std::int64_t both_right = 0;
  std::int64_t only_a_right = 0;  ///< b
  std::int64_t only_b_right = 0;  ///< c
  std::int64_t both_wrong = 0;
};

/// McNemar's (1947) test of two classifiers, any number of classes. Rows where one of the three is
/// missing (below 0) are left out and counted. Throws ArgumentError for lengths and conf_level.
[[nodiscard]] CallComparison compare_calls(std::span<const std::int32_t> called_by_a,
                                           std::span<const std::int32_t> called_by_b,
                                           std::span<const std::int32_t> label,
                                           McNemarTest test = McNemarTest::kMidP,
                                           const ComparisonSpec& spec = {});

struct LossComparisonSpec {
  std::string term = "difference";
  double conf_level = 0.95;
  std::span<const double> weights = {};
  /// Rows of one code (a creator's videos) depend on each other: small codes >= 0. Empty: none do.
  std::span<const std::int32_t> clusters = {};
};

/// Mean of loss_a - loss_b, any losses a row (squared errors, log losses) of predictions that were
/// made without the row: the test of Diebold & Mariano (1995) for rows (or clusters) that do not
/// depend on each other. With d the differences, w weights, W their sum and sums over the rows of
/// each of G clusters (rows, where there are none):
///   variance = G / (G - 1) sum_g (sum_i w_i (d_i - mean d) / W)^2, t with G - 1 df.
/// Says nothing of another training sample. Rows with a NaN or a negative code are left out and
/// counted. method "paired_losses", se_type "paired" or "CR1". Throws ArgumentError for lengths,
/// weights and conf_level.
[[nodiscard]] Estimate compare_losses(std::span<const double> loss_a,
                                      std::span<const double> loss_b,
                                      const LossComparisonSpec& spec = {});

}  // namespace impact
