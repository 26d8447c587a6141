#pragma once

#include "engine/analysis/analysis.h"
#include "engine/study/recipe.h"
#include "engine/study/work.h"

namespace impact {

/// What a recipe finds in its table as it is.
[[nodiscard]] AnalysisResult analyse_recipe(const Recipe& recipe, StreamKey stream,
                                            const Context& context);

/// The answer of an analysis from the data, with the alarms that its numbers raise.
[[nodiscard]] NodeResult analyse_node(const Study& study, const Node& node,
                                      const AnalysisNode& analysis, const Blind& blind,
                                      const EarlierResults& earlier, const Context& context);

/// Whether a method raises an alarm: passed, the number of alarms as value, its findings as rows.
[[nodiscard]] NodeResult check_node(const Study& study, const Node& node, const CheckNode& check,
                                    const Blind& blind, const EarlierResults& earlier,
                                    const Context& context);

/// Adds to an estimator's result what its comparison becomes within the study's strata, if it is
/// an observed_comparison.
void look_within_strata(const Study& study, const EstimatorNode& estimator, const Blind& blind,
                        const Context& context, NodeResult* result);

}  // namespace impact
