#include "engine/learn/tune/search_space.h"

#include <cmath>
#include <map>
#include <catch2/catch.hpp>

#include "engine/core/error.h"

using namespace impact;
using nlohmann::json;

namespace {

const char* const kWritten = R"({
  "max_depth": {"integers": [2, 8]},
  "learning_rate": {"numbers": [0.01, 0.3], "log": true, "levels": 4},
  "hidden": {"choices": [[64], [64, 64]]},
  "kernel": ["linear", "rbf", "poly"],
  "gamma": {"numbers": [0.001, 1], "log": true, "when": {"kernel": {"one_of": ["rbf", "poly"]}}},
  "degree": {"integers": [2, 4], "when": {"kernel": "poly"}}})";

SearchSpace written() { return search_space(json::parse(kWritten)); }

std::string message(const char* text) {
  try {
    (void)search_space(json::parse(text));
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "";
}

std::size_t place(const SearchSpace& space, const std::string& path) {
  for (std::size_t j = 0; j < space.size(); ++j) {
    if (space.parameters[j].path == path) return j;
  }
  return space.size();
}

}  // namespace

TEST_CASE("search space: as written and back", "[learn][tune][search_space]") {
  const SearchSpace space = written();
  REQUIRE(space.size() == 6);
  // By path, but those with a condition after what it names.
  CHECK(space.parameters[0].path == "hidden");
  CHECK(space.parameters[1].path == "kernel");
  CHECK(space.parameters[2].path == "learning_rate");
  CHECK(space.parameters[3].path == "max_depth");
  CHECK(space.parameters[4].path == "degree");
  CHECK(space.parent[4] == 1);
  CHECK(space.parent[0] == SearchSpace::kNoParent);
  const json again = search_space_json(space);
  CHECK(again["kernel"] == json::parse(R"({"choices": ["linear", "rbf", "poly"]})"));
  CHECK(again["gamma"] == json::parse(kWritten)["gamma"]);
  CHECK(again["learning_rate"] == json::parse(kWritten)["learning_rate"]);
  CHECK(search_space_json(search_space(again)) == again);
}

TEST_CASE("search space: mistakes are named", "[learn][tune][search_space]") {
  using Catch::Contains;
  CHECK_THAT(message("{}"), Contains("nothing to search"));
  CHECK_THAT(message("[]"), Contains("names parameters"));
  CHECK_THAT(message(R"({"a": {"numbers": [0, 1], "integers": [0, 1]}})"), Contains("'a'"));
  CHECK_THAT(message(R"({"a": {"numbers": [1, 0]}})"), Contains("lower to its upper"));
  CHECK_THAT(message(R"({"a": {"numbers": [0, 1, 2]}})"), Contains("is no range"));
  CHECK_THAT(message(R"({"a": {"numbers": [0, 1], "log": true}})"), Contains("no zero"));
  CHECK_THAT(message(R"({"a": {"integers": [0.5, 1]}})"), Contains("whole numbers"));
  CHECK_THAT(message(R"({"a": {"choices": []}})"), Contains("nothing to choose"));
  CHECK_THAT(message(R"({"a": [1, 2, 1.0]})"), Contains("there twice"));
  CHECK_THAT(message(R"({"a": {"numbers": [0, 1], "logg": true}})"),
             Contains("did you mean 'log'"));
  CHECK_THAT(message(R"({"alpha": [1], "b": {"choices": [1], "when": {"alpa": 1}}})"),
             Contains("did you mean 'alpha'"));
  CHECK_THAT(message(R"({"a": [1], "b": {"choices": [1], "when": {"a": 2}}})"),
             Contains("never takes"));
  CHECK_THAT(message(R"({"a": {"choices": [1], "when": {"b": 1}},
                         "b": {"choices": [1], "when": {"a": 1}}})"),
             Contains("circle"));
  CHECK(message(kWritten).empty());
}

TEST_CASE("search space: points by name", "[learn][tune][search_space]") {
  const SearchSpace space = written();
  const json linear = json::parse(
      R"({"hidden": [64, 64], "kernel": "linear", "learning_rate": 0.1, "max_depth": 3})");
  const SearchPoint point = point_of(space, linear);
  CHECK(point[place(space, "hidden")] == 1.0);
  CHECK(std::isnan(point[place(space, "gamma")]));
  CHECK(point_json(space, point) == linear);
  json wrong = linear;
  wrong["gamma"] = 0.1;
  CHECK_THROWS_WITH(point_of(space, wrong), Catch::Contains("condition does not hold"));
  wrong = linear;
  wrong["max_depth"] = 9;
  CHECK_THROWS_WITH(point_of(space, wrong), Catch::Contains("outside of the search"));
  wrong = linear;
  wrong.erase("max_depth");
  CHECK_THROWS_WITH(point_of(space, wrong), Catch::Contains("lacks a parameter"));
  SearchPoint bad = point;
  bad[place(space, "gamma")] = 0.1;
  CHECK_THROWS_AS(check_point(space, bad), ArgumentError);
  bad.pop_back();
  CHECK_THROWS_AS(check_point(space, bad), ArgumentError);
}

TEST_CASE("search space: options of a learner are set by path", "[learn][tune][search_space]") {
  const LearnerSpec pipeline{
      "pipeline",
      json::parse(R"({"steps": [{"step": "impute"}, {"step": "pca", "options": {"whiten": true}}],
                      "model": {"learner": "boost", "options": {"rounds": 10}},
                      "groups": [1, 2]})")};
  const SearchSpace space = search_space(json::parse(
      R"({"steps.1.components": [3], "steps.0.how": ["median"], "model.learning_rate": [0.5],
          "model.learner": ["forest"], "groups.1": [7], "new": [true]})"));
  Stream stream(StreamKey::root(1));
  const LearnerSpec out = apply_point(space, draw_point(space, stream), pipeline);
  CHECK(out.kind == "pipeline");
  CHECK(out.options == json::parse(R"({
      "steps": [{"step": "impute", "options": {"how": "median"}},
                {"step": "pca", "options": {"whiten": true, "components": 3}}],
      "model": {"learner": "forest", "options": {"rounds": 10, "learning_rate": 0.5}},
      "groups": [1, 7], "new": true})"));
  const auto error = [&](const char* path) -> std::string {
    const SearchSpace one = search_space(json{{path, {1}}});
    try {
      (void)apply_point(one, std::vector<double>{0.0}, pipeline);
    } catch (const ArgumentError& wrong) {
      return wrong.what();
    }
    return "";
  };
  CHECK_THAT(error("modle.learning_rate"), Catch::Contains("did you mean 'model'"));
  CHECK_THAT(error("steps.2.components"), Catch::Contains("0 to 1"));
  CHECK_THAT(error("steps.first.components"), Catch::Contains("no place 'first'"));
  CHECK_THAT(error("model.rounds.many"), Catch::Contains("no option that holds others"));
}

TEST_CASE("search space: draws are even on the scale", "[learn][tune][search_space]") {
  const SearchSpace space = search_space(json::parse(
      R"({"a": {"integers": [1, 4]}, "b": {"numbers": [1, 10000], "log": true},
          "c": ["x", "y"], "d": {"numbers": [-1, 1], "when": {"c": "y"}}})"));
  Stream stream(StreamKey::root(7));
  std::map<double, int> whole;
  int below = 0;
  int counted = 0;
  constexpr int kDraws = 8000;
  for (int i = 0; i < kDraws; ++i) {
    const SearchPoint point = draw_point(space, stream);
    check_point(space, point);
    ++whole[point[0]];
    below += point[1] < 100.0 ? 1 : 0;
    counted += std::isnan(point[3]) ? 0 : 1;
    CHECK((std::isnan(point[3]) == (point[2] == 0.0)));
  }
  // Five standard deviations: sqrt(n p (1 - p)) is 38.7 for a quarter, 44.7 for a half.
  CHECK(whole.size() == 4);
  for (const auto& [value, count] : whole) CHECK(std::abs(count - kDraws / 4) < 194);
  CHECK(std::abs(below - kDraws / 2) < 224);
  CHECK(std::abs(counted - kDraws / 2) < 224);
  for (const SearchParameter& p : space.parameters) {
    for (const double u : {0.0, 0.2, 0.5, 0.99, 1.0}) {
      const double value = value_at(p, u);
      CHECK(value_at(p, unit_of(p, value)) == Approx(value).epsilon(1e-14));
    }
  }
}

TEST_CASE("search space: grids", "[learn][tune][search_space]") {
  const SearchSpace space = search_space(json::parse(
      R"({"a": {"numbers": [0.01, 1], "log": true, "levels": 3}, "b": {"integers": [1, 3]},
          "c": ["x", "y"], "d": {"numbers": [0, 1], "when": {"c": "y"}}})"));
  const auto points = grid_points(space, 5);
  // 3 x 3 x (1 + 5): where c is x, d does not count.
  REQUIRE(points.size() == 54);
  CHECK(points[0][0] == 0.01);
  CHECK(std::isnan(points[0][3]));
  CHECK(points[1][3] == 0.0);
  CHECK(points[2][3] == 0.25);
  CHECK(points[18][0] == Approx(0.1).epsilon(1e-14));
  CHECK(points[53] == SearchPoint{1.0, 3.0, 1.0, 1.0});
  CHECK(grid_points(search_space(json::parse(R"({"a": {"integers": [1, 9]}})")), 3) ==
        std::vector<SearchPoint>{{1.0}, {5.0}, {9.0}});
  json wide;
  for (const char* name : {"a", "b", "c", "d"}) wide[name] = {{"numbers", {0, 1}}};
  CHECK_THROWS_WITH(grid_points(search_space(wide), 40), Catch::Contains("too large"));
  CHECK_THROWS_AS(grid_points(space, 0), ArgumentError);
}
