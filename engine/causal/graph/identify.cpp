#include "engine/causal/graph/identify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/causal/graph/adjustment.h"
#include "engine/causal/graph/front_door.h"
#include "engine/causal/graph/probability_term.h"
#include "engine/causal/graph/separation.h"
#include "engine/core/error.h"

namespace impact {
namespace {

using detail::ProbabilityTerm;

struct FoundHedge {
  NodeSet larger = {};
  NodeSet smaller = {};
};

std::size_t parts_of(const ProbabilityTerm& term) {
  std::size_t count = 1;
  for (const ProbabilityTerm& part : term.parts) count += parts_of(part);
  return count;
}

/// Identifies effects in a graph of observed nodes with bidirected edges.
class Identifier {
 public:
  Identifier(const CausalGraph& graph, bool raw)
      : graph_(graph), order_(graph.order()), raw_(raw) {}

  // P(y | do(x)). With D the ancestors of y once x is out of the graph and D_i its districts,
  //   P(y | do(x)) = sum over D \ y of prod_i Q[D_i],
  // Q[C] the distribution of C under an intervention on everything else. A district S of the graph
  // has Q[S] = prod over v in S of P(v | all before v).
  std::optional<ProbabilityTerm> effect(const NodeSet& x, const NodeSet& y) {
    const NodeSet inside = graph_.ancestors(y);
    const CausalGraph graph = graph_.induced(inside);
    if (!x.meets(inside)) return detail::probability(y, {});
    const NodeSet relevant = graph.induced(inside - x).ancestors(y);
    std::vector<ProbabilityTerm> factors;
    for (const NodeSet& part : graph.districts(relevant)) {
      const NodeSet whole = graph.district(part.first(), inside);
      const auto factor = within(graph, part, whole, observed_factor(graph, whole));
      if (!factor) return std::nullopt;
      factors.push_back(*factor);
    }
    sort_factors(&factors);
    return finished(detail::sum_over(relevant - y, detail::product(std::move(factors))));
  }

  [[nodiscard]] ProbabilityTerm finished(const ProbabilityTerm& term) const {
    return raw_ ? term : detail::simplified(graph_, term);
  }
  [[nodiscard]] const FoundHedge& hedge() const { return hedge_; }
  [[nodiscard]] const std::vector<NodeId>& order() const { return order_; }

 private:
  [[nodiscard]] NodeSet before(const CausalGraph& graph, NodeId v) const {
    NodeSet out;
    for (const NodeId w : order_) {
      if (w == v) break;
      if (graph.all().contains(w)) out.insert(w);
    }
    return out;
  }

  // P(v | all before v); simplified, all that matters of it: with H the district of v among itself
  // and those before, H and its parents.
  ProbabilityTerm observed_factor(const CausalGraph& graph, const NodeSet& district) const {
    std::vector<ProbabilityTerm> factors;
    for (const NodeId v : order_) {
      if (!district.contains(v)) continue;
      NodeSet given = before(graph, v);
      if (!raw_) {
        const NodeSet near = graph.district(v, given | NodeSet{v});
        given = (near | graph.parents_of(near)) - NodeSet{v};
      }
      factors.push_back(detail::probability(NodeSet{v}, given));
    }
    return detail::product(std::move(factors));
  }

  // Q[part] from Q[whole], part within whole, both linked by bidirected edges. With A the ancestors
  // of `part` in the subgraph on `whole`, Q[A] = sum over whole \ A of Q[whole];
  //   A = part: that is it;  A = whole: a hedge;
  //   else go on within the district T of part in the subgraph on A, for which
  //   Q[T] = prod over v in T of Q[A up to v] / Q[A before v].
  std::optional<ProbabilityTerm> within(const CausalGraph& graph, const NodeSet& part,
                                        const NodeSet& whole, const ProbabilityTerm& q) {
    const NodeSet causes = graph.induced(whole).ancestors(part);
    if (causes == part) return finished(detail::sum_over(whole - part, q));
    if (causes == whole) {
      hedge_ = {whole, part};
      return std::nullopt;
    }
    const ProbabilityTerm of_causes = finished(detail::sum_over(whole - causes, q));
    const NodeSet next = graph.district(part.first(), causes);
    std::vector<ProbabilityTerm> factors;
    NodeSet later = causes;
    for (const NodeId v : order_) {
      if (!causes.contains(v)) continue;
      const NodeSet from_here = later;
      later.erase(v);
      if (!next.contains(v)) continue;
      const ProbabilityTerm up_to = finished(detail::sum_over(later, of_causes));
      const ProbabilityTerm up_before = finished(detail::sum_over(from_here, of_causes));
      factors.push_back(from_here == causes ? up_to : finished(detail::quotient(up_to, up_before)));
    }
    const ProbabilityTerm of_next = detail::product(std::move(factors));
    if (parts_of(of_next) > kMostFormulaParts) {
      throw ResourceError({.what = "the formula of this effect is too long to be written",
                           .where = "identify_effect",
                           .got = fmt::format("more than {} parts", kMostFormulaParts),
                           .hint = "the effect is identified up to here; a graph with fewer hidden "
                                   "common causes or fewer nodes has a shorter formula"});
    }
    return within(graph, part, next, of_next);
  }

  // Factors of one variable in causal order, others behind.
  void sort_factors(std::vector<ProbabilityTerm>* factors) const {
    const ProbabilityTerm all = detail::product(std::move(*factors));
    std::vector<ProbabilityTerm> flat =
        all.kind == FormulaKind::kProduct ? all.parts : std::vector<ProbabilityTerm>{all};
    const auto place = [this](const ProbabilityTerm& term) {
      if (term.kind != FormulaKind::kProbability) return order_.size();
      const auto at =
          std::ranges::find_if(order_, [&term](NodeId v) { return term.of.contains(v); });
      return static_cast<std::size_t>(at - order_.begin());
    };
    std::ranges::stable_sort(flat, {}, place);
    *factors = std::move(flat);
  }

  CausalGraph graph_;
  std::vector<NodeId> order_;
  bool raw_;
  FoundHedge hedge_;
};

struct Sets {
  NodeSet y = {};
  NodeSet x = {};
  NodeSet z = {};
};

Sets sets_of(const CausalGraph& graph, const InterventionQuery& query) {
  const Sets out{.y = graph.set_of(query.outcome, "outcome"),
                 .x = graph.set_of(query.treatment, "treatment"),
                 .z = graph.set_of(query.given, "given")};
  detail::require_disjoint(graph, out.y, "outcome", out.x, "treatment");
  detail::require_disjoint(graph, out.y, "outcome", out.z, "given");
  detail::require_disjoint(graph, out.x, "treatment", out.z, "given");
  if (out.y.empty()) {
    throw ArgumentError({.what = "a query needs an outcome",
                         .where = "outcome",
                         .got = "no node",
                         .expected = "at least one"});
  }
  const NodeSet unseen = (out.y | out.x | out.z) & graph.hidden();
  if (!unseen.empty()) {
    throw ArgumentError({.what = fmt::format("'{}' is unobserved", graph.name(unseen.first())),
                         .where = "query",
                         .got = graph.text_of(unseen),
                         .expected = "observed nodes"});
  }
  return out;
}

std::string query_text(const CausalGraph& graph, const Sets& sets, bool latex) {
  const auto list = [&](const NodeSet& set) {
    if (!latex) return fmt::format("{}", fmt::join(graph.names_of(set), ", "));
    // The one place that knows how names are set.
    const std::string all =
        formula_latex({.kind = FormulaKind::kProbability, .of = graph.names_of(set)});
    return all.substr(2, all.size() - 3);
  };
  std::string out = "P(";
  out += list(sets.y);
  if (!(sets.x | sets.z).empty()) out += latex ? " \\mid " : " | ";
  if (!sets.x.empty()) {
    out += latex ? "\\text{do}(" : "do(";
    out += list(sets.x);
    out += ')';
    if (!sets.z.empty()) out += ", ";
  }
  out += list(sets.z);
  out += ')';
  return out;
}

struct Answer {
  ProbabilityTerm term = {};
  std::string method = {};
  std::string reason = {};
};

// The short ways: adjustment and front door.
std::optional<Answer> short_answer(const CausalGraph& graph, const Sets& sets) {
  const AdjustmentQuery query{.treatment = graph.names_of(sets.x),
                              .outcome = graph.names_of(sets.y)};
  const AdjustmentSet adjusted = minimal_adjustment(graph, query);
  if (adjusted.exists) {
    const NodeSet z = graph.set_of(adjusted.set, "adjustment set");
    std::vector<ProbabilityTerm> factors{detail::probability(z, {}),
                                         detail::probability(sets.y, sets.x | z)};
    const ProbabilityTerm term = detail::sum_over(z, detail::product(std::move(factors)));
    if (z.empty()) return Answer{term, "no confounding", "no path but the causal ones is open"};
    return Answer{
        term, "adjustment",
        fmt::format("adjusting for {} blocks every path that is not causal", graph.text_of(z))};
  }
  const AdjustmentSet door = minimal_front_door(graph, query);
  if (!door.exists) return std::nullopt;
  const NodeSet z = graph.set_of(door.set, "front door");
  std::vector<ProbabilityTerm> inner{detail::probability(sets.x, {}),
                                     detail::probability(sets.y, sets.x | z)};
  std::vector<ProbabilityTerm> outer{detail::probability(z, sets.x),
                                     detail::sum_over(sets.x, detail::product(std::move(inner)))};
  return Answer{detail::sum_over(z, detail::product(std::move(outer))), "front door", door.reason};
}

void explain_hedge(const CausalGraph& graph, const FoundHedge& hedge, Identification* out) {
  out->hedge.larger = graph.names_of(hedge.larger);
  out->hedge.smaller = graph.names_of(hedge.smaller);
  std::vector<std::string> links;
  for (const CausalEdge& edge : graph.induced(hedge.larger).edges()) {
    if (edge.kind != EdgeKind::kBidirected) continue;
    out->hedge.hidden_links.push_back(edge);
    links.push_back(fmt::format("{} <-> {}", edge.from, edge.to));
  }
  out->reason = fmt::format(
      "{} can't be computed from what is observed: hidden common causes ({}) link all of {}, and "
      "{} within it without the treatment, so that models which agree on all data can differ in the"
      " effect",
      out->query, fmt::join(links, ", "), graph.text_of(hedge.larger),
      graph.text_of(hedge.smaller));
}

}  // namespace

Identification identify_effect(const CausalGraph& full, const InterventionQuery& query,
                               FormulaStyle style) {
  const Sets asked = sets_of(full, query);
  const CausalGraph graph = full.latent_projection();
  Identification out;
  out.query = query_text(graph, asked, false);
  // A condition that neither mediates nor is confounded, once the others and the treatment are
  // held, may as well be set: rule 2 of the do-calculus.
  Sets sets = asked;
  for (bool moved = true; moved;) {
    moved = false;
    for (const NodeId v : sets.z) {
      const NodeSet others = sets.z - NodeSet{v};
      const CausalGraph cut = graph.without_edges_into(sets.x).without_edges_out_of(NodeSet{v});
      if (!detail::are_separated(cut, sets.y, NodeSet{v}, sets.x | others)) continue;
      sets.z = others;
      sets.x.insert(v);
      moved = true;
      break;
    }
  }
  Identifier identifier(graph, style == FormulaStyle::kRaw);
  std::optional<Answer> answer;
  const NodeSet affecting = graph.without_edges_into(sets.x).ancestors(sets.y) & sets.x;
  if (sets.z.empty() && affecting.empty() && style != FormulaStyle::kRaw) {
    answer = Answer{detail::probability(sets.y, {}), "no effect",
                    asked.x.empty() ? "nothing is intervened on"
                                    : "no causal path leads from the treatment to the outcome"};
  } else if (sets.z.empty() && style == FormulaStyle::kShortest) {
    Sets needed = sets;
    needed.x = affecting;
    answer = short_answer(graph, needed);
  }
  if (!answer) {
    if (const auto joint = identifier.effect(sets.x, sets.y | sets.z)) {
      answer = Answer{*joint, "c-components",
                      "the hidden common causes leave the factors of the intervened distribution "
                      "computable one by one"};
      if (!sets.z.empty()) {
        answer->term = identifier.finished(
            detail::quotient(*joint, identifier.finished(detail::sum_over(sets.y, *joint))));
      }
    }
  }
  if (!answer) {
    explain_hedge(graph, identifier.hedge(), &out);
    return out;
  }
  // A factor may be written with parents on whose values the whole does not depend. Any value would
  // do; their average uses all of the data.
  const NodeSet stray = detail::free_nodes(answer->term) - sets.x - sets.y - sets.z;
  if (!stray.empty() && style != FormulaStyle::kRaw) {
    answer->term =
        detail::sum_over(stray, detail::product({detail::probability(stray, {}), answer->term}));
  }
  out.identified = true;
  out.method = answer->method;
  out.reason = answer->reason;
  out.formula = detail::to_formula(graph, identifier.order(), answer->term);
  out.text = fmt::format("{} = {}", out.query, formula_text(out.formula));
  out.latex = fmt::format("{} = {}", query_text(graph, asked, true), formula_latex(out.formula));
  return out;
}

}  // namespace impact
