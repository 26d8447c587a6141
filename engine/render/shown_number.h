#pragma once

#include <string>

#include "engine/table/frame.h"

namespace impact {

/// Decimals of shown_number that keep the digits of each number by itself.
inline constexpr int kPerCell = -1;

/// Decimals that give the largest cell of a column of numbers seven digits, so that its cells
/// align; kPerCell where the cells differ so much in size that small ones would lose their digits.
[[nodiscard]] int column_decimals(const Column& column);

/// A number rounded for reading: to `decimals`, or to `digits` significant digits where that is
/// kPerCell; scientific below 1e-5 and from 1e15.
[[nodiscard]] std::string shown_number(double value, int decimals, int digits = 7);

}  // namespace impact
