#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/stats/estimate.h"

namespace impact {

/// Counts of a table of `rows` x `columns`, row by row.
struct CountTable {
  std::span<const std::int64_t> counts;
  std::size_t rows = 0;
  std::size_t columns = 0;
};

struct CountTestSpec {
  std::string term = "table";
  bool continuity = true;  ///< Yates' correction; 2 x 2 tables only.
  double conf_level = 0.95;
};

/// Tests of tables of counts. Rows and columns that are empty are left out with a warning; a table
/// with one row or column left gives NaN. A negative count, or a number of counts that is not
/// rows x columns, throws ArgumentError. n is the sum of counts. Deterministic; nothing depends on
/// the order of rows and columns but the direction of a ratio.

/// Pearson's chi-squared test of independence. estimate: Cramer's V = sqrt(X2 / (n (k - 1))), k the
/// smaller side, X2 without correction; its limits are sqrt(lambda / (n (k - 1))), lambda those of
/// the noncentrality of X2 (Steiger 2004). se_type "pearson" or "yates". Warns where an expected
/// count is below 5.
[[nodiscard]] Estimate chi_square_test(const CountTable& table, const CountTestSpec& spec = {});

/// V with the bias that independence leaves taken out (Bergsma 2013): with f = X2 / n less
/// (r - 1)(c - 1) / (n - 1), at least 0, and s~ = s - (s - 1)^2 / (n - 1), sqrt(f / (k~ - 1)).
/// Limits as those of chi_square_test: both estimate one V.
[[nodiscard]] Estimate cramers_v(const CountTable& table, const CountTestSpec& spec = {});

/// phi = (a d - b c) / sqrt(product of the margins) of a 2 x 2 table: the correlation of its two
/// sides, with its sign. statistic sqrt(n) phi, normal; limits phi -+ z / sqrt(n), within [-1, 1]:
/// those of the noncentrality, as for V. Throws ArgumentError unless 2 x 2. method "phi".
[[nodiscard]] Estimate phi_coefficient(const CountTable& table, const CountTestSpec& spec = {});

/// Counts against probabilities (empty: all equal; else they are scaled to sum to 1). estimate:
/// Cohen's w = sqrt(X2 / n), limits sqrt(lambda / n). Throws ArgumentError for lengths or negative
/// probabilities; where something was counted that has probability 0 the statistic is infinite.
[[nodiscard]] Estimate goodness_of_fit_test(std::span<const std::int64_t> counts,
                                            std::span<const double> probabilities = {},
                                            const CountTestSpec& spec = {});

/// Fisher's exact test: the chance, given the margins, of a table that is no more likely than the
/// observed one (within 1e-7, which is rounding). 2 x 2: estimate is the conditional maximum
/// likelihood odds ratio with its exact interval (Cornfield 1956). Larger tables: columns are
/// spent one by one; what is left of the row totals is a node, paths that meet in a node are
/// merged, and bounds of the remaining path decide most of them early (the network of Mehta & Patel
/// 1983). Beyond kMostFisherSteps steps NaN, with a warning.
[[nodiscard]] Estimate fisher_exact_test(const CountTable& table, const CountTestSpec& spec = {});

inline constexpr std::int64_t kMostFisherSteps = 20'000'000;

/// Symmetry of a square table of pairs: McNemar (1947), (|b - c| - 1)^2 / (b + c) with correction;
/// larger tables Bowker (1948), one df a pair of cells with counts. 2 x 2: estimate b / c, the
/// conditional odds ratio, with its exact interval. Throws ArgumentError unless square.
[[nodiscard]] Estimate mcnemar_test(const CountTable& table, const CountTestSpec& spec = {});
/// The same hypothesis of a 2 x 2 table, exactly: b of b + c is binomial with 1/2.
[[nodiscard]] Estimate mcnemar_exact_test(const CountTable& table, const CountTestSpec& spec = {});

}  // namespace impact
