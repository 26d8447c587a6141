#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/study/blind.h"
#include "engine/study/study.h"
#include "engine/table/frame.h"

/// Units of a study, their groups and their arms.
namespace impact {

/// Small codes for the values of a column, in order of first appearance; -1 for a missing cell.
struct Groups {
  std::vector<std::int32_t> codes;
  std::vector<std::string> labels;  ///< Text of every code.
};
[[nodiscard]] Groups group_cells(const Column& column);

/// A text for every row that tells keys apart.
[[nodiscard]] std::vector<std::string> key_texts(const Frame& frame,
                                                 const std::vector<std::string>& key);

/// The key columns of the units and their arms, in key order: one row a unit, the arms as a
/// category column with the assignment's name. Drawn from
/// root(seed).child("assignment").child(name), unit 0, or read from the column that `given` names.
/// Throws ArgumentError when blocks, clusters or counts do not fit the units, DataError when
/// `given` holds something that is no arm.
[[nodiscard]] Frame draw_arms(const Study& study, const AssignmentNode& node, const Blind& blind,
                              const Context& context);

}  // namespace impact
