#include "engine/causal/matching/strata_match.h"

#include <cmath>
#include <catch2/catch.hpp>

#include "engine/core/error.h"

namespace impact {
namespace {

const std::vector<std::int32_t> kArms = {1, 0, 0, 1, 1, 0, 1, 0};
const std::vector<std::int32_t> kStrata = {5, 5, 5, 7, 7, 7, 9, 2};
const std::vector<double> kOutcome = {3.0, 1.0, 2.0, 10.0, 12.0, 4.0, 100.0, -50.0};

double weighted_difference(const MatchedSample& sample) {
  return matched_difference(sample, kOutcome, kArms).estimate;
}

}  // namespace

TEST_CASE("Strata give the stratification estimator of each target", "[causal][matching]") {
  // Within the strata 3 - 1.5 = 1.5 (one treated, two controls) and 11 - 4 = 7 (two and one).
  const MatchedSample treated = strata_match(kArms, kStrata);
  CHECK((treated.subclass == std::vector<std::int32_t>{0, 0, 0, 1, 1, 1, -1, -1}));
  CHECK(treated.weight[0] == 1.0);
  CHECK(treated.weight[5] == Approx(2.0));
  CHECK(treated.weight[1] == Approx(0.5));
  CHECK(treated.discarded == 2);
  CHECK(treated.warnings.size() == 1);
  CHECK(treated.effective_controls == Approx(9.0 / 4.5));
  CHECK(weighted_difference(treated) == Approx((1.5 + 2 * 7.0) / 3));
  CHECK(weighted_difference(strata_match(kArms, kStrata, EffectTarget::kControls)) ==
        Approx((2 * 1.5 + 7.0) / 3));
  CHECK(weighted_difference(strata_match(kArms, kStrata, EffectTarget::kAll)) ==
        Approx((1.5 + 7.0) / 2));
}

TEST_CASE("Bins hold what they promise", "[causal][matching]") {
  const std::vector<double> values = {0.0, 0.9, 1.0, 2.5, 4.0, 3.0};
  CHECK((equal_bins(values, 4) == std::vector<std::int32_t>{0, 0, 1, 2, 3, 3}));
  CHECK((equal_bins(std::vector<double>(3, 2.0), 4) == std::vector<std::int32_t>{0, 0, 0}));
  const std::vector<std::int32_t> of = {1, 1, 0, 1, 1, 0};
  CHECK((quantile_bins(values, of, 2) == std::vector<std::int32_t>{0, 0, 0, 1, 1, 1}));
  const std::vector<std::int32_t> a = {3, 1, 3, 1};
  const std::vector<std::int32_t> b = {0, 2, 0, 0};
  CHECK((cross_codes(a, b) == std::vector<std::int32_t>{2, 1, 2, 0}));
}

TEST_CASE("Strata refuse what cannot work and tell what failed", "[causal][matching]") {
  const std::vector<std::int32_t> apart = {1, 2, 2, 1, 1, 2, 1, 2};
  const MatchedSample none = strata_match(kArms, apart);
  REQUIRE_FALSE(none.broken.empty());
  CHECK(std::isnan(weighted_difference(none)));
  CHECK_THROWS_AS(strata_match(kArms, std::vector<std::int32_t>(8, -1)), ArgumentError);
  CHECK_THROWS_AS(strata_match(std::vector<std::int32_t>(8, 1), kStrata), ArgumentError);
  CHECK_THROWS_AS(strata_match(kArms, kStrata, EffectTarget::kOverlap), ArgumentError);
  CHECK_THROWS_AS(equal_bins(kOutcome, 0), ArgumentError);
}

}  // namespace impact
