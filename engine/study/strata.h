#pragma once

#include <vector>

#include "engine/study/study.h"

namespace impact {

/// Columns within whose values a comparison of two groups is looked at again: those that the
/// study's roles declare to be an exposure or a covariate, as columns of the analysis' table, but
/// for the ones it compares. Empty for an analysis that compares no groups.
[[nodiscard]] std::vector<StudyColumn> strata_of(const Study& study, const AnalysisNode& node);

}  // namespace impact
