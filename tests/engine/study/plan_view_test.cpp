#include "engine/study/plan_view.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/version.h"
#include "engine/study/run_files.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using namespace impact::testing;
using Catch::Contains;

namespace {

struct Viewed : StudyFixture {
  test::TempDir folder = {};
  ObjectStore cache{folder.path()};
  RelationPtr units;

  Viewed() {
    add("n", ParameterNode{std::int64_t{60}});
    units = source("units", units_csv());
    add("rows", TableNode{units});
    AssignmentNode z{.design = {.name = "z", .arms = {"control", "treated"}}};
    z.units = units;
    add("z", std::move(z));
    add("ATE", asks(col(units, "y"), arms_of("z")));
    estimator("dim", {});
  }
  template <class Body>
  Body& body(const std::string& name) {
    for (Node& node : study.nodes) {
      if (node.name == name) return std::get<Body>(node.body);
    }
    throw InternalError({.what = "no node " + name});
  }
  // The lock of a run with the cache.
  Lock ran() {
    RunRecord record;
    record.engine.version = std::string(version());
    return read_lock(run_files(study, run(&cache), record).back().second, "study.lock");
  }
  std::vector<PlanLine> lines(const Lock* before = nullptr) {
    return plan_lines(study, states(&cache), before);
  }
  // "rows: fresh", "dim: stale: never run", ... of the nodes that are computed.
  std::string status(const Lock* before = nullptr) {
    std::string out;
    for (const PlanLine& line : lines(before)) {
      if (!line.computed) continue;
      out += (out.empty() ? "" : "; ") + line.name + (line.fresh ? "" : " " + line.why);
    }
    return out;
  }
};

}  // namespace

TEST_CASE("before the first run everything was never run", "[study][plan_view]") {
  Viewed s;
  CHECK(s.status() == "units never run; rows never run; z never run; dim never run");
}

TEST_CASE("after a run everything is fresh", "[study][plan_view]") {
  Viewed s;
  const Lock lock = s.ran();
  CHECK(s.status(&lock) == "units; rows; z; dim");
}

TEST_CASE("what is stale says why: a file, a declaration, what stands before it",
          "[study][plan_view]") {
  Viewed s;
  const Lock lock = s.ran();
  SECTION("a file") {
    s.dir.file("units.csv", units_csv(true));
    CHECK(s.status(&lock) ==
          "units the file units.csv changed; rows 'units' changed; z 'units' changed; "
          "dim 'ATE' changed");
  }
  SECTION("a declaration") {
    s.body<EstimatorNode>("dim").method.conf_level = 0.9;
    CHECK(s.status(&lock) == "units; rows; z; dim its declaration changed");
  }
  SECTION("an inquiry, which has no result of its own") {
    s.body<InquiryNode>("ATE").where =
        StudyColumn{.name = "", .expr = call("gt", {column("x"), literal(0.0)}), .table = s.units};
    CHECK(s.status(&lock) == "units; rows; z; dim 'ATE' changed");
  }
  SECTION("an assignment, by way of the inquiry") {
    s.body<AssignmentNode>("z").within = s.col(s.units, "block");
    CHECK(s.status(&lock) == "units; rows; z its declaration changed; dim 'ATE' changed");
  }
  SECTION("the seed") {
    s.study.seed = 8;
    CHECK(s.status(&lock) == "units; rows; z the seed changed; dim 'ATE' changed");
  }
  SECTION("a new node") {
    s.add("more", TableNode{s.units});
    CHECK(s.status(&lock) == "units; rows; z; dim; more never run");
  }
}

TEST_CASE("a result that is gone, or of another engine, is told apart from a change",
          "[study][plan_view]") {
  Viewed s;
  Lock lock = s.ran();
  (void)s.cache.prune(0);
  CHECK(s.status(&lock) ==
        "units not in the cache; rows not in the cache; z not in the cache; dim not in the cache");
  lock.engine.version = "0.0.0";
  for (const PlanLine& line : s.lines(&lock)) {
    INFO(line.name);
    if (line.computed) CHECK(line.why == "another version of the engine computed it");
  }
}

TEST_CASE("the text shows kinds, names, states and inputs in columns", "[study][plan_view]") {
  Viewed s;
  const Lock lock = s.ran();
  s.body<EstimatorNode>("dim").method.conf_level = 0.9;
  CHECK(plan_text(s.study, "0123456789abcdef", s.lines(&lock)) ==
        "example 0.1.0, plan 0123456789ab, 6 nodes, 1 stale\n"
        "  parameter  n\n"
        "  source     units  fresh\n"
        "  table      rows   fresh                           <- units\n"
        "  assignment z      fresh                           <- units\n"
        "  inquiry    ATE                                    <- units, z\n"
        "  estimator  dim    stale: its declaration changed  <- ATE\n");
}

TEST_CASE("the graph has an arrow for every input and dashes what is stale", "[study][plan_view]") {
  Viewed s;
  s.add("a \"b\" \\", TableNode{s.units});
  const std::string dot = plan_dot(s.study, s.lines());
  CHECK_THAT(dot, Catch::StartsWith("digraph \"example\" {\n") && Catch::EndsWith("}\n"));
  CHECK_THAT(dot, Contains("  \"units\" -> \"rows\";\n") && Contains("  \"ATE\" -> \"dim\";\n") &&
                      Contains("  \"z\" -> \"ATE\";\n"));
  CHECK_THAT(dot, Contains("\"rows\" [label=\"table\\nrows\", style=\"rounded,dashed\"]"));
  CHECK_THAT(dot, Contains("\"ATE\" [label=\"inquiry\\nATE\"];"));
  CHECK_THAT(dot, Contains("\"units\" -> \"a \\\"b\\\" \\\\\";"));
}

TEST_CASE("the data form holds the whole plan and the state of each node", "[study][plan_view]") {
  Viewed s;
  const nlohmann::json shown = plan_json(s.study, "abc", s.lines());
  CHECK(shown["plan_hash"] == "abc");
  CHECK(shown["plan"] == plan_of(s.study));
  REQUIRE(shown["nodes"].size() == 6);
  CHECK(shown["nodes"][5] == nlohmann::json{{"kind", "estimator"},
                                            {"name", "dim"},
                                            {"inputs", {"ATE"}},
                                            {"computed", true},
                                            {"fresh", false},
                                            {"why", "never run"}});
  CHECK(shown["nodes"][4]["computed"] == false);
}
