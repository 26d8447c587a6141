#include "engine/causal/graph/covariate_roles.h"

#include <array>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/causal/graph/graph_support.h"

using namespace impact;
using namespace impact::graph_test;

namespace {

CovariateFinding finding(const std::string& graph, const NodeNames& covariates = {"z"}) {
  return review_covariates(graph_of(graph), NodeNames{"x"}, NodeNames{"y"}, covariates)
      .findings.at(0);
}

}  // namespace

// The models of Cinelli, Forney & Pearl (2024), by their numbers.
TEST_CASE("good and bad controls", "[causal][graph]") {
  struct Model {
    int number;
    const char* graph;
    CovariateRole role;
    CovariateVerdict verdict;
  };
  using Role = CovariateRole;
  using Verdict = CovariateVerdict;
  const std::vector<Model> models = {
      {1, "z -> {x y}, x -> y", Role::kConfounder, Verdict::kGood},
      {2, "u [hidden] -> z -> x, u -> y, x -> y", Role::kBlocker, Verdict::kGood},
      {3, "u [hidden] -> {x z}, z -> y, x -> y", Role::kBlocker, Verdict::kGood},
      {4, "z -> {x m}, x -> m -> y", Role::kConfounder, Verdict::kGood},
      {5, "u [hidden] -> {z m}, z -> x -> m -> y", Role::kBlocker, Verdict::kGood},
      {6, "u [hidden] -> {x z}, z -> m, x -> m -> y", Role::kBlocker, Verdict::kGood},
      {7, "u1 [hidden] -> {x z}, u2 [hidden] -> {z y}, x -> y", Role::kMBias, Verdict::kBad},
      {8, "x -> y, z -> y", Role::kPrecision, Verdict::kGood},
      {9, "z -> x -> y", Role::kInstrument, Verdict::kCaution},
      {10, "z -> x -> y, u [hidden] -> {x y}", Role::kInstrument, Verdict::kCaution},
      {11, "x -> z -> y", Role::kMediator, Verdict::kBad},
      {12, "x -> m -> {y z}", Role::kDescendantOfMediator, Verdict::kBad},
      {13, "x -> m -> y, z -> m", Role::kPrecision, Verdict::kGood},
      {14, "x -> {y z}", Role::kDescendantOfTreatment, Verdict::kCaution},
      {16, "x -> z <- u [hidden] -> y, x -> y", Role::kCollider, Verdict::kBad},
      {17, "x -> z <- y, x -> y", Role::kDescendantOfOutcome, Verdict::kBad},
      {18, "x -> y -> z", Role::kDescendantOfOutcome, Verdict::kBad},
      {0, "x -> y, z", Role::kNeutral, Verdict::kNeutral},
  };
  for (const Model& model : models) {
    INFO("model " << model.number);
    const CovariateFinding found = finding(model.graph);
    INFO(found.sentence);
    CHECK(covariate_role_name(found.role) == covariate_role_name(model.role));
    CHECK(covariate_verdict_name(found.verdict) == covariate_verdict_name(model.verdict));
  }
  CHECK(finding("u1 -> {x z}, u2 -> {z y}, x -> y").sentence ==
        "z is a collider that comes before the treatment: adjusting for it opens the path x <- u1 "
        "-> z <- u2 -> y");
  CHECK(finding("z -> {x y}, x -> y").sentence ==
        "z is needed: without it the path x <- z -> y is open");
  // The collider is seen although another path is open anyway, and the confounder beside it.
  CHECK(finding("u1 -> {x z}, u2 -> {z y}, x -> y, w -> {x y}").role == CovariateRole::kMBias);
  CHECK(finding("z -> {x y}, x -> y, w -> {x y}").role == CovariateRole::kConfounder);
  CHECK(finding("z -> {x y}, x -> y, x <-> y").role == CovariateRole::kConfounder);
  CHECK_THROWS_AS(finding("x -> y, z", {"x"}), ArgumentError);
  CHECK_THROWS_AS(finding("x -> y, z", {"q"}), ArgumentError);
}

TEST_CASE("a review says how to mend a set", "[causal][graph]") {
  const CausalGraph graph =
      graph_of("w -> {x y}, x -> m -> y -> c, u1 [hidden] -> {x b}, u2 [hidden] -> {b y}");
  const CovariateReview review =
      review_covariates(graph, NodeNames{"x"}, NodeNames{"y"}, NodeNames{"m", "b", "c"});
  CHECK_FALSE(review.together.valid);
  CHECK(review.repairable);
  CHECK(review.leave_out == NodeNames{"b", "c", "m"});
  CHECK(review.add == NodeNames{"w"});
  CHECK(review.reading.ends_with("To mend it, leave out b, c, m and add w"));
  CHECK(review_covariates(graph, NodeNames{"x"}, NodeNames{"y"}, NodeNames{"w"}).together.valid);
  const CovariateReview hopeless = review_covariates(
      graph_of("x <-> y, x -> y, z -> x"), NodeNames{"x"}, NodeNames{"y"}, NodeNames{"z"});
  CHECK_FALSE(hopeless.repairable);
  CHECK(hopeless.reading.ends_with("No set of observed columns would do"));
}

TEST_CASE("reviews of random graphs are consistent", "[causal][graph]") {
  Stream stream(StreamKey::root(11).child("roles"));
  int repaired = 0;
  std::array<int, 11> roles{};
  for (int round = 0; round < 2000; ++round) {
    const CausalGraph graph = random_graph(stream, 7, 0.3, 0.08, 0.15);
    const NodeId x = stream.below(7);
    const NodeId y = stream.below(7);
    if (x == y || graph.hidden().meets(NodeSet{x, y})) continue;
    NodeSet covariates;
    for (const NodeId v : graph.observed() - NodeSet{x, y}) {
      if (stream.bernoulli(0.5)) covariates.insert(v);
    }
    const AdjustmentQuery query{.treatment = {graph.name(x)}, .outcome = {graph.name(y)}};
    const CovariateReview review =
        review_covariates(graph, query.treatment, query.outcome, graph.names_of(covariates));
    INFO(causal_graph_text(graph) << graph.name(x) << " on " << graph.name(y) << " with "
                                  << graph.text_of(covariates));
    REQUIRE(review.findings.size() == covariates.size());
    REQUIRE(review.repairable == canonical_adjustment(graph, query).exists);
    bool any_bad = false;
    for (const CovariateFinding& f : review.findings) {
      roles[static_cast<std::size_t>(f.role)] += 1;
      any_bad = any_bad || f.verdict == CovariateVerdict::kBad;
      REQUIRE_FALSE(f.sentence.empty());
      REQUIRE(f.sentence.starts_with(f.name));
      // Nobody is told to drop what makes the set valid.
      const NodeNames others = graph.names_of(covariates - NodeSet{graph.id(f.name, "test")});
      if (review.together.valid && !check_adjustment(graph, query, others).valid) {
        REQUIRE(f.verdict == CovariateVerdict::kGood);
      }
      if (!review.together.valid && check_adjustment(graph, query, others).valid) {
        REQUIRE(f.verdict == CovariateVerdict::kBad);
      }
    }
    if (!review.repairable || review.together.valid) continue;
    ++repaired;
    const NodeSet mended =
        (covariates - graph.set_of(review.leave_out, "test")) | graph.set_of(review.add, "test");
    REQUIRE(check_adjustment(graph, query, graph.names_of(mended)).valid);
  }
  CHECK(repaired > 200);
  for (const int count : roles) CHECK(count > 0);
}
