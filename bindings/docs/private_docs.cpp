#include "bindings/docs/private_docs.h"

#include <sstream>
#include <nlohmann/json.hpp>

#include "bindings/args.h"
#include "bindings/guard.h"
#include "bindings/handle.h"
#include "bindings/runtime.h"
#include "bindings/sandbox.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

const char kDocumented = 0;  // Registry: weak table, function or table -> name of its descriptor.

std::string field(lua_State* L, int table, const char* name) {
  push_text(L, name);
  lua_rawget(L, table);
  std::string value = text_at(L, -1);
  lua_pop(L, 1);
  return value;
}

bool flag(lua_State* L, int table, const char* name) {
  push_text(L, name);
  lua_rawget(L, table);
  const bool value = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return value;
}

std::optional<double> bound(lua_State* L, int table, const char* name) {
  push_text(L, name);
  lua_rawget(L, table);
  std::optional<double> value;
  if (lua_type(L, -1) == LUA_TNUMBER) value = lua_tonumberx(L, -1, nullptr);
  lua_pop(L, 1);
  return value;
}

void push_json(lua_State* L, const nlohmann::json& json) {
  reserve_stack(L, 4);
  if (json.is_array()) {
    lua_createtable(L, static_cast<int>(json.size()), 0);
    lua_Integer place = 0;
    for (const auto& item : json) {
      push_json(L, item);
      lua_rawseti(L, -2, ++place);
    }
  } else if (json.is_object()) {
    lua_createtable(L, 0, static_cast<int>(json.size()));
    for (const auto& [name, item] : json.items()) {
      push_text(L, name);
      push_json(L, item);
      lua_rawset(L, -3);
    }
  } else if (json.is_string()) {
    push_text(L, json.get<std::string>());
  } else if (json.is_boolean()) {
    lua_pushboolean(L, json.get<bool>() ? 1 : 0);
  } else if (json.is_number_integer()) {
    lua_pushinteger(L, json.get<lua_Integer>());
  } else if (json.is_number()) {
    lua_pushnumber(L, json.get<double>());
  } else {
    lua_pushnil(L);
  }
}

// "stdlib/study/data.lua" of the chunk "[stdlib/study/data.lua]".
std::string file_of(const lua_Debug& frame) {
  const std::string name = frame.short_src;
  return name.starts_with('[') && name.ends_with(']') ? name.substr(1, name.size() - 2) : name;
}

std::string lines(const std::string& file, int first, int last) {
  return file + ":" + std::to_string(first) + "-" + std::to_string(last);
}

// The last line of the paragraph that line `first` of a file of the library belongs to.
int end_of_paragraph(Runtime& self, const std::string& file, int first) {
  std::istringstream text(library_text(self, file.substr(std::string_view("stdlib/").size())));
  std::string line;
  int last = 0;
  for (int number = 1; std::getline(text, line); ++number) {
    if (number > first && line.empty()) break;
    last = number;
  }
  return last;
}

// The lines of the Lua function at `index`: "stdlib/study/data.lua:12-40".
std::string lines_of(lua_State* L, int index) {
  lua_Debug frame;
  lua_pushvalue(L, index);
  if (lua_getinfo(L, ">S", &frame) == 0 || frame.linedefined <= 0) return "";
  return lines(file_of(frame), frame.linedefined, frame.lastlinedefined);
}

// Where a function is defined. Where a helper calls define, as for all of stats, the body is the
// helper's, and what says something is the call of the helper.
std::string place_of(lua_State* L, int index) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame) != 0; ++level) {
    if (lua_getinfo(L, "Sl", &frame) == 0 || std::string_view(frame.what) != "main") continue;
    if (level == 1) break;
    const std::string file = file_of(frame);
    return lines(file, frame.currentline, end_of_paragraph(runtime(L), file, frame.currentline));
  }
  return lines_of(L, index);
}

Function read_function(lua_State* L) {
  return {.name = field(L, 1, "name"),
          .params = read_params(L, 1, "params"),
          .returns = field(L, 1, "returns"),
          .result = field(L, 1, "result"),
          .text = field(L, 1, "text"),
          .example = field(L, 1, "example"),
          .free = true};
}

// define(descriptor, body) -> the body behind checks of its arguments.
int define(lua_State* L) {
  Function function = read_function(L);
  function.script = place_of(L, 2);
  const Function& kept = runtime(L).registry().add(std::move(function));
  lua_pushvalue(L, 2);
  push_checked(L, kept);
  return 1;
}

void remember(lua_State* L, int value, const std::string& name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kDocumented);
  lua_pushvalue(L, value);
  push_text(L, name);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

// annotate(descriptor, function) -> the same function, described: it replaces one of Lua's own and
// checks its arguments itself.
int annotate(lua_State* L) {
  Function function = read_function(L);
  function.script = lines_of(L, 2);
  function.standard = true;
  remember(L, 2, runtime(L).registry().add(std::move(function)).name);
  lua_pushvalue(L, 2);
  return 1;
}

int descriptors(lua_State* L) {
  push_json(L, runtime(L).registry().names());
  return 1;
}

int descriptor(lua_State* L) {
  push_json(L, runtime(L).registry().to_json(text_at(L, 1)));
  return 1;
}

int documented(lua_State* L) {
  lua_settop(L, 1);
  const std::string name = documented_name(L, 1);
  if (name.empty()) {
    lua_pushnil(L);
  } else {
    push_text(L, name);
  }
  return 1;
}

// document(value, name or documented function, parts)
int document(lua_State* L) {
  lua_settop(L, 3);
  Registry& registry = runtime(L).registry();
  const std::string name = lua_type(L, 2) == LUA_TSTRING ? text_at(L, 2) : documented_name(L, 2);
  if (registry.to_json(name).is_null()) {
    throw InternalError({.what = "nothing is described as '" + name + "'"});
  }
  if (lua_isinteger(L, 3) != 0) {
    registry.set_parts(name, static_cast<int>(lua_tointegerx(L, 3, nullptr)));
  }
  remember(L, 1, name);
  return 0;
}

int kind(lua_State* L) {
  runtime(L).registry().add(TypeDescriptor{.name = field(L, 1, "name"),
                                           .text = field(L, 1, "text"),
                                           .releasable = false,
                                           .fields = read_params(L, 1, "fields"),
                                           .any_field = field(L, 1, "any_field"),
                                           .handle = false});
  return 0;
}

int alias(lua_State* L) {
  runtime(L).registry().add_alias(text_at(L, 1), text_at(L, 2));
  return 0;
}

int value(lua_State* L) {
  runtime(L).registry().add(
      NamedValue{.name = text_at(L, 1), .type = text_at(L, 2), .text = text_at(L, 3)});
  return 0;
}

}  // namespace

std::string documented_name(lua_State* L, int index) {
  reserve_stack(L, 4);
  if (const Function* function = function_behind(L, index)) return function->name;
  if (const Box* box = find_box(L, index)) return box->type->name;
  const int type = lua_type(L, index);
  if (type != LUA_TFUNCTION && type != LUA_TTABLE) return "";
  const int at = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kDocumented);
  lua_pushvalue(L, at);
  lua_rawget(L, -2);
  std::string name = text_at(L, -1);
  lua_pop(L, 2);
  return name;
}

Param read_param(lua_State* L, int table) {
  Param param{.name = field(L, table, "name"),
              .type = field(L, table, "type"),
              .text = field(L, table, "text"),
              .optional = flag(L, table, "optional"),
              .named = flag(L, table, "named"),
              .variadic = flag(L, table, "variadic"),
              .fallback = {},
              .allowed = {},
              .min = bound(L, table, "min"),
              .max = bound(L, table, "max"),
              .items = field(L, table, "items"),
              .keyed = flag(L, table, "keyed"),
              .fields = read_params(L, table, "fields")};
  push_text(L, "default");
  lua_rawget(L, table);
  if (!lua_isnil(L, -1)) {
    param.fallback = value_at(L, lua_gettop(L), param.name);
    param.optional = true;
  }
  lua_pop(L, 1);
  push_text(L, "allowed");
  lua_rawget(L, table);
  const int allowed = lua_gettop(L);
  if (lua_type(L, allowed) == LUA_TTABLE) {
    const auto count = static_cast<lua_Integer>(lua_rawlen(L, allowed));
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(L, allowed, i);
      param.allowed.push_back(text_at(L, -1));
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return param;
}

std::vector<Param> read_params(lua_State* L, int table, const char* name) {
  std::vector<Param> params;
  reserve_stack(L, 8);
  push_text(L, name);
  lua_rawget(L, table);
  const int list = lua_gettop(L);
  if (lua_type(L, list) == LUA_TTABLE) {
    const auto count = static_cast<lua_Integer>(lua_rawlen(L, list));
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(L, list, i);
      params.push_back(read_param(L, lua_gettop(L)));
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return params;
}

void open_docs_api(lua_State* L) {
  lua_createtable(L, 0, 64);
  lua_createtable(L, 0, 1);
  push_text(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kDocumented);
  struct Entry {
    const char* name;
    int (*body)(lua_State*);
  };
  constexpr Entry kEntries[] = {
      {"define", define},
      {"annotate", annotate},
      {"descriptors", descriptors},
      {"descriptor", descriptor},
      {"documented", documented},
      {"document", document},
      {"kind", kind},
      {"alias", alias},
      {"value", value},
  };
  for (const Entry& entry : kEntries) {
    push_private(L, entry.body);
    lua_setfield(L, -2, entry.name);
  }
}

}  // namespace impact::bindings
