#include "bindings/failed.h"

#include <initializer_list>

namespace impact::bindings {
namespace {

const char kFailed = 0;  // Registry: the one failed value.

constexpr int kMostLevels = 4;

int itself(lua_State* L) {
  push_failed(L);
  return 1;
}

// A list that failed has no items: loops over it end.
int field(lua_State* L) {
  if (lua_type(L, 2) == LUA_TNUMBER) {
    lua_pushnil(L);
  } else {
    push_failed(L);
  }
  return 1;
}

int nothing(lua_State*) { return 0; }

int no_items(lua_State* L) {
  lua_pushinteger(L, 0);
  return 1;
}

int as_text(lua_State* L) {
  lua_pushliteral(L, "(failed)");
  return 1;
}

// Raw reads only: looking must not run code of the script.
bool holds_failed(lua_State* L, int index, int level) {
  if (is_failed(L, index)) return true;
  if (lua_type(L, index) != LUA_TTABLE || level == kMostLevels) return false;
  if (lua_checkstack(L, 6) == 0) return false;
  const int table = lua_absindex(L, index);
  bool found = false;
  lua_pushnil(L);
  while (!found && lua_next(L, table) != 0) {
    found = holds_failed(L, -1, level + 1);
    lua_pop(L, found ? 2 : 1);
  }
  return found;
}

}  // namespace

void open_failed(lua_State* L) {
  lua_newuserdatauv(L, 0, 0);
  lua_createtable(L, 0, 24);
  for (const char* name :
       {"__call", "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__unm", "__idiv", "__band",
        "__bor", "__bxor", "__shl", "__shr", "__bnot", "__concat", "__lt", "__le"}) {
    lua_pushcfunction(L, itself);
    lua_setfield(L, -2, name);
  }
  const luaL_Reg others[] = {{"__index", field},
                             {"__newindex", nothing},
                             {"__close", nothing},
                             {"__len", no_items},
                             {"__tostring", as_text}};
  for (const luaL_Reg& item : others) {
    lua_pushcfunction(L, item.func);
    lua_setfield(L, -2, item.name);
  }
  lua_pushliteral(L, "failed");
  lua_setfield(L, -2, "__metatable");
  lua_pushliteral(L, "failed");
  lua_setfield(L, -2, "__name");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kFailed);
}

void push_failed(lua_State* L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &kFailed); }

bool is_failed(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA) return false;
  const void* object = lua_touserdata(L, index);
  push_failed(L);
  const bool same = lua_touserdata(L, -1) == object;
  lua_pop(L, 1);
  return same;
}

bool has_failed_argument(lua_State* L) {
  const int last = lua_gettop(L);
  for (int i = 1; i <= last; ++i) {
    if (holds_failed(L, i, 0)) return true;
  }
  return false;
}

}  // namespace impact::bindings
