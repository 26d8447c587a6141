#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace impact::detail {

/// The words of a text, lower-cased code point by code point and composed (NFC): longest runs of
/// letters, digits, other numbers, marks and "_" (categories L, N, M of Unicode), with at least
/// `least` characters that are no marks. Bytes that are no UTF-8 separate words. Without marks and
/// composition these are the matches of \w\w+ that scikit-learn takes.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text, std::size_t least);

}  // namespace impact::detail
