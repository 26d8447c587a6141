#include "engine/table/frame.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {

namespace {

constexpr std::int64_t kExactInteger = std::int64_t{1} << 53;

[[noreturn]] void wrong_view(const char* wanted, const Type& type) {
  throw InternalError({.what = "a column is read as another type than it has",
                       .got = type.name(),
                       .expected = wanted});
}

// Clears the bits behind the last row and counts the missing ones.
std::size_t settle(std::vector<std::uint64_t>& valid, std::size_t rows) {
  if (valid.empty()) return 0;
  const std::size_t words = (rows + 63) / 64;
  if (valid.size() != words) {
    throw InternalError({.what = "the validity bitmap of a column has another length than its data",
                         .got = format_integer(static_cast<std::int64_t>(valid.size())),
                         .expected = format_integer(static_cast<std::int64_t>(words))});
  }
  if (rows % 64 != 0) valid.back() &= (std::uint64_t{1} << (rows % 64)) - 1;
  std::size_t present = 0;
  for (const std::uint64_t word : valid) present += static_cast<std::size_t>(std::popcount(word));
  if (present == rows) valid.clear();
  return rows - present;
}

// Missing cells hold zero bits, so that equal columns have equal bytes.
template <class T>
void blank_missing(std::vector<T>& data, const std::vector<std::uint64_t>& valid) {
  for (std::size_t word = 0; word < valid.size(); ++word) {
    std::uint64_t absent = ~valid[word];
    while (absent != 0) {
      const std::size_t row = word * 64 + static_cast<std::size_t>(std::countr_zero(absent));
      if (row >= data.size()) break;
      data[row] = T{};
      absent &= absent - 1;
    }
  }
}

}  // namespace

template <class T>
Column Column::of(Type type, std::vector<T> data, std::vector<std::uint64_t> valid) {
  Column column;
  column.type_ = std::move(type);
  column.size_ = data.size();
  column.missing_count_ = settle(valid, data.size());
  blank_missing(data, valid);
  column.valid_ = std::move(valid);
  column.data_ = std::move(data);
  return column;
}

Column Column::booleans(std::vector<std::uint8_t> data, std::vector<std::uint64_t> valid) {
  return of(boolean_type(), std::move(data), std::move(valid));
}

Column Column::integers(std::vector<std::int64_t> data, std::vector<std::uint64_t> valid) {
  return of(integer_type(), std::move(data), std::move(valid));
}

Column Column::numbers(std::vector<double> data, std::vector<std::uint64_t> valid) {
  return of(number_type(), std::move(data), std::move(valid));
}

Column Column::dates(std::vector<std::int32_t> days, std::vector<std::uint64_t> valid) {
  return of(date_type(), std::move(days), std::move(valid));
}

Column Column::timestamps(std::vector<std::int64_t> micros, std::vector<std::uint64_t> valid) {
  return of(timestamp_type(), std::move(micros), std::move(valid));
}

Column Column::texts(const std::vector<std::string>& cells, std::vector<std::uint64_t> valid) {
  std::string bytes;
  std::vector<std::uint64_t> offsets{0};
  offsets.reserve(cells.size() + 1);
  for (const std::string& cell : cells) {
    bytes += cell;
    offsets.push_back(bytes.size());
  }
  return text(std::move(bytes), std::move(offsets), std::move(valid));
}

Column Column::text(std::string bytes, std::vector<std::uint64_t> offsets,
                    std::vector<std::uint64_t> valid) {
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != bytes.size()) {
    throw InternalError({.what = "the offsets of a text column do not span its bytes"});
  }
  Column column;
  column.type_ = text_type();
  column.size_ = offsets.size() - 1;
  column.missing_count_ = settle(valid, column.size_);
  // All bytes together are valid and no cell starts inside a character: every
  // cell is valid.
  std::size_t bad_row = column.size_;
  if (const std::optional<std::size_t> bad = find_invalid_utf8(bytes)) {
    bad_row = static_cast<std::size_t>(std::upper_bound(offsets.begin(), offsets.end(), *bad) -
                                       offsets.begin() - 1);
  }
  for (std::size_t row = 0; row < column.size_ && row < bad_row; ++row) {
    if (offsets[row] > offsets[row + 1]) {
      throw InternalError({.what = "the offsets of a text column run backwards"});
    }
    const std::uint64_t end = offsets[row + 1];
    if (end < bytes.size() && (static_cast<unsigned char>(bytes[end]) & 0xC0U) == 0x80U) {
      bad_row = row;
    }
  }
  if (bad_row < column.size_) {
    throw DataError({.what = "a text cell is not valid UTF-8",
                     .where = "row " + std::to_string(bad_row + 1),
                     .hint = "convert the text to UTF-8"});
  }
  column.valid_ = std::move(valid);
  column.bytes_ = std::move(bytes);
  column.offsets_ = std::move(offsets);
  return column;
}

Column Column::categories(Type type, std::vector<std::int32_t> codes,
                          std::vector<std::uint64_t> valid) {
  if (type.kind != TypeKind::kCategory || type.levels == nullptr) {
    throw InternalError({.what = "a category column needs a category type", .got = type.name()});
  }
  Column column = of(std::move(type), std::move(codes), std::move(valid));
  const auto levels = static_cast<std::int64_t>(column.type_.levels->size());
  const auto& stored = std::get<std::vector<std::int32_t>>(column.data_);
  for (std::size_t row = 0; row < stored.size(); ++row) {
    if (stored[row] < 0 || stored[row] >= levels) {
      throw InternalError({.what = "a category code has no level",
                           .where = "row " + std::to_string(row + 1),
                           .got = std::to_string(stored[row])});
    }
  }
  return column;
}

std::span<const std::uint8_t> Column::as_booleans() const {
  if (type_.kind != TypeKind::kBoolean) wrong_view("boolean", type_);
  return std::get<std::vector<std::uint8_t>>(data_);
}

std::span<const std::int64_t> Column::as_integers() const {
  if (type_.kind != TypeKind::kInteger) wrong_view("integer", type_);
  return std::get<std::vector<std::int64_t>>(data_);
}

std::span<const double> Column::as_numbers() const {
  if (type_.kind != TypeKind::kNumber) wrong_view("number", type_);
  return std::get<std::vector<double>>(data_);
}

std::span<const std::int32_t> Column::as_dates() const {
  if (type_.kind != TypeKind::kDate) wrong_view("date", type_);
  return std::get<std::vector<std::int32_t>>(data_);
}

std::span<const std::int64_t> Column::as_timestamps() const {
  if (type_.kind != TypeKind::kTimestamp) wrong_view("timestamp", type_);
  return std::get<std::vector<std::int64_t>>(data_);
}

std::span<const std::int32_t> Column::as_codes() const {
  if (type_.kind != TypeKind::kCategory) wrong_view("category", type_);
  return std::get<std::vector<std::int32_t>>(data_);
}

std::string_view Column::text_at(std::size_t row) const {
  if (type_.kind == TypeKind::kCategory) {
    const std::int32_t code = std::get<std::vector<std::int32_t>>(data_)[row];
    return (*type_.levels)[static_cast<std::size_t>(code)];
  }
  if (type_.kind != TypeKind::kText) wrong_view("text or category", type_);
  return std::string_view(bytes_).substr(offsets_[row], offsets_[row + 1] - offsets_[row]);
}

Value Column::value(std::size_t row) const {
  if (row >= size_) {
    throw InternalError({.what = "a column is read behind its end",
                         .got = "row " + std::to_string(row + 1),
                         .expected = "at most " + std::to_string(size_)});
  }
  if (missing(row)) return std::monostate{};
  switch (type_.kind) {
    case TypeKind::kBoolean: return as_booleans()[row] != 0;
    case TypeKind::kInteger: return as_integers()[row];
    case TypeKind::kNumber: return as_numbers()[row];
    case TypeKind::kDate: return Date{as_dates()[row]};
    case TypeKind::kTimestamp: return Timestamp{as_timestamps()[row]};
    case TypeKind::kText:
    case TypeKind::kCategory: return std::string(text_at(row));
  }
  return std::monostate{};
}

std::span<const double> Column::to_numbers(std::vector<double>& storage) const {
  constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
  if (type_.kind == TypeKind::kNumber) {
    const auto& numbers = std::get<std::vector<double>>(data_);
    if (missing_count_ == 0) return numbers;
    storage = numbers;
  } else if (type_.kind == TypeKind::kInteger) {
    const auto& integers = std::get<std::vector<std::int64_t>>(data_);
    storage.resize(size_);
    for (std::size_t row = 0; row < size_; ++row) {
      const std::int64_t cell = integers[row];
      if (cell > kExactInteger || cell < -kExactInteger) {
        throw DataError(
            {.what = "an integer is too large for exact arithmetic on numbers",
             .where = "row " + std::to_string(row + 1),
             .got = format_integer(cell),
             .expected = "at most 9007199254740992 (2^53) in size",
             .hint = "an identifier is not a quantity: leave it out, or declare it text"});
      }
      storage[row] = static_cast<double>(cell);
    }
  } else if (type_.kind == TypeKind::kBoolean) {
    const auto& booleans = std::get<std::vector<std::uint8_t>>(data_);
    storage.assign(booleans.begin(), booleans.end());
  } else {
    throw ArgumentError({.what = "a " + type_.name() + " column has no numeric value",
                         .got = type_.name(),
                         .expected = "number, integer or boolean"});
  }
  if (missing_count_ > 0) {
    for (std::size_t row = 0; row < size_; ++row) {
      if (missing(row)) storage[row] = kMissing;
    }
  }
  return storage;
}

std::uint64_t Column::bytes() const noexcept {
  const std::uint64_t cells =
      std::visit([](const auto& data) { return data.capacity() * sizeof(data[0]); }, data_);
  return cells + valid_.capacity() * sizeof(std::uint64_t) + bytes_.capacity() +
         offsets_.capacity() * sizeof(std::uint64_t);
}

Frame::Frame(std::vector<std::string> names, std::vector<Column> columns) {
  if (names.size() != columns.size()) {
    throw ArgumentError({.what = "a table needs one name a column",
                         .got = std::to_string(names.size()) + " names",
                         .expected = std::to_string(columns.size())});
  }
  std::vector<ColumnInfo> infos;
  infos.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (names[j] == names[i]) {
        throw ArgumentError({.what = "two columns are named '" + names[i] + "'",
                             .hint = "give each column a name of its own"});
      }
    }
    if (columns[i].size() != columns[0].size()) {
      throw ArgumentError(
          {.what = "column '" + names[i] + "' has another length than '" + names[0] + "'",
           .got = std::to_string(columns[i].size()) + " rows",
           .expected = std::to_string(columns[0].size())});
    }
    infos.push_back({names[i], columns[i].type()});
  }
  rows_ = columns.empty() ? 0 : columns[0].size();
  schema_ = Schema(std::move(infos));
  columns_ = std::move(columns);
}

const Column& Frame::column(std::string_view name) const {
  return columns_[schema_.require(name, "the table")];
}

std::uint64_t Frame::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const Column& column : columns_) sum += column.bytes();
  return sum;
}

}  // namespace impact
