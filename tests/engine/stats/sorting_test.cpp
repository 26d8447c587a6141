#include "engine/stats/sorting.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"
#include "engine/stats/correlation.h"
#include "engine/stats/rank_tests.h"

using namespace impact;

namespace {

using Numbers = std::vector<double>;

constexpr std::size_t kMany = 20000;

Numbers sorted(Numbers values) {
  detail::sort_numbers(values);
  return values;
}

void agrees(Numbers values) {
  const Numbers ours = sorted(values);
  std::sort(values.begin(), values.end());
  CHECK(ours == values);
}

template <class Draw>
Numbers drawn(std::size_t n, Draw&& draw) {
  Stream stream(StreamKey::root(51));
  Numbers values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(draw(stream));
  return values;
}

}  // namespace

TEST_CASE("sort_numbers: every kind of double, few and many", "[stats]") {
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{100}, kMany}) {
    agrees(drawn(n, [](Stream& s) { return s.normal(); }));
    agrees(drawn(n, [](Stream& s) { return std::floor(10.0 * s.normal()) + 0.0; }));
    agrees(drawn(n, [](Stream& s) {
      return std::ldexp(s.normal(), static_cast<int>(s.below(1900)) - 1000);
    }));
    agrees(drawn(n, [](Stream&) { return -7.25; }));
    // Any bits but those of NaN and of -0.0.
    agrees(drawn(n, [](Stream& s) {
      const auto value = std::bit_cast<double>(s.below(std::numeric_limits<std::uint64_t>::max()));
      return std::isnan(value) ? 1.0 : value + 0.0;
    }));
  }
  Numbers ends = drawn(kMany, [](Stream& s) { return s.normal(); });
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double value : {kInfinity, -kInfinity, std::numeric_limits<double>::denorm_min(), 0.0,
                             -std::numeric_limits<double>::denorm_min()}) {
    ends.push_back(value);
  }
  agrees(ends);
  CHECK(sorted(ends).front() == -kInfinity);
}

TEST_CASE("sort_pairs: as pairs are ordered, few and many, with ties", "[stats]") {
  using Pairs = std::vector<std::pair<double, double>>;
  for (const std::size_t n : {std::size_t{0}, std::size_t{9}, kMany}) {
    for (const double steps : {1.0, 4.0, 300.0, 1e12}) {
      Stream stream(StreamKey::root(52));
      Pairs pairs;
      for (std::size_t i = 0; i < n; ++i) {
        const double x = std::floor(steps * stream.normal()) + 0.0;
        pairs.emplace_back(x, std::floor(steps * stream.normal()) + 0.0);
      }
      Pairs expected = pairs;
      std::sort(expected.begin(), expected.end());
      detail::sort_pairs(pairs);
      CHECK(pairs == expected);
    }
  }
}

TEST_CASE("Kendall: large samples with ties, by counting", "[stats]") {
  constexpr std::size_t kRows = 5000;  // beyond what is sorted by comparing
  const Numbers x = drawn(kRows, [](Stream& s) { return std::floor(8.0 * s.normal()) + 0.0; });
  Numbers y = drawn(kRows, [](Stream& s) { return std::floor(5.0 * s.normal()) + 0.0; });
  std::rotate(y.begin(), y.begin() + 17, y.end());
  for (std::size_t i = 0; i < kRows; ++i) y[i] += 0.5 * x[i];
  double s = 0.0, in_x = 0.0, in_y = 0.0;
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double a = x[i] - x[j], b = y[i] - y[j];
      s += a * b > 0.0 ? 1.0 : a * b < 0.0 ? -1.0 : 0.0;
      in_x += a != 0.0 ? 1.0 : 0.0;
      in_y += b != 0.0 ? 1.0 : 0.0;
    }
  }
  CHECK(kendall_correlation(x, y).estimate == s / std::sqrt(in_x * in_y));
}

TEST_CASE("Mann-Whitney: large samples, same bits on any number of threads", "[stats]") {
  const Numbers x = drawn(kMany, [](Stream& s) { return std::floor(100.0 * s.normal()); });
  const Numbers y = drawn(kMany / 2, [](Stream& s) { return 5.0 + std::floor(90.0 * s.normal()); });
  const Estimate one = mann_whitney(x, y);
  // Pairs by counting below each x.
  Numbers other = y;
  std::sort(other.begin(), other.end());
  double u = 0.0;
  for (const double value : x) {
    const auto [low, high] = std::equal_range(other.begin(), other.end(), value);
    u += static_cast<double>(low - other.begin()) + 0.5 * static_cast<double>(high - low);
  }
  CHECK(one.statistic == u);
  for (const int threads : {2, 3, 8}) {
    const Context context{.threads = threads};
    CHECK(mann_whitney(x, y, {}, context).p_value == one.p_value);
    CHECK(cliffs_delta(x, y, {}, context).conf_low == cliffs_delta(x, y).conf_low);
    CHECK(kolmogorov_smirnov(x, y, {}, context).p_value == kolmogorov_smirnov(x, y).p_value);
  }
}
