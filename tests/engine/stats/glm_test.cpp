#include "engine/stats/glm.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/stats/regression_reference.h"

using namespace impact;
using namespace impact::regression;

namespace {

using Numbers = std::vector<double>;
using Names = std::vector<std::string>;

const Names kTerms = {"one", "x", "v", "d"};

struct Case {
  const char* name;
  GlmFamily family;
  const char* outcome;
};
const std::vector<Case> kCases = {{"logistic", GlmFamily::kLogistic, "b"},
                                  {"probit", GlmFamily::kProbit, "b"},
                                  {"poisson", GlmFamily::kPoisson, "cnt"}};

enum class Weights { kNone, kPrior, kFrequency };

GlmFit fit(const Case& c, SeType se, Weights weights = Weights::kNone) {
  const Numbers x = matrix(kTerms);
  const auto clusters = codes("g");
  GlmData data{.x = x, .columns = kTerms.size(), .y = regression::data(c.outcome), .names = kTerms};
  if (weights == Weights::kPrior) data.weights = regression::data("w");
  if (weights == Weights::kFrequency) data.weights = regression::data("f");
  if (clustered(se)) data.clusters = clusters;
  if (c.family == GlmFamily::kPoisson) {
    data.exposure = regression::data("e");
    data.offset = regression::data("o");
  }
  return glm(data, {.family = c.family, .se = se, .frequency = weights == Weights::kFrequency});
}

void agrees(const GlmFit& ours, const std::string& name) {
  CHECK(ours.converged);
  CHECK(ours.decrement < 1e-18);
  for (std::size_t k = 0; k < kTerms.size(); ++k) {
    check(ours.coefficient[k], name, kTerms[k]);
    check(ours.std_error[k], name, "se_" + kTerms[k]);
  }
  check(ours.covariance[3 * 4 + 1], name, "cov_xd");
}

void fits_as_a_whole(const GlmFit& ours, const std::string& name) {
  check(ours.log_likelihood, name, "loglik");
  check(ours.deviance, name, "deviance");
  check(ours.null_deviance, name, "null_deviance");
  check(ours.aic, name, "aic");
  check(ours.bic, name, "bic");
}

// A logistic sample of the columns (1, normal, normal).
struct Draw {
  std::size_t n;
  Numbers x, y;
  Draw(std::size_t rows, std::string_view name, double intercept = 0.3, double slope = -0.7)
      : n(rows), x(rows, 1.0) {
    Stream stream(StreamKey::root(7).child(name));
    for (std::size_t i = 0; i < 2 * rows; ++i) x.push_back(stream.normal());
    for (std::size_t i = 0; i < rows; ++i) {
      const double eta = intercept + slope * x[rows + i] + 0.2 * x[2 * rows + i];
      y.push_back(stream.bernoulli(1.0 / (1.0 + std::exp(-eta))) ? 1.0 : 0.0);
    }
  }
};

}  // namespace

TEST_CASE("glm: families, weights and errors agree with R's glm and sandwich", "[stats][glm]") {
  for (const Case& c : kCases) {
    const std::string name = c.name;
    const GlmFit plain = fit(c, SeType::kClassical);
    agrees(plain, name);
    fits_as_a_whole(plain, name);
    check(plain.null_log_likelihood, name, "null");
    check(plain.dispersion * 156.0, name, "pearson");
    CHECK(plain.mcfadden == 1.0 - plain.log_likelihood / plain.null_log_likelihood);
    for (const char* se : {"HC0", "HC1", "HC2", "HC3", "CR0", "CR1"}) {
      agrees(fit(c, parse_se_type(se)), name + "_" + se);
    }
    agrees(fit(c, SeType::kClassical, Weights::kPrior), name + "_w");
    for (const char* se : {"HC0", "HC3", "CR1"}) {
      agrees(fit(c, parse_se_type(se), Weights::kPrior), name + "_w_" + se);
    }
    const GlmFit counted = fit(c, SeType::kClassical, Weights::kFrequency);
    agrees(counted, name + "_f");
    fits_as_a_whole(counted, name + "_f");
    for (const char* se : {"HC1", "HC3"}) {
      agrees(fit(c, parse_se_type(se), Weights::kFrequency), name + "_f_" + se);
    }
  }
}

TEST_CASE("glm: shares, and a model without intercept", "[stats][glm]") {
  const Numbers x = matrix(kTerms);
  const GlmFit shares =
      glm({.x = x, .columns = 4, .y = data("s"), .names = kTerms}, {.se = SeType::kHc0});
  agrees(shares, "shares");
  CHECK(warned(shares, "shares between 0 and 1"));
  const GlmFit plain = glm({.x = std::span(x).subspan(160), .columns = 3, .y = data("b")});
  for (std::size_t k = 0; k < 3; ++k) check(plain.coefficient[k], "no_intercept", kTerms[k + 1]);
  check(plain.null_deviance, "no_intercept", "null_deviance");
}

TEST_CASE("glm: by hand", "[stats][glm]") {
  // Two groups: 3 of 4 and 1 of 5 succeed; the odds ratio of the table is 12.
  const Numbers x = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0};
  const Numbers y = {1, 1, 1, 0, 1, 0, 0, 0, 0};
  const GlmFit logit = glm({.x = x, .columns = 2, .y = y});
  CHECK(logit.coefficient[0] == Approx(std::log(0.25)).epsilon(1e-12));
  CHECK(logit.coefficient[1] == Approx(std::log(12.0)).epsilon(1e-12));
  CHECK(logit.std_error[1] == Approx(std::sqrt(1.0 / 3 + 1 + 1 + 1.0 / 4)).epsilon(1e-12));
  CHECK(logit.log_likelihood ==
        Approx(3 * std::log(0.75) + std::log(0.25) + std::log(0.2) + 4 * std::log(0.8)));
  // Rates 7 / 10 and 1 / 4 of an exposure.
  const Numbers ones = {1, 1, 1, 1, 1, 1, 0, 0};
  const Numbers counts = {4, 3, 1, 0};
  const Numbers hours = {5, 5, 3, 1};
  const GlmFit rates = glm({.x = ones, .columns = 2, .y = counts, .exposure = hours},
                           {.family = GlmFamily::kPoisson});
  CHECK(rates.coefficient[0] == Approx(std::log(0.25)).epsilon(1e-12));
  CHECK(rates.coefficient[1] == Approx(std::log(2.8)).epsilon(1e-12));
  CHECK(rates.std_error[1] == Approx(std::sqrt(1.0 / 7 + 1)).epsilon(1e-12));
}

TEST_CASE("glm: units and origins of the columns do not matter", "[stats][glm]") {
  const Draw draw(400, "units");
  const GlmFit plain = glm({.x = draw.x, .columns = 3, .y = draw.y});
  Numbers moved = draw.x;
  for (std::size_t i = 0; i < draw.n; ++i) {
    moved[draw.n + i] = 1e9 * draw.x[draw.n + i];
    moved[2 * draw.n + i] = 1e-9 * draw.x[2 * draw.n + i];
  }
  const GlmFit scaled = glm({.x = moved, .columns = 3, .y = draw.y});
  CHECK(scaled.coefficient[1] * 1e9 == Approx(plain.coefficient[1]).epsilon(1e-11));
  CHECK(scaled.std_error[2] * 1e-9 == Approx(plain.std_error[2]).epsilon(1e-11));
  for (std::size_t i = 0; i < draw.n; ++i) moved[draw.n + i] = draw.x[draw.n + i] + 1e6;
  for (std::size_t i = 0; i < draw.n; ++i) moved[2 * draw.n + i] = draw.x[2 * draw.n + i];
  const GlmFit shifted = glm({.x = moved, .columns = 3, .y = draw.y}, {.se = SeType::kHc3});
  const GlmFit robust = glm({.x = draw.x, .columns = 3, .y = draw.y}, {.se = SeType::kHc3});
  CHECK(shifted.coefficient[1] == Approx(plain.coefficient[1]).epsilon(1e-9));
  CHECK(shifted.std_error[1] == Approx(robust.std_error[1]).epsilon(1e-9));
  // Almost dependent columns go the way of QR: x + 1e-6 z has a slope in z of its own.
  for (std::size_t i = 0; i < draw.n; ++i) {
    moved[draw.n + i] = draw.x[draw.n + i];
    moved[2 * draw.n + i] = draw.x[draw.n + i] + 1e-6 * draw.x[2 * draw.n + i];
  }
  const GlmFit close = glm({.x = moved, .columns = 3, .y = draw.y});
  CHECK(close.coefficient[2] * 1e-6 == Approx(plain.coefficient[2]).epsilon(1e-7));
  CHECK(close.std_error[2] * 1e-6 == Approx(plain.std_error[2]).epsilon(1e-7));
  CHECK(close.log_likelihood == Approx(plain.log_likelihood).epsilon(1e-12));
}

TEST_CASE("glm: rows in another order, and threads", "[stats][glm]") {
  const Draw draw(20'000, "threads");
  for (const SeType se : {SeType::kHc3, SeType::kClassical}) {
    const GlmFit one = glm({.x = draw.x, .columns = 3, .y = draw.y}, {.se = se});
    for (const int threads : {2, 3, 8}) {
      const GlmFit more =
          glm({.x = draw.x, .columns = 3, .y = draw.y}, {.se = se}, {.threads = threads});
      for (std::size_t k = 0; k < 3; ++k) {
        CHECK(std::bit_cast<std::uint64_t>(more.coefficient[k]) ==
              std::bit_cast<std::uint64_t>(one.coefficient[k]));
        CHECK(std::bit_cast<std::uint64_t>(more.std_error[k]) ==
              std::bit_cast<std::uint64_t>(one.std_error[k]));
      }
      CHECK(more.log_likelihood == one.log_likelihood);
    }
    Numbers x(draw.x.size());
    for (std::size_t k = 0; k < 3; ++k) {
      std::reverse_copy(draw.x.begin() + static_cast<std::ptrdiff_t>(k * draw.n),
                        draw.x.begin() + static_cast<std::ptrdiff_t>((k + 1) * draw.n),
                        x.begin() + static_cast<std::ptrdiff_t>(k * draw.n));
    }
    const GlmFit turned =
        glm({.x = x, .columns = 3, .y = Numbers(draw.y.rbegin(), draw.y.rend())}, {.se = se});
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(turned.coefficient[k] == Approx(one.coefficient[k]).epsilon(1e-11));
      CHECK(turned.std_error[k] == Approx(one.std_error[k]).epsilon(1e-11));
    }
  }
}

TEST_CASE("glm: intervals cover", "[stats][glm]") {
  int covered = 0;
  constexpr int kRuns = 1000;
  for (int run = 0; run < kRuns; ++run) {
    const Draw draw(200, "cover/" + std::to_string(run));
    const GlmFit f =
        glm({.x = draw.x, .columns = 3, .y = draw.y}, {.se = SeType::kHc1, .explain = false});
    const auto rows = to_estimates(f, kTerms.empty() ? Names{} : Names{"one", "a", "b"});
    covered += rows[1].conf_low <= -0.7 && -0.7 <= rows[1].conf_high ? 1 : 0;
  }
  // 0.95 within four standard errors (0.0069).
  CHECK(covered >= 922);
  CHECK(covered <= 978);
}

TEST_CASE("glm: separation is found and named", "[stats][glm]") {
  SECTION("a column that encodes the outcome") {
    Draw draw(300, "complete");
    for (std::size_t i = 0; i < draw.n; ++i) draw.y[i] = draw.x[draw.n + i] > 0.4 ? 1.0 : 0.0;
    for (const GlmFamily family : {GlmFamily::kLogistic, GlmFamily::kProbit}) {
      const GlmFit f =
          glm({.x = draw.x, .columns = 3, .y = draw.y, .names = Names{"one", "a", "b"}},
              {.family = family});
      CHECK(warned(f, "complete separation"));
      CHECK(f.log_likelihood == 0.0);
      CHECK(f.perfect_rows == 300);
      for (const double b : f.coefficient) CHECK(std::isnan(b));
      CHECK(to_estimates(f, Names{"one", "a", "b"}).empty());
    }
  }
  SECTION("a dummy with one outcome only: the rest is the fit without its rows") {
    Draw draw(300, "quasi");
    for (std::size_t i = 0; i < draw.n; ++i) draw.x[2 * draw.n + i] = i % 7 == 0 ? 1.0 : 0.0;
    Numbers rest_x(2 * draw.n, 1.0);
    Numbers rest_y;
    Numbers rest_a;
    for (std::size_t i = 0; i < draw.n; ++i) {
      if (i % 7 == 0) {
        draw.y[i] = 1.0;
      } else {
        rest_y.push_back(draw.y[i]);
        rest_a.push_back(draw.x[draw.n + i]);
      }
    }
    rest_x.assign(rest_y.size(), 1.0);
    rest_x.insert(rest_x.end(), rest_a.begin(), rest_a.end());
    for (const GlmFamily family : {GlmFamily::kLogistic, GlmFamily::kProbit}) {
      const GlmFit f =
          glm({.x = draw.x, .columns = 3, .y = draw.y, .names = Names{"one", "a", "b"}},
              {.family = family, .se = SeType::kHc3});
      const GlmFit rest =
          glm({.x = rest_x, .columns = 2, .y = rest_y}, {.family = family, .se = SeType::kHc3});
      CHECK(warned(f, "separation: 'b' predict(s) 43 row(s)"));
      CHECK(f.separated == std::vector<std::size_t>{2});
      CHECK(std::isnan(f.coefficient[2]));
      CHECK(f.log_likelihood == Approx(rest.log_likelihood).epsilon(1e-13));
      for (std::size_t k = 0; k < 2; ++k) {
        CHECK(f.coefficient[k] == Approx(rest.coefficient[k]).epsilon(1e-12));
        CHECK(f.std_error[k] == Approx(rest.std_error[k]).epsilon(1e-12));
      }
    }
    // Counts that are all zero under the dummy.
    for (std::size_t i = 0; i < draw.n; ++i) draw.y[i] = i % 7 == 0 ? 0.0 : 1.0 + draw.y[i];
    const GlmFit counts =
        glm({.x = draw.x, .columns = 3, .y = draw.y}, {.family = GlmFamily::kPoisson});
    CHECK(counts.separated == std::vector<std::size_t>{2});
    CHECK(counts.perfect_rows == 43);
  }
  SECTION("a level with one outcome in the reference: the intercept and the dummy") {
    Draw draw(300, "reference");
    for (std::size_t i = 0; i < draw.n; ++i) {
      draw.x[2 * draw.n + i] = i % 7 == 0 ? 0.0 : 1.0;
      if (i % 7 == 0) draw.y[i] = 0.0;
    }
    const GlmFit f = glm({.x = draw.x, .columns = 3, .y = draw.y});
    CHECK(f.separated == std::vector<std::size_t>{0, 2});
    CHECK(std::isfinite(f.coefficient[1]));
  }
  SECTION("almost separated is not separated") {
    Draw draw(300, "almost");
    for (std::size_t i = 0; i < draw.n; ++i) draw.x[2 * draw.n + i] = i % 7 == 0 ? 1.0 : 0.0;
    for (std::size_t i = 7; i < draw.n; i += 7) draw.y[i] = 1.0;
    draw.y[0] = 0.0;
    const GlmFit f = glm({.x = draw.x, .columns = 3, .y = draw.y});
    CHECK(f.separated.empty());
    CHECK(f.converged);
    CHECK(std::isfinite(f.coefficient[2]));
  }
}

TEST_CASE("glm: trouble with the data is said in words", "[stats][glm]") {
  const Names names = {"one", "a", "b"};
  Draw draw(120, "trouble");
  SECTION("dependent columns") {
    for (std::size_t i = 0; i < draw.n; ++i) draw.x[2 * draw.n + i] = 3 * draw.x[draw.n + i] - 1;
    const GlmFit f = glm({.x = draw.x, .columns = 3, .y = draw.y, .names = names});
    CHECK(warned(f, "'b' left out: linear combination(s)"));
    CHECK(f.dropped == std::vector<std::size_t>{2});
    CHECK(f.rank == 2);
    const GlmFit less = glm({.x = std::span(draw.x).first(240), .columns = 2, .y = draw.y});
    CHECK(f.coefficient[1] == Approx(less.coefficient[1]).epsilon(1e-12));
  }
  SECTION("one outcome") {
    const Numbers ones(draw.n, 1.0);
    CHECK(warned(glm({.x = draw.x, .columns = 3, .y = ones}), "the outcome is 1 in every row"));
    const Numbers none(draw.n, 0.0);
    const GlmFit f = glm({.x = draw.x, .columns = 3, .y = none}, {.family = GlmFamily::kPoisson});
    CHECK(warned(f, "the outcome is 0 in every row"));
    CHECK(std::isnan(f.coefficient[0]));
  }
  SECTION("missing cells") {
    draw.x[draw.n] = NAN;
    draw.y[1] = INFINITY;
    const GlmFit f = glm({.x = draw.x, .columns = 3, .y = draw.y});
    CHECK(f.n == 118);
    CHECK(warned(f, "1 row was left out because a number or a code is missing"));
    CHECK(warned(f, "1 row was left out because a number is infinite"));
  }
  SECTION("more columns than rows") {
    const Numbers x = {1, 1, 1, 0.3, 2, 5, 1, 0, 0, 3, 1, 4};
    const GlmFit f =
        glm({.x = x, .columns = 4, .y = Numbers{2, 3, 7}}, {.family = GlmFamily::kPoisson});
    CHECK(f.rank == 3);
    CHECK(warned(f, "3 rows for 3 coefficients"));
    CHECK(f.deviance < 1e-10);
    CHECK(warned(glm({.x = x, .columns = 4, .y = Numbers{1, 0, 1}}), "complete separation"));
  }
  SECTION("counts that spread more than Poisson's") {
    for (std::size_t i = 0; i < draw.n; ++i) draw.y[i] = i % 5 == 0 ? 40.0 : 1.0;
    CHECK(warned(glm({.x = draw.x, .columns = 3, .y = draw.y}, {.family = GlmFamily::kPoisson}),
                 "overdispersed"));
  }
  SECTION("no rows") { CHECK(warned(glm({.x = {}, .columns = 3, .y = {}}), "no row is left")); }
  SECTION("few clusters") {
    const std::vector<std::int32_t> same(draw.n, 0);
    const GlmFit f =
        glm({.x = draw.x, .columns = 3, .y = draw.y, .clusters = same}, {.se = SeType::kCr1});
    CHECK(warned(f, "a single cluster"));
    CHECK(std::isnan(f.std_error[1]));
  }
}

TEST_CASE("glm: wrong input", "[stats][glm]") {
  const Draw draw(20, "wrong");
  const auto with = [&](double y, GlmFamily family) {
    Numbers outcome = draw.y;
    outcome[3] = y;
    return glm({.x = draw.x, .columns = 3, .y = outcome}, {.family = family});
  };
  CHECK_THROWS_AS(with(2.0, GlmFamily::kLogistic), ArgumentError);
  CHECK_THROWS_AS(with(-1.0, GlmFamily::kProbit), ArgumentError);
  CHECK_THROWS_WITH(with(-1.0, GlmFamily::kPoisson), Catch::Contains("row 4"));
  CHECK(warned(with(2.5, GlmFamily::kPoisson), "fractions"));
  const std::vector<std::int32_t> clusters(20, 1);
  CHECK_THROWS_AS(glm({.x = draw.x, .columns = 3, .y = draw.y}, {.se = SeType::kCr1}),
                  ArgumentError);
  CHECK_THROWS_AS(glm({.x = draw.x, .columns = 3, .y = draw.y, .clusters = clusters}),
                  ArgumentError);
  CHECK_THROWS_AS(
      glm({.x = draw.x, .columns = 3, .y = draw.y, .clusters = clusters}, {.se = SeType::kCr2}),
      ArgumentError);
  CHECK_THROWS_AS(glm({.x = draw.x, .columns = 3, .y = draw.y}, {.se = SeType::kNeweyWest}),
                  ArgumentError);
  CHECK_THROWS_AS(glm({.x = draw.x, .columns = 2, .y = draw.y}), ArgumentError);
  CHECK_THROWS_AS(glm({.x = draw.x, .columns = 3, .y = draw.y, .exposure = Numbers(20, 0.0)}),
                  ArgumentError);
  CHECK_THROWS_AS(glm({.x = draw.x, .columns = 3, .y = draw.y, .weights = Numbers(20, -1.0)}),
                  ArgumentError);
  CHECK_THROWS_WITH(parse_glm_family("logit"), Catch::Contains("logistic"));
}

// The published analysis of this table never converged and reports the wrong sign of duration.
TEST_CASE("glm: the true maximum on raw columns of a real table", "[stats][glm]") {
  const char* folder = std::getenv("IMPACT_DATA");
  std::ifstream file(std::string(folder == nullptr ? "" : folder) +
                     "/tiktok_claims/tiktok_dataset.csv");
  if (!file) {
    WARN("not run: no tiktok_claims in IMPACT_DATA");
    return;
  }
  std::vector<Numbers> columns(10);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (c == ',' && !quoted) {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    if (cells[1].empty() || cells[7] == "#N/A") continue;
    const Numbers row = {cells[5] == "verified" ? 1.0 : 0.0,
                         1.0,
                         std::stod(cells[3]),
                         std::stod(cells[7]),
                         std::stod(cells[9]),
                         std::stod(cells[10]),
                         std::stod(cells[11]),
                         cells[1] == "opinion" ? 1.0 : 0.0,
                         cells[6] == "banned" ? 1.0 : 0.0,
                         cells[6] == "under review" ? 1.0 : 0.0};
    for (std::size_t k = 0; k < row.size(); ++k) columns[k].push_back(row[k]);
  }
  Numbers x;
  for (std::size_t k = 1; k < 10; ++k) x.insert(x.end(), columns[k].begin(), columns[k].end());
  const Names terms = {"one",      "duration", "views",  "shares", "downloads",
                       "comments", "opinion",  "banned", "review"};
  for (const auto& [name, se] : {std::pair{"claims", SeType::kClassical},
                                 {"claims_HC1", SeType::kHc1},
                                 {"claims_HC3", SeType::kHc3}}) {
    const GlmFit f = glm({.x = x, .columns = 9, .y = columns[0], .names = terms}, {.se = se});
    CHECK(f.n == 19'084);
    CHECK(f.warnings.empty());
    CHECK(f.decrement < 1e-18);
    check(f.log_likelihood, "claims", "loglik");
    CHECK(f.log_likelihood == Approx(-4174.8094309).margin(5e-8));
    for (std::size_t k = 0; k < 9; ++k) {
      check(f.coefficient[k], name, terms[k]);
      check(f.std_error[k], name, "se_" + terms[k]);
    }
  }
}
