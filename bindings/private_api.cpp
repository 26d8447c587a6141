#include "bindings/private_api.h"

#include <algorithm>
#include <compare>
#include <filesystem>
#include <string>
#include <vector>

#include "bindings/args.h"
#include "bindings/docs/private_docs.h"
#include "bindings/failed.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "bindings/sandbox.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

const char kProtected = 0;  // Registry: set of tables scripts must not write to.

// Order of keys: integers, floats, texts by bytes, booleans, handles by creation.
struct Key {
  int rank = 0;
  lua_Integer integer = 0;  // Also: boolean, serial.
  double number = 0;
  std::string_view text;  // Owned by the Lua string, which its table keeps alive.
  int index = 0;          // Place in the list of keys as met.

  bool operator<(const Key& other) const {
    if (rank != other.rank) return rank < other.rank;
    if (rank == 1) return number < other.number;
    if (rank == 2) return text < other.text;
    return integer < other.integer;
  }
};

Key read_key(lua_State* L, int index) {
  Key key;
  switch (lua_type(L, index)) {
    case LUA_TNUMBER:
      if (lua_isinteger(L, index) != 0) {
        key.integer = lua_tointegerx(L, index, nullptr);
      } else {
        key.rank = 1;
        key.number = lua_tonumberx(L, index, nullptr);
      }
      return key;
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      key.rank = 2;
      key.text = {text, size};
      return key;
    }
    case LUA_TBOOLEAN:
      key.rank = 3;
      key.integer = lua_toboolean(L, index);
      return key;
    default: break;
  }
  if (const Box* box = find_box(L, index)) {
    key.rank = 4;
    key.integer = static_cast<lua_Integer>(box->serial);
    return key;
  }
  throw ArgumentError({.what = "a table with " + describe_value(L, index) +
                               " as a key has no order that is the same in every run",
                       .got = describe_value(L, index),
                       .expected = "keys that are numbers, texts, booleans or handles",
                       .hint = "keep such values in a list, or go through the keys you know"});
}

int sorted_keys(lua_State* L) {
  lua_settop(L, 1);
  if (is_failed(L, 1)) {
    lua_createtable(L, 0, 0);
    return 1;
  }
  if (lua_type(L, 1) != LUA_TTABLE) {
    throw ArgumentError({.what = "only a Lua table can be gone through",
                         .got = describe_value(L, 1),
                         .expected = "a Lua table"});
  }
  lua_createtable(L, 0, 0);
  std::vector<Key> keys;
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    lua_pop(L, 1);
    if (keys.size() % kPollItems == 0) poll_cancel(L);
    keys.push_back(read_key(L, -1));
    keys.back().index = static_cast<int>(keys.size());
    lua_pushvalue(L, -1);
    lua_rawseti(L, 2, static_cast<lua_Integer>(keys.size()));
  }
  if (std::is_sorted(keys.begin(), keys.end())) return 1;
  std::sort(keys.begin(), keys.end());
  lua_createtable(L, static_cast<int>(keys.size()), 0);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i % kPollItems == 0) poll_cancel(L);
    lua_rawgeti(L, 2, keys[i].index);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
  return 1;
}

std::string field(lua_State* L, int table, const char* name) {
  push_text(L, name);
  lua_rawget(L, table);
  std::string value = text_at(L, -1);
  lua_pop(L, 1);
  return value;
}

int raise(lua_State* L) {
  ErrorInfo info{.what = field(L, 1, "what"),
                 .where = field(L, 1, "where"),
                 .got = field(L, 1, "got"),
                 .expected = field(L, 1, "expected"),
                 .hint = field(L, 1, "hint")};
  // The file and line of a declaration, when that is not where the script stands now.
  const std::string at = field(L, 1, "at");
  const std::size_t colon = at.rfind(':');
  const std::string kind = field(L, 1, "kind");
  if (colon != std::string::npos) {
    throw ScriptError(kind.empty() ? "argument" : kind, std::move(info), at.substr(0, colon),
                      std::stoi(at.substr(colon + 1)), {});
  }
  throw Error(kind.empty() ? "argument" : kind, std::move(info));
}

// As raise, but while errors are gathered the script goes on with a failed value.
int fail(lua_State* L) {
  if (!runtime(L).gathering()) return raise(L);
  try {
    return raise(L);
  } catch (const Error& error) {
    keep_failure(L, error);
  }
  push_failed(L);
  return 1;
}

int raw_metatable(lua_State* L) {
  if (lua_getmetatable(L, 1) == 0) lua_pushnil(L);
  return 1;
}

int type_name(lua_State* L) {
  push_text(L, type_of(L, 1));
  return 1;
}

int describe(lua_State* L) {
  push_text(L, describe_value(L, 1));
  return 1;
}

int write(lua_State* L) {
  std::size_t size = 0;
  const char* text = lua_tolstring(L, 1, &size);
  runtime(L).print({text, size});
  return 0;
}

int protect(lua_State* L) {
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kProtected);
  lua_pushvalue(L, 1);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return 1;
}

int is_protected(lua_State* L) {
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kProtected);
  lua_pushvalue(L, 1);
  lua_rawget(L, -2);
  lua_pushboolean(L, lua_toboolean(L, -1));
  return 1;
}

std::vector<std::string> list_of(lua_State* L, int index) {
  std::vector<std::string> words;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, index));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    if (lua_type(L, -1) == LUA_TSTRING) words.push_back(text_at(L, -1));
    lua_pop(L, 1);
  }
  return words;
}

int suggest(lua_State* L) {
  const std::string hint = did_you_mean(text_at(L, 1), list_of(L, 2));
  if (hint.empty()) {
    lua_pushnil(L);
  } else {
    push_text(L, hint);
  }
  return 1;
}

int position(lua_State* L) {
  std::string file;
  int line = 0;
  push_text(L, user_position(L, &file, &line) ? file + ":" + std::to_string(line) : "");
  return 1;
}

bool inside(const fs::path& path, const fs::path& folder) {
  const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

[[noreturn]] void refuse_use(const std::string& name, const std::string& what,
                             const std::string& hint) {
  throw ArgumentError({.what = what,
                       .got = "'" + name + "'",
                       .expected = "the name of a Lua file in the study's folder, or in the one "
                                   "that holds it, without .lua",
                       .hint = hint});
}

void check_use_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '/' || c == '.';
  });
  const fs::path relative(name);
  const bool climbs = std::any_of(relative.begin(), relative.end(), [](const fs::path& part) {
    return part.string().starts_with('.');
  });
  if (!plain || relative.is_absolute() || climbs || name.ends_with(".lua")) {
    refuse_use(name, "use can't load '" + name + "'",
               name.ends_with(".lua") ? "leave out .lua" : "");
  }
}

int resolve(lua_State* L) {
  const std::string name = text_at(L, 1);
  const RuntimeOptions& options = runtime(L).options();
  if (lua_type(L, 1) != LUA_TSTRING || name.empty()) refuse_use(name, "use needs a name", "");
  if (options.script_folder.empty()) {
    refuse_use(name, "use works in scripts that lie in a folder", "");
  }
  check_use_name(name);
  for (const fs::path& folder : {options.script_folder, options.project_folder}) {
    if (folder.empty()) continue;
    std::error_code code;
    const fs::path path = fs::canonical(folder / (name + ".lua"), code);
    if (code) continue;
    if (!inside(path, fs::canonical(folder, code))) {
      refuse_use(name, "'" + name + "' leads out of the study's folder", "");
    }
    push_text(L, (folder / (name + ".lua")).lexically_normal().string());
    return 1;
  }
  refuse_use(name, "no file '" + name + ".lua' in the study's folder", "");
}

int compile(lua_State* L) {
  const std::string path = text_at(L, 1);
  load_user_text(L, runtime(L).load_file(path), "@" + path);
  return 1;
}

int load(lua_State* L) {
  load_library(L, text_at(L, 1));
  return 1;
}

}  // namespace

void open_private_api(lua_State* L) {
  lua_createtable(L, 0, 32);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kProtected);
  struct Entry {
    const char* name;
    int (*body)(lua_State*);
  };
  constexpr Entry kEntries[] = {
      {"keys", sorted_keys},       {"raise", raise},     {"metatable", raw_metatable},
      {"type", type_name},         {"write", write},     {"protect", protect},
      {"protected", is_protected}, {"suggest", suggest}, {"resolve", resolve},
      {"compile", compile},        {"load", load},       {"position", position},
      {"describe", describe},      {"fail", fail},
  };
  lua_createtable(L, 0, 24);
  for (const Entry& entry : kEntries) {
    push_private(L, entry.body);
    lua_setfield(L, -2, entry.name);
  }
  open_docs_api(L);
}

}  // namespace impact::bindings
