#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/render/terminal_text.h"

/// Columns of text side by side: what tables and estimates in a terminal are laid out with.
namespace impact::detail {

struct GridColumn {
  std::string name;
  std::string note = {};        ///< Below the name, dimmed.
  std::string short_note = {};  ///< Instead, where a note has no room.
  std::vector<std::string> cells = {};
  std::vector<bool> faint = {};  ///< Cells that are dimmed; empty: none.
  bool right = false;            ///< Numbers: aligned right, and cut last.
  bool middle = false;           ///< Cells are cut in the middle.
};

struct Grid {
  std::string text;         ///< Lines with "\n"; none wider than the style allows.
  std::size_t columns = 0;  ///< How many of the columns are in it, from the first.
};

/// All columns where they fit, the longest texts cut if need be; else the leading ones, at least
/// one. Cells must be printable (printable_text).
[[nodiscard]] Grid lay_out(const std::vector<GridColumn>& columns, const TerminalStyle& style);

/// More columns than that never fit: one character and a gap is the least that a column takes.
[[nodiscard]] std::size_t most_columns(const TerminalStyle& style);

/// The widths of the columns add up to this in the end, without cutting anything.
[[nodiscard]] std::size_t natural_width(const std::vector<GridColumn>& columns);

}  // namespace impact::detail
