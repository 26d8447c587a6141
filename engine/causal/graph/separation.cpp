#include "engine/causal/graph/separation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/core/error.h"

namespace impact {
namespace detail {

// A walk arrives at a node through an edge that has an arrowhead there, or through one that has
// not. It may go on
//   through a collider (arrowhead in, arrowhead out) if the node is an ancestor of `given`,
//   through anything else if the node is not in `given`.
// An open walk exists just if an open path does, so two marks a node are enough.
NodeSet connected(const CausalGraph& graph, const NodeSet& from, const NodeSet& given) {
  const NodeSet opened = graph.ancestors(given);
  NodeSet by_head;
  NodeSet by_tail;
  NodeSet fresh_head;
  NodeSet fresh_tail;
  for (const NodeId v : from) {
    fresh_head |= graph.children(v) | graph.spouses(v);
    fresh_tail |= graph.parents(v);
  }
  while (!fresh_head.empty() || !fresh_tail.empty()) {
    by_head |= fresh_head;
    by_tail |= fresh_tail;
    NodeSet next_head;
    NodeSet next_tail;
    for (const NodeId v : fresh_head) {
      if (!given.contains(v)) next_head |= graph.children(v);
      if (opened.contains(v)) {
        next_tail |= graph.parents(v);
        next_head |= graph.spouses(v);
      }
    }
    for (const NodeId v : fresh_tail - given) {
      next_head |= graph.children(v) | graph.spouses(v);
      next_tail |= graph.parents(v);
    }
    fresh_head = next_head - by_head;
    fresh_tail = next_tail - by_tail;
  }
  return (by_head | by_tail) - from - given;
}

namespace {

enum class Arrival { kStart, kArrow, kAgainstArrow, kBidirected };

struct Step {
  NodeId node = 0;
  Arrival by = Arrival::kStart;
  std::size_t before = 0;  // Step it came from.
};

bool head_at_end(Arrival by) { return by == Arrival::kArrow || by == Arrival::kBidirected; }
bool head_at_start(Arrival by) {
  return by == Arrival::kAgainstArrow || by == Arrival::kBidirected;
}

std::string_view arrow_of(Arrival by) {
  return by == Arrival::kBidirected ? " <-> " : by == Arrival::kArrow ? " -> " : " <- ";
}

// The path that ends at steps[end]. A shortest open walk visits no node twice: between two visits
// it could be cut.
OpenPath path_to(const CausalGraph& graph, const std::vector<Step>& steps, std::size_t end) {
  std::vector<Step> walk{steps[end]};
  while (walk.back().by != Arrival::kStart) walk.push_back(steps[walk.back().before]);
  std::ranges::reverse(walk);
  OpenPath path;
  for (std::size_t i = 0; i < walk.size(); ++i) {
    const std::string& name = graph.name(walk[i].node);
    if (i > 0) path.text += arrow_of(walk[i].by);
    path.text += name;
    path.nodes.push_back(name);
    if (i + 1 < walk.size() && head_at_end(walk[i].by) && head_at_start(walk[i + 1].by)) {
      path.colliders.push_back(name);
    }
  }
  return path;
}

}  // namespace

OpenPath open_path(const CausalGraph& graph, const NodeSet& x, const NodeSet& y,
                   const NodeSet& given) {
  const NodeSet opened = graph.ancestors(given);
  std::vector<Step> steps;
  std::array<NodeSet, 2> seen;
  const auto go = [&](const NodeSet& next, Arrival by, std::size_t before) {
    NodeSet& marked = seen[head_at_end(by) ? 1 : 0];
    for (const NodeId v : next - marked - x) steps.push_back({v, by, before});
    marked |= next;
  };
  for (const NodeId v : x) steps.push_back({v});
  std::size_t end = 0;
  for (; end < steps.size() && !y.contains(steps[end].node); ++end) {
    const Step at = steps[end];
    const bool passes = at.by == Arrival::kStart || !given.contains(at.node);
    if (passes) go(graph.children(at.node), Arrival::kArrow, end);
    if (head_at_end(at.by) ? opened.contains(at.node) : passes) {
      go(graph.parents(at.node), Arrival::kAgainstArrow, end);
      go(graph.spouses(at.node), Arrival::kBidirected, end);
    }
  }
  if (end == steps.size()) return {};
  return path_to(graph, steps, end);
}

OpenPath directed_path(const CausalGraph& graph, const NodeSet& x, const NodeSet& y) {
  std::vector<Step> steps;
  NodeSet seen = x;
  for (const NodeId v : x) steps.push_back({v});
  for (std::size_t at = 0; at < steps.size(); ++at) {
    if (y.contains(steps[at].node)) return path_to(graph, steps, at);
    for (const NodeId c : graph.children(steps[at].node) - seen) {
      seen.insert(c);
      steps.push_back({c, Arrival::kArrow, at});
    }
  }
  return {};
}

void require_disjoint(const CausalGraph& graph, const NodeSet& a, const char* name_a,
                      const NodeSet& b, const char* name_b) {
  const NodeSet both = a & b;
  if (both.empty()) return;
  throw ArgumentError(
      {.what = fmt::format("'{}' is both {} and {}", graph.name(both.first()), name_a, name_b),
       .where = name_b,
       .got = graph.text_of(both),
       .expected = "nodes that have one part to play"});
}

}  // namespace detail

Separation separated(const CausalGraph& graph, std::span<const std::string> x,
                     std::span<const std::string> y, std::span<const std::string> given) {
  const NodeSet from = graph.set_of(x, "x");
  const NodeSet to = graph.set_of(y, "y");
  const NodeSet held = graph.set_of(given, "given");
  detail::require_disjoint(graph, from, "x", to, "y");
  detail::require_disjoint(graph, from, "x", held, "given");
  detail::require_disjoint(graph, to, "y", held, "given");
  Separation out;
  out.open = detail::open_path(graph, from, to, held);
  out.separated = out.open.nodes.empty();
  return out;
}

}  // namespace impact
