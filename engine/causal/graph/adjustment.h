#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/graph/causal_graph.h"
#include "engine/causal/graph/separation.h"

namespace impact {

/// What makes a set of covariates enough to adjust for.
enum class AdjustmentCriterion {
  /// Sound and complete (Shpitser, VanderWeele & Robins 2010; Perkovic et al. 2018): no member
  /// lies on a causal path from treatment to outcome, or descends from a node on one; and every
  /// path that is not causal is blocked.
  kComplete,
  /// Pearl's (1993): no member descends from a treatment, and every path into the treatments is
  /// blocked. Sufficient only; for several treatments jointly.
  kBackDoor,
};

/// The effect of treatments on outcomes, both not empty and disjoint.
struct AdjustmentQuery {
  NodeNames treatment = {};
  NodeNames outcome = {};
  /// Columns that may be adjusted for; none: all observed nodes. Unobserved ones never are.
  std::optional<NodeNames> allowed = {};
  NodeNames required = {};  ///< Must be in the set.
  AdjustmentCriterion criterion = AdjustmentCriterion::kComplete;
};

struct ForbiddenNode {
  std::string name = {};
  std::string why = {};  ///< "m lies on a causal path from t to y"
};

struct AdjustmentVerdict {
  bool valid = false;
  std::vector<ForbiddenNode> forbidden = {};  ///< Members that must not be in any set.
  OpenPath open = {};                         ///< A path that is not causal and is not blocked.
  std::string reason = {};                    ///< One or two sentences, whichever way it went.
};

/// Whether adjusting for `set` identifies the effect. Unobserved members are judged like others;
/// `allowed` and `required` are not looked at. Throws ArgumentError for unknown nodes and sets that
/// overlap.
[[nodiscard]] AdjustmentVerdict check_adjustment(const CausalGraph& graph,
                                                 const AdjustmentQuery& query,
                                                 std::span<const std::string> set);

/// An answer that may not exist.
struct AdjustmentSet {
  bool exists = false;
  NodeNames set = {};
  std::string reason = {};  ///< Why there is none, or what is special about this one.
  OpenPath open = {};       ///< The path that nothing allowed can block, where that is why.
};

/// Allowed ancestors of treatments, outcomes and required nodes but the forbidden ones: valid if
/// any set is (van der Zander, Liskiewicz & Textor 2019).
[[nodiscard]] AdjustmentSet canonical_adjustment(const CausalGraph& graph,
                                                 const AdjustmentQuery& query);

/// The canonical set and further allowed nodes, taken by name while the set stays valid: nothing
/// can be added to it.
[[nodiscard]] AdjustmentSet maximal_adjustment(const CausalGraph& graph,
                                               const AdjustmentQuery& query);

enum class NearTo { kTreatment, kOutcome };

/// A set none of whose members, but required ones, can be left out; of all those the nearest to the
/// treatment or the outcome. Nearest to the outcome it is the one of least asymptotic variance
/// among the minimal sets (Smucler, Sapienza & Rotnitzky, Biometrika 109 (2022) 49-65), for one
/// treatment and one outcome, whatever is unobserved.
[[nodiscard]] AdjustmentSet minimal_adjustment(const CausalGraph& graph,
                                               const AdjustmentQuery& query,
                                               NearTo near = NearTo::kOutcome);

struct AdjustmentSets {
  std::vector<NodeNames> sets = {};  ///< Smaller ones first, then by name.
  bool complete = true;              ///< False: there are more than were asked for.
  std::string reason = {};           ///< Why there is none.
};

/// Up to `most` minimal sets; polynomial time for each.
[[nodiscard]] AdjustmentSets minimal_adjustments(const CausalGraph& graph,
                                                 const AdjustmentQuery& query,
                                                 std::size_t most = 100);

/// A set of least total cost, nearest to the outcome among those: of least variance too (Smucler &
/// Rotnitzky, Journal of Causal Inference 10 (2022) 174-189). Nodes that `cost` does not name cost
/// 1. Throws ArgumentError for costs that are negative or not finite, and unknown nodes.
[[nodiscard]] AdjustmentSet minimum_cost_adjustment(const CausalGraph& graph,
                                                    const AdjustmentQuery& query,
                                                    const std::map<std::string, double>& cost);

/// The set of least asymptotic variance among all valid ones, in linear models and for
/// nonparametric estimators alike (Henckel, Perkovic & Maathuis 2022; Rotnitzky & Smucler 2020):
/// the parents of the nodes on causal paths, but the forbidden ones, and what is required. With
/// unobserved nodes: those of the graph that is left when unobserved and forbidden nodes are
/// projected out (Witte et al. 2020), provided that no bidirected edge ends at an outcome there;
/// otherwise no set is known to be best on every distribution, and the answer says so. Then
/// minimal_adjustment() near the outcome is the best of the minimal sets. There must be a causal
/// path to every outcome.
/// A required node that is not a parent can only add variance; it is kept all the same.
[[nodiscard]] AdjustmentSet optimal_adjustment(const CausalGraph& graph,
                                               const AdjustmentQuery& query);

namespace detail {

/// The nodes and the graph that a criterion works with.
struct AdjustmentProblem {
  NodeSet treatment = {};
  NodeSet outcome = {};
  NodeSet on_causal_paths = {};  ///< Not the treatments.
  NodeSet forbidden = {};        ///< Treatments excluded.
  CausalGraph non_causal = {};   ///< Causal paths cut at their first edge.
  NodeSet allowed = {};          ///< Neither forbidden nor part of the question.
  NodeSet required = {};
};

/// Throws ArgumentError as check_adjustment; also when a required node is forbidden or not allowed.
[[nodiscard]] AdjustmentProblem adjustment_problem(const CausalGraph& graph,
                                                   const AdjustmentQuery& query);
/// Nodes other than x on directed paths from x to y that meet x only at their start.
[[nodiscard]] NodeSet causal_path_nodes(const CausalGraph& graph, const NodeSet& x,
                                        const NodeSet& y);
/// The graph without the first edges of those paths.
[[nodiscard]] CausalGraph proper_back_door_graph(const CausalGraph& graph, const NodeSet& x,
                                                 const NodeSet& on_paths);

}  // namespace detail
}  // namespace impact
