#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace impact {

/// What a classifier said of each row and what was so. A row whose score is NaN, whose label is
/// negative (missing) or whose weight is NaN is left out and counted; rows of weight 0 do not
/// count. Bits of results do not depend on the order of rows.
struct ScoredLabels {
  std::span<const double> score;        ///< The higher, the rather positive; infinite ones rank.
  std::span<const std::int32_t> label;  ///< 1 positive, 0 negative, below 0 missing.
  std::span<const double> weights = {};
};

namespace detail {

/// Rows that share one score.
struct ScoreGroup {
  double score = 0.0;
  double positives = 0.0;  ///< Weights of its rows; without weights, their number.
  double negatives = 0.0;
  double positives_to = 0.0;  ///< The same of all rows with this score or a higher one.
  double negatives_to = 0.0;
  double positive_squares = 0.0;  ///< Sums of squared weights.
  double negative_squares = 0.0;
  std::int64_t positive_rows = 0;
  std::int64_t negative_rows = 0;
};

/// The distinct scores, highest first.
struct RankedScores {
  std::vector<ScoreGroup> groups = {};
  std::vector<std::uint32_t> rows = {};  ///< Those that count, group by group.
  double positives = 0.0;                ///< Of all rows, as in ScoreGroup.
  double negatives = 0.0;
  std::int64_t positive_rows = 0;
  std::int64_t negative_rows = 0;
  std::int64_t missing = 0;      ///< Left out: no label or no weight,
  std::int64_t unpredicted = 0;  ///< no score.

  [[nodiscard]] bool both_classes() const { return positive_rows > 0 && negative_rows > 0; }
  [[nodiscard]] std::int64_t n() const { return positive_rows + negative_rows; }
};

/// Rows that count, in increasing order, and how many were left out. Throws
/// ArgumentError for lengths that differ, a label above 1 and a negative or infinite weight.
struct UsedRows {
  std::vector<std::uint32_t> rows = {};
  std::int64_t missing = 0;      ///< No label or no weight.
  std::int64_t unpredicted = 0;  ///< A label, but no score.
};
[[nodiscard]] UsedRows used_rows(const ScoredLabels& data);

/// O(n log n). Errors as used_rows.
[[nodiscard]] RankedScores rank_scores(const ScoredLabels& data);

/// Sentences for rows left out, a class without rows, and scores that are all one value.
void warn_scores(std::vector<std::string>& warnings, const RankedScores& ranked);

}  // namespace detail
}  // namespace impact
