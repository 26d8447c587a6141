#pragma once

#include "bindings/descriptor.h"
#include "bindings/lua_include.h"

/// What the standard library and the prompt ask about descriptors. All reads are raw: asking never
/// runs code of a script.
namespace impact::bindings {

/// Adds to the private interface on top of the stack: descriptors() -> all names, sorted;
/// descriptor(name) -> its data or nil; documented(value) -> the name of the descriptor behind a
/// function under any alias, or of a handle's type, or nil; document(value, name | function, parts)
/// names what is behind a function or table; kind { name, text, fields, any_field } declares a type
/// that is no handle; alias(name, of); value(name, type, text).
void open_docs_api(lua_State* L);

/// Name of the descriptor behind a value, "" when there is none.
[[nodiscard]] std::string documented_name(lua_State* L, int index);

/// Reads a parameter as the standard library writes one, at a stack index.
[[nodiscard]] Param read_param(lua_State* L, int table);
/// The list of them in field `name` of the table at `table`.
[[nodiscard]] std::vector<Param> read_params(lua_State* L, int table, const char* name);

}  // namespace impact::bindings
