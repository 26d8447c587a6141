#include "engine/render/terminal_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/deadline.h"
#include "engine/core/error.h"
#include "engine/render/aligned_numbers.h"
#include "engine/render/terminal_grid.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

using detail::Grid;
using detail::GridColumn;

// Names, types, the size, and a line about columns without room.
constexpr int kLinesBesideRows = 4;
constexpr std::size_t kMostLinesOfNames = 2;

std::size_t rows_for(const TerminalStyle& style) {
  return static_cast<std::size_t>(std::max(style.rows - kLinesBesideRows, 0));
}

const char* short_name(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBoolean: return "bool";
    case TypeKind::kInteger: return "int";
    case TypeKind::kNumber: return "num";
    case TypeKind::kText: return "text";
    case TypeKind::kDate: return "date";
    case TypeKind::kTimestamp: return "time";
    case TypeKind::kCategory: return "cat";
  }
  return "";
}

// Of a long text only what a line can show, and a little more so that it is seen to be cut.
std::string beginning(std::string_view text, const TerminalStyle& style) {
  const std::size_t most = 16 * static_cast<std::size_t>(std::max(style.columns, 16));
  if (text.size() <= most) return printable_text(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return printable_text(text.substr(0, end)) + "…";
}

std::string text_cell(std::string_view text, const TerminalStyle& style) {
  std::string cell = beginning(text, style);
  const bool quoted = cell.empty() || cell == kMissingMark || cell.front() == ' ' ||
                      cell.back() == ' ' || (cell.front() == '"' && cell.back() == '"');
  return quoted ? "\"" + cell + "\"" : cell;
}

GridColumn column_of(const ColumnInfo& info, const Column* cells, std::size_t rows,
                     const TerminalStyle& style) {
  GridColumn out{.name = printable_text(info.name),
                 .note = info.type.name(),
                 .short_note = short_name(info.type.kind),
                 .right = info.type.numeric()};
  if (cells == nullptr) return out;
  if (info.type.kind == TypeKind::kNumber) {
    std::vector<double> numbers;
    for (std::size_t row = 0; row < rows; ++row) {
      numbers.push_back(cells->missing(row) ? std::numeric_limits<double>::quiet_NaN()
                                            : cells->as_numbers()[row]);
    }
    out.cells = aligned_numbers(numbers);
  }
  out.cells.resize(rows);
  out.faint.resize(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    if (cells->missing(row)) {
      out.cells[row] = kMissingMark;
      out.faint[row] = true;
    } else if (info.type.kind == TypeKind::kText || info.type.kind == TypeKind::kCategory) {
      out.cells[row] = text_cell(cells->text_at(row), style);
    } else if (info.type.kind != TypeKind::kNumber) {
      out.cells[row] = format_value(cells->value(row));
    }
  }
  return out;
}

std::string size_of(const TerminalTable& table, std::size_t shown, std::size_t columns) {
  const std::string width = shown_count(static_cast<std::int64_t>(columns), "column");
  const bool all = table.rows && *table.rows <= static_cast<std::int64_t>(shown);
  if (all) return fmt::format("{} × {}", shown_count(*table.rows, "row"), width);
  if (table.rows) {
    return fmt::format("first {} of {} × {}", shown, shown_count(*table.rows, "row"), width);
  }
  return fmt::format("first {}{} × {}", shown_count(static_cast<std::int64_t>(shown), "row"),
                     table.rows_hint.empty() ? "" : " (" + table.rows_hint + ")", width);
}

void add_lines(std::string& out, const std::string& text, const TerminalStyle& style,
               std::size_t most) {
  const auto width = static_cast<std::size_t>(std::max(style.columns, 1));
  for (const std::string& line : wrap_text(text, width, most)) {
    out += dim(line, style.colour) + "\n";
  }
}

std::string with_separators(std::int64_t count) {
  std::string digits = fmt::format("{}", count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

}  // namespace

std::string shown_count(std::int64_t count, std::string_view what) {
  std::string text = with_separators(count);
  if (!what.empty()) text += fmt::format(" {}{}", what, count == 1 ? "" : "s");
  struct Step {
    double size;
    const char* name;
  };
  for (const Step& step : {Step{1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}}) {
    const auto value = static_cast<double>(count) / step.size;
    if (value < 1) continue;
    std::string digits = fmt::format("{:.{}f}", value, value < 9.95 ? 1 : 0);
    if (digits.ends_with(".0")) digits.resize(digits.size() - 2);
    return text + fmt::format(" ({} {})", digits, step.name);
  }
  return text;
}

std::string terminal_table(const TerminalTable& table, const TerminalStyle& style) {
  const Schema& schema = table.schema.size() == 0 ? table.frame.schema() : table.schema;
  const std::size_t shown = std::min(table.frame.rows(), rows_for(style));
  const std::size_t most = std::min(detail::most_columns(style), schema.size());
  std::vector<GridColumn> columns;
  for (std::size_t i = 0; i < most; ++i) {
    const bool known = i < table.frame.schema().size();
    columns.push_back(column_of(schema[i], known ? &table.frame.column(i) : nullptr, shown, style));
  }
  // One more than can fit says that there are more.
  if (most < schema.size()) columns.push_back({.name = "…"});
  const Grid grid = detail::lay_out(columns, style);
  bool missing = false;
  for (std::size_t i = 0; i < grid.columns; ++i) {
    missing = missing || std::count(columns[i].faint.begin(), columns[i].faint.end(), true) > 0;
  }
  std::string out = grid.text;
  add_lines(out,
            size_of(table, shown, schema.size()) +
                (missing ? fmt::format(", {} is missing", kMissingMark) : ""),
            style, 0);
  if (grid.columns < schema.size()) {
    const std::size_t left = schema.size() - grid.columns;
    std::string names = fmt::format("… {} more {}: ", left, left == 1 ? "column" : "columns");
    // No more names than the lines can hold.
    const std::size_t enough =
        kMostLinesOfNames * static_cast<std::size_t>(std::max(style.columns, 1)) + 16;
    for (std::size_t i = grid.columns; i < schema.size() && names.size() < enough; ++i) {
      names += printable_text(schema[i].name) + (i + 1 < schema.size() ? ", " : "");
    }
    add_lines(out, names, style, kMostLinesOfNames);
  }
  out.pop_back();
  return out;
}

std::string terminal_names(const NamedNotes& list, const TerminalStyle& style) {
  const std::size_t shown = std::min(list.names.size(), rows_for(style));
  std::vector<GridColumn> columns{{.name = list.name_heading}, {.name = list.note_heading}};
  for (std::size_t i = 0; i < shown; ++i) {
    columns[0].cells.push_back(beginning(list.names[i], style));
    columns[1].cells.push_back(beginning(list.notes[i], style));
  }
  std::string out = detail::lay_out(columns, style).text;
  if (shown < list.names.size()) {
    add_lines(out, fmt::format("… {} more", list.names.size() - shown), style, 0);
  }
  out.pop_back();
  return out;
}

int lines_for_rows(std::int64_t rows) {
  constexpr std::int64_t kMost = std::numeric_limits<int>::max() - kLinesBesideRows;
  return static_cast<int>(std::clamp<std::int64_t>(rows, 0, kMost)) + kLinesBesideRows;
}

TerminalTable first_rows(const RelationPtr& relation, const Context& context,
                         const TerminalStyle& style, std::chrono::milliseconds patience) {
  const auto most = static_cast<std::int64_t>(rows_for(style));
  const std::size_t columns = detail::most_columns(style);
  RelationPtr part = head(relation, most + 1);
  const Schema& schema = relation->schema;
  if (columns < schema.size()) {
    std::vector<NamedExpr> leading;
    for (std::size_t i = 0; i < columns; ++i) {
      leading.push_back({schema[i].name, column(schema[i].name)});
    }
    part = select(part, std::move(leading));
  }
  TerminalTable out{.frame = relation->backend->collect(part, context), .schema = schema};
  if (static_cast<std::int64_t>(out.frame.rows()) <= most) {
    out.rows = static_cast<std::int64_t>(out.frame.rows());
    return out;
  }
  if (patience.count() <= 0) return out;
  const Deadline deadline(patience, context.cancel);
  Context brief = context;
  brief.cancel = &deadline.token();
  brief.progress = nullptr;
  try {
    out.rows = relation->backend->count_rows(relation, brief);
  } catch (const Cancelled&) {
    context.check();
  }
  return out;
}

}  // namespace impact
