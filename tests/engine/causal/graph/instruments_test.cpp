#include "engine/causal/graph/instruments.h"

#include <algorithm>
#include <cmath>
#include <catch2/catch.hpp>

#include "engine/causal/graph/adjustment.h"
#include "engine/core/error.h"
#include "tests/engine/causal/graph/graph_support.h"
#include "tests/engine/causal/graph/linear_model.h"

using namespace impact;
using namespace impact::graph_test;

TEST_CASE("instruments by hand", "[causal][graph]") {
  const InstrumentQuery query{.treatment = "x", .outcome = "y"};
  const auto found = instruments(graph_of("z -> x -> y, u [hidden] -> {x y}"), query);
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "z");
  CHECK(found[0].given.empty());
  CHECK(found[0].reason == "z is associated with x along z -> x, and with y through it only");
  // Conditional: w confounds the instrument.
  const CausalGraph conditional = graph_of("w -> {z y}, z -> x -> y, x <-> y");
  const auto held = instruments(conditional, query);
  REQUIRE(held.size() == 1);
  CHECK(held[0].name == "z");
  CHECK(held[0].given == NodeNames{"w"});
  CHECK(check_instrument(conditional, query, "z", {{"w"}}).valid);
  CHECK(check_instrument(conditional, query, "z").reason ==
        "z and y are associated other than through x: z <- w -> y");
  CHECK(check_instrument(conditional, query, "w").open.text == "w -> y");
  // A mediator is none, nor is what nothing joins to the treatment.
  const CausalGraph chain = graph_of("x -> m -> y, x <-> y, q");
  CHECK(check_instrument(chain, query, "m").reason == "m is a consequence of x on the way to y");
  CHECK(check_instrument(chain, query, "q").reason ==
        "q does not move x: no path between them is open");
  CHECK(instruments(chain, query).empty());
  // What may not be used is not used.
  InstrumentQuery narrow = query;
  narrow.allowed = NodeNames{"z"};
  CHECK(instruments(conditional, narrow).empty());
  CHECK_THROWS_AS(check_instrument(conditional, query, "x"), ArgumentError);
  CHECK_THROWS_AS(check_instrument(conditional, query, "z", {{"z"}}), ArgumentError);
}

TEST_CASE("instruments are those that enumeration finds, and give linear effects",
          "[causal][graph]") {
  Stream stream(StreamKey::root(8).child("instruments"));
  int found = 0;
  int conditional = 0;
  int without = 0;
  for (int round = 0; round < 1500; ++round) {
    const CausalGraph graph = random_graph(stream, 6, 0.35, 0.15, 0.1);
    const NodeId x = stream.below(6);
    const NodeId y = stream.below(6);
    if (x == y || graph.hidden().meets(NodeSet{x, y})) continue;
    const InstrumentQuery query{.treatment = graph.name(x), .outcome = graph.name(y)};
    const NodeSet on = detail::causal_path_nodes(graph, NodeSet{x}, NodeSet{y});
    const CausalGraph cut = detail::proper_back_door_graph(graph, NodeSet{x}, on);
    const NodeSet forbidden = graph.descendants(on) | NodeSet{y};
    const LinearModel model = random_linear_model(graph, stream);
    const std::vector<Instrument> listed = instruments(graph, query);
    bool any = false;
    INFO(causal_graph_text(graph) << graph.name(x) << " on " << graph.name(y));
    for (const NodeId z : graph.observed() - NodeSet{x, y}) {
      bool ancestral = false;
      for (const NodeSet& held : subsets(graph.observed() - NodeSet{x, y, z})) {
        const bool good = !(held | NodeSet{z}).meets(forbidden) &&
                          separated_by_paths(cut, z, y, held) &&
                          !separated_by_paths(graph, z, x, held);
        REQUIRE(check_instrument(graph, query, graph.name(z), graph.names_of(held)).valid == good);
        any = any || good;
        ancestral = ancestral || (good && held.within(cut.ancestors(NodeSet{z, y})));
      }
      const auto at = std::ranges::find(listed, graph.name(z), &Instrument::name);
      INFO(graph.name(z));
      REQUIRE((at != listed.end()) == ancestral);
      if (at == listed.end()) continue;
      ++found;
      conditional += at->given.empty() ? 0 : 1;
      const NodeSet held = graph.set_of(at->given, "test");
      REQUIRE(check_instrument(graph, query, at->name, at->given).valid);
      REQUIRE(held.within(cut.ancestors(NodeSet{z, y})));
      for (const NodeId v : held) {
        REQUIRE_FALSE(detail::are_separated(cut, NodeSet{z}, NodeSet{y}, held - NodeSet{v}));
      }
      const double move = partial_covariance(model.sigma, z, x, held);
      if (std::abs(move) < 1e-3) continue;
      const double effect = partial_covariance(model.sigma, z, y, held) / move;
      REQUIRE(effect ==
              Approx(model.total(static_cast<Eigen::Index>(y), static_cast<Eigen::Index>(x)))
                  .margin(1e-7));
    }
    REQUIRE(any == !listed.empty());
    without += listed.empty() ? 1 : 0;
  }
  CHECK(found > 300);
  CHECK(conditional > 100);
  CHECK(without > 100);
}
