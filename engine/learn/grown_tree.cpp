#include <algorithm>
#include <utility>

#include "engine/learn/tree_grower.h"

// What is done with a tree once it is grown.
namespace impact {

void GrownTree::find_leaves(const BinnedFeatures& features, std::span<const std::uint32_t> rows,
                            std::span<std::uint32_t> leaf, std::size_t column,
                            std::span<const std::uint32_t> donors) const {
  std::vector<BinnedFeatures::Codes> codes;
  for (std::size_t j = 0; j < features.columns(); ++j) codes.push_back(features.codes(j));
  // Some rows side by side, so that the caches work on several at once.
  constexpr std::size_t kSide = 8;
  for (std::size_t first = 0; first < rows.size(); first += kSide) {
    const std::size_t side = std::min(kSide, rows.size() - first);
    std::uint32_t at[kSide] = {};
    for (bool open = true; open;) {
      open = false;
      for (std::size_t l = 0; l < side; ++l) {
        const TreeNode& node = nodes[at[l]];
        if (node.leaf()) continue;
        const std::size_t j = node.column();
        const std::uint8_t code = codes[j].at(j == column ? donors[first + l] : rows[first + l]);
        const bool missing = code == BinnedFeatures::kMissing && features.column[j].missing;
        const bool left = missing ? node.missing_left() : code <= last[at[l]];
        at[l] = node.left + (left ? 0U : 1U);
        open = true;
      }
    }
    for (std::size_t l = 0; l < side; ++l) leaf[first + l] = nodes[at[l]].feature;
  }
}

std::vector<std::uint32_t> prune_unfilled(GrownTree& tree, std::span<const std::uint8_t> filled) {
  const std::size_t n = tree.nodes.size();
  // Children stand behind their parent, so one pass from the back sees them first.
  std::vector<std::uint8_t> full(n);
  std::vector<std::uint32_t> stands(n);  // node that takes this one's place
  for (std::size_t i = n; i-- > 0;) {
    const TreeNode& node = tree.nodes[i];
    stands[i] = static_cast<std::uint32_t>(i);
    if (node.leaf()) {
      full[i] = filled[node.feature];
      continue;
    }
    full[i] = full[node.left] | full[node.left + 1];
    if (full[node.left] == 0) stands[i] = stands[node.left + 1];
    if (full[node.left + 1] == 0) stands[i] = stands[node.left];
  }
  GrownTree kept;
  kept.decrease = std::move(tree.decrease);
  kept.row_leaf = std::move(tree.row_leaf);
  std::vector<std::uint32_t> number(tree.leaves);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> open = {{stands[0], 0}};  // from, to
  kept.nodes.resize(1);
  kept.last.resize(1);
  for (std::size_t k = 0; k < open.size(); ++k) {
    const auto [from, to] = open[k];
    kept.nodes[to] = tree.nodes[from];
    kept.last[to] = tree.last[from];
    if (tree.nodes[from].leaf()) continue;
    const auto left = static_cast<std::uint32_t>(kept.nodes.size());
    kept.nodes[to].left = left;
    kept.nodes.resize(kept.nodes.size() + 2);
    kept.last.resize(kept.nodes.size());
    open.emplace_back(stands[tree.nodes[from].left], left);
    open.emplace_back(stands[tree.nodes[from].left + 1], left + 1);
  }
  for (TreeNode& node : kept.nodes) {
    if (!node.leaf()) continue;
    number[node.feature] = static_cast<std::uint32_t>(kept.leaves);
    node.feature = static_cast<std::uint32_t>(kept.leaves++);
  }
  tree = std::move(kept);
  return number;
}

}  // namespace impact
