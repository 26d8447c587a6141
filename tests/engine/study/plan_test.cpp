#include <functional>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/design/model.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using namespace impact::testing;
using nlohmann::json;

namespace {

// One declaration of every kind.
struct Everything : StudyFixture {
  RelationPtr units;

  Everything() {
    add("n", ParameterNode{std::int64_t{60}});
    units = source("units", units_csv());
    const RelationPtr kept =
        with_label(filter(units, call("gt", {column("x"), literal(-1.0)})), "'kept'");
    add("kept", RelationNode{.relation = kept, .from = units, .rows = {.min = 1}});
    const RelationPtr joined = join(kept, units, {.kind = JoinKind::kLeft, .on = {{"id", "id"}}});
    add("joined", RelationNode{.joins = true, .relation = joined});
    add("twice", FeatureNode{{.name = "twice",
                              .expr = call("multiply", {column("x"), literal(2.0)}),
                              .table = units}});
    roles("covariate", {col(units, "x")});
    add("all", TableNode{kept});
    add("few", CheckNode{.offenders = kept, .max = 60});
    auto model = std::make_shared<Model>();
    model->levels = {{"unit", {60}}};
    model->variables = {{"y", draw("normal", {literal(0.0), literal(1.0)})}};
    add("people", ModelNode{.model = model, .stands_for = units});
    AssignmentNode z{.design = {.name = "z", .arms = {"control", "treated"}}};
    z.units = kept;
    z.within = col(kept, "block");
    add("z", std::move(z));
    add("ATE", asks(col(kept, "y"), arms_of("z")));
    estimator("lin", {.kind = Method::Kind::kLin, .covariates = {{col(kept, "x")}}});
    add("size", SweepNode{{{"n", {Value{std::int64_t{50}}, Value{std::int64_t{100}}}}}});
  }
  template <class Body>
  Body& body(const std::string& name) {
    for (Node& node : study.nodes) {
      if (node.name == name) return std::get<Body>(node.body);
    }
    throw InternalError({.what = "no node " + name});
  }
  [[nodiscard]] std::string hash() const { return hash_json(plan_of(study)); }
};

}  // namespace

TEST_CASE("a node is found by its name", "[study][plan]") {
  const Everything s;
  REQUIRE(s.study.find("ATE") != nullptr);
  CHECK(s.study.find("ATE")->name == "ATE");
  CHECK(s.study.find("ate") == nullptr);
}

TEST_CASE("the plan names each kind, its inputs, and stands in a fixed order", "[study][plan]") {
  const Everything s;
  const json plan = plan_of(s.study);
  CHECK(plan["study"] == "example");
  CHECK(plan["version"] == "0.1.0");
  CHECK(plan["seed"] == 7);
  CHECK(plan["blind"] == "no");
  std::vector<std::string> found;
  for (const json& node : plan["nodes"]) {
    std::string line = node["kind"].get<std::string>() + " " + node["name"].get<std::string>();
    for (const json& input : node["inputs"]) line += " <" + input.get<std::string>();
    found.push_back(line);
  }
  CHECK(found == std::vector<std::string>{
                     "assignment z <kept", "check few <kept", "estimator lin <ATE <kept",
                     "feature twice <units", "filter kept <units", "inquiry ATE <kept <z",
                     "join joined <kept <units", "model people <units", "parameter n",
                     "roles roles <units", "source units", "sweep size", "table all <kept"});
}

TEST_CASE("a node stands after those it uses", "[study][plan]") {
  const Everything s;
  std::set<std::string> before;
  for (const PlannedNode& node : planned_nodes(s.study)) {
    for (const std::string& input : node.inputs) {
      INFO(node.node->name << " uses " << input);
      CHECK(before.count(input) == 1);
    }
    before.insert(node.node->name);
  }
}

TEST_CASE("equal declarations give equal plans wherever the file lies and whatever it holds",
          "[study][plan]") {
  const Everything a;
  const Everything b;
  CHECK(a.dir.path() != b.dir.path());
  CHECK(a.hash() == b.hash());
  CHECK(canonical_json(plan_of(a.study)).find(a.dir.path().string()) == std::string::npos);
  a.dir.file("units.csv", units_csv(true));
  CHECK(a.hash() == b.hash());
}

TEST_CASE("lines, titles and report items are no part of the plan", "[study][plan]") {
  Everything s;
  const std::string before = s.hash();
  s.study.title = "A title";
  s.study.items = {{Study::Item::Kind::kProse, "Words."}};
  for (Node& node : s.study.nodes) node.at = "elsewhere:9";
  CHECK(s.hash() == before);
}

TEST_CASE("everything that decides about results is a part of the plan", "[study][plan]") {
  const std::string before = Everything().hash();
  std::set<std::string> seen{before};
  const auto changes = [&](const char* what, const std::function<void(Everything&)>& change) {
    INFO(what);
    Everything s;
    change(s);
    CHECK(seen.insert(s.hash()).second);
  };
  using E = Everything;
  changes("name", [](E& s) { s.study.name = "other"; });
  changes("version", [](E& s) { s.study.version = "0.1.1"; });
  changes("seed", [](E& s) { s.study.seed = 8; });
  changes("shuffle", [](E& s) { s.study.blind = Blinding::kShuffle; });
  changes("hide", [](E& s) { s.study.blind = Blinding::kHide; });
  changes("a parameter", [](E& s) { s.body<ParameterNode>("n").value = std::int64_t{61}; });
  changes("its type", [](E& s) { s.body<ParameterNode>("n").value = 60.0; });
  changes("an expectation", [](E& s) { s.body<SourceNode>("units").expectations.min_rows = 1; });
  changes("another", [](E& s) { s.body<SourceNode>("units").expectations.key = {"id"}; });
  changes("a column's", [](E& s) {
    auto& columns = s.body<SourceNode>("units").expectations.columns;
    columns.emplace_back().column = "x";
  });
  changes("a filter's rows", [](E& s) { s.body<RelationNode>("kept").rows = {.max = 1}; });
  changes("dropped", [](E& s) { s.body<RelationNode>("kept").dropped.max = 1; });
  changes("a role", [](E& s) { s.body<RolesNode>("roles").roles[0].first = "outcome"; });
  changes("a feature", [](E& s) { s.body<FeatureNode>("twice").column.expr = column("x"); });
  changes("a check", [](E& s) { s.body<CheckNode>("few").max = 59; });
  changes("a value", [](E& s) { s.body<CheckNode>("few") = {.value = 1.0, .low = 0.5}; });
  changes("its bound", [](E& s) { s.body<CheckNode>("few") = {.value = 1.0, .high = 0.5}; });
  changes("its target", [](E& s) { s.body<CheckNode>("few") = {.value = 1.0, .expect = 0.5}; });
  changes("what a model is of", [](E& s) { s.body<ModelNode>("people").stands_for = nullptr; });
  changes("arms", [](E& s) { s.body<AssignmentNode>("z").design.arms[0] = "placebo"; });
  changes("probabilities", [](E& s) {
    s.body<AssignmentNode>("z").design.probabilities = {0.4, 0.6};
  });
  changes("counts", [](E& s) { s.body<AssignmentNode>("z").design.counts = {4, 8}; });
  changes("method",
          [](E& s) { s.body<AssignmentNode>("z").design.method = Assignment::Method::kSimple; });
  changes("blocks", [](E& s) { s.body<AssignmentNode>("z").within.reset(); });
  changes("clusters",
          [](E& s) { s.body<AssignmentNode>("z").clusters = s.col(s.units, "cluster"); });
  changes("given", [](E& s) { s.body<AssignmentNode>("z").given = s.col(s.units, "arm"); });
  changes("units", [](E& s) { s.body<AssignmentNode>("z").units = s.units; });
  changes("kind", [](E& s) { s.body<InquiryNode>("ATE").kind = InquiryNode::Kind::kAssociation; });
  changes("target", [](E& s) { s.body<InquiryNode>("ATE").target = "ATT"; });
  changes("contrast", [](E& s) {
    auto& contrast = *s.body<InquiryNode>("ATE").contrast;
    std::swap(contrast.treated, contrast.control);
  });
  changes("by", [](E& s) { s.body<InquiryNode>("ATE").by = s.col(s.units, "f"); });
  changes("where", [](E& s) { s.body<InquiryNode>("ATE").where = s.col(s.units, "z"); });
  changes("outcome", [](E& s) { s.body<InquiryNode>("ATE").outcome = s.col(s.units, "v"); });
  changes("primary", [](E& s) { s.body<EstimatorNode>("lin").primary = true; });
  const auto method = [&](const char* what, const std::function<void(E&, Method&)>& change) {
    changes(what, [&](E& s) { change(s, s.body<EstimatorNode>("lin").method); });
  };
  method("how", [](E&, Method& m) { m.kind = Method::Kind::kOls; });
  method("covariates", [](E&, Method& m) { m.covariates.clear(); });
  method("one more", [](E& s, Method& m) { m.covariates.push_back({s.col(s.units, "v")}); });
  method("an interaction", [](E& s, Method& m) { m.covariates[0].push_back(s.col(s.units, "v")); });
  method("effects", [](E& s, Method& m) { m.fixed_effects = {s.col(s.units, "f")}; });
  method("se", [](E&, Method& m) { m.se_type = "HC3"; });
  method("their blocks", [](E& s, Method& m) { m.blocks = s.col(s.units, "f"); });
  method("their clusters", [](E& s, Method& m) { m.clusters = s.col(s.units, "f"); });
  method("weights", [](E& s, Method& m) { m.weights = s.col(s.units, "w"); });
  method("level", [](E&, Method& m) { m.conf_level = 0.9; });
  changes("a sweep", [](E& s) { s.body<SweepNode>("size").parameters[0].second.pop_back(); });
}

TEST_CASE("a relation without a name of its own is written out, a named one is named",
          "[study][plan]") {
  Everything s;
  const auto definition = [&](const char* name) {
    for (const PlannedNode& node : planned_nodes(s.study)) {
      if (node.node->name == name) return node.definition;
    }
    return json();
  };
  CHECK(definition("all") == json{{"relation", {{"node", "kept"}}}});
  CHECK(definition("kept")["rows"] == json::array({1, nullptr}));
  CHECK_FALSE(definition("kept").contains("dropped"));
  s.body<TableNode>("all").relation = head(s.body<TableNode>("all").relation, 3);
  const json written = definition("all")["relation"];
  CHECK(written.dump().find(R"({"node":"kept"})") != std::string::npos);
  CHECK(written.dump().find("units.csv") == std::string::npos);
  CHECK(definition("units").dump().find("units.csv") != std::string::npos);
}
