#include "bindings/columns.h"

#include <algorithm>

#include "bindings/runtime.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

// Name an expression gets when the script gives none: its column's, or "mean_views".
std::string default_name(const ColumnValue& value, const std::string& place) {
  if (!value.alias.empty()) return value.alias;
  const Expr& expr = *value.expr;
  if (expr.kind == Expr::Kind::kColumn) return expr.name;
  const bool named = expr.kind == Expr::Kind::kAggregate || expr.kind == Expr::Kind::kWindow;
  if (named && expr.args.empty()) return expr.name;
  if (named && expr.args[0]->kind == Expr::Kind::kColumn) {
    return expr.name + "_" + expr.args[0]->name;
  }
  throw ArgumentError({.what = "a computed column needs a name",
                       .where = place,
                       .got = describe_expr(expr),
                       .hint = "write (...):as \"name\", or name = ..."});
}

NamedExpr definition_at(lua_State* L, int index, const std::string& place) {
  if (lua_type(L, index) == LUA_TSTRING) {
    const std::string name = text_at(L, index);
    return {name, column(name)};
  }
  if (find_box(L, index, "Column") == nullptr) {
    throw ArgumentError({.what = "expected a column",
                         .where = place,
                         .got = describe_value(L, index),
                         .expected = "a column's name or a Column such as t.views"});
  }
  const auto value = get_handle<const ColumnValue>(L, index);
  return {default_name(*value, place), value->expr};
}

SortKey sort_key_at(lua_State* L, int index, const std::string& place) {
  if (find_box(L, index, "Column") != nullptr) {
    const auto value = get_handle<const ColumnValue>(L, index);
    return {value->expr, value->descending};
  }
  return {column(name_at(L, index, place)), false};
}

// Named fields of a list of columns mean nothing; who writes one takes it for an option.
void refuse_fields(lua_State* L, int index, const std::string& place) {
  const std::vector<std::string> fields = sorted_fields(L, index);
  if (fields.empty()) return;
  throw ArgumentError({.what = place + " takes no field '" + fields[0] + "'",
                       .got = fields[0],
                       .expected = "columns, one after another",
                       .hint = "leave out '" + fields[0] + " =' to list what follows it"});
}

// Makes the column belong to what the one at `index` belongs to, unless it has an owner.
void adopt_owner(lua_State* L, int index, ColumnValue* out) {
  const Box* box = find_box(L, index, "Column");
  if (box == nullptr || box->object == nullptr || out->table != nullptr || !out->model.empty()) {
    return;
  }
  const auto value = get_handle<const ColumnValue>(L, index);
  out->table = value->table;
  out->model = value->model;
}

std::string describe_literal(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  return format_value(value);
}

}  // namespace

void push_column(lua_State* L, ColumnValue value) {
  push_handle(L, std::make_shared<const ColumnValue>(std::move(value)));
}

void push_computed(lua_State* L, ExprPtr expr) {
  ColumnValue out{.expr = std::move(expr)};
  const int last = lua_gettop(L);
  for (int i = 1; i <= last && out.table == nullptr && out.model.empty(); ++i) {
    if (is_plain_table(L, i)) {
      each_item(L, i, [&](int item, lua_Integer) { adopt_owner(L, item, &out); });
    } else {
      adopt_owner(L, i, &out);
    }
  }
  push_column(L, std::move(out));
}

void push_table(lua_State* L, RelationPtr relation) {
  std::uint64_t bytes = 0;
  if (const auto* scan = std::get_if<FrameScan>(&relation->verb)) bytes = scan->frame->bytes();
  push_handle(L, std::move(relation), bytes);
}

ExprPtr expr_at(lua_State* L, int index, const std::string& place) {
  if (find_box(L, index, "Column") != nullptr) {
    return get_handle<const ColumnValue>(L, index)->expr;
  }
  return literal(value_at(L, index, place));
}

std::string name_at(lua_State* L, int index, const std::string& place) {
  if (lua_type(L, index) == LUA_TSTRING) return text_at(L, index);
  if (find_box(L, index, "Column") != nullptr) {
    const auto value = get_handle<const ColumnValue>(L, index);
    if (value->expr->kind == Expr::Kind::kColumn) return value->expr->name;
    throw ArgumentError({.what = "expected a column of the table, not a computed one",
                         .where = place,
                         .got = describe_expr(*value->expr),
                         .hint = "derive it first"});
  }
  throw ArgumentError({.what = "expected a column",
                       .where = place,
                       .got = describe_value(L, index),
                       .expected = "a column's name or a Column such as t.views"});
}

std::vector<std::string> names_at(lua_State* L, int index, const std::string& place) {
  if (lua_isnil(L, index)) return {};
  if (!is_plain_table(L, index)) return {name_at(L, index, place)};
  refuse_fields(L, index, place);
  std::vector<std::string> names;
  each_item(L, index, [&](int item, lua_Integer) {
    for (std::string& name : names_at(L, item, place)) names.push_back(std::move(name));
  });
  return names;
}

std::vector<NamedExpr> columns_at(lua_State* L, int index, const std::string& place) {
  if (lua_isnil(L, index)) return {};
  if (!is_plain_table(L, index)) return {definition_at(L, index, place)};
  return definitions_at(L, index, place);
}

std::vector<NamedExpr> definitions_at(lua_State* L, int index, const std::string& place,
                                      const std::vector<std::string>& reserved) {
  std::vector<NamedExpr> out;
  each_item(L, index, [&](int item, lua_Integer) {
    if (is_plain_table(L, item)) {
      for (NamedExpr& nested : definitions_at(L, item, place)) out.push_back(std::move(nested));
    } else {
      out.push_back(definition_at(L, item, place));
    }
  });
  for (const std::string& name : sorted_fields(L, index)) {
    if (std::find(reserved.begin(), reserved.end(), name) != reserved.end()) continue;
    with_field(L, index, name, [&](int value) {
      out.push_back({name, expr_at(L, value, "'" + name + "' in " + place)});
    });
  }
  return out;
}

std::vector<SortKey> sort_keys_at(lua_State* L, int index, const std::string& place) {
  if (lua_isnil(L, index)) return {};
  if (!is_plain_table(L, index)) return {sort_key_at(L, index, place)};
  refuse_fields(L, index, place);
  std::vector<SortKey> keys;
  each_item(L, index, [&](int item, lua_Integer) {
    for (SortKey& key : sort_keys_at(L, item, place)) keys.push_back(std::move(key));
  });
  return keys;
}

std::string describe_expr(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kColumn: return expr.name;
    case Expr::Kind::kLiteral: return describe_literal(expr.literal);
    case Expr::Kind::kSql: return "sql(" + expr.name + ")";
    default: break;
  }
  std::string out = expr.name + "(";
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    out += (i == 0 ? "" : ", ") + describe_expr(*expr.args[i]);
  }
  return out + (expr.kind == Expr::Kind::kWindow ? ") over rows" : ")");
}

}  // namespace impact::bindings
