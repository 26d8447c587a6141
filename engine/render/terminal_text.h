#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Text as a terminal sees it: columns, not bytes; nothing that could command it.
namespace impact {

/// What a terminal shows and how much of it there is.
struct TerminalStyle {
  int columns = 80;     ///< No line is wider; at least 1.
  int rows = 20;        ///< Lines that the text should take at most.
  bool colour = false;  ///< Bold, dim and colours; else no escape sequence at all.
};

/// Columns a UTF-8 text takes: two for a wide character (Unicode East Asian Width), none for a
/// combining one, one more where a selector asks for the picture of a character (U+FE0F). The parts
/// of a joined emoji count one by one, so that no terminal needs more.
[[nodiscard]] std::size_t text_width(std::string_view text);

/// The text in exactly `width` columns: cut with "…" or filled with spaces. Control characters and
/// marks of direction become "?".
[[nodiscard]] std::string fit_text(std::string_view text, std::size_t width, bool right = false);

/// The same, but cut in the middle: what begins and ends like it stays told apart.
[[nodiscard]] std::string fit_middle(std::string_view text, std::size_t width);

/// Control characters, marks of direction and bytes that are no UTF-8 written out: \n, \t, \x1b,
/// \u{202e}.
[[nodiscard]] std::string printable_text(std::string_view text);

/// Words in lines of at most `width` columns; a longer word is cut with "…". Of more than `most`
/// lines (0: no limit) the last one ends in "…".
[[nodiscard]] std::vector<std::string> wrap_text(std::string_view text, std::size_t width,
                                                 std::size_t most = 0);

/// Text in a colour "#rrggbb", as the terminal understands it; plain for no colour.
[[nodiscard]] std::string painted(const std::string& text, const std::string& colour, bool use);
/// Emphasis that is legible on dark and on light ground.
[[nodiscard]] std::string bold(const std::string& text, bool use);
[[nodiscard]] std::string dim(const std::string& text, bool use);

}  // namespace impact
