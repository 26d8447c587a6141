#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/anova.h"
#include "engine/stats/contingency.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/noncentrality_limits.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const peers::NamedReference& effects() {
  static const peers::NamedReference kEffects("effects");
  return kEffects;
}

std::vector<std::int64_t> counts(const std::string& name) {
  const Numbers values = data(name);
  return {values.begin(), values.end()};
}

void agree_limits(const Estimate& row, const std::string& test) {
  effects().check(row.conf_low, test, "low", 1e-9);
  effects().check(row.conf_high, test, "high", 1e-9);
}

}  // namespace

TEST_CASE("robust descriptives agree with their definitions and MASS", "[hypothesis]") {
  for (const char* name : {"a", "b", "s", "l1", "t1", "w"}) {
    const Numbers values = data(name);
    const std::string test = std::string("robust_") + name;
    effects().check(sample_qn(values).value, test, "qn");
    effects().check(biweight_midvariance(values).value, test, "biweight");
    effects().check(biweight_midvariance(values, 6.0).value, test, "biweight_6");
    effects().check(huber_location(values).value, test, "huber");
    effects().check(huber_location(values, 2.0).value, test, "huber_2");
    CHECK(sample_qn(reversed(values)).value == sample_qn(values).value);
    CHECK(huber_location(reversed(values)).value == huber_location(values).value);
    CHECK(biweight_midvariance(reversed(values)).value == biweight_midvariance(values).value);
  }
  for (std::size_t n = 2; n <= 9; ++n) {
    effects().check(sample_qn(first("a", n)).value, "qn_small", std::to_string(n));
  }
}

TEST_CASE("robust descriptives: by hand, units, and what breaks others", "[hypothesis]") {
  // 0, 1, 3, 7: h = 3, the third smallest of 1, 2, 3, 4, 6, 7 is 3.
  const double unit = 1.0 / (std::sqrt(2.0) * normal_quantile(0.625));
  CHECK(sample_qn(Numbers{7, 0, 3, 1}).value == Approx(0.512 * unit * 3.0).epsilon(1e-14));
  Numbers values = data("l1");
  const double qn = sample_qn(values).value, biweight = biweight_midvariance(values).value;
  const double location = huber_location(values).value;
  Numbers scaled = values;
  for (double& value : scaled) value = 8.0 * value;
  CHECK(sample_qn(scaled).value == 8.0 * qn);
  CHECK(biweight_midvariance(scaled).value == Approx(64.0 * biweight).epsilon(1e-13));
  CHECK(huber_location(scaled).value == Approx(8.0 * location).epsilon(1e-13));
  // Three wild values of 80.
  values[3] = 1e6;
  values[40] = 1e7;
  values[70] = -1e9;
  CHECK(sample_qn(values).value == Approx(qn).epsilon(0.15));
  CHECK(biweight_midvariance(values).value == Approx(biweight).epsilon(0.2));
  CHECK(std::abs(huber_location(values).value - location) < 0.1);
  values[40] = kInfinity;
  CHECK(std::isfinite(huber_location(values).value));
  CHECK(std::isfinite(biweight_midvariance(values).value));
  CHECK(std::isnan(sample_qn(values).value));
}

TEST_CASE("robust descriptives: normal samples", "[hypothesis]") {
  Stream stream(StreamKey::root(41));
  Numbers values;
  for (int i = 0; i < 100000; ++i) values.push_back(3.0 + 2.0 * stream.normal());
  CHECK(sample_qn(values).value == Approx(2.0).epsilon(0.02));
  CHECK(biweight_midvariance(values).value == Approx(4.0).epsilon(0.03));
  CHECK(huber_location(values).value == Approx(3.0).epsilon(0.01));
}

TEST_CASE("robust descriptives: samples that are too small or do not vary", "[hypothesis]") {
  const Numbers none, one = {4.0}, flat = {2, 2, 2, 2, 9}, holed = {1, kNaN, 3, 5};
  CHECK(std::isnan(sample_qn(none).value));
  CHECK(warned(sample_qn(none), "there is no value"));
  CHECK(std::isnan(sample_qn(one).value));
  CHECK(sample_qn(flat).value == 0.0);
  CHECK(std::isnan(biweight_midvariance(flat).value));
  CHECK(warned(biweight_midvariance(flat), "MAD"));
  CHECK(huber_location(flat).value == 2.0);
  CHECK(warned(huber_location(flat), "median"));
  CHECK(huber_location(holed).value == Approx(3.0));
  CHECK(huber_location(holed).missing == 1);
  CHECK_THROWS_AS(huber_location(flat, 0.0), ArgumentError);
  CHECK_THROWS_AS(biweight_midvariance(flat, kNaN), ArgumentError);
}

TEST_CASE("limits of the noncentrality", "[hypothesis]") {
  // The mixtures of the reference at the limits found.
  for (const std::string x : {"3", "40", "350"}) {
    for (const std::string lambda : {"0.5", "10", "300"}) {
      const std::string field = x + "/" + lambda;
      const double shift = std::stod(lambda);
      const double chi2 = effects().number("nc_chi2", field), f = effects().number("nc_f", field);
      // Where lambda makes x this quantile, it is a limit of the interval that ends there.
      if (chi2 > 0.001 && chi2 < 0.49) {
        const auto limits = noncentral_chi2_limits(std::stod(x), 3.0, 1.0 - 2.0 * chi2);
        CHECK(limits.high == Approx(shift).epsilon(1e-10));
      }
      if (f > 0.51 && f < 0.999) {
        const auto limits = noncentral_f_limits(std::stod(x), 3.0, 20.0, 2.0 * f - 1.0);
        CHECK(limits.low == Approx(shift).epsilon(1e-10));
      }
    }
  }
  CHECK(noncentral_chi2_limits(0.01, 3.0, 0.95).high == 0.0);
  CHECK(std::isnan(noncentral_chi2_limits(kNaN, 3.0, 0.95).low));
  CHECK(std::isnan(noncentral_f_limits(kInfinity, 3.0, 5.0, 0.95).high));
  CHECK(std::isnan(noncentral_f_limits(2.0, 3.0, 0.0, 0.95).low));
}

TEST_CASE("limits of V, w, phi and the share of variance", "[hypothesis]") {
  const auto m22 = counts("m22"), m34 = counts("m34"), o = counts("o");
  agree_limits(chi_square_test({m34, 3, 4}), "v_34");
  agree_limits(cramers_v({m34, 3, 4}), "v_34");
  // Yates' correction moves the test, not the effect.
  agree_limits(chi_square_test({m22, 2, 2}), "v_22");
  const Numbers odds = {3, 4, 2, 5, 6};
  agree_limits(goodness_of_fit_test(o, odds), "gof");
  const std::vector<std::int64_t> even = {10, 11, 12, 10, 12, 13};
  const Estimate flat = chi_square_test({even, 2, 3});
  agree_limits(flat, "v_null");
  CHECK(warned(flat, "both limits of the effect are 0"));
  const Estimate phi = phi_coefficient({m22, 2, 2});
  effects().check(phi.estimate, "phi", "estimate");
  effects().check(phi.p_value, "phi", "p");
  agree_limits(phi, "phi");
  const std::vector<std::int64_t> turned = {m22[1], m22[0], m22[3], m22[2]};
  CHECK(phi_coefficient({turned, 2, 2}).estimate == -phi.estimate);
  CHECK(phi_coefficient({turned, 2, 2}).conf_low == -phi.conf_high);
  CHECK_THROWS_AS(phi_coefficient({m34, 3, 4}), ArgumentError);
  const std::vector<std::int64_t> diagonal = {30, 0, 0, 30};
  CHECK(phi_coefficient({diagonal, 2, 2}).conf_high == 1.0);
  CHECK(chi_square_test({diagonal, 2, 2}).conf_high == 1.0);

  const Codes group = codes("g");
  Numbers values = data("s");
  const AnovaTest weak = one_way_anova(values, group);
  agree_limits(weak.row, "eta");
  effects().check(weak.epsilon_squared, "eta", "epsilon");
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += 3.0 * group[i];
  const AnovaTest strong = one_way_anova(values, group);
  agree_limits(strong.row, "eta_strong");
  effects().check(strong.epsilon_squared, "eta_strong", "epsilon");
  const AnovaTest narrow = one_way_anova(values, group, "group", 0.5);
  CHECK(narrow.row.conf_low > strong.row.conf_low);
  CHECK(narrow.row.conf_high < strong.row.conf_high);
  CHECK_THROWS_AS(one_way_anova(values, group, "group", 1.0), ArgumentError);
}

TEST_CASE("limits of the share of variance cover it", "[hypothesis]") {
  // Fixed group means -0.5, 0, 0.5 with sd 1: lambda / (lambda + n) = (1/6) / (1 + 1/6).
  constexpr double kShare = (1.0 / 6.0) / (7.0 / 6.0);
  constexpr int kDraws = 500;
  int covered = 0, covered_v = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    Stream stream(StreamKey::root(42), static_cast<std::uint64_t>(draw));
    Numbers values;
    Codes group;
    for (std::int32_t i = 0; i < 90; ++i) {
      group.push_back(i % 3);
      values.push_back(0.5 * (i % 3 - 1) + stream.normal());
    }
    const Estimate row = one_way_anova(values, group).row;
    covered += row.conf_low <= kShare && kShare <= row.conf_high ? 1 : 0;
    // A 2 x 2 table with correlation 0.3.
    std::vector<std::int64_t> table(4, 0);
    for (int i = 0; i < 200; ++i) {
      const bool a = stream.uniform() < 0.5, b = stream.uniform() < (a ? 0.65 : 0.35);
      ++table[(a ? 0U : 2U) + (b ? 0U : 1U)];
    }
    const Estimate phi = phi_coefficient({table, 2, 2});
    covered_v += phi.conf_low <= 0.3 && 0.3 <= phi.conf_high ? 1 : 0;
  }
  CHECK(covered / double{kDraws} > 0.92);
  CHECK(covered / double{kDraws} < 0.98);
  CHECK(covered_v / double{kDraws} > 0.92);
  CHECK(covered_v / double{kDraws} < 0.98);
}
