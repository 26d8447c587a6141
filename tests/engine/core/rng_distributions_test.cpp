#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <boost/math/distributions/uniform.hpp>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"

using impact::Stream;
using impact::StreamKey;
namespace math = boost::math;

namespace {

constexpr int kDraws = 40000;

// Kolmogorov-Smirnov distance times sqrt(n): above 2.7 with probability 2 exp(-2 * 2.7^2) < 1e-6.
template <class Distribution, class Draw>
double ks_statistic(const Distribution& distribution, Draw&& draw, const char* name) {
  Stream stream(StreamKey::root(17).child(name));
  std::vector<double> values(kDraws);
  for (double& value : values) value = draw(stream);
  std::sort(values.begin(), values.end());
  double distance = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double p = cdf(distribution, values[i]);
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, p - rank / kDraws, (rank + 1.0) / kDraws - p});
  }
  return distance * std::sqrt(static_cast<double>(kDraws));
}

// Pearson's statistic over cells of expected count >= 20, as its p-value.
double chi_squared_p(const std::vector<double>& expected, const std::vector<double>& count) {
  double statistic = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    REQUIRE(expected[i] >= 20.0);
    statistic += (count[i] - expected[i]) * (count[i] - expected[i]) / expected[i];
  }
  const math::chi_squared reference(static_cast<double>(expected.size() - 1));
  return cdf(complement(reference, statistic));
}

// Cells of neighbouring k, each closed as soon as it holds a fortieth of the probability.
double poisson_p(double mean, const char* name) {
  const math::poisson distribution(mean);
  std::vector<double> expected;
  std::vector<double> count;
  std::vector<std::int64_t> upper;
  double below = 0.0;
  for (std::int64_t k = 0; below < 1.0 - 2.0 / 40.0; ++k) {
    const double p = cdf(distribution, static_cast<double>(k));
    if (p - below < 1.0 / 40.0 || 1.0 - p < 1.0 / 1000.0) continue;
    expected.push_back(kDraws * (p - below));
    upper.push_back(k);
    below = p;
  }
  expected.push_back(kDraws * (1.0 - below));
  count.resize(expected.size());
  Stream stream(StreamKey::root(17).child(name));
  for (int i = 0; i < kDraws; ++i) {
    const auto cell = std::lower_bound(upper.begin(), upper.end(), stream.poisson(mean));
    count[static_cast<std::size_t>(cell - upper.begin())] += 1.0;
  }
  return chi_squared_p(expected, count);
}

// |mean of the draws - mean| in standard errors.
template <class Draw>
double mean_error(double mean, double sd, Draw&& draw, const char* name) {
  Stream stream(StreamKey::root(18).child(name));
  double sum = 0.0;
  for (int i = 0; i < kDraws; ++i) sum += static_cast<double>(draw(stream));
  return std::fabs(sum / kDraws - mean) / (sd / std::sqrt(static_cast<double>(kDraws)));
}

}  // namespace

TEST_CASE("distributions: Kolmogorov-Smirnov against the distribution function") {
  const auto uniform = [](Stream& s) { return s.uniform(); };
  CHECK(ks_statistic(math::uniform(), uniform, "uniform") < 2.7);
  const auto normal = [](Stream& s) { return s.normal(3.0, 2.0); };
  CHECK(ks_statistic(math::normal(3.0, 2.0), normal, "normal") < 2.7);
  const auto exponential = [](Stream& s) { return s.exponential(4.0); };
  CHECK(ks_statistic(math::exponential(0.25), exponential, "exponential") < 2.7);
  const auto lognormal = [](Stream& s) { return s.lognormal(1.0, 0.5); };
  CHECK(ks_statistic(math::lognormal(1.0, 0.5), lognormal, "lognormal") < 2.7);
  for (const double shape : {0.1, 0.7, 1.0, 2.5, 100.0}) {
    const auto gamma = [&](Stream& s) { return s.gamma(shape); };
    CAPTURE(shape);
    CHECK(ks_statistic(math::gamma_distribution<>(shape), gamma, "gamma") < 2.7);
  }
  for (const auto& [a, b] : {std::pair{0.5, 0.5}, {1.0, 1.0}, {0.2, 0.9}, {2.0, 5.0}, {0.5, 3.0}}) {
    const auto beta = [a = a, b = b](Stream& s) { return s.beta(a, b); };
    CAPTURE(a, b);
    CHECK(ks_statistic(math::beta_distribution<>(a, b), beta, "beta") < 2.7);
  }
}

TEST_CASE("distributions: the test statistic notices a wrong parameter") {
  const auto normal = [](Stream& s) { return s.normal(0.05, 1.0); };
  CHECK(ks_statistic(math::normal(), normal, "normal") > 2.7);
  const auto gamma = [](Stream& s) { return s.gamma(2.6); };
  CHECK(ks_statistic(math::gamma_distribution<>(2.5), gamma, "gamma") > 2.7);
}

TEST_CASE("beta: shapes so small that both gammas underflow") {
  Stream stream(StreamKey::root(17).child("small beta"));
  int ones = 0;
  for (int i = 0; i < 4000; ++i) {
    const double value = stream.beta(1e-4, 1e-4);
    CHECK((value >= 0.0 && value <= 1.0));
    ones += value > 0.5 ? 1 : 0;
  }
  CHECK(std::fabs(ones - 2000.0) < 5.0 * std::sqrt(1000.0));
}

TEST_CASE("poisson: chi-squared against the mass function on both sides of the switch") {
  CHECK(poisson_p(0.3, "poisson") > 1e-6);
  CHECK(poisson_p(4.0, "poisson") > 1e-6);
  CHECK(poisson_p(9.99, "poisson") > 1e-6);
  CHECK(poisson_p(10.0, "poisson") > 1e-6);
  CHECK(poisson_p(31.5, "poisson") > 1e-6);
  CHECK(poisson_p(2500.0, "poisson") > 1e-6);
  Stream stream(StreamKey::root(17));
  CHECK(stream.poisson(0.0) == 0);
}

TEST_CASE("moments: means within five standard errors") {
  const auto at_most = 5.0;
  for (const double mean : {0.01, 3.0, 50.0, 1e6, 1e9}) {
    CAPTURE(mean);
    const auto draw = [&](Stream& s) { return s.poisson(mean); };
    CHECK(mean_error(mean, std::sqrt(mean), draw, "poisson") < at_most);
    const auto square = [&](Stream& s) {
      const double d = static_cast<double>(s.poisson(mean)) - mean;
      return d * d;
    };
    // Var (X - m)^2 = m + 2 m^2.
    CHECK(mean_error(mean, std::sqrt(mean + 2.0 * mean * mean), square, "squares") < at_most);
  }
  CHECK(mean_error(
            0.3, std::sqrt(0.21), [](Stream& s) { return s.bernoulli(0.3) ? 1 : 0; }, "bernoulli") <
        at_most);
  CHECK(mean_error(
            1.0, std::sqrt(2.0),
            [](Stream& s) {
              const double z = s.normal();
              return z * z;
            },
            "normal squares") < at_most);
  Stream stream(StreamKey::root(18));
  for (int i = 0; i < 100; ++i) {
    CHECK(stream.bernoulli(1.0));
    CHECK_FALSE(stream.bernoulli(0.0));
  }
}

TEST_CASE("below: chi-squared, also where rejection is most frequent") {
  for (const std::uint64_t n : {std::uint64_t{10}, std::uint64_t{3} << 62U}) {
    Stream stream(StreamKey::root(18).child("below"), n);
    const std::uint64_t cell = n / 10 + (n % 10 == 0 ? 0 : 1);
    std::vector<double> expected;
    for (std::uint64_t i = 0; i < 10; ++i) {
      const std::uint64_t width = std::min(cell, n - i * cell);
      expected.push_back(kDraws * (static_cast<double>(width) / static_cast<double>(n)));
    }
    std::vector<double> count(10);
    for (int i = 0; i < kDraws; ++i) count[stream.below(n) / cell] += 1.0;
    CHECK(chi_squared_p(expected, count) > 1e-6);
  }
}

TEST_CASE("permutation: all orders of four are equally likely") {
  Stream stream(StreamKey::root(18).child("permutation"));
  std::vector<double> count(256);
  for (int i = 0; i < kDraws; ++i) {
    const auto p = stream.permutation(4);
    count[64 * p[0] + 16 * p[1] + 4 * p[2] + p[3]] += 1.0;
  }
  std::erase(count, 0.0);
  REQUIRE(count.size() == 24);
  CHECK(chi_squared_p(std::vector<double>(24, kDraws / 24.0), count) > 1e-6);
}
