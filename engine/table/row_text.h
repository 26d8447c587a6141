#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/table/frame.h"

/// Rows as text that other programs read.
namespace impact {

/// A cell of a CSV file: in quotes where it is empty or holds a comma, a quote or a line end.
[[nodiscard]] std::string csv_text(std::string_view text);
/// Names in the first line, with its line end.
[[nodiscard]] std::string csv_header(const Schema& schema);
/// A line each row. A missing cell is `missing`, an empty text "".
[[nodiscard]] std::string csv_lines(const Frame& frame, std::string_view missing = "");

/// {"name":value,...}: missing cells and numbers that JSON has no word for are null.
[[nodiscard]] std::string json_row(const Frame& frame, std::size_t row);
/// The same, a line each row.
[[nodiscard]] std::string json_lines(const Frame& frame);

}  // namespace impact
