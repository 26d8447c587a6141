#pragma once

#include <string>

#include "bindings/descriptor.h"

/// What an editor needs to complete and check scripts, from the descriptors.
namespace impact::bindings {

/// Where the stubs of a study lie, relative to it.
inline constexpr const char* kStubsFolder = ".impact/stubs";
inline constexpr const char* kStubsFile = "impact.lua";

/// LuaCATS annotations of everything scripts see: classes with fields, methods and operators;
/// functions with a class for their options; both forms of a call. One Lua file that is never run.
/// The same registry gives the same text.
[[nodiscard]] std::string editor_stubs(const Registry& registry);

/// Settings of lua-language-server (.luarc.json) for a study whose stubs lie in `folder`, relative
/// to the study.
[[nodiscard]] std::string editor_settings(const std::string& folder);

}  // namespace impact::bindings
