#include "engine/learn/explain/learning_curve.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <set>

#include "engine/core/error.h"
#include "tests/engine/learn/explain/known_model.h"

using namespace impact;
using namespace impact::explaining;

TEST_CASE("learning curve: subsets are nested, of each fold's own rows", "[learn][curve]") {
  std::vector<std::int32_t> strata;
  for (int i = 0; i < 40; ++i) strata.push_back(i < 10 ? 1 : 0);
  const Folds folds = draw_folds(40, {.folds = 4, .repeats = 2}, {3});
  std::mutex lock;
  std::map<std::uint64_t, std::vector<std::vector<std::uint32_t>>> seen;
  const TrainAndScore fit = [&](std::span<const std::uint32_t> train,
                                std::span<const std::uint32_t> test, StreamKey key,
                                const Context&) -> FitScore {
    CHECK(std::is_sorted(train.begin(), train.end()));
    std::vector<std::uint32_t> both;
    std::set_intersection(train.begin(), train.end(), test.begin(), test.end(),
                          std::back_inserter(both));
    CHECK(both.empty());
    const std::lock_guard guard(lock);
    seen[key.value].emplace_back(train.begin(), train.end());
    return {.train = static_cast<double>(train.size()), .test = static_cast<double>(test.front())};
  };
  const auto curve = learning_curve(folds, fit, {.shares = {0.1, 0.5, 1.0}, .strata = strata}, {5});
  // A key for each of 8 fits, with three subsets.
  CHECK(seen.size() == 8);
  for (auto& [key, subsets] : seen) {
    REQUIRE(subsets.size() == 3);
    std::sort(subsets.begin(), subsets.end(),
              [](const auto& a, const auto& b) { return a.size() < b.size(); });
    CHECK(subsets[0].size() == 3);
    CHECK(subsets[1].size() == 15);
    CHECK(subsets[2].size() == 30);
    CHECK(
        std::includes(subsets[1].begin(), subsets[1].end(), subsets[0].begin(), subsets[0].end()));
    CHECK(
        std::includes(subsets[2].begin(), subsets[2].end(), subsets[1].begin(), subsets[1].end()));
    const auto of_class = [&](const auto& rows) {
      return static_cast<double>(
          std::count_if(rows.begin(), rows.end(), [&](auto i) { return strata[i] == 1; }));
    };
    CHECK(std::abs(of_class(subsets[1]) - 0.5 * of_class(subsets[2])) <= 1.0);
  }
  REQUIRE(curve.points.size() == 3);
  CHECK(curve.points[1].share == 0.5);
  CHECK(curve.points[1].rows == 15.0);
  CHECK(curve.points[1].train_mean == 15.0);
  CHECK(curve.points[1].train_sd == 0.0);
  CHECK(curve.points[1].n == 8);
  // sd sqrt(1 / 8 + 1 / 3) of the tests' first rows.
  double mean = 0, squares = 0;
  for (std::size_t f = 0; f < 8; ++f) mean += curve.test[8 + f] / 8;
  for (std::size_t f = 0; f < 8; ++f) squares += std::pow(curve.test[8 + f] - mean, 2);
  CHECK(curve.points[1].test_mean == Approx(mean));
  CHECK(curve.points[1].test_sd == Approx(std::sqrt(squares / 7)));
  CHECK(curve.points[1].test_std_error == Approx(std::sqrt(squares / 7 * (1.0 / 8 + 1.0 / 3))));
  CHECK(curve.points[1].conf_high - curve.points[1].test_mean ==
        Approx(2.364624251592785 * curve.points[1].test_std_error));
}

TEST_CASE("learning and validation curves of a learner", "[learn][curve]") {
  // A line with noise: more rows bring the two scores together; a large penalty hurts.
  Stream stream({9});
  std::vector<double> y;
  std::vector<Feature> columns;
  std::vector<std::vector<double>> x(8, std::vector<double>(120));
  for (std::size_t i = 0; i < 120; ++i) {
    double sum = stream.normal();
    for (auto& column : x) {
      column[i] = stream.normal();
      sum += column[i];
    }
    y.push_back(sum);
  }
  for (std::size_t j = 0; j < 8; ++j) {
    columns.push_back(number_feature("x" + std::to_string(j), x[j]));
  }
  const Lesson lesson{.features = FeatureTable(std::move(columns)), .outcome = y};
  const FoldMetric rmse = [&](std::span<const double> p, std::span<const std::uint32_t> rows) {
    double sum = 0;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      sum += (p[k] - y[rows[k]]) * (p[k] - y[rows[k]]) / static_cast<double>(rows.size());
    }
    return std::sqrt(sum);
  };
  const Folds folds = draw_folds(120, {.folds = 5}, {2});
  const LearnerSpec forest{.kind = "forest", .options = {{"trees", 20}}};
  const auto train = scored_training(forest, lesson, rmse);
  const auto curve = learning_curve(folds, train, {.shares = {0.2, 1.0}}, {4});
  CHECK(curve.points[0].test_mean > curve.points[1].test_mean);
  CHECK(curve.points[1].train_mean < curve.points[1].test_mean);
  for (const int threads : {2, 3, 8}) {
    const auto again =
        learning_curve(folds, train, {.shares = {0.2, 1.0}}, {4}, {.threads = threads});
    CHECK(again.test == curve.test);
    CHECK(again.train == curve.train);
  }
  const std::vector<nlohmann::json> values = {1, 40};
  const auto leaves = validation_curve(folds,
                                       [&](const nlohmann::json& value) {
                                         return scored_training(
                                             with_option(forest, "min_leaf", value), lesson, rmse);
                                       },
                                       values, {4});
  REQUIRE(leaves.points.size() == 2);
  CHECK(leaves.points[0].value == "1");
  CHECK(leaves.points[1].value == "40");
  CHECK(leaves.points[0].train_mean < leaves.points[1].train_mean);
  CHECK(leaves.points[0].test_mean < leaves.points[1].test_mean);
}

TEST_CASE("curves: undefined scores, options inside, bad input", "[learn][curve]") {
  const Folds folds = draw_folds(20, {.folds = 4}, {3});
  int calls = 0;
  const TrainAndScore fit = [&](std::span<const std::uint32_t>, std::span<const std::uint32_t>,
                                StreamKey, const Context&) -> FitScore {
    return {.train = 1.0, .test = ++calls == 1 ? std::nan("") : 2.0, .warnings = {"careful"}};
  };
  const auto curve = learning_curve(folds, fit, {.shares = {1.0}}, {5});
  CHECK(curve.points[0].n == 3);
  CHECK(curve.points[0].test_mean == 2.0);
  CHECK(warned(curve, "not defined"));
  CHECK(warned(curve, "careful (4 fits)"));
  CHECK_THROWS_AS(learning_curve(folds, fit, {.shares = {}}, {5}), ArgumentError);
  CHECK_THROWS_AS(learning_curve(folds, fit, {.shares = {0.5, 0.5}}, {5}), ArgumentError);
  CHECK_THROWS_AS(learning_curve(folds, fit, {.shares = {1.5}}, {5}), ArgumentError);
  CHECK_THROWS_AS(learning_curve({}, fit, {}, {5}), ArgumentError);
  const std::vector<std::int32_t> few = {1, 2};
  CHECK_THROWS_AS(learning_curve(folds, fit, {.strata = few}, {5}), ArgumentError);
  CHECK_THROWS_AS(validation_curve(folds, [&](const nlohmann::json&) { return fit; }, {}, {5}),
                  ArgumentError);
  const LearnerSpec inner{.kind = "pipeline", .options = {{"learner", {{"options", {{"a", 1}}}}}}};
  const auto changed = with_option(inner, "learner.options.depth", 3);
  CHECK(changed.options["learner"]["options"]["depth"] == 3);
  CHECK(changed.options["learner"]["options"]["a"] == 1);
  CHECK_THROWS_AS(with_option(changed, "learner.options.a.b", 3), ArgumentError);
  CHECK_THROWS_AS(with_option(changed, "", 3), ArgumentError);
}
