#pragma once

#include <cstddef>
#include <span>

#include "engine/table/frame.h"

namespace impact {

/// The given rows of a frame, in the given order; a row may occur more than once. Throws
/// InternalError for a row beyond the end.
[[nodiscard]] Frame take_rows(const Frame& frame, std::span<const std::size_t> rows);
/// The same for one column.
[[nodiscard]] Column take_rows(const Column& column, std::span<const std::size_t> rows);

}  // namespace impact
