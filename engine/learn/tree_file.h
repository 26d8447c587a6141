#pragma once

#include "engine/learn/decision_tree.h"
#include "engine/learn/model_file.h"
#include "engine/learn/random_forest.h"
#include "engine/learn/tree_ensemble.h"

namespace impact {

/// Trees as blocks "tree_...", next to whatever else a model has.
void add_trees(ModelFile& file, const TreeEnsemble& trees);

/// Inverse. Throws DataError for blocks that are no trees: a child that does not stand behind its
/// parent, a column or a leaf that is not there. What is read can be walked safely.
[[nodiscard]] TreeEnsemble read_trees(const ModelFile& file);

/// Everything that a fitted forest holds, kind "random_forest"; what is read back predicts the same
/// bits. Throws DataError for another kind, a newer version, or parts that do not fit together.
[[nodiscard]] ModelFile forest_file(const RandomForest& forest);
[[nodiscard]] RandomForest read_forest(const ModelFile& file);

/// The same of a tree, kind "decision_tree".
[[nodiscard]] ModelFile tree_file(const DecisionTree& tree);
[[nodiscard]] DecisionTree read_tree(const ModelFile& file);

}  // namespace impact
