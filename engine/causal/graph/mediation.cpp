#include "engine/causal/graph/mediation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/causal/graph/adjustment.h"
#include "engine/core/error.h"

namespace impact {
namespace {

struct Problem {
  NodeSet x = {};
  NodeSet y = {};
  NodeSet m = {};
  NodeSet allowed = {};       // No consequences of x.
  CausalGraph before_x = {};  // Without edges out of x.
  CausalGraph before_m = {};  // Without edges out of m.
};

Problem problem_of(const CausalGraph& graph, const MediationQuery& query) {
  const detail::AdjustmentProblem p = detail::adjustment_problem(
      graph,
      {.treatment = {query.treatment}, .outcome = {query.outcome}, .allowed = query.allowed});
  Problem out{.x = p.treatment, .y = p.outcome};
  out.m = graph.set_of(query.mediators, "mediators");
  detail::require_disjoint(graph, out.x | out.y, "treatment or outcome", out.m, "mediators");
  if (query.mediators.empty()) out.m = (p.on_causal_paths & graph.observed()) - out.y;
  if (out.m.empty()) {
    throw ArgumentError({.what = fmt::format("no observed node lies between {} and {}",
                                             query.treatment, query.outcome),
                         .where = "mediators",
                         .got = "none",
                         .expected = "an observed node on a causal path"});
  }
  const NodeSet unseen = out.m & graph.hidden();
  if (!unseen.empty()) {
    throw ArgumentError(
        {.what = fmt::format("the mediator '{}' is unobserved", graph.name(unseen.first())),
         .where = "mediators",
         .got = graph.text_of(unseen),
         .expected = "observed nodes"});
  }
  out.allowed = p.allowed - out.m - graph.descendants(out.x);
  out.before_x = graph.without_edges_out_of(out.x);
  out.before_m = graph.without_edges_out_of(out.m);
  return out;
}

bool holds(const Problem& p, const NodeSet& w) {
  return detail::are_separated(p.before_x, p.x, p.m | p.y, w) &&
         detail::are_separated(p.before_m, p.m, p.y, w | p.x);
}

// Consequences of x, not among the mediators, that affect m and affect y around m.
NodeSet recanting_nodes(const CausalGraph& graph, const Problem& p) {
  const NodeSet below = graph.descendants(p.x) - p.x - p.m - p.y;
  return below & graph.ancestors(p.m) & p.before_m.ancestors(p.y);
}

std::string list(const NodeNames& names) { return fmt::format("{}", fmt::join(names, ", ")); }

void write_formulas(const MediationQuery& query, Mediation* out) {
  const std::string m = list(out->mediators);
  const std::string w = list(out->covariates);
  const std::string x = query.treatment;
  const std::string and_w = w.empty() ? "" : fmt::format(", {}", w);
  const std::string of_w = w.empty() ? "" : fmt::format(" P({})", w);
  const std::string over = w.empty() ? m : fmt::format("{}, {}", m, w);
  const std::string y = query.outcome;
  out->direct = fmt::format("sum_{{{}}} [E({} | {}=1, {}{}) - E({} | {}=0, {}{})] P({} | {}=0{}){}",
                            over, y, x, m, and_w, y, x, m, and_w, m, x, and_w, of_w);
  out->indirect = fmt::format("sum_{{{}}} E({} | {}=0, {}{}) [P({} | {}=1{}) - P({} | {}=0{})]{}",
                              over, y, x, m, and_w, m, x, and_w, m, x, and_w, of_w);
}

void explain(const CausalGraph& graph, const MediationQuery& query, const Problem& p,
             const NodeSet& w, Mediation* out) {
  if (out->identified) {
    out->reason =
        fmt::format("given {}, neither {} nor {} shares an unblocked cause with what it affects",
                    graph.text_of(w), query.treatment, list(out->mediators));
    write_formulas(query, out);
    return;
  }
  const NodeSet recanting = recanting_nodes(graph, p);
  out->recanting = graph.names_of(recanting);
  if (!recanting.empty()) {
    out->reason = fmt::format(
        "natural effects through {} are not identified: {} is a consequence of {} and a common "
        "cause of {} and {}; make it a mediator too, or ask for the effect at fixed mediators",
        list(out->mediators), graph.name(recanting.first()), query.treatment, list(out->mediators),
        query.outcome);
    return;
  }
  out->open = detail::open_path(p.before_x, p.x, p.m | p.y, w);
  if (out->open.nodes.empty()) out->open = detail::open_path(p.before_m, p.m, p.y, w | p.x);
  out->reason = fmt::format(
      "natural effects through {} are not identified by adjusting for {}: the path {} is open",
      list(out->mediators), graph.text_of(w), out->open.text);
}

}  // namespace

// If any set meets both separations, all allowed ancestors of treatment, mediators and outcome do:
// these are the ancestors in both graphs. Among ancestors separation is one of undirected graphs,
// so that a set which can spare no single node can spare none at all.
Mediation identify_mediation(const CausalGraph& graph, const MediationQuery& query) {
  const Problem p = problem_of(graph, query);
  Mediation out;
  out.mediators = graph.names_of(p.m);
  NodeSet w = graph.ancestors(p.x | p.m | p.y) & p.allowed;
  out.identified = holds(p, w);
  if (out.identified) {
    for (const NodeId v : NodeSet(w)) {
      if (holds(p, w - NodeSet{v})) w.erase(v);
    }
    out.covariates = graph.names_of(w);
  }
  explain(graph, query, p, w, &out);
  return out;
}

Mediation check_mediation(const CausalGraph& graph, const MediationQuery& query,
                          std::span<const std::string> covariates) {
  const Problem p = problem_of(graph, query);
  const NodeSet w = graph.set_of(covariates, "covariates");
  detail::require_disjoint(graph, p.x | p.y, "treatment or outcome", w, "covariates");
  detail::require_disjoint(graph, p.m, "mediators", w, "covariates");
  Mediation out;
  out.mediators = graph.names_of(p.m);
  out.covariates = graph.names_of(w);
  const NodeSet late = w & graph.descendants(p.x);
  if (!late.empty()) {
    out.reason =
        fmt::format("{} is a consequence of {}", graph.name(late.first()), query.treatment);
    return out;
  }
  out.identified = holds(p, w);
  explain(graph, query, p, w, &out);
  return out;
}

}  // namespace impact
