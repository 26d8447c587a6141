#pragma once

#include <string>
#include <string_view>

#include "engine/table/duckdb/errors.h"

namespace impact::duck {

/// Throws ArgumentError for a statement that does not bind: names that are not there, types that do
/// not go together, clauses in the wrong place. Says so in the engine's words; a text of DuckDB's
/// that is not known keeps its first line.
[[noreturn]] void raise_unbound(const QueryError& error, const ErrorScope& scope);

/// DuckDB's name of one type as the engine's: "DECIMAL(2,1)" is a number, "INTEGER_LITERAL" an
/// integer, "ENUM('a', 'b')" a category.
[[nodiscard]] std::string type_words(std::string_view type);
/// Names of types anywhere in a sentence.
[[nodiscard]] std::string in_our_words(std::string_view text);
/// How values of two types (DuckDB's names) can meet: "" where nothing is known.
[[nodiscard]] std::string meeting_hint(std::string_view left, std::string_view right);

/// The text between the first `open` behind `mark` and the next `close`; "" when there is none.
[[nodiscard]] std::string between(std::string_view text, std::string_view mark,
                                  std::string_view open = "\"", std::string_view close = "\"");

}  // namespace impact::duck
