#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/stats/glm.h"

/// What the regressions by likelihood and by quantiles share: not for other callers.
namespace impact::detail {

/// The data without the rows that do not count; views where all rows do. Weights are > 0, the
/// exposure is part of the offset.
struct RegressionRows {
  std::size_t columns = 0;
  std::span<const double> x, y, weights, offset;
  std::vector<std::int32_t> clusters = {};
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  std::vector<double> own_x = {}, own_y = {}, own_weights = {}, own_offset = {};

  RegressionRows() = default;
  RegressionRows(RegressionRows&&) = default;  // a copy's spans would look into the original
  RegressionRows& operator=(RegressionRows&&) = default;
  RegressionRows(const RegressionRows&) = delete;
  RegressionRows& operator=(const RegressionRows&) = delete;
  ~RegressionRows() = default;

  [[nodiscard]] std::size_t count() const { return y.size(); }
  /// Rows, or the sum of their weights.
  [[nodiscard]] double total(bool frequency) const;
  /// Keeps the rows whose flag is not 0 and the columns listed.
  void keep(const std::vector<std::uint8_t>& rows, const std::vector<std::size_t>& kept_columns);
};

/// Throws ArgumentError for lengths that differ and numbers out of range, as glm() says.
[[nodiscard]] RegressionRows regression_rows(const GlmData& data, const Context& context = {});

/// Throws ArgumentError unless clusters are there exactly when the se needs them, and for CR2 and
/// Newey-West.
void require_se(SeType se, std::span<const std::int32_t> clusters, std::size_t rows);

/// Few clusters are worth a sentence.
void warn_clusters(std::vector<std::string>& warnings, SeType se, std::int64_t clusters);

/// "'a', 'b'", or "column 1" without names.
[[nodiscard]] std::string column_words(std::span<const std::string> names,
                                       const std::vector<std::size_t>& columns);

/// Columns that do not depend on earlier ones (judged as linear() does), and the least own part.
struct IndependentColumns {
  std::vector<std::size_t> kept = {};
  double own_share = 1.0;
  std::size_t least_own = 0;
};
[[nodiscard]] IndependentColumns independent_columns(const RegressionRows& rows,
                                                     const Context& context);

/// Sentence on a kept column that is almost dependent.
void warn_almost_dependent(std::vector<std::string>& warnings, std::span<const std::string> names,
                           const IndependentColumns& found);

}  // namespace impact::detail
