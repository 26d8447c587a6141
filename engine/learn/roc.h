#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/scored_labels.h"
#include "engine/stats/estimate.h"

namespace impact {

/// A row is called positive when its score is at least the threshold.
struct RocPoint {
  double threshold = 0.0;
  double false_positive_rate = 0.0;  ///< Negatives called positive, of all negatives.
  double true_positive_rate = 0.0;   ///< Positives called positive, of all positives.
};

struct RocCurve {
  std::vector<RocPoint> points = {};
  double auc = std::numeric_limits<double>::quiet_NaN();  ///< Area under it by trapezoids.
  std::int64_t positives = 0;                             ///< Rows.
  std::int64_t negatives = 0;
  std::vector<std::string> warnings = {};
};

/// Receiver operating characteristic: a point at threshold infinity (0, 0) and one a distinct
/// score, highest first, to (1, 1). drop_collinear leaves out points on the straight line between
/// their kept neighbours: same curve, same area. A class without rows leaves its rate NaN.
/// Errors of all functions here as detail::used_rows.
[[nodiscard]] RocCurve roc_curve(const ScoredLabels& data, bool drop_collinear = false);

enum class AucInterval {
  kPlain,  ///< estimate -+ z std_error, cut at 0 and 1.
  kLogit,  ///< The same of log(A / (1 - A)), se / (A (1 - A)): stays inside, better near 1.
};

struct AucSpec {
  std::string term = "auc";
  double conf_level = 0.95;
  AucInterval interval = AucInterval::kPlain;
};

/// Area under the ROC curve: chance that a positive scores higher than a negative, ties half. With
/// V_i the (weighted) share of negatives below positive i and V_j the share of positives above
/// negative j, ties half, m and n rows:
///   variance = sum (V_i - A)^2 / (m (m - 1)) + sum (V_j - A)^2 / (n (n - 1))
/// (DeLong, DeLong & Clarke-Pearson 1988); with weights each term is w^2 (V - A)^2 / W^2 times
/// m / (m - 1). statistic: (A - 1/2) / std_error, normal. method "auc", se_type "delong". One row
/// in a class, complete separation: no standard error, with a warning. O(n log n).
[[nodiscard]] Estimate auc(const ScoredLabels& data, const AucSpec& spec = {});

/// A of `a` less A of `b` for two scores of the same rows (DeLong's paired test). Rows that miss
/// either are left out. Throws ArgumentError when lengths differ.
[[nodiscard]] Estimate auc_difference_paired(std::span<const double> a, std::span<const double> b,
                                             std::span<const std::int32_t> label,
                                             std::span<const double> weights = {},
                                             const AucSpec& spec = {});

/// The same for scores of different rows: variances add; t with the df of Welch & Satterthwaite,
/// (v_a + v_b)^2 / (v_a^2 / (n_a - 1) + v_b^2 / (n_b - 1)), n all rows of each (as R's pROC).
[[nodiscard]] Estimate auc_difference(const ScoredLabels& a, const ScoredLabels& b,
                                      const AucSpec& spec = {});

}  // namespace impact
