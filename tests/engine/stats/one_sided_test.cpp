#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/stats/correlation.h"
#include "engine/stats/equivalence.h"
#include "engine/stats/proportions.h"
#include "engine/stats/rank_tests.h"
#include "engine/stats/t_test.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using impact::hypothesis::data;
using impact::hypothesis::warned;

namespace {

using Numbers = std::vector<double>;

const std::map<std::string, double>& reference() {
  static const auto numbers = [] {
    std::map<std::string, double> all;
    std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/one_sided.txt");
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string name, field, text;
      fields >> name >> field >> text;
      if (name == "#") continue;
      all[name + " " + field] = text == "Inf"    ? INFINITY
                                : text == "-Inf" ? -INFINITY
                                                 : std::stod(text);
    }
    return all;
  }();
  return numbers;
}

void check(double ours, const std::string& name, double tolerance = 1e-9) {
  INFO(name);
  REQUIRE(reference().count(name) == 1);
  const double theirs = reference().at(name);
  INFO(ours << " against " << theirs);
  CHECK((ours == theirs || std::abs(ours - theirs) <= tolerance * std::abs(theirs)));
}

const std::pair<Alternative, const char*> kSides[] = {{Alternative::kGreater, "_greater"},
                                                      {Alternative::kLess, "_less"}};

void agree(const Estimate& row, const std::string& name, bool interval = true) {
  check(row.p_value, name + " p");
  if (!interval) return;
  check(row.conf_low, name + " low");
  check(row.conf_high, name + " high");
}

template <class Spec>
Spec sided(Alternative alternative) {
  Spec spec;
  spec.alternative = alternative;
  return spec;
}

}  // namespace

TEST_CASE("one-sided t tests agree with R", "[one_sided]") {
  const Numbers a = data("a"), b = data("b");
  for (const auto& [side, word] : kSides) {
    const std::string s = word;
    TTestSpec spec = sided<TTestSpec>(side);
    agree(pooled_t_test(a, b, spec).difference, "t_pooled" + s);
    agree(paired_t_test(data("p1"), data("p2"), spec).difference, "t_paired" + s);
    spec.null_value = 4.0;
    const TTest one = one_sample_t_test(a, spec);
    agree(one.difference, "t_one" + s);
    const bool greater = side == Alternative::kGreater;
    check(greater ? one.cohens_d.conf_low : one.cohens_d.conf_high, "t_one" + s + " d_end", 1e-8);
    CHECK((greater ? one.hedges_g.conf_high == INFINITY : one.hedges_g.conf_low == -INFINITY));
    spec = sided<TTestSpec>(side);
    spec.conf_level = 0.9;
    agree(welch_t_test(a, b, spec).difference, "t_welch" + s);
  }
}

TEST_CASE("one-sided tests of shares agree with R", "[one_sided]") {
  for (const auto& [side, word] : kSides) {
    const std::string s = word;
    ShareSpec spec = sided<ShareSpec>(side);
    spec.null_value = 0.6;
    agree(share_test({12, 29}, spec), "share_score" + s);
    spec.continuity = true;
    agree(share_test({12, 29}, spec), "share_yates" + s);
    spec.method = ShareMethod::kExact;
    agree(share_test({12, 29}, spec), "share_exact" + s);
    spec.null_value = 0.3;
    agree(share_test({0, 9}, spec), "share_zero" + s);
    spec = sided<ShareSpec>(side);
    spec.interval = ShareInterval::kWald;
    agree(share_difference({12, 29}, {7, 34}, spec), "share_wald" + s);
    spec.continuity = true;
    agree(share_difference({12, 29}, {7, 34}, spec), "share_wald_yates" + s);
    spec = sided<ShareSpec>(side);
    agree(odds_ratio({12, 29}, {7, 34}, false, spec), "odds" + s);
    const Share shares[] = {{5, 20}, {9, 22}, {14, 25}};
    agree(share_trend_test(shares, {}, spec), "trend" + s, false);
    CHECK_THROWS_AS(share_equality_test(shares, spec), ArgumentError);
    // The ends of two-sided intervals with twice the level left out.
    ShareSpec both;
    both.conf_level = 0.9;
    const Estimate wide = share_difference({12, 29}, {7, 34}, both);
    const Estimate one = share_difference({12, 29}, {7, 34}, spec);
    const bool greater = side == Alternative::kGreater;
    CHECK(one.conf_low == (greater ? Approx(wide.conf_low).epsilon(1e-12) : Approx(-1.0)));
    CHECK(one.conf_high == (greater ? Approx(1.0) : Approx(wide.conf_high).epsilon(1e-12)));
    const Estimate risk = risk_ratio({12, 29}, {7, 34}, false, spec);
    CHECK((greater ? risk.conf_high == INFINITY : risk.conf_low == 0.0));
  }
}

TEST_CASE("one-sided rank tests agree with R", "[one_sided]") {
  const Numbers a = data("a"), b = data("b"), t1 = data("t1"), t2 = data("t2");
  const Numbers l1 = data("l1"), l2 = data("l2");
  for (const auto& [side, word] : kSides) {
    const std::string s = word;
    RankTestSpec spec = sided<RankTestSpec>(side);
    agree(mann_whitney(a, b, spec), "mw_exact" + s, false);
    agree(mann_whitney(t1, t2, spec), "mw_limit" + s, false);
    agree(kolmogorov_smirnov(a, b, spec), "ks_exact" + s, false);
    Numbers shifted = a, long_shifted = l1;
    for (double& v : shifted) v -= 4.0001;
    for (double& v : long_shifted) v -= 0.1;
    agree(wilcoxon_signed_rank(shifted, spec), "sr_exact" + s, false);
    spec.p_value = PValue::kLimit;
    agree(wilcoxon_signed_rank(long_shifted, spec), "sr_limit" + s, false);
    const Estimate ks = kolmogorov_smirnov(l1, l2, spec);
    agree(ks, "ks_limit" + s, false);
    check(ks.statistic, "ks_limit" + s + " d");
    spec.continuity = false;
    agree(mann_whitney(t1, t2, spec), "mw_plain" + s, false);
    RankTestSpec both;
    both.conf_level = 0.9;
    const Estimate wide = cliffs_delta(l1, l2, both), one = cliffs_delta(l1, l2, spec);
    const bool greater = side == Alternative::kGreater;
    CHECK(one.conf_low == (greater ? Approx(wide.conf_low).epsilon(1e-12) : Approx(-1.0)));
    CHECK(one.conf_high == (greater ? Approx(1.0) : Approx(wide.conf_high).epsilon(1e-12)));
    const double half = 0.5 * wide.p_value;
    const bool agrees = (wide.estimate > 0.0) == greater;
    CHECK(one.p_value == Approx(agrees ? half : 1.0 - half).epsilon(1e-12));
  }
}

TEST_CASE("one-sided correlations agree with R", "[one_sided]") {
  const Numbers l1 = data("l1"), y = data("ly"), p1 = data("p1"), p2 = data("p2");
  const Numbers x(l1.begin(), l1.begin() + 60);
  Numbers controls = data("u");
  for (const double v : data("v")) controls.push_back(v);
  for (const auto& [side, word] : kSides) {
    const std::string s = word;
    CorrelationSpec spec = sided<CorrelationSpec>(side);
    agree(pearson_correlation(x, y, spec), "pearson" + s);
    agree(partial_correlation(x, y, controls, spec), "partial" + s, false);
    agree(kendall_correlation(std::span(x).first(40), std::span(y).first(40), spec),
          "kendall_exact" + s, false);
    agree(spearman_correlation(std::span(p1).first(8), std::span(p2).first(8), spec),
          "spearman_exact" + s, false);
    spec.p_value = PValue::kLimit;
    agree(spearman_correlation(x, y, spec), "spearman" + s, false);
    agree(kendall_correlation(x, y, spec), "kendall" + s, false);
  }
}

TEST_CASE("equivalence: two one-sided tests agree with R", "[one_sided]") {
  const Numbers a = data("a"), l1 = data("l1"), l2 = data("l2"), p1 = data("p1"), p2 = data("p2");
  const auto compare = [](const std::string& name, const EquivalenceTest& test) {
    check(test.row.p_value, name + " p");
    check(test.above_low.p_value, name + " p_low");
    check(test.below_high.p_value, name + " p_high");
    check(test.row.conf_low, name + " low");
    check(test.row.conf_high, name + " high");
  };
  EquivalenceSpec spec;
  spec.low = -1.0;
  spec.high = 1.5;
  const EquivalenceTest welch = equivalence_test(l1, l2, spec);
  compare("tost_welch", welch);
  CHECK(welch.above_low.conf_high == INFINITY);
  CHECK(welch.row.method == "equivalence");
  spec.design = MeanDesign::kPooled;
  spec.low = -0.2;
  spec.high = 0.9;
  compare("tost_pooled", equivalence_test(l2, l1, spec));
  spec.design = MeanDesign::kPaired;
  spec.low = -2.0;
  spec.high = 0.5;
  compare("tost_paired", equivalence_test(p1, p2, spec));
  spec.design = MeanDesign::kOneSample;
  spec.low = 4.0;
  spec.high = 6.5;
  compare("tost_one", equivalence_test(a, {}, spec));
  // The interval lies within the bounds exactly when the test rejects.
  for (const double reach : {0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4}) {
    spec.design = MeanDesign::kWelch;
    spec.low = -reach;
    spec.high = reach;
    const Estimate row = equivalence_test(l1, l2, spec).row;
    CHECK((row.p_value < 0.05) == (row.conf_low > -reach && row.conf_high < reach));
  }
  const Numbers one = {3.0};
  CHECK(std::isnan(equivalence_test(a, one, spec).row.p_value));
  CHECK(warned(equivalence_test(a, one, spec).row, "one value only"));
  spec.high = spec.low;
  CHECK_THROWS_AS(equivalence_test(a, a, spec), ArgumentError);
  spec.high = 5.0;
  spec.alpha = 0.5;
  CHECK_THROWS_AS(equivalence_test(a, a, spec), ArgumentError);
}
