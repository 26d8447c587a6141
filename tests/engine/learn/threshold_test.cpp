#include "engine/learn/threshold.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

const std::vector<double> kScore = {9, 8, 7, 6, 5, 4, 3, 2};
const std::vector<std::int32_t> kLabel = {1, 1, 0, 1, 0, 0, 1, 0};
//                     threshold 7: 2 of 4, 1 false; 6: 3 of 4, 1 false; 3: all, 3 false

ThresholdChoice choose(ThresholdSpec spec) {
  spec.origin = ScoreOrigin::kOutOfFold;
  return choose_threshold({kScore, kLabel}, spec);
}

}  // namespace

TEST_CASE("thresholds by hand", "[learn]") {
  ThresholdChoice choice = choose({});
  CHECK(choice.threshold == 8.0);  // j = 1/2 at 8 and at 6: the higher one
  CHECK(choice.value == 0.5);
  CHECK(choice.rule == "largest recall + specificity - 1, chosen on out-of-fold predictions");
  CHECK(choice.warnings.empty());

  // 1/3 - 0 at 6 equals 1 - 2/3 at 2, whatever the rounding.
  const std::vector<double> six = {6, 5, 4, 3, 2, 1};
  const std::vector<std::int32_t> thirds = {1, 0, 0, 1, 1, 0};
  choice = choose_threshold({six, thirds});
  CHECK(choice.threshold == 6.0);
  const std::vector<std::int32_t> later = {1, 0, 1, 0, 1, 0};
  CHECK(choose_threshold({six, later}).threshold == 6.0);

  choice = choose({.rule = ThresholdRule::kMaxF});
  CHECK(choice.threshold == 6.0);
  CHECK(choice.value == 0.75);
  CHECK(choice.matrix.true_positive == 3.0);
  choice = choose({.rule = ThresholdRule::kMaxF, .beta = 3.0});
  CHECK(choice.threshold == 3.0);
  CHECK(choice.rule == "largest F3, chosen on out-of-fold predictions");

  // A missed positive as dear as three false alarms: at 3 cost 3, at 6 cost 1 + 3, at 8 cost 6.
  choice = choose({.rule = ThresholdRule::kLeastCost, .cost_false_negative = 3.0});
  CHECK(choice.threshold == 3.0);
  CHECK(choice.value == 3.0);
  choice = choose({.rule = ThresholdRule::kLeastCost, .cost_false_negative = 0.0});
  CHECK(choice.threshold == std::numeric_limits<double>::infinity());
  CHECK(choice.matrix.true_negative == 4.0);

  choice = choose({.rule = ThresholdRule::kLeastRecall, .least = 0.5});
  CHECK(choice.threshold == 8.0);
  choice = choose({.rule = ThresholdRule::kLeastRecall, .least = 0.6});
  CHECK(choice.threshold == 6.0);
  CHECK(choice.value == 0.75);
  choice = choose({.rule = ThresholdRule::kLeastPrecision, .least = 0.7});
  CHECK(choice.threshold == 6.0);
  choice = choose({.rule = ThresholdRule::kLeastPrecision, .least = 1.0});
  CHECK(choice.threshold == 8.0);
}

TEST_CASE("Youden's threshold agrees with pROC", "[learn]") {
  const Rows rows = reference_rows();
  const ThresholdChoice choice =
      choose_threshold(rows.of(rows.a), {.origin = ScoreOrigin::kOutOfFold});
  agree(choice.value, "proc", "youden", "j");
  // pROC's lies halfway to the next lower score.
  const double halfway = number("proc", "youden", "threshold");
  CHECK(choice.threshold > halfway);
  double below = -std::numeric_limits<double>::infinity();
  for (const double a : rows.a) {
    if (a < choice.threshold) below = std::max(below, a);
  }
  CHECK(0.5 * (below + choice.threshold) == Approx(halfway).epsilon(1e-12));
}

TEST_CASE("a threshold says where it comes from and that its scores flatter", "[learn]") {
  const ThresholdChoice unknown = choose_threshold({kScore, kLabel});
  CHECK(warned(unknown, "nothing says that the predictions are out of fold"));
  const ThresholdChoice training =
      choose_threshold({kScore, kLabel}, {.origin = ScoreOrigin::kTraining});
  CHECK(warned(training, "the model knows the rows"));
  CHECK(training.rule.find("training rows") != std::string::npos);
  REQUIRE(!unknown.scores.empty());
  for (const Estimate& row : choose({}).scores) CHECK(warned(row, "nested cross-validation"));
}

TEST_CASE("no threshold: said, not guessed", "[learn]") {
  const std::vector<std::int32_t> hard = {0, 1, 0, 1, 0, 1, 0, 1};
  ThresholdChoice choice =
      choose_threshold({kScore, hard}, {.rule = ThresholdRule::kLeastPrecision, .least = 0.95});
  CHECK(std::isnan(choice.threshold));
  CHECK(choice.scores.empty());
  CHECK(warned(choice, "no threshold has a precision of 0.95"));
  const std::vector<std::int32_t> one(8, 1);
  choice = choose_threshold({kScore, one});
  CHECK(std::isnan(choice.threshold));
  CHECK(warned(choice, "all rows are positive"));
  CHECK(std::isnan(choose_threshold({}).threshold));
}

TEST_CASE("thresholds: wrong input", "[learn]") {
  CHECK_THROWS_AS(choose({.beta = -1.0}), ArgumentError);
  CHECK_THROWS_AS(choose({.cost_false_positive = -1.0}), ArgumentError);
  CHECK_THROWS_AS(choose({.cost_false_positive = 0.0, .cost_false_negative = 0.0}), ArgumentError);
  CHECK_THROWS_AS(choose({.least = 0.0}), ArgumentError);
  CHECK_THROWS_AS(choose({.least = 1.5}), ArgumentError);
}
