#include "engine/learn/feature_scores.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"

using namespace impact;

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

const nlohmann::json& reference() {
  static const nlohmann::json all = [] {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/feature_scores.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return all;
}

std::vector<double> numbers(const char* name) {
  return reference().at(name).get<std::vector<double>>();
}

FeatureTable columns(const char* name) {
  std::vector<Feature> out;
  for (const auto& column : reference().at(name)) {
    out.push_back(
        number_feature("x" + std::to_string(out.size()), column.get<std::vector<double>>()));
  }
  return FeatureTable(std::move(out));
}

FeatureTable one(std::vector<double> values) {
  return FeatureTable(std::vector{number_feature("x", std::move(values))});
}

void check_scores(const std::vector<ColumnScore>& got, const nlohmann::json& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t j = 0; j < got.size(); ++j) {
    INFO(j);
    CHECK(got[j].score == Approx(expected[j].get<double>()).epsilon(1e-10).margin(1e-12));
  }
}

std::vector<double> invented(std::size_t n, std::uint64_t seed) {
  Stream stream({seed});
  std::vector<double> out(n);
  for (double& v : out) v = stream.normal();
  return out;
}

}  // namespace

TEST_CASE("mutual information as scikit-learn's", "[learn][feature_scores]") {
  const FeatureTable x = columns("x");
  const auto y = numbers("y");
  const auto label = numbers("label");
  for (const auto& [k, expected] : reference().at("mi_regression").items()) {
    check_scores(feature_scores(x, y, 0, {.neighbours = std::stoul(k)}), expected);
  }
  for (const auto& [k, expected] : reference().at("mi_classif").items()) {
    check_scores(feature_scores(x, label, 3, {.neighbours = std::stoul(k)}), expected);
  }
  const FeatureTable tier = one(numbers("tier"));
  const FeatureScoreSpec discrete{.discrete = {"x"}};
  check_scores(feature_scores(tier, y, 0, discrete),
               nlohmann::json::array({reference().at("mi_tier_y")}));
  check_scores(feature_scores(tier, label, 3, discrete),
               nlohmann::json::array({reference().at("mi_tier_label")}));
  check_scores(feature_scores(tier, label, 3, {.discrete_up_to = 4}),
               nlohmann::json::array({reference().at("mi_tier_label")}));
}

TEST_CASE("mutual information of tied numbers is within scikit-learn's own spread",
          "[learn][feature_scores]") {
  const auto got = feature_scores(columns("tied"), numbers("y"), 0, {}, StreamKey::root(1));
  const auto& expected = reference().at("mi_tied");
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(std::abs(got[j].score - expected[0][j].get<double>()) < 4 * expected[1][j].get<double>());
  }
}

TEST_CASE("F, variance and chi2 as scikit-learn's", "[learn][feature_scores]") {
  const FeatureTable x = columns("x");
  const auto check = [](const std::vector<ColumnScore>& got, const char* name) {
    check_scores(got, reference().at(name)[0]);
    for (std::size_t j = 0; j < got.size(); ++j) {
      CHECK(got[j].p_value ==
            Approx(reference().at(name)[1][j].get<double>()).epsilon(1e-9).margin(0));
    }
  };
  check(feature_scores(x, numbers("label"), 3, {.score = FeatureScore::kF}), "f_classif");
  check(feature_scores(x, numbers("y"), 0, {.score = FeatureScore::kF}), "f_regression");
  check(feature_scores(columns("counts"), numbers("label"), 3, {.score = FeatureScore::kChi2}),
        "chi2");
  check_scores(feature_scores(x, {}, 0, {.score = FeatureScore::kVariance}),
               reference().at("variance"));
}

TEST_CASE("neighbours in a tree are those of a full search", "[learn][feature_scores]") {
  // Kraskov's estimate by its definition, all pairs; half of the rows share a value or nearly so.
  const std::size_t n = 700;
  auto x = invented(n, 3);
  auto y = invented(n, 4);
  for (std::size_t i = 0; i < n; ++i) {
    y[i] += x[i];
    if (i % 2 == 0) x[i] = 1e-9 * x[i];
  }
  const auto sd = [&](const std::vector<double>& v) {
    double mean = 0.0;
    double squares = 0.0;
    for (const double each : v) mean += each / static_cast<double>(n);
    for (const double each : v) squares += (each - mean) * (each - mean) / static_cast<double>(n);
    return std::sqrt(squares);
  };
  const double sx = sd(x);
  const double sy = sd(y);
  double sum = 0.0;
  const auto digamma = [](std::size_t m) {
    double out = -0.57721566490153286061;
    for (std::size_t j = 1; j < m; ++j) out += 1.0 / static_cast<double>(j);
    return out;
  };
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> all;
    for (std::size_t j = 0; j < n; ++j) {
      if (j != i) all.push_back(std::max(std::abs(x[i] - x[j]) / sx, std::abs(y[i] - y[j]) / sy));
    }
    std::sort(all.begin(), all.end());
    std::size_t near_x = 0;
    std::size_t near_y = 0;
    for (std::size_t j = 0; j < n; ++j) {
      near_x += std::abs(x[i] - x[j]) / sx < all[2] * (1 - 1e-12) ? 1 : 0;
      near_y += std::abs(y[i] - y[j]) / sy < all[2] * (1 - 1e-12) ? 1 : 0;
    }
    sum += digamma(near_x) + digamma(near_y);
  }
  const double expected = digamma(n) + digamma(3) - sum / static_cast<double>(n);
  REQUIRE(expected > 0.05);
  CHECK(feature_scores(one(x), y, 0)[0].score == Approx(expected).epsilon(1e-9));
}

TEST_CASE("mutual information knows neither units, order nor threads", "[learn][feature_scores]") {
  const std::size_t n = 3000;
  auto x = invented(n, 1);
  auto y = invented(n, 2);
  for (std::size_t i = 0; i < n; ++i) y[i] += x[i];
  const double score = feature_scores(one(x), y, 0)[0].score;
  // Normal, r^2 = 1/2: -log(1 - r^2) / 2.
  CHECK(score == Approx(0.5 * std::log(2.0)).margin(0.04));
  auto scaled = x;
  for (double& v : scaled) v *= 1024.0;
  CHECK(feature_scores(one(scaled), y, 0)[0].score == score);
  auto turned = x;
  auto turned_y = y;
  std::reverse(turned.begin(), turned.end());
  std::reverse(turned_y.begin(), turned_y.end());
  CHECK(feature_scores(one(turned), turned_y, 0)[0].score == score);
  CHECK(feature_scores(one(y), x, 0)[0].score == Approx(score).epsilon(1e-12));

  std::vector<Feature> many;
  for (std::uint64_t j = 0; j < 5; ++j) {
    auto values = invented(n, 10 + j);
    for (double& v : values) v = std::round(v * static_cast<double>(j + 1)) + 0.0;
    many.push_back(number_feature("x" + std::to_string(j), values));
  }
  const FeatureTable table(std::move(many));
  const auto alone = feature_scores(table, y, 0, {}, StreamKey::root(5), {.threads = 1});
  for (const int threads : {2, 3, 8}) {
    const auto got = feature_scores(table, y, 0, {}, StreamKey::root(5), {.threads = threads});
    for (std::size_t j = 0; j < 5; ++j) CHECK(got[j].score == alone[j].score);
  }
}

TEST_CASE("scores of awkward columns", "[learn][feature_scores]") {
  const auto label = numbers("label");
  auto y = numbers("y");
  const FeatureTable x = columns("x");
  SECTION("missing and infinite rows are left out and counted") {
    auto values = x[0].numbers;
    values[3] = kMissing;
    values[5] = std::numeric_limits<double>::infinity();
    y[7] = kMissing;
    const auto got = feature_scores(one(values), y, 0)[0];
    CHECK(got.n == 117);
    REQUIRE(got.warnings.size() == 2);
    CHECK(got.warnings[0] == "2 rows were left out because the column or the outcome is missing");
    CHECK(got.warnings[1] == "1 row was left out because of infinite numbers");
    std::vector<double> short_x, short_y;
    for (std::size_t i = 0; i < 120; ++i) {
      if (i == 3 || i == 5 || i == 7) continue;
      short_x.push_back(values[i]);
      short_y.push_back(y[i]);
    }
    CHECK(got.score == feature_scores(one(short_x), short_y, 0)[0].score);
  }
  SECTION("a constant column says nothing") {
    const FeatureTable flat = one(std::vector<double>(120, 7.0));
    const auto mutual = feature_scores(flat, y, 0)[0];
    CHECK(mutual.score == 0.0);
    CHECK(mutual.warnings == std::vector<std::string>{"the column is constant"});
    const auto f = feature_scores(flat, label, 3, {.score = FeatureScore::kF})[0];
    CHECK(std::isnan(f.score));
    CHECK(f.warnings == mutual.warnings);
    CHECK(feature_scores(flat, {}, 0, {.score = FeatureScore::kVariance})[0].score == 0.0);
  }
  SECTION("a column that is the outcome") {
    const auto f = feature_scores(one(y), y, 0, {.score = FeatureScore::kF})[0];
    CHECK(std::isinf(f.score));
    CHECK(f.p_value == 0.0);
    CHECK(std::isinf(feature_scores(one(label), label, 3, {.score = FeatureScore::kF})[0].score));
  }
  SECTION("too few rows, no rows, no outcome") {
    CHECK(std::isnan(feature_scores(one({1, 2, 3}), std::vector<double>{1, 2, 4}, 0)[0].score));
    const auto none = feature_scores(one({kMissing}), std::vector<double>{1}, 0)[0];
    CHECK(none.n == 0);
    CHECK(none.warnings.back() == "no row is complete");
    CHECK(feature_scores({}, {}, 0).empty());
    // Classes of one row each.
    CHECK(std::isnan(feature_scores(one({1, 2, 4}), std::vector<double>{0, 1, 2}, 3)[0].score));
  }
  SECTION("texts are classes; empty levels do not count") {
    Feature tier{.name = "tier", .text = true, .levels = {"a", "b", "c", "d", "unused"}};
    for (const double code : numbers("tier")) tier.codes.push_back(static_cast<int>(code));
    const FeatureTable table(std::vector{tier});
    check_scores(feature_scores(table, label, 3),
                 nlohmann::json::array({reference().at("mi_tier_label")}));
    CHECK_THROWS_AS(feature_scores(table, label, 3, {.score = FeatureScore::kF}), ArgumentError);
  }
  SECTION("what can't be scored is said by name") {
    CHECK_THROWS_AS(feature_scores(x, label, 2), ArgumentError);
    CHECK_THROWS_AS(feature_scores(x, std::vector<double>{1}, 0), ArgumentError);
    CHECK_THROWS_AS(feature_scores(x, y, 0, {.score = FeatureScore::kChi2}), ArgumentError);
    CHECK_THROWS_WITH(feature_scores(x, label, 3, {.score = FeatureScore::kChi2}),
                      Catch::Contains("'x0'") && Catch::Contains("negative"));
    CHECK_THROWS_WITH(feature_scores(x, y, 0, {.discrete = {"x9"}}), Catch::Contains("'x9'"));
    CHECK_THROWS_AS(feature_scores(x, y, 0, {.neighbours = 0}), ArgumentError);
  }
}

TEST_CASE("ranks put the best first and what has no score last", "[learn][feature_scores]") {
  const std::vector<ColumnScore> scores = {
      {.score = 1.0}, {.score = kMissing}, {.score = 3.0}, {.score = 1.0}};
  CHECK(ranked(scores) == std::vector<std::size_t>{2, 0, 3, 1});
}
