#include "engine/learn/tree_grower.h"

#include <cmath>
#include <set>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/trees_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

TreeEnsemble ensemble_of(const GrownTree& tree, std::size_t columns) {
  return {.columns = columns, .nodes = tree.nodes, .node_begin = {0, tree.nodes.size()}};
}

// Treatment effects: in a node, the residual of y on its mean times that of w, so that the variance
// of the pseudo-outcome's mean is that of the effect.
class EffectRelabelling : public Relabelling {
 public:
  EffectRelabelling(std::span<const double> y, std::span<const double> w) : y_(y), w_(w) {}
  bool relabel(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> repeats,
               std::span<double> pseudo) const override {
    double n = 0;
    double y = 0;
    double w = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      n += repeats[i];
      y += repeats[i] * y_[rows[i]];
      w += repeats[i] * w_[rows[i]];
    }
    y /= n;
    w /= n;
    double cross = 0;
    double square = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      cross += repeats[i] * (w_[rows[i]] - w) * (y_[rows[i]] - y);
      square += repeats[i] * (w_[rows[i]] - w) * (w_[rows[i]] - w);
    }
    if (square == 0.0) return false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double d = w_[rows[i]] - w;
      pseudo[i] = d * (y_[rows[i]] - y - d * cross / square) / (square / n);
    }
    return true;
  }

 private:
  std::span<const double> y_;
  std::span<const double> w_;
};

}  // namespace

TEST_CASE("grown trees say the same by codes and by values", "[trees]") {
  Invented data = invented(1500, 71);
  for (std::size_t i = 0; i < 1500; i += 4) data.x.x[1500 + i] = std::nan("");
  const FeatureColumns x = data.x.features();
  const auto rows = rows_between(0, 1000);
  const auto all = rows_between(0, 1500);
  // Binned with rows that the tree is not shown: thresholds must not fall into their bins.
  const BinnedFeatures binned = bin_features(x, all);
  TreeTarget target;
  target.value = data.y;
  target.prepare(1500);
  for (const bool random : {false, true}) {
    const GrownTree tree =
        grow_tree(binned, target, rows, {}, {.mtry = 2, .random_thresholds = random}, {1}, 0);
    const std::vector<std::uint32_t> by_value = leaf_indices(ensemble_of(tree, 4), x, all);
    std::vector<std::uint32_t> by_code(1500);
    tree.find_leaves(binned, all, by_code);
    std::set<std::uint32_t> met;
    for (std::size_t i = 0; i < 1500; ++i) {
      CHECK(by_code[i] == by_value[i]);
      CHECK(tree.row_leaf[i] == (i < 1000 ? by_value[i] : GrownTree::kElsewhere));
      if (i < 1000) met.insert(by_value[i]);
    }
    CHECK(met.size() == tree.leaves);
    CHECK(tree.leaves == 1000);  // outcomes differ, so each row is a leaf
    // A column from another row: as if its value stood there.
    Columns swapped = data.x;
    swapped.x[3] = swapped.x[7];
    const std::uint32_t third = 3;
    const std::uint32_t donor = 7;
    std::uint32_t leaf = 0;
    tree.find_leaves(binned, std::span(&third, 1), std::span(&leaf, 1), 0, std::span(&donor, 1));
    CHECK(leaf == leaf_indices(ensemble_of(tree, 4), swapped.features(), std::span(&third, 1))[0]);
  }
}

TEST_CASE("grown trees: limits", "[trees]") {
  const Invented data = invented(500, 72);
  const FeatureColumns x = data.x.features();
  const auto rows = rows_between(0, 500);
  const BinnedFeatures binned = bin_features(x, rows);
  TreeTarget target;
  target.value = data.y;
  target.prepare(500);
  const auto grow = [&](const GrowSpec& spec) {
    return grow_tree(binned, target, rows, {}, spec, {1}, 0);
  };
  CHECK(grow({.max_depth = 3}).leaves == 8);
  CHECK(grow({.max_leaves = 11}).leaves == 11);
  CHECK(grow({.min_split = 501}).leaves == 1);
  const GrownTree tree = grow({.min_leaf = 20});
  std::vector<int> held(tree.leaves);
  for (const auto leaf : tree.row_leaf) ++held[leaf];
  for (const int h : held) CHECK(h >= 20);
  // The best of all trees of two leaves is the first split of the best-first tree.
  double fall = 0.0;
  for (const double d : grow({.max_leaves = 2}).decrease) fall += d;
  CHECK(fall == Approx(grow({.max_depth = 1}).decrease[0] + grow({.max_depth = 1}).decrease[1] +
                       grow({.max_depth = 1}).decrease[2] + grow({.max_depth = 1}).decrease[3]));
  // A limit of leaves spends them where they help: not less than the same number by depth.
  double best = 0.0;
  double level = 0.0;
  for (const double d : grow({.max_leaves = 8}).decrease) best += d;
  for (const double d : grow({.max_depth = 3}).decrease) level += d;
  CHECK(best >= level);
}

TEST_CASE("grown trees find where an effect varies, not where the mean does", "[trees]") {
  const std::size_t n = 4000;
  Invented data = invented(n, 73);
  std::vector<double> w(n);
  Stream stream({74});
  for (std::size_t i = 0; i < n; ++i) {
    w[i] = stream.bernoulli(0.5) ? 1.0 : 0.0;
    // The mean depends on column 1 much, the effect on column 4 alone.
    data.y[i] = 3 * data.x.x[i] + w[i] * (data.x.x[3 * n + i] > 0.25 ? 2.0 : 0.0);
  }
  const auto rows = rows_between(0, n);
  const BinnedFeatures binned = bin_features(data.x.features(), rows);
  const EffectRelabelling effect(data.y, w);
  TreeTarget target;
  target.relabelling = &effect;
  target.prepare(n);
  const GrownTree tree = grow_tree(binned, target, rows, {}, {.max_depth = 1}, {1}, 0);
  REQUIRE(tree.leaves == 2);
  CHECK(tree.nodes[0].column() == 3);
  CHECK(tree.nodes[0].threshold == Approx(0.25).margin(0.1));
  // Weights of 2 are rows twice.
  const std::vector<std::uint32_t> twice(n, 2);
  const GrownTree again = grow_tree(binned, target, rows, twice, {.max_depth = 1}, {1}, 0);
  CHECK(again.nodes[0].threshold == tree.nodes[0].threshold);
  const std::vector<double> weight(n, 2.0);
  TreeTarget weighted = target;
  weighted.weight = weight;
  weighted.prepare(n);
  const GrownTree heavy = grow_tree(binned, weighted, rows, {}, {.max_depth = 1}, {1}, 0);
  CHECK(heavy.nodes[0].threshold == tree.nodes[0].threshold);
  CHECK(heavy.decrease[3] == Approx(2 * tree.decrease[3]).epsilon(1e-9));
}

TEST_CASE("grown trees: leaves without rows are pruned", "[trees]") {
  //        0
  //    1       2
  //  3   4   5   6
  GrownTree tree;
  tree.nodes = {{.threshold = 1, .left = 1},
                {.threshold = 2, .left = 3},
                {.threshold = 3, .left = 5},
                {.feature = 0},
                {.feature = 1},
                {.feature = 2},
                {.feature = 3}};
  tree.last.assign(7, 0);
  tree.leaves = 4;
  GrownTree pruned = tree;
  std::vector<std::uint8_t> filled = {1, 1, 1, 1};
  CHECK(prune_unfilled(pruned, filled) == std::vector<std::uint32_t>{0, 1, 2, 3});
  CHECK(pruned.nodes.size() == 7);
  filled = {0, 1, 1, 1};
  pruned = tree;
  CHECK(prune_unfilled(pruned, filled)[1] == 0);
  REQUIRE(pruned.nodes.size() == 5);
  CHECK(pruned.leaves == 3);
  CHECK(pruned.nodes[0].threshold == 1);
  CHECK(pruned.nodes[1].leaf());
  CHECK(pruned.nodes[2].threshold == 3);
  filled = {0, 0, 0, 1};
  pruned = tree;
  CHECK(prune_unfilled(pruned, filled)[3] == 0);
  REQUIRE(pruned.nodes.size() == 1);
  CHECK(pruned.leaves == 1);
  filled = {0, 0, 1, 1};
  pruned = tree;
  CHECK(prune_unfilled(pruned, filled)[3] == 1);
  REQUIRE(pruned.nodes.size() == 3);
  CHECK(pruned.nodes[0].threshold == 3);
}
