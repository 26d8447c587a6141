#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/causal/graph/causal_graph.h"

namespace impact {

/// Reads a causal graph. Text that begins with "digraph" or "strict digraph" is taken for Graphviz.
///
/// Statements, apart by comma, semicolon or end of line, are chains of edges, or single nodes:
///     z -> t -> y, t <- u -> y         arrows
///     a <-> b                          a hidden common cause without a node of its own
///     {a b} -> {c, d}                  every edge between the groups
///     u [unobserved]                   a node without a column; also [hidden], [latent]
///     "watch time" -> y                names with blanks stand in quotes, \" and \\ inside
/// Names are letters, digits, '_', '.' and anything beyond ASCII but arrows; the arrows of Unicode
/// are read as well. '#' and '//' start a comment. Several statements, as a list, are read as if
/// they stood on lines of their own.
///
/// Throws ArgumentError that says where: what does not belong there, an edge from a node to itself,
/// a cycle with its nodes.
[[nodiscard]] CausalGraph parse_causal_graph(std::string_view text);
[[nodiscard]] CausalGraph parse_causal_graph(std::span<const std::string> statements);

/// The graph in the form above, a statement a line: unobserved nodes and nodes without edges first,
/// then the edges in the order of CausalGraph::edges(). Equal graphs give equal texts, and reading
/// the text gives the graph.
[[nodiscard]] std::string causal_graph_text(const CausalGraph& graph);

/// Reads the part of the Graphviz language that draws causal graphs: one digraph, nodes, chains of
/// edges, groups and subgraphs in braces, attributes and their defaults, comments. A node is
/// unobserved if it has one of the attributes unobserved, hidden, latent (true, yes, 1 or no
/// value), observed=no (false, 0), or style=dashed (dotted); an edge with dir=both is bidirected,
/// dir=back turns it. Other attributes are passed over.
/// Throws ArgumentError as parse_causal_graph; edges without direction have no causal reading.
/// Source: the grammar of graphviz.org/doc/info/lang.html.
[[nodiscard]] CausalGraph parse_graphviz(std::string_view text);

/// The graph as Graphviz: unobserved nodes dashed, bidirected edges dashed with dir=both. Reading
/// it with parse_graphviz gives the graph.
[[nodiscard]] std::string graphviz_text(const CausalGraph& graph);

}  // namespace impact
