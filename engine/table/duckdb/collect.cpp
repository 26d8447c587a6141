#include "engine/table/duckdb/collect.h"

#include <cstring>
#include <limits>

#include "engine/core/error.h"

namespace impact::duck {

namespace {

bool is_small_integer(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER: return true;
    default: return false;
  }
}

bool is_large_integer(duckdb_type id) {
  return id == DUCKDB_TYPE_UBIGINT || id == DUCKDB_TYPE_HUGEINT || id == DUCKDB_TYPE_UHUGEINT;
}

bool is_timestamp(duckdb_type id) {
  return id == DUCKDB_TYPE_TIMESTAMP || id == DUCKDB_TYPE_TIMESTAMP_S ||
         id == DUCKDB_TYPE_TIMESTAMP_MS || id == DUCKDB_TYPE_TIMESTAMP_NS ||
         id == DUCKDB_TYPE_TIMESTAMP_TZ;
}

[[noreturn]] void too_large(const std::string& column) {
  throw DataError({.what = "an integer in column '" + column + "' does not fit 64 bits",
                   .where = "column '" + column + "'",
                   .expected = "-9223372036854775808 to 9223372036854775807",
                   .hint = "declare it as text: types = { " + column + " = \"text\" }"});
}

// Appends cells of type From to a vector of To, widening; the compiler turns
// equal types into a block copy.
template <class From, class To>
void widen(std::vector<To>& target, const void* data, std::size_t from, std::size_t to) {
  const From* cells = static_cast<const From*>(data);
  target.insert(target.end(), cells + from, cells + to);
}

// Copies bits [from, to) of `source` (null: all present) behind `rows` bits
// already in `target`.
void append_validity(std::vector<std::uint64_t>& target, std::size_t rows,
                     const std::uint64_t* source, std::size_t from, std::size_t to) {
  const std::size_t count = to - from;
  if (target.empty()) {
    if (source == nullptr) return;
    bool complete = true;
    for (std::size_t row = from; row < to && complete; ++row) complete = present(source, row);
    if (complete) return;
    target.assign((rows + 63) / 64, ~std::uint64_t{0});
  }
  target.resize((rows + count + 63) / 64, 0);
  if (rows % 64 == 0 && from % 64 == 0) {
    const std::size_t words = (count + 63) / 64;
    if (source == nullptr) {
      std::memset(target.data() + rows / 64, 0xFF, words * sizeof(std::uint64_t));
    } else {
      std::memcpy(target.data() + rows / 64, source + from / 64, words * sizeof(std::uint64_t));
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << ((rows + i) % 64);
    std::uint64_t& word = target[(rows + i) / 64];
    word = present(source, from + i) ? word | bit : word & ~bit;
  }
}

}  // namespace

Type engine_type(const LogicalType& type, const std::string& column) {
  const duckdb_type id = type.id();
  if (is_small_integer(id) || is_large_integer(id)) return integer_type();
  if (is_timestamp(id)) return timestamp_type();
  switch (id) {
    case DUCKDB_TYPE_BOOLEAN: return boolean_type();
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_DECIMAL: return number_type();
    case DUCKDB_TYPE_DATE: return date_type();
    case DUCKDB_TYPE_ENUM: return category_type(type.levels());
    case DUCKDB_TYPE_BLOB:
      throw DataError({.what = "column '" + column + "' holds bytes, which a table cannot hold",
                       .where = "column '" + column + "'",
                       .got = "BLOB",
                       .expected = "boolean, integer, number, text, date, timestamp or category",
                       .hint = "leave the column out of the file or store it as text"});
    default: return text_type();
  }
}

bool readable_as(const LogicalType& type, const Type& wanted) {
  const duckdb_type id = type.id();
  switch (wanted.kind) {
    case TypeKind::kBoolean: return id == DUCKDB_TYPE_BOOLEAN;
    case TypeKind::kInteger: return is_small_integer(id) || is_large_integer(id);
    case TypeKind::kNumber:
      return is_small_integer(id) || id == DUCKDB_TYPE_FLOAT || id == DUCKDB_TYPE_DOUBLE;
    case TypeKind::kText: return id == DUCKDB_TYPE_VARCHAR;
    case TypeKind::kDate: return id == DUCKDB_TYPE_DATE;
    case TypeKind::kTimestamp: return id == DUCKDB_TYPE_TIMESTAMP || id == DUCKDB_TYPE_TIMESTAMP_TZ;
    case TypeKind::kCategory: return id == DUCKDB_TYPE_ENUM && type.levels() == *wanted.levels;
  }
  return false;
}

FrameBuilder::FrameBuilder(Schema schema, const std::vector<LogicalType>& types)
    : schema_(std::move(schema)), buffers_(schema_.size()) {
  for (std::size_t i = 0; i < types.size(); ++i) {
    buffers_[i].source = types[i].id() == DUCKDB_TYPE_ENUM
                             ? duckdb_enum_internal_type(types[i].get())
                             : types[i].id();
  }
}

void FrameBuilder::append(const Chunk& chunk, std::size_t from, std::size_t to) {
  for (std::size_t i = 0; i < buffers_.size(); ++i) append_column(i, chunk.column(i), from, to);
  rows_ += to - from;
}

void FrameBuilder::append_column(std::size_t column, duckdb_vector vector, std::size_t from,
                                 std::size_t to) {
  Buffer& buffer = buffers_[column];
  const void* data = duckdb_vector_get_data(vector);
  const std::uint64_t* validity = duckdb_vector_get_validity(vector);
  append_validity(buffer.valid, rows_, validity, from, to);
  const auto narrow_into = [&](auto& target) {
    switch (buffer.source) {
      case DUCKDB_TYPE_TINYINT: return widen<std::int8_t>(target, data, from, to);
      case DUCKDB_TYPE_SMALLINT: return widen<std::int16_t>(target, data, from, to);
      case DUCKDB_TYPE_INTEGER: return widen<std::int32_t>(target, data, from, to);
      case DUCKDB_TYPE_UTINYINT: return widen<std::uint8_t>(target, data, from, to);
      case DUCKDB_TYPE_USMALLINT: return widen<std::uint16_t>(target, data, from, to);
      default: return widen<std::uint32_t>(target, data, from, to);
    }
  };
  switch (schema_[column].type.kind) {
    case TypeKind::kBoolean: return widen<std::uint8_t>(buffer.booleans, data, from, to);
    case TypeKind::kTimestamp: return widen<std::int64_t>(buffer.integers, data, from, to);
    case TypeKind::kDate: return widen<std::int32_t>(buffer.codes, data, from, to);
    case TypeKind::kInteger:
      if (buffer.source == DUCKDB_TYPE_BIGINT) {
        return widen<std::int64_t>(buffer.integers, data, from, to);
      }
      if (buffer.source == DUCKDB_TYPE_UBIGINT) {
        const auto* cells = static_cast<const std::uint64_t*>(data);
        for (std::size_t row = from; row < to; ++row) {
          const bool here = present(validity, row);
          if (here && cells[row] >> 63 != 0) too_large(schema_[column].name);
          buffer.integers.push_back(here ? static_cast<std::int64_t>(cells[row]) : 0);
        }
        return;
      }
      if (buffer.source == DUCKDB_TYPE_HUGEINT || buffer.source == DUCKDB_TYPE_UHUGEINT) {
        const auto* cells = static_cast<const duckdb_hugeint*>(data);
        for (std::size_t row = from; row < to; ++row) {
          // Fits when the upper half only repeats the sign of the lower one.
          const auto low = static_cast<std::int64_t>(cells[row].lower);
          const bool here = present(validity, row);
          const bool fits = cells[row].upper == (low < 0 ? -1 : 0) &&
                            (buffer.source == DUCKDB_TYPE_HUGEINT || low >= 0);
          if (here && !fits) too_large(schema_[column].name);
          buffer.integers.push_back(here ? low : 0);
        }
        return;
      }
      return narrow_into(buffer.integers);
    case TypeKind::kNumber:
      if (buffer.source == DUCKDB_TYPE_DOUBLE) return widen<double>(buffer.numbers, data, from, to);
      if (buffer.source == DUCKDB_TYPE_FLOAT) return widen<float>(buffer.numbers, data, from, to);
      if (buffer.source == DUCKDB_TYPE_BIGINT) {
        const auto* cells = static_cast<const std::int64_t*>(data);
        for (std::size_t row = from; row < to; ++row) {
          buffer.numbers.push_back(static_cast<double>(cells[row]));
        }
        return;
      }
      return narrow_into(buffer.numbers);
    case TypeKind::kCategory:
      if (buffer.source == DUCKDB_TYPE_UTINYINT) {
        return widen<std::uint8_t>(buffer.codes, data, from, to);
      }
      if (buffer.source == DUCKDB_TYPE_USMALLINT) {
        return widen<std::uint16_t>(buffer.codes, data, from, to);
      }
      {
        const auto* cells = static_cast<const std::uint32_t*>(data);
        for (std::size_t row = from; row < to; ++row) {
          buffer.codes.push_back(static_cast<std::int32_t>(cells[row]));
        }
      }
      return;
    case TypeKind::kText: {
      const auto* cells = static_cast<const duckdb_string_t*>(data);
      std::size_t more = 0;
      for (std::size_t row = from; row < to; ++row) {
        if (present(validity, row)) more += cells[row].value.inlined.length;
      }
      std::uint64_t end = buffer.bytes.size();
      if (buffer.bytes.capacity() < end + more) {
        buffer.bytes.reserve(std::max<std::size_t>(end + more, 2 * buffer.bytes.capacity()));
      }
      for (std::size_t row = from; row < to; ++row) {
        if (present(validity, row)) {
          const std::string_view cell = text_cell(cells[row]);
          buffer.bytes.append(cell);
          end += cell.size();
        }
        buffer.offsets.push_back(end);
      }
      return;
    }
  }
}

Frame FrameBuilder::finish() {
  std::vector<Column> columns;
  columns.reserve(buffers_.size());
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    Buffer& buffer = buffers_[i];
    const Type& type = schema_[i].type;
    switch (type.kind) {
      case TypeKind::kBoolean:
        columns.push_back(Column::booleans(std::move(buffer.booleans), std::move(buffer.valid)));
        break;
      case TypeKind::kInteger:
        columns.push_back(Column::integers(std::move(buffer.integers), std::move(buffer.valid)));
        break;
      case TypeKind::kNumber:
        columns.push_back(Column::numbers(std::move(buffer.numbers), std::move(buffer.valid)));
        break;
      case TypeKind::kText:
        columns.push_back(Column::text(std::move(buffer.bytes), std::move(buffer.offsets),
                                       std::move(buffer.valid)));
        break;
      case TypeKind::kDate:
        columns.push_back(Column::dates(std::move(buffer.codes), std::move(buffer.valid)));
        break;
      case TypeKind::kTimestamp:
        columns.push_back(Column::timestamps(std::move(buffer.integers), std::move(buffer.valid)));
        break;
      case TypeKind::kCategory:
        columns.push_back(
            Column::categories(type, std::move(buffer.codes), std::move(buffer.valid)));
        break;
    }
    const duckdb_type source = buffer.source;
    buffer = Buffer{};
    buffer.source = source;
  }
  rows_ = 0;
  return Frame(schema_.names(), std::move(columns));
}

}  // namespace impact::duck
