#pragma once

#include <string>
#include <vector>

#include "bindings/args.h"
#include "bindings/handle.h"
#include "engine/table/expr.h"
#include "engine/table/relation.h"

/// Reading expressions, column lists and sort keys out of Lua values.
namespace impact::bindings {

/// What a Column handle holds: an expression, the name it was given and where it came from.
struct ColumnValue {
  ExprPtr expr;
  std::string alias = {};       ///< Set by :as; "" when none.
  bool descending = false;      ///< Set by desc().
  RelationPtr table = nullptr;  ///< The table it was read from: t of t.views + 1.
  std::string model = {};       ///< Name of the model it is a variable of, else "".
  std::string assignment = {};  ///< Name of the assignment it stands for, else "".
};

template <>
struct HandleName<const ColumnValue> {
  static constexpr const char* name = "Column";
};
template <>
struct HandleName<const Relation> {
  static constexpr const char* name = "Table";
};
template <>
struct HandleName<const Type> {
  static constexpr const char* name = "Type";
};

void push_column(lua_State* L, ColumnValue value);
/// An expression over the arguments of the running call: it belongs to the table or model that the
/// first Column among them belongs to.
void push_computed(lua_State* L, ExprPtr expr);
void push_table(lua_State* L, RelationPtr relation);

/// Types an operand may have, for descriptors.
inline constexpr const char* kOperand = "Column|number|text|boolean|missing";
/// Types one item of a column list may have.
inline constexpr const char* kColumns = "text|Column|list";

/// A Column's expression, or a literal.
[[nodiscard]] ExprPtr expr_at(lua_State* L, int index, const std::string& place);
/// A column name: a text, or a Column that is nothing but one. `place` is for messages.
[[nodiscard]] std::string name_at(lua_State* L, int index, const std::string& place);
/// A text or Column, or a list of them without named fields. nil gives an empty list.
[[nodiscard]] std::vector<std::string> names_at(lua_State* L, int index, const std::string& place);
/// The same as columns: texts name columns, expressions need a name of their own.
[[nodiscard]] std::vector<NamedExpr> columns_at(lua_State* L, int index, const std::string& place);
/// Items of a list in order, then `name = expression` fields in byte order of the names, without
/// the fields in `reserved`. A plain value of a field is a literal.
[[nodiscard]] std::vector<NamedExpr> definitions_at(lua_State* L, int index,
                                                    const std::string& place,
                                                    const std::vector<std::string>& reserved = {});
/// Texts, Columns and desc(Column)s as sort keys, without named fields. nil gives an empty list.
[[nodiscard]] std::vector<SortKey> sort_keys_at(lua_State* L, int index, const std::string& place);
/// One value of each item of the list at `index`, through `read(index of the item)`. Throws
/// Cancelled.
template <class Read>
void each_item(lua_State* L, int index, Read&& read) {
  const int list = lua_absindex(L, index);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, list));
  reserve_stack(L, 4);
  for (lua_Integer i = 1; i <= count; ++i) {
    if (i % kPollItems == 0) poll_cancel(L);
    lua_rawgeti(L, list, i);
    read(lua_gettop(L), i);
    lua_pop(L, 1);
  }
}
/// Value of field `name` of the table at `index` through `read(index)`, unless it is nil.
template <class Read>
void with_field(lua_State* L, int index, std::string_view name, Read&& read) {
  const int table = lua_absindex(L, index);
  reserve_stack(L, 4);
  push_text(L, name);
  lua_rawget(L, table);
  if (!lua_isnil(L, -1)) read(lua_gettop(L));
  lua_pop(L, 1);
}

/// "mean(views) + 1": an expression as a person would write it.
[[nodiscard]] std::string describe_expr(const Expr& expr);

}  // namespace impact::bindings
