#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/learn/trained_model.h"

namespace impact {

/// Names of the model's inputs that are not among `present`, in the model's order.
[[nodiscard]] std::vector<std::string> missing_inputs(const TrainedModel& model,
                                                      std::span<const std::string> present);

/// Says what a model needs and what of it a table lacks, with a suggestion for each lacking name
/// from the table's. `where`: the table; "": not named.
[[nodiscard]] DataError missing_inputs_error(const TrainedModel& model,
                                             std::span<const std::string> absent,
                                             std::span<const std::string> present,
                                             std::string where = "");

}  // namespace impact
