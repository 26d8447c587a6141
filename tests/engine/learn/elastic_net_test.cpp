#include "engine/learn/elastic_net.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/learn_reference.h"
#include "tests/engine/learn/penalised_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
const std::vector<double> kSteps = {0.3, 0.05, 0.004};
const std::vector<double> kFiner = {0.1, 0.02, 0.001};
const std::vector<double> kFactors = {0, 2, 1, 1, 0.5, 1.5, 1, 1};

ElasticNetSpec tight(std::vector<double> lambda, double alpha = 1.0,
                     ElasticNetFamily family = ElasticNetFamily::kGaussian) {
  return {.family = family, .alpha = alpha, .lambda = std::move(lambda), .tolerance = 1e-20};
}

// Every fit of the path against the cases name1, name2, ...; with classes name1_1, name1_2, ...
void agree_path(const ElasticNetPath& path, const std::string& name, double unit = 1.0) {
  CHECK(path.warnings.empty());
  for (std::size_t k = 0; k < path.size(); ++k) {
    for (std::size_t a = 0; a < path.outputs; ++a) {
      std::string at = name + std::to_string(k + 1);
      if (path.outputs > 1) at += '_' + std::to_string(a + 1);
      near_peer(path.intercept[k * path.outputs + a] / unit, at, "i");
      const auto b = path.coefficients(k, a);
      for (std::size_t j = 0; j < b.size(); ++j) {
        near_peer(b[j] / unit, at, "b" + std::to_string(j + 1));
        const double theirs = penalised_number(at, "b" + std::to_string(j + 1));
        CHECK((b[j] == 0.0) == (std::abs(theirs) < 1e-12));
      }
      near_peer(path.deviance_ratio[k], at, "ratio");
    }
  }
}

std::vector<double> in_sds(std::span<const double> y, std::span<const double> w = {}) {
  double total = 0.0, mean = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double weight = w.empty() ? 1.0 : w[i];
    total += weight;
    mean += weight * y[i];
  }
  mean /= total;
  for (std::size_t i = 0; i < y.size(); ++i) {
    squares += (w.empty() ? 1.0 : w[i]) * (y[i] - mean) * (y[i] - mean);
  }
  std::vector<double> result(y.begin(), y.end());
  for (double& each : result) each /= std::sqrt(squares / total);
  return result;
}

}  // namespace

TEST_CASE("elastic net: Gaussian paths agree with glmnet", "[learn][penalised]") {
  const PenalisedSample s;
  const auto fit = [&](std::span<const double> y, const ElasticNetSpec& spec,
                       std::span<const double> w = {}, std::span<const double> offset = {}) {
    return fit_elastic_net(s.features, y, s.rows, spec, w, offset);
  };
  agree_path(fit(s.gaussian, tight(kSteps)), "g_lasso");
  agree_path(fit(s.gaussian, tight(kSteps), s.weights), "g_weights");
  agree_path(fit(in_sds(s.gaussian), tight(kSteps, 0.4)), "g_net");
  agree_path(fit(in_sds(s.gaussian, s.weights), tight(kSteps, 0.4), s.weights), "g_net_weights");
  agree_path(fit(in_sds(s.gaussian), tight(kSteps, 0.0)), "g_ridge");
  agree_path(fit(s.gaussian, tight(kSteps), {}, s.offset), "g_offset");
  ElasticNetSpec spec = tight(kSteps);
  spec.standardise = false;
  agree_path(fit(s.gaussian, spec), "g_raw");
  spec = tight(kSteps);
  spec.intercept = false;
  agree_path(fit(s.gaussian, spec), "g_origin");
  spec = tight(kSteps);
  spec.penalty_factor = kFactors;
  agree_path(fit(s.gaussian, spec), "g_factors");
  spec = tight(kSteps);
  spec.lower.assign(8, -0.1);
  spec.upper.assign(8, 0.25);
  agree_path(fit(s.gaussian, spec), "g_bounds");
}

TEST_CASE("elastic net: logistic and Poisson paths agree with glmnet", "[learn][penalised]") {
  const PenalisedSample s;
  const auto family = ElasticNetFamily::kBinomial;
  agree_path(fit_elastic_net(s.features, s.binomial, s.rows, tight(kFiner, 1.0, family)),
             "b_lasso");
  agree_path(fit_elastic_net(s.features, s.binomial, s.rows, tight(kFiner, 0.3, family), s.weights,
                             s.offset),
             "b_net");
  agree_path(fit_elastic_net(s.features, s.binomial, s.rows, tight(kFiner, 0.0, family)),
             "b_ridge");
  ElasticNetSpec spec = tight(kFiner, 1.0, family);
  spec.penalty_factor = kFactors;
  agree_path(fit_elastic_net(s.features, s.binomial, s.rows, spec), "b_factors");
  spec = tight(kFiner, 1.0, family);
  spec.lower.assign(8, -0.2);
  spec.upper.assign(8, 0.3);
  agree_path(fit_elastic_net(s.features, s.binomial, s.rows, spec), "b_bounds");
  const auto counts = ElasticNetFamily::kPoisson;
  agree_path(fit_elastic_net(s.features, s.poisson, s.rows, tight(kFiner, 1.0, counts)), "p_lasso");
  agree_path(fit_elastic_net(s.features, s.poisson, s.rows, tight(kFiner, 0.3, counts), s.weights,
                             s.offset),
             "p_net");
  spec = tight(kFiner, 1.0, counts);
  spec.intercept = false;
  agree_path(fit_elastic_net(s.features, s.poisson, s.rows, spec), "p_origin");
}

TEST_CASE("elastic net: multinomial paths agree with glmnet", "[learn][penalised]") {
  const PenalisedSample s;
  const std::vector<double> lambda = {0.1, 0.02, 0.002};
  const auto family = ElasticNetFamily::kMultinomial;
  agree_path(fit_elastic_net(s.features, s.classes, s.rows, tight(lambda, 1.0, family)), "m_lasso");
  agree_path(fit_elastic_net(s.features, s.classes, s.rows, tight(lambda, 0.5, family), s.weights),
             "m_net");
  ElasticNetSpec spec = tight(lambda, 1.0, family);
  spec.grouped = true;
  agree_path(fit_elastic_net(s.features, s.classes, s.rows, spec), "m_group");
  spec.alpha = 0.5;
  agree_path(fit_elastic_net(s.features, s.classes, s.rows, spec), "m_group_net");
}

TEST_CASE("elastic net: grids start and end where glmnet's do", "[learn][penalised]") {
  const PenalisedSample s;
  const auto agree_grid = [](const ElasticNetPath& path, const std::string& name, bool null) {
    CHECK(path.warnings.empty());
    near_peer(static_cast<double>(path.size()), name, "length");
    near_peer(path.lambda[0], name, "first");
    near_peer(path.lambda[1], name, "second");
    near_peer(path.lambda.back(), name, "last");
    near_peer(path.deviance_ratio.back(), name, "ratio");
    near_peer(static_cast<double>(path.nonzero[19]), name, "nonzero");
    if (null) near_peer(path.null_deviance, name, "null");
  };
  agree_grid(fit_elastic_net(s.features, s.gaussian, s.rows, tight({})), "g_grid", true);
  ElasticNetSpec spec = tight({});
  spec.penalty_factor = kFactors;
  agree_grid(fit_elastic_net(s.features, s.gaussian, s.rows, spec), "g_grid_factors", true);
  agree_grid(
      fit_elastic_net(s.features, s.binomial, s.rows, tight({}, 1.0, ElasticNetFamily::kBinomial)),
      "b_grid", true);
  agree_grid(fit_elastic_net(s.features, s.poisson, s.rows,
                             tight({}, 1.0, ElasticNetFamily::kPoisson), s.weights),
             "p_grid", false);
}

TEST_CASE("elastic net: more columns than rows, as glmnet", "[learn][penalised]") {
  const auto cells = read_columns("penalised_wide.txt", 61);
  const FeatureColumns features = {.x = std::span(cells).first(60 * 40), .columns = 60};
  const auto rows = PenalisedSample::all(40);
  const std::span<const double> y = std::span(cells).subspan(60 * 40);
  agree_path(fit_elastic_net(features, y, rows, tight({0.8, 0.3, 0.05})), "wide");
  std::vector<double> positive;
  for (const double each : y) positive.push_back(each > 0.0 ? 1.0 : 0.0);
  agree_path(fit_elastic_net(features, positive, rows,
                             tight({0.2, 0.1, 0.05}, 1.0, ElasticNetFamily::kBinomial)),
             "wide_b");
}

TEST_CASE("elastic net: penalties mean what scikit-learn's do", "[learn][penalised]") {
  const PenalisedSample s;
  const auto agree_one = [](const ElasticNetPath& path, const std::string& name) {
    CHECK(path.warnings.empty());
    for (std::size_t a = 0; a < path.outputs; ++a) {
      const std::string at = path.outputs > 1 ? name + '_' + std::to_string(a + 1) : name;
      near_peer(path.intercept[a], at, "i");
      for (std::size_t j = 0; j < 8; ++j) {
        near_peer(path.coefficients(0, a)[j], at, "b" + std::to_string(j + 1));
      }
    }
  };
  const auto fit = [&](std::span<const double> y, ElasticNetFamily family, double lambda,
                       double alpha) {
    ElasticNetSpec spec = tight({lambda}, alpha, family);
    spec.standardise = false;
    return fit_elastic_net(s.features, y, s.rows, spec);
  };
  agree_one(fit(s.gaussian, ElasticNetFamily::kGaussian, 0.07, 1.0), "sk_lasso");
  agree_one(fit(s.gaussian, ElasticNetFamily::kGaussian, 0.07, 0.35), "sk_net");
  agree_one(fit(s.gaussian, ElasticNetFamily::kGaussian, 0.05, 0.0), "sk_ridge");
  agree_one(fit(s.binomial, ElasticNetFamily::kBinomial, 0.05, 0.0), "sk_logit");
  agree_one(fit(s.poisson, ElasticNetFamily::kPoisson, 0.05, 0.0), "sk_poisson");
  agree_one(fit(s.classes, ElasticNetFamily::kMultinomial, 0.05, 0.0), "sk_classes");
}

// The conditions of a minimum in the columns' own units, standardised or not, on made-up data.
TEST_CASE("elastic net: optimality conditions hold along every path", "[learn][penalised]") {
  Stream stream(StreamKey::root(3));
  const std::size_t n = 300, p = 40;
  std::vector<double> x(n * p), y(n), w(n), factor(p), counts(n), labels(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double common = stream.normal();
    for (std::size_t j = 0; j < p; ++j) {
      x[j * n + i] = (stream.normal() + 1.5 * common) * (1.0 + static_cast<double>(j)) + 3.0;
    }
    const double eta = 0.5 * x[i] - 0.1 * x[5 * n + i];
    y[i] = eta + stream.normal();
    labels[i] = stream.bernoulli(1.0 / (1.0 + std::exp(-eta))) ? 1.0 : 0.0;
    counts[i] = static_cast<double>(stream.poisson(std::exp(0.1 * eta)));
    w[i] = stream.uniform(0.1, 2.0);
  }
  for (std::size_t j = 0; j < p; ++j) factor[j] = j == 3 ? 0.0 : stream.uniform(0.5, 2.0);
  const FeatureColumns features = {.x = x, .columns = p};
  double total = 0.0;
  for (const double each : w) total += each;
  for (const double alpha : {1.0, 0.6, 0.05}) {
    for (const auto family :
         {ElasticNetFamily::kGaussian, ElasticNetFamily::kBinomial, ElasticNetFamily::kPoisson}) {
      ElasticNetSpec spec{.family = family, .alpha = alpha, .lambdas = 30, .lambda_ratio = 1e-3};
      spec.penalty_factor = factor;
      const auto& outcome = family == ElasticNetFamily::kGaussian   ? y
                            : family == ElasticNetFamily::kBinomial ? labels
                                                                    : counts;
      const auto path = fit_elastic_net(features, outcome, PenalisedSample::all(n), spec, w);
      CHECK(path.warnings.empty());
      REQUIRE(path.size() >= 10);
      double worst = 0.0;
      std::vector<double> mean(n);
      for (std::size_t k = 0; k < path.size(); ++k) {
        elastic_net_at(path, path.lambda[k]).predict(features, PenalisedSample::all(n), mean);
        double slope = 0.0;
        for (std::size_t i = 0; i < n; ++i) slope += w[i] / total * (outcome[i] - mean[i]);
        worst = std::max(worst, std::abs(slope) / path.lambda[0]);
        for (std::size_t j = 0; j < p; ++j) {
          double gradient = 0.0;
          for (std::size_t i = 0; i < n; ++i) {
            gradient += w[i] / total * (outcome[i] - mean[i]) * (x[j * n + i] - path.centre[j]);
          }
          gradient /= path.scale[j];
          const double b = path.coefficients(k)[j] * path.scale[j];
          const double unit = path.lambda[k] * factor[j];
          const double rest = gradient - unit * (1.0 - alpha) * b;
          const double violation = b == 0.0 ? std::abs(rest) - unit * alpha
                                            : std::abs(rest - std::copysign(unit * alpha, b));
          worst = std::max(worst, violation / path.lambda[0]);
        }
      }
      INFO("alpha " << alpha << ", family " << static_cast<int>(family));
      CHECK(worst < (family == ElasticNetFamily::kGaussian ? 1e-11 : 1e-7));
    }
  }
}

TEST_CASE("elastic net: columns that enter one by one give the path of all products",
          "[learn][penalised]") {
  // 1200 columns: products are taken of those that enter only; left out, the rest changes nothing.
  Stream stream(StreamKey::root(8));
  const std::size_t n = 80, p = 1200;
  std::vector<double> x(n * p), y(n);
  for (double& each : x) each = stream.normal();
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = 2.0 * x[i] - 1.5 * x[700 * n + i] + stream.normal();
  }
  const FeatureColumns features = {.x = x, .columns = p};
  const std::vector<double> lambda = {0.8, 0.5, 0.3, 0.2};
  const auto path = fit_elastic_net(features, y, PenalisedSample::all(n), tight(lambda));
  CHECK(path.warnings.empty());
  ElasticNetSpec spec = tight(lambda);
  spec.penalty_factor.assign(p, 1.0);
  std::size_t dropped = 0;
  for (std::size_t j = 0; j < p && dropped < 300; ++j) {
    bool used = false;
    for (std::size_t k = 0; k < 4; ++k) used = used || path.coefficients(k)[j] != 0.0;
    if (used) continue;
    spec.penalty_factor[j] = kInfinity;
    ++dropped;
  }
  const auto whole = fit_elastic_net(features, y, PenalisedSample::all(n), spec);
  for (std::size_t i = 0; i < path.coefficient.size(); ++i) {
    CHECK(path.coefficient[i] == Approx(whole.coefficient[i]).margin(1e-10));
  }
  CHECK(path.nonzero.back() > 10);
}

TEST_CASE("elastic net: units, rows and classes in any order", "[learn][penalised]") {
  const PenalisedSample s;
  const auto plain = fit_elastic_net(s.features, s.gaussian, s.rows, tight(kSteps));
  std::vector<double> x(s.features.x.begin(), s.features.x.end());
  for (std::size_t i = 0; i < s.n; ++i) {
    x[i] = 1000.0 * x[i] - 5.0;
    x[s.n + i] = 7.0 - 0.01 * x[s.n + i];
  }
  std::vector<double> y(s.gaussian.begin(), s.gaussian.end());
  for (double& each : y) each += 100.0;
  auto shifted = s.rows;
  std::ranges::reverse(shifted);
  const auto moved = fit_elastic_net({.x = x, .columns = 8}, y, shifted, tight(kSteps));
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(moved.coefficients(k)[0] * 1000.0 == Approx(plain.coefficients(k)[0]).epsilon(1e-10));
    CHECK(moved.coefficients(k)[1] * -0.01 ==
          Approx(plain.coefficients(k)[1]).epsilon(1e-10).margin(1e-14));
    CHECK(moved.coefficients(k)[6] ==
          Approx(plain.coefficients(k)[6]).epsilon(1e-10).margin(1e-12));
    CHECK(moved.df[k] == plain.df[k]);
  }
  // A fit from the start is that of the path.
  for (std::size_t k = 0; k < 3; ++k) {
    const auto alone = fit_elastic_net(s.features, s.gaussian, s.rows, tight({kSteps[k]}));
    for (std::size_t j = 0; j < 8; ++j) {
      CHECK(alone.coefficient[j] == Approx(plain.coefficients(k)[j]).margin(1e-12));
    }
  }
  const auto family = ElasticNetFamily::kMultinomial;
  for (const bool grouped : {false, true}) {
    ElasticNetSpec spec = tight({0.02}, 1.0, family);
    spec.grouped = grouped;
    const auto classes = fit_elastic_net(s.features, s.classes, s.rows, spec);
    std::vector<double> renamed;
    for (const double each : s.classes) renamed.push_back(each == 0.0 ? 2.0 : each - 1.0);
    const auto again = fit_elastic_net(s.features, renamed, s.rows, spec);
    for (std::size_t a = 0; a < 3; ++a) {
      const std::size_t to = a == 0 ? 2 : a - 1;
      CHECK(again.intercept[to] == Approx(classes.intercept[a]).margin(1e-9));
      for (std::size_t j = 0; j < 8; ++j) {
        CHECK(again.coefficients(0, to)[j] == Approx(classes.coefficients(0, a)[j]).margin(1e-9));
      }
    }
  }
  // Two classes are a logit whose coefficient is the difference.
  ElasticNetSpec spec = tight({0.02}, 0.0, family);
  const auto two = fit_elastic_net(s.features, s.binomial, s.rows, spec);
  const auto logit = fit_elastic_net(s.features, s.binomial, s.rows,
                                     tight({0.01}, 0.0, ElasticNetFamily::kBinomial));
  for (std::size_t j = 0; j < 8; ++j) {
    CHECK(two.coefficients(0, 1)[j] - two.coefficients(0, 0)[j] ==
          Approx(logit.coefficients(0)[j]).margin(1e-9));
  }
}

TEST_CASE("elastic net: predictions, also between two lambdas", "[learn][penalised]") {
  const PenalisedSample s;
  const auto path = fit_elastic_net(s.features, s.gaussian, s.rows, tight(kSteps));
  const auto between = elastic_net_at(path, 0.1);
  CHECK(between.coefficient[0] ==
        Approx(0.2 * path.coefficients(0)[0] + 0.8 * path.coefficients(1)[0]).epsilon(1e-14));
  CHECK(elastic_net_at(path, 7.0).coefficient[0] == path.coefficients(0)[0]);
  CHECK(elastic_net_at(path, 0.0).coefficient[0] == path.coefficients(2)[0]);
  CHECK_THROWS_AS(elastic_net_at(path, -1.0), ArgumentError);
  CHECK_THROWS_AS(elastic_net_at({}, 1.0), ArgumentError);

  // A number that is missing matters where its column is used.
  auto x = s.cells;
  x.resize(8 * s.n);
  const auto model = elastic_net_at(path, 0.3);
  REQUIRE_FALSE(model.uses(6));
  REQUIRE(model.uses(0));
  x[6 * s.n] = kNaN;
  x[1] = kInfinity;
  std::vector<double> out(2);
  const std::vector<std::uint32_t> two = {0, 1};
  model.predict({.x = x, .columns = 8}, two, out);
  CHECK(std::isfinite(out[0]));
  CHECK(std::isnan(out[1]));
  std::vector<double> link(6), share(6);
  const auto classes =
      elastic_net_at(fit_elastic_net(s.features, s.classes, s.rows,
                                     tight({0.02}, 1.0, ElasticNetFamily::kMultinomial)),
                     0.02);
  classes.predict(s.features, two, link, {}, true);
  classes.predict(s.features, two, share);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(share[i] + share[2 + i] + share[4 + i] == Approx(1.0).epsilon(1e-14));
    CHECK(std::log(share[i] / share[4 + i]) == Approx(link[i] - link[4 + i]).epsilon(1e-12));
  }
  CHECK_THROWS_AS(model.predict({.x = x, .columns = 4}, two, out), ArgumentError);
  CHECK_THROWS_AS(model.predict(s.features, two, link), ArgumentError);
}

TEST_CASE("elastic net: the same bits on any number of threads", "[learn][penalised]") {
  Stream stream(StreamKey::root(4));
  const std::size_t n = 9000, p = 20;
  std::vector<double> x(n * p), y(n), label(n), code(n);
  for (double& each : x) each = stream.normal();
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = x[i] - 0.5 * x[n + i] + stream.normal();
    label[i] = y[i] > 0.3 ? 1.0 : 0.0;
    code[i] = y[i] > 1.0 ? 2.0 : label[i];
  }
  const FeatureColumns features = {.x = x, .columns = p};
  const auto rows = PenalisedSample::all(n);
  for (const auto family :
       {ElasticNetFamily::kGaussian, ElasticNetFamily::kBinomial, ElasticNetFamily::kMultinomial}) {
    const auto& outcome = family == ElasticNetFamily::kGaussian   ? y
                          : family == ElasticNetFamily::kBinomial ? label
                                                                  : code;
    ElasticNetSpec spec{.family = family, .alpha = 0.8, .lambdas = 6, .lambda_ratio = 1e-2};
    const auto one = fit_elastic_net(features, outcome, rows, spec);
    REQUIRE(one.nonzero.back() > 1);
    for (const int threads : {2, 3, 8}) {
      const auto more =
          fit_elastic_net(features, outcome, rows, spec, {}, {}, {.threads = threads});
      CHECK(more.coefficient == one.coefficient);
      CHECK(more.intercept == one.intercept);
      CHECK(more.lambda == one.lambda);
    }
  }
  CancelToken cancel;
  cancel.request();
  CHECK_THROWS_AS(fit_elastic_net(features, y, rows, {}, {}, {}, {.cancel = &cancel}), Cancelled);
}
