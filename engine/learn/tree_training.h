#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/binned_features.h"
#include "engine/learn/feature_columns.h"
#include "engine/learn/tree_ensemble.h"
#include "engine/learn/tree_grower.h"

/// What decision trees and forests share: rows in use, what leaves say.
namespace impact::detail {

struct TreeTraining {
  BinnedFeatures binned = {};
  std::vector<std::uint32_t> row = {};   ///< Rows in use, in the order given.
  std::vector<double> value = {};        ///< Outcome of each; of two classes 0 and 1.
  std::vector<std::int32_t> label = {};  ///< Class of each; none for numbers.
  std::vector<double> weight = {};       ///< None: 1.
  std::size_t classes = 0;               ///< 0: numbers.
  std::vector<std::string> warnings = {};

  [[nodiscard]] std::size_t rows() const { return row.size(); }
  /// Numbers a leaf says: one, of more than two classes one each.
  [[nodiscard]] std::size_t outputs() const { return classes > 2 ? classes : 1; }
  [[nodiscard]] double weight_of(std::size_t i) const { return weight.empty() ? 1.0 : weight[i]; }
  /// The class that leaf values call: the likeliest, the lowest of equal ones.
  [[nodiscard]] std::int32_t called(const double* values) const;
  /// Spans into this object.
  [[nodiscard]] TreeTarget target(bool entropy, std::size_t drawn) const;
};

struct ClassSpec {
  std::size_t classes = 0;  ///< 0: the largest label + 1, at least 2.
  bool balanced = false;    ///< Weight of class k times n / (classes n_k), n counted in weights.
};

/// Rows without an outcome (NaN, infinite, a label below 0) or weight, and with weight 0, are left
/// out; all but the last are counted in a warning.
[[nodiscard]] TreeTraining number_training(const FeatureColumns& features,
                                           std::span<const double> outcome,
                                           std::span<const std::uint32_t> rows,
                                           std::span<const double> weights, const Context& context);
[[nodiscard]] TreeTraining class_training(const FeatureColumns& features,
                                          std::span<const std::int32_t> label,
                                          std::span<const std::uint32_t> rows,
                                          const ClassSpec& spec, std::span<const double> weights,
                                          const Context& context);

/// What the leaves of a tree say: weighted mean or class shares of the rows that end in them.
struct LeafValues {
  std::vector<double> value = {};   ///< Leaves x outputs.
  std::vector<double> weight = {};  ///< Of the rows, with repeats; 0: none.
};

/// leaf: of each of `rows`.
[[nodiscard]] LeafValues fill_leaves(const TreeTraining& training, std::size_t leaves,
                                     std::span<const std::uint32_t> rows,
                                     std::span<const std::uint32_t> repeats,
                                     std::span<const std::uint32_t> leaf);

/// Appends a tree and what its leaves say.
void append_tree(TreeEnsemble& ensemble, const GrownTree& tree, const LeafValues& leaves);

/// Scaled to sum 1 where the sum is positive.
void normalise(std::vector<double>& importance);

}  // namespace impact::detail
