#include "engine/study/design_of.h"

#include <functional>
#include <catch2/catch.hpp>

#include "tests/engine/design/design_fixture.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using Catch::Contains;
using impact::testing::StudyFixture;
namespace t = impact::testing;
using Kind = Method::Kind;

namespace {

StudyColumn of(const char* name) { return {.name = name, .expr = column(name), .model = "people"}; }

// Two-arm trial of 40 units in blocks, effect 0.5, and its inquiry.
struct Simulated : StudyFixture {
  std::shared_ptr<Model> model = std::make_shared<Model>();

  Simulated() {
    model->levels = {{"unit", {40}}};
    model->variables = {{"u", t::normal(0, 1)},
                        {"block", draw("integer", {t::num(1), t::num(2)})},
                        {"y", t::plus(t::times(t::num(0.5), t::is_treated()), t::col("u"))}};
    add("people", ModelNode{.model = model});
    AssignmentNode z{.design = {.name = "z", .arms = {"control", "treated"}}};
    z.model = "people";
    add("z", std::move(z));
    add("ATE", asks(of("y"), arms_of("z")));
  }
  template <class Body>
  Body& body(const std::string& name) {
    for (Node& node : study.nodes) {
      if (node.name == name) return std::get<Body>(node.body);
    }
    throw InternalError({.what = "no node " + name});
  }
  std::string refusal() {
    return test::message_of<Error>([&] { (void)design_of(study); });
  }
};

}  // namespace

TEST_CASE("a declared study simulates exactly as the design it stands for", "[study][design_of]") {
  Simulated s;
  s.estimator("dim", {});
  const StudyDesign made = design_of(s.study);
  CHECK(made.notes.empty());
  Design direct = t::two_arm(40, 0.5);
  direct.seed = 7;
  direct.model = *s.model;
  const Diagnosis ours = diagnose(made.design, {.simulations = 50});
  CHECK(t::print(ours.table) == t::print(diagnose(direct, {.simulations = 50}).table));
  CHECK(t::cell(ours.table, "dim", "mean_estimand") == Approx(0.5));
}

TEST_CASE("every option of an estimator reaches the simulation", "[study][design_of]") {
  Simulated s;
  s.body<AssignmentNode>("z").within = of("block");
  s.estimator("dim", {});
  s.estimator("blocked", {.kind = Kind::kBlocked, .blocks = of("block")});
  s.estimator("ols", {.kind = Kind::kOls,
                      .covariates = {{of("u")}},
                      .fixed_effects = {of("block")},
                      .se_type = "HC3",
                      .conf_level = 0.9});
  s.estimator("lin", {.kind = Kind::kLin,
                      .covariates = {{of("u")}, {of("u"), of("block")}},
                      .clusters = of("unit")});
  const Design design = design_of(s.study).design;
  CHECK(design.seed == 7);
  REQUIRE(design.assignments.size() == 1);
  CHECK(design.assignments[0].within == std::vector<std::string>{"block"});
  REQUIRE(design.estimators.size() == 4);
  using M = EstimatorSpec::Method;
  CHECK(design.estimators[0].method == M::kDifferenceInMeans);
  CHECK_FALSE(design.estimators[0].blocks.has_value());
  CHECK(design.estimators[1].method == M::kBlocked);
  CHECK(design.estimators[1].blocks == std::vector<std::string>{"block"});
  CHECK(design.estimators[2].method == M::kOls);
  CHECK(design.estimators[2].se_type == "HC3");
  CHECK(design.estimators[2].conf_level == 0.9);
  CHECK(design.estimators[2].fixed_effects == std::vector<std::string>{"block"});
  CHECK(design.estimators[3].method == M::kLin);
  REQUIRE(design.estimators[3].covariates.size() == 2);
  CHECK(design.estimators[3].covariates[1].name == "u:block");
  CHECK(design.estimators[3].clusters == std::vector<std::string>{"unit"});
  for (const EstimatorSpec& item : design.estimators) CHECK(item.inquiry == "ATE");
  CHECK_NOTHROW(check_design(design));
}

TEST_CASE("target and subset of an inquiry reach the simulation", "[study][design_of]") {
  Simulated s;
  s.estimator("dim", {});
  auto& asked = s.body<InquiryNode>("ATE");
  asked.target = "ATT";
  asked.where =
      StudyColumn{.name = "", .expr = call("gt", {column("u"), literal(0.0)}), .model = "people"};
  const Design design = design_of(s.study).design;
  CHECK(design.inquiries[0].target == Inquiry::Target::kAtt);
  REQUIRE(design.inquiries[0].subset != nullptr);
  CHECK(design.inquiries[0].contrast->treated == "treated");
}

TEST_CASE("what can't be simulated is left out with a sentence", "[study][design_of]") {
  Simulated s;
  s.estimator("dim", {});
  InquiryNode by = s.body<InquiryNode>("ATE");
  by.by = of("block");
  s.add("each", by);
  s.estimator("dim each", {}, "each");
  s.add("mean", InquiryNode{.kind = InquiryNode::Kind::kDescriptive, .outcome = of("y")});
  s.add("seen", s.asks(of("y"), of("block"), "1", "2"));
  const StudyDesign made = design_of(s.study);
  CHECK(made.design.estimators.size() == 1);
  CHECK(made.notes == std::vector<std::string>{
                          "inquiry 'each' is left out: it asks for one answer a value of a column",
                          "inquiry 'mean' is left out: it asks for no contrast",
                          "inquiry 'seen' is left out: its contrast is no assignment, so that its "
                          "true value is not known"});
}

TEST_CASE("a study without a model or an answer has nothing to diagnose", "[study][design_of]") {
  Simulated s;
  CHECK_THAT(s.refusal(), Contains("no estimator that can be diagnosed"));
  s.body<InquiryNode>("ATE").by = of("block");
  s.estimator("dim", {});
  CHECK_THAT(s.refusal(), Contains("no estimator that can be diagnosed") &&
                              Contains("inquiry 'ATE' is left out"));
  StudyFixture empty;
  CHECK_THAT(test::message_of<ArgumentError>([&] { (void)design_of(empty.study); }),
             Contains("declares no model"));
}

TEST_CASE("what the simulation does not do is refused at its line", "[study][design_of]") {
  const auto at = [](const std::function<void(Simulated&)>& change) {
    Simulated s;
    change(s);
    try {
      (void)design_of(s.study);
    } catch (const NodeError& error) {
      return error.at() + " " + error.info().what;
    }
    return std::string();
  };
  const StudyColumn computed{
      .name = "", .expr = call("add", {column("u"), literal(1.0)}), .model = "people"};
  CHECK(at([](Simulated& s) { s.estimator("e", {.weights = of("u")}); }) ==
        "study:4 estimator 'e' has weights, which diagnose does not simulate");
  CHECK_THAT(at([&](Simulated& s) {
               s.estimator("e", {.kind = Kind::kOls, .fixed_effects = {computed}});
             }),
             Contains("study:4 the fixed effect must be a variable of the model"));
  CHECK_THAT(at([&](Simulated& s) {
               s.body<AssignmentNode>("z").within = computed;
               s.estimator("e", {});
             }),
             Contains("study:2 the blocks must be a variable of the model"));
  CHECK_THAT(at([](Simulated& s) {
               s.estimator("e", {.kind = Kind::kOls, .covariates = {{s.arms_of("z"), of("u")}}});
             }),
             Contains("study:4 interactions with the exposure"));
  CHECK_THAT(at([](Simulated& s) {
               s.add("more", ModelNode{.model = s.model});
               s.estimator("e", {});
             }),
             Contains("study:4 diagnose simulates one model"));
}

TEST_CASE("a sweep visits every combination, the last parameter fastest", "[study][design_of]") {
  const SweepNode sweep{{{"n", {Value{std::int64_t{10}}, Value{std::int64_t{20}}}},
                         {"effect", {Value{0.0}, Value{0.5}, Value{1.0}}}}};
  std::string order;
  for (const auto& point : sweep_points(sweep)) {
    for (const auto& [name, value] : point) order += name + "=" + format_value(value) + " ";
  }
  CHECK(order ==
        "n=10 effect=0.0 n=10 effect=0.5 n=10 effect=1.0 "
        "n=20 effect=0.0 n=20 effect=0.5 n=20 effect=1.0 ");
  CHECK(sweep_points({}).size() == 1);
}

TEST_CASE("a sweep is one table, its parameters first and in their types", "[study][design_of]") {
  Simulated s;
  s.estimator("dim", {});
  s.estimator("lin", {.kind = Kind::kLin, .covariates = {{of("block")}}});
  const Design design = design_of(s.study).design;
  std::vector<SweptDiagnosis> points;
  for (const char* tier : {"small", "large"}) {
    points.push_back({{{"n", Value{std::int64_t{40}}},
                       {"share", Value{0.5}},
                       {"tier", Value{std::string(tier)}}},
                      diagnose(design, {.simulations = 10})});
  }
  points[1].parameters[1].second = std::int64_t{1};
  const Frame table = sweep_table(points);
  REQUIRE(table.rows() == 4);
  CHECK(table.schema()[0].type.name() == "integer");
  CHECK(table.schema()[1].type.name() == "number");
  CHECK(table.schema()[2].type.name() == "text");
  CHECK(table.column("share").as_numbers()[3] == 1.0);
  CHECK(table.column("tier").text_at(1) == "small");
  CHECK(table.column("tier").text_at(2) == "large");
  CHECK(table.column("estimator").text_at(2) == "dim");
  CHECK(table.column("estimator").text_at(3) == "lin");
  CHECK(table.column("bias").as_numbers()[0] == table.column("bias").as_numbers()[2]);
  CHECK(table.schema().size() == 3 + points[0].diagnosis.table.schema().size());
  CHECK(sweep_table({}).rows() == 0);
}
