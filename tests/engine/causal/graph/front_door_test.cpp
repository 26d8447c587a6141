#include "engine/causal/graph/front_door.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "tests/engine/causal/graph/discrete_model.h"
#include "tests/engine/causal/graph/graph_support.h"

using namespace impact;
using namespace impact::graph_test;

namespace {

// The three conditions, path by path, for one treatment and one outcome. Paths from the set are
// those that meet it only at their start.
bool front_door_by_paths(const CausalGraph& graph, NodeId x, NodeId y, const NodeSet& set) {
  bool good = true;
  for_paths(graph, x, y, [&](const std::vector<PathStep>& path) {
    bool meets = false;
    for (const PathStep& step : path) meets = meets || set.contains(step.to);
    good = good && (!path_is_causal(path) || meets);
  });
  for (const NodeId z : set) {
    for_paths(graph, x, z, [&](const std::vector<PathStep>& path) {
      good = good && !(path[0].head_at_start && path_is_open(graph, path, {}));
    });
    for_paths(graph, z, y, [&](const std::vector<PathStep>& path) {
      for (const PathStep& step : path) {
        if (set.contains(step.to)) return;
      }
      good = good && !(path[0].head_at_start && path_is_open(graph, path, NodeSet{x}));
    });
  }
  return good;
}

}  // namespace

TEST_CASE("published graphs: front doors", "[causal][graph]") {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/causal/graphs.json");
  const nlohmann::json reference = nlohmann::json::parse(file);
  const AdjustmentQuery query{.treatment = {"X"}, .outcome = {"Y"}};
  CHECK(reference["front_door"].size() == 5);
  for (const auto& entry : reference["front_door"]) {
    INFO(entry["name"]);
    const CausalGraph graph = graph_of(entry["graph"].get<std::string>());
    const auto valid = entry["valid"].get<std::vector<NodeNames>>();
    CHECK(front_doors(graph, query).sets == valid);
    CHECK(minimal_front_door(graph, query).exists == !valid.empty());
    CHECK(minimal_front_door(graph, query).reason != "");
    for (const NodeNames& set : valid) CHECK(check_front_door(graph, query, set).valid);
    for (const auto& set : entry["invalid"].get<std::vector<NodeNames>>()) {
      const bool seen = !graph.set_of(set, "test").meets(graph.hidden());
      CHECK_FALSE((seen && check_front_door(graph, query, set).valid));
    }
  }
}

TEST_CASE("front doors are those that enumeration finds", "[causal][graph]") {
  Stream stream(StreamKey::root(5).child("front doors"));
  int found = 0;
  for (int round = 0; round < 8000; ++round) {
    const CausalGraph graph = random_graph(stream, 6, 0.3, 0.12, 0.1);
    const NodeId x = stream.below(6);
    const NodeId y = stream.below(6);
    if (x == y || graph.hidden().meets(NodeSet{x, y})) continue;
    if (!graph.descendants(NodeSet{x}).contains(y)) continue;
    AdjustmentQuery query{.treatment = {graph.name(x)}, .outcome = {graph.name(y)}};
    const NodeSet allowed = graph.observed() - NodeSet{x, y};
    std::vector<NodeSet> good;
    for (const NodeSet& set : subsets(allowed)) {
      const bool truth = front_door_by_paths(graph, x, y, set);
      INFO(causal_graph_text(graph) << graph.name(x) << graph.name(y) << graph.text_of(set));
      const FrontDoorVerdict verdict = check_front_door(graph, query, graph.names_of(set));
      REQUIRE(verdict.valid == truth);
      REQUIRE(verdict.open.nodes.empty() == truth);
      if (truth) good.push_back(set);
    }
    std::ranges::sort(good, listed_before);
    std::vector<NodeNames> names;
    for (const NodeSet& set : good) names.push_back(graph.names_of(set));
    const AdjustmentSets all = front_doors(graph, query);
    REQUIRE(all.sets == names);
    REQUIRE(all.complete);
    const AdjustmentSet least = minimal_front_door(graph, query);
    const AdjustmentSet most = maximal_front_door(graph, query);
    REQUIRE(least.exists == !good.empty());
    REQUIRE(most.exists == !good.empty());
    if (good.empty()) {
      REQUIRE_FALSE(least.open.nodes.empty());
      continue;
    }
    ++found;
    const NodeSet minimal = graph.set_of(least.set, "test");
    const NodeSet maximal = graph.set_of(most.set, "test");
    REQUIRE(std::ranges::find(good, minimal) != good.end());
    REQUIRE(std::ranges::find(good, maximal) != good.end());
    for (const NodeSet& set : good) {
      REQUIRE(set.within(maximal));
      REQUIRE_FALSE((set != minimal && set.within(minimal)));
    }
    if (good.size() > 1) REQUIRE_FALSE(front_doors(graph, query, 1).complete);
  }
  CHECK(found > 100);
}

TEST_CASE("a front door says why not", "[causal][graph]") {
  const AdjustmentQuery query{.treatment = {"x"}, .outcome = {"y"}};
  const CausalGraph graph = graph_of("x -> m -> y, x <-> y");
  CHECK(check_front_door(graph, query, {{"m"}}).reason ==
        "{m} carries the whole effect of x on y and is confounded with neither");
  CHECK(check_front_door(graph, query, {}).reason ==
        "{} is no front door: the causal path x -> m -> y does not go through it");
  CHECK(check_front_door(graph_of("x -> m -> y, x <-> m"), query, {{"m"}}).reason ==
        "{m} is no front door: x and m are confounded along x <-> m");
  CHECK(check_front_door(graph_of("x -> m -> y, m <-> y"), query, {{"m"}}).reason ==
        "{m} is no front door: m and y are confounded along m <-> y, which x does not block");
}
