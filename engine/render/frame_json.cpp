#include "engine/render/frame_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const char* expected, const json& got) {
  throw DataError({.what = "a stored cell has another type than its column",
                   .got = canonical_json(got),
                   .expected = expected});
}

template <class Integer>
Integer read_integer(const json& value) {
  if (!value.is_number_integer()) refuse("an integer", value);
  const auto integer = value.get<std::int64_t>();
  if (integer < std::numeric_limits<Integer>::min() ||
      integer > std::numeric_limits<Integer>::max() ||
      (value.is_number_unsigned() && integer < 0)) {
    refuse("an integer in range", value);
  }
  return static_cast<Integer>(integer);
}

json cell_json(const Column& column, std::size_t row) {
  if (column.missing(row)) return nullptr;
  switch (column.type().kind) {
    case TypeKind::kBoolean: return column.as_booleans()[row] != 0;
    case TypeKind::kInteger: return column.as_integers()[row];
    case TypeKind::kNumber: return number_json(column.as_numbers()[row]);
    case TypeKind::kText: return std::string(column.text_at(row));
    case TypeKind::kDate: return column.as_dates()[row];
    case TypeKind::kTimestamp: return column.as_timestamps()[row];
    case TypeKind::kCategory: return column.as_codes()[row];
  }
  return nullptr;
}

// The cells of one type; `read` turns one that is present into T.
template <class T, class Read>
std::vector<T> read_cells(const json& cells, Read read) {
  std::vector<T> out;
  out.reserve(cells.size());
  for (const json& cell : cells) out.push_back(cell.is_null() ? T{} : static_cast<T>(read(cell)));
  return out;
}

std::vector<std::uint64_t> present(const json& cells) {
  std::vector<std::uint64_t> valid((cells.size() + 63) / 64);
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (!cells[row].is_null()) valid[row / 64] |= std::uint64_t{1} << (row % 64);
  }
  return valid;
}

std::uint8_t read_boolean(const json& value) {
  if (!value.is_boolean()) refuse("a boolean", value);
  return value.get<bool>() ? 1 : 0;
}

std::string read_text(const json& value) {
  if (!value.is_string()) refuse("a text", value);
  return value.get<std::string>();
}

Column read_categories(const json& column, const json& cells) {
  Type type = category_type(column.at("levels").get<std::vector<std::string>>());
  const std::size_t levels = type.levels->size();
  return Column::categories(
      std::move(type),
      read_cells<std::int32_t>(cells,
                               [&](const json& cell) {
                                 const auto code = read_integer<std::int32_t>(cell);
                                 if (code < 0 || static_cast<std::size_t>(code) >= levels) {
                                   refuse("the position of a level", cell);
                                 }
                                 return code;
                               }),
      present(cells));
}

Column read_column(const json& column) {
  const json& cells = column.at("cells");
  if (!cells.is_array()) refuse("a list of cells", cells);
  const std::string name = read_text(column.at("type"));
  if (name == "category") return read_categories(column, cells);
  switch (parse_type(name).kind) {
    case TypeKind::kBoolean:
      return Column::booleans(read_cells<std::uint8_t>(cells, read_boolean), present(cells));
    case TypeKind::kInteger:
      return Column::integers(read_cells<std::int64_t>(cells, read_integer<std::int64_t>),
                              present(cells));
    case TypeKind::kNumber:
      return Column::numbers(read_cells<double>(cells, read_number), present(cells));
    case TypeKind::kDate:
      return Column::dates(read_cells<std::int32_t>(cells, read_integer<std::int32_t>),
                           present(cells));
    case TypeKind::kTimestamp:
      return Column::timestamps(read_cells<std::int64_t>(cells, read_integer<std::int64_t>),
                                present(cells));
    default: return Column::texts(read_cells<std::string>(cells, read_text), present(cells));
  }
}

}  // namespace

json number_json(double value) {
  return std::isfinite(value) ? json(value) : json(format_double(value));
}

double read_number(const json& value) {
  if (value.is_number()) return value.get<double>();
  const std::string text = read_text(value);
  const auto number = parse_double(text);
  if (!number || std::isfinite(*number)) refuse("a number", value);
  return *number;
}

json value_json(const Value& value) {
  struct ToJson {
    json operator()(std::monostate) const { return nullptr; }
    json operator()(bool v) const { return v; }
    json operator()(std::int64_t v) const { return v; }
    json operator()(double v) const {
      return std::isfinite(v) ? json(v) : json{{"number", format_double(v)}};
    }
    json operator()(const std::string& v) const { return v; }
    json operator()(Date v) const { return {{"date", v.days}}; }
    json operator()(Timestamp v) const { return {{"timestamp", v.micros}}; }
  };
  return std::visit(ToJson{}, value);
}

Value read_value(const json& value) {
  if (value.is_null()) return std::monostate{};
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return read_integer<std::int64_t>(value);
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (value.contains("date")) return Date{read_integer<std::int32_t>(value.at("date"))};
  if (value.contains("timestamp")) {
    return Timestamp{read_integer<std::int64_t>(value.at("timestamp"))};
  }
  return read_number(value.at("number"));
}

json frame_json(const Frame& frame, std::size_t rows) {
  json columns = json::array();
  for (std::size_t i = 0; i < frame.schema().size(); ++i) {
    const ColumnInfo& info = frame.schema()[i];
    json cells = json::array();
    for (std::size_t row = 0; row < std::min(rows, frame.rows()); ++row) {
      cells.push_back(cell_json(frame.column(i), row));
    }
    json column{{"name", info.name}, {"type", info.type.name()}, {"cells", std::move(cells)}};
    if (info.type.kind == TypeKind::kCategory) column["levels"] = *info.type.levels;
    columns.push_back(std::move(column));
  }
  return {{"columns", std::move(columns)}};
}

Frame read_frame(const json& value) {
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (const json& column : value.at("columns")) {
    names.push_back(read_text(column.at("name")));
    columns.push_back(read_column(column));
  }
  return {std::move(names), std::move(columns)};
}

}  // namespace impact
