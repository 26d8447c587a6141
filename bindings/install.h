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
void install_formulas(lua_State* L);
void install_methods(lua_State* L);
void install_study(lua_State* L);
void install_declarations(lua_State* L);
void install_estimators(lua_State* L);
void install_models(lua_State* L);
void install_analyses(lua_State* L);
void install_learners(lua_State* L);
void install_plots(lua_State* L);
void install_display(lua_State* L);

/// After the script, with its result on top of the stack: checks that every declaration is whole
/// and that the study was returned. Throws ScriptError.
void finish_declaring(Runtime& runtime);

}  // namespace impact::bindings
