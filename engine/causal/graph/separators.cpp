#include "engine/causal/graph/separators.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <set>
#include <utility>

#include "engine/causal/graph/separation.h"

namespace impact::detail {
namespace {

// Nodes of `inside` that a path within `inside` joins to `start`, which is in it.
NodeSet component(const std::vector<NodeSet>& near, NodeId start, const NodeSet& inside) {
  NodeSet set{start};
  for (NodeSet fresh = set; !fresh.empty();) {
    NodeSet more;
    for (const NodeId v : fresh) more |= near[v];
    fresh = (more & inside) - set;
    set |= fresh;
  }
  return set;
}

NodeSet neighbours_of(const std::vector<NodeSet>& near, const NodeSet& set) {
  NodeSet out;
  for (const NodeId v : set) out |= near[v];
  return out - set;
}

// The minimal separator just outside `side`, which holds `from` and no neighbour of `to`: those
// neighbours of it that `to` still reaches.
NodeSet close_to(const SeparatorGraph& graph, const NodeSet& side, NodeId to) {
  const NodeSet border = neighbours_of(graph.neighbours, side);
  return neighbours_of(graph.neighbours,
                       component(graph.neighbours, to, graph.nodes - side - border));
}

}  // namespace

std::optional<NodeSet> canonical_separator(const CausalGraph& graph, const SeparatorQuery& query) {
  const NodeSet set = graph.ancestors(query.x | query.y | query.required) & query.allowed;
  if (!are_separated(graph, query.x, query.y, set)) return std::nullopt;
  return set;
}

SeparatorGraph separator_graph(const CausalGraph& graph, const SeparatorQuery& query) {
  const NodeSet inside = graph.ancestors(query.x | query.y | query.required);
  std::vector<NodeSet> near = moral_graph(graph, inside);
  SeparatorGraph out;
  out.source = query.x.first();
  out.target = query.y.first();
  out.required = query.required;
  const NodeSet choice = (query.allowed & inside) - query.required;
  out.nodes = choice | NodeSet{out.source, out.target};
  // x and y each become one node.
  const auto merge = [&](const NodeSet& set, NodeId into) {
    for (const NodeId v : set) {
      for (const NodeId w : near[v] - set) {
        near[w].insert(into);
        near[into].insert(w);
      }
    }
    near[into] -= set;
  };
  merge(query.x, out.source);
  merge(query.y, out.target);
  const NodeSet kept = (inside - query.required - (query.x | query.y)) | out.nodes;
  for (const NodeId v : kept) near[v] &= kept;
  for (const NodeId u : kept - out.nodes) {
    for (const NodeId v : near[u]) {
      near[v] |= near[u];
      near[v].erase(v);
      near[v].erase(u);
    }
    near[u] = {};
  }
  out.neighbours = std::move(near);
  return out;
}

NodeSet nearest_separator(const SeparatorGraph& graph, bool to_target) {
  const NodeId from = to_target ? graph.target : graph.source;
  return close_to(graph, NodeSet{from}, to_target ? graph.source : graph.target);
}

// From the separator nearest to the source on: taking one of its nodes over to the source's side
// gives the next ones. Every minimal separator T is reached: while the side of the source is not
// that of T, one of the separator's nodes lies on T's side, and taking it keeps within that side.
std::vector<NodeSet> minimal_separators(const SeparatorGraph& graph, std::size_t most,
                                        bool* complete) {
  std::vector<NodeSet> out;
  *complete = true;
  if (!graph.separable()) return out;
  const auto later = [](const NodeSet& a, const NodeSet& b) { return listed_before(b, a); };
  std::priority_queue<NodeSet, std::vector<NodeSet>, decltype(later)> waiting(later);
  std::set<NodeSet> seen;
  const auto found = [&](const NodeSet& set) {
    if (seen.insert(set).second) waiting.push(set);
  };
  found(nearest_separator(graph, false));
  while (!waiting.empty()) {
    if (out.size() == most) {
      *complete = false;
      break;
    }
    const NodeSet set = waiting.top();
    waiting.pop();
    out.push_back(set);
    const NodeSet side = component(graph.neighbours, graph.source, graph.nodes - set);
    for (const NodeId v : set) {
      if (graph.neighbours[v].contains(graph.target)) continue;
      NodeSet more = side;
      more.insert(v);
      found(close_to(graph, more, graph.target));
    }
  }
  std::ranges::sort(out, listed_before);
  return out;
}

namespace {

/// Maximal flow; nodes split in two, 2v where flow enters and 2v + 1 where it leaves.
class Flow {
 public:
  explicit Flow(std::size_t size) : out_(size) {}

  void add(std::size_t from, std::size_t to, double capacity) {
    out_[from].push_back(arcs_.size());
    arcs_.push_back({to, capacity});
    out_[to].push_back(arcs_.size());
    arcs_.push_back({from, 0.0});
  }

  void run(std::size_t source, std::size_t target) {
    while (layer(source, target)) {
      next_.assign(out_.size(), 0);
      while (push(source, target, std::numeric_limits<double>::infinity()) > 0.0) {
      }
    }
  }

  // Nodes that can still send something to `target`.
  [[nodiscard]] std::vector<bool> reaching(std::size_t target) const {
    std::vector<bool> seen(out_.size(), false);
    std::vector<std::size_t> walk{target};
    seen[target] = true;
    while (!walk.empty()) {
      const std::size_t at = walk.back();
      walk.pop_back();
      for (const std::size_t a : out_[at]) {
        const std::size_t from = arcs_[a].to;
        if (seen[from] || !(arcs_[a ^ 1U].left > 0.0)) continue;
        seen[from] = true;
        walk.push_back(from);
      }
    }
    return seen;
  }

 private:
  struct Arc {
    std::size_t to = 0;
    double left = 0.0;
  };

  bool layer(std::size_t source, std::size_t target) {
    depth_.assign(out_.size(), -1);
    depth_[source] = 0;
    std::vector<std::size_t> walk{source};
    for (std::size_t i = 0; i < walk.size(); ++i) {
      for (const std::size_t a : out_[walk[i]]) {
        if (!(arcs_[a].left > 0.0) || depth_[arcs_[a].to] >= 0) continue;
        depth_[arcs_[a].to] = depth_[walk[i]] + 1;
        walk.push_back(arcs_[a].to);
      }
    }
    return depth_[target] >= 0;
  }

  double push(std::size_t at, std::size_t target, double most) {
    if (at == target) return most;
    for (std::size_t& i = next_[at]; i < out_[at].size(); ++i) {
      Arc& arc = arcs_[out_[at][i]];
      if (!(arc.left > 0.0) || depth_[arc.to] != depth_[at] + 1) continue;
      const double sent = push(arc.to, target, std::min(most, arc.left));
      if (!(sent > 0.0)) continue;
      arc.left -= sent;
      arcs_[out_[at][i] ^ 1U].left += sent;
      return sent;
    }
    return 0.0;
  }

  std::vector<Arc> arcs_;
  std::vector<std::vector<std::size_t>> out_;
  std::vector<int> depth_;
  std::vector<std::size_t> next_;
};

}  // namespace

NodeSet cheapest_separator(const SeparatorGraph& graph, std::span<const double> cost) {
  constexpr double kNoLimit = std::numeric_limits<double>::max();
  Flow flow(2 * graph.neighbours.size());
  for (const NodeId v : graph.nodes) {
    const bool end = v == graph.source || v == graph.target;
    flow.add(2 * v, 2 * v + 1, end ? kNoLimit : cost[v]);
    for (const NodeId w : graph.neighbours[v] & graph.nodes) flow.add(2 * v + 1, 2 * w, kNoLimit);
  }
  flow.run(2 * graph.source, 2 * graph.target + 1);
  const std::vector<bool> reaches = flow.reaching(2 * graph.target + 1);
  NodeSet out;
  for (const NodeId v : graph.nodes) {
    if (reaches[2 * v + 1] && !reaches[2 * v]) out.insert(v);
  }
  // Nodes without cost may have come along although they separate nothing.
  return close_to(graph, component(graph.neighbours, graph.source, graph.nodes - out),
                  graph.target);
}

}  // namespace impact::detail
