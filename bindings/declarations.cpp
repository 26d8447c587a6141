#include "bindings/declarations.h"

#include "engine/core/error.h"
#include "engine/table/lineage.h"
#include "engine/table/resolve.h"

namespace impact::bindings {

void check_column(const StudyColumn& column) {
  if (column.table == nullptr || !column.assignment.empty()) return;
  (void)bind_columns(resolve({{"value", column.expr}}, *column.table), *column.table);
}

void move_to(const RelationPtr& table, const std::string& whose, StudyColumn* column) {
  if (!column->assignment.empty()) return;
  if (column->table != nullptr && column->table != table) {
    const auto before = origins_of(*column->table, *column->expr);
    column->table = table;
    check_column(*column);
    if (origins_of(*table, *column->expr) == before) return;
    throw ArgumentError({.what = "a column belongs to another table than " + whose,
                         .got = describe_expr(*column->expr),
                         .expected = "columns of " + table->label,
                         .hint = "join the tables first, and take the columns of the join"});
  }
  column->table = table;
  check_column(*column);
}

StudyColumn study_column_at(lua_State* L, int index, const std::string& place, bool loose) {
  if (find_box(L, index, "Column") == nullptr) {
    throw ArgumentError({.what = "expected a column",
                         .where = place,
                         .got = describe_value(L, index),
                         .expected = "a Column of a source, as videos.views",
                         .hint = lua_type(L, index) == LUA_TSTRING
                                     ? "write table:col \"" + text_at(L, index) + "\""
                                     : ""});
  }
  const auto value = get_handle<const ColumnValue>(L, index);
  StudyColumn out{.name = value->alias,
                  .expr = value->expr,
                  .table = value->table,
                  .model = value->model,
                  .assignment = value->assignment};
  if (out.name.empty() && out.expr->kind == Expr::Kind::kColumn) out.name = out.expr->name;
  if (!loose && out.table == nullptr && out.model.empty() && out.assignment.empty()) {
    throw ArgumentError({.what = "the column belongs to no table",
                         .where = place,
                         .got = describe_expr(*out.expr),
                         .expected = "a column of a source or a model, as videos.views"});
  }
  check_column(out);
  return out;
}

std::vector<StudyColumn> study_columns_at(lua_State* L, int index, const std::string& place) {
  if (lua_isnoneornil(L, index)) return {};
  if (!is_plain_table(L, index)) return {study_column_at(L, index, place)};
  std::vector<StudyColumn> out;
  each_item(L, index, [&](int item, lua_Integer) {
    for (StudyColumn& column : study_columns_at(L, item, place)) out.push_back(std::move(column));
  });
  return out;
}

std::optional<StudyColumn> optional_column_at(lua_State* L, int index, const std::string& place) {
  if (lua_isnoneornil(L, index)) return std::nullopt;
  return study_column_at(L, index, place);
}

}  // namespace impact::bindings
