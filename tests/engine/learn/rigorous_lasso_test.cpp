#include "engine/learn/rigorous_lasso.h"

#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/learn/folds.h"
#include "tests/engine/learn/learn_reference.h"
#include "tests/engine/learn/penalised_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void agree_fit(const RigorousLasso& fit, const std::string& name, bool loadings = true) {
  CHECK(fit.warnings.empty());
  CHECK(fit.converged);
  near_peer(fit.level, name, "level", 1e-12);
  near_peer(fit.intercept, name, "i");
  for (std::size_t j = 0; j < fit.coefficient.size(); ++j) {
    near_peer(fit.coefficient[j], name, "b" + std::to_string(j + 1));
    if (loadings) near_peer(fit.loadings[j], name, "psi" + std::to_string(j + 1));
  }
  if (loadings) near_peer(fit.residual_sd, name, "sd");
}

// Tighter than usual, so that both sides stop at the same point.
RigorousLassoSpec exact() { return {.most_iterations = 100, .tolerance = 1e-13}; }

}  // namespace

TEST_CASE("rigorous lasso agrees with hdm", "[learn][penalised]") {
  const PenalisedSample s;
  agree_fit(fit_rigorous_lasso(s.features, s.gaussian, s.rows, exact()), "hdm_post");
  RigorousLassoSpec spec = exact();
  spec.post = false;
  agree_fit(fit_rigorous_lasso(s.features, s.gaussian, s.rows, spec), "hdm_lasso");
  spec = exact();
  spec.c = 0.6;
  spec.gamma = 0.2;
  agree_fit(fit_rigorous_lasso(s.features, s.gaussian, s.rows, spec), "hdm_c");
  const auto cells = read_columns("penalised_wide.txt", 61);
  const FeatureColumns wide = {.x = std::span(cells).first(60 * 40), .columns = 60};
  agree_fit(fit_rigorous_lasso(wide, std::span(cells).subspan(60 * 40), PenalisedSample::all(40),
                               exact()),
            "hdm_wide");
  // hdm's homoskedastic loadings are its own but for columns with a mean square of 1.
  std::vector<double> unit(s.features.x.begin(), s.features.x.end());
  for (std::size_t j = 0; j < 8; ++j) {
    double mean = 0.0, squares = 0.0;
    for (std::size_t i = 0; i < s.n; ++i) mean += unit[j * s.n + i] / static_cast<double>(s.n);
    for (std::size_t i = 0; i < s.n; ++i) squares += std::pow(unit[j * s.n + i] - mean, 2);
    for (std::size_t i = 0; i < s.n; ++i) {
      unit[j * s.n + i] = (unit[j * s.n + i] - mean) / std::sqrt(squares / double(s.n));
    }
  }
  spec = exact();
  spec.loadings = LassoLoadings::kHomoskedastic;
  agree_fit(fit_rigorous_lasso({.x = unit, .columns = 8}, s.gaussian, s.rows, spec), "hdm_equal");

  const FeatureColumns noise = {.x = s.features.x.subspan(5 * s.n, 2 * s.n), .columns = 2};
  const auto nothing = fit_rigorous_lasso(noise, s.binomial, s.rows);
  near_peer(nothing.intercept, "hdm_nothing", "i");
  CHECK(nothing.selected.empty());
  CHECK(nothing.converged);
  agree_fit(fit_rigorous_logit(s.features, s.binomial, s.rows), "hdm_logit", false);
}

TEST_CASE("rigorous lasso: optimality conditions, and loadings of the last residuals",
          "[learn][penalised]") {
  const PenalisedSample s;
  RigorousLassoSpec spec = exact();
  spec.post = false;
  const auto fit = fit_rigorous_lasso(s.features, s.gaussian, s.rows, spec, s.weights);
  REQUIRE(fit.converged);
  double total = 0.0;
  for (const double w : s.weights) total += w / static_cast<double>(s.n);
  std::vector<double> mean(s.n), score(s.n);
  fit.predict(s.features, s.rows, mean);
  for (std::size_t i = 0; i < s.n; ++i) {
    score[i] = s.weights[i] / total * (s.gaussian[i] - mean[i]);
  }
  REQUIRE_FALSE(fit.selected.empty());
  for (std::size_t j = 0; j < 8; ++j) {
    double centre = 0.0, gradient = 0.0, squares = 0.0;
    const auto x = s.features.column(j);
    for (std::size_t i = 0; i < s.n; ++i) {
      centre += s.weights[i] / total * x[i] / static_cast<double>(s.n);
    }
    for (std::size_t i = 0; i < s.n; ++i) {
      gradient += 2.0 * score[i] * (x[i] - centre);
      squares += std::pow(score[i] * (x[i] - centre), 2);
    }
    CHECK(fit.loadings[j] == Approx(std::sqrt(squares / double(s.n))).epsilon(1e-10));
    const double limit = fit.level * fit.loadings[j];
    if (fit.coefficient[j] == 0.0) {
      CHECK(std::abs(gradient) <= limit);
    } else {
      CHECK(gradient == Approx(std::copysign(limit, fit.coefficient[j])).epsilon(1e-8));
    }
  }
}

TEST_CASE("rigorous lasso: clusters, units, threads and draws", "[learn][penalised]") {
  const PenalisedSample s;
  const auto plain = fit_rigorous_lasso(s.features, s.gaussian, s.rows);
  // Rows that are clusters of their own change nothing.
  std::vector<std::int32_t> own(s.n), pairs(2 * s.n);
  for (std::size_t i = 0; i < s.n; ++i) {
    own[i] = static_cast<std::int32_t>(s.n - i);
    pairs[2 * i] = pairs[2 * i + 1] = own[i];
  }
  RigorousLassoSpec clustered{.loadings = LassoLoadings::kClustered, .clusters = own};
  const auto single = fit_rigorous_lasso(s.features, s.gaussian, s.rows, clustered);
  CHECK(single.clusters == 120);
  for (std::size_t j = 0; j < 8; ++j) {
    CHECK(single.loadings[j] == Approx(plain.loadings[j]).epsilon(1e-12));
    CHECK(single.coefficient[j] == Approx(plain.coefficient[j]).margin(1e-12));
  }
  // Every row twice, in one cluster: with n doubled lambda_0 psi is 2 sqrt 2 / sqrt 2 as large, as
  // is the sum of squares, so the selection is the same.
  std::vector<double> x(16 * s.n), y(2 * s.n);
  for (std::size_t i = 0; i < 2 * s.n; ++i) {
    for (std::size_t j = 0; j < 8; ++j) x[j * 2 * s.n + i] = s.features.column(j)[i / 2];
    y[i] = s.gaussian[i / 2];
  }
  RigorousLassoSpec twice{.loadings = LassoLoadings::kClustered, .clusters = pairs};
  const auto doubled =
      fit_rigorous_lasso({.x = x, .columns = 8}, y, PenalisedSample::all(2 * s.n), twice);
  CHECK(doubled.selected == plain.selected);
  for (std::size_t j = 0; j < 8; ++j) {
    CHECK(doubled.coefficient[j] == Approx(plain.coefficient[j]).margin(1e-10));
    CHECK(doubled.level * doubled.loadings[j] ==
          Approx(2.0 * plain.level * plain.loadings[j]).epsilon(1e-10));
  }
  // Units of the columns and of the outcome.
  std::vector<double> scaled(s.features.x.begin(), s.features.x.end());
  for (std::size_t i = 0; i < s.n; ++i) scaled[i] = 50.0 * scaled[i] + 3.0;
  std::vector<double> outcome(s.gaussian.begin(), s.gaussian.end());
  for (double& each : outcome) each *= 1e-3;
  const auto units = fit_rigorous_lasso({.x = scaled, .columns = 8}, outcome, s.rows);
  CHECK(units.selected == plain.selected);
  CHECK(units.coefficient[0] * 50.0 == Approx(plain.coefficient[0] * 1e-3).epsilon(1e-10));

  // Simulated levels: the same on any number of threads, no larger than the bound by much, and
  // others for other streams.
  RigorousLassoSpec simulated{.x_dependent = true, .draws = 2000};
  const StreamKey key = StreamKey::root(1);
  const auto one = fit_rigorous_lasso(s.features, s.gaussian, s.rows, simulated, {}, key);
  for (const int threads : {2, 3, 8}) {
    const auto more = fit_rigorous_lasso(s.features, s.gaussian, s.rows, simulated, {}, key,
                                         {.threads = threads});
    CHECK(more.coefficient == one.coefficient);
    CHECK(more.loadings == one.loadings);
    CHECK(more.level == one.level);
  }
  CHECK(one.level < 1.02 * plain.level);
  CHECK(one.level > 0.85 * plain.level);
  const auto other =
      fit_rigorous_lasso(s.features, s.gaussian, s.rows, simulated, {}, StreamKey::root(2));
  CHECK(other.level != one.level);
}

TEST_CASE("rigorous lasso and logit as learners", "[learn][penalised]") {
  const PenalisedSample s;
  const StreamKey key = StreamKey::root(5);
  const Folds folds = draw_folds(s.n, {.folds = 3}, key);
  const Split split = folds.split(1);
  const auto fit = fit_rigorous_lasso(s.features, s.gaussian, split.train);
  const auto logit = fit_rigorous_logit(s.features, s.binomial, split.train, {.c = 0.5});
  std::vector<double> mean(split.test.size()), share(split.test.size());
  fit.predict(s.features, split.test, mean);
  logit.predict(s.features, split.test, share);
  const auto means = out_of_fold(folds, rigorous_lasso_learner(s.features, s.gaussian), key);
  const auto shares =
      out_of_fold(folds, rigorous_logit_learner(s.features, s.binomial, {.c = 0.5}), key);
  REQUIRE_FALSE(fit.selected.empty());
  for (std::size_t i = 0; i < split.test.size(); ++i) {
    CHECK(means.prediction[split.test[i]] == mean[i]);
    CHECK(shares.prediction[split.test[i]] == share[i]);
    CHECK((share[i] > 0.0 && share[i] < 1.0));
  }
}

TEST_CASE("rigorous lasso: bad input", "[learn][penalised]") {
  const PenalisedSample s;
  const auto refused = [&](const RigorousLassoSpec& spec) {
    CHECK_THROWS_AS(fit_rigorous_lasso(s.features, s.gaussian, s.rows, spec), ArgumentError);
  };
  refused({.c = 0.0});
  refused({.gamma = 1.0});
  refused({.loadings = LassoLoadings::kClustered});
  const std::vector<std::int32_t> codes(s.n, 1);
  refused({.clusters = codes});
  refused({.x_dependent = true, .draws = 0});
  refused({.most_iterations = 0});
  CHECK_THROWS_AS(fit_rigorous_logit(s.features, s.gaussian, s.rows), ArgumentError);

  std::vector<double> x(s.features.x.begin(), s.features.x.end());
  std::fill_n(x.begin(), s.n, 1.0);
  x[s.n] = kNaN;
  const auto fit = fit_rigorous_lasso({.x = x, .columns = 8}, s.gaussian, s.rows);
  CHECK(fit.n == 119);
  CHECK(warned(fit, "column 1"));
  CHECK(warned(fit, "1 row"));
  CHECK(fit.coefficient[0] == 0.0);
  CHECK(std::isnan(fit.loadings[0]));
  const std::vector<double> same(s.n, 2.5);
  const auto constant = fit_rigorous_lasso(s.features, same, s.rows);
  CHECK(constant.intercept == 2.5);
  CHECK(constant.selected.empty());
  CHECK(fit_rigorous_lasso(s.features, s.gaussian, {}).n == 0);

  // Separated by what was selected.
  std::vector<double> positive;
  for (const double each : s.features.column(0)) positive.push_back(each > 0.0 ? 1.0 : 0.0);
  const auto logit = fit_rigorous_logit(s.features, positive, s.rows);
  CHECK_FALSE(logit.selected.empty());
  CHECK_FALSE(logit.converged);
  CHECK(std::isnan(logit.coefficient[0]));
  CHECK(warned(logit, "separate the classes"));
  CHECK(warned(logit, "post = false"));
  CHECK_FALSE(warned(logit, "larger penalty"));
  // What the warning advises helps.
  const auto kept = fit_rigorous_logit(s.features, positive, s.rows, {.post = false});
  CHECK(kept.converged);
  CHECK(kept.warnings.empty());
  CHECK(kept.coefficient[0] > 0.0);
}
