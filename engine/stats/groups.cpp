#include "engine/stats/groups.h"

#include <algorithm>
#include <limits>
#include <string>

#include "engine/core/error.h"

namespace impact::detail {
namespace {

std::size_t span_of(std::span<const std::int32_t> codes) {
  return codes.empty() ? 0 : static_cast<std::size_t>(*std::ranges::max_element(codes)) + 1;
}

}  // namespace

Groups group_rows(std::span<const std::int32_t> codes) {
  if (codes.size() >= std::numeric_limits<std::uint32_t>::max()) {
    throw ResourceError({.what = "too many rows to group",
                         .got = std::to_string(codes.size()),
                         .expected = "fewer than 4294967295"});
  }
  std::vector<std::uint32_t> next(span_of(codes) + 1, 0);
  for (const std::int32_t code : codes) ++next[static_cast<std::size_t>(code) + 1];
  Groups groups;
  for (std::size_t code = 1; code < next.size(); ++code) {
    next[code] += next[code - 1];
    if (next[code] != next[code - 1]) groups.offsets.push_back(next[code]);
  }
  groups.rows.resize(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    groups.rows[next[static_cast<std::size_t>(codes[i])]++] = static_cast<std::uint32_t>(i);
  }
  return groups;
}

std::size_t close_gaps(std::span<std::int32_t> codes) {
  std::vector<std::int32_t> renamed(span_of(codes), -1);
  for (const std::int32_t code : codes) renamed[static_cast<std::size_t>(code)] = 0;
  std::int32_t count = 0;
  for (std::int32_t& code : renamed) {
    if (code == 0) code = count++;
  }
  for (std::int32_t& code : codes) code = renamed[static_cast<std::size_t>(code)];
  return static_cast<std::size_t>(count);
}

}  // namespace impact::detail
