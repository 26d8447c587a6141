#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace impact {

/// How far two rows are apart: the root of (x_i - x_j)' A (x_i - x_j), with A
enum class MatchingMetric {
  kInverseVariance,    ///< diag(1 / variance) of the full sample.
  kMahalanobis,        ///< Inverse covariance of the full sample.
  kMahalanobisPooled,  ///< Inverse of the covariance within arms (Rubin 1980).
  kEuclidean,          ///< The columns as they are.
  kScore,              ///< Not the columns: the difference of the scores.
};
/// "inverse_variance", "mahalanobis", "mahalanobis_pooled", "euclidean", "score".
[[nodiscard]] std::string_view matching_metric_name(MatchingMetric metric);
/// Inverse of matching_metric_name. Throws ArgumentError with a suggestion.
[[nodiscard]] MatchingMetric parse_matching_metric(std::string_view name);

/// Row `row` of the target population got `match`, which counts `share` of its matches.
struct MatchedRow {
  std::uint32_t row = 0;
  std::uint32_t match = 0;
  double share = 0.0;
  bool operator==(const MatchedRow&) const = default;
};

namespace detail {

/// Columns turned so that distances are Euclidean.
struct MatchingSpace {
  std::vector<double> points = {};  ///< rows x columns, row by row.
  std::size_t columns = 0;
  double size = 0.0;  ///< Root of the summed variances of the columns: the scale of distances.
  std::vector<std::string> warnings = {};
};

/// `x` is rows x columns, column by column, finite; variances have n - 1 (n - 2 within arms) below
/// and count the weights where there are any. Columns that do not vary, or only as earlier ones do,
/// add nothing to any distance: they are left out and named. Sums do not depend on row order.
/// O(rows columns^2). With kScore `x` is the score.
[[nodiscard]] MatchingSpace matching_space(std::span<const double> x, std::size_t columns,
                                           std::span<const std::int32_t> treated,
                                           std::span<const double> weights,
                                           std::span<const std::string> names,
                                           MatchingMetric metric);

/// Standard deviation with n - 1 below; sums do not depend on row order.
[[nodiscard]] double plain_sd(std::span<const double> values);

}  // namespace detail
}  // namespace impact
