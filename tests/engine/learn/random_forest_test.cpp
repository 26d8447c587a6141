#include "engine/learn/random_forest.h"

#include <algorithm>
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

struct Moments {
  double mean = 0.0;
  double variance = 0.0;
};

Moments moments(const std::vector<double>& values) {
  Moments m;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) m.mean += v / n;
  for (const double v : values) m.variance += (v - m.mean) * (v - m.mean) / (n - 1);
  return m;
}

std::vector<double> said_by(const RandomForest& forest, const FeatureColumns& x) {
  std::vector<double> said(x.rows() * forest.trees.outputs);
  forest.predict(x, rows_between(0, x.rows()), said);
  return said;
}

RandomForest numbers(const Invented& data, const RandomForestSpec& spec, StreamKey key = {1},
                     const Context& context = {}, const std::vector<double>& weights = {}) {
  return fit_random_forest(data.x.features(), std::span<const double>(data.y),
                           rows_between(0, data.y.size()), spec, weights, key, context);
}

RandomForest classes(const Invented& data, const RandomForestSpec& spec, StreamKey key = {1},
                     const Context& context = {}) {
  return fit_random_forest(data.x.features(), data.label, rows_between(0, data.y.size()), spec, {},
                           key, context);
}

}  // namespace

TEST_CASE("forests of 20 seeds are as good as scikit-learn's", "[trees]") {
  const auto& reference = trees_reference().at("forest");
  const Columns x = columns_of(reference.at("x"));
  const auto y = reference.at("y").get<std::vector<double>>();
  const auto two = reference.at("two").get<std::vector<std::int32_t>>();
  const std::size_t half = y.size() / 2;
  const auto train = rows_between(0, half);
  const auto test = rows_between(half, y.size());
  for (const auto& [name, theirs] : reference.at("errors").items()) {
    const bool extra = name.find("extra") != std::string::npos;
    const bool number = name.find("two") == std::string::npos;
    RandomForestSpec spec = extra ? extremely_randomised() : RandomForestSpec{};
    spec.trees = 100;
    spec.mtry = 2;
    spec.min_leaf = extra && !number ? 3 : 1;
    std::vector<double> ours;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const RandomForest forest =
          number
              ? fit_random_forest(x.features(), std::span<const double>(y), train, spec, {}, {seed})
              : fit_random_forest(x.features(), two, train, spec, {}, {seed});
      std::vector<double> said(test.size());
      forest.predict(x.features(), test, said);
      double error = 0.0;
      for (std::size_t i = 0; i < said.size(); ++i) {
        const double d = said[i] - (number ? y[half + i] : two[half + i]);
        error += d * d / static_cast<double>(said.size());
      }
      ours.push_back(error);
    }
    const Moments a = moments(ours);
    const Moments b = moments(theirs.get<std::vector<double>>());
    const auto peers = static_cast<double>(theirs.size());
    INFO(name << ": ours " << a.mean << ", theirs " << b.mean);
    // Not worse at 5 %, one-sided; and not another method: means within 4 standard errors.
    const double error = std::sqrt(a.variance / 20 + b.variance / peers);
    CHECK(a.mean - b.mean < 1.69 * error);
    CHECK(b.mean - a.mean < 4 * error);
  }
}

TEST_CASE("forests: bits do not depend on threads", "[trees]") {
  const Invented data = invented(400, 2);
  for (const bool honest : {false, true}) {
    const RandomForestSpec spec{.trees = 30,
                                .sample_fraction = honest ? 0.5 : 1.0,
                                .honest = honest,
                                .keep_rows = true,
                                .permutation = true};
    const RandomForest one = numbers(data, spec);
    const RandomForest votes = classes(data, spec);
    for (const int threads : {2, 3, 8}) {
      const RandomForest again = numbers(data, spec, {1}, {.threads = threads});
      CHECK(again.trees.leaf_value == one.trees.leaf_value);
      CHECK(again.trees.leaf_weight == one.trees.leaf_weight);
      CHECK(again.oob_prediction == one.oob_prediction);
      CHECK(again.impurity_importance == one.impurity_importance);
      CHECK(again.permutation_importance == one.permutation_importance);
      CHECK(again.member == one.member);
      std::vector<double> said(400);
      again.predict(data.x.features(), rows_between(0, 400), said, {.threads = threads});
      CHECK(said == said_by(one, data.x.features()));
      CHECK(classes(data, spec, {1}, {.threads = threads}).oob_prediction == votes.oob_prediction);
    }
  }
}

TEST_CASE("forests: out-of-bag error is that of new rows", "[trees]") {
  const Invented data = invented(2000, 11);
  const Invented fresh = invented(2000, 12);
  const RandomForest forest = numbers(data, {.trees = 200});
  const std::vector<double> said = said_by(forest, fresh.x.features());
  double error = 0.0;
  for (std::size_t i = 0; i < 2000; ++i) error += std::pow(said[i] - fresh.y[i], 2) / 2000;
  CHECK(forest.oob_error == Approx(error).epsilon(0.1));
  CHECK(forest.oob_error > 0.25);  // the noise's variance
  CHECK(forest.oob_error < 0.7);   // that of the outcome is 2.25
  // In the bag the rows are known.
  double known = 0.0;
  const std::vector<double> in_bag = said_by(forest, data.x.features());
  for (std::size_t i = 0; i < 2000; ++i) known += std::pow(in_bag[i] - data.y[i], 2) / 2000;
  CHECK(known < 0.6 * forest.oob_error);

  const RandomForest votes = classes(data, {.trees = 200});
  const std::vector<double> p = said_by(votes, fresh.x.features());
  double wrong = 0.0;
  for (std::size_t i = 0; i < 2000; ++i) {
    wrong += ((p[i] > 0.5) != (fresh.label[i] == 1) ? 1.0 : 0.0) / 2000;
    CHECK((p[i] >= 0.0 && p[i] <= 1.0));
  }
  CHECK(votes.oob_error == Approx(wrong).margin(0.03));
}

TEST_CASE("forests: importance tells signal from noise", "[trees]") {
  const Invented data = invented(1500, 21);
  for (const RandomForest& forest : {numbers(data, {.trees = 100, .permutation = true}),
                                     classes(data, {.trees = 100, .permutation = true}),
                                     numbers(data, {.trees = 100,
                                                   .sample_fraction = 0.6,
                                                   .replace = false,
                                                   .random_thresholds = true,
                                                   .permutation = true})}) {
    const auto& rise = forest.permutation_importance;
    const auto& se = forest.permutation_error;
    for (const std::size_t j : {0, 1, 2}) CHECK(rise[j] > 8 * se[j]);
    CHECK(std::abs(rise[3]) < 4 * se[3]);
    const auto& fall = forest.impurity_importance;
    CHECK(fall[0] > 3 * fall[3]);
    CHECK(fall[0] + fall[1] + fall[2] + fall[3] == Approx(1.0).epsilon(1e-12));
  }
}

TEST_CASE("forests as kernels: weights give the prediction, quantiles cover", "[trees]") {
  const Invented data = invented(1200, 31);
  const FeatureColumns x = data.x.features();
  std::vector<double> w(1200);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = 0.5 + static_cast<double>(i % 3);
  for (const bool honest : {false, true}) {
    const RandomForest forest =
        numbers(data, {.trees = 50, .honest = honest, .keep_rows = true}, {1}, {}, w);
    const std::vector<double> said = said_by(forest, x);
    for (const std::uint32_t row : {0U, 17U, 1199U}) {
      const RowWeights a = forest_weights(forest, x, row);
      double mean = 0.0;
      double sum = 0.0;
      for (std::size_t k = 0; k < a.row.size(); ++k) {
        sum += a.weight[k];
        mean += a.weight[k] * data.y[forest.training_row[a.row[k]]];
      }
      CHECK(sum == Approx(1.0).epsilon(1e-12));
      CHECK(mean == Approx(said[row]).margin(1e-12));
      CHECK(std::is_sorted(a.row.begin(), a.row.end()));
    }
  }
  const RandomForest forest =
      numbers(data, {.trees = 100, .mtry = 4, .min_leaf = 10, .keep_rows = true});
  const Invented fresh = invented(500, 32);
  const std::vector<double> levels = {0.0, 0.05, 0.5, 0.95, 1.0};
  std::vector<double> q(500 * 5);
  predict_quantiles(forest, fresh.x.features(), rows_between(0, 500), levels, q);
  int inside = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    CHECK(std::is_sorted(&q[5 * i], &q[5 * i] + 5));
    inside += fresh.y[i] >= q[5 * i + 1] && fresh.y[i] <= q[5 * i + 3] ? 1 : 0;
  }
  CHECK(inside >= 440);
  CHECK(inside <= 495);
  std::vector<double> again(q.size());
  predict_quantiles(forest, fresh.x.features(), rows_between(0, 500), levels, again,
                    {.threads = 3});
  CHECK(again == q);
  // One tree of one leaf: the quantiles of the sample itself.
  const std::vector<double> y = {3, 1, 2, 4};
  const std::vector<double> flat = {0, 0, 0, 0};
  const RandomForest leaf =
      fit_random_forest({.x = flat, .columns = 1}, std::span<const double>(y), rows_between(0, 4),
                        {.trees = 1, .replace = false, .keep_rows = true});
  const std::vector<double> halves = {0.25, 0.5, 0.51, 1.0};
  std::vector<double> found(4);
  predict_quantiles(leaf, {.x = flat, .columns = 1}, rows_between(0, 1), halves, found);
  CHECK(found == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("forests: honest trees, clusters, three classes, weights", "[trees]") {
  const Invented data = invented(600, 41);
  // Honest: every leaf is filled, by at most a quarter of the rows in all.
  const RandomForest honest =
      numbers(data, {.trees = 20, .min_leaf = 2, .sample_fraction = 0.5, .honest = true});
  for (std::size_t t = 0; t < 20; ++t) {
    double sum = 0.0;
    for (std::size_t l = honest.trees.leaf_begin[t]; l < honest.trees.leaf_begin[t + 1]; ++l) {
      CHECK(honest.trees.leaf_weight[l] >= 1.0);
      sum += honest.trees.leaf_weight[l];
    }
    CHECK(sum == 150.0);
  }
  CHECK(honest.oob_error < 1.6);

  // Rows of one cluster are in one bag: a copy of a row tells an out-of-bag tree nothing.
  Invented twice = invented(300, 42);
  Invented doubled;
  doubled.x.columns = 4;
  std::vector<std::int32_t> cluster;
  for (std::size_t j = 0; j < 4; ++j) {
    for (std::size_t i = 0; i < 600; ++i) doubled.x.x.push_back(twice.x.x[j * 300 + i % 300]);
  }
  for (std::size_t i = 0; i < 600; ++i) {
    doubled.y.push_back(twice.y[i % 300]);
    cluster.push_back(static_cast<std::int32_t>(i % 300));
  }
  const RandomForestSpec spec{.trees = 100, .min_leaf = 1};
  RandomForestSpec clustered = spec;
  clustered.clusters = cluster;
  CHECK(numbers(doubled, spec).oob_error < 0.6 * numbers(twice, spec).oob_error);
  CHECK(numbers(doubled, clustered).oob_error > 0.85 * numbers(twice, spec).oob_error);

  // Three classes: shares that sum to 1.
  std::vector<std::int32_t> three(600);
  for (std::size_t i = 0; i < 600; ++i) three[i] = data.y[i] < -1 ? 0 : data.y[i] < 1 ? 1 : 2;
  for (const bool entropy : {false, true}) {
    const RandomForest forest =
        fit_random_forest(data.x.features(), three, rows_between(0, 600),
                          {.trees = 60, .entropy = entropy, .balanced = true});
    CHECK(forest.trees.outputs == 3);
    CHECK(forest.oob_error < 0.4);
    const std::vector<double> p = said_by(forest, data.x.features());
    for (std::size_t i = 0; i < 600; ++i) {
      CHECK(p[3 * i] + p[3 * i + 1] + p[3 * i + 2] == Approx(1.0).epsilon(1e-12));
    }
  }

  // A row of weight 0 is not there.
  std::vector<double> w(600, 1.0);
  for (std::size_t i = 500; i < 600; ++i) w[i] = 0.0;
  const RandomForest less = numbers(data, {.trees = 5}, {1}, {}, w);
  const RandomForest none = fit_random_forest(data.x.features(), std::span<const double>(data.y),
                                              rows_between(0, 500), {.trees = 5}, {}, {1});
  CHECK(less.trees.leaf_value == none.trees.leaf_value);
  CHECK(less.n == 500);
}

TEST_CASE("forests: a learner for folds", "[trees]") {
  const Invented data = invented(300, 51);
  const Learner learner = random_forest_learner(data.x.features(), data.label, {.trees = 20});
  const Folds folds = draw_folds(300, {.folds = 3}, {5});
  const OutOfFold found = out_of_fold(folds, learner, {6}, {.threads = 2});
  int right = 0;
  for (std::size_t i = 0; i < 300; ++i) {
    right += (found.prediction[i] > 0.5) == (data.label[i] == 1) ? 1 : 0;
  }
  CHECK(right > 210);
  const OutOfFold values = out_of_fold(
      folds,
      random_forest_learner(data.x.features(), std::span<const double>(data.y), {.trees = 20}),
      {6});
  double error = 0.0;
  for (std::size_t i = 0; i < 300; ++i) error += std::pow(values.prediction[i] - data.y[i], 2);
  CHECK(error / 300 < 1.5);  // the outcome's variance is 2.25
}

TEST_CASE("forests and what they refuse", "[trees]") {
  const Invented data = invented(40, 61);
  CHECK_THROWS_AS(numbers(data, {.trees = 0}), ArgumentError);
  CHECK_THROWS_AS(numbers(data, {.mtry = 5}), ArgumentError);
  CHECK_THROWS_AS(numbers(data, {.max_depth = -1}), ArgumentError);
  CHECK_THROWS_AS(numbers(data, {.sample_fraction = 0.0}), ArgumentError);
  CHECK_THROWS_AS(numbers(data, {.sample_fraction = 1.5}), ArgumentError);
  CHECK_THROWS_AS(numbers(data, {.sample_fraction = kNaN}), ArgumentError);
  const std::vector<std::int32_t> few = {1, 2};
  CHECK_THROWS_AS(numbers(data, {.clusters = few}), ArgumentError);
  const std::vector<std::int32_t> negative(40, -1);
  CHECK_THROWS_AS(numbers(data, {.clusters = negative}), ArgumentError);
  std::vector<double> weights(40, 1.0);
  weights[3] = -1.0;
  CHECK_THROWS_AS(numbers(data, {.trees = 2}, {}, {}, weights), ArgumentError);
  const RandomForest plain = numbers(data, {.trees = 3});
  CHECK_THROWS_AS(forest_weights(plain, data.x.features(), 0), ArgumentError);
  const RandomForest kept = numbers(data, {.trees = 3, .keep_rows = true});
  CHECK_THROWS_AS(forest_weights(kept, data.x.features(), 40), ArgumentError);
  std::vector<double> out(1);
  const std::vector<double> beyond = {1.5};
  CHECK_THROWS_AS(predict_quantiles(kept, data.x.features(), rows_between(0, 1), beyond, out),
                  ArgumentError);
  CHECK_THROWS_AS(predict_quantiles(classes(data, {.trees = 3, .keep_rows = true}),
                                    data.x.features(), rows_between(0, 1), {}, {}),
                  ArgumentError);
  CancelToken cancel;
  cancel.request();
  CHECK_THROWS_AS(numbers(data, {}, {}, {.threads = 2, .cancel = &cancel}), Cancelled);

  // Nothing to learn is said, not thrown.
  const std::vector<std::int32_t> ones(40, 1);
  RandomForest forest =
      fit_random_forest(data.x.features(), ones, rows_between(0, 40), {.trees = 3});
  CHECK(warned(forest, "one class"));
  CHECK(said_by(forest, data.x.features()) == std::vector<double>(40, 1.0));
  const std::vector<double> holes(40, kNaN);
  forest = fit_random_forest(data.x.features(), std::span<const double>(holes), rows_between(0, 40),
                             {.trees = 3});
  CHECK(warned(forest, "no row"));
  CHECK(std::isnan(said_by(forest, data.x.features())[0]));
  CHECK(std::isnan(forest.oob_error));
  forest = numbers(data, {.trees = 3, .replace = false});
  CHECK(std::isnan(forest.oob_error));
  CHECK(warned(numbers(data, {.trees = 1}), "out-of-bag"));
}
