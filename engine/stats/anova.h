#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "engine/stats/estimate.h"
#include "engine/stats/pairwise.h"

namespace impact {

/// Comparisons of the groups of a sample. `group` has one code a value: a negative one is a missing
/// row, a code without rows is no group. Missing values are left out and counted; infinite ones,
/// fewer than two groups and no variance give NaN with a warning. Bits depend neither on the order
/// of rows nor on the codes. Lengths that differ, or too few names, throw ArgumentError.

/// A test of all groups at once.
struct AnovaTest {
  Estimate row = {};  ///< statistic F, df that of its numerator; the estimate see below.
  double df_within = std::numeric_limits<double>::quiet_NaN();    ///< df of the denominator.
  double sum_between = std::numeric_limits<double>::quiet_NaN();  ///< Sums of squares.
  double sum_within = std::numeric_limits<double>::quiet_NaN();
  double eta_squared = std::numeric_limits<double>::quiet_NaN();  ///< between / total.
  /// (between - (k - 1) s^2) / (total + s^2), s^2 = within / df_within: eta^2 less its bias (Hays
  /// 1963); below 0 where groups differ less than by chance.
  double omega_squared = std::numeric_limits<double>::quiet_NaN();
  /// (between - (k - 1) s^2) / total: another correction (Kelley 1935), that of adjusted R^2.
  double epsilon_squared = std::numeric_limits<double>::quiet_NaN();
};

/// Fisher's one-way analysis of variance. estimate: eta^2; conf_low and conf_high are limits of
/// lambda / (lambda + n), the share of the population's variance that eta^2, omega^2 and epsilon^2
/// all estimate, lambda the noncentrality of F (Steiger 2004); for a 5 % test of no effect and a
/// limit that agree, take conf_level 0.9. method "anova".
[[nodiscard]] AnovaTest one_way_anova(std::span<const double> values,
                                      std::span<const std::int32_t> group,
                                      const std::string& term = "group", double conf_level = 0.95);

/// Welch (1951), any variances; df_within is fractional. Groups of one row, and groups that do not
/// vary, make it undefined. estimate, eta^2 and omega^2 are those of the classical decomposition.
/// method "anova_welch".
[[nodiscard]] AnovaTest welch_anova(std::span<const double> values,
                                    std::span<const std::int32_t> group,
                                    const std::string& term = "group");

/// What deviations are taken from.
enum class Centre {
  kMedian,  ///< Brown & Forsythe (1974): robust, the usual choice.
  kMean,    ///< Levene (1960).
};

/// Equality of variances: analysis of variance of |value - centre of its group|. method "levene",
/// se_type "median" or "mean".
[[nodiscard]] AnovaTest levene_test(std::span<const double> values,
                                    std::span<const std::int32_t> group,
                                    Centre centre = Centre::kMedian,
                                    const std::string& term = "group");

struct PostHocSpec {
  std::span<const std::string> names = {};  ///< Of the groups by code; none: the codes.
  double conf_level = 0.95;                 ///< Of all intervals together.
};

/// All differences of means, intervals and p-values joint by the studentized range. statistic =
/// estimate / std_error, which is q / sqrt(2). p_adjusted repeats p_value.

/// Tukey (1949), for groups of unequal size Kramer (1956): s^2 of the analysis of variance.
[[nodiscard]] PairwiseTests tukey_hsd(std::span<const double> values,
                                      std::span<const std::int32_t> group,
                                      const PostHocSpec& spec = {});

/// Games & Howell (1976): each pair with its own variances and Welch's df.
[[nodiscard]] PairwiseTests games_howell(std::span<const double> values,
                                         std::span<const std::int32_t> group,
                                         const PostHocSpec& spec = {});

}  // namespace impact
