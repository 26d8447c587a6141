#pragma once

#include <cstddef>

#include "engine/learn/boosting_trees.h"
#include "engine/learn/tree_shap.h"

namespace impact {

/// Boosted trees as tree_shap() explains them: an output's sum before the inverse link. Thresholds
/// are moved to where a double rounds to the other side in single precision, so that every row
/// takes the path of its prediction.
[[nodiscard]] ShapModel shap_model(const BoostedTrees& trees, std::size_t output = 0);

}  // namespace impact
