#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/table/duckdb/database.h"

namespace impact::duck {

/// What a failed statement was about, for its message.
struct ErrorScope {
  std::string where = {};                 ///< The table or expression the user knows: "'claims'".
  std::vector<std::string> columns = {};  ///< Columns in reach, for suggestions.
};

/// Throws the engine's error for a statement that failed: Cancelled,
/// ResourceError (memory), IoError (files, disk), ArgumentError (text that does
/// not bind or parse), DataError (cells that do not convert). Never shows
/// generated SQL.
[[noreturn]] void raise(const QueryError& error, const ErrorScope& scope);

/// A cell in a message: in quotes, so that blanks show, and cut between two characters after 60
/// bytes.
[[nodiscard]] std::string shown_cell(std::string_view cell);

}  // namespace impact::duck
