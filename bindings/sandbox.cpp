#include "bindings/sandbox.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "bindings/args.h"
#include "bindings/guard.h"
#include "bindings/missing.h"
#include "bindings/private_api.h"
#include "bindings/runtime.h"
#include "bindings/stdlib_files.h"
#include "engine/core/number.h"

namespace impact::bindings {
namespace {

const char kNames = 0;        // Registry: table of the globals scripts can see.
const char kEnvironment = 0;  // Registry: the environment itself, an empty proxy.
const char kPrivate = 0;      // Registry: the private interface of the standard library.

constexpr std::uintmax_t kMaxScriptBytes = std::uintmax_t{16} << 20;

// "...path:12: message near 'x'" -> line and message.
ScriptError syntax_error(const std::string& message, const std::string& chunk) {
  for (std::size_t colon = message.find(':'); colon != std::string::npos;
       colon = message.find(':', colon + 1)) {
    const std::size_t end = message.find(": ", colon + 1);
    if (end == std::string::npos) break;
    const auto line = parse_integer(std::string_view(message).substr(colon + 1, end - colon - 1));
    if (!line) continue;
    return {
        "syntax", {.what = message.substr(end + 2)}, chunk.substr(1), static_cast<int>(*line), {}};
  }
  return {"syntax", {.what = message}, "", 0, {}};
}

void open_libraries(lua_State* L) {
  struct Library {
    const char* name;
    lua_CFunction open;
  };
  constexpr Library kLibraries[] = {
      {LUA_GNAME, luaopen_base},       {LUA_STRLIBNAME, luaopen_string},
      {LUA_TABLIBNAME, luaopen_table}, {LUA_MATHLIBNAME, luaopen_math},
      {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_COLIBNAME, luaopen_coroutine},
  };
  for (const Library& library : kLibraries) {
    luaL_requiref(L, library.name, library.open, 1);
    lua_pop(L, 1);
  }
}

}  // namespace

void open_sandbox(lua_State* L) {
  open_libraries(L);
  open_private_api(L);  // leaves the interface
  lua_createtable(L, 0, 64);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kNames);
  lua_setfield(L, -2, "names");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kPrivate);
  open_missing(L);
  load_library(L, "sandbox/environment.lua");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kEnvironment);
}

void load_user_text(lua_State* L, std::string_view text, const std::string& chunk) {
  // A first line "#!..." is for the shell; its line end stays, so that lines count right.
  if (!text.empty() && text[0] == '#') {
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
  if (luaL_loadbufferx(L, text.data(), text.size(), chunk.c_str(), "t") != LUA_OK) {
    const std::string message = text_at(L, -1);
    lua_pop(L, 1);
    throw syntax_error(message, chunk);
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kEnvironment);
  lua_setupvalue(L, -2, 1);
}

std::string read_script(const std::filesystem::path& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status)) {
    throw IoError({.what = "no script '" + path.string() + "'", .got = path.string()});
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw IoError({.what = "'" + path.string() + "' is not a file", .got = path.string()});
  }
  if (std::filesystem::file_size(path, code) > kMaxScriptBytes) {
    throw IoError({.what = "'" + path.string() + "' is too large for a script"});
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw IoError({.what = "can't read '" + path.string() + "'"});
  std::string out = std::move(text).str();
  if (const auto bad = find_invalid_utf8(out)) {
    const auto line =
        std::count(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*bad), '\n');
    throw DataError({.what = "'" + path.string() + "' is not a text file",
                     .where = "line " + std::to_string(line + 1),
                     .got = "bytes that are not UTF-8",
                     .expected = "Lua source text"});
  }
  return out;
}

std::string library_text(Runtime& self, const std::string& name) {
  const auto& folder = self.options().stdlib_folder;
  if (!folder.empty()) return read_script(folder / name);
  for (const EmbeddedFile& file : stdlib_files()) {
    if (file.name == name) return std::string(file.text);
  }
  throw InternalError({.what = "the standard library has no file '" + name + "'"});
}

void load_library(lua_State* L, const std::string& name) {
  const std::string text = library_text(runtime(L), name);
  const std::string chunk = "=[stdlib/" + name + "]";
  if (luaL_loadbufferx(L, text.data(), text.size(), chunk.c_str(), "t") != LUA_OK) {
    throw InternalError({.what = text_at(L, -1)});
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kPrivate);
  lua_call(L, 1, 1);
}

void extend_private_api(lua_State* L, const char* name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kPrivate);
  lua_insert(L, -2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void push_names(lua_State* L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &kNames); }

void set_global(lua_State* L, const std::string& name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kNames);
  push_text(L, name);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 2);
}

}  // namespace impact::bindings
