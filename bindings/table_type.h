#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bindings/columns.h"
#include "engine/table/source.h"

/// The pieces the Table type is put together from.
namespace impact::bindings {

/// A method of Table that returns a table. The example starts with a small table `t` (x, y, g).
[[nodiscard]] Function verb(const std::string& name, std::vector<Param> params, std::string text,
                            const std::string& example, std::function<int(Call&)> body);
/// Methods that compute: rows, describe, shape, write, ...
[[nodiscard]] std::vector<Function> reading_functions();
/// Kinds of Lua tables that these give: Shape, Row.
[[nodiscard]] std::vector<TypeDescriptor> table_kinds();
/// The fields of `expect`, as expectations_at reads them.
[[nodiscard]] std::vector<Param> expectation_fields();
/// Access to columns by name, and the text of a table.
[[nodiscard]] std::vector<Function> table_metamethods();

/// column = "type" or category { ... }, by column.
[[nodiscard]] std::map<std::string, Type> types_at(lua_State* L, int index,
                                                   const std::string& place);
/// { rows = N or { min, max }, key =, unique =, present =, range =, allowed = }.
[[nodiscard]] Expectations expectations_at(lua_State* L, int index, const Schema& schema,
                                           const std::string& label);

}  // namespace impact::bindings
