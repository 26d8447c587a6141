#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/stats/absorb.h"
#include "engine/stats/linear.h"

/// The rows of a regression that count: not for other callers than the regressions.
namespace impact::detail {

/// The data without the rows that do not count; views of the caller's where all rows do.
struct CompleteRows {
  std::span<const double> x;
  std::span<const double> y;
  std::span<const double> weights;
  std::vector<std::int32_t> clusters = {};
  std::vector<std::int32_t> second_clusters = {};
  std::vector<Factor> factors = {};
  /// Of each row: its row in the data. Empty where all rows count and stand in the data's order.
  std::vector<std::size_t> source = {};
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  std::int64_t ties = 0;  ///< Rows at the same time as the row before.
  std::int64_t gaps = 0;  ///< Steps in time longer than the shortest one.
  std::vector<double> own_x = {}, own_y = {}, own_weights = {};
};

/// Throws ArgumentError where data and errors do not fit together: see linear().
void check_linear(const LinearData& data, const LinearSpec& spec);

/// With `in_time` the rows are put in order of time, rows of one time in the order of the data.
[[nodiscard]] CompleteRows complete_rows(const LinearData& data, bool in_time);

}  // namespace impact::detail
