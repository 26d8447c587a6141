#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "engine/learn/scored_labels.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Numbers that judge an order of rows by score, beside the auc of roc.h. Errors of all functions
/// as detail::used_rows, and ArgumentError for conf_level. A class without rows: NaN with a
/// warning.

struct KolmogorovSmirnov {
  /// Largest |share of positives - share of negatives| with a score of at least the threshold:
  /// recall less false-positive rate, whichever is larger. p_value: that both classes have one
  /// distribution of scores, 2 sum (-1)^(j-1) exp(-2 j^2 s^2), statistic s = estimate
  /// sqrt(m n / (m + n)), m and n the classes' rows (with weights: W^2 / sum w^2); large samples
  /// (Smirnov 1948), too careful where scores tie. No interval: the threshold was chosen. method
  /// "kolmogorov_smirnov".
  Estimate row = {};
  double threshold = std::numeric_limits<double>::quiet_NaN();  ///< Highest that reaches it.
};
[[nodiscard]] KolmogorovSmirnov ks_statistic(const ScoredLabels& data, double conf_level = 0.95);

/// The average precision of precision_recall_curve with an error by the delta method: with y_i 1
/// for positives, P(s) the precision and G(s) the share of rows called positive at threshold s, q
/// the prevalence, and means over rows j with s_j <= s_i, row i adds
///   (y_i (P(s_i) - AP) + y_i mean(y_j / G(s_j)) - mean(y_j P(s_j) / G(s_j))) / q.
/// Interval: of its logit (Boyd, Eng & Page 2013), which stays inside (0, 1). null_value: the
/// prevalence, what chance achieves. method "average_precision", se_type "delta". O(n log n).
[[nodiscard]] Estimate average_precision(const ScoredLabels& data, double conf_level = 0.95);

/// Area under the gain curve, the share of positives among the highest-scored share of rows:
/// q / 2 + (1 - q) AUC with prevalence q; chance achieves 1/2, a perfect order 1 - q / 2. Error by
/// the delta method, normal interval cut at 0 and 1. method "area_under_gain", se_type "delta".
[[nodiscard]] Estimate area_under_gain(const ScoredLabels& data, double conf_level = 0.95);

namespace detail {
/// What row i of ranked.rows adds to n times the AUC (mean 0): (V_i - AUC) / q for positives,
/// (V_i - AUC) / (1 - q) for negatives, V as in auc(). Needs both classes.
[[nodiscard]] std::vector<double> auc_influence(const RankedScores& ranked,
                                                std::span<const std::int32_t> label, double auc);
}  // namespace detail

}  // namespace impact
