#include "engine/stats/proportions.h"

#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

namespace {

void agree(const Estimate& row, const std::string& test) {
  check(row.p_value, test, "p");
  check(row.conf_low, test, "low");
  check(row.conf_high, test, "high");
}

}  // namespace

TEST_CASE("tests of one share agree with R", "[hypothesis]") {
  for (const std::int64_t x : {0, 3, 11, 40}) {
    ShareSpec spec;
    spec.null_value = 0.2;
    agree(share_test({x, 40}, spec), "share_score_" + std::to_string(x));
    spec.continuity = true;
    agree(share_test({x, 40}, spec), "share_corrected_" + std::to_string(x));
    spec.method = ShareMethod::kExact;
    agree(share_test({x, 40}, spec), "share_exact_" + std::to_string(x));
  }
  ShareSpec even;
  even.method = ShareMethod::kExact;
  agree(share_test({7, 20}, even), "share_exact_even");
  CHECK(share_test({10, 20}, even).p_value == 1.0);
  even.null_value = 0.0;
  CHECK(share_test({0, 20}, even).p_value == 1.0);
  CHECK(share_test({1, 20}, even).p_value == 0.0);
}

TEST_CASE("differences, ratios and trends of shares agree with R", "[hypothesis]") {
  const Share a = {15, 50}, b = {25, 61};
  ShareSpec spec;
  spec.interval = ShareInterval::kWald;
  agree(share_difference(a, b, spec), "diff_wald");
  spec.continuity = true;
  agree(share_difference(a, b, spec), "diff_corrected");
  const Estimate newcombe = share_difference({56, 70}, {48, 80});
  check(newcombe.conf_low, "diff_newcombe", "low");
  check(newcombe.conf_high, "diff_newcombe", "high");
  CHECK(newcombe.conf_low == Approx(0.0524).margin(5e-5));  // as published
  CHECK(newcombe.conf_high == Approx(0.3339).margin(5e-5));

  const auto ratio = [](const Estimate& row, const std::string& test) {
    agree(row, test);
    check(row.estimate, test, "estimate");
    check(row.std_error, test, "se");
  };
  ratio(odds_ratio({12, 17}, {7, 27}), "odds");
  ratio(risk_ratio({12, 17}, {7, 27}), "risk");

  const std::vector<Share> shares = {{15, 50}, {25, 61}, {20, 44}, {9, 40}};
  const auto chi = [](const Estimate& row, const std::string& test) {
    check(row.statistic, test, "statistic");
    check(row.df, test, "df");
    check(row.p_value, test, "p");
  };
  chi(share_equality_test(shares), "share_equal");
  chi(share_trend_test(shares), "trend");
  const std::vector<double> scores = {0, 1, 4, 9};
  chi(share_trend_test(shares, scores), "trend_scores");
  const std::vector<Share> line = {{10, 100}, {20, 100}, {30, 100}};
  CHECK(share_trend_test(line).estimate == Approx(0.1));
}

TEST_CASE("shares: swapped groups and outcomes", "[hypothesis]") {
  const Share a = {15, 50}, b = {25, 61};
  CHECK(share_difference(b, a).statistic == -share_difference(a, b).statistic);
  CHECK(share_difference(b, a).conf_low == -share_difference(a, b).conf_high);
  CHECK(odds_ratio(b, a).p_value == Approx(odds_ratio(a, b).p_value).epsilon(1e-13));
  CHECK(odds_ratio({35, 50}, {36, 61}).estimate == Approx(1.0 / odds_ratio(a, b).estimate));
  ShareSpec spec;
  spec.null_value = 0.3;
  const Estimate yes = share_test({0, 9}, spec);
  spec.null_value = 0.7;
  const Estimate no = share_test({9, 9}, spec);
  CHECK(yes.conf_low == 0.0);
  CHECK(no.conf_high == 1.0);
  CHECK(no.conf_low == Approx(1.0 - yes.conf_high).epsilon(1e-14));
  CHECK(no.p_value == Approx(yes.p_value).epsilon(1e-12));
}

TEST_CASE("shares: what is undefined is NaN with a sentence", "[hypothesis]") {
  const auto undefined = [](const Estimate& row, const char* text) {
    CHECK(std::isnan(row.p_value));
    CHECK(warned(row, text));
  };
  undefined(share_test({0, 0}), "no trial");
  undefined(share_difference({0, 0}, {1, 2}), "no trial");
  undefined(share_difference({0, 5}, {0, 4}), "ended alike");
  CHECK(share_difference({0, 5}, {0, 4}).conf_high > 0.0);
  undefined(odds_ratio({0, 5}, {2, 4}), "a count is zero");
  CHECK(odds_ratio({0, 5}, {2, 4}).estimate == 0.0);
  CHECK(odds_ratio({0, 5}, {2, 4}, true).estimate == Approx((0.5 * 2.5) / (5.5 * 2.5)));
  CHECK_FALSE(std::isnan(odds_ratio({0, 5}, {2, 4}, true).p_value));
  undefined(odds_ratio({0, 5}, {0, 4}), "0 over 0");
  undefined(risk_ratio({3, 5}, {0, 4}), "a count is zero");
  CHECK(std::isinf(risk_ratio({3, 5}, {0, 4}).estimate));
  undefined(risk_ratio({5, 5}, {4, 4}), "ended alike");
  const std::vector<Share> alike = {{0, 5}, {0, 6}}, empty = {{0, 0}}, shares = {{1, 5}, {2, 6}};
  undefined(share_trend_test(alike), "ended alike");
  undefined(share_trend_test(empty), "no trial");
  undefined(share_trend_test(shares, std::vector<double>{2.0, 2.0}), "one score");
  undefined(share_equality_test(alike), "fewer than two");
  CHECK_THROWS_AS(share_test({6, 5}), ArgumentError);
  CHECK_THROWS_AS(share_trend_test(shares, std::vector<double>{1.0}), ArgumentError);
  ShareSpec wrong;
  wrong.null_value = 2.0;
  CHECK_THROWS_AS(share_test({1, 5}, wrong), ArgumentError);
}
