#include "engine/table/take.h"

#include "engine/core/error.h"

namespace impact {
namespace {

template <class T>
std::vector<T> pick(std::span<const T> cells, std::span<const std::size_t> rows) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (const std::size_t row : rows) out.push_back(cells[row]);
  return out;
}

std::vector<std::uint64_t> pick_valid(const Column& column, std::span<const std::size_t> rows) {
  if (column.missing_count() == 0) return {};
  std::vector<std::uint64_t> valid((rows.size() + 63) / 64, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!column.missing(rows[i])) valid[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return valid;
}

Column pick_text(const Column& column, std::span<const std::size_t> rows,
                 std::vector<std::uint64_t> valid) {
  std::string bytes;
  std::vector<std::uint64_t> offsets{0};
  offsets.reserve(rows.size() + 1);
  for (const std::size_t row : rows) {
    if (!column.missing(row)) bytes += column.text_at(row);
    offsets.push_back(bytes.size());
  }
  return Column::text(std::move(bytes), std::move(offsets), std::move(valid));
}

}  // namespace

Column take_rows(const Column& column, std::span<const std::size_t> rows) {
  for (const std::size_t row : rows) {
    if (row >= column.size()) throw InternalError({.what = "a row beyond the end of a column"});
  }
  auto valid = pick_valid(column, rows);
  switch (column.type().kind) {
    case TypeKind::kBoolean: return Column::booleans(pick(column.as_booleans(), rows), valid);
    case TypeKind::kInteger: return Column::integers(pick(column.as_integers(), rows), valid);
    case TypeKind::kNumber: return Column::numbers(pick(column.as_numbers(), rows), valid);
    case TypeKind::kDate: return Column::dates(pick(column.as_dates(), rows), valid);
    case TypeKind::kTimestamp: return Column::timestamps(pick(column.as_timestamps(), rows), valid);
    case TypeKind::kCategory:
      return Column::categories(column.type(), pick(column.as_codes(), rows), valid);
    case TypeKind::kText: break;
  }
  return pick_text(column, rows, std::move(valid));
}

Frame take_rows(const Frame& frame, std::span<const std::size_t> rows) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < frame.schema().size(); ++i) {
    columns.push_back(take_rows(frame.column(i), rows));
  }
  return {frame.schema().names(), std::move(columns)};
}

}  // namespace impact
