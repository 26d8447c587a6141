#pragma once

#include <filesystem>

#include "bindings/lua_include.h"

namespace impact::bindings {

/// Writes the page of a Plot, a Table (its first rows) or an Analysis at `index` among the
/// session's temporary files. Throws ArgumentError for anything else, and what drawing it throws.
[[nodiscard]] std::filesystem::path write_value_page(lua_State* L, int index);

}  // namespace impact::bindings
