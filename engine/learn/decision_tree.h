#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/feature_columns.h"
#include "engine/learn/tree_ensemble.h"

namespace impact {

struct DecisionTreeSpec {
  int max_depth = 0;           ///< 0: no limit.
  std::size_t min_leaf = 1;    ///< Rows on each side of a split.
  std::size_t min_split = 2;   ///< Smaller nodes are leaves.
  std::size_t max_leaves = 0;  ///< 0: no limit; else the split that helps most comes first.
  bool entropy = false;        ///< Classes: entropy instead of Gini's impurity.
  bool balanced = false;       ///< Classes: as if all had the same weight.
  std::size_t classes = 0;     ///< 0: the largest label of the training rows + 1, at least 2.
};

/// A fitted tree. Classes: two give the probability of class 1, more one probability each.
struct DecisionTree {
  TreeEnsemble tree = {};
  std::size_t classes = 0;              ///< 0: numbers.
  std::vector<double> importance = {};  ///< Share of each column in the fall of impurity.
  std::int64_t n = 0;
  std::vector<std::string> warnings = {};
  /// Rows x tree.outputs, row by row; missing and infinite values are answered too.
  void predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context = {}) const;
};

/// Classification and regression trees (Breiman, Friedman, Olshen & Stone 1984): as grow_tree()
/// says, on all rows and columns. Chance decides nothing but which of two columns that split
/// equally well is taken. Rows with a missing or infinite outcome, a missing label or weight 0 are
/// left out and counted; columns may have missing values. Throws ArgumentError for lengths that
/// differ, no column, negative weights or limits.
[[nodiscard]] DecisionTree fit_decision_tree(const FeatureColumns& features,
                                             std::span<const double> outcome,
                                             std::span<const std::uint32_t> rows,
                                             const DecisionTreeSpec& spec = {},
                                             std::span<const double> weights = {},
                                             StreamKey key = {}, const Context& context = {});

/// The same of classes 0, 1, ...; below 0: missing.
[[nodiscard]] DecisionTree fit_decision_tree(const FeatureColumns& features,
                                             std::span<const std::int32_t> label,
                                             std::span<const std::uint32_t> rows,
                                             const DecisionTreeSpec& spec = {},
                                             std::span<const double> weights = {},
                                             StreamKey key = {}, const Context& context = {});

}  // namespace impact
