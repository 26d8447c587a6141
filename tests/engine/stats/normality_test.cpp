#include "engine/stats/normality.h"

#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

TEST_CASE("Shapiro-Wilk agrees with R", "[hypothesis]") {
  const auto is = [](const Numbers& values, const std::string& test) {
    const Estimate row = shapiro_wilk(values);
    check(row.statistic, test, "w");
    check(row.p_value, test, "p");
    CHECK(row.warnings.empty());
  };
  is(data("a"), "sw_a");
  is(data("s"), "sw_s");
  is(data("l1"), "sw_l1");
  is(first("a", 3), "sw_3");
  is(first("a", 4), "sw_4");
  is(first("b", 5), "sw_5");
  is(first("b", 6), "sw_6");
  is(data("b"), "sw_11");
  is(first("a", 12), "sw_12");
  is(data("t1"), "sw_t1");
  is(data("rivers"), "sw_rivers");
}

TEST_CASE("Anderson-Darling agrees with its definition in R", "[hypothesis]") {
  for (const char* name : {"a", "b", "s", "l1", "p1", "t1", "t2", "rivers"}) {
    const Estimate row = anderson_darling(data(name));
    check(row.statistic, std::string("ad_") + name, "a2");
    check(row.p_value, std::string("ad_") + name, "p");
  }
}

TEST_CASE("normality: order, shift and scale; size of the tests", "[hypothesis]") {
  const Numbers s = data("s");
  Numbers moved = s;
  for (double& value : moved) value = 700.0 - 3.0 * value;
  CHECK(shapiro_wilk(reversed(s)).p_value == shapiro_wilk(s).p_value);
  CHECK(shapiro_wilk(moved).p_value == Approx(shapiro_wilk(s).p_value).epsilon(1e-9));
  CHECK(anderson_darling(reversed(s)).p_value == anderson_darling(s).p_value);
  CHECK(anderson_darling(moved).statistic == Approx(anderson_darling(s).statistic).epsilon(1e-9));
  Stream stream(StreamKey::root(3).child("normality"));
  int shapiro = 0, anderson = 0;
  for (int run = 0; run < 1000; ++run) {
    Numbers x;
    for (int i = 0; i < 25; ++i) x.push_back(stream.normal(2.0, 3.0));
    shapiro += shapiro_wilk(x).p_value < 0.05 ? 1 : 0;
    anderson += anderson_darling(x).p_value < 0.05 ? 1 : 0;
  }
  // Four standard errors of a share of 0.05 in a thousand runs.
  CHECK(std::abs(shapiro / 1000.0 - 0.05) < 0.028);
  CHECK(std::abs(anderson / 1000.0 - 0.05) < 0.028);
}

TEST_CASE("normality: what is undefined is NaN with a sentence", "[hypothesis]") {
  const auto undefined = [](const Estimate& row, const char* text) {
    CHECK(std::isnan(row.p_value));
    CHECK(warned(row, text));
  };
  undefined(shapiro_wilk({}), "too few");
  undefined(shapiro_wilk(Numbers{1, 2, NAN}), "too few");
  undefined(shapiro_wilk(Numbers{2, 2, 2, 2}), "equal");
  undefined(shapiro_wilk(Numbers{1, 2, 3, INFINITY}), "infinite");
  undefined(shapiro_wilk(Numbers(5001, 0.5)), "equal");
  Numbers many(5001);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i);
  undefined(shapiro_wilk(many), "more than 5000");
  undefined(anderson_darling(Numbers{1, 2, 3}), "too few");
  undefined(anderson_darling(Numbers(9, 1.0)), "equal");
  undefined(anderson_darling(Numbers{1, 2, 3, 4, 5, 6, 7, -INFINITY}), "infinite");
  CHECK(warned(shapiro_wilk(Numbers{1, 2, 4, NAN}), "1 row was left out"));
  // One value far out of five thousand: z beyond 70, where the normal's tail has no digits.
  Numbers far(5000, 0.0);
  for (std::size_t i = 0; i < far.size(); ++i) far[i] = static_cast<double>(i % 7) * 1e-6;
  far[0] = 1e6;
  CHECK(std::isfinite(anderson_darling(far).statistic));
}
