#include "engine/learn/explain/shap_interactions.h"

#include <bit>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/learn/boosting_shap.h"
#include "tests/engine/learn/boosting_reference.h"
#include "tests/engine/learn/explain/known_model.h"

using namespace impact;
using namespace impact::explaining;

namespace {

// The game's value of a set of columns at a row, as in tree_shap.h.
double value_of(const ShapModel& model, const std::vector<ShapNode>& tree, const double* x,
                unsigned set, std::size_t at = 0) {
  const ShapNode& node = tree[at];
  if (node.left < 0) return node.value;
  const auto left = static_cast<std::size_t>(node.left);
  const auto right = static_cast<std::size_t>(node.right);
  if ((set >> node.column & 1U) != 0) {
    return value_of(model, tree, x, set, model.left(node, x[node.column]) ? left : right);
  }
  return (tree[left].cover * value_of(model, tree, x, set, left) +
          tree[right].cover * value_of(model, tree, x, set, right)) /
         node.cover;
}

// The index by its definition over all subsets.
double pair_value(const ShapModel& model, const double* x, unsigned i, unsigned j) {
  const auto p = static_cast<unsigned>(model.columns);
  const unsigned a = 1U << i;
  const unsigned b = 1U << j;
  double sum = 0.0;
  for (unsigned set = 0; set < 1U << p; ++set) {
    if ((set & (a | b)) != 0) continue;
    const double size = std::popcount(set);
    const double weight = std::tgamma(size + 1.0) *
                          std::tgamma(static_cast<double>(p) - size - 1.0) /
                          (2.0 * std::tgamma(static_cast<double>(p)));
    for (const auto& tree : model.trees) {
      sum += weight * (value_of(model, tree, x, set | a | b) - value_of(model, tree, x, set | a) -
                       value_of(model, tree, x, set | b) + value_of(model, tree, x, set));
    }
  }
  return model.scale * sum;
}

// Invented trees of depth 6 on 5 columns: thresholds, sets of categories, columns asked again.
ShapModel invented_trees() {
  ShapModel model;
  model.columns = 5;
  model.scale = 0.7;
  model.categories = {{0x15U}, {0x3U}, {}};
  Stream stream({77});
  for (int t = 0; t < 4; ++t) {
    auto& tree = model.trees.emplace_back(127);
    for (std::size_t i = 127; i-- > 0;) {
      ShapNode& node = tree[i];
      if (i >= 63 || (i > 6 && stream.bernoulli(0.15))) {
        node.value = stream.normal();
        node.cover = 0.5 + stream.uniform();
        continue;
      }
      node.left = static_cast<std::int32_t>(2 * i + 1);
      node.right = node.left + 1;
      node.column = static_cast<std::uint32_t>(stream.below(5));
      node.threshold = stream.normal();
      node.missing_left = stream.bernoulli(0.5);
      if (node.column == 4) node.categories = static_cast<std::int32_t>(stream.below(3));
      node.cover = tree[2 * i + 1].cover + tree[2 * i + 2].cover;
    }
  }
  return model;
}

}  // namespace

TEST_CASE("interactions of columns in trees are the index over all subsets",
          "[learn][interactions]") {
  const ShapModel model = invented_trees();
  Stream stream({5});
  constexpr std::size_t kRows = 40;
  std::vector<double> x(5 * kRows);
  for (std::size_t i = 0; i < 4 * kRows; ++i) {
    x[i] = i % 11 == 0 ? std::nan("") : stream.normal();
  }
  // Codes, some of them none.
  const double code[] = {0, 1, 2, 3, 4, 31, 32, -1, std::nan(""), 1e300};
  for (std::size_t i = 0; i < kRows; ++i) x[4 * kRows + i] = code[i % 10];
  const FeatureColumns features{.x = x, .columns = 5};
  std::vector<std::uint32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0U);
  std::vector<double> pair(25 * kRows);
  std::vector<double> single(5 * kRows);
  tree_shap(model, features, rows, single);
  tree_shap_interactions(model, features, rows, pair);
  for (std::size_t r = 0; r < kRows; ++r) {
    double row[5];
    for (std::size_t j = 0; j < 5; ++j) row[j] = x[j * kRows + r];
    for (unsigned i = 0; i < 5; ++i) {
      double sum = 0.0;
      for (unsigned j = 0; j < 5; ++j) {
        const double ours = pair[25 * r + 5 * i + j];
        sum += ours;
        CHECK(ours == pair[25 * r + 5 * j + i]);
        if (i != j) CHECK(ours == Approx(pair_value(model, row, i, j)).margin(1e-12));
      }
      CHECK(sum == Approx(single[5 * r + i]).margin(1e-12));
    }
  }
  for (const int threads : {2, 3, 8}) {
    std::vector<double> again(pair.size());
    tree_shap_interactions(model, features, rows, again, {.threads = threads});
    CHECK(again == pair);
  }
  CHECK_THROWS_AS(tree_shap_interactions(model, features, rows, single), ArgumentError);
}

TEST_CASE("interactions of columns in trees are those of shap", "[learn][interactions]") {
  const auto& peer = explain_reference().at("tree");
  ShapModel model;
  model.columns = 5;
  for (const auto& from : peer.at("trees")) {
    auto& tree = model.trees.emplace_back();
    for (std::size_t i = 0; i < from.at("left").size(); ++i) {
      const auto left = from.at("left")[i].get<std::int32_t>();
      tree.push_back({.threshold = from.at("threshold")[i].get<double>(),
                      .left = left,
                      .right = from.at("right")[i].get<std::int32_t>(),
                      .column = left < 0 ? 0U : from.at("feature")[i].get<std::uint32_t>(),
                      .cover = from.at("cover")[i].get<double>(),
                      .value = from.at("value")[i].get<double>()});
    }
  }
  model.scale = 1.0 / static_cast<double>(model.trees.size());
  const FeatureTable table = reference_table();
  const std::size_t rows = peer.at("interactions").size();
  const auto first = every_row(rows);
  std::vector<double> ours(25 * rows);
  tree_shap_interactions(model, table.matrix(), first, ours);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t k = 0; k < 25; ++k) {
      CHECK(ours[25 * r + k] ==
            Approx(peer.at("interactions")[r][k / 5][k % 5].get<double>()).margin(1e-6));
    }
  }
}

TEST_CASE("contributions and interactions are those of XGBoost, splits by category too",
          "[learn][interactions]") {
  using namespace impact::boosting;
  const auto peer = nlohmann::json::parse(text_of("explain_boosting.json"));
  for (const std::string name : {"squared", "onehot", "partition"}) {
    INFO(name);
    BoostingSpec spec = {.rounds = 12};
    if (name != "squared") spec.categories = {"c"};
    if (name == "onehot") spec.max_cat_to_onehot = 100;
    if (name == "partition") {
      spec.max_cat_to_onehot = 1;
      spec.max_cat_threshold = 3;
    }
    const auto model =
        fit_boosting(rows().features(), rows().outcome.at("y"), training(), spec, {}, peer_key());
    const ShapModel trees = shap_model(model.trees);
    CHECK(trees.categories.empty() == (name == "squared"));
    std::vector<double> phi(20 * 4);
    tree_shap(trees, rows().features(), range(0, 20), phi);
    std::vector<double> pair(10 * 16);
    tree_shap_interactions(trees, rows().features(), range(0, 10), pair);
    for (std::size_t i = 0; i < 20; ++i) {
      double sum = trees.expectation();
      for (std::size_t j = 0; j < 4; ++j) {
        sum += phi[4 * i + j];
        CHECK(phi[4 * i + j] ==
              Approx(peer[name]["contributions"][i][j].get<double>()).margin(1e-6));
      }
      CHECK(sum == Approx(peer[name]["sums"][i].get<double>()).margin(1e-5));
    }
    for (std::size_t i = 0; i < 10; ++i) {
      for (std::size_t k = 0; k < 16; ++k) {
        // Theirs are differences of sums in single precision.
        CHECK(pair[16 * i + k] ==
              Approx(peer[name]["interactions"][i][k / 4][k % 4].get<double>()).margin(1e-6));
      }
    }
  }
}
