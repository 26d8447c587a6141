#include "bindings/missing.h"

#include <memory>

#include "bindings/args.h"
#include "bindings/handle.h"
#include "bindings/runtime.h"
#include "bindings/sandbox.h"

namespace impact::bindings {
namespace {

const char kMissing = 0;  // Registry: the one value.

}  // namespace

void open_missing(lua_State* L) {
  register_type(L, {.name = "missing",
                    .text = "The value of a missing cell. There is one; it equals itself only.",
                    .methods = {},
                    .metamethods = {},
                    .releasable = false});
  runtime(L).registry().add(
      NamedValue{.name = "missing", .type = "missing", .text = "The value of a missing cell."});
  push_object(L, "missing", std::make_shared<char>('\0'));
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kMissing);
  set_global(L, "missing");
}

void push_missing(lua_State* L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &kMissing); }

}  // namespace impact::bindings
