#include "engine/causal/graph/implied_independence.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/causal/graph/separators.h"

namespace impact {
namespace {

Independence statement(const CausalGraph& graph, NodeId a, NodeId b, const NodeSet& given) {
  Independence out{.a = graph.name(a), .b = graph.name(b), .given = graph.names_of(given)};
  out.text = fmt::format("{} _||_ {}", out.a, out.b);
  if (!out.given.empty()) out.text += fmt::format(" | {}", fmt::join(out.given, ", "));
  return out;
}

std::vector<Independence> by_missing_edges(const CausalGraph& graph) {
  std::vector<Independence> out;
  const std::vector<double> cost(kMostNodes, 1.0);
  const NodeSet observed = graph.observed();
  for (const NodeId a : observed) {
    for (const NodeId b : observed) {
      if (b <= a || graph.adjacent(a, b)) continue;
      const NodeSet rest = observed - NodeSet{a, b};
      const detail::SeparatorGraph separators = detail::separator_graph(
          graph, {.x = NodeSet{a}, .y = NodeSet{b}, .allowed = rest, .required = {}});
      if (!separators.separable()) continue;
      out.push_back(statement(graph, a, b, detail::cheapest_separator(separators, cost)));
    }
  }
  return out;
}

std::vector<Independence> by_local_markov(const CausalGraph& full) {
  const CausalGraph graph = full.latent_projection();
  std::vector<Independence> out;
  NodeSet before;
  for (const NodeId v : graph.order()) {
    const NodeSet near = graph.district(v, before | NodeSet{v});
    const NodeSet blanket = (near | graph.parents_of(near)) - NodeSet{v};
    for (const NodeId w : before - blanket) {
      out.push_back(statement(graph, std::min(v, w), std::max(v, w), blanket));
    }
    before.insert(v);
  }
  std::ranges::sort(out, [](const Independence& p, const Independence& q) {
    return p.a != q.a ? p.a < q.a : p.b < q.b;
  });
  return out;
}

}  // namespace

std::vector<Independence> implied_independences(const CausalGraph& graph, IndependenceBasis basis) {
  return basis == IndependenceBasis::kMissingEdges ? by_missing_edges(graph)
                                                   : by_local_markov(graph);
}

}  // namespace impact
