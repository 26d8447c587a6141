#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/causal/graph/node_set.h"

namespace impact {

using NodeNames = std::vector<std::string>;

enum class EdgeKind {
  kDirected,    ///< from -> to: a direct effect, linear or not.
  kBidirected,  ///< from <-> to: a hidden common cause that has no node of its own.
};

struct CausalEdge {
  std::string from = {};
  std::string to = {};
  EdgeKind kind = EdgeKind::kDirected;
  bool operator==(const CausalEdge&) const = default;
};

/// Nodes in any order; those that only edges name need not be listed.
struct CausalGraphParts {
  NodeNames nodes = {};
  std::vector<CausalEdge> edges = {};
  NodeNames unobserved = {};
};

/// A causal graph: an acyclic directed mixed graph some of whose nodes may be unobserved. Arrows
/// are direct effects, `a <-> b` stands for hidden common causes of a and b. Nodes are numbered by
/// their names in byte order, so that nothing depends on the order in which a graph was written.
/// Immutable but for the surgery methods, which return changed copies; copies are cheap.
class CausalGraph {
 public:
  CausalGraph() = default;
  /// Throws ArgumentError for an empty name, a loop at a node, a cycle (which it names) and more
  /// than kMostNodes nodes. An edge that is given twice counts once.
  explicit CausalGraph(const CausalGraphParts& parts);

  [[nodiscard]] const NodeSet& all() const { return present_; }
  [[nodiscard]] NodeSet observed() const { return present_ - hidden_; }
  [[nodiscard]] const NodeSet& hidden() const { return hidden_; }
  [[nodiscard]] const std::string& name(NodeId v) const { return (*names_)[v]; }
  [[nodiscard]] std::optional<NodeId> find(std::string_view name) const;
  /// Throws ArgumentError, with a suggestion, when there is no such node; `where` says what the
  /// name was meant for ("treatment").
  [[nodiscard]] NodeId id(std::string_view name, std::string_view where) const;
  [[nodiscard]] NodeSet set_of(std::span<const std::string> names, std::string_view where) const;
  [[nodiscard]] NodeNames names_of(const NodeSet& set) const;
  /// "{a, b}", "{}" when empty.
  [[nodiscard]] std::string text_of(const NodeSet& set) const;

  [[nodiscard]] const NodeSet& parents(NodeId v) const { return parents_[v]; }
  [[nodiscard]] const NodeSet& children(NodeId v) const { return children_[v]; }
  /// Nodes that v shares a bidirected edge with.
  [[nodiscard]] const NodeSet& spouses(NodeId v) const { return spouses_[v]; }
  [[nodiscard]] bool adjacent(NodeId a, NodeId b) const {
    return parents_[a].contains(b) || children_[a].contains(b) || spouses_[a].contains(b);
  }
  [[nodiscard]] NodeSet parents_of(const NodeSet& set) const;
  /// The set itself included.
  [[nodiscard]] NodeSet ancestors(const NodeSet& set) const;
  [[nodiscard]] NodeSet descendants(const NodeSet& set) const;
  /// Nodes joined to v by bidirected edges within `inside`, v included: its district, or
  /// c-component.
  [[nodiscard]] NodeSet district(NodeId v, const NodeSet& inside) const;
  /// Districts of the subgraph on `inside`, by their first node.
  [[nodiscard]] std::vector<NodeSet> districts(const NodeSet& inside) const;
  /// Parents before children, the first by name among those that may come next.
  [[nodiscard]] std::vector<NodeId> order() const;
  /// Every edge once, sorted by (from, to), directed ones first; bidirected ones from the first
  /// name.
  [[nodiscard]] std::vector<CausalEdge> edges() const;
  [[nodiscard]] CausalGraphParts parts() const;

  /// The subgraph on `keep`; numbers of nodes stay.
  [[nodiscard]] CausalGraph induced(const NodeSet& keep) const;
  [[nodiscard]] CausalGraph without_edges_into(const NodeSet& set) const;
  [[nodiscard]] CausalGraph without_edges_out_of(const NodeSet& set) const;
  [[nodiscard]] CausalGraph without_edge(NodeId from, NodeId to) const;
  /// Adds an edge between nodes at hand. Throws ArgumentError for a loop or a cycle.
  [[nodiscard]] CausalGraph with_edge(NodeId from, NodeId to, EdgeKind kind) const;
  [[nodiscard]] CausalGraph with_unobserved(const NodeSet& more) const;

  /// Projects out all nodes but `keep` (Verma 1993): a -> b where a directed path has all inner
  /// nodes projected out; a <-> b where a path without colliders does that points into both its
  /// ends. Keeps separation, and causal queries, among the nodes that stay.
  [[nodiscard]] CausalGraph projected(const NodeSet& keep) const;
  /// projected(observed()).
  [[nodiscard]] CausalGraph latent_projection() const { return projected(observed()); }

 private:
  void add(NodeId from, NodeId to, EdgeKind kind);
  void require_acyclic() const;
  std::shared_ptr<const NodeNames> names_ = std::make_shared<const NodeNames>();
  NodeSet present_;
  NodeSet hidden_;
  std::vector<NodeSet> parents_;
  std::vector<NodeSet> children_;
  std::vector<NodeSet> spouses_;
};

/// Throws ArgumentError, with a suggestion, for the first observed node that no column is named
/// after.
void require_columns(const CausalGraph& graph, std::span<const std::string> columns);

/// Neighbours, one set a node, of the moral graph of the subgraph on `inside`: nodes are joined
/// that are adjacent or that a path of colliders joins (Lauritzen & Spiegelhalter 1988; Richardson
/// 2003 with bidirected edges). For an ancestral `inside`, separation here is m-separation.
[[nodiscard]] std::vector<NodeSet> moral_graph(const CausalGraph& graph, const NodeSet& inside);

}  // namespace impact
