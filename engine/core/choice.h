#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace impact {

/// The value of an enumeration that a text names; `names` has one name a value, in their order.
/// Throws ArgumentError "unknown <what>" with the names and a suggestion; `where` is the argument.
template <class Enum, std::size_t N>
[[nodiscard]] Enum parse_choice(const std::array<std::string_view, N>& names, std::string_view name,
                                const char* what, const char* where) {
  const auto* const found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<Enum>(found - names.begin());
  const std::vector<std::string> words(names.begin(), names.end());
  throw ArgumentError({.what = std::string("unknown ") + what,
                       .where = where,
                       .got = std::string(name),
                       .expected = list_words(words),
                       .hint = did_you_mean(name, words)});
}

}  // namespace impact
