#include "engine/stats/negative_binomial.h"

#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/stats/regression_reference.h"

using namespace impact;
using namespace impact::regression;

namespace {

const std::vector<std::string> kTerms = {"one", "x", "v", "d"};

}  // namespace

TEST_CASE("negative binomial: agrees with R's estimating equations", "[stats][glm]") {
  const auto x = matrix(kTerms);
  for (const std::string name : {"nb", "nb_w"}) {
    GlmData at{.x = x, .columns = 4, .y = data("nb"), .names = kTerms};
    if (name == "nb_w") at.weights = data("w");
    const NegativeBinomialFit f = negative_binomial(at);
    const NegativeBinomialFit robust = negative_binomial(at, {.se = SeType::kHc0});
    CHECK(f.regression.converged);
    CHECK(f.regression.decrement < 1e-18);
    check(f.theta, name, "theta");
    check(f.theta_se, name, "theta_se");
    CHECK(f.alpha == 1.0 / f.theta);
    check(f.regression.log_likelihood, name, "loglik");
    for (std::size_t k = 0; k < 4; ++k) {
      check(f.regression.coefficient[k], name, kTerms[k]);
      check(f.regression.std_error[k], name, "se_" + kTerms[k]);
      check(robust.regression.std_error[k], name, "hc0_" + kTerms[k]);
    }
    if (name == "nb_w") continue;
    check(f.regression.null_log_likelihood, name, "null");
    check(f.regression.aic, name, "aic");
    check(f.regression.deviance, name, "deviance", 1e-7);  // glm.nb's theta moves on by 1e-8
    // A known theta gives the same coefficients.
    const GlmFit known = glm(at, {.family = GlmFamily::kNegativeBinomial, .theta = f.theta});
    for (std::size_t k = 0; k < 4; ++k) {
      CHECK(known.coefficient[k] == Approx(f.regression.coefficient[k]).epsilon(1e-12));
    }
    for (const int threads : {2, 3, 8}) {
      CHECK(negative_binomial(at, {}, {.threads = threads}).theta == f.theta);
    }
  }
  const NegativeBinomialFit moved = negative_binomial(
      {.x = x, .columns = 4, .y = data("nb"), .offset = data("o"), .exposure = data("e")});
  check(moved.theta, "nb_offset", "theta");
  for (std::size_t k = 0; k < 4; ++k) {
    check(moved.regression.coefficient[k], "nb_offset", kTerms[k]);
  }
}

TEST_CASE("negative binomial: by hand", "[stats][glm]") {
  // With an intercept alone the mean is the mean, and theta solves
  // sum over counts (1/theta + ... + 1/(theta + y - 1)) = n log(1 + mean / theta).
  const std::vector<double> y = {0, 0, 1, 2, 7, 0, 3, 1};
  const NegativeBinomialFit f =
      negative_binomial({.x = std::vector<double>(8, 1.0), .columns = 1, .y = y});
  CHECK(f.regression.coefficient[0] == Approx(std::log(1.75)).epsilon(1e-12));
  double sum = 0.0;
  for (const double count : y) {
    for (int j = 0; j < static_cast<int>(count); ++j) sum += 1.0 / (f.theta + j);
  }
  CHECK(sum == Approx(8 * std::log1p(1.75 / f.theta)).epsilon(1e-12));
  CHECK(f.regression.std_error[0] ==
        Approx(std::sqrt((1.75 + 1.75 * 1.75 / f.theta) / 8) / 1.75).epsilon(1e-12));
}

TEST_CASE("negative binomial: counts without extra spread, separation, wrong input",
          "[stats][glm]") {
  const std::size_t n = 200;
  std::vector<double> x(n, 1.0);
  std::vector<double> y;
  Stream stream(StreamKey::root(3).child("nb"));
  for (std::size_t i = 0; i < n; ++i) x.push_back(stream.normal());
  for (std::size_t i = 0; i < n; ++i) y.push_back(i % 2 == 0 ? 3.0 : 4.0);
  const GlmData data{.x = x, .columns = 2, .y = y};
  const NegativeBinomialFit f = negative_binomial(data);
  CHECK(std::isinf(f.theta));
  CHECK(f.alpha == 0.0);
  CHECK(warned(f.regression, "spread no more than Poisson's"));
  const GlmFit poisson = glm(data, {.family = GlmFamily::kPoisson});
  CHECK(f.regression.coefficient[1] == Approx(poisson.coefficient[1]).epsilon(1e-12));
  for (std::size_t i = 0; i < n; ++i) {
    x[n + i] = i % 4 == 0 ? 1.0 : 0.0;
    y[i] = i % 4 == 0 ? 0.0 : static_cast<double>(i % 5 * (i % 3));
  }
  const NegativeBinomialFit split = negative_binomial({.x = x, .columns = 2, .y = y});
  CHECK(warned(split.regression, "separation"));
  CHECK(std::isnan(split.regression.coefficient[1]));
  CHECK(split.theta > 0.0);
  y[3] = -2.0;
  CHECK_THROWS_AS(negative_binomial({.x = x, .columns = 2, .y = y}), ArgumentError);
  y[3] = 2.0;
  CHECK_THROWS_AS(
      glm({.x = x, .columns = 2, .y = y}, {.family = GlmFamily::kNegativeBinomial, .theta = 0.0}),
      ArgumentError);
}
