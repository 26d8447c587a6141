#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/context.h"
#include "engine/render/terminal_text.h"
#include "engine/table/frame.h"
#include "engine/table/relation.h"

namespace impact {

/// The beginning of a table.
struct TerminalTable {
  Frame frame = {};    ///< The first rows of the leading columns.
  Schema schema = {};  ///< All columns; empty: those of the frame.
  /// Rows of the whole table; nullopt: more than the frame has, nobody knows how many.
  std::optional<std::int64_t> rows = std::nullopt;
  std::string rows_hint = {};  ///< Where the rows are not known: how to count them.
};

/// The mark of a missing cell. A text that is just this, or empty, or begins or ends with a space
/// stands in quotes.
inline constexpr const char* kMissingMark = "∅";

/// Names, types and first rows for a terminal: numbers right with aligned points (aligned_numbers),
/// texts cut with "…", missing cells marked, control characters written out, and below the size of
/// the table, with a hint at the magnitude of large counts, and the names of the columns for which
/// there was no room. No line is wider than the style allows, nor ends in "\n" the last one.
[[nodiscard]] std::string terminal_table(const TerminalTable& table, const TerminalStyle& style);

/// Names with a note each below their headings: the columns of a table and their types, for what
/// has no rows to show. Names beyond the style's lines are counted. The last line has no "\n".
struct NamedNotes {
  std::string name_heading = "column";
  std::string note_heading = "type";
  std::vector<std::string> names = {};
  std::vector<std::string> notes = {};  ///< As many.
};
[[nodiscard]] std::string terminal_names(const NamedNotes& list, const TerminalStyle& style);

/// The lines that a table of so many rows takes.
[[nodiscard]] int lines_for_rows(std::int64_t rows);

/// As many rows and columns as such a terminal can show. The rows of the whole table are counted
/// for at most `patience`; zero: only when they are all among the first. Throws what the table's
/// backend throws, Cancelled.
[[nodiscard]] TerminalTable first_rows(const RelationPtr& relation, const Context& context,
                                       const TerminalStyle& style,
                                       std::chrono::milliseconds patience = {});

/// "33,016,767 rows (33 million)" of "row"; a hint from one million on.
[[nodiscard]] std::string shown_count(std::int64_t count, std::string_view what = "");

}  // namespace impact
