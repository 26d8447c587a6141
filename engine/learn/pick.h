#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace impact::detail {

/// values[row] of each row; none of none.
template <class T>
[[nodiscard]] std::vector<T> pick(std::span<const T> values, std::span<const std::uint32_t> rows) {
  std::vector<T> picked;
  if (values.empty()) return picked;
  picked.reserve(rows.size());
  for (const auto row : rows) picked.push_back(values[row]);
  return picked;
}

}  // namespace impact::detail
