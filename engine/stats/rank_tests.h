#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/stats/alternative.h"
#include "engine/stats/estimate.h"
#include "engine/stats/multiplicity.h"
#include "engine/stats/pairwise.h"

namespace impact {

/// Where a p-value comes from: the permutation distribution or its limit.
enum class PValue {
  kAuto,   ///< Exact where the function says it is feasible, else the limit.
  kExact,  ///< Also for larger samples; the limit, with a warning, where ties or size forbid it.
  kLimit,
};

struct RankTestSpec {
  std::string term = "difference";
  PValue p_value = PValue::kAuto;
  bool continuity = true;  ///< Normal limits are moved half a step towards the mean.
  double conf_level = 0.95;
  /// kGreater: x tends to exceed y, differences to be positive.
  Alternative alternative = Alternative::kTwoSided;
};

/// Tests on ranks. Missing values are left out and counted, infinite ones are the largest and the
/// smallest; tied values share their mean rank. An empty group and values that are all
/// equal give NaN with a warning. O(n log n), but exact p-values O(n^3). Two threads at most are of
/// use. se_type says "exact" or "limit".

/// Wilcoxon's rank sum test of Mann & Whitney (1947). statistic U = pairs with x > y, half of the
/// tied ones; estimate U / (n_x n_y), the chance that x exceeds y; limit: normal, variance
/// corrected for ties. Exact below 50 values in both groups, without ties.
[[nodiscard]] Estimate mann_whitney(std::span<const double> x, std::span<const double> y,
                                    const RankTestSpec& spec = {}, const Context& context = {});

/// Signed ranks of differences (Wilcoxon 1945). Zeros are left out and counted. statistic W = sum
/// of the ranks of positive ones; estimate: matched-pairs rank-biserial correlation
/// (W+ - W-) / (W+ + W-) (Kerby 2014). Exact below 50 differences, without ties or zeros;
/// on demand to 400.
[[nodiscard]] Estimate wilcoxon_signed_rank(std::span<const double> differences,
                                            const RankTestSpec& spec = {});
/// The same of x_i - y_i. Throws ArgumentError when lengths differ.
[[nodiscard]] Estimate wilcoxon_signed_rank(std::span<const double> x, std::span<const double> y,
                                            const RankTestSpec& spec = {});

/// Cliff's delta P(x > y) - P(x < y) with his unbiased variance (1993), at least
/// (1 - d^2) / (n_x n_y - 1), and the skewed interval of Feng & Cliff (2004):
/// (d - d^3 -+ z s sqrt((1 - d^2)^2 + z^2 s^2)) / (1 - d^2 + z^2 s^2). statistic d / s, normal. At
/// d = +-1 the variance says nothing: the inner end is +-(m - z^2) / (m + z^2), m the smaller
/// group.
[[nodiscard]] Estimate cliffs_delta(std::span<const double> x, std::span<const double> y,
                                    const RankTestSpec& spec = {}, const Context& context = {});

/// Kolmogorov-Smirnov test of two samples. statistic = estimate = D, the largest distance of the
/// two distribution functions; of kGreater the largest F_y - F_x (limit: exp(-2 D^2 nm / (n + m))),
/// of kLess F_x - F_y. Exact, given the ties, by counting lattice paths (Schroeer &
/// Trenkler 1995) for n_x n_y < 10000, on demand to 10^8; limit: 2 sum (-1)^(k-1) exp(-2 k^2 D^2 nm
/// / (n + m)).
[[nodiscard]] Estimate kolmogorov_smirnov(std::span<const double> x, std::span<const double> y,
                                          const RankTestSpec& spec = {},
                                          const Context& context = {});

/// Groups by code; a negative code is a missing row, a code without rows no group.
/// Kruskal & Wallis (1952), corrected for ties. statistic H, chi2 with df = groups - 1; estimate
/// epsilon^2 = H / (n - 1), the share of the variance of ranks between groups (Tomczak 2014).
[[nodiscard]] Estimate kruskal_wallis(std::span<const double> values,
                                      std::span<const std::int32_t> group,
                                      const std::string& term = "group");

struct DunnSpec {
  std::span<const std::string> names = {};  ///< Of the groups by code; none: the codes.
  Adjustment adjust = Adjustment::kHolm;
};

/// Dunn (1964): differences of mean ranks of all groups' ranks, variance
/// (n (n + 1) / 12 - sum(t^3 - t) / (12 (n - 1))) (1 / n_a + 1 / n_b), normal.
[[nodiscard]] PairwiseTests dunn_test(std::span<const double> values,
                                      std::span<const std::int32_t> group,
                                      const DunnSpec& spec = {});

}  // namespace impact
