#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace impact::detail {

/// The values of these rows in this order; none of none.
template <class T>
[[nodiscard]] std::vector<T> values_of(std::span<const T> values,
                                       std::span<const std::uint32_t> rows) {
  std::vector<T> out;
  if (values.empty()) return out;
  out.reserve(rows.size());
  for (const std::uint32_t row : rows) out.push_back(values[row]);
  return out;
}

}  // namespace impact::detail
