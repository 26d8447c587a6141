#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/feature_columns.h"
#include "engine/learn/tree_ensemble.h"

namespace impact {

/// A node of a tree as its explanation sees it, whoever grew it.
struct ShapNode {
  double threshold = 0.0;
  std::int32_t left = -1;  ///< Places of the children, behind their parent's; below 0: a leaf.
  std::int32_t right = -1;
  std::uint32_t column = 0;
  bool missing_left = false;
  /// Place in ShapModel::categories of the set whose codes go right; below 0: a threshold.
  std::int32_t categories = -1;
  double cover = 0.0;  ///< Weight of the training rows that came by, positive.
  double value = 0.0;  ///< Of a leaf.
};

/// A model that adds up trees: base + scale x sum of the leaf values.
struct ShapModel {
  std::size_t columns = 0;
  std::vector<std::vector<ShapNode>> trees = {};  ///< The root first.
  bool strict = false;  ///< x < threshold goes left (XGBoost); else x <= threshold.
  double scale = 1.0;
  double base = 0.0;
  /// Sets of codes 0, 1, ... for splits by category, a bit each in words of 32: a value beyond the
  /// words, or below 0, goes where a missing one does.
  std::vector<std::vector<std::uint32_t>> categories = {};

  [[nodiscard]] bool left(const ShapNode& node, double x) const;
  /// What the model says where it knows no column: leaf values weighted by cover.
  [[nodiscard]] double expectation() const;
};

/// One output of our own trees, whose mean they predict.
[[nodiscard]] ShapModel shap_model(const TreeEnsemble& trees, std::size_t output = 0);

/// Shapley values of the columns for the model's value at each row, in the game whose value for a
/// set of columns is the mean over the tree where a column outside of the set splits rows as it
/// split the training rows (path-dependent TreeSHAP). They sum to the value less expectation().
/// out: rows x columns, row by row. Exact up to rounding, O(nodes x depth) a row and tree: see the
/// source. Parallel over rows; bits do not depend on threads. Throws ArgumentError for lengths that
/// differ, unknown columns, sets or children, and covers that are not positive.
/// Sources: Lundberg, Erion & Lee, "Consistent individualized feature attribution for tree
/// ensembles", arXiv 1802.03888 (2018); Owen, "Multilinear extensions of games", Management Science
/// 18 (1972); Yu, Xu, Zhu & Wang, "Linear TreeShap", NeurIPS 35 (2022).
void tree_shap(const ShapModel& model, const FeatureColumns& features,
               std::span<const std::uint32_t> rows, std::span<double> out,
               const Context& context = {});

}  // namespace impact
