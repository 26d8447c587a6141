#include "bindings/docs/complete.h"

#include <algorithm>
#include <array>

#include "bindings/args.h"
#include "bindings/docs/private_docs.h"
#include "bindings/sandbox.h"

namespace impact::bindings {
namespace {

constexpr std::array kWords = {"any",  "boolean", "integer",  "number",
                               "text", "list",    "function", "missing"};

bool known(const std::string& word, const Registry& registry) {
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end() ||
         registry.find_type(word) != nullptr;
}

void check_type(const std::string& type, const std::string& what, const Registry& registry,
                std::vector<std::string>* out) {
  if (type.empty()) out->push_back(what + " has no type");
  for (const std::string& word : type_words(type)) {
    if (!known(word, registry)) out->push_back(what + " has the unknown type '" + word + "'");
  }
}

void check_param(const Param& param, const std::string& owner, const Registry& registry,
                 std::vector<std::string>* out) {
  const std::string what = owner + ": '" + param.name + "'";
  if (param.name.empty()) out->push_back(owner + ": a parameter has no name");
  if (param.text.empty()) out->push_back(what + " has no text");
  check_type(param.type, what, registry, out);
  if (!param.items.empty() && !param.takes_list()) out->push_back(what + " takes no list");
  if (param.takes_list()) check_type(param.item_types(), what + ", its items", registry, out);
  for (const Param& field : param.fields) check_param(field, what, registry, out);
}

// Pushes what the library at `index` holds; false when the value is no library. Libraries are empty
// tables that look everything up in another one.
bool push_members(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || lua_getmetatable(L, index) == 0) return false;
  push_text(L, "__index");
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_type(L, -1) == LUA_TTABLE) return true;
  lua_pop(L, 1);
  return false;
}

void add_names(lua_State* L, int table, const std::string& prefix, bool inside,
               std::vector<VisibleName>* out) {
  for (const std::string& field : sorted_fields(L, table)) {
    push_text(L, field);
    lua_rawget(L, table);
    out->push_back({prefix + field, documented_name(L, -1)});
    if (!inside && push_members(L, lua_gettop(L))) {
      add_names(L, lua_gettop(L), field + ".", true, out);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
}

}  // namespace

std::vector<std::string> lacks(const Function& function, const Registry& registry) {
  std::vector<std::string> out;
  if (function.text.empty()) out.push_back(function.name + " has no text");
  if (function.example.empty()) out.push_back(function.name + " has no example");
  constexpr std::string_view kList = "list of ";
  std::string returns = function.returns;
  if (returns.starts_with(kList)) returns = returns.substr(kList.size());
  if (returns != "nothing") check_type(returns, function.name + ": its result", registry, &out);
  for (const Param& param : function.params) check_param(param, function.name, registry, &out);
  return out;
}

std::vector<std::string> lacks(const TypeDescriptor& type, const Registry& registry) {
  std::vector<std::string> out;
  if (type.text.empty()) out.push_back(type.name + " has no text");
  for (const Param& field : type.fields) check_param(field, type.name, registry, &out);
  if (!type.any_field.empty()) check_type(type.any_field, type.name, registry, &out);
  return out;
}

std::vector<std::string> lacks(const Registry& registry) {
  std::vector<std::string> out;
  const auto add = [&](const std::vector<std::string>& more) {
    out.insert(out.end(), more.begin(), more.end());
  };
  for (const std::string& name : registry.names()) {
    if (const Function* function = registry.find(name)) add(lacks(*function, registry));
  }
  for (const TypeDescriptor& type : registry.types()) add(lacks(type, registry));
  for (const NamedValue& value : registry.values()) {
    if (value.text.empty()) out.push_back(value.name + " has no text");
    if (value.type != "library") check_type(value.type, value.name, registry, &out);
  }
  return out;
}

std::vector<VisibleName> visible_names(lua_State* L) {
  std::vector<VisibleName> out;
  push_names(L);
  add_names(L, lua_gettop(L), "", false, &out);
  lua_pop(L, 1);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

std::string exempt(std::string_view name) {
  constexpr std::string_view kOwn = "Lua's own, unchanged: its reference manual describes it";
  constexpr std::array kUnchanged = {"assert", "error",    "getmetatable", "ipairs",
                                     "pcall",  "rawequal", "rawget",       "rawlen",
                                     "select", "tonumber", "type",         "_VERSION"};
  if (std::find(kUnchanged.begin(), kUnchanged.end(), name) != kUnchanged.end()) {
    return std::string(kOwn);
  }
  if (name == "math.random" || name == "math.randomseed") return "an error that names random";
  constexpr std::array kLibraries = {"coroutine.", "math.", "string.", "table.", "utf8."};
  for (const char* library : kLibraries) {
    if (name.starts_with(library)) return std::string(kOwn);
  }
  return "";
}

}  // namespace impact::bindings
