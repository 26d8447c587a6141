#include "engine/causal/average_effect.h"

#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/causal/real_table.h"

using namespace impact;
using namespace impact::causal_tests;

namespace {

struct Study {
  std::vector<double> y, x_outcome, x_treatment;
  std::vector<std::int32_t> treated;
  std::vector<std::string> names = {};
  std::size_t outcome_columns = 0;
  std::size_t treatment_columns = 0;

  [[nodiscard]] AverageEffectData data() const {
    return {.y = y,
            .treated = treated,
            .x_outcome = x_outcome,
            .outcome_columns = outcome_columns,
            .x_treatment = x_treatment,
            .treatment_columns = treatment_columns};
  }
};

std::vector<std::int32_t> codes(const std::vector<double>& numbers) {
  return {numbers.begin(), numbers.end()};
}

// Cattaneo (2010), the columns of the published teffects runs.
Study smoking_mothers() {
  const RealTable t = read_table("cattaneo/cataneo2.csv");
  Study s;
  if (t.rows == 0) return s;
  s.y = t.numbers("bweight");
  s.treated = codes(t.numbers("mbsmoke_"));
  const auto mage = t.numbers("mage");
  s.x_outcome =
      with_ones({t.numbers("prenatal1_"), t.numbers("mmarried_"), mage, t.numbers("fbaby_")});
  s.outcome_columns = 5;
  s.x_treatment = with_ones(
      {t.numbers("mmarried_"), mage, t.numbers("mage2"), t.numbers("fbaby_"), t.numbers("medu")});
  s.treatment_columns = 6;
  return s;
}

// 614 rows of LaLonde's men.
Study lalonde() {
  const RealTable t = read_table("lalonde/matchit_lalonde_614.csv");
  Study s;
  if (t.rows == 0) return s;
  s.y = t.numbers("re78");
  s.treated = codes(t.numbers("treat"));
  s.x_treatment = with_ones({t.numbers("age"), t.numbers("educ"), t.indicator("race", "black"),
                             t.indicator("race", "hispan"), t.numbers("married"),
                             t.numbers("nodegree"), t.numbers("re74"), t.numbers("re75")});
  s.x_outcome = s.x_treatment;
  s.outcome_columns = s.treatment_columns = 9;
  return s;
}

double error_of(const EffectFit& fit, std::size_t k = 0) { return to_estimates(fit)[k].std_error; }

// Invented rows with confounding; effect 2 + x.
Study invented(std::size_t n) {
  Study s;
  Stream stream(StreamKey::root(7).child("average effect"));
  std::vector<double> a(n), b(n);
  for (std::size_t i = 0; i < n; ++i) {
    a[i] = stream.normal();
    b[i] = stream.normal();
    const double p = 1.0 / (1.0 + std::exp(-0.6 * a[i] + 0.4 * b[i]));
    s.treated.push_back(stream.bernoulli(p) ? 1 : 0);
    s.y.push_back(1.0 + a[i] + 0.5 * b[i] + s.treated.back() * (2.0 + a[i]) + stream.normal());
  }
  s.x_treatment = with_ones({a, b});
  s.x_outcome = s.x_treatment;
  s.outcome_columns = s.treatment_columns = 3;
  return s;
}

}  // namespace

TEST_CASE("average effect: Stata's teffects on smoking mothers", "[causal][average_effect]") {
  const Study s = smoking_mothers();
  if (s.y.empty()) return;
  // Stata 14, as stored by statsmodels 0.14 (treatment/tests/results/results_teffects.py).
  struct Case {
    EffectMethod method;
    EffectTarget target;
    double effect, error, control;
  };
  const double none = 0.0;
  const Case cases[] = {
      {EffectMethod::kRegression, EffectTarget::kAll, -239.63921146434, 23.82402100183,
       3403.2422719355},
      {EffectMethod::kRegression, EffectTarget::kTreated, -223.30165083857, 22.742195167601, none},
      {EffectMethod::kWeighting, EffectTarget::kAll, -230.68863779526, 25.81524380226,
       3403.4627086846},
      {EffectMethod::kWeighting, EffectTarget::kTreated, -225.17726054799, 23.664582726945, none},
      {EffectMethod::kAugmented, EffectTarget::kAll, -230.98920111258, 26.210564625435,
       3403.3552531738},
      {EffectMethod::kWeightedRegression, EffectTarget::kAll, -229.96707793513, 26.626675723594,
       3403.3356393074},
      {EffectMethod::kWeightedRegression, EffectTarget::kTreated, -223.54526198669, 23.79401566757,
       none},
  };
  for (const Case& c : cases) {
    INFO(effect_method_name(c.method) << " " << effect_target_name(c.target));
    AverageEffectSpec spec;
    spec.method = c.method;
    spec.target = c.target;
    spec.weighting = Weighting::kProbit;
    const AverageEffectFit fit = average_effect(s.data(), spec);
    CHECK(fit.effects[0].estimate == Approx(c.effect).epsilon(1e-9));
    CHECK(error_of(fit) == Approx(c.error).epsilon(1e-7));
    if (c.control != none) CHECK(fit.effects[2].estimate == Approx(c.control).epsilon(1e-9));
    CHECK(fit.broken.empty());
  }
  AverageEffectSpec spec;
  spec.weighting = Weighting::kProbit;
  spec.least_variance = true;
  const AverageEffectFit wnls = average_effect(s.data(), spec);
  CHECK(wnls.effects[0].estimate == Approx(-227.19561818675).epsilon(1e-9));
  CHECK(error_of(wnls) == Approx(27.347935624441).epsilon(1e-7));
  spec.least_variance = false;
  spec.stacked = false;
  CHECK(error_of(average_effect(s.data(), spec)) == Approx(25.38303027311).epsilon(1e-9));
  spec.method = EffectMethod::kWeighting;
  spec.normalise = false;
  CHECK(average_effect(s.data(), spec).effects[0].estimate ==
        Approx(-313.05092917211).epsilon(1e-9));
  spec.normalise = true;
  const AverageEffectFit ipw = average_effect(s.data(), spec);
  CHECK(ipw.effective_treated == Approx(622.60449396).epsilon(1e-9));
  CHECK(ipw.effective_controls == Approx(3640.66002601).epsilon(1e-9));
  spec.target = EffectTarget::kOverlap;
  CHECK(average_effect(s.data(), spec).effects[0].estimate ==
        Approx(-224.94341828177).epsilon(1e-9));
}

TEST_CASE("average effect: WeightIt's and other numbers on LaLonde's men",
          "[causal][average_effect]") {
  const Study s = lalonde();
  if (s.y.empty()) return;
  AverageEffectSpec spec;
  spec.method = EffectMethod::kWeighting;
  spec.target = EffectTarget::kTreated;
  const AverageEffectFit att = average_effect(s.data(), spec);
  CHECK(att.effects[0].estimate == Approx(1214.0712232929).epsilon(1e-9));
  CHECK(error_of(att) == Approx(798.1546278316).epsilon(1e-9));
  CHECK(att.effects[2].estimate == Approx(5135.07230698).epsilon(1e-9));
  CHECK(error_of(att, 2) == Approx(583.7628896487).epsilon(1e-9));
  CHECK(att.effective_controls == Approx(99.8153859158).epsilon(1e-9));
  spec.stacked = false;
  CHECK(error_of(average_effect(s.data(), spec)) == Approx(824.0517121186).epsilon(1e-9));
  spec.stacked = true;

  // Entropy balancing: weighting, augmented and weighted regression agree (Sloczynski, Uysal &
  // Wooldridge).
  spec.weighting = Weighting::kEntropy;
  const AverageEffectFit balanced = average_effect(s.data(), spec);
  CHECK(balanced.effects[0].estimate == Approx(1273.2618139119).epsilon(1e-9));
  CHECK(balanced.effective_controls == Approx(98.4578344244).epsilon(1e-8));
  double total = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < s.y.size(); ++i) {
    if (s.treated[i] == 1) continue;
    total += balanced.weight[i];
    largest = std::max(largest, balanced.weight[i]);
  }
  CHECK(total == Approx(185.0).epsilon(1e-9));
  CHECK(largest == Approx(4.06243015).epsilon(1e-8));
  for (const EffectMethod method : {EffectMethod::kAugmented, EffectMethod::kWeightedRegression}) {
    spec.method = method;
    const AverageEffectFit same = average_effect(s.data(), spec);
    CHECK(same.effects[0].estimate == Approx(balanced.effects[0].estimate).epsilon(1e-10));
    CHECK(error_of(same) == Approx(error_of(balanced)).epsilon(1e-7));
  }

  spec = {};
  spec.target = EffectTarget::kTreated;
  spec.method = EffectMethod::kRegression;
  CHECK(average_effect(s.data(), spec).effects[0].estimate ==
        Approx(1647.5832524402).epsilon(1e-9));
  spec.method = EffectMethod::kAugmented;
  CHECK(average_effect(s.data(), spec).effects[0].estimate ==
        Approx(1226.5437405543).epsilon(1e-9));
  spec.normalise = true;
  CHECK(average_effect(s.data(), spec).effects[0].estimate ==
        Approx(1231.0443129189).epsilon(1e-9));
  spec.method = EffectMethod::kWeightedRegression;
  CHECK(average_effect(s.data(), spec).effects[0].estimate ==
        Approx(1270.1249350704).epsilon(1e-9));
  spec.target = EffectTarget::kAll;
  spec.method = EffectMethod::kWeighting;
  CHECK(average_effect(s.data(), spec).effects[0].estimate == Approx(224.6763091039).epsilon(1e-9));
  spec.normalise = false;
  CHECK(average_effect(s.data(), spec).effects[0].estimate ==
        Approx(-449.7868753836).epsilon(1e-9));
  spec.method = EffectMethod::kRegression;
  CHECK(average_effect(s.data(), spec).effects[0].estimate ==
        Approx(1074.9085413955).epsilon(1e-9));
  spec.method = EffectMethod::kAugmented;
  const AverageEffectFit aipw = average_effect(s.data(), spec);
  CHECK(aipw.effects[0].estimate == Approx(469.6399735863).epsilon(1e-9));
  spec.stacked = false;
  CHECK(error_of(average_effect(s.data(), spec)) == Approx(925.4005746517).epsilon(1e-9));
  spec = {};
  spec.method = EffectMethod::kWeighting;
  spec.target = EffectTarget::kOverlap;
  const AverageEffectFit overlap = average_effect(s.data(), spec);
  CHECK(overlap.effects[0].estimate == Approx(1242.2006359399).epsilon(1e-9));
  for (std::size_t k = 1; k < 9; ++k) {
    double sums[2] = {};
    double sizes[2] = {};
    for (std::size_t i = 0; i < s.y.size(); ++i) {
      sums[s.treated[i]] += overlap.weight[i] * s.x_treatment[k * s.y.size() + i];
      sizes[s.treated[i]] += overlap.weight[i];
    }
    CHECK(sums[1] / sizes[1] == Approx(sums[0] / sizes[0]).epsilon(1e-9));
  }
}

TEST_CASE("average effect: influence is what removing a row does", "[causal][average_effect]") {
  const Study s = invented(400);
  const double tiny = 1e-5;
  for (const EffectMethod method : {EffectMethod::kRegression, EffectMethod::kWeighting,
                                    EffectMethod::kAugmented, EffectMethod::kWeightedRegression}) {
    for (const EffectTarget target : {EffectTarget::kAll, EffectTarget::kTreated,
                                      EffectTarget::kControls, EffectTarget::kOverlap}) {
      for (const Weighting weighting :
           {Weighting::kLogistic, Weighting::kProbit, Weighting::kBalancing, Weighting::kTilting,
            Weighting::kEntropy}) {
        if (target == EffectTarget::kOverlap && weighting >= Weighting::kTilting) continue;
        if (method == EffectMethod::kRegression && weighting != Weighting::kLogistic) continue;
        INFO(effect_method_name(method)
             << " " << effect_target_name(target) << " " << weighting_name(weighting));
        AverageEffectSpec spec;
        spec.method = method;
        spec.target = target;
        spec.weighting = weighting;
        std::vector<double> weights(s.y.size(), 1.0);
        AverageEffectData data = s.data();
        data.weights = weights;
        const AverageEffectFit fit = average_effect(data, spec);
        REQUIRE(fit.broken.empty());
        double sum = 0.0;
        for (const double psi : fit.effects[0].influence) sum += psi;
        CHECK(sum == Approx(0.0).margin(1e-6));
        for (const std::size_t i : {std::size_t{3}, std::size_t{77}, std::size_t{301}}) {
          weights[i] = 1.0 + tiny;
          const double up = average_effect(data, spec).effects[0].estimate;
          weights[i] = 1.0 - tiny;
          const double down = average_effect(data, spec).effects[0].estimate;
          weights[i] = 1.0;
          // d theta / d w_i = psi_i / n.
          CHECK(fit.effects[0].influence[i] ==
                Approx((up - down) / (2.0 * tiny) * 400.0).epsilon(2e-4).margin(2e-4));
        }
      }
    }
  }
}

TEST_CASE("average effect: invariances", "[causal][average_effect]") {
  const Study s = invented(500);
  for (const EffectMethod method :
       {EffectMethod::kRegression, EffectMethod::kWeighting, EffectMethod::kAugmented,
        EffectMethod::kWeightedRegression, EffectMethod::kTargeted}) {
    INFO(effect_method_name(method));
    AverageEffectSpec spec;
    spec.method = method;
    const AverageEffectFit fit = average_effect(s.data(), spec);
    // y -> 3 + 2y.
    Study moved = s;
    for (double& y : moved.y) y = 3.0 + 2.0 * y;
    const AverageEffectFit scaled = average_effect(moved.data(), spec);
    CHECK(scaled.effects[0].estimate == Approx(2.0 * fit.effects[0].estimate).epsilon(1e-9));
    CHECK(error_of(scaled) == Approx(2.0 * error_of(fit)).epsilon(1e-8));
    // Every row twice with half the weight.
    Study twice;
    for (int copy = 0; copy < 2; ++copy) {
      twice.y.insert(twice.y.end(), s.y.begin(), s.y.end());
      twice.treated.insert(twice.treated.end(), s.treated.begin(), s.treated.end());
    }
    for (std::size_t k = 0; k < 3; ++k) {
      for (int copy = 0; copy < 2; ++copy) {
        twice.x_treatment.insert(twice.x_treatment.end(), s.x_treatment.begin() + 500 * k,
                                 s.x_treatment.begin() + 500 * (k + 1));
      }
    }
    twice.x_outcome = twice.x_treatment;
    twice.outcome_columns = twice.treatment_columns = 3;
    const std::vector<double> half(1000, 0.5);
    AverageEffectData data = twice.data();
    data.weights = half;
    const AverageEffectFit same = average_effect(data, spec);
    CHECK(same.effects[0].estimate == Approx(fit.effects[0].estimate).epsilon(1e-9));
    std::vector<std::int32_t> pairs(1000);
    for (std::size_t i = 0; i < 1000; ++i) pairs[i] = static_cast<std::int32_t>(i % 500);
    const auto by_pair = to_estimates(
        same, {.error = EffectError::kCluster, .clusters = pairs, .small_sample = false});
    CHECK(by_pair[0].std_error == Approx(error_of(fit)).epsilon(1e-9));
    // Clusters of one row are rows.
    std::vector<std::int32_t> own(500);
    for (std::size_t i = 0; i < 500; ++i) own[i] = static_cast<std::int32_t>(i);
    const auto single =
        to_estimates(fit, {.error = EffectError::kCluster, .clusters = own, .small_sample = false});
    CHECK(single[0].std_error == Approx(error_of(fit)).epsilon(1e-12));
    // Treated and controls swapped.
    Study swapped = s;
    for (std::int32_t& t : swapped.treated) t = 1 - t;
    CHECK(average_effect(swapped.data(), spec).effects[0].estimate ==
          Approx(-fit.effects[0].estimate).epsilon(1e-8));
  }
}

TEST_CASE("average effect: known means and propensities need no model",
          "[causal][average_effect]") {
  const Study s = invented(600);
  std::vector<double> e(600), m1(600), m0(600);
  double sum = 0.0;
  for (std::size_t i = 0; i < 600; ++i) {
    const double a = s.x_treatment[600 + i];
    const double b = s.x_treatment[1200 + i];
    e[i] = 1.0 / (1.0 + std::exp(-0.6 * a + 0.4 * b));
    m0[i] = 1.0 + a + 0.5 * b;
    m1[i] = m0[i] + 2.0 + a;
    const double t = s.treated[i];
    sum += m1[i] - m0[i] + t / e[i] * (s.y[i] - m1[i]) - (1 - t) / (1 - e[i]) * (s.y[i] - m0[i]);
  }
  AverageEffectData data = s.data();
  data.propensity = e;
  data.mean_treated = m1;
  data.mean_control = m0;
  const AverageEffectFit fit = average_effect(data);
  CHECK(fit.effects[0].estimate == Approx(sum / 600.0).epsilon(1e-12));
  CHECK(fit.nuisances.empty());
}

TEST_CASE("average effect: trouble is said", "[causal][average_effect]") {
  Study s = invented(300);
  // A column that is the treatment: separation.
  for (std::size_t i = 0; i < 300; ++i) s.x_treatment[600 + i] = s.treated[i] * 2.0;
  AverageEffectSpec spec;
  spec.method = EffectMethod::kWeighting;
  CHECK(!average_effect(s.data(), spec).broken.empty());
  for (const Weighting w : {Weighting::kBalancing, Weighting::kTilting, Weighting::kEntropy}) {
    INFO(weighting_name(w));
    spec.weighting = w;
    const AverageEffectFit fit = average_effect(s.data(), spec);
    REQUIRE(!fit.broken.empty());
    CHECK(to_estimates(fit)[0].warnings[0] == fit.broken[0]);
  }
  const Study good = invented(300);
  AverageEffectData data = good.data();
  std::vector<double> e(300, 0.5);
  e[5] = good.treated[5] == 1 ? 0.0 : 1.0;
  data.propensity = e;
  spec = {};
  spec.method = EffectMethod::kWeighting;
  CHECK(!average_effect(data, spec).broken.empty());
  e[5] = 1.5;
  CHECK_THROWS_AS(average_effect(data, spec), ArgumentError);
  e[5] = 0.5;
  std::vector<std::int32_t> all(300, 1);
  data.treated = all;
  CHECK_THROWS_AS(average_effect(data, spec), ArgumentError);
  all[0] = 2;
  CHECK_THROWS_AS(average_effect(data, spec), ArgumentError);
  spec.target = EffectTarget::kOverlap;
  spec.weighting = Weighting::kEntropy;
  CHECK_THROWS_AS(average_effect(good.data(), spec), ArgumentError);
}

TEST_CASE("average effect: the same bits on any number of threads", "[causal][average_effect]") {
  const Study s = invented(20000);
  for (const Weighting weighting : {Weighting::kLogistic, Weighting::kTilting}) {
    AverageEffectSpec spec;
    spec.weighting = weighting;
    Context one;
    one.threads = 1;
    const AverageEffectFit first = average_effect(s.data(), spec, one);
    for (const int threads : {2, 3, 8}) {
      Context many;
      many.threads = threads;
      const AverageEffectFit fit = average_effect(s.data(), spec, many);
      CHECK(fit.effects[0].estimate == first.effects[0].estimate);
      CHECK(fit.effects[0].influence == first.effects[0].influence);
    }
  }
}
