#pragma once

#include <limits>
#include <string>
#include <vector>

#include "engine/stats/alternative.h"

namespace impact {

/// Exactly one of effect, n, alpha and power is NaN: it is solved for. Sizes are real numbers; what
/// is drawn is the next whole one.
struct PowerSpec {
  double effect = std::numeric_limits<double>::quiet_NaN();  ///< Its unit: see the functions.
  double n = std::numeric_limits<double>::quiet_NaN();  ///< Of all rows, or of the first group.
  double alpha = 0.05;
  double power = std::numeric_limits<double>::quiet_NaN();
  Alternative alternative = Alternative::kTwoSided;
  /// Two groups: the second has n2 rows, or ratio * n where n2 is NaN.
  double n2 = std::numeric_limits<double>::quiet_NaN();
  double ratio = 1.0;
};

/// The spec, completed. Two-sided powers count rejections on both sides. An absent effect is the
/// smallest that is found with this power: above its null (for kLess below). What has no solution
/// stays NaN, with a warning.
struct PowerResult {
  std::string method = {};
  double effect = std::numeric_limits<double>::quiet_NaN();
  double n = std::numeric_limits<double>::quiet_NaN();
  double n2 = std::numeric_limits<double>::quiet_NaN();  ///< NaN for one group.
  double alpha = std::numeric_limits<double>::quiet_NaN();
  double power = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// All throw ArgumentError unless exactly one quantity is absent and the others are in range.
/// Solutions are exact to about 1e-12 of their size. Formulas: Cohen (1988) where no other is
/// named.

enum class TTestDesign { kOneSample, kPaired, kTwoSamples };

/// effect d = (mean - null) / sd; of pairs sd is that of the differences; of two samples that
/// within groups. T is noncentral t with delta = d sqrt(n), df = n - 1, or d / sqrt(1/n + 1/n2), df
/// = n + n2 - 2.
[[nodiscard]] PowerResult t_test_power(TTestDesign design, const PowerSpec& spec);

/// effect h = 2 asin sqrt(p) - 2 asin sqrt(p0); normal with mean h sqrt(n), or
/// h / sqrt(1/n + 1/n2) of two groups.
[[nodiscard]] PowerResult share_power_arcsine(bool two_groups, const PowerSpec& spec);
/// That h.
[[nodiscard]] double arcsine_effect(double p, double p0);

/// effect: the share p; null its hypothesis. z test with the variance of the hypothesis:
/// P(Z > (z sqrt(null (1 - null)) - (p - null) sqrt(n)) / sqrt(p (1 - p))).
[[nodiscard]] PowerResult share_power(double null, const PowerSpec& spec);

/// effect: the share p of group 2; base that of group 1. z test of their difference with the pooled
/// variance of the hypothesis (Fleiss 1981), or with each group's own.
[[nodiscard]] PowerResult share_difference_power(double base, const PowerSpec& spec,
                                                 bool pooled = true);

/// effect f = sd of the group means / sd within; n rows in each of `groups`. Noncentral F,
/// lambda = groups n f^2. alternative is not read here and below, but where said.
[[nodiscard]] PowerResult anova_power(double groups, const PowerSpec& spec);

/// effect w = sqrt(sum (p - p0)^2 / p0) over cells; noncentral chi2, lambda = n w^2.
[[nodiscard]] PowerResult chi_square_power(double df, const PowerSpec& spec);

/// effect f^2 = (R^2 - R0^2) / (1 - R^2) of `tested` regressors beside `others` (and an intercept);
/// noncentral F with df = tested and v = n - tested - others - 1, lambda = f^2 (tested + v + 1).
[[nodiscard]] PowerResult linear_model_power(double tested, double others, const PowerSpec& spec);

/// effect r. On Fisher's scale, with the critical r of the t test and the bias r / (2 (n - 1)); n
/// from 4. Reads the alternative.
[[nodiscard]] PowerResult correlation_power(const PowerSpec& spec);

/// effect P(x > y) + P(x = y) / 2. Noether (1987): Phi(sqrt(12 c (1 - c) N) |effect - 1/2| - z), c
/// the share of group 1 in N = n + n2; the far side is not counted. Reads the alternative.
[[nodiscard]] PowerResult mann_whitney_power(const PowerSpec& spec);

/// Clusters of `size` rows on average, with coefficient of variation `size_cv`, and intracluster
/// correlation icc.
struct ClusterDesign {
  double size = 1.0;
  double icc = 0.0;
  double size_cv = 0.0;
};

/// 1 + ((1 + cv^2) size - 1) icc: variance of a mean of so many rows over that of independent ones
/// (Kish 1965; Eldridge, Ashby & Kerry 2006). Rows that other tests need are to be multiplied by
/// it.
[[nodiscard]] double design_effect(const ClusterDesign& clusters);

/// Two groups of whole clusters: n and n2 count clusters; effect d in units of the total standard
/// deviation; delta = d / sqrt(deff / size (1/n + 1/n2)), df = n + n2 - 2 (Donner & Klar 2000).
[[nodiscard]] PowerResult cluster_power(const ClusterDesign& clusters, const PowerSpec& spec);

}  // namespace impact
