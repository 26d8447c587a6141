#pragma once

#include <string>
#include <nlohmann/json.hpp>

#include "bindings/lua_include.h"

namespace impact::bindings {

/// Plain values, learners, steps and lists of them as data. A list with text keys is an object.
/// `columns`: columns stand for their names. Throws ArgumentError that names `place`.
[[nodiscard]] nlohmann::json option_at(lua_State* L, int index, const std::string& place,
                                       bool columns = false);

}  // namespace impact::bindings
