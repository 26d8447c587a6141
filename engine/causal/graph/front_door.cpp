#include "engine/causal/graph/front_door.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "engine/causal/graph/separation.h"

namespace impact {
namespace {

struct Problem {
  NodeSet x = {};
  NodeSet y = {};
  NodeSet allowed = {};
  NodeSet required = {};
};

Problem problem_of(const CausalGraph& graph, const AdjustmentQuery& query) {
  AdjustmentQuery plain = query;
  plain.required.clear();
  const detail::AdjustmentProblem p = detail::adjustment_problem(graph, plain);
  Problem out{.x = p.treatment, .y = p.outcome};
  out.required = graph.set_of(query.required, "required");
  detail::require_disjoint(graph, out.x | out.y, "treatment or outcome", out.required, "required");
  out.allowed = graph.observed();
  if (query.allowed) out.allowed &= graph.set_of(*query.allowed, "allowed");
  out.allowed = (out.allowed | (out.required & graph.observed())) - out.x - out.y;
  return out;
}

// The members that break the third condition: in the graph without edges out of the set, a path
// from them to y is open given x. Another member on it would be a collider without descendants.
NodeSet leaking(const CausalGraph& graph, const Problem& p, const NodeSet& set) {
  return detail::connected(graph.without_edges_out_of(set), p.y, p.x) & set;
}

bool intercepts(const CausalGraph& graph, const Problem& p, const NodeSet& set) {
  return !graph.induced(graph.all() - set).descendants(p.x).meets(p.y);
}

// The largest set between `required` and `allowed`. What an open path into x leads to can be in
// none; what leaks from a set leaks from every smaller set that it is in. So take such nodes out
// until none is left.
std::optional<NodeSet> largest(const CausalGraph& graph, const Problem& p, const NodeSet& allowed,
                               const NodeSet& required) {
  NodeSet set = allowed - detail::connected(graph.without_edges_out_of(p.x), p.x, {});
  for (NodeSet out = leaking(graph, p, set); !out.empty(); out = leaking(graph, p, set)) set -= out;
  if (!required.within(set) || !intercepts(graph, p, set)) return std::nullopt;
  return set;
}

OpenPath around(const CausalGraph& graph, const Problem& p, const NodeSet& set) {
  return detail::directed_path(graph.induced(graph.all() - set), p.x, p.y);
}

FrontDoorVerdict judge(const CausalGraph& graph, const Problem& p, const NodeSet& set) {
  FrontDoorVerdict out;
  const std::string name = graph.text_of(set);
  out.open = around(graph, p, set);
  if (!out.open.nodes.empty()) {
    out.reason = fmt::format("{} is no front door: the causal path {} does not go through it", name,
                             out.open.text);
    return out;
  }
  out.open = detail::open_path(graph.without_edges_out_of(p.x), p.x, set, {});
  if (!out.open.nodes.empty()) {
    out.reason = fmt::format("{} is no front door: {} and {} are confounded along {}", name,
                             out.open.nodes.front(), out.open.nodes.back(), out.open.text);
    return out;
  }
  out.open = detail::open_path(graph.without_edges_out_of(set), set, p.y, p.x);
  if (!out.open.nodes.empty()) {
    out.reason = fmt::format(
        "{} is no front door: {} and {} are confounded along {}, which {} "
        "does not block",
        name, out.open.nodes.front(), out.open.nodes.back(), out.open.text,
        fmt::join(graph.names_of(p.x), ", "));
    return out;
  }
  out.valid = true;
  out.reason =
      fmt::format("{} carries the whole effect of {} on {} and is confounded with neither", name,
                  fmt::join(graph.names_of(p.x), ", "), fmt::join(graph.names_of(p.y), ", "));
  return out;
}

// Why nothing allowed is a front door: what is wrong with the most that might be one.
AdjustmentSet no_front_door(const CausalGraph& graph, const Problem& p) {
  NodeSet set = p.allowed - detail::connected(graph.without_edges_out_of(p.x), p.x, {});
  if (intercepts(graph, p, set)) {
    for (NodeSet out = leaking(graph, p, set); !out.empty(); out = leaking(graph, p, set)) {
      set -= out;
    }
  }
  AdjustmentSet out;
  out.open = around(graph, p, set);
  out.reason =
      out.open.nodes.empty()
          ? "no front door: a required node is confounded with treatment or outcome"
          : fmt::format(
                "no front door: nothing allowed and unconfounded lies on the causal path {}",
                out.open.text);
  return out;
}

AdjustmentSet answer(const CausalGraph& graph, const Problem& p, const NodeSet& set) {
  return {.exists = true, .set = graph.names_of(set), .reason = judge(graph, p, set).reason};
}

}  // namespace

FrontDoorVerdict check_front_door(const CausalGraph& graph, const AdjustmentQuery& query,
                                  std::span<const std::string> set) {
  const Problem p = problem_of(graph, query);
  const NodeSet chosen = graph.set_of(set, "front door");
  detail::require_disjoint(graph, p.x | p.y, "treatment or outcome", chosen, "front door");
  return judge(graph, p, chosen);
}

AdjustmentSet maximal_front_door(const CausalGraph& graph, const AdjustmentQuery& query) {
  const Problem p = problem_of(graph, query);
  const auto set = largest(graph, p, p.allowed, p.required);
  return set ? answer(graph, p, *set) : no_front_door(graph, p);
}

// While a set exists without a node, do without it. When no node can be spared the largest set is
// the only one.
AdjustmentSet minimal_front_door(const CausalGraph& graph, const AdjustmentQuery& query) {
  const Problem p = problem_of(graph, query);
  auto set = largest(graph, p, p.allowed, p.required);
  if (!set) return no_front_door(graph, p);
  const NodeSet candidates = *set - p.required;
  for (const NodeId v : candidates) {
    if (!set->contains(v)) continue;
    if (const auto without = largest(graph, p, *set - NodeSet{v}, p.required)) set = without;
  }
  return answer(graph, p, *set);
}

// Every question is split in two: the sets without its first free node, and those with it. A branch
// is followed only if it holds a set.
AdjustmentSets front_doors(const CausalGraph& graph, const AdjustmentQuery& query,
                           std::size_t most) {
  const Problem p = problem_of(graph, query);
  AdjustmentSets out;
  struct Branch {
    NodeSet allowed = {};
    NodeSet required = {};
  };
  std::vector<Branch> waiting;
  std::vector<NodeSet> sets;
  if (largest(graph, p, p.allowed, p.required)) waiting.push_back({p.allowed, p.required});
  while (!waiting.empty()) {
    if (sets.size() == most) {
      out.complete = false;
      break;
    }
    const Branch at = waiting.back();
    waiting.pop_back();
    const NodeSet choice = *largest(graph, p, at.allowed, at.required);
    if (choice == at.required) {
      sets.push_back(choice);
      continue;
    }
    const NodeSet free{(choice - at.required).first()};
    if (largest(graph, p, choice, at.required | free)) {
      waiting.push_back({choice, at.required | free});
    }
    if (largest(graph, p, choice - free, at.required)) {
      waiting.push_back({choice - free, at.required});
    }
  }
  std::ranges::sort(sets, listed_before);
  for (const NodeSet& set : sets) out.sets.push_back(graph.names_of(set));
  if (sets.empty() && out.complete) out.reason = no_front_door(graph, p).reason;
  return out;
}

}  // namespace impact
