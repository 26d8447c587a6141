#include "bindings/args.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bindings/missing.h"
#include "bindings/runtime.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact::bindings {
namespace {

constexpr std::size_t kShownText = 60;

std::string article(const std::string& type) {
  return (std::string("aeiou").find(type[0]) != std::string::npos ? "an " : "a ") + type;
}

// Bounds of whole numbers read better without ".0".
std::string format_bound(double bound) {
  return std::floor(bound) == bound && std::abs(bound) < 1e15
             ? format_integer(static_cast<std::int64_t>(bound))
             : format_double(bound);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t bar = std::min(text.find('|'), text.size());
    parts.emplace_back(text.substr(0, bar));
    text.remove_prefix(std::min(bar + 1, text.size()));
  }
  return parts;
}

bool accepts_type(std::string_view accepted, const std::string& type) {
  const auto options = split(accepted);
  return std::find(options.begin(), options.end(), type) != options.end();
}

std::string readable(std::string_view types) {
  std::string out;
  for (const std::string& type : split(types)) {
    if (!out.empty()) out += " or ";
    out += type;
  }
  return out;
}

void check_value(lua_State* L, const Function& function, const Param& param, int index) {
  if (!accepts(param.type, L, index)) {
    // filter(t.a == 3): the comparison of a handle and a value is false before anybody sees it.
    const bool compared = type_of(L, index) == "boolean" && accepts_type(param.type, "Column");
    throw ArgumentError({.what = "wrong type for '" + param.name + "' of " + function.name,
                         .got = describe_value(L, index),
                         .expected = readable(param.type),
                         .hint = compared ? "== compares Lua values at once; write column:eq(value)"
                                          : "write it as " + function.signature()});
  }
  if (lua_type(L, index) == LUA_TNUMBER && (param.min || param.max)) {
    const double value = lua_tonumberx(L, index, nullptr);
    const bool inside =
        !(param.min && !(value >= *param.min)) && !(param.max && !(value <= *param.max));
    if (!inside) {
      std::string expected;
      if (param.min) expected += "at least " + format_bound(*param.min);
      if (param.max) expected += (param.min ? ", at most " : "at most ") + format_bound(*param.max);
      throw ArgumentError({.what = "'" + param.name + "' of " + function.name + " is out of range",
                           .got = describe_value(L, index),
                           .expected = expected});
    }
  }
  if (lua_type(L, index) == LUA_TSTRING && !param.allowed.empty()) {
    const std::string word = text_at(L, index);
    if (std::find(param.allowed.begin(), param.allowed.end(), word) == param.allowed.end()) {
      throw ArgumentError(
          {.what = "'" + param.name + "' of " + function.name + " can't be '" + word + "'",
           .got = word,
           .expected = list_words(param.allowed, 30),
           .hint = did_you_mean(word, param.allowed)});
    }
  }
}

std::vector<std::string> names_of(const Function& function) {
  std::vector<std::string> names;
  for (const Param& param : function.params) names.push_back(param.name);
  return names;
}

// Throws on the first (in byte order) field of the options table that no parameter has.
void check_fields(lua_State* L, const Function& function, int table) {
  const std::vector<std::string> names = names_of(function);
  for (const std::string& field : sorted_fields(L, table)) {
    if (std::find(names.begin(), names.end(), field) != names.end()) continue;
    throw ArgumentError({.what = function.name + " has no option '" + field + "'",
                         .got = field,
                         .expected = names.empty() ? "no options" : list_words(names, 30),
                         .hint = did_you_mean(field, names)});
  }
}

// Pushes field `name` of the table, or nil.
void push_field(lua_State* L, int table, const std::string& name) {
  push_text(L, name);
  lua_rawget(L, table);
}

void too_many(const Function& function, int given, std::size_t most) {
  throw ArgumentError({.what = "too many arguments for " + function.name,
                       .got = std::to_string(given),
                       .expected = "at most " + std::to_string(most),
                       .hint = "write it as " + function.signature()});
}

// How one call spells its arguments: values [first, first + count) on the stack, then options.
struct Spelling {
  int first = 1;
  int count = 0;
  int options = 0;      ///< Stack index of the options table, 0 = none.
  bool merged = false;  ///< The options table also holds the positional values.
};

Spelling read_spelling(lua_State* L, const Function& function, bool method) {
  Spelling out;
  out.first = method ? 2 : 1;
  out.count = lua_gettop(L) - (method ? 1 : 0);
  std::vector<const Param*> positional;
  bool has_named = false;
  for (const Param& param : function.params) {
    if (param.named) {
      has_named = true;
    } else {
      positional.push_back(&param);
    }
  }
  const bool variadic = !positional.empty() && positional.back()->variadic;
  const int last = lua_gettop(L);
  const bool table_last = out.count > 0 && is_plain_table(L, last);
  const bool takes_table =
      !positional.empty() && (positional[0]->variadic || accepts(positional[0]->type, L, last));
  // A list that also has named fields is a list of values with its options.
  const bool mixed =
      variadic && has_named && out.count == 1 && table_last && !sorted_fields(L, last).empty();
  if (mixed ||
      (out.count == 1 && table_last && !takes_table && (has_named || !positional.empty()))) {
    out.options = last;
    out.merged = true;
    out.count = 0;
    return out;
  }
  if (table_last && has_named) {
    const std::size_t position = static_cast<std::size_t>(out.count - 1);
    if (position >= positional.size() ||
        (!variadic && !accepts(positional[position]->type, L, last))) {
      out.options = last;
      --out.count;
    }
  }
  if (!variadic && out.count > static_cast<int>(positional.size())) {
    too_many(function, out.count, positional.size());
  }
  return out;
}

// The list part of a merged table; a single value under the parameter's own name stands for it.
void push_merged_list(lua_State* L, const Spelling& call, const Param& param) {
  push_field(L, call.options, param.name);
  if (is_plain_table(L, -1)) return;
  const bool named = !lua_isnil(L, -1);
  lua_createtable(L, 0, 0);
  if (named) {
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, 1);
  } else {
    const auto count = static_cast<lua_Integer>(lua_rawlen(L, call.options));
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(L, call.options, i);
      lua_rawseti(L, -2, i);
    }
  }
  lua_remove(L, -2);
}

void push_variadic(lua_State* L, const Spelling& call, const Param& param, int position) {
  if (call.merged) {
    push_merged_list(L, call, param);
    return;
  }
  const int rest = call.count - position;
  if (rest == 1 && is_plain_table(L, call.first + position)) {
    lua_pushvalue(L, call.first + position);
    return;
  }
  lua_createtable(L, std::max(rest, 0), 0);
  for (int i = 0; i < rest; ++i) {
    lua_pushvalue(L, call.first + position + i);
    lua_rawseti(L, -2, i + 1);
  }
}

void push_param(lua_State* L, const Spelling& call, const Param& param, int position) {
  if (param.variadic) {
    push_variadic(L, call, param, position);
    return;
  }
  if (!param.named && position < call.count) {
    lua_pushvalue(L, call.first + position);
  } else if (call.options != 0) {
    push_field(L, call.options, param.name);
    if (lua_isnil(L, -1) && call.merged && !param.named) {
      lua_pop(L, 1);
      lua_rawgeti(L, call.options, position + 1);
    }
  } else {
    lua_pushnil(L);
  }
}

}  // namespace

void check_arguments(lua_State* L, const Function& function) {
  const bool method = !function.owner().empty();
  if (method && find_box(L, 1, function.owner()) == nullptr) {
    const std::string owner(function.owner());
    throw ArgumentError(
        {.what = function.name + " needs " + article(owner) + " before the colon",
         .got = describe_value(L, 1),
         .expected = owner,
         .hint = "write value:" + std::string(function.short_name()) + "(...), with a colon"});
  }
  reserve_stack(L, static_cast<int>(function.params.size()) + 12);
  const Spelling call = read_spelling(L, function, method);
  if (call.options != 0) {
    check_fields(L, function, call.options);
    const auto most =
        static_cast<std::size_t>(std::count_if(function.params.begin(), function.params.end(),
                                               [](const Param& param) { return !param.named; }));
    const auto listed = static_cast<std::size_t>(lua_rawlen(L, call.options));
    if (listed > (call.merged ? most : 0)) {
      too_many(function, static_cast<int>(listed), call.merged ? most : 0);
    }
  }

  const int base = lua_gettop(L);
  int position = 0;
  for (const Param& param : function.params) {
    push_param(L, call, param, position);
    if (!param.named) ++position;
    if (lua_isnil(L, -1)) {
      if (!param.optional) {
        throw ArgumentError({.what = function.name + " needs '" + param.name + "'",
                             .expected = readable(param.type) + ": " + param.text,
                             .hint = "write it as " + function.signature()});
      }
      if (!std::holds_alternative<std::monostate>(param.fallback)) {
        lua_pop(L, 1);
        push_value(L, param.fallback);
      }
    } else if (!param.variadic) {
      check_value(L, function, param, lua_gettop(L));
    }
  }
  // Only the handle of a method and the slots stay.
  const int keep = method ? 1 : 0;
  for (int i = base; i > keep; --i) lua_remove(L, i);
}

std::string type_of(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return "nil";
    case LUA_TBOOLEAN: return "boolean";
    case LUA_TNUMBER: return lua_isinteger(L, index) != 0 ? "integer" : "number";
    case LUA_TSTRING: return "text";
    case LUA_TTABLE: return "list";
    case LUA_TFUNCTION: return "function";
    case LUA_TTHREAD: return "coroutine";
    default: break;
  }
  const Box* box = find_box(L, index);
  return box == nullptr ? "handle" : box->type->name;
}

std::string describe_value(lua_State* L, int index) {
  const std::string type = type_of(L, index);
  if (type == "nil") return "nothing (nil)";
  if (type == "boolean") return lua_toboolean(L, index) != 0 ? "true (boolean)" : "false (boolean)";
  if (type == "integer") {
    return format_integer(lua_tointegerx(L, index, nullptr)) + " (integer)";
  }
  if (type == "number") return format_double(lua_tonumberx(L, index, nullptr)) + " (number)";
  if (type == "text") {
    std::string text = text_at(L, index);
    if (text.size() > kShownText) {
      std::size_t cut = kShownText;
      while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
      text = text.substr(0, cut) + "...";
    }
    if (find_invalid_utf8(text)) return "a text that is not valid UTF-8";
    return "'" + text + "' (text)";
  }
  if (type == "missing") return "missing";
  if (type == "list") return "a Lua table";
  return article(type);
}

bool accepts(std::string_view accepted, lua_State* L, int index) {
  const std::string type = type_of(L, index);
  for (const std::string& option : split(accepted)) {
    if (option == "any" || option == type) return true;
    if (option == "number" && type == "integer") return true;
    if (option == "integer" && type == "number") {
      int exact = 0;
      lua_tointegerx(L, index, &exact);
      if (exact != 0) return true;
    }
  }
  return false;
}

bool is_plain_table(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TTABLE) return false;
  if (lua_getmetatable(L, index) == 0) return true;
  lua_pop(L, 1);
  return false;
}

std::string text_at(lua_State* L, int index) {
  std::size_t size = 0;
  if (lua_type(L, index) != LUA_TSTRING) return "";
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

Value value_at(lua_State* L, int index, const std::string& place) {
  const std::string type = type_of(L, index);
  if (type == "missing") return std::monostate{};
  if (type == "boolean") return lua_toboolean(L, index) != 0;
  if (type == "integer") return static_cast<std::int64_t>(lua_tointegerx(L, index, nullptr));
  if (type == "number") return lua_tonumberx(L, index, nullptr);
  if (type == "text") {
    std::string text = text_at(L, index);
    if (const auto bad = find_invalid_utf8(text)) {
      throw ArgumentError({.what = "text is not valid UTF-8",
                           .where = place,
                           .got = "invalid byte at offset " + std::to_string(*bad)});
    }
    return text;
  }
  throw ArgumentError({.what = "not a value a cell can hold",
                       .where = place,
                       .got = describe_value(L, index),
                       .expected = "boolean, number, text or missing"});
}

void push_text(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

void push_value(lua_State* L, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) {
    lua_pushboolean(L, *flag ? 1 : 0);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    lua_pushinteger(L, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    // The sign of NaN depends on the processor.
    lua_pushnumber(L, std::isnan(*number) ? std::numeric_limits<double>::quiet_NaN() : *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    push_text(L, *text);
  } else if (const auto* date = std::get_if<Date>(&value)) {
    push_text(L, format_date(*date));
  } else if (const auto* timestamp = std::get_if<Timestamp>(&value)) {
    push_text(L, format_timestamp(*timestamp));
  } else {
    push_missing(L);
  }
}

std::vector<std::string> sorted_fields(lua_State* L, int index) {
  std::vector<std::string> fields;
  const int table = lua_absindex(L, index);
  reserve_stack(L, 4);
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) fields.push_back(text_at(L, -1));
  }
  std::sort(fields.begin(), fields.end());
  return fields;
}

void poll_cancel(lua_State* L) {
  const CancelToken* cancel = runtime(L).options().cancel;
  if (cancel != nullptr) cancel->check();
}

void reserve_stack(lua_State* L, int slots) {
  if (lua_checkstack(L, slots) == 0) {
    throw ResourceError({.what = "the script nests too deeply",
                         .hint = "look for a function that calls itself without end"});
  }
}

int Call::slot(std::string_view name) const {
  int at = function_.owner().empty() ? 1 : 2;
  for (const Param& param : function_.params) {
    if (param.name == name) return at;
    ++at;
  }
  throw InternalError({.what = function_.name + " has no parameter '" + std::string(name) + "'"});
}

bool Call::given(std::string_view name) const { return !lua_isnil(L_, slot(name)); }
bool Call::boolean(std::string_view name) const { return lua_toboolean(L_, slot(name)) != 0; }
std::int64_t Call::integer(std::string_view name) const {
  return lua_tointegerx(L_, slot(name), nullptr);
}
double Call::number(std::string_view name) const { return lua_tonumberx(L_, slot(name), nullptr); }
std::string Call::text(std::string_view name) const { return text_at(L_, slot(name)); }
Value Call::value(std::string_view name) const {
  return value_at(L_, slot(name), "parameter '" + std::string(name) + "' of " + function_.name);
}

std::vector<std::string> Call::texts(std::string_view name) const {
  const int index = slot(name);
  if (lua_isnil(L_, index)) return {};
  if (lua_type(L_, index) == LUA_TSTRING) return {text_at(L_, index)};
  std::vector<std::string> out;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L_, index));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L_, index, i);
    if (lua_type(L_, -1) != LUA_TSTRING) {
      fail(name,
           "item " + std::to_string(i) + " of '" + std::string(name) + "' is " +
               describe_value(L_, -1),
           "texts");
    }
    out.push_back(text_at(L_, -1));
    lua_pop(L_, 1);
  }
  return out;
}

void Call::fail(std::string_view name, std::string what, std::string expected,
                std::string hint) const {
  const int index = slot(name);
  throw ArgumentError({.what = std::move(what),
                       .where = "parameter '" + std::string(name) + "' of " + function_.name,
                       .got = lua_isnil(L_, index) ? "" : describe_value(L_, index),
                       .expected = std::move(expected),
                       .hint = std::move(hint)});
}

}  // namespace impact::bindings
