#include "engine/causal/graph/assumptions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "engine/causal/graph/adjustment.h"
#include "engine/causal/graph/front_door.h"
#include "engine/causal/graph/instruments.h"
#include "engine/causal/graph/mediation.h"
#include "engine/core/error.h"

namespace impact {
namespace {

// Missing edges that a sentence names before it only counts them.
constexpr std::size_t kNamedEdges = 8;

std::string list(const NodeNames& names) { return fmt::format("{}", fmt::join(names, ", ")); }

const std::string& only(const NodeNames& names, const char* where) {
  if (names.size() == 1) return names.front();
  throw ArgumentError({.what = fmt::format("this strategy takes one {}", where),
                       .where = where,
                       .got = fmt::format("{}", names.size()),
                       .expected = "1"});
}

bool supports(const CausalGraph& graph, const StrategyChoice& c) {
  const AdjustmentQuery query{.treatment = c.treatment, .outcome = c.outcome};
  switch (c.strategy) {
    case IdentificationStrategy::kAdjustment: return check_adjustment(graph, query, c.set).valid;
    case IdentificationStrategy::kFrontDoor: return check_front_door(graph, query, c.set).valid;
    case IdentificationStrategy::kInstrument:
      return check_instrument(graph,
                              {.treatment = only(c.treatment, "treatment"),
                               .outcome = only(c.outcome, "outcome")},
                              only(c.set, "instrument"), c.given)
          .valid;
    case IdentificationStrategy::kMediation: break;
  }
  return check_mediation(graph,
                         {.treatment = only(c.treatment, "treatment"),
                          .outcome = only(c.outcome, "outcome"),
                          .mediators = c.set},
                         c.given)
      .identified;
}

std::string held(const NodeNames& names) {
  return names.empty()
             ? ""
             : fmt::format(" once {} {} held", list(names), names.size() == 1 ? "is" : "are");
}

std::vector<std::string> sentences_of(const StrategyChoice& c) {
  const std::string x = list(c.treatment);
  const std::string y = list(c.outcome);
  const std::string set = list(c.set);
  std::vector<std::string> out;
  const auto add = [&out](std::string sentence) { out.push_back(std::move(sentence)); };
  switch (c.strategy) {
    case IdentificationStrategy::kAdjustment:
      add(c.set.empty()
              ? fmt::format("{} and {} have no common cause.", x, y)
              : fmt::format("No common cause of {} and {} is left{}.", x, y, held(c.set)));
      if (!c.set.empty()) {
        add(fmt::format("None of {} is a consequence of {} on the way to {}.", set, x, y));
        add(fmt::format("Every value of {} occurs at every combination of {} (positivity).", x,
                        set));
      }
      break;
    case IdentificationStrategy::kFrontDoor:
      add(fmt::format("{} affects {} through {} only.", x, y, set));
      add(fmt::format("{} and {} have no common cause.", x, set));
      add(fmt::format("Whatever causes both {} and {} does so through {}.", set, y, x));
      add(fmt::format("Every value of {} occurs at every value of {} (positivity).", set, x));
      break;
    case IdentificationStrategy::kInstrument:
      add(fmt::format("{} and {} are associated{}.", set, x, held(c.given)));
      add(fmt::format("{} affects {} through {} only.", set, y, x));
      add(fmt::format("{} and {} have no common cause{}.", set, y,
                      c.given.empty() ? "" : fmt::format(" that is left{}", held(c.given))));
      add(
          fmt::format("The effect of {} is linear and the same for everyone; or {} moves {} in one "
                      "direction only, and the effect is that on those it moves.",
                      x, set, x));
      break;
    case IdentificationStrategy::kMediation:
      add(fmt::format("{} shares no cause with {} or {} that is left{}.", x, set, y,
                      held(c.given)));
      add(fmt::format("{} and {} share no cause but {}{}, and none that {} affects.", set, y, x,
                      held(c.given), x));
      add(
          fmt::format("This holds across worlds: for the outcome under one value of {} and {} as "
                      "under another. No experiment can test it.",
                      x, set));
      add(fmt::format(
          "Every value of {} and of {} occurs{} (positivity).", x, set,
          c.given.empty() ? "" : fmt::format(" at every combination of {}", list(c.given))));
  }
  add(
      fmt::format("A unit's outcome depends on its own {} only, and {} means one thing "
                  "(no interference, consistency).",
                  x, x));
  return out;
}

std::string edge_sentence(const std::vector<CausalEdge>& absent) {
  std::vector<std::string> named;
  for (const CausalEdge& edge : absent) {
    if (named.size() == kNamedEdges) break;
    named.push_back(edge.kind == EdgeKind::kDirected
                        ? fmt::format("{} -> {}", edge.from, edge.to)
                        : fmt::format("{} <-> {}", edge.from, edge.to));
  }
  std::string out = fmt::format("It rests on the absence of {}", fmt::join(named, ", "));
  if (absent.size() > named.size()) {
    out += fmt::format(" and {} further edges", absent.size() - named.size());
  }
  return out + ".";
}

}  // namespace

Assumptions state_assumptions(const CausalGraph& full, const StrategyChoice& choice) {
  Assumptions out;
  out.holds = supports(full, choice);
  out.sentences = sentences_of(choice);
  if (!out.holds) return out;
  NodeSet shown = full.observed();
  for (const NodeNames* names : {&choice.treatment, &choice.outcome, &choice.set, &choice.given}) {
    shown |= full.set_of(*names, "strategy");
  }
  const CausalGraph graph = full.projected(shown);
  const auto matters = [&](NodeId a, NodeId b, EdgeKind kind) {
    if (!supports(graph.with_edge(a, b, kind), choice)) {
      out.absent.push_back({graph.name(a), graph.name(b), kind});
    }
  };
  for (const NodeId a : graph.all()) {
    const NodeSet above = graph.ancestors(NodeSet{a});
    for (const NodeId b : graph.all() - above - graph.children(a)) {
      matters(a, b, EdgeKind::kDirected);
    }
  }
  for (const NodeId a : graph.all()) {
    for (const NodeId b : graph.all() - graph.spouses(a)) {
      if (a < b) matters(a, b, EdgeKind::kBidirected);
    }
  }
  if (!out.absent.empty()) out.sentences.push_back(edge_sentence(out.absent));
  return out;
}

}  // namespace impact
