#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/design/assignment.h"
#include "engine/table/frame.h"

namespace impact {

/// Puts the units of a real study into arms: one a row of `units`, which stands in key order.
/// Blocks and clusters are combinations of the named columns. Returns a category column whose
/// levels are the arms; stream root(seed).child("assignment").child(name), unit 0: the arms are
/// those of the simulated study's simulation 0 with the same units. Throws ArgumentError as
/// AssignmentPlan
/// ("unit 3" is row 3) and for an unknown column.
[[nodiscard]] Column assign_units(const Assignment& assignment, const Frame& units,
                                  const std::vector<std::string>& within,
                                  const std::vector<std::string>& clusters, std::int64_t seed);

/// Probability of the arm that `arms` says each unit got, for weights; columns as above.
[[nodiscard]] std::vector<double> arm_probabilities(const Assignment& assignment,
                                                    const Frame& units,
                                                    const std::vector<std::string>& within,
                                                    const std::vector<std::string>& clusters,
                                                    const Column& arms);

}  // namespace impact
