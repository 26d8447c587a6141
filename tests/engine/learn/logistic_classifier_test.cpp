#include "engine/learn/logistic_classifier.h"

#include <cmath>
#include <numeric>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/glm.h"
#include "tests/engine/learn/learn_reference.h"
#include "tests/engine/learn/tiktok.h"

using namespace impact;
using namespace impact::learning;

namespace {

std::vector<std::uint32_t> range(std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t> rows(to - from);
  std::iota(rows.begin(), rows.end(), from);
  return rows;
}

}  // namespace

TEST_CASE("logistic classifiers agree with scikit-learn", "[learn]") {
  const Rows rows = reference_rows();
  std::vector<double> x = rows.a;
  x.insert(x.end(), rows.b.begin(), rows.b.end());
  const FeatureColumns features = {.x = x, .columns = 2};
  const auto train = range(0, 100);
  const auto test = range(100, 160);
  for (const bool ridge : {false, true}) {
    const std::string name = ridge ? "logit_ridge" : "logit_none";
    const LogisticClassifierSpec spec{.penalty = ridge ? 2.0 : 0.0};
    LogisticClassifier model = fit_logistic_classifier(features, rows.y, train, spec);
    agree(model.standardised_intercept, "sklearn", name, "intercept");
    agree(model.standardised[0], "sklearn", name, "b1");
    agree(model.standardised[1], "sklearn", name, "b2");
    std::vector<double> p(60);
    model.predict(features, test, p);
    agree(p[0], "sklearn", name, "p0");
    agree(p[30], "sklearn", name, "p30");
    agree(p[59], "sklearn", name, "p59");
    // In the columns' own units.
    const double eta =
        model.intercept + model.coefficient[0] * rows.a[100] + model.coefficient[1] * rows.b[100];
    CHECK(1.0 / (1.0 + std::exp(-eta)) == Approx(p[0]).epsilon(1e-12));
    CHECK(model.warnings.empty());
    model = fit_logistic_classifier(features, rows.y, train, spec, rows.w);
    agree(model.standardised_intercept, "sklearn", name, "wintercept");
    agree(model.standardised[0], "sklearn", name, "wb1");
    agree(model.standardised[1], "sklearn", name, "wb2");
  }
}

TEST_CASE("logistic classifier: verified accounts of the claims data, to the true maximum",
          "[learn]") {
  const Claims claims = read_claims();
  if (claims.claim.empty()) return;
  std::vector<double> x;
  for (const auto* column : {&claims.duration, &claims.views, &claims.shares, &claims.downloads,
                             &claims.comments, &claims.opinion, &claims.banned, &claims.review}) {
    x.insert(x.end(), column->begin(), column->end());
  }
  const auto rows = range(0, static_cast<std::uint32_t>(claims.claim.size()));
  const auto model =
      fit_logistic_classifier({.x = x, .columns = 8}, claims.verified, rows, {.penalty = 0.0});
  // Figures of the data's own notes: maximum likelihood on the 19,084 complete rows.
  CHECK(model.n == 19084);
  CHECK(model.log_likelihood == Approx(-4174.8094309).epsilon(1e-11));
  CHECK(model.intercept == Approx(-3.675720).epsilon(2e-7));
  const double published[] = {-2.527164e-03, -9.397157e-08, 4.346700e-06, -1.506921e-04,
                              2.686675e-04,  1.618987,      -0.1770226,   -0.1105561};
  for (std::size_t j = 0; j < 8; ++j) {
    CHECK(model.coefficient[j] == Approx(published[j]).epsilon(1e-6));
  }
  // And those of the estimator, to the last digits.
  std::vector<double> design(claims.claim.size(), 1.0);
  design.insert(design.end(), x.begin(), x.end());
  const std::vector<double> y(claims.verified.begin(), claims.verified.end());
  const GlmFit fit = glm({.x = design, .columns = 9, .y = y});
  CHECK(model.intercept == Approx(fit.coefficient[0]).epsilon(1e-9));
  for (std::size_t j = 0; j < 8; ++j) {
    CHECK(model.coefficient[j] == Approx(fit.coefficient[j + 1]).epsilon(1e-9));
  }
}

TEST_CASE("logistic classifier: scales come from the training rows alone", "[learn]") {
  const Rows rows = reference_rows();
  std::vector<double> x = rows.a;
  const auto train = range(0, 100);
  const FeatureColumns features = {.x = x, .columns = 1};
  const auto before = fit_logistic_classifier(features, rows.y, train);
  for (std::size_t i = 100; i < 160; ++i) x[i] = 1e6;
  const auto after = fit_logistic_classifier(features, rows.y, train);
  CHECK(before.coefficient == after.coefficient);
  CHECK(before.intercept == after.intercept);
  // Units of a column do not matter to predictions.
  std::vector<double> scaled = rows.a;
  for (double& v : scaled) v = 1024.0 * v;
  const FeatureColumns larger = {.x = scaled, .columns = 1};
  const auto in_units = fit_logistic_classifier(larger, rows.y, train);
  std::vector<double> p(100), q(100);
  before.predict({.x = rows.a, .columns = 1}, train, p);
  in_units.predict(larger, train, q);
  CHECK(p == q);
}

TEST_CASE("logistic classifier: the same bits on any number of threads", "[learn]") {
  const std::size_t n = 40000;
  std::vector<double> x(2 * n);
  std::vector<std::int32_t> y(n);
  Stream stream(StreamKey::root(2));
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = stream.normal();
    x[n + i] = stream.normal() + x[i];
    y[i] = stream.bernoulli(1.0 / (1.0 + std::exp(0.5 - x[i]))) ? 1 : 0;
  }
  const FeatureColumns features = {.x = x, .columns = 2};
  const auto rows = range(0, n);
  const auto one = fit_logistic_classifier(features, y, rows, {}, {}, {.threads = 1});
  CHECK(one.coefficient[0] == Approx(1.0).margin(0.1));  // as simulated; se 0.024
  CHECK(one.coefficient[1] == Approx(0.0).margin(0.08));
  for (const int threads : {2, 3, 8}) {
    const auto other = fit_logistic_classifier(features, y, rows, {}, {}, {.threads = threads});
    CHECK(other.coefficient == one.coefficient);
    CHECK(other.log_likelihood == one.log_likelihood);
  }
}

TEST_CASE("logistic classifier: many rows end at the same maximum", "[learn]") {
  // Enough rows to start at the fit of some of them, one column far from 0, rows in and out of use.
  const std::size_t n = 60000;
  const std::size_t k = 6;
  std::vector<double> x(k * n);
  std::vector<double> ones(n, 1.0);
  std::vector<std::int32_t> y(n);
  std::vector<double> w(n);
  Stream stream(StreamKey::root(5));
  for (std::size_t i = 0; i < n; ++i) {
    double eta = -0.7;
    for (std::size_t j = 0; j < k; ++j) {
      const double z = stream.normal() + (j > 0 ? 0.5 * x[i] : 0.0);
      x[j * n + i] = z;
      eta += (0.3 - 0.2 * static_cast<double>(j)) * z;
    }
    y[i] = stream.bernoulli(1.0 / (1.0 + std::exp(-eta))) ? 1 : 0;
    w[i] = 0.25 + stream.uniform();
  }
  for (const bool far : {false, true}) {
    INFO("far " << far);
    if (far) {
      for (std::size_t i = 0; i < n; ++i) x[2 * n + i] += 1e6;
    }
    const FeatureColumns features = {.x = x, .columns = k};
    for (const std::size_t used : {n, n - 1000}) {
      const auto rows = range(0, static_cast<std::uint32_t>(used));
      std::vector<double> columns(ones.begin(), ones.begin() + static_cast<std::ptrdiff_t>(used));
      for (std::size_t j = 0; j < k; ++j) {
        columns.insert(columns.end(), x.begin() + static_cast<std::ptrdiff_t>(j * n),
                       x.begin() + static_cast<std::ptrdiff_t>(j * n + used));
      }
      const std::vector<double> outcome(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(used));
      const GlmFit exact =
          glm({.x = columns, .columns = k + 1, .y = outcome, .weights = std::span(w).first(used)});
      const auto model = fit_logistic_classifier(features, y, rows, {.penalty = 0.0}, w);
      CHECK(model.warnings.empty());
      for (std::size_t j = 0; j < k; ++j) {
        const double apart = model.coefficient[j] - exact.coefficient[j + 1];
        CHECK(std::abs(apart) < 1e-7 * exact.std_error[j + 1]);
      }
      CHECK(model.log_likelihood == Approx(exact.log_likelihood).epsilon(1e-12));
      // A penalty: the gradient is zero there.
      const auto ridge = fit_logistic_classifier(features, y, rows, {.penalty = 50.0}, w);
      std::vector<double> p(used);
      ridge.predict(features, rows, p);
      for (std::size_t j = 0; j < k; ++j) {
        double score = 0.0;
        double size = 0.0;
        for (std::size_t i = 0; i < used; ++i) {
          const double z = (x[j * n + i] - ridge.centre[j]) / ridge.scale[j];
          score += w[i] * z * (y[i] - p[i]);
          size += w[i] * std::abs(z * (y[i] - p[i]));
        }
        CHECK(std::abs(score - 50.0 * ridge.standardised[j]) < 1e-9 * size);
      }
    }
  }
}

TEST_CASE("logistic classifier: separation, dependence, one class, gaps", "[learn]") {
  std::vector<double> x = {1, 2, 3, 4, 5, 6, 2, 4, 6, 8, 10, 12, 7, 7, 7, 7, 7, 7};
  const std::vector<std::string> names = {"a", "twice", "seven"};
  const std::vector<std::int32_t> apart = {0, 0, 0, 1, 1, 1};
  const std::vector<std::int32_t> mixed = {0, 1, 0, 1, 0, 1};
  const FeatureColumns features = {.x = x, .columns = 3, .names = names};
  const auto rows = range(0, 6);
  auto model = fit_logistic_classifier(features, mixed, rows, {.penalty = 0.0});
  CHECK(model.coefficient[1] == 0.0);
  CHECK(warned(model, "left out: twice"));
  CHECK(warned(model, "of no use: seven"));
  const auto alone = fit_logistic_classifier({.x = std::span(x).first(6), .columns = 1}, mixed,
                                             rows, {.penalty = 0.0});
  CHECK(model.coefficient[0] == Approx(alone.coefficient[0]).epsilon(1e-12));
  // A penalty shares the weight between the two, and bounds it under separation.
  model = fit_logistic_classifier(features, apart, rows, {.penalty = 1.0});
  CHECK(model.standardised[0] == Approx(model.standardised[1]).epsilon(1e-12));
  CHECK(model.warnings.size() == 1);
  model = fit_logistic_classifier(features, apart, rows, {.penalty = 0.0});
  CHECK(warned(model, "separate the classes completely"));
  std::vector<double> p(6);
  model.predict(features, rows, p);
  for (std::size_t i = 0; i < 6; ++i) CHECK(std::abs(p[i] - apart[i]) < 1e-9);

  model = fit_logistic_classifier(features, apart, range(0, 3));
  CHECK(warned(model, "of one class"));
  model.predict(features, rows, p);
  CHECK(p[5] == 0.0);
  x[1] = NAN;
  model = fit_logistic_classifier(features, mixed, rows);
  CHECK(model.n == 5);
  CHECK(warned(model, "1 row was left out"));
  model.predict(features, rows, p);
  CHECK(std::isnan(p[1]));
  CHECK(std::isfinite(p[0]));
  CHECK(warned(fit_logistic_classifier(features, mixed, {}), "no row to learn from"));
}

TEST_CASE("logistic classifier: wrong input", "[learn]") {
  const std::vector<double> x = {1, 2, 3};
  const std::vector<std::int32_t> y = {0, 1, 0};
  const std::vector<std::int32_t> three = {0, 3, 0};
  const FeatureColumns features = {.x = x, .columns = 1};
  const auto rows = range(0, 3);
  CHECK_THROWS_AS(fit_logistic_classifier(features, y, rows, {.penalty = -1.0}), ArgumentError);
  CHECK_THROWS_AS(fit_logistic_classifier(features, three, rows), ArgumentError);
  CHECK_THROWS_AS(fit_logistic_classifier(features, y, range(0, 4)), ArgumentError);
  CHECK_THROWS_AS(fit_logistic_classifier({.x = x, .columns = 2}, y, rows), ArgumentError);
  std::vector<double> p(3);
  CHECK_THROWS_AS(fit_logistic_classifier(features, y, rows).predict({}, rows, p), ArgumentError);
}
