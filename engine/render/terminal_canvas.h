#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace impact::detail {

/// Columns a text takes in a terminal; wide characters take two.
[[nodiscard]] std::size_t text_width(std::string_view text);
/// The text in exactly `width` columns: cut with "…" or filled with spaces. Control characters,
/// which could command the terminal, become "?".
[[nodiscard]] std::string fit_text(std::string_view text, std::size_t width, bool right = false);

/// A grid of characters with a colour each, and a finer grid of 2 x 4 dots a character (braille).
/// Character (0, 0) is top left. Places outside are ignored.
class TerminalCanvas {
 public:
  TerminalCanvas(std::size_t columns, std::size_t rows);
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  /// `colour` is "#rrggbb" or "".
  void put(std::int64_t column, std::int64_t row, std::string_view character,
           const std::string& colour = "");
  /// Dots: x right from 0 to 2 columns - 1, y up from 0 to 4 rows - 1.
  void dot(std::int64_t x, std::int64_t y, const std::string& colour = "");
  /// Straight line of dots.
  void line(std::int64_t x0, std::int64_t y0, std::int64_t x1, std::int64_t y1,
            const std::string& colour = "");
  /// One line of the grid, trailing spaces kept.
  [[nodiscard]] std::string row(std::size_t index, bool colour) const;

 private:
  struct Place {
    std::string character = {};
    std::uint8_t dots = 0;
    std::string colour = {};
  };
  std::size_t columns_;
  std::size_t rows_;
  std::vector<Place> places_;
};

/// Text in a colour, as the terminal understands it; plain for no colour.
[[nodiscard]] std::string painted(const std::string& text, const std::string& colour, bool use);

}  // namespace impact::detail
