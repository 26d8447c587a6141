#include <chrono>
#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/table/duckdb/errors.h"
#include "engine/table/duckdb/functions.h"

namespace impact::duck {

namespace {

// Any integer: blanks around it, a sign, and as many digits as fit 64 bits.
bool parse_any_integer(const char* at, const char* end, std::int64_t& value) noexcept {
  while (at != end && *at == ' ') ++at;
  while (at != end && end[-1] == ' ') --end;
  const bool negative = at != end && *at == '-';
  if (at != end && (*at == '-' || *at == '+')) ++at;
  if (at == end) return false;
  std::uint64_t sum = 0;
  for (; at != end; ++at) {
    const auto digit = static_cast<std::uint64_t>(static_cast<unsigned char>(*at) - '0');
    std::uint64_t scaled = 0;
    if (digit > 9 || __builtin_mul_overflow(sum, std::uint64_t{10}, &scaled) ||
        __builtin_add_overflow(scaled, digit, &sum)) {
      return false;
    }
  }
  const std::uint64_t limit = (std::uint64_t{1} << 63) - (negative ? 0 : 1);
  if (sum > limit) return false;
  value = static_cast<std::int64_t>(negative ? ~sum + 1 : sum);
  return true;
}

}  // namespace

bool parse_cell_integer(std::string_view cell, std::int64_t& value) noexcept {
  // Nearly every cell is digits alone, and eighteen of them cannot overflow.
  std::uint64_t sum = 0;
  const char* at = cell.data();
  const char* end = at + cell.size();
  if (cell.empty() || cell.size() > 18) return parse_any_integer(at, end, value);
  for (const char c : cell) {
    const auto digit = static_cast<std::uint64_t>(static_cast<unsigned char>(c) - '0');
    if (digit > 9) return parse_any_integer(at, end, value);
    sum = sum * 10 + digit;
  }
  value = static_cast<std::int64_t>(sum);
  return true;
}

namespace {

// Reads exactly `count` digits off the front, or fails.
bool take_digits(std::string_view& text, std::size_t count, int& value) noexcept {
  if (text.size() < count) return false;
  value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) noexcept {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

// Z, +hh, +hhmm, +hh:mm or nothing, as minutes ahead of UTC.
bool take_zone(std::string_view& text, int& minutes) noexcept {
  minutes = 0;
  if (text.empty() || take(text, 'Z')) return true;
  const bool west = text[0] == '-';
  if (!take(text, '+') && !take(text, '-')) return false;
  int hour = 0;
  int minute = 0;
  if (!take_digits(text, 2, hour) || hour > 23) return false;
  if (!text.empty()) {
    (void)take(text, ':');
    if (!take_digits(text, 2, minute) || minute > 59) return false;
  }
  minutes = (west ? -1 : 1) * (hour * 60 + minute);
  return true;
}

}  // namespace

bool parse_cell_timestamp(std::string_view cell, std::int64_t& micros) noexcept {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take_digits(cell, 4, year) || !take(cell, '-') || !take_digits(cell, 2, month) ||
      !take(cell, '-') || !take_digits(cell, 2, day) || year == 0) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  constexpr std::int64_t kMinute = 60'000'000;
  micros = std::chrono::sys_days(date).time_since_epoch().count() * (24 * 60 * kMinute);
  if (cell.empty()) return true;
  if (!take(cell, 'T') && !take(cell, ' ')) return false;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take_digits(cell, 2, hour) || !take(cell, ':') || !take_digits(cell, 2, minute) ||
      !take(cell, ':') || !take_digits(cell, 2, second) || hour > 23 || minute > 59 ||
      second > 59) {
    return false;
  }
  micros += (hour * 60 + minute) * kMinute + second * std::int64_t{1'000'000};
  if (take(cell, '.')) {
    std::int64_t unit = 100'000;
    std::size_t digits = 0;
    for (; digits < cell.size() && cell[digits] >= '0' && cell[digits] <= '9'; ++digits) {
      micros += (cell[digits] - '0') * unit;
      unit /= 10;
    }
    if (digits == 0 || digits > 6) return false;
    cell.remove_prefix(digits);
  }
  int zone = 0;
  if (!take_zone(cell, zone) || !cell.empty()) return false;
  micros -= zone * kMinute;
  return true;
}

namespace {

// The way one SQL type becomes a 64-bit value: the type of a cell, the failure's first words, the
// conversion and the text of a cell that has none.
struct TextToInteger {
  using Cell = duckdb_string_t;
  static constexpr std::string_view kFailure = kBadInteger;
  static bool parse(const Cell& cell, std::int64_t& value) noexcept {
    return parse_cell_integer(text_cell(cell), value);
  }
  static std::string shown(const Cell& cell) { return shown_cell(text_cell(cell)); }
};

struct TextToTimestamp {
  using Cell = duckdb_string_t;
  static constexpr std::string_view kFailure = kBadTimestamp;
  static bool parse(const Cell& cell, std::int64_t& value) noexcept {
    return parse_cell_timestamp(text_cell(cell), value);
  }
  static std::string shown(const Cell& cell) { return shown_cell(text_cell(cell)); }
};

struct NumberToInteger {
  using Cell = double;
  static constexpr std::string_view kFailure = kNotWhole;
  static bool parse(const Cell& cell, std::int64_t& value) noexcept {
    constexpr double kLimit = 9223372036854775808.0;  // 2^63
    if (!(cell >= -kLimit && cell < kLimit) || std::trunc(cell) != cell) return false;
    value = static_cast<std::int64_t>(cell);
    return true;
  }
  static std::string shown(const Cell& cell) { return format_double(cell); }
};

// upper * 2^64 + lower; in range when the upper half only repeats the sign.
struct WideToInteger {
  using Cell = duckdb_hugeint;
  static constexpr std::string_view kFailure = kNotWhole;
  static bool parse(const Cell& cell, std::int64_t& value) noexcept {
    value = static_cast<std::int64_t>(cell.lower);
    return cell.upper == (value < 0 ? -1 : 0);
  }
  static std::string shown(const Cell& cell) {
    return format_double(duckdb_hugeint_to_double(cell));
  }
};

struct IntegerToInteger {
  using Cell = std::int64_t;
  static constexpr std::string_view kFailure = kNotWhole;
  static bool parse(const Cell& cell, std::int64_t& value) noexcept {
    value = cell;
    return true;
  }
  static std::string shown(const Cell& cell) { return format_integer(cell); }
};

struct BooleanToInteger {
  using Cell = bool;
  static constexpr std::string_view kFailure = kNotWhole;
  static bool parse(const Cell& cell, std::int64_t& value) noexcept {
    value = cell ? 1 : 0;
    return true;
  }
  static std::string shown(const Cell& cell) { return cell ? "true" : "false"; }
};

template <class From>
void convert(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const idx_t rows = duckdb_data_chunk_get_size(input);
  duckdb_vector argument = duckdb_data_chunk_get_vector(input, 0);
  const auto* cells = static_cast<const typename From::Cell*>(duckdb_vector_get_data(argument));
  const std::uint64_t* validity = duckdb_vector_get_validity(argument);
  auto* values = static_cast<std::int64_t*>(duckdb_vector_get_data(output));
  std::uint64_t* result_validity = nullptr;
  for (idx_t row = 0; row < rows; ++row) {
    if (!present(validity, row)) {
      if (result_validity == nullptr) {
        duckdb_vector_ensure_validity_writable(output);
        result_validity = duckdb_vector_get_validity(output);
      }
      duckdb_validity_set_row_invalid(result_validity, row);
      continue;
    }
    if (!From::parse(cells[row], values[row])) {
      const std::string message = std::string(From::kFailure) + From::shown(cells[row]);
      duckdb_scalar_function_set_error(info, message.c_str());
      return;
    }
  }
}

struct Overload {
  duckdb_type from;
  duckdb_scalar_function_t body;
};

void register_cast(Connection& connection, const char* name, duckdb_type target,
                   std::initializer_list<Overload> overloads) {
  duckdb_scalar_function_set set = duckdb_create_scalar_function_set(name);
  for (const Overload& overload : overloads) {
    duckdb_scalar_function function = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(function, name);
    duckdb_scalar_function_add_parameter(function, LogicalType(overload.from).get());
    duckdb_scalar_function_set_return_type(function, LogicalType(target).get());
    duckdb_scalar_function_set_function(function, overload.body);
    (void)duckdb_add_scalar_function_to_set(set, function);
    duckdb_destroy_scalar_function(&function);
  }
  const duckdb_state state = duckdb_register_scalar_function_set(connection.get(), set);
  duckdb_destroy_scalar_function_set(&set);
  if (state == DuckDBError) {
    throw InternalError({.what = std::string(name) + " cannot be registered"});
  }
}

}  // namespace

void register_casts(Connection& connection) {
  register_cast(connection, "impact_integer", DUCKDB_TYPE_BIGINT,
                {{DUCKDB_TYPE_VARCHAR, convert<TextToInteger>},
                 {DUCKDB_TYPE_DOUBLE, convert<NumberToInteger>},
                 {DUCKDB_TYPE_HUGEINT, convert<WideToInteger>},
                 {DUCKDB_TYPE_BIGINT, convert<IntegerToInteger>},
                 {DUCKDB_TYPE_BOOLEAN, convert<BooleanToInteger>}});
  register_cast(connection, "impact_timestamp", DUCKDB_TYPE_TIMESTAMP,
                {{DUCKDB_TYPE_VARCHAR, convert<TextToTimestamp>}});
}

}  // namespace impact::duck
