#pragma once

#include <optional>
#include <string>

#include "bindings/lua_include.h"
#include "engine/render/terminal_text.h"

namespace impact::bindings {

/// What the value at `index` looks like in a terminal: first rows and size of a table (rows that
/// take longer to count than a moment are not counted), estimates and small tables of an analysis,
/// a plot drawn with characters, a line that says what anything else is. nullopt when the value is
/// no handle. Data of a study that is being declared are not read. Runs no function of a script.
/// Throws what computing the value throws, Cancelled.
[[nodiscard]] std::optional<std::string> display(lua_State* L, int index,
                                                 const TerminalStyle& style);

/// Pushes a list of { name =, type = }, one a column of the table or variable and level of the
/// model at `index`; nil for anything else. Reads no data.
void push_columns_of(lua_State* L, int index);

}  // namespace impact::bindings
