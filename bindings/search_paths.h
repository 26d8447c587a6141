#pragma once

#include <nlohmann/json.hpp>

#include "bindings/descriptor.h"

namespace impact::bindings {

/// Whether every path of a search's space leads to an option that its learner has, by the
/// descriptors of learners and steps. Throws ArgumentError that names the options there are, with a
/// suggestion. `learner`: {"learner": kind, "options": {...}}; `space`: { path = values }.
void check_search_paths(const Registry& registry, const nlohmann::json& learner,
                        const nlohmann::json& space);

}  // namespace impact::bindings
