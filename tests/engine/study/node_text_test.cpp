#include "engine/study/node_text.h"

#include <catch2/catch.hpp>

namespace impact {
namespace {

StudyColumn named(const std::string& name) { return {.name = name, .expr = column(name)}; }

std::string text_of(NodeBody body, nlohmann::json definition = {}) {
  const Node node{"it", "study:1", std::move(body)};
  return node_text({.node = &node, .definition = std::move(definition), .inputs = {}});
}

}  // namespace

TEST_CASE("node text: questions and answers") {
  InquiryNode inquiry{.outcome = named("views")};
  inquiry.contrast = StudyContrast{named("caption"), "positive", "neutral"};
  CHECK(text_of(inquiry) == "views, positive - neutral of caption");
  inquiry.kind = InquiryNode::Kind::kAssociation;
  inquiry.target = "ATT";
  inquiry.by = named("tier");
  CHECK(text_of(inquiry) == "views, positive - neutral of caption; association; ATT; by tier");

  EstimatorNode estimator{.method = {.kind = Method::Kind::kOls}, .answers = "ATE"};
  CHECK(text_of(estimator) == "ols");
  estimator.method.covariates = {{named("age")}, {named("age"), named("tier")}};
  estimator.method.fixed_effects = {named("week"), named("account")};
  estimator.method.clusters = named("account");
  estimator.method.se_type = "CR2";
  estimator.primary = true;
  CHECK(
      text_of(estimator) ==
      "ols, covariates age, age:tier; fixed effects week, account; clusters account, CR2; primary");
}

TEST_CASE("node text: assignments, sweeps, checks") {
  AssignmentNode assignment{.design = {.name = "z", .arms = {"a", "b"}}};
  assignment.within = named("tier");
  assignment.clusters = named("creator");
  CHECK(text_of(assignment) == "a, b; within tier; clusters creator");
  assignment.given = named("arm");
  CHECK(text_of(assignment) == "a, b; given by arm; within tier; clusters creator");

  CHECK(text_of(SweepNode{{{"n", {std::int64_t{50}, std::int64_t{100}}}}}) == "n = 50, 100");
  CHECK(text_of(ParameterNode{Value(0.25)}) == "0.25");

  CheckNode check{.value = std::int64_t{3}, .low = 1.0};
  CHECK(text_of(check) == "3 >= 1.0");
  check.high = 5.0;
  CHECK(text_of(check) == "3 >= 1.0 and <= 5.0");
}

TEST_CASE("node text: a join names its keys and what is known of its rows") {
  RelationNode node{.joins = true, .relation = nullptr};
  node.rows = {std::int64_t{400}, std::int64_t{400}};
  const auto step = nlohmann::json::parse(
      R"({"verb": "join", "kind": "left", "on": [["id", "id"], ["day", "date"]]})");
  CHECK(text_of(node, {{"relation", step}}) == "left join on id, day = date; rows = 400");
}

TEST_CASE("node text: long texts are cut") {
  CHECK(text_of(ParameterNode{Value(std::string(1000, 'x'))}).size() < 200);
}

}  // namespace impact
