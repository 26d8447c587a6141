#include <algorithm>
#include <bit>
#include <cmath>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/calibration.h"
#include "engine/learn/trained_model.h"

// Learners around a learner: calibrated probabilities and conformal intervals.
using namespace impact;
using nlohmann::json;

namespace {

struct Rows {
  FeatureTable features;
  std::vector<double> number;
  std::vector<double> two;
  std::vector<double> three;
};

// The spread of the number grows with a; classes follow a noisy line.
Rows invented(std::size_t n, std::uint64_t seed) {
  std::vector<double> a, b;
  Rows out;
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(StreamKey{seed}, i);
    a.push_back(stream.uniform());
    b.push_back(stream.normal());
    const double mean = 2.0 * a.back() - 0.5 * b.back();
    out.number.push_back(mean + (0.1 + a.back()) * stream.normal());
    const double noisy = mean - 1.0 + stream.normal();
    out.two.push_back(noisy > 0.0 ? 1.0 : 0.0);
    out.three.push_back(noisy < -0.7 ? 0.0 : noisy < 0.7 ? 1.0 : 2.0);
  }
  out.features = FeatureTable({number_feature("a", a), number_feature("b", b)});
  return out;
}

const std::vector<std::string> kTwo{"no", "yes"};
const std::vector<std::string> kThree{"low", "middle", "high"};

json deep_tree() { return {{"learner", "tree"}, {"options", {{"min_leaf", 3}}}}; }
json forest(bool quantiles = false) {
  return {{"learner", "forest"}, {"options", {{"trees", 30}, {"quantiles", quantiles}}}};
}

double brier_of(const std::vector<double>& said, const std::vector<double>& outcome) {
  std::vector<std::int32_t> labels;
  for (const double y : outcome) labels.push_back(static_cast<std::int32_t>(y));
  return brier_score({.score = said, .label = labels}).estimate;
}

double covered(const TrainedModel& model, const Rows& data) {
  const auto rows = every_row(data.number.size());
  std::vector<double> ends(2 * rows.size());
  REQUIRE(model.predictor->intervals(data.features, rows, ends, {}));
  std::size_t inside = 0;
  for (const std::uint32_t i : rows) {
    if (ends[2 * i] <= data.number[i] && data.number[i] <= ends[2 * i + 1]) ++inside;
  }
  return static_cast<double>(inside) / static_cast<double>(rows.size());
}

double width_at(const TrainedModel& model, double a) {
  const FeatureTable table({number_feature("a", {a}), number_feature("b", {0.0})});
  std::vector<double> ends(2);
  REQUIRE(model.predictor->intervals(table, every_row(1), ends, {}));
  return ends[1] - ends[0];
}

}  // namespace

TEST_CASE("calibration improves a deep tree's probabilities and reads back", "[learn][wrapped]") {
  const Rows data = invented(600, 1);
  const Rows other = invented(400, 2);
  const Lesson lesson{.features = data.features, .outcome = data.two, .classes = kTwo};
  const auto rows = every_row(600);
  const auto plain =
      train({"tree", {{"min_leaf", 3}}}, lesson, rows, "y", StreamKey{3}).predict(other.features);
  for (const char* how : {"platt", "isotonic", "temperature"}) {
    INFO(how);
    const TrainedModel model = train({"calibrated", {{"learner", deep_tree()}, {"how", how}}},
                                     lesson, rows, "y", StreamKey{3});
    const auto said = model.predict(other.features);
    CHECK(brier_of(said, other.two) < brier_of(plain, other.two) - 0.01);
    const TrainedModel again = load_model(model.save(), "test");
    const auto read = again.predict(other.features);
    CHECK(std::equal(said.begin(), said.end(), read.begin(), [](double x, double y) {
      return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
    }));
    CHECK(again.save() == model.save());
  }
}

TEST_CASE("calibrated probabilities of three classes sum to one", "[learn][wrapped]") {
  const Rows data = invented(400, 4);
  const Lesson lesson{.features = data.features, .outcome = data.three, .classes = kThree};
  for (const char* how : {"platt", "isotonic", "temperature"}) {
    INFO(how);
    const TrainedModel model =
        train({"calibrated", {{"learner", forest()}, {"how", how}, {"folds", 3}}}, lesson,
              every_row(400), "y", StreamKey{3});
    const auto said = load_model(model.save(), "test").predict(data.features);
    REQUIRE(said == model.predict(data.features));
    for (std::size_t i = 0; i < said.size(); i += 3) {
      REQUIRE(said[i] + said[i + 1] + said[i + 2] == Approx(1.0).margin(1e-12));
      REQUIRE(std::min({said[i], said[i + 1], said[i + 2]}) >= 0.0);
    }
  }
}

TEST_CASE("conformal intervals hold new outcomes as often as they say", "[learn][wrapped]") {
  const Rows data = invented(800, 5);
  const Rows other = invented(4000, 6);
  const Lesson lesson{.features = data.features, .outcome = data.number};
  const auto rows = every_row(800);
  for (const char* how : {"split", "cv_plus", "quantile"}) {
    INFO(how);
    const json options{{"learner", forest(std::string(how) == "quantile")},
                       {"how", how},
                       {"level", 0.8},
                       {"folds", 5}};
    const TrainedModel model = train({"conformal", options}, lesson, rows, "y", StreamKey{3});
    // The calibration rows leave an sd of about sqrt(.8 * .2 / 200) = 0.028.
    CHECK(covered(model, other) == Approx(0.8).margin(0.08));
    CHECK(covered(load_model(model.save(), "test"), other) == covered(model, other));
    CHECK(load_model(model.save(), "test").save() == model.save());
    if (std::string(how) == "split") CHECK(width_at(model, 0.1) == Approx(width_at(model, 0.9)));
    if (std::string(how) == "quantile") CHECK(width_at(model, 0.1) < 0.7 * width_at(model, 0.9));
  }
}

TEST_CASE("wrapped learners say what they can't do", "[learn][wrapped]") {
  const Rows data = invented(60, 7);
  const Lesson numbers{.features = data.features, .outcome = data.number};
  const Lesson classes{.features = data.features, .outcome = data.two, .classes = kTwo};
  const auto rows = every_row(60);
  const auto fails = [&](const char* kind, const json& options, const Lesson& lesson) {
    CHECK_THROWS_AS(train({kind, options}, lesson, rows, "y", StreamKey{1}), ArgumentError);
  };
  fails("calibrated", json::object(), classes);
  fails("calibrated", {{"learner", deep_tree()}}, numbers);
  fails("calibrated", {{"learner", deep_tree()}, {"how", "plat"}}, classes);
  fails("conformal", {{"learner", deep_tree()}}, classes);
  fails("conformal", {{"learner", deep_tree()}, {"level", 1.0}}, numbers);
  fails("conformal", {{"learner", deep_tree()}, {"how", "quantile"}}, numbers);
  // Four calibration rows can't promise 90 %: intervals are infinite, and it is said.
  const std::vector<std::uint32_t> few{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const TrainedModel model =
      train({"conformal", {{"learner", deep_tree()}}}, numbers, few, "y", StreamKey{1});
  CHECK(std::isinf(width_at(model, 0.5)));
  REQUIRE(!model.warnings.empty());
}
