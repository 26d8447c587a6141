#include "engine/stats/anova.h"

#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/stats/distribution.h"
#include "engine/stats/studentized_range.h"
#include "engine/stats/t_test.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

namespace {

void agree(const AnovaTest& test, const std::string& name) {
  check(test.row.statistic, name, "statistic");
  check(test.row.df, name, "df");
  check(test.df_within, name, "df2");
  check(test.row.p_value, name, "p");
  CHECK(test.row.warnings.empty());
}

std::string text(double value) {
  if (std::isinf(value)) return "Inf";
  std::string digits = std::to_string(value);
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return digits;
}

}  // namespace

TEST_CASE("analysis of variance agrees with R", "[hypothesis]") {
  const Numbers s = data("s");
  const AnovaTest anova = one_way_anova(s, codes("g"));
  agree(anova, "anova");
  check(anova.sum_between, "anova", "between");
  check(anova.sum_within, "anova", "within");
  check(anova.eta_squared, "anova", "eta");
  check(anova.omega_squared, "anova", "omega");
  agree(welch_anova(s, codes("g")), "welch_anova");
  agree(levene_test(s, codes("g")), "levene_median");
  agree(levene_test(s, codes("g"), Centre::kMean), "levene_mean");

  Numbers both = data("a");
  Codes arm(both.size(), 0);
  for (const double value : data("b")) {
    both.push_back(value);
    arm.push_back(1);
  }
  agree(welch_anova(both, arm), "welch_two");
  // Two groups: F is the square of t.
  const double t = pooled_t_test(data("a"), data("b")).difference.statistic;
  CHECK(one_way_anova(both, arm).row.statistic == Approx(t * t).epsilon(1e-12));
}

TEST_CASE("studentized range agrees with R and with t", "[hypothesis]") {
  for (const double q : {0.5, 2.0, 3.7, 6.0}) {
    for (const double k : {2.0, 3.0, 10.0}) {
      for (const double df : {2.0, 7.5, 40.0, static_cast<double>(INFINITY)}) {
        const std::string name = text(q) + "/" + text(k) + "/" + text(df);
        const double ours = studentized_range_upper(q, k, df);
        // R's is 1 - P, good to about 1e-12 absolute.
        INFO(name << " " << ours);
        CHECK(std::abs(ours - number("ptukey", name)) <= 1e-11);
      }
    }
  }
  for (const double q : {3.0, 9.0, 40.0}) {
    check(studentized_range_upper(q, 2, 12), "range_two", "q" + text(q), 1e-12);
  }
  CHECK(studentized_range_upper(60.0, 2, INFINITY) ==
        Approx(2.0 * normal_upper(60.0 / std::sqrt(2.0))).epsilon(1e-11));
  CHECK(studentized_range_upper(4.0, 2, 1.0) ==
        Approx(t_two_sided(4.0 / std::sqrt(2.0), 1.0)).epsilon(1e-12));
  CHECK(studentized_range_upper(3.0, 2, 1e6) ==
        Approx(t_two_sided(3.0 / std::sqrt(2.0), 1e6)).epsilon(1e-12));
  check(studentized_range_upper_quantile(0.05, 4, 27), "qtukey", "4/27");
  check(studentized_range_upper_quantile(0.05, 3, 5.5), "qtukey", "3/5.5");
  check(studentized_range_upper_quantile(0.05, 10, 100), "qtukey", "10/100");
  // Printed tables: 3 groups and 14 df, 4 groups and 20 df.
  CHECK(studentized_range_upper_quantile(0.05, 3, 14) == Approx(3.701).margin(1e-3));
  CHECK(studentized_range_upper_quantile(0.05, 4, 20) == Approx(3.958).margin(1e-3));
  CHECK(studentized_range_upper(0.0, 3, 5) == 1.0);
  CHECK(studentized_range_upper_quantile(1.0, 3, 5) == 0.0);
  CHECK(std::isnan(studentized_range_upper(1.0, 1.0, 5)));
  CHECK(std::isnan(studentized_range_upper(1.0, 3.0, 0.0)));
}

TEST_CASE("Tukey and Games-Howell agree with R", "[hypothesis]") {
  const PairwiseTests tukey = tukey_hsd(data("s"), codes("g"));
  const PairwiseTests games = games_howell(data("s"), codes("g"));
  REQUIRE(tukey.rows.size() == 6);
  REQUIRE(games.rows.size() == 6);
  std::size_t i = 0;
  for (const char* pair : {"10", "20", "30", "21", "31", "32"}) {
    const Estimate& a = tukey.rows[i];
    const std::string t = std::string("tukey_") + pair, h = std::string("games_") + pair;
    CHECK(a.term == std::string{pair[0]} + " - " + pair[1]);
    check(a.estimate, t, "estimate");
    check(a.std_error, t, "se");
    check(a.p_value, t, "p");
    check(a.conf_low, t, "low");
    check(a.conf_high, t, "high");
    CHECK(tukey.p_adjusted[i] == a.p_value);
    const Estimate& b = games.rows[i++];
    check(b.estimate, h, "estimate");
    check(b.std_error, h, "se");
    check(b.df, h, "df");
    check(b.p_value, h, "p");
    check(b.conf_high, h, "high");
  }
}

TEST_CASE("analysis of variance: order, labels, shift and scale", "[hypothesis]") {
  const Numbers s = data("s");
  const Codes g = codes("g");
  const Codes back(g.rbegin(), g.rend());
  Codes labels = g;
  for (auto& code : labels) code = 11 - 3 * code;
  CHECK(one_way_anova(reversed(s), back).row.statistic == one_way_anova(s, g).row.statistic);
  CHECK(one_way_anova(s, labels).row.statistic == one_way_anova(s, g).row.statistic);
  CHECK(welch_anova(s, labels).row.p_value == welch_anova(s, g).row.p_value);
  CHECK(levene_test(s, labels).row.p_value == levene_test(s, g).row.p_value);
  CHECK(tukey_hsd(reversed(s), back).rows[3].conf_low == tukey_hsd(s, g).rows[3].conf_low);
  const Numbers near = {1, 2, 4, 2, 3, 8};
  Numbers far = near;
  for (double& value : far) value = 1e9 + 2.0 * value;
  const Codes two = {0, 0, 0, 1, 1, 1};
  CHECK(one_way_anova(far, two).row.statistic ==
        Approx(one_way_anova(near, two).row.statistic).epsilon(1e-14));
  CHECK(games_howell(far, two).rows[0].estimate == Approx(4.0).epsilon(1e-14));
}

TEST_CASE("analysis of variance: what is undefined is NaN with a sentence", "[hypothesis]") {
  const auto undefined = [](const AnovaTest& test, const char* sentence) {
    CHECK(std::isnan(test.row.statistic));
    CHECK(std::isnan(test.row.p_value));
    CHECK(warned(test.row, sentence));
  };
  const Numbers x = {1, 2, 3, 4};
  undefined(one_way_anova({}, {}), "no value");
  undefined(one_way_anova(x, Codes{1, 1, 1, 1}), "one group only");
  undefined(one_way_anova(x, Codes{0, 1, 2, 3}), "one value only");
  undefined(one_way_anova(Numbers{1, 1, 2, 2}, Codes{0, 0, 1, 1}), "do not vary within");
  undefined(one_way_anova(Numbers{1, INFINITY, 2, 3}, Codes{0, 0, 1, 1}), "infinite");
  undefined(levene_test(Numbers{1, INFINITY, 2, 3}, Codes{0, 0, 1, 1}), "infinite");
  undefined(levene_test(Numbers{1, 1, 2, 2}, Codes{0, 0, 1, 1}), "do not vary within");
  undefined(welch_anova(x, Codes{0, 0, 0, 1}), "one value only");
  undefined(welch_anova(Numbers{1, 1, 2, 3}, Codes{0, 0, 1, 1}), "do not vary");
  const PairwiseTests none = games_howell(x, Codes{0, 0, 0, 1});
  CHECK(none.rows.empty());
  CHECK(warned(none, "one value only"));
  CHECK(tukey_hsd(x, Codes{0, 0, 0, 1}).rows.size() == 1);
  const AnovaTest missing = one_way_anova(Numbers{1, 2, 3, 4, NAN}, Codes{0, 0, 1, 1, 0});
  CHECK(warned(missing.row, "1 row was left out"));
  CHECK(missing.row.n == 4);
  CHECK_THROWS_AS(one_way_anova(x, Codes{0}), ArgumentError);
  const std::vector<std::string> names = {"a"};
  PostHocSpec spec;
  spec.names = names;
  CHECK_THROWS_AS(tukey_hsd(x, Codes{0, 0, 1, 1}, spec), ArgumentError);
}
