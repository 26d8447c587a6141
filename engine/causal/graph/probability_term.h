#pragma once

#include <vector>

#include "engine/causal/graph/causal_graph.h"
#include "engine/causal/graph/probability_formula.h"

/// The algebra behind identify_effect: not for other callers.
namespace impact::detail {

/// ProbabilityFormula with nodes as numbers.
struct ProbabilityTerm {
  FormulaKind kind = FormulaKind::kProduct;
  NodeSet of = {};
  NodeSet given = {};
  std::vector<ProbabilityTerm> parts = {};
  bool operator==(const ProbabilityTerm&) const = default;
};

[[nodiscard]] ProbabilityTerm probability(const NodeSet& of, const NodeSet& given);
[[nodiscard]] ProbabilityTerm product(std::vector<ProbabilityTerm> parts);
/// The part itself when there is nothing to sum over.
[[nodiscard]] ProbabilityTerm sum_over(const NodeSet& of, ProbabilityTerm part);
[[nodiscard]] ProbabilityTerm quotient(ProbabilityTerm above, ProbabilityTerm below);

/// Variables whose values the term depends on.
[[nodiscard]] NodeSet free_nodes(const ProbabilityTerm& term);

/// An equal term, shorter where these rules apply; the graph holds the distribution's
/// independences and has observed nodes only:
///   sum_v P(v, A | C) = P(A | C);  sum_v P(v | C) P(A | v, D) = P(A | C, D) where v is independent
///   of D given C, and A of C given v and D;  factors without v leave its sum;  equal factors above
///   and below cancel;  P(A, B | C) / P(B | C) = P(A | B, C).
/// Source of the idea: Tikka & Karvanen, Journal of Machine Learning Research 18 (2017) 36.
[[nodiscard]] ProbabilityTerm simplified(const CausalGraph& graph, const ProbabilityTerm& term);

/// `order`: parents before children.
[[nodiscard]] ProbabilityFormula to_formula(const CausalGraph& graph,
                                            const std::vector<NodeId>& order,
                                            const ProbabilityTerm& term);

}  // namespace impact::detail
