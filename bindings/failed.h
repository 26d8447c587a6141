#pragma once

#include "bindings/lua_include.h"

/// The value that stands for what a failed call would have given, while errors are gathered. Every
/// use of it gives it back, so that one mistake is told once.
namespace impact::bindings {

/// Makes its metatable; once a state.
void open_failed(lua_State* L);
void push_failed(lua_State* L);
[[nodiscard]] bool is_failed(lua_State* L, int index);
/// Whether an argument of the running call is failed, or a table that holds such a value.
[[nodiscard]] bool has_failed_argument(lua_State* L);

}  // namespace impact::bindings
