#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/type.h"

/// The little of CSV that is read outside DuckDB: the header, delimiters, and
/// what a cell looks like.
namespace impact::duck {

/// Cuts text into records of fields: a delimiter, a quote that is doubled
/// inside quotes (0: none), records ended by \n, \r\n or \r outside quotes.
/// Bytes in, bytes out.
class CsvRecords {
 public:
  CsvRecords(std::string_view text, char delimiter, char quote)
      : text_(text), delimiter_(delimiter), quote_(quote) {}
  /// Drops `count` lines, then blank ones. Returns how many blank ones.
  std::size_t skip_lines(std::size_t count);
  /// The next record; nullopt at the end.
  [[nodiscard]] std::optional<std::vector<std::string>> next();
  [[nodiscard]] std::size_t position() const noexcept { return at_; }

 private:
  std::string_view text_;
  char delimiter_;
  char quote_;
  std::size_t at_ = 0;
};

/// The delimiter that the text plainly uses although it reads as one column
/// under `delimiter`: the first of , ; tab | that cuts the leading records into
/// the same number, at least two, of fields. nullopt when there is none.
[[nodiscard]] std::optional<char> better_delimiter(std::string_view text, char delimiter,
                                                   char quote);

/// What a column of texts can be, found cell by cell.
class TypeGuess {
 public:
  void see(std::string_view cell) noexcept;
  /// Text when nothing was seen or nothing narrower fits all cells. true and
  /// false are boolean; decimal digits that fit 64 bits integer, but text when
  /// one has a leading zero (a code, not a quantity) or is longer than 64 bits
  /// hold (an identifier); other decimal notation number; YYYY-MM-DD date; that
  /// with T or a blank, hh:mm:ss, a fraction and Z or +hh:mm timestamp.
  [[nodiscard]] Type type() const;

 private:
  bool seen_ = false;
  bool boolean_ = true;
  bool integer_ = true;
  bool number_ = true;
  bool date_ = true;
  bool timestamp_ = true;
};

}  // namespace impact::duck
