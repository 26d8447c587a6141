#include "engine/causal/graph/mediation.h"

#include <map>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/causal/graph/graph_support.h"

using namespace impact;
using namespace impact::graph_test;

namespace {

constexpr std::size_t kAtoms = 4;

/// A random structural model of binary variables: v = f_v(parents, hidden causes, e_v) with e_v
/// uniform on four atoms; the first makes v 0 and the second 1, so that everything can happen.
class StructuralModel {
 public:
  StructuralModel(const CausalGraph& graph, Stream& stream) : graph_(graph), order_(graph.order()) {
    for (const NodeId v : graph.all()) {
      for (const NodeId w : graph.spouses(v)) {
        if (v < w) arcs_.push_back({v, w});
      }
    }
    for (const NodeId v : graph.all()) {
      const std::size_t inputs = graph.parents(v).size() + graph.spouses(v).size();
      for (std::size_t i = 0; i < (kAtoms << inputs); ++i) {
        const std::size_t atom = i % kAtoms;
        rule_[v].push_back(atom < 2 ? atom == 1 : stream.bernoulli(0.5));
      }
    }
  }

  [[nodiscard]] std::size_t worlds() const {
    std::size_t count = std::size_t{1} << arcs_.size();
    for (std::size_t i = 0; i < graph_.all().size(); ++i) count *= kAtoms;
    return count;
  }

  /// The state of all nodes in a world, when those of `held` are set to their bits in `values`.
  [[nodiscard]] std::size_t state(std::size_t world, const NodeSet& held,
                                  std::size_t values) const {
    std::map<NodeId, std::size_t> atom;
    for (const NodeId v : graph_.all()) {
      atom[v] = world % kAtoms;
      world /= kAtoms;
    }
    std::size_t out = 0;
    for (const NodeId v : order_) {
      std::size_t row = 0;
      for (const NodeId p : graph_.parents(v)) row = 2 * row + ((out >> p) & 1U);
      for (std::size_t a = 0; a < arcs_.size(); ++a) {
        if (arcs_[a].one == v || arcs_[a].other == v) row = 2 * row + ((world >> a) & 1U);
      }
      const bool on =
          held.contains(v) ? ((values >> v) & 1U) != 0 : rule_.at(v)[row * kAtoms + atom[v]];
      if (on) out |= std::size_t{1} << v;
    }
    return out;
  }

 private:
  struct Arc {
    NodeId one = 0;
    NodeId other = 0;
  };
  CausalGraph graph_;
  std::vector<NodeId> order_;
  std::vector<Arc> arcs_;
  std::map<NodeId, std::vector<bool>> rule_;
};

std::size_t mask_of(const NodeSet& set) {
  std::size_t mask = 0;
  for (const NodeId v : set) mask |= std::size_t{1} << v;
  return mask;
}

}  // namespace

TEST_CASE("mediation by hand", "[causal][graph]") {
  const MediationQuery query{.treatment = "x", .outcome = "y"};
  const Mediation plain = identify_mediation(graph_of("x -> m -> y, x -> y"), query);
  CHECK(plain.identified);
  CHECK(plain.mediators == NodeNames{"m"});
  CHECK(plain.covariates.empty());
  CHECK(plain.direct == "sum_{m} [E(y | x=1, m) - E(y | x=0, m)] P(m | x=0)");
  CHECK(plain.indirect == "sum_{m} E(y | x=0, m) [P(m | x=1) - P(m | x=0)]");
  const Mediation confounded =
      identify_mediation(graph_of("x -> m -> y, x -> y, w -> {m y}, v -> {x y}, q -> x"), query);
  CHECK(confounded.identified);
  CHECK(confounded.covariates == NodeNames{"v", "w"});
  CHECK(confounded.indirect ==
        "sum_{m, v, w} E(y | x=0, m, v, w) [P(m | x=1, v, w) - P(m | x=0, v, w)] P(v, w)");
  const CausalGraph recanting = graph_of("x -> l -> m -> y, l -> y, x -> m");
  MediationQuery through_m = query;
  through_m.mediators = {"m"};
  const Mediation no = identify_mediation(recanting, through_m);
  CHECK_FALSE(no.identified);
  CHECK(no.recanting == NodeNames{"l"});
  CHECK(no.reason.find("l is a consequence of x and a common cause of m and y") !=
        std::string::npos);
  CHECK(identify_mediation(recanting, query).identified);  // Through l and m together.
  const Mediation hidden = identify_mediation(graph_of("x -> m -> y, m <-> y"), query);
  CHECK_FALSE(hidden.identified);
  CHECK(hidden.open.text == "m <-> y");
  CHECK_FALSE(check_mediation(recanting, through_m, {{"l"}}).identified);
  CHECK_THROWS_AS(identify_mediation(graph_of("x -> y"), query), ArgumentError);
  CHECK_THROWS_AS(identify_mediation(graph_of("x -> m -> y, m [hidden]"), query), ArgumentError);
}

TEST_CASE("identified natural effects are those of structural models", "[causal][graph]") {
  Stream stream(StreamKey::root(9).child("mediation"));
  int identified = 0;
  int with_covariates = 0;
  int refused = 0;
  for (int round = 0; round < 500; ++round) {
    const CausalGraph graph = random_graph(stream, 5, 0.5, 0.1, 0.0);
    const std::vector<NodeId> order = graph.order();
    const NodeId x = order[stream.below(2)];
    const NodeId y = order[3 + stream.below(2)];
    MediationQuery query{.treatment = graph.name(x), .outcome = graph.name(y)};
    const NodeSet between =
        (graph.descendants(NodeSet{x}) & graph.ancestors(NodeSet{y})) - NodeSet{x, y};
    if (between.empty()) continue;
    const NodeId only = between.first();
    if (stream.bernoulli(0.5)) query.mediators = {graph.name(only)};
    const Mediation found = identify_mediation(graph, query);
    const NodeSet m = graph.set_of(found.mediators, "test");
    INFO(causal_graph_text(graph) << graph.name(x) << " on " << graph.name(y) << " through "
                                  << graph.text_of(m));
    bool any = false;
    for (const NodeSet& set : subsets(graph.all() - m - NodeSet{x, y})) {
      any = any || check_mediation(graph, query, graph.names_of(set)).identified;
    }
    REQUIRE(found.identified == any);
    if (!any) {
      ++refused;
      continue;
    }
    REQUIRE(check_mediation(graph, query, found.covariates).identified);
    for (std::size_t i = 0; i < found.covariates.size(); ++i) {
      NodeNames fewer = found.covariates;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      REQUIRE_FALSE(check_mediation(graph, query, fewer).identified);
    }
    ++identified;
    with_covariates += found.covariates.empty() ? 0 : 1;
    const StructuralModel model(graph, stream);
    const NodeSet w = graph.set_of(found.covariates, "test");
    std::vector<double> joint(32, 0.0);
    const double weight = 1.0 / static_cast<double>(model.worlds());
    double truth = 0.0;
    for (std::size_t world = 0; world < model.worlds(); ++world) {
      joint[model.state(world, {}, 0)] += weight;
      // Y under x = 1 with the mediators as they would be under x = 0.
      const std::size_t before = model.state(world, NodeSet{x}, 0);
      const std::size_t values = (before & mask_of(m)) | (std::size_t{1} << x);
      const std::size_t crossed = model.state(world, m | NodeSet{x}, values);
      truth += weight * static_cast<double>((crossed >> y) & 1U);
    }
    const auto chance = [&](const NodeSet& set, std::size_t values) {
      double sum = 0.0;
      for (std::size_t s = 0; s < joint.size(); ++s) {
        if ((s & mask_of(set)) == (values & mask_of(set))) sum += joint[s];
      }
      return sum;
    };
    double formula = 0.0;
    for (const NodeSet& ones : subsets(m | w)) {
      const std::size_t at = mask_of(ones);
      const std::size_t at_one = at | mask_of(NodeSet{x});
      const double outcome = chance(m | w | NodeSet{x, y}, at_one | mask_of(NodeSet{y})) /
                             chance(m | w | NodeSet{x}, at_one);
      formula +=
          outcome * chance(m | w | NodeSet{x}, at) / chance(w | NodeSet{x}, at) * chance(w, at);
    }
    REQUIRE(formula == Approx(truth).margin(1e-10));
  }
  CHECK(identified > 80);
  CHECK(with_covariates > 30);
  CHECK(refused > 30);
}
