#include "engine/render/terminal_canvas.h"

#include <algorithm>
#include <cstdlib>

#include "engine/render/terminal_text.h"

namespace impact::detail {

TerminalCanvas::TerminalCanvas(std::size_t columns, std::size_t rows)
    : columns_(columns), rows_(rows), places_(columns * rows) {}

void TerminalCanvas::put(std::int64_t column, std::int64_t row, std::string_view character,
                         const std::string& colour) {
  if (column < 0 || row < 0 || column >= static_cast<std::int64_t>(columns_) ||
      row >= static_cast<std::int64_t>(rows_)) {
    return;
  }
  Place& place =
      places_[static_cast<std::size_t>(row) * columns_ + static_cast<std::size_t>(column)];
  place.character = character;
  place.colour = colour;
}

void TerminalCanvas::dot(std::int64_t x, std::int64_t y, const std::string& colour) {
  const auto wide = static_cast<std::int64_t>(2 * columns_);
  const auto tall = static_cast<std::int64_t>(4 * rows_);
  if (x < 0 || y < 0 || x >= wide || y >= tall) return;
  const std::int64_t down = tall - 1 - y;
  // Dots 1 2 3 7 stand in the left column of a braille cell from the top, 4 5 6 8 in the right one
  // (Unicode 16, chapter 21.1); dot k is bit k - 1.
  constexpr std::uint8_t kBits[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};
  Place& place =
      places_[static_cast<std::size_t>(down / 4) * columns_ + static_cast<std::size_t>(x / 2)];
  place.dots = static_cast<std::uint8_t>(place.dots | kBits[x % 2][down % 4]);
  place.colour = colour;
}

void TerminalCanvas::line(std::int64_t x0, std::int64_t y0, std::int64_t x1, std::int64_t y1,
                          const std::string& colour) {
  const std::int64_t steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), std::int64_t{1}});
  for (std::int64_t i = 0; i <= steps; ++i) {
    dot(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps, colour);
  }
}

std::string TerminalCanvas::row(std::size_t index, bool colour) const {
  std::string line;
  for (std::size_t column = 0; column < columns_; ++column) {
    const Place& place = places_[index * columns_ + column];
    std::string character = place.character;
    if (character.empty() && place.dots != 0) {
      // U+2800 plus the bits, in three bytes of UTF-8.
      const unsigned code = 0x2800U + place.dots;
      character = {static_cast<char>(0xE0U | (code >> 12U)),
                   static_cast<char>(0x80U | ((code >> 6U) & 0x3FU)),
                   static_cast<char>(0x80U | (code & 0x3FU))};
    }
    if (character.empty()) character = " ";
    line += painted(character, character == " " ? "" : place.colour, colour);
  }
  return line;
}

}  // namespace impact::detail
