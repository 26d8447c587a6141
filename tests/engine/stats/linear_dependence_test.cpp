#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/rng.h"
#include "engine/stats/linear.h"
#include "tests/engine/stats/linear_more_reference.h"

using namespace impact;
using namespace impact::reference;

namespace {

using Times = std::vector<std::int64_t>;

Times in_order(std::size_t n) {
  Times time(n);
  std::iota(time.begin(), time.end(), std::int64_t{0});
  return time;
}

// The grid of linear_more.R.
struct TwoWay {
  Codes first = more().codes("gr");
  Codes second = more().codes("gc");
  Numbers x = columns({"gx", "gv"}, first.size());
  Numbers y = more().data("gy");

  [[nodiscard]] LinearData data() const {
    return {.x = x, .columns = 3, .y = y, .clusters = first, .second_clusters = second};
  }
};

// Rows whose shocks are shared along rows and columns of a grid.
struct Grid {
  Codes row, column;
  Numbers x, y;

  Grid(std::int32_t side, int copies, Stream stream) {
    Numbers a[2], b[2];
    for (std::int32_t k = 0; k < side; ++k) {
      for (auto* shock : {&a[0], &a[1], &b[0], &b[1]}) shock->push_back(stream.normal());
    }
    Numbers regressor;
    for (std::int32_t i = 0; i < side; ++i) {
      for (std::int32_t j = 0; j < side; ++j) {
        for (int c = 0; c < copies; ++c) {
          const auto at = static_cast<std::size_t>(i), to = static_cast<std::size_t>(j);
          row.push_back(i);
          column.push_back(j);
          regressor.push_back(a[0][at] + b[0][to] + stream.normal());
          y.push_back(a[1][at] + b[1][to] + stream.normal());
        }
      }
    }
    x.assign(y.size(), 1.0);
    x.insert(x.end(), regressor.begin(), regressor.end());
  }
};

}  // namespace

TEST_CASE("linear: two-way clusters agree with sandwich", "[stats]") {
  const TwoWay both;
  for (const char* se : {"CR0", "CR1"}) {
    for (const bool by_row : {false, true}) {
      const LinearSpec spec{
          .se = parse_se_type(se), .two_way = TwoWayScale::kEach, .two_way_by_row = by_row};
      const std::string suffix = std::string(se) + (by_row ? "_row" : "");
      LinearData data = both.data();
      const LinearFit fit = linear(data, spec);
      agree_matrix(fit.covariance, "two_way_" + suffix);
      CHECK(fit.clusters == 16);
      CHECK(fit.second_clusters == 15);
      CHECK(fit.df[1] == 14.0);
      CHECK_FALSE(warned(fit, "semi-definite"));
      const Numbers weights = more().data("gw");
      data.weights = weights;
      agree_matrix(linear(data, spec).covariance, "two_way_weighted_" + suffix);
      const Numbers slopes = columns({"gx", "gv"}, 0);
      const Codes factor = more().codes("gf");
      const LinearFit absorbed = linear({.x = slopes,
                                         .columns = 2,
                                         .y = both.y,
                                         .clusters = both.first,
                                         .second_clusters = both.second,
                                         .absorbed = {factor}},
                                        spec);
      agree_matrix(absorbed.covariance, "two_way_fe_" + suffix);
    }
  }
  agree_matrix(linear(both.data(), {.se = SeType::kCr1}).covariance, "two_way_smallest");
}

TEST_CASE("linear: a two-way covariance that is not one is repaired, and says so", "[stats]") {
  const Numbers x = matrix({"Intercept", "z", "x", "v"});
  const Codes first = more().codes("p"), second = more().codes("q");
  const LinearFit fit = linear(
      {.x = x, .columns = 4, .y = units()["y"], .clusters = first, .second_clusters = second},
      {.se = SeType::kCr1, .two_way = TwoWayScale::kEach});
  agree_matrix(fit.covariance, "two_way_fixed");
  CHECK(warned(fit, "positive semi-definite"));
}

TEST_CASE("linear: two-way clusters that are one, or that are rows, are one-way", "[stats]") {
  TwoWay both;
  // V_1 + V_1 - V_1, and V_1 + V_rows - V_rows.
  LinearData one_way = both.data();
  one_way.second_clusters = {};
  const LinearFit expected = linear(one_way, {.se = SeType::kCr0});
  Codes rows(both.y.size());
  std::iota(rows.begin(), rows.end(), 0);
  for (const Codes& second : {both.first, rows}) {
    both.second = second;
    const LinearFit fit = linear(both.data(), {.se = SeType::kCr0});
    for (std::size_t k = 0; k < 9; ++k) {
      CHECK(fit.covariance[k] == Approx(expected.covariance[k]).epsilon(1e-11).margin(1e-16));
    }
  }
}

TEST_CASE("linear: two-way intervals cover where one-way ones do not", "[stats]") {
  int covered = 0, one_way = 0;
  constexpr int kDraws = 400;
  for (int draw = 0; draw < kDraws; ++draw) {
    const Grid grid(25, 1, Stream(StreamKey::root(11), static_cast<std::uint64_t>(draw)));
    LinearData data{.x = grid.x, .columns = 2, .y = grid.y, .clusters = grid.row};
    const auto covers = [&] {
      const LinearFit fit = linear(data, {.se = SeType::kCr1, .explain = false});
      return fit.std_error[1] * 2.064 > std::abs(fit.coefficient[1]) ? 1 : 0;
    };
    one_way += covers();
    data.second_clusters = grid.column;
    covered += covers();
  }
  CHECK(covered / double{kDraws} > 0.90);
  CHECK(covered / double{kDraws} < 0.98);
  CHECK(one_way / double{kDraws} < 0.87);
}

TEST_CASE("linear: Newey-West agrees with sandwich", "[stats]") {
  const Numbers x = columns({"sx", "su"}, 150);
  const Numbers y = more().data("sy"), weights = more().data("sw");
  const Times time = in_order(y.size());
  LinearData data{.x = x, .columns = 3, .y = y, .time = time};
  const auto covariance = [&](std::optional<std::int64_t> lag, bool adjust = false) {
    const LinearFit fit =
        linear(data, {.se = SeType::kNeweyWest, .lag = lag, .small_sample = adjust});
    CHECK(fit.warnings.empty());
    CHECK(fit.df[0] == static_cast<double>(fit.n - fit.rank));
    return fit.covariance;
  };
  for (const std::int64_t lag : {0, 1, 5, 40}) {
    agree_matrix(covariance(lag), "nw_" + std::to_string(lag));
  }
  agree_matrix(covariance(5, true), "nw_adjusted");
  agree_matrix(covariance({}), "nw_auto");
  data.weights = weights;
  agree_matrix(covariance(3), "nw_weighted");
  agree_matrix(covariance({}), "nw_auto_weighted");
  data.weights = {};
  const Numbers slopes = columns({"sx", "su"}, 0);
  data.x = slopes;
  data.columns = 2;
  agree_matrix(covariance(3), "nw_no_intercept");
  agree_matrix(covariance({}), "nw_auto_no_intercept");
}

TEST_CASE("linear: Newey-West's lag is that of sandwich", "[stats]") {
  const auto lag = [](const LinearData& data) {
    return static_cast<double>(linear(data, {.se = SeType::kNeweyWest}).lag);
  };
  const Numbers x = columns({"sx", "su"}, 150);
  const Numbers y = more().data("sy");
  const Times time = in_order(y.size());
  CHECK(lag({.x = x, .columns = 3, .y = y, .time = time}) == more().number("nw_auto", "lag"));
  const Numbers unit_x = matrix({"Intercept", "z", "x", "v"});
  const Times unit_time = in_order(60);
  CHECK(lag({.x = unit_x, .columns = 4, .y = units()["y"], .time = unit_time}) ==
        more().number("nw_auto_units", "lag"));
  Numbers short_x(25, 1.0);
  short_x.insert(short_x.end(), x.begin() + 150, x.begin() + 175);
  const Numbers short_y(y.begin(), y.begin() + 25);
  const Times short_time = in_order(25);
  CHECK(lag({.x = short_x, .columns = 2, .y = short_y, .time = short_time}) ==
        more().number("nw_auto_short", "lag"));
}

TEST_CASE("linear: Newey-West by hand", "[stats]") {
  // The mean of 1, 2, 4, 9: e = -3, -2, 0, 5. Lag 1: 38 + 2 * 0.5 * (6 + 0 + 0) = 44, over 16.
  const Numbers x(4, 1.0), y = {4, 1, 9, 2};
  const Times time = {30, 10, 40, 20};  // rows in any order
  const LinearFit fit = linear({.x = x, .columns = 1, .y = y, .time = time},
                               {.se = SeType::kNeweyWest, .lag = 1, .small_sample = false});
  CHECK(fit.std_error[0] == Approx(std::sqrt(44.0 / 16.0)).epsilon(1e-14));
  CHECK(fit.warnings.empty());
  // A lag beyond the rows is the longest there is.
  const LinearFit longest =
      linear({.x = x, .columns = 1, .y = y, .time = time}, {.se = SeType::kNeweyWest, .lag = 99});
  CHECK(longest.lag == 3);
}

TEST_CASE("linear: Newey-West says where time has ties or gaps", "[stats]") {
  const Numbers x(5, 1.0), y = {1, 2, 4, 8, 3};
  const Times time = {0, 2, 2, 4, 10};
  const LinearFit fit =
      linear({.x = x, .columns = 1, .y = y, .time = time}, {.se = SeType::kNeweyWest, .lag = 1});
  CHECK(warned(fit, "1 row has the time of an earlier one"));
  CHECK(warned(fit, "1 gap"));
  // A missing row leaves a gap.
  const Times even = {0, 1, 2, 3, 4};
  Numbers holed = y;
  holed[2] = std::numeric_limits<double>::quiet_NaN();
  const LinearFit gap = linear({.x = x, .columns = 1, .y = holed, .time = even},
                               {.se = SeType::kNeweyWest, .lag = 1});
  CHECK(warned(gap, "1 gap"));
  CHECK(gap.n == 4);
}

TEST_CASE("linear: Newey-West covers the mean of an autocorrelated series", "[stats]") {
  int covered = 0, naive = 0;
  constexpr int kDraws = 400;
  constexpr std::size_t kRows = 500;
  const Numbers x(kRows, 1.0);
  const Times time = in_order(kRows);
  for (int draw = 0; draw < kDraws; ++draw) {
    Stream stream(StreamKey::root(12), static_cast<std::uint64_t>(draw));
    Numbers y;
    double state = stream.normal();
    for (std::size_t t = 0; t < kRows; ++t) y.push_back(state = 0.5 * state + stream.normal());
    const LinearData data{.x = x, .columns = 1, .y = y, .time = time};
    const auto covers = [&](SeType se) {
      const LinearFit fit = linear(data, {.se = se, .explain = false});
      return std::abs(fit.coefficient[0]) < 1.9648 * fit.std_error[0] ? 1 : 0;
    };
    covered += covers(SeType::kNeweyWest);
    naive += covers(SeType::kClassical);
  }
  CHECK(covered / double{kDraws} > 0.89);
  CHECK(covered / double{kDraws} < 0.97);
  CHECK(naive / double{kDraws} < 0.80);
}

TEST_CASE("linear: two-way clusters and Newey-West, same bits on any number of threads",
          "[stats]") {
  const Grid grid(30, 12, Stream(StreamKey::root(13)));
  REQUIRE(grid.y.size() > 2 * kChunkRows);
  const Times time = in_order(grid.y.size());
  const auto bits = [&](int threads) {
    std::vector<std::uint64_t> result;
    const auto add = [&](const LinearFit& fit) {
      for (const double cell : fit.covariance) result.push_back(std::bit_cast<std::uint64_t>(cell));
    };
    LinearData data{.x = grid.x, .columns = 2, .y = grid.y};
    data.time = time;
    add(linear(data, {.se = SeType::kNeweyWest}, {.threads = threads}));
    // Looks back beyond a chunk.
    add(linear(data, {.se = SeType::kNeweyWest, .lag = 5000}, {.threads = threads}));
    data.clusters = grid.row;
    data.second_clusters = grid.column;
    add(linear(data, {.se = SeType::kCr1}, {.threads = threads}));
    return result;
  };
  const auto one = bits(1);
  for (const int threads : {2, 3, 8}) CHECK(bits(threads) == one);
}

TEST_CASE("linear: a chunk of Newey-West looks back into the ones before it", "[stats]") {
  // Against the definition, with a lag longer than a chunk.
  const std::size_t n = 2 * kChunkRows + 100;
  constexpr std::size_t kLag = kChunkRows + 500;
  Stream stream(StreamKey::root(14));
  Numbers y;
  double state = 0.0;
  for (std::size_t t = 0; t < n; ++t) y.push_back(state = 0.9 * state + stream.normal());
  const Numbers x(n, 1.0);
  const Times time = in_order(n);
  const LinearFit fit =
      linear({.x = x, .columns = 1, .y = y, .time = time},
             {.se = SeType::kNeweyWest, .lag = std::int64_t{kLag}, .small_sample = false});
  double expected = 0.0;
  for (std::size_t t = 0; t < n; ++t) y[t] -= fit.coefficient[0];
  for (std::size_t j = 0; j <= kLag; ++j) {
    double sum = 0.0;
    for (std::size_t t = j; t < n; ++t) sum += y[t] * y[t - j];
    expected += (j == 0 ? 1.0 : 2.0) * (1.0 - static_cast<double>(j) / (kLag + 1.0)) * sum;
  }
  const auto size = static_cast<double>(n);
  CHECK(fit.covariance[0] == Approx(expected / (size * size)).epsilon(1e-10));
}

TEST_CASE("linear: what dependence needs", "[stats]") {
  const TwoWay both;
  LinearData data = both.data();
  CHECK_THROWS_AS(linear(data, {.se = SeType::kCr2}), ArgumentError);
  CHECK_THROWS_AS(linear(data), ArgumentError);
  data.clusters = {};
  CHECK_THROWS_AS(linear(data), ArgumentError);
  data.second_clusters = {};
  CHECK_THROWS_AS(linear(data, {.se = SeType::kNeweyWest}), ArgumentError);
  const Times time = in_order(both.y.size());
  data.time = time;
  CHECK_THROWS_AS(linear(data, {.se = SeType::kNeweyWest, .lag = -1}), ArgumentError);
  CHECK_NOTHROW(linear(data, {.se = SeType::kNeweyWest, .lag = 0}));
  data.time = std::span(time).first(99);
  CHECK_THROWS_AS(linear(data, {.se = SeType::kNeweyWest}), ArgumentError);
  const Codes one(both.y.size(), 0);
  data = both.data();
  data.second_clusters = one;
  const LinearFit fit = linear(data, {.se = SeType::kCr1});
  CHECK(std::isnan(fit.std_error[1]));
  CHECK(warned(fit, "a single cluster"));
}
