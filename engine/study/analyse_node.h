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

}  // namespace impact
