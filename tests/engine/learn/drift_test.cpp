#include "engine/learn/drift.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/alarm_rows.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr std::size_t kN = 500;

Feature texts(const std::string& name, std::size_t n, std::size_t levels, std::size_t first = 0) {
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < n; ++i) {
    cells.push_back("level " + std::to_string(first + (i * 7) % levels));
  }
  std::vector<const std::string*> places;
  for (const std::string& cell : cells) places.push_back(&cell);
  return text_feature(name, places);
}

std::vector<double> moved(std::vector<double> values, double by, double times = 1.0) {
  for (double& value : values) value = times * value + by;
  return values;
}

}  // namespace

TEST_CASE("nothing has drifted", "[learn][drift]") {
  const FeatureTable before(std::vector<Feature>{number_feature("a", normals(kN, 1)),
                                                 number_feature("b", lognormals(kN, 2)),
                                                 texts("city", kN, 10)});
  const FeatureTable now(std::vector<Feature>{texts("city", kN, 10),
                                              number_feature("b", lognormals(kN, 12)),
                                              number_feature("a", normals(kN, 11))});
  const Drift found = find_drift(before, now, kAlarmKey);
  CHECK(!found.alarm);
  REQUIRE(found.columns.size() == 3);
  CHECK(found.columns[0].column == "a");
  CHECK(found.columns[2].psi < 1e-3);
  CHECK(found.two_sample.estimate == Approx(0.5).margin(0.06));
  for (const int threads : {2, 8}) {
    CHECK(find_drift(before, now, kAlarmKey, {}, {.threads = threads}).two_sample.estimate ==
          found.two_sample.estimate);
  }
}

TEST_CASE("the index and the tests by hand", "[learn][drift]") {
  // Old rows 1 ... 10, two bins cut at the median 5; of four new rows three lie above.
  std::vector<double> old, fresh = {2, 7, 8, 9};
  for (int i = 1; i <= 10; ++i) old.push_back(i);
  const FeatureTable before(std::vector<Feature>{number_feature("a", old)});
  const FeatureTable now(std::vector<Feature>{number_feature("a", fresh)});
  const Drift found = find_drift(before, now, kAlarmKey, {.bins = 2});
  const double p1 = 5.5 / 11, p2 = 5.5 / 11, q1 = 1.5 / 5, q2 = 3.5 / 5;
  CHECK(found.columns[0].psi ==
        Approx((q1 - p1) * std::log(q1 / p1) + (q2 - p2) * std::log(q2 / p2)).epsilon(1e-12));
  CHECK(found.columns[0].statistic == Approx(0.35).epsilon(1e-12));  // After 6: 0.6 and 0.25.
  CHECK(found.columns[0].outside == 0.0);
  CHECK(found.warnings.size() == 1);
  CHECK(std::isnan(found.two_sample.estimate));
}

TEST_CASE("each kind of drift is named", "[learn][drift]") {
  std::vector<double> gaps = normals(kN, 15);
  for (std::size_t i = 0; i < 100; ++i) gaps[i] = NAN;
  const FeatureTable before(std::vector<Feature>{
      number_feature("moved", normals(kN, 1)), number_feature("wider", normals(kN, 2)),
      number_feature("gaps", normals(kN, 3)), texts("city", kN, 10),
      number_feature("same", normals(kN, 4))});
  const FeatureTable now(std::vector<Feature>{
      number_feature("moved", moved(normals(kN, 11), 1.0)),
      number_feature("wider", moved(normals(kN, 12), 0.0, 3.0)), number_feature("gaps", gaps),
      texts("city", kN, 12), number_feature("same", normals(kN, 14))});
  const Drift found = find_drift(before, now, kAlarmKey);
  CHECK(found.alarm);
  CHECK(found.two_sample_alarm);
  CHECK(found.two_sample_text.find(
            "a random forest tells the new rows from the old ones: AUC 0.") == 0);
  CHECK(found.columns[0].text.find("column 'moved': its distribution has moved: stability index") ==
        0);
  CHECK(found.columns[1].text.find("lie outside of the old range") != std::string::npos);
  CHECK(found.columns[2].text.find("20.0 % of its cells are missing, 0.0 % were") !=
        std::string::npos);
  CHECK(found.columns[3].new_levels == std::vector<std::string>{"level 10", "level 11"});
  CHECK(found.columns[3].new_share == Approx(0.166).margin(0.002));
  CHECK(found.columns[3].text.find("values that did not occur (level 10, level 11)") !=
        std::string::npos);
  CHECK(!found.columns[4].alarm);
  CHECK(found.columns[4].text.empty());
  // Holm: never below the raw p.
  for (const ColumnDrift& column : found.columns) CHECK(column.p_adjusted >= column.p_value);
}

TEST_CASE("what no column shows alone, the forest sees", "[learn][drift]") {
  const auto a = normals(kN, 1), b = normals(kN, 2), c = normals(kN, 3);
  std::vector<double> tied(kN);
  for (std::size_t i = 0; i < kN; ++i) tied[i] = 0.95 * a[i] + 0.3122 * c[i];  // Variance 1.
  const FeatureTable before(
      std::vector<Feature>{number_feature("a", normals(kN, 5)), number_feature("b", b)});
  const FeatureTable now(std::vector<Feature>{number_feature("a", a), number_feature("b", tied)});
  const Drift found = find_drift(before, now, kAlarmKey);
  CHECK(!found.columns[0].alarm);
  CHECK(!found.columns[1].alarm);
  CHECK(found.two_sample_alarm);
}

TEST_CASE("drift: renamed and retyped columns, empty tables, bad options", "[learn][drift]") {
  const FeatureTable before(std::vector<Feature>{number_feature("followers", {1, 2, 3})});
  const FeatureTable renamed(std::vector<Feature>{number_feature("follower", {1, 2, 3})});
  CHECK_THROWS_WITH(find_drift(before, renamed, kAlarmKey),
                    Catch::Contains("no column 'followers'"));
  const FeatureTable retyped(std::vector<Feature>{texts("followers", 3, 2)});
  CHECK_THROWS_WITH(find_drift(before, retyped, kAlarmKey), Catch::Contains("another type"));
  const FeatureTable empty(std::vector<Feature>{number_feature("followers", {})});
  CHECK(find_drift(before, empty, kAlarmKey).warnings.size() == 1);
  CHECK_THROWS_AS(find_drift(before, before, kAlarmKey, {.bins = 1}), ArgumentError);
  CHECK_THROWS_AS(find_drift(before, before, kAlarmKey, {.auc = 0.4}), ArgumentError);
}
