#include <cmath>
#include <catch2/catch.hpp>

#include "engine/analysis/analysis.h"
#include "engine/core/error.h"

namespace impact {
namespace {

// 30 rows: y bends with x, differs by g, and follows no noise but a fixed wiggle.
AnalysisInput bent() {
  std::vector<double> y, x;
  std::vector<std::string> g;
  std::vector<std::int64_t> village, day;
  std::vector<std::uint8_t> won;
  for (int i = 0; i < 30; ++i) {
    const double at = i / 3.0;
    x.push_back(at);
    g.emplace_back(i % 3 == 0 ? "low" : i % 3 == 1 ? "mid" : "top");
    y.push_back(2 + 0.5 * at - 0.1 * at * at + (i % 3) * 0.7 + 0.3 * std::sin(7.0 * i));
    village.push_back(i / 5);
    day.push_back(30 - i);
    won.push_back(i % 4 == 0 || i > 22 ? 1 : 0);
  }
  std::vector<double> squared(x);
  for (double& value : squared) value *= value;
  AnalysisInput input;
  input.frame =
      Frame({"y", "x", "x2", "g", "village", "day", "won"},
            {Column::numbers(y), Column::numbers(x), Column::numbers(squared), Column::texts(g),
             Column::integers(village), Column::integers(day), Column::booleans(won)});
  return input;
}

using Roles = std::vector<std::pair<std::string, std::vector<std::string>>>;

AnalysisResult run(const char* method, Roles roles,
                   nlohmann::json options = nlohmann::json::object()) {
  AnalysisInput input = bent();
  input.roles = std::move(roles);
  input.options = std::move(options);
  return analyse(method, input, {});
}

const Frame& table(const AnalysisResult& result, const std::string& name) {
  for (const AnalysisTable& item : result.tables) {
    if (item.name == name) return item.frame;
  }
  FAIL("no table " << name);
  return result.tables[0].frame;
}

double fit(const AnalysisResult& result, const std::string& quantity) {
  const Frame& frame = table(result, "fit");
  for (std::size_t row = 0; row < frame.rows(); ++row) {
    if (frame.column("quantity").text_at(row) == quantity) {
      return frame.column("value").as_numbers()[row];
    }
  }
  FAIL("no quantity " << quantity);
  return 0;
}

TEST_CASE("a curve fits what its powers fit", "[analysis][regress]") {
  const auto powers = run("ols", {{"of", {"y"}}, {"terms", {"g", "x", "x2"}}});
  const auto curved = run("ols", {{"of", {"y"}}, {"terms", {"g"}}, {"curved", {"x"}}},
                          {{"curves", nlohmann::json::array({{{"kind", "poly"}, {"size", 2}}})}});
  CHECK(fit(curved, "r_squared") == Approx(fit(powers, "r_squared")).epsilon(1e-12));
  CHECK(curved.estimates[3].term == "poly(x)[1]");
  // The dummies do not notice which columns stand for x.
  CHECK(curved.estimates[1].estimate == Approx(powers.estimates[1].estimate).epsilon(1e-10));
  const Frame& joint = table(curved, "joint_tests");
  REQUIRE(joint.rows() == 2);
  CHECK(joint.column("term").text_at(1) == "poly(x)");
  CHECK(joint.column("df").as_numbers()[1] == 2);
}

TEST_CASE("least squares says what may be wrong with it", "[analysis][regress]") {
  const auto result = run("ols", {{"of", {"y"}}, {"terms", {"x", "g"}}});
  const Frame& tests = table(result, "diagnostics");
  CHECK(tests.rows() == 4);
  CHECK(tests.column("test").text_at(2) == "reset");
  CHECK(tests.column("p").as_numbers()[2] < 0.01);  // The bend that no term stands for.
  CHECK(table(result, "collinearity").rows() == 2);
  const Frame& influence = table(result, "influence");
  CHECK(influence.rows() == 20);
  CHECK(influence.column("cooks distance").as_numbers()[0] >=
        influence.column("cooks distance").as_numbers()[1]);
  CHECK(run("ols", {{"of", {"y"}}, {"terms", {"x"}}}, {{"diagnostics", false}}).tables.size() == 1);
}

TEST_CASE("errors by clusters of one and two kinds, and along time", "[analysis][regress]") {
  const Roles terms{{"of", {"y"}}, {"terms", {"x"}}};
  const auto with = [&](const char* role, std::vector<std::string> columns) {
    Roles roles = terms;
    roles.emplace_back(role, std::move(columns));
    return run("ols", std::move(roles)).estimates[1];
  };
  CHECK(with("clusters", {"village"}).se_type == "CR2");
  CHECK(with("clusters", {"village", "g"}).se_type == "CR1");
  CHECK(with("time", {"day"}).se_type == "NW");
  CHECK_THROWS_AS(with("clusters", {"village", "g", "day"}), ArgumentError);
  CHECK_THROWS_AS(with("time", {"g"}), ArgumentError);
}

TEST_CASE("likelihood fits come with effects on the scale of the outcome", "[analysis][regress]") {
  const auto result = run("logit", {{"of", {"won"}}, {"terms", {"x", "g"}}});
  CHECK(result.estimates[0].method == "logistic");
  const Frame& effects = table(result, "marginal_effects");
  REQUIRE(effects.rows() == 3);
  CHECK(effects.column("term").text_at(1) == "g[mid]");
  CHECK(std::abs(effects.column("effect").as_numbers()[1]) < 1);
  CHECK(table(result, "joint_tests").rows() == 1);
  const Frame& ratios = table(result, "ratios");
  CHECK(ratios.column("odds_ratio").as_numbers()[0] ==
        Approx(std::exp(result.estimates[1].estimate)));
  // A product's parts move together: no average marginal effects.
  const auto product =
      run("logit", {{"of", {"won"}}, {"terms", {"x", "x2"}}}, {{"terms", {{0}, {1}, {0, 1}}}});
  for (const AnalysisTable& item : product.tables) CHECK(item.name != "marginal_effects");
}

TEST_CASE("an outcome with levels, and its reference", "[analysis][regress]") {
  const auto first = run("multinomial", {{"of", {"g"}}, {"terms", {"x"}}});
  REQUIRE(first.estimates.size() == 4);
  CHECK(first.estimates[0].term == "mid:(intercept)");
  const auto other = run("multinomial", {{"of", {"g"}}, {"terms", {"x"}}}, {{"reference", "top"}});
  CHECK(other.estimates[0].term == "low:(intercept)");
  CHECK(fit(other, "log_likelihood") == Approx(fit(first, "log_likelihood")).epsilon(1e-10));
  CHECK_THROWS_WITH(run("multinomial", {{"of", {"g"}}, {"terms", {"x"}}}, {{"reference", "tip"}}),
                    Catch::Contains("'g' never is 'tip'"));
}

}  // namespace
}  // namespace impact
