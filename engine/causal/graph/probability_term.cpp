#include "engine/causal/graph/probability_term.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/causal/graph/separation.h"

namespace impact::detail {
namespace {

using Term = ProbabilityTerm;
using Terms = std::vector<ProbabilityTerm>;

bool is_one(const Term& term) { return term.kind == FormulaKind::kProduct && term.parts.empty(); }

Terms factors_of(const Term& term) {
  if (term.kind == FormulaKind::kProduct) return term.parts;
  return {term};
}

// Independence of sets, empty ones included.
bool independent(const CausalGraph& graph, const NodeSet& a, const NodeSet& b,
                 const NodeSet& given) {
  return a.empty() || b.empty() || are_separated(graph, a, b - a, given - a - b);
}

// sum_v P(v | C) P(A | v, D) as one probability, where the independences hold.
std::optional<Term> chained(const CausalGraph& graph, NodeId v, const Term& of_v,
                            const Term& on_v) {
  if (of_v.of != NodeSet{v} || !on_v.given.contains(v)) return std::nullopt;
  const NodeSet& c = of_v.given;
  const NodeSet d = on_v.given - NodeSet{v};
  if (on_v.of.meets(c)) return std::nullopt;
  if (!independent(graph, NodeSet{v}, d - c, c)) return std::nullopt;
  if (!independent(graph, on_v.of, c - d, d | NodeSet{v})) return std::nullopt;
  // What then no longer matters goes.
  NodeSet given = c | d;
  for (const NodeId w : c | d) {
    const NodeSet others = given - NodeSet{w};
    if (independent(graph, on_v.of, NodeSet{w}, others)) given = others;
  }
  return probability(on_v.of, given);
}

// One variable of a sum less, if a rule applies.
bool sum_out(const CausalGraph& graph, NodeId v, Terms* factors) {
  std::vector<std::size_t> with;
  for (std::size_t i = 0; i < factors->size(); ++i) {
    if (free_nodes((*factors)[i]).contains(v)) with.push_back(i);
  }
  const auto is_probability = [&](std::size_t i) {
    return (*factors)[i].kind == FormulaKind::kProbability;
  };
  if (with.size() == 1 && is_probability(with[0]) && (*factors)[with[0]].of.contains(v)) {
    Term& term = (*factors)[with[0]];
    term.of.erase(v);
    if (term.of.empty()) factors->erase(factors->begin() + static_cast<std::ptrdiff_t>(with[0]));
    return true;
  }
  if (with.size() != 2 || !is_probability(with[0]) || !is_probability(with[1])) return false;
  for (const auto& [one, other] : {std::pair(with[0], with[1]), std::pair(with[1], with[0])}) {
    const auto merged = chained(graph, v, (*factors)[one], (*factors)[other]);
    if (!merged) continue;
    (*factors)[other] = *merged;
    factors->erase(factors->begin() + static_cast<std::ptrdiff_t>(one));
    return true;
  }
  return false;
}

Term simplified_sum(const CausalGraph& graph, NodeSet over, const Term& inner) {
  Terms factors = factors_of(inner);
  // A sum within the sum joins it, unless its variable has a meaning of its own here.
  if (factors.size() == 1 && factors[0].kind == FormulaKind::kSum && !factors[0].of.meets(over)) {
    return simplified_sum(graph, over | factors[0].of, Term(factors[0].parts[0]));
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const NodeId v : over) {
      if (!sum_out(graph, v, &factors)) continue;
      over.erase(v);
      changed = true;
    }
  }
  Terms outside;
  Terms inside;
  for (Term& factor : factors) {
    (free_nodes(factor).meets(over) ? inside : outside).push_back(std::move(factor));
  }
  if (!over.empty()) outside.push_back(sum_over(over, product(std::move(inside))));
  return product(std::move(outside));
}

Term simplified_quotient(const Term& above, const Term& below) {
  Terms up = factors_of(above);
  Terms down;
  for (Term& factor : factors_of(below)) {
    const auto same = std::ranges::find(up, factor);
    if (same != up.end()) {
      up.erase(same);
    } else {
      down.push_back(std::move(factor));
    }
  }
  for (auto below_at = down.begin(); below_at != down.end();) {
    const auto joint = std::ranges::find_if(up, [&](const Term& t) {
      return t.kind == FormulaKind::kProbability && below_at->kind == FormulaKind::kProbability &&
             t.given == below_at->given && below_at->of.within(t.of);
    });
    if (joint == up.end()) {
      ++below_at;
      continue;
    }
    joint->of -= below_at->of;
    joint->given |= below_at->of;
    below_at = down.erase(below_at);
  }
  if (down.empty()) return product(std::move(up));
  return quotient(product(std::move(up)), product(std::move(down)));
}

}  // namespace

NodeSet free_nodes(const Term& term) {
  NodeSet out = term.kind == FormulaKind::kProbability ? term.of | term.given : NodeSet{};
  for (const Term& part : term.parts) out |= free_nodes(part);
  return term.kind == FormulaKind::kSum ? out - term.of : out;
}

ProbabilityTerm probability(const NodeSet& of, const NodeSet& given) {
  if (of.empty()) return {};
  return {.kind = FormulaKind::kProbability, .of = of, .given = given};
}

ProbabilityTerm product(std::vector<ProbabilityTerm> parts) {
  Terms flat;
  for (Term& part : parts) {
    if (part.kind == FormulaKind::kProduct) {
      flat.insert(flat.end(), part.parts.begin(), part.parts.end());
    } else {
      flat.push_back(std::move(part));
    }
  }
  // A sum last needs no brackets.
  std::ranges::stable_partition(flat, [](const Term& t) { return t.kind != FormulaKind::kSum; });
  if (flat.size() == 1) return flat.front();
  return {.kind = FormulaKind::kProduct, .parts = std::move(flat)};
}

ProbabilityTerm sum_over(const NodeSet& of, ProbabilityTerm part) {
  if (of.empty()) return part;
  return {.kind = FormulaKind::kSum, .of = of, .parts = {std::move(part)}};
}

ProbabilityTerm quotient(ProbabilityTerm above, ProbabilityTerm below) {
  if (is_one(below)) return above;
  return {.kind = FormulaKind::kQuotient, .parts = {std::move(above), std::move(below)}};
}

ProbabilityTerm simplified(const CausalGraph& graph, const ProbabilityTerm& term) {
  switch (term.kind) {
    case FormulaKind::kProbability: return term;
    case FormulaKind::kProduct: {
      Terms parts;
      for (const Term& part : term.parts) parts.push_back(simplified(graph, part));
      return product(std::move(parts));
    }
    case FormulaKind::kSum: return simplified_sum(graph, term.of, simplified(graph, term.parts[0]));
    case FormulaKind::kQuotient: break;
  }
  return simplified_quotient(simplified(graph, term.parts[0]), simplified(graph, term.parts[1]));
}

ProbabilityFormula to_formula(const CausalGraph& graph, const std::vector<NodeId>& order,
                              const ProbabilityTerm& term) {
  ProbabilityFormula out;
  out.kind = term.kind;
  for (const NodeId v : order) {
    if (term.of.contains(v)) out.of.push_back(graph.name(v));
    if (term.given.contains(v)) out.given.push_back(graph.name(v));
  }
  for (const Term& part : term.parts) out.parts.push_back(to_formula(graph, order, part));
  return out;
}

}  // namespace impact::detail
