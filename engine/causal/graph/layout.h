#pragma once

#include <string>
#include <vector>

#include "engine/causal/graph/causal_graph.h"

namespace impact {

struct LayoutPoint {
  double x = 0.0;
  double y = 0.0;
};

struct LayoutNode {
  std::string name = {};
  LayoutPoint at = {};
  bool unobserved = false;
};

/// The line of an edge from the middle of one node to that of another. Arrows are chains of
/// straight pieces; a bidirected edge has three points, the middle one for a curve to pass.
struct LayoutEdge {
  CausalEdge edge = {};
  std::vector<LayoutPoint> points = {};
};

struct LayoutSpec {
  double layer_gap = 1.0;  ///< Along the arrows, from layer to layer. > 0.
  double node_gap = 1.0;   ///< Across, between neighbours in a layer, at least. > 0.
};

/// Places for drawing: arrows run from left (x = 0) to right, y grows downwards from 0.
struct GraphLayout {
  std::vector<LayoutNode> nodes = {};  ///< By name.
  std::vector<LayoutEdge> edges = {};  ///< In the order of CausalGraph::edges().
  double width = 0.0;                  ///< Greatest x of a node.
  double height = 0.0;                 ///< Greatest y of a node.
};

/// A layered drawing: every arrow leads to a later layer; layers are ordered so that few lines
/// cross, and places chosen so that lines are short and straight. Arrows that skip layers bend
/// around what stands there. Deterministic and independent of how the graph was written; graphs
/// without edges stand in one column. Throws ArgumentError for gaps that are not positive.
/// Source: Sugiyama, Tagawa & Toda, IEEE Transactions on Systems, Man, and Cybernetics 11 (1981)
/// 109-125; crossings after Barth, Juenger & Mutzel (2004).
[[nodiscard]] GraphLayout layout_graph(const CausalGraph& graph, const LayoutSpec& spec = {});

}  // namespace impact
