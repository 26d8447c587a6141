#pragma once

#include <exception>

#include "bindings/descriptor.h"
#include "bindings/runtime.h"

/// The only place where a C++ failure becomes a Lua error.
///
/// Bodies throw std::exception descendants and never raise: no luaL_check*, luaL_error, lua_error
/// outside guard.cpp. The shell that raises owns nothing, so the border does not depend on how the
/// interpreter unwinds. Exceptions are caught as std::exception only: a catch-all would also eat
/// the interpreter's own errors.
namespace impact::bindings {

/// Pushes `function` as a closure guarded by its descriptor. `function` must outlive the state.
void push_function(lua_State* L, const Function& function);
/// The same for a descriptor whose body is the Lua function on top of the stack (replaced).
void push_checked(lua_State* L, const Function& function);
/// The descriptor of a closure that one of the two pushed; nullptr for any other value.
[[nodiscard]] const Function* function_behind(lua_State* L, int index);
/// A guarded closure without a descriptor, for the embedded library's private interface: arguments
/// come unchecked.
void push_private(lua_State* L, int (*body)(lua_State*));

/// Raises what run_protected left in the runtime as an error object
/// { kind, what, where, got, expected, hint, message, line }. Never returns.
int raise_pending(lua_State* L);

/// Describes an exception in the runtime, with the user's line. Never throws.
void set_pending(lua_State* L, const std::exception& error) noexcept;

/// Keeps an error with the user's line in the runtime's list, while errors are gathered.
void keep_failure(lua_State* L, const Error& error);

/// Message handler of Runtime::call: turns any error value into an error object and notes callers.
int handle_message(lua_State* L);

/// Whether the value is an error object of this border.
[[nodiscard]] bool is_error_object(lua_State* L, int index);

/// Makes the metatable of error objects; called once a state.
void open_errors(lua_State* L);

}  // namespace impact::bindings
