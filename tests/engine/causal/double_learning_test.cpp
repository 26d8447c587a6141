#include "engine/causal/double_learning.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>
#include <Eigen/Dense>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/causal/real_table.h"

using namespace impact;
using namespace impact::causal_tests;

namespace {

struct Controls {
  FeatureTable features;
  std::vector<double> y, d;
  [[nodiscard]] DoubleLearningData data() const {
    return {.features = features, .y = y, .treatment = d};
  }
};

// Fold of row i is i mod k.
Folds dealt(std::size_t rows, int k) {
  Folds folds{.rows = rows, .folds = k, .repeats = 1};
  for (std::size_t i = 0; i < rows; ++i) {
    folds.fold.push_back(static_cast<std::int32_t>(i % static_cast<std::size_t>(k)));
  }
  return folds;
}

// Chernozhukov et al. (2018), as DoubleML's make_plr_CCDDHNR2018: theta 0.5.
Controls partially_linear_rows(std::size_t n, std::size_t p, StreamKey key) {
  Stream stream(key);
  std::vector<std::vector<double>> x(p, std::vector<double>(n));
  Controls out;
  for (std::size_t i = 0; i < n; ++i) {
    double previous = stream.normal();
    x[0][i] = previous;
    for (std::size_t j = 1; j < p; ++j) {
      previous = 0.7 * previous + std::sqrt(1.0 - 0.49) * stream.normal();
      x[j][i] = previous;
    }
    const auto logistic = [](double v) { return 1.0 / (1.0 + std::exp(-v)); };
    const double d = x[0][i] + 0.25 * logistic(x[2][i]) + stream.normal();
    out.d.push_back(d);
    out.y.push_back(0.5 * d + logistic(x[0][i]) + 0.25 * x[2][i] + stream.normal());
  }
  std::vector<Feature> features;
  for (std::size_t j = 0; j < p; ++j) {
    features.push_back(number_feature("x" + std::to_string(j + 1), x[j]));
  }
  out.features = FeatureTable(std::move(features));
  return out;
}

// Effect 2 + a, confounded.
Controls interactive_rows(std::size_t n, StreamKey key) {
  Stream stream(key);
  std::vector<double> a(n), b(n);
  Controls out;
  for (std::size_t i = 0; i < n; ++i) {
    a[i] = stream.normal();
    b[i] = stream.normal();
    const double e = 1.0 / (1.0 + std::exp(-0.6 * a[i] + 0.4 * b[i]));
    out.d.push_back(stream.bernoulli(e) ? 1.0 : 0.0);
    out.y.push_back(1.0 + a[i] + 0.5 * b[i] + out.d.back() * (2.0 + a[i]) + stream.normal());
  }
  out.features = FeatureTable({number_feature("a", a), number_feature("b", b)});
  return out;
}

const LearnerSpec kLinear{"linear", nlohmann::json::object()};
const LearnerSpec kLogit{"logistic", {{"penalty", 0.0}}};

}  // namespace

TEST_CASE("double learning: fixed folds on smoking mothers", "[causal][double_learning]") {
  const RealTable t = read_table("cattaneo/cataneo2.csv");
  if (t.rows == 0) return;
  Controls c;
  c.y = t.numbers("bweight");
  c.d = t.numbers("mbsmoke_");
  std::vector<Feature> features;
  for (const char* name : {"prenatal1_", "mmarried_", "mage", "mage2", "fbaby_", "medu"}) {
    features.push_back(number_feature(name, t.numbers(name)));
  }
  c.features = FeatureTable(std::move(features));
  const Folds folds = dealt(t.rows, 5);
  // Computed independently for the project's dossier of reference numbers.
  DoubleLearningSpec spec{
      .model = DoubleModel::kPartiallyLinear, .outcome = kLinear, .treatment = kLinear};
  // Propensities of the partially linear model by least squares: numbers, not classes.
  auto rows = to_estimates(double_learning(c.data(), spec, folds, StreamKey::root(1)));
  CHECK(rows[0].estimate == Approx(-221.655112757809).epsilon(1e-9));
  CHECK(rows[0].std_error == Approx(22.576826805279).epsilon(1e-9));
  spec = {.outcome = kLinear, .treatment = kLogit};
  rows = to_estimates(double_learning(c.data(), spec, folds, StreamKey::root(1)));
  CHECK(rows[0].estimate == Approx(-228.706722709727).epsilon(1e-9));
  CHECK(rows[0].std_error == Approx(25.395003983664).epsilon(1e-9));
  spec.target = EffectTarget::kTreated;
  rows = to_estimates(double_learning(c.data(), spec, folds, StreamKey::root(1)));
  CHECK(rows[0].estimate == Approx(-225.151577663983).epsilon(1e-9));
  CHECK(rows[0].std_error == Approx(24.324159841256).epsilon(1e-9));
}

TEST_CASE("double learning: leave one out with least squares is algebra",
          "[causal][double_learning]") {
  // Residuals of leave-one-out least squares are e / (1 - h).
  const std::size_t n = 40;
  const Controls c = partially_linear_rows(n, 3, StreamKey::root(3));
  const DoubleLearningSpec spec{
      .model = DoubleModel::kPartiallyLinear, .outcome = kLinear, .treatment = kLinear};
  const auto fit = double_learning(c.data(), spec, leave_one_out(n), StreamKey::root(1));
  Eigen::MatrixXd x(static_cast<Eigen::Index>(n), 4);
  Eigen::VectorXd y(static_cast<Eigen::Index>(n));
  Eigen::VectorXd d(static_cast<Eigen::Index>(n));
  for (std::size_t i = 0; i < n; ++i) {
    const auto r = static_cast<Eigen::Index>(i);
    x(r, 0) = 1.0;
    for (std::size_t j = 0; j < 3; ++j) {
      x(r, static_cast<Eigen::Index>(j) + 1) = c.features[j].numbers[i];
    }
    y[r] = c.y[i];
    d[r] = c.d[i];
  }
  const Eigen::MatrixXd hat = x * (x.transpose() * x).inverse() * x.transpose();
  const Eigen::VectorXd loss = (1.0 - hat.diagonal().array()).inverse();
  const Eigen::VectorXd u = (y - hat * y).cwiseProduct(loss);
  const Eigen::VectorXd v = (d - hat * d).cwiseProduct(loss);
  const double theta = u.dot(v) / v.dot(v);
  CHECK(fit.repeats[0].effects[0].estimate == Approx(theta).epsilon(1e-10));
  const double se = ((u - theta * v).cwiseProduct(v)).norm() / v.squaredNorm();
  CHECK(to_estimates(fit)[0].std_error == Approx(se).epsilon(1e-10));
}

TEST_CASE("double learning: predictions from elsewhere", "[causal][double_learning]") {
  const Controls c = interactive_rows(500, StreamKey::root(4));
  CrossFit oracle;
  double sum = 0.0;
  double score = 0.0;
  double slope = 0.0;
  for (std::size_t i = 0; i < 500; ++i) {
    const double a = c.features[0].numbers[i];
    const double b = c.features[1].numbers[i];
    const double e = 1.0 / (1.0 + std::exp(-0.6 * a + 0.4 * b));
    const double g0 = 1.0 + a + 0.5 * b;
    oracle.m.push_back(e);
    oracle.g0.push_back(g0);
    oracle.g1.push_back(g0 + 2.0 + a);
    oracle.l.push_back(g0 + e * (2.0 + a));
    oracle.g.push_back(g0);
    sum +=
        2.0 + a + c.d[i] / e * (c.y[i] - oracle.g1[i]) - (1.0 - c.d[i]) / (1.0 - e) * (c.y[i] - g0);
    score += (c.y[i] - g0) * (c.d[i] - e);
    slope += c.d[i] * (c.d[i] - e);
  }
  DoubleLearningSpec spec;
  CHECK(effect_of(c.data(), spec, oracle).effects[0].estimate == Approx(sum / 500.0));
  spec.model = DoubleModel::kPartiallyLinear;
  spec.iv_type = true;
  const EffectFit iv = effect_of(c.data(), spec, oracle);
  CHECK(iv.effects[0].estimate == Approx(score / slope));
  double total = 0.0;
  for (const double psi : iv.effects[0].influence) total += psi;
  CHECK(total == Approx(0.0).margin(1e-9));
  // A row without a prediction is left out, and said.
  oracle.m[7] = std::nan("");
  const EffectFit less = effect_of(c.data(), spec, oracle);
  CHECK(less.n == 499);
  CHECK(less.effects[0].influence[7] == 0.0);
  CHECK(less.warnings.back().find("1 rows left out") != std::string::npos);
}

TEST_CASE("double learning: repeats are joined by the median", "[causal][double_learning]") {
  const Controls c = interactive_rows(400, StreamKey::root(5));
  const DoubleLearningSpec spec{.outcome = kLinear, .treatment = kLogit};
  const Folds folds = draw_folds(400, {.folds = 3, .repeats = 5}, StreamKey::root(2));
  const auto fit = double_learning(c.data(), spec, folds, StreamKey::root(1));
  REQUIRE(fit.repeats.size() == 5);
  std::vector<double> theta, se;
  for (const EffectFit& repeat : fit.repeats) {
    const Estimate row = to_estimates(repeat)[0];
    theta.push_back(row.estimate);
    se.push_back(row.std_error);
  }
  std::vector<double> sorted = theta;
  std::sort(sorted.begin(), sorted.end());
  const Estimate joined = to_estimates(fit)[0];
  CHECK(joined.estimate == sorted[2]);
  std::vector<double> variance;
  for (std::size_t r = 0; r < 5; ++r) {
    variance.push_back(se[r] * se[r] + (theta[r] - sorted[2]) * (theta[r] - sorted[2]));
  }
  std::sort(variance.begin(), variance.end());
  CHECK(joined.std_error == Approx(std::sqrt(variance[2])).epsilon(1e-14));
  // Threads change nothing.
  for (const int threads : {1, 2, 3, 8}) {
    Context many;
    many.threads = threads;
    const auto again = double_learning(c.data(), spec, folds, StreamKey::root(1), many);
    CHECK(to_estimates(again)[0].estimate == joined.estimate);
    CHECK(again.repeats[3].effects[0].influence == fit.repeats[3].effects[0].influence);
  }
}

TEST_CASE("double learning: intervals cover", "[causal][double_learning]") {
  // Designs of DoubleML's coverage tables, 200 draws; 95 % within three standard errors.
  int plr = 0;
  int iv = 0;
  int irm = 0;
  const int draws = 200;
  const StreamKey key = StreamKey::root(11);
  for (int r = 0; r < draws; ++r) {
    const StreamKey own = key.child("draw " + std::to_string(r));
    const Folds folds = draw_folds(500, {.folds = 5}, own.child("folds"));
    const auto covers = [&](const Controls& c, const DoubleLearningSpec& spec, double truth) {
      const Estimate row = to_estimates(double_learning(c.data(), spec, folds, own))[0];
      return row.conf_low <= truth && truth <= row.conf_high ? 1 : 0;
    };
    const Controls linear = partially_linear_rows(500, 20, own.child("plr"));
    DoubleLearningSpec spec{.model = DoubleModel::kPartiallyLinear,
                            .outcome = {"rigorous_lasso", nlohmann::json::object()},
                            .treatment = {"rigorous_lasso", nlohmann::json::object()}};
    plr += covers(linear, spec, 0.5);
    spec.iv_type = true;
    iv += covers(linear, spec, 0.5);
    irm += covers(interactive_rows(500, own.child("irm")),
                  {.outcome = kLinear, .treatment = kLogit}, 2.0);
  }
  const double se = std::sqrt(0.95 * 0.05 / draws);
  CHECK(std::abs(plr / double(draws) - 0.95) < 3.0 * se);
  CHECK(std::abs(iv / double(draws) - 0.95) < 3.0 * se);
  CHECK(std::abs(irm / double(draws) - 0.95) < 3.0 * se);
}

TEST_CASE("double learning: trouble is said", "[causal][double_learning]") {
  Controls c = interactive_rows(60, StreamKey::root(6));
  const DoubleLearningSpec spec{.outcome = kLinear, .treatment = kLogit};
  c.d[3] = 0.5;
  CHECK_THROWS_AS(double_learning(c.data(), spec, dealt(60, 3), StreamKey::root(1)), ArgumentError);
  c.d[3] = 1.0;
  CHECK_THROWS_AS(double_learning(c.data(), spec, dealt(50, 3), StreamKey::root(1)), ArgumentError);
  DoubleLearningSpec overlap = spec;
  overlap.target = EffectTarget::kOverlap;
  CHECK_THROWS_AS(double_learning(c.data(), overlap, dealt(60, 3), StreamKey::root(1)),
                  ArgumentError);
  // Controls that are the treatment.
  c.features = FeatureTable({number_feature("d", c.d), c.features[0]});
  const DoubleLearningSpec plr{
      .model = DoubleModel::kPartiallyLinear, .outcome = kLinear, .treatment = kLinear};
  const auto fit = double_learning(c.data(), plr, dealt(60, 3), StreamKey::root(1));
  CHECK(!fit.repeats[0].broken.empty());
}
