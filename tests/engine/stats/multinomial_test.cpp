#include "engine/stats/multinomial.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/glm.h"
#include "tests/engine/stats/regression_reference.h"

using namespace impact;
using namespace impact::regression;

namespace {

const std::vector<std::string> kTerms = {"one", "x", "v", "d"};

// Outcome codes of a small sample with an intercept and two normal columns.
struct Draw {
  std::size_t n;
  std::vector<double> x;
  std::vector<std::int32_t> y;
  Draw(std::size_t rows, std::string_view name) : n(rows), x(rows, 1.0) {
    Stream stream(StreamKey::root(11).child(name));
    for (std::size_t i = 0; i < 2 * rows; ++i) x.push_back(stream.normal());
    for (std::size_t i = 0; i < rows; ++i) {
      const double a = x[rows + i];
      const std::vector<double> weights = {1.0, std::exp(0.5 * a), std::exp(-a)};
      y.push_back(static_cast<std::int32_t>(stream.categorical(weights)));
    }
  }
  [[nodiscard]] MultinomialData data() const { return {.x = x, .columns = 3, .y = y, .levels = 3}; }
};

}  // namespace

TEST_CASE("multinomial: agrees with R", "[stats][glm]") {
  const auto x = matrix(kTerms);
  const auto y = codes("lev");
  const auto clusters = codes("g");
  for (const std::string name : {"multi", "multi_w", "multi_f"}) {
    MultinomialData at{.x = x, .columns = 4, .y = y, .levels = 3};
    if (name == "multi_w") at.weights = data("w");
    if (name == "multi_f") at.weights = data("f");
    const bool frequency = name == "multi_f";
    const MultinomialFit f = multinomial(at, {.frequency = frequency});
    const MultinomialFit hc0 = multinomial(at, {.se = SeType::kHc0, .frequency = frequency});
    MultinomialData grouped = at;
    grouped.clusters = clusters;
    const MultinomialFit cr1 = multinomial(grouped, {.se = SeType::kCr1, .frequency = frequency});
    CHECK(f.converged);
    check(f.log_likelihood, name, "loglik");
    check(f.covariance[6 * 8 + 1], name, "cov");
    for (std::size_t i = 0; i < 8; ++i) {
      const std::string term = std::to_string(1 + i / 4) + ":" + kTerms[i % 4];
      check(f.coefficient[i], name, term);
      check(f.std_error[i], name, "se_" + term);
      check(hc0.std_error[i], name, "hc0_" + term);
      check(cr1.std_error[i], name, "cr1_" + term);
    }
    // Another reference: differences of the same coefficients.
    const MultinomialFit other = multinomial(at, {.reference = 2, .frequency = frequency});
    CHECK(other.level == std::vector<std::int32_t>{0, 1});
    CHECK(other.log_likelihood == Approx(f.log_likelihood).epsilon(1e-13));
    CHECK(other.coefficient[1] == Approx(-f.coefficient[5]).epsilon(1e-10));
    CHECK(other.coefficient[5] == Approx(f.coefficient[1] - f.coefficient[5]).epsilon(1e-10));
  }
}

TEST_CASE("multinomial: two levels are a logistic regression", "[stats][glm]") {
  const auto x = matrix(kTerms);
  const auto y = codes("b");
  const MultinomialFit f = multinomial({.x = x, .columns = 4, .y = y, .levels = 2});
  const GlmFit g = glm({.x = x, .columns = 4, .y = data("b")});
  CHECK(f.log_likelihood == Approx(g.log_likelihood).epsilon(1e-13));
  CHECK(f.null_log_likelihood == Approx(g.null_log_likelihood).epsilon(1e-13));
  CHECK(f.aic == Approx(g.aic).epsilon(1e-13));
  for (std::size_t k = 0; k < 4; ++k) {
    CHECK(f.coefficient[k] == Approx(g.coefficient[k]).epsilon(1e-11));
    CHECK(f.std_error[k] == Approx(g.std_error[k]).epsilon(1e-11));
  }
  const std::vector<std::string> levels = {"no", "yes"};
  CHECK(to_estimates(f, kTerms, levels)[1].term == "yes:x");
}

TEST_CASE("multinomial: threads, units", "[stats][glm]") {
  const Draw draw(10'000, "threads");
  const MultinomialFit one = multinomial(draw.data(), {.se = SeType::kHc1});
  for (const int threads : {2, 3, 8}) {
    const MultinomialFit more =
        multinomial(draw.data(), {.se = SeType::kHc1}, {.threads = threads});
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(std::bit_cast<std::uint64_t>(more.coefficient[i]) ==
            std::bit_cast<std::uint64_t>(one.coefficient[i]));
      CHECK(std::bit_cast<std::uint64_t>(more.std_error[i]) ==
            std::bit_cast<std::uint64_t>(one.std_error[i]));
    }
  }
  Draw moved = draw;
  for (std::size_t i = 0; i < draw.n; ++i) {
    moved.x[draw.n + i] = 1e7 + 1e5 * draw.x[draw.n + i];
    moved.x[2 * draw.n + i] = 1e-8 * draw.x[2 * draw.n + i];
  }
  const MultinomialFit scaled = multinomial(moved.data(), {.se = SeType::kHc1});
  CHECK(scaled.coefficient[1] * 1e5 == Approx(one.coefficient[1]).epsilon(1e-10));
  CHECK(scaled.std_error[2] * 1e-8 == Approx(one.std_error[2]).epsilon(1e-10));
}

TEST_CASE("multinomial: trouble", "[stats][glm]") {
  Draw draw(400, "trouble");
  SECTION("a level that a dummy rules out") {
    for (std::size_t i = 0; i < draw.n; ++i) {
      draw.x[2 * draw.n + i] = i % 9 == 0 ? 1.0 : 0.0;
      if (i % 9 == 0 && draw.y[i] == 2) draw.y[i] = static_cast<std::int32_t>(i % 2);
    }
    const MultinomialFit f = multinomial(draw.data());
    CHECK(f.separated);
    CHECK(f.converged);
    CHECK(warned(f, "separation: column 3"));
    CHECK(std::isnan(f.coefficient[5]));
    CHECK(std::isnan(f.std_error[5]));
    for (const std::size_t i : {0U, 1U, 2U, 3U, 4U}) {
      CHECK(std::isfinite(f.coefficient[i]));
      CHECK(std::isfinite(f.std_error[i]));
    }
  }
  SECTION("an outcome that a column encodes") {
    for (std::size_t i = 0; i < draw.n; ++i) {
      draw.y[i] = draw.x[draw.n + i] < -0.5 ? 0 : draw.x[draw.n + i] < 0.6 ? 1 : 2;
    }
    const MultinomialFit f = multinomial(draw.data());
    CHECK(warned(f, "complete separation"));
    CHECK(f.log_likelihood == 0.0);
    CHECK(std::isnan(f.coefficient[1]));
  }
  SECTION("levels that do not occur, missing codes, dependent columns") {
    MultinomialData data = draw.data();
    data.levels = 5;
    draw.y[0] = -1;
    for (std::size_t i = 0; i < draw.n; ++i) draw.x[2 * draw.n + i] = 2 - draw.x[draw.n + i];
    const MultinomialFit f = multinomial(data);
    CHECK(f.n == 399);
    CHECK(warned(f, "level 3, level 4 occur(s) in no row"));
    CHECK(warned(f, "column 3 left out"));
    CHECK(f.parameters == 4);
    CHECK(std::isfinite(f.coefficient[4]));
    CHECK(std::isnan(f.coefficient[7]));
    std::ranges::fill(draw.y, 1);
    CHECK(warned(multinomial(data), "the reference level occurs in no row"));
    CHECK(warned(multinomial(data, {.reference = 1}), "one level only"));
  }
  SECTION("wrong input") {
    MultinomialData data = draw.data();
    CHECK_THROWS_AS(multinomial(data, {.se = SeType::kHc3}), ArgumentError);
    CHECK_THROWS_AS(multinomial(data, {.reference = 3}), ArgumentError);
    CHECK_THROWS_AS(multinomial(data, {.se = SeType::kCr1}), ArgumentError);
    data.levels = 2;
    CHECK_THROWS_WITH(multinomial(data), Catch::Contains("a code of the outcome is no level"));
    data.levels = 1;
    CHECK_THROWS_AS(multinomial(data), ArgumentError);
  }
}
