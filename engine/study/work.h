#pragma once

#include "engine/core/context.h"
#include "engine/study/blind.h"
#include "engine/study/run.h"

namespace impact {

/// Computes one node from the data. Throws DataError for a promise of the study that the data
/// break (expectations, row counts), whatever the table engine throws, Cancelled. Any thread.
[[nodiscard]] NodeResult compute_node(const Study& study, const Node& node, const Blind& blind,
                                      const Context& context);

}  // namespace impact
