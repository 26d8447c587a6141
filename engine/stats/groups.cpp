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

Groups group_rows(std::span<const std::int32_t> first, std::span<const std::int32_t> second) {
  const Groups outer = group_rows(first);
  Groups groups;
  groups.rows = outer.rows;
  const auto code = [&](std::uint32_t row) { return second[row]; };
  for (std::size_t j = 0; j < outer.count(); ++j) {
    const auto begin = groups.rows.begin() + outer.offsets[j];
    const auto end = groups.rows.begin() + outer.offsets[j + 1];
    std::ranges::stable_sort(begin, end, {}, code);
    for (auto at = begin; at != end; ++at) {
      const bool last = at + 1 == end || code(*at) != code(*(at + 1));
      if (last) groups.offsets.push_back(static_cast<std::uint32_t>(at + 1 - groups.rows.begin()));
    }
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
