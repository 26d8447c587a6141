#include "engine/learn/ranking_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/learn/calibration.h"
#include "engine/learn/curves.h"
#include "engine/learn/roc.h"
#include "tests/engine/learn/evaluation_reference.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

struct Drawn {
  std::vector<double> score, weights;
  std::vector<std::int32_t> label;
};

// Scores in steps of 1/4, so that some tie.
Drawn draw(std::uint64_t unit, std::size_t n) {
  Stream stream(StreamKey::root(2).child("ranking"), unit);
  Drawn d;
  for (std::size_t i = 0; i < n; ++i) {
    d.label.push_back(stream.bernoulli(0.3) ? 1 : 0);
    d.score.push_back(0.25 * std::round(4.0 * (stream.normal() + 1.2 * d.label.back())));
    d.weights.push_back(stream.uniform(0.5, 2.0));
  }
  return d;
}

}  // namespace

TEST_CASE("Kolmogorov-Smirnov distance is scipy's", "[learn][ranking_scores]") {
  const Rows rows = reference_rows();
  for (const bool a : {true, false}) {
    const KolmogorovSmirnov ks = ks_statistic(rows.of(a ? rows.a : rows.b));
    CHECK(ks.row.estimate ==
          Approx(evaluation_reference()["two"][a ? "ks_a" : "ks_b"].get<double>()).epsilon(1e-12));
    bool reached = false;
    for (const RocPoint& p : roc_curve(rows.of(a ? rows.a : rows.b)).points) {
      if (p.threshold != ks.threshold) continue;
      reached = true;
      CHECK(std::abs(p.true_positive_rate - p.false_positive_rate) == Approx(ks.row.estimate));
    }
    CHECK(reached);
    CHECK(ks.row.p_value < 0.01);
  }
  // scipy.special.kolmogorov(0.043 sqrt(500)).
  std::vector<double> score(2000);
  std::vector<std::int32_t> label(2000);
  for (std::size_t i = 0; i < 2000; ++i) {
    label[i] = i % 2 == 0 ? 1 : 0;
    score[i] = static_cast<double>(i / 2) + (i % 2 == 0 && i < 86 ? 10000.0 : 0.0);
  }
  const KolmogorovSmirnov moved = ks_statistic({score, label});
  CHECK(moved.row.estimate == Approx(0.043).epsilon(1e-12));
  CHECK(moved.row.p_value == Approx(0.31356167747101665).epsilon(1e-10));
  CHECK(warned(ks_statistic({}).row, "there is no row"));
}

TEST_CASE("average precision and area under gain: values", "[learn][ranking_scores]") {
  const Rows rows = reference_rows();
  for (const bool weighted : {false, true}) {
    for (const auto* score : {&rows.a, &rows.b}) {
      const ScoredLabels data = rows.of(*score, weighted);
      const Estimate ap = average_precision(data);
      CHECK(ap.estimate == precision_recall_curve(data).average_precision);
      CHECK(ap.conf_low < ap.estimate);
      CHECK(ap.conf_high > ap.estimate);
      CHECK(ap.conf_high < 1.0);
      const Estimate gain = area_under_gain(data);
      const GainTable table = gain_table(data, 20000);
      double area = 0.0;
      double before = 0.0;
      for (const GainPoint& p : table.points) {
        area += 0.5 * (p.gain + before) / 20000.0;
        before = p.gain;
      }
      CHECK(gain.estimate == Approx(area).margin(1e-4));
    }
  }
  const std::vector<double> score = {3, 2, 1};
  const std::vector<std::int32_t> label = {1, 1, 0};
  CHECK(average_precision({score, label}).estimate == 1.0);
  CHECK(warned(average_precision({score, label}), "separate the classes"));
  CHECK(area_under_gain({score, label}).estimate == Approx(2.0 / 3.0));
  const std::vector<std::int32_t> none = {0, 0, 0};
  CHECK(std::isnan(average_precision({score, none}).estimate));
  CHECK(warned(area_under_gain({score, none}), "all rows are negative"));
  CHECK_THROWS_AS(average_precision({score, label}, 1.0), ArgumentError);
}

TEST_CASE("average precision and area under gain: errors are those of repeated samples",
          "[learn][ranking_scores]") {
  constexpr int kSamples = 600;
  for (const bool weighted : {false, true}) {
    std::vector<double> value[2], error[2];
    int inside[2] = {0, 0};
    const Drawn large = draw(1'000'000, 400'000);
    const double truth[2] = {average_precision({large.score, large.label}).estimate,
                             area_under_gain({large.score, large.label}).estimate};
    for (int s = 0; s < kSamples; ++s) {
      const Drawn d = draw(static_cast<std::uint64_t>(s), 300);
      ScoredLabels data{d.score, d.label};
      if (weighted) data.weights = d.weights;
      const Estimate rows[2] = {average_precision(data), area_under_gain(data)};
      for (int k = 0; k < 2; ++k) {
        value[k].push_back(rows[k].estimate);
        error[k].push_back(rows[k].std_error);
        if (rows[k].conf_low <= truth[k] && truth[k] <= rows[k].conf_high) ++inside[k];
      }
    }
    for (int k = 0; k < 2; ++k) {
      INFO((k == 0 ? "average precision" : "area under gain") << (weighted ? " weighted" : ""));
      const double mean = std::accumulate(value[k].begin(), value[k].end(), 0.0) / kSamples;
      double square = 0.0;
      for (const double v : value[k]) square += (v - mean) * (v - mean) / (kSamples - 1);
      const double said = std::accumulate(error[k].begin(), error[k].end(), 0.0) / kSamples;
      CHECK(said / std::sqrt(square) == Approx(1.0).margin(0.1));
      CHECK(inside[k] > 0.92 * kSamples);
      CHECK(inside[k] < 0.975 * kSamples);
    }
  }
}

TEST_CASE("calibration by logistic regression", "[learn][calibration_line]") {
  // Truth: the logit of what happens is 0.3 + 0.6 times the logit that is said.
  constexpr std::size_t kRows = 200'000;
  Stream stream(StreamKey::root(4).child("cox"));
  std::vector<double> said(kRows), true_p(kRows);
  std::vector<std::int32_t> label(kRows), honest(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    const double logit = 1.5 * stream.normal();
    said[i] = 1.0 / (1.0 + std::exp(-logit));
    true_p[i] = 1.0 / (1.0 + std::exp(-0.3 - 0.6 * logit));
    label[i] = stream.bernoulli(true_p[i]) ? 1 : 0;
    honest[i] = stream.bernoulli(said[i]) ? 1 : 0;
  }
  const auto rows = calibration_line({said, label});
  CHECK(std::abs(term(rows, "calibration_slope").estimate - 0.6) <
        4.0 * term(rows, "calibration_slope").std_error);
  CHECK(std::abs(term(rows, "calibration_intercept").estimate - 0.3) <
        4.0 * term(rows, "calibration_intercept").std_error);
  CHECK(term(rows, "calibration_slope").p_value < 1e-10);
  const double happened = std::accumulate(label.begin(), label.end(), 0.0);
  const double expected = std::accumulate(said.begin(), said.end(), 0.0);
  CHECK(term(rows, "calibration_ratio").estimate == Approx(happened / expected).epsilon(1e-12));
  CHECK(term(rows, "spiegelhalter").p_value < 1e-10);
  for (const Estimate& row : calibration_line({said, honest})) {
    INFO(row.term);
    CHECK(row.p_value > 0.001);
    CHECK(row.std_error < 0.05);
    CHECK(row.warnings.empty());
  }
  const std::vector<double> p = {0.0, 0.2, 0.5, 0.6, 0.9, 0.3};
  const std::vector<std::int32_t> y = {0, 0, 1, 0, 1, 1};
  const auto few = calibration_line({p, y});
  CHECK(warned(term(few, "calibration_slope"), "1 certain row was"));
  CHECK(term(few, "calibration_slope").n == 5);
  CHECK(term(few, "spiegelhalter").n == 6);
  for (const Estimate& row : calibration_line({})) CHECK(warned(row, "there is no row"));
  const std::vector<double> bad = {0.5, 1.5};
  const std::vector<std::int32_t> two = {0, 1};
  CHECK_THROWS_AS(calibration_line({bad, two}), ArgumentError);
}
