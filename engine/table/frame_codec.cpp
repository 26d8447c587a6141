#include "engine/table/frame_codec.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

static_assert(std::endian::native == std::endian::little, "cells are copied as they lie in memory");

constexpr std::string_view kMagic = "IMPFRAME";
constexpr std::uint32_t kVersion = 1;
// The least a column takes: size of its name, its type, whether cells are missing.
constexpr std::size_t kLeastColumn = 6;

class Writer {
 public:
  explicit Writer(std::size_t expected) { bytes_.reserve(expected); }

  template <class T>
  void put(T value) {
    put_all(std::span<const T>(&value, 1));
  }
  template <class T>
  void put_all(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    // append(nullptr, 0) is not allowed.
    if (values.empty()) return;
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }
  void put_text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
  }
  void put_bytes(std::string_view bytes) { bytes_ += bytes; }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

void put_validity(Writer& out, const Column& column) {
  out.put(static_cast<std::uint8_t>(column.missing_count() > 0));
  if (column.missing_count() == 0) return;
  std::uint64_t word = 0;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.missing(row)) word |= std::uint64_t{1} << (row % 64);
    if (row % 64 == 63 || row + 1 == column.size()) {
      out.put(word);
      word = 0;
    }
  }
}

void put_texts(Writer& out, const Column& column) {
  std::uint64_t end = 0;
  out.put(end);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.missing(row)) end += column.text_at(row).size();
    out.put(end);
  }
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.missing(row)) out.put_bytes(column.text_at(row));
  }
}

void put_column(Writer& out, const std::string& name, const Column& column) {
  out.put_text(name);
  const Type& type = column.type();
  out.put(static_cast<std::uint8_t>(type.kind));
  if (type.kind == TypeKind::kCategory) {
    out.put(static_cast<std::uint32_t>(type.levels->size()));
    for (const std::string& level : *type.levels) out.put_text(level);
  }
  put_validity(out, column);
  switch (type.kind) {
    case TypeKind::kBoolean: return out.put_all(column.as_booleans());
    case TypeKind::kInteger: return out.put_all(column.as_integers());
    case TypeKind::kNumber: return out.put_all(column.as_numbers());
    case TypeKind::kText: return put_texts(out, column);
    case TypeKind::kDate: return out.put_all(column.as_dates());
    case TypeKind::kTimestamp: return out.put_all(column.as_timestamps());
    case TypeKind::kCategory: return out.put_all(column.as_codes());
  }
}

// Takes values off the front; every read is checked against what is left before memory is asked
// for.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  [[noreturn]] void fail(std::string what, std::string expected = {}) const {
    throw DataError(
        {.what = "a stored table is damaged: " + std::move(what),
         .where = "byte " + std::to_string(at_) + " of " + std::to_string(bytes_.size()) + place_,
         .expected = std::move(expected)});
  }

  void enter(const std::string& column) { place_ = ", column '" + column + "'"; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

  std::string_view take(std::uint64_t size) {
    if (size > left()) {
      fail("it ends early", std::to_string(size) + " more bytes, not " + std::to_string(left()));
    }
    const std::string_view part = bytes_.substr(at_, static_cast<std::size_t>(size));
    at_ += part.size();
    return part;
  }

  template <class T>
  T get() {
    T value{};
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  template <class T>
  std::vector<T> get_all(std::uint64_t count) {
    if (count > left() / sizeof(T)) fail("it ends early", std::to_string(count) + " more cells");
    const std::string_view part = take(count * sizeof(T));
    std::vector<T> values(static_cast<std::size_t>(count));
    if (!values.empty()) std::memcpy(values.data(), part.data(), part.size());
    return values;
  }

  std::string get_text() {
    std::string text(take(get<std::uint32_t>()));
    if (find_invalid_utf8(text)) fail("a name is not valid UTF-8");
    return text;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::string place_;
};

Type get_type(Reader& in) {
  const auto code = in.get<std::uint8_t>();
  if (code > static_cast<std::uint8_t>(TypeKind::kCategory)) {
    in.fail("no type has the number " + std::to_string(code));
  }
  Type type{static_cast<TypeKind>(code), nullptr};
  if (type.kind != TypeKind::kCategory) return type;
  const auto count = in.get<std::uint32_t>();
  if (count > in.left() / sizeof(std::uint32_t)) in.fail("it ends early", "more levels");
  std::vector<std::string> levels(count);
  for (std::string& level : levels) level = in.get_text();
  try {
    return category_type(std::move(levels));
  } catch (const ArgumentError& error) {
    in.fail(error.info().what);
  }
}

std::vector<std::uint64_t> get_validity(Reader& in, std::uint64_t rows) {
  const auto flag = in.get<std::uint8_t>();
  if (flag > 1) in.fail("the mark of missing cells is neither 0 nor 1");
  if (flag == 0) return {};
  auto valid = in.get_all<std::uint64_t>(rows / 64 + (rows % 64 == 0 ? 0 : 1));
  std::uint64_t present = 0;
  for (const std::uint64_t word : valid) present += static_cast<unsigned>(std::popcount(word));
  const bool tail = rows % 64 != 0 && (valid.back() >> (rows % 64)) != 0;
  if (tail || present >= rows) in.fail("the bits of missing cells do not fit the rows");
  return valid;
}

bool absent(const std::vector<std::uint64_t>& valid, std::size_t row) {
  return !valid.empty() && ((valid[row / 64] >> (row % 64)) & 1U) == 0;
}

// The cells of a column; a missing cell must hold zero bits.
template <class T>
std::vector<T> get_cells(Reader& in, std::uint64_t rows, const std::vector<std::uint64_t>& valid) {
  auto cells = in.get_all<T>(rows);
  if (valid.empty()) return cells;
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (!absent(valid, row)) continue;
    constexpr T kZero{};
    if (std::memcmp(&cells[row], &kZero, sizeof(T)) != 0) in.fail("a missing cell holds a value");
  }
  return cells;
}

Column get_booleans(Reader& in, std::uint64_t rows, std::vector<std::uint64_t> valid) {
  auto cells = get_cells<std::uint8_t>(in, rows, valid);
  for (const std::uint8_t cell : cells) {
    if (cell > 1) in.fail("a boolean is neither 0 nor 1");
  }
  return Column::booleans(std::move(cells), std::move(valid));
}

Column get_categories(Reader& in, Type type, std::uint64_t rows, std::vector<std::uint64_t> valid) {
  auto codes = get_cells<std::int32_t>(in, rows, valid);
  for (const std::int32_t code : codes) {
    if (code < 0 || static_cast<std::size_t>(code) >= type.levels->size()) {
      in.fail("a category code has no level");
    }
  }
  return Column::categories(std::move(type), std::move(codes), std::move(valid));
}

Column get_texts(Reader& in, std::uint64_t rows, std::vector<std::uint64_t> valid) {
  // rows + 1 must not wrap around.
  if (rows > in.left()) in.fail("it ends early", std::to_string(rows) + " more cells");
  auto offsets = in.get_all<std::uint64_t>(rows + 1);
  if (offsets.front() != 0) in.fail("the first text does not start at 0");
  for (std::size_t row = 0; row < rows; ++row) {
    if (offsets[row] > offsets[row + 1]) in.fail("the offsets of texts run backwards");
    if (absent(valid, row) && offsets[row] != offsets[row + 1]) {
      in.fail("a missing cell holds a value");
    }
  }
  std::string bytes(in.take(offsets.back()));
  return Column::text(std::move(bytes), std::move(offsets), std::move(valid));
}

Column get_column(Reader& in, std::uint64_t rows) {
  Type type = get_type(in);
  auto valid = get_validity(in, rows);
  switch (type.kind) {
    case TypeKind::kBoolean: return get_booleans(in, rows, std::move(valid));
    case TypeKind::kText: return get_texts(in, rows, std::move(valid));
    case TypeKind::kCategory: return get_categories(in, std::move(type), rows, std::move(valid));
    case TypeKind::kInteger: {
      auto cells = get_cells<std::int64_t>(in, rows, valid);
      return Column::integers(std::move(cells), std::move(valid));
    }
    case TypeKind::kNumber: {
      auto cells = get_cells<double>(in, rows, valid);
      return Column::numbers(std::move(cells), std::move(valid));
    }
    case TypeKind::kDate: {
      auto cells = get_cells<std::int32_t>(in, rows, valid);
      return Column::dates(std::move(cells), std::move(valid));
    }
    case TypeKind::kTimestamp: {
      auto cells = get_cells<std::int64_t>(in, rows, valid);
      return Column::timestamps(std::move(cells), std::move(valid));
    }
  }
  in.fail("a column has no type");
}

}  // namespace

std::string encode_frame(const Frame& frame) {
  Writer out(static_cast<std::size_t>(frame.bytes()) + 64 * (1 + frame.schema().size()));
  out.put_bytes(kMagic);
  out.put(kVersion);
  out.put(static_cast<std::uint32_t>(frame.schema().size()));
  out.put(static_cast<std::uint64_t>(frame.rows()));
  for (std::size_t i = 0; i < frame.schema().size(); ++i) {
    put_column(out, frame.schema()[i].name, frame.column(i));
  }
  return out.take();
}

Frame decode_frame(std::string_view bytes) {
  Reader in(bytes);
  if (in.take(kMagic.size()) != kMagic) in.fail("it does not start as one");
  const auto version = in.get<std::uint32_t>();
  if (version != kVersion) {
    in.fail("it is of version " + std::to_string(version), std::to_string(kVersion));
  }
  const auto count = in.get<std::uint32_t>();
  const auto rows = in.get<std::uint64_t>();
  if (count > in.left() / kLeastColumn) in.fail("it ends early", "more columns");
  if (count == 0 && rows != 0) in.fail("it has rows but no columns");
  std::vector<std::string> names;
  std::vector<Column> columns;
  names.reserve(count);
  columns.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    names.push_back(in.get_text());
    in.enter(names.back());
    columns.push_back(get_column(in, rows));
  }
  if (in.left() != 0) in.fail("bytes follow the last column");
  if (count == 0) return {};
  try {
    return {std::move(names), std::move(columns)};
  } catch (const ArgumentError& error) {
    in.fail(error.info().what);
  }
}

}  // namespace impact
