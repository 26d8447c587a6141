#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/learn/feature_table.h"

/// What the steps on texts share.
namespace impact::detail {

/// For each level of `column` its place in `known`, -1 for one that is not there.
[[nodiscard]] inline std::vector<std::int32_t> places_in(const Feature& column,
                                                         std::span<const std::string> known) {
  std::unordered_map<std::string_view, std::int32_t> place;
  for (std::size_t k = 0; k < known.size(); ++k) {
    place.emplace(known[k], static_cast<std::int32_t>(k));
  }
  std::vector<std::int32_t> out;
  out.reserve(column.levels.size());
  for (const std::string& level : column.levels) {
    const auto found = place.find(level);
    out.push_back(found == place.end() ? -1 : found->second);
  }
  return out;
}

/// Rows of each level.
[[nodiscard]] inline std::vector<std::size_t> rows_of_levels(const Feature& column) {
  std::vector<std::size_t> out(column.levels.size(), 0);
  for (const std::int32_t code : column.codes) {
    if (code >= 0) ++out[static_cast<std::size_t>(code)];
  }
  return out;
}

}  // namespace impact::detail
