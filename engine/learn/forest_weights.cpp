#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/random_forest.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

void require_members(const RandomForest& forest) {
  if (!forest.member_begin.empty()) return;
  throw ArgumentError({.what = "the forest does not remember the rows of its leaves",
                       .where = "keep_rows",
                       .hint = "fit it with keep_rows"});
}

// Adds a_i(x) to the dense `weight`; rows that had none before are added to `touched`.
void add_weights(const RandomForest& forest, std::span<const std::uint32_t> leaves,
                 std::span<double> weight, std::vector<std::uint32_t>& touched) {
  const auto trees = static_cast<double>(leaves.size());
  for (std::size_t t = 0; t < leaves.size(); ++t) {
    const std::size_t leaf = forest.trees.leaf_begin[t] + leaves[t];
    const double part = 1.0 / (trees * forest.trees.leaf_weight[leaf]);
    for (std::size_t m = forest.member_begin[leaf]; m < forest.member_begin[leaf + 1]; ++m) {
      const std::uint32_t row = forest.member[m];
      if (weight[row] == 0.0) touched.push_back(row);
      weight[row] += part * (forest.training_weight.empty() ? 1.0 : forest.training_weight[row]);
    }
  }
}

}  // namespace

RowWeights forest_weights(const RandomForest& forest, const FeatureColumns& features,
                          std::uint32_t row) {
  require_members(forest);
  const std::vector<std::uint32_t> leaves =
      leaf_indices(forest.trees, features, std::span(&row, 1));
  std::vector<double> weight(forest.training_row.size());
  RowWeights found;
  add_weights(forest, leaves, weight, found.row);
  std::sort(found.row.begin(), found.row.end());
  for (const auto i : found.row) found.weight.push_back(weight[i]);
  return found;
}

void predict_quantiles(const RandomForest& forest, const FeatureColumns& features,
                       std::span<const std::uint32_t> rows, std::span<const double> probabilities,
                       std::span<double> out, const Context& context) {
  require_members(forest);
  require_length("out", out.size(), rows.size() * probabilities.size());
  if (forest.classes > 0) {
    throw ArgumentError({.what = "classes have no quantiles", .where = "forest"});
  }
  for (const double q : probabilities) {
    if (q >= 0.0 && q <= 1.0) continue;
    throw ArgumentError({.what = "a probability is out of range",
                         .where = "probabilities",
                         .got = format_double(q),
                         .expected = "0 to 1"});
  }
  const std::size_t n = forest.training_row.size();
  const std::vector<double>& y = forest.training_outcome;
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return y[a] != y[b] ? y[a] < y[b] : a < b; });
  std::vector<std::uint32_t> rank(n);
  for (std::size_t k = 0; k < n; ++k) rank[order[k]] = static_cast<std::uint32_t>(k);
  const std::vector<std::uint32_t> leaves = leaf_indices(forest.trees, features, rows, context);
  const std::size_t trees = forest.trees.trees();
  for_chunks(context, rows.size(), 64, [&](std::size_t begin, std::size_t end) {
    std::vector<double> weight(n);
    std::vector<std::uint32_t> touched;
    for (std::size_t i = begin; i < end; ++i) {
      touched.clear();
      add_weights(forest, std::span(leaves).subspan(i * trees, trees), weight, touched);
      for (auto& row : touched) row = rank[row];
      std::sort(touched.begin(), touched.end());
      double total = 0.0;
      for (const auto k : touched) total += weight[order[k]];
      for (std::size_t q = 0; q < probabilities.size(); ++q) {
        // Sums of equal parts miss their nominal values by rounding only.
        const double goal = probabilities[q] * total - 1e-12;
        double sum = 0.0;
        double found = std::numeric_limits<double>::quiet_NaN();
        for (const auto k : touched) {
          sum += weight[order[k]];
          found = y[order[k]];
          if (sum >= goal) break;
        }
        out[i * probabilities.size() + q] = found;
      }
      for (const auto k : touched) weight[order[k]] = 0.0;
    }
  });
}

}  // namespace impact
