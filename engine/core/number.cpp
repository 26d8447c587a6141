#include "engine/core/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/core/error.h"

namespace impact {
namespace {

constexpr std::string_view kNaN = "NaN";
constexpr std::string_view kInfinity = "Infinity";
constexpr std::string_view kMinusInfinity = "-Infinity";

struct ByteUnit {
  std::string_view name;  // lower case
  std::uint64_t bytes;
};

constexpr std::array kByteUnits{
    ByteUnit{"", 1},
    ByteUnit{"b", 1},
    ByteUnit{"k", 1'000},
    ByteUnit{"kb", 1'000},
    ByteUnit{"m", 1'000'000},
    ByteUnit{"mb", 1'000'000},
    ByteUnit{"g", 1'000'000'000},
    ByteUnit{"gb", 1'000'000'000},
    ByteUnit{"t", 1'000'000'000'000},
    ByteUnit{"tb", 1'000'000'000'000},
    ByteUnit{"kib", std::uint64_t{1} << 10U},
    ByteUnit{"mib", std::uint64_t{1} << 20U},
    ByteUnit{"gib", std::uint64_t{1} << 30U},
    ByteUnit{"tib", std::uint64_t{1} << 40U},
};

std::optional<std::uint64_t> unit_bytes(std::string_view unit) {
  std::string lower(unit);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const ByteUnit& known : kByteUnits) {
    if (known.name == lower) return known.bytes;
  }
  return std::nullopt;
}

// Whole numbers go the exact way, so that every 64-bit count of bytes can be written.
std::optional<std::uint64_t> scale_bytes(std::string_view number, std::uint64_t unit) {
  std::uint64_t whole = 0;
  const char* end = number.data() + number.size();
  const auto [stop, status] = std::from_chars(number.data(), end, whole);
  if (status == std::errc() && stop == end) {
    if (whole > std::numeric_limits<std::uint64_t>::max() / unit) return std::nullopt;
    return whole * unit;
  }
  const std::optional<double> fraction = parse_double(number);
  if (!fraction || !(*fraction >= 0.0)) return std::nullopt;
  const double bytes = std::floor(*fraction * static_cast<double>(unit));
  if (!(bytes < 0x1p64)) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

// Length of the valid UTF-8 sequence at the start of `text`, 0 when there is none (Unicode 15,
// table 3-7: the ranges of the second byte shut out overlong forms, surrogates and > U+10FFFF).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80U) return 1;
  if (lead < 0xC2U || lead > 0xF4U) return 0;
  if (lead < 0xE0U) return within(1, 0x80U, 0xBFU) ? 2 : 0;
  if (lead < 0xF0U) {
    const unsigned low = lead == 0xE0U ? 0xA0U : 0x80U;
    const unsigned high = lead == 0xEDU ? 0x9FU : 0xBFU;
    return within(1, low, high) && within(2, 0x80U, 0xBFU) ? 3 : 0;
  }
  const unsigned low = lead == 0xF0U ? 0x90U : 0x80U;
  const unsigned high = lead == 0xF4U ? 0x8FU : 0xBFU;
  return within(1, low, high) && within(2, 0x80U, 0xBFU) && within(3, 0x80U, 0xBFU) ? 4 : 0;
}

}  // namespace

std::string format_double(double value) {
  if (std::isnan(value)) return std::string(kNaN);
  if (std::isinf(value)) return std::string(value > 0 ? kInfinity : kMinusInfinity);
  const double size = std::fabs(value);
  const bool plain = size == 0.0 || (size >= 1e-4 && size < 1e16);
  std::array<char, 32> buffer{};
  const auto [end, status] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  if (status != std::errc())
    throw InternalError({.what = "a double needs more than 32 characters"});
  std::string text(buffer.data(), end);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string format_integer(std::int64_t value) { return std::to_string(value); }

std::optional<double> parse_double(std::string_view text) {
  if (text == kNaN) return std::numeric_limits<double>::quiet_NaN();
  if (text == kInfinity) return std::numeric_limits<double>::infinity();
  if (text == kMinusInfinity) return -std::numeric_limits<double>::infinity();
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  // from_chars also reads "inf", "nan(1)" and the like; those are words here, not numbers.
  if (status != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (status != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::uint64_t parse_bytes(std::string_view text, std::string_view what) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::size_t unit = std::min(text.find_first_not_of(' ', digits), text.size());
  const std::optional<std::uint64_t> factor = unit_bytes(text.substr(unit));
  const std::optional<std::uint64_t> bytes =
      factor ? scale_bytes(text.substr(0, digits), *factor) : std::nullopt;
  if (bytes) return *bytes;
  throw ArgumentError({.what = std::string(what) + " is not an amount of memory",
                       .got = std::string(text),
                       .expected = "a number and a unit: B, kB, MB, GB, TB (powers of 1000) or "
                                   "KiB, MiB, GiB, TiB (powers of 1024)",
                       .hint = "write for example \"4GB\" or \"512 MiB\""});
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    // Eight ASCII bytes at a time: none has its high bit set.
    std::uint64_t word = 0;
    while (i + sizeof word <= text.size()) {
      std::memcpy(&word, text.data() + i, sizeof word);
      if ((word & 0x8080808080808080U) != 0) break;
      i += sizeof word;
    }
    if (i == text.size()) break;
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

}  // namespace impact
