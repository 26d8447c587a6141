#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace impact::detail {

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

}  // namespace impact::detail
