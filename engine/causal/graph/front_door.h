#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/graph/adjustment.h"
#include "engine/causal/graph/causal_graph.h"

namespace impact {

/// A set Z of observed nodes meets the front-door criterion for treatments X and outcomes Y if
///   1. every directed path from X to Y goes through Z,
///   2. no path into X that is open without conditioning leads from X to Z,
///   3. X blocks every path into Z that leads from Z to Y.
/// Then P(y | do(x)) = sum_z P(z | x) sum_x' P(y | x', z) P(x').
/// Questions are put as AdjustmentQuery (its criterion does not matter); unobserved nodes are never
/// taken. Polynomial time throughout.
/// Source: Pearl (1995); Jeong, Tian & Bareinboim, NeurIPS 2022; Wienoebst, van der Zander &
/// Liskiewicz, AISTATS 2024.

struct FrontDoorVerdict {
  bool valid = false;
  std::string reason = {};  ///< A sentence, whichever way it went.
  OpenPath open = {};       ///< The path that offends, or is not intercepted.
};

/// Judges one set, unobserved members and all. Throws ArgumentError as check_adjustment.
[[nodiscard]] FrontDoorVerdict check_front_door(const CausalGraph& graph,
                                                const AdjustmentQuery& query,
                                                std::span<const std::string> set);

/// A set from which nothing but required nodes can be left out; `open` and `reason` say why there
/// is none.
[[nodiscard]] AdjustmentSet minimal_front_door(const CausalGraph& graph,
                                               const AdjustmentQuery& query);
/// The one that contains all others.
[[nodiscard]] AdjustmentSet maximal_front_door(const CausalGraph& graph,
                                               const AdjustmentQuery& query);
/// Up to `most` sets, polynomial time for each; all of them if `complete`.
[[nodiscard]] AdjustmentSets front_doors(const CausalGraph& graph, const AdjustmentQuery& query,
                                         std::size_t most = 100);

}  // namespace impact
