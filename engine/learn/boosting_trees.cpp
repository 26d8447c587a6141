#include "engine/learn/boosting_trees.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace impact {
namespace {

// Codes at or above this are none: single precision no longer tells them apart.
constexpr float kMostCode = 16777216.0F;

}  // namespace

std::int32_t BoostedNode::child(float x) const {
  if (std::isnan(x)) return missing_left ? left : right;
  if (!by_category) return x < threshold ? left : right;
  // XGBoost keeps the categories in words of 32 bits and takes a code that no word reaches, like
  // one that is no code at all, for a missing value.
  const std::size_t bits =
      categories.empty() ? 0 : (std::size_t{categories.back()} / 32U + 1U) * 32U;
  if (!(x >= 0.0F && x < kMostCode) || static_cast<std::size_t>(x) >= bits) {
    return missing_left ? left : right;
  }
  const auto code = static_cast<std::uint32_t>(x);
  return std::binary_search(categories.begin(), categories.end(), code) ? right : left;
}

void BoostedTrees::add_up(std::span<const float> x, std::span<float> out) const {
  std::fill(out.begin(), out.end(), base);
  const std::size_t rows = out.size() / outputs;
  for (const BoostedTree& tree : trees) {
    const BoostedNode* const nodes = tree.nodes.data();
    const auto output = static_cast<std::size_t>(tree.output);
    for (std::size_t i = 0; i < rows; ++i) {
      const float* const row = x.data() + i * columns;
      const BoostedNode* node = nodes;
      while (!node->leaf()) {
        const float value = row[node->column];
        // Most values are numbers that are there: without a call, and without a jump to guess.
        if (std::isnan(value) || node->by_category) {
          node = nodes + node->child(value);
        } else {
          node = nodes + (value < node->threshold ? node->left : node->right);
        }
      }
      out[i * outputs + output] += node->threshold * tree.weight;
    }
  }
}

std::vector<ColumnImportance> importance(const BoostedTrees& trees,
                                         std::span<const std::string> names) {
  std::vector<ColumnImportance> result(trees.columns);
  for (std::size_t j = 0; j < result.size(); ++j) {
    result[j].column = names.empty() ? fmt::format("column {}", j + 1) : names[j];
  }
  for (const BoostedTree& tree : trees.trees) {
    // From the root, as pruned nodes stay in the array.
    std::vector<std::int32_t> open = {0};
    while (!open.empty()) {
      const BoostedNode& node = tree.nodes[static_cast<std::size_t>(open.back())];
      open.pop_back();
      if (node.leaf()) continue;
      ColumnImportance& column = result[node.column];
      ++column.weight;
      column.total_gain += static_cast<double>(node.gain);
      column.total_cover += static_cast<double>(node.cover);
      open.push_back(node.right);
      open.push_back(node.left);
    }
  }
  for (ColumnImportance& column : result) {
    if (column.weight == 0) continue;
    column.gain = column.total_gain / static_cast<double>(column.weight);
    column.cover = column.total_cover / static_cast<double>(column.weight);
  }
  return result;
}

}  // namespace impact
