#include "engine/stats/quantile_regression.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/stats/regression_reference.h"

using namespace impact;
using namespace impact::regression;

namespace {

using Numbers = std::vector<double>;
const std::vector<std::string> kTerms = {"one", "x", "v", "d"};

double loss(const Numbers& x, const Numbers& y, const Numbers& b, double tau) {
  double sum = 0.0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    double e = y[i];
    for (std::size_t k = 0; k < b.size(); ++k) e -= x[k * y.size() + i] * b[k];
    sum += e * (e < 0.0 ? tau - 1.0 : tau);
  }
  return sum;
}

struct Draw {
  std::size_t n;
  Numbers x, y;
  Draw(std::size_t rows, std::string_view name, bool ties = false) : n(rows), x(rows, 1.0) {
    Stream stream(StreamKey::root(13).child(name));
    for (std::size_t i = 0; i < 2 * rows; ++i) {
      x.push_back(ties ? std::floor(3.0 * stream.uniform()) : stream.normal());
    }
    for (std::size_t i = 0; i < rows; ++i) {
      const double e = stream.normal() * (1.0 + 0.3 * std::abs(x[rows + i]));
      const double value = 1.0 + 0.5 * x[rows + i] - 0.2 * x[2 * rows + i] + e;
      y.push_back(ties ? std::round(value) : value);
    }
  }
  [[nodiscard]] QuantileData data() const { return {.x = x, .columns = 3, .y = y}; }
};

}  // namespace

TEST_CASE("quantile regression: agrees with quantreg", "[stats][quantile]") {
  const Numbers x = matrix(kTerms);
  for (const std::string tau : {"0.1", "0.5", "0.75"}) {
    const std::string name = "rq" + tau;
    QuantileData at{.x = x, .columns = 4, .y = data("qy"), .names = kTerms};
    for (const auto& [se, word] : {std::pair{QuantileSe::kIid, "_iid"},
                                   {QuantileSe::kNid, "_nid"},
                                   {QuantileSe::kKernel, "_ker"}}) {
      const QuantileFit f = quantile_regression(at, {.tau = std::stod(tau), .se = se});
      // Of the 66 rows with d = 1 half lie on either side of the median: an edge is level.
      CHECK(f.unique == (tau != "0.5"));
      check(f.objective, name, "objective");
      for (std::size_t k = 0; k < 4; ++k) {
        check(f.coefficient[k], name, kTerms[k]);
        check(f.std_error[k], name + word, kTerms[k], 1e-8);
      }
    }
    at.weights = data("w");
    const QuantileFit weighted = quantile_regression(at, {.tau = std::stod(tau)});
    for (std::size_t k = 0; k < 4; ++k) check(weighted.coefficient[k], name + "_w", kTerms[k]);
  }
  // Counts tie: the objective is one, the coefficients need not be.
  const Numbers small = matrix({"one", "x", "d"});
  const QuantileFit ties =
      quantile_regression({.x = small, .columns = 3, .y = data("cnt")}, {.tau = 0.6});
  check(ties.objective, "rq_ties", "objective");
}

TEST_CASE("quantile regression: by hand", "[stats][quantile]") {
  const Numbers ones(7, 1.0);
  const Numbers y = {5, 1, 9, 2, 7, 3, 8};
  CHECK(quantile_regression({.x = ones, .columns = 1, .y = y}).coefficient[0] == Approx(5.0));
  CHECK(quantile_regression({.x = ones, .columns = 1, .y = y}, {.tau = 0.2}).coefficient[0] ==
        Approx(2.0));
  const QuantileFit even = quantile_regression(
      {.x = std::span(ones).first(6), .columns = 1, .y = std::span(y).first(6)});
  CHECK_FALSE(even.unique);
  CHECK(warned(even, "not unique"));
  CHECK(even.objective == Approx(0.5 * (0 + 4 + 4 + 3 + 2 + 2)).epsilon(1e-12));
  // Two groups: the plane holds either group's quantile.
  const Numbers x = {1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1};
  const Numbers z = {1, 2, 9, 4, 6, 7};
  const QuantileFit two = quantile_regression({.x = x, .columns = 2, .y = z});
  CHECK(two.coefficient[0] == Approx(2.0));
  CHECK(two.coefficient[1] == Approx(4.0));
}

TEST_CASE("quantile regression: no neighbour is better, ties or not", "[stats][quantile]") {
  for (const bool ties : {false, true}) {
    const Draw draw(6'000, ties ? "ties" : "plain", ties);
    for (const double tau : {0.05, 0.5, 0.9}) {
      const QuantileFit f =
          quantile_regression(draw.data(), {.tau = tau, .se = QuantileSe::kKernel});
      CHECK_FALSE(warned(f, "did not end"));
      const double best = loss(draw.x, draw.y, f.coefficient, tau);
      CHECK(best == Approx(f.objective).epsilon(1e-11));
      Stream stream(StreamKey::root(1).child("neighbours"));
      for (int i = 0; i < 200; ++i) {
        Numbers b = f.coefficient;
        const double step = std::pow(10.0, -1.0 - 5.0 * stream.uniform());
        for (double& coefficient : b) coefficient += step * stream.normal();
        CHECK(loss(draw.x, draw.y, b, tau) >= best * (1.0 - 1e-12));
      }
    }
  }
}

TEST_CASE("quantile regression: units, order, threads", "[stats][quantile]") {
  const Draw draw(5'000, "threads");
  for (const QuantileSe se : {QuantileSe::kNid, QuantileSe::kIid}) {
    const QuantileFit one = quantile_regression(draw.data(), {.tau = 0.3, .se = se});
    for (const int threads : {2, 3, 8}) {
      const QuantileFit more =
          quantile_regression(draw.data(), {.tau = 0.3, .se = se}, {.threads = threads});
      for (std::size_t k = 0; k < 3; ++k) {
        CHECK(std::bit_cast<std::uint64_t>(more.coefficient[k]) ==
              std::bit_cast<std::uint64_t>(one.coefficient[k]));
        CHECK(std::bit_cast<std::uint64_t>(more.std_error[k]) ==
              std::bit_cast<std::uint64_t>(one.std_error[k]));
      }
    }
    Draw moved = draw;
    for (std::size_t i = 0; i < draw.n; ++i) {
      moved.x[draw.n + i] = 1e6 + 1e3 * draw.x[draw.n + i];
      moved.x[2 * draw.n + i] = 1e-6 * draw.x[2 * draw.n + i];
      moved.y[i] = 1e4 * draw.y[i];
    }
    const QuantileFit scaled = quantile_regression(moved.data(), {.tau = 0.3, .se = se});
    CHECK(scaled.coefficient[1] * 0.1 == Approx(one.coefficient[1]).epsilon(1e-8));
    CHECK(scaled.std_error[2] * 1e-10 == Approx(one.std_error[2]).epsilon(1e-7));
    Draw turned = draw;
    for (std::size_t k = 0; k < 3; ++k) {
      std::reverse(turned.x.begin() + static_cast<std::ptrdiff_t>(k * draw.n),
                   turned.x.begin() + static_cast<std::ptrdiff_t>((k + 1) * draw.n));
    }
    std::ranges::reverse(turned.y);
    const QuantileFit other = quantile_regression(turned.data(), {.tau = 0.3, .se = se});
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(other.coefficient[k] == Approx(one.coefficient[k]).epsilon(1e-10));
      CHECK(other.std_error[k] == Approx(one.std_error[k]).epsilon(1e-8));
    }
  }
  const QuantileSpec boot{.tau = 0.3, .se = QuantileSe::kBootstrap, .draws = 100};
  const QuantileFit one = quantile_regression(draw.data(), boot);
  CHECK(quantile_regression(draw.data(), boot, {.threads = 3}).std_error == one.std_error);
  const QuantileFit nid = quantile_regression(draw.data(), {.tau = 0.3});
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(one.std_error[k] == Approx(nid.std_error[k]).epsilon(0.3));
  }
}

TEST_CASE("quantile regression: clusters are drawn as a whole", "[stats][quantile]") {
  // Each row four times over: rows as units would halve the error.
  const Draw draw(300, "clusters");
  Draw copies = draw;
  copies.n = 4 * draw.n;
  copies.x.clear();
  copies.y.clear();
  std::vector<std::int32_t> clusters;
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t i = 0; i < copies.n; ++i) copies.x.push_back(draw.x[k * draw.n + i / 4]);
  }
  for (std::size_t i = 0; i < copies.n; ++i) {
    copies.y.push_back(draw.y[i / 4]);
    clusters.push_back(static_cast<std::int32_t>(i / 4));
  }
  const QuantileSpec spec{.se = QuantileSe::kBootstrap, .draws = 300};
  QuantileData grouped = copies.data();
  grouped.clusters = clusters;
  const QuantileFit whole = quantile_regression(grouped, spec);
  const QuantileFit plain = quantile_regression(draw.data(), spec);
  const QuantileFit loose = quantile_regression(copies.data(), spec);
  CHECK(whole.std_error[1] == Approx(plain.std_error[1]).epsilon(0.02));
  CHECK(loose.std_error[1] < 0.7 * whole.std_error[1]);
}

TEST_CASE("quantile regression: trouble and wrong input", "[stats][quantile]") {
  Draw draw(100, "trouble");
  const std::vector<std::string> names = {"one", "a", "b"};
  QuantileData data = draw.data();
  data.names = names;
  for (std::size_t i = 0; i < draw.n; ++i) draw.x[2 * draw.n + i] = 1.0 + draw.x[draw.n + i];
  const QuantileFit f = quantile_regression(data);
  CHECK(warned(f, "'b' left out"));
  CHECK(f.rank == 2);
  CHECK(to_estimates(f, names).size() == 2);
  CHECK(to_estimates(f, names)[0].df == 98.0);
  draw.y[0] = NAN;
  CHECK(quantile_regression(data).n == 99);
  CHECK(warned(quantile_regression({.x = {}, .columns = 3, .y = {}}), "no row is left"));
  const Numbers few = {1, 1, 0, 2};
  const QuantileFit exact = quantile_regression({.x = few, .columns = 2, .y = Numbers{3, 7}});
  CHECK(exact.coefficient[1] == Approx(2.0));
  CHECK(warned(exact, "no standard errors"));
  CHECK_THROWS_AS(quantile_regression(data, {.tau = 1.0}), ArgumentError);
  CHECK_THROWS_AS(quantile_regression(data, {.se = QuantileSe::kBootstrap, .draws = 1}),
                  ArgumentError);
  const std::vector<std::int32_t> clusters(100, 0);
  data.clusters = clusters;
  CHECK_THROWS_AS(quantile_regression(data), ArgumentError);
  CHECK_THROWS_WITH(parse_quantile_se("boot"), Catch::Contains("bootstrap"));
}
