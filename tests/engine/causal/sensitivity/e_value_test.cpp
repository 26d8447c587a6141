#include "engine/causal/sensitivity/e_value.h"

#include <cmath>
#include <string>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/causal/sensitivity/sensitivity_fixture.h"

using namespace impact;
using namespace impact::sensitivity_fixture;

namespace {

// The peer reports the limit under the side it is on, and none on the other.
void agrees(const EValue& ours, const char* name) {
  const auto theirs = reference("sensitivity_peers")[name];
  INFO(name);
  near(ours.point, theirs["value"]);
  const auto& limit = theirs["low"].is_null() ? theirs["high"] : theirs["low"];
  near(ours.limit, limit);
}

}  // namespace

TEST_CASE("E-values agree with those of EValue", "[causal][sensitivity]") {
  const EValueEstimate high = {3.9, 1.8, 8.7}, low = {0.8, 0.71, 0.91};
  agrees(e_value(high), "RR 3.9");
  agrees(e_value(low), "RR 0.8");
  agrees(e_value(low, EffectMeasure::kRiskRatio, 1.2), "RR 0.8 true 1.2");
  agrees(e_value(high, EffectMeasure::kRiskRatio, 2.0), "RR 3.9 true 2");
  agrees(e_value({0.86, 0.75, 0.99}, EffectMeasure::kCommonOddsRatio), "OR 0.86 common");
  agrees(e_value({0.86, 0.75, 0.99}, EffectMeasure::kRareOddsRatio), "OR 0.86 rare");
  agrees(e_value({0.56, 0.46, 0.69}, EffectMeasure::kCommonHazardRatio), "HR 0.56 common");
  agrees(e_value({0.56, 0.46, 0.69}, EffectMeasure::kRareHazardRatio), "HR 0.56 rare");
  agrees(e_value_of_difference(0.5, 0.25), "MD 0.5");
  agrees(e_value_of_difference(-0.5, 0.05, 0.1), "MD -0.5 true 0.1");
  agrees(e_value_of_coefficient(0.293, 0.05, 1.2, 2.0), "OLS");
  // Published.
  as_printed(e_value(high).point, "7.263034344160047");
  as_printed(e_value(high).limit, "3.0");
  as_printed(e_value(low).point, "1.8090169943749475");
  as_printed(e_value(low).limit, "1.4285714285714282");
  as_printed(e_value(2.0), "3.414213562373095");
  as_printed(e_value(1.5), "2.3660254037844384");
  const auto peers = reference("sensitivity_peers");
  near(selection_e_value(4.0), peers["selection general"]["value"]);
  near(selection_e_value(4.0, SelectionBias::kSelectedPopulation),
       peers["selection selected"]["value"]);
}

TEST_CASE("E-values of a risk difference", "[causal][sensitivity]") {
  const auto peers = reference("sensitivity_peers");
  // The peer walks a grid of bias factors of step 1e-4, which is 2e-4 of an E-value.
  const EValue smoking = e_value_of_risk_difference({397, 78557, 51, 108778});
  CHECK(std::abs(smoking.point - peers["RD smoking"]["value"].get<double>()) < 3e-4);
  CHECK(std::abs(smoking.limit - peers["RD smoking"]["low"].get<double>()) < 3e-4);
  CHECK(std::abs(smoking.limit - 15.95703) < 3e-4);
  const EValue sixty = e_value_of_risk_difference({60, 40, 45, 55}, 0.02);
  CHECK(std::abs(sixty.point - peers["RD sixty"]["value"].get<double>()) < 5e-4);
  CHECK(sixty.limit == 1.0);
  // No null value: the bias factor is the risk ratio.
  CHECK(smoking.point == Approx(e_value(smoking.risk_ratio.estimate)).epsilon(1e-12));
  // Exchanged arms.
  const EValue mirror = e_value_of_risk_difference({51, 108778, 397, 78557});
  CHECK(mirror.point == Approx(smoking.point).epsilon(1e-12));
  CHECK(mirror.limit == Approx(smoking.limit).epsilon(1e-12));
}

TEST_CASE("E-values do what they say", "[causal][sensitivity]") {
  CHECK(e_value(1.0) == 1.0);
  Stream stream(StreamKey::root(17).child("e_value"));
  for (int draw = 0; draw < 200; ++draw) {
    const double ratio = std::exp(stream.normal(0.0, 1.5));
    const double e = e_value(ratio);
    CHECK(e == Approx(e_value(1.0 / ratio)).epsilon(1e-12));
    // A confounder of that strength on both sides moves the ratio exactly to 1, a weaker one on
    // either side cannot.
    const EValueEstimate moved = bias_corrected_ratio({ratio, ratio * 0.9, ratio * 1.2}, e, e);
    CHECK(moved.estimate == Approx(1.0).epsilon(1e-12));
    CHECK(moved.conf_high == Approx(1.2).epsilon(1e-12));
    const double size = std::fmax(ratio, 1.0 / ratio);
    CHECK(bias_factor(e, 1.0 + 0.9 * (e - 1.0)) < size);
    const double null_value = std::exp(stream.normal(0.0, 0.5));
    CHECK(e_value({ratio, NAN, NAN}, EffectMeasure::kRiskRatio, null_value).point ==
          Approx(e_value(ratio / null_value)).epsilon(1e-12));
    const double both = selection_e_value(ratio);
    CHECK(bias_factor(both, both) * bias_factor(both, both) == Approx(size).epsilon(1e-12));
  }
  CHECK(bias_factor(3.0, INFINITY) == 3.0);
  CHECK(bias_factor(INFINITY, 3.0) == 3.0);
  // Hazards that are small ratios apart from 1 convert smoothly.
  CHECK(e_value({1.0, NAN, NAN}, EffectMeasure::kCommonHazardRatio).risk_ratio.estimate == 1.0);
}

TEST_CASE("E-values of bad input", "[causal][sensitivity]") {
  CHECK(std::isnan(e_value(0.0)));
  CHECK(std::isnan(e_value(-2.0)));
  CHECK(std::isnan(e_value(NAN)));
  const EValue none = e_value({-1.0, 0.5, 2.0});
  CHECK(std::isnan(none.point));
  CHECK(says(none.warnings, "no positive ratio"));
  CHECK(says(e_value({2.0, 2.5, 3.0}).warnings, "enclose"));
  CHECK(std::isnan(e_value({2.0, NAN, NAN}).limit));
  CHECK(e_value({2.0, NAN, NAN}).warnings.empty());
  CHECK_THROWS_AS(e_value({2.0, 1.0, 3.0}, EffectMeasure::kRiskRatio, 0.0), ArgumentError);
  CHECK_THROWS_AS(e_value_of_coefficient(1.0, 0.1, 0.0), ArgumentError);
  CHECK_THROWS_AS(e_value_of_coefficient(1.0, 0.1, 1.0, 0.0), ArgumentError);
  CHECK(says(e_value_of_difference(1.0, -0.1).warnings, "negative"));
  CHECK(std::isnan(e_value_of_difference(1.0, NAN).limit));
  CHECK_THROWS_AS(e_value_of_risk_difference({1, 1, -1, 1}), ArgumentError);
  CHECK(says(e_value_of_risk_difference({0, 0, 1, 1}).warnings, "empty"));
  CHECK(std::isnan(e_value_of_risk_difference({5, 5, 0, 10}).point));
  CHECK_THROWS_AS(bias_factor(0.5, 2.0), ArgumentError);
}
