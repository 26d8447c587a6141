#include "engine/stats/power.h"

#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/noncentral.h"
#include "engine/stats/t_test.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using impact::hypothesis::warned;

namespace {

struct Row {
  double effect, n, n2, alpha, power;
};

std::map<std::string, Row> reference() {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/power.txt");
  REQUIRE(file);
  std::map<std::string, Row> rows;
  for (std::string line; std::getline(file, line);) {
    if (line[0] == '#') continue;
    std::istringstream fields(line);
    std::string name, text;
    fields >> name;
    Row& row = rows[name];
    for (double* cell : {&row.effect, &row.n, &row.n2, &row.alpha, &row.power}) {
      fields >> text;
      *cell = text == "NA" ? NAN : std::stod(text);
    }
  }
  return rows;
}

using Test = std::function<PowerResult(const PowerSpec&)>;

PowerSpec spec_of(const Row& row, Alternative alternative) {
  PowerSpec spec;
  spec.effect = row.effect;
  spec.n = row.n;
  spec.alpha = row.alpha;
  spec.power = row.power;
  spec.alternative = alternative;
  return spec;
}

// The power to 1e-9, its three inverses to 1e-8 of R's, and to 1e-11 of our own power.
void agree(const std::string& name, const Test& test, Alternative alternative, double ratio = 1.0,
           double n2 = NAN) {
  static const std::map<std::string, Row> rows = reference();
  for (const char* solved : {"power", "n", "effect", "alpha"}) {
    const std::string what = solved;
    INFO(name << " " << what);
    REQUIRE(rows.count(name + "/" + what) == 1);
    const Row& row = rows.at(name + "/" + what);
    PowerSpec spec = spec_of(row, alternative);
    spec.ratio = ratio;
    spec.n2 = n2;
    double& absent = what == "power"    ? spec.power
                     : what == "n"      ? spec.n
                     : what == "effect" ? spec.effect
                                        : spec.alpha;
    absent = NAN;
    const PowerResult result = test(spec);
    CHECK(result.warnings.empty());
    CHECK(result.power == Approx(row.power).epsilon(1e-9));
    CHECK(result.n == Approx(row.n).epsilon(1e-8));
    CHECK(result.effect == Approx(row.effect).epsilon(1e-8));
    CHECK(result.alpha == Approx(row.alpha).epsilon(1e-8));
    CHECK(std::isnan(result.n2) == std::isnan(row.n2));
    if (!std::isnan(row.n2)) CHECK(result.n2 == Approx(row.n2).epsilon(1e-8));
    PowerSpec back = spec;
    back.effect = result.effect;
    back.n = result.n;
    back.alpha = result.alpha;
    back.power = NAN;
    CHECK(std::abs(test(back).power - result.power) < 1e-11);
  }
}

const std::pair<Alternative, const char*> kSides[] = {{Alternative::kTwoSided, "two.sided"},
                                                      {Alternative::kGreater, "greater"},
                                                      {Alternative::kLess, "less"}};

}  // namespace

TEST_CASE("power agrees with R and pwr", "[power]") {
  for (const auto& [side, word] : kSides) {
    const std::string s = word;
    const auto t = [](TTestDesign design) {
      return [design](const PowerSpec& spec) { return t_test_power(design, spec); };
    };
    agree("t_one.sample_" + s, t(TTestDesign::kOneSample), side);
    agree("t_paired_" + s, t(TTestDesign::kPaired), side);
    agree("t_two.sample_" + s, t(TTestDesign::kTwoSamples), side);
    agree("t_unequal_" + s, t(TTestDesign::kTwoSamples), side, 1.0, 50.0);
    agree(
        "h_one_" + s, [](const PowerSpec& spec) { return share_power_arcsine(false, spec); }, side);
    agree(
        "h_two_" + s, [](const PowerSpec& spec) { return share_power_arcsine(true, spec); }, side,
        2.0);
    agree("r_" + s, correlation_power, side);
  }
  const Alternative two = Alternative::kTwoSided;
  const auto shares = [](const PowerSpec& spec) { return share_difference_power(0.3, spec); };
  agree("prop_two.sided", shares, two);
  agree("prop_one.sided", shares, Alternative::kGreater);
  agree(
      "anova", [](const PowerSpec& spec) { return anova_power(4.0, spec); }, two);
  agree(
      "chi", [](const PowerSpec& spec) { return chi_square_power(5.0, spec); }, two);
  agree(
      "f2", [](const PowerSpec& spec) { return linear_model_power(3.0, 4.0, spec); }, two);
  agree(
      "share", [](const PowerSpec& spec) { return share_power(0.2, spec); }, two);
  agree(
      "unpooled", [](const PowerSpec& spec) { return share_difference_power(0.3, spec, false); },
      two, 1.5);
  agree("noether", mann_whitney_power, two, 2.0);
  agree(
      "cluster",
      [](const PowerSpec& spec) {
        return cluster_power({25.0, 0.04, 0.4}, spec);
      },
      two);
}

TEST_CASE("power: sizes that papers give", "[power]") {
  const auto rows = reference();
  PowerSpec spec;
  spec.effect = 0.4;
  spec.power = 0.83;
  CHECK(t_test_power(TTestDesign::kTwoSamples, spec).n == Approx(rows.at("t_r/n").n).epsilon(1e-8));
  spec.effect = 0.7;
  spec.power = 0.9;
  CHECK(mann_whitney_power(spec).n == Approx(rows.at("noether_n/n").n).epsilon(1e-12));
  // Cohen (1988), tables 2.4.1, 3.4.1 and 8.4.4: d = 0.5, r = 0.3 and f = 0.25 (4 groups), power
  // 0.8.
  spec.power = 0.8;
  spec.effect = 0.5;
  CHECK(std::ceil(t_test_power(TTestDesign::kTwoSamples, spec).n) == 64.0);
  spec.effect = 0.3;
  CHECK(std::abs(correlation_power(spec).n - 84.5) < 1.0);
  spec.effect = 0.25;
  CHECK(std::ceil(anova_power(4.0, spec).n) == 45.0);
  CHECK(design_effect({20.0, 0.05}) == Approx(1.95));
  CHECK(arcsine_effect(0.5, 0.5) == 0.0);
}

TEST_CASE("power: less mirrors greater, and shares their failures", "[power]") {
  PowerSpec up, down;
  up.alternative = Alternative::kGreater;
  down.alternative = Alternative::kLess;
  up.power = down.power = 0.9;
  up.n = down.n = 200.0;
  CHECK(share_difference_power(0.3, up).effect ==
        Approx(1.0 - share_difference_power(0.7, down).effect).epsilon(1e-12));
  CHECK(share_power(0.3, up).effect == Approx(1.0 - share_power(0.7, down).effect).epsilon(1e-12));
  CHECK(mann_whitney_power(up).effect ==
        Approx(1.0 - mann_whitney_power(down).effect).epsilon(1e-12));
  CHECK(cluster_power({10.0, 0.1}, up).effect ==
        Approx(-cluster_power({10.0, 0.1}, down).effect).epsilon(1e-12));
  // Below alpha only an effect on the wrong side has this power.
  up.power = 0.01;
  CHECK(t_test_power(TTestDesign::kTwoSamples, up).effect < 0.0);
  // A wrong sign can be made up for by no size.
  up.power = 0.8;
  up.n = NAN;
  up.effect = -0.2;
  const PowerResult none = t_test_power(TTestDesign::kPaired, up);
  CHECK(std::isnan(none.n));
  CHECK(warned(none, "no size"));
  up.effect = 50.0;
  CHECK(warned(chi_square_power(1.0, up), "already has more power"));
}

TEST_CASE("power: a simulation finds as much", "[power]") {
  PowerSpec spec;
  spec.effect = 0.5;
  spec.n = 20.0;
  spec.ratio = 1.5;
  const double expected = t_test_power(TTestDesign::kTwoSamples, spec).power;
  Stream stream(StreamKey::root(51).child("power"));
  int found = 0;
  constexpr int kRuns = 3000;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> x, y;
    for (int i = 0; i < 20; ++i) x.push_back(stream.normal(0.5, 1.0));
    for (int i = 0; i < 30; ++i) y.push_back(stream.normal());
    found += pooled_t_test(x, y).difference.p_value < 0.05 ? 1 : 0;
  }
  CHECK(std::abs(found / double{kRuns} - expected) <
        4.0 * std::sqrt(expected * (1.0 - expected) / kRuns));
}

TEST_CASE("power: nonsense is an error", "[power]") {
  PowerSpec spec;
  spec.effect = 0.5;
  spec.n = 20.0;
  spec.power = 0.8;
  CHECK_THROWS_AS(t_test_power(TTestDesign::kPaired, spec), ArgumentError);
  spec.n = spec.power = NAN;
  CHECK_THROWS_AS(t_test_power(TTestDesign::kPaired, spec), ArgumentError);
  spec.power = 1.0;
  CHECK_THROWS_AS(t_test_power(TTestDesign::kPaired, spec), ArgumentError);
  spec.power = 0.8;
  spec.alpha = 0.0;
  CHECK_THROWS_AS(t_test_power(TTestDesign::kPaired, spec), ArgumentError);
  spec.alpha = 0.05;
  spec.ratio = 0.0;
  CHECK_THROWS_AS(t_test_power(TTestDesign::kTwoSamples, spec), ArgumentError);
  spec.ratio = 1.0;
  CHECK_THROWS_AS(anova_power(1.0, spec), ArgumentError);
  CHECK_THROWS_AS(share_power(1.0, spec), ArgumentError);
  CHECK_THROWS_AS(cluster_power({10.0, 1.5}, spec), ArgumentError);
  spec.effect = -0.5;
  CHECK_THROWS_AS(chi_square_power(2.0, spec), ArgumentError);
  spec.effect = 1.0;
  CHECK_THROWS_AS(correlation_power(spec), ArgumentError);
  spec.effect = 0.2;
  spec.n = 1.0;
  spec.power = NAN;
  CHECK_THROWS_AS(t_test_power(TTestDesign::kPaired, spec), ArgumentError);
  CHECK(std::isnan(noncentral_f_upper(1.0, 0.0, 5.0, 1.0)));
  CHECK(noncentral_chi2_upper(3.0, 4.0, 0.0) == Approx(0.5578254003710748).epsilon(1e-13));
}
