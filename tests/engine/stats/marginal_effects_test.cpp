#include "engine/stats/marginal_effects.h"

#include <bit>
#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/wald.h"
#include "tests/engine/stats/regression_reference.h"

using namespace impact;
using namespace impact::regression;

namespace {

using Numbers = std::vector<double>;
const std::vector<std::string> kTerms = {"one", "x", "v", "d"};

struct Case {
  const char* name;
  GlmFamily family;
  const char* outcome;
};
const std::vector<Case> kCases = {{"logistic", GlmFamily::kLogistic, "b"},
                                  {"probit", GlmFamily::kProbit, "b"},
                                  {"poisson", GlmFamily::kPoisson, "cnt"}};

GlmData table(const Case& c, bool moved = true) {
  static const Numbers x = matrix(kTerms);
  GlmData result{.x = x, .columns = 4, .y = data(c.outcome), .names = kTerms};
  if (c.family == GlmFamily::kPoisson && moved) {
    result.exposure = data("e");
    result.offset = data("o");
  }
  return result;
}

void agree(const std::vector<Estimate>& rows, const std::string& name, double tolerance) {
  REQUIRE(rows.size() == 3);
  for (const Estimate& row : rows) {
    check(row.estimate, name, row.term, tolerance);
    check(row.std_error, name, "se_" + row.term, tolerance);
  }
}

}  // namespace

TEST_CASE("marginal effects: agree with their definition in R", "[stats][glm]") {
  for (const Case& c : kCases) {
    for (const bool weighted : {false, true}) {
      GlmData at = table(c);
      if (weighted) at.weights = data("w");
      const GlmFit f = glm(at, {.family = c.family});
      const std::string name = c.name + std::string(weighted ? "_w" : "");
      // Errors are R's numerical derivatives, of fourth order.
      agree(marginal_effects(at, f, kTerms), name + "_ame", 1e-7);
      agree(marginal_effects(at, f, kTerms, {.at_means = true}), name + "_mem", 1e-7);
      for (const Estimate& row : marginal_effects(at, f, kTerms)) {
        check(row.estimate, name + "_ame", row.term);
      }
    }
  }
}

TEST_CASE("marginal effects: agree with statsmodels", "[stats][glm]") {
  for (const std::string name : {"logistic", "logistic_hc0", "poisson"}) {
    const GlmData at = table(kCases[name == "poisson" ? 2 : 0], false);
    const GlmFit f =
        glm(at, {.family = name == "poisson" ? GlmFamily::kPoisson : GlmFamily::kLogistic,
                 .se = name == "logistic_hc0" ? SeType::kHc0 : SeType::kClassical});
    agree(marginal_effects(at, f, kTerms), name + "_overall", 1e-8);
    agree(marginal_effects(at, f, kTerms, {.at_means = true}), name + "_mean", 1e-8);
  }
}

TEST_CASE("marginal effects: a factor's levels are contrasts; threads", "[stats][glm]") {
  // Columns: intercept, a measure, two dummies of a factor of three levels.
  const std::size_t n = 9'000;
  Stream stream(StreamKey::root(5).child("margins"));
  Numbers x(n, 1.0);
  Numbers y;
  for (std::size_t i = 0; i < n; ++i) x.push_back(stream.normal());
  for (std::size_t level : {1U, 2U}) {
    for (std::size_t i = 0; i < n; ++i) x.push_back(i % 3 == level ? 1.0 : 0.0);
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double eta = 0.4 * x[n + i] + 0.5 * x[2 * n + i] - 0.3 * x[3 * n + i];
    y.push_back(stream.bernoulli(1 / (1 + std::exp(-eta))) ? 1.0 : 0.0);
  }
  const std::vector<std::string> names = {"one", "a", "l1", "l2"};
  const GlmData at{.x = x, .columns = 4, .y = y};
  const GlmFit f = glm(at, {.se = SeType::kHc1});
  const auto rows = marginal_effects(at, f, names, {.factors = {{2, 3}}});
  REQUIRE(rows.size() == 3);
  Numbers control = x;
  for (std::size_t i = 2 * n; i < 4 * n; ++i) control[i] = 0.0;
  for (const std::size_t level : {2U, 3U}) {
    Numbers treated = control;
    for (std::size_t i = 0; i < n; ++i) treated[level * n + i] = 1.0;
    const Estimate contrast = average_contrast(f, treated, control);
    CHECK(rows[level - 1].estimate == Approx(contrast.estimate).epsilon(1e-11));
    CHECK(rows[level - 1].std_error == Approx(contrast.std_error).epsilon(1e-9));
  }
  for (const int threads : {2, 3, 8}) {
    const auto more = marginal_effects(at, f, names, {.factors = {{2, 3}}}, {.threads = threads});
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(std::bit_cast<std::uint64_t>(more[i].std_error) ==
            std::bit_cast<std::uint64_t>(rows[i].std_error));
    }
  }
  CHECK_THROWS_AS(marginal_effects(at, f, names, {.factors = {{1, 2}}}), ArgumentError);
}

TEST_CASE("predictions, ratios", "[stats][glm]") {
  const Numbers x = {1, 1, -1, 4, 100, 9000, 0, 1};
  for (const Case& c : kCases) {
    const GlmFit f = glm(table(c), {.family = c.family});
    const Predictions p = predict(f, x);
    const std::string name = std::string(c.name) + "_pred";
    for (std::size_t i = 0; i < 2; ++i) {
      const std::string at = "." + std::to_string(i + 1);
      check(p.eta[i], name, "eta" + at);
      check(p.eta_se[i], name, "se" + at);
      check(p.mean[i], name, "mean" + at);
      check(p.mean_se[i], name, "mean_se" + at);
      check(p.conf_low[i], name, "low" + at);
      check(p.conf_high[i], name, "high" + at);
    }
    if (c.family == GlmFamily::kProbit) {
      CHECK_THROWS_AS(ratios(f, kTerms), ArgumentError);
      continue;
    }
    const auto rows = ratios(f, kTerms);
    const auto plain = to_estimates(f, kTerms);
    CHECK(rows[3].estimate == std::exp(plain[3].estimate));
    CHECK(rows[3].conf_low == std::exp(plain[3].conf_low));
    CHECK(rows[3].p_value == plain[3].p_value);
    CHECK(rows[3].method == (c.family == GlmFamily::kLogistic ? "odds_ratio" : "rate_ratio"));
  }
}

TEST_CASE("effects of a fit that separation left without finite coefficients", "[stats][glm]") {
  Numbers x(40, 1.0);
  Numbers y;
  for (int i = 0; i < 40; ++i) x.push_back(i % 4 == 0 ? 1.0 : 0.0);
  for (int i = 0; i < 40; ++i) y.push_back(i % 4 == 0 || i % 3 == 0 ? 1.0 : 0.0);
  const GlmData at{.x = x, .columns = 2, .y = y};
  const GlmFit f = glm(at);
  const auto rows = marginal_effects(at, f, std::vector<std::string>{"one", "a"});
  REQUIRE(rows.size() == 1);
  CHECK(std::isnan(rows[0].estimate));
  CHECK(warned(rows[0], "not finite"));
  const Predictions p = predict(f, Numbers{1, 0});
  CHECK(std::isnan(p.mean[0]));
  CHECK(warned(p, "not finite"));
}

TEST_CASE("Wald and likelihood-ratio tests agree with R", "[stats][glm]") {
  for (const Case& c : kCases) {
    const GlmFit f = glm(table(c), {.family = c.family});
    const Numbers r = {0, 1, 0, -0.5, 0, 0, 1, 0};
    const Numbers value = {0.1, 0};
    const std::string name = c.name;
    const JointTest test =
        wald_test(f.coefficient, f.covariance, Restrictions{.matrix = r, .value = value});
    check(test.chi2, name + "_wald", "chi2");
    check(test.p_value, name + "_wald", "p");
    CHECK(test.df1 == 2.0);
    const JointTest finite =
        wald_test(f.coefficient, f.covariance, Restrictions{.matrix = r, .value = value}, 156.0);
    check(finite.p_value, name + "_wald", "pf");
    GlmData less = table(c);
    less.x = less.x.first(320);
    less.columns = 2;
    less.names = {};
    const GlmFit small = glm(less, {.family = c.family});
    const JointTest lr = likelihood_ratio_test({small.log_likelihood, small.rank, small.n},
                                               {f.log_likelihood, f.rank, f.n});
    check(lr.chi2, name + "_lr", "chi2");
    check(lr.p_value, name + "_lr", "p");
  }
}

TEST_CASE("Wald test: by hand, repeats, contradictions, missing coefficients", "[stats][glm]") {
  const Numbers b = {1.0, 2.0, NAN};
  const Numbers v = {0.25, 0, NAN, 0, 1.0, NAN, NAN, NAN, NAN};
  const std::vector<std::size_t> both = {0, 1};
  const JointTest test = wald_test(b, v, both);
  CHECK(test.chi2 == Approx(4.0 + 4.0));
  CHECK(test.p_value == Approx(std::exp(-4.0)));
  const Numbers twice = {1, 0, 0, 0, 1, 0, 1, 1, 0};
  const JointTest repeated = wald_test(b, v, Restrictions{.matrix = twice});
  CHECK(repeated.chi2 == Approx(8.0));
  CHECK(repeated.df1 == 2.0);
  CHECK(warned(repeated, "1 of 3 statements follow"));
  const Numbers values = {0, 0, 1};
  const JointTest against = wald_test(b, v, Restrictions{.matrix = twice, .value = values});
  CHECK(std::isnan(against.p_value));
  CHECK(warned(against, "contradict"));
  CHECK(warned(wald_test(b, v, std::vector<std::size_t>{0, 2}), "has no estimate"));
  CHECK_THROWS_AS(wald_test(b, v, std::vector<std::size_t>{}), ArgumentError);
  CHECK_THROWS_AS(wald_test(b, v, std::vector<std::size_t>{3}), ArgumentError);
  CHECK_THROWS_AS(wald_test(b, v, Restrictions{.matrix = Numbers{0, 0, 0}}), ArgumentError);
  CHECK_THROWS_AS(wald_test(b, v, both, 0.0), ArgumentError);
  CHECK(warned(likelihood_ratio_test({-10, 2, 50}, {-12, 3, 50}), "smaller likelihood"));
  CHECK_THROWS_AS(likelihood_ratio_test({-10, 2, 50}, {-9, 3, 51}), ArgumentError);
  CHECK_THROWS_AS(likelihood_ratio_test({-10, 3, 50}, {-9, 3, 50}), ArgumentError);
}
