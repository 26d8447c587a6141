#include "engine/stats/lin.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/stats/reference.h"

using namespace impact;
using namespace impact::reference;
using Catch::Contains;

TEST_CASE("lin: agrees with estimatr's lm_lin", "[stats]") {
  const auto check = [](const std::string& name, const std::string& arm, const Names& names,
                        SeType se, bool weighted, bool by_cluster) {
    INFO(name);
    const Numbers x = matrix(names);
    const Codes arms = units().codes(arm);
    const Codes clusters = by_cluster ? units().codes("cluster") : Codes{};
    const auto rows = lin(
        {.y = units()["y"],
         .arm = arms,
         .covariates = x,
         .columns = names.size(),
         .weights = weighted ? std::span<const double>(units()["w"]) : std::span<const double>(),
         .clusters = clusters,
         .names = names},
        {.se = se, .term = arm});
    REQUIRE(rows.size() == 2 + 2 * names.size());
    CHECK(rows[0].term == arm);
    CHECK(rows[1].term == "(intercept)");
    const auto theirs = peer(name);
    for (const Estimate& row : rows) {
      std::string term = row.term == "(intercept)" ? "Intercept" : row.term;
      if (term != arm && term != "Intercept") term += "_c";  // the peer marks what it centred
      agree(row, theirs.at(term));
      CHECK(row.method == "lin");
      CHECK(row.n == 60);
      CHECK(row.warnings.empty() == (theirs.at(term).df >= 4.0));
    }
  };
  check("lin_HC2", "z", {"x", "v"}, SeType::kHc2, false, false);
  check("lin_weighted_HC2", "z", {"x", "v"}, SeType::kHc2, true, false);
  check("lin_CR2", "zc", {"x", "v"}, SeType::kCr2, false, true);
  check("lin_classical", "z", {"x"}, SeType::kClassical, false, false);
}

TEST_CASE("lin: the estimate is the difference of two regressions at the common mean", "[stats]") {
  // Closed form: each arm's own line, evaluated at the mean covariate of both arms together.
  const auto& d = units();
  const Codes arm = d.codes("z");
  double mean = 0.0;
  for (const double x : d["x"]) mean += x / 60.0;
  double at_mean[2];
  for (const int a : {0, 1}) {
    double n = 0.0, sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0;
    for (std::size_t i = 0; i < 60; ++i) {
      if (arm[i] != a) continue;
      n += 1.0;
      sx += d["x"][i];
      sy += d["y"][i];
      sxx += d["x"][i] * d["x"][i];
      sxy += d["x"][i] * d["y"][i];
    }
    const double slope = (sxy - sx * sy / n) / (sxx - sx * sx / n);
    at_mean[a] = sy / n + slope * (mean - sx / n);
  }
  const PointEstimate point =
      lin_numbers({.y = d["y"], .arm = arm, .covariates = d["x"], .columns = 1});
  CHECK(point.estimate == Approx(at_mean[1] - at_mean[0]).epsilon(1e-13));
}

TEST_CASE("lin: rows that do not count are left out before the means are taken", "[stats]") {
  const auto& d = units();
  Codes arm = d.codes("z");
  Numbers x = matrix({"x"});
  Numbers y = d["y"];
  Numbers few_x, few_y;
  Codes few_arm;
  arm[0] = 7;                                       // a third arm
  x[1] = std::numeric_limits<double>::quiet_NaN();  // a missing covariate
  y[2] = std::numeric_limits<double>::infinity();
  for (std::size_t i = 3; i < 60; ++i) {
    few_x.push_back(x[i]);
    few_y.push_back(y[i]);
    few_arm.push_back(arm[i]);
  }
  const auto rows = lin({.y = y, .arm = arm, .covariates = x, .columns = 1});
  const auto same = lin({.y = few_y, .arm = few_arm, .covariates = few_x, .columns = 1});
  CHECK(rows[0].n == 57);
  CHECK(rows[0].estimate == same[0].estimate);
  CHECK(rows[0].std_error == same[0].std_error);
  CHECK(rows[0].warnings.size() == 2);
  CHECK(same[0].warnings.empty());
  CHECK(rows[3].term == "treatment:x1");
}

TEST_CASE("lin: without one arm there is a row, NaN, and a reason", "[stats]") {
  const auto& d = units();
  const Codes arm(60, 1);
  const auto rows = lin({.y = d["y"], .arm = arm, .covariates = d["x"], .columns = 1});
  CHECK(rows[0].term == "treatment");
  CHECK(std::isnan(rows[0].estimate));
  CHECK(std::isnan(rows[0].p_value));
  CHECK_THAT(rows[0].warnings.back(), Contains("control arm has no row"));
  CHECK_THROWS_AS(lin({.y = d["y"], .arm = arm, .covariates = d["x"], .columns = 2}),
                  ArgumentError);
}

TEST_CASE("lin: unbiased enough and covering in a heterogeneous population", "[stats]") {
  // A fixed population of 100 with effects that depend on x, randomised 2000 times: the interval is
  // about the average effect in it, and its standard error is conservative.
  constexpr std::size_t kRows = 100;
  constexpr int kDraws = 2000;
  Stream stream(StreamKey::root(3).child("population"));
  Numbers x, y0, y1;
  double effect = 0.0;
  for (std::size_t i = 0; i < kRows; ++i) {
    x.push_back(stream.normal());
    y0.push_back(x[i] + 0.5 * stream.normal());
    y1.push_back(y0[i] + 1.0 + 0.8 * x[i]);
    effect += (y1[i] - y0[i]) / kRows;
  }
  int covered = 0;
  double bias = 0.0;
  for (int draw = 0; draw < kDraws; ++draw) {
    Stream chance(StreamKey::root(3).child("draw"), static_cast<std::uint64_t>(draw));
    Codes arm(kRows, 0);
    for (const std::size_t i : chance.sample(kRows, kRows / 2)) arm[i] = 1;
    Numbers y;
    for (std::size_t i = 0; i < kRows; ++i) y.push_back(arm[i] == 1 ? y1[i] : y0[i]);
    const PointEstimate p = lin_numbers({.y = y, .arm = arm, .covariates = x, .columns = 1});
    const Inference test = infer(p.estimate, p.std_error, p.df, 0.95);
    covered += test.conf_low <= effect && effect <= test.conf_high ? 1 : 0;
    bias += (p.estimate - effect) / kDraws;
  }
  CHECK(std::abs(bias) < 0.01);
  CHECK(covered / static_cast<double>(kDraws) > 0.95);
}
