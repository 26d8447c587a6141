#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/causal/graph/causal_graph.h"

namespace impact {

/// A path of a graph that carries association.
struct OpenPath {
  NodeNames nodes = {};      ///< From one end to the other; empty when there is no such path.
  std::string text = {};     ///< "t <- u -> y"
  NodeNames colliders = {};  ///< Nodes on it where two arrowheads meet; conditioning opened them.
};

struct Separation {
  bool separated = false;
  OpenPath open = {};  ///< A shortest open path, the first by name, unless separated.
};

/// Whether every path between x and y is blocked by `given`: at a node in `given` that is no
/// collider, or at a collider that has no descendant in `given` (itself counting). On graphs with
/// bidirected edges this is m-separation, else d-separation; unobserved nodes may be named. x, y
/// and given must not share nodes. Throws ArgumentError for unknown and shared nodes. O(edges).
/// Source: Pearl (1988); Richardson, Scandinavian Journal of Statistics 30 (2003); reachability of
/// Shachter's Bayes ball (1998).
[[nodiscard]] Separation separated(const CausalGraph& graph, std::span<const std::string> x,
                                   std::span<const std::string> y,
                                   std::span<const std::string> given = {});

namespace detail {

/// Nodes that an open path leads to from `from`, given `given`, which is disjoint from it; `from`
/// and `given` are not among them.
[[nodiscard]] NodeSet connected(const CausalGraph& graph, const NodeSet& from,
                                const NodeSet& given);
[[nodiscard]] inline bool are_separated(const CausalGraph& graph, const NodeSet& x,
                                        const NodeSet& y, const NodeSet& given) {
  return !connected(graph, x, given).meets(y);
}
/// A shortest open path from x to y; without nodes if there is none.
[[nodiscard]] OpenPath open_path(const CausalGraph& graph, const NodeSet& x, const NodeSet& y,
                                 const NodeSet& given);
/// A shortest directed path from x to y; without nodes if there is none.
[[nodiscard]] OpenPath directed_path(const CausalGraph& graph, const NodeSet& x, const NodeSet& y);
/// Throws ArgumentError when two of the sets share a node.
void require_disjoint(const CausalGraph& graph, const NodeSet& a, const char* name_a,
                      const NodeSet& b, const char* name_b);

}  // namespace detail
}  // namespace impact
