#include "engine/causal/balance/overlap.h"

#include <algorithm>
#include <cmath>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/causal/sensitivity/sensitivity_fixture.h"

using namespace impact;
using namespace impact::sensitivity_fixture;

TEST_CASE("overlap by hand", "[causal][balance]") {
  const std::vector<double> e = {0.05, 0.2, 0.3, 0.5, 0.4, 0.6, 0.8, 0.95, 0.5};
  const std::vector<std::int32_t> arm = {0, 0, 0, 0, 1, 1, 1, 1, 7};
  const std::vector<double> weight = {1, 1, 1, 37, 1, 1, 1, 1, 1};
  const Overlap result = overlap({e, arm, weight});
  CHECK(result.support_low == 0.4);
  CHECK(result.support_high == 0.5);
  CHECK(result.control.n == 4);
  CHECK(result.control.outside == 3);
  CHECK(result.treated.outside == 3);
  CHECK(result.control.share_low == 0.25);
  CHECK(result.treated.share_high == 0.25);
  CHECK(result.control.quantiles.front() == 0.05);
  CHECK(result.control.quantiles.back() == 0.5);
  CHECK(result.control.quantiles[4] == Approx(0.25));
  CHECK(result.control.mean == Approx(0.2625));
  CHECK(result.control.max_weight == Approx(3.7));
  CHECK(result.control.share_top_percent == Approx(0.925));
  CHECK(result.control.effective == Approx(1600.0 / 1372.0));
  CHECK(result.control.extreme_weights == 0);
  CHECK(overlap({e, arm, weight}, {.extreme_weight = 3.0}).control.extreme_weights == 1);
  CHECK(says(result.warnings, "75.0 % of the control arm"));
}

TEST_CASE("the trimming rule minimises the variance bound", "[causal][balance]") {
  // Over cut-offs at every row: mean of 1 / (e (1 - e)) of kept rows over their share.
  Stream stream(StreamKey::root(41).child("crump"));
  for (int draw = 0; draw < 30; ++draw) {
    std::vector<double> e;
    std::vector<std::int32_t> arm;
    const double spread = stream.uniform(0.3, 4.0);
    for (int i = 0; i < 200; ++i) {
      e.push_back(1.0 / (1.0 + std::exp(-spread * stream.normal())));
      arm.push_back(i % 2);
    }
    const Overlap result = overlap({e, arm});
    const auto bound = [&](double trim) {
      double sum = 0.0, kept = 0.0;
      for (const double p : e) {
        if (p < trim || p > 1.0 - trim) continue;
        sum += 1.0 / (p * (1.0 - p));
        kept += 1.0;
      }
      return kept == 0.0 ? INFINITY : sum / kept / kept;
    };
    double best = bound(0.0);
    for (const double p : e) best = std::fmin(best, bound(std::fmin(p, 1.0 - p)));
    INFO("draw " << draw << " trim " << result.optimal_trim);
    // The rule is that of large samples: a row more or less at the edge is worth 1 / n^2.
    CHECK(bound(result.optimal_trim) == Approx(best).epsilon(5e-4));
    CHECK(bound(result.optimal_trim) <= bound(0.0));
  }
}

TEST_CASE("overlap of bad input", "[causal][balance]") {
  const std::vector<double> e = {0.0, 0.2, 0.9, 1.0}, apart = {0.1, 0.2, 0.8, 0.9},
                            wrong = {0.1, 1.2, 0.3, 0.4}, holes = {0.1, NAN, 0.3, 0.4};
  const std::vector<std::int32_t> arm = {0, 0, 1, 1}, one = {1, 1, 1, 1};
  const Overlap certain = overlap({e, arm});
  CHECK(certain.control.certain == 1);
  CHECK(says(certain.warnings, "positivity is violated"));
  CHECK(says(certain.warnings, "no overlap at all"));
  CHECK(certain.optimal_trim > 0.0);
  CHECK(certain.trimmed >= 2);
  CHECK(says(overlap({apart, arm}).warnings, "no overlap at all"));
  CHECK(says(overlap({apart, one}).warnings, "one arm is empty"));
  CHECK(std::isnan(overlap({apart, one}).support_low));
  CHECK(says(overlap({holes, arm}).warnings, "1 row was"));
  CHECK_THROWS_AS(overlap({wrong, arm}), ArgumentError);
  CHECK_THROWS_AS(overlap({e, std::span(arm).first(2)}), ArgumentError);
  CHECK_THROWS_AS(overlap({apart, arm}, {.near_zero = 0.5}), ArgumentError);
  CHECK_THROWS_AS(overlap({apart, arm}, {.probabilities = {1.5}}), ArgumentError);
  CHECK_THROWS_AS(overlap({apart, arm}, {.extreme_weight = 1.0}), ArgumentError);
}
