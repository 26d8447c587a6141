#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

#include "engine/table/backend.h"
#include "engine/table/describe.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

constexpr int kWidestColumn = 32;

struct Glyph {
  std::string_view bytes;
  int width;
};

// The first character of `text` with its combining marks counted as separate, zero-wide glyphs.
Glyph first_glyph(std::string_view text) {
  utf8proc_int32_t code = 0;
  const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (size <= 0) return {text.substr(0, 1), 1};
  return {text.substr(0, static_cast<std::size_t>(size)), utf8proc_charwidth(code)};
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::string fitted(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  std::string out;
  int used = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    if (used + glyph.width > width - 1) break;
    out += glyph.bytes;
    used += glyph.width;
    text.remove_prefix(glyph.bytes.size());
  }
  return out + "…";
}

std::string padded(const std::string& text, int width, bool right) {
  const auto gap = static_cast<std::size_t>(std::max(0, width - display_width(text)));
  return right ? std::string(gap, ' ') + text : text + std::string(gap, ' ');
}

std::string cell_text(const Column& column, std::size_t row) {
  if (column.missing(row)) return "missing";
  const Value value = column.value(row);
  if (const double* number = std::get_if<double>(&value)) return fmt::format("{:.6g}", *number);
  return printable(format_value(value));
}

void trim_right(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    width += glyph.width;
    text.remove_prefix(glyph.bytes.size());
  }
  return width;
}

std::string glimpse(const RelationPtr& relation, const Context& context, std::int64_t rows,
                    int width) {
  const Frame frame = relation->backend->collect(head(relation, rows + 1), context);
  const std::size_t shown = std::min(frame.rows(), static_cast<std::size_t>(rows));
  const std::size_t columns = frame.schema().size();

  std::vector<std::string> lines(shown + 2);
  std::size_t fitting = 0;
  int used = 0;
  for (; fitting < columns; ++fitting) {
    const ColumnInfo& info = frame.schema()[fitting];
    std::vector<std::string> cells = {printable(info.name), info.type.name()};
    for (std::size_t row = 0; row < shown; ++row) {
      cells.push_back(cell_text(frame.column(fitting), row));
    }
    int wide = 0;
    for (auto& cell : cells) {
      cell = fitted(cell, kWidestColumn);
      wide = std::max(wide, display_width(cell));
    }
    const int gap = fitting == 0 ? 0 : 2;
    if (fitting > 0 && used + gap + wide > width) break;
    used += gap + wide;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      lines[i] += std::string(static_cast<std::size_t>(gap), ' ') +
                  padded(cells[i], wide, info.type.numeric());
    }
  }

  std::string out;
  for (auto& line : lines) {
    trim_right(line);
    out += line + "\n";
  }
  const bool more = frame.rows() > shown;
  out += fmt::format("{}{} row{} × {} column{}", more ? "first " : "", shown, shown == 1 ? "" : "s",
                     columns, columns == 1 ? "" : "s");
  if (fitting < columns) {
    std::string names;
    for (std::size_t i = fitting; i < columns; ++i) {
      names += (names.empty() ? "" : ", ") + printable(frame.schema()[i].name);
    }
    out += "\n" + fitted(fmt::format("also {}", names), std::max(width, 20));
  }
  return out;
}

}  // namespace impact
