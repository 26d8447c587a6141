#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/rng.h"
#include "engine/stats/linear.h"

using namespace impact;
using Catch::Contains;

namespace {

using Codes = std::vector<std::int32_t>;
using Numbers = std::vector<double>;
using Names = std::vector<std::string>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Intercept and `covariates` normal columns; y = 1 + sum of them + noise + shift of its cluster.
struct Made {
  std::size_t columns;
  Numbers x, y, weights;
  Codes clusters, factor, other;

  Made(std::size_t rows, std::size_t covariates, std::int32_t groups) : columns(covariates + 1) {
    Stream stream(StreamKey::root(7).child("made"), rows);
    x.assign(rows, 1.0);
    for (std::size_t i = 0; i < rows * covariates; ++i) x.push_back(stream.normal());
    Numbers shift;
    for (std::int32_t j = 0; j < groups; ++j) shift.push_back(stream.normal());
    for (std::size_t i = 0; i < rows; ++i) {
      clusters.push_back(
          static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(groups))));
      factor.push_back(static_cast<std::int32_t>(stream.below(40)));
      other.push_back(static_cast<std::int32_t>(stream.below(7)));
      weights.push_back(stream.uniform(0.5, 2.0));
      double mean = 1.0 + shift[static_cast<std::size_t>(clusters.back())];
      for (std::size_t k = 1; k <= covariates; ++k) mean += x[k * rows + i];
      y.push_back(mean + stream.normal());
    }
  }
  [[nodiscard]] LinearData data() const { return {.x = x, .columns = columns, .y = y}; }
};

std::string all(const std::vector<std::string>& warnings) {
  std::string text;
  for (const auto& warning : warnings) text += warning + "\n";
  return text;
}

bool same_bits(const Numbers& a, const Numbers& b) {
  return std::ranges::equal(a, b, [](double p, double q) {
    return std::bit_cast<std::uint64_t>(p) == std::bit_cast<std::uint64_t>(q);
  });
}

}  // namespace

TEST_CASE("linear: the same bits on any number of threads", "[stats]") {
  const Made made(5 * kChunkRows + 77, 4, 500);
  const auto check = [&](SeType se, bool weighted, bool absorbed) {
    LinearData data = made.data();
    if (weighted) data.weights = made.weights;
    if (clustered(se)) data.clusters = made.clusters;
    if (absorbed) data.absorbed = {made.factor, made.other};
    const LinearFit one = linear(data, {.se = se}, {.threads = 1});
    for (const int threads : {2, 3, 8}) {
      const LinearFit many = linear(data, {.se = se}, {.threads = threads});
      CHECK(same_bits(one.coefficient, many.coefficient));
      CHECK(same_bits(one.covariance, many.covariance));
      CHECK(same_bits(one.df, many.df));
    }
  };
  check(SeType::kHc2, false, false);
  check(SeType::kHc3, true, true);
  check(SeType::kCr1, true, false);
  check(SeType::kCr2, false, false);
  check(SeType::kCr2, true, false);
  check(SeType::kCr2, false, true);
}

TEST_CASE("linear: many rows agree with their sum of small pieces", "[stats]") {
  // The same rows twice: coefficients stay, classical variances halve but for the df.
  const Made made(3000, 3, 10);
  Numbers x;
  for (std::size_t k = 0; k < made.columns; ++k) {
    for (int copy = 0; copy < 2; ++copy) {
      x.insert(x.end(), made.x.begin() + static_cast<std::ptrdiff_t>(k * 3000),
               made.x.begin() + static_cast<std::ptrdiff_t>((k + 1) * 3000));
    }
  }
  Numbers y = made.y;
  y.insert(y.end(), made.y.begin(), made.y.end());
  const LinearFit once = linear(made.data(), {.se = SeType::kHc0});
  const LinearFit twice = linear({.x = x, .columns = made.columns, .y = y}, {.se = SeType::kHc0});
  const Numbers weights(3000, 2.0);
  for (std::size_t k = 0; k < made.columns; ++k) {
    CHECK(twice.coefficient[k] == Approx(once.coefficient[k]).epsilon(1e-12));
    CHECK(twice.std_error[k] == Approx(once.std_error[k] / std::sqrt(2.0)).epsilon(1e-12));
  }
}

TEST_CASE("linear: an absorbed factor is the model with its dummies", "[stats]") {
  const Made made(400, 2, 25);
  Numbers dummies(made.x.begin(), made.x.end());
  for (std::int32_t level = 1; level < 40; ++level) {
    for (const std::int32_t code : made.factor) dummies.push_back(code == level ? 1.0 : 0.0);
  }
  for (const SeType se : {SeType::kHc2, SeType::kHc3, SeType::kCr1, SeType::kCr2}) {
    LinearData swept = made.data();
    swept.absorbed = {made.factor};
    LinearData full{.x = dummies, .columns = made.columns + 39, .y = made.y};
    if (clustered(se)) swept.clusters = full.clusters = made.clusters;
    const LinearFit a = linear(swept, {.se = se});
    const LinearFit b = linear(full, {.se = se});
    CHECK(a.rank == b.rank);
    CHECK(a.r_squared == Approx(b.r_squared).epsilon(1e-12));
    // The intercept is a combination of the levels.
    CHECK(a.dropped == std::vector<std::size_t>{0});
    for (const std::size_t k : {1U, 2U}) {
      CHECK(a.coefficient[k] == Approx(b.coefficient[k]).epsilon(1e-12));
      CHECK(a.std_error[k] == Approx(b.std_error[k]).epsilon(1e-11));
      CHECK(a.df[k] == Approx(b.df[k]).epsilon(1e-10));
    }
  }
}

TEST_CASE("linear: dependent columns go from the right, and are named", "[stats]") {
  const Made made(50, 2, 5);
  Numbers x = made.x;
  for (std::size_t i = 0; i < 50; ++i) x.push_back(2.0 * made.x[50 + i] - made.x[100 + i] + 3.0);
  for (std::size_t i = 0; i < 50; ++i) x.push_back(4.7);  // the intercept again
  const Names names = {"(intercept)", "a", "b", "mix", "constant"};
  const LinearFit fit = linear({.x = x, .columns = 5, .y = made.y, .names = names});
  CHECK(fit.dropped == std::vector<std::size_t>{3, 4});
  CHECK(fit.rank == 3);
  CHECK(std::isnan(fit.coefficient[3]));
  CHECK(std::isnan(fit.covariance[3 * 5 + 1]));
  REQUIRE(fit.warnings.size() == 1);
  CHECK_THAT(fit.warnings[0], Contains("'mix', 'constant' left out"));
  const LinearFit plain = linear(made.data());
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(fit.coefficient[k] == Approx(plain.coefficient[k]).epsilon(1e-13));
    CHECK(fit.std_error[k] == Approx(plain.std_error[k]).epsilon(1e-13));
  }
  CHECK(to_estimates(fit, names, "ols").size() == 3);
}

TEST_CASE("linear: incomplete rows are left out and counted", "[stats]") {
  const Made made(40, 1, 4);
  Numbers y = made.y;
  Numbers x = made.x;
  Numbers weights(40, 1.0);
  y[3] = kNaN;
  y[4] = -std::numeric_limits<double>::infinity();
  x[40 + 5] = kNaN;
  weights[6] = 0.0;
  weights[7] = kNaN;
  const LinearFit fit = linear({.x = x, .columns = 2, .y = y, .weights = weights});
  CHECK(fit.n == 35);
  CHECK_THAT(all(fit.warnings), Contains("3 rows were left out because a number or a code is"));
  CHECK_THAT(all(fit.warnings), Contains("1 row was left out because a number is infinite"));
  for (const std::size_t i : {3U, 4U, 5U, 7U}) weights[i] = 0.0;
  const LinearFit same = linear({.x = made.x, .columns = 2, .y = made.y, .weights = weights});
  CHECK(same_bits(fit.coefficient, same.coefficient));
  CHECK(same_bits(fit.covariance, same.covariance));
  CHECK(same.warnings.empty());

  Codes clusters = made.clusters;
  clusters[0] = -1;
  LinearData missing_cluster = made.data();
  missing_cluster.clusters = clusters;
  CHECK(linear(missing_cluster, {.se = SeType::kCr0}).n == 39);
}

TEST_CASE("linear: a row with leverage one leaves only what it moves undefined", "[stats]") {
  const Made made(30, 1, 3);
  Numbers x = made.x;
  for (std::size_t i = 0; i < 30; ++i) x.push_back(i == 8 ? 1.0 : 0.0);
  const Names names = {"(intercept)", "a", "only row 9"};
  const LinearData data{.x = x, .columns = 3, .y = made.y, .names = names};
  for (const SeType se : {SeType::kHc2, SeType::kHc3}) {
    const LinearFit fit = linear(data, {.se = se});
    CHECK(std::isnan(fit.std_error[2]));
    CHECK(std::isfinite(fit.std_error[1]));
    CHECK(std::isfinite(fit.std_error[0]));
    CHECK_THAT(all(fit.warnings), Contains("leverage 1") && Contains("'only row 9'"));
  }
  const LinearFit hc1 = linear(data, {.se = SeType::kHc1});
  CHECK(std::isfinite(hc1.std_error[2]));

  // A level of an absorbed factor with one row moves no coefficient.
  Codes factor = made.factor;
  factor[8] = 1000;
  LinearData swept = made.data();
  swept.absorbed = {factor};
  const LinearFit fit = linear(swept);
  CHECK(std::isfinite(fit.std_error[1]));
}

TEST_CASE("linear: what cannot be estimated is NaN with a reason", "[stats]") {
  const Made made(4, 3, 2);
  const LinearFit full = linear(made.data());
  CHECK(std::isfinite(full.coefficient[3]));
  CHECK(std::isnan(full.std_error[3]));
  CHECK(std::isnan(full.residual_sd));
  CHECK_THAT(all(full.warnings), Contains("leave nothing to estimate the error from"));

  const Made few(60, 1, 3);
  LinearData data = few.data();
  data.clusters = few.clusters;
  const LinearFit reduced = linear(data, {.se = SeType::kCr2});
  CHECK_THAT(all(reduced.warnings), Contains("3 clusters only"));
  const Names names = {"(intercept)", "a"};
  CHECK_THAT(all(to_estimates(reduced, names, "ols")[1].warnings),
             Contains("degrees of freedom: few clusters determine this coefficient"));
  CHECK_THAT(all(linear(data, {.se = SeType::kCr1}).warnings), Contains("CR2 corrects it"));
  const Codes one(60, 5);
  data.clusters = one;
  for (const SeType se : {SeType::kCr0, SeType::kCr1, SeType::kCr2}) {
    const LinearFit single = linear(data, {.se = se});
    CHECK(std::isnan(single.std_error[1]));
    CHECK_THAT(all(single.warnings), Contains("a single cluster"));
    CHECK(linear(data, {.se = se, .explain = false}).warnings.empty());
  }

  const Numbers nothing(3, kNaN);
  const Numbers ones(3, 1.0);
  const LinearFit empty = linear({.x = ones, .columns = 1, .y = nothing});
  CHECK(empty.n == 0);
  CHECK(std::isnan(empty.coefficient[0]));
  CHECK_THAT(all(empty.warnings), Contains("no row is left"));
  const LinearFit none = linear({});
  CHECK(none.n == 0);

  const Numbers flat(60, 2.5);
  LinearData constant = few.data();
  constant.y = flat;
  CHECK_THAT(all(linear(constant).warnings), Contains("perfect"));
}

TEST_CASE("linear: CR2 with too many absorbed levels says what to do instead", "[stats]") {
  const std::size_t n = 4000;
  const Made made(n, 1, 50);
  Codes many(n);
  for (std::size_t i = 0; i < n; ++i) many[i] = static_cast<std::int32_t>(i / 4);
  LinearData data = made.data();
  data.clusters = made.clusters;
  data.absorbed = {many};
  const LinearFit fit = linear(data, {.se = SeType::kCr2});
  CHECK(std::isfinite(fit.coefficient[1]));
  CHECK(std::isnan(fit.std_error[1]));
  CHECK_THAT(all(fit.warnings), Contains("take CR1"));
  CHECK(std::isfinite(linear(data, {.se = SeType::kCr1}).std_error[1]));

  Codes crossed(n);
  for (std::size_t i = 0; i < n; ++i) crossed[i] = static_cast<std::int32_t>((i * 7) % 2500);
  Codes wide(n);
  for (std::size_t i = 0; i < n; ++i) wide[i] = static_cast<std::int32_t>(i % 3000);
  data.clusters = {};
  data.absorbed = {crossed, wide};
  CHECK_THROWS_AS(linear(data), ResourceError);
}

TEST_CASE("linear: wrong arguments", "[stats]") {
  const Made made(10, 1, 3);
  LinearData data = made.data();
  CHECK_THROWS_WITH(linear(data, {.se = SeType::kCr2}), Contains("CR2 needs clusters"));
  data.clusters = made.clusters;
  CHECK_THROWS_WITH(linear(data), Contains("HC2 ignores clusters"));
  data = made.data();
  data.columns = 3;
  CHECK_THROWS_AS(linear(data), ArgumentError);
  data = made.data();
  const Numbers negative(10, -1.0);
  data.weights = negative;
  CHECK_THROWS_WITH(linear(data), Contains("weight") && Contains("-1.0"));
  CHECK_THROWS_WITH(parse_se_type("hc2"), Contains("did you mean 'HC2'?"));
  CHECK(parse_se_type("CR1") == SeType::kCr1);
  const Names names = {"a"};
  CHECK_THROWS_AS(to_estimates(linear(made.data()), names, "ols"), ArgumentError);
  const Names both = {"a", "b"};
  CHECK_THROWS_WITH(to_estimates(linear(made.data()), both, "ols", 1.0), Contains("conf_level"));
}

TEST_CASE("linear: intervals cover as often as they say", "[stats]") {
  // 4000 draws, variance grows with |x|: the 95 % interval of HC2 covers the slope in 95 % of them
  // within four standard errors of that share, while the classical one must not.
  constexpr int kDraws = 4000;
  constexpr std::size_t kRows = 60;
  int robust = 0;
  int classical = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    Stream stream(StreamKey::root(11).child("coverage"), static_cast<std::uint64_t>(draw));
    Numbers x(kRows, 1.0);
    Numbers y;
    for (std::size_t i = 0; i < kRows; ++i) x.push_back(stream.uniform(-1.0, 1.0));
    for (std::size_t i = 0; i < kRows; ++i) {
      y.push_back(2.0 * x[kRows + i] + std::abs(x[kRows + i]) * stream.normal());
    }
    const Names names = {"(intercept)", "x"};
    const auto covers = [&](SeType se) {
      const auto rows = to_estimates(
          linear({.x = x, .columns = 2, .y = y}, {.se = se, .explain = false}), names, "ols");
      return rows[1].conf_low <= 2.0 && 2.0 <= rows[1].conf_high ? 1 : 0;
    };
    robust += covers(SeType::kHc2);
    classical += covers(SeType::kClassical);
  }
  const double error = std::sqrt(0.95 * 0.05 / kDraws);
  CHECK(std::abs(robust / static_cast<double>(kDraws) - 0.95) < 4.0 * error);
  CHECK(classical / static_cast<double>(kDraws) < 0.95 - 4.0 * error);
}
