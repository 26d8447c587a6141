#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/schema.h"

namespace impact {

/// One materialised column: a contiguous buffer per type plus a validity bitmap. Immutable once
/// built; any number of threads may read. Cells that are missing hold zero bits in the buffer and
/// must not be read without asking missing().
class Column {
 public:
  /// Builders take ownership. `valid` is one bit a row, 64 to a word, 1 = present; empty = all
  /// present.
  static Column booleans(std::vector<std::uint8_t> data, std::vector<std::uint64_t> valid = {});
  static Column integers(std::vector<std::int64_t> data, std::vector<std::uint64_t> valid = {});
  static Column numbers(std::vector<double> data, std::vector<std::uint64_t> valid = {});
  /// Row i is bytes [offsets[i], offsets[i + 1]) of `bytes`; offsets has rows + 1 entries.
  /// Throws DataError naming the row when a cell is not valid UTF-8.
  static Column text(std::string bytes, std::vector<std::uint64_t> offsets,
                     std::vector<std::uint64_t> valid = {});
  /// The same, one text a row.
  static Column texts(const std::vector<std::string>& cells, std::vector<std::uint64_t> valid = {});
  static Column dates(std::vector<std::int32_t> days, std::vector<std::uint64_t> valid = {});
  static Column timestamps(std::vector<std::int64_t> micros, std::vector<std::uint64_t> valid = {});
  /// codes index into type.levels.
  static Column categories(Type type, std::vector<std::int32_t> codes,
                           std::vector<std::uint64_t> valid = {});

  [[nodiscard]] const Type& type() const noexcept { return type_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool missing(std::size_t row) const {
    return !valid_.empty() && ((valid_[row / 64] >> (row % 64)) & 1U) == 0;
  }
  [[nodiscard]] std::size_t missing_count() const noexcept { return missing_count_; }

  /// Views of the buffer; each throws InternalError when the type is another.
  [[nodiscard]] std::span<const std::uint8_t> as_booleans() const;
  [[nodiscard]] std::span<const std::int64_t> as_integers() const;
  [[nodiscard]] std::span<const double> as_numbers() const;
  [[nodiscard]] std::span<const std::int32_t> as_dates() const;
  [[nodiscard]] std::span<const std::int64_t> as_timestamps() const;
  [[nodiscard]] std::span<const std::int32_t> as_codes() const;
  [[nodiscard]] std::string_view text_at(std::size_t row) const;  ///< Text and category columns.
  [[nodiscard]] Value value(std::size_t row) const;               ///< Any type; for borders only.
  /// A double per row, one pass: integers and booleans convert (throws DataError at |x| > 2^53),
  /// missing becomes NaN. The span stays valid while the column lives: for number columns without
  /// missing cells no copy is made.
  [[nodiscard]] std::span<const double> to_numbers(std::vector<double>& storage) const;
  [[nodiscard]] std::uint64_t bytes() const noexcept;  ///< Memory held.

 private:
  /// A column of cells of one size.
  template <class T>
  static Column of(Type type, std::vector<T> data, std::vector<std::uint64_t> valid);

  Type type_;
  std::size_t size_ = 0;
  std::size_t missing_count_ = 0;
  std::vector<std::uint64_t> valid_;
  std::variant<std::vector<std::uint8_t>, std::vector<std::int64_t>, std::vector<double>,
               std::vector<std::int32_t>>
      data_;
  std::string bytes_;
  std::vector<std::uint64_t> offsets_;
};

/// Columns of equal length with their names: what a relation becomes when it is collected.
class Frame {
 public:
  Frame() = default;
  /// Throws ArgumentError when lengths or names clash.
  Frame(std::vector<std::string> names, std::vector<Column> columns);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] const Schema& schema() const noexcept { return schema_; }
  [[nodiscard]] const Column& column(std::size_t i) const { return columns_[i]; }
  /// Throws ArgumentError with a suggestion.
  [[nodiscard]] const Column& column(std::string_view name) const;
  [[nodiscard]] std::uint64_t bytes() const noexcept;

 private:
  Schema schema_;
  std::vector<Column> columns_;
  std::size_t rows_ = 0;
};

}  // namespace impact
