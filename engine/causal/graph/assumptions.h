#pragma once

#include <string>
#include <vector>

#include "engine/causal/graph/causal_graph.h"

namespace impact {

enum class IdentificationStrategy {
  kAdjustment,  ///< `set`: the covariates.
  kFrontDoor,   ///< `set`: the front door.
  kInstrument,  ///< `set`: one instrument; `given`: what is conditioned on.
  kMediation,   ///< `set`: the mediators; `given`: the covariates.
};

/// How an effect is to be identified.
struct StrategyChoice {
  IdentificationStrategy strategy = IdentificationStrategy::kAdjustment;
  NodeNames treatment = {};
  NodeNames outcome = {};
  NodeNames set = {};
  NodeNames given = {};
};

struct Assumptions {
  bool holds = false;                       ///< Whether the graph as it is supports the strategy.
  std::vector<std::string> sentences = {};  ///< What is assumed, a sentence each.
  /// Edges between observed nodes that the graph does not have and without which the strategy
  /// fails: arrows first, hidden common causes after them. Empty unless it holds.
  std::vector<CausalEdge> absent = {};
};

/// What a strategy takes on trust, in words, and which missing edges of the graph it rests on: each
/// is put in, one at a time, and the strategy judged again. Polynomial. Throws ArgumentError as the
/// strategy's own check; instruments and mediation take one treatment and one outcome.
[[nodiscard]] Assumptions state_assumptions(const CausalGraph& graph, const StrategyChoice& choice);

}  // namespace impact
