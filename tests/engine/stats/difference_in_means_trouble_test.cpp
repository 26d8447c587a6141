#include <cmath>
#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/difference_in_means.h"

using namespace impact;
using Catch::Contains;
using Design = DifferenceInMeans::Design;

namespace {

using Codes = std::vector<std::int32_t>;
using Numbers = std::vector<double>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string all(const Estimate& row) {
  std::string text;
  for (const auto& warning : row.warnings) text += warning + "\n";
  return text;
}

// 40 rows in 4 blocks of 5 clusters of 2; arm by row.
struct Made {
  Numbers y;
  Codes arm, block, cluster;
  Made() {
    Stream stream(StreamKey::root(2).child("made"));
    for (std::int32_t i = 0; i < 40; ++i) {
      // Twenty bits after the point: a shift loses nothing.
      y.push_back(std::ldexp(std::round(std::ldexp(stream.normal(3.0, 2.0), 20)), -20));
      arm.push_back(i / 2 % 5 < 2 ? 1 : 0);
      block.push_back(i / 10);
      cluster.push_back(i / 2);
    }
  }
};

}  // namespace

TEST_CASE("difference in means: shift, scale, order, labels and arms swapped", "[stats]") {
  const Made made;
  const auto permutation = Stream(StreamKey::root(9)).permutation(40);
  for (const auto& [blocked, clustered] : std::vector<std::pair<bool, bool>>{
           {false, false}, {true, false}, {false, true}, {true, true}}) {
    DifferenceInMeansData data{.y = made.y, .arm = made.arm};
    if (blocked) data.block = made.block;
    if (clustered) data.cluster = made.cluster;
    const PointEstimate base = difference_in_means_numbers(data).point;
    const auto check = [&](const DifferenceInMeansData& changed, double factor) {
      const PointEstimate point = difference_in_means_numbers(changed).point;
      CHECK(point.estimate == Approx(factor * base.estimate).epsilon(1e-12));
      CHECK(point.std_error == Approx(std::abs(factor) * base.std_error).epsilon(1e-12));
      CHECK(point.df == Approx(base.df).epsilon(1e-12));
    };
    Numbers y = made.y;
    for (double& cell : y) cell = -8.0 * (cell + 8192.0);
    DifferenceInMeansData changed = data;
    changed.y = y;
    check(changed, -8.0);

    Numbers py;
    Codes pa, pb, pc;
    for (const std::size_t i : permutation) {
      py.push_back(made.y[i]);
      pa.push_back(1 - made.arm[i]);
      pb.push_back(50 - 7 * made.block[i]);
      pc.push_back((made.cluster[i] * 7) % 20 + 3);
    }
    changed = {.y = py, .arm = pa};
    if (blocked) changed.block = pb;
    if (clustered) changed.cluster = pc;
    check(changed, -1.0);

    // The same weight for all says nothing.
    const Numbers weights(40, 2.5);
    changed = data;
    changed.weight = weights;
    check(changed, 1.0);
  }
}

TEST_CASE("difference in means: values far from zero keep their digits", "[stats]") {
  const Numbers y = {1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9, 1e9 + 1, 1e9 + 5};
  const Codes arm = {1, 1, 1, 0, 0, 0};
  const PointEstimate point = difference_in_means_numbers({.y = y, .arm = arm}).point;
  CHECK(point.estimate == Approx(0.0).margin(1e-12));
  // Variances 1 and 7.
  CHECK(point.std_error == Approx(std::sqrt(8.0 / 3.0)).epsilon(1e-12));
}

TEST_CASE("difference in means: which design is recognised", "[stats]") {
  const Made made;
  DifferenceInMeansData data{.y = made.y, .arm = made.arm};
  const auto design = [&] { return difference_in_means_numbers(data).design; };
  CHECK(design() == Design::kStandard);
  data.block = made.block;
  CHECK(design() == Design::kBlocked);
  CHECK(difference_in_means(data).se_type == "blocked");
  data.cluster = made.cluster;
  CHECK(design() == Design::kBlockClustered);
  data.block = {};
  CHECK(design() == Design::kClustered);
  Codes pair, turn;
  for (std::int32_t i = 0; i < 40; ++i) {
    pair.push_back(i / 2);
    turn.push_back(i % 2);
  }
  const DifferenceInMeansData pairs{.y = made.y, .arm = turn, .block = pair};
  const DifferenceInMeans result = difference_in_means_numbers(pairs);
  CHECK(result.design == Design::kMatchedPair);
  CHECK(result.point.df == 19.0);
  CHECK(result.blocks == 20);
}

TEST_CASE("difference in means: what is undefined is NaN with a reason", "[stats]") {
  const Made made;
  const Codes treated(40, 1);
  const Estimate one_arm = difference_in_means({.y = made.y, .arm = treated});
  CHECK(std::isnan(one_arm.estimate));
  CHECK(std::isnan(one_arm.conf_low));
  CHECK_THAT(all(one_arm), Contains("the control arm has no row"));

  const Codes nobody(40, 3);
  const Estimate none = difference_in_means({.y = made.y, .arm = nobody});
  CHECK(none.n == 0);
  CHECK_THAT(all(none), Contains("no row is left"));

  Codes arm(40, 0);
  arm[7] = 1;
  const Estimate lone = difference_in_means({.y = made.y, .arm = arm});
  CHECK(std::isfinite(lone.estimate));
  CHECK(std::isnan(lone.std_error));
  CHECK_THAT(all(lone), Contains("an arm is a single row"));

  const Estimate bare = difference_in_means({.y = made.y, .arm = arm, .block = made.block});
  CHECK(std::isnan(bare.estimate));
  CHECK_THAT(all(bare), Contains("3 blocks have only one of the arms"));

  for (const std::size_t i : {10U, 20U, 30U}) arm[i] = 1;
  const Estimate singles = difference_in_means({.y = made.y, .arm = arm, .block = made.block});
  CHECK(std::isfinite(singles.estimate));
  CHECK(std::isnan(singles.std_error));
  CHECK_THAT(all(singles), Contains("4 arms of blocks are a single row"));

  Codes crossing = made.cluster;
  crossing[39] = 0;
  const Estimate crossed =
      difference_in_means({.y = made.y, .arm = made.arm, .block = made.block, .cluster = crossing});
  CHECK(std::isfinite(crossed.estimate));
  CHECK(std::isnan(crossed.std_error));
  CHECK_THAT(all(crossed), Contains("1 cluster has rows in several blocks"));

  Codes split = made.arm;
  split[1] = 1 - split[1];
  const Estimate both = difference_in_means({.y = made.y, .arm = split, .cluster = made.cluster});
  CHECK(std::isfinite(both.std_error));
  CHECK_THAT(all(both), Contains("1 cluster has rows in both arms"));

  const Numbers flat(40, 2.0);
  const Estimate zero = difference_in_means({.y = flat, .arm = made.arm});
  CHECK(zero.std_error == 0.0);
  CHECK(std::isnan(zero.p_value));
  CHECK(zero.conf_low == 0.0);
  CHECK_THAT(all(zero), Contains("does not vary"));
}

TEST_CASE("difference in means: missing and infinite cells are counted by kind", "[stats]") {
  const Made made;
  Numbers y = made.y;
  Numbers weights(40, 1.0);
  Codes block = made.block;
  Codes arm = made.arm;
  y[0] = kNaN;
  y[1] = -std::numeric_limits<double>::infinity();
  block[2] = -1;
  weights[3] = kNaN;
  weights[4] = 0.0;
  arm[5] = 2;
  y[5] = kNaN;  // not used, so no loss
  const DifferenceInMeansData data{.y = y, .arm = arm, .block = block, .weight = weights};
  const DifferenceInMeans result = difference_in_means_numbers(data);
  CHECK(result.missing == 3);
  CHECK(result.infinite == 1);
  CHECK(result.point.n == 34);
  CHECK_THAT(all(difference_in_means(data)),
             Contains("3 rows were left out because the outcome, the weight, the block or the "
                      "cluster is missing") &&
                 Contains("1 row was left out because the outcome is infinite"));
}

TEST_CASE("difference in means: wrong arguments", "[stats]") {
  const Made made;
  const Codes few(3, 1);
  CHECK_THROWS_WITH(difference_in_means_numbers({.y = made.y, .arm = few}),
                    Contains("'arm'") && Contains("40"));
  CHECK_THROWS_AS(difference_in_means_numbers({.y = made.y, .arm = made.arm, .block = few}),
                  ArgumentError);
  const Numbers negative(40, -0.5);
  CHECK_THROWS_WITH(difference_in_means_numbers({.y = made.y, .arm = made.arm, .weight = negative}),
                    Contains("row 1") && Contains("-0.5"));
  CHECK_THROWS_WITH(difference_in_means({.y = made.y, .arm = made.arm}, {.conf_level = 95.0}),
                    Contains("conf_level"));
}

TEST_CASE("difference in means: intervals cover as often as they say", "[stats]") {
  // Two populations with unequal variances and sizes, where a pooled variance fails; and clusters
  // with a shared error, where a variance by row fails. 4000 draws, four standard errors of 0.95.
  constexpr int kDraws = 4000;
  const double slack = 4.0 * std::sqrt(0.95 * 0.05 / kDraws);
  int plain = 0;
  int clustered = 0;
  int ignoring = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    Stream stream(StreamKey::root(21).child("coverage"), static_cast<std::uint64_t>(draw));
    Numbers y;
    Codes arm, cluster;
    for (std::int32_t i = 0; i < 60; ++i) {
      arm.push_back(i < 15 ? 1 : 0);
      y.push_back(arm.back() == 1 ? stream.normal(1.0, 3.0) : stream.normal());
    }
    const auto covers = [&](const DifferenceInMeansData& data, double truth) {
      const PointEstimate p = difference_in_means_numbers(data).point;
      const Inference test = infer(p.estimate, p.std_error, p.df, 0.95);
      return test.conf_low <= truth && truth <= test.conf_high ? 1 : 0;
    };
    plain += covers({.y = y, .arm = arm}, 1.0);
    y.clear();
    arm.clear();
    for (std::int32_t j = 0; j < 16; ++j) {
      const double shared = stream.normal();
      for (int member = 0; member < 4; ++member) {
        y.push_back(shared + stream.normal());
        arm.push_back(j % 2);
        cluster.push_back(j);
      }
    }
    clustered += covers({.y = y, .arm = arm, .cluster = cluster}, 0.0);
    ignoring += covers({.y = y, .arm = arm}, 0.0);
  }
  CHECK(std::abs(plain / static_cast<double>(kDraws) - 0.95) < slack);
  CHECK(std::abs(clustered / static_cast<double>(kDraws) - 0.95) < slack);
  CHECK(ignoring / static_cast<double>(kDraws) < 0.85);
}
