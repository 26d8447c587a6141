#include "engine/causal/graph/identify.h"

#include <chrono>
#include <cmath>
#include <fstream>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/causal/graph/separation.h"
#include "engine/core/error.h"
#include "tests/engine/causal/graph/discrete_model.h"
#include "tests/engine/causal/graph/graph_support.h"

using namespace impact;
using namespace impact::graph_test;

namespace {

// The model's distribution of the observed nodes. Bit v of a state is node v, so the first name
// runs fastest: names are given in reverse.
DiscreteJoint observed_joint(const CausalGraph& graph, const std::vector<double>& joint) {
  DiscreteJoint out;
  std::vector<NodeId> nodes;
  for (const NodeId v : graph.observed()) nodes.insert(nodes.begin(), v);
  for (const NodeId v : nodes) {
    out.names.push_back(graph.name(v));
    out.levels.push_back(2);
  }
  out.probability.assign(std::size_t{1} << nodes.size(), 0.0);
  for (std::size_t state = 0; state < joint.size(); ++state) {
    std::size_t cell = 0;
    for (const NodeId v : nodes) cell = 2 * cell + BinaryModel::bit(state, v);
    out.probability[cell] += joint[state];
  }
  return out;
}

// What the pair of sets must be to prove that no formula exists.
void check_hedge(const CausalGraph& full, const InterventionQuery& query, const Hedge& hedge) {
  const CausalGraph graph = full.latent_projection();
  const NodeSet larger = graph.set_of(hedge.larger, "test");
  const NodeSet smaller = graph.set_of(hedge.smaller, "test");
  const NodeSet x = graph.set_of(query.treatment, "test") | graph.set_of(query.given, "test");
  const NodeSet y = graph.set_of(query.outcome, "test") | graph.set_of(query.given, "test");
  REQUIRE(smaller.within(larger));
  REQUIRE(larger.meets(x));
  REQUIRE_FALSE(smaller.empty());
  REQUIRE(graph.district(larger.first(), larger) == larger);
  REQUIRE(graph.district(smaller.first(), smaller) == smaller);
  REQUIRE(graph.induced(larger).ancestors(smaller) == larger);
  REQUIRE(smaller.within(graph.ancestors(y)));
}

std::string answer(const std::string& graph, const InterventionQuery& query,
                   FormulaStyle style = FormulaStyle::kShortest) {
  return identify_effect(graph_of(graph), query, style).text;
}

const InterventionQuery kYDoX{.outcome = {"y"}, .treatment = {"x"}};

}  // namespace

TEST_CASE("published graphs: formulas of the ID algorithm", "[causal][graph]") {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/causal/graphs.json");
  const nlohmann::json reference = nlohmann::json::parse(file);
  CHECK(reference["id"].size() == 5);
  for (const auto& entry : reference["id"]) {
    const CausalGraph graph = graph_of(entry["graph"].get<std::string>());
    const Identification id =
        identify_effect(graph, {.outcome = {"Y"}, .treatment = {"T"}}, FormulaStyle::kRaw);
    CHECK(formula_text(id.formula) == entry["formula"].get<std::string>());
  }
  CHECK_THROWS_AS(graph_of("T -> Y, Y -> T"), ArgumentError);
}

TEST_CASE("formulas of well-known graphs", "[causal][graph]") {
  CHECK(answer("x -> y", kYDoX) == "P(y | do(x)) = P(y | x)");
  CHECK(answer("y -> x", kYDoX) == "P(y | do(x)) = P(y)");
  CHECK(answer("z -> {x y}, x -> y", kYDoX) == "P(y | do(x)) = sum_{z} P(z) P(y | z, x)");
  CHECK(answer("z -> {x y}, x -> y", kYDoX, FormulaStyle::kFactors) ==
        "P(y | do(x)) = sum_{z} P(z) P(y | z, x)");
  const std::string door = "P(y | do(x)) = sum_{m} P(m | x) sum_{x'} P(x') P(y | x', m)";
  CHECK(answer("x -> m -> y, x <-> y", kYDoX) == door);
  CHECK(answer("x -> m -> y, x <-> y", kYDoX, FormulaStyle::kFactors) == door);
  CHECK(answer("x -> m -> y, u [hidden] -> {x y}", kYDoX) == door);
  // The napkin (Pearl & Mackenzie 2018): no adjustment, no front door. The quotient is the same for
  // every z.
  const Identification napkin = identify_effect(graph_of("w -> z -> x -> y, w <-> {x y}"), kYDoX);
  CHECK(napkin.text ==
        "P(y | do(x)) = sum_{z} P(z) [sum_{w} P(w) P(x | w, z) P(y | w, z, x)] / [sum_{w} P(w) "
        "P(x | w, z)]");
  CHECK(napkin.method == "c-components");
  CHECK(identify_effect(graph_of("x -> m1 -> y, x <-> y"), {.outcome = {"y"}, .treatment = {"x"}})
            .latex ==
        "P(y \\mid \\text{do}(x)) = \\sum_{m_{1}} P(m_{1} \\mid x) \\sum_{x'} P(x') P(y \\mid x', "
        "m_{1})");
  CHECK(formula_latex({.kind = FormulaKind::kProbability, .of = {"watch_time"}, .given = {"a%"}}) ==
        "P(\\text{watch\\_time} \\mid \\text{a\\%})");
  // A chain needs no sum once simplified; DoWhy's longer form is that of kRaw.
  CHECK(answer("x -> m -> y", kYDoX, FormulaStyle::kFactors) == "P(y | do(x)) = P(y | x)");
  // Conditional: the condition is an effect modifier; setting it would be the same.
  CHECK(answer("x -> y, z -> y", {.outcome = {"y"}, .treatment = {"x"}, .given = {"z"}}) ==
        "P(y | do(x), z) = P(y | x, z)");
}

TEST_CASE("a hedge shows why there is no formula", "[causal][graph]") {
  const Identification bow = identify_effect(graph_of("x -> y, x <-> y"), kYDoX);
  CHECK_FALSE(bow.identified);
  CHECK(bow.text.empty());
  CHECK(bow.hedge.larger == NodeNames{"x", "y"});
  CHECK(bow.hedge.smaller == NodeNames{"y"});
  CHECK(bow.reason ==
        "P(y | do(x)) can't be computed from what is observed: hidden common causes (x <-> y) link "
        "all of {x, y}, and {y} within it without the treatment, so that models which agree on all "
        "data can differ in the effect");
  // Instruments alone do not identify a distribution; nor does a door whose arrow is confounded.
  CHECK_FALSE(identify_effect(graph_of("z -> x -> y, x <-> y"), kYDoX).identified);
  CHECK_FALSE(identify_effect(graph_of("x -> m -> y, x <-> y, x <-> m"), kYDoX).identified);
  CHECK_THROWS_AS(identify_effect(graph_of("u [hidden] -> y"), {.outcome = {"u"}}), ArgumentError);
  CHECK_THROWS_AS(identify_effect(graph_of("x -> y"), {.outcome = {}}), ArgumentError);
  CHECK_THROWS_AS(identify_effect(graph_of("x -> y"), {.outcome = {"y"}, .treatment = {"y"}}),
                  ArgumentError);
}

TEST_CASE("formulas give the interventional distribution of random models", "[causal][graph]") {
  Stream stream(StreamKey::root(6).child("identification"));
  int identified = 0;
  int by_components = 0;
  int hedges = 0;
  int conditional = 0;
  for (int round = 0; round < 1500; ++round) {
    const CausalGraph graph = random_graph(stream, 6, 0.4, 0.16, 0.15);
    std::vector<NodeId> seen(graph.observed().begin(), graph.observed().end());
    stream.shuffle(seen);
    if (seen.size() < 4) continue;
    NodeSet y{seen[0]};
    NodeSet x{seen[1]};
    NodeSet z;
    if (round % 3 == 1) x.insert(seen[2]);
    if (round % 5 == 1) y.insert(seen[3]);
    if (round % 3 == 2) z.insert(seen[2]);
    const InterventionQuery query{
        .outcome = graph.names_of(y), .treatment = graph.names_of(x), .given = graph.names_of(z)};
    INFO(causal_graph_text(graph) << graph.text_of(y) << " do " << graph.text_of(x) << " given "
                                  << graph.text_of(z));
    const Identification id = identify_effect(graph, query);
    if (!id.identified) {
      ++hedges;
      check_hedge(graph, query, id.hedge);
      REQUIRE_FALSE(identify_effect(graph, query, FormulaStyle::kRaw).identified);
      continue;
    }
    ++identified;
    by_components += id.method == "c-components" ? 1 : 0;
    conditional += z.empty() ? 0 : 1;
    const BinaryModel model(graph, stream);
    const DiscreteJoint joint = observed_joint(graph, model.joint());
    for (const FormulaStyle style :
         {FormulaStyle::kShortest, FormulaStyle::kFactors, FormulaStyle::kRaw}) {
      const Identification form = identify_effect(graph, query, style);
      REQUIRE(form.identified);
      for (int draw = 0; draw < 3; ++draw) {
        const std::size_t values = stream.below(model.states());
        std::map<std::string, std::size_t> at;
        for (const NodeId v : graph.observed()) at[graph.name(v)] = BinaryModel::bit(values, v);
        const std::vector<double> after = model.joint(x, values);
        const double truth = chance_of(after, y | z, values) / chance_of(after, z, values);
        INFO(form.text);
        REQUIRE(formula_value(form.formula, joint, at) == Approx(truth).epsilon(1e-9));
        if (style == FormulaStyle::kRaw) continue;
        // Nothing but the query's own variables is free.
        std::map<std::string, std::size_t> own;
        for (const NodeId v : x | y | z) own[graph.name(v)] = BinaryModel::bit(values, v);
        REQUIRE(formula_value(form.formula, joint, own) == Approx(truth).epsilon(1e-9));
      }
    }
  }
  CHECK(identified > 400);
  CHECK(by_components > 40);
  CHECK(conditional > 100);
  CHECK(hedges > 100);
}

TEST_CASE("values of formulas", "[causal][graph]") {
  // Cells (a, b): 0.1 0.2 0.3 / 0.1 0.1 0.2.
  const DiscreteJoint joint{
      .names = {"a", "b"}, .levels = {2, 3}, .probability = {0.1, 0.2, 0.3, 0.1, 0.1, 0.2}};
  const ProbabilityFormula b_given_a{
      .kind = FormulaKind::kProbability, .of = {"b"}, .given = {"a"}};
  CHECK(formula_value(b_given_a, joint, {{"a", 1}, {"b", 2}}) == Approx(0.5));
  const ProbabilityFormula total{.kind = FormulaKind::kSum, .of = {"b"}, .parts = {b_given_a}};
  CHECK(formula_value(total, joint, {{"a", 0}}) == Approx(1.0));
  CHECK(formula_text(total) == "sum_{b} P(b | a)");
  CHECK(formula_value({}, joint, {}) == 1.0);
  CHECK(formula_text({}) == "1");
  CHECK_THROWS_AS(formula_value(b_given_a, joint, {{"a", 1}}), ArgumentError);
  CHECK_THROWS_AS(formula_value(b_given_a, joint, {{"a", 2}, {"b", 0}}), ArgumentError);
  CHECK_THROWS_AS(formula_value({.kind = FormulaKind::kProbability, .of = {"c"}}, joint, {}),
                  ArgumentError);
  CHECK_THROWS_AS(
      formula_value(b_given_a, {.names = {"a"}, .levels = {2}, .probability = {1.0}}, {{"a", 0}}),
      ArgumentError);
}

TEST_CASE("identification on wide graphs", "[causal][graph]") {
  Stream stream(StreamKey::root(6).child("wide"));
  const auto start = std::chrono::steady_clock::now();
  int identified = 0;
  for (int round = 0; round < 10; ++round) {
    const CausalGraph graph = random_graph(stream, 60, 0.5, 0.005, 0.05);
    std::vector<NodeId> order;
    for (const NodeId v : graph.order()) {
      if (!graph.hidden().contains(v)) order.push_back(v);
    }
    const InterventionQuery query{.outcome = {graph.name(order[50])},
                                  .treatment = {graph.name(order[20])}};
    identified += identify_effect(graph, query).identified ? 1 : 0;
    identified += identify_effect(graph, query, FormulaStyle::kFactors).identified ? 1 : 0;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  CHECK(identified > 0);
  CHECK(took.count() < 10.0);
}
