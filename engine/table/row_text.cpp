#include "engine/table/row_text.h"

#include <cmath>
#include <variant>
#include <nlohmann/json.hpp>

namespace impact {
namespace {

void append_cell(const Column& column, std::size_t row, std::string_view missing,
                 std::string* out) {
  if (column.missing(row)) {
    out->append(missing);
    return;
  }
  const TypeKind kind = column.type().kind;
  const bool text = kind == TypeKind::kText || kind == TypeKind::kCategory;
  *out += text ? csv_text(column.text_at(row)) : format_value(column.value(row));
}

nlohmann::ordered_json json_cell(const Column& column, std::size_t row) {
  if (column.missing(row)) return nullptr;
  const Value value = column.value(row);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) {
    if (std::isfinite(*number)) return *number;
    return nullptr;
  }
  return format_value(value);
}

}  // namespace

std::string csv_text(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos;
  if (plain) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_header(const Schema& schema) {
  std::string out;
  for (const ColumnInfo& info : schema.columns()) {
    if (!out.empty()) out += ',';
    out += csv_text(info.name);
  }
  out += '\n';
  return out;
}

std::string csv_lines(const Frame& frame, std::string_view missing) {
  std::string out;
  for (std::size_t row = 0; row < frame.rows(); ++row) {
    for (std::size_t j = 0; j < frame.schema().size(); ++j) {
      if (j > 0) out += ',';
      append_cell(frame.column(j), row, missing, &out);
    }
    out += '\n';
  }
  return out;
}

std::string json_row(const Frame& frame, std::size_t row) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < frame.schema().size(); ++i) {
    out[frame.schema()[i].name] = json_cell(frame.column(i), row);
  }
  return out.dump();
}

std::string json_lines(const Frame& frame) {
  std::string out;
  for (std::size_t row = 0; row < frame.rows(); ++row) {
    out += json_row(frame, row);
    out += '\n';
  }
  return out;
}

}  // namespace impact
