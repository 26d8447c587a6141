#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/graph/causal_graph.h"
#include "engine/causal/graph/separation.h"

namespace impact {

struct MediationQuery {
  std::string treatment = {};
  std::string outcome = {};
  /// What the indirect effect goes through; none: every observed node on a causal path. What goes
  /// around them counts as direct.
  NodeNames mediators = {};
  std::optional<NodeNames> allowed = {};  ///< Columns to adjust for; none: all observed nodes.
};

/// Whether the natural direct and indirect effects are identified, with mediators M, by adjusting
/// for a set W that
///   1. holds no consequence of the treatment,
///   2. blocks every path into the treatment that leads to M or the outcome,
///   3. blocks, together with the treatment, every path into M that leads to the outcome.
/// Then E Y(a, M(b)) = sum over w, m of E(Y | a, m, w) P(m | b, w) P(w). As every statement about
/// natural effects this assumes that the same holds across worlds (Pearl's structural model with
/// independent errors), which no experiment can test. Condition 1 can't be met where a consequence
/// of the treatment confounds M and the outcome.
/// Source: Pearl, UAI 2001 and Psychological Methods 19 (2014) 459-481; Avin, Shpitser & Pearl,
/// IJCAI 2005.
struct Mediation {
  bool identified = false;
  NodeNames mediators = {};
  NodeNames covariates = {};  ///< W, from which nothing can be left out.
  std::string reason = {};    ///< A sentence, whichever way it went.
  OpenPath open = {};         ///< The path that nothing allowed blocks.
  /// Consequences of the treatment that affect M and, not only through M, the outcome.
  NodeNames recanting = {};
  std::string direct = {};    ///< Natural direct effect, as a formula in text.
  std::string indirect = {};  ///< Natural indirect effect.
};

/// Throws ArgumentError for unknown nodes, mediators that are treatment or outcome, and when no
/// mediator is given and none is observed.
[[nodiscard]] Mediation identify_mediation(const CausalGraph& graph, const MediationQuery& query);

/// Whether `covariates` meet the three conditions; `covariates` of the answer are those given.
[[nodiscard]] Mediation check_mediation(const CausalGraph& graph, const MediationQuery& query,
                                        std::span<const std::string> covariates);

}  // namespace impact
