#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/binned_features.h"
#include "engine/learn/tree_ensemble.h"

namespace impact {

/// What a node's split is judged by: the fall of the variance of a number (of two classes, the same
/// as Gini), of Gini's impurity 1 - sum p^2, or of the entropy - sum p log p.
enum class Impurity { variance, gini, entropy };

/// Pseudo-outcomes of the rows of a node, whose variance is then split: how a forest finds where
/// something else than a mean varies (an effect, a quantile). Called by several threads at once.
/// Source: Athey, Tibshirani & Wager, "Generalized random forests", Annals of Statistics 47 (2019).
class Relabelling {
 public:
  virtual ~Relabelling() = default;
  /// Writes one finite number a row, or returns false: the node becomes a leaf. Rows are positions
  /// in the BinnedFeatures, each standing for as many drawn rows as `repeats` says.
  virtual bool relabel(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> repeats,
                       std::span<double> pseudo) const = 0;
};

/// What trees learn from, once for all trees of a forest. Sums over rows are kept in integers (the
/// outcome less its mean in steps of 2^-k of its largest value, k as large as the sum of all rows
/// allows: 44 bits for 200,000 rows), so a sum does not depend on the order of its rows, and what a
/// child has follows exactly from its parent and its sister.
struct TreeTarget {
  Impurity impurity = Impurity::variance;
  std::size_t classes = 0;                   ///< 0: numbers.
  std::span<const double> value = {};        ///< Numbers, a row of the BinnedFeatures each,
  std::span<const std::int32_t> label = {};  ///< or classes 0 ... classes - 1.
  std::span<const double> weight = {};       ///< None: 1. Positive.
  const Relabelling* relabelling = nullptr;  ///< Then `value` is not asked for.
  // Filled by prepare():
  std::vector<std::int64_t> fixed_weight = {};  ///< None: 1.
  std::vector<std::int64_t> fixed_value = {};   ///< Weight times centred value.
  double weight_step = 1.0;
  double value_step = 1.0;
  double centre = 0.0;
  /// Computes the integers; `drawn` is the most rows (with repeats) that a tree may hold. Throws
  /// ArgumentError for outcomes beyond 1e150.
  void prepare(std::size_t drawn);
  [[nodiscard]] double weight_of(std::size_t row) const {
    return weight.empty() ? 1.0 : weight[row];
  }
};

struct GrowSpec {
  std::size_t mtry = 0;            ///< Columns looked at in a node, drawn anew; 0: all.
  int max_depth = 0;               ///< 0: no limit. The root has depth 0.
  std::size_t min_leaf = 1;        ///< Drawn rows, with their repeats, on each side of a split.
  std::size_t min_split = 2;       ///< Smaller nodes are leaves.
  std::size_t max_leaves = 0;      ///< 0: no limit; else the split that helps most comes first.
  bool random_thresholds = false;  ///< One threshold a column, uniform over the node's range.
};

/// A tree with what can be said of it by codes. Leaves are numbered in the order of the nodes.
struct GrownTree {
  std::vector<TreeNode> nodes = {};
  std::vector<std::uint8_t> last = {};  ///< Codes up to this go left, a node each.
  std::vector<double> decrease = {};    ///< Of weight x impurity, summed per column.
  std::size_t leaves = 0;
  static constexpr std::uint32_t kElsewhere = 0xFFFFFFFFU;
  /// Leaf of each row that the tree was grown on, a row of the binned features each; kElsewhere for
  /// others. Meaningless once the tree is pruned.
  std::vector<std::uint32_t> row_leaf = {};
  static constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);
  /// Number of the leaf where each row of the binned features ends, as its values would; with a
  /// `column`, the value of that is taken from the donor of the row.
  void find_leaves(const BinnedFeatures& features, std::span<const std::uint32_t> rows,
                   std::span<std::uint32_t> leaf, std::size_t column = kNoColumn,
                   std::span<const std::uint32_t> donors = {}) const;
};

/// Grows a tree on `rows`, each counted `repeats` times (none: once). A split is the best over the
/// drawn columns and, within each, over the gaps between bins; equal ones: the column drawn first,
/// the lower gap. Rows without a value go to the side where they help more; where the node has none
/// of them, later ones go to the heavier side. When all drawn columns are constant in the node,
/// further ones are drawn. A split that helps nothing is taken too, as the next may (exclusive or);
/// nodes of one outcome are leaves. Columns are ordered numbers: an ordered category comes as its
/// codes, an unordered one as dummies or an encoding. Chance: Stream(key, tree).
/// Time O(rows mtry depth), bins of a node are looked at only where they hold rows; parallel over
/// columns in nodes of many rows; bits do not depend on threads.
/// Sources: Breiman, Friedman, Olshen & Stone, "Classification and Regression Trees" (1984);
/// Breiman, "Random forests", Machine Learning 45 (2001); Geurts, Ernst & Wehenkel, "Extremely
/// randomized trees", Machine Learning 63 (2006).
[[nodiscard]] GrownTree grow_tree(const BinnedFeatures& features, const TreeTarget& target,
                                  std::span<const std::uint32_t> rows,
                                  std::span<const std::uint32_t> repeats, const GrowSpec& spec,
                                  StreamKey key, std::uint64_t tree, const Context& context = {});

/// Takes splits away that leave a side without one of `filled` leaves (a mark a leaf), so that
/// every leaf can say something; at least one must be filled. Numbers leaves anew and returns the
/// new number of each old leaf (of those not filled: none that means anything).
[[nodiscard]] std::vector<std::uint32_t> prune_unfilled(GrownTree& tree,
                                                        std::span<const std::uint8_t> filled);

}  // namespace impact
