#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/causal/graph/graph_text.h"
#include "engine/core/error.h"
#include "tests/engine/causal/graph/graph_support.h"

using namespace impact;
using namespace impact::graph_test;

namespace {

ErrorInfo refusal_of(const std::string& text) {
  try {
    (void)parse_causal_graph(text);
  } catch (const ArgumentError& e) {
    return e.info();
  }
  FAIL("was read: " << text);
  return {};
}

std::string canonical(std::string_view text) { return causal_graph_text(graph_of(text)); }

}  // namespace

TEST_CASE("a graph is read from chains, groups and bidirected edges", "[causal][graph]") {
  CHECK(canonical("z -> t -> y") == "t -> y\nz -> t\n");
  CHECK(canonical("t <- u -> y") == "u -> t\nu -> y\n");
  CHECK(canonical("b <-> a") == "a <-> b\n");
  CHECK(canonical("{a b} -> {c, d}, e") == "e\na -> c\na -> d\nb -> c\nb -> d\n");
  CHECK(canonical("a->b;c<-b\n# words\nd // more\nb -> a1 # end") ==
        "d\na -> b\nb -> a1\nb -> c\n");
  CHECK(canonical("u [unobserved] -> x; v [latent]\nx -> y") ==
        "u [unobserved]\nv [unobserved]\nu -> x\nx -> y\n");
  CHECK(canonical("\"watch time\" -> y") == "\"watch time\" -> y\n");
  CHECK(canonical("\"a \\\"b\\\" \\\\\" -> y") == "\"a \\\"b\\\" \\\\\" -> y\n");
  CHECK(canonical("größe → länge ↔ ü") == "größe -> länge\nlänge <-> ü\n");
  CHECK(canonical("a -> b, a -> b, a <-> b, b <-> a") == "a -> b\na <-> b\n");
  CHECK(canonical("a --> b <--> c <-- d") == "a -> b\nd -> c\nb <-> c\n");
  CHECK(canonical("") == "");
  const std::vector<std::string> statements = {"z -> t -> y", "t <-> y"};
  CHECK(causal_graph_text(parse_causal_graph(statements)) == "t -> y\nz -> t\nt <-> y\n");
}

TEST_CASE("a graph says where it is wrong", "[causal][graph]") {
  ErrorInfo info = refusal_of("a -> b, b -> c\nc -> a");
  CHECK(info.what == "the causal graph has a cycle");
  CHECK(info.got == "a -> b -> c -> a");
  info = refusal_of("x -> y -> x, q -> x");
  CHECK(info.got == "x -> y -> x");
  CHECK(info.hint.find("x <-> y") != std::string::npos);
  info = refusal_of("a -> b\n  a -> a");
  CHECK(info.what == "'a' has an edge to itself");
  CHECK(info.where == "causal graph, line 2, column 5");
  info = refusal_of("a <-> a");
  CHECK(info.got == "a <-> a");
  info = refusal_of("a -> b c -> d");
  CHECK(info.where == "causal graph, line 1, column 8");
  CHECK(info.got == "c");
  info = refusal_of("a -- b");
  CHECK(info.hint.find("'<->'") != std::string::npos);
  CHECK(refusal_of("a ->").got == "the end of the text");
  CHECK(refusal_of("ü -> ü2 ->, b").where == "causal graph, line 1, column 11");
  CHECK(refusal_of("{a b -> c").what == "a node is missing in the causal graph");
  CHECK(refusal_of("{} -> c").what == "a group without nodes");
  CHECK(refusal_of("\"a").what == "a quote is not closed");
  CHECK(refusal_of("\"\" -> b").what == "a node of a causal graph needs a name");
  CHECK(refusal_of("u [unobservd] -> x").hint == "did you mean 'unobserved'?");
  CHECK(refusal_of("y ~ x").hint.find("'x -> y'") != std::string::npos);
  std::string large;
  for (int i = 0; i < 600; ++i) large += "n" + std::to_string(i) + "\n";
  CHECK(refusal_of(large).got == "600 nodes");
  std::string group;
  for (int i = 0; i < 2000; ++i) group += "a ";
  CHECK(refusal_of("{" + group + "} -> {" + group + "b}").what == "the causal graph is too large");
  const CausalGraph graph = graph_of("treatment -> outcome");
  CHECK_THROWS_WITH(graph.id("outcom", "outcome"), Catch::Contains("did you mean 'outcome'?"));
}

TEST_CASE("observed nodes need a column", "[causal][graph]") {
  const CausalGraph graph = graph_of("u [hidden] -> x -> views");
  const NodeNames columns = {"x", "view", "z"};
  CHECK_THROWS_WITH(
      require_columns(graph, columns),
      Catch::Contains("no column for the node 'views'") && Catch::Contains("did you mean 'view'?"));
  CHECK_THROWS_WITH(require_columns(graph, NodeNames{"views"}),
                    Catch::Contains("'x [unobserved]'"));
  CHECK_NOTHROW(require_columns(graph, NodeNames{"q", "views", "x"}));
}

TEST_CASE("Graphviz is read and written", "[causal][graph]") {
  CHECK(canonical("digraph { z -> t -> y }") == "t -> y\nz -> t\n");
  CHECK(canonical("strict digraph \"my graph\" {\n rankdir=LR; node [shape=box, label=\"\"];\n"
                  "// words\n/* more\n words */ u [style=\"filled,dashed\" label=<<b>u</b>>];\n"
                  "u -> {x y} [color=red]; x -> y [dir=both]; y -> b [dir=back];\n"
                  "v [observed=\"no\"]; w [unobserved]; \"two words\":n -> x; -1.5 -> x\n"
                  "subgraph cluster_1 { p; q -> x } }") ==
        "p\nu [unobserved]\nv [unobserved]\nw [unobserved]\n"
        "\"-1.5\" -> x\nb -> y\nq -> x\n\"two words\" -> x\nu -> x\nu -> y\nx <-> y\n");
  CHECK(canonical("digraph { node [style=dashed]; u; node [style=solid] x; u -> x -> y }") ==
        "u [unobserved]\nu -> x\nx -> y\n");
  CHECK(canonical("digraph { edge [dir=both]; a -> b; edge [dir=forward] b -> c }") ==
        "b -> c\na <-> b\n");
  CHECK(canonical("digraph { {a b} -> {c; d} }") == "a -> c\na -> d\nb -> c\nb -> d\n");
  CHECK(refusal_of("graph { a -- b }").hint.find("digraph") != std::string::npos);
  CHECK(refusal_of("digraph { a -- b }").got == "-");
  CHECK(refusal_of("digraph { a -> b").what == "a brace is not closed");
  CHECK(refusal_of("digraph { a -> b } x").what == "text after the end of the graph");
  CHECK(refusal_of("digraph { a -> b -> a }").what == "the causal graph has a cycle");
  CHECK(refusal_of("digraph { a -> b [dir=none] }").what ==
        "an edge without direction in a causal graph");
  CHECK(refusal_of("digraph { a [label=\"x }").what == "a quote is not closed");
  CHECK(refusal_of("digraph { /* a }").what == "a comment is not closed");
  CHECK(refusal_of("digraph {" + std::string(100, '{')).what == "braces too deep in each other");
  // A node may be called like the keyword.
  CHECK(canonical("digraph -> y") == "\"digraph\" -> y\n");
  CHECK(graphviz_text(graph_of("u [hidden]; u -> x; x <-> y; \"a b\" -> x")) ==
        "digraph {\n  \"a b\";\n  u [unobserved=true, style=dashed];\n  x;\n  y;\n"
        "  \"a b\" -> x;\n  u -> x;\n  x -> y [dir=both, style=dashed];\n}\n");
}

TEST_CASE("texts of a graph give the graph back", "[causal][graph]") {
  Stream stream(StreamKey::root(7).child("graph texts"));
  const std::vector<std::string> odd = {"a b",     "node", "Graph", "1", "x.y", "ü",  "\\", "\"",
                                        "digraph", "a->b", "-",     "]", "#",   "\n", "é→"};
  for (int round = 0; round < 300; ++round) {
    CausalGraphParts parts = random_graph(stream, 8, 0.3, 0.2, 0.3).parts();
    const std::string& name = odd[stream.below(odd.size())];
    for (CausalEdge& edge : parts.edges) {
      if (edge.from == "c") edge.from = name;
      if (edge.to == "c") edge.to = name;
    }
    parts.nodes.push_back(name);
    const CausalGraph graph(parts);
    const std::string text = causal_graph_text(graph);
    INFO(text);
    CHECK(causal_graph_text(parse_causal_graph(text)) == text);
    CHECK(causal_graph_text(parse_graphviz(graphviz_text(graph))) == text);
    stream.shuffle(parts.edges);
    CHECK(causal_graph_text(CausalGraph(parts)) == text);
  }
}

TEST_CASE("no text makes the readers fail otherwise than by an ArgumentError", "[causal][graph]") {
  Stream stream(StreamKey::root(7).child("graph fuzz"));
  const std::vector<std::string> pieces = {
      "a",    "b",       "c",    "->",     "<-",   "<->",      "--", "{",    "}",  "[",
      "]",    ",",       ";",    "\n",     " ",    "\"",       "\\", "#",    "//", "/*",
      "*/",   "=",       "dir",  "both",   "<",    ">",        ":",  "-",    "ü",  "→",
      "\xff", "digraph", "node", "strict", "edge", "subgraph", "{a", "b} ->"};
  int read = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = stream.bernoulli(0.5) ? "digraph {" : "";
    const std::uint64_t length = stream.below(14);
    for (std::uint64_t i = 0; i < length; ++i) {
      text += pieces[stream.below(pieces.size())];
      if (stream.bernoulli(0.5)) text += ' ';
    }
    if (stream.bernoulli(0.4)) text += '}';
    if (stream.bernoulli(0.05)) text += '\0';
    try {
      const CausalGraph graph = parse_causal_graph(text);
      ++read;
      const std::string again = causal_graph_text(graph);
      INFO(text);
      REQUIRE(causal_graph_text(parse_causal_graph(again)) == again);
    } catch (const ArgumentError&) {
      continue;
    }
  }
  CHECK(read > 1000);
}
