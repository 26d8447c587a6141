#include "engine/study/analyse_node.h"

#include <catch2/catch.hpp>

#include "engine/study/strata.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using namespace impact::testing;

namespace {

// 40 rows: group a lies mostly where s is high, and y is 10 higher there.
std::string mixed_csv() {
  std::string text = "id,y,g,s,w\n";
  for (int i = 1; i <= 40; ++i) {
    const bool a = i % 2 == 0;
    const bool high = a ? i % 10 != 0 : i % 10 == 1;
    const int y = (high ? 10 : 0) + (i / 2) % 3;
    text += std::to_string(i) + "," + std::to_string(y) + "," + (a ? "a" : "b") + "," +
            (high ? "high" : "low") + ",x\n";
  }
  return text;
}

AnalysisNode welch(const RelationPtr& table) {
  Recipe recipe{.method = "welch", .table = table};
  recipe.roles = {{"of", {StudyFixture::col(table, "y")}}, {"by", {StudyFixture::col(table, "g")}}};
  return {std::make_shared<const Recipe>(std::move(recipe))};
}

}  // namespace

TEST_CASE_METHOD(StudyFixture, "roles give an analysis its strata", "[study][analysis]") {
  const RelationPtr t = source("posts", mixed_csv());
  add("gap", welch(t));
  const AnalysisNode node = std::get<AnalysisNode>(study.find("gap")->body);
  CHECK(strata_of(study, *node.recipe).empty());
  add("roles", RolesNode{{{"exposure", {col(t, "g")}},
                          {"covariate", {col(t, "s"), col(t, "w"), col(t, "y")}},
                          {"unit", {col(t, "id")}}}});
  const auto strata = strata_of(study, *node.recipe);
  REQUIRE(strata.size() == 2);  // Not what is compared, not a measure.
  CHECK(strata[0].name == "s");
  CHECK(strata[1].name == "w");
}

TEST_CASE_METHOD(StudyFixture, "a headline that strata dissolve raises an alarm in the run",
                 "[study][analysis]") {
  const RelationPtr t = source("posts", mixed_csv());
  roles("covariate", {col(t, "s")});
  add("gap", welch(t));
  const StudyRun found = run();
  const NodeRun& node = found.nodes.back();
  REQUIRE(node.kind == "analysis");
  REQUIRE(node.result.estimates.size() == 3);
  CHECK(node.result.estimates[0].p_value < 0.01);
  REQUIRE(node.result.alarms.size() == 1);
  CHECK(node.result.alarms[0].rule == "dissolves within s");
  CHECK(node.result.estimates[0].warnings.back() == node.result.alarms[0].text);
  REQUIRE(node.result.tables.size() == 1);
  CHECK(node.result.tables[0].first == "strata");
  CHECK(node.result.tables[0].second.rows() == 3);
}

TEST_CASE_METHOD(StudyFixture, "analyses of analyses see their rows", "[study][analysis]") {
  const RelationPtr t = source("posts", mixed_csv());
  add("gap", welch(t));
  Recipe recipe{.method = "adjust"};
  recipe.options["method"] = "bonferroni";
  recipe.nodes = {"gap"};
  add("family", AnalysisNode{std::make_shared<const Recipe>(std::move(recipe))});
  const StudyRun found = run();
  REQUIRE(found.nodes.size() == 3);
  CHECK(found.nodes[2].result.estimates[0].p_value == found.nodes[1].result.estimates[0].p_value);
  CHECK(found.nodes[2].inputs.count("gap") == 1);
}

TEST_CASE_METHOD(StudyFixture, "the same bits on any number of threads", "[study][analysis]") {
  const RelationPtr t = source("posts", mixed_csv());
  roles("covariate", {col(t, "s")});
  add("gap", welch(t));
  Recipe recipe{.method = "bootstrap", .table = t};
  recipe.roles = {{"of", {col(t, "y")}}};
  recipe.options["draws"] = 500;
  add("mean", AnalysisNode{std::make_shared<const Recipe>(std::move(recipe))});
  const StudyRun one = run(nullptr, 1);
  for (const int threads : {2, 3, 8}) {
    const StudyRun more = run(nullptr, threads);
    for (std::size_t i = 0; i < one.nodes.size(); ++i) {
      CHECK(more.nodes[i].result_hash == one.nodes[i].result_hash);
    }
  }
}

TEST_CASE_METHOD(StudyFixture, "an estimator of observed groups raises the same alarm",
                 "[study][analysis]") {
  const RelationPtr t = source("posts", mixed_csv());
  roles("covariate", {col(t, "s")});
  InquiryNode gap = asks(col(t, "y"), col(t, "g"), "a", "b");
  gap.kind = InquiryNode::Kind::kAssociation;
  add("ATE", gap);
  estimator("plain", {.kind = Method::Kind::kDifferenceInMeans});
  estimator("adjusted", {.kind = Method::Kind::kOls, .covariates = {{col(t, "s")}}});
  const StudyRun found = run();
  const auto at = [&](const std::string& name) -> const NodeResult& {
    return std::find_if(found.nodes.begin(), found.nodes.end(),
                        [&](const NodeRun& node) { return node.name == name; })
        ->result;
  };
  REQUIRE(at("plain").alarms.size() == 1);
  CHECK(at("plain").alarms[0].rule == "dissolves within s");
  CHECK(at("plain").tables.size() == 1);
  CHECK(at("adjusted").alarms.empty());
}
