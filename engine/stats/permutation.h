#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/stats/alternative.h"
#include "engine/stats/estimate.h"

namespace impact {

/// What is compared between arm 1 and arm 0.
enum class PermutationStatistic {
  kDifferenceOfMeans,
  kDifferenceOfMedians,
  /// Difference of means / sqrt(s_1^2 / n_1 + s_0^2 / n_0): Welch's t. Its permutation test is also
  /// valid where arms differ in variance (Janssen 1997; Chung & Romano 2013).
  kStudentisedMeans,
  /// Difference of medians over the root of the sum of their variances, each that of the
  /// ceil(n/2)-th value over all resamples of its arm (Efron 1979; Chung & Romano 2013).
  kStudentisedMedians,
};

struct PermutationSpec {
  std::string term = "difference";
  PermutationStatistic statistic = PermutationStatistic::kDifferenceOfMeans;
  std::int64_t draws = 99999;
  Alternative alternative = Alternative::kTwoSided;
  double conf_level = 0.99;  ///< Of the interval of p.
  /// A permuted statistic within this share of the observed one, or of the statistic's scale where
  /// that is larger, counts as equal to it.
  double tolerance = 1e-10;
  StreamKey key = {};  ///< Draw b takes its chance from unit b of streams below this key.
};

struct PermutationTest {
  /// estimate and statistic: what was observed. p_value: the share of assignments at least as
  /// extreme, two-sided by absolute value; (1 + count) / (1 + draws) when drawn. std_error, df and
  /// interval are NaN. se_type "exact" or "monte_carlo".
  Estimate row = {};
  /// Clopper & Pearson's interval of the p-value that all assignments would give, from the count;
  /// the p-value itself when exact.
  double p_low = std::numeric_limits<double>::quiet_NaN();
  double p_high = std::numeric_limits<double>::quiet_NaN();
  std::int64_t assignments = 0;  ///< Drawn, or enumerated.
  std::int64_t extreme = 0;      ///< Of these, at least as extreme as the observed one.
  bool exact = false;
};

/// Tests by re-assignment (Fisher 1935; Pitman 1937). When there are at most `draws` assignments
/// they are all enumerated, the observed one among them. Rows with a missing value or a negative
/// code are left out and counted; infinite values (but of medians) and groups without values give
/// NaN with a warning. Bits depend neither on threads nor, without clusters, on the order of rows.
/// Throw ArgumentError for lengths, codes and options that can never work, ResourceError at 2^32
/// rows, Cancelled.

/// Columns as long as y.
struct PermutationData {
  std::span<const double> y = {};
  std::span<const std::int32_t> arm = {};      ///< 0 or 1.
  std::span<const std::int32_t> stratum = {};  ///< Re-assigned within; none: one.
  /// Re-assigned whole; a cluster lies in one arm and one stratum.
  std::span<const std::int32_t> cluster = {};
};

/// Every stratum keeps its number of rows (clusters) in arm 1.
[[nodiscard]] PermutationTest permutation_test(const PermutationData& data,
                                               const PermutationSpec& spec = {},
                                               const Context& context = {});

/// Mean of differences of pairs, whose signs are flipped; those of a cluster together. method
/// "sign_flip". spec.statistic is not read.
[[nodiscard]] PermutationTest sign_flip_test(std::span<const double> differences,
                                             const PermutationSpec& spec = {},
                                             std::span<const std::int32_t> cluster = {},
                                             const Context& context = {});

/// Pearson's correlation of x and y, of which one is put in another order. method
/// "permuted_correlation".
[[nodiscard]] PermutationTest permuted_correlation(std::span<const double> x,
                                                   std::span<const double> y,
                                                   const PermutationSpec& spec = {},
                                                   const Context& context = {});

/// F of the one-way analysis of variance, groups by code (negative: missing). Large F is extreme
/// whatever the alternative says. method "permuted_anova".
[[nodiscard]] PermutationTest permuted_anova(std::span<const double> values,
                                             std::span<const std::int32_t> group,
                                             const PermutationSpec& spec = {},
                                             const Context& context = {});

}  // namespace impact
