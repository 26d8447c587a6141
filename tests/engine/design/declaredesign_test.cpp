#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <catch2/catch.hpp>

#include "engine/design/diagnose.h"
#include "tests/engine/design/design_fixture.h"

// Published designs, also simulated by DeclareDesign: tests/reference/design/declaredesign.R says
// which and where they stand. Every diagnosand agrees within 4 combined Monte-Carlo standard errors
// of 10,000 simulations on either side.

namespace impact {
namespace {

using namespace testing;
using Method = EstimatorSpec::Method;

constexpr double kRestVariance = (1 - 0.5773 * 0.5773) / 2;

EstimatorSpec with_effects(const char* name) {
  EstimatorSpec spec = estimator(name, Method::kOls);
  spec.fixed_effects = {"block"};
  return spec;
}

Design two_arm_trial() {
  Design design = two_arm(100, 0.2);
  design.estimators.push_back(estimator("ols", Method::kOls));
  return design;
}

Design adjusted() {
  Design design = two_arm(100, 0);
  design.model.variables = {
      {"x", draw("uniform", {num(0), num(1)})},
      {"u", normal(0, 0.1)},
      {"y", plus(call("if_else", {is_treated(), col("x"), call("negate", {col("x")})}), col("u"))}};
  design.assignments[0].assignment.probabilities = {0.7, 0.3};
  EstimatorSpec ols = estimator("ols", Method::kOls);
  ols.covariates = {{"x", col("x")}};
  EstimatorSpec lin = estimator("lin", Method::kLin);
  lin.covariates = {{"x", col("x")}};
  design.estimators = {estimator("dim", Method::kDifferenceInMeans), ols, lin};
  return design;
}

Design block_cluster(std::int64_t blocks, std::int64_t clusters, std::int64_t units) {
  const double rest = std::sqrt(kRestVariance);
  Design design = two_arm(1, 0);
  design.model = {.levels = {{"block", {blocks}}, {"cluster", {clusters}}, {"unit", {units}}},
                  .variables = {{"u_b", normal(0, 0.5773, {col("block")})},
                                {"u_c", normal(0, rest, {col("cluster")})},
                                {"u", normal(0, rest)},
                                {"y", plus(plus(col("u_b"), col("u_c")),
                                           plus(col("u"), times(num(0.5), is_treated())))}}};
  return design;
}

Design blocked() {
  Design design = block_cluster(10, 6, 1);
  design.assignments = {half({"block"})};
  design.estimators = {estimator("blocked", Method::kBlocked), with_effects("fixed_effects")};
  return design;
}

Design clustered() {
  Design design = block_cluster(1, 20, 5);
  design.assignments = {half({}, {"cluster"})};
  EstimatorSpec naive = estimator("naive", Method::kOls);
  naive.clusters = std::vector<std::string>{};
  design.estimators = {estimator("dim", Method::kDifferenceInMeans), estimator("ols", Method::kOls),
                       naive};
  return design;
}

Design block_clustered() {
  Design design = block_cluster(5, 5, 4);
  design.assignments = {half({"block"}, {"cluster"})};
  design.estimators = {estimator("blocked", Method::kBlocked), with_effects("fixed_effects")};
  return design;
}

struct Reference {
  std::string estimator, diagnosand;
  double value, mcse;
};

std::map<std::string, std::vector<Reference>> read_reference() {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/design/declaredesign.txt");
  REQUIRE(file);
  std::map<std::string, std::vector<Reference>> all;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string design;
    Reference reference;
    REQUIRE(fields >> design >> reference.estimator >> reference.diagnosand >> reference.value >>
            reference.mcse);
    all[design].push_back(reference);
  }
  return all;
}

}  // namespace

TEST_CASE("diagnosis: published designs as DeclareDesign diagnoses them") {
  const auto reference = read_reference();
  const std::map<std::string, Design> designs = {{"two_arm", two_arm_trial()},
                                                 {"adjusted", adjusted()},
                                                 {"blocked", blocked()},
                                                 {"clustered", clustered()},
                                                 {"block_clustered", block_clustered()}};
  std::size_t compared = 0;
  for (const auto& [name, design] : designs) {
    const Frame table = diagnose(design, {.simulations = 10000}, {.threads = 2}).table;
    for (const auto& theirs : reference.at(name)) {
      INFO(name << " " << theirs.estimator << " " << theirs.diagnosand);
      const double ours = cell(table, theirs.estimator, theirs.diagnosand);
      const double mcse = cell(table, theirs.estimator, theirs.diagnosand + "_mcse");
      const double tolerance = 4 * std::sqrt(mcse * mcse + theirs.mcse * theirs.mcse) + 1e-12;
      CHECK(std::abs(ours - theirs.value) < tolerance);
      CHECK(mcse == Approx(theirs.mcse).epsilon(0.2).margin(2e-3));
      ++compared;
    }
  }
  CHECK(compared == 12 * 11);
}

}  // namespace impact
