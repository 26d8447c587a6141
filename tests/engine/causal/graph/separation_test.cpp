#include "engine/causal/graph/separation.h"

#include <array>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/causal/graph/graph_support.h"

using namespace impact;
using namespace impact::graph_test;

TEST_CASE("separation by hand", "[causal][graph]") {
  const CausalGraph m = graph_of("u1 -> {x m}; u2 -> {m y}");
  CHECK(separated(m, {{"x"}}, {{"y"}}).separated);
  const Separation open = separated(m, {{"x"}}, {{"y"}}, {{"m"}});
  CHECK_FALSE(open.separated);
  CHECK(open.open.text == "x <- u1 -> m <- u2 -> y");
  CHECK(open.open.colliders == NodeNames{"m"});
  CHECK(separated(graph_of("x <-> y"), {{"x"}}, {{"y"}}).open.text == "x <-> y");
  CHECK(separated(graph_of("x -> m -> y"), {{"x"}}, {{"y"}}, {{"m"}}).separated);
  // A descendant of a collider opens it.
  CHECK(separated(graph_of("x -> c <- y, c -> d"), {{"x"}}, {{"y"}}, {{"d"}}).open.colliders ==
        NodeNames{"c"});
  CHECK_THROWS_AS(separated(m, {{"x"}}, {{"x"}}), ArgumentError);
  CHECK_THROWS_AS(separated(m, {{"x"}}, {{"y"}}, {{"y"}}), ArgumentError);
  CHECK_THROWS_AS(separated(m, {{"q"}}, {{"y"}}), ArgumentError);
}

TEST_CASE("separation is what enumerating paths gives", "[causal][graph]") {
  Stream stream(StreamKey::root(1).child("separation"));
  int separations = 0;
  for (int round = 0; round < 150; ++round) {
    const CausalGraph graph = random_graph(stream, 6, 0.35, 0.15, 0.0);
    for (NodeId x = 0; x < 6; ++x) {
      for (NodeId y = x + 1; y < 6; ++y) {
        for (const NodeSet& given : subsets(graph.all() - NodeSet{x, y})) {
          const bool truth = separated_by_paths(graph, x, y, given);
          separations += truth ? 1 : 0;
          REQUIRE(detail::are_separated(graph, {x}, {y}, given) == truth);
          REQUIRE(detail::are_separated(graph, {y}, {x}, given) == truth);
          const OpenPath open = detail::open_path(graph, {x}, {y}, given);
          REQUIRE(open.nodes.empty() == truth);
          if (truth) continue;
          // The witness is one of the open paths.
          bool known = false;
          for_paths(graph, x, y, [&](const std::vector<PathStep>& path) {
            NodeNames nodes{graph.name(x)};
            for (const PathStep& step : path) nodes.push_back(graph.name(step.to));
            known = known || (nodes == open.nodes && path_is_open(graph, path, given));
          });
          REQUIRE(known);
        }
      }
    }
  }
  CHECK(separations > 1000);
}

TEST_CASE("separation of sets, and in the moral graph of ancestors", "[causal][graph]") {
  Stream stream(StreamKey::root(1).child("moral"));
  for (int round = 0; round < 2000; ++round) {
    const CausalGraph graph = random_graph(stream, 7, 0.3, 0.15, 0.0);
    std::array<NodeSet, 4> parts;
    for (const NodeId v : graph.all()) parts[stream.below(4)].insert(v);
    if (parts[0].empty() || parts[1].empty()) continue;
    const bool truth = separated_by_paths(graph, parts[0], parts[1], parts[2]);
    REQUIRE(detail::are_separated(graph, parts[0], parts[1], parts[2]) == truth);
    REQUIRE(detail::open_path(graph, parts[0], parts[1], parts[2]).nodes.empty() == truth);
    const NodeSet inside = graph.ancestors(parts[0] | parts[1] | parts[2]);
    const std::vector<NodeSet> near = moral_graph(graph, inside);
    NodeSet reached = parts[0];
    for (NodeSet fresh = reached; !fresh.empty();) {
      NodeSet more;
      for (const NodeId v : fresh) more |= near[v];
      fresh = more - parts[2] - reached;
      reached |= fresh;
    }
    REQUIRE(reached.meets(parts[1]) == !truth);
  }
}

TEST_CASE("a latent projection keeps separations and ancestors", "[causal][graph]") {
  Stream stream(StreamKey::root(1).child("projection"));
  for (int round = 0; round < 100; ++round) {
    const CausalGraph graph = random_graph(stream, 7, 0.35, 0.1, 0.4);
    const CausalGraph seen = graph.latent_projection();
    REQUIRE(seen.all() == graph.observed());
    for (const NodeId x : seen.all()) {
      REQUIRE(seen.ancestors(NodeSet{x}) == (graph.ancestors(NodeSet{x}) & seen.all()));
      for (const NodeId y : seen.all()) {
        if (x >= y) continue;
        for (const NodeSet& given : subsets(seen.all() - NodeSet{x, y})) {
          REQUIRE(detail::are_separated(seen, {x}, {y}, given) ==
                  detail::are_separated(graph, {x}, {y}, given));
        }
      }
    }
  }
  CHECK(causal_graph_text(
            graph_of("u [hidden] -> {x y}; x -> m [hidden] -> y; m -> z").latent_projection()) ==
        "x -> y\nx -> z\nx <-> y\ny <-> z\n");
}

TEST_CASE("order, ancestors and districts", "[causal][graph]") {
  const CausalGraph graph = graph_of("z -> b -> c, a -> c, b <-> a, a <-> d");
  const auto names = [&](const NodeSet& set) { return graph.names_of(set); };
  NodeNames order;
  for (const NodeId v : graph.order()) order.push_back(graph.name(v));
  CHECK(order == letters("adzbc"));
  const NodeId c = graph.id("c", "test");
  const NodeId a = graph.id("a", "test");
  CHECK(names(graph.ancestors({c})) == letters("abcz"));
  CHECK(names(graph.descendants({a})) == letters("ac"));
  CHECK(names(graph.district(a, graph.all())) == letters("abd"));
  CHECK(names(graph.district(a, graph.all() - NodeSet{graph.id("b", "test")})) == letters("ad"));
  CHECK(graph.districts(graph.all()).size() == 3);
}
