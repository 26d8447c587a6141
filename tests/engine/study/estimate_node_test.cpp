#include "engine/study/estimate_node.h"

#include <cmath>
#include <functional>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"
#include "engine/stats/difference_in_means.h"
#include "engine/stats/lin.h"
#include "engine/stats/linear.h"
#include "tests/engine/stats/reference.h"
#include "tests/engine/study/units_study.h"

using namespace impact;
using namespace impact::testing;
using Catch::Contains;
using namespace impact::reference;
using Kind = Method::Kind;

namespace {

// Row "z" of a regression of y on these columns, the first being the intercept.
Estimate direct(const std::vector<Numbers>& columns, const std::vector<std::string>& names,
                SeType se, const Numbers& y) {
  Numbers x;
  for (const Numbers& column : columns) x.insert(x.end(), column.begin(), column.end());
  const LinearFit fit =
      linear({.x = x, .columns = names.size(), .y = y, .names = names}, {.se = se});
  for (const Estimate& row : to_estimates(fit, names, "ols")) {
    if (row.term == "z") return row;
  }
  return {};
}

Numbers product(const Numbers& a, const Numbers& b) {
  Numbers out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] * b[i]);
  return out;
}

// The difference in means among the units that `keeps` chooses.
Estimate difference_among(const std::function<bool(std::size_t)>& keeps) {
  Numbers y;
  Codes arm;
  for (std::size_t i = 0; i < units().rows(); ++i) {
    if (!keeps(i)) continue;
    y.push_back(units()["y"][i]);
    arm.push_back(static_cast<std::int32_t>(units()["z"][i]));
  }
  return difference_in_means({.y = y, .arm = arm});
}

}  // namespace

TEST_CASE("a declared difference in means gives the peer's numbers", "[study][estimate]") {
  UnitsStudy s;
  const Estimate plain = s.only({});
  agree(plain, peer("dim_standard").at("z"));
  CHECK(plain.term == "treated - control");
  CHECK(plain.n == 60);
  CHECK(plain.warnings.empty());
  agree(s.only({.conf_level = 0.9}), peer("dim_standard_90").at("z"));
  agree(s.only({.kind = Kind::kBlocked, .blocks = s.at("block")}), peer("dim_blocked").at("z"));
  same_numbers(
      s.only({.weights = s.at("w")}),
      difference_in_means({.y = units()["y"], .arm = units().codes("z"), .weight = units()["w"]}));
  UnitsStudy c("armc");
  agree(c.only({.clusters = c.at("cluster")}), peer("dim_clustered").at("zc"));
  agree(c.only({.clusters = c.at("cluster"), .weights = c.at("w")}),
        peer("dim_clustered_weighted").at("zc"));
  agree(c.only({.kind = Kind::kBlocked, .blocks = c.at("block"), .clusters = c.at("cluster")}),
        peer("dim_block_clustered").at("zc"));
}

TEST_CASE("a declared regression gives the peer's numbers", "[study][estimate]") {
  UnitsStudy s;
  for (const char* se : {"classical", "HC0", "HC1", "HC2", "HC3"}) {
    INFO(se);
    const std::string suffix = std::string("_") + se;
    const auto xv = s.terms({"x", "v"});
    agree(s.only({.kind = Kind::kOls, .covariates = xv, .se_type = se}),
          peer("ols" + suffix).at("z"));
    agree(s.only({.kind = Kind::kOls, .covariates = xv, .se_type = se, .weights = s.at("w")}),
          peer("ols_weighted" + suffix).at("z"));
  }
  for (const char* cluster : {"cluster", "uneven"}) {
    for (const char* se : {"CR0", "CR1", "CR2"}) {
      INFO(cluster << " " << se);
      agree(s.only({.kind = Kind::kOls,
                    .covariates = s.terms({"x", "v"}),
                    .se_type = se,
                    .clusters = s.at(cluster)}),
            peer(std::string("ols_") + cluster + "_" + se).at("z"));
    }
  }
  const Estimate clustered =
      s.only({.kind = Kind::kOls, .covariates = s.terms({"x", "v"}), .clusters = s.at("cluster")});
  CHECK(clustered.se_type == "CR2");
  agree(clustered, peer("ols_cluster_CR2").at("z"));
}

TEST_CASE("declared fixed effects give the peer's numbers and no warning", "[study][estimate]") {
  UnitsStudy s;
  for (const char* se : {"classical", "HC0", "HC1", "HC2", "HC3"}) {
    INFO(se);
    const std::string suffix = std::string("_") + se;
    const Estimate one = s.only({.kind = Kind::kOls,
                                 .covariates = s.terms({"x"}),
                                 .fixed_effects = {s.at("f")},
                                 .se_type = se});
    agree(one, peer("ols_fe" + suffix).at("z"));
    CHECK(one.warnings.empty());
    agree(s.only({.kind = Kind::kOls,
                  .covariates = s.terms({"x"}),
                  .fixed_effects = {s.at("f"), s.at("g")},
                  .se_type = se}),
          peer("ols_fe2" + suffix).at("z"));
  }
}

TEST_CASE("declared Lin's estimator gives the peer's numbers", "[study][estimate]") {
  UnitsStudy s;
  const auto xv = s.terms({"x", "v"});
  agree(s.only({.kind = Kind::kLin, .covariates = xv}), peer("lin_HC2").at("z"));
  agree(s.only({.kind = Kind::kLin, .covariates = xv, .weights = s.at("w")}),
        peer("lin_weighted_HC2").at("z"));
  agree(s.only({.kind = Kind::kLin, .covariates = s.terms({"x"}), .se_type = "classical"}),
        peer("lin_classical").at("z"));
  UnitsStudy c("armc");
  const Estimate clustered =
      c.only({.kind = Kind::kLin, .covariates = c.terms({"x", "v"}), .clusters = c.at("cluster")});
  agree(clustered, peer("lin_CR2").at("zc"));
  CHECK(clustered.term == "treated - control");
}

TEST_CASE("interactions enter as products, with the exposure too", "[study][estimate]") {
  UnitsStudy s;
  const Numbers ones(60, 1.0);
  const Numbers& z = units()["z"];
  const Numbers& x = units()["x"];
  const Numbers& v = units()["v"];
  Method method{.kind = Kind::kOls, .covariates = s.terms({"x", "v"})};
  method.covariates.push_back({s.at("x"), s.at("v")});
  same_numbers(s.only(method), direct({ones, z, x, v, product(x, v)}, {"1", "z", "x", "v", "x:v"},
                                      SeType::kHc2, units()["y"]));
  method.covariates.back() = {s.at("arm"), s.at("x")};
  same_numbers(s.only(method), direct({ones, z, x, v, product(z, x)}, {"1", "z", "x", "v", "z:x"},
                                      SeType::kHc2, units()["y"]));
}

TEST_CASE("an exposure may be text, an integer or a boolean, with further arms",
          "[study][estimate]") {
  UnitsStudy s;
  const Estimate text = s.only({});
  s.inquiry() = s.asks(s.at("y"), s.at("z"), "1", "0");
  const Estimate integer = s.only({});
  CHECK(integer.term == "1 - 0");
  same_numbers(integer, text);
  const StudyColumn number{
      .name = "", .expr = call("multiply", {column("z"), literal(1.0)}), .table = s.units};
  s.inquiry() = s.asks(s.at("y"), number, "1", "0");
  same_numbers(s.only({}), text);
  const StudyColumn flag{
      .name = "", .expr = call("eq", {column("z"), literal(std::int64_t{1})}), .table = s.units};
  s.inquiry() = s.asks(s.at("y"), flag, "true", "false");
  same_numbers(s.only({}), text);
  s.inquiry() = s.asks(s.at("y"), s.at("block"), "3", "1");
  Numbers y;
  Codes arm;
  for (std::size_t i = 0; i < units().rows(); ++i) {
    if (units()["block"][i] != 3 && units()["block"][i] != 1) continue;
    y.push_back(units()["y"][i]);
    arm.push_back(units()["block"][i] == 3 ? 1 : 0);
  }
  const Estimate two = s.only({});
  same_numbers(two, difference_in_means({.y = y, .arm = arm}));
  CHECK(two.n == 24);
  CHECK(two.warnings.empty());
}

TEST_CASE("by gives one answer for each value, in byte order, from its units only",
          "[study][estimate]") {
  UnitsStudy s;
  s.inquiry().by = s.at("f");
  s.estimator("each", {});
  const auto rows = s.answer("each");
  REQUIRE(rows.size() == 10);
  for (int f = 0; f < 10; ++f) {
    const Estimate& row = rows[static_cast<std::size_t>(f)];
    CHECK(row.term == "treated - control | f=" + std::to_string(f));
    same_numbers(row, difference_among([&](std::size_t i) { return units()["f"][i] == f; }));
  }
  s.inquiry().by = s.at("uneven");
  const auto texts = s.answer("each");
  REQUIRE(texts.size() == 14);
  CHECK(texts[1].term == "treated - control | uneven=1");
  CHECK(texts[2].term == "treated - control | uneven=10");
}

TEST_CASE("where keeps the units for which it is true, not those where it is missing",
          "[study][estimate]") {
  UnitsStudy s;
  const auto over = [](double bound) { return call("gt", {column("x"), literal(bound)}); };
  s.inquiry().where = StudyColumn{.name = "", .expr = over(0.25), .table = s.units};
  same_numbers(s.only({}), difference_among([](std::size_t i) { return units()["x"][i] > 0.25; }));
  // Missing where block is 4: such a unit is not known to belong to the question.
  const ExprPtr but_four = call("null_if", {column("block"), literal(std::int64_t{4})});
  s.inquiry().where = StudyColumn{
      .name = "", .expr = call("ge", {but_four, literal(std::int64_t{0})}), .table = s.units};
  same_numbers(s.only({}),
               difference_among([](std::size_t i) { return units()["block"][i] != 4; }));
}

TEST_CASE("blocks and clusters come from the assignment unless the method names others",
          "[study][estimate]") {
  UnitsStudy s;
  const auto assigned = [&](const std::string& name, const std::string& arm) {
    AssignmentNode node{.design = {.name = name, .arms = {"control", "treated"}}};
    node.units = s.units;
    node.within = s.at("block");
    node.given = s.at(arm);
    return node;
  };
  s.add("z", assigned("z", "arm"));
  AssignmentNode together = assigned("zc", "armc");
  together.clusters = s.at("cluster");
  s.add("zc", std::move(together));
  s.inquiry() = s.asks(s.at("y"), s.arms_of("z"));
  agree(s.only({}), peer("dim_standard").at("z"));
  agree(s.only({.kind = Kind::kBlocked}), peer("dim_blocked").at("z"));
  agree(s.only({.kind = Kind::kOls, .covariates = s.terms({"x", "v"})}), peer("ols_HC2").at("z"));
  agree(s.only({.kind = Kind::kLin, .covariates = s.terms({"x", "v"})}), peer("lin_HC2").at("z"));
  s.inquiry() = s.asks(s.at("y"), s.arms_of("zc"));
  agree(s.only({}), peer("dim_clustered").at("zc"));
  agree(s.only({.kind = Kind::kBlocked}), peer("dim_block_clustered").at("zc"));
  agree(s.only({.kind = Kind::kLin, .covariates = s.terms({"x", "v"})}), peer("lin_CR2").at("zc"));
  same_numbers(s.only({.clusters = s.at("id")}),
               difference_in_means({.y = units()["y"], .arm = units().codes("zc"), .cluster = [] {
                                      static Codes ids;
                                      for (int i = 0; i < 60; ++i) ids.push_back(i);
                                      return std::span<const std::int32_t>(ids);
                                    }()}));
}

TEST_CASE("arms find their units by key in a filter whose file has another order",
          "[study][estimate]") {
  UnitsStudy s("arm", true);
  AssignmentNode node{.design = {.name = "z", .arms = {"control", "treated"}}};
  node.units = s.units;
  node.within = s.at("block");
  s.add("z", std::move(node));
  // Of another file, the other way round, and without the first and some other units.
  RelationPtr outcomes = s.source("outcomes", units_csv(false));
  outcomes = filter(outcomes, call("gt", {column("x"), literal(-0.8)}));
  s.add("kept", RelationNode{.relation = outcomes});
  s.inquiry() = s.asks(s.col(outcomes, "y"), s.arms_of("z"));

  // The same draw from the declared stream, units in key order.
  Stream stream(StreamKey::root(7).child("assignment").child("z"), 0);
  const Codes drawn = draw_assignment({.name = "z", .arms = {"control", "treated"}}, units().rows(),
                                      {.blocks = units().codes("block")}, stream);
  Numbers y;
  Codes arm;
  for (std::size_t i = 0; i < units().rows(); ++i) {
    if (!(units()["x"][i] > -0.8)) continue;
    y.push_back(units()["y"][i]);
    arm.push_back(drawn[i]);
  }
  REQUIRE(y.size() < 60);
  const Estimate found = s.only({});
  same_numbers(found, difference_in_means({.y = y, .arm = arm}));
  REQUIRE(found.warnings.size() == 1);
  CHECK_THAT(found.warnings[0], Contains(std::to_string(60 - y.size()) + " units") &&
                                    Contains("no row in the outcome's table"));
}

TEST_CASE("rows that lack an outcome, an arm or a covariate are counted in a warning",
          "[study][estimate]") {
  StudyFixture s;
  const RelationPtr units = s.source("units",
                                     "id,arm,y,x\n1,treated,5,1\n2,treated,4,2\n3,treated,6,1\n"
                                     "4,control,1,3\n5,control,2,1\n6,control,3,2\n7,,9,1\n"
                                     "8,other,9,1\n9,treated,,1\n10,control,4,\n");
  s.add("ATE", s.asks(s.col(units, "y"), s.col(units, "arm")));
  s.estimator("means", {});
  s.estimator("ols", {.kind = Kind::kOls, .covariates = {{s.col(units, "x")}}});
  const Estimate means = s.answer("means")[0];
  CHECK(means.estimate == Approx(2.5));
  CHECK(means.n == 7);
  std::string said;
  for (const std::string& text : means.warnings) said += text + "\n";
  INFO(said);
  CHECK_THAT(said, Contains("1 row") && Contains("arm"));
  REQUIRE(means.warnings.size() == 2);
  const Estimate ols = s.answer("ols")[0];
  CHECK(ols.n == 6);
  std::string lost;
  for (const std::string& text : ols.warnings) lost += text + "\n";
  CHECK_THAT(lost, Contains("arm") && Contains("x") && Contains("y"));
}

TEST_CASE("outcomes of units that were never assigned are counted in a warning",
          "[study][estimate]") {
  StudyFixture s;
  const RelationPtr units = s.source("units", "id\n1\n2\n3\n4\n");
  const RelationPtr measured = s.source("measured", "id,y\n1,1\n2,2\n3,4\n4,3\n5,50\n6,60\n");
  AssignmentNode node{.design = {.name = "z", .arms = {"control", "treated"}}};
  node.units = units;
  s.add("z", std::move(node));
  s.add("ATE", s.asks(s.col(measured, "y"), s.arms_of("z")));
  s.estimator("means", {});
  const Estimate means = s.answer("means")[0];
  CHECK(means.n == 4);
  REQUIRE(means.warnings.size() == 1);
  CHECK_THAT(means.warnings[0], Contains("2 rows were left out") && Contains("no unit"));
}

TEST_CASE("a missing value of by is counted in every answer's warning", "[study][estimate]") {
  UnitsStudy s;
  s.inquiry().by = s.at("block");
  s.inquiry().by->expr = call("null_if", {column("block"), literal(std::int64_t{4})});
  s.estimator("each", {});
  const auto rows = s.answer("each");
  REQUIRE(rows.size() == 4);
  for (const Estimate& row : rows) {
    REQUIRE(row.warnings.size() == 1);
    CHECK_THAT(row.warnings[0], Contains("12 rows were left out") && Contains("'block'"));
  }
}

TEST_CASE("an outcome with another key than the units is refused", "[study][estimate]") {
  UnitsStudy s;
  AssignmentNode node{.design = {.name = "z", .arms = {"control", "treated"}}};
  node.units = s.units;
  s.add("z", std::move(node));
  const RelationPtr pairs = with_key(s.units, {"block", "id"});
  s.inquiry() = s.asks(s.col(pairs, "y"), s.arms_of("z"));
  s.estimator("means", {});
  CHECK_THAT(test::message_of<ArgumentError>([&] { (void)s.answer("means"); }),
             Contains("different keys") && Contains("block, id"));
}

TEST_CASE("arms drawn elsewhere need no key", "[study][estimate]") {
  StudyFixture s;
  const RelationPtr units = s.source("units", units_csv(), {});
  AssignmentNode node{.design = {.name = "z", .arms = {"control", "treated"}}};
  node.units = units;
  node.given = s.col(units, "arm");
  s.add("z", std::move(node));
  s.add("ATE", s.asks(s.col(units, "y"), s.arms_of("z")));
  s.estimator("means", {});
  agree(s.answer("means")[0], peer("dim_standard").at("z"));
  // Neither do their blocks.
  std::get<AssignmentNode>(s.study.nodes[1].body).within = s.col(units, "block");
  s.estimator("blocked", {.kind = Kind::kBlocked});
  agree(s.answer("blocked")[0], peer("dim_blocked").at("z"));
}

TEST_CASE("a contrast that other columns determine has no estimate but a warning",
          "[study][estimate]") {
  UnitsStudy s;
  const Estimate none =
      s.only({.kind = Kind::kOls, .covariates = s.terms({"x"}), .fixed_effects = {s.at("id")}});
  CHECK(std::isnan(none.estimate));
  CHECK(none.term == "treated - control");
  REQUIRE_FALSE(none.warnings.empty());
  // A factor constant within the arms: no variation is left.
  s.inquiry() = s.asks(s.at("y"), s.at("armc"));
  const Estimate nested = s.only({.kind = Kind::kOls, .fixed_effects = {s.at("cluster")}});
  CHECK(std::isnan(nested.estimate));
  CHECK_THAT(nested.warnings.back(), Contains("the contrast has no estimate"));
}

TEST_CASE("no thread and no order of rows in the file changes a bit of an answer",
          "[study][estimate]") {
  // A study anew each time: what a node draws depends on its name.
  const auto give = [](bool backwards, int threads) {
    UnitsStudy s("arm", backwards);
    NodeResult all;
    all.estimates.push_back(s.only({.weights = s.at("w")}, threads));
    all.estimates.push_back(s.only({.kind = Kind::kBlocked, .blocks = s.at("block")}, threads));
    all.estimates.push_back(s.only(
        {.kind = Kind::kOls, .covariates = s.terms({"x", "v"}), .fixed_effects = {s.at("f")}},
        threads));
    all.estimates.push_back(
        s.only({.kind = Kind::kLin, .covariates = s.terms({"x", "v"})}, threads));
    all.estimates.push_back(
        s.only({.kind = Kind::kEffect, .covariates = s.terms({"x", "v"})}, threads));
    const LearnerSpec trees{"forest", {{"trees", 10}}};
    all.estimates.push_back(s.only({.kind = Kind::kLearned,
                                    .covariates = s.terms({"x", "v"}),
                                    .learned = std::make_shared<LearnedMethod>(LearnedMethod{
                                        .spec = {.outcome = trees, .treatment = trees}})},
                                   threads));
    return encode_result(all);
  };
  const std::string first = give(false, 1);
  for (const int threads : {1, 2, 3, 8}) {
    INFO(threads);
    CHECK(give(false, threads) == first);
    CHECK(give(true, threads) == first);
  }
}
