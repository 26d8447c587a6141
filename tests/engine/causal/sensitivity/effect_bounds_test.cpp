#include "engine/causal/sensitivity/effect_bounds.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/difference_in_means.h"
#include "engine/stats/distribution.h"
#include "tests/engine/causal/sensitivity/sensitivity_fixture.h"

using namespace impact;
using namespace impact::sensitivity_fixture;

namespace {

struct BoundsRows {
  std::vector<double> y = {}, weights = {};
  std::vector<std::int32_t> arm = {}, strata = {};

  [[nodiscard]] BoundsData data() const { return {y, arm, weights}; }
  [[nodiscard]] BoundsRows without(std::size_t i) const {
    BoundsRows rest = *this;
    const auto drop = [i](auto& values) {
      if (!values.empty()) values.erase(values.begin() + static_cast<std::ptrdiff_t>(i));
    };
    drop(rest.y);
    drop(rest.weights);
    drop(rest.arm);
    drop(rest.strata);
    return rest;
  }
};

// Standard deviation of an estimate by leaving out one row at a time.
double jackknife(const BoundsRows& rows, const std::function<double(const BoundsRows&)>& estimate) {
  std::vector<double> values;
  for (std::size_t i = 0; i < rows.y.size(); ++i) values.push_back(estimate(rows.without(i)));
  const auto n = static_cast<double>(values.size());
  double mean = 0.0, squares = 0.0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares * (n - 1.0) / n);
}

// Treated by coin, observed more often when treated, skewed outcomes.
BoundsRows attrition(Stream& stream, std::size_t n, bool weighted) {
  BoundsRows rows;
  for (std::size_t i = 0; i < n; ++i) {
    const bool treated = stream.bernoulli(0.55);
    const auto stratum = static_cast<std::int32_t>(stream.below(2));
    const bool seen = stream.bernoulli((treated ? 0.9 : 0.65) - 0.1 * stratum);
    rows.arm.push_back(treated ? 1 : 0);
    rows.strata.push_back(stratum);
    rows.y.push_back(seen ? stream.exponential(1.0) + (treated ? 0.3 : 0.0) + stratum : NAN);
    if (weighted) rows.weights.push_back(stream.uniform(0.5, 2.0));
  }
  return rows;
}

}  // namespace

TEST_CASE("Manski bounds by hand", "[causal][sensitivity]") {
  // p = 0.4, m1 = 0.75, m0 = 0.5; outcomes 0 to 1.
  const BoundsRows rows = {
      {1, 1, 0.5, 0.5, 0, 1, 0.5, 0.5, 0.5, 0.5}, {}, {1, 1, 1, 1, 0, 0, 0, 0, 0, 0}};
  ManskiSpec spec;
  spec.lowest = 0.0;
  spec.highest = 1.0;
  const EffectBounds plain = manski_bounds(rows.data(), spec);
  CHECK(plain.low == Approx(0.4 * (0.75 - 1.0) + 0.6 * (0.0 - 0.5)));
  CHECK(plain.high == Approx(0.4 * 0.75 + 0.6 * (1.0 - 0.5)));
  CHECK(plain.high - plain.low == Approx(1.0));
  spec.response = Monotone::kUp;
  CHECK(manski_bounds(rows.data(), spec).low == Approx(0.0).margin(1e-15));
  CHECK(manski_bounds(rows.data(), spec).high == Approx(plain.high));
  spec.selection = Monotone::kUp;
  CHECK(manski_bounds(rows.data(), spec).high == Approx(0.25));
  spec.response = Monotone::kNone;
  CHECK(manski_bounds(rows.data(), spec).low == Approx(plain.low));
  spec.selection = Monotone::kDown;
  CHECK(manski_bounds(rows.data(), spec).low == Approx(0.25));
  spec.selection = Monotone::kUp;
  spec.response = Monotone::kDown;
  // Response down allows no positive effect, selection up none above m1 - m0 = 0.25: both hold at
  // 0.
  CHECK(manski_bounds(rows.data(), spec).high <= 1e-15);
  spec.selection = Monotone::kDown;
  const EffectBounds against = manski_bounds(rows.data(), spec);
  CHECK(against.low > against.high);
  CHECK(says(against.warnings, "contradict"));
  spec = {.lowest = 0.0, .highest = 1.0, .target = BoundsTarget::kAtt};
  CHECK(manski_bounds(rows.data(), spec).low == Approx(-0.25));
  CHECK(manski_bounds(rows.data(), spec).high == Approx(0.75));
  spec.target = BoundsTarget::kAtc;
  CHECK(manski_bounds(rows.data(), spec).low == Approx(-0.5));
  CHECK(manski_bounds(rows.data(), spec).high == Approx(0.5));
}

TEST_CASE("Manski bounds are the extremes of all completions", "[causal][sensitivity]") {
  // Every missing potential outcome from a grid of thirds; those that satisfy the assumptions.
  const std::vector<double> y = {1.0, 2.0 / 3.0, 1.0 / 3.0, 0.0, 2.0 / 3.0};
  const std::vector<std::int32_t> arm = {1, 1, 0, 0, 0};
  for (const Monotone response : {Monotone::kNone, Monotone::kUp, Monotone::kDown}) {
    for (const Monotone selection : {Monotone::kNone, Monotone::kUp, Monotone::kDown}) {
      double least = INFINITY, most = -INFINITY;
      for (int code = 0; code < 1024; ++code) {
        double treated[2] = {0, 0}, control[2] = {0, 0}, effect = 0.0;
        bool allowed = true;
        for (std::size_t i = 0, rest = static_cast<std::size_t>(code); i < 5; ++i, rest /= 4) {
          const double unseen = static_cast<double>(rest % 4) / 3.0;
          const double y1 = arm[i] == 1 ? y[i] : unseen;
          const double y0 = arm[i] == 1 ? unseen : y[i];
          allowed = allowed && !(response == Monotone::kUp && y1 < y0) &&
                    !(response == Monotone::kDown && y1 > y0);
          double* const means = arm[i] == 1 ? treated : control;
          const double n = arm[i] == 1 ? 2.0 : 3.0;
          means[0] += y0 / n;
          means[1] += y1 / n;
          effect += (y1 - y0) / 5.0;
        }
        for (int d = 0; d < 2; ++d) {
          allowed = allowed && !(selection == Monotone::kUp && treated[d] < control[d] - 1e-12) &&
                    !(selection == Monotone::kDown && treated[d] > control[d] + 1e-12);
        }
        if (!allowed) continue;
        least = std::fmin(least, effect);
        most = std::fmax(most, effect);
      }
      ManskiSpec spec;
      spec.lowest = 0.0;
      spec.highest = 1.0;
      spec.response = response;
      spec.selection = selection;
      const EffectBounds bounds = manski_bounds({y, arm}, spec);
      INFO("response " << static_cast<int>(response) << " selection "
                       << static_cast<int>(selection));
      if (std::isinf(least)) {
        CHECK(bounds.low > bounds.high - 1e-12);
        continue;
      }
      // The grid reaches the means of unseen outcomes to a sixth (two units) or a ninth (three).
      CHECK(bounds.low <= least + 1e-12);
      CHECK(bounds.high >= most - 1e-12);
      CHECK(bounds.low >= least - 0.4 / 6.0 - 0.6 / 9.0);
      CHECK(bounds.high <= most + 0.4 / 6.0 + 0.6 / 9.0);
      if (selection == Monotone::kNone) {
        CHECK(bounds.low == Approx(least).margin(1e-12));
        CHECK(bounds.high == Approx(most).margin(1e-12));
      }
    }
  }
}

TEST_CASE("errors of Manski and Lee bounds are those of the jackknife", "[causal][sensitivity]") {
  Stream stream(StreamKey::root(43).child("bounds"));
  for (const bool weighted : {false, true}) {
    BoundsRows rows = attrition(stream, 500, weighted);
    const auto side = [](const EffectBounds& bounds, bool low) {
      return low ? bounds.low : bounds.high;
    };
    for (const bool low : {true, false}) {
      for (const Monotone monotone : {Monotone::kNone, Monotone::kUp}) {
        ManskiSpec spec;
        spec.lowest = 0.0;
        spec.highest = 14.0;
        spec.selection = monotone;
        // Rows without an outcome are no rows to this.
        BoundsRows seen;
        for (std::size_t i = 0; i < rows.y.size(); ++i) {
          if (std::isnan(rows.y[i])) continue;
          seen.y.push_back(rows.y[i]);
          seen.arm.push_back(rows.arm[i]);
          if (weighted) seen.weights.push_back(rows.weights[i]);
        }
        const EffectBounds bounds = manski_bounds(seen.data(), spec);
        const double error = jackknife(seen, [&](const BoundsRows& part) {
          return side(manski_bounds(part.data(), spec), low);
        });
        CHECK((low ? bounds.se_low : bounds.se_high) == Approx(error).epsilon(0.01));
      }
      const LeeBounds lee = lee_bounds(rows.data());
      const double error = jackknife(
          rows, [&](const BoundsRows& part) { return side(lee_bounds(part.data()).bounds, low); });
      // The jackknife of a quantile is rough, that of a trimmed mean is not.
      CHECK((low ? lee.bounds.se_low : lee.bounds.se_high) == Approx(error).epsilon(0.02));
      const LeeBounds tight = lee_bounds(rows.data(), rows.strata);
      const double tight_error = jackknife(rows, [&](const BoundsRows& part) {
        return side(lee_bounds(part.data(), part.strata).bounds, low);
      });
      CHECK((low ? tight.bounds.se_low : tight.bounds.se_high) ==
            Approx(tight_error).epsilon(0.03));
    }
  }
}

TEST_CASE("Lee bounds trim the worst set of rows", "[causal][sensitivity]") {
  // Treated 8 of 8 observed, control 6 of 8: 2 of 8 are trimmed. All subsets of 6.
  const BoundsRows rows = {{3, 1, 4, 1, 5, 9, 2, 6, 2, 7, 1, 8, 2, 8, NAN, NAN},
                           {},
                           {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}};
  const LeeBounds lee = lee_bounds(rows.data());
  const double control = 28.0 / 6.0;
  double least = INFINITY, most = -INFINITY;
  for (unsigned set = 0; set < 256; ++set) {
    if (std::popcount(set) != 6) continue;
    double sum = 0.0;
    for (unsigned i = 0; i < 8; ++i) sum += (set >> i & 1U) != 0 ? rows.y[i] : 0.0;
    least = std::fmin(least, sum / 6.0 - control);
    most = std::fmax(most, sum / 6.0 - control);
  }
  CHECK(lee.bounds.low == Approx(least).epsilon(1e-14));
  CHECK(lee.bounds.high == Approx(most).epsilon(1e-14));
  CHECK(lee.trimmed == Approx(0.25));
  CHECK(lee.observed_control == 0.75);
  CHECK(lee.bounds.n == 16);
  // With the arms exchanged the bounds are mirrored.
  BoundsRows mirror = rows;
  for (std::int32_t& d : mirror.arm) d = 1 - d;
  const LeeBounds back = lee_bounds(mirror.data());
  CHECK(back.bounds.low == Approx(-lee.bounds.high).epsilon(1e-14));
  CHECK(back.bounds.high == Approx(-lee.bounds.low).epsilon(1e-14));
  CHECK(back.bounds.se_low == Approx(lee.bounds.se_high).epsilon(1e-13));
  CHECK(back.bounds.conf_high == Approx(-lee.bounds.conf_low).epsilon(1e-13));
  // Shares of rows: no weights between 0 and 1 of that sum do worse (the linear programme).
  Stream stream(StreamKey::root(47).child("programme"));
  BoundsRows odd = attrition(stream, 60, true);
  const LeeBounds bounds = lee_bounds(odd.data());
  double total = 0.0, mean0 = 0.0, weight0 = 0.0;
  for (std::size_t i = 0; i < 60; ++i) {
    if (std::isnan(odd.y[i])) continue;
    if (odd.arm[i] == 1) {
      total += odd.weights[i];
    } else {
      weight0 += odd.weights[i];
      mean0 += odd.weights[i] * odd.y[i];
    }
  }
  mean0 /= weight0;
  for (int draw = 0; draw < 300; ++draw) {
    // A random feasible point: keep rows in random order until the share is used up.
    const double kept = (1.0 - bounds.trimmed) * total;
    double left = kept, sum = 0.0;
    for (const std::size_t i : stream.permutation(60)) {
      if (std::isnan(odd.y[i]) || odd.arm[i] != 1) continue;
      const double take = std::fmin(left, odd.weights[i]);
      sum += take * odd.y[i];
      left -= take;
    }
    CHECK(left < 1e-9);
    CHECK(sum / kept - mean0 >= bounds.bounds.low - 1e-12);
    CHECK(sum / kept - mean0 <= bounds.bounds.high + 1e-12);
  }
}

TEST_CASE("Lee bounds without attrition are the difference in means", "[causal][sensitivity]") {
  Stream stream(StreamKey::root(53).child("full"));
  BoundsRows rows = attrition(stream, 80, false);
  for (double& y : rows.y) y = std::isnan(y) ? 0.7 : y;
  const LeeBounds lee = lee_bounds(rows.data());
  const Estimate plain = difference_in_means({rows.y, rows.arm});
  CHECK(lee.trimmed == 0.0);
  CHECK(lee.bounds.low == Approx(plain.estimate).epsilon(1e-12));
  CHECK(lee.bounds.high == Approx(plain.estimate).epsilon(1e-12));
  // Neyman's error divides by n - 1 where influence divides by n.
  CHECK(lee.bounds.se_low == Approx(plain.std_error).epsilon(0.03));
}

TEST_CASE("strata tighten Lee bounds", "[causal][sensitivity]") {
  Stream stream(StreamKey::root(59).child("tight"));
  const BoundsRows rows = attrition(stream, 4000, false);
  const LeeBounds plain = lee_bounds(rows.data());
  const LeeBounds tight = lee_bounds(rows.data(), rows.strata);
  CHECK(tight.strata == 2);
  CHECK(tight.bounds.high - tight.bounds.low < 0.9 * (plain.bounds.high - plain.bounds.low));
  CHECK(tight.bounds.low < 0.3);
  CHECK(tight.bounds.high > 0.3);
  // One stratum is none.
  const std::vector<std::int32_t> one(4000, 5);
  CHECK(lee_bounds(rows.data(), one).bounds.conf_low == plain.bounds.conf_low);
  // By hand: two strata with their own bounds.
  BoundsRows parts[2];
  for (std::size_t i = 0; i < rows.y.size(); ++i) {
    BoundsRows& part = parts[rows.strata[i]];
    part.y.push_back(rows.y[i]);
    part.arm.push_back(rows.arm[i]);
  }
  double sum = 0.0, weight = 0.0;
  for (const BoundsRows& part : parts) {
    const LeeBounds own = lee_bounds(part.data());
    const double w =
        static_cast<double>(part.y.size()) * std::fmin(own.observed_treated, own.observed_control);
    sum += w * own.bounds.low;
    weight += w;
  }
  CHECK(tight.bounds.low == Approx(sum / weight).epsilon(1e-12));
}

TEST_CASE("intervals of bounds cover", "[causal][sensitivity]") {
  // Between z(0.95) and z(0.975): both ends of Imbens and Manski's constant.
  const Interval point = bounds_interval(1.0, 1.0, 0.5, 0.5);
  CHECK(point.high - 1.0 == Approx(0.5 * 1.959963984540054).epsilon(1e-12));
  const Interval wide = bounds_interval(0.0, 100.0, 0.5, 0.2);
  CHECK(wide.low == Approx(-0.5 * 1.644853626951473).epsilon(1e-9));
  CHECK(wide.high == Approx(100.0 + 0.2 * 1.644853626951473).epsilon(1e-9));
  const Interval between = bounds_interval(0.0, 0.3, 0.5, 0.4);
  const double c = -between.low / 0.5;
  CHECK(normal_cdf(c + 0.3 / 0.5) - normal_cdf(-c) == Approx(0.95).epsilon(1e-12));
  CHECK(bounds_interval(0.0, 0.3, 0.5, 0.4, 0.95, BoundsCoverage::kBounds).low ==
        Approx(-0.5 * 1.959963984540054).epsilon(1e-12));
  CHECK(bounds_interval(2.0, 1.0, 0.1, 0.1).low == Approx(2.0 - 0.1 * 1.959963984540054));
  CHECK(std::isnan(bounds_interval(0.0, NAN, 0.1, 0.1).low));
  CHECK(bounds_interval(0.0, 1.0, 0.0, 0.0).high == 1.0);
  // Coverage of the effect for the always observed when it sits at the upper bound: here the rows
  // that treatment adds have the lowest outcomes, so that the largest are the always observed.
  int covered = 0;
  const int runs = 600;
  for (int run = 0; run < runs; ++run) {
    Stream draw(StreamKey::root(61).child("coverage"), static_cast<std::uint64_t>(run));
    BoundsRows rows;
    for (int i = 0; i < 400; ++i) {
      const bool treated = draw.bernoulli(0.5);
      const double base = draw.uniform();
      // Always observed: base above 0.4; with treatment above 0.2; below never.
      rows.arm.push_back(treated ? 1 : 0);
      rows.y.push_back(base > (treated ? 0.2 : 0.4) ? base + (treated ? 0.5 : 0.0) : NAN);
    }
    const EffectBounds bounds = lee_bounds(rows.data()).bounds;
    if (bounds.conf_low <= 0.5 && 0.5 <= bounds.conf_high) ++covered;
  }
  // 0.95 with three Monte Carlo errors of 0.0089.
  CHECK(covered >= static_cast<int>(runs * (0.95 - 0.027)));
  CHECK(covered <= static_cast<int>(runs * (0.95 + 0.027)));
}

TEST_CASE("order of rows, clusters and units of bounds", "[causal][sensitivity]") {
  Stream stream(StreamKey::root(67).child("order"));
  const BoundsRows rows = attrition(stream, 200, true);
  BoundsRows moved;
  std::vector<std::int32_t> each, each_moved, pairs;
  for (const std::size_t i : stream.permutation(200)) {
    moved.y.push_back(rows.y[i]);
    moved.arm.push_back(rows.arm[i]);
    moved.weights.push_back(rows.weights[i]);
    moved.strata.push_back(rows.strata[i]);
  }
  for (std::int32_t i = 0; i < 200; ++i) each.push_back(i);
  for (std::int32_t i = 0; i < 200; ++i) pairs.push_back(i / 2);
  const LeeBounds a = lee_bounds(rows.data(), rows.strata);
  const LeeBounds b = lee_bounds(moved.data(), moved.strata);
  CHECK(a.bounds.low == b.bounds.low);
  CHECK(a.bounds.conf_high == b.bounds.conf_high);
  BoundsData clustered = rows.data();
  clustered.clusters = each;
  CHECK(lee_bounds(clustered, rows.strata).bounds.se_low == a.bounds.se_low);
  clustered.clusters = pairs;
  CHECK(lee_bounds(clustered, rows.strata).bounds.se_low != a.bounds.se_low);
  double sum = 0.0, size = 0.0;
  for (const double psi : a.bounds.influence_low) {
    sum += psi;
    size += std::abs(psi);
  }
  CHECK(std::abs(sum) < 0.01 * size);
  // Every row twice at half its weight, the copies being a cluster, is the same data.
  BoundsRows twice;
  std::vector<std::int32_t> copies;
  for (std::size_t i = 0; i < 400; ++i) {
    twice.y.push_back(rows.y[i / 2]);
    twice.arm.push_back(rows.arm[i / 2]);
    twice.strata.push_back(rows.strata[i / 2]);
    twice.weights.push_back(0.5 * rows.weights[i / 2]);
    copies.push_back(static_cast<std::int32_t>(i / 2));
  }
  BoundsData doubled = twice.data();
  doubled.clusters = copies;
  CHECK(lee_bounds(doubled, twice.strata).bounds.conf_low ==
        Approx(a.bounds.conf_low).epsilon(1e-12));
  CHECK(manski_bounds(doubled).conf_high ==
        Approx(manski_bounds(rows.data()).conf_high).epsilon(1e-12));
  BoundsRows scaled = rows;
  for (double& y : scaled.y) y = 4.0 - 3.0 * y;
  const LeeBounds turned = lee_bounds(scaled.data(), rows.strata);
  CHECK(turned.bounds.low == Approx(-3.0 * a.bounds.high).epsilon(1e-12));
  CHECK(turned.bounds.conf_high == Approx(-3.0 * a.bounds.conf_low).epsilon(1e-11));
}

TEST_CASE("bounds of bad input", "[causal][sensitivity]") {
  const std::vector<double> y = {1, 2, NAN, 4}, none(4, NAN), infinite = {1, 2, 3, INFINITY};
  const std::vector<std::int32_t> arm = {0, 1, 0, 1}, one = {1, 1, 1, 1};
  CHECK(says(manski_bounds({y, arm}).warnings, "partly that of the data"));
  CHECK(says(manski_bounds({y, arm}).warnings, "missing"));
  CHECK(says(manski_bounds({y, one}).warnings, "one arm has no outcomes"));
  CHECK(std::isnan(manski_bounds({y, one}).conf_low));
  CHECK(says(manski_bounds({infinite, arm}).warnings, "infinite"));
  CHECK_THROWS_AS(manski_bounds({y, arm}, {.lowest = 1.5, .highest = 9.0}), ArgumentError);
  CHECK_THROWS_AS(manski_bounds({y, arm}, {.lowest = 9.0, .highest = 0.0}), ArgumentError);
  CHECK_THROWS_AS(manski_bounds({y, arm}, {.conf_level = 1.0}), ArgumentError);
  CHECK_THROWS_AS(manski_bounds({y, std::span(arm).first(2)}), ArgumentError);
  CHECK(says(lee_bounds({none, arm}).bounds.warnings, "one arm only"));
  CHECK(says(lee_bounds({infinite, arm}).bounds.warnings, "infinite"));
  const std::vector<std::int32_t> strata = {0, 0, 1, 1}, bad = {0, 0, -1, 0};
  const LeeBounds part = lee_bounds({y, arm}, strata);
  CHECK(part.strata == 1);
  CHECK(says(part.bounds.warnings, "1 stratum was"));
  CHECK_THROWS_AS(lee_bounds({y, arm, {}, bad}), ArgumentError);
  CHECK_THROWS_AS(lee_bounds({y, arm}, std::span(strata).first(1)), ArgumentError);
  const std::vector<double> negative = {1, 1, 1, -1};
  CHECK_THROWS_AS(lee_bounds({y, arm, negative}), ArgumentError);
  // Strata that move in opposite directions.
  const std::vector<double> mixed = {1, 2, 3, NAN, 1, NAN, 2, 3};
  const std::vector<std::int32_t> arms = {1, 1, 0, 0, 1, 1, 0, 0}, cells = {0, 0, 0, 0, 1, 1, 1, 1};
  CHECK(says(lee_bounds({mixed, arms}, cells).bounds.warnings, "lowers it in others"));
}
