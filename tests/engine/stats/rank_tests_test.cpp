#include "engine/stats/rank_tests.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

namespace {

Numbers shifted(Numbers values, double by) {
  for (double& value : values) value += by;
  return values;
}

RankTestSpec with(PValue p, bool continuity = true) {
  RankTestSpec spec;
  spec.p_value = p;
  spec.continuity = continuity;
  return spec;
}

void agree(const Estimate& row, const std::string& test, const std::string& se_type) {
  check(row.statistic, test, "statistic");
  check(row.p_value, test, "p");
  CHECK(row.se_type == se_type);
}

}  // namespace

TEST_CASE("Mann-Whitney agrees with R", "[hypothesis]") {
  const Numbers a = data("a"), b = data("b"), l1 = data("l1"), l2 = data("l2");
  agree(mann_whitney(a, b), "mw_exact", "exact");
  agree(mann_whitney(b, a), "mw_exact_reversed", "exact");
  agree(mann_whitney(a, b, with(PValue::kLimit)), "mw_limit", "limit");
  agree(mann_whitney(a, b, with(PValue::kLimit, false)), "mw_plain", "limit");
  agree(mann_whitney(data("t1"), data("t2")), "mw_ties", "limit");
  agree(mann_whitney(l1, l2), "mw_long", "limit");
  agree(mann_whitney(l1, l2, with(PValue::kExact)), "mw_long_exact", "exact");
  agree(mann_whitney(shifted(l1, -10.0), l2, with(PValue::kExact)), "mw_apart", "exact");
  CHECK(mann_whitney(Numbers{5, 6}, Numbers{1, 6}).estimate == 2.5 / 4.0);
  CHECK(warned(mann_whitney(data("t1"), data("t2"), with(PValue::kExact)), "no exact p-value"));
}

TEST_CASE("Wilcoxon's signed ranks agree with R", "[hypothesis]") {
  const Numbers a = shifted(data("a"), -4.5);
  agree(wilcoxon_signed_rank(a), "sr_exact", "exact");
  agree(wilcoxon_signed_rank(a, with(PValue::kLimit)), "sr_limit", "limit");
  agree(wilcoxon_signed_rank(data("p1"), data("p2")), "sr_paired", "exact");
  agree(wilcoxon_signed_rank(shifted(data("l1"), -0.1), with(PValue::kAuto, false)), "sr_plain",
        "limit");
  const Estimate zeros = wilcoxon_signed_rank(shifted(data("t1"), -4.0));
  agree(zeros, "sr_zeros", "limit");
  CHECK(warned(zeros, "zero"));
  CHECK(wilcoxon_signed_rank(Numbers{1, 2, -3}).estimate == 0.0);
  CHECK(wilcoxon_signed_rank(Numbers{1, 2, 3}).estimate == 1.0);
  CHECK(wilcoxon_signed_rank(Numbers{1, 2, 3}).p_value == 0.25);
}

TEST_CASE("Cliff's delta agrees with the sum over all pairs", "[hypothesis]") {
  const auto is = [](const Estimate& row, const std::string& test) {
    check(row.estimate, test, "d");
    check(row.std_error, test, "se");
    check(row.conf_low, test, "low");
    check(row.conf_high, test, "high");
  };
  is(cliffs_delta(data("a"), data("b")), "cliff");
  is(cliffs_delta(data("t1"), data("t2")), "cliff_ties");
  const Estimate apart = cliffs_delta(Numbers{5, 6, 7, 8, 9}, Numbers{1, 2, 3, 4});
  CHECK(apart.estimate == 1.0);
  const double z2 = 1.959963984540054 * 1.959963984540054;
  CHECK(apart.conf_low == Approx((4.0 - z2) / (4.0 + z2)));
  CHECK(apart.conf_high == 1.0);
  CHECK(std::isnan(apart.p_value));
  CHECK(warned(apart, "do not overlap"));
}

TEST_CASE("Kolmogorov-Smirnov agrees with R", "[hypothesis]") {
  const Numbers a = data("a"), b = data("b"), l1 = data("l1"), l2 = data("l2");
  agree(kolmogorov_smirnov(a, b), "ks_exact", "exact");
  agree(kolmogorov_smirnov(data("t1"), data("t2")), "ks_ties", "exact");
  agree(kolmogorov_smirnov(shifted(a, -20.0), b), "ks_far", "exact");
  const Estimate limit = kolmogorov_smirnov(l1, l2, with(PValue::kLimit));
  check(limit.statistic, "ks_limit", "statistic");
  check(limit.p_value, "ks_limit", "p_series");
  check(kolmogorov_smirnov(data("t1"), data("t2"), with(PValue::kLimit)).p_value, "ks_limit",
        "p_small");
}

TEST_CASE("Kruskal-Wallis and Dunn agree with R", "[hypothesis]") {
  const auto is = [](const Estimate& row, const std::string& test) {
    check(row.statistic, test, "statistic");
    check(row.df, test, "df");
    check(row.p_value, test, "p");
  };
  is(kruskal_wallis(data("s"), codes("g")), "kruskal");
  Numbers tied = data("t1");
  for (const double value : data("t2")) tied.push_back(value);
  is(kruskal_wallis(tied, codes("g3")), "kruskal_ties");
  const std::vector<std::string> names = {"a", "b", "c"};
  DunnSpec spec;
  spec.names = names;
  const PairwiseTests dunn = dunn_test(tied, codes("g3"), spec);
  REQUIRE(dunn.rows.size() == 3);
  const char* cases[] = {"dunn_10", "dunn_20", "dunn_21"};
  for (std::size_t i = 0; i < 3; ++i) {
    check(dunn.rows[i].estimate, cases[i], "estimate");
    check(dunn.rows[i].std_error, cases[i], "se");
    check(dunn.rows[i].statistic, cases[i], "statistic");
    check(dunn.rows[i].p_value, cases[i], "p");
    check(dunn.p_adjusted[i], "dunn_holm", "p" + std::to_string(i + 1));
  }
  CHECK(dunn.rows[1].term == "c - a");
  CHECK(dunn_test(tied, codes("g3")).rows[2].term == "2 - 1");
}

TEST_CASE("rank tests: order, monotone scales and relabelling", "[hypothesis]") {
  Numbers a = data("a"), b = data("b");
  const double p = mann_whitney(a, b).p_value, d = cliffs_delta(a, b).std_error;
  CHECK(mann_whitney(reversed(a), reversed(b)).p_value == p);
  for (Numbers* values : {&a, &b}) {
    for (double& value : *values) value = std::exp(value);
  }
  CHECK(mann_whitney(a, b).p_value == p);
  CHECK(cliffs_delta(a, b).std_error == d);
  CHECK(cliffs_delta(b, a).estimate == -cliffs_delta(a, b).estimate);
  // Codes with gaps are the same groups.
  const Numbers s = data("s");
  Codes gaps = codes("g");
  for (auto& code : gaps) code = 2 * code + 3;
  CHECK(kruskal_wallis(s, gaps).statistic == kruskal_wallis(s, codes("g")).statistic);
  CHECK(dunn_test(s, gaps).rows.size() == 6);
  // Infinite values are the largest.
  CHECK(mann_whitney(Numbers{1, INFINITY}, Numbers{0, 2}).statistic ==
        mann_whitney(Numbers{1, 9}, Numbers{0, 2}).statistic);
}

TEST_CASE("rank tests: what is undefined is NaN with a sentence", "[hypothesis]") {
  const Numbers none, missing = {NAN}, same = {2, 2, 2}, one = {1.0};
  const auto undefined = [](const Estimate& row, const char* text) {
    CHECK(std::isnan(row.p_value));
    CHECK(warned(row, text));
  };
  undefined(mann_whitney(same, none), "no value");
  undefined(mann_whitney(same, missing), "no value");
  undefined(mann_whitney(same, same), "all values are equal");
  undefined(wilcoxon_signed_rank(Numbers{0, 0, NAN}), "other than zero");
  undefined(wilcoxon_signed_rank(none), "other than zero");
  undefined(cliffs_delta(one, same), "one value only");
  undefined(cliffs_delta(none, same), "no value");
  undefined(kolmogorov_smirnov(none, same), "no value");
  CHECK(kolmogorov_smirnov(same, same).p_value == 1.0);
  undefined(kruskal_wallis(same, Codes{0, 1, 1}), "all values are equal");
  undefined(kruskal_wallis(same, Codes{1, 1, 1}), "one group");
  undefined(kruskal_wallis(Numbers{NAN, 1.0}, Codes{0, -1}), "no value");
  CHECK(dunn_test(same, Codes{0, 1, 1}).rows.empty());
  CHECK(warned(dunn_test(same, Codes{0, 1, 1}), "all values are equal"));
  CHECK_THROWS_AS(kruskal_wallis(same, Codes{0}), ArgumentError);
  CHECK_THROWS_AS(wilcoxon_signed_rank(same, one), ArgumentError);
  const std::vector<std::string> short_names = {"a"};
  DunnSpec spec;
  spec.names = short_names;
  CHECK_THROWS_AS(dunn_test(same, Codes{0, 1, 1}, spec), ArgumentError);
}

TEST_CASE("rank tests: exact on demand as far as it goes, then the limit is used", "[hypothesis]") {
  // x holds every second of 2 m whole numbers, the first one lowest: U = m (m - 1) / 2.
  const auto interleaved = [](int m, int from) {
    Numbers values;
    for (int i = 0; i < m; ++i) values.push_back(2.0 * i + from);
    return values;
  };
  const auto mw = [&](int m) {
    return mann_whitney(interleaved(m, 0), interleaved(m, 1), with(PValue::kExact));
  };
  check(mw(200).p_value, "whole_numbers", "mw_200");
  CHECK(mw(200).se_type == "exact");
  CHECK(warned(mw(201), "too many values"));
  CHECK(mw(201).se_type == "limit");
  Numbers d;
  for (int i = 1; i <= 400; ++i) d.push_back(i % 3 == 0 ? -i : i);
  check(wilcoxon_signed_rank(d, with(PValue::kExact)).p_value, "whole_numbers", "sr_400");
  d.push_back(401.0);
  CHECK(warned(wilcoxon_signed_rank(d, with(PValue::kExact)), "too many values"));
  const Numbers many = interleaved(10001, 0), more = interleaved(10001, 1);
  CHECK(warned(kolmogorov_smirnov(many, more, with(PValue::kExact)), "too many values"));
}
