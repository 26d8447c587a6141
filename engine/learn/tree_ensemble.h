#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/feature_columns.h"

namespace impact {

/// A node of a binary tree. Its children stand next to each other.
struct TreeNode {
  static constexpr std::uint32_t kMissingLeft = 0x80000000U;
  double threshold = 0.0;  ///< Rows with x <= threshold go left, others right.
  /// Place of the left child among the tree's nodes, the right one follows; 0: a leaf.
  std::uint32_t left = 0;
  /// Column of the split, with kMissingLeft when rows without a value go left; of a leaf: its
  /// number in the tree.
  std::uint32_t feature = 0;

  [[nodiscard]] bool leaf() const { return left == 0; }
  [[nodiscard]] std::uint32_t column() const { return feature & ~kMissingLeft; }
  [[nodiscard]] bool missing_left() const { return (feature & kMissingLeft) != 0; }
  [[nodiscard]] bool goes_left(double x) const { return x == x ? x <= threshold : missing_left(); }
};

/// Trees one after the other, plain vectors.
struct TreeEnsemble {
  std::size_t columns = 0;
  std::size_t outputs = 1;
  std::vector<TreeNode> nodes = {};
  std::vector<std::size_t> node_begin = {0};  ///< Tree t has nodes node_begin[t] ... [t + 1].
  std::vector<std::size_t> leaf_begin = {0};  ///< The same of leaves.
  std::vector<double> leaf_value = {};        ///< Leaf by leaf, outputs a leaf.
  std::vector<double> leaf_weight = {};       ///< Of the training rows that gave the value.

  [[nodiscard]] std::size_t trees() const { return node_begin.size() - 1; }
  [[nodiscard]] std::span<const TreeNode> tree(std::size_t t) const {
    return std::span(nodes).subspan(node_begin[t], node_begin[t + 1] - node_begin[t]);
  }
};

/// Throws ArgumentError unless the features have the columns that the trees know.
void check_columns(const TreeEnsemble& trees, const FeatureColumns& features);

/// Mean over the trees of the value of the leaf where each row ends: row by row, outputs a row; NaN
/// without trees. Parallel over rows; bits do not depend on threads.
void mean_of_trees(const TreeEnsemble& trees, const FeatureColumns& features,
                   std::span<const std::uint32_t> rows, std::span<double> out,
                   const Context& context = {});

/// Leaf of each row in each tree: rows x trees, row by row, numbered within the tree.
[[nodiscard]] std::vector<std::uint32_t> leaf_indices(const TreeEnsemble& trees,
                                                      const FeatureColumns& features,
                                                      std::span<const std::uint32_t> rows,
                                                      const Context& context = {});

}  // namespace impact
