#include "engine/learn/multiclass_scores.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/learn/calibration.h"
#include "engine/learn/roc.h"
#include "tests/engine/learn/evaluation_reference.h"
#include "tests/engine/learn/learn_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

struct Sample {
  std::vector<double> p, w;
  std::vector<std::int32_t> label;
};

Sample sample() {
  const auto& json = evaluation_reference()["classes"];
  return {json["probability"].get<std::vector<double>>(),
          json["weights"].get<std::vector<double>>(),
          json["label"].get<std::vector<std::int32_t>>()};
}

}  // namespace

TEST_CASE("scores of several classes are those of scikit-learn", "[learn][multiclass_scores]") {
  const Sample d = sample();
  for (const bool weighted : {false, true}) {
    const std::span<const double> w =
        weighted ? std::span<const double>(d.w) : std::span<const double>{};
    const auto& theirs = evaluation_reference()["classes"][weighted ? "weighted" : "plain"];
    const ClassMatrix matrix = class_matrix(most_probable(d.p, 4), d.label, 4, w);
    const auto counts = theirs["matrix"].get<std::vector<double>>();
    REQUIRE(matrix.count.size() == counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      CHECK(matrix.count[i] == Approx(counts[i]).epsilon(1e-13));
    }
    auto rows = class_matrix_scores(matrix);
    const auto more = class_probability_scores({d.p, d.label, 4, w}, {.top = {2, 3}});
    rows.insert(rows.end(), more.begin(), more.end());
    for (const Estimate& row : rows) {
      INFO(row.term << (weighted ? " weighted" : ""));
      CHECK(row.estimate == Approx(theirs[row.term].get<double>()).epsilon(1e-12));
      CHECK(row.std_error > 0.0);
      CHECK(row.conf_low < row.estimate);
      CHECK(row.conf_high > row.estimate);
      CHECK(row.warnings.empty());
      CHECK(row.n == 60);
    }
    CHECK(rows.size() == 13);
  }
}

TEST_CASE("two of several classes are two classes", "[learn][multiclass_scores]") {
  const Rows rows = reference_rows();
  std::vector<std::int32_t> called(160);
  for (std::size_t i = 0; i < 160; ++i) called[i] = rows.a[i] >= 0.7 ? 1 : 0;
  for (const bool weighted : {false, true}) {
    const std::span<const double> w =
        weighted ? std::span<const double>(rows.w) : std::span<const double>{};
    const ClassMatrix matrix = class_matrix(called, rows.y, 2, w);
    const auto ours = class_matrix_scores(matrix);
    const auto binary = classification_scores(confusion_matrix(called, rows.y, w));
    const auto against = classification_scores(one_against_rest(matrix, 1));
    for (const char* name : {"accuracy", "mcc", "kappa"}) {
      CHECK(term(ours, name).estimate == Approx(term(binary, name).estimate).epsilon(1e-12));
      CHECK(term(ours, name).std_error == Approx(term(binary, name).std_error).epsilon(1e-10));
    }
    CHECK(term(ours, "balanced_accuracy").std_error ==
          Approx(term(binary, "balanced_accuracy").std_error).epsilon(1e-10));
    for (std::size_t i = 0; i < binary.size(); ++i) {
      CHECK(binary[i].estimate == Approx(against[i].estimate).epsilon(1e-13));
    }
    std::vector<double> p;
    for (std::size_t i = 0; i < 160; ++i) {
      p.push_back(1.0 - rows.p[i]);
      p.push_back(rows.p[i]);
    }
    const auto probabilities = class_probability_scores({p, rows.y, 2, w});
    const ScoredLabels data = rows.of(rows.p, weighted);
    const Estimate area = auc(data);
    CHECK(term(probabilities, "macro_auc").estimate == Approx(area.estimate).epsilon(1e-12));
    CHECK(term(probabilities, "macro_auc").std_error == Approx(area.std_error).epsilon(1e-9));
    CHECK(term(probabilities, "log_loss").estimate == Approx(log_loss(data).estimate));
    CHECK(term(probabilities, "log_loss").std_error == Approx(log_loss(data).std_error));
    CHECK(term(probabilities, "brier_score").estimate == Approx(2 * brier_score(data).estimate));
  }
}

TEST_CASE("scores of several classes: errors are those of repeated samples",
          "[learn][multiclass_scores]") {
  const StreamKey key = StreamKey::root(9).child("classes");
  constexpr int kSamples = 500;
  const auto draw = [&](std::uint64_t unit, std::size_t n) {
    Stream stream(key, unit);
    Sample d;
    const std::vector<double> share = {0.5, 0.3, 0.2};
    for (std::size_t i = 0; i < n; ++i) {
      const auto own = stream.categorical(share);
      double e[3];
      double sum = 0.0;
      for (std::size_t k = 0; k < 3; ++k) {
        e[k] = std::exp(stream.normal() + (k == own ? 1.4 : 0.0));
        sum += e[k];
      }
      for (const double v : e) d.p.push_back(v / sum);
      d.label.push_back(static_cast<std::int32_t>(own));
      d.w.push_back(stream.uniform(0.5, 2.0));
    }
    return d;
  };
  const auto all = [](const Sample& d) {
    auto rows = class_matrix_scores(class_matrix(most_probable(d.p, 3), d.label, 3, d.w));
    const auto more = class_probability_scores({d.p, d.label, 3, d.w}, {.top = {2}});
    rows.insert(rows.end(), more.begin(), more.end());
    return rows;
  };
  std::map<std::string, std::vector<double>> value, error;
  std::map<std::string, int> inside;
  const auto truth = all(draw(1'000'000, 200'000));
  for (int s = 0; s < kSamples; ++s) {
    const auto rows = all(draw(static_cast<std::uint64_t>(s), 300));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      value[rows[i].term].push_back(rows[i].estimate);
      error[rows[i].term].push_back(rows[i].std_error);
      if (rows[i].conf_low <= truth[i].estimate && truth[i].estimate <= rows[i].conf_high) {
        ++inside[rows[i].term];
      }
    }
  }
  for (const Estimate& row : truth) {
    INFO(row.term);
    const auto& v = value[row.term];
    const double mean = std::accumulate(v.begin(), v.end(), 0.0) / kSamples;
    double square = 0.0;
    for (const double x : v) square += (x - mean) * (x - mean) / (kSamples - 1);
    const auto& e = error[row.term];
    const double said = std::accumulate(e.begin(), e.end(), 0.0) / kSamples;
    CHECK(said / std::sqrt(square) == Approx(1.0).margin(0.12));
    CHECK(inside[row.term] > 0.91 * kSamples);
  }
}

TEST_CASE("scores of several classes: what is missing is said", "[learn][multiclass_scores]") {
  const std::vector<std::int32_t> label = {0, 0, 1, 1, -1}, called = {0, 1, 1, 1, 2};
  const ClassMatrix matrix = class_matrix(called, label, 4);
  CHECK(matrix.missing == 1);
  const auto rows = class_matrix_scores(matrix);
  for (const Estimate& row : rows) CHECK(warned(row, "1 row was left out"));
  CHECK(term(rows, "balanced_accuracy").estimate == Approx(0.75));
  CHECK(warned(term(rows, "balanced_accuracy"), "2 classes are without labels"));
  CHECK(term(rows, "macro_precision").estimate == Approx(0.5 * (1.0 + 2.0 / 3.0)));
  const std::vector<std::int32_t> never = {1, 1, 1, 1, 1};
  const auto one = class_matrix_scores(class_matrix(never, label, 2));
  CHECK(term(one, "macro_precision").estimate == Approx(0.25));
  CHECK(warned(term(one, "macro_precision"), "no row was called any of 1"));
  CHECK(std::isnan(term(one, "mcc").estimate));
  // As of two classes, with the same note.
  for (const Estimate& row : classification_scores(confusion_matrix(never, label))) {
    if (row.term != "mcc") continue;
    CHECK(std::isnan(row.estimate));
    CHECK(warned(row, "rows of one class only, or all called the same"));
  }
  CHECK(warned(term(one, "mcc"), "rows of one class only, or all called the same"));
  CHECK(term(one, "kappa").estimate == Approx(0.0).margin(1e-15));
  for (const Estimate& row : class_matrix_scores(class_matrix({}, {}, 3))) {
    CHECK(warned(row, "there is no row"));
  }
  const std::vector<double> p = {0.5, 0.5, 0, 1, 0, 0, 0, 1, 0};
  const std::vector<std::int32_t> y = {1, 0, 2};
  const auto sure = class_probability_scores({p, y, 3}, {.top = {1, 2}});
  CHECK(std::isinf(term(sure, "log_loss").estimate));
  CHECK(warned(term(sure, "log_loss"), "probability 0"));
  CHECK(term(sure, "top_1_accuracy").estimate == Approx(1.0 / 3.0));  // of equals the first
  CHECK(term(sure, "top_2_accuracy").estimate == Approx(2.0 / 3.0));
  CHECK(most_probable(std::vector<double>{0.5, 0.5, NAN, 1.0}, 2) ==
        std::vector<std::int32_t>{0, -1});

  CHECK_THROWS_AS(class_matrix(called, label, 2), ArgumentError);
  CHECK_THROWS_AS(class_matrix(called, label, 1), ArgumentError);
  CHECK_THROWS_AS(class_matrix(called, y, 3), ArgumentError);
  CHECK_THROWS_AS(class_matrix_scores({.classes = 2, .count = {1, 2, 3}}), ArgumentError);
  CHECK_THROWS_AS(class_matrix_scores({.classes = 2, .count = {1, 2, 3, -1}}), ArgumentError);
  CHECK_THROWS_AS(one_against_rest(matrix, 4), ArgumentError);
  CHECK_THROWS_AS(class_probability_scores({p, y, 3}, {.top = {4}}), ArgumentError);
  const std::vector<double> off = {0.5, 0.4, 0, 1, 0, 0, 0, 1, 0};
  CHECK_THROWS_AS(class_probability_scores({off, y, 3}), ArgumentError);
  CHECK_THROWS_AS(class_probability_scores({p, y, 2}), ArgumentError);
}
