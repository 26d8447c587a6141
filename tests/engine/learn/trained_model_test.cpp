#include "engine/learn/trained_model.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/kinds/xgboost_file.h"
#include "engine/learn/learner_kind.h"

using namespace impact;
using nlohmann::json;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Two columns that matter, one that does not; a number and a class that follow.
struct Rows {
  FeatureTable features;
  std::vector<double> number;
  std::vector<double> two;
  std::vector<double> three;
};

Rows invented(std::size_t n, std::uint64_t seed = 1) {
  std::vector<double> a, b, c;
  Rows out;
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(StreamKey{seed}, i);
    a.push_back(stream.normal());
    b.push_back(stream.normal());
    c.push_back(stream.normal());
    const double mean = a.back() - 0.5 * b.back();
    out.number.push_back(mean + 0.3 * stream.normal());
    out.two.push_back(mean + 0.5 * stream.normal() > 0.0 ? 1.0 : 0.0);
    out.three.push_back(mean < -0.5 ? 0.0 : mean < 0.5 ? 1.0 : 2.0);
  }
  out.features =
      FeatureTable({number_feature("a", a), number_feature("base", b), number_feature("c", c)});
  return out;
}

const std::vector<std::string> kTwo{"no", "yes"};
const std::vector<std::string> kThree{"low", "middle", "high"};

// Small fits; a pipeline brings its parts along.
json small_options(std::string_view kind) {
  if (kind == "forest" || kind == "extra_trees") return {{"trees", 10}};
  if (kind == "boost") return {{"rounds", 5}, {"max_depth", 3}};
  if (kind == "perceptron") return {{"layers", {6}}, {"epochs", 3}};
  if (kind == "pipeline") {
    return {{"steps", json::array()},
            {"model", {{"learner", "forest"}, {"options", {{"trees", 5}}}}}};
  }
  const json tree = {{"learner", "tree"}, {"options", {{"max_depth", 3}}}};
  if (kind == "stack") return {{"learners", {tree, tree}}, {"folds", 3}, {"passthrough", true}};
  if (kind == "super_learner") return {{"learners", {{"a", tree}, {"b", tree}}}, {"folds", 3}};
  if (kind == "tuned") {
    return {{"learner", tree},
            {"space", {{"max_depth", {{"integers", {1, 4}}}}}},
            {"tuner", {{"method", "random"}, {"trials", 3}}},
            {"folds", 2}};
  }
  if (kind == "calibrated" || kind == "conformal") {
    return {{"learner", {{"learner", "forest"}, {"options", {{"trees", 5}}}}}};
  }
  return json::object();
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

struct Case {
  const std::vector<double>* outcome;
  std::span<const std::string> classes;
};

}  // namespace

TEST_CASE("every learner fits, predicts, and is read back with the same bits", "[learn][trained]") {
  const Rows data = invented(200);
  const Rows other = invented(50, 2);
  const auto rows = every_row(200);
  for (const detail::LearnerKind& kind : detail::learner_kinds()) {
    const json options = small_options(kind.name);
    for (const auto& [fits, chosen] : {std::pair{kind.numbers, Case{&data.number, {}}},
                                       std::pair{kind.classes, Case{&data.two, kTwo}},
                                       std::pair{kind.many_classes, Case{&data.three, kThree}}}) {
      if (!fits) continue;
      INFO(kind.name << " of " << chosen.classes.size() << " classes");
      const Lesson lesson{
          .features = data.features, .outcome = *chosen.outcome, .classes = chosen.classes};
      const LearnerSpec spec{std::string(kind.name), options};
      const TrainedModel model = train(spec, lesson, rows, "y", StreamKey{7});
      const auto said = model.predict(other.features);
      REQUIRE(said.size() == 50 * model.outputs());
      CHECK(std::none_of(said.begin(), said.end(), [](double v) { return std::isnan(v); }));
      // The mean tells nothing about a row; everything else must.
      double least = said[0];
      double most = said[0];
      for (std::size_t i = 0; i < said.size(); i += model.outputs()) {
        least = std::min(least, said[i]);
        most = std::max(most, said[i]);
      }
      if (kind.name != "baseline") CHECK(most - least > 0.01);
      const TrainedModel read = load_model(model.save(), "test");
      CHECK(same_bits(read.predict(other.features), said));
      CHECK(read.save() == model.save());
      for (const int threads : {2, 3, 8}) {
        const TrainedModel again =
            train(spec, lesson, rows, "y", StreamKey{7}, {.threads = threads});
        CHECK(same_bits(again.predict(other.features, {.threads = threads}), said));
        CHECK(again.save() == model.save());
      }
    }
  }
}

TEST_CASE("a learner that is asked for what it can't do says so", "[learn][trained]") {
  const Rows data = invented(30);
  const auto rows = every_row(30);
  const Lesson numbers{.features = data.features, .outcome = data.number};
  const auto message = [&](const LearnerSpec& spec, const Lesson& lesson) {
    try {
      (void)train(spec, lesson, rows, "y", StreamKey{1});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(message({"forrest", {}}, numbers), Catch::Contains("did you mean 'forest'"));
  CHECK_THAT(message({"logistic", json::object()}, numbers),
             Catch::Contains("'logistic' can't predict what 'y' holds"));
  CHECK_THAT(message({"forest", {{"tress", 3}}}, numbers),
             Catch::Contains("has no option 'tress'") && Catch::Contains("trees"));
  CHECK_THAT(message({"forest", {{"trees", 0}}}, numbers), Catch::Contains("out of range"));
  std::vector<double> weights(30, 1.0);
  weights[4] = -1.0;
  Lesson weighted = numbers;
  weighted.weights = weights;
  CHECK_THAT(message({"forest", json::object()}, weighted),
             Catch::Contains("a weight is negative") && Catch::Contains("row 5"));
  const std::string word = "gold";
  const std::vector<const std::string*> cells(30, &word);
  Lesson texts = numbers;
  texts.features = FeatureTable({text_feature("tier", cells)});
  CHECK_THAT(message({"forest", json::object()}, texts),
             Catch::Contains("'tier'") && Catch::Contains("one_hot"));
}

TEST_CASE("columns are found by name and their lack is named", "[learn][trained]") {
  const Rows data = invented(60);
  const auto rows = every_row(60);
  const TrainedModel model =
      train({"linear", json::object()}, {.features = data.features, .outcome = data.number}, rows,
            "y", StreamKey{1});
  // Another order, a further column.
  const FeatureTable shuffled(
      {data.features[2], number_feature("d", data.number), data.features[1], data.features[0]});
  CHECK(same_bits(model.predict(shuffled), model.predict(data.features)));
  const FeatureTable renamed({data.features[0], number_feature("bases", data.number)});
  CHECK_THROWS_WITH(
      model.predict(renamed),
      Catch::Contains("missing: base, c") && Catch::Contains("for 'base': did you mean 'bases'") &&
          Catch::Contains("the names they had in training: a, base, c") && !Catch::Contains("got"));
  const std::string word = "many";
  const std::vector<const std::string*> cells(60, &word);
  const FeatureTable typed({data.features[0], data.features[1], text_feature("c", cells)});
  CHECK_THROWS_WITH(model.predict(typed), Catch::Contains("'c' is of another type"));
}

TEST_CASE("boosting takes texts as categories, unseen ones as missing", "[learn][trained]") {
  const std::vector<std::string> words{"a", "b", "c", "new"};
  std::vector<const std::string*> cells;
  std::vector<double> y;
  for (std::size_t i = 0; i < 90; ++i) {
    cells.push_back(&words[i % 3]);
    y.push_back(static_cast<double>(i % 3) * 2.0);
  }
  const FeatureTable table({text_feature("k", cells)});
  const TrainedModel model = train({"boost", {{"rounds", 60}}}, {.features = table, .outcome = y},
                                   every_row(90), "y", StreamKey{1});
  const std::vector<const std::string*> asked{&words[2], &words[3], &words[0], nullptr};
  const auto said = model.predict(FeatureTable({text_feature("k", asked)}));
  CHECK(said[0] == Approx(4.0).margin(0.05));
  CHECK(said[2] == Approx(0.0).margin(0.05));
  CHECK(said[1] == said[3]);
  const TrainedModel read = load_model(model.save(), "test");
  CHECK(same_bits(read.predict(FeatureTable({text_feature("k", asked)})), said));
}

TEST_CASE("boosted trees go to XGBoost's JSON and back", "[learn][trained]") {
  const Rows data = invented(100);
  const TrainedModel model = train(
      {"boost", {{"rounds", 8}}}, {.features = data.features, .outcome = data.two, .classes = kTwo},
      every_row(100), "y", StreamKey{3});
  const TrainedModel back = import_xgboost(export_xgboost(model), "test");
  CHECK(back.classes == std::vector<std::string>{"0", "1"});
  CHECK(same_bits(back.predict(data.features), model.predict(data.features)));
  const TrainedModel line =
      train({"linear", json::object()}, {.features = data.features, .outcome = data.number},
            every_row(100), "y", StreamKey{3});
  CHECK_THROWS_WITH(export_xgboost(line), Catch::Contains("only boosted trees"));
}

TEST_CASE("a network goes on from another one", "[learn][trained]") {
  const Rows data = invented(200);
  const auto rows = every_row(200);
  const LearnerSpec spec{"perceptron", {{"layers", {8}}, {"epochs", 4}, {"shuffle", false}}};
  Lesson lesson{.features = data.features, .outcome = data.number};
  const TrainedModel first = train(spec, lesson, rows, "y", StreamKey{5});
  lesson.start = first.predictor.get();
  const TrainedModel second = train(spec, lesson, rows, "y", StreamKey{5});
  const auto error = [&](const TrainedModel& model) {
    const auto said = model.predict(data.features);
    double sum = 0.0;
    for (std::size_t i = 0; i < said.size(); ++i) {
      sum += (said[i] - data.number[i]) * (said[i] - data.number[i]);
    }
    return sum;
  };
  CHECK(error(second) < error(first));
  CHECK_THROWS_WITH(train({"forest", json::object()}, lesson, rows, "y", StreamKey{5}),
                    Catch::Contains("can't go on"));
}

TEST_CASE("boosted trees go on from earlier ones", "[learn][trained]") {
  const Rows data = invented(200);
  const auto rows = every_row(200);
  const auto spec = [](int rounds) {
    return LearnerSpec{"boost", {{"rounds", rounds}, {"max_depth", 3}}};
  };
  for (const auto& classes :
       {std::span<const std::string>(), std::span<const std::string>(kThree)}) {
    Lesson lesson{.features = data.features,
                  .outcome = classes.empty() ? data.number : data.three,
                  .classes = classes};
    const TrainedModel whole = train(spec(12), lesson, rows, "y", StreamKey{5});
    const TrainedModel half = train(spec(5), lesson, rows, "y", StreamKey{5});
    lesson.start = half.predictor.get();
    const TrainedModel rest = train(spec(7), lesson, rows, "y", StreamKey{5});
    CHECK(same_bits(rest.predict(data.features), whole.predict(data.features)));
    CHECK_FALSE(same_bits(half.predict(data.features), whole.predict(data.features)));
    const TrainedModel line =
        train({"forest", {{"trees", 2}}}, {.features = data.features, .outcome = data.number}, rows,
              "y", StreamKey{1});
    lesson.start = line.predictor.get();
    CHECK_THROWS_WITH(train(spec(3), lesson, rows, "y", StreamKey{5}),
                      Catch::Contains("can't go on from this model"));
  }
}

TEST_CASE("files that were changed are refused", "[learn][trained]") {
  const Rows data = invented(40);
  const TrainedModel model =
      train({"pipeline", small_options("pipeline")},
            {.features = data.features, .outcome = data.number}, every_row(40), "y", StreamKey{1});
  const std::string bytes = model.save();
  for (std::size_t cut = 0; cut < bytes.size(); cut += 97) {
    CHECK_THROWS_AS(load_model(std::string_view(bytes).substr(0, cut), "test"), DataError);
  }
  for (std::size_t at = 0; at < bytes.size(); at += 61) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    CHECK_THROWS_AS(load_model(changed, "test"), DataError);
  }
  // A header of another shape under a right hash.
  ModelFile file = decode_model(bytes, "test");
  const auto refused = [&](const char* field, const json& value) {
    ModelFile other = file;
    other.header[field] = value;
    CHECK_THROWS_AS(load_model(encode_model(other), "test"), DataError);
  };
  refused("classes", json::array({"a", "b", "c"}));
  refused("classes", 3);
  refused("inputs", json::array());
  refused("inputs", json::array({{{"name", "a"}, {"type", "colour"}}}));
  refused("learner", "forest");
  file.version = 99;
  CHECK_THROWS_WITH(load_model(encode_model(file), "test"), Catch::Contains("newer version"));
}
