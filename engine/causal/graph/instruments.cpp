#include "engine/causal/graph/instruments.h"

#include <fmt/format.h>

#include "engine/causal/graph/adjustment.h"
#include "engine/causal/graph/separators.h"

namespace impact {
namespace {

struct Problem {
  NodeId x = 0;
  NodeId y = 0;
  NodeSet forbidden = {};
  NodeSet allowed = {};
  CausalGraph cut = {};
};

Problem problem_of(const CausalGraph& graph, const InstrumentQuery& query) {
  const detail::AdjustmentProblem p = detail::adjustment_problem(
      graph,
      {.treatment = {query.treatment}, .outcome = {query.outcome}, .allowed = query.allowed});
  return {.x = p.treatment.first(),
          .y = p.outcome.first(),
          .forbidden = p.forbidden | p.outcome,
          .allowed = p.allowed,
          .cut = p.non_causal};
}

std::string given_text(const CausalGraph& graph, const NodeSet& given) {
  if (given.empty()) return "";
  return fmt::format(" given {}", graph.text_of(given));
}

}  // namespace

InstrumentVerdict check_instrument(const CausalGraph& graph, const InstrumentQuery& query,
                                   const std::string& instrument,
                                   std::span<const std::string> given) {
  const Problem p = problem_of(graph, query);
  const NodeId z = graph.id(instrument, "instrument");
  const NodeSet held = graph.set_of(given, "given");
  const NodeSet ends{p.x, p.y};
  detail::require_disjoint(graph, ends, "treatment or outcome", NodeSet{z}, "instrument");
  detail::require_disjoint(graph, ends, "treatment or outcome", held, "given");
  detail::require_disjoint(graph, NodeSet{z}, "instrument", held, "given");
  InstrumentVerdict out;
  const NodeSet bad = (held | NodeSet{z}) & p.forbidden;
  if (!bad.empty()) {
    out.reason = fmt::format("{} is a consequence of {} on the way to {}", graph.name(bad.first()),
                             query.treatment, query.outcome);
    return out;
  }
  out.open = detail::open_path(p.cut, NodeSet{z}, NodeSet{p.y}, held);
  if (!out.open.nodes.empty()) {
    out.reason =
        fmt::format("{} and {} are associated other than through {}{}: {}", instrument,
                    query.outcome, query.treatment, given_text(graph, held), out.open.text);
    return out;
  }
  if (detail::are_separated(graph, NodeSet{z}, NodeSet{p.x}, held)) {
    out.reason = fmt::format("{} does not move {}{}: no path between them is open", instrument,
                             query.treatment, given_text(graph, held));
    return out;
  }
  out.valid = true;
  out.reason = fmt::format("{} is associated with {}{}, and with {} through it only", instrument,
                           query.treatment, given_text(graph, held), query.outcome);
  return out;
}

std::vector<Instrument> instruments(const CausalGraph& graph, const InstrumentQuery& query) {
  const Problem p = problem_of(graph, query);
  std::vector<Instrument> out;
  for (const NodeId z : p.allowed) {
    const detail::SeparatorQuery ask{
        .x = NodeSet{z}, .y = NodeSet{p.y}, .allowed = p.allowed - NodeSet{z}, .required = {}};
    const detail::SeparatorGraph separators = detail::separator_graph(p.cut, ask);
    if (!separators.separable()) continue;
    const NodeSet given = detail::nearest_separator(separators, true);
    OpenPath path = detail::open_path(graph, NodeSet{z}, NodeSet{p.x}, given);
    if (path.nodes.empty()) continue;
    Instrument found{.name = graph.name(z), .given = graph.names_of(given)};
    found.reason =
        fmt::format("{} is associated with {} along {}{}, and with {} through it only", found.name,
                    query.treatment, path.text, given_text(graph, given), query.outcome);
    found.relevance = std::move(path);
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace impact
