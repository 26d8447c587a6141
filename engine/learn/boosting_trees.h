#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace impact {

/// A node of a boosted tree, in the single precision that XGBoost works in.
struct BoostedNode {
  /// Numbers: x < threshold goes left. Of a leaf: its value.
  float threshold = 0.0F;
  std::int32_t left = -1;  ///< Places of the children among the tree's nodes; below 0: a leaf.
  std::int32_t right = -1;
  std::uint32_t column = 0;
  bool missing_left = false;  ///< Where a row without a value goes.
  bool by_category = false;   ///< Codes of `categories` go right, other codes left.
  std::vector<std::uint32_t> categories = {};  ///< In increasing order.
  float gain = 0.0F;   ///< Fall of the training loss by this split, twice, as XGBoost counts.
  float cover = 0.0F;  ///< Sum of the hessians of the training rows that came by.

  [[nodiscard]] bool leaf() const { return left < 0; }
  /// The child of a row with this value, which may be NaN. A code that is no whole number >= 0, or
  /// lies beyond the largest of `categories` rounded up to a multiple of 32, counts as missing.
  [[nodiscard]] std::int32_t child(float x) const;
};

struct BoostedTree {
  std::vector<BoostedNode> nodes = {};  ///< The root first.
  std::int32_t output = 0;              ///< Class whose sum the tree adds to.
  float weight = 1.0F;                  ///< Factor of the leaf values; not 1 with DART only.
};

/// What XGBoost's trees say, read from its model.
struct BoostedTrees {
  std::size_t columns = 0;
  std::size_t outputs = 1;
  float base = 0.0F;  ///< Sum before the first tree.
  std::vector<BoostedTree> trees = {};

  /// Sums for rows laid out row by row (rows x columns, NaN: missing) into rows x outputs. Terms
  /// are added in single precision and in the order of the trees, so bits are those of XGBoost.
  void add_up(std::span<const float> x, std::span<float> out) const;
};

/// Trees laid out for many rows: 16 bytes a node, children side by side, eight rows at once, so
/// that none waits for memory alone. Views the trees, which must outlive it. Building one is
/// O(nodes).
class FlatTrees {
 public:
  explicit FlatTrees(const BoostedTrees& trees);
  /// As BoostedTrees::add_up, to the bit.
  void add_up(std::span<const float> x, std::span<float> out) const;

 private:
  struct Node {
    float threshold = 0.0F;  // Of a leaf: its value.
    std::uint32_t column = 0;
    std::uint32_t left = 0;           // The right child follows; of a leaf: itself.
    std::uint16_t split = 0;          // 1, or 0 for a leaf.
    std::uint16_t missing_right = 0;  // 1: a row without a value goes right.
  };
  void walk(std::size_t first, std::span<const float> x, std::size_t rows, float* out,
            float weight) const;

  const BoostedTrees& trees_;
  std::vector<Node> nodes_ = {};
  std::vector<std::size_t> first_ = {};  // Root of each tree; kCategories: not laid out.
};

/// Importance of one column.
struct ColumnImportance {
  std::string column = {};
  std::int64_t weight = 0;  ///< Splits on the column.
  double gain = 0.0;        ///< Mean gain and cover of these splits, 0 without a split.
  double cover = 0.0;
  double total_gain = 0.0;
  double total_cover = 0.0;
};

/// One a column, in their order; names as in the model.
[[nodiscard]] std::vector<ColumnImportance> importance(const BoostedTrees& trees,
                                                       std::span<const std::string> names);

}  // namespace impact
