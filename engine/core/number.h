#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace impact {

/// Shortest decimal digits that read back to the same bits, independent of locale. Plain notation
/// for 0 and for 1e-4 <= |value| < 1e16, always with a fraction so that the type survives ("3.0",
/// "0.1", "-0.0", "100000.0"); scientific with a sign and at least two exponent digits elsewhere
/// ("1e-05", "1.5e+300", "1e+22"). Also "NaN" (whatever its sign), "Infinity", "-Infinity".
[[nodiscard]] std::string format_double(double value);

/// The same for integers: plain decimal digits.
[[nodiscard]] std::string format_integer(std::int64_t value);

/// Whole-string parse, no surrounding space, no leading '+', locale-independent; nullopt when
/// anything is left over or the value does not fit (1e999, 1e-999). Of the words, only those that
/// format_double writes are read: "NaN", "Infinity", "-Infinity".
[[nodiscard]] std::optional<double> parse_double(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

/// "4GB", "512 MB", "1.5GiB", "1000000" -> bytes. kB, MB, GB, TB (or k, M, G, T) are powers of
/// 1000; KiB, MiB, GiB, TiB powers of 1024; case does not matter; a fraction of a byte is dropped.
/// Throws ArgumentError naming `what` on anything else, also on 2^64 bytes and more.
[[nodiscard]] std::uint64_t parse_bytes(std::string_view text, std::string_view what);

/// Byte offset of the first invalid UTF-8 sequence (overlong, surrogate, > U+10FFFF, truncated),
/// or nullopt when all of `text` is valid.
[[nodiscard]] std::optional<std::size_t> find_invalid_utf8(std::string_view text);

}  // namespace impact
