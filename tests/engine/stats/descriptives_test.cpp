#include "engine/stats/descriptives.h"

#include <array>
#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

namespace {

const double kProbs[] = {0.0, 0.01, 0.1, 0.25, 1.0 / 3.0, 0.5, 0.8, 0.95, 1.0};

}  // namespace

TEST_CASE("descriptives: moments and quantiles agree with R", "[hypothesis]") {
  const Numbers s = data("s");
  const auto is = [](const Descriptive& ours, const char* field) {
    check(ours.value, "describe_s", field);
    CHECK(ours.n == 31);
    CHECK(ours.warnings.empty());
  };
  is(sample_mean(s), "mean");
  is(sample_variance(s), "variance");
  is(sample_sd(s), "sd");
  const MomentType types[] = {MomentType::kPopulation, MomentType::kUnbiased, MomentType::kSample};
  for (int i = 0; i < 3; ++i) {
    check(sample_skewness(s, types[i]).value, "describe_s", "skewness_" + std::to_string(i + 1));
    check(sample_kurtosis(s, types[i]).value, "describe_s", "kurtosis_" + std::to_string(i + 1));
  }
  is(sample_median(s), "median");
  is(sample_iqr(s), "iqr");
  is(sample_mad(s), "mad");
  is(trimmed_mean(s, 0.15), "trimmed");
  is(winsorised_mean(s, 0.15), "winsorised");
  CHECK(trimmed_mean(s, 0.5).value == sample_median(s).value);

  const Numbers a = data("a");
  for (int type = 1; type <= 9; ++type) {
    for (int i = 0; i < 9; ++i) {
      check(sample_quantile(a, kProbs[i], type).value, "quantile_" + std::to_string(type),
            "q" + std::to_string(i + 1));
    }
  }
}

TEST_CASE("descriptives: weights agree with R", "[hypothesis]") {
  const Numbers s = data("s");
  const Numbers w = data("w");
  const Numbers m = data("m");
  check(weighted_mean(s, w).value, "weighted", "mean");
  check(weighted_variance(s, w).value, "weighted", "reliability");
  check(weighted_mean(s, m).value, "weighted", "frequency_mean");
  check(weighted_variance(s, m, WeightKind::kFrequency).value, "weighted", "frequency");
  for (int i = 0; i < 9; ++i) {
    check(weighted_quantile(s, m, kProbs[i]).value, "weighted", "q" + std::to_string(i + 1));
  }
  // The scale of weights says nothing to reliability weights.
  Numbers tenfold = w;
  for (double& weight : tenfold) weight *= 16.0;
  CHECK(weighted_variance(s, tenfold).value == weighted_variance(s, w).value);
  CHECK(weighted_mean(Numbers{1, 2, NAN, 100}, Numbers{1, 3, 1, 0}).value == 1.75);
  CHECK_THROWS_AS(weighted_mean(s, Numbers{1.0}), ArgumentError);
  CHECK_THROWS_AS(weighted_mean(Numbers{1.0}, Numbers{-1.0}), ArgumentError);
}

TEST_CASE("descriptives: outliers by three rules", "[hypothesis]") {
  const Numbers s = data("s");
  const auto is = [&](OutlierRule rule, double k, const char* name) {
    const Outliers ours = find_outliers(s, rule, k);
    check(ours.low, name, "low");
    check(ours.high, name, "high");
    check(static_cast<double>(ours.below), name, "below");
    check(static_cast<double>(ours.above), name, "above");
    CHECK(ours.above > 0);
  };
  is(OutlierRule::kTukey, 1.5, "outliers_tukey");
  is(OutlierRule::kMedianIqr, 1.5, "outliers_median");
  is(OutlierRule::kMad, 3.0, "outliers_mad");
  const Outliers narrow = find_outliers(Numbers{1, 1, 1, 1, 1, 1, 1, 5}, OutlierRule::kMad, 3.0);
  CHECK(narrow.above == 1);
  CHECK(warned(narrow, "one value"));
  CHECK(find_outliers(Numbers{1, 2, 3, 4, INFINITY}).above == 1);
  CHECK_THROWS_AS(find_outliers(s, OutlierRule::kTukey, -1.0), ArgumentError);
}

TEST_CASE("descriptives: the order of rows changes no bit, a shift no digit", "[hypothesis]") {
  const Numbers s = data("s");
  const Numbers r = reversed(s);
  CHECK(sample_skewness(s).value == sample_skewness(r).value);
  CHECK(sample_kurtosis(s).value == sample_kurtosis(r).value);
  CHECK(weighted_variance(s, data("w")).value == weighted_variance(r, reversed(data("w"))).value);
  CHECK(sample_variance(Numbers{1e9 + 1, 1e9 + 2, 1e9 + 6}).value == 7.0);
  CHECK(weighted_variance(Numbers{1e9 + 1, 1e9 + 2, 1e9 + 6}, Numbers{1, 1, 1}).value == 7.0);
  CHECK(sample_skewness(Numbers{1e9 + 1, 1e9 + 2, 1e9 + 6}).value ==
        Approx(sample_skewness(Numbers{1, 2, 6}).value).epsilon(1e-9));
}

TEST_CASE("descriptives: what is undefined is NaN with a sentence", "[hypothesis]") {
  const auto undefined = [](const Descriptive& result, const char* text) {
    CHECK(std::isnan(result.value));
    CHECK(warned(result, text));
  };
  const Numbers none;
  const Numbers missing = {NAN, NAN};
  const Numbers infinite = {1.0, 2.0, INFINITY, 4.0, 5.0};
  undefined(sample_mean(none), "no value");
  undefined(sample_mean(missing), "no value");
  CHECK(sample_mean(missing).missing == 2);
  undefined(sample_mean(infinite), "infinite");
  undefined(sample_variance(Numbers{1.0}), "too few");
  undefined(sample_variance(infinite), "infinite");
  undefined(sample_skewness(Numbers{1.0, 2.0}), "too few");
  undefined(sample_skewness(Numbers{2.0, 2.0, 2.0}), "equal");
  undefined(sample_kurtosis(Numbers{1.0, 2.0, 3.0}), "too few");
  undefined(trimmed_mean(infinite, 0.1), "infinite");
  CHECK(trimmed_mean(infinite, 0.2).value == Approx(11.0 / 3.0));
  undefined(sample_median(Numbers{-INFINITY, INFINITY}), "infinities");
  CHECK(sample_median(infinite).value == 4.0);
  CHECK(sample_mad(infinite).value == Approx(1.4826 * 2.0));
  undefined(sample_iqr(Numbers{1.0, INFINITY, INFINITY, INFINITY}), "infinite");
  undefined(weighted_mean(Numbers{1.0}, Numbers{0.0}), "positive weight");
  undefined(weighted_mean(infinite, Numbers{1, 1, 1, 1, 1}), "infinite");
  undefined(weighted_variance(Numbers{1.0}, Numbers{5.0}), "too little weight");
  CHECK(std::isnan(find_outliers(missing).low));
  CHECK(warned(find_outliers(missing), "no value"));
  CHECK(sample_mean(Numbers{1.0, NAN, 3.0}).value == 2.0);
  CHECK(warned(sample_mean(Numbers{1.0, NAN, 3.0}), "1 row was left out"));
  CHECK_THROWS_AS(sample_quantile(infinite, 1.5), ArgumentError);
  CHECK_THROWS_AS(sample_quantile(infinite, 0.5, 10), ArgumentError);
  CHECK_THROWS_AS(trimmed_mean(infinite, 0.6), ArgumentError);
}
