#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "engine/causal/graph/graph_scanner.h"
#include "engine/causal/graph/graph_text.h"
#include "engine/core/error.h"

namespace impact {
namespace {

using detail::GraphScanner;
using Attributes = std::map<std::string, std::string>;

// Braces within braces beyond this are no drawing.
constexpr int kDeepest = 64;

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

bool is_yes(const std::string& value) {
  const std::string word = lower_case(value);
  return word.empty() || word == "true" || word == "yes" || word == "1";
}

bool has_word(const std::string& list, std::string_view word) {
  return lower_case(list).find(word) != std::string::npos;
}

// Whether the attributes say something about it; style only counts where nothing else does.
std::optional<bool> says_unobserved(const Attributes& attributes) {
  for (const char* const key : {"unobserved", "hidden", "latent"}) {
    if (const auto at = attributes.find(key); at != attributes.end()) return is_yes(at->second);
  }
  if (const auto at = attributes.find("observed"); at != attributes.end()) {
    return !is_yes(at->second);
  }
  if (const auto at = attributes.find("style"); at != attributes.end()) {
    return has_word(at->second, "dashed") || has_word(at->second, "dotted");
  }
  return std::nullopt;
}

/// Reads the language that graph_text.h names.
class GraphvizReader {
 public:
  explicit GraphvizReader(std::string_view text) : scan_(text) {}

  CausalGraphParts read() {
    skip();
    std::string word = lower_case(scan_.word());
    if (word == "strict") {
      skip();
      word = lower_case(scan_.word());
    }
    if (word != "digraph") {
      scan_.refuse(
          "this is no directed graph of Graphviz", 0, "digraph { ... }",
          word == "graph" ? "edges of a causal graph have a direction: digraph and '->'" : "");
    }
    skip();
    if (scan_.peek() != '{') (void)read_id("the name of the graph or '{'");
    skip();
    const std::size_t start = scan_.at();
    if (!scan_.take("{")) scan_.refuse("the graph has no body", start, "'{'");
    (void)read_statements({}, {}, start, 0);
    skip();
    if (!scan_.done()) {
      scan_.refuse("text after the end of the graph", scan_.at(), "one digraph and nothing else");
    }
    for (const auto& [name, unobserved] : unobserved_) {
      if (unobserved) parts_.unobserved.push_back(name);
    }
    return std::move(parts_);
  }

 private:
  void skip() {
    for (;;) {
      scan_.skip_blanks(true);
      if (scan_.peek() == '#' || scan_.looking_at("//")) {
        scan_.skip_line();
      } else if (scan_.looking_at("/*")) {
        const std::size_t start = scan_.at();
        scan_.skip(2);
        while (!scan_.done() && !scan_.looking_at("*/")) scan_.skip(1);
        if (scan_.done()) scan_.refuse("a comment is not closed", start, "'*/'");
        scan_.skip(2);
      } else {
        return;
      }
    }
  }

  std::string read_id(std::string expected) {
    if (scan_.peek() == '"') return scan_.quoted();
    const std::size_t at = scan_.at();
    std::string id;
    if (scan_.peek() == '-') {  // A negative number is an identifier.
      scan_.skip(1);
      id = scan_.word();
      if (!id.empty()) id.insert(id.begin(), '-');
    } else {
      id = scan_.word();
    }
    if (id.empty()) {
      scan_.refuse("this does not belong in a graph of Graphviz", at, std::move(expected),
                   scan_.looking_at("<") ? "labels in HTML are no names of nodes" : "");
    }
    return id;
  }

  // The text of a value in quotes may be empty, and HTML is passed over.
  std::string read_value() {
    skip();
    if (scan_.take("\"\"")) return {};
    if (scan_.peek() != '<') return read_id("the value of an attribute");
    const std::size_t start = scan_.at();
    int depth = 0;
    do {
      if (scan_.peek() == '<') ++depth;
      if (scan_.peek() == '>') --depth;
      scan_.skip(1);
    } while (depth > 0 && !scan_.done());
    if (depth > 0) scan_.refuse("a label in HTML is not closed", start, "'>'");
    return {};
  }

  Attributes read_attributes(Attributes known) {
    for (skip(); scan_.peek() == '['; skip()) {
      const std::size_t start = scan_.at();
      scan_.skip(1);
      for (;;) {
        skip();
        while (scan_.take(",") || scan_.take(";")) skip();
        if (scan_.take("]")) break;
        if (scan_.done()) scan_.refuse("an attribute is not closed", start, "a ']' that ends it");
        const std::string key = lower_case(read_id("the name of an attribute or ']'"));
        skip();
        known[key] = scan_.take("=") ? read_value() : std::string();
      }
    }
    return known;
  }

  struct Group {
    NodeNames names = {};
    bool braces = false;
  };

  NodeNames read_statements(Attributes node_defaults, Attributes edge_defaults, std::size_t start,
                            int depth) {
    if (depth > kDeepest) scan_.refuse("braces too deep in each other", start, "fewer groups");
    NodeNames inside;
    for (;;) {
      skip();
      while (scan_.take(";") || scan_.take(",")) skip();
      if (scan_.take("}")) return inside;
      if (scan_.done()) scan_.refuse("a brace is not closed", start, "'}'");
      const std::size_t at = scan_.at();
      Group group = read_group(node_defaults, edge_defaults, depth);
      const bool single = !group.braces;
      skip();
      if (single && scan_.peek() == '=') {  // rankdir=LR
        scan_.skip(1);
        (void)read_value();
        continue;
      }
      const std::string keyword = single && !quoted_ ? lower_case(group.names[0]) : std::string();
      if (keyword == "node" || keyword == "edge" || keyword == "graph") {
        Attributes attributes = read_attributes(keyword == "node"   ? node_defaults
                                                : keyword == "edge" ? edge_defaults
                                                                    : Attributes{});
        if (keyword == "node") node_defaults = std::move(attributes);
        if (keyword == "edge") edge_defaults = std::move(attributes);
        continue;
      }
      read_chain(std::move(group), at, node_defaults, edge_defaults, depth, &inside);
    }
  }

  void read_chain(Group group, std::size_t at, const Attributes& node_defaults,
                  const Attributes& edge_defaults, int depth, NodeNames* inside) {
    std::vector<NodeNames> chain;
    std::vector<std::size_t> places;
    declare(group, node_defaults);
    chain.push_back(group.names);
    for (skip(); scan_.looking_at("->") || scan_.looking_at("--"); skip()) {
      places.push_back(scan_.at());
      if (scan_.looking_at("--")) {
        scan_.refuse("an edge without direction in a causal graph", scan_.at(), "'->'",
                     "for a hidden common cause write 'a -> b [dir=both]'");
      }
      scan_.skip(2);
      skip();
      Group next = read_group(node_defaults, edge_defaults, depth);
      declare(next, node_defaults);
      chain.push_back(std::move(next.names));
    }
    const Attributes attributes = read_attributes(chain.size() > 1 ? edge_defaults : Attributes{});
    if (chain.size() == 1 && !group.braces) {
      if (const auto said = says_unobserved(attributes)) unobserved_[chain[0][0]] = *said;
    }
    const auto dir = attributes.find("dir");
    const std::string way = dir == attributes.end() ? "forward" : lower_case(dir->second);
    if (chain.size() > 1 && way != "forward" && way != "both" && way != "back") {
      scan_.refuse("an edge without direction in a causal graph", at, "dir=forward, both or back");
    }
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
      const bool turned = way == "back";
      detail::add_edges(turned ? chain[i + 1] : chain[i], turned ? chain[i] : chain[i + 1],
                        way == "both" ? EdgeKind::kBidirected : EdgeKind::kDirected,
                        scan_.place(places[i]), &parts_);
    }
    for (NodeNames& names : chain) inside->insert(inside->end(), names.begin(), names.end());
  }

  void declare(const Group& group, const Attributes& defaults) {
    if (group.braces) return;
    if (!known_.insert(group.names[0]).second) return;
    parts_.nodes.push_back(group.names[0]);
    if (const auto said = says_unobserved(defaults)) unobserved_[group.names[0]] = *said;
  }

  Group read_group(const Attributes& node_defaults, const Attributes& edge_defaults, int depth) {
    quoted_ = scan_.peek() == '"';
    std::size_t start = scan_.at();
    std::string id;
    if (scan_.peek() != '{') {
      id = read_id("a node, a group in braces or '}'");
      if (quoted_ || lower_case(id) != "subgraph") {
        skip_port();
        return {.names = {std::move(id)}};
      }
      skip();
      if (scan_.peek() != '{') (void)read_id("the name of the subgraph or '{'");
      skip();
      start = scan_.at();
    }
    if (!scan_.take("{")) scan_.refuse("a subgraph without a body", start, "'{'");
    NodeNames names = read_statements(node_defaults, edge_defaults, start, depth + 1);
    quoted_ = false;
    return {.names = std::move(names), .braces = true};
  }

  // a:port:compass names a place on the border of a node.
  void skip_port() {
    while (scan_.take(":")) {
      skip();
      (void)read_id("a port");
    }
  }

  GraphScanner scan_;
  CausalGraphParts parts_;
  std::set<std::string> known_;
  std::map<std::string, bool> unobserved_;
  bool quoted_ = false;
};

}  // namespace

CausalGraph parse_graphviz(std::string_view text) {
  return CausalGraph(GraphvizReader(text).read());
}

std::string graphviz_text(const CausalGraph& graph) {
  std::string out = "digraph {\n";
  for (const NodeId v : graph.all()) {
    out += fmt::format("  {}{};\n", detail::quoted_if_needed(graph.name(v), true),
                       graph.hidden().contains(v) ? " [unobserved=true, style=dashed]" : "");
  }
  for (const CausalEdge& edge : graph.edges()) {
    out += fmt::format("  {} -> {}{};\n", detail::quoted_if_needed(edge.from, true),
                       detail::quoted_if_needed(edge.to, true),
                       edge.kind == EdgeKind::kDirected ? "" : " [dir=both, style=dashed]");
  }
  out += "}\n";
  return out;
}

}  // namespace impact
