#include <catch2/catch.hpp>

#include "engine/causal/graph/adjustment.h"
#include "tests/engine/causal/graph/graph_support.h"
#include "tests/engine/causal/graph/linear_model.h"

using namespace impact;
using namespace impact::graph_test;

namespace {

// n times the asymptotic variance of the coefficient of x in least squares of y on x and the set.
double asymptotic_variance(const Eigen::MatrixXd& sigma, NodeId x, NodeId y, const NodeSet& set) {
  return partial_covariance(sigma, y, y, set | NodeSet{x}) / partial_covariance(sigma, x, x, set);
}

}  // namespace

TEST_CASE("the optimal sets have the least asymptotic variance", "[causal][graph]") {
  Stream stream(StreamKey::root(4).child("least variance"));
  int optimal_sets = 0;
  int strictly_better = 0;
  int with_hidden = 0;
  for (int round = 0; round < 6000; ++round) {
    const CausalGraph graph = random_graph(stream, 7, 0.35, 0.05, 0.2);
    const NodeId x = stream.below(7);
    const NodeId y = stream.below(7);
    if (x == y || graph.hidden().contains(x) || graph.hidden().contains(y)) continue;
    AdjustmentQuery query{.treatment = {graph.name(x)}, .outcome = {graph.name(y)}};
    const NodeSet allowed = graph.observed() - NodeSet{x, y};
    std::vector<NodeSet> valid;
    for (const NodeSet& set : subsets(allowed)) {
      if (check_adjustment(graph, query, graph.names_of(set)).valid) valid.push_back(set);
    }
    if (valid.empty()) continue;
    const Eigen::MatrixXd sigma = random_linear_model(graph, stream).sigma;
    const AdjustmentSet optimal = optimal_adjustment(graph, query);
    INFO(causal_graph_text(graph) << graph.name(x) << " on " << graph.name(y));
    if (optimal.exists) {
      ++optimal_sets;
      with_hidden += graph.hidden().empty() ? 0 : 1;
      const NodeSet best = graph.set_of(optimal.set, "test");
      const double least = asymptotic_variance(sigma, x, y, best);
      for (const NodeSet& set : valid) {
        const double other = asymptotic_variance(sigma, x, y, set);
        INFO(graph.text_of(best) << " against " << graph.text_of(set));
        REQUIRE(least <= other * (1.0 + 1e-9));
        strictly_better += least < other * (1.0 - 1e-6) ? 1 : 0;
      }
    } else {
      bool plain = graph.hidden().empty() && graph.descendants(NodeSet{x}).contains(y);
      for (const NodeId v : graph.all()) plain = plain && graph.spouses(v).empty();
      REQUIRE_FALSE(plain);
    }
    // Of the minimal sets, the one nearest to the outcome.
    const NodeSet nearest = graph.set_of(minimal_adjustment(graph, query).set, "test");
    const double of_nearest = asymptotic_variance(sigma, x, y, nearest);
    for (const NodeNames& set : minimal_adjustments(graph, query).sets) {
      REQUIRE(of_nearest <=
              asymptotic_variance(sigma, x, y, graph.set_of(set, "test")) * (1.0 + 1e-9));
    }
  }
  CHECK(optimal_sets > 200);
  CHECK(with_hidden > 50);
  CHECK(strictly_better > 500);
}
