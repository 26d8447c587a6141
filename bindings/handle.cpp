#include "bindings/handle.h"

#include <algorithm>
#include <new>

#include "bindings/args.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

const char kTypes = 0;  // Registry: type name -> metatable. A metatable is known by kBoxMark.
const char kBoxMark = 0;
const char kMethods = 0;

Box* box_at(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || lua_getmetatable(L, index) == 0) return nullptr;
  lua_rawgetp(L, -1, &kBoxMark);
  const bool ours = lua_toboolean(L, -1) != 0;
  lua_pop(L, 2);
  return ours ? static_cast<Box*>(lua_touserdata(L, index)) : nullptr;
}

// Both finalizers may run twice, at any allocation and while the state closes: they only drop the
// reference, which must not call back into Lua.
int drop(lua_State* L) {
  if (Box* box = box_at(L, 1)) {
    if (box->bytes > 0) runtime(L).let_go(box->bytes);
    box->bytes = 0;
    box->object.reset();
  }
  return 0;
}

int same_object(lua_State* L) {
  const Box* left = box_at(L, 1);
  const Box* right = box_at(L, 2);
  lua_pushboolean(L, left != nullptr && right != nullptr && left->object != nullptr &&
                         left->object == right->object);
  return 1;
}

int type_name(lua_State* L) {
  const Box* box = box_at(L, 1);
  if (box == nullptr) {
    lua_pushliteral(L, "handle");
  } else {
    lua_pushlstring(L, box->type->name.data(), box->type->name.size());
  }
  return 1;
}

// Up to five methods whose names are near, nearest first; all of them when none is.
std::string near_methods(const std::string& word, const std::vector<std::string>& methods) {
  constexpr std::size_t kMost = 5;
  std::vector<std::string> rest = methods;
  std::vector<std::string> near;
  while (near.size() < kMost) {
    const std::string next = nearest_word(word, rest);
    if (next.empty()) break;
    near.push_back(next);
    rest.erase(std::find(rest.begin(), rest.end(), next));
  }
  if (!near.empty()) return list_words(near);
  return methods.empty() ? "nothing: it has no methods" : list_words(methods);
}

// __index of a table of methods: what it lacks is an error.
int refuse_method(lua_State* L) {
  reserve_stack(L, 4);
  lua_getmetatable(L, 1);
  push_text(L, "__name");
  lua_rawget(L, -2);
  const std::string type = text_at(L, -1);
  lua_pop(L, 2);
  const bool named = lua_type(L, 2) == LUA_TSTRING;
  const std::string word = text_at(L, 2);
  const auto methods = sorted_fields(L, 1);
  throw ArgumentError({.what = named ? type + " has no method '" + word + "'"
                                     : type + " is indexed by names of methods only",
                       .got = named ? word : describe_value(L, 2),
                       .expected = near_methods(word, methods),
                       .hint = did_you_mean(word, methods)});
}

Function release_function(const std::string& type) {
  return {.name = type + ":release",
          .params = {},
          .returns = "nothing",
          .text =
              "Gives back what the handle holds now instead of when it is collected; later use "
              "is an error.",
          .example =
              "local t <const> = frame { { \"x\", { 1, 2 } } }\nt:release()\n"
              "assert(not pcall(function() return t:count_rows() end))",
          .body = [](Call& call) {
            lua_State* L = call.state();
            drop(L);
            return 0;
          }};
}

}  // namespace

void register_type(lua_State* L, TypeDescriptor descriptor) {
  if (descriptor.releasable) {
    descriptor.methods.push_back(release_function(descriptor.name));
  }
  const TypeDescriptor& type = runtime(L).registry().add(std::move(descriptor));
  reserve_stack(L, 8);

  lua_createtable(L, 0, static_cast<int>(type.methods.size()));
  for (const Function& method : type.methods) {
    push_text(L, method.short_name());
    push_function(L, method);
    lua_rawset(L, -3);
  }
  const int methods = lua_gettop(L);
  lua_createtable(L, 0, 2);
  push_text(L, type.name);
  lua_setfield(L, -2, "__name");
  push_private(L, refuse_method);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, methods);

  lua_createtable(L, 0, 16);
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &kBoxMark);
  lua_pushvalue(L, methods);
  lua_rawsetp(L, -2, &kMethods);
  lua_pushvalue(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, drop);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, drop);
  lua_setfield(L, -2, "__close");
  lua_pushcfunction(L, same_object);
  lua_setfield(L, -2, "__eq");
  lua_pushcfunction(L, type_name);
  lua_setfield(L, -2, "__tostring");
  push_text(L, type.name);
  lua_setfield(L, -2, "__name");
  push_text(L, type.name);
  lua_setfield(L, -2, "__metatable");
  for (const Function& method : type.metamethods) {
    push_text(L, method.short_name());
    push_function(L, method);
    lua_rawset(L, -3);
  }

  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kTypes) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 8);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kTypes);
  }
  push_text(L, type.name);
  lua_pushlightuserdata(L, const_cast<TypeDescriptor*>(&type));
  lua_rawset(L, -3);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, &type);
  lua_settop(L, methods - 1);
}

void push_object(lua_State* L, std::string_view type, std::shared_ptr<void> object,
                 std::uint64_t bytes) {
  reserve_stack(L, 6);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kTypes);
  push_text(L, type);
  lua_rawget(L, -2);
  const auto* descriptor = static_cast<const TypeDescriptor*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  if (descriptor == nullptr) {
    throw InternalError({.what = "no handle type is called '" + std::string(type) + "'"});
  }
  lua_rawgetp(L, -1, descriptor);
  void* memory = lua_newuserdatauv(L, sizeof(Box), 0);
  Runtime& self = runtime(L);
  new (memory) Box{std::move(object), descriptor, self.next_serial(), bytes};
  lua_insert(L, -3);
  lua_setmetatable(L, -3);
  lua_pop(L, 1);
  if (bytes > 0) self.hold(bytes);
}

Box* find_box(lua_State* L, int index, std::string_view type) {
  Box* box = box_at(L, index);
  return box != nullptr && (type.empty() || box->type->name == type) ? box : nullptr;
}

std::shared_ptr<void> get_object(lua_State* L, int index, std::string_view type) {
  const Box* box = find_box(L, index, type);
  if (box == nullptr) {
    throw ArgumentError({.what = "expected a " + std::string(type),
                         .got = describe_value(L, index),
                         .expected = std::string(type)});
  }
  if (box->object == nullptr) {
    throw ArgumentError({.what = "the " + std::string(type) + " was released"});
  }
  return box->object;
}

void push_methods(lua_State* L, std::string_view type) {
  reserve_stack(L, 4);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kTypes);
  push_text(L, type);
  lua_rawget(L, -2);
  const void* descriptor = lua_touserdata(L, -1);
  lua_pop(L, 1);
  lua_rawgetp(L, -1, descriptor);
  lua_rawgetp(L, -1, &kMethods);
  lua_insert(L, -3);
  lua_pop(L, 2);
}

}  // namespace impact::bindings
