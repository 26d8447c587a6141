#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/causal/graph/causal_graph.h"
#include "engine/causal/graph/graph_text.h"
#include "engine/core/rng.h"

/// Slow and obvious versions of what the engine does, straight from the definitions.
namespace impact::graph_test {

inline CausalGraph graph_of(std::string_view text) { return parse_causal_graph(text); }

/// Nodes "a", "b", ... with arrows along a random order.
inline CausalGraph random_graph(Stream& stream, std::size_t nodes, double arrows, double arcs,
                                double hidden) {
  CausalGraphParts parts;
  for (std::size_t i = 0; i < nodes; ++i) {
    std::string name(1, static_cast<char>('a' + static_cast<int>(i % 26)));
    if (i >= 26) name += std::to_string(i / 26);
    parts.nodes.push_back(name);
    if (stream.bernoulli(hidden)) parts.unobserved.push_back(name);
  }
  const std::vector<std::size_t> order = stream.permutation(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    for (std::size_t j = i + 1; j < nodes; ++j) {
      const std::string& from = parts.nodes[order[i]];
      const std::string& to = parts.nodes[order[j]];
      if (stream.bernoulli(arrows)) parts.edges.push_back({from, to, EdgeKind::kDirected});
      if (stream.bernoulli(arcs)) parts.edges.push_back({from, to, EdgeKind::kBidirected});
    }
  }
  return CausalGraph(parts);
}

/// All subsets of `set`, of at most 20 nodes.
inline std::vector<NodeSet> subsets(const NodeSet& set) {
  std::vector<NodeSet> out{{}};
  for (const NodeId v : set) {
    const std::size_t count = out.size();
    for (std::size_t i = 0; i < count; ++i) out.push_back(out[i] | NodeSet{v});
  }
  return out;
}

/// A step of a path: the node it leads to and the marks at its two ends.
struct PathStep {
  NodeId to = 0;
  bool head_at_start = false;
  bool head_at_end = false;
};

inline std::vector<PathStep> steps_from(const CausalGraph& graph, NodeId v) {
  std::vector<PathStep> out;
  for (const NodeId c : graph.children(v)) out.push_back({c, false, true});
  for (const NodeId p : graph.parents(v)) out.push_back({p, true, false});
  for (const NodeId s : graph.spouses(v)) out.push_back({s, true, true});
  return out;
}

/// Calls `use` with every path (no node twice) from x to y, as its steps.
inline void for_paths(const CausalGraph& graph, NodeId x, NodeId y,
                      const std::function<void(const std::vector<PathStep>&)>& use) {
  std::vector<PathStep> path;
  NodeSet seen{x};
  const std::function<void(NodeId)> walk = [&](NodeId at) {
    if (at == y) {
      use(path);
      return;
    }
    for (const PathStep& step : steps_from(graph, at)) {
      if (seen.contains(step.to)) continue;
      seen.insert(step.to);
      path.push_back(step);
      walk(step.to);
      path.pop_back();
      seen.erase(step.to);
    }
  };
  walk(x);
}

/// The definition of blocking, for one path.
inline bool path_is_open(const CausalGraph& graph, const std::vector<PathStep>& path,
                         const NodeSet& given) {
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const NodeId v = path[i].to;
    const bool collider = path[i].head_at_end && path[i + 1].head_at_start;
    const bool opened = graph.descendants(NodeSet{v}).meets(given);
    if (collider ? !opened : given.contains(v)) return false;
  }
  return true;
}

inline bool path_is_causal(const std::vector<PathStep>& path) {
  for (const PathStep& step : path) {
    if (step.head_at_start || !step.head_at_end) return false;
  }
  return true;
}

inline bool separated_by_paths(const CausalGraph& graph, NodeId x, NodeId y, const NodeSet& given) {
  bool open = false;
  for_paths(graph, x, y, [&](const std::vector<PathStep>& path) {
    open = open || path_is_open(graph, path, given);
  });
  return !open;
}

inline bool separated_by_paths(const CausalGraph& graph, const NodeSet& x, const NodeSet& y,
                               const NodeSet& given) {
  for (const NodeId a : x) {
    for (const NodeId b : y) {
      if (!separated_by_paths(graph, a, b, given)) return false;
    }
  }
  return true;
}

/// Names of single letters.
inline NodeNames letters(std::string_view text) {
  NodeNames out;
  for (const char c : text) out.emplace_back(1, c);
  return out;
}

}  // namespace impact::graph_test
