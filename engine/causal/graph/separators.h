#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "engine/causal/graph/causal_graph.h"

/// Separating sets between two sets of nodes: not for other callers. All of them lie among the
/// ancestors of x, y and `required`, where m-separation is separation in the moral graph; wherever
/// any separating set exists, one exists there.
/// Source: van der Zander, Liskiewicz & Textor, "Separators and adjustment sets in causal graphs",
/// Artificial Intelligence 270 (2019) 1-40.
namespace impact::detail {

/// The question: sets Z with required <= Z <= allowed that separate x from y. x, y, and both of
/// required and allowed are disjoint.
struct SeparatorQuery {
  NodeSet x = {};
  NodeSet y = {};
  NodeSet allowed = {};  ///< Includes `required`.
  NodeSet required = {};
};

/// All allowed ancestors of x, y and required: separates if any set does.
[[nodiscard]] std::optional<NodeSet> canonical_separator(const CausalGraph& graph,
                                                         const SeparatorQuery& query);

/// The moral graph with everything but x, y and the allowed, not required nodes eliminated: two
/// nodes are neighbours if a path joins them whose inner nodes can't be conditioned on. Separators
/// of its two ends, plus `required`, are those of the query, and the same are minimal.
struct SeparatorGraph {
  std::vector<NodeSet> neighbours = {};
  NodeSet nodes = {};  ///< The ends and the nodes to choose from.
  NodeId source = 0;   ///< All of x.
  NodeId target = 0;   ///< All of y.
  NodeSet required = {};
  [[nodiscard]] bool separable() const { return !neighbours[source].contains(target); }
};

/// x and y must not be empty.
[[nodiscard]] SeparatorGraph separator_graph(const CausalGraph& graph, const SeparatorQuery& query);

/// The minimal separator nearest to the source (or target), without `required`; the graph must be
/// separable.
[[nodiscard]] NodeSet nearest_separator(const SeparatorGraph& graph, bool to_target);

/// Up to `most` minimal separators, without `required`, smaller ones earlier as far as they are
/// known; sets `complete` when there are no more. Delay polynomial.
/// Source: the closures of Shen & Liang, Theoretical Computer Science 180 (1997) 169-180.
[[nodiscard]] std::vector<NodeSet> minimal_separators(const SeparatorGraph& graph, std::size_t most,
                                                      bool* complete);

/// A separator of least total cost (one number >= 0 a node), without `required`; among those the
/// one nearest to the target. By maximal flow (Dinic 1970).
[[nodiscard]] NodeSet cheapest_separator(const SeparatorGraph& graph, std::span<const double> cost);

}  // namespace impact::detail
