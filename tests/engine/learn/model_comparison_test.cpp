#include "engine/learn/model_comparison.h"

#include <cmath>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "engine/stats/t_test.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

TEST_CASE("corrected resampled t test by hand", "[learn][model_comparison]") {
  // Means of two predictions a fold: a less b is 1, 2, 4, 1 in two repeats of two folds.
  const Folds folds{.rows = 4, .folds = 2, .repeats = 2, .fold = {0, 0, 1, 1, 0, 1, 0, 1}};
  const OutOfFold a{.prediction = {1, 1, 2, 2, 4, 1, 4, 1}};
  const OutOfFold b{.prediction = std::vector<double>(8, 0.0)};
  const FoldMetric mean = [](std::span<const double> p, std::span<const std::uint32_t>) {
    return 0.5 * (p[0] + p[1]);
  };
  const Estimate row = compare_by_folds(folds, a, b, mean);
  CHECK(row.estimate == 2.0);
  CHECK(row.n == 4);
  CHECK(row.df == 3.0);
  // Variance (1 + 0 + 4 + 1) / 3 = 2; J = 4, test over training rows 1.
  CHECK(row.std_error == Approx(std::sqrt(2.0 * 1.25)).epsilon(1e-14));
  CHECK(row.statistic == Approx(2.0 / std::sqrt(2.5)).epsilon(1e-14));
  CHECK(row.p_value == Approx(t_two_sided(2.0 / std::sqrt(2.5), 3.0)).epsilon(1e-12));
  CHECK(warned(compare_by_folds(folds, a, a, mean), "same in all folds"));
  OutOfFold gap = a;
  gap.prediction[0] = NAN;
  const Estimate three = compare_by_folds(folds, gap, b, mean);
  CHECK(three.n == 3);
  CHECK(warned(three, "undefined in 1 of 4 folds"));
  CHECK_THROWS_AS(compare_by_folds(folds, a, {.prediction = {1}}, mean), ArgumentError);
}

TEST_CASE("McNemar's tests of two classifiers", "[learn][model_comparison]") {
  // Airway hyper-responsiveness, n = 21 with 1 and 7 rows that differ: p = 0.034 (asymptotic),
  // 0.077 (corrected), 0.070 (exact), 0.039 (mid-p); Fagerland, Lydersen & Laake (2013), table 6.
  std::vector<std::int32_t> label(21, 1), a(21, 1), b(21, 1);
  b[0] = 0;
  for (std::size_t i = 1; i < 8; ++i) a[i] = 0;
  for (std::size_t i = 8; i < 20; ++i) a[i] = b[i] = 0;
  const CallComparison mid = compare_calls(a, b, label);
  CHECK(mid.only_a_right == 1);
  CHECK(mid.only_b_right == 7);
  CHECK(mid.both_wrong == 12);
  CHECK(mid.both_right == 1);
  CHECK(mid.row.p_value == Approx(0.0390625).epsilon(1e-12));
  CHECK(compare_calls(a, b, label, McNemarTest::kExact).row.p_value ==
        Approx(0.0703125).epsilon(1e-12));
  const Estimate plain = compare_calls(a, b, label, McNemarTest::kChiSquare).row;
  CHECK(plain.statistic == Approx(4.5).epsilon(1e-14));
  CHECK(plain.p_value == Approx(0.03389485).epsilon(1e-6));
  CHECK(warned(plain, "only 8 rows"));
  CHECK(compare_calls(a, b, label, McNemarTest::kCorrected).row.p_value ==
        Approx(0.0770999).epsilon(1e-5));
  CHECK(mid.row.estimate == Approx(-6.0 / 21.0));
  CHECK(mid.row.std_error == Approx(std::sqrt(8.0 - 36.0 / 21.0) / 21.0).epsilon(1e-13));
  // Bonett & Price: 2/23, 8/23.
  const double half = 1.959963984540054 * std::sqrt((10.0 / 23 - 36.0 / 529) / 23.0);
  CHECK(mid.row.conf_low == Approx(-6.0 / 23.0 - half).epsilon(1e-12));
  CHECK(mid.row.conf_high == Approx(-6.0 / 23.0 + half).epsilon(1e-12));
  // The other way round.
  CHECK(compare_calls(b, a, label).row.p_value == mid.row.p_value);
  CHECK(compare_calls(b, a, label).row.estimate == -mid.row.estimate);
  // As many each: nothing to tell apart.
  std::vector<std::int32_t> c = {1, 0}, d = {0, 1}, y = {1, 1};
  CHECK(compare_calls(c, d, y).row.p_value == 1.0);
  CHECK(compare_calls(c, d, y, McNemarTest::kExact).row.p_value == 1.0);
  CHECK(warned(compare_calls(c, c, y).row, "no test"));
  y[0] = -1;
  CHECK(warned(compare_calls(c, d, y).row, "1 row was left out"));
  CHECK(warned(compare_calls({}, {}, {}).row, "there is no row"));
  CHECK_THROWS_AS(compare_calls(a, c, label), ArgumentError);
}

TEST_CASE("paired losses: t test, weights, clusters", "[learn][model_comparison]") {
  Stream stream(StreamKey::root(6).child("losses"));
  std::vector<double> a(40), b(40);
  for (std::size_t i = 0; i < 40; ++i) {
    b[i] = stream.exponential(1.0);
    a[i] = b[i] + 0.2 + 0.5 * stream.normal();
  }
  const Estimate ours = compare_losses(a, b);
  const Estimate t = paired_t_test(a, b).difference;
  CHECK(ours.estimate == Approx(t.estimate).epsilon(1e-13));
  CHECK(ours.std_error == Approx(t.std_error).epsilon(1e-13));
  CHECK(ours.df == 39.0);
  CHECK(ours.p_value == Approx(t.p_value).epsilon(1e-11));
  // Every row twice, as a cluster of its own: nothing is gained.
  std::vector<double> aa, bb;
  std::vector<std::int32_t> cluster;
  for (std::size_t i = 0; i < 40; ++i) {
    for (int k = 0; k < 2; ++k) {
      aa.push_back(a[i]);
      bb.push_back(b[i]);
      cluster.push_back(static_cast<std::int32_t>(3 * i));
    }
  }
  const Estimate twice = compare_losses(aa, bb, {.clusters = cluster});
  CHECK(twice.std_error == Approx(ours.std_error).epsilon(1e-13));
  CHECK(twice.df == 39.0);
  CHECK(twice.n == 80);
  CHECK(twice.se_type == "CR1");
  CHECK(compare_losses(aa, bb).std_error < 0.75 * ours.std_error);
  const std::vector<double> w(40, 2.5);
  CHECK(compare_losses(a, b, {.weights = w}).std_error == Approx(ours.std_error).epsilon(1e-13));
  CHECK(warned(compare_losses(a, a), "no test"));
  a[3] = NAN;
  CHECK(compare_losses(a, b).n == 39);
  CHECK(warned(compare_losses(a, b), "1 row was left out"));
  a[3] = std::numeric_limits<double>::infinity();
  CHECK(warned(compare_losses(a, b), "infinite"));
  const std::vector<std::int32_t> one(40, 0);
  a[3] = 1.0;
  CHECK(warned(compare_losses(a, b, {.clusters = one}), "one cluster"));
  CHECK(warned(compare_losses({}, {}), "there is no row"));
  CHECK_THROWS_AS(compare_losses(a, aa), ArgumentError);
}
