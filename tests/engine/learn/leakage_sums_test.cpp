#include "engine/learn/leakage_sums.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/best_cut.h"
#include "tests/engine/learn/alarm_rows.h"
#include "tests/engine/learn/tiktok.h"

using namespace impact;
using namespace impact::learning;

TEST_CASE("the best cut by hand", "[learn][leakage_sums]") {
  const std::vector<double> x = {1, 2, 3, 4, 5, 6, NAN};
  const std::vector<std::int32_t> label = {0, 0, 1, 0, 1, 1, 0};
  const std::vector<std::uint32_t> rows = {0, 1, 2, 3, 4, 5, 6};
  const auto cut = detail::best_cut(x, label, rows, detail::CutMerit::kErrors);
  CHECK(cut.text("x") == "x > 4");  // One error, as x > 2; the higher cut of the two.
  const ConfusionMatrix m = detail::judge_cut(cut, x, label, rows);
  CHECK(m.true_positive == 2);
  CHECK(m.false_negative == 1);
  CHECK(m.true_negative == 4);
  const std::vector<std::int32_t> gone = {0, 0, 0, 0, 0, 0, 1};
  CHECK(detail::best_cut(x, gone, rows, detail::CutMerit::kErrors).text("x") == "x is missing");
  CHECK(
      detail::best_cut(std::vector<double>(7, 2.0), label, rows, detail::CutMerit::kErrors).kind ==
      detail::Cut::Kind::kNone);
}

TEST_CASE("the shortest number between two", "[learn][leakage_sums]") {
  CHECK(detail::short_number_between(0.04998312, 0.0500217) == 0.05);
  CHECK(detail::short_number_between(9998, 10065) == 10000);
  CHECK(detail::short_number_between(-1, 2) == 0);
  CHECK(detail::short_number_between(3, 4) == 3);
  CHECK(detail::short_number_between(-0.31, -0.29) == -0.3);
  CHECK(detail::short_number_between(1.0, std::nextafter(1.0, 2.0)) == 1.0);
}

TEST_CASE("profiles: the published label is a threshold of the sum of two features",
          "[learn][leakage_sums]") {
  const Profiles profiles = read_profiles();
  if (profiles.columns.empty()) return;
  AlarmTable table;
  for (const char* name : {"comment_engagement_rate", "like_engagement_rate", "followers",
                           "following", "likes", "videos_count", "is_verified"}) {
    table.add(name, profiles.column(name));
  }
  const auto& rate = profiles.column("awg_engagement_rate");
  const auto label = labels(rate.size(), [&](std::size_t i) { return rate[i] > 0.05; });
  const SumRules found = find_separating_sums(table.features(), label);
  REQUIRE(found.alarm);
  const SumRule& rule = found.rules[0];
  CHECK(rule.rule == "comment_engagement_rate + like_engagement_rate > 0.05");
  CHECK(rule.errors == 0);
  CHECK(rule.f1 == 1.0);
  CHECK(rule.n == 1000);
  CHECK(rule.single_errors > 5);
  CHECK(found.text ==
        "the label is a threshold of 2 features: comment_engagement_rate + like_engagement_rate > "
        "0.05: F1 1.000, precision 1.000, recall 1.000, 0 of 1000 rows wrong; one of them alone "
        "gets " +
            std::to_string(rule.single_errors) + " wrong");
  // Nothing is left when either part is.
  AlarmTable honest;
  for (const char* name : {"followers", "following", "likes", "videos_count", "is_verified"}) {
    honest.add(name, profiles.column(name));
  }
  CHECK(!find_separating_sums(honest.features(), label).alarm);
}

TEST_CASE("ratios and weighted sums separate classes", "[learn][leakage_sums]") {
  constexpr std::size_t kN = 1000;
  const auto likes = lognormals(kN, 1), views = lognormals(kN, 2), other = normals(kN, 3);
  AlarmTable table;
  table.add("likes", likes);
  table.add("views", views);
  table.add("other", other);
  const auto ratio = labels(kN, [&](std::size_t i) { return likes[i] / views[i] > 0.8; });
  const SumRules by_ratio = find_separating_sums(table.features(), ratio);
  REQUIRE(by_ratio.alarm);
  CHECK(by_ratio.rules[0].rule == "likes / views > 0.8");
  CHECK(by_ratio.rules.size() == 1);  // A triple that holds it is no further finding.
  const auto weighted = labels(kN, [&](std::size_t i) { return likes[i] + 3.0 * other[i] > 1.0; });
  const SumRules by_weight = find_separating_sums(table.features(), weighted);
  REQUIRE(by_weight.alarm);
  CHECK(by_weight.rules[0].errors == 0);
  CHECK(by_weight.rules[0].terms[0].column == "likes");
  CHECK(by_weight.rules[0].terms[1].factor == Approx(3.0).epsilon(0.05));
  const auto three =
      labels(kN, [&](std::size_t i) { return likes[i] - views[i] + other[i] > 0.25; });
  const SumRules by_three = find_separating_sums(table.features(), three);
  REQUIRE(by_three.alarm);
  CHECK(by_three.rules[0].expression == "likes - views + other");
  CHECK(by_three.rules[0].errors == 0);
}

TEST_CASE("no alarm for noise, for one column's rule and for few rows", "[learn][leakage_sums]") {
  AlarmTable table;
  const auto a = normals(60, 1);
  for (std::uint64_t j = 0; j < 12; ++j) {
    table.add("x" + std::to_string(j), j == 0 ? a : normals(60, 10 + j));
  }
  const auto coin = labels(60, [&](std::size_t i) { return i % 3 == 0; });
  CHECK(!find_separating_sums(table.features(), coin).alarm);
  const auto one = labels(60, [&](std::size_t i) { return a[i] > 0.1; });
  CHECK(!find_separating_sums(table.features(), one).alarm);
  const auto few = labels(60, [&](std::size_t i) { return i < 10; });
  const SumRules result = find_separating_sums(table.features(), few);
  CHECK(!result.alarm);
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings[0].find("10 positive and 50 negative") != std::string::npos);
}

TEST_CASE("sums: the same on any number of threads, and bad options", "[learn][leakage_sums]") {
  constexpr std::size_t kN = 300;
  const auto a = normals(kN, 1), b = normals(kN, 2), c = normals(kN, 3);
  AlarmTable table;
  table.add("a", a);
  table.add("b", b);
  table.add("c", c);
  const auto label =
      labels(kN, [&](std::size_t i) { return a[i] + 0.37 * b[i] - 2.0 * c[i] > 0.3; });
  const SumRules one = find_separating_sums(table.features(), label);
  REQUIRE(one.alarm);
  for (const int threads : {2, 3, 8}) {
    CHECK(find_separating_sums(table.features(), label, {}, {.threads = threads}).text == one.text);
  }
  CHECK_THROWS_AS(find_separating_sums(table.features(), label, {.limit = 0.5}), ArgumentError);
  CHECK_THROWS_AS(find_separating_sums(table.features(), label, {.most_terms = 4}), ArgumentError);
  CHECK_THROWS_AS(find_separating_sums(table.features(), std::vector<std::int32_t>(7)),
                  ArgumentError);
}
