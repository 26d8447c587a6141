#include "engine/causal/graph/graph_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/causal/graph/graph_scanner.h"
#include "engine/core/error.h"

namespace impact {
namespace {

using detail::GraphScanner;

enum class Arrow { kRight, kLeft, kBoth };

constexpr std::array<std::pair<std::string_view, Arrow>, 15> kArrowForms = {{
    {"<-->", Arrow::kBoth},
    {"<->", Arrow::kBoth},
    {"-->", Arrow::kRight},
    {"->", Arrow::kRight},
    {"<--", Arrow::kLeft},
    {"<-", Arrow::kLeft},
    {"\u2194", Arrow::kBoth},
    {"\u27f7", Arrow::kBoth},
    {"\u2192", Arrow::kRight},
    {"\u27f6", Arrow::kRight},
    {"\u2190", Arrow::kLeft},
    {"\u27f5", Arrow::kLeft},
    {"=>", Arrow::kRight},
    {"<=>", Arrow::kBoth},
    {"<=", Arrow::kLeft},
}};

/// Reads the form that graph_text.h describes.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : scan_(text) {}

  CausalGraphParts read() {
    while (next_statement()) {
      NodeNames group = read_group();
      for (;;) {
        scan_.skip_blanks(false);
        const std::size_t at = scan_.at();
        const std::optional<Arrow> arrow = take_arrow();
        if (!arrow) break;
        scan_.skip_blanks(true);
        NodeNames next = read_group();
        const std::string place = scan_.place(at);
        if (*arrow == Arrow::kLeft) {
          detail::add_edges(next, group, EdgeKind::kDirected, place, &parts_);
        } else {
          detail::add_edges(group, next,
                            *arrow == Arrow::kBoth ? EdgeKind::kBidirected : EdgeKind::kDirected,
                            place, &parts_);
        }
        group = std::move(next);
      }
      require_end();
    }
    return std::move(parts_);
  }

 private:
  void skip_comment() {
    if (scan_.peek() == '#' || scan_.looking_at("//")) scan_.skip_line();
  }

  bool next_statement() {
    for (;;) {
      scan_.skip_blanks(true);
      skip_comment();
      if (scan_.done()) return false;
      if (scan_.peek() == ',' || scan_.peek() == ';') {
        scan_.skip(1);
      } else if (scan_.peek() != '\n') {
        return true;
      }
    }
  }

  void require_end() {
    scan_.skip_blanks(false);
    skip_comment();
    if (scan_.done() || scan_.peek() == ',' || scan_.peek() == ';' || scan_.peek() == '\n') return;
    std::string hint;
    if (scan_.looking_at("--") || scan_.peek() == '-') {
      hint =
          "edges have a direction: '->', '<-', or '<->' for a hidden common cause; a name with a "
          "hyphen stands in quotes";
    } else if (scan_.peek() == '~') {
      hint = "a graph is no formula: write 'x -> y' for a direct effect of x on y";
    } else {
      hint =
          "statements are set apart by ',', ';' or a new line; names with blanks stand in quotes";
    }
    scan_.refuse("this does not belong in a causal graph", scan_.at(),
                 "an arrow ('->', '<-', '<->') or the end of the statement", std::move(hint));
  }

  std::optional<Arrow> take_arrow() {
    for (const auto& [form, arrow] : kArrowForms) {
      if (scan_.take(form)) return arrow;
    }
    return std::nullopt;
  }

  NodeNames read_group() {
    NodeNames out;
    if (scan_.peek() != '{') {
      out.push_back(read_node());
      return out;
    }
    const std::size_t start = scan_.at();
    scan_.skip(1);
    for (;;) {
      scan_.skip_blanks(true);
      while (scan_.take(",") || scan_.take(";")) scan_.skip_blanks(true);
      if (scan_.done()) scan_.refuse("a group is not closed", start, "a '}' that ends it");
      if (scan_.take("}")) break;
      out.push_back(read_node());
    }
    if (out.empty()) scan_.refuse("a group without nodes", start, "names between the braces");
    return out;
  }

  std::string read_node() {
    const std::size_t at = scan_.at();
    std::string name = scan_.peek() == '"' ? scan_.quoted() : scan_.word();
    if (name.empty()) {
      scan_.refuse("a node is missing in the causal graph", at,
                   "a name: letters, digits, '_', '.', or anything in quotes");
    }
    parts_.nodes.push_back(name);
    scan_.skip_blanks(false);
    if (scan_.peek() == '[') read_attributes(name);
    return name;
  }

  void read_attributes(const std::string& name) {
    const std::size_t start = scan_.at();
    scan_.skip(1);
    for (;;) {
      scan_.skip_blanks(true);
      while (scan_.take(",") || scan_.take(";")) scan_.skip_blanks(true);
      if (scan_.take("]")) return;
      if (scan_.done()) scan_.refuse("an attribute is not closed", start, "a ']' that ends it");
      const std::size_t at = scan_.at();
      const std::string word = scan_.word();
      if (word == "unobserved" || word == "hidden" || word == "latent") {
        parts_.unobserved.push_back(name);
      } else if (word != "observed") {
        const NodeNames known = {"observed", "unobserved", "hidden", "latent"};
        scan_.refuse("unknown attribute of a node", at, list_words(known),
                     did_you_mean(word, known));
      }
    }
  }

  GraphScanner scan_;
  CausalGraphParts parts_;
};

bool is_graphviz(std::string_view text) {
  GraphScanner scan(text);
  for (;;) {
    scan.skip_blanks(true);
    if (scan.looking_at("//") || scan.peek() == '#') {
      scan.skip_line();
    } else {
      break;
    }
  }
  if (scan.looking_at("/*")) return true;
  std::string word = scan.word();
  if (word == "strict") {
    scan.skip_blanks(true);
    word = scan.word();
  }
  if (word != "digraph" && word != "graph") return false;
  // A node may be called like a keyword: a graph goes on with its name or its brace.
  scan.skip_blanks(true);
  if (scan.peek() == '"') return true;
  if (!scan.word().empty()) scan.skip_blanks(true);
  return scan.peek() == '{';
}

}  // namespace

CausalGraph parse_causal_graph(std::string_view text) {
  if (is_graphviz(text)) return parse_graphviz(text);
  return CausalGraph(TextReader(text).read());
}

CausalGraph parse_causal_graph(std::span<const std::string> statements) {
  std::string text;
  for (const std::string& statement : statements) {
    text += statement;
    text += '\n';
  }
  return parse_causal_graph(text);
}

std::string causal_graph_text(const CausalGraph& graph) {
  std::string out;
  for (const NodeId v : graph.all()) {
    const bool hidden = graph.hidden().contains(v);
    const bool alone =
        graph.parents(v).empty() && graph.children(v).empty() && graph.spouses(v).empty();
    if (!hidden && !alone) continue;
    out += detail::quoted_if_needed(graph.name(v), false);
    out += hidden ? " [unobserved]\n" : "\n";
  }
  for (const CausalEdge& edge : graph.edges()) {
    out += fmt::format("{} {} {}\n", detail::quoted_if_needed(edge.from, false),
                       edge.kind == EdgeKind::kDirected ? "->" : "<->",
                       detail::quoted_if_needed(edge.to, false));
  }
  return out;
}

}  // namespace impact
