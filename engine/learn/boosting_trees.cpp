#include "engine/learn/boosting_trees.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace impact {
namespace {

// Codes at or above this are none: single precision no longer tells them apart.
constexpr float kMostCode = 16777216.0F;

// A tree with splits by category, or for a few rows.
void add_tree(const BoostedTree& tree, std::size_t columns, std::size_t outputs,
              std::span<const float> x, std::span<float> out) {
  const BoostedNode* const nodes = tree.nodes.data();
  const auto output = static_cast<std::size_t>(tree.output);
  const std::size_t rows = out.size() / outputs;
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

constexpr auto kCategories = static_cast<std::size_t>(-1);

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
  for (const BoostedTree& tree : trees) add_tree(tree, columns, outputs, x, out);
}

FlatTrees::FlatTrees(const BoostedTrees& trees) : trees_(trees) {
  for (const BoostedTree& tree : trees.trees) {
    const bool categories = std::ranges::any_of(
        tree.nodes, [](const BoostedNode& node) { return !node.leaf() && node.by_category; });
    if (categories) {
      first_.push_back(kCategories);
      continue;
    }
    const std::size_t root = nodes_.size();
    first_.push_back(root);
    // Breadth first; `from` is the place among the tree's own nodes of each flat one.
    std::vector<std::int32_t> from = {0};
    nodes_.emplace_back();
    for (std::size_t k = 0; k < from.size(); ++k) {
      const BoostedNode& node = tree.nodes[static_cast<std::size_t>(from[k])];
      Node flat{.threshold = node.threshold, .left = static_cast<std::uint32_t>(root + k)};
      if (!node.leaf()) {
        flat.column = node.column;
        flat.left = static_cast<std::uint32_t>(root + from.size());
        flat.split = 1;
        flat.missing_right = node.missing_left ? 0 : 1;
        from.push_back(node.left);
        from.push_back(node.right);
        nodes_.emplace_back();
        nodes_.emplace_back();
      }
      nodes_[root + k] = flat;
    }
  }
}

// Every row of eight takes a step, those at a leaf one to where they are, until all are at leaves.
void FlatTrees::walk(std::size_t first, std::span<const float> x, std::size_t rows, float* out,
                     float weight) const {
  constexpr std::size_t kLanes = 8;
  const Node* const nodes = nodes_.data();
  const std::size_t columns = trees_.columns;
  const std::size_t outputs = trees_.outputs;
  for (std::size_t begin = 0; begin < rows; begin += kLanes) {
    const std::size_t lanes = std::min(kLanes, rows - begin);
    std::array<std::uint32_t, kLanes> at;
    at.fill(static_cast<std::uint32_t>(first));
    const float* const block = x.data() + begin * columns;
    std::uint32_t moving = nodes[first].split;
    while (moving != 0) {
      moving = 0;
      for (std::size_t i = 0; i < lanes; ++i) {
        const Node& node = nodes[at[i]];
        const float value = block[i * columns + node.column];
        const auto missing = static_cast<std::uint32_t>(value != value);
        const auto above = static_cast<std::uint32_t>(!(value < node.threshold));
        const std::uint32_t right = (missing & node.missing_right) | (above & (missing ^ 1U));
        const std::uint32_t next = node.left + (right & node.split);
        moving |= nodes[next].split;
        at[i] = next;
      }
    }
    for (std::size_t i = 0; i < lanes; ++i) {
      out[(begin + i) * outputs] += nodes[at[i]].threshold * weight;
    }
  }
}

void FlatTrees::add_up(std::span<const float> x, std::span<float> out) const {
  std::fill(out.begin(), out.end(), trees_.base);
  const std::size_t rows = out.size() / trees_.outputs;
  for (std::size_t t = 0; t < first_.size(); ++t) {
    const BoostedTree& tree = trees_.trees[t];
    if (first_[t] == kCategories) {
      add_tree(tree, trees_.columns, trees_.outputs, x, out);
    } else {
      walk(first_[t], x, rows, out.data() + tree.output, tree.weight);
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
