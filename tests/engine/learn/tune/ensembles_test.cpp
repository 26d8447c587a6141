#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/nonnegative_least_squares.h"
#include "engine/learn/trained_model.h"
#include "engine/learn/tune/evaluate_spec.h"
#include "tests/engine/learn/tune/invented_rows.h"

using namespace impact;
using namespace impact::tuning;
using nlohmann::json;

namespace {

const StreamKey kKey = StreamKey::root(9).child("ensemble");

const json& reference() {
  static const json all = [] {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/ensembles.json");
    REQUIRE(file);
    return json::parse(file);
  }();
  return all;
}

FeatureTable table_of(const json& columns) {
  std::vector<Feature> features;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    features.push_back(number_feature(std::string(1, static_cast<char>('a' + j)), columns[j]));
  }
  return FeatureTable(std::move(features));
}

json on(const std::vector<std::string>& columns, const json& model) {
  return {{"learner", "pipeline"},
          {"options",
           {{"steps", {{{"step", "select"}, {"options", {{"of", columns}}}}}}, {"model", model}}}};
}

// The learners of the reference, by the columns they see.
json members(const json& model) {
  return {{"ab", on({"a", "b"}, model)}, {"b", on({"b"}, model)}, {"c", on({"c"}, model)}};
}

const json kLine = {{"learner", "linear"}, {"options", json::object()}};
const json kOdds = {{"learner", "logistic"}, {"options", {{"penalty", 0}}}};

void check_near(const std::vector<double>& got, const json& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i] == Approx(expected[i].get<double>()).epsilon(tolerance).margin(tolerance));
  }
}

const ModelTable& named(const std::vector<ModelTable>& tables, const std::string& name) {
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&](const ModelTable& table) { return table.name == name; });
  REQUIRE(found != tables.end());
  return *found;
}

TrainedModel fitted(const char* kind, const json& options, const std::vector<double>& y,
                    std::span<const std::string> classes = {}) {
  const FeatureTable x = table_of(reference()["x"]);
  return train({kind, options}, {.features = x, .outcome = y, .classes = classes},
               every_row(x.rows()), "y", kKey);
}

}  // namespace

TEST_CASE("non-negative least squares: scipy's numbers", "[learn][nnls]") {
  const json& general = reference()["nnls_general"];
  std::vector<double> a;
  for (const json& column : general["a"]) {
    const auto cells = column.get<std::vector<double>>();
    a.insert(a.end(), cells.begin(), cells.end());
  }
  const auto b = general["b"].get<std::vector<double>>();
  const auto fit = nonnegative_least_squares(a, b);
  CHECK(fit.converged);
  check_near(fit.coefficient, general["coefficient"], 1e-10);
  CHECK(fit.residual == Approx(general["residual"].get<double>()).epsilon(1e-12));
  // A column twice: one of them takes it all. Nothing points the right way: all zero.
  std::vector<double> twice(a.begin(), a.begin() + 30);
  twice.insert(twice.end(), a.begin(), a.begin() + 30);
  const auto pair =
      nonnegative_least_squares(twice, std::vector<double>(a.begin(), a.begin() + 30));
  CHECK(pair.converged);
  CHECK(pair.coefficient[0] + pair.coefficient[1] == Approx(1.0).epsilon(1e-12));
  std::vector<double> against;
  for (std::size_t i = 0; i < 30; ++i) against.push_back(-a[i]);
  const auto none = nonnegative_least_squares(std::span(a).first(30), against);
  CHECK(none.coefficient == std::vector<double>{0.0});
  CHECK_THROWS_AS(nonnegative_least_squares(a, std::span(b).first(29)), ArgumentError);
}

TEST_CASE("stack: scikit-learn's predictions", "[learn][stack]") {
  const auto y = reference()["y"].get<std::vector<double>>();
  const FeatureTable more = table_of(reference()["new"]);
  json options = {{"learners", members(kLine)}, {"last", kLine}, {"folds", 40}};
  check_near(fitted("stack", options, y).predict(more), reference()["stack"], 1e-8);
  options["learners"] = {{"only", on({"c"}, kLine)}};
  options["passthrough"] = true;
  check_near(fitted("stack", options, y).predict(more), reference()["stack_passthrough"], 1e-8);
}

TEST_CASE("super learner: the weights of R's SuperLearner", "[learn][super_learner]") {
  const FeatureTable more = table_of(reference()["new"]);
  // Theirs are ab, c, b; ours by name.
  const auto in_our_order = [](const json& three) { return json{three[0], three[2], three[1]}; };
  const auto y = reference()["y"].get<std::vector<double>>();
  const json& numbers = reference()["super_learner"];
  json options = {{"learners", members(kLine)}, {"folds", 40}};
  const TrainedModel model = fitted("super_learner", options, y);
  const auto tables = model.predictor->tables();
  const ModelTable& table = named(tables, "weights");
  CHECK(table.texts[0] == std::vector<std::string>{"ab", "b", "c"});
  check_near(table.numbers[0], in_our_order(numbers["risk"]), 1e-8);
  check_near(table.numbers[1], in_our_order(numbers["weight"]), 1e-8);
  check_near(model.predict(more), numbers["prediction"], 1e-8);

  const auto label = reference()["label"].get<std::vector<double>>();
  const json& classes = reference()["super_learner_logistic"];
  options["learners"] = members(kOdds);
  const TrainedModel odds = fitted("super_learner", options, label, kTwo);
  const auto odds_tables = odds.predictor->tables();
  const ModelTable& shares = named(odds_tables, "weights");
  // R stops its logistic fits at a relative change of 1e-8 of the deviance.
  check_near(shares.numbers[0], in_our_order(classes["risk"]), 1e-6);
  check_near(shares.numbers[1], in_our_order(classes["weight"]), 1e-5);
  check_near(odds.predict(more), classes["prediction"], 1e-6);

  options["loss"] = "log_likelihood";
  const auto likely = fitted("super_learner", options, label, kTwo).predictor->tables();
  check_near(named(likely, "weights").numbers[1],
             in_our_order(reference()["log_likelihood_weights"]), 1e-5);

  options["discrete"] = true;
  const auto single = fitted("super_learner", options, label, kTwo).predictor->tables();
  const auto& risk = named(single, "weights").numbers[0];
  const auto& weight = named(single, "weights").numbers[1];
  CHECK(std::accumulate(weight.begin(), weight.end(), 0.0) == 1.0);
  CHECK(
      weight[static_cast<std::size_t>(std::min_element(risk.begin(), risk.end()) - risk.begin())] ==
      1.0);
  options = {{"learners", members(kLine)}, {"loss", "log_likelihood"}};
  CHECK_THROWS_WITH(fitted("super_learner", options, y), Catch::Contains("is for classes"));
  CHECK_THROWS_WITH(fitted("super_learner", json::object(), y), Catch::Contains("are missing"));
  CHECK_THROWS_WITH(fitted("stack", {{"learners", json::array()}}, y), Catch::Contains("none"));
}

TEST_CASE("super learner: not worse than its best member", "[learn][super_learner]") {
  const Invented data = invented(300);
  const Invented other = invented(2000, 2);
  const json options = {
      {"learners",
       {kLine, {{"learner", "forest"}, {"options", {{"trees", 60}}}}, {{"learner", "baseline"}}}},
      {"folds", 5}};
  const Lesson lesson{.features = data.features, .outcome = data.number};
  const auto rows = every_row(300);
  const auto error = [&](const LearnerSpec& spec) {
    const auto said = train(spec, lesson, rows, "y", kKey).predict(other.features);
    return metric_value(metric_named("rmse", 0), said, other.number, 0);
  };
  const double best =
      std::min(error({"linear", json::object()}), error({"forest", {{"trees", 60}}}));
  CHECK(error({"super_learner", options}) < 1.05 * best);
  json stacked = options;
  CHECK(error({"stack", stacked}) < 1.1 * best);
}

TEST_CASE("tuned: the choice happens inside the training rows", "[learn][tuned]") {
  const Invented data = invented(150);
  const json options = {{"learner", {{"learner", "tree"}, {"options", {{"min_leaf", 2}}}}},
                        {"space", {{"max_depth", {{"integers", {1, 6}}}}}},
                        {"tuner", {{"method", "grid"}, {"levels", 6}}},
                        {"metric", "mae"},
                        {"folds", 3}};
  // What the outcome of other rows is changes nothing.
  std::vector<std::uint32_t> rows(100);
  std::iota(rows.begin(), rows.end(), 0U);
  const auto model_of = [&](const std::vector<double>& y) {
    return train({"tuned", options}, {.features = data.features, .outcome = y}, rows, "y", kKey);
  };
  std::vector<double> changed = data.number;
  for (std::size_t i = 100; i < changed.size(); ++i) changed[i] = 1e6;
  const TrainedModel model = model_of(data.number);
  CHECK(model_of(changed).save() == model.save());

  const auto tables = model.predictor->tables();
  const ModelTable& history = named(tables, "history");
  const auto score = std::find(history.number_names.begin(), history.number_names.end(), "score");
  const auto& scores =
      history.numbers[static_cast<std::size_t>(score - history.number_names.begin())];
  REQUIRE(scores.size() == 6);
  const auto least = std::min_element(scores.begin(), scores.end()) - scores.begin();
  const ModelTable& chosen = named(tables, "chosen");
  CHECK(chosen.texts[0] == std::vector<std::string>{"max_depth"});
  CHECK(chosen.texts[1] == std::vector<std::string>{std::to_string(least + 1)});
  const auto again = load_model(model.save(), "test").predictor->tables();
  CHECK(named(again, "history").numbers[5] == history.numbers[5]);

  json hopeless = options;
  hopeless["space"] = {{"min_leaf", {{"integers", {-5, 0}}}}};
  const Lesson lesson{.features = data.features, .outcome = data.number};
  CHECK_THROWS_WITH(train({"tuned", hopeless}, lesson, rows, "y", kKey),
                    Catch::Contains("none of 6 trials"));
  json unknown = options;
  unknown["metric"] = "auc";
  CHECK_THROWS_WITH(train({"tuned", unknown}, lesson, rows, "y", kKey),
                    Catch::Contains("does not judge numbers"));
}
