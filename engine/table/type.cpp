#include "engine/table/type.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

constexpr std::array<std::pair<std::string_view, TypeKind>, 7> kNames = {{
    {"boolean", TypeKind::kBoolean},
    {"integer", TypeKind::kInteger},
    {"number", TypeKind::kNumber},
    {"text", TypeKind::kText},
    {"date", TypeKind::kDate},
    {"timestamp", TypeKind::kTimestamp},
    {"category", TypeKind::kCategory},
}};

struct Civil {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

// Days since 1970-01-01 to a proleptic Gregorian date, counted from 0000-03-01 so that the leap day
// is the last of its year (Hinnant, "chrono-compatible low-level date algorithms").
Civil civil_from_days(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

}  // namespace

std::string Type::name() const {
  for (const auto& [text, value] : kNames) {
    if (value == kind) return std::string(text);
  }
  return {};
}

bool Type::operator==(const Type& other) const {
  if (kind != other.kind) return false;
  if (kind != TypeKind::kCategory || levels == other.levels) return true;
  return levels != nullptr && other.levels != nullptr && *levels == *other.levels;
}

Type boolean_type() { return {TypeKind::kBoolean, nullptr}; }
Type integer_type() { return {TypeKind::kInteger, nullptr}; }
Type number_type() { return {TypeKind::kNumber, nullptr}; }
Type text_type() { return {TypeKind::kText, nullptr}; }
Type date_type() { return {TypeKind::kDate, nullptr}; }
Type timestamp_type() { return {TypeKind::kTimestamp, nullptr}; }

Type category_type(std::vector<std::string> levels) {
  if (levels.empty()) {
    throw ArgumentError({.what = "a category needs at least one level",
                         .got = "an empty list",
                         .hint = "list the levels in their order: category { \"low\", \"high\" }"});
  }
  std::set<std::string_view> seen;
  for (const auto& level : levels) {
    if (!seen.insert(level).second) {
      throw ArgumentError({.what = "a category names a level twice", .got = level});
    }
  }
  return {TypeKind::kCategory, std::make_shared<const std::vector<std::string>>(std::move(levels))};
}

Type parse_type(std::string_view name) {
  std::vector<std::string> good;
  for (const auto& [text, value] : kNames) {
    if (value == TypeKind::kCategory) continue;
    if (text == name) return {value, nullptr};
    good.emplace_back(text);
  }
  throw ArgumentError({.what = fmt::format("no type '{}'", name),
                       .got = std::string(name),
                       .expected = list_words(good) + ", category { ... }",
                       .hint = did_you_mean(name, good)});
}

std::string format_date(Date date) {
  const Civil c = civil_from_days(date.days);
  return fmt::format("{:04}-{:02}-{:02}", c.year, c.month, c.day);
}

std::string format_timestamp(Timestamp timestamp) {
  constexpr std::int64_t kDay = 86'400'000'000;
  std::int64_t days = timestamp.micros / kDay;
  std::int64_t rest = timestamp.micros % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  const Civil c = civil_from_days(days);
  const std::int64_t seconds = rest / 1'000'000;
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day,
                                 seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (rest % 1'000'000 != 0) {
    std::string fraction = fmt::format("{:06}", rest % 1'000'000);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text + "Z";
}

std::string format_value(const Value& value) {
  struct Formatter {
    std::string operator()(std::monostate) const { return "missing"; }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return format_integer(v); }
    std::string operator()(double v) const { return format_double(v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(Date v) const { return format_date(v); }
    std::string operator()(Timestamp v) const { return format_timestamp(v); }
  };
  return std::visit(Formatter{}, value);
}

}  // namespace impact
