#include "engine/render/terminal_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace impact {
namespace {

constexpr utf8proc_int32_t kPictureSelector = 0xFE0F;

struct Glyph {
  std::string_view bytes;
  std::size_t width = 0;
  utf8proc_int32_t code = -1;  // -1: a byte that begins no character.
  bool control = false;
};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// The first character of a text that is not empty; `before` is the width of the one before it.
Glyph first_glyph(std::string_view text, std::size_t before) {
  utf8proc_int32_t code = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (length <= 0) return {text.substr(0, 1), 1, -1, true};
  Glyph glyph{text.substr(0, static_cast<std::size_t>(length)), 0, code, false};
  const utf8proc_category_t category = utf8proc_category(code);
  // Also formats: marks of direction could turn a line around.
  glyph.control = category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
                  category == UTF8PROC_CATEGORY_ZP || code == 0x200E || code == 0x200F ||
                  code == 0x061C || (code >= 0x202A && code <= 0x202E) ||
                  (code >= 0x2066 && code <= 0x2069);
  if (glyph.control) {
    glyph.width = 1;
  } else if (code == kPictureSelector) {
    glyph.width = before == 1 ? 1 : 0;
  } else {
    glyph.width = static_cast<std::size_t>(std::max(0, utf8proc_charwidth(code)));
  }
  return glyph;
}

}  // namespace

std::size_t text_width(std::string_view text) {
  if (is_ascii(text)) return text.size();
  std::size_t width = 0;
  std::size_t before = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text, before);
    before = glyph.width;
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
  std::size_t before = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text, before);
    if (used + glyph.width > room) break;
    line += glyph.control ? std::string_view("?") : glyph.bytes;
    before = glyph.width;
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

std::string fit_middle(std::string_view text, std::size_t width) {
  if (width < 3 || text_width(text) <= width) return fit_text(text, width);
  // The longest ending that leaves room for as long a beginning.
  std::string_view end = text;
  std::size_t before = 0;
  while (text_width(end) > width / 2) {
    const Glyph glyph = first_glyph(end, before);
    before = glyph.width;
    end.remove_prefix(glyph.bytes.size());
  }
  std::string out(fit_text(text, width - text_width(end)));
  while (out.ends_with(' ')) out.pop_back();
  out += end;
  return out + std::string(width - std::min(width, text_width(out)), ' ');
}

std::string printable_text(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text, 0);
    if (!glyph.control) {
      out += glyph.bytes;
    } else if (glyph.code == '\n') {
      out += "\\n";
    } else if (glyph.code == '\t') {
      out += "\\t";
    } else if (glyph.code == '\r') {
      out += "\\r";
    } else if (glyph.code < 0x80) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(glyph.bytes[0]));
    } else {
      out += fmt::format("\\u{{{:x}}}", glyph.code);
    }
    text.remove_prefix(glyph.bytes.size());
  }
  return out;
}

std::vector<std::string> wrap_text(std::string_view text, std::size_t width, std::size_t most) {
  std::vector<std::string> lines;
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    std::string word(text.substr(at, end - at));
    at = end + 1;
    if (word.empty()) continue;
    std::size_t wide = text_width(word);
    if (wide > width) {
      word = fit_text(word, width);
      wide = width;
    }
    if (!lines.empty() && used + 1 + wide <= width) {
      lines.back() += " " + word;
      used += 1 + wide;
      continue;
    }
    if (most > 0 && lines.size() == most) {
      lines.back() = used + 2 <= width ? lines.back() + " …" : fit_text(lines.back() + " …", width);
      return lines;
    }
    lines.push_back(std::move(word));
    used = wide;
  }
  return lines;
}

std::string painted(const std::string& text, const std::string& colour, bool use) {
  if (!use || colour.size() != 7) return text;
  const auto part = [&](std::size_t at) {
    return std::strtol(colour.substr(at, 2).c_str(), nullptr, 16);
  };
  return fmt::format("\x1b[38;2;{};{};{}m{}\x1b[0m", part(1), part(3), part(5), text);
}

std::string bold(const std::string& text, bool use) {
  return use ? "\x1b[1m" + text + "\x1b[0m" : text;
}

std::string dim(const std::string& text, bool use) {
  return use ? "\x1b[2m" + text + "\x1b[0m" : text;
}

}  // namespace impact
