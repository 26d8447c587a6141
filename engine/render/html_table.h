#pragma once

#include <cstdint>
#include <string>

#include "engine/table/frame.h"

namespace impact {

/// Rows of a table that a page carries at most.
inline constexpr std::size_t kMostRows = 10000;

struct TableText {
  std::string caption = {};
  std::string file = {};       ///< Name of the downloaded file without its ending.
  std::string id = {};         ///< Of the figure; empty for none.
  std::uint64_t all_rows = 0;  ///< Of the whole table, where `frame` is its beginning.
};

/// A figure with a table that the page's script makes sortable. Numbers are rounded to seven
/// digits for reading, the exact value is the cell's title; missing cells say so. More than
/// kMostRows rows are cut, and the page says that.
void append_table(std::string& out, const Frame& frame, const TableText& text);

}  // namespace impact
