#include "engine/learn/classification.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/calibration.h"
#include "engine/learn/curves.h"
#include "engine/stats/proportions.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Estimate row_of(const std::vector<Estimate>& rows, const std::string& term) {
  for (const Estimate& row : rows) {
    if (row.term == term) return row;
  }
  FAIL("no row " << term);
  return {};
}

}  // namespace

TEST_CASE("scores of a confusion matrix agree with scikit-learn", "[learn]") {
  const Rows rows = reference_rows();
  for (const bool weighted : {false, true}) {
    const std::string test = weighted ? "at0.7_w" : "at0.7";
    const ConfusionMatrix m = confusion_matrix(rows.of(rows.a, weighted), 0.7);
    agree(m.true_positive, "sklearn", test, "tp");
    agree(m.false_positive, "sklearn", test, "fp");
    agree(m.true_negative, "sklearn", test, "tn");
    agree(m.false_negative, "sklearn", test, "fn");
    const auto scores = classification_scores(m, {.beta = 2.0});
    for (const char* term : {"accuracy", "balanced_accuracy", "precision", "recall", "specificity",
                             "negative_value", "f1", "f_beta", "mcc", "kappa"}) {
      const Estimate row = row_of(scores, term);
      agree(row.estimate, "sklearn", test, term);
      CHECK(row.n == 160);
      CHECK(row.warnings.empty());
    }
  }
}

TEST_CASE("intervals of shares are Wilson's", "[learn]") {
  const ConfusionMatrix m = {.true_positive = 30,
                             .false_positive = 12,
                             .true_negative = 50,
                             .false_negative = 8,
                             .weight_squares = 100,
                             .n = 100};
  const auto scores = classification_scores(m);
  const auto same = [&](const char* term, std::int64_t successes, std::int64_t trials) {
    const Estimate ours = row_of(scores, term);
    const Estimate theirs = share_test({successes, trials});
    CHECK(ours.estimate == theirs.estimate);
    CHECK(ours.std_error == Approx(theirs.std_error).epsilon(1e-13));
    CHECK(ours.conf_low == Approx(theirs.conf_low).epsilon(1e-12));
    CHECK(ours.conf_high == Approx(theirs.conf_high).epsilon(1e-12));
  };
  same("accuracy", 80, 100);
  same("precision", 30, 42);
  same("recall", 30, 38);
  same("specificity", 50, 62);
  same("negative_value", 50, 58);
  same("prevalence", 38, 100);
  // F1 = 2 J / (1 + J) rises with J = 30 / 50, so its interval is that of J, bent.
  const Estimate j = share_test({30, 50});
  CHECK(row_of(scores, "f1").conf_low == Approx(2 * j.conf_low / (1 + j.conf_low)));
  CHECK(row_of(scores, "f1").conf_high == Approx(2 * j.conf_high / (1 + j.conf_high)));
  const Estimate balanced = row_of(scores, "balanced_accuracy");
  CHECK(balanced.conf_low < balanced.estimate);
  CHECK(balanced.conf_low >
        0.5 * (row_of(scores, "recall").conf_low + row_of(scores, "specificity").conf_low));
  // The same weight in every row is no information.
  ConfusionMatrix heavy = {.true_positive = 90,
                           .false_positive = 36,
                           .true_negative = 150,
                           .false_negative = 24,
                           .weight_squares = 900,
                           .n = 100};
  const auto again = classification_scores(heavy);
  for (std::size_t i = 0; i < again.size(); ++i) {
    CHECK(again[i].estimate == Approx(scores[i].estimate).epsilon(1e-14));
    if (scores[i].se_type.empty()) continue;
    CHECK(again[i].conf_low == Approx(scores[i].conf_low).epsilon(1e-12));
  }
  const auto perfect = classification_scores(
      {.true_positive = 5, .true_negative = 5, .weight_squares = 10, .n = 10});
  CHECK(row_of(perfect, "accuracy").conf_high == 1.0);
  CHECK(row_of(perfect, "accuracy").conf_low == Approx(share_test({10, 10}).conf_low));
}

TEST_CASE("errors of kappa, MCC and F-beta", "[learn]") {
  const Rows rows = reference_rows();
  const auto scores = classification_scores(confusion_matrix(rows.of(rows.a), 0.7), {.beta = 2.0});
  agree(row_of(scores, "kappa").std_error, "proc", "kappa", "se");
  // From numerical derivatives, good to some eleven digits.
  agree(row_of(scores, "mcc").std_error, "proc", "mcc", "se");
  agree(row_of(scores, "f_beta").std_error, "proc", "f_beta", "se");
  const Estimate kappa = row_of(scores, "kappa");
  CHECK(kappa.conf_high == Approx(kappa.estimate + 1.959963984540054 * kappa.std_error));
  // Three times every row, at a third of the weight.
  ConfusionMatrix m = confusion_matrix(rows.of(rows.a), 0.7);
  m.weight_squares /= 3.0;
  CHECK(row_of(classification_scores(m), "mcc").std_error ==
        Approx(row_of(scores, "mcc").std_error / std::sqrt(3.0)).epsilon(1e-13));
}

TEST_CASE("swapped classes swap the scores", "[learn]") {
  const Rows rows = reference_rows();
  std::vector<std::int32_t> called, label = rows.y;
  for (const double a : rows.a) called.push_back(a >= 0.7 ? 1 : 0);
  const auto first = classification_scores(confusion_matrix(called, label, rows.w));
  for (auto& c : called) c = 1 - c;
  for (auto& y : label) y = 1 - y;
  const auto second = classification_scores(confusion_matrix(called, label, rows.w));
  CHECK(row_of(first, "recall").estimate == row_of(second, "specificity").estimate);
  CHECK(row_of(first, "precision").conf_low == row_of(second, "negative_value").conf_low);
  CHECK(row_of(first, "mcc").estimate == Approx(row_of(second, "mcc").estimate).epsilon(1e-14));
  CHECK(row_of(first, "kappa").estimate == Approx(row_of(second, "kappa").estimate).epsilon(1e-14));
}

TEST_CASE("undefined scores are NaN and say why", "[learn]") {
  const std::vector<double> score = {1, 2, 3, NAN};
  const std::vector<std::int32_t> label = {0, 1, 1, 1};
  auto scores = classification_scores(confusion_matrix({score, label}, kInfinity));
  CHECK(std::isnan(row_of(scores, "precision").estimate));
  CHECK(warned(row_of(scores, "precision"), "no row was called positive"));
  CHECK(warned(row_of(scores, "precision"), "1 row was left out"));
  CHECK(row_of(scores, "recall").estimate == 0.0);
  CHECK(row_of(scores, "recall").conf_low == 0.0);
  CHECK(row_of(scores, "f1").estimate == 0.0);
  CHECK(warned(row_of(scores, "mcc"), "one class only, or all called the same"));
  CHECK(row_of(scores, "kappa").estimate == 0.0);

  const std::vector<std::int32_t> none = {0, 0, 0, 0};
  scores = classification_scores(confusion_matrix({score, none}, kInfinity));
  for (const char* term : {"precision", "recall", "balanced_accuracy", "f1", "mcc", "kappa"}) {
    CHECK(std::isnan(row_of(scores, term).estimate));
    CHECK(row_of(scores, term).warnings.size() == 2);
  }
  CHECK(row_of(scores, "accuracy").estimate == 1.0);
  scores = classification_scores({});
  for (const Estimate& row : scores) CHECK(std::isnan(row.estimate));
  for (const Estimate& row : scores) CHECK(row.warnings.size() == 1);
}

TEST_CASE("a confusion matrix: wrong input", "[learn]") {
  const std::vector<double> score = {1, 2};
  const std::vector<std::int32_t> label = {0, 1};
  CHECK_THROWS_AS(confusion_matrix({score, label}, NAN), ArgumentError);
  CHECK_THROWS_AS(classification_scores({.true_positive = -1}), ArgumentError);
  CHECK_THROWS_AS(classification_scores({.true_positive = kInfinity}), ArgumentError);
  CHECK_THROWS_AS(classification_scores({}, {.beta = 0.0}), ArgumentError);
  CHECK_THROWS_AS(classification_scores({}, {.conf_level = 0.0}), ArgumentError);
}

TEST_CASE("precision-recall curves agree with scikit-learn", "[learn]") {
  const Rows rows = reference_rows();
  for (const bool weighted : {false, true}) {
    for (const std::string name : {"a", "b"}) {
      const std::string test = name + (weighted ? "_w" : "");
      const auto curve = precision_recall_curve(rows.of(name == "a" ? rows.a : rows.b, weighted));
      agree(curve.average_precision, "sklearn", test, "ap");
      agree(static_cast<double>(curve.points.size()), "sklearn", test, "pr_points");
      for (const std::size_t i : {0U, 5U, 11U}) {
        const auto& point = curve.points[curve.points.size() - 1 - i];
        agree(point.precision, "sklearn", test, "precision" + std::to_string(i));
        agree(point.recall, "sklearn", test, "recall" + std::to_string(i));
        agree(point.threshold, "sklearn", test, "pr_thr" + std::to_string(i));
      }
    }
  }
  const std::vector<double> score = {1, 2};
  const std::vector<std::int32_t> none = {0, 0};
  const auto empty = precision_recall_curve({score, none});
  CHECK(std::isnan(empty.average_precision));
  CHECK(empty.prevalence == 0.0);
  CHECK(warned(empty, "all rows are negative"));
  CHECK(warned(precision_recall_curve({}), "there is no row"));
}

TEST_CASE("gain and lift by hand", "[learn]") {
  const std::vector<double> score = {5, 4, 3, 3, 3, 3, 2, 1};
  const std::vector<std::int32_t> label = {1, 1, 1, 0, 0, 0, 1, 0};
  const GainTable table = gain_table({score, label}, 4);
  REQUIRE(table.points.size() == 4);
  CHECK(table.points[0].gain == 0.5);
  CHECK(table.points[0].lift == 2.0);
  CHECK(table.points[0].precision == 1.0);
  CHECK(table.points[0].threshold == 4.0);
  CHECK(table.points[1].gain == 0.625);  // two of the four ties: half of their one positive
  CHECK(table.points[1].threshold == 3.0);
  CHECK(table.points[3].gain == 1.0);
  CHECK(table.points[3].lift == 1.0);
  // Rows without a score to tell them apart gain nothing.
  const std::vector<double> flat(8, 1.0);
  for (const auto& point : gain_table({flat, label}, 10).points) {
    CHECK(point.lift == Approx(1.0).epsilon(1e-14));
  }
  CHECK_THROWS_AS(gain_table({score, label}, 0), ArgumentError);
  CHECK(warned(gain_table({}), "there is no row"));
}

TEST_CASE("Brier score and log loss agree with scikit-learn", "[learn]") {
  const Rows rows = reference_rows();
  for (const bool weighted : {false, true}) {
    const std::string test = weighted ? "p_w" : "p";
    const Estimate brier = brier_score(rows.of(rows.p, weighted));
    agree(brier.estimate, "sklearn", test, "brier_score");
    agree(log_loss(rows.of(rows.p, weighted)).estimate, "sklearn", test, "log_loss");
    CHECK(brier.conf_low < brier.estimate);
    CHECK(brier.conf_high > brier.estimate);
  }
  // By hand: losses 0.04 and 0.16, sd 0.12 / sqrt 2, over sqrt 2.
  const std::vector<double> p = {0.8, 0.4};
  const std::vector<std::int32_t> label = {1, 0};
  CHECK(brier_score({p, label}).estimate == Approx(0.1).epsilon(1e-14));
  CHECK(brier_score({p, label}).std_error == Approx(0.06).epsilon(1e-14));

  const std::vector<double> certain = {1.0, 1.0};
  const Estimate wrong = log_loss({certain, label});
  CHECK(wrong.estimate == kInfinity);
  CHECK(warned(wrong, "probability 0 for what it is"));
  CHECK(log_loss({std::span(certain).first(1), std::span(label).first(1)}).estimate == 0.0);
  CHECK(warned(brier_score({}), "there is no row"));
  const std::vector<double> logits = {0.5, 1.5};
  CHECK_THROWS_AS(brier_score({logits, label}), ArgumentError);
  CHECK_THROWS_AS(log_loss({p, label}, 2.0), ArgumentError);
}

TEST_CASE("calibration tables agree with scikit-learn", "[learn]") {
  const Rows rows = reference_rows();
  for (const bool width : {true, false}) {
    const std::string test = width ? "uniform" : "quantile";
    CalibrationSpec spec;
    spec.bins = width ? CalibrationBins::kEqualWidth : CalibrationBins::kEqualCount;
    spec.count = width ? 8 : 5;
    const Calibration table = calibration(rows.of(rows.p), spec);
    REQUIRE(static_cast<double>(table.bins.size()) == number("sklearn", test, "bins"));
    double error = 0.0;
    for (std::size_t i = 0; i < table.bins.size(); ++i) {
      const CalibrationBin& bin = table.bins[i];
      const double observed = number("sklearn", test, "true" + std::to_string(i));
      const double said = number("sklearn", test, "pred" + std::to_string(i));
      agree(bin.observed, "sklearn", test, "true" + std::to_string(i));
      agree(bin.mean_probability, "sklearn", test, "pred" + std::to_string(i));
      error += static_cast<double>(bin.n) / 160.0 * std::abs(observed - said);
      const auto positives = static_cast<std::int64_t>(std::lround(bin.observed * bin.weight));
      CHECK(bin.conf_low == Approx(share_test({positives, bin.n}).conf_low).epsilon(1e-12));
    }
    CHECK(table.expected_error == Approx(error).epsilon(1e-12));
    CHECK(table.largest_error >= table.expected_error);
  }
}

TEST_CASE("calibration: ends of bins, few rows, wrong input", "[learn]") {
  const std::vector<double> p = {0.0, 0.5, 0.50001, 1.0, NAN};
  const std::vector<std::int32_t> label = {0, 1, 1, 1, 1};
  const Calibration table = calibration({p, label}, {.count = 2});
  REQUIRE(table.bins.size() == 2);
  CHECK(table.bins[0].n == 2);
  CHECK(table.bins[1].n == 2);
  CHECK(warned(table, "1 row was left out"));
  CHECK(warned(table, "2 bins have fewer than 10 rows"));
  CHECK(std::isnan(calibration({}).expected_error));
  CHECK_THROWS_AS(calibration({p, label}, {.count = 0}), ArgumentError);
}
