#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/causal/graph/causal_graph.h"
#include "engine/causal/graph/probability_formula.h"

namespace impact {

/// P(outcome | do(treatment), given): disjoint sets of observed nodes, the first not empty.
struct InterventionQuery {
  NodeNames outcome = {};
  NodeNames treatment = {};
  NodeNames given = {};
};

enum class FormulaStyle {
  kShortest,  ///< Adjustment with a minimal set, else a front door, else simplified factors.
  kFactors,   ///< Always by c-components, simplified.
  kRaw,       ///< By c-components as the algorithm writes them: every factor of the joint
              ///< distribution given all that precede it. Variables that are not part of the
              ///< query may be left free: the value does not depend on theirs.
};

/// Two sets of nodes that show that no formula exists: bidirected edges link all of the larger, and
/// all of the smaller, which has no treatment in it while the larger has; the roots of both are the
/// same causes of the outcome. Two models can then agree on all that is observed and differ in the
/// effect (Shpitser & Pearl, AAAI 2006).
struct Hedge {
  NodeNames larger = {};
  NodeNames smaller = {};
  std::vector<CausalEdge> hidden_links = {};  ///< Bidirected edges within the larger.
};

struct Identification {
  bool identified = false;
  std::string query = {};  ///< "P(y | do(t))"
  ProbabilityFormula formula = {};
  std::string text = {};   ///< "P(y | do(t)) = sum_{z} P(z) P(y | t, z)"
  std::string latex = {};  ///< The same.
  /// "no effect", "no confounding", "adjustment", "front door", "c-components".
  std::string method = {};
  Hedge hedge = {};         ///< Unless identified.
  std::string reason = {};  ///< One or two sentences, whichever way it went.
};

inline constexpr std::size_t kMostFormulaParts = 50'000;

/// Whether the distribution of the outcome under an intervention can be computed from the
/// distribution of the observed nodes, and how. Sound and complete for every acyclic graph, hidden
/// causes included. The number of steps is polynomial; each level of hidden causes within hidden
/// causes writes what it found before several times over, and beyond kMostFormulaParts parts
/// ResourceError is thrown (short answers are tried first). Assumes that the conditions that occur
/// in the formula have positive probability. Throws ArgumentError for unknown, unobserved or
/// repeated nodes. Source: Tian & Pearl, AAAI 2002; Shpitser & Pearl, AAAI 2006 (ID) and UAI 2006
/// (IDC); Huang & Valtorta, UAI 2006.
[[nodiscard]] Identification identify_effect(const CausalGraph& graph,
                                             const InterventionQuery& query,
                                             FormulaStyle style = FormulaStyle::kShortest);

}  // namespace impact
