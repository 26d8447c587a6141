#pragma once

#include <vector>

#include "engine/core/context.h"
#include "engine/stats/estimate.h"
#include "engine/study/blind.h"
#include "engine/study/study.h"

namespace impact {

/// The answer of an estimator from the data: one row, or one for each value of the inquiry's `by`
/// (in byte order of the values). The term is "treated - control", with " | name=value" for `by`.
/// `node` is an EstimatorNode; what it draws comes from the study's seed and its name. Rows that
/// lack an outcome, an arm or a covariate are left out, and a warning counts them.
[[nodiscard]] std::vector<Estimate> estimate_node(const Study& study, const Node& node,
                                                  const Blind& blind, const Context& context);

}  // namespace impact
