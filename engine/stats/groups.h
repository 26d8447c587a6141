#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace impact::detail {

/// Rows sorted by their code, rows of one code in order: group j is rows[offsets[j]] ...
/// rows[offsets[j + 1] - 1]. Codes that do not occur have no group; groups stand in code order.
struct Groups {
  std::vector<std::uint32_t> offsets = {0};
  std::vector<std::uint32_t> rows = {};

  [[nodiscard]] std::size_t count() const { return offsets.size() - 1; }
  [[nodiscard]] std::span<const std::uint32_t> operator[](std::size_t j) const {
    return std::span(rows).subspan(offsets[j], offsets[j + 1] - offsets[j]);
  }
};

/// Codes are >= 0. Throws ResourceError at 2^32 rows. O(rows + largest code).
[[nodiscard]] Groups group_rows(std::span<const std::int32_t> codes);

/// Groups of rows that share both codes, in order of the first, then the second. Both >= 0 and of
/// one length. O(rows log rows).
[[nodiscard]] Groups group_rows(std::span<const std::int32_t> first,
                                std::span<const std::int32_t> second);

/// The same codes without gaps: 0 ... count - 1, in order. Returns count.
std::size_t close_gaps(std::span<std::int32_t> codes);

}  // namespace impact::detail
