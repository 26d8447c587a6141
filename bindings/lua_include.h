#pragma once

/// The one place that includes the interpreter. Debian's liblua5.4-c++ is compiled as C++, so that
/// its errors unwind C++ frames, but exports C names: lua.hpp's extern "C" is right for it.
#include <lua.hpp>

static_assert(LUA_VERSION_NUM == 504, "Lua 5.4 is required");
