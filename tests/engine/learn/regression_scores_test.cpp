#include "engine/learn/regression_scores.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/evaluation_reference.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

const RegressionScoreSpec kAll = {
    .predictors = 3, .quantiles = {0.1, 0.9}, .deviance_powers = {0.0, 1.0, 2.0, 1.5, 3.0, -1.0}};

struct Numbers {
  std::vector<double> y, f, w;
};

Numbers numbers() {
  const auto& json = evaluation_reference()["numbers"];
  return {json["outcome"].get<std::vector<double>>(), json["prediction"].get<std::vector<double>>(),
          json["weights"].get<std::vector<double>>()};
}

}  // namespace

TEST_CASE("scores of numbers are those of scikit-learn", "[learn][regression_scores]") {
  const Numbers d = numbers();
  for (const bool weighted : {false, true}) {
    const auto rows = regression_scores(
        {d.f, d.y, weighted ? std::span<const double>(d.w) : std::span<const double>{}}, kAll);
    const auto& theirs = evaluation_reference()["numbers"][weighted ? "weighted" : "plain"];
    CHECK(rows.size() == theirs.size() + 1);
    for (const auto& [name, value] : theirs.items()) {
      INFO(name << (weighted ? " weighted" : ""));
      const Estimate& row = term(rows, name);
      CHECK(std::abs(row.estimate - value.get<double>()) <= 1e-12 * std::abs(value.get<double>()));
      if (name == "max_error") continue;
      CHECK(row.std_error > 0.0);
      CHECK(row.conf_low < row.estimate);
      CHECK(row.conf_high > row.estimate);
      CHECK(row.warnings.empty());
    }
    const double r2 = term(rows, "r2").estimate;
    CHECK(term(rows, "adjusted_r2").estimate == Approx(1.0 - (1.0 - r2) * 47.0 / 44.0));
  }
}

TEST_CASE("scores of numbers by hand", "[learn][regression_scores]") {
  // Errors 1, -1, 3; outcomes 0, 2, 4.
  const std::vector<double> y = {0, 2, 4}, f = {1, 1, 7};
  const auto rows = regression_scores({f, y});
  CHECK(term(rows, "bias").estimate == Approx(1.0).epsilon(1e-15));
  CHECK(term(rows, "bias").std_error == Approx(2.0 / std::sqrt(3.0)).epsilon(1e-14));
  CHECK(term(rows, "mae").std_error == Approx(std::sqrt(4.0 / 3.0 / 3.0)).epsilon(1e-14));
  CHECK(term(rows, "r2").estimate == Approx(1.0 - 11.0 / 8.0).epsilon(1e-15));
  CHECK(term(rows, "rmse").estimate == Approx(std::sqrt(11.0 / 3.0)).epsilon(1e-15));
  const Estimate& mape = term(rows, "mape");
  CHECK(mape.estimate == Approx(0.5 * (0.5 + 0.75)).epsilon(1e-15));
  CHECK(mape.n == 2);
  CHECK(warned(mape, "1 row with outcome 0 was left out"));
  CHECK(warned(term(rows, "max_error"), "no interval"));
}

TEST_CASE("scores of numbers: their errors are those of repeated samples",
          "[learn][regression_scores]") {
  const StreamKey key = StreamKey::root(5).child("scores");
  const RegressionScoreSpec spec = {
      .predictors = 2, .quantiles = {0.8}, .deviance_powers = {1.0, 2.0}};
  constexpr int kSamples = 800;
  std::map<std::string, std::vector<double>> values, errors;
  std::map<std::string, std::vector<std::array<double, 2>>> limits;
  const auto sample = [&](std::uint64_t unit, std::size_t n) {
    Stream stream(key, unit);
    std::vector<double> y(n), f(n), w(n);
    for (std::size_t i = 0; i < n; ++i) {
      // Light tails: where single rows dominate mean e^2, no 400 rows know its error.
      f[i] = stream.uniform(1.0, 3.0);
      y[i] = f[i] * stream.gamma(20.0) / 20.0 + 0.1;
      w[i] = stream.uniform(0.5, 2.0);
    }
    return regression_scores({f, y, w}, spec);
  };
  for (int s = 0; s < kSamples; ++s) {
    for (const Estimate& row : sample(static_cast<std::uint64_t>(s), 400)) {
      values[row.term].push_back(row.estimate);
      errors[row.term].push_back(row.std_error);
      limits[row.term].push_back({row.conf_low, row.conf_high});
    }
  }
  for (const Estimate& truth : sample(1'000'000, 400'000)) {
    if (truth.term == "max_error") continue;
    INFO(truth.term);
    const auto& v = values[truth.term];
    const double mean = std::accumulate(v.begin(), v.end(), 0.0) / kSamples;
    double square = 0.0;
    for (const double x : v) square += (x - mean) * (x - mean) / (kSamples - 1);
    const auto& e = errors[truth.term];
    const double said = std::accumulate(e.begin(), e.end(), 0.0) / kSamples;
    CHECK(said / std::sqrt(square) == Approx(1.0).margin(0.12));
    const auto inside = std::ranges::count_if(limits[truth.term], [&](const auto& interval) {
      return interval[0] <= truth.estimate && truth.estimate <= interval[1];
    });
    CHECK(static_cast<double>(inside) / kSamples > 0.915);
    CHECK(static_cast<double>(inside) / kSamples < 0.98);
  }
}

TEST_CASE("scores of numbers: weights are rows, order does not count",
          "[learn][regression_scores]") {
  const Numbers d = numbers();
  std::vector<double> y = d.y, f = d.f, w(48, 1.0);
  w[3] = 2.0;
  const auto weighted = regression_scores({f, y, w}, kAll);
  y.push_back(y[3]);
  f.push_back(f[3]);
  const auto doubled = regression_scores({f, y}, kAll);
  std::vector<double> ry(d.y.rbegin(), d.y.rend()), rf(d.f.rbegin(), d.f.rend());
  const auto plain = regression_scores({d.f, d.y}, kAll);
  const auto turned = regression_scores({rf, ry}, kAll);
  for (std::size_t i = 0; i < weighted.size(); ++i) {
    INFO(weighted[i].term);
    if (weighted[i].term != "adjusted_r2") {
      CHECK(weighted[i].estimate == Approx(doubled[i].estimate).epsilon(1e-12));
    }
    CHECK(plain[i].estimate == turned[i].estimate);
    if (!std::isnan(plain[i].conf_low)) CHECK(plain[i].conf_low == turned[i].conf_low);
  }
}

TEST_CASE("scores of numbers: trouble is said", "[learn][regression_scores]") {
  const std::vector<double> y = {1, 1, NAN, 1}, f = {1, 2, 3, NAN};
  const auto rows = regression_scores({f, y}, {.predictors = 5, .deviance_powers = {1.0}});
  for (const Estimate& row : rows) {
    CHECK(warned(row, "1 row was left out because a value is missing"));
    CHECK(warned(row, "1 row was left out because there is no prediction for it"));
  }
  CHECK(warned(term(rows, "r2"), "nothing to explain"));
  CHECK(std::isnan(term(rows, "r2").estimate));
  CHECK(warned(term(rows, "adjusted_r2"), "nothing to explain"));
  CHECK(term(rows, "mae").estimate == 0.5);
  const std::vector<double> v = {1, 2, 3, 5};
  CHECK(warned(term(regression_scores({v, v}, {.predictors = 3}), "adjusted_r2"), "too few"));
  CHECK(term(regression_scores({v, v}), "rmse").conf_high == 0.0);
  const std::vector<double> low = {-1, 2, 3, 5};
  const auto below = regression_scores({low, v}, {.deviance_powers = {1.0, 2.0, 0.0}});
  CHECK(std::isnan(term(below, "deviance_poisson").estimate));
  CHECK(warned(term(below, "d2_poisson"), "1 of 4 outside"));
  CHECK(term(below, "deviance_normal").estimate == 1.0);
  CHECK(std::isnan(
      term(regression_scores({v, low}, {.deviance_powers = {2.0}}), "d2_gamma").estimate));
  const std::vector<double> inf = {1, std::numeric_limits<double>::infinity(), 3, 5};
  CHECK(warned(term(regression_scores({inf, v}), "mae"), "infinite"));
  CHECK(std::isnan(term(regression_scores({inf, v}), "mae").estimate));
  for (const Estimate& row : regression_scores({})) CHECK(warned(row, "there is no row"));
  const std::vector<double> one = {1};
  CHECK(warned(term(regression_scores({one, one}), "mae"), "one row"));
  CHECK_THROWS_AS(regression_scores({one, v}), ArgumentError);
  CHECK_THROWS_AS(regression_scores({v, v, one}), ArgumentError);
  CHECK_THROWS_AS(regression_scores({v, v, low}), ArgumentError);
  CHECK_THROWS_AS(regression_scores({v, v}, {.quantiles = {1.0}}), ArgumentError);
  CHECK_THROWS_AS(regression_scores({v, v}, {.deviance_powers = {0.5}}), ArgumentError);
  CHECK_THROWS_AS(regression_scores({v, v}, {.conf_level = 1.0}), ArgumentError);
}
