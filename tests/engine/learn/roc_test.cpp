#include "engine/learn/roc.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
}  // namespace

TEST_CASE("a ROC curve by hand, with a tie", "[learn]") {
  const std::vector<double> score = {0.9, 0.8, 0.8, 0.3, 0.1};
  const std::vector<std::int32_t> label = {1, 1, 0, 1, 0};
  const RocCurve curve = roc_curve({score, label});
  REQUIRE(curve.points.size() == 5);
  CHECK(curve.points[0].threshold == kInfinity);
  CHECK(curve.points[2].threshold == 0.8);
  CHECK(curve.points[2].true_positive_rate == 2.0 / 3.0);
  CHECK(curve.points[2].false_positive_rate == 0.5);
  CHECK(curve.points[4].true_positive_rate == 1.0);
  CHECK(curve.auc == 4.5 / 6.0);  // of six pairs four are right, one is tied
}

TEST_CASE("ROC curves agree with scikit-learn", "[learn]") {
  const Rows rows = reference_rows();
  for (const bool weighted : {false, true}) {
    for (const std::string name : {"a", "b"}) {
      const std::string test = name + (weighted ? "_w" : "");
      const RocCurve curve = roc_curve(rows.of(name == "a" ? rows.a : rows.b, weighted));
      agree(curve.auc, "sklearn", test, "auc");
      agree(static_cast<double>(curve.points.size()), "sklearn", test, "roc_points");
      for (const std::size_t i : {1U, 7U, 12U}) {
        agree(curve.points[i].false_positive_rate, "sklearn", test, "fpr" + std::to_string(i));
        agree(curve.points[i].true_positive_rate, "sklearn", test, "tpr" + std::to_string(i));
        agree(curve.points[i].threshold, "sklearn", test, "thr" + std::to_string(i));
      }
    }
  }
}

TEST_CASE("points on a straight line can be dropped without moving the curve", "[learn]") {
  const Rows rows = reference_rows();
  const RocCurve all = roc_curve(rows.of(rows.a));
  const RocCurve fewer = roc_curve(rows.of(rows.a), true);
  CHECK(fewer.points.size() < all.points.size() / 2);
  CHECK(fewer.auc == all.auc);
  double area = 0.0;
  for (std::size_t i = 1; i < fewer.points.size(); ++i) {
    const auto& u = fewer.points[i - 1];
    const auto& v = fewer.points[i];
    area += (v.false_positive_rate - u.false_positive_rate) * 0.5 *
            (u.true_positive_rate + v.true_positive_rate);
  }
  CHECK(area == Approx(all.auc).epsilon(1e-13));
  // Diagonal steps of different length are collinear too.
  const std::vector<double> score = {3, 3, 2, 2, 2, 2, 1};
  const std::vector<std::int32_t> label = {1, 0, 1, 0, 1, 0, 0};
  CHECK(roc_curve({score, label}, true).points.size() == 3);
}

TEST_CASE("AUC with DeLong's variance agrees with pROC", "[learn]") {
  const Rows rows = reference_rows();
  for (const std::string name : {"a", "b"}) {
    const Estimate row = auc(rows.of(name == "a" ? rows.a : rows.b));
    agree(row.estimate, "proc", name, "auc");
    agree(row.std_error, "proc", name, "se");
    agree(row.conf_low, "proc", name, "low");
    agree(row.conf_high, "proc", name, "high");
    CHECK(row.warnings.empty());
  }
  const Estimate paired = auc_difference_paired(rows.a, rows.b, rows.y);
  agree(paired.statistic, "proc", "paired", "z");
  agree(paired.p_value, "proc", "paired", "p");

  const auto part = [](const auto& v, std::size_t begin, std::size_t end) {
    return std::span(v).subspan(begin, end - begin);
  };
  const Estimate apart = auc_difference({part(rows.a, 0, 70), part(rows.y, 0, 70)},
                                        {part(rows.b, 70, 160), part(rows.y, 70, 160)});
  agree(apart.statistic, "proc", "apart", "t");
  agree(apart.df, "proc", "apart", "df");
  agree(apart.p_value, "proc", "apart", "p");
}

TEST_CASE("AUC: whole weights repeat rows in the estimate, equal weights change nothing",
          "[learn]") {
  const Rows rows = reference_rows();
  const std::vector<double> fives(160, 5.0);
  const Estimate plain = auc(rows.of(rows.b));
  const Estimate scaled = auc({rows.b, rows.y, fives});
  CHECK(scaled.estimate == plain.estimate);
  CHECK(scaled.std_error == Approx(plain.std_error).epsilon(1e-13));
  const Estimate difference = auc_difference_paired(rows.a, rows.b, rows.y, fives);
  CHECK(difference.std_error ==
        Approx(auc_difference_paired(rows.a, rows.b, rows.y).std_error).epsilon(1e-13));

  std::vector<double> score, weights;
  std::vector<std::int32_t> label;
  for (std::size_t i = 0; i < 160; ++i) {
    weights.push_back(static_cast<double>(i % 3));
    for (std::size_t k = 0; k < i % 3; ++k) {
      score.push_back(rows.b[i]);
      label.push_back(rows.y[i]);
    }
  }
  CHECK(auc({rows.b, rows.y, weights}).estimate ==
        Approx(auc({score, label}).estimate).epsilon(1e-14));
}

TEST_CASE("AUC: the order of rows and a monotone change of scores do not matter", "[learn]") {
  const Rows rows = reference_rows();
  const Estimate first = auc(rows.of(rows.a, true));
  std::vector<double> score(rows.a.rbegin(), rows.a.rend());
  const std::vector<double> weights(rows.w.rbegin(), rows.w.rend());
  const std::vector<std::int32_t> label(rows.y.rbegin(), rows.y.rend());
  Estimate other = auc({score, label, weights});
  CHECK(other.estimate == first.estimate);
  CHECK(other.std_error == first.std_error);
  for (double& s : score) s = std::exp(3.0 * s);
  other = auc({score, label, weights});
  CHECK(other.std_error == first.std_error);
  // Labels the other way round: 1 - AUC, same error.
  std::vector<std::int32_t> swapped = rows.y;
  for (auto& y : swapped) y = 1 - y;
  other = auc({rows.a, swapped, rows.w});
  CHECK(other.estimate == Approx(1.0 - first.estimate).epsilon(1e-14));
  CHECK(other.std_error == Approx(first.std_error).epsilon(1e-12));
  const Estimate ab = auc_difference_paired(rows.a, rows.b, rows.y);
  const Estimate ba = auc_difference_paired(rows.b, rows.a, rows.y);
  CHECK(ab.estimate == -ba.estimate);
  CHECK(ab.std_error == ba.std_error);
}

TEST_CASE("AUC: intervals cover in simulation", "[learn][coverage]") {
  // Normal scores one sd apart: AUC = Phi(1 / sqrt 2).
  const double truth = 0.76024993890652326;
  int plain = 0, logit = 0;
  const int runs = 1000;
  for (int run = 0; run < runs; ++run) {
    Stream stream(StreamKey::root(11), static_cast<std::uint64_t>(run));
    std::vector<double> score;
    std::vector<std::int32_t> label;
    for (int i = 0; i < 80; ++i) {
      label.push_back(i % 2);
      score.push_back(stream.normal() + i % 2);
    }
    const Estimate a = auc({score, label});
    const Estimate b = auc({score, label}, {.interval = AucInterval::kLogit});
    plain += a.conf_low <= truth && truth <= a.conf_high;
    logit += b.conf_low <= truth && truth <= b.conf_high;
  }
  CHECK(plain > 920);  // 95 % of 1000, sd 6.9; the plain interval is a little short
  CHECK(plain < 972);
  CHECK(logit > 929);
  CHECK(logit < 972);
}

TEST_CASE("AUC: the standard error of weighted areas is their spread", "[learn][coverage]") {
  ExactMoments areas[3];  // weighted, paired difference, different rows
  double variance[3] = {0, 0, 0};
  const int runs = 1500;
  for (int run = 0; run < runs; ++run) {
    Stream stream(StreamKey::root(12), static_cast<std::uint64_t>(run));
    std::vector<double> a, b, w;
    std::vector<std::int32_t> label;
    for (int i = 0; i < 100; ++i) {
      label.push_back(i % 2);
      w.push_back(stream.uniform(0.2, 3.0));
      a.push_back(stream.normal() + i % 2);
      b.push_back(0.5 * a.back() + stream.normal());
    }
    const Estimate rows[3] = {auc({a, label, w}), auc_difference_paired(a, b, label, w),
                              auc_difference({std::span(a).first(50), std::span(label).first(50)},
                                             {std::span(a).last(50), std::span(label).last(50)})};
    for (int k = 0; k < 3; ++k) {
      areas[k].add(rows[k].estimate);
      variance[k] += rows[k].std_error * rows[k].std_error;
    }
  }
  // The sd of 1500 areas is known to 1.8 %.
  for (int k = 0; k < 3; ++k) {
    CHECK(std::sqrt(variance[k] / runs / areas[k].variance(1)) == Approx(1.0).margin(0.06));
  }
}

TEST_CASE("AUC: what cannot be said is said", "[learn]") {
  const std::vector<double> score = {1, 2, 3, 4, kNaN, 6};
  const std::vector<std::int32_t> apart = {0, 0, 1, 1, 1, -1};
  Estimate row = auc({score, apart});
  CHECK(row.n == 4);
  CHECK(row.estimate == 1.0);
  CHECK(std::isnan(row.std_error));
  CHECK(warned(row, "1 row was left out because a value is missing"));
  CHECK(warned(row, "1 row was left out because there is no prediction for it"));
  CHECK(warned(row, "separate the classes completely"));
  const std::vector<double> odd = {0.1, 0.7, 0.3, 1.1, 1.0, 1.0};
  CHECK(auc({score, apart, odd}).estimate == 1.0);

  row = auc({std::span(score).first(2), std::span(apart).first(2)});
  CHECK(std::isnan(row.estimate));
  CHECK(warned(row, "all rows are negative"));
  CHECK(std::isnan(roc_curve({std::span(score).first(2), std::span(apart).first(2)})
                       .points.back()
                       .true_positive_rate));
  CHECK(warned(auc({std::span(score).first(3), std::span(apart).first(3)}), "one row"));
  CHECK(warned(auc({}), "there is no row"));
  CHECK(roc_curve({}).points.empty());

  const std::vector<double> flat(6, 0.5);
  const std::vector<std::int32_t> label = {0, 1, 0, 1, 0, 1};
  row = auc({flat, label});
  CHECK(row.estimate == 0.5);
  CHECK(warned(row, "the same score"));
  CHECK(roc_curve({flat, label}).points.size() == 2);
  CHECK(warned(auc_difference_paired(score, score, label), "do not vary against each other"));

  const std::vector<double> limits = {-kInfinity, kInfinity, 0.0, -0.0, 1.0, 2.0};
  const RocCurve curve = roc_curve({limits, label});
  CHECK(curve.points.size() == 6);  // 0 and -0 are one score; infinity is one
  CHECK(curve.points[1].true_positive_rate == 1.0 / 3.0);
}

TEST_CASE("scores and labels: wrong input", "[learn]") {
  const std::vector<double> score = {1, 2};
  const std::vector<std::int32_t> label = {0, 1};
  const std::vector<std::int32_t> two = {0, 2};
  const std::vector<double> negative = {1, -1};
  CHECK_THROWS_AS(auc({score, std::span(label).first(1)}), ArgumentError);
  CHECK_THROWS_AS(auc({score, two}), ArgumentError);
  CHECK_THROWS_AS(auc({score, label, negative}), ArgumentError);
  CHECK_THROWS_AS(auc({score, label}, {.conf_level = 1.0}), ArgumentError);
  CHECK_THROWS_AS(auc_difference_paired(score, std::span(score).first(1), label), ArgumentError);
}
