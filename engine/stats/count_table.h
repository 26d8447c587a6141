#pragma once

#include <cstdint>
#include <vector>

#include "engine/stats/contingency.h"

/// What the tests of tables share: not for other callers.
namespace impact::detail {

/// A table without its empty rows and columns.
struct DenseTable {
  std::vector<std::int64_t> counts = {};
  std::vector<std::int64_t> row_sum = {};
  std::vector<std::int64_t> column_sum = {};
};

/// Checks the table, sets row.n and adds sentences for what is empty.
[[nodiscard]] DenseTable dense_table(const CountTable& table, Estimate& row);

}  // namespace impact::detail
