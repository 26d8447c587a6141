#pragma once

#include "bindings/lua_include.h"

namespace impact::bindings {

/// Pushes the table that the embedded standard library gets as its argument and scripts never see:
///   keys(t)            list of the keys of t in fixed order
///   raise { what, got, expected, hint, kind }   error at the user's line
///   fail { ... }     the same, but gives a failed value while errors are gathered
///   metatable(v)       the metatable itself, whatever __metatable says
///   type(v)            "integer", "text", "list", "Table", ...
///   write(text)        to the program's output
///   protect(t), protected(t)   mark tables that rawset must not touch
///   suggest(word, words)       "did you mean ...?" or nil
///   resolve(name), compile(path)   files `use` may load
///   load(name)         result of another file of the standard library
///   define(descriptor, body)   a function checked by its descriptor
///   position()         "file:line" of the nearest frame of user code
///   describe(v)        what a value is, for messages
void open_private_api(lua_State* L);

}  // namespace impact::bindings
