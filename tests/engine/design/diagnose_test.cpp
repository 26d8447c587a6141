#include "engine/design/diagnose.h"

#include <cmath>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/design/diagnosands.h"
#include "tests/engine/design/design_fixture.h"

namespace impact {
namespace {

using namespace testing;
using Catch::Contains;
using Method = EstimatorSpec::Method;

// Four Monte-Carlo standard errors.
void check_near(const Frame& table, const char* name, const char* column_name, double expected) {
  INFO(name << " " << column_name);
  const double value = cell(table, name, column_name);
  const double mcse = cell(table, name, std::string(column_name) + "_mcse");
  CHECK(std::abs(value - expected) < 4 * mcse + 1e-12);
}

}  // namespace

TEST_CASE("diagnosands: by hand") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  // estimand, estimate, std_error, df, p, low, high
  const std::vector<SimulatedResult> results = {
      {1, 2, 0.5, 9, 0.01, 1.5, 2.5},    {1, 1, 0.5, 9, 0.04, 0.5, 1.5},
      {1, -1, 0.7, 9, 0.05, -2.0, 0.0},  {1, 0, 0.7, 9, 0.90, -1.0, 1.0},
      {1, nan, nan, nan, nan, nan, nan},
  };
  const Diagnosands d = diagnosands(results, 0.05);
  CHECK(d.simulations == 5);
  CHECK(d.failed == 1);
  CHECK(d.mean_estimand.value == 1);
  CHECK(d.mean_estimand.mcse == 0);
  CHECK(d.mean_estimate.value == 0.5);
  CHECK(d.mean_estimate.mcse == Approx(std::sqrt(5.0 / 3 / 4)));
  CHECK(d.sd_estimate.value == Approx(std::sqrt(5.0 / 3)));
  CHECK(d.mean_std_error.value == Approx(0.6));
  CHECK(d.bias.value == -0.5);
  CHECK(d.rmse.value == Approx(std::sqrt(6.0 / 4)));  // 1, 0, 4, 1
  CHECK(d.rmse.mcse == Approx(std::sqrt(3.0 / 4) / (2 * std::sqrt(1.5))));
  CHECK(d.power.value == 0.75);
  CHECK(d.power.mcse == Approx(std::sqrt(0.75 * 0.25 / 4)));
  CHECK(d.coverage.value == 0.5);
  CHECK(d.type_s.value == Approx(1.0 / 3));
  CHECK(d.type_m.value == Approx(4.0 / 3));
  CHECK(d.type_m.mcse == Approx(std::sqrt(1.0 / 3 / 3)));  // 2, 1, 1 about 4/3: variance 1/3
  CHECK(d.mean_width.value == Approx(1.5));
}

TEST_CASE("diagnosands: nothing counts, nothing is significant") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<SimulatedResult> failed(3, {1, nan, nan, nan, nan, nan, nan});
  CHECK(diagnosands(failed, 0.05).failed == 3);
  CHECK(std::isnan(diagnosands(failed, 0.05).bias.value));
  const std::vector<SimulatedResult> dull(3, {1, 0.1, 1, 9, 0.9, -2, 2});
  CHECK(diagnosands(dull, 0.05).power.value == 0);
  CHECK(std::isnan(diagnosands(dull, 0.05).type_s.value));
  CHECK(std::isnan(diagnosands(dull, 0.05).type_m.value));
}

// Neyman (1923): with fixed potential outcomes and complete assignment,
// Var = S1^2 / n1 + S0^2 / n0 - S_tau^2 / N.
TEST_CASE("diagnosis: variance of complete random assignment") {
  Design design = two_arm(12, 0);
  // Y(0) = id^2 / 10, Y(1) = Y(0) + id: no randomness but the assignment's.
  design.model.variables = {{"base", call("divide", {times(col("unit"), col("unit")), num(10)})},
                            {"y", plus(col("base"), times(col("unit"), is_treated()))}};
  design.assignments[0].assignment.counts = {7, 5};
  const auto variance = [](auto&& f) {
    double mean = 0;
    double sum = 0;
    for (int i = 1; i <= 12; ++i) mean += f(i) / 12.0;
    for (int i = 1; i <= 12; ++i) sum += (f(i) - mean) * (f(i) - mean);
    return sum / 11;
  };
  const auto y0 = [](double i) { return i * i / 10; };
  const auto y1 = [](double i) { return i * i / 10 + i; };
  const auto tau = [](double i) { return i; };
  const double truth = variance(y1) / 5 + variance(y0) / 7 - variance(tau) / 12;
  const double estimated = variance(y1) / 5 + variance(y0) / 7;
  const Frame table = diagnose(design, {.simulations = 20000}).table;
  CHECK(cell(table, "dim", "mean_estimand") == Approx(6.5).epsilon(1e-14));
  CHECK(cell(table, "dim", "mean_estimand_mcse") == Approx(0).margin(1e-14));
  check_near(table, "dim", "bias", 0);
  check_near(table, "dim", "sd_estimate", std::sqrt(truth));
  check_near(table, "dim", "rmse", std::sqrt(truth));
  // The standard error is conservative by the variance of the effects.
  CHECK(cell(table, "dim", "mean_std_error") > std::sqrt(truth));
  CHECK(cell(table, "dim", "mean_std_error") < std::sqrt(estimated));
}

TEST_CASE("diagnosis: power of the two-sample t test is that of the noncentral t") {
  Design design = two_arm(40, 0.6);
  EstimatorSpec ols = estimator("ols", Method::kOls);
  ols.se_type = "classical";
  design.estimators = {ols};
  const double ncp = 0.6 / std::sqrt(2.0 / 20);
  const boost::math::non_central_t_distribution<double> shifted(38, ncp);
  const double critical = quantile(boost::math::students_t_distribution<double>(38), 0.975);
  const double upper = cdf(complement(shifted, critical));
  const double lower = cdf(shifted, -critical);
  const Frame table = diagnose(design, {.simulations = 20000}).table;
  check_near(table, "ols", "power", upper + lower);
  check_near(table, "ols", "coverage", 0.95);
  check_near(table, "ols", "type_s", lower / (upper + lower));
  check_near(table, "ols", "sd_estimate", std::sqrt(2.0 / 20));
  check_near(table, "ols", "bias", 0);
}

// Sum over blocks of (N_j / N)^2 (S1j^2 / n1j + S0j^2 / n0j), constant effect.
TEST_CASE("diagnosis: blocking removes what lies between blocks") {
  Design design = two_arm(10, 0);
  design.model.levels = {{"tier", {2}}, {"unit", {4, 6}}};
  design.model.variables = {
      {"y", plus(plus(times(num(100), col("tier")), col("unit")), times(num(2), is_treated()))}};
  design.assignments = {half({"tier"})};
  design.estimators = {estimator("blocked", Method::kBlocked),
                       estimator("naive", Method::kDifferenceInMeans)};
  // Variances of 1..4 and of 5..10: 5/3 and 7/2.
  const double truth = 0.16 * (5.0 / 3) * (2.0 / 2) + 0.36 * 3.5 * (2.0 / 3);
  const Frame table = diagnose(design, {.simulations = 20000}).table;
  check_near(table, "blocked", "sd_estimate", std::sqrt(truth));
  check_near(table, "blocked", "bias", 0);
  check_near(table, "naive", "sd_estimate", std::sqrt(truth));  // same shares in both blocks
  CHECK(cell(table, "naive", "mean_std_error") > 20);
  CHECK(cell(table, "blocked", "mean_std_error") < 2);
  CHECK(cell(table, "naive", "coverage") == 1);
}

// With J clusters of m, half treated: Var = 4 / J (s_c^2 + s_u^2 / m), that is the variance of
// independent units times the design effect 1 + (m - 1) ICC.
TEST_CASE("diagnosis: design effect of clusters") {
  Design design = two_arm(1, 0);
  design.model.levels = {{"creator", {20}}, {"video", {5}}};
  design.model.variables = {
      {"c", normal(0, std::sqrt(0.5), {col("creator")})},
      {"y", plus(plus(col("c"), normal(0, std::sqrt(0.5))), times(num(0.4), is_treated()))}};
  design.assignments = {half({}, {"creator"})};
  EstimatorSpec naive = estimator("naive", Method::kDifferenceInMeans);
  naive.clusters = std::vector<std::string>{};
  design.estimators = {estimator("dim", Method::kDifferenceInMeans), naive};
  const double deff = 1 + 4 * 0.5;
  const Frame table = diagnose(design, {.simulations = 10000}).table;
  check_near(table, "dim", "sd_estimate", std::sqrt(4.0 / 100 * deff));
  check_near(table, "dim", "coverage", 0.95);
  CHECK(cell(table, "naive", "coverage") < 0.85);
}

TEST_CASE("diagnosis: common random numbers across a sweep") {
  const DiagnoseOptions keep{.simulations = 50, .keep_simulations = true};
  const Frame a = diagnose(two_arm(30, 0.2), keep).simulations;
  const Frame b = diagnose(two_arm(30, 0.7), keep).simulations;
  for (std::size_t r = 0; r < 50; ++r) {
    const double difference =
        b.column("estimate").as_numbers()[r] - a.column("estimate").as_numbers()[r];
    CHECK(difference == Approx(0.5).epsilon(1e-12));
  }
}

TEST_CASE("diagnosis: the same bits on any number of threads, and for any longer run") {
  Design design = two_arm(1, 0.3);
  design.model.levels = {{"creator", {12}}, {"video", {3}}};
  design.model.variables.push_back(
      {"tier", draw("categorical", {text("a"), num(1), text("b"), num(2)}, {col("creator")})});
  design.model.variables.push_back({"likes", draw("poisson", {num(2)})});
  design.assignments = {half({"tier"}, {"creator"})};
  EstimatorSpec ols = estimator("ols", Method::kOls);
  ols.covariates = {{"tier", col("tier")}, {"likes", col("likes")}};
  design.estimators = {estimator("dim", Method::kDifferenceInMeans),
                       estimator("blocked", Method::kBlocked), ols};
  const DiagnoseOptions options{.simulations = 700, .keep_simulations = true};
  const Diagnosis one = diagnose(design, options, {.threads = 1});
  for (const int threads : {2, 3, 8}) {
    const Diagnosis many = diagnose(design, options, {.threads = threads});
    CHECK(print(many.table) == print(one.table));
    CHECK(print(many.simulations) == print(one.simulations));
    CHECK(many.warnings == one.warnings);
  }
  const Frame longer = diagnose(design, {.simulations = 900, .keep_simulations = true}).simulations;
  CHECK_THAT(print(longer), Catch::StartsWith(print(one.simulations)));
}

TEST_CASE("diagnosis: failed simulations are counted and explained") {
  Design design = two_arm(4, 0.5);
  design.assignments[0].assignment.method = Assignment::Method::kSimple;
  const Diagnosis result = diagnose(design, {.simulations = 2000});
  // A standard error needs two units in both arms: C(4, 2) of 16 allocations.
  const double failed = cell(result.table, "dim", "failed");
  CHECK(std::abs(failed / 2000 - 10.0 / 16) < 4 * std::sqrt(10.0 / 16 * 6 / 16 / 2000));
  CHECK(cell(result.table, "dim", "simulations") == 2000);
  REQUIRE(!result.warnings.empty());
  bool explained = false;
  for (const auto& warning : result.warnings) {
    explained = explained || (warning.find("of 2000 simulations failed") != std::string::npos &&
                              warning.find("arm") != std::string::npos);
  }
  CHECK(explained);
}

TEST_CASE("diagnosis: outcomes that are missing, few simulations, a mean") {
  Design design = two_arm(50, 0.5);
  design.model.variables.push_back(
      {"seen", call("if_else", {call("gt", {col("u"), num(-1)}), col("y"), literal(Value{})})});
  design.inquiries[0].outcome = col("seen");
  design.inquiries.push_back({.name = "mean", .outcome = col("y")});
  EstimatorSpec mean = estimator("mean", Method::kOls);
  mean.inquiry = "mean";
  design.estimators.push_back(mean);
  const Diagnosis result = diagnose(design, {.simulations = 200});
  std::string all;
  for (const auto& warning : result.warnings) all += warning + "\n";
  CHECK_THAT(all, Contains("outcome of some units is missing"));
  CHECK_THAT(all, Contains("200 simulations leave a standard error"));
  check_near(result.table, "mean", "mean_estimate", 0.25);
  CHECK(cell(result.table, "mean", "bias") == Approx(0).margin(1e-12));  // all units are seen
}

TEST_CASE("diagnosis: bad requests, cancelling, progress") {
  Design design = two_arm(20, 0.5);
  CHECK_THROWS_WITH(diagnose(design, {.simulations = 1}), Contains("at least two simulations"));
  CancelToken cancel;
  cancel.request();
  CHECK_THROWS_AS(diagnose(design, {.simulations = 100}, {.cancel = &cancel}), Cancelled);
  struct Sink : ProgressSink {
    std::atomic<double> last{0};
    void report(std::string_view task, double fraction) override {
      if (task == "diagnose") last = std::max(last.load(), fraction);
    }
  } sink;
  (void)diagnose(design, {.simulations = 1000}, {.threads = 2, .progress = &sink});
  CHECK(sink.last == 1.0);
  design.estimators.clear();
  CHECK_THROWS_WITH(diagnose(design), Contains("no estimator to diagnose"));
}

}  // namespace impact
