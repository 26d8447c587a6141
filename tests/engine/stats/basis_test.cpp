#include "engine/stats/basis.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/rng.h"
#include "tests/engine/stats/named_reference.h"

using namespace impact;
using namespace impact::peers;

namespace {

const NamedReference& peer() {
  static const NamedReference kPeer("basis");
  return kPeer;
}

// Entries are compared in units of the largest one of their column.
void agree(const Numbers& ours, std::size_t rows, const std::string& test) {
  for (std::size_t k = 0; k * rows < ours.size(); ++k) {
    double size = 0.0;
    const auto field = [&](std::size_t i) { return std::to_string(k) + "/" + std::to_string(i); };
    for (std::size_t i = 0; i < rows; ++i) {
      size = std::fmax(size, std::abs(peer().number(test, field(i))));
    }
    for (std::size_t i = 0; i < rows; ++i) {
      peer().check(ours[k * rows + i], test, field(i), 1e-9, size);
    }
  }
}

template <class Basis>
void agree(const Basis& basis, std::size_t columns, const std::string& test) {
  const Numbers x = peer().data("x"), points = peer().data("new");
  const Numbers at_data = evaluate(basis, x);
  CHECK(at_data.size() == columns * x.size());
  agree(at_data, x.size(), test);
  agree(evaluate(basis, points), points.size(), test + "_new");
}

double sum_of_row(const Numbers& matrix, std::size_t rows, std::size_t i) {
  double sum = 0.0;
  for (std::size_t at = i; at < matrix.size(); at += rows) sum += matrix[at];
  return sum;
}

}  // namespace

TEST_CASE("polynomial basis: agrees with R's poly, at new points too", "[stats]") {
  const Numbers x = peer().data("x");
  for (const std::size_t degree : {1U, 3U, 6U}) {
    agree(polynomial_basis(x, degree), degree, "poly_" + std::to_string(degree));
  }
  agree(polynomial_basis(x, 3, true), 3, "poly_raw");
  const Numbers far = peer().data("far");
  agree(evaluate(polynomial_basis(far, 3), far), far.size(), "poly_far");
}

TEST_CASE("polynomial basis: orthonormal, and of x = -1, 0, 1 by hand", "[stats]") {
  const Numbers three = {1.0, -1.0, 0.0};
  const Numbers p = evaluate(polynomial_basis(three, 2), three);
  const double half = std::sqrt(0.5), sixth = std::sqrt(1.0 / 6.0);
  const Numbers expected = {half, -half, 0.0, sixth, sixth, -2.0 * sixth};
  for (std::size_t i = 0; i < 6; ++i) CHECK(p[i] == Approx(expected[i]).margin(1e-15));
  const Numbers x = peer().data("x");
  const std::size_t n = x.size();
  const Numbers q = evaluate(polynomial_basis(x, 4), x);
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double sum = 0.0;
      for (std::size_t i = 0; i < n; ++i) sum += q[a * n + i] * q[b * n + i];
      CHECK(sum == Approx(a == b ? 1.0 : 0.0).margin(1e-12));
    }
  }
}

TEST_CASE("B-splines agree with R's bs, at new points too", "[stats]") {
  const Numbers x = peer().data("x");
  for (const std::size_t df : {3U, 5U, 8U}) {
    agree(b_spline_basis(x, {.df = df}), df, "bs_" + std::to_string(df));
  }
  agree(b_spline_basis(x, {.df = 6, .intercept = true}), 6, "bs_intercept");
  agree(b_spline_basis(x, {.knots = {6, 1.5, 3}, .degree = 2}), 5, "bs_quadratic");
  agree(b_spline_basis(x, {.knots = {3}, .degree = 1}), 2, "bs_linear");
  agree(b_spline_basis(x, {.df = 5, .boundary = {{0.0, 12.0}}}), 5, "bs_boundary");
}

TEST_CASE("natural splines agree with R's ns, at new points too", "[stats]") {
  const Numbers x = peer().data("x");
  for (const std::size_t df : {1U, 2U, 4U, 7U}) {
    agree(natural_spline_basis(x, {.df = df}), df, "ns_" + std::to_string(df));
  }
  agree(natural_spline_basis(x, {.df = 4, .intercept = true}), 4, "ns_intercept");
  agree(natural_spline_basis(x, {.knots = {1.5, 3, 6}}), 4, "ns_knots");
  agree(natural_spline_basis(x, {.df = 4, .boundary = {{1.0, 8.0}}}), 4, "ns_boundary");
}

TEST_CASE("B-splines: they sum to one, and linear ones are hats", "[stats]") {
  const Numbers x = peer().data("x");
  const SplineBasis whole = b_spline_basis(x, {.df = 7, .intercept = true});
  const Numbers points = {whole.low, 0.9, 3.3, whole.high, whole.high + 1.0};
  const Numbers values = evaluate(whole, points);
  for (std::size_t i = 0; i < points.size(); ++i) {
    CHECK(sum_of_row(values, points.size(), i) == Approx(1.0).epsilon(1e-12));
  }
  const SplineBasis hats =
      b_spline_basis(Numbers{0, 4}, {.knots = {1, 3}, .degree = 1, .intercept = true});
  const Numbers at_two = evaluate(hats, Numbers{2.0});
  CHECK(at_two == Numbers{0.0, 0.5, 0.5, 0.0});
}

TEST_CASE("bases: order, units and threads", "[stats]") {
  const std::size_t n = 3 * kChunkRows + 7;
  Stream stream(StreamKey::root(21));
  Numbers x;
  for (std::size_t i = 0; i < n; ++i) x.push_back(stream.normal());
  const Numbers backwards(x.rbegin(), x.rend());
  Numbers moved = x;
  for (double& value : moved) value = 4.0 * value + 64.0;
  const auto compare = [&](const auto& make) {
    const auto basis = make(x);
    const Numbers one = evaluate(basis, x, {.threads = 1});
    for (const int threads : {2, 3, 8}) CHECK(evaluate(basis, x, {.threads = threads}) == one);
    CHECK(evaluate(make(backwards), x) == one);
    const Numbers other = evaluate(make(moved), moved);
    for (std::size_t i = 0; i < one.size(); i += 97) {
      CHECK(other[i] == Approx(one[i]).epsilon(1e-9).margin(1e-9));
    }
  };
  compare([](const Numbers& data) { return polynomial_basis(data, 3); });
  compare([](const Numbers& data) { return b_spline_basis(data, {.df = 6}); });
  compare([](const Numbers& data) { return natural_spline_basis(data, {.df = 4}); });
}

TEST_CASE("bases: missing values, few values, bad arguments", "[stats]") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Numbers x = peer().data("x");
  const SplineBasis clean = natural_spline_basis(x, {.df = 3});
  const PolynomialBasis smooth = polynomial_basis(x, 2);
  x.push_back(kNaN);
  x.push_back(kInfinity);
  const SplineBasis holed = natural_spline_basis(x, {.df = 3});
  CHECK(holed.knots == clean.knots);
  CHECK(holed.high == clean.high);
  CHECK(polynomial_basis(x, 2).square == smooth.square);
  for (const Numbers& values : {evaluate(clean, x), evaluate(smooth, x)}) {
    CHECK_FALSE(std::isnan(values[x.size() - 3]));
    CHECK(std::isnan(values[x.size() - 2]));
    CHECK(std::isnan(values[x.size() - 1]));
  }
  const Numbers tied = {1, 1, 1, 1, 1, 1, 1, 1, 2, 3};
  const SplineBasis fewer = b_spline_basis(tied, {.df = 6});
  CHECK(fewer.columns() < 6);
  CHECK(warned(fewer, "quantiles coincide"));
  CHECK_THROWS_AS(polynomial_basis(tied, 3), ArgumentError);
  CHECK_THROWS_AS(polynomial_basis(tied, 0), ArgumentError);
  CHECK_NOTHROW(polynomial_basis(tied, 2));
  CHECK_THROWS_AS(b_spline_basis(tied, {.df = 2}), ArgumentError);
  CHECK_THROWS_AS(b_spline_basis(tied, {.df = 5, .knots = {2}}), ArgumentError);
  CHECK_THROWS_AS(b_spline_basis(tied, {.knots = {3}}), ArgumentError);
  CHECK_THROWS_AS(b_spline_basis(tied, {.degree = 0}), ArgumentError);
  CHECK_THROWS_AS(b_spline_basis(Numbers{2, 2}, {.df = 4}), ArgumentError);
  CHECK_THROWS_AS(natural_spline_basis(tied, {.df = 3, .degree = 2}), ArgumentError);
  CHECK_THROWS_AS(natural_spline_basis(tied, {.df = 0}), ArgumentError);
}
