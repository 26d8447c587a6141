#include "engine/causal/graph/adjustment.h"

#include <algorithm>
#include <chrono>
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

nlohmann::json published() {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/causal/graphs.json");
  return nlohmann::json::parse(file);
}

const AdjustmentQuery kXOnY{.treatment = {"X"}, .outcome = {"Y"}};

// Validity from the definition of the criterion, path by path.
bool valid_by_paths(const CausalGraph& graph, const NodeSet& x, const NodeSet& y,
                    const NodeSet& set) {
  for (const NodeId a : x) {
    for (const NodeId b : y) {
      bool good = true;
      for_paths(graph, a, b, [&](const std::vector<PathStep>& path) {
        for (std::size_t i = 0; i + 1 < path.size(); ++i) {
          if (x.contains(path[i].to)) return;
        }
        if (path_is_causal(path)) {
          for (const PathStep& step : path) {
            good = good && !graph.descendants(NodeSet{step.to}).meets(set);
          }
        } else {
          good = good && !path_is_open(graph, path, set);
        }
      });
      if (!good) return false;
    }
  }
  return true;
}

struct Sides {
  NodeSet x = {};
  NodeSet y = {};
};

Sides random_sides(Stream& stream, const CausalGraph& graph, double more) {
  std::vector<NodeId> seen;
  for (const NodeId v : graph.observed()) seen.push_back(v);
  stream.shuffle(seen);
  Sides out;
  if (seen.size() < 2) return out;
  out.x.insert(seen[0]);
  out.y.insert(seen[1]);
  if (seen.size() > 3 && stream.bernoulli(more)) out.x.insert(seen[2]);
  if (seen.size() > 4 && stream.bernoulli(more)) out.y.insert(seen[3]);
  return out;
}

AdjustmentQuery query_of(const CausalGraph& graph, const Sides& sides) {
  return {.treatment = graph.names_of(sides.x), .outcome = graph.names_of(sides.y)};
}

}  // namespace

TEST_CASE("published graphs: adjustment sets", "[causal][graph]") {
  const nlohmann::json reference = published();
  CHECK(reference["adjustment"].size() == 19);
  for (const auto& entry : reference["adjustment"]) {
    INFO(entry["name"]);
    const CausalGraph graph = graph_of(entry["graph"].get<std::string>());
    AdjustmentQuery query = kXOnY;
    query.criterion = AdjustmentCriterion::kBackDoor;
    const AdjustmentSets minimal = minimal_adjustments(graph, query);
    auto expected = entry["minimal"].get<std::vector<NodeNames>>();
    std::ranges::sort(expected, [](const NodeNames& a, const NodeNames& b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    CHECK(minimal.sets == expected);
    CHECK(minimal.complete);
    const AdjustmentSet maximal = maximal_adjustment(graph, query);
    CHECK(maximal.exists == !entry["maximal"].is_null());
    if (maximal.exists) CHECK(maximal.set == entry["maximal"].get<NodeNames>());
    for (const auto& set : entry["never"].get<std::vector<NodeNames>>()) {
      const AdjustmentVerdict verdict = check_adjustment(graph, query, set);
      INFO(verdict.reason);
      CHECK_FALSE(verdict.valid);
      CHECK_FALSE(check_adjustment(graph, kXOnY, set).valid);
    }
    for (const NodeNames& set : expected) {
      CHECK(check_adjustment(graph, query, set).valid);
      CHECK(check_adjustment(graph, kXOnY, set).valid);
    }
  }
  // Shpitser, VanderWeele & Robins (2010), figure 1b: more than back-door sets.
  const CausalGraph figure = graph_of("X -> Z, X -> Y");
  CHECK(check_adjustment(figure, kXOnY, {}).valid);
  CHECK(check_adjustment(figure, kXOnY, {{"Z"}}).valid);
  AdjustmentQuery back_door = kXOnY;
  back_door.criterion = AdjustmentCriterion::kBackDoor;
  CHECK_FALSE(check_adjustment(figure, back_door, {{"Z"}}).valid);
  CHECK(minimal_adjustments(figure, kXOnY).sets == std::vector<NodeNames>{{}});
}

TEST_CASE("published graphs: sets of least variance", "[causal][graph]") {
  const nlohmann::json reference = published();
  CHECK(reference["efficient"].size() == 2);
  for (const auto& entry : reference["efficient"]) {
    INFO(entry["name"]);
    const CausalGraph graph = graph_of(entry["graph"].get<std::string>());
    AdjustmentQuery query = kXOnY;
    query.required = entry["required"].get<NodeNames>();
    const AdjustmentSet optimal = optimal_adjustment(graph, query);
    CHECK(optimal.exists == !entry["optimal"].is_null());
    if (optimal.exists) CHECK(optimal.set == entry["optimal"].get<NodeNames>());
    if (!optimal.exists) CHECK(optimal.reason.find("Z2 and Y") != std::string::npos);
    CHECK(minimal_adjustment(graph, query).set == entry["optimal_minimal"].get<NodeNames>());
  }
}

TEST_CASE("verdicts say why", "[causal][graph]") {
  const CausalGraph graph =
      graph_of("W -> {X Y}, X -> M -> Y -> C, M -> D, U1 -> {X B}, U2 -> {B Y}");
  const auto reason = [&](const NodeNames& set) {
    return check_adjustment(graph, kXOnY, set).reason;
  };
  CHECK(
      reason({"W"}) ==
      "adjusting for {W} identifies the effect of X on Y: it blocks every path that is not causal "
      "and none that is");
  CHECK(reason({}) ==
        "adjusting for {} does not identify the effect of X on Y: the path X <- W -> Y is open");
  CHECK(
      reason({"W", "M"}) ==
      "adjusting for {M, W} does not identify the effect of X on Y: M lies on a causal path from X "
      "to Y");
  CHECK(reason({"W", "C"}).find("C is a consequence of Y") != std::string::npos);
  CHECK(reason({"W", "D"}).find("D is a consequence of M, which lies on a causal path") !=
        std::string::npos);
  CHECK(reason({"W", "B"})
            .find("the path X <- U1 -> B <- U2 -> Y is open: conditioning opened it "
                  "at B") != std::string::npos);
  const AdjustmentSet none = canonical_adjustment(graph_of("X <-> Y, X -> Y, Z -> X"), kXOnY);
  CHECK_FALSE(none.exists);
  CHECK(none.open.text == "X <-> Y");
  CHECK_THROWS_AS(check_adjustment(graph, kXOnY, {{"X"}}), ArgumentError);
  CHECK_THROWS_AS(check_adjustment(graph, {.treatment = {"X"}, .outcome = {}}, {}), ArgumentError);
  CHECK_THROWS_AS(
      minimal_adjustment(graph, {.treatment = {"X"}, .outcome = {"Y"}, .required = {"M"}}),
      ArgumentError);
  CHECK_THROWS_AS(minimum_cost_adjustment(graph, kXOnY, {{"W", -1.0}}), ArgumentError);
}

TEST_CASE("adjustment is valid just when it gives the interventional distribution",
          "[causal][graph]") {
  Stream stream(StreamKey::root(3).child("adjustment truth"));
  int valid = 0;
  int invalid = 0;
  for (int round = 0; round < 120; ++round) {
    const CausalGraph graph = random_graph(stream, 5, 0.4, 0.15, 0.0);
    const Sides sides = random_sides(stream, graph, 0.4);
    const AdjustmentQuery query = query_of(graph, sides);
    const BinaryModel model(graph, stream);
    const std::vector<double> joint = model.joint();
    for (const NodeSet& set : subsets(graph.all() - sides.x - sides.y)) {
      bool equal = true;
      for (const std::size_t values : {std::size_t{0}, model.states() - 1}) {
        const double truth = chance_of(model.joint(sides.x, values), sides.y, values);
        const double adjusted = adjusted_chance(joint, sides.x, sides.y, set, values);
        equal = equal && std::abs(truth - adjusted) < 1e-12;
      }
      INFO(causal_graph_text(graph)
           << graph.text_of(sides.x) << graph.text_of(sides.y) << graph.text_of(set));
      REQUIRE(check_adjustment(graph, query, graph.names_of(set)).valid == equal);
      REQUIRE(valid_by_paths(graph, sides.x, sides.y, set) == equal);
      (equal ? valid : invalid) += 1;
    }
  }
  CHECK(valid > 100);
  CHECK(invalid > 100);
}

TEST_CASE("sets are those that enumeration finds", "[causal][graph]") {
  Stream stream(StreamKey::root(3).child("adjustment sets"));
  int solvable = 0;
  for (int round = 0; round < 600; ++round) {
    const CausalGraph graph = random_graph(stream, 7, 0.35, 0.06, 0.15);
    const Sides sides = random_sides(stream, graph, 0.3);
    if (sides.x.empty()) continue;
    AdjustmentQuery query = query_of(graph, sides);
    NodeSet allowed = graph.observed() - sides.x - sides.y;
    if (stream.bernoulli(0.3)) allowed.erase(stream.below(7));
    query.allowed = graph.names_of(allowed);
    NodeSet required;
    for (const NodeId v : allowed) {
      if (!stream.bernoulli(0.15)) continue;
      required.insert(v);
    }
    query.required = graph.names_of(required);
    if (round % 3 == 0) query.criterion = AdjustmentCriterion::kBackDoor;
    std::vector<NodeSet> good;
    std::map<std::string, double> cost;
    std::vector<double> costs(7);
    for (const NodeId v : graph.all()) {
      costs[v] = static_cast<double>(stream.below(4));
      cost[graph.name(v)] = costs[v];
    }
    for (const NodeSet& set : subsets(allowed)) {
      if (required.within(set) && check_adjustment(graph, query, graph.names_of(set)).valid) {
        good.push_back(set);
      }
    }
    INFO(causal_graph_text(graph) << graph.text_of(sides.x) << graph.text_of(sides.y) << " allowed "
                                  << graph.text_of(allowed) << " required "
                                  << graph.text_of(required));
    AdjustmentSets sets;
    try {
      sets = minimal_adjustments(graph, query);
    } catch (const ArgumentError&) {
      REQUIRE(good.empty());
      continue;
    }
    std::vector<NodeSet> minimal;
    double least = 1e9;
    for (const NodeSet& set : good) {
      const bool more = std::ranges::any_of(
          good, [&](const NodeSet& other) { return other != set && other.within(set); });
      if (!more) minimal.push_back(set);
      double total = 0.0;
      for (const NodeId v : set) total += costs[v];
      least = std::min(least, total);
    }
    std::ranges::sort(minimal, listed_before);
    std::vector<NodeNames> names;
    for (const NodeSet& set : minimal) names.push_back(graph.names_of(set));
    REQUIRE(sets.sets == names);
    REQUIRE(sets.reason.empty() == !good.empty());
    REQUIRE(canonical_adjustment(graph, query).exists == !good.empty());
    if (good.empty()) continue;
    ++solvable;
    const auto listed = [](const std::vector<NodeSet>& list, const NodeSet& set) {
      return std::ranges::find(list, set) != list.end();
    };
    const auto set_of = [&](const AdjustmentSet& answer) {
      return graph.set_of(answer.set, "test");
    };
    REQUIRE(listed(good, set_of(canonical_adjustment(graph, query))));
    REQUIRE(listed(minimal, set_of(minimal_adjustment(graph, query, NearTo::kOutcome))));
    REQUIRE(listed(minimal, set_of(minimal_adjustment(graph, query, NearTo::kTreatment))));
    const NodeSet cheapest = set_of(minimum_cost_adjustment(graph, query, cost));
    REQUIRE(listed(minimal, cheapest));
    double total = 0.0;
    for (const NodeId v : cheapest) total += costs[v];
    REQUIRE(total == least);
    const NodeSet maximal = set_of(maximal_adjustment(graph, query));
    REQUIRE(listed(good, maximal));
    for (const NodeId v : allowed - maximal) REQUIRE_FALSE(listed(good, maximal | NodeSet{v}));
    if (minimal.size() > 1) {
      const AdjustmentSets one = minimal_adjustments(graph, query, 1);
      REQUIRE(one.sets.size() == 1);
      REQUIRE_FALSE(one.complete);
    }
  }
  CHECK(solvable > 150);
}

TEST_CASE("every graph of five nodes without hidden causes", "[causal][graph]") {
  // Arrows along one order: every such graph up to its names.
  const std::string names = "abcde";
  std::vector<CausalEdge> arrows;
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = i + 1; j < 5; ++j) {
      arrows.push_back({std::string(1, names[i]), std::string(1, names[j])});
    }
  }
  std::size_t wrong = 0;
  std::size_t valid = 0;
  for (std::size_t mask = 0; mask < 1024; ++mask) {
    CausalGraphParts parts{.nodes = letters(names)};
    for (std::size_t e = 0; e < arrows.size(); ++e) {
      if (((mask >> e) & 1U) != 0) parts.edges.push_back(arrows[e]);
    }
    const CausalGraph graph(parts);
    for (NodeId x = 0; x < 5; ++x) {
      for (NodeId y = 0; y < 5; ++y) {
        if (x == y) continue;
        const detail::AdjustmentProblem p = detail::adjustment_problem(
            graph, {.treatment = {graph.name(x)}, .outcome = {graph.name(y)}});
        for (const NodeSet& set : subsets(graph.all() - NodeSet{x, y})) {
          const bool found = !set.meets(p.forbidden) &&
                             detail::are_separated(p.non_causal, NodeSet{x}, NodeSet{y}, set);
          const bool truth = valid_by_paths(graph, NodeSet{x}, NodeSet{y}, set);
          valid += truth ? 1 : 0;
          wrong += found != truth ? 1 : 0;
          wrong += detail::are_separated(graph, NodeSet{x}, NodeSet{y}, set) !=
                           separated_by_paths(graph, x, y, set)
                       ? 1
                       : 0;
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(valid > 10000);
}

TEST_CASE("wide dense graphs take no time", "[causal][graph]") {
  Stream stream(StreamKey::root(3).child("wide"));
  const auto start = std::chrono::steady_clock::now();
  int found = 0;
  for (int round = 0; round < 5; ++round) {
    const CausalGraph graph = random_graph(stream, 60, 0.5, 0.005, 0.05);
    const std::vector<NodeId> order = graph.order();
    const AdjustmentQuery query{.treatment = {graph.name(order[25])},
                                .outcome = {graph.name(order[50])}};
    for (const NodeNames& set : minimal_adjustments(graph, query, 200).sets) {
      ++found;
      CHECK(check_adjustment(graph, query, set).valid);
    }
    (void)minimum_cost_adjustment(graph, query, {});
    (void)optimal_adjustment(graph, query);
    (void)maximal_adjustment(graph, query);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  CHECK(found > 0);
  CHECK(took.count() < 1.0);
}
