#include "engine/learn/decision_tree.h"

#include <numeric>

#include "engine/core/error.h"
#include "engine/learn/tree_grower.h"
#include "engine/learn/tree_training.h"

namespace impact {
namespace {

DecisionTree grow(detail::TreeTraining training, const DecisionTreeSpec& spec, StreamKey key,
                  const Context& context) {
  if (spec.max_depth < 0 || spec.min_leaf < 1) {
    throw ArgumentError({.what = "a limit of the tree is out of range",
                         .where = spec.max_depth < 0 ? "max_depth" : "min_leaf",
                         .got = std::to_string(spec.max_depth < 0 ? spec.max_depth : 0),
                         .expected = spec.max_depth < 0 ? "0 or more" : "1 or more"});
  }
  DecisionTree model;
  model.classes = training.classes;
  model.n = static_cast<std::int64_t>(training.rows());
  model.warnings = std::move(training.warnings);
  model.tree.columns = training.binned.columns();
  model.tree.outputs = training.outputs();
  model.importance.assign(model.tree.columns, 0.0);
  if (training.rows() == 0) return model;
  std::vector<std::uint32_t> all(training.rows());
  std::iota(all.begin(), all.end(), 0U);
  const std::vector<std::uint32_t> once(all.size(), 1);
  const GrowSpec limits{.max_depth = spec.max_depth,
                        .min_leaf = spec.min_leaf,
                        .min_split = spec.min_split,
                        .max_leaves = spec.max_leaves};
  const TreeTarget target = training.target(spec.entropy, all.size());
  const GrownTree tree =
      grow_tree(training.binned, target, all, once, limits, key.child("grow"), 0, context);
  detail::append_tree(model.tree, tree,
                      detail::fill_leaves(training, tree.leaves, all, once, tree.row_leaf));
  model.importance = tree.decrease;
  detail::normalise(model.importance);
  return model;
}

}  // namespace

void DecisionTree::predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                           std::span<double> out, const Context& context) const {
  mean_of_trees(tree, features, rows, out, context);
}

DecisionTree fit_decision_tree(const FeatureColumns& features, std::span<const double> outcome,
                               std::span<const std::uint32_t> rows, const DecisionTreeSpec& spec,
                               std::span<const double> weights, StreamKey key,
                               const Context& context) {
  return grow(detail::number_training(features, outcome, rows, weights, context), spec, key,
              context);
}

DecisionTree fit_decision_tree(const FeatureColumns& features, std::span<const std::int32_t> label,
                               std::span<const std::uint32_t> rows, const DecisionTreeSpec& spec,
                               std::span<const double> weights, StreamKey key,
                               const Context& context) {
  const detail::ClassSpec classes{.classes = spec.classes, .balanced = spec.balanced};
  return grow(detail::class_training(features, label, rows, classes, weights, context), spec, key,
              context);
}

}  // namespace impact
