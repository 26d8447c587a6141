#include "engine/learn/cross_validate.h"

#include <cmath>
#include <memory>
#include <numeric>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/logistic_classifier.h"
#include "engine/learn/roc.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

const StreamKey kKey = StreamKey::root(3).child("model");

// Predicts the mean of the training labels: a row's own label is not in its prediction.
Learner mean_learner(std::span<const double> y) {
  return [y](std::span<const std::uint32_t> rows, StreamKey, const Context&) {
    double sum = 0.0;
    for (const auto row : rows) sum += y[row];
    const double mean = sum / static_cast<double>(rows.size());
    FittedModel model;
    model.predict = [mean](std::span<const std::uint32_t>, std::span<double> prediction) {
      std::fill(prediction.begin(), prediction.end(), mean);
    };
    if (rows[0] == 0) model.warnings.emplace_back("knows the first row");
    return model;
  };
}

// Remembers training labels; of other rows it knows nothing but a coin.
Learner memory(std::span<const std::int32_t> label) {
  return [label](std::span<const std::uint32_t> rows, StreamKey key, const Context&) {
    const auto known = std::make_shared<std::vector<std::int32_t>>(label.size(), -1);
    for (const auto row : rows) (*known)[row] = label[row];
    FittedModel model;
    model.predict = [known, key](std::span<const std::uint32_t> asked, std::span<double> out) {
      for (std::size_t i = 0; i < asked.size(); ++i) {
        const auto y = (*known)[asked[i]];
        out[i] = y >= 0 ? y : Stream(key, asked[i]).uniform();
      }
    };
    return model;
  };
}

}  // namespace

TEST_CASE("out-of-fold predictions come from the other folds", "[learn]") {
  std::vector<double> y(23);
  std::iota(y.begin(), y.end(), 1.0);
  const Folds folds = draw_folds(23, {.folds = 4, .repeats = 2}, kKey);
  const OutOfFold out = out_of_fold(folds, mean_learner(y), kKey);
  REQUIRE(out.prediction.size() == 46);
  for (int r = 0; r < 2; ++r) {
    for (std::uint32_t i = 0; i < 23; ++i) {
      double sum = 0.0;
      double count = 0.0;
      for (std::uint32_t j = 0; j < 23; ++j) {
        if (folds.at(j, r) == folds.at(i, r)) continue;
        sum += y[j];
        count += 1.0;
      }
      CHECK(out.prediction[static_cast<std::size_t>(r) * 23 + i] == sum / count);
    }
  }
  REQUIRE(out.warnings.size() == 1);
  CHECK(out.warnings[0] == "in 6 of 8 fits: knows the first row");
  CHECK(out.average(23)[4] == 0.5 * (out.prediction[4] + out.prediction[27]));
  CHECK_THROWS_AS(out.average(22), ArgumentError);
}

TEST_CASE("cross-validation: the same bits on any number of threads", "[learn]") {
  const Rows rows = reference_rows();
  std::vector<double> x = rows.a;
  x.insert(x.end(), rows.b.begin(), rows.b.end());
  const FeatureColumns features = {.x = x, .columns = 2};
  const Folds folds = draw_folds(160, {.folds = 5, .repeats = 2, .strata = rows.y}, kKey);
  const auto run = [&](int threads) {
    const Context context{.threads = threads};
    auto numbers = out_of_fold(folds, logistic_learner(features, rows.y), kKey, context).prediction;
    const auto coin = out_of_fold(folds, memory(rows.y), kKey, context).prediction;
    numbers.insert(numbers.end(), coin.begin(), coin.end());
    const auto nested =
        nested_threshold(folds, logistic_learner(features, rows.y), rows.y, kKey, {}, context);
    numbers.insert(numbers.end(), nested.threshold.begin(), nested.threshold.end());
    return numbers;
  };
  const auto one = run(1);
  for (const int threads : {2, 3, 8}) CHECK(run(threads) == one);
}

TEST_CASE("a model that only remembers is worth nothing out of fold", "[learn]") {
  const Rows rows = reference_rows();
  const Folds folds = draw_folds(160, {.folds = 5, .strata = rows.y}, kKey);
  const OutOfFold out = out_of_fold(folds, memory(rows.y), kKey);
  const Estimate area = auc(rows.of(out.prediction));
  CHECK(area.conf_low < 0.5);
  CHECK(area.conf_high > 0.5);
  const NestedThreshold nested = nested_threshold(folds, memory(rows.y), rows.y, kKey);
  for (const Estimate& row : nested.scores) {
    if (row.term != "balanced_accuracy") continue;
    CHECK(row.conf_low < 0.5);
    CHECK(row.conf_high > 0.45);
  }
}

TEST_CASE("fold scores: mean, sd and the corrected error", "[learn]") {
  const std::vector<double> prediction = {1, 2, 3, 4, 5, 6};
  Folds folds{.rows = 6, .folds = 3, .repeats = 1, .fold = {0, 0, 1, 1, 2, 2}};
  const OutOfFold out{.prediction = prediction};
  const FoldMetric sum = [](std::span<const double> p, std::span<const std::uint32_t>) {
    return p[0] + p[1];
  };
  FoldScores scores = fold_scores(folds, out, sum);
  CHECK(scores.value == std::vector<double>{3, 7, 11});
  CHECK(scores.mean == 7.0);
  CHECK(scores.sd == 4.0);
  CHECK(scores.std_error == Approx(4.0 * std::sqrt(1.0 / 3.0 + 0.5)));
  // AUC of a fold with one class.
  const std::vector<std::int32_t> label = {0, 1, 1, 0, 1, 1};
  const auto metric =
      classifier_metric([](const ScoredLabels& d) { return auc(d).estimate; }, label);
  scores = fold_scores(folds, out, metric);
  CHECK(scores.value[0] == 1.0);
  CHECK(scores.value[1] == 0.0);
  CHECK(std::isnan(scores.value[2]));
  CHECK(scores.mean == 0.5);
  CHECK(warned(scores, "undefined in 1 of 3 folds"));
  folds.rows = 5;
  folds.fold.pop_back();
  CHECK_THROWS_AS(fold_scores(folds, out, sum), ArgumentError);
}

TEST_CASE("nested thresholds are honest where the same rows flatter", "[learn]") {
  // Scores without any information: the best threshold on the same rows looks better than chance.
  const std::size_t n = 60;
  double flattering = 0.0;
  double honest = 0.0;
  const int runs = 60;
  for (int run = 0; run < runs; ++run) {
    Stream stream(StreamKey::root(5), static_cast<std::uint64_t>(run));
    std::vector<double> score(n);
    std::vector<std::int32_t> label(n);
    for (std::size_t i = 0; i < n; ++i) {
      score[i] = stream.normal();
      label[i] = static_cast<std::int32_t>(i % 2);
    }
    const Learner fixed = [&](std::span<const std::uint32_t>, StreamKey, const Context&) {
      FittedModel model;
      model.predict = [&](std::span<const std::uint32_t> rows, std::span<double> out) {
        for (std::size_t i = 0; i < rows.size(); ++i) out[i] = score[rows[i]];
      };
      return model;
    };
    const auto key = kKey.child(std::to_string(run));
    const Folds folds = draw_folds(n, {.folds = 5, .strata = label}, key);
    flattering += choose_threshold({score, label}, {.origin = ScoreOrigin::kOutOfFold}).value;
    const NestedThreshold nested = nested_threshold(folds, fixed, label, key);
    CHECK(nested.matrix.n == static_cast<std::int64_t>(n));
    CHECK(nested.threshold.size() == 5);
    honest += 2.0 * nested.scores[1].estimate - 1.0;
  }
  CHECK(flattering / runs > 0.15);
  CHECK(std::abs(honest / runs) < 0.06);  // sd of a run 0.13, of the mean 0.017
}

TEST_CASE("cross-validation: errors and what has no threshold", "[learn]") {
  const Rows rows = reference_rows();
  const Folds folds = draw_folds(160, {.folds = 4}, kKey);
  const Learner broken = [](std::span<const std::uint32_t>, StreamKey,
                            const Context&) -> FittedModel { throw DataError({.what = "no"}); };
  CHECK_THROWS_AS(out_of_fold(folds, broken, kKey, {.threads = 2}), DataError);
  std::vector<std::int32_t> label = rows.y;
  NestedSpec spec;
  spec.threshold = {.rule = ThresholdRule::kLeastPrecision, .least = 1.0};
  std::vector<double> half(160, 0.5);
  const NestedThreshold none = nested_threshold(folds, mean_learner(half), label, kKey, spec);
  CHECK(none.matrix.n == 0);
  CHECK(none.matrix.unpredicted == 160);
  CHECK(warned(none, "in 4 of 4 fits: no threshold has a precision of 1"));
  CHECK(warned(none, "in 4 of 4 folds no threshold fulfils the rule: their rows are not judged"));
  label[3] = -1;
  CHECK_THROWS_AS(nested_threshold(folds, mean_learner(half), label, kKey), ArgumentError);
  label.pop_back();
  CHECK_THROWS_AS(nested_threshold(folds, mean_learner(half), label, kKey), ArgumentError);
}
