#include "engine/study/compare_runs.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/hash.h"

namespace impact {
namespace {

using Catch::Contains;
using Verdict = RunComparison::Verdict;

std::string hash(const std::string& text) { return to_hex(sha256(text)); }

std::string results(const std::string& estimate = "0.25",
                    const std::string& views = "9007199254740993") {
  return R"({"study":"s","plan_hash":"ab","estimates":[{"node":"lin","estimate":)" + estimate +
         R"(,"std_error":"NaN","n":400}],"checks":[],"tables":{"outliers":{"columns":)" +
         R"(["views","median"],"rows":[[)" + views + R"(,1.5],[2,2.5]]}}})";
}

void write_results(RecordedRun& run, const std::string& text) {
  run.results = text;
  run.lock.outputs["results.json"] = hash(text);
}

LockNode* node(Lock& lock, const std::string& name) {
  for (LockNode& item : lock.nodes) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

// A node's result, as the nodes above see it.
void set_result(Lock& lock, const std::string& name, const std::string& result) {
  node(lock, name)->result = hash(result);
  for (LockNode& item : lock.nodes) {
    if (item.inputs.contains(name)) item.inputs[name] = hash(result);
  }
}

RecordedRun sample(const std::string& name) {
  RecordedRun run;
  run.name = name;
  Lock& lock = run.lock;
  lock.study = "s";
  lock.version = "1";
  lock.seed = 7;
  lock.plan_hash = hash("plan");
  lock.engine = {
      "0.1.0", "abc", "GCC 12.2.0", "-ffp-contract=off", "x86-64-v2", {{"duckdb", "v1.4.4"}}};
  lock.scripts = {{"study.txt", hash("script")}};
  lock.inputs = {{"videos",
                  "videos.csv",
                  hash("videos"),
                  1000,
                  400,
                  {{"id", "integer"}, {"views", "integer"}},
                  false}};
  lock.nodes = {
      {"videos", "source", hash("d0"), {{"videos.csv", hash("videos")}}, "", hash("r0"), {}},
      {"outliers", "table", hash("d1"), {{"videos", hash("r0")}}, "", hash("r1"), {}},
      {"z", "assignment", hash("d2"), {{"videos", hash("r0")}}, "s/z", hash("r2"), {}},
      {"lin",
       "estimator",
       hash("d3"),
       {{"videos", hash("r0")}, {"z", hash("r2")}},
       "",
       hash("r3"),
       {"few clusters"}}};
  lock.outputs = {{"report.html", hash("report")}};
  write_results(run, results());
  return run;
}

struct TwoRuns {
  RecordedRun a = sample("runs/a");
  RecordedRun b = sample("runs/b");
  [[nodiscard]] RunComparison compare() const { return compare_runs(a, b); }
  [[nodiscard]] std::string text() const { return describe(compare()); }
};

TEST_CASE_METHOD(TwoRuns, "the same run twice is identical", "[compare_runs]") {
  const auto found = compare();
  CHECK(found.verdict == Verdict::kIdentical);
  CHECK_FALSE(found.first);
  CHECK(found.values_compared);
  CHECK(found.settings.empty());
  CHECK(found.inputs.empty());
  CHECK(found.notes.empty());
  CHECK(found.nodes.size() == 4);
  CHECK(describe(found) ==
        "identical: same plan, same files, and the results of all 4 nodes byte by byte\n");
  CHECK_THAT(describe(found, true),
             Contains("nodes: 0 of 4 differ\n  source 'videos': the same\n"));
}

TEST_CASE_METHOD(TwoRuns, "identical needs no results at hand", "[compare_runs]") {
  a.results.reset();
  b.results.reset();
  CHECK(compare().verdict == Verdict::kIdentical);
  CHECK(compare().notes.empty());
  CHECK_FALSE(compare().values_compared);
}

TEST_CASE_METHOD(TwoRuns, "another engine with the same results is identical", "[compare_runs]") {
  b.lock.engine.version = "0.2.0";
  b.lock.engine.libraries["duckdb"] = "v1.5.0";
  b.lock.engine.libraries["eigen"] = "3.4.0";
  b.lock.outputs["report.html"] = hash("another layout");
  const auto found = compare();
  CHECK(found.verdict == Verdict::kIdentical);
  REQUIRE(found.settings.size() == 3);
  CHECK(found.settings[0].what == "engine");
  CHECK(found.settings[0].engine);
  CHECK_THAT(describe(found), Contains("engine: 0.1.0 -> 0.2.0") &&
                                  Contains("library duckdb: v1.4.4 -> v1.5.0") &&
                                  Contains("library eigen: none -> 3.4.0") &&
                                  Contains("report.html differs though every result is the same"));
}

TEST_CASE_METHOD(TwoRuns, "an output nobody can explain is a difference", "[compare_runs]") {
  b.lock.outputs["report.html"] = hash("another");
  CHECK(compare().verdict == Verdict::kDifferent);
  CHECK_THAT(text(), Contains("different: no node, but see the notes") && Contains("report.html"));
  // Prose in the script changes the report, but neither plan nor results.
  b.lock.scripts["study.txt"] = hash("script with other prose");
  CHECK(compare().verdict == Verdict::kIdentical);
}

TEST_CASE_METHOD(TwoRuns, "last digits of another machine are close", "[compare_runs]") {
  b.lock.engine.cpu = "aarch64";
  set_result(b.lock, "outliers", "other bits");
  set_result(b.lock, "z", "other bits");
  set_result(b.lock, "lin", "other bits");
  write_results(b, results("0.25000000000001"));
  const auto found = compare();
  CHECK(found.verdict == Verdict::kClose);
  REQUIRE(found.first);
  CHECK(found.nodes[*found.first].name == "outliers");
  CHECK(found.nodes[1].change == NodeChange::kEngine);
  CHECK(found.nodes[3].change == NodeChange::kInputs);
  CHECK(found.nodes[3].inputs == std::vector<std::string>{"z"});
  CHECK(found.values.largest_relative == Approx(4e-14).epsilon(1e-2));
  CHECK_THAT(
      describe(found),
      Contains("close: same plan, same files; 1 number differs, relatively by at most 3.99") &&
          Contains("(estimate 'lin', estimate)"));
}

TEST_CASE_METHOD(TwoRuns, "a larger difference, a whole number or a NaN is not close",
                 "[compare_runs]") {
  set_result(b.lock, "lin", "other");
  write_results(b, results("0.2500001"));
  CHECK(compare().verdict == Verdict::kDifferent);
  write_results(b, results("\"NaN\""));
  CHECK(compare().verdict == Verdict::kDifferent);
  write_results(b, results("0.25", "9007199254740992"));
  CHECK(compare().verdict == Verdict::kDifferent);
  write_results(b, results("0.2500000000001"));
  CHECK(compare().verdict == Verdict::kClose);
}

TEST_CASE_METHOD(TwoRuns, "without values nothing is called close", "[compare_runs]") {
  set_result(b.lock, "lin", "other");
  write_results(b, results("0.25000000000001"));
  b.results.reset();
  CHECK(compare().verdict == Verdict::kDifferent);
  CHECK_THAT(text(), Contains("results.json of runs/b is not at hand") &&
                         Contains("only its result differs: same definition, inputs and engine"));
}

TEST_CASE_METHOD(TwoRuns, "a changed file is found with its rows and columns", "[compare_runs]") {
  b.lock.inputs[0].sha256 = hash("more videos");
  b.lock.inputs[0].rows = 401;
  b.lock.inputs[0].bytes = 1003;
  b.lock.inputs[0].schema = {{"id", "text"}, {"tier", "text"}};
  b.lock.inputs[0].generated = true;
  b.lock.nodes[0].inputs["videos.csv"] = hash("more videos");
  set_result(b.lock, "videos", "r0'");
  set_result(b.lock, "lin", "r3'");
  write_results(b, results("0.26"));
  const auto found = compare();
  CHECK(found.verdict == Verdict::kDifferent);
  CHECK(found.nodes[*found.first].name == "videos");
  CHECK(found.nodes[*found.first].change == NodeChange::kInputs);
  CHECK_THAT(
      describe(found),
      Contains("different: first at source 'videos': its inputs differ: videos.csv\n") &&
          Contains("videos.csv: SHA-256 " + hash("videos").substr(0, 12) + " -> " +
                   hash("more videos").substr(0, 12) +
                   ", 400 -> 401 rows, 1000 -> 1003 bytes, generated in the second run, "
                   "column 'id' integer -> text, without column 'views', new column 'tier'") &&
          Contains("estimate 'lin', estimate: 0.25 -> 0.26"));
}

TEST_CASE_METHOD(TwoRuns, "a changed file is a difference even if no result follows it",
                 "[compare_runs]") {
  b.lock.inputs[0].sha256 = hash("a column nobody reads");
  CHECK(compare().verdict == Verdict::kDifferent);
  CHECK_THAT(text(), Contains("different: the input files"));
}

TEST_CASE_METHOD(TwoRuns, "the first node in the order of execution is named", "[compare_runs]") {
  b.lock.plan_hash = hash("another plan");
  node(b.lock, "outliers")->definition = hash("d1'");
  node(b.lock, "lin")->definition = hash("d3'");
  const auto found = compare();
  CHECK(found.verdict == Verdict::kDifferent);
  CHECK(found.nodes[*found.first].name == "outliers");
  CHECK(found.nodes[*found.first].change == NodeChange::kDefinition);
  CHECK_THAT(describe(found), Contains("plan: " + hash("plan").substr(0, 12) + " -> ") &&
                                  Contains("nodes: 2 of 4 differ\n"
                                           "  table 'outliers': its definition differs\n"
                                           "  estimator 'lin': its definition differs\n"));
  CHECK_THAT(describe(found, true), Contains("  source 'videos': the same\n"));
}

TEST_CASE_METHOD(TwoRuns, "nodes of one run only are listed", "[compare_runs]") {
  b.lock.plan_hash = hash("another plan");
  b.lock.nodes.erase(b.lock.nodes.begin() + 1);
  b.lock.nodes.insert(b.lock.nodes.begin(), {"first", "table", hash("d"), {}, "", hash("r"), {}});
  const auto found = compare();
  CHECK(found.verdict == Verdict::kDifferent);
  REQUIRE(found.nodes.size() == 5);
  CHECK(found.nodes[1].change == NodeChange::kRemoved);
  CHECK(found.nodes[4].change == NodeChange::kAdded);
  CHECK(found.nodes[4].before.empty());
  // The same name in another kind is another node.
  b.lock.nodes[0].name = "lin";
  CHECK(compare().nodes[4].change == NodeChange::kAdded);
  CHECK(compare().nodes[3].change == NodeChange::kSame);
}

TEST_CASE_METHOD(TwoRuns, "another seed is the reason where numbers are drawn", "[compare_runs]") {
  b.lock.seed = 8;
  b.lock.plan_hash = hash("another plan");
  set_result(b.lock, "z", "r2'");
  set_result(b.lock, "lin", "r3'");
  const auto found = compare();
  CHECK(found.nodes[*found.first].change == NodeChange::kSeed);
  CHECK_THAT(describe(found),
             Contains("assignment 'z': it draws random numbers from another seed") &&
                 Contains("seed: 7 -> 8"));
}

TEST_CASE_METHOD(TwoRuns, "a run that does not repeat itself is told apart", "[compare_runs]") {
  set_result(b.lock, "outliers", "r1'");
  write_results(b, results("0.3"));
  CHECK(compare().nodes[1].change == NodeChange::kResult);
  b.lock.engine.compiler = "GCC 13.1.0";
  CHECK(compare().nodes[1].change == NodeChange::kEngine);
  CHECK_THAT(text(), Contains("computed by another engine") &&
                         Contains("compiler: GCC 12.2.0 -> GCC 13.1.0"));
}

TEST_CASE_METHOD(TwoRuns, "warnings and parameters are compared too", "[compare_runs]") {
  node(b.lock, "lin")->warnings = {"few clusters", "poor overlap"};
  CHECK(compare().nodes[3].change == NodeChange::kWarnings);
  CHECK(compare().verdict == Verdict::kDifferent);
  a.lock.parameters = {{"draws", std::int64_t{100}}, {"gone", true}};
  b.lock.parameters = {{"draws", std::int64_t{200}}, {"share", 0.5}};
  CHECK_THAT(text(), Contains("parameter 'draws': 100 -> 200") &&
                         Contains("parameter 'gone': true -> none") &&
                         Contains("parameter 'share': none -> 0.5"));
}

TEST_CASE_METHOD(TwoRuns, "a results.json edited by hand is not believed", "[compare_runs]") {
  b.results = results("0.99");
  const auto found = compare();
  CHECK(found.verdict == Verdict::kDifferent);
  CHECK_FALSE(found.values_compared);
  CHECK(found.notes == std::vector<std::string>{
                           "results.json of runs/b was changed after its run: its hash is not the "
                           "one in its lock"});
  // Not even one that is no JSON any more.
  b.results = "{";
  CHECK(compare().verdict == Verdict::kDifferent);
  // Without a hash in the lock there is nothing to hold it against, and it must be JSON.
  b.lock.outputs.erase("results.json");
  a.lock.outputs.erase("results.json");
  set_result(b.lock, "lin", "other");
  CHECK_THROWS_AS(compare(), DataError);
}

TEST_CASE_METHOD(TwoRuns, "differences that results.json does not show are said",
                 "[compare_runs]") {
  set_result(b.lock, "outliers", "hidden");
  CHECK(compare().verdict == Verdict::kClose);
  CHECK(compare().notes == std::vector<std::string>{"what differs does not show in results.json"});
  b = sample("runs/b");
  write_results(b, *a.results + "\n");
  CHECK(compare().verdict == Verdict::kClose);
  CHECK(compare().notes ==
        std::vector<std::string>{"results.json holds the same values in another layout"});
}

TEST_CASE_METHOD(TwoRuns, "the first twenty values are shown", "[compare_runs]") {
  const auto rows = [](const std::string& value) {
    std::string text = R"({"tables":{"t":{"columns":["x"],"rows":[[0])";
    for (int i = 0; i < 30; ++i) text += ",[" + value + "]";
    return text + "]}}}";
  };
  write_results(a, rows("1.0"));
  write_results(b, rows("2.0"));
  CHECK(compare().values.values.size() == 20);
  CHECK_THAT(text(), Contains("different: results.json, though no node\n") &&
                         Contains("30 values differ\n") && Contains("  and 10 more\n") &&
                         Contains("table 't', row 2, column 'x': 1.0 -> 2.0 (relatively 0.5)"));
}

TEST_CASE_METHOD(TwoRuns, "a comparison as JSON holds everything", "[compare_runs]") {
  b.lock.inputs.push_back(
      {"authors", "authors.csv", hash("authors"), 5, 1, {{"id", "text"}}, false});
  b.lock.engine.version = "0.2.0";
  set_result(b.lock, "lin", "other");
  write_results(b, results("\"Infinity\""));
  const auto json = to_json(compare());
  CHECK(json["verdict"] == "different");
  CHECK(json["first"]["name"] == "lin");
  CHECK(json["first"]["change"] == "engine");
  CHECK(json["nodes"].size() == 4);
  CHECK(json["inputs"][0]["before"].is_null());
  CHECK(json["inputs"][0]["after"]["rows"] == 1);
  CHECK(json["settings"][0]["what"] == "engine");
  CHECK(json["values"][0]["where"] == "estimate 'lin', estimate");
  CHECK(json["values"][0]["relative"] == "Infinity");
  CHECK(json["largest_relative"] == "Infinity");
  CHECK(json["value_count"] == 1);
  CHECK(to_json(compare_runs(a, a))["first"].is_null());
  CHECK_THAT(text(), Contains("authors.csv: only the second run read it"));
}

TEST_CASE("runs are compared after their locks were written and read", "[compare_runs]") {
  const RecordedRun a = sample("a");
  RecordedRun b = sample("b");
  b.lock = read_lock(lock_text(b.lock), "b/study.lock");
  CHECK(compare_runs(a, b).verdict == Verdict::kIdentical);
}

}  // namespace
}  // namespace impact
