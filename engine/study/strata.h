#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/study/recipe.h"
#include "engine/study/study.h"

namespace impact {

/// Columns within whose values a comparison of two groups is looked at again: those that the
/// study's roles declare to be an exposure or a covariate, as columns of the analysis' table, but
/// for the ones it compares. Empty for an analysis that compares no groups.
[[nodiscard]] std::vector<StudyColumn> strata_of(const Study& study, const Recipe& recipe);

/// Column name and role ("covariate", "exposure", ...) of those columns to learn from that the
/// study's roles name.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> feature_roles(const Study& study,
                                                                             const Recipe& recipe);

/// The comparison of two groups that an estimator makes of observed data, as a recipe whose strata
/// are worth a look: a difference in means, not adjusted, by a column that nobody assigned. None
/// for other estimators.
[[nodiscard]] std::optional<Recipe> observed_comparison(const Study& study,
                                                        const EstimatorNode& node);

}  // namespace impact
