#include "engine/causal/graph/layout.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/causal/graph/graph_support.h"

using namespace impact;
using namespace impact::graph_test;

namespace {

LayoutPoint place(const GraphLayout& layout, const std::string& name) {
  return std::ranges::find(layout.nodes, name, &LayoutNode::name)->at;
}

bool crosses(LayoutPoint a, LayoutPoint b, LayoutPoint c, LayoutPoint d) {
  const auto side = [](LayoutPoint p, LayoutPoint q, LayoutPoint r) {
    return (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
  };
  return side(a, b, c) * side(a, b, d) < -1e-9 && side(c, d, a) * side(c, d, b) < -1e-9;
}

int crossings(const GraphLayout& layout) {
  int count = 0;
  for (std::size_t i = 0; i < layout.edges.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto& p = layout.edges[i].points;
      const auto& q = layout.edges[j].points;
      for (std::size_t k = 0; k + 1 < p.size(); ++k) {
        for (std::size_t l = 0; l + 1 < q.size(); ++l) {
          count += crosses(p[k], p[k + 1], q[l], q[l + 1]) ? 1 : 0;
        }
      }
    }
  }
  return count;
}

}  // namespace

TEST_CASE("small graphs are drawn as one would", "[causal][graph]") {
  const GraphLayout chain = layout_graph(graph_of("z -> t -> m -> y"));
  for (const LayoutNode& node : chain.nodes) CHECK(node.at.y == 0.0);
  CHECK(place(chain, "z").x == 0.0);
  CHECK(place(chain, "y").x == 3.0);
  CHECK(chain.width == 3.0);
  CHECK(chain.height == 0.0);
  // The direct arrow goes around the mediator.
  const GraphLayout triangle = layout_graph(graph_of("x -> m -> y, x -> y"));
  const LayoutEdge& direct = triangle.edges.back();
  CHECK(direct.edge.to == "y");
  REQUIRE(direct.points.size() == 3);
  CHECK(std::abs(direct.points[1].y - place(triangle, "m").y) >= 1.0 - 1e-12);
  // What nothing leads to stands before its first child.
  const GraphLayout late = layout_graph(graph_of("a -> b -> c -> d, u [hidden] -> {c d}"));
  CHECK(place(late, "u").x == 1.0);
  CHECK(std::ranges::find(late.nodes, "u", &LayoutNode::name)->unobserved);
  // Crossed as written, drawn without a crossing.
  CHECK(crossings(layout_graph(graph_of("a -> y, b -> x, c -> w, a -> w, b -> y"))) == 0);
  const GraphLayout bow = layout_graph(graph_of("x -> y, x <-> y"), {.layer_gap = 100.0});
  CHECK(bow.edges[0].points.size() == 2);
  REQUIRE(bow.edges[1].points.size() == 3);
  CHECK(bow.edges[1].points[1].x == 50.0);
  CHECK(bow.edges[1].points[1].y == -25.0);
  CHECK(layout_graph(CausalGraph{}).nodes.empty());
  CHECK(layout_graph(graph_of("a, b, c")).height == 2.0);
  CHECK_THROWS_AS(layout_graph(CausalGraph{}, {.layer_gap = 0.0}), ArgumentError);
  CHECK_THROWS_AS(layout_graph(CausalGraph{}, {.node_gap = -1.0}), ArgumentError);
}

TEST_CASE("arrows run to the right and nodes keep apart", "[causal][graph]") {
  Stream stream(StreamKey::root(13).child("layout"));
  for (int round = 0; round < 200; ++round) {
    const CausalGraph graph = random_graph(stream, 12, 0.25, 0.05, 0.2);
    const GraphLayout layout = layout_graph(graph, {.layer_gap = 2.0, .node_gap = 0.5});
    INFO(causal_graph_text(graph));
    REQUIRE(layout.nodes.size() == graph.all().size());
    REQUIRE(layout.edges.size() == graph.edges().size());
    double top = std::numeric_limits<double>::max();
    std::map<double, std::vector<double>> taken;
    for (const LayoutNode& node : layout.nodes) {
      taken[node.at.x].push_back(node.at.y);
      top = std::min(top, node.at.y);
      REQUIRE(node.at.x <= layout.width);
      REQUIRE(node.at.y <= layout.height);
    }
    REQUIRE(top == 0.0);
    for (const LayoutEdge& edge : layout.edges) {
      REQUIRE(edge.points.front().x == place(layout, edge.edge.from).x);
      REQUIRE(edge.points.back().y == place(layout, edge.edge.to).y);
      if (edge.edge.kind == EdgeKind::kBidirected) continue;
      for (std::size_t i = 0; i + 1 < edge.points.size(); ++i) {
        REQUIRE(edge.points[i + 1].x == Approx(edge.points[i].x + 2.0));
        if (i > 0) taken[edge.points[i].x].push_back(edge.points[i].y);
      }
    }
    for (auto& [x, ys] : taken) {
      std::ranges::sort(ys);
      for (std::size_t i = 0; i + 1 < ys.size(); ++i) REQUIRE(ys[i + 1] - ys[i] > 0.5 - 1e-9);
    }
    // Written in another order, drawn the same.
    CausalGraphParts parts = graph.parts();
    stream.shuffle(parts.edges);
    stream.shuffle(parts.nodes);
    const GraphLayout again = layout_graph(CausalGraph(parts), {.layer_gap = 2.0, .node_gap = 0.5});
    for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
      REQUIRE(layout.nodes[i].at.x == again.nodes[i].at.x);
      REQUIRE(layout.nodes[i].at.y == again.nodes[i].at.y);
    }
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK(layout_graph(random_graph(stream, 60, 0.5, 0.02, 0.1)).width > 10.0);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  CHECK(took.count() < 3.0);
}
