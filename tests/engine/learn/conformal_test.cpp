#include "engine/learn/conformal.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/evaluation_reference.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const StreamKey kKey = StreamKey::root(8).child("conformal");

}  // namespace

TEST_CASE("conformal quantile: the rank counts the new row", "[learn][conformal]") {
  const std::vector<double> scores = {5, 1, 4, 2, 3, 9, 8, 7, 6};
  CHECK(conformal_quantile(scores, 0.9).value == 9.0);  // ceil(10 * 0.9) = 9, not 10
  CHECK(conformal_quantile(scores, 0.89).value == 9.0);
  CHECK(conformal_quantile(scores, 0.8).value == 8.0);
  CHECK(conformal_quantile(scores, 0.5).value == 5.0);
  const ConformalQuantile few = conformal_quantile(scores, 0.95);
  CHECK(few.value == kInfinity);
  CHECK(warned(few, "9 calibration rows are too few"));
  const std::vector<double> gap = {1, NAN, 2};
  CHECK(conformal_quantile(gap, 0.5).n == 2);
  CHECK(warned(conformal_quantile(gap, 0.5), "1 row was left out"));
  CHECK_THROWS_AS(conformal_quantile(scores, 1.0), ArgumentError);
}

TEST_CASE("split conformal intervals by hand", "[learn][conformal]") {
  const std::vector<double> residual = {-4, 1, -2, 3}, prediction = {10, NAN};
  const auto both = split_conformal(residual, prediction, {.conf_level = 0.6});
  CHECK(both.low[0] == 7.0);  // the third of 1, 2, 3, 4
  CHECK(both.high[0] == 13.0);
  CHECK(std::isnan(both.low[1]));
  const auto sides = split_conformal(residual, prediction, {.conf_level = 0.6, .symmetric = false});
  CHECK(sides.high[0] == 13.0);  // the fourth of -4, -2, 1, 3
  CHECK(sides.low[0] == 6.0);
  const std::vector<double> calibration_scale = {4, 1, 1, 1}, scale = {0.5, 1};
  const auto scaled =
      split_conformal(residual, prediction,
                      {.conf_level = 0.6, .calibration_scale = calibration_scale, .scale = scale});
  CHECK(scaled.low[0] == 9.0);  // 1, 1, 2, 3: the third is 2, half of it
  CHECK_THROWS_AS(split_conformal(residual, prediction, {.scale = scale}), ArgumentError);
  const std::vector<double> zero = {0, 1};
  CHECK_THROWS_AS(split_conformal(residual, prediction,
                                  {.calibration_scale = calibration_scale, .scale = zero}),
                  ArgumentError);
  CHECK(split_conformal({}, prediction).high[0] == kInfinity);
}

TEST_CASE("quantiles made conformal by hand", "[learn][conformal]") {
  const std::vector<double> low = {0, 0, 0}, high = {10, 10, 10}, y = {-2, 5, 11};
  // Scores 2, -5, 1: the third of them at 3/4.
  const std::vector<double> new_low = {3, 9}, new_high = {7, 1};
  auto moved = conformalised_quantiles({low, high}, y, {new_low, new_high}, 0.75);
  CHECK(moved.low == std::vector<double>{1, 7});
  CHECK(moved.high == std::vector<double>{9, 3});
  CHECK(warned(moved, "1 of 2 intervals cross"));
  CHECK_THROWS_AS(conformalised_quantiles({low, new_high}, y, {low, high}), ArgumentError);
}

TEST_CASE("CV+ is MAPIE's", "[learn][conformal]") {
  const auto& json = evaluation_reference()["cv_plus"];
  const auto y = json["outcome"].get<std::vector<double>>();
  const auto f = json["out_of_fold"].get<std::vector<double>>();
  std::vector<double> residual(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) residual[i] = y[i] - f[i];
  const auto fold = json["fold"].get<std::vector<std::int32_t>>();
  const auto at = json["prediction"].get<std::vector<double>>();
  const ConformalIntervals ours = cv_plus(residual, fold, at, 5, 0.8);
  const auto low = json["low"].get<std::vector<double>>();
  const auto high = json["high"].get<std::vector<double>>();
  REQUIRE(ours.low.size() == low.size());
  for (std::size_t i = 0; i < low.size(); ++i) {
    CHECK(ours.low[i] == Approx(low[i]).epsilon(1e-12));
    CHECK(ours.high[i] == Approx(high[i]).epsilon(1e-12));
  }
  CHECK(cv_plus(residual, fold, at, 5, 0.99).high[0] == kInfinity);
  CHECK_THROWS_AS(cv_plus(residual, fold, at, 4, 0.8), ArgumentError);
  CHECK_THROWS_AS(cv_plus(residual, fold, at, 7, 0.8), ArgumentError);
}

TEST_CASE("intervals hold what they promise", "[learn][conformal]") {
  // A model that is wrong: it says 0 where the mean is sin(x) and the spread 0.5 + |x|.
  constexpr int kDraws = 400;
  constexpr std::size_t kCalibration = 99, kNew = 50;
  double inside[4] = {0, 0, 0, 0};
  for (int draw = 0; draw < kDraws; ++draw) {
    Stream stream(kKey, static_cast<std::uint64_t>(draw));
    std::vector<double> x, y, low, high, scale;
    for (std::size_t i = 0; i < kCalibration + kNew; ++i) {
      x.push_back(stream.uniform(-2.0, 2.0));
      scale.push_back(0.5 + std::abs(x[i]));
      y.push_back(std::sin(x[i]) + scale[i] * (stream.exponential(1.0) - 1.0));
      low.push_back(-0.3);  // quantiles, badly said
      high.push_back(0.2 + 0.5 * std::abs(x[i]));
    }
    const auto old_rows = [](const std::vector<double>& v) {
      return std::span(v).first(kCalibration);
    };
    const auto new_rows = [](const std::vector<double>& v) { return std::span(v).last(kNew); };
    const std::vector<double> zero(kNew, 0.0);
    const ConformalIntervals all[4] = {
        split_conformal(old_rows(y), zero),
        split_conformal(old_rows(y), zero, {.symmetric = false}),
        split_conformal(old_rows(y), zero,
                        {.calibration_scale = old_rows(scale), .scale = new_rows(scale)}),
        conformalised_quantiles({old_rows(low), old_rows(high)}, old_rows(y),
                                {new_rows(low), new_rows(high)})};
    for (int k = 0; k < 4; ++k) {
      inside[k] += interval_scores(new_rows(y), all[k].low, all[k].high, 0.9)[0].estimate;
    }
  }
  // With 99 rows the promise is 0.9 exactly; of one draw the coverage has sd 0.03 + 0.04.
  for (const double sum : inside) CHECK(sum / kDraws == Approx(0.9).margin(0.01));
}

TEST_CASE("CV+ holds what it promises", "[learn][conformal]") {
  // The model is the mean of its training rows.
  constexpr int kDraws = 2000;
  constexpr std::size_t kRows = 40, kFolds = 5;
  int inside = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    Stream stream(kKey.child("cv"), static_cast<std::uint64_t>(draw));
    std::vector<double> y(kRows), mean(kFolds), residual(kRows);
    std::vector<std::int32_t> fold(kRows);
    for (std::size_t i = 0; i < kRows; ++i) {
      y[i] = stream.normal();
      fold[i] = static_cast<std::int32_t>(i % kFolds);
    }
    for (std::size_t k = 0; k < kFolds; ++k) {
      for (std::size_t i = 0; i < kRows; ++i) {
        if (i % kFolds != k) mean[k] += y[i] / (kRows - kRows / kFolds);
      }
    }
    for (std::size_t i = 0; i < kRows; ++i) residual[i] = y[i] - mean[i % kFolds];
    const ConformalIntervals one = cv_plus(residual, fold, mean, kFolds, 0.8);
    const double next = stream.normal();
    if (one.low[0] <= next && next <= one.high[0]) ++inside;
  }
  CHECK(inside > 0.78 * kDraws);
  CHECK(inside < 0.85 * kDraws);
}

TEST_CASE("sets of classes hold what they promise", "[learn][conformal]") {
  constexpr std::size_t kRows = 20'000, kClasses = 4;
  Stream stream(kKey.child("classes"));
  std::vector<double> p;
  std::vector<std::int32_t> label;
  for (std::size_t i = 0; i < kRows; ++i) {
    std::vector<double> e(kClasses);
    double sum = 0.0;
    for (double& v : e) sum += v = std::exp(1.5 * stream.normal());
    for (double& v : e) v /= sum;
    label.push_back(static_cast<std::int32_t>(stream.categorical(e)));
    // What the model says is too sure.
    double total = 0.0;
    for (double& v : e) total += v = v * v;
    for (const double v : e) p.push_back(v / total);
  }
  const ClassProbabilities calibration{std::span(p).first(kRows / 2 * kClasses),
                                       std::span(label).first(kRows / 2), kClasses};
  const auto rows = std::span(p).subspan(kRows / 2 * kClasses);
  for (const auto score : {ClassSetScore::kLeastAmbiguous, ClassSetScore::kAdaptive}) {
    const ClassSets sets =
        conformal_class_sets(calibration, rows, {.conf_level = 0.8, .score = score, .key = kKey});
    const auto scores = class_set_scores(sets, std::span(label).last(kRows / 2), 0.8);
    // Binomial errors of both halves: 4 sqrt(2 * 0.16 / 10,000) = 0.023.
    CHECK(scores[0].estimate == Approx(0.8).margin(0.023));
    CHECK(scores[1].estimate < 3.0);
    CHECK(scores[1].estimate > 1.0);
    const ClassSets again =
        conformal_class_sets(calibration, rows, {.conf_level = 0.8, .score = score, .key = kKey});
    CHECK(again.holds == sets.holds);
  }
}

TEST_CASE("sets of classes by hand", "[learn][conformal]") {
  const std::vector<double> p = {0.7, 0.3, 0.6, 0.4, 0.2, 0.8};
  const std::vector<std::int32_t> label = {0, 1, 1};
  // 1 - p: 0.3, 0.6, 0.2; at 1/2 the second: 0.3.
  const std::vector<double> rows = {0.75, 0.25, 0.5, 0.5, NAN, 0.5};
  const ClassSets sets = conformal_class_sets({p, label, 2}, rows, {.conf_level = 0.5});
  CHECK(sets.quantile == Approx(0.3).epsilon(1e-14));
  CHECK(sets.holds == std::vector<std::uint8_t>{1, 0, 0, 0, 1, 0});
  CHECK(warned(sets, "1 of 3 sets are empty"));
  const ClassSets all = conformal_class_sets({p, label, 2}, rows, {.conf_level = 0.9});
  CHECK(all.holds == std::vector<std::uint8_t>(6, 1));
  CHECK(warned(all, "too few"));
  const std::vector<std::int32_t> y = {0, 1, -1};
  const auto scores = class_set_scores(sets, y, 0.5);
  CHECK(scores[0].estimate == 0.5);
  CHECK(scores[1].estimate == 0.5);
  CHECK(warned(scores[0], "1 row was left out"));
  CHECK_THROWS_AS(conformal_class_sets({p, label, 2}, std::span(rows).first(5)), ArgumentError);
  CHECK_THROWS_AS(class_set_scores(sets, label, 1.0), ArgumentError);
  const std::vector<double> w = {1, 2, 1};
  CHECK_THROWS_AS(conformal_class_sets({p, label, 2, w}, rows), ArgumentError);
}

TEST_CASE("scores of intervals by hand", "[learn][conformal]") {
  const std::vector<double> y = {1, 5, -3, NAN}, low = {0, 0, 0, 0}, high = {2, 4, 4, 1};
  const auto rows = interval_scores(y, low, high, 0.8);
  CHECK(rows[0].estimate == Approx(1.0 / 3.0));
  CHECK(rows[0].null_value == 0.8);
  CHECK(rows[1].estimate == Approx(10.0 / 3.0));
  CHECK(rows[2].estimate == Approx((2.0 + 4.0 + 10.0 * 1.0 + 4.0 + 10.0 * 3.0) / 3.0));
  for (const Estimate& row : rows) CHECK(warned(row, "1 row was left out"));
  const std::vector<double> open = {kInfinity, 4, 4, 1};
  CHECK(rows[1].std_error > 0.0);
  CHECK(std::isinf(interval_scores(y, low, open, 0.8)[1].estimate));
  CHECK(warned(interval_scores(y, low, open, 0.8)[1], "no end"));
  CHECK(warned(interval_scores({}, {}, {}, 0.8)[2], "there is no row"));
  CHECK_THROWS_AS(interval_scores(y, low, high, 1.2), ArgumentError);
}
