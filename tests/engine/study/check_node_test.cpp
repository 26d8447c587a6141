#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/study/node_text.h"
#include "engine/study/recipe.h"
#include "engine/study/results.h"
#include "engine/study/run_files.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using namespace impact::testing;

namespace {

// 120 rows: the label is a threshold of a + b.
std::string sums_csv() {
  std::string text = "id,a,b,yes\n";
  for (int i = 1; i <= 120; ++i) {
    const int a = (i * 7) % 120, b = (i * 11) % 113;
    text += std::to_string(i) + "," + std::to_string(a) + "," + std::to_string(b) + "," +
            (a + b > 115 ? "true" : "false") + "\n";
  }
  return text;
}

CheckNode leakage(const RelationPtr& table, bool stop, const char* feature = "b") {
  Recipe recipe{.method = "check.leakage", .table = table};
  recipe.roles = {{"of", {StudyFixture::col(table, "yes")}},
                  {"features", {StudyFixture::col(table, "a"), StudyFixture::col(table, feature)}}};
  return {.recipe = std::make_shared<const Recipe>(std::move(recipe)), .stop = stop};
}

}  // namespace

TEST_CASE_METHOD(StudyFixture, "a check with a method fails where it raises an alarm",
                 "[study][check]") {
  const RelationPtr t = source("posts", sums_csv());
  add("shown", leakage(t, false));
  const StudyRun shown = run();
  REQUIRE(shown.nodes.size() == 2);
  const NodeRun& node = shown.nodes[1];
  CHECK(!node.result.passed);
  CHECK(!node.stops);
  CHECK(shown.passed());  // The study says that it goes on.
  CHECK(std::get<std::int64_t>(node.result.value) == 1);
  REQUIRE(node.result.alarms.size() == 1);
  CHECK(std::get<std::string>(node.result.frame.column("found").value(0)) == "a + b > 115");
  REQUIRE(node.result.tables.size() == 1);
  CHECK(node.result.tables[0].first == "rules");
  const Results results = results_of(study, shown);
  REQUIRE(results.checks.size() == 1);
  CHECK(!results.checks[0].passed);
  REQUIRE(results.tables.size() == 1);
  CHECK(results.tables[0].name == "shown.rules");

  add("stops", leakage(t, true));
  CHECK(!run().passed());
  // Whether it stops is part of the plan.
  const auto planned = planned_nodes(study);
  CHECK(planned[1].definition.at("stop") == false);
  CHECK(!planned[2].definition.contains("stop"));
  CHECK(node_text(planned[1]).find("does not stop the run") != std::string::npos);
}

TEST_CASE_METHOD(StudyFixture, "only checks of the data are computed where only they are wanted",
                 "[study][check]") {
  const RelationPtr t = source("posts", sums_csv());
  add("table", TableNode{t});
  add("five", CheckNode{.value = 5.0, .low = 6.0});
  add("shown", leakage(t, true));
  FingerprintCache fingerprints({});
  const StudyRun found = run_study(
      study,
      {.fingerprints = &fingerprints, .table_backend = backend->version(), .only_checks = true},
      {.threads = 2});
  REQUIRE(found.nodes.size() == 1);
  CHECK(found.nodes[0].name == "shown");
  CHECK(!found.passed());
}
