#include "engine/learn/explain/residual_diagnostics.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "tests/engine/learn/explain/known_model.h"

using namespace impact;
using namespace impact::explaining;

namespace {

const nlohmann::json& peer() { return explain_reference().at("residuals"); }
std::vector<double> numbers(const char* name) { return peer().at(name).get<std::vector<double>>(); }

const Estimate& test_named(const ResidualDiagnostics& result, const std::string& method) {
  for (const Estimate& row : result.tests) {
    if (row.method == method) return row;
  }
  FAIL("no test " << method);
  return result.tests.front();
}

}  // namespace

TEST_CASE("residuals: the tests are those of statsmodels", "[learn][residuals]") {
  const auto outcome = numbers("outcome");
  const auto fitted = numbers("fitted");
  std::vector<std::int64_t> time;
  for (std::int64_t i = 0; i < 80; ++i) time.push_back(i);
  const auto result = residual_diagnostics({.outcome = outcome, .fitted = fitted, .time = time});
  const auto same = [&](const char* method, const char* name) {
    const Estimate& row = test_named(result, method);
    CHECK(row.statistic == Approx(peer()[name][0].get<double>()).epsilon(1e-9));
    CHECK(row.p_value == Approx(peer()[name][1].get<double>()).epsilon(1e-8));
  };
  same("breusch_pagan", "koenker");
  same("cook_weisberg", "normal");
  same("reset", "reset");
  // d = 2 (1 - r) but for the ends; theirs is of the same residuals.
  const Estimate& watson = test_named(result, "durbin_watson");
  CHECK(watson.statistic == Approx(peer()["durbin_watson"].get<double>()).epsilon(1e-9));
  CHECK(residual_diagnostics({.outcome = outcome, .fitted = fitted}).tests.size() == 4);
  for (const int threads : {2, 3, 8}) {
    const auto again =
        residual_diagnostics({.outcome = outcome, .fitted = fitted}, {}, {.threads = threads});
    CHECK(test_named(again, "breusch_pagan").statistic ==
          test_named(result, "breusch_pagan").statistic);
  }
}

TEST_CASE("residuals by hand", "[learn][residuals]") {
  const std::vector<double> fitted = {1, 2, 3, 4, 5, std::nan("")};
  const std::vector<double> outcome = {2, 1, 3, 8, 5, 1};
  const auto result = residual_diagnostics({.outcome = outcome, .fitted = fitted}, {.bins = 1});
  CHECK(result.residual == std::vector<double>{1, -1, 0, 4, 0});
  CHECK(warned(result, "1 row was"));
  CHECK(result.residual_sd == Approx(std::sqrt(18.0 / 4)));
  CHECK(result.studentised[0] == Approx(1 / std::sqrt(17.0 / 3)));
  CHECK(result.studentised[3] == Approx(4 / std::sqrt(2.0 / 3)));
  CHECK(result.scale[3] == Approx(std::sqrt(result.studentised[3])));
  REQUIRE(result.by_fitted.size() == 1);
  CHECK(result.by_fitted[0].x == Approx(3.0));
  CHECK(result.by_fitted[0].mean == Approx(0.8));
  CHECK(result.by_fitted[0].std_error == Approx(std::sqrt((18 - 5 * 0.64) / 4 / 5)));
  CHECK(result.by_fitted[0].n == 5);
  // Ranks of 1, -1, 0, 4, 0 are 4, 1, 2, 5, 3; (rank - 3/8) / 5.25.
  CHECK(result.normal[1] == Approx(normal_quantile(0.625 / 5.25)));
  CHECK(result.normal[4] == Approx(0.0).margin(1e-15));
  // Quartiles 0 and studentised 1.
  CHECK(result.qq_slope == Approx(result.studentised[0] / (2 * normal_quantile(0.75))));
  const double middle = result.qq_intercept;
  const double half =
      1.959963984540054 * result.qq_slope * std::sqrt(2 * std::acos(-1.0)) * std::sqrt(0.25 / 5);
  CHECK(result.qq_low[4] == Approx(middle - half));
  CHECK(result.qq_high[4] == Approx(middle + half));
  // t of 4.9 with 3 df: p = 0.0163, times 5 above 0.05.
  CHECK(result.outliers.empty());
  const auto wide = residual_diagnostics({.outcome = outcome, .fitted = fitted},
                                         {.bins = 1, .outlier_level = 0.5});
  REQUIRE(wide.outliers.size() == 1);
  CHECK(wide.outliers[0].row == 3);
  CHECK(wide.outliers[0].p_value == Approx(t_two_sided(result.studentised[3], 3)));
  CHECK(wide.outliers[0].bonferroni == Approx(5 * wide.outliers[0].p_value));
}

TEST_CASE("residuals: what is planted is found", "[learn][residuals]") {
  Stream stream({12});
  std::vector<double> fitted, steady, growing;
  for (int i = 0; i < 400; ++i) {
    fitted.push_back(stream.uniform(0, 4));
    const double e = stream.normal();
    steady.push_back(fitted.back() + e);
    growing.push_back(fitted.back() + std::exp(0.4 * fitted.back()) * e);
  }
  const auto calm = residual_diagnostics({.outcome = steady, .fitted = fitted});
  CHECK(test_named(calm, "breusch_pagan").p_value > 0.01);
  CHECK(calm.outliers.empty());
  CHECK(calm.by_fitted.size() == 20);
  const auto wild = residual_diagnostics({.outcome = growing, .fitted = fitted});
  CHECK(test_named(wild, "breusch_pagan").p_value < 1e-6);
  CHECK(wild.by_scale.back().mean > wild.by_scale.front().mean + 0.2);
  steady[7] = fitted[7] - 9;
  const auto far = residual_diagnostics({.outcome = steady, .fitted = fitted});
  REQUIRE(far.outliers.size() == 1);
  CHECK(far.outliers[0].row == 7);
}

TEST_CASE("residuals: trouble and bad input", "[learn][residuals]") {
  const std::vector<double> y = {1, 2, 3, 4, 5, 6};
  CHECK(warned(residual_diagnostics({.outcome = y, .fitted = y}), "exactly"));
  CHECK(warned(
      residual_diagnostics({.outcome = std::span(y).first(2), .fitted = std::span(y).first(2)}),
      "too few"));
  const auto bad = [&](const FittedRows& data, const ResidualSpec& spec = {}) {
    CHECK_THROWS_AS(residual_diagnostics(data, spec), ArgumentError);
  };
  bad({.outcome = y, .fitted = std::span(y).first(2)});
  bad({.outcome = y, .fitted = y, .parameters = 0});
  bad({.outcome = y, .fitted = y}, {.bins = 0});
  bad({.outcome = y, .fitted = y}, {.conf_level = 1.0});
  bad({.outcome = y, .fitted = y}, {.outlier_level = 2.0});
}

TEST_CASE("residuals of classes: Hosmer-Lemeshow, binned, deviance, Pearson",
          "[learn][residuals]") {
  const auto p = numbers("probability");
  const auto label = peer().at("label").get<std::vector<std::int32_t>>();
  const ScoredLabels data{.score = p, .label = label};
  const auto result = binary_residuals(data, {.bins = 10});
  CHECK(result.hosmer_lemeshow.statistic ==
        Approx(peer()["hosmer_lemeshow"][0].get<double>()).epsilon(1e-9));
  CHECK(result.hosmer_lemeshow.p_value ==
        Approx(peer()["hosmer_lemeshow"][2].get<double>()).epsilon(1e-8));
  CHECK(binary_residuals(data, {.held_out = false}).hosmer_lemeshow.p_value ==
        Approx(peer()["hosmer_lemeshow"][1].get<double>()).epsilon(1e-8));
  const auto pearson = numbers("pearson");
  const auto deviance = numbers("deviance");
  for (std::size_t i = 0; i < 80; ++i) {
    CHECK(result.pearson[i] == Approx(pearson[i]).epsilon(1e-12));
    CHECK(result.deviance[i] == Approx(deviance[i]).epsilon(1e-12));
  }
  REQUIRE(result.bins.size() == peer()["binned"].size());
  for (std::size_t k = 0; k < result.bins.size(); ++k) {
    const auto& bin = peer()["binned"][k];
    CHECK(result.bins[k].probability == Approx(bin[0].get<double>()).epsilon(1e-12));
    CHECK(result.bins[k].residual == Approx(bin[1].get<double>()).margin(1e-12));
    CHECK(result.bins[k].n == bin[2].get<std::int64_t>());
    CHECK(result.bins[k].bound == Approx(bin[3].get<double>()).epsilon(1e-10));
  }
  std::int64_t rows = 0;
  for (const ProbabilityGroup& group : result.groups) rows += group.n;
  CHECK(rows == 80);
}

TEST_CASE("residuals of classes: trouble and bad input", "[learn][residuals]") {
  const std::vector<double> p = {0.0, 1.0, 0.5, 0.5, 0.2, 0.9};
  const std::vector<std::int32_t> label = {1, 1, -1, 0, 0, 1};
  const auto result = binary_residuals({.score = p, .label = label});
  CHECK(result.rows == std::vector<std::uint32_t>{0, 1, 3, 4, 5});
  CHECK(warned(result, "1 row was"));
  CHECK(warned(result, "impossible"));
  CHECK(result.pearson[1] == 0.0);
  CHECK(std::isinf(result.deviance[0]));
  const std::vector<double> same(6, 0.5);
  const auto flat = binary_residuals({.score = same, .label = label});
  CHECK(std::isnan(flat.hosmer_lemeshow.p_value));
  CHECK(flat.bins.size() == 1);
  const std::vector<double> over = {0.0, 1.5, 0.5, 0.5, 0.2, 0.9};
  CHECK_THROWS_AS(binary_residuals({.score = over, .label = label}), ArgumentError);
  CHECK_THROWS_AS(binary_residuals({.score = p, .label = label}, {.groups = 2}), ArgumentError);
  CHECK_THROWS_AS(binary_residuals({.score = p, .label = label}, {.bins = -1}), ArgumentError);
  CHECK_THROWS_AS(binary_residuals({.score = p, .label = label, .weights = p}), ArgumentError);
}
