#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace impact {

/// Text safe inside an HTML element or a quoted attribute; it reads back as the same characters,
/// but for NUL, which HTML cannot hold (U+FFFD stands for it).
[[nodiscard]] std::string escape_html(std::string_view text);

/// The words of `text` in lower case joined by hyphens, for ids and file names: ASCII letters and
/// digits and everything beyond ASCII stay. "section" where nothing does.
[[nodiscard]] std::string slug(std::string_view text);

/// Warnings as they stand beside what they concern.
void append_warnings(std::string& out, const std::vector<std::string>& warnings);

}  // namespace impact
