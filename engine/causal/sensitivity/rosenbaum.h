#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/stats/alternative.h"
#include "engine/stats/rank_tests.h"

/// Rosenbaum's bounds: how p-values move when two units that look alike may differ in their odds of
/// treatment by a factor of up to gamma (Rosenbaum, "Observational Studies", 2nd ed. 2002, ch. 4).
/// Gamma 1 is the randomisation test. Missing values are left out and counted in a warning; what is
/// not defined is NaN with a warning; options out of range throw ArgumentError. All functions are
/// pure, and nothing depends on the order of units.
namespace impact {

struct RosenbaumSpec {
  std::vector<double> gammas = {1.0, 1.5, 2.0, 2.5, 3.0};  ///< Each >= 1.
  double alpha = 0.05;  ///< Level whose loss defines the critical gamma; in (0, 0.5].
  /// kGreater: treatment raises outcomes. kTwoSided: twice the smaller one-sided bound, at most 1.
  Alternative alternative = Alternative::kGreater;
  PValue p_value = PValue::kAuto;
};

struct GammaBound {
  double gamma = 1.0;
  double p_low = std::numeric_limits<double>::quiet_NaN();   ///< Smallest p-value that is possible.
  double p_high = std::numeric_limits<double>::quiet_NaN();  ///< Largest.
};

struct RosenbaumBounds {
  std::string method = {};  ///< "signed_rank", "mcnemar", "fisher", "sum", "matched_sets".
  std::string p_type = {};  ///< "exact" or "limit" (normal, no continuity correction).
  double statistic = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;  ///< Pairs, sets or units that entered.
  std::vector<GammaBound> curve = {};
  /// Gamma at which p_high = alpha, solved, not searched on a grid; 1 (with a warning) when the
  /// test is not significant without hidden bias, infinite when no bias undoes it.
  double critical_gamma = std::numeric_limits<double>::quiet_NaN();
  double alpha = 0.05;
  std::vector<std::string> warnings = {};
};

/// Delta of an unobserved covariate that multiplies the odds of treatment by lambda and of a
/// positive difference by Delta and does as much as gamma: gamma = (lambda Delta + 1) / (lambda +
/// Delta) (Rosenbaum & Silber 2009). Needs lambda > gamma >= 1, else ArgumentError.
[[nodiscard]] double amplify(double gamma, double lambda);

enum class ZeroDifferences {
  kDrop,  ///< Left out before ranking (Wilcoxon; R, rbounds).
  kRank,  ///< Ranked with the others, then add nothing (Pratt; Rosenbaum's tables).
};

/// Wilcoxon's signed ranks of treated-minus-control differences of pairs. statistic: sum of ranks d
/// of positive differences. At the bounds each is positive with p = gamma / (1 + gamma) or
/// 1 / (1 + gamma); limit: mean p sum d, variance p (1 - p) sum d^2. Exact (ties allowed): the
/// distribution of the sum by convolution, for up to 100 pairs, on demand to 400.
[[nodiscard]] RosenbaumBounds signed_rank_bounds(std::span<const double> differences,
                                                 const RosenbaumSpec& spec = {},
                                                 ZeroDifferences zeros = ZeroDifferences::kDrop);

/// Range of the effect, and its confidence interval, at one gamma.
struct HodgesLehmannBound {
  double gamma = 1.0;
  double estimate_low = std::numeric_limits<double>::quiet_NaN();
  double estimate_high = std::numeric_limits<double>::quiet_NaN();
  double conf_low =
      std::numeric_limits<double>::quiet_NaN();  ///< May be infinite in small samples.
  double conf_high = std::numeric_limits<double>::quiet_NaN();
};

struct HodgesLehmannBounds {
  std::int64_t n = 0;
  std::string p_type = {};
  std::vector<HodgesLehmannBound> curve = {};
  std::vector<std::string> warnings = {};
};

/// Additive effects tau for which the signed ranks of differences - tau are at their expectation
/// under some bias of at most gamma: with M = n (n + 1) / 2 sorted Walsh averages, quantiles of
/// them at 1 / (1 + gamma) and gamma / (1 + gamma), mid-way where the quantile falls on a step.
/// Limits: tau not rejected by the two-sided test at 1 - conf_level, whatever the bias. Averages
/// are not stored: O(n log n) and 64 counts of O(n) a number. spec.alpha and .alternative are not
/// used.
[[nodiscard]] HodgesLehmannBounds hodges_lehmann_bounds(std::span<const double> differences,
                                                        const RosenbaumSpec& spec = {},
                                                        double conf_level = 0.95);

enum class CountTail {
  kInclusive,  ///< P(X >= x): the p-value.
  kExclusive,  ///< P(X > x), as rbounds::binarysens has it: too small.
};

/// McNemar's test: of `discordant` pairs in `treated` the treated unit alone had the event.
/// Binomial with p as above, exact. kExclusive is for comparison only.
[[nodiscard]] RosenbaumBounds mcnemar_bounds(std::int64_t treated, std::int64_t discordant,
                                             const RosenbaumSpec& spec = {},
                                             CountTail tail = CountTail::kInclusive);

/// Fisher's exact test without matching: `events` among `units`, `treated_units` of which
/// `treated_events` had it. Extended hypergeometric with odds gamma or 1 / gamma, exact.
struct FisherTable {
  std::int64_t units = 0;
  std::int64_t treated_units = 0;
  std::int64_t events = 0;
  std::int64_t treated_events = 0;
};
[[nodiscard]] RosenbaumBounds fisher_bounds(const FisherTable& table,
                                            const RosenbaumSpec& spec = {});

enum class SumScores {
  kRanks,   ///< Midranks: Wilcoxon's rank sum.
  kValues,  ///< The outcomes themselves.
};

/// Sum of scores of the treated (arm 1) among unmatched units (others arm 0; another arm is not
/// used). The worst unobserved covariate is one of the N - 1 that are 1 for the k units with the
/// largest scores (Rosenbaum & Krieger 1990); the p-value is the largest over k. Limit: normal with
/// the exact mean and variance, number treated among the k being extended hypergeometric. Exact:
/// all assignments, where there are at most 200,000. O(N^1.5) a gamma.
[[nodiscard]] RosenbaumBounds sum_bounds(std::span<const double> outcome,
                                         std::span<const std::int32_t> arm,
                                         const RosenbaumSpec& spec = {},
                                         SumScores scores = SumScores::kRanks);

enum class SetScores {
  /// Ranks over all sets of the outcomes less their set's mean (Hodges & Lehmann 1962).
  kAlignedRanks,
  /// Sums of psi((y - y') / h) over the others y' of the set, over its size; h the quantile of all
  /// |y - y'|, psi(d) = sign(d) min(1, max(0, |d| - inner) / (trim - inner)) (Rosenbaum 2007,
  /// 2013).
  kHuber,
};

enum class SetVariance {
  kOfWorst,  ///< That of the covariate with the largest mean.
  /// Largest second moment of any covariate (smallest for p_low) less the square of the largest
  /// mean, as rbounds::mcontrol has it: of no covariate at all. For one-sided tests.
  kSeparateMaximum,
};

struct MatchedSetScores {
  SetScores kind = SetScores::kAlignedRanks;
  double inner = 0.0;     ///< Differences up to it count nothing; >= 0.
  double trim = 2.5;      ///< Beyond it they count no more; > inner, infinite: no limit.
  double quantile = 0.5;  ///< Of |y - y'|, type 7; in (0, 1).
  SetVariance variance = SetVariance::kOfWorst;
};

/// Sets with one treated unit and any number of controls, or one control and any number of treated
/// (arm 1 and 0, negative set codes: not used). Sets without an arm are left out with a warning;
/// one with several of both throws ArgumentError. Limit: in each set the covariate with the largest
/// mean, of these the one with the largest variance (Gastwirth, Krieger & Rosenbaum 2000).
[[nodiscard]] RosenbaumBounds matched_set_bounds(std::span<const double> outcome,
                                                 std::span<const std::int32_t> arm,
                                                 std::span<const std::int32_t> set,
                                                 const RosenbaumSpec& spec = {},
                                                 const MatchedSetScores& scores = {});

}  // namespace impact
