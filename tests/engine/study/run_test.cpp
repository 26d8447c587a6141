#include "engine/study/run.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/design/model.h"
#include "engine/study/run_files.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using namespace impact::testing;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

ExprPtr above(const char* name, double bound) { return call("gt", {column(name), literal(bound)}); }

// Two sources; a filter, a table, two checks and an experiment on the first, a table on the second.
struct Whole : StudyFixture {
  test::TempDir folder = {};
  RelationPtr units;
  RelationPtr other;

  Whole() {
    units = source("units", units_csv());
    other = source("other", "id,v\n1,2\n2,3\n");
    const RelationPtr kept = filter(units, above("x", -1.0));
    add("kept", RelationNode{.relation = kept, .from = units});
    add("means", TableNode{summarise(kept, {{"block", column("block")}},
                                     {{"mean", aggregate("mean", {column("y")})}})});
    add("other rows", TableNode{other});
    add("large", CheckNode{.offenders = filter(other, above("v", 2.5)), .max = 1});
    add("sum",
        CheckNode{.measured = summarise(other, {}, {{"sum", aggregate("sum", {column("v")})}}),
                  .expect = Value{std::int64_t{5}}});
    AssignmentNode z{.design = {.name = "z", .arms = {"control", "treated"}}};
    z.units = units;
    z.within = col(units, "block");
    add("z", std::move(z));
    add("ATE", asks(col(kept, "y"), arms_of("z")));
    estimator("dim", {.kind = Method::Kind::kBlocked});
    estimator("lin", {.kind = Method::Kind::kLin, .covariates = {{col(kept, "x")}}});
  }

  template <class Body>
  Body& body(const std::string& name) {
    for (Node& node : study.nodes) {
      if (node.name == name) return std::get<Body>(node.body);
    }
    throw InternalError({.what = "no node " + name});
  }
  // Nodes of a run with an empty or the given cache that were computed.
  Names computed(ObjectStore& cache, int threads = 2) {
    Names out;
    for (const NodeRun& node : run(&cache, threads).nodes) {
      if (!node.cached) out.push_back(node.name);
    }
    return out;
  }
  Names stale(ObjectStore& cache) {
    Names out;
    for (const NodeState& state : states(&cache)) {
      if (!state.fresh) out.push_back(state.name);
    }
    return out;
  }
};

const Names kAll{"units", "other", "kept", "means", "other rows",
                 "large", "sum",   "z",    "dim",   "lin"};

std::string bytes_of(const StudyRun& run) {
  std::string out = run.plan_hash;
  for (const NodeRun& node : run.nodes) out += "\n" + node.name + encode_result(node.result);
  return out;
}

std::vector<fs::path> objects(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder / "objects")) {
    if (entry.is_regular_file()) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

NodeError failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const NodeError& error) {
    return error;
  }
  return {ArgumentError({.what = "nothing was thrown"}), ""};
}

}  // namespace

TEST_CASE("a second run takes every result from the cache, bit for bit", "[study][run]") {
  Whole s;
  ObjectStore cache(s.folder.path());
  CHECK(s.stale(cache) == kAll);
  const StudyRun first = s.run(&cache);
  CHECK(std::none_of(first.nodes.begin(), first.nodes.end(),
                     [](const NodeRun& node) { return node.cached; }));
  CHECK(first.passed());
  CHECK(s.stale(cache).empty());
  const StudyRun second = s.run(&cache);
  CHECK(std::all_of(second.nodes.begin(), second.nodes.end(),
                    [](const NodeRun& node) { return node.cached; }));
  CHECK(bytes_of(second) == bytes_of(first));
  CHECK(bytes_of(s.run(nullptr)) == bytes_of(first));
  REQUIRE(second.inputs.size() == 2);
  CHECK(second.inputs[0].rows == 60);
  CHECK(second.inputs[1].sha256 == first.inputs[1].sha256);
}

TEST_CASE("the states of nodes are those a run finds", "[study][run]") {
  Whole s;
  ObjectStore cache(s.folder.path());
  const auto states = s.states(&cache);
  const StudyRun run = s.run(&cache);
  REQUIRE(states.size() == run.nodes.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    CHECK(states[i].name == run.nodes[i].name);
    CHECK(states[i].key == run.nodes[i].key);
    CHECK(states[i].definition == run.nodes[i].definition);
    CHECK(states[i].inputs == run.nodes[i].inputs);
  }
}

TEST_CASE("a changed byte of data makes stale what reads it, and nothing else", "[study][run]") {
  Whole s;
  ObjectStore cache(s.folder.path());
  (void)s.run(&cache);
  s.dir.file("other.csv", "id,v\n1,2\n2,4\n");
  const Names readers{"other", "other rows", "large", "sum"};
  CHECK(s.stale(cache) == readers);
  CHECK(s.computed(cache) == readers);
  s.dir.file("other.csv", "id,v\n1,2\n2,3\n");
  CHECK(s.computed(cache).empty());
}

TEST_CASE("a changed declaration makes stale itself and what uses it", "[study][run]") {
  Whole s;
  ObjectStore cache(s.folder.path());
  (void)s.run(&cache);
  SECTION("a check") {
    s.body<CheckNode>("large").max = 0;
    CHECK(s.computed(cache) == Names{"large"});
  }
  SECTION("an estimator") {
    s.body<EstimatorNode>("lin").method.conf_level = 0.9;
    CHECK(s.computed(cache) == Names{"lin"});
  }
  SECTION("an inquiry, by way of its estimators") {
    s.body<InquiryNode>("ATE").target = "ATT";
    CHECK(s.computed(cache) == Names{"dim", "lin"});
  }
  SECTION("an assignment") {
    s.body<AssignmentNode>("z").within.reset();
    CHECK(s.computed(cache) == Names{"z", "dim", "lin"});
  }
  SECTION("a filter's promise, not the rows it gives") {
    s.body<RelationNode>("kept").dropped.max = 60;
    CHECK(s.computed(cache) == Names{"kept", "means", "dim", "lin"});
  }
  SECTION("a name") {
    for (Node& node : s.study.nodes) {
      if (node.name == "large") node.name = "larger";
    }
    CHECK(s.computed(cache) == Names{"larger"});
  }
}

TEST_CASE("the seed makes stale what chance decides, and nothing else", "[study][run]") {
  Whole s;
  ObjectStore cache(s.folder.path());
  (void)s.run(&cache);
  s.study.seed = 8;
  CHECK(s.computed(cache) == Names{"z", "dim", "lin"});
}

TEST_CASE("lines, titles, report items and the study's version make nothing stale",
          "[study][run]") {
  Whole s;
  ObjectStore cache(s.folder.path());
  (void)s.run(&cache);
  s.study.title = "Another";
  s.study.version = "0.2.0";
  s.study.items = {{Study::Item::Kind::kProse, "Words."}};
  for (Node& node : s.study.nodes) node.at = "moved:1";
  CHECK(s.computed(cache).empty());
}

TEST_CASE("another table engine makes everything stale", "[study][run]") {
  Whole s;
  ObjectStore cache(s.folder.path());
  (void)s.run(&cache);
  FingerprintCache fingerprints({});
  const auto states = node_states(
      s.study, {.cache = &cache, .fingerprints = &fingerprints, .table_backend = "other 1.0"},
      s.context);
  CHECK(std::none_of(states.begin(), states.end(), [](const NodeState& x) { return x.fresh; }));
}

TEST_CASE("a damaged object is computed anew and remembered", "[study][run]") {
  Whole s;
  const std::string right = [&] {
    ObjectStore cache(s.folder.path());
    return bytes_of(s.run(&cache));
  }();
  const auto files = objects(s.folder.path());
  REQUIRE(files.size() == kAll.size());
  for (std::size_t n = 0; n < files.size(); ++n) {
    const std::string whole = test::read_bytes(files[n]);
    std::string wrong = whole;
    if (n % 2 == 0) {
      wrong[wrong.size() * n / files.size()] ^= 1;
    } else {
      wrong = whole.substr(0, whole.size() - n);
    }
    std::ofstream(files[n], std::ios::binary) << wrong;
    ObjectStore cache(s.folder.path());
    const StudyRun again = s.run(&cache);
    CHECK(std::count_if(again.nodes.begin(), again.nodes.end(),
                        [](const NodeRun& node) { return !node.cached; }) == 1);
    CHECK(cache.damaged().size() == 1);
    CHECK(bytes_of(again) == right);
    CHECK(test::read_bytes(files[n]) == whole);
  }
}

TEST_CASE("a whole object that holds no result is computed anew", "[study][run]") {
  Whole s;
  ObjectStore cache(s.folder.path());
  const StudyRun first = s.run(&cache);
  for (const std::string& junk :
       {std::string("of an older layout"), std::string("impact-result 1\n"),
        std::string("impact-result 1\n9999\n{}"), std::string("impact-result 1\n2\n{}")}) {
    cache.put(first.nodes[3].key, junk);
    const StudyRun again = s.run(&cache);
    CHECK_FALSE(again.nodes[3].cached);
    CHECK(bytes_of(again) == bytes_of(first));
  }
}

TEST_CASE("no number of threads changes a byte of a run's files", "[study][run]") {
  Whole s;
  const auto files = [&](int threads) { return run_files(s.study, s.run(nullptr, threads), {}); };
  const auto first = files(1);
  for (const int threads : {2, 3, 8}) {
    INFO(threads);
    CHECK(files(threads) == first);
  }
}

TEST_CASE("an error in one node leaves the finished ones cached, and the next run goes on",
          "[study][run]") {
  Whole s;
  s.body<RelationNode>("kept").dropped = {0, 0};
  ObjectStore cache(s.folder.path());
  const NodeError error = failure([&] { (void)s.run(&cache, 1); });
  CHECK(error.at() == "study:3");
  CHECK_THAT(error.what(), Contains("the filter 'kept' drops an unexpected number of rows") &&
                               Contains("expected: 0"));
  CHECK(error.kind() == "data");
  const Names left = s.stale(cache);
  CHECK(std::find(left.begin(), left.end(), "units") == left.end());
  CHECK(std::find(left.begin(), left.end(), "other") == left.end());
  s.body<RelationNode>("kept").dropped = {};
  const Names computed = s.computed(cache);
  CHECK(std::find(computed.begin(), computed.end(), "other") == computed.end());
  CHECK(std::find(computed.begin(), computed.end(), "kept") != computed.end());
}

TEST_CASE("of several failing nodes the first declared one is told, on any number of threads",
          "[study][run]") {
  Whole s;
  s.body<CheckNode>("sum").measured = select(s.other, {{"v", column("v")}});
  s.body<AssignmentNode>("z").design.counts = {1, 2};
  s.body<RelationNode>("kept").rows = {1, 2};
  for (const int threads : {1, 2, 3, 8}) {
    const NodeError error = failure([&] { (void)s.run(nullptr, threads); });
    INFO(error.what());
    CHECK(error.at() == "study:3");
  }
  s.body<RelationNode>("kept").rows = {};
  for (const int threads : {1, 8}) {
    CHECK(failure([&] { (void)s.run(nullptr, threads); }).at() == "study:7");
  }
}

TEST_CASE("a missing file is an error at its source", "[study][run]") {
  Whole s;
  fs::remove(s.dir.path() / "other.csv");
  const NodeError error = failure([&] { (void)s.run(); });
  CHECK(error.at() == "study:2");
  CHECK(error.kind() == "io");
  CHECK(failure([&] { (void)s.states(); }).at() == "study:2");
}

TEST_CASE("an interrupt ends a run and keeps what is finished", "[study][run]") {
  // Asks for the end once the first of the later nodes begins.
  struct Stopper : ProgressSink {
    CancelToken* cancel = nullptr;
    void report(std::string_view task, double) override {
      if (task == "means" || task == "lin") cancel->request();
    }
  };
  Whole s;
  CancelToken cancel;
  Stopper stopper;
  stopper.cancel = &cancel;
  ObjectStore cache(s.folder.path());
  FingerprintCache fingerprints({});
  const RunTools tools{
      .cache = &cache, .fingerprints = &fingerprints, .table_backend = s.backend->version()};
  CHECK_THROWS_AS(
      run_study(s.study, tools, {.threads = 1, .cancel = &cancel, .progress = &stopper}),
      Cancelled);
  const Names left = s.stale(cache);
  CHECK(std::find(left.begin(), left.end(), "units") == left.end());
  CHECK(std::find(left.begin(), left.end(), "lin") != left.end());
  CHECK_FALSE(s.run(&cache).nodes.empty());
}

TEST_CASE("progress names every computed node and ends at one", "[study][run]") {
  struct Notes : ProgressSink {
    std::mutex mutex;
    Names tasks;
    double last = -1;
    bool inside = true;
    void report(std::string_view task, double fraction) override {
      const std::lock_guard lock(mutex);
      tasks.emplace_back(task);
      last = fraction;
      inside = inside && fraction <= 1;
    }
  };
  Whole s;
  Notes notes;
  FingerprintCache fingerprints({});
  (void)run_study(s.study, {.fingerprints = &fingerprints, .table_backend = "t"},
                  {.threads = 2, .progress = &notes});
  for (const std::string& name : kAll) {
    INFO(name);
    CHECK(std::find(notes.tasks.begin(), notes.tasks.end(), name) != notes.tasks.end());
  }
  CHECK(notes.last == 1.0);
  CHECK(notes.inside);
}

TEST_CASE("checks compare what they measured with what was declared", "[study][run]") {
  StudyFixture s;
  const RelationPtr t = s.source("t", "id,v\n1,2.5\n2,3.5\n3,4\n");
  const auto mean = summarise(t, {}, {{"mean", aggregate("mean", {column("v")})}});
  const auto passes = [&](CheckNode check) {
    s.study.nodes.resize(1);
    s.add("check", std::move(check));
    return s.run().nodes[1].result.passed;
  };
  CHECK(passes({.offenders = filter(t, above("v", 3.0)), .max = 2}));
  CHECK_FALSE(passes({.offenders = filter(t, above("v", 3.0)), .max = 1}));
  CHECK(passes({.value = std::int64_t{3}, .expect = Value{3.0}}));
  CHECK_FALSE(passes({.value = std::int64_t{3}, .expect = Value{3.5}}));
  CHECK(passes({.value = std::string("a"), .expect = Value{std::string("a")}}));
  CHECK_FALSE(passes({.value = std::string("a"), .expect = Value{std::string("b")}}));
  CHECK(passes({.measured = mean, .low = 3.3, .high = 3.4}));
  CHECK_FALSE(passes({.measured = mean, .low = 3.4}));
  CHECK_FALSE(passes({.measured = mean, .high = 3.3}));
  CHECK(passes({.value = 3.0, .low = 3.0, .high = 3.0}));
  CHECK_FALSE(passes({.value = std::nan(""), .expect = Value{std::nan("")}}));
  CHECK_FALSE(passes({.value = std::nan(""), .low = 0.0}));
  CHECK_FALSE(passes({.value = Value{}, .low = 0.0}));
  s.study.nodes.resize(1);
  s.add("check", CheckNode{.measured = select(t, {{"v", column("v")}}), .low = 0.0});
  const NodeError error = failure([&] { (void)s.run(); });
  CHECK_THAT(error.what(), Contains("'check' is not one cell") && Contains("more than one row"));
}

TEST_CASE("a failed check shows its first offenders and the run says so", "[study][run]") {
  StudyFixture s;
  std::string text = "id\n";
  for (int i = 1; i <= 30; ++i) text += std::to_string(i) + "\n";
  const RelationPtr t = s.source("t", text);
  s.add("none", CheckNode{.offenders = t});
  const StudyRun run = s.run();
  CHECK_FALSE(run.passed());
  CHECK(run.nodes[1].result.value == Value{std::int64_t{30}});
  REQUIRE(run.nodes[1].result.frame.rows() == 20);
  CHECK(run.nodes[1].result.frame.column(0).as_integers()[19] == 20);
}

TEST_CASE("what only simulation uses has no result", "[study][run]") {
  StudyFixture s;
  s.add("n", ParameterNode{std::int64_t{5}});
  auto model = std::make_shared<Model>();
  model->levels = {{"unit", {5}}};
  model->variables = {{"y", draw("normal", {literal(0.0), literal(1.0)})}};
  s.add("people", ModelNode{.model = model});
  AssignmentNode z{.design = {.name = "z", .arms = {"control", "treated"}}};
  z.model = "people";
  s.add("z", std::move(z));
  s.add("ATE", s.asks({.name = "y", .expr = column("y"), .model = "people"}, s.arms_of("z")));
  s.estimator("dim", {});
  CHECK(s.run().nodes.empty());
  CHECK(s.states().empty());
}

TEST_CASE("an outcome in a table needs units in a table", "[study][run]") {
  StudyFixture s;
  const RelationPtr units = s.source("units", units_csv());
  auto model = std::make_shared<Model>();
  model->levels = {{"unit", {60}}};
  s.add("people", ModelNode{.model = model, .stands_for = units});
  AssignmentNode z{.design = {.name = "z", .arms = {"control", "treated"}}};
  z.model = "people";
  s.add("z", std::move(z));
  s.add("ATE", s.asks(s.col(units, "y"), s.arms_of("z")));
  s.estimator("dim", {});
  const NodeError error = failure([&] { (void)s.run(); });
  CHECK(error.at() == "study:5");
  CHECK_THAT(error.what(), Contains("assignment 'z' is of a model") && Contains("units = people"));
}
