#include "engine/learn/decision_tree.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/learn_reference.h"
#include "tests/engine/learn/trees_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class T>
std::vector<T> read(const char* name) {
  return trees_reference().at(name).get<std::vector<T>>();
}

std::vector<double> said_by(const DecisionTree& tree, const FeatureColumns& x) {
  std::vector<double> said(x.rows() * tree.tree.outputs);
  tree.predict(x, rows_between(0, x.rows()), said);
  return said;
}

DecisionTree numbers(const std::vector<double>& x, std::size_t columns,
                     const std::vector<double>& y, const DecisionTreeSpec& spec = {}) {
  return fit_decision_tree({.x = x, .columns = columns}, std::span<const double>(y),
                           rows_between(0, y.size()), spec);
}

}  // namespace

TEST_CASE("decision trees are scikit-learn's", "[trees]") {
  const auto& reference = trees_reference();
  const Columns whole = columns_of(reference.at("x"));
  const Columns holes = columns_of(reference.at("holes"));
  const auto y = read<double>("y");
  const auto w = read<double>("w");
  const auto two = read<std::int32_t>("two");
  const auto three = read<std::int32_t>("three");
  const auto rows = rows_between(0, reference.at("train").get<std::size_t>());
  for (const auto& peer : reference.at("trees")) {
    const auto name = peer.at("name").get<std::string>();
    INFO(name);
    const auto has = [&](const char* word) { return name.find(word) != std::string::npos; };
    DecisionTreeSpec spec{.max_depth = 4,
                          .min_leaf = peer.at("min_leaf").get<std::size_t>(),
                          .entropy = has("entropy"),
                          .balanced = has("balanced")};
    if (has("deep") || has("leaves")) {
      spec.max_depth = 0;
      spec.max_leaves = has("leaves") ? 7 : 0;
    }
    std::vector<double> weights;
    if (has("weighted") || name == "three entropy") weights = w;
    const FeatureColumns x = (has("holes") ? holes : whole).features();
    const DecisionTree tree =
        has("numbers") ? fit_decision_tree(x, std::span<const double>(y), rows, spec, weights)
                       : fit_decision_tree(x, has("two") ? two : three, rows, spec, weights);
    CHECK(tree.tree.leaf_weight.size() == peer.at("leaves").get<std::size_t>());
    const auto theirs = peer.at("predict").get<std::vector<double>>();
    const std::vector<double> ours = said_by(tree, x);
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      INFO("answer " << i);
      CHECK(ours[i] == Approx(theirs[i]).margin(1e-12).epsilon(1e-12));
    }
    const auto importance = peer.at("importance").get<std::vector<double>>();
    for (std::size_t j = 0; j < importance.size(); ++j) {
      CHECK(tree.importance[j] == Approx(importance[j]).margin(1e-9).epsilon(1e-9));
    }
  }
}

TEST_CASE("decision trees by hand", "[trees]") {
  // Falls of the sum of squares: cut at 1.5 5.333, at 2.5 16, at 3.5 21.333: the last first.
  const std::vector<double> x = {1, 2, 3, 4};
  const std::vector<double> y = {0, 0, 2, 6};
  DecisionTree tree = numbers(x, 1, y, {.max_leaves = 2});
  CHECK(tree.tree.nodes[0].threshold == 3.5);
  CHECK(tree.tree.leaf_value[0] == Approx(2.0 / 3.0).epsilon(1e-15));
  CHECK(tree.tree.leaf_value[1] == 6.0);
  tree = numbers(x, 1, y, {.min_leaf = 2});
  CHECK(tree.tree.nodes[0].threshold == 2.5);
  CHECK(tree.tree.leaf_value == std::vector<double>{0, 4});
  tree = numbers(x, 1, y);
  CHECK(tree.tree.leaf_value.size() == 3);
  CHECK(said_by(tree, {.x = x, .columns = 1}) == y);

  // Exclusive or: no first split helps, the second ones do.
  const std::vector<double> corners = {0, 0, 1, 1, 0, 1, 0, 1};
  const std::vector<std::int32_t> odd = {0, 1, 1, 0};
  const FeatureColumns square{.x = corners, .columns = 2};
  for (const bool entropy : {false, true}) {
    const DecisionTree xor_tree =
        fit_decision_tree(square, odd, rows_between(0, 4), {.entropy = entropy});
    CHECK(said_by(xor_tree, square) == std::vector<double>{0, 1, 1, 0});
  }
}

TEST_CASE("decision trees: missing values go where they help, or to the heavier side", "[trees]") {
  const std::vector<double> x = {1, 2, 3, 4, kNaN, kNaN};
  const std::vector<double> y = {0, 0, 5, 5, 5, 5};
  DecisionTree tree = numbers(x, 1, y);
  CHECK(said_by(tree, {.x = x, .columns = 1}) == y);
  CHECK_FALSE(tree.tree.nodes[0].missing_left());
  // Missing against present.
  tree = numbers(x, 1, {1, 1, 1, 1, 9, 9});
  CHECK(said_by(tree, {.x = x, .columns = 1}) == std::vector<double>{1, 1, 1, 1, 9, 9});
  const std::vector<double> new_rows = {1e308, std::numeric_limits<double>::infinity(), kNaN};
  CHECK(said_by(tree, {.x = new_rows, .columns = 1}) == std::vector<double>{1, 1, 9});
  // None seen: the heavier side.
  tree = numbers({1, 2, 3, 4}, 1, {0, 7, 7, 7});
  CHECK(said_by(tree, {.x = new_rows, .columns = 1})[2] == 7);
}

TEST_CASE("decision trees do not mind the order of rows, units, or the order of columns",
          "[trees]") {
  const Invented data = invented(500, 3);
  const FeatureColumns x = data.x.features();
  const DecisionTreeSpec spec{.min_leaf = 10};
  auto rows = rows_between(0, 500);
  const DecisionTree tree = fit_decision_tree(x, std::span<const double>(data.y), rows, spec);
  const std::vector<double> said = said_by(tree, x);
  CHECK(tree.tree.leaf_value.size() > 20);

  Stream({4}).shuffle(rows);
  const DecisionTree shuffled = fit_decision_tree(x, std::span<const double>(data.y), rows, spec);
  const std::vector<double> again = said_by(shuffled, x);
  for (std::size_t i = 0; i < 500; ++i) CHECK(again[i] == Approx(said[i]).epsilon(1e-12));
  CHECK(shuffled.importance == tree.importance);

  // Powers of two are exact; a monotone map keeps the partition.
  Columns scaled = data.x;
  for (std::size_t i = 0; i < 500; ++i) scaled.x[i] *= 1024;
  for (std::size_t i = 500; i < 1000; ++i) scaled.x[i] = std::exp(scaled.x[i]);
  CHECK(said_by(fit_decision_tree(scaled.features(), std::span<const double>(data.y),
                                  rows_between(0, 500), spec),
                scaled.features()) == said);

  Columns turned = data.x;
  std::rotate(turned.x.begin(), turned.x.begin() + 500, turned.x.end());
  const DecisionTree other = fit_decision_tree(turned.features(), std::span<const double>(data.y),
                                               rows_between(0, 500), spec);
  CHECK(said_by(other, turned.features()) == said);
  CHECK(other.importance[3] == Approx(tree.importance[0]).epsilon(1e-12));
}

TEST_CASE("decision trees: whole weights are repeated rows", "[trees]") {
  const Invented data = invented(120, 8);
  std::vector<double> weights(120);
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 0; i < 120; ++i) {
    weights[i] = i % 3;
    rows.insert(rows.end(), i % 3, i);
  }
  const FeatureColumns x = data.x.features();
  for (const double unit : {1.0, 0.37}) {
    std::vector<double> scaled = weights;
    for (double& w : scaled) w *= unit;
    const auto a = said_by(fit_decision_tree(x, std::span<const double>(data.y),
                                             rows_between(0, 120), {.max_depth = 3}, scaled),
                           x);
    const auto b =
        said_by(fit_decision_tree(x, std::span<const double>(data.y), rows, {.max_depth = 3}), x);
    for (std::size_t i = 0; i < 120; ++i) CHECK(a[i] == Approx(b[i]).epsilon(1e-12));
  }
}

TEST_CASE("decision trees: bits do not depend on threads", "[trees]") {
  const Invented data = invented(60000, 9);
  const FeatureColumns x = data.x.features();
  const auto rows = rows_between(0, 60000);
  const DecisionTreeSpec spec{.max_depth = 6};
  const DecisionTree one = fit_decision_tree(x, std::span<const double>(data.y), rows, spec);
  for (const int threads : {2, 3, 8}) {
    const DecisionTree tree = fit_decision_tree(x, std::span<const double>(data.y), rows, spec, {},
                                                {}, {.threads = threads});
    CHECK(tree.tree.leaf_value == one.tree.leaf_value);
    CHECK(tree.importance == one.importance);
  }
}

TEST_CASE("decision trees and what they can't learn from", "[trees]") {
  const std::vector<double> y = {1, 2, kNaN, 4};
  DecisionTree tree = numbers({5, 5, 5, 5}, 1, y);
  CHECK(tree.n == 3);
  CHECK(warned(tree, "left out"));
  CHECK(warned(tree, "constant"));
  CHECK(tree.tree.leaf_value[0] == Approx(7.0 / 3.0).epsilon(1e-15));
  const std::vector<double> x = {1, 2, 3, 4};
  const std::vector<std::int32_t> ones = {1, 1, 1, -1};
  tree = fit_decision_tree({.x = x, .columns = 1}, ones, rows_between(0, 4));
  CHECK(warned(tree, "one class"));
  CHECK(said_by(tree, {.x = x, .columns = 1}) == std::vector<double>{1, 1, 1, 1});
  tree = numbers({1, 2}, 1, {kNaN, kNaN});
  CHECK(warned(tree, "no row"));
  CHECK(std::isnan(said_by(tree, {.x = x, .columns = 1})[0]));
  // More columns than rows.
  tree = numbers({1, 2, 3, 4, 6, 5}, 3, {1, 2});
  CHECK(tree.tree.leaf_value.size() == 2);

  const FeatureColumns features{.x = x, .columns = 1};
  const std::vector<double> good = {1, 2, 3, 4};
  const std::vector<double> negative = {1, 1, -1, 1};
  const auto rows = rows_between(0, 4);
  const std::span<const double> outcome = good;
  CHECK_THROWS_AS(fit_decision_tree(features, outcome, rows, {}, negative), ArgumentError);
  CHECK_THROWS_AS(fit_decision_tree(features, outcome, rows_between(2, 6)), ArgumentError);
  CHECK_THROWS_AS(fit_decision_tree({.x = {}, .columns = 0}, std::span<const double>(), {}),
                  ArgumentError);
  CHECK_THROWS_AS(fit_decision_tree(features, outcome, rows, {.max_depth = -1}), ArgumentError);
  CHECK_THROWS_AS(fit_decision_tree(features, outcome, rows, {.min_leaf = 0}), ArgumentError);
  CHECK_THROWS_AS(fit_decision_tree(features, ones, rows, {.classes = 1}), ArgumentError);
  CHECK_THROWS_AS(numbers(x, 1, {1e200, 0, 0, -1e200}), ArgumentError);
  // Far from 1, but splits are the same.
  for (const double unit : {1e-300, 1e-100, 1e100}) {
    CHECK(said_by(numbers(x, 1, {unit, 2 * unit, 3 * unit, unit}), features)[1] == 2 * unit);
  }
  std::vector<double> out(4);
  CHECK_THROWS_AS(numbers(x, 1, good).predict({.x = x, .columns = 2}, rows, out), ArgumentError);
  CHECK_THROWS_AS(numbers(x, 1, good).predict(features, rows, std::span(out).first(2)),
                  ArgumentError);
  CancelToken cancel;
  cancel.request();
  CHECK_THROWS_AS(fit_decision_tree(features, outcome, rows, {}, {}, {}, {.cancel = &cancel}),
                  Cancelled);
}
