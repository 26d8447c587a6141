#pragma once

#include <string>

#include "engine/study/study.h"

namespace impact {

/// What a node declares, in one line for a reader: "log_views, positive - neutral of caption",
/// "ols.lin, covariates baseline; primary". Cut to about 160 characters; the inputs, which the plan
/// names beside it, are left out where they can be.
[[nodiscard]] std::string node_text(const PlannedNode& planned);

}  // namespace impact
