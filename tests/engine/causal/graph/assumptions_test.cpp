#include "engine/causal/graph/assumptions.h"

#include <algorithm>
#include <chrono>
#include <catch2/catch.hpp>

#include "engine/causal/graph/adjustment.h"
#include "engine/core/error.h"
#include "tests/engine/causal/graph/graph_support.h"

using namespace impact;
using namespace impact::graph_test;

namespace {

std::vector<std::string> absent_texts(const Assumptions& a) {
  std::vector<std::string> out;
  for (const CausalEdge& e : a.absent) {
    out.push_back(e.from + (e.kind == EdgeKind::kDirected ? " -> " : " <-> ") + e.to);
  }
  return out;
}

bool says(const Assumptions& a, const std::string& sentence) {
  return std::ranges::find(a.sentences, sentence) != a.sentences.end();
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("assumptions of each strategy", "[causal][graph]") {
  const Assumptions adjusted = state_assumptions(
      graph_of("w -> {x y}, x -> y"), {.treatment = {"x"}, .outcome = {"y"}, .set = {"w"}});
  CHECK(adjusted.holds);
  CHECK(absent_texts(adjusted) == Texts{"x <-> y"});
  CHECK(says(adjusted, "No common cause of x and y is left once w is held."));
  CHECK(says(adjusted, "It rests on the absence of x <-> y."));
  const Assumptions randomised =
      state_assumptions(graph_of("x -> y, w"), {.treatment = {"x"}, .outcome = {"y"}});
  CHECK(says(randomised, "x and y have no common cause."));
  CHECK(absent_texts(randomised) == Texts{"x <-> y"});
  const Assumptions instrument = state_assumptions(graph_of("z -> x -> y, x <-> y"),
                                                   {.strategy = IdentificationStrategy::kInstrument,
                                                    .treatment = {"x"},
                                                    .outcome = {"y"},
                                                    .set = {"z"}});
  CHECK(absent_texts(instrument) == Texts{"z -> y", "y <-> z"});
  CHECK(says(instrument, "z affects y through x only."));
  const Assumptions door = state_assumptions(graph_of("x -> m -> y, x <-> y"),
                                             {.strategy = IdentificationStrategy::kFrontDoor,
                                              .treatment = {"x"},
                                              .outcome = {"y"},
                                              .set = {"m"}});
  CHECK(absent_texts(door) == Texts{"x -> y", "m <-> x", "m <-> y"});
  const Assumptions mediation = state_assumptions(graph_of("x -> m -> y, x -> y, w -> {m y}"),
                                                  {.strategy = IdentificationStrategy::kMediation,
                                                   .treatment = {"x"},
                                                   .outcome = {"y"},
                                                   .set = {"m"},
                                                   .given = {"w"}});
  CHECK(absent_texts(mediation) == Texts{"x -> w", "m <-> x", "m <-> y", "x <-> y"});
  const Assumptions wrong =
      state_assumptions(graph_of("w -> {x y}, x -> y"), {.treatment = {"x"}, .outcome = {"y"}});
  CHECK_FALSE(wrong.holds);
  CHECK(wrong.absent.empty());
  CHECK_THROWS_AS(state_assumptions(graph_of("z -> x -> y, w -> x"),
                                    {.strategy = IdentificationStrategy::kInstrument,
                                     .treatment = {"x"},
                                     .outcome = {"y"},
                                     .set = {"z", "w"}}),
                  ArgumentError);
}

TEST_CASE("assumptions on a wide graph", "[causal][graph]") {
  Stream stream(StreamKey::root(12).child("assumptions"));
  const CausalGraph graph = random_graph(stream, 60, 0.5, 0.0, 0.0);
  const std::vector<NodeId> order = graph.order();
  const AdjustmentQuery query{.treatment = {graph.name(order[25])},
                              .outcome = {graph.name(order[50])}};
  const AdjustmentSet set = minimal_adjustment(graph, query);
  REQUIRE(set.exists);
  const auto start = std::chrono::steady_clock::now();
  const Assumptions found = state_assumptions(
      graph, {.treatment = query.treatment, .outcome = query.outcome, .set = set.set});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  CHECK(found.holds);
  CHECK_FALSE(found.absent.empty());
  CHECK(took.count() < 3.0);
  for (const CausalEdge& edge : found.absent) {
    const CausalGraph more =
        graph.with_edge(graph.id(edge.from, "test"), graph.id(edge.to, "test"), edge.kind);
    CHECK_FALSE(check_adjustment(more, query, set.set).valid);
  }
}
