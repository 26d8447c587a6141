#pragma once

#include <functional>

#include "engine/core/context.h"
#include "engine/study/blind.h"
#include "engine/study/run.h"

namespace impact {

/// Results of the nodes that a node uses; nullptr for a name without one.
using EarlierResults = std::function<const NodeResult*(const std::string& name)>;

/// Computes one node from the data. Throws DataError for a promise of the study that the data
/// break (expectations, row counts), whatever the table engine throws, Cancelled. Any thread.
[[nodiscard]] NodeResult compute_node(const Study& study, const Node& node, const Blind& blind,
                                      const EarlierResults& earlier, const Context& context);

}  // namespace impact
