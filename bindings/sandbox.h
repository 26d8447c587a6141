#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bindings/lua_include.h"

/// What a script can see. An allow list: pure functions of the interpreter, some replaced by
/// versions whose result does not vary from run to run, and what the bindings add. No files, no
/// clock, no shell, no dynamic code, no collector control. This prevents accidents and
/// irreproducible results; it is no barrier against hostile native code.
namespace impact::bindings {

/// Opens the allowed libraries, replaces what varies and builds the environment. Once a state.
void open_sandbox(lua_State* L);

/// Compiles user text (never bytecode) with the sandbox as its environment and pushes the function.
/// Throws ScriptError with the line of a syntax error. `chunk` starts with '@' or '='.
void load_user_text(lua_State* L, std::string_view text, const std::string& chunk);

/// Whole text of a script file. Throws IoError: missing, a folder, unreadable, too large, not
/// UTF-8.
[[nodiscard]] std::string read_script(const std::filesystem::path& path);

class Runtime;

/// Text of a file of the standard library: "study/data.lua". Throws InternalError.
[[nodiscard]] std::string library_text(Runtime& self, const std::string& name);

/// Runs a file of the standard library with the private interface as its argument; pushes its
/// result.
void load_library(lua_State* L, const std::string& name);

/// Pops a value and adds it to the private interface of the standard library.
void extend_private_api(lua_State* L, const char* name);

/// Pushes the table of the names that every script sees.
void push_names(lua_State* L);

/// Pops a value and makes it the global `name` of every script.
void set_global(lua_State* L, const std::string& name);

}  // namespace impact::bindings
