#include "engine/causal/sensitivity/rosenbaum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/contingency.h"
#include "engine/stats/rank_tests.h"
#include "tests/engine/causal/sensitivity/rosenbaum_fixture.h"

using namespace impact;
using namespace impact::sensitivity_fixture;

namespace {

std::vector<double> lead_differences() {
  const auto lead = reference("sensitivity_published")["lead"];
  std::vector<double> differences;
  for (std::size_t i = 0; i < lead["treated"].size(); ++i) {
    differences.push_back(lead["treated"][i].get<double>() - lead["control"][i].get<double>());
  }
  REQUIRE(differences.size() == 33);
  return differences;
}

}  // namespace

TEST_CASE("signed ranks of the lead study, as published", "[causal][sensitivity]") {
  const auto lead = reference("sensitivity_published")["lead"];
  const auto peers = reference("sensitivity_peers");
  const std::vector<double> differences = lead_differences();
  for (const auto& row : lead["signed_rank"]) {
    const double gamma = row["gamma"];
    INFO("gamma " << gamma);
    const auto ranked =
        signed_rank_bounds(differences, at({gamma}, PValue::kLimit), ZeroDifferences::kRank);
    const auto dropped = signed_rank_bounds(differences, at({gamma}, PValue::kLimit));
    CHECK(ranked.statistic == 527.0);
    CHECK(dropped.statistic == 499.0);
    as_printed(ranked.curve[0].p_high, row["ranked"]);
    as_printed(dropped.curve[0].p_high, row["dropped"]);
    as_printed(ranked.curve[0].p_high, row["printed"]);
  }
  const auto dropped = signed_rank_bounds(differences, at({1.0}, PValue::kLimit));
  as_printed(dropped.critical_gamma, lead["critical_gamma_dropped"]);
  CHECK(dropped.p_type == "limit");
  for (int i = 4; i <= 24; ++i) {
    const double gamma = 0.25 * i;
    std::ostringstream name;
    name << "psens lead " << gamma;
    const auto row = signed_rank_bounds(differences, at({gamma}, PValue::kLimit)).curve[0];
    CHECK(std::abs(row.p_high - peers[name.str()]["high"].get<double>()) < 5.0001e-5);
    CHECK(std::abs(row.p_low - peers[name.str()]["low"].get<double>()) < 5.0001e-5);
  }
  // By convolution in R: at gamma 4 the limit is too large by half.
  const auto exact = signed_rank_bounds(differences, at({1.0, 4.0}));
  CHECK(exact.p_type == "exact");
  near(exact.curve[0].p_high, 4.0186569094657898e-07);
  near(exact.curve[1].p_high, 0.024479925777638932);
}

TEST_CASE("Hodges-Lehmann ranges of the lead study", "[causal][sensitivity]") {
  const std::vector<double> differences = lead_differences();
  for (const auto& row : reference("sensitivity_published")["lead"]["hodges_lehmann"]) {
    const auto bound = hodges_lehmann_bounds(differences, at({row[0].get<double>()})).curve[0];
    CHECK(bound.estimate_low == row[1].get<double>());
    CHECK(bound.estimate_high == row[2].get<double>());
  }
  // Gamma 1 is the interval of Wilcoxon's test: R 4.2.2, wilcox.test(..., conf.int = TRUE) of
  // these.
  const std::vector<double> plain = {1.1, -0.4, 2.3, 0.8, 3.9, -1.7, 2.9, 0.3, 1.9, 5.2};
  const auto bound = hodges_lehmann_bounds(plain, at({1.0})).curve[0];
  std::vector<double> walsh;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    for (std::size_t j = i; j < plain.size(); ++j) walsh.push_back(0.5 * plain[i] + 0.5 * plain[j]);
  }
  std::ranges::sort(walsh);
  CHECK(bound.estimate_low == walsh[27]);
  CHECK(bound.estimate_high == walsh[27]);
  CHECK(bound.conf_low == walsh[8]);  // qsignrank(0.025, 10) = 9
  CHECK(bound.conf_high == walsh[46]);
  // Ranges and intervals are nested as gamma grows, and shift with the data.
  std::vector<double> shifted = differences;
  for (double& value : shifted) value += 7.0;
  for (const PValue how : {PValue::kExact, PValue::kLimit}) {
    const auto rows = hodges_lehmann_bounds(differences, at({1, 1.2, 1.7, 2.4, 3.3, 6}, how));
    const auto moved = hodges_lehmann_bounds(shifted, at({1, 1.2, 1.7, 2.4, 3.3, 6}, how));
    for (std::size_t i = 0; i < rows.curve.size(); ++i) {
      const auto& row = rows.curve[i];
      CHECK(row.conf_low <= row.estimate_low);
      CHECK(row.conf_high >= row.estimate_high);
      CHECK(moved.curve[i].conf_low == row.conf_low + 7.0);
      CHECK(moved.curve[i].estimate_high == row.estimate_high + 7.0);
      if (i == 0) continue;
      CHECK(row.estimate_low <= rows.curve[i - 1].estimate_low);
      CHECK(row.estimate_high >= rows.curve[i - 1].estimate_high);
      CHECK(row.conf_low <= rows.curve[i - 1].conf_low);
      CHECK(row.conf_high >= rows.curve[i - 1].conf_high);
    }
  }
}

TEST_CASE("limits invert the test", "[causal][sensitivity]") {
  // A value just inside the interval is kept by the two-sided bound, one just outside is not.
  Stream stream(StreamKey::root(11).child("rosenbaum"));
  for (int draw = 0; draw < 20; ++draw) {
    std::vector<double> differences;
    for (int i = 0; i < 14; ++i) differences.push_back(stream.normal(0.5, 1.0));
    const double gamma = stream.uniform(1.0, 2.5);
    const auto bound = hodges_lehmann_bounds(differences, at({gamma}), 0.9).curve[0];
    const auto p_at = [&](double tau, Alternative side) {
      std::vector<double> moved = differences;
      for (double& value : moved) value -= tau;
      return signed_rank_bounds(moved, at({gamma}, PValue::kExact, side)).curve[0].p_high;
    };
    if (std::isfinite(bound.conf_low)) {
      CHECK(p_at(bound.conf_low - 1e-9, Alternative::kGreater) <= 0.05);
      CHECK(p_at(bound.conf_low + 1e-9, Alternative::kGreater) > 0.05);
      CHECK(p_at(bound.conf_high + 1e-9, Alternative::kLess) <= 0.05);
      CHECK(p_at(bound.conf_high - 1e-9, Alternative::kLess) > 0.05);
    }
  }
}

TEST_CASE("pairs: the bound is the worst of all biases", "[causal][sensitivity]") {
  // Enumerates all 2^n signs; probabilities of a sign at 1 / (1 + gamma), 1 / 2, gamma / (1 +
  // gamma).
  const std::vector<double> differences = {1.5, -0.5, 2.0, 2.0, 0.0, -3.0, 4.0};
  for (const ZeroDifferences zeros : {ZeroDifferences::kDrop, ZeroDifferences::kRank}) {
    for (const double gamma : {1.0, 1.7, 4.0}) {
      const auto bounds = signed_rank_bounds(differences, at({gamma}), zeros);
      const bool drop = zeros == ZeroDifferences::kDrop;
      // |d| 0.5 1.5 2 2 3 4, after the zero where it is ranked.
      const std::vector<double> rank = drop ? std::vector<double>{2, 1, 3.5, 3.5, 5, 6}
                                            : std::vector<double>{3, 2, 4.5, 4.5, 6, 7};
      const double statistic = rank[0] + rank[2] + rank[3] + rank[5];
      CHECK(bounds.statistic == statistic);
      double most = 0.0;
      double least = 1.0;
      for (int code = 0; code < 729; ++code) {
        std::vector<double> p;
        int digits = code;
        for (int i = 0; i < 6; ++i, digits /= 3) {
          p.push_back(digits % 3 == 0   ? 1.0 / (1.0 + gamma)
                      : digits % 3 == 1 ? 0.5
                                        : gamma / (1.0 + gamma));
        }
        double tail = 0.0;
        for (unsigned signs = 0; signs < 64; ++signs) {
          double sum = 0.0;
          double chance = 1.0;
          for (unsigned i = 0; i < 6; ++i) {
            const bool up = (signs >> i & 1U) != 0;
            sum += up ? rank[i] : 0.0;
            chance *= up ? p[i] : 1.0 - p[i];
          }
          if (sum >= statistic) tail += chance;
        }
        most = std::fmax(most, tail);
        least = std::fmin(least, tail);
      }
      CHECK(bounds.curve[0].p_high == Approx(most).epsilon(1e-12));
      CHECK(bounds.curve[0].p_low == Approx(least).epsilon(1e-12));
    }
  }
}

TEST_CASE("McNemar and Fisher, as published", "[causal][sensitivity]") {
  const auto published = reference("sensitivity_published");
  const auto peers = reference("sensitivity_peers");
  for (const auto& row : published["binary"]) {
    const auto bounds = mcnemar_bounds(row["treated"], row["pairs"], at({row["gamma"]}));
    as_printed(bounds.curve[0].p_high, row["p"]);
  }
  for (int gamma = 1; gamma <= 6; ++gamma) {
    const auto theirs = peers["binarysens 12 110 " + std::to_string(gamma)];
    const auto ours =
        mcnemar_bounds(110, 122, at({static_cast<double>(gamma)}), CountTail::kExclusive);
    CHECK(std::abs(ours.curve[0].p_high - theirs["high"].get<double>()) < 5.0001e-6);
    CHECK(says(ours.warnings, "no p-value"));
  }
  for (const auto& row : published["tea"]) {
    const auto bounds = fisher_bounds({8, 4, 4, row["correct"]}, at({row["gamma"]}));
    as_printed(bounds.curve[0].p_high, row["p"]);
  }
  for (const double gamma : {1.0, 1.5, 2.0, 3.0}) {
    std::ostringstream name;
    name << "FisherSens 40 18 22 15 " << gamma;
    const auto row = fisher_bounds({40, 18, 22, 15}, at({gamma})).curve[0];
    near(row.p_low, peers[name.str()]["low"], 1e-10);
    near(row.p_high, peers[name.str()]["high"], 1e-10);
  }
}

TEST_CASE("gamma one is the test without bias", "[causal][sensitivity]") {
  const auto two = [](Alternative side) { return at({1.0}, PValue::kAuto, side); };
  RankTestSpec plain;
  const std::vector<double> x = {1.1, -0.4, 2.3, 0.8, 3.9, -1.7, 2.9, 0.35, 1.95, 5.2};
  for (const Alternative side : {Alternative::kGreater, Alternative::kLess}) {
    plain.alternative = side;
    const auto row = signed_rank_bounds(x, two(side)).curve[0];
    CHECK(row.p_high == Approx(wilcoxon_signed_rank(x, plain).p_value).epsilon(1e-12));
    CHECK(row.p_low == row.p_high);
  }
  CHECK(signed_rank_bounds(x, two(Alternative::kTwoSided)).curve[0].p_high ==
        Approx(wilcoxon_signed_rank(x).p_value).epsilon(1e-12));
  const std::vector<std::int64_t> pairs = {20, 13, 6, 40};
  CHECK(mcnemar_bounds(13, 19, two(Alternative::kTwoSided)).curve[0].p_high ==
        Approx(mcnemar_exact_test({pairs, 2, 2}).p_value).epsilon(1e-12));
  // One-sided Fisher by hand: hypergeometric 15 of 22, 18 treated of 40; less: the other tail.
  const auto more = fisher_bounds({40, 18, 22, 15}, two(Alternative::kGreater)).curve[0];
  const auto less = fisher_bounds({40, 18, 22, 15}, two(Alternative::kLess)).curve[0];
  const auto next = fisher_bounds({40, 18, 22, 16}, two(Alternative::kGreater)).curve[0];
  CHECK(less.p_high == Approx(1.0 - next.p_high).epsilon(1e-12));
  CHECK(more.p_low == Approx(more.p_high).epsilon(1e-13));
  // Rank sums: exact against Mann and Whitney.
  const std::vector<double> y = {5, 1, 7, 8, 9, 2, 3, 6};
  const std::vector<std::int32_t> arm = {1, 0, 1, 1, 1, 0, 0, 0};
  const std::vector<double> treated = {5, 7, 8, 9}, control = {1, 2, 3, 6};
  plain.alternative = Alternative::kGreater;
  CHECK(sum_bounds(y, arm, two(Alternative::kGreater)).curve[0].p_high ==
        Approx(mann_whitney(treated, control, plain).p_value).epsilon(1e-12));
  plain.continuity = false;
  plain.p_value = PValue::kLimit;
  CHECK(sum_bounds(y, arm, at({1.0}, PValue::kLimit)).curve[0].p_high ==
        Approx(mann_whitney(treated, control, plain).p_value).epsilon(1e-12));
}

TEST_CASE("gamma curves rise, and end at the critical gamma", "[causal][sensitivity]") {
  Stream stream(StreamKey::root(3).child("curves"));
  const std::vector<double> gammas = {1, 1.01, 1.3, 2, 3.7, 9, 50};
  for (int draw = 0; draw < 12; ++draw) {
    std::vector<double> y;
    std::vector<std::int32_t> arm, set;
    for (int i = 0; i < 24; ++i) {
      arm.push_back(i % 2);
      set.push_back(i / 2);
      y.push_back(std::round(4.0 * stream.normal(i % 2 == 1 ? 1.0 : 0.0, 1.0)));
    }
    std::vector<double> differences;
    for (std::size_t i = 0; i < 24; i += 2) differences.push_back(y[i + 1] - y[i]);
    for (const Alternative side :
         {Alternative::kGreater, Alternative::kLess, Alternative::kTwoSided}) {
      for (const PValue how : {PValue::kAuto, PValue::kLimit}) {
        const RosenbaumSpec spec = at(gammas, how, side);
        const auto treated = static_cast<std::int64_t>(
            std::ranges::count_if(differences, [](double d) { return d > 0.0; }));
        for (const RosenbaumBounds& bounds :
             {signed_rank_bounds(differences, spec),
              signed_rank_bounds(differences, spec, ZeroDifferences::kRank),
              sum_bounds(y, arm, spec), sum_bounds(y, arm, spec, SumScores::kValues),
              matched_set_bounds(y, arm, set, spec), mcnemar_bounds(treated, 12, spec),
              fisher_bounds({30, 12, 14, 3 + treated / 2}, spec)}) {
          INFO(bounds.method << " " << bounds.p_type << " draw " << draw);
          for (std::size_t i = 0; i < gammas.size(); ++i) {
            const GammaBound& row = bounds.curve[i];
            REQUIRE(row.p_low >= 0.0);
            REQUIRE(row.p_high <= 1.0);
            CHECK(row.p_low <= row.p_high * (1.0 + 1e-10));
            if (i == 0) continue;
            CHECK(row.p_low <= bounds.curve[i - 1].p_low * (1.0 + 1e-10));
            CHECK(row.p_high >= bounds.curve[i - 1].p_high * (1.0 - 1e-10));
          }
          if (bounds.critical_gamma == 1.0) {
            CHECK(says(bounds.warnings, "without hidden bias"));
            continue;
          }
          RosenbaumSpec there = spec;
          there.gammas = {bounds.critical_gamma};
          double p = NAN;
          if (bounds.method == "signed_rank" && bounds.n == std::ssize(differences)) {
            p = signed_rank_bounds(differences, there).curve[0].p_high;
          } else if (bounds.method == "matched_sets") {
            p = matched_set_bounds(y, arm, set, there).curve[0].p_high;
          } else if (bounds.method == "mcnemar") {
            p = mcnemar_bounds(treated, 12, there).curve[0].p_high;
          } else {
            continue;
          }
          CHECK(p == Approx(0.05).epsilon(1e-8));
        }
      }
    }
  }
}

TEST_CASE("Rosenbaum bounds of bad input", "[causal][sensitivity]") {
  const std::vector<double> zeros = {0.0, 0.0, NAN};
  const auto none = signed_rank_bounds(zeros);
  CHECK(std::isnan(none.curve[0].p_high));
  CHECK(std::isnan(none.critical_gamma));
  CHECK(says(none.warnings, "nothing to test"));
  CHECK(says(none.warnings, "missing"));
  CHECK(hodges_lehmann_bounds(zeros).curve[0].estimate_low == 0.0);
  CHECK(says(hodges_lehmann_bounds(zeros).warnings, "whole line"));
  CHECK(says(hodges_lehmann_bounds({}).warnings, "no differences"));
  const std::vector<double> infinite = {1.0, 2.0, INFINITY};
  CHECK(signed_rank_bounds(infinite).statistic == 6.0);
  CHECK(std::isnan(hodges_lehmann_bounds(infinite).curve[0].estimate_low));
  const std::vector<double> one = {3.0};
  CHECK(signed_rank_bounds(one).curve[0].p_high == Approx(0.5));
  CHECK(signed_rank_bounds(one).critical_gamma == 1.0);
  CHECK(hodges_lehmann_bounds(one).curve[0].conf_low == -INFINITY);
  std::vector<double> many(500);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = std::sin(static_cast<double>(i)) + 0.3;
  CHECK(says(signed_rank_bounds(many, at({1.0}, PValue::kExact)).warnings, "400 pairs"));
  CHECK(signed_rank_bounds(many).p_type == "limit");
  CHECK_THROWS_AS(signed_rank_bounds(one, at({0.9})), ArgumentError);
  CHECK_THROWS_AS(signed_rank_bounds(one, at({NAN})), ArgumentError);
  RosenbaumSpec spec;
  spec.alpha = 0.6;
  CHECK_THROWS_AS(mcnemar_bounds(3, 4, spec), ArgumentError);
  CHECK_THROWS_AS(mcnemar_bounds(5, 4), ArgumentError);
  CHECK(std::isnan(mcnemar_bounds(0, 0).curve[0].p_high));
  CHECK(mcnemar_bounds(0, 4).curve[0].p_high == 1.0);
  CHECK_THROWS_AS(fisher_bounds({8, 4, 4, 5}), ArgumentError);
  CHECK_THROWS_AS(fisher_bounds({8, 6, 6, 1}), ArgumentError);
  CHECK(std::isnan(fisher_bounds({8, 8, 4, 4}).curve[0].p_high));
  const std::vector<double> y = {1.0, 2.0, 3.0, 4.0};
  const std::vector<std::int32_t> treated = {1, 1, 1, 1}, half = {1, 1, 0, 0}, set = {0, 0, 0, 0};
  CHECK(says(sum_bounds(y, treated).warnings, "one arm"));
  CHECK(says(sum_bounds(std::vector<double>(4, 2.0), half).warnings, "all outcomes are equal"));
  CHECK_THROWS_AS(sum_bounds(y, std::vector<std::int32_t>{1}), ArgumentError);
  CHECK_THROWS_AS(matched_set_bounds(y, half, set), ArgumentError);
  CHECK(says(matched_set_bounds(y, treated, set).warnings, "one arm only"));
  const std::vector<std::int32_t> pairs = {0, 1, 0, 1};
  CHECK_THROWS_AS(matched_set_bounds(y, half, pairs, {}, {.kind = SetScores::kHuber, .inner = 3.0}),
                  ArgumentError);
  const auto flat =
      matched_set_bounds(std::vector<double>(4, 1.0), half, pairs, {}, {.kind = SetScores::kHuber});
  CHECK(says(flat.warnings, "quantile"));
  CHECK(says(matched_set_bounds(std::vector<double>(4, 1.0), half, pairs).warnings,
             "no outcomes differ"));
  CHECK_THROWS_AS(amplify(3.0, 2.0), ArgumentError);
  CHECK(amplify(2.0, INFINITY) == 2.0);
}
