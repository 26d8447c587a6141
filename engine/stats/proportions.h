#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/stats/alternative.h"
#include "engine/stats/estimate.h"

namespace impact {

/// `successes` of `trials`.
struct Share {
  std::int64_t successes = 0;
  std::int64_t trials = 0;
};

/// Which test and interval of one share.
enum class ShareMethod {
  kScore,  ///< z test with the variance of the hypothesis; interval of Wilson (1927).
  kExact,  ///< Binomial test, outcomes no more likely than the observed; Clopper & Pearson (1934).
};

/// Interval of a difference of shares.
enum class ShareInterval {
  kWald,      ///< estimate -+ z std_error (wider by the correction).
  kNewcombe,  ///< From the two Wilson intervals (Newcombe 1998, method 10).
};

struct ShareSpec {
  std::string term = "share";
  double null_value = 0.5;  ///< Of one share.
  bool continuity = false;  ///< Yates' correction of tests, and of Wilson and Wald intervals.
  double conf_level = 0.95;
  ShareMethod method = ShareMethod::kScore;
  ShareInterval interval = ShareInterval::kNewcombe;
  Alternative alternative = Alternative::kTwoSided;
};

/// Tests of shares. The end that a one-sided interval lacks is that of what is possible: 0 or 1 of
/// a share, -1 or 1 of a difference, 0 or infinity of a ratio. successes must lie in 0 ... trials,
/// conf_level in (0, 1), else ArgumentError. Without trials, or without both outcomes where a ratio
/// needs them, NaN with a warning.

/// One share. statistic z (score) or the number of successes (exact).
[[nodiscard]] Estimate share_test(const Share& share, const ShareSpec& spec = {});

/// Share of a less share of b. z test with the pooled variance; std_error is unpooled.
[[nodiscard]] Estimate share_difference(const Share& a, const Share& b, const ShareSpec& spec = {});

/// Odds of a over odds of b; std_error and statistic are of its logarithm, interval of Woolf
/// (1955). add_half adds 1/2 to each of the four counts (Haldane 1956), which an empty one needs.
[[nodiscard]] Estimate odds_ratio(const Share& a, const Share& b, bool add_half = false,
                                  const ShareSpec& spec = {});

/// Share of a over share of b; the same on the logarithm (Katz et al. 1978). add_half adds 1/2 to
/// successes and trials (Walter 1975).
[[nodiscard]] Estimate risk_ratio(const Share& a, const Share& b, bool add_half = false,
                                  const ShareSpec& spec = {});

/// Equality of several shares: chi-squared, df = shares - 1. estimate: Cramer's V. An alternative
/// with a side is an ArgumentError.
[[nodiscard]] Estimate share_equality_test(std::span<const Share> shares,
                                           const ShareSpec& spec = {});

/// Trend of shares in scores (none: 1, 2, 3, ...): Cochran (1954), Armitage (1955). estimate: slope
/// of the share, which an alternative is about; statistic chi-squared with df 1, variance of the
/// hypothesis. Throws ArgumentError
/// when lengths differ or a score is not finite.
[[nodiscard]] Estimate share_trend_test(std::span<const Share> shares,
                                        std::span<const double> scores = {},
                                        const ShareSpec& spec = {});

}  // namespace impact
