#include "engine/render/terminal_canvas.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>

namespace impact::detail {
namespace {

struct Glyph {
  std::string_view bytes;
  std::size_t width = 0;
  bool control = false;
};

// The first character of a text that is not empty.
Glyph first_glyph(std::string_view text) {
  utf8proc_int32_t code = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (length <= 0) return {text.substr(0, 1), 1, true};
  Glyph glyph;
  glyph.bytes = text.substr(0, static_cast<std::size_t>(length));
  const utf8proc_category_t category = utf8proc_category(code);
  // Also formats: marks of direction could turn a line around.
  glyph.control = category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
                  category == UTF8PROC_CATEGORY_ZP || (code >= 0x202A && code <= 0x202E) ||
                  (code >= 0x2066 && code <= 0x2069);
  glyph.width = glyph.control ? 1 : static_cast<std::size_t>(std::max(0, utf8proc_charwidth(code)));
  return glyph;
}

}  // namespace

std::size_t text_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    width += glyph.width;
    text.remove_prefix(glyph.bytes.size());
  }
  return width;
}

std::string fit_text(std::string_view text, std::size_t width, bool right) {
  const bool cut = text_width(text) > width;
  const std::size_t room = cut ? (width == 0 ? 0 : width - 1) : width;
  std::string line;
  std::size_t used = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    if (used + glyph.width > room) break;
    line += glyph.control ? std::string_view("?") : glyph.bytes;
    used += glyph.width;
    text.remove_prefix(glyph.bytes.size());
  }
  if (cut && width > 0) {
    line += "…";
    ++used;
  }
  const std::string fill(width - std::min(used, width), ' ');
  return right ? fill + line : line + fill;
}

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

std::string painted(const std::string& text, const std::string& colour, bool use) {
  if (!use || colour.size() != 7) return text;
  const auto part = [&](std::size_t at) {
    return std::strtol(colour.substr(at, 2).c_str(), nullptr, 16);
  };
  return fmt::format("\x1b[38;2;{};{};{}m{}\x1b[0m", part(1), part(3), part(5), text);
}

}  // namespace impact::detail
