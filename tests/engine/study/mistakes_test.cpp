#include <catch2/catch.hpp>

#include "engine/design/model.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using namespace impact::testing;
using Catch::Contains;

namespace {

struct Roles : StudyFixture {
  RelationPtr units;
  Roles() : units(source("units", units_csv())) {}

  // The mistakes of one estimator of y that adjusts for these columns.
  std::vector<NodeError> mistakes(std::vector<StudyColumn> covariates,
                                  std::vector<StudyColumn> effects = {}) {
    const std::size_t kept = study.nodes.size();
    add("ATE", asks(col(units, "y"), col(units, "arm")));
    Method method{.kind = Method::Kind::kOls, .fixed_effects = std::move(effects)};
    for (StudyColumn& item : covariates) method.covariates.push_back({std::move(item)});
    estimator("adjusted", std::move(method));
    auto found = find_mistakes(study);
    study.nodes.resize(kept);
    return found;
  }
};

}  // namespace

TEST_CASE("columns fixed before the treatment may be adjusted for", "[study][mistakes]") {
  Roles s;
  s.roles("post_treatment", {s.col(s.units, "v")});
  CHECK(s.mistakes({}).empty());
  CHECK(s.mistakes({s.col(s.units, "x"), s.col(s.units, "w")}, {s.col(s.units, "f")}).empty());
}

TEST_CASE("a covariate that comes after the treatment is refused at both lines",
          "[study][mistakes]") {
  Roles s;
  s.roles("post_treatment", {s.col(s.units, "v")});
  const auto found = s.mistakes({s.col(s.units, "x"), s.col(s.units, "v")});
  REQUIRE(found.size() == 1);
  CHECK(found[0].at() == "study:4");
  CHECK(found[0].kind() == "argument");
  CHECK_THAT(found[0].what(), Contains("'adjusted' adjusts for 'v', which comes after") &&
                                  Contains("got:      v") && Contains("see study:2"));
  CHECK(s.mistakes({}, {s.col(s.units, "v")}).size() == 1);
}

TEST_CASE("a forbidden column is seen behind features, filters and joins", "[study][mistakes]") {
  Roles s;
  s.roles("post_treatment", {s.col(s.units, "v")});
  const StudyColumn feature{
      .name = "twice", .expr = call("multiply", {column("v"), literal(2.0)}), .table = s.units};
  CHECK(s.mistakes({feature}).size() == 1);
  const RelationPtr other = s.source("other", "id,u\n1,2\n");
  const RelationPtr joined =
      join(rename(filter(s.units, call("gt", {column("x"), literal(0.0)})), {{"v", "late"}}), other,
           {.kind = JoinKind::kLeft, .on = {{"id", "id"}}});
  CHECK(s.mistakes({s.col(joined, "late")}).size() == 1);
  CHECK(s.mistakes({s.col(joined, "u")}).empty());
  CHECK(s.mistakes({s.col(joined, "x")}).empty());
}

TEST_CASE("an outcome is no covariate: by its role, or because it is asked about",
          "[study][mistakes]") {
  Roles s;
  const auto asked = s.mistakes({s.col(s.units, "y")});
  REQUIRE(asked.size() == 1);
  CHECK_THAT(asked[0].what(), Contains("which is an outcome") && Contains("'y' is the outcome"));
  const StudyColumn scaled{
      .name = "", .expr = call("divide", {column("y"), column("w")}), .table = s.units};
  CHECK(s.mistakes({scaled}).size() == 1);
  s.roles("outcome", {s.col(s.units, "x")});
  CHECK(s.mistakes({s.col(s.units, "x")}).size() == 1);
}

TEST_CASE("each estimator is told once, in order of declaration", "[study][mistakes]") {
  Roles s;
  s.roles("post_treatment", {s.col(s.units, "v"), s.col(s.units, "w")});
  s.add("ATE", s.asks(s.col(s.units, "y"), s.col(s.units, "arm")));
  const auto adjusts = [&](const char* name, std::vector<std::vector<StudyColumn>> terms) {
    s.estimator(name, {.kind = Method::Kind::kOls, .covariates = std::move(terms)});
  };
  adjusts("both", {{s.col(s.units, "v")}, {s.col(s.units, "w")}});
  adjusts("none", {{s.col(s.units, "x")}});
  adjusts("product", {{s.col(s.units, "x"), s.col(s.units, "w")}});
  const auto found = find_mistakes(s.study);
  REQUIRE(found.size() == 2);
  CHECK_THAT(found[0].what(), Contains("'both' adjusts for 'v'"));
  CHECK_THAT(found[1].what(), Contains("'product' adjusts for 'w'"));
}

TEST_CASE("a variable of a model that depends on the assignment comes after the treatment",
          "[study][mistakes]") {
  StudyFixture s;
  auto model = std::make_shared<Model>();
  model->levels = {{"unit", {20}}};
  const ExprPtr treated = call("eq", {column("z"), literal(std::string("treated"))});
  model->variables = {{"u", draw("normal", {literal(0.0), literal(1.0)})},
                      {"m", call("add", {column("u"), treated})},
                      {"late", call("multiply", {column("m"), literal(2.0)})},
                      {"y", call("add", {column("late"), column("u")})}};
  s.add("people", ModelNode{.model = model});
  AssignmentNode z{.design = {.name = "z", .arms = {"control", "treated"}}};
  z.model = "people";
  s.add("z", std::move(z));
  const auto of = [](const char* name) {
    return StudyColumn{.name = name, .expr = column(name), .model = "people"};
  };
  s.add("ATE", s.asks(of("y"), s.arms_of("z")));
  s.estimator("early", {.kind = Method::Kind::kLin, .covariates = {{of("u")}}});
  CHECK(find_mistakes(s.study).empty());
  s.estimator("late", {.kind = Method::Kind::kLin, .covariates = {{of("late")}}});
  const auto found = find_mistakes(s.study);
  REQUIRE(found.size() == 1);
  CHECK(found[0].at() == "study:5");
  CHECK_THAT(found[0].what(), Contains("'late' adjusts for 'late', which comes after"));
}

TEST_CASE("a model that uses an unknown name or itself is told before anything runs",
          "[study][mistakes]") {
  StudyFixture s;
  auto model = std::make_shared<Model>();
  model->levels = {{"unit", {20}}};
  model->variables = {{"baseline", draw("normal", {literal(0.0), literal(1.0)})},
                      {"y", call("add", {column("basline"), column("unit")})}};
  s.add("people", ModelNode{.model = model});
  const auto unknown = find_mistakes(s.study);
  REQUIRE(unknown.size() == 1);
  CHECK(unknown[0].at() == "study:1");
  CHECK_THAT(unknown[0].what(), Contains("variable 'y' of model 'people'") &&
                                    Contains("got:      basline") &&
                                    Contains("did you mean 'baseline'?"));
  model->variables = {{"a", call("add", {column("b"), literal(1.0)})},
                      {"b", call("add", {column("a"), literal(1.0)})}};
  const auto circle = find_mistakes(s.study);
  REQUIRE(circle.size() == 1);
  CHECK_THAT(circle[0].what(), Contains("a <- b <- a") || Contains("b <- a <- b"));
}
