#include "engine/study/run_files.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/hash.h"
#include "engine/render/html_report.h"
#include "engine/study/study_report.h"
#include "tests/engine/stats/reference.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using namespace impact::testing;
using Catch::Contains;
using nlohmann::json;

namespace {

struct Written : StudyFixture {
  RelationPtr units;
  RunRecord record = {};

  Written() {
    add("n", ParameterNode{std::int64_t{60}});
    units = source("units", units_csv());
    add("first", TableNode{head(select(units, {{"id", column("id")}, {"y", column("y")}}), 2)});
    add("low", CheckNode{.offenders = select(filter(units, call("gt", {column("y"), literal(7.0)})),
                                             {{"id", column("id")}, {"y", column("y")}})});
    add("five", CheckNode{.value = 5.0, .low = 4.0});
    AssignmentNode z{.design = {.name = "z", .arms = {"control", "treated, \"high\""}}};
    z.units = units;
    add("z", std::move(z));
    add("ATE", asks(col(units, "y"), col(units, "arm")));
    estimator("dim", {});
    record.engine = {.version = "0.1.0", .libraries = {{"duckdb", "v1"}}};
    record.scripts = {{"helper.txt", "help"}, {"study.txt", "main"}};
  }
  std::map<std::string, std::string> files() {
    std::map<std::string, std::string> out;
    for (auto& [name, bytes] : run_files(study, run(), record)) out[name] = bytes;
    return out;
  }
};

std::string section_text(const Report& report) {
  std::string out;
  for (const ReportSection& section : report.sections) {
    using Kind = ReportSection::Kind;
    out += section.kind == Kind::kHeading ? "# " + section.text
           : section.kind == Kind::kProse ? section.text
           : section.kind == Kind::kTable ? "table of " + std::to_string(section.frame.rows())
           : section.kind == Kind::kEstimates
               ? "estimates of " + std::to_string(section.estimates.size())
           : section.checks.empty() ? "no check"
                                    : "check " + section.checks[0].node;
    out += "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("a run folder has the results, the report, arms, scripts, and the lock last",
          "[study][run_files]") {
  Written s;
  std::vector<std::string> names;
  for (const auto& [name, bytes] : run_files(s.study, s.run(), s.record)) names.push_back(name);
  CHECK(names == std::vector<std::string>{"results.json", "report.html", "report.json",
                                          "assignments/z.csv", "script/helper.txt",
                                          "script/study.txt", "study.lock"});
  s.record.frozen = freeze_plan(plan_of(s.study), "2024-06-11T09:30:00Z", {});
  const auto files = s.files();
  REQUIRE(files.count("script/study.plan.json") == 1);
  CHECK(read_frozen_plan(files.at("script/study.plan.json"), "it").sealed ==
        "2024-06-11T09:30:00Z");
}

TEST_CASE("the results hold every estimate, check and table", "[study][run_files]") {
  Written s;
  const json results = json::parse(s.files().at("results.json"));
  CHECK(results["study"] == "example");
  CHECK(results["plan_hash"] == s.run().plan_hash);
  REQUIRE(results["estimates"].size() == 1);
  const json& row = results["estimates"][0];
  const auto theirs = reference::peer("dim_standard").at("z");
  CHECK(row["node"] == "dim");
  CHECK(row["inquiry"] == "ATE");
  CHECK(row["term"] == "treated - control");
  CHECK(row["estimate"].get<double>() == Approx(theirs.estimate).epsilon(1e-12));
  CHECK(row["std_error"].get<double>() == Approx(theirs.std_error).epsilon(1e-12));
  CHECK(row["n"] == 60);
  REQUIRE(results["checks"].size() == 2);
  const auto high = reference::Units()["y"];
  CHECK(results["checks"][0]["passed"] == false);
  CHECK(results["checks"][0]["value"] ==
        std::count_if(high.begin(), high.end(), [](double y) { return y > 7; }));
  CHECK(results["checks"][1]["node"] == "five");
  CHECK(results["checks"][1]["passed"] == true);
  CHECK(results["checks"][1]["value"] == 5.0);
  CHECK(results["checks"][1]["rows"]["rows"].empty());
  CHECK(results["tables"]["first"]["columns"] == json{"id", "y"});
  CHECK(results["tables"]["first"]["rows"] == json{{1, 3.834}, {2, 3.868}});
}

TEST_CASE("the lock can be read back and its hashes are those of the files", "[study][run_files]") {
  Written s;
  const auto files = s.files();
  const Lock lock = read_lock(files.at("study.lock"), "study.lock");
  CHECK(lock.study == "example");
  CHECK(lock.version == "0.1.0");
  CHECK(lock.seed == 7);
  CHECK(lock.parameters.at("n") == Value{std::int64_t{60}});
  CHECK(lock.engine.libraries.at("duckdb") == "v1");
  REQUIRE(lock.inputs.size() == 1);
  CHECK(lock.inputs[0].file == "units.csv");
  CHECK(lock.inputs[0].rows == 60);
  CHECK(lock.inputs[0].sha256 == to_hex(sha256(units_csv())));
  CHECK(lock.inputs[0].bytes == units_csv().size());
  CHECK(lock.inputs[0].schema[0] == std::pair<std::string, std::string>("id", "integer"));
  CHECK(lock.scripts.at("study.txt") == to_hex(sha256("main")));
  for (const auto& [name, bytes] : files) {
    if (name == "study.lock") continue;
    INFO(name);
    CHECK(lock.outputs.at(name) == to_hex(sha256(bytes)));
  }
  CHECK(lock.outputs.size() == files.size() - 1);
  std::map<std::string, LockNode> nodes;
  for (const LockNode& node : lock.nodes) nodes[node.name] = node;
  CHECK(nodes.count("n") == 0);
  CHECK(nodes.at("first").inputs.at("units") == lock.inputs[0].sha256);
  CHECK(nodes.at("units").inputs.at("file units.csv") == lock.inputs[0].sha256);
  CHECK_FALSE(nodes.at("dim").inputs.at("ATE").empty());
  CHECK(nodes.at("z").stream == "assignment/z");
}

TEST_CASE("the arms are a CSV of keys and arms, quoted where they must be", "[study][run_files]") {
  Written s;
  const std::string text = s.files().at("assignments/z.csv");
  CHECK(text.substr(0, 5) == "id,z\n");
  CHECK(std::count(text.begin(), text.end(), '\n') == 61);
  CHECK_THAT(text, Contains(",\"treated, \"\"high\"\"\"\n") && Contains(",control\n"));
}

TEST_CASE("equal runs give equal bytes, wherever their files lie", "[study][run_files]") {
  Written a;
  Written b;
  CHECK(a.files() == b.files());
  for (const auto& [name, bytes] : a.files()) {
    INFO(name);
    CHECK(bytes.find(a.dir.path().string()) == std::string::npos);
  }
}

TEST_CASE("a report without sections shows answers, every table and check, what can't be hidden",
          "[study][report]") {
  Written s;
  const StudyRun run = s.run();
  const Report report = report_of(s.study, run, results_of(s.study, run), s.record);
  CHECK(report.title == "example");
  CHECK(report.notice.empty());
  CHECK(section_text(report) ==
        "# Estimates\nestimates of 1\ntable of 2\ncheck low\ncheck five\n# Plan\ntable of 8\n");
}

TEST_CASE("a declared report keeps its order, and a failed check can't be left out",
          "[study][report]") {
  Written s;
  using Kind = Study::Item::Kind;
  s.study.title = "Does it work?";
  s.study.items = {{Kind::kHeading, "Data"}, {Kind::kProse, "Two rows."}, {Kind::kTable, "first"}};
  const StudyRun run = s.run();
  const Report report = report_of(s.study, run, results_of(s.study, run), s.record);
  CHECK(report.title == "Does it work?");
  CHECK(section_text(report) ==
        "# Data\nTwo rows.\ntable of 2\n# Estimates\nestimates of 1\ncheck low\n# Plan\n"
        "table of 8\n");
  s.study.items.push_back({Kind::kCheck, "low"});
  const std::string shown =
      section_text(report_of(s.study, run, results_of(s.study, run), s.record));
  CHECK(shown.find("check low") == shown.rfind("check low"));
}

TEST_CASE("warnings of estimates are read below them", "[study][report]") {
  Written s;
  s.estimator("weighted", {.weights = s.col(s.units, "zp")});
  StudyRun run = s.run();
  run.nodes.back().result.estimates[0].warnings = {"something odd"};
  const Report report = report_of(s.study, run, results_of(s.study, run), s.record);
  CHECK_THAT(section_text(report), Contains("# Estimates\nestimates of 2\n"));
  CHECK_THAT(html_report(report), Contains("something odd"));
}

TEST_CASE("alarms stand first, and what refers to them is short", "[study][report]") {
  Written s;
  using Kind = Study::Item::Kind;
  StudyRun run = s.run();
  NodeResult& result = run.nodes.back().result;
  const std::string node = run.nodes.back().name;
  REQUIRE(!result.estimates.empty());
  result.estimates[0].estimate = 3.25;
  result.estimates[0].conf_low = 1;
  result.estimates[0].conf_high = 5.5;
  result.alarms = {{"dissolves within tier", "All of it is tier."}};
  result.estimates[0].warnings = {"All of it is tier."};
  s.study.items = {
      {.kind = Kind::kSummary,
       .text = "",
       .told = {{.label = "It {rises|falls|stays} by {size}.", .node = node, .part = ""}}},
      {.kind = Kind::kValues, .text = "", .told = {{.label = "Gap", .node = node, .part = ""}}}};
  const Report report = report_of(s.study, run, results_of(s.study, run), s.record);
  REQUIRE(report.alarms.size() == 1);
  CHECK(report.alarms[0].about == node);
  REQUIRE(report.summary.size() == 1);
  CHECK(report.summary[0].sentence == "It rises by 3.25.");
  CHECK(report.summary[0].warnings ==
        std::vector<std::string>{"see the alarm: dissolves within tier"});
  REQUIRE(!report.sections.empty());
  CHECK(report.sections[0].values[0].value == "3.25");
  CHECK(report.sections[0].values[0].note == "1 to 5.5");
  // Rows that no section shows come by themselves.
  CHECK_THAT(section_text(report), Contains("# Estimates\nestimates of 1\n"));
}

TEST_CASE("the report lists deviations from the frozen plan, or says there are none",
          "[study][report]") {
  Written s;
  const StudyRun run = s.run();
  s.record.frozen = freeze_plan(plan_of(s.study), "2024-06-11T09:30:00Z", {});
  const auto shown = [&] {
    return section_text(report_of(s.study, run, results_of(s.study, run), s.record));
  };
  CHECK_THAT(shown(), Contains("# Deviations from the frozen plan\nThe plan was frozen on "
                               "2024-06-11T09:30:00Z. This run follows it.\n"));
  s.record.deviations = {
      {.node = "estimator 'dim'", .field = "conf_level", .before = "0.95", .after = "0.9"}};
  CHECK_THAT(shown(), Contains("This run differs from it in what follows.\ntable of 1\n"));
}

TEST_CASE("generated data and blinded outcomes are announced first", "[study][report]") {
  Written s;
  std::get<SourceNode>(s.study.nodes[1].body).generated = true;
  s.study.blind = Blinding::kShuffle;
  s.roles("outcome", {s.col(s.units, "y")});
  const auto notice = [&](bool sealed) {
    const StudyRun run = s.run(nullptr, 2, sealed);
    return report_of(s.study, run, results_of(s.study, run), s.record).notice;
  };
  CHECK(notice(true) == "These results come from generated data, not from real ones: units.csv.");
  CHECK_THAT(notice(false), Contains("units.csv. Outcomes are shuffled until the plan is frozen"));
  s.study.blind = Blinding::kHide;
  CHECK_THAT(notice(false), Contains("Outcomes are hidden until the plan is frozen"));
}

TEST_CASE("provenance names the study, plan, seed, parameters, engine and inputs",
          "[study][report]") {
  Written s;
  const StudyRun run = s.run();
  const Report report = report_of(s.study, run, results_of(s.study, run), s.record);
  std::map<std::string, std::string> facts(report.provenance.begin(), report.provenance.end());
  CHECK(facts.at("Study") == "example 0.1.0");
  CHECK(facts.at("Plan") == run.plan_hash);
  CHECK(facts.at("Seed") == "7");
  CHECK(facts.at("Engine") == "Impactlytics 0.1.0");
  CHECK(facts.at("Parameter n") == "60");
  CHECK(facts.at("Input units.csv") == "60 rows, SHA-256 " + to_hex(sha256(units_csv())));
}
