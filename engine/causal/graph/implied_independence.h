#pragma once

#include <string>
#include <vector>

#include "engine/causal/graph/causal_graph.h"

namespace impact {

/// A statement that must hold in the data if the graph is right.
struct Independence {
  std::string a = {};
  std::string b = {};
  NodeNames given = {};
  std::string text = {};  ///< "a _||_ b | c, d"
};

enum class IndependenceBasis {
  /// For every two observed nodes that some set separates, a smallest such set. In a graph without
  /// hidden causes these are the missing arrows, and all other independences follow from them
  /// (Pearl & Meshkat 1999).
  kMissingEdges,
  /// Every node, in causal order, and each of its predecessors that is not among those it depends
  /// on, given all of these: its parents, or with hidden causes its district among the predecessors
  /// and the parents of that (Richardson 2003). Fewer, larger conditions; without hidden causes
  /// everything follows from them.
  kLocalMarkov,
};

/// The statements, sorted by (a, b). Polynomial.
[[nodiscard]] std::vector<Independence> implied_independences(
    const CausalGraph& graph, IndependenceBasis basis = IndependenceBasis::kMissingEdges);

}  // namespace impact
