#pragma once

#include "bindings/runtime.h"

namespace impact::bindings {

/// Makes every handle type and function of the engine known to scripts. Needs a session. Once a
/// state.
void install(Runtime& runtime);

/// The parts of install(), one a file.
void install_columns(lua_State* L);
void install_tables(lua_State* L);
void install_readers(lua_State* L);
void install_random(lua_State* L);
void install_study(lua_State* L);

/// After the script: runs the study it returned (the value on top of the stack), writes the run
/// folder and prints a summary. Returns the program's exit code. Throws Error.
[[nodiscard]] int finish_run(Runtime& runtime, bool json, bool quiet);

}  // namespace impact::bindings
