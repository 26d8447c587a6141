#include "engine/learn/tune/evaluate_spec.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/tune/invented_rows.h"

using namespace impact;
using namespace impact::tuning;
using nlohmann::json;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
const StreamKey kKey = StreamKey::root(4).child("tuned");

double value(const char* name, const std::vector<double>& p, const std::vector<double>& y,
             std::size_t classes = 0, const std::vector<double>& w = {}) {
  return metric_value(metric_named(name, classes), p, y, classes, w);
}

}  // namespace

TEST_CASE("metrics by hand", "[learn][tune][metric]") {
  const std::vector<double> p{1.0, 2.0, kNaN, 5.0};
  const std::vector<double> y{0.0, 2.0, 7.0, 3.0};
  CHECK(value("rmse", p, y) == Approx(std::sqrt(5.0 / 3.0)).epsilon(1e-14));
  CHECK(value("mae", p, y) == Approx(1.0).epsilon(1e-14));
  CHECK(value("median_ae", p, y) == 1.0);
  CHECK(value("r2", p, y) == Approx(1.0 - 5.0 / (14.0 / 3.0)).epsilon(1e-14));
  CHECK(value("pinball(0.9)", p, y) == Approx(0.1).epsilon(1e-13));
  CHECK(value("poisson_deviance", p, y) ==
        Approx(2.0 * (1.0 + 3.0 * std::log(0.6) + 2.0) / 3.0).epsilon(1e-13));
  CHECK(value("mae", p, y, 0, {1.0, 0.0, 1.0, 3.0}) == Approx(7.0 / 4.0).epsilon(1e-14));
  CHECK(std::isnan(value("rmse", {kNaN}, {1.0})));
  const std::vector<double> said{0.9, 0.4, 0.6, 0.2};
  const std::vector<double> label{1.0, 1.0, 0.0, 0.0};
  CHECK(value("auc", said, label, 2) == 0.75);
  CHECK(value("accuracy", said, label, 2) == 0.5);
  CHECK(value("f1", said, label, 2) == 0.5);
  CHECK(value("brier", said, label, 2) == Approx((0.01 + 0.36 + 0.36 + 0.04) / 4.0));
  CHECK(value("average_precision", said, label, 2) == Approx(0.5 + 0.5 * 2.0 / 3.0));
  const double logs = std::log(0.9) + std::log(0.4) + std::log(0.4) + std::log(0.8);
  CHECK(value("log_loss", said, label, 2) == Approx(-logs / 4.0));
  const std::vector<double> three{0.5, 0.3, 0.2, 0.1, 0.2, 0.7};
  CHECK(value("accuracy", three, {0.0, 1.0}, 3) == 0.5);
  CHECK(value("balanced_accuracy", three, {0.0, 1.0}, 3) == 0.5);
  CHECK(value("log_loss", three, {0.0, 1.0}, 3) == Approx(-std::log(0.1) / 2.0));
  CHECK(value("brier", three, {0.0, 1.0}, 3) ==
        Approx((0.25 + 0.09 + 0.04 + 0.01 + 0.64 + 0.49) / 2.0));
  CHECK(metric_named("", 0).kind->name == "rmse");
  CHECK(metric_named("", 3).kind->name == "log_loss");
  CHECK_FALSE(metric_named("log_loss", 2).kind->higher_is_better);
  CHECK(metric_named("auc", 2).kind->higher_is_better);
  CHECK_THROWS_WITH(metric_named("rsme", 0), Catch::Contains("did you mean 'rmse'"));
  CHECK_THROWS_WITH(metric_named("auc", 0), Catch::Contains("does not judge numbers"));
  CHECK_THROWS_WITH(metric_named("auc", 3), Catch::Contains("does not judge 3 classes"));
  CHECK_THROWS_AS(metric_named("pinball(1)", 0), ArgumentError);
  CHECK_THROWS_AS(metric_named("mae(0.5)", 0), ArgumentError);
  CHECK_THROWS_AS(value("rmse", {1.0}, {1.0, 2.0}), ArgumentError);
}

TEST_CASE("a learner is scored fold by fold", "[learn][tune][evaluate_spec]") {
  const Invented data = invented(90);
  const auto rows = every_row(90);
  const Lesson lesson{.features = data.features, .outcome = data.number};
  const FoldedLesson folded{
      .lesson = lesson, .rows = rows, .folds = lesson_folds(lesson, rows, 3, 2, kKey)};
  const LearnerSpec line{"linear", json::object()};
  const SpecScore score = evaluate_spec(line, folded, metric_named("rmse", 0), kKey);
  REQUIRE(score.value.size() == 6);
  double mean = 0.0;
  for (int repeat = 0; repeat < 2; ++repeat) {
    for (int fold = 0; fold < 3; ++fold) {
      const Split split = folded.folds.split(fold, repeat);
      const auto model = train(line, lesson, split.train, "y", kKey);
      std::vector<double> said(split.test.size());
      model.predict(data.features, split.test, said);
      double sum = 0.0;
      for (std::size_t i = 0; i < said.size(); ++i) {
        sum += std::pow(said[i] - data.number[split.test[i]], 2);
      }
      const double rmse = std::sqrt(sum / static_cast<double>(said.size()));
      CHECK(score.value[static_cast<std::size_t>(repeat * 3 + fold)] == Approx(rmse));
      mean += rmse / 6.0;
    }
  }
  CHECK(score.mean == Approx(mean).epsilon(1e-13));
  double squares = 0.0;
  for (const double v : score.value) squares += (v - mean) * (v - mean);
  CHECK(score.std_error == Approx(std::sqrt(squares / 5.0 * (1.0 / 6.0 + 1.0 / 2.0))));
  CHECK_THROWS_WITH(evaluate_spec({"forest", {{"trees", 0}}}, folded, metric_named("", 0), kKey),
                    Catch::Contains("can't be cross-validated"));
}

TEST_CASE("options are searched by cross-validation", "[learn][tune][evaluate_spec]") {
  const Invented data = invented(120);
  const auto rows = every_row(120);
  const Lesson lesson{.features = data.features, .outcome = data.two, .classes = kTwo};
  const FoldedLesson folded{
      .lesson = lesson, .rows = rows, .folds = lesson_folds(lesson, rows, 3, 1, kKey)};
  const SearchSpace space = search_space(
      json::parse(R"({"max_depth": {"integers": [0, 6]}, "min_leaf": {"integers": [0, 20]}})"));
  const LearnerSpec base{"tree", json::object()};
  const Metric metric = metric_named("brier", 2);
  TunerSpec spec;
  spec.method = TuneMethod::kHyperband;
  spec.least_resource = 1.0 / 9.0;
  const auto objective = cross_validated_objective(space, base, folded, metric, kKey);
  const Tuning one = tune(space, spec, objective, kKey);
  REQUIRE(one.best.has_value());
  for (const int threads : {2, 3, 8}) {
    const Tuning other = tune(space, spec, objective, kKey, {}, {.threads = threads});
    CHECK(trials_json(space, other.history).dump() == trials_json(space, one.history).dump());
  }
  const Trial& best = one.history[*one.best];
  CHECK(best.resource == 1.0);
  CHECK(best.score ==
        evaluate_spec(apply_point(space, best.point, base), folded, metric, kKey).mean);
  for (const Trial& trial : one.history) {
    CHECK(trial.failed() == (point_json(space, trial.point)["min_leaf"] == 0));
  }
}

TEST_CASE("what halving saves is rows, or trees", "[learn][tune][evaluate_spec]") {
  const Invented data = invented(80);
  const auto rows = every_row(80);
  const Lesson lesson{.features = data.features, .outcome = data.number};
  const FoldedLesson folded{
      .lesson = lesson, .rows = rows, .folds = lesson_folds(lesson, rows, 2, 1, kKey)};
  const SearchSpace space = search_space(json::parse(R"({"min_leaf": [3]})"));
  const LearnerSpec base{"forest", {{"trees", 9}}};
  const Metric metric = metric_named("rmse", 0);
  const std::vector<TrialRequest> third{{.point = {0.0}, .resource = 1.0 / 3.0, .key = kKey}};
  const auto trees = cross_validated_objective(space, base, folded, metric, kKey, "trees");
  const LearnerSpec three{"forest", {{"trees", 3}, {"min_leaf", 3}}};
  CHECK(trees(third, {})[0].score == evaluate_spec(three, folded, metric, kKey).mean);
  const auto fewer = cross_validated_objective(space, base, folded, metric, kKey);
  const std::vector<double> share{1.0 / 3.0};
  const LearnerSpec nine{"forest", {{"trees", 9}, {"min_leaf", 3}}};
  CHECK(fewer(third, {})[0].score ==
        evaluate_specs({&nine, 1}, folded, metric, kKey, share)[0].mean);
  CHECK(fewer(third, {})[0].score != evaluate_spec(nine, folded, metric, kKey).mean);
  const auto unknown = cross_validated_objective(space, base, folded, metric, kKey, "rounds");
  CHECK_THROWS_WITH(unknown(third, {}), Catch::Contains("'rounds' is no number"));
}
