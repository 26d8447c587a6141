#include "engine/causal/sensitivity/dml_sensitivity.h"

#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/causal/sensitivity/sensitivity_fixture.h"

using namespace impact;
using namespace impact::sensitivity_fixture;

namespace {

using Column = std::vector<double>;

const nlohmann::json& peer() {
  static const nlohmann::json kPeer = reference("dml_sensitivity");
  return kPeer;
}

Column column(const char* name) { return peer()["data"][name].get<Column>(); }

Column predicted(const char* name, std::size_t repetition = 0) {
  return peer()["predictions"][name][repetition].get<Column>();
}

Column minus(Column a, const Column& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

std::vector<DmlElements> plr(std::size_t repetitions) {
  std::vector<DmlElements> all;
  for (std::size_t r = 0; r < repetitions; ++r) {
    all.push_back(
        plr_elements(minus(column("y"), predicted("l", r)), minus(column("d"), predicted("m", r))));
  }
  return all;
}

DmlElements irm(DmlTarget target) {
  const Column y = column("yb"), d = column("binary"), g0 = predicted("g0"), g1 = predicted("g1"),
               e = predicted("e");
  return irm_elements({y, d, g0, g1, e}, target);
}

DmlSensitivitySpec like_peer(std::size_t row) {
  DmlSensitivitySpec spec;
  spec.errors = DmlErrors::kDoubleMl;
  if (row % 2 == 1) {
    spec.cf_y = 0.1;
    spec.cf_d = 0.2;
    spec.rho = -0.6;
    spec.conf_level = 0.9;
    spec.null_value = 0.7;
  }
  return spec;
}

void agrees(const std::vector<DmlElements>& elements, const nlohmann::json& theirs, std::size_t row,
            bool errors_too = true) {
  for (std::size_t r = 0; r < elements.size(); ++r) {
    near(elements[r].theta, theirs["theta"][r], 1e-11);
    near(elements[r].sigma2, theirs["sigma2"][r], 1e-11);
    near(elements[r].nu2, theirs["nu2"][r], 1e-11);
  }
  const DmlSensitivity ours = dml_sensitivity(elements, like_peer(row));
  near(ours.theta_low, theirs["theta_low"], 1e-10);
  near(ours.theta_high, theirs["theta_high"], 1e-10);
  // The peer minimises a square: five digits.
  CHECK(ours.robustness_value == Approx(theirs["rv"].get<double>()).margin(2e-5));
  if (!errors_too) return;
  near(ours.se_low, theirs["se_low"], 1e-9);
  near(ours.se_high, theirs["se_high"], 1e-9);
  near(ours.conf_low, theirs["conf_low"], 1e-9);
  near(ours.conf_high, theirs["conf_high"], 1e-9);
  CHECK(ours.robustness_value_alpha == Approx(theirs["rva"].get<double>()).margin(2e-5));
}

}  // namespace

TEST_CASE("sensitivity of the partially linear model agrees with DoubleML",
          "[causal][sensitivity]") {
  for (std::size_t row = 0; row < 2; ++row) {
    agrees(plr(1), peer()["plr"][row], row);
    agrees(plr(3), peer()["plr_repeated"][row], row);
    agrees(plr(4), peer()["plr_repeated"][row + 2], row);
  }
}

TEST_CASE("sensitivity of the interactive model agrees with DoubleML", "[causal][sensitivity]") {
  for (std::size_t row = 0; row < 2; ++row) {
    agrees({irm(DmlTarget::kAte)}, peer()["irm_ate"][row], row);
    // The peer's error of nu2 takes the share of the treated as known.
    agrees({irm(DmlTarget::kAtt)}, peer()["irm_atte"][row], row, false);
  }
}

TEST_CASE("gains of benchmark covariates agree with DoubleML", "[causal][sensitivity]") {
  const std::vector<DmlElements> shorter = {plr_elements(minus(column("y"), predicted("l_short")),
                                                         minus(column("d"), predicted("m_short")))};
  const DmlBenchmark ours = dml_benchmark(plr(1), shorter);
  const auto theirs = peer()["benchmark"];
  near(ours.cf_y, theirs["cf_y"], 1e-10);
  near(ours.cf_d, theirs["cf_d"], 1e-10);
  near(ours.rho, theirs["rho"], 1e-10);
  near(ours.theta_change, theirs["delta_theta"], 1e-10);
  CHECK(ours.warnings.empty());
  const DmlBenchmark backwards = dml_benchmark(shorter, plr(1));
  CHECK(backwards.cf_y == 0.0);
  CHECK(backwards.cf_d == 0.0);
  CHECK(says(backwards.warnings, "fits better"));
  CHECK_THROWS_AS(dml_benchmark(plr(2), shorter), ArgumentError);
}

TEST_CASE("errors of the bounds are those of the jackknife", "[causal][sensitivity]") {
  // Skewed outcomes: theta and the bias are correlated, so that the sign of an influence shows.
  Stream stream(StreamKey::root(23).child("dml"));
  const std::size_t n = 600;
  Column u, v, y, d, g0, g1, e;
  for (std::size_t i = 0; i < n; ++i) {
    const double treatment = stream.exponential(1.0) - 1.0;
    v.push_back(treatment);
    u.push_back(0.4 * treatment + (1.0 + 0.6 * treatment) * (stream.exponential(1.0) - 1.0));
    e.push_back(stream.uniform(0.15, 0.7));
    d.push_back(stream.bernoulli(e.back()) ? 1.0 : 0.0);
    g0.push_back(stream.normal());
    g1.push_back(g0.back() + 0.5);
    y.push_back((d.back() == 1.0 ? g1 : g0).back() +
                (1.0 + 2.0 * d.back()) * (stream.exponential(1.0) - 1.0));
  }
  const auto without = [](Column values, std::size_t i) {
    values.erase(values.begin() + static_cast<std::ptrdiff_t>(i));
    return values;
  };
  for (int model = 0; model < 3; ++model) {
    const auto elements = [&](std::size_t left_out) -> DmlElements {
      if (left_out == n) {
        if (model == 0) return plr_elements(u, v);
        return irm_elements({y, d, g0, g1, e}, model == 1 ? DmlTarget::kAte : DmlTarget::kAtt);
      }
      if (model == 0) return plr_elements(without(u, left_out), without(v, left_out));
      const Column y2 = without(y, left_out), d2 = without(d, left_out), a2 = without(g0, left_out),
                   b2 = without(g1, left_out), e2 = without(e, left_out);
      return irm_elements({y2, d2, a2, b2, e2}, model == 1 ? DmlTarget::kAte : DmlTarget::kAtt);
    };
    DmlSensitivitySpec spec;
    spec.cf_y = 0.5;
    spec.cf_d = 0.5;
    const std::vector<DmlElements> whole = {elements(n)};
    const DmlSensitivity ours = dml_sensitivity(whole, spec);
    Column low, high;
    for (std::size_t i = 0; i < n; ++i) {
      const DmlElements part = elements(i);
      const double bias = ours.strength * std::sqrt(part.sigma2 * part.nu2);
      low.push_back(part.theta - bias);
      high.push_back(part.theta + bias);
    }
    const auto jackknife = [&](const Column& values) {
      double mean = 0.0, squares = 0.0;
      for (const double value : values) mean += value / static_cast<double>(n);
      for (const double value : values) squares += (value - mean) * (value - mean);
      return std::sqrt(squares * static_cast<double>(n - 1) / static_cast<double>(n));
    };
    INFO("model " << model);
    CHECK(ours.se_low == Approx(jackknife(low)).epsilon(0.02));
    CHECK(ours.se_high == Approx(jackknife(high)).epsilon(0.02));
    CHECK(std::abs(ours.se_low - ours.se_high) > 0.1 * ours.se_low);
    spec.errors = DmlErrors::kDoubleMl;
    const DmlSensitivity turned = dml_sensitivity(whole, spec);
    CHECK(turned.se_low == Approx(ours.se_high).epsilon(1e-12));
  }
}

TEST_CASE("robustness values of learned estimates do what they say", "[causal][sensitivity]") {
  Stream stream(StreamKey::root(29).child("dml_rv"));
  for (int draw = 0; draw < 40; ++draw) {
    const std::size_t n = 50 + stream.below(200);
    const std::size_t repetitions = 1 + stream.below(4);
    Column u(n), v(n);
    std::vector<DmlElements> elements;
    const double slope = stream.normal(0.0, 0.6);
    for (std::size_t r = 0; r < repetitions; ++r) {
      for (std::size_t i = 0; i < n; ++i) {
        if (r == 0) v[i] = stream.exponential(1.0) - 1.0;
        u[i] = slope * v[i] + (stream.exponential(1.0) - 1.0);
      }
      elements.push_back(plr_elements(u, v));
    }
    DmlSensitivitySpec spec;
    spec.rho = stream.uniform(0.3, 1.0);
    spec.null_value = stream.normal(0.0, 0.2);
    const DmlSensitivity first = dml_sensitivity(elements, spec);
    INFO("draw " << draw << " rv " << first.robustness_value);
    spec.cf_y = spec.cf_d = first.robustness_value;
    const DmlSensitivity there = dml_sensitivity(elements, spec);
    const bool above = first.theta > spec.null_value;
    CHECK((above ? there.theta_low : there.theta_high) == Approx(spec.null_value).margin(1e-9));
    CHECK(first.robustness_value_alpha <= first.robustness_value + 1e-12);
    if (first.robustness_value_alpha > 0.0) {
      spec.cf_y = spec.cf_d = first.robustness_value_alpha;
      const DmlSensitivity edge = dml_sensitivity(elements, spec);
      CHECK((above ? edge.conf_low : edge.conf_high) == Approx(spec.null_value).margin(1e-9));
    }
  }
}

TEST_CASE("clusters, grids and equivariance of learned estimates", "[causal][sensitivity]") {
  const std::vector<DmlElements> one = plr(1);
  const std::size_t n = one[0].psi_theta.size();
  std::vector<std::int32_t> each(n), pairs(n);
  for (std::size_t i = 0; i < n; ++i) {
    each[i] = static_cast<std::int32_t>(n - i);
    pairs[i] = static_cast<std::int32_t>(i / 2);
  }
  const DmlSensitivity plain = dml_sensitivity(one);
  // Clusters of one change nothing; doubled rows in clusters of two have the error of the single.
  CHECK(dml_sensitivity(one, {}, each).se_low == plain.se_low);
  std::vector<DmlElements> doubled = one;
  for (auto member : {&DmlElements::psi_theta, &DmlElements::psi_sigma2, &DmlElements::psi_nu2}) {
    Column twice;
    for (const double value : one[0].*member) twice.insert(twice.end(), {value, value});
    doubled[0].*member = twice;
  }
  std::vector<std::int32_t> of_two(2 * n);
  for (std::size_t i = 0; i < 2 * n; ++i) of_two[i] = static_cast<std::int32_t>(i / 2);
  CHECK(dml_sensitivity(doubled, {}, of_two).conf_high == Approx(plain.conf_high).epsilon(1e-13));
  CHECK_THROWS_AS(dml_sensitivity(one, {},
                                  pairs.size() > 0 ? std::vector<std::int32_t>{0, 1}
                                                   : std::vector<std::int32_t>{}),
                  ArgumentError);
  std::vector<std::int32_t> bad = each;
  bad[3] = -1;
  CHECK_THROWS_AS(dml_sensitivity(one, {}, bad), ArgumentError);
  const DmlGrid grid = dml_grid(one, 0.06, 0.06, 3, false);
  CHECK(grid.value[0] == Approx(plain.theta).epsilon(1e-14));
  CHECK(grid.value[4] == Approx(plain.theta_low).epsilon(1e-12));
  CHECK(dml_grid(one, 0.06, 0.06, 3, true).value[4] == Approx(plain.conf_low).epsilon(1e-12));
  // y -> 3 y: everything but the robustness values triples.
  Column u = minus(column("y"), predicted("l"));
  for (double& value : u) value *= 3.0;
  const std::vector<DmlElements> scaled = {plr_elements(u, minus(column("d"), predicted("m")))};
  const DmlSensitivity triple = dml_sensitivity(scaled);
  CHECK(triple.conf_low == Approx(3.0 * plain.conf_low).epsilon(1e-12));
  CHECK(triple.robustness_value_alpha == Approx(plain.robustness_value_alpha).epsilon(1e-10));
}

TEST_CASE("learned estimates: bad input", "[causal][sensitivity]") {
  CHECK(says(dml_sensitivity({}).warnings, "nothing to bound"));
  std::vector<DmlElements> broken = plr(1);
  broken[0].nu2 = -1.0;
  CHECK(says(dml_sensitivity(broken).warnings, "negative variance"));
  CHECK(std::isnan(dml_sensitivity(broken).robustness_value));
  broken = plr(1);
  broken[0].psi_nu2.pop_back();
  CHECK_THROWS_AS(dml_sensitivity(broken), ArgumentError);
  CHECK_THROWS_AS(dml_sensitivity(plr(1), {.cf_y = 1.1}), ArgumentError);
  CHECK_THROWS_AS(dml_sensitivity(plr(1), {.cf_d = 1.0}), ArgumentError);
  CHECK_THROWS_AS(dml_sensitivity(plr(1), {.rho = 2.0}), ArgumentError);
  CHECK(dml_sensitivity(plr(1), {.rho = 0.0}).theta_low == dml_sensitivity(plr(1)).theta);
  const Column zeros(4, 0.0), half(4, 0.5), arm = {0, 1, 0, 1};
  const std::vector<DmlElements> no_variation = {plr_elements(half, zeros)};
  CHECK_FALSE(dml_sensitivity(no_variation).warnings.empty());
  CHECK_THROWS_AS(irm_elements({half, half, half, half, half}), ArgumentError);
  CHECK_THROWS_AS(irm_elements({half, arm, half, half, zeros}), ArgumentError);
  CHECK_THROWS_AS(irm_elements({half, arm, half, half, Column(3, 0.5)}), ArgumentError);
  CHECK(std::isnan(plr_elements({}, {}).theta));
}
