#include "engine/causal/graph/adjustment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "engine/causal/graph/separators.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace detail {

NodeSet causal_path_nodes(const CausalGraph& graph, const NodeSet& x, const NodeSet& y) {
  const NodeSet below = graph.without_edges_into(x).descendants(x) - x;
  return below & graph.without_edges_out_of(x).ancestors(y);
}

CausalGraph proper_back_door_graph(const CausalGraph& graph, const NodeSet& x,
                                   const NodeSet& on_paths) {
  CausalGraph out = graph;
  for (const NodeId v : x) {
    for (const NodeId c : graph.children(v) & on_paths) out = out.without_edge(v, c);
  }
  return out;
}

AdjustmentProblem adjustment_problem(const CausalGraph& graph, const AdjustmentQuery& query) {
  AdjustmentProblem p;
  p.treatment = graph.set_of(query.treatment, "treatment");
  p.outcome = graph.set_of(query.outcome, "outcome");
  require_disjoint(graph, p.treatment, "treatment", p.outcome, "outcome");
  if (p.treatment.empty() || p.outcome.empty()) {
    throw ArgumentError({.what = "an effect needs a treatment and an outcome",
                         .where = p.treatment.empty() ? "treatment" : "outcome",
                         .got = "no node",
                         .expected = "at least one"});
  }
  p.on_causal_paths = causal_path_nodes(graph, p.treatment, p.outcome);
  if (query.criterion == AdjustmentCriterion::kComplete) {
    p.forbidden = graph.descendants(p.on_causal_paths) - p.treatment;
    p.non_causal = proper_back_door_graph(graph, p.treatment, p.on_causal_paths);
  } else {
    p.forbidden = graph.descendants(p.treatment) - p.treatment;
    p.non_causal = graph.without_edges_out_of(p.treatment);
  }
  p.allowed = graph.observed();
  if (query.allowed) p.allowed &= graph.set_of(*query.allowed, "allowed");
  p.required = graph.set_of(query.required, "required");
  require_disjoint(graph, p.treatment | p.outcome, "treatment or outcome", p.required, "required");
  p.allowed = (p.allowed | (p.required & graph.observed())) - p.treatment - p.outcome;
  const NodeSet bad = p.required & (p.forbidden | graph.hidden());
  if (!bad.empty()) {
    const NodeId v = bad.first();
    throw ArgumentError(
        {.what = fmt::format("'{}' can't be adjusted for", graph.name(v)),
         .where = "required",
         .got = graph.name(v),
         .expected = "observed nodes that are no consequence of the treatment on the way to the "
                     "outcome",
         .hint = p.forbidden.contains(v) ? "" : "the graph says that it is unobserved"});
  }
  p.allowed -= p.forbidden;
  return p;
}

}  // namespace detail

namespace {

using detail::AdjustmentProblem;
using detail::SeparatorGraph;
using detail::SeparatorQuery;

std::string effect_of(const CausalGraph& graph, const AdjustmentProblem& p) {
  return fmt::format("{} on {}", fmt::join(graph.names_of(p.treatment), ", "),
                     fmt::join(graph.names_of(p.outcome), ", "));
}

std::string why_forbidden(const CausalGraph& graph, const AdjustmentProblem& p,
                          AdjustmentCriterion criterion, NodeId v) {
  const std::string& name = graph.name(v);
  const std::string from = fmt::format("{}", fmt::join(graph.names_of(p.treatment), ", "));
  const std::string to = fmt::format("{}", fmt::join(graph.names_of(p.outcome), ", "));
  if (p.on_causal_paths.contains(v)) {
    return fmt::format("{} lies on a causal path from {} to {}", name, from, to);
  }
  if (!graph.descendants(p.on_causal_paths).contains(v)) {
    return criterion == AdjustmentCriterion::kBackDoor
               ? fmt::format("{} is a consequence of {}", name, from)
               : name;
  }
  if (graph.descendants(p.outcome).contains(v)) {
    return fmt::format("{} is a consequence of {}", name, to);
  }
  const NodeSet above = graph.ancestors(NodeSet{v}) & p.on_causal_paths;
  return fmt::format("{} is a consequence of {}, which lies on a causal path from {} to {}", name,
                     graph.name(above.first()), from, to);
}

std::string path_sentence(const OpenPath& open) {
  std::string out = fmt::format("the path {} is open", open.text);
  if (open.colliders.size() == 1) {
    out += fmt::format(": conditioning opened it at {}", open.colliders.front());
  } else if (!open.colliders.empty()) {
    out += fmt::format(": conditioning opened it at {}", fmt::join(open.colliders, " and "));
  }
  return out;
}

SeparatorQuery separators_of(const AdjustmentProblem& p) {
  return {.x = p.treatment, .y = p.outcome, .allowed = p.allowed, .required = p.required};
}

// Whether any set is valid; if not, says why in `out`.
bool solvable(const CausalGraph& graph, const AdjustmentProblem& p, AdjustmentSet* out) {
  const SeparatorQuery query = separators_of(p);
  if (detail::canonical_separator(p.non_causal, query)) return true;
  const NodeSet best = p.non_causal.ancestors(p.treatment | p.outcome | p.required) & p.allowed;
  out->open = detail::open_path(p.non_causal, p.treatment, p.outcome, best);
  out->reason = fmt::format(
      "no set of allowed columns identifies the effect of {} by adjustment: {}"
      " whatever is adjusted for",
      effect_of(graph, p), path_sentence(out->open));
  return false;
}

AdjustmentSet found(const CausalGraph& graph, const NodeSet& set, std::string reason) {
  return {.exists = true, .set = graph.names_of(set), .reason = std::move(reason)};
}

bool valid(const AdjustmentProblem& p, const NodeSet& set) {
  return !set.meets(p.forbidden) &&
         detail::are_separated(p.non_causal, p.treatment, p.outcome, set);
}

}  // namespace

AdjustmentVerdict check_adjustment(const CausalGraph& graph, const AdjustmentQuery& query,
                                   std::span<const std::string> set) {
  AdjustmentQuery open_query = query;
  open_query.required.clear();
  const AdjustmentProblem p = detail::adjustment_problem(graph, open_query);
  const NodeSet chosen = graph.set_of(set, "adjustment set");
  detail::require_disjoint(graph, p.treatment, "treatment", chosen, "adjustment set");
  detail::require_disjoint(graph, p.outcome, "outcome", chosen, "adjustment set");
  AdjustmentVerdict out;
  for (const NodeId v : chosen& p.forbidden) {
    out.forbidden.push_back({graph.name(v), why_forbidden(graph, p, query.criterion, v)});
  }
  out.open = detail::open_path(p.non_causal, p.treatment, p.outcome, chosen);
  out.valid = out.forbidden.empty() && out.open.nodes.empty();
  if (out.valid) {
    out.reason = fmt::format(
        "adjusting for {} identifies the effect of {}: it blocks every path that is not causal and "
        "none that is",
        graph.text_of(chosen), effect_of(graph, p));
    return out;
  }
  std::vector<std::string> why;
  for (const ForbiddenNode& node : out.forbidden) why.push_back(node.why);
  if (!out.open.nodes.empty()) why.push_back(path_sentence(out.open));
  out.reason = fmt::format("adjusting for {} does not identify the effect of {}: {}",
                           graph.text_of(chosen), effect_of(graph, p), fmt::join(why, "; "));
  return out;
}

AdjustmentSet canonical_adjustment(const CausalGraph& graph, const AdjustmentQuery& query) {
  const AdjustmentProblem p = detail::adjustment_problem(graph, query);
  AdjustmentSet out;
  if (!solvable(graph, p, &out)) return out;
  return found(graph, *detail::canonical_separator(p.non_causal, separators_of(p)),
               "all allowed causes of treatment and outcome");
}

AdjustmentSet maximal_adjustment(const CausalGraph& graph, const AdjustmentQuery& query) {
  const AdjustmentProblem p = detail::adjustment_problem(graph, query);
  AdjustmentSet out;
  if (!solvable(graph, p, &out)) return out;
  NodeSet set = *detail::canonical_separator(p.non_causal, separators_of(p));
  // A node that would open a path may be harmless once another one is in.
  for (bool grown = true; grown;) {
    grown = false;
    for (const NodeId v : p.allowed - set) {
      if (!valid(p, set | NodeSet{v})) continue;
      set.insert(v);
      grown = true;
    }
  }
  return found(graph, set, "no further allowed column can be added");
}

AdjustmentSet minimal_adjustment(const CausalGraph& graph, const AdjustmentQuery& query,
                                 NearTo near) {
  const AdjustmentProblem p = detail::adjustment_problem(graph, query);
  AdjustmentSet out;
  if (!solvable(graph, p, &out)) return out;
  const SeparatorGraph separators = detail::separator_graph(p.non_causal, separators_of(p));
  const bool outcome = near == NearTo::kOutcome;
  return found(graph, detail::nearest_separator(separators, outcome) | p.required,
               outcome ? "no column can be left out; the least variance among such sets"
                       : "no column can be left out; nearest to the treatment");
}

AdjustmentSets minimal_adjustments(const CausalGraph& graph, const AdjustmentQuery& query,
                                   std::size_t most) {
  const AdjustmentProblem p = detail::adjustment_problem(graph, query);
  AdjustmentSets out;
  AdjustmentSet none;
  if (!solvable(graph, p, &none)) {
    out.reason = std::move(none.reason);
    return out;
  }
  const SeparatorGraph separators = detail::separator_graph(p.non_causal, separators_of(p));
  for (const NodeSet& set : detail::minimal_separators(separators, most, &out.complete)) {
    out.sets.push_back(graph.names_of(set | p.required));
  }
  return out;
}

AdjustmentSet minimum_cost_adjustment(const CausalGraph& graph, const AdjustmentQuery& query,
                                      const std::map<std::string, double>& cost) {
  const AdjustmentProblem p = detail::adjustment_problem(graph, query);
  std::vector<double> costs(kMostNodes, 1.0);
  for (const auto& [name, value] : cost) {
    if (!(value >= 0.0) || !std::isfinite(value)) {
      throw ArgumentError({.what = fmt::format("the cost of '{}' is no cost", name),
                           .where = "cost",
                           .got = format_double(value),
                           .expected = "a finite number that is not negative"});
    }
    costs[graph.id(name, "cost")] = value;
  }
  AdjustmentSet out;
  if (!solvable(graph, p, &out)) return out;
  const SeparatorGraph separators = detail::separator_graph(p.non_causal, separators_of(p));
  return found(graph, detail::cheapest_separator(separators, costs) | p.required,
               "the least total cost; the least variance among such sets");
}

AdjustmentSet optimal_adjustment(const CausalGraph& graph, const AdjustmentQuery& query) {
  AdjustmentQuery complete = query;
  complete.criterion = AdjustmentCriterion::kComplete;
  const AdjustmentProblem p = detail::adjustment_problem(graph, complete);
  AdjustmentSet out;
  if (!solvable(graph, p, &out)) return out;
  const NodeSet untouched = p.outcome - p.on_causal_paths;
  if (!untouched.empty()) {
    out.reason = fmt::format("no causal path leads to {}: by the graph the effect is zero",
                             graph.name(untouched.first()));
    return out;
  }
  // What is left: treatments, outcomes, and what may be adjusted for. No node left descends from
  // an outcome or lies on a causal path, so that an outcome without bidirected edges depends on
  // its parents alone.
  const CausalGraph left = graph.projected(p.treatment | p.outcome | p.allowed);
  NodeSet set;
  for (const NodeId y : p.outcome) {
    const NodeSet tied = left.spouses(y) - p.outcome;
    if (!tied.empty()) {
      out.reason = fmt::format(
          "no set is known to have the least variance on every distribution: {} and {} share a "
          "cause that can't be adjusted for",
          graph.name(tied.first()), graph.name(y));
      return out;
    }
    set |= left.parents(y);
  }
  set -= p.treatment | p.outcome;
  set |= p.required;
  if (!valid(p, set)) {
    out.reason = "no set is known to have the least variance on every distribution";
    return out;
  }
  return found(graph, set, "the least variance of all valid sets");
}

}  // namespace impact
