#include "engine/learn/tree_ensemble.h"

#include <algorithm>
#include <limits>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

// Rows that walk a tree together: their columns are first brought side by side, and the upper
// nodes of a tree stay in the cache for all of them.
constexpr std::size_t kTogether = 1024;
// Of these some take their steps in turn, so that the caches work on several at once.
constexpr std::size_t kSide = 8;

void find_leaves(const TreeNode* root, const double* x, std::size_t columns,
                 std::span<std::uint32_t> leaves) {
  for (std::size_t first = 0; first < leaves.size(); first += kSide) {
    const std::size_t side = std::min(kSide, leaves.size() - first);
    std::uint32_t at[kSide] = {};
    for (bool open = true; open;) {
      open = false;
      for (std::size_t l = 0; l < side; ++l) {
        const TreeNode& node = root[at[l]];
        if (node.leaf()) continue;
        const bool left = node.goes_left(x[(first + l) * columns + node.column()]);
        at[l] = node.left + (left ? 0U : 1U);
        open = true;
      }
    }
    for (std::size_t l = 0; l < side; ++l) leaves[first + l] = root[at[l]].feature;
  }
}

// visit(first, leaves, t): where rows first ... first + leaves.size() end in tree t; trees in
// order for each row.
template <class Visit>
void walk(const TreeEnsemble& trees, const FeatureColumns& features,
          std::span<const std::uint32_t> rows, const Context& context, const Visit& visit) {
  check_columns(trees, features);
  for (const auto row : rows) {
    if (row >= features.rows()) {
      throw ArgumentError({.what = "there is no such row",
                           .where = "rows",
                           .got = std::to_string(row),
                           .expected = "less than " + std::to_string(features.rows())});
    }
  }
  for_chunks(context, rows.size(), kTogether, [&](std::size_t begin, std::size_t end) {
    const std::size_t p = features.columns;
    std::vector<double> x((end - begin) * p);
    for (std::size_t j = 0; j < p; ++j) {
      const std::span<const double> column = features.column(j);
      for (std::size_t i = begin; i < end; ++i) x[(i - begin) * p + j] = column[rows[i]];
    }
    std::vector<std::uint32_t> leaves(end - begin);
    for (std::size_t t = 0; t < trees.trees(); ++t) {
      if (t % 16 == 0) context.check();
      find_leaves(trees.nodes.data() + trees.node_begin[t], x.data(), p, leaves);
      visit(begin, leaves, t);
    }
  });
}

}  // namespace

void check_columns(const TreeEnsemble& trees, const FeatureColumns& features) {
  if (features.columns != trees.columns) {
    throw ArgumentError({.what = "the model knows other columns",
                         .where = "columns",
                         .got = std::to_string(features.columns),
                         .expected = std::to_string(trees.columns)});
  }
}

void mean_of_trees(const TreeEnsemble& trees, const FeatureColumns& features,
                   std::span<const std::uint32_t> rows, std::span<double> out,
                   const Context& context) {
  const std::size_t outputs = trees.outputs;
  require_length("out", out.size(), rows.size() * outputs);
  const auto count = static_cast<double>(trees.trees());
  std::fill(out.begin(), out.end(), count == 0.0 ? std::numeric_limits<double>::quiet_NaN() : 0.0);
  walk(trees, features, rows, context,
       [&](std::size_t first, std::span<const std::uint32_t> leaves, std::size_t t) {
         const double* const values = trees.leaf_value.data() + trees.leaf_begin[t] * outputs;
         for (std::size_t i = 0; i < leaves.size(); ++i) {
           for (std::size_t k = 0; k < outputs; ++k) {
             out[(first + i) * outputs + k] += values[leaves[i] * outputs + k];
           }
         }
       });
  for (double& value : out) value /= count;
}

std::vector<std::uint32_t> leaf_indices(const TreeEnsemble& trees, const FeatureColumns& features,
                                        std::span<const std::uint32_t> rows,
                                        const Context& context) {
  std::vector<std::uint32_t> leaf(rows.size() * trees.trees());
  walk(trees, features, rows, context,
       [&](std::size_t first, std::span<const std::uint32_t> leaves, std::size_t t) {
         for (std::size_t i = 0; i < leaves.size(); ++i) {
           leaf[(first + i) * trees.trees() + t] = leaves[i];
         }
       });
  return leaf;
}

}  // namespace impact
