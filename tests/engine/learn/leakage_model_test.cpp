#include "engine/learn/leakage_model.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/logistic_classifier.h"
#include "engine/stats/distribution.h"
#include "tests/engine/learn/alarm_rows.h"
#include "tests/engine/learn/tiktok.h"

using namespace impact;
using namespace impact::learning;

TEST_CASE("claims: one rule does as well as a model of all columns", "[learn][leakage_model]") {
  const Claims claims = read_claims();
  if (claims.claim.empty()) return;
  AlarmTable table;
  table.add("duration", claims.duration);
  table.add("views", claims.views);
  table.add("likes", claims.likes);
  table.add("shares", claims.shares);
  const Folds folds =
      draw_folds(claims.claim.size(), {.folds = 5, .strata = claims.claim}, kAlarmKey);
  const FeatureColumns features = table.features();
  const OutOfFold model =
      out_of_fold(folds, logistic_learner(features, claims.claim), kAlarmKey.child("fits"));
  const OneRuleComparison found = compare_one_rule(features, claims.claim, model.prediction, folds);
  CHECK(found.alarm);
  CHECK(found.column == "views");
  CHECK(found.rule == "views > 10000");  // No row has 9999 to 10064: the published 9999.
  CHECK(found.rule_accuracy == Approx(0.99497).margin(2e-4));
  CHECK(found.difference.estimate <= 0.0);
  CHECK(found.difference.p_value < 0.05);
  CHECK(found.text.find("one rule does as well as the model: views > 10000") == 0);
}

TEST_CASE("a model that sees more than one column is better than a rule",
          "[learn][leakage_model]") {
  constexpr std::size_t kN = 600;
  const auto a = normals(kN, 1), b = normals(kN, 2), noise = normals(kN, 3);
  AlarmTable table;
  table.add("a", a);
  table.add("b", b);
  const auto label = labels(kN, [&](std::size_t i) { return a[i] + b[i] + 0.1 * noise[i] > 0.0; });
  const Folds folds = draw_folds(kN, {.folds = 5, .strata = label}, kAlarmKey);
  std::vector<double> scores(kN);
  for (std::size_t i = 0; i < kN; ++i) scores[i] = a[i] + b[i] > 0.0 ? 0.9 : 0.1;
  const OneRuleComparison found = compare_one_rule(table.features(), label, scores, folds);
  CHECK(!found.alarm);
  CHECK(found.model_accuracy > found.rule_accuracy + 0.1);
  CHECK(found.difference.conf_low > 0.1);
  // Of b and c rows, by hand: ((b - c) / (n + 2)) -+ z sqrt(...) (Bonett & Price 2012).
  const double n = kN;
  const auto bb = static_cast<double>(found.model_only);
  const auto cc = static_cast<double>(found.rule_only);
  const double centre = (bb - cc) / (n + 2);
  const double se = std::sqrt(((bb + cc + 2) / (n + 2) - centre * centre) / (n + 2));
  CHECK(found.difference.conf_high == Approx(centre + 1.959963984540054 * se).epsilon(1e-10));
  CHECK(found.difference.estimate == Approx((bb - cc) / n).epsilon(1e-14));
}

TEST_CASE("a model without skill has nothing to compare", "[learn][leakage_model]") {
  constexpr std::size_t kN = 200;
  AlarmTable table;
  table.add("a", normals(kN, 1));
  const auto label = labels(kN, [](std::size_t i) { return i % 4 == 0; });
  const Folds folds = draw_folds(kN, {.folds = 5, .strata = label}, kAlarmKey);
  const OneRuleComparison found =
      compare_one_rule(table.features(), label, std::vector<double>(kN, 0.25), folds);
  CHECK(!found.alarm);
  REQUIRE(!found.warnings.empty());
  CHECK(found.warnings.back().find("no better than calling every row the larger class") !=
        std::string::npos);
  CHECK(found.majority_accuracy == 0.75);
  const std::vector<std::int32_t> ones(kN, 1);
  CHECK(!compare_one_rule(table.features(), ones, normals(kN, 2), folds).alarm);
  CHECK_THROWS_AS(compare_one_rule(table.features(), label, normals(7, 2), folds), ArgumentError);
  CHECK_THROWS_AS(compare_one_rule(table.features(), label, normals(kN, 2), folds, {.margin = 1.0}),
                  ArgumentError);
}

TEST_CASE("the rule is judged on rows it did not see", "[learn][leakage_model]") {
  // A column of distinct numbers that says nothing: in its own rows some cut always helps.
  constexpr std::size_t kN = 40;
  AlarmTable table;
  table.add("a", normals(kN, 5));
  const auto label = labels(kN, [](std::size_t i) { return i % 2 == 0; });
  const Folds folds = draw_folds(kN, {.folds = 5, .strata = label}, kAlarmKey);
  std::vector<double> perfect(kN);
  for (std::size_t i = 0; i < kN; ++i) perfect[i] = label[i];
  const OneRuleComparison found = compare_one_rule(table.features(), label, perfect, folds);
  CHECK(found.rule_accuracy < 0.65);
  CHECK(found.model_accuracy == 1.0);
  CHECK(!found.alarm);
}
