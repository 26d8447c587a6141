#pragma once

#include "bindings/lua_include.h"

namespace impact::bindings {

/// Makes `missing`, the value scripts write and read for a missing cell.
void open_missing(lua_State* L);
/// Pushes it; prints as "missing".
void push_missing(lua_State* L);

}  // namespace impact::bindings
