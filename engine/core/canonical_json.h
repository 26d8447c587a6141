#pragma once

#include <string>
#include <string_view>
#include <nlohmann/json_fwd.hpp>

namespace impact {

/// Canonical text of a JSON value: object keys sorted bytewise, no white space, doubles as
/// format_double writes them (so 3.0 stays "3.0" and 3 stays "3"), 64-bit integers exact, strings
/// escaped minimally (\" \\ \b \f \n \r \t and \u00XX for other controls; UTF-8 kept). NaN and the
/// infinities, which JSON cannot hold, become null. Equal values give equal bytes on every machine.
/// Throws DataError on invalid UTF-8, naming the path inside the value.
[[nodiscard]] std::string canonical_json(const nlohmann::json& value);
/// The same rules, but keys in insertion order and two-space indentation, without a last newline:
/// for files people read.
[[nodiscard]] std::string pretty_json(const nlohmann::ordered_json& value);

/// Parses strict JSON (RFC 8259: no comments, no trailing commas) with no duplicate keys, valid
/// UTF-8, at most 256 levels, and only numbers that keep their value: integers of 64 bits are
/// exact, longer ones and doubles out of range are refused. A leading byte order mark is skipped.
/// Throws DataError with line and column (in characters, from 1); `where` names the text in it.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, std::string_view where);

/// Hex SHA-256 of canonical_json(value).
[[nodiscard]] std::string hash_json(const nlohmann::json& value);

}  // namespace impact
