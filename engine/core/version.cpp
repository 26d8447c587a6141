#include "engine/core/version.h"

#include <array>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

using Parts = std::array<std::int64_t, 3>;

std::optional<Parts> read_parts(std::string_view text) {
  Parts parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t dot = text.find('.');
    const auto number = parse_integer(text.substr(0, dot));
    if (!number || *number < 0) return std::nullopt;
    parts[i] = *number;
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
  return std::nullopt;  // A fourth part.
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Whether this engine meets one clause; nullopt: it can't be read.
std::optional<bool> meets(std::string_view clause) {
  const std::size_t digits = clause.find_first_of("0123456789");
  if (digits == std::string_view::npos) return std::nullopt;
  const std::string_view sign = trimmed(clause.substr(0, digits));
  const auto wanted = read_parts(trimmed(clause.substr(digits)));
  if (!wanted) return std::nullopt;
  const Parts own = *read_parts(version());
  if (sign == ">=") return own >= *wanted;
  if (sign == ">") return own > *wanted;
  if (sign == "<=") return own <= *wanted;
  if (sign == "<") return own < *wanted;
  if (sign == "==" || sign.empty()) return own == *wanted;
  return std::nullopt;
}

}  // namespace

std::string_view version() noexcept { return IMPACT_VERSION; }

void require_version(std::string_view requirement) {
  std::string_view rest = requirement;
  bool more = true;
  while (more) {
    const std::size_t comma = rest.find(',');
    const auto met = meets(trimmed(rest.substr(0, comma)));
    if (!met) {
      throw ArgumentError({.what = "the required version of the engine can't be read",
                           .got = "'" + std::string(requirement) + "'",
                           .expected = "\">= 0.1\", \"== 0.2.1\" or \">= 0.1, < 1\""});
    }
    if (!*met) {
      throw ArgumentError({.what = "the study needs another version of Impactlytics",
                           .got = std::string(version()),
                           .expected = std::string(requirement),
                           .hint = "run it with that version, or change engine = in the study"});
    }
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
}

}  // namespace impact
