#include <cmath>
#include <limits>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/causal/balance/balance.h"
#include "engine/causal/balance/overlap.h"
#include "engine/causal/sensitivity/dml_sensitivity.h"
#include "engine/causal/sensitivity/e_value.h"
#include "engine/causal/sensitivity/effect_bounds.h"
#include "engine/causal/sensitivity/ovb_contour.h"
#include "engine/causal/sensitivity/rosenbaum.h"
#include "engine/core/rng.h"

using namespace impact;

namespace {

// Numbers of every size, with ties, zeros, and now and then none at all.
double odd_number(Stream& stream) {
  switch (stream.below(8)) {
    case 0: return 0.0;
    case 1: return std::round(3.0 * stream.normal());
    case 2: return std::exp(40.0 * stream.normal());
    case 3: return -std::exp(-40.0 * stream.uniform());
    case 4: return stream.below(6) == 0 ? std::numeric_limits<double>::quiet_NaN() : 1.0;
    default: return stream.normal();
  }
}

bool share(double p) { return std::isnan(p) || (p >= 0.0 && p <= 1.0); }

void check(const RosenbaumBounds& bounds) {
  INFO(bounds.method << " n " << bounds.n);
  for (const GammaBound& row : bounds.curve) {
    CHECK(share(row.p_low));
    CHECK(share(row.p_high));
    CHECK_FALSE(row.p_low > row.p_high * (1.0 + 1e-9));
    // What is not defined is said.
    if (std::isnan(row.p_high)) CHECK_FALSE(bounds.warnings.empty());
  }
  CHECK_FALSE(bounds.critical_gamma < 1.0);
}

}  // namespace

TEST_CASE("sensitivity keeps its ranges whatever comes", "[causal][sensitivity]") {
  for (std::uint64_t draw = 0; draw < 300; ++draw) {
    Stream stream(StreamKey::root(71).child("fuzz"), draw);
    INFO("draw " << draw);
    const double t = odd_number(stream);
    const double dof = std::fmax(0.0, odd_number(stream)) * 50.0;
    const RobustnessSpec robust = {stream.uniform(0.1, 2.0), stream.bernoulli(0.5) ? 1.0 : 0.05};
    CHECK(share(partial_r2(t, dof)));
    CHECK(share(robustness_value(t, dof, robust)));
    CHECK(share(extreme_robustness_value(t, dof, robust)));
    const OvbEstimate fit = {odd_number(stream), odd_number(stream), dof};
    const ConfounderStrength strength = {0.999 * stream.uniform(), stream.uniform()};
    const AdjustedEstimate row = adjust_for_confounder(fit, strength);
    if (std::isnan(row.estimate)) CHECK_FALSE(row.warnings.empty());
    CHECK_FALSE(row.bias < 0.0);
    CHECK_FALSE(row.conf_low > row.conf_high);
    if (!std::isnan(row.estimate)) {
      for (const ConfounderStrength& at : ovb_contour(fit, odd_number(stream), {.points = 9})) {
        CHECK(share(at.r2_yz));
      }
    }
    const double ratio = odd_number(stream);
    CHECK_FALSE(e_value(ratio) < 1.0);
    const EValue of_d = e_value_of_difference(stream.normal(), std::abs(stream.normal()));
    CHECK(of_d.limit <= of_d.point);
    const auto count = [&] { return static_cast<std::int64_t>(stream.below(50)); };
    const EValue rd = e_value_of_risk_difference({count(), count(), count(), count()});
    CHECK_FALSE(rd.limit > rd.point * (1.0 + 1e-9));

    const std::size_t n = stream.below(40);
    std::vector<double> y, weights, e;
    std::vector<std::int32_t> arm, set;
    std::vector<bool> has_treated(12, false);
    for (std::size_t i = 0; i < n; ++i) {
      y.push_back(odd_number(stream));
      weights.push_back(stream.below(4) == 0 ? 0.0 : stream.exponential(1.0));
      e.push_back(stream.below(20) == 0 ? 1.0 : stream.uniform());
      set.push_back(static_cast<std::int32_t>(stream.below(12)));
      const auto of = static_cast<std::size_t>(set.back());
      arm.push_back(has_treated[of] ? 0 : static_cast<std::int32_t>(stream.below(3)));
      if (arm.back() == 1) has_treated[of] = true;
    }
    RosenbaumSpec spec;
    spec.gammas = {1.0, 1.0 + stream.exponential(1.0)};
    spec.alternative = static_cast<Alternative>(stream.below(3));
    spec.p_value = static_cast<PValue>(stream.below(3));
    check(signed_rank_bounds(y, spec, static_cast<ZeroDifferences>(stream.below(2))));
    check(sum_bounds(y, arm, spec, static_cast<SumScores>(stream.below(2))));
    check(matched_set_bounds(y, arm, set, spec, {.kind = static_cast<SetScores>(stream.below(2))}));
    const auto pairs = static_cast<std::int64_t>(stream.below(2'000'000));
    check(mcnemar_bounds(
        static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(pairs) + 1)), pairs,
        spec));
    const auto treated = static_cast<std::int64_t>(stream.below(5000));
    const auto others = static_cast<std::int64_t>(stream.below(5000));
    const auto hit =
        static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(treated) + 1));
    const auto missed =
        static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(others) + 1));
    check(fisher_bounds({treated + others, treated, hit + missed, hit}, spec));
    for (const HodgesLehmannBound& bound : hodges_lehmann_bounds(y, spec).curve) {
      CHECK_FALSE(bound.estimate_low > bound.estimate_high);
      CHECK_FALSE(bound.conf_low > bound.estimate_low);
    }
    const EffectBounds manski = manski_bounds({y, arm, weights});
    CHECK_FALSE(manski.low > manski.high + 1e-9 * std::abs(manski.high));
    const EffectBounds lee = lee_bounds({y, arm, weights}, set).bounds;
    CHECK_FALSE(lee.low > lee.high + 1e-9 * (std::abs(lee.low) + std::abs(lee.high)));
    if (std::isnan(lee.low)) CHECK_FALSE(lee.warnings.empty());
    BalanceData data;
    data.covariates = {{"y", y}, {"e", e}};
    data.arm = arm;
    data.weights = weights;
    for (const BalanceRow& covariate : balance(data).rows) {
      for (const BalanceFigures& f : {covariate.before, covariate.after}) {
        CHECK_FALSE(f.ks > 1.0 + 1e-12);
        CHECK_FALSE(f.ecdf_mean > f.ks + 1e-12);
        CHECK(share(f.overlap));
        CHECK_FALSE(f.variance_ratio < 0.0);
      }
    }
    CHECK(share(overlap({e, arm, weights}).treated.share_outside));
    std::vector<double> u, v;
    for (std::size_t i = 0; i < n; ++i) {
      u.push_back(stream.normal());
      v.push_back(stream.exponential(1.0) - 1.0);
    }
    const std::vector<DmlElements> elements = {plr_elements(u, v)};
    const DmlSensitivity learned =
        dml_sensitivity(elements, {.cf_y = stream.uniform(), .cf_d = 0.99 * stream.uniform()});
    CHECK(share(learned.robustness_value));
    CHECK(share(learned.robustness_value_alpha));
    CHECK_FALSE(learned.conf_low > learned.theta_low);
  }
}
