#include "engine/stats/permutation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/stats/t_test.h"
#include "tests/engine/stats/hypothesis_reference.h"
#include "tests/engine/stats/resampling_reference.h"

using namespace impact;
using impact::hypothesis::warned;
using impact::resampling::Reference;

namespace {

using Numbers = std::vector<double>;
using Codes = std::vector<std::int32_t>;
using Statistic = PermutationStatistic;

PermutationSpec spec_of(Statistic statistic, std::int64_t draws = 9999) {
  PermutationSpec spec;
  spec.statistic = statistic;
  spec.draws = draws;
  spec.key = StreamKey::root(41).child("permutation_test");
  return spec;
}

// Exactly R's p-values where all assignments are enumerated; drawn ones hold them.
template <class Run>
void agree(const std::string& name, PermutationSpec spec, Run&& run, bool sided = true) {
  const Reference& r = Reference::get();
  INFO(name);
  const std::pair<Alternative, const char*> alternatives[] = {{Alternative::kTwoSided, "two_sided"},
                                                              {Alternative::kGreater, "greater"},
                                                              {Alternative::kLess, "less"}};
  for (const auto& [alternative, field] : alternatives) {
    if (!sided && alternative != Alternative::kGreater) continue;
    INFO(field);
    spec.alternative = alternative;
    const double p = r.number(name, field);
    spec.draws = 9999;
    const PermutationTest exact = run(spec);
    CHECK(exact.exact);
    CHECK(exact.row.p_value == Approx(p).epsilon(1e-13));
    CHECK(exact.row.statistic == Approx(r.number(name, "statistic")).epsilon(1e-11));
    CHECK(exact.p_low == exact.row.p_value);
    spec.draws = exact.assignments - 1;
    const PermutationTest drawn = run(spec);
    CHECK_FALSE(drawn.exact);
    CHECK(drawn.assignments == spec.draws);
    // Four standard errors of the count, and the one that (1 + count) / (1 + draws) adds.
    const auto draws = static_cast<double>(spec.draws);
    CHECK(std::abs(drawn.row.p_value - p) < 4.0 * std::sqrt(p * (1.0 - p) / draws) + 2.0 / draws);
    CHECK((drawn.p_low <= drawn.row.p_value && drawn.row.p_value <= drawn.p_high + 1.0 / draws));
  }
}

struct Sample {
  Numbers y, x;
  Codes arm, stratum, cluster;
  explicit Sample(std::size_t n) {
    Stream stream(StreamKey::root(42).child("sample"));
    for (std::size_t i = 0; i < n; ++i) {
      arm.push_back(static_cast<std::int32_t>((i / 2) % 2));
      y.push_back(stream.normal() + 0.2 * arm.back());
      x.push_back(0.2 * y.back() + stream.normal());
      stratum.push_back(static_cast<std::int32_t>(i % 3));
      cluster.push_back(static_cast<std::int32_t>(i / 2));
    }
  }
};

}  // namespace

TEST_CASE("permutation: enumerations agree with R and coin", "[permutation]") {
  const Reference& r = Reference::get();
  const Numbers &u = r.data.at("pooled"), &z = r.data.at("flips");
  Codes arm(12), clusters(12), cluster_arm(12);
  for (std::size_t i = 0; i < 12; ++i) {
    arm[i] = i < 6 ? 0 : 1;
    clusters[i] = static_cast<std::int32_t>(i / 2);
    const std::size_t c = i / 2;
    cluster_arm[i] = c == 1 || c == 2 || c == 5 ? 1 : 0;
  }
  const auto two = [&](const PermutationSpec& spec) {
    return permutation_test({.y = u, .arm = arm}, spec);
  };
  agree("perm_difference", spec_of(Statistic::kDifferenceOfMeans), two);
  agree("perm_medians", spec_of(Statistic::kDifferenceOfMedians), two);
  agree("perm_welch", spec_of(Statistic::kStudentisedMeans), two);
  agree("perm_smed", spec_of(Statistic::kStudentisedMedians), two);
  const Codes block = r.codes("block"), block_arm = r.codes("block_arm");
  agree("perm_blocks", spec_of(Statistic::kDifferenceOfMeans), [&](const PermutationSpec& spec) {
    return permutation_test({.y = u, .arm = block_arm, .stratum = block}, spec);
  });
  agree("perm_clusters", spec_of(Statistic::kDifferenceOfMeans), [&](const PermutationSpec& spec) {
    return permutation_test({.y = u, .arm = cluster_arm, .cluster = clusters}, spec);
  });
  agree("perm_flips", spec_of(Statistic::kDifferenceOfMeans),
        [&](const PermutationSpec& spec) { return sign_flip_test(z, spec); });
  const Numbers x(r.data.at("x").begin(), r.data.at("x").begin() + 7);
  const Numbers y(r.data.at("y").begin(), r.data.at("y").begin() + 7);
  agree("perm_correlation", spec_of(Statistic::kDifferenceOfMeans),
        [&](const PermutationSpec& spec) { return permuted_correlation(x, y, spec); });
  agree(
      "perm_f", spec_of(Statistic::kDifferenceOfMeans),
      [&](const PermutationSpec& spec) {
        return permuted_anova(r.data.at("grouped"), r.codes("groups"), spec);
      },
      false);
}

TEST_CASE("permutation: large samples meet the t test", "[permutation]") {
  const Sample sample(1200);
  Numbers one, zero;
  for (std::size_t i = 0; i < sample.y.size(); ++i) {
    (sample.arm[i] == 1 ? one : zero).push_back(sample.y[i]);
  }
  const Estimate welch = welch_t_test(one, zero).difference;
  for (const Statistic statistic : {Statistic::kDifferenceOfMeans, Statistic::kStudentisedMeans}) {
    const PermutationTest test =
        permutation_test({.y = sample.y, .arm = sample.arm}, spec_of(statistic, 40000));
    const double p = welch.p_value;
    CHECK(test.row.p_value == Approx(p).margin(4.0 * std::sqrt(p / 40000.0) + 0.002));
    CHECK((test.p_low < test.row.p_value && test.row.p_value < test.p_high));
    CHECK(test.row.n == 1200);
    CHECK(test.row.warnings.empty());
  }
}

// Arms of unequal size and variance, equal means: only the studentised test keeps its level.
TEST_CASE("permutation: level under unequal variances", "[permutation]") {
  Stream stream(StreamKey::root(43).child("level"));
  int plain = 0, studentised = 0;
  constexpr int kRuns = 600;
  for (int run = 0; run < kRuns; ++run) {
    Numbers y;
    Codes arm;
    for (int i = 0; i < 60; ++i) {
      arm.push_back(i < 12 ? 1 : 0);
      y.push_back(stream.normal(0.0, i < 12 ? 4.0 : 1.0));
    }
    PermutationSpec spec = spec_of(Statistic::kDifferenceOfMeans, 299);
    spec.key = spec.key.child(std::to_string(run));
    plain += permutation_test({.y = y, .arm = arm}, spec).row.p_value <= 0.05 ? 1 : 0;
    spec.statistic = Statistic::kStudentisedMeans;
    studentised += permutation_test({.y = y, .arm = arm}, spec).row.p_value <= 0.05 ? 1 : 0;
  }
  CHECK(plain > 0.15 * kRuns);
  CHECK(studentised < 0.09 * kRuns);
}

TEST_CASE("permutation: same bits on any threads and in any order", "[permutation]") {
  const Sample s(300);
  const auto reversed = [](auto values) {
    std::reverse(values.begin(), values.end());
    return values;
  };
  const auto same = [](auto&& run) {
    Context context;
    const PermutationTest one = run(context, false);
    for (const int threads : {2, 3, 8}) {
      context.threads = threads;
      const PermutationTest many = run(context, false);
      CHECK(many.extreme == one.extreme);
      CHECK(many.row.statistic == one.row.statistic);
    }
    CHECK(run(context, true).extreme == one.extreme);
    CHECK((one.extreme > 0 && one.extreme < one.assignments));
  };
  for (const Statistic statistic : {Statistic::kDifferenceOfMeans, Statistic::kDifferenceOfMedians,
                                    Statistic::kStudentisedMeans, Statistic::kStudentisedMedians}) {
    const PermutationSpec spec = spec_of(statistic, 2000);
    same([&](const Context& context, bool turned) {
      const Numbers y = turned ? reversed(s.y) : s.y;
      const Codes arm = turned ? reversed(s.arm) : s.arm;
      const Codes stratum = turned ? reversed(s.stratum) : s.stratum;
      return permutation_test({.y = y, .arm = arm, .stratum = stratum}, spec, context);
    });
  }
  const PermutationSpec spec = spec_of(Statistic::kDifferenceOfMeans, 2000);
  same([&](const Context& context, bool turned) {
    return sign_flip_test(turned ? reversed(s.y) : s.y, spec, {}, context);
  });
  same([&](const Context& context, bool turned) {
    return permuted_correlation(turned ? reversed(s.x) : s.x, turned ? reversed(s.y) : s.y, spec,
                                context);
  });
  same([&](const Context& context, bool turned) {
    return permuted_anova(turned ? reversed(s.y) : s.y, turned ? reversed(s.stratum) : s.stratum,
                          spec, context);
  });
  // Twins that always flip together are one unit: half as many signs.
  Numbers twins;
  Codes pair;
  for (std::size_t i = 0; i < 8; ++i) {
    twins.insert(twins.end(), {s.y[i], s.y[i]});
    pair.insert(pair.end(), {static_cast<std::int32_t>(i), static_cast<std::int32_t>(i)});
  }
  const PermutationTest single = sign_flip_test(std::span(s.y).first(8), spec);
  const PermutationTest twice = sign_flip_test(twins, spec, pair);
  CHECK(twice.exact);
  CHECK(twice.assignments == 256);
  CHECK(twice.extreme == single.extreme);
}

TEST_CASE("permutation: ties count, also of sums that round", "[permutation]") {
  // 0.1 + 0.2 and 0.3 are one number here.
  const Numbers y = {0.1, 0.2, 0.3, 0.0, 0.3, 0.3};
  const Codes arm = {1, 1, 0, 0, 0, 1};
  const PermutationTest test =
      permutation_test({.y = y, .arm = arm}, spec_of(Statistic::kDifferenceOfMeans));
  CHECK(test.assignments == 20);
  // Sums of three of (1, 2, 3, 0, 3, 3) tenths at 6 or beyond, where all is 12: every one.
  CHECK(test.extreme == 20);
}

TEST_CASE("permutation: trouble is a sentence, nonsense an error", "[permutation]") {
  const Sample s(40);
  PermutationSpec spec = spec_of(Statistic::kDifferenceOfMeans, 99);
  Numbers holes = s.y;
  holes[0] = NAN;
  Codes gaps = s.arm;
  gaps[1] = -1;
  const PermutationTest fewer = permutation_test({.y = holes, .arm = gaps}, spec);
  CHECK(fewer.row.n == 38);
  CHECK(warned(fewer.row, "2 rows were left out"));
  holes[0] = INFINITY;
  CHECK(std::isnan(permutation_test({.y = holes, .arm = s.arm}, spec).row.p_value));
  spec.statistic = Statistic::kDifferenceOfMedians;
  CHECK(permutation_test({.y = holes, .arm = s.arm}, spec).row.p_value <= 1.0);
  const Codes ones(40, 1), twos(40, 2), mixed = [] {
    Codes codes(40);
    for (std::size_t i = 0; i < 40; ++i) codes[i] = static_cast<std::int32_t>(i % 3);
    return codes;
  }();
  CHECK(warned(permutation_test({.y = s.y, .arm = ones}, spec).row, "an arm has no value"));
  CHECK(warned(permutation_test({.y = s.y, .arm = s.arm, .stratum = s.arm}, spec).row,
               "one assignment only"));
  CHECK_THROWS_AS(permutation_test({.y = s.y, .arm = twos}, spec), ArgumentError);
  CHECK_THROWS_AS(permutation_test({.y = s.y, .arm = {}}, spec), ArgumentError);
  CHECK_THROWS_AS(permutation_test({.y = s.y, .arm = s.arm, .cluster = mixed}, spec),
                  ArgumentError);
  spec.statistic = Statistic::kStudentisedMedians;
  CHECK_THROWS_AS(permutation_test({.y = s.y, .arm = s.arm, .cluster = s.cluster}, spec),
                  ArgumentError);
  const Numbers same(10, 2.0), ten(s.y.begin(), s.y.begin() + 10);
  CHECK(warned(permuted_correlation(same, ten, spec).row, "does not vary"));
  CHECK(warned(permuted_anova(same, Codes(10, 0), spec).row, "fewer than two groups"));
  CHECK(sign_flip_test(same, spec_of(Statistic::kDifferenceOfMeans)).row.p_value ==
        Approx(2.0 / 1024.0));
  CHECK(warned(sign_flip_test({}, spec).row, "no difference"));
  spec.draws = 0;
  CHECK_THROWS_AS(sign_flip_test(s.y, spec), ArgumentError);
}
