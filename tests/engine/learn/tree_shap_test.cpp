#include "engine/learn/tree_shap.h"

#include <bit>
#include <cmath>
#include <numeric>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/decision_tree.h"
#include "engine/learn/random_forest.h"
#include "tests/engine/learn/trees_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

// The game's value of a set of columns at a row: down the side of the row where the column is
// known, else both sides by cover.
double value_of(const std::vector<ShapNode>& tree, const FeatureColumns& x, std::size_t row,
                unsigned set, std::size_t at = 0) {
  const ShapNode& node = tree[at];
  if (node.left < 0) return node.value;
  const auto left = static_cast<std::size_t>(node.left);
  const auto right = static_cast<std::size_t>(node.right);
  if ((set >> node.column & 1U) != 0) {
    const double cell = x.column(node.column)[row];
    const bool goes = std::isnan(cell) ? node.missing_left : cell <= node.threshold;
    return value_of(tree, x, row, set, goes ? left : right);
  }
  return (tree[left].cover * value_of(tree, x, row, set, left) +
          tree[right].cover * value_of(tree, x, row, set, right)) /
         node.cover;
}

// Shapley's formula over all subsets.
double shapley(const ShapModel& model, const FeatureColumns& x, std::size_t row, std::size_t j) {
  const auto p = static_cast<unsigned>(model.columns);
  double sum = 0.0;
  for (unsigned set = 0; set < 1U << p; ++set) {
    if ((set >> j & 1U) != 0) continue;
    const int size = std::popcount(set);
    const double weight =
        std::tgamma(size + 1.0) * std::tgamma(static_cast<double>(p) - size) / std::tgamma(p + 1.0);
    for (const auto& tree : model.trees) {
      sum += weight * (value_of(tree, x, row, set | 1U << j) - value_of(tree, x, row, set));
    }
  }
  return model.scale * sum;
}

}  // namespace

TEST_CASE("TreeSHAP is that of shap on scikit-learn's trees", "[trees]") {
  const auto& reference = trees_reference();
  const Columns x = columns_of(reference.at("x"));
  const auto first = reference.at("train").get<std::size_t>();
  for (const auto& peer : reference.at("shap_cases")) {
    ShapModel model;
    model.columns = 4;
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
    CHECK(model.expectation() == Approx(peer.at("expectation").get<double>()).epsilon(1e-9));
    const std::size_t rows = peer.at("shap").size();
    std::vector<double> phi(4 * rows);
    tree_shap(model, x.features(), rows_between(first, first + rows), phi);
    for (std::size_t i = 0; i < rows; ++i) {
      double sum = model.expectation();
      for (std::size_t j = 0; j < 4; ++j) {
        CHECK(phi[4 * i + j] == Approx(peer.at("shap")[i][j].get<double>()).margin(1e-10));
        sum += phi[4 * i + j];
      }
      CHECK(sum == Approx(peer.at("predict")[i].get<double>()).margin(1e-12));
    }
  }
}

TEST_CASE("TreeSHAP is Shapley's sum over all subsets", "[trees]") {
  Invented data = invented(300, 5);
  for (std::size_t i = 0; i < 300; i += 5) data.x.x[i] = std::nan("");
  const FeatureColumns x = data.x.features();
  const RandomForest forest = fit_random_forest(x, std::span<const double>(data.y),
                                                rows_between(0, 300), {.trees = 5, .min_leaf = 2});
  const ShapModel model = shap_model(forest.trees);
  const auto rows = rows_between(0, 19);
  std::vector<double> phi(4 * rows.size());
  tree_shap(model, x, rows, phi);
  std::vector<double> said(rows.size());
  forest.predict(x, rows, said);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      CHECK(phi[4 * i + j] == Approx(shapley(model, x, i, j)).margin(1e-12));
    }
    CHECK(std::accumulate(&phi[4 * i], &phi[4 * i] + 4, model.expectation()) ==
          Approx(said[i]).margin(1e-12));
  }
  for (const int threads : {2, 3, 8}) {
    std::vector<double> again(phi.size());
    tree_shap(model, x, rows, again, {.threads = threads});
    CHECK(again == phi);
  }
}

TEST_CASE("TreeSHAP by hand", "[trees]") {
  // 8 where both are above 0, else 0; a quarter of the weight is there. v() = 2, v(1) = v(2) = 4 as
  // half of the weight goes each way, v(12) = 8: both columns earn 3.
  ShapModel model;
  model.columns = 2;
  model.base = 1.0;
  model.trees = {{{.left = 1, .right = 2, .column = 0, .cover = 4},
                  {.cover = 2},
                  {.left = 3, .right = 4, .column = 1, .cover = 2},
                  {.cover = 1},
                  {.cover = 1, .value = 8}}};
  CHECK(model.expectation() == 3.0);
  const std::vector<double> x = {1, -1, 0, 1, 1, 0};
  const FeatureColumns features{.x = x, .columns = 2};
  std::vector<double> phi(6);
  tree_shap(model, features, rows_between(0, 3), phi);
  CHECK(phi[0] == Approx(3.0).epsilon(1e-14));
  CHECK(phi[1] == Approx(3.0).epsilon(1e-14));
  // x1 below: v(1) = v(12) = 0.
  CHECK(phi[2] == Approx(-3.0).epsilon(1e-14));
  CHECK(phi[3] == Approx(1.0).epsilon(1e-14));
  // On both thresholds: left, v() = 2 and nothing else; right for a model of strict inequalities.
  CHECK(phi[4] == Approx(-1.0).epsilon(1e-14));
  CHECK(phi[5] == Approx(-1.0).epsilon(1e-14));
  model.strict = true;
  tree_shap(model, features, rows_between(0, 3), phi);
  CHECK(phi[4] == Approx(3.0).epsilon(1e-14));

  model.trees[0][3].cover = 0;
  CHECK_THROWS_AS(tree_shap(model, features, rows_between(0, 3), phi), ArgumentError);
  model.trees[0][3].cover = 1;
  model.trees[0][2].column = 2;
  CHECK_THROWS_AS(tree_shap(model, features, rows_between(0, 3), phi), ArgumentError);
  model.trees[0][2] = {.left = 1, .right = 4, .column = 1, .cover = 2};
  CHECK_THROWS_AS(tree_shap(model, features, rows_between(0, 3), phi), ArgumentError);
  CHECK_THROWS_AS(tree_shap(model, features, rows_between(1, 4), phi), ArgumentError);
  CHECK_THROWS_AS(tree_shap(model, features, rows_between(0, 2), phi), ArgumentError);
}
