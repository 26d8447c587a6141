#include "engine/design/design.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/design/compiled.h"
#include "tests/engine/design/design_fixture.h"

namespace impact {
namespace {

using namespace testing;
using Catch::Contains;

std::string message(const Design& design) {
  try {
    check_design(design);
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<double> numbers(const Frame& frame, const char* name) {
  std::vector<double> storage;
  const auto cells = frame.column(name).to_numbers(storage);
  return {cells.begin(), cells.end()};
}

}  // namespace

TEST_CASE("levels number their units from 1 and nest") {
  const Model even{.levels = {{"village", {2}}, {"person", {3}}}};
  const LevelIds ids = level_ids(even);
  CHECK(ids.rows == 6);
  CHECK(ids.ids[0] == std::vector<double>{1, 1, 1, 2, 2, 2});
  CHECK(ids.ids[1] == std::vector<double>{1, 2, 3, 4, 5, 6});
  const Model odd{.levels = {{"a", {2}}, {"b", {1, 2}}, {"c", {2, 1, 1}}}};
  const LevelIds nested = level_ids(odd);
  CHECK(nested.ids[0] == std::vector<double>{1, 1, 2, 2});
  CHECK(nested.ids[1] == std::vector<double>{1, 1, 2, 3});
  CHECK(nested.ids[2] == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("variables may come in any order; a circle is shown") {
  Design design = two_arm(4, 1);
  std::swap(design.model.variables[0], design.model.variables[1]);
  CHECK(message(design) == "no error");
  design.model.variables = {
      {"a", col("b")}, {"b", col("c")}, {"c", plus(col("a"), num(1))}, {"y", num(1)}};
  CHECK_THAT(message(design), Contains("goes round in a circle") && Contains("a <- b <- c <- a"));
  design.model.variables = {{"y", plus(col("y"), num(1))}};
  CHECK_THAT(message(design), Contains("variable 'y' is made from itself"));
  // Through an assignment whose blocks depend on its own result.
  design = two_arm(4, 1);
  design.assignments[0].within = {"y"};
  CHECK_THAT(message(design), Contains("z <- y <- z") || Contains("y <- z <- y"));
}

TEST_CASE("what a design gets wrong is named, with a suggestion") {
  Design design = two_arm(10, 1);
  design.model.variables[1].expr = plus(col("uu"), num(1));
  CHECK_THAT(message(design), Contains("no 'uu' in the model") && Contains("variable 'y'"));
  design = two_arm(10, 1);
  design.model.variables.push_back({"unit", num(1)});
  CHECK_THAT(message(design), Contains("two parts of the model are called 'unit'"));
  design = two_arm(10, 1);
  design.inquiries[0].contrast->treated = "treatd";
  CHECK_THAT(message(design), Contains("no arm 'treatd'") && Contains("did you mean 'treated'?"));
  design = two_arm(10, 1);
  design.inquiries[0].contrast->assignment = "x";
  CHECK_THAT(message(design), Contains("no assignment 'x'"));
  design = two_arm(10, 1);
  design.estimators[0].inquiry = "ATT";
  CHECK_THAT(message(design), Contains("no inquiry 'ATT'") && Contains("estimator 'dim'"));
  design = two_arm(10, 1);
  design.inquiries[0].outcome = plus(col("y"), normal(0, 1));
  CHECK_THAT(message(design), Contains("outside the model") && Contains("inquiry 'ATE'"));
  design = two_arm(10, 1);
  design.inquiries[0].outcome = col("z");
  CHECK_THAT(message(design), Contains("the outcome is not a number"));
  design = two_arm(10, 1);
  design.inquiries[0].subset = call("gt", {col("y"), num(0)});
  CHECK_THAT(message(design), Contains("the subset depends on the assignment 'z'"));
  design = two_arm(10, 1);
  design.estimators[0].method = EstimatorSpec::Method::kBlocked;
  CHECK_THAT(message(design), Contains("a blocked estimator has no blocks"));
  design = two_arm(10, 1);
  design.estimators[0].covariates = {{"u", col("u")}};
  CHECK_THAT(message(design), Contains("takes neither covariates"));
  design = two_arm(10, 1);
  design.assignments[0].assignment.counts = {3, 3};
  CHECK_THAT(message(design), Contains("not the number of units"));
  design = two_arm(10, 1);
  design.model.levels = {{"village", {2}}, {"unit", {3, 3, 4}}};
  CHECK_THAT(message(design), Contains("one for each unit above") && Contains("level 'unit'"));
  design.model.levels = {{"village", {0}}};
  CHECK_THAT(message(design), Contains("out of range"));
  design = two_arm(10, 1);
  design.alpha = 0;
  CHECK_THAT(message(design), Contains("level of significance"));
}

TEST_CASE("a variable that is added leaves the others as they were") {
  const Design before = two_arm(20, 1);
  Design after = before;
  after.model.variables.insert(after.model.variables.begin(), {"x", normal(5, 2)});
  const Frame a = simulate_data(before, 3);
  const Frame b = simulate_data(after, 3);
  CHECK(numbers(a, "u") == numbers(b, "u"));
  CHECK(numbers(a, "y") == numbers(b, "y"));
  CHECK(numbers(b, "x") != numbers(b, "u"));
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(a.column("z").text_at(i) == b.column("z").text_at(i));
  }
  CHECK(numbers(simulate_data(before, 4), "u") != numbers(a, "u"));
}

TEST_CASE("simulated data has the types of the tables") {
  Design design = two_arm(5, 1);
  design.model.variables.push_back(
      {"tier", draw("categorical", {text("a"), num(1), text("b"), num(2)})});
  design.model.variables.push_back({"likes", draw("poisson", {num(3)})});
  design.model.variables.push_back({"paid", draw("bernoulli", {num(0.5)})});
  design.model.variables.push_back(
      {"seen", call("if_else", {call("gt", {col("unit"), num(3)}), literal(Value{}), col("u")})});
  const Frame data = simulate_data(design, 0);
  std::string types;
  for (std::size_t c = 0; c < data.schema().size(); ++c) {
    types += data.schema()[c].name + " " + data.column(c).type().name() + ", ";
  }
  CHECK(types ==
        "unit integer, u number, y number, tier text, likes integer, paid boolean, seen "
        "number, z text, ");
  CHECK(data.column("seen").missing_count() == 2);
}

// Effects that run through another variable and a draw by rejection whose mean the arm changes:
// every unit's observed outcome is the potential outcome of the arm it is in.
TEST_CASE("the observed outcome is the potential outcome of the drawn arm") {
  Design design = two_arm(40, 1);
  design.model.variables = {
      {"base", draw("gamma", {num(2), num(1)})},
      {"views", plus(col("base"), times(num(3), is_treated()))},
      {"y", draw("poisson", {col("views")})},
  };
  const CompiledDesign compiled = compile_design(design);
  SimWorkspace workspace(compiled.program);
  const CompiledContrast& contrast = *compiled.inquiries[0].contrast;
  for (std::uint64_t s = 0; s < 20; ++s) {
    workspace.run(s);
    const auto arm = workspace.column(contrast.arm);
    const auto observed = workspace.column(compiled.inquiries[0].outcome);
    const auto treated = workspace.column(contrast.treated_outcome);
    const auto control = workspace.column(contrast.control_outcome);
    double sum = 0;
    for (std::size_t i = 0; i < 40; ++i) {
      CHECK(observed[i] == (arm[i] == contrast.treated ? treated[i] : control[i]));
      sum += treated[i] - control[i];
    }
    std::int64_t missing = 0;
    CHECK(estimand(compiled.inquiries[0], workspace, missing) == Approx(sum / 40));
    CHECK(missing == 0);
  }
}

// Effect = unit number: known for all, for a subset and for the treated.
TEST_CASE("estimands: all, a subset, the treated, a mean") {
  Design design = two_arm(8, 0);
  design.model.variables[1].expr = plus(col("u"), times(col("unit"), is_treated()));
  Inquiry subset = ate();
  subset.name = "first";
  subset.subset = call("le", {col("unit"), num(3)});
  Inquiry treated = ate();
  treated.name = "ATT";
  treated.target = Inquiry::Target::kAtt;
  design.inquiries.push_back(subset);
  design.inquiries.push_back(treated);
  design.inquiries.push_back({.name = "mean", .outcome = col("unit")});
  const CompiledDesign compiled = compile_design(design);
  SimWorkspace workspace(compiled.program);
  workspace.run(7);
  std::int64_t missing = 0;
  const auto answer = [&](std::size_t q) {
    return estimand(compiled.inquiries[q], workspace, missing);
  };
  CHECK(answer(0) == Approx(4.5));
  CHECK(answer(1) == Approx(2.0));
  CHECK(answer(3) == Approx(4.5));
  const auto arm = workspace.column(compiled.inquiries[0].contrast->arm);
  double sum = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    if (arm[i] == compiled.inquiries[0].contrast->treated) sum += static_cast<double>(i + 1);
  }
  CHECK(answer(2) == Approx(sum / 4));
}

}  // namespace impact
