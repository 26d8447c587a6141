#include "engine/table/duckdb/errors.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/table/duckdb/bind_errors.h"
#include "engine/table/duckdb/functions.h"

namespace impact::duck {

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

std::string shown_cell(std::string_view cell) {
  constexpr std::size_t kWidth = 60;
  if (cell.size() <= kWidth) return "'" + std::string(cell) + "'";
  std::size_t end = kWidth;
  while (end > 0 && (static_cast<unsigned char>(cell[end]) & 0xC0U) == 0x80U) --end;
  return "'" + std::string(cell.substr(0, end)) + "...'";
}

void raise(const QueryError& error, const ErrorScope& scope) {
  const std::string& kind = error.kind();
  const std::string& message = error.message();
  if (kind == "INTERRUPT") throw Cancelled();
  if (contains(message, "No space left on device")) {
    throw IoError({.what = "the disk is full",
                   .where = scope.where,
                   .hint = "free some space, or put temporary files on another disk"});
  }
  if (kind == "Out of Memory") {
    throw ResourceError(
        {.what = "the memory limit is too small for this step",
         .where = scope.where,
         .got = first_line(message),
         .hint = "raise --memory, or keep fewer rows and columns before this step"});
  }
  if (kind == "Permission") {
    throw IoError({.what = "a file lies outside the folders that may be read",
                   .where = scope.where,
                   .hint = "name its folder with --data"});
  }
  if (kind == "IO") throw IoError({.what = first_line(message), .where = scope.where});
  if (kind == "Binder" || kind == "Catalog" || contains(message, "Unimplemented type for cast")) {
    raise_unbound(error, scope);
  }
  if (kind == "Parser" || kind == "Syntax") {
    throw ArgumentError(
        {.what = "the text is not valid SQL: " + first_line(message), .where = scope.where});
  }
  if (message.starts_with(kBadInteger)) {
    throw DataError({.what = "a text is not an integer",
                     .where = scope.where,
                     .got = message.substr(kBadInteger.size()),
                     .expected = "digits such as 12 or -3, within 64 bits",
                     .hint = "to_number reads decimals"});
  }
  if (message.starts_with(kNotWhole)) {
    throw DataError({.what = "a number is not an integer of 64 bits",
                     .where = scope.where,
                     .got = message.substr(kNotWhole.size()),
                     .expected = "a whole number between -2^63 and 2^63 - 1",
                     .hint = "use round, floor or ceil first, or keep it as a number"});
  }
  if (message.starts_with(kBadTimestamp)) {
    throw DataError({.what = "a text is not a time in ISO form",
                     .where = scope.where,
                     .got = message.substr(kBadTimestamp.size()),
                     .expected = "2024-02-29 or 2024-02-29T12:00:00Z"});
  }
  if (kind == "Conversion" || kind == "Out of Range" || kind == "Invalid Input" ||
      kind == "Mismatch Type" || kind == "Decimal") {
    std::string hint;
    // "Type UINT64 with value 18446744073709551615 can't be cast because the value is out of range
    // for the destination type INT64"
    const std::size_t value = message.find("with value ");
    const std::size_t end = message.find(" can't be cast");
    if (value != std::string::npos && end != std::string::npos && value < end &&
        message.find("destination type INT64") != std::string::npos) {
      throw DataError({.what = "an integer does not fit 64 bits",
                       .where = scope.where,
                       .got = message.substr(value + 11, end - value - 11),
                       .hint = "declare the column as text"});
    }
    // "Could not convert string 'x' to INT64 when casting from source column a"
    constexpr std::string_view kConvert = "Could not convert string ";
    if (const std::size_t at = message.find(kConvert); at != std::string::npos) {
      const std::size_t begin = at + kConvert.size();
      const std::size_t stop = message.find("' to ", begin);
      if (stop != std::string::npos && message[begin] == '\'') {
        const std::size_t type = stop + 5;
        throw DataError(
            {.what = "a text cannot be converted",
             .where = scope.where,
             .got = shown_cell(std::string_view(message).substr(begin + 1, stop - begin - 1)),
             .expected =
                 type_words(message.substr(type, message.find_first_of(" \n", type) - type))});
      }
    }
    // "invalid date field format: "x", expected format is (YYYY-MM-DD)", "timestamp field value out
    // of range: "2024-13-01", ..."
    for (const std::string_view type : {"timestamp", "date"}) {
      const std::string mark = std::string(type) + " field";
      if (!contains(message, mark) ||
          (!contains(message, "format") && !contains(message, "out of range"))) {
        continue;
      }
      throw DataError({.what = fmt::format("a text is not a {}", type),
                       .where = scope.where,
                       .got = shown_cell(between(message, mark)),
                       .expected = type == "date" ? "YYYY-MM-DD, a day of the calendar"
                                                  : "2024-02-29 or 2024-02-29T12:00:00Z"});
    }
    if (const std::string part = between(message, "extract specifier"); !part.empty()) {
      throw ArgumentError({.what = "no part of a date is named '" + part + "'",
                           .where = scope.where,
                           .got = part,
                           .expected = "year, quarter, month, week, day, hour, minute or second"});
    }
    if (kind == "Out of Range") {
      hint = "multiply or add as numbers: x * 1.0";
    }
    throw DataError(
        {.what = in_our_words(first_line(message)), .where = scope.where, .hint = hint});
  }
  throw InternalError({.what = "the table engine failed: " + first_line(message),
                       .where = scope.where,
                       .got = kind});
}

}  // namespace impact::duck
