#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace impact {

/// What a column can hold. Narrow on purpose: every backend maps its own types onto these seven
/// (small integers widen to Integer, float to Number; see docs/architecture.md for the map).
enum class TypeKind {
  kBoolean,
  kInteger,    ///< 64-bit signed; ids above 2^53 survive
  kNumber,     ///< IEEE double; NaN is a value, missing is not NaN
  kText,       ///< UTF-8
  kDate,       ///< days since 1970-01-01
  kTimestamp,  ///< microseconds since 1970-01-01T00:00:00Z
  kCategory,   ///< one of a declared, ordered list of levels
};

/// A column type. Levels are present for kCategory only and are shared between copies.
struct Type {
  TypeKind kind = TypeKind::kText;
  std::shared_ptr<const std::vector<std::string>> levels;

  [[nodiscard]] bool numeric() const noexcept {
    return kind == TypeKind::kInteger || kind == TypeKind::kNumber;
  }
  /// "boolean", "integer", "number", "text", "date", "timestamp", "category".
  [[nodiscard]] std::string name() const;
  bool operator==(const Type& other) const;  ///< Same kind and same levels in the same order.
};

[[nodiscard]] Type boolean_type();
[[nodiscard]] Type integer_type();
[[nodiscard]] Type number_type();
[[nodiscard]] Type text_type();
[[nodiscard]] Type date_type();
[[nodiscard]] Type timestamp_type();
/// Throws ArgumentError on a duplicate or empty list of levels.
[[nodiscard]] Type category_type(std::vector<std::string> levels);
/// Inverse of Type::name() for all but category. Throws ArgumentError that lists the good names.
[[nodiscard]] Type parse_type(std::string_view name);

struct Date {
  std::int32_t days = 0;
  auto operator<=>(const Date&) const = default;
};
struct Timestamp {
  std::int64_t micros = 0;
  auto operator<=>(const Timestamp&) const = default;
};

/// One cell. monostate is missing. A category cell travels as its text.
using Value =
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Date, Timestamp>;

/// ISO 8601: "2024-02-29", "2024-02-29T12:00:00Z" (fraction only when not zero).
[[nodiscard]] std::string format_date(Date date);
[[nodiscard]] std::string format_timestamp(Timestamp timestamp);
/// For messages and plain text: missing prints as "missing", numbers as format_double, text as is.
[[nodiscard]] std::string format_value(const Value& value);

}  // namespace impact
