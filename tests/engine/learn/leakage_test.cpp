#include "engine/learn/leakage.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/tiktok.h"

using namespace impact;
using namespace impact::learning;

namespace {

const StreamKey kKey = StreamKey::root(9);

// Owns what FeatureColumns looks at.
struct Table {
  std::vector<double> x;
  std::vector<std::string> names;
  void add(const std::string& name, const std::vector<double>& column) {
    names.push_back(name);
    x.insert(x.end(), column.begin(), column.end());
  }
  [[nodiscard]] FeatureColumns features() const {
    return {.x = x, .columns = names.size(), .names = names};
  }
};

std::vector<double> normals(std::size_t n, std::uint64_t unit) {
  Stream stream(kKey, unit);
  std::vector<double> values(n);
  for (double& v : values) v = stream.normal();
  return values;
}

}  // namespace

TEST_CASE("claims: views alone separate claims from opinions", "[learn]") {
  const Claims claims = read_claims();
  if (claims.claim.empty()) return;
  Table table;
  table.add("views", claims.views);
  table.add("duration", claims.duration);
  const auto rules = single_column_rules(table.features(), claims.claim);
  const ColumnRule& views = rules[0];
  CHECK(views.n == 19084);
  CHECK(views.alarm);
  CHECK(views.rule == "views > 9998");  // no row has 9999 to 10064: the same as views > 9999
  CHECK(views.precision == 1.0);
  CHECK(views.recall == Approx(0.990008).epsilon(1e-6));
  CHECK(views.errors == 96);
  CHECK(views.accuracy == Approx(0.99497).epsilon(1e-5));
  CHECK(views.text ==
        "one column alone separates the classes: views > 9998: precision 1.000, recall 0.990, 96 "
        "of 19084 rows wrong (AUC 0.9955)");
  CHECK(!rules[1].alarm);
  CHECK(rules[1].auc < 0.55);
  CHECK(rules[1].text.empty());
}

TEST_CASE("profiles: the label is cut from a sum of two features", "[learn]") {
  const Profiles profiles = read_profiles();
  if (profiles.columns.empty()) return;
  Table table;
  for (const char* name : {"comment_engagement_rate", "like_engagement_rate", "followers",
                           "following", "likes", "videos_count", "is_verified"}) {
    table.add(name, profiles.column(name));
  }
  const auto& rate = profiles.column("awg_engagement_rate");
  const ExactRelation sum = find_exact_sum(rate, table.features());
  CHECK(sum.alarm);
  REQUIRE(sum.terms.size() == 2);
  CHECK(sum.terms[0].factor == Approx(1.0).epsilon(1e-12));
  CHECK(sum.largest_difference < 1e-12);
  CHECK(sum.n == 1000);
  CHECK(sum.text.find("comment_engagement_rate + like_engagement_rate in all 1000 complete rows") !=
        std::string::npos);
  // With either left out nothing is exact.
  Table half;
  half.add("like_engagement_rate", profiles.column("like_engagement_rate"));
  half.add("followers", profiles.column("followers"));
  CHECK(!find_exact_sum(rate, half.features()).alarm);

  std::vector<std::int32_t> label;
  for (const double r : rate) label.push_back(r > 0.05 ? 1 : 0);
  const auto rules = single_column_rules(table.features(), label);
  CHECK(rules[1].alarm);
  CHECK(rules[1].auc > 0.99);
  CHECK(!rules[2].alarm);
}

TEST_CASE("sums: signs, constants, copies and rounding", "[learn]") {
  const auto a = normals(200, 1), b = normals(200, 2), c = normals(200, 3);
  Table table;
  table.add("a", a);
  table.add("b", b);
  table.add("c", c);
  std::vector<double> source(200), rounded(200);
  for (std::size_t i = 0; i < 200; ++i) {
    source[i] = 2.0 * a[i] - c[i] + 3.0;
    rounded[i] = std::round(100.0 * source[i]) / 100.0;
  }
  ExactRelation found = find_exact_sum(source, table.features());
  CHECK(found.text.find(": 2 a - c + 3 in all 200") != std::string::npos);
  CHECK(found.constant == Approx(3.0));
  CHECK(!find_exact_sum(rounded, table.features()).alarm);
  CHECK(find_exact_sum(rounded, table.features(), {.tolerance = 0.01}).alarm);
  // Permuted columns: the same terms.
  Table turned;
  turned.add("c", c);
  turned.add("b", b);
  turned.add("a", a);
  CHECK(find_exact_sum(source, turned.features()).text.find(": -c + 2 a + 3") != std::string::npos);
  // A feature twice among the columns, and a source that is a copy.
  table.add("again", a);
  found = find_exact_sum(b, table.features());
  REQUIRE(found.terms.size() == 1);
  CHECK(found.terms[0].column == "b");
  source[5] = std::numeric_limits<double>::quiet_NaN();
  CHECK(find_exact_sum(source, table.features()).n == 199);
  // One row off is not exact.
  source[5] = 0.0;
  CHECK(!find_exact_sum(source, table.features()).alarm);
  CHECK(find_exact_sum(source, table.features()).largest_difference > 0.1);
}

TEST_CASE("a column that is mostly missing hides no relation", "[learn]") {
  const auto a = normals(100, 1), b = normals(100, 2);
  std::vector<double> sparse(100, std::numeric_limits<double>::quiet_NaN()), source(100);
  for (std::size_t i = 0; i < 100; ++i) {
    if (i < 4) sparse[i] = a[i];
    source[i] = a[i] + b[i];
  }
  Table table;
  table.add("sparse", sparse);
  table.add("a", a);
  table.add("b", b);
  const ExactRelation found = find_exact_sum(source, table.features());
  CHECK(found.alarm);
  CHECK(found.n == 100);
  CHECK(found.terms[0].column == "a");
  REQUIRE(found.warnings.size() == 1);
  CHECK(found.warnings[0] == "missing in more than half of the rows, so not looked at: sparse");
}

TEST_CASE("products: rates are found", "[learn]") {
  Stream stream(kKey, 8);
  std::vector<double> likes(300), views(300), followers(300), comments(300), rate(300);
  for (std::size_t i = 0; i < 300; ++i) {
    views[i] = static_cast<double>(stream.integer(1, 1000000));
    likes[i] = i % 9 == 0 ? 0.0 : static_cast<double>(stream.integer(1, 5000));
    comments[i] = static_cast<double>(stream.integer(0, 20));
    followers[i] = static_cast<double>(stream.integer(1, 90000));
    rate[i] = 100.0 * likes[i] / views[i];
  }
  Table table;
  table.add("views", views);
  table.add("followers", followers);
  table.add("likes", likes);
  table.add("comments", comments);
  const ExactRelation found = find_exact_product(rate, table.features());
  CHECK(found.alarm);
  CHECK(found.text.find(": 100 / views * likes in all 266 rows where it is positive") !=
        std::string::npos);
  CHECK(found.largest_difference < 1e-10);
  CHECK(!find_exact_sum(rate, table.features()).alarm);
  CHECK(!find_exact_product(normals(300, 7), table.features()).alarm);
  Table useless;
  useless.add("negative", std::vector<double>(300, -1.0));
  CHECK(find_exact_product(rate, useless.features()).warnings.size() == 1);
}

TEST_CASE("relations: too few rows, a constant source, wrong shapes", "[learn]") {
  const auto a = normals(12, 1), b = normals(12, 2);
  Table table;
  table.add("a", a);
  table.add("b", b);
  const ExactRelation few = find_exact_sum(a, table.features());
  CHECK(!few.alarm);
  REQUIRE(few.warnings.size() == 1);
  CHECK(few.warnings[0] ==
        "12 complete rows are too few to tell a relation of 2 columns from chance");
  Table one;
  one.add("a", normals(50, 1));
  CHECK(find_exact_sum(std::vector<double>(50, 1.0), one.features()).warnings.size() == 1);
  CHECK_THROWS_AS(find_exact_sum(a, one.features()), ArgumentError);
}

TEST_CASE("rules: below, missing, rare classes", "[learn]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> falls(24), half(24);
  std::vector<std::int32_t> label(24), gone(24);
  for (std::size_t i = 0; i < 24; ++i) {
    falls[i] = 23.0 - static_cast<double>(i);
    label[i] = i < 12 ? 0 : 1;
    gone[i] = static_cast<std::int32_t>(i % 2);
    half[i] = gone[i] == 1 ? nan : static_cast<double>(i % 5);
  }
  Table table;
  table.add("falls", falls);
  table.add("half", half);
  table.add("flat", std::vector<double>(24, 1.0));
  auto rules = single_column_rules(table.features(), label);
  CHECK(rules[0].rule == "falls <= 11");
  CHECK(rules[0].auc == 1.0);
  CHECK(rules[0].alarm);
  CHECK(!rules[1].alarm);
  CHECK(rules[2].rule.empty());
  CHECK(!rules[2].alarm);
  CHECK(rules[2].auc == 0.5);
  rules = single_column_rules(table.features(), gone);
  CHECK(rules[1].rule == "half is missing");
  CHECK(rules[1].alarm);
  CHECK(std::isnan(rules[1].auc));
  // Nine rows of a class are too few to tell.
  std::vector<std::int32_t> nine = label;
  for (std::size_t i = 0; i < 3; ++i) nine[i] = -1;
  CHECK(!single_column_rules(table.features(), nine)[0].alarm);
  CHECK(single_column_rules(table.features(), nine)[0].accuracy == 1.0);
  // Two positives in a thousand: always "no" is right in 99.8 % of rows and no alarm.
  std::vector<std::int32_t> rare(5000, 0);
  for (std::size_t i = 0; i < 10; ++i) rare[500 * i] = 1;
  Table noise;
  noise.add("noise", normals(5000, 4));
  const auto rule = single_column_rules(noise.features(), rare)[0];
  CHECK(!rule.alarm);
  const std::vector<std::int32_t> none(24, 0);
  CHECK(std::isnan(single_column_rules(table.features(), none)[0].auc));
  CHECK_THROWS_AS(single_column_rules(table.features(), rare), ArgumentError);
  CHECK_THROWS_AS(single_column_rules(table.features(), label, {.limit = 0.5}), ArgumentError);
}

TEST_CASE("twins across folds", "[learn]") {
  Table table;
  auto a = normals(100, 1), b = normals(100, 2);
  table.add("a", a);
  table.add("b", b);
  const Folds folds = draw_folds(100, {.folds = 5}, kKey);
  FoldTwins twins = find_fold_twins(table.features(), folds);
  CHECK(twins.rows == 0);
  CHECK(twins.distinct == 100);
  CHECK(!twins.alarm);
  // Up-sampled before the split: the second half repeats the first; NaN is equal to itself.
  for (std::size_t i = 0; i < 50; ++i) {
    a[i + 50] = a[i];
    b[i + 50] = b[i] = std::numeric_limits<double>::quiet_NaN();
  }
  Table copied;
  copied.add("a", a);
  copied.add("b", b);
  twins = find_fold_twins(copied.features(), folds);
  std::int64_t expected = 0;
  for (std::size_t i = 0; i < 50; ++i) expected += folds.at(i) != folds.at(i + 50) ? 2 : 0;
  CHECK(expected > 50);
  CHECK(twins.rows == expected);
  CHECK(twins.distinct == 50);
  CHECK(twins.alarm);
  CHECK(twins.example[1] == twins.example[0] + 50);
  CHECK(twins.text.find("exact twin in another fold") != std::string::npos);
  // In one group they never cross.
  std::vector<std::int32_t> groups(100);
  for (std::size_t i = 0; i < 100; ++i) groups[i] = static_cast<std::int32_t>(i % 50);
  const Folds whole = draw_folds(100, {.folds = 5, .groups = groups}, kKey);
  CHECK(find_fold_twins(copied.features(), whole).rows == 0);
  // Coarse columns repeat by nature.
  std::vector<double> coarse(100);
  for (std::size_t i = 0; i < 100; ++i) coarse[i] = static_cast<double>(i % 3);
  Table yes_no;
  yes_no.add("tier", coarse);
  twins = find_fold_twins(yes_no.features(), folds);
  CHECK(twins.share == 1.0);
  CHECK(!twins.alarm);
  CHECK_THROWS_AS(find_fold_twins(table.features(), draw_folds(99, {}, kKey)), ArgumentError);
}
