#include "engine/causal/graph/causal_graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/core/error.h"

namespace impact {
namespace {

// A cycle among nodes each of which has a parent among them: walk from parent to parent until a
// node comes again.
std::vector<NodeId> find_cycle(const std::vector<NodeSet>& parents, const NodeSet& left) {
  std::vector<NodeId> walk;
  NodeSet seen;
  NodeId v = left.first();
  while (!seen.contains(v)) {
    seen.insert(v);
    walk.push_back(v);
    v = (parents[v] & left).first();
  }
  std::vector<NodeId> cycle(std::ranges::find(walk, v), walk.end());
  std::ranges::reverse(cycle);
  std::ranges::rotate(cycle, std::ranges::min_element(cycle));
  return cycle;
}

[[noreturn]] void refuse_loop(const std::string& name) {
  throw ArgumentError({.what = fmt::format("'{}' has an edge to itself", name),
                       .where = "causal graph",
                       .got = fmt::format("{} -> {}", name, name),
                       .hint = "an effect of a thing on itself later is an arrow between two nodes,"
                               " one for each time"});
}

}  // namespace

CausalGraph::CausalGraph(const CausalGraphParts& parts) {
  NodeNames names = parts.nodes;
  names.insert(names.end(), parts.unobserved.begin(), parts.unobserved.end());
  for (const CausalEdge& edge : parts.edges) {
    names.push_back(edge.from);
    names.push_back(edge.to);
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  if (!names.empty() && names.front().empty()) {
    throw ArgumentError({.what = "a node of a causal graph needs a name",
                         .where = "causal graph",
                         .got = "an empty name"});
  }
  if (names.size() > kMostNodes) {
    throw ArgumentError({.what = "the causal graph is too large",
                         .where = "causal graph",
                         .got = fmt::format("{} nodes", names.size()),
                         .expected = fmt::format("at most {}", kMostNodes)});
  }
  present_ = NodeSet::first_nodes(names.size());
  parents_.resize(names.size());
  children_.resize(names.size());
  spouses_.resize(names.size());
  names_ = std::make_shared<const NodeNames>(std::move(names));
  for (const std::string& name : parts.unobserved) hidden_.insert(*find(name));
  for (const CausalEdge& edge : parts.edges) add(*find(edge.from), *find(edge.to), edge.kind);
  require_acyclic();
}

void CausalGraph::add(NodeId from, NodeId to, EdgeKind kind) {
  if (from == to) refuse_loop(name(from));
  if (kind == EdgeKind::kDirected) {
    parents_[to].insert(from);
    children_[from].insert(to);
  } else {
    spouses_[to].insert(from);
    spouses_[from].insert(to);
  }
}

void CausalGraph::require_acyclic() const {
  NodeSet left = present_;
  for (bool moved = true; moved;) {
    moved = false;
    for (const NodeId v : left) {
      if (parents_[v].meets(left)) continue;
      left.erase(v);
      moved = true;
    }
  }
  if (left.empty()) return;
  std::string text;
  const std::vector<NodeId> cycle = find_cycle(parents_, left);
  for (const NodeId v : cycle) text += fmt::format("{} -> ", name(v));
  text += name(cycle.front());
  throw ArgumentError(
      {.what = "the causal graph has a cycle",
       .where = "causal graph",
       .got = text,
       .expected = "arrows that never lead back to where they started",
       .hint = cycle.size() == 2
                   ? fmt::format("for a hidden common cause write '{} <-> {}'; for effects in both "
                                 "directions over time make a node for each time",
                                 name(cycle[0]), name(cycle[1]))
                   : "turn or remove one of these arrows, or make a node for each time"});
}

std::optional<NodeId> CausalGraph::find(std::string_view name) const {
  const auto at = std::ranges::lower_bound(
      *names_, name, {}, [](const std::string& s) { return std::string_view(s); });
  if (at == names_->end() || *at != name) return std::nullopt;
  const auto v = static_cast<NodeId>(at - names_->begin());
  if (!present_.contains(v)) return std::nullopt;
  return v;
}

NodeId CausalGraph::id(std::string_view name, std::string_view where) const {
  if (const auto found = find(name)) return *found;
  const NodeNames known = names_of(present_);
  throw ArgumentError({.what = fmt::format("no node '{}' in the causal graph", name),
                       .where = std::string(where),
                       .got = std::string(name),
                       .expected = list_words(known),
                       .hint = did_you_mean(name, known)});
}

NodeSet CausalGraph::set_of(std::span<const std::string> names, std::string_view where) const {
  NodeSet set;
  for (const std::string& name : names) set.insert(id(name, where));
  return set;
}

NodeNames CausalGraph::names_of(const NodeSet& set) const {
  NodeNames out;
  for (const NodeId v : set) out.push_back(name(v));
  return out;
}

std::string CausalGraph::text_of(const NodeSet& set) const {
  return fmt::format("{{{}}}", fmt::join(names_of(set), ", "));
}

NodeSet CausalGraph::parents_of(const NodeSet& set) const {
  NodeSet out;
  for (const NodeId v : set) out |= parents_[v];
  return out;
}

namespace {

NodeSet closure(NodeSet set, const std::vector<NodeSet>& next) {
  for (NodeSet fresh = set; !fresh.empty();) {
    NodeSet more;
    for (const NodeId v : fresh) more |= next[v];
    fresh = more - set;
    set |= fresh;
  }
  return set;
}

}  // namespace

NodeSet CausalGraph::ancestors(const NodeSet& set) const { return closure(set, parents_); }
NodeSet CausalGraph::descendants(const NodeSet& set) const { return closure(set, children_); }

NodeSet CausalGraph::district(NodeId v, const NodeSet& inside) const {
  NodeSet set{v};
  for (NodeSet fresh = set; !fresh.empty();) {
    NodeSet more;
    for (const NodeId w : fresh) more |= spouses_[w];
    fresh = (more & inside) - set;
    set |= fresh;
  }
  return set;
}

std::vector<NodeSet> CausalGraph::districts(const NodeSet& inside) const {
  std::vector<NodeSet> out;
  for (NodeSet left = inside; !left.empty(); left -= out.back()) {
    out.push_back(district(left.first(), inside));
  }
  return out;
}

std::vector<NodeId> CausalGraph::order() const {
  std::vector<NodeId> out;
  NodeSet left = present_;
  while (!left.empty()) {
    for (const NodeId v : left) {
      if (parents_[v].meets(left)) continue;
      out.push_back(v);
      left.erase(v);
      break;
    }
  }
  return out;
}

std::vector<CausalEdge> CausalGraph::edges() const {
  std::vector<CausalEdge> out;
  for (const NodeId v : present_) {
    for (const NodeId w : children_[v]) out.push_back({name(v), name(w), EdgeKind::kDirected});
  }
  for (const NodeId v : present_) {
    for (const NodeId w : spouses_[v]) {
      if (v < w) out.push_back({name(v), name(w), EdgeKind::kBidirected});
    }
  }
  return out;
}

CausalGraphParts CausalGraph::parts() const {
  return {.nodes = names_of(present_), .edges = edges(), .unobserved = names_of(hidden_)};
}

CausalGraph CausalGraph::induced(const NodeSet& keep) const {
  CausalGraph out = *this;
  out.present_ &= keep;
  out.hidden_ &= keep;
  for (NodeId v = 0; v < parents_.size(); ++v) {
    const NodeSet near = out.present_.contains(v) ? keep : NodeSet{};
    out.parents_[v] &= near;
    out.children_[v] &= near;
    out.spouses_[v] &= near;
  }
  return out;
}

CausalGraph CausalGraph::without_edges_into(const NodeSet& set) const {
  CausalGraph out = *this;
  for (const NodeId v : set) {
    for (const NodeId p : parents_[v]) out.children_[p].erase(v);
    for (const NodeId s : spouses_[v]) out.spouses_[s].erase(v);
    out.parents_[v] = {};
    out.spouses_[v] = {};
  }
  return out;
}

CausalGraph CausalGraph::without_edges_out_of(const NodeSet& set) const {
  CausalGraph out = *this;
  for (const NodeId v : set) {
    for (const NodeId c : children_[v]) out.parents_[c].erase(v);
    out.children_[v] = {};
  }
  return out;
}

CausalGraph CausalGraph::without_edge(NodeId from, NodeId to) const {
  CausalGraph out = *this;
  out.children_[from].erase(to);
  out.parents_[to].erase(from);
  return out;
}

CausalGraph CausalGraph::with_edge(NodeId from, NodeId to, EdgeKind kind) const {
  CausalGraph out = *this;
  out.add(from, to, kind);
  if (kind == EdgeKind::kDirected && ancestors(NodeSet{from}).contains(to)) out.require_acyclic();
  return out;
}

CausalGraph CausalGraph::with_unobserved(const NodeSet& more) const {
  CausalGraph out = *this;
  out.hidden_ |= more & present_;
  return out;
}

// One node after another: a node u that goes leaves p -> c for every parent p and child c, and
// arrows into both of x and y wherever u had an edge out to x (child) and one to y that ends in an
// arrowhead there: x, y children, or x a child and y a spouse.
CausalGraph CausalGraph::projected(const NodeSet& keep) const {
  CausalGraph out = *this;
  for (const NodeId u : present_ - keep) {
    const NodeSet above = out.parents_[u];
    const NodeSet below = out.children_[u];
    const NodeSet beside = out.spouses_[u];
    for (const NodeId c : below) {
      for (const NodeId p : above) out.add(p, c, EdgeKind::kDirected);
      for (const NodeId d : below | beside) {
        if (c != d) out.add(c, d, EdgeKind::kBidirected);
      }
    }
    for (const NodeId p : above) out.children_[p].erase(u);
    for (const NodeId c : below) out.parents_[c].erase(u);
    for (const NodeId s : beside) out.spouses_[s].erase(u);
    out.parents_[u] = out.children_[u] = out.spouses_[u] = {};
  }
  out.present_ &= keep;
  out.hidden_ &= keep;
  return out;
}

void require_columns(const CausalGraph& graph, std::span<const std::string> columns) {
  for (const NodeId v : graph.observed()) {
    const std::string& name = graph.name(v);
    if (std::ranges::find(columns, name) != columns.end()) continue;
    const std::string near = did_you_mean(name, columns);
    throw ArgumentError({.what = fmt::format("no column for the node '{}' of the graph", name),
                         .where = "causal graph",
                         .got = name,
                         .expected = list_words(columns),
                         .hint = near.empty()
                                     ? fmt::format("write '{} [unobserved]' if there is none", name)
                                     : near});
  }
}

std::vector<NodeSet> moral_graph(const CausalGraph& graph, const NodeSet& inside) {
  NodeId size = 0;
  for (const NodeId v : inside) size = v + 1;
  std::vector<NodeSet> near(size);
  const auto join = [&near](const NodeSet& clique) {
    for (const NodeId v : clique) {
      near[v] |= clique;
      near[v].erase(v);
    }
  };
  // Colliders that follow each other are joined by bidirected edges: a district and its parents.
  for (const NodeSet& district : graph.districts(inside)) {
    join(district | (graph.parents_of(district) & inside));
  }
  return near;
}

}  // namespace impact
