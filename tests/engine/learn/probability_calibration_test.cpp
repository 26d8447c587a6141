#include "engine/learn/probability_calibration.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/evaluation_reference.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

TEST_CASE("Platt's scaling is scikit-learn's", "[learn][probability_calibration]") {
  const Rows rows = reference_rows();
  for (const bool weighted : {false, true}) {
    const auto& theirs = evaluation_reference()["two"][weighted ? "platt_weighted" : "platt_plain"];
    const PlattScaling fit = fit_platt(rows.of(rows.a, weighted));
    CHECK(fit.converged);
    CHECK(fit.warnings.empty());
    // The sign of the paper: 1 / (1 + exp(A s + B)). Newton's fit in numpy; L-BFGS stops earlier.
    CHECK(-fit.slope == Approx(theirs["newton"][0].get<double>()).epsilon(1e-12));
    CHECK(-fit.intercept == Approx(theirs["newton"][1].get<double>()).epsilon(1e-12));
    CHECK(-fit.slope == Approx(theirs["sklearn"][0].get<double>()).epsilon(1e-7));
    CHECK(-fit.intercept == Approx(theirs["sklearn"][1].get<double>()).epsilon(1e-7));
    CHECK(fit(0.3) == Approx(1.0 / (1.0 + std::exp(-fit.slope * 0.3 - fit.intercept))));
    // Scores in other units, far from 0: the same probabilities.
    std::vector<double> moved = rows.a;
    for (double& s : moved) s = 1e6 + 1e-3 * s;
    const PlattScaling far = fit_platt(rows.of(moved, weighted));
    CHECK(far(1e6 + 1e-3 * 0.3) == Approx(fit(0.3)).epsilon(1e-6));
  }
}

TEST_CASE("Platt's scaling: separated, turned round, hopeless",
          "[learn][probability_calibration]") {
  const std::vector<double> s = {-2, -1, 1, 2};
  const std::vector<std::int32_t> y = {0, 0, 1, 1}, turned = {1, 1, 0, 0}, one = {1, 1, 1, 1};
  const PlattScaling apart = fit_platt({s, y});
  CHECK(apart.converged);
  // Targets 3/4 and 1/4: symmetric, so the intercept is 0.
  CHECK(apart.intercept == Approx(0.0).margin(1e-12));
  CHECK(apart.slope > 0.0);
  CHECK(warned(fit_platt({s, turned}), "turns them round"));
  CHECK(fit_platt({s, turned}).slope == Approx(-apart.slope).epsilon(1e-12));
  CHECK(warned(fit_platt({s, one}), "one class"));
  CHECK(std::isnan(fit_platt({s, one})(0.0)));
  const std::vector<double> same = {1, 1, 1, 1};
  CHECK(warned(fit_platt({same, y}), "same score"));
  const std::vector<double> infinite = {-2, -1, 1, INFINITY};
  CHECK_THROWS_AS(fit_platt({infinite, y}), ArgumentError);
  CHECK(warned(fit_platt({}), "one class"));
}

TEST_CASE("isotonic regression is scikit-learn's", "[learn][probability_calibration]") {
  const Rows rows = reference_rows();
  // Ties: b has few values, a adds thirds of a tenth.
  std::vector<double> score(160);
  for (std::size_t i = 0; i < 160; ++i) {
    score[i] = rows.b[i] + 0.1 * std::nearbyint(3.0 * rows.a[i]);
  }
  for (const bool weighted : {false, true}) {
    const auto& theirs =
        evaluation_reference()["two"][weighted ? "isotonic_weighted" : "isotonic_plain"];
    const IsotonicRegression fit = fit_isotonic(rows.of(score, weighted));
    const auto x = theirs["x"].get<std::vector<double>>();
    const auto y = theirs["y"].get<std::vector<double>>();
    CHECK(fit.n == 160);
    CHECK(fit.x == x);
    REQUIRE(fit.y.size() == y.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      CHECK(fit.y[i] == Approx(y[i]).epsilon(1e-12).margin(1e-14));
    }
    const auto at = theirs["at"].get<std::vector<double>>();
    for (std::size_t i = 0; i < at.size(); ++i) {
      const double asked = -7.0 + 14.0 * static_cast<double>(i) / 56.0;
      CHECK(fit(asked) == Approx(at[i]).epsilon(1e-8).margin(1e-10));
    }
  }
}

TEST_CASE("isotonic regression: numbers, falling, odd values", "[learn][probability_calibration]") {
  const std::vector<double> x = {1, 2, 3, 4, NAN}, y = {1, 3, 2, 5, 9};
  const IsotonicRegression up = fit_isotonic(x, y);
  CHECK(up.x == std::vector<double>{1, 2, 3, 4});
  CHECK(up.y == std::vector<double>{1, 2.5, 2.5, 5});
  CHECK(up.n == 4);
  CHECK(warned(up, "1 row was left out"));
  CHECK(up(0) == 1.0);
  CHECK(up(9) == 5.0);
  CHECK(up(1.5) == 1.75);
  CHECK(up(2.5) == 2.5);
  CHECK(std::isnan(up(NAN)));
  const IsotonicRegression down = fit_isotonic(x, y, {.increasing = false});
  CHECK(down.y == std::vector<double>{2.75, 2.75});
  CHECK(down.x == std::vector<double>{1, 4});
  CHECK(warned(down, "explains nothing"));
  const std::vector<double> w = {1, 3, 1, 1, 1};
  CHECK(fit_isotonic(x, y, {.weights = w}).y == std::vector<double>{1, 2.75, 2.75, 5});
  const std::vector<double> ends = {-INFINITY, 0, INFINITY}, z = {0, 1, 2};
  const IsotonicRegression wide = fit_isotonic(ends, z);
  CHECK(wide(-1e300) == 1.0);
  CHECK(wide(-INFINITY) == 0.0);
  CHECK(wide(3) == 1.0);
  CHECK(std::isnan(fit_isotonic({}, {})(1.0)));
  CHECK_THROWS_AS(fit_isotonic(x, z), ArgumentError);
  const std::vector<double> infinite = {1, 3, 2, 5, INFINITY};
  CHECK_THROWS_AS(fit_isotonic(x, infinite), ArgumentError);
}

TEST_CASE("temperature scaling", "[learn][probability_calibration]") {
  const auto& json = evaluation_reference()["classes"];
  const auto p = json["probability"].get<std::vector<double>>();
  const auto label = json["label"].get<std::vector<std::int32_t>>();
  const TemperatureScaling fit = fit_temperature({p, label, 4});
  CHECK(fit.converged);
  CHECK(1.0 / fit.temperature == Approx(json["inverse_temperature"].get<double>()).epsilon(1e-12));
  CHECK(1.0 / fit.temperature ==
        Approx(json["sklearn_inverse_temperature"].get<double>()).epsilon(1e-6));
  const auto scaled = fit(p, 4);
  CHECK(most_probable(scaled, 4) == most_probable(p, 4));
  CHECK(class_probability_scores({scaled, label, 4})[0].estimate <
        class_probability_scores({p, label, 4})[0].estimate);
  CHECK(fit_temperature({scaled, label, 4}).temperature == Approx(1.0).epsilon(1e-9));
  CHECK(scaled[0] + scaled[1] + scaled[2] + scaled[3] == Approx(1.0).epsilon(1e-14));

  const std::vector<double> sure = {0.9, 0.1, 0.2, 0.8};
  const std::vector<std::int32_t> right = {0, 1}, wrong = {1, 0};
  CHECK(warned(fit_temperature({sure, right, 2}), "always right"));
  CHECK(std::isnan(fit_temperature({sure, right, 2}).temperature));
  const TemperatureScaling flat = fit_temperature({sure, wrong, 2});
  CHECK(std::isinf(flat.temperature));
  CHECK(warned(flat, "tell nothing"));
  CHECK(flat(sure, 2) == std::vector<double>(4, 0.5));
  const std::vector<double> zero = {1.0, 0.0, 0.2, 0.8, 0.4, 0.6};
  const std::vector<std::int32_t> mixed = {1, 1, 0};
  const TemperatureScaling left = fit_temperature({zero, mixed, 2});
  CHECK(left.n == 2);
  CHECK(warned(left, "1 rows with probability 0"));
  CHECK_THROWS_AS(fit(sure, 3), ArgumentError);
  CHECK_THROWS_AS(fit_temperature({sure, mixed, 2}), ArgumentError);
}
