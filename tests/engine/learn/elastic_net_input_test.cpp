#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/learn/elastic_net.h"
#include "tests/engine/learn/learn_reference.h"
#include "tests/engine/learn/penalised_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("elastic net: data that teach little or nothing", "[learn][penalised]") {
  const PenalisedSample s;
  std::vector<double> x(s.features.x.begin(), s.features.x.end());
  std::vector<double> y(s.gaussian.begin(), s.gaussian.end());
  const FeatureColumns features = {.x = x, .columns = 8};
  std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(2 * s.n), s.n, 4.0);
  x[0] = kNaN;
  x[1] = kInfinity;
  y[2] = kNaN;
  const auto path = fit_elastic_net(features, y, s.rows, {.lambda = {0.01}});
  CHECK(path.n == static_cast<std::int64_t>(s.n) - 3);
  CHECK(warned(path, "column 3"));
  CHECK(warned(path, "2 rows were left out because a value is missing"));
  CHECK(warned(path, "1 row was left out because a number is infinite"));
  CHECK(path.coefficients(0)[2] == 0.0);
  CHECK(std::isnan(path.scale[2]));

  // Of weight 0: the same as not there.
  std::vector<double> w(s.n, 2.0);
  w[0] = w[1] = w[2] = 0.0;
  const auto weighted = fit_elastic_net(features, y, s.rows, {.lambda = {0.01}}, w);
  CHECK(weighted.coefficient[0] == Approx(path.coefficient[0]).epsilon(1e-12));
  w[5] = -1.0;
  CHECK_THROWS_AS(fit_elastic_net(features, y, s.rows, {}, w), ArgumentError);

  const std::vector<double> zeros(s.n, 0.0);
  const auto none = fit_elastic_net(s.features, zeros, s.rows, {});
  CHECK(none.size() == 1);
  CHECK(none.intercept[0] == 0.0);
  CHECK(none.nonzero[0] == 0);
  CHECK_FALSE(none.warnings.empty());
  for (const auto family :
       {ElasticNetFamily::kBinomial, ElasticNetFamily::kPoisson, ElasticNetFamily::kMultinomial}) {
    const auto one = fit_elastic_net(s.features, zeros, s.rows, {.family = family});
    CHECK(warned(one, "the same in all training rows"));
    std::vector<double> mean(s.n);
    elastic_net_at(one, 0.1).predict(s.features, s.rows, mean);
    CHECK(mean[3] == (family == ElasticNetFamily::kMultinomial ? 1.0 : 0.0));
  }
  const auto empty = fit_elastic_net(s.features, s.gaussian, {}, {});
  CHECK(empty.size() == 0);
  CHECK(warned(empty, "no row"));

  // A class without rows is never predicted.
  const auto two = fit_elastic_net(s.features, s.binomial, s.rows,
                                   {.family = ElasticNetFamily::kMultinomial, .classes = 3});
  CHECK(warned(two, "1 of 3 classes"));
  std::vector<double> share(3 * s.n);
  elastic_net_at(two, 0.01).predict(s.features, s.rows, share);
  CHECK(share[2 * s.n] == 0.0);
  CHECK(share[0] + share[s.n] == Approx(1.0));
}

TEST_CASE("elastic net: classes that a column separates", "[learn][penalised]") {
  std::vector<double> x, y;
  for (int i = 0; i < 40; ++i) {
    x.push_back(i);
    y.push_back(i >= 20 ? 1.0 : 0.0);
  }
  const FeatureColumns features = {.x = x, .columns = 1};
  const auto rows = PenalisedSample::all(40);
  for (const auto family : {ElasticNetFamily::kBinomial, ElasticNetFamily::kMultinomial}) {
    const auto open = fit_elastic_net(features, y, rows, {.family = family, .lambda = {0.01, 0.0}});
    CHECK(std::isfinite(open.coefficient[0]));
    CHECK(std::isnan(open.coefficient[open.outputs]));
    CHECK(std::isnan(open.intercept[open.outputs]));
    CHECK(std::isnan(open.deviance_ratio[1]));
    CHECK(warned(open, "did not converge"));
    // A grid ends before.
    const auto grid = fit_elastic_net(features, y, rows, {.family = family});
    CHECK(grid.warnings.empty());
    CHECK(std::isfinite(grid.coefficient.back()));
    CHECK(grid.deviance_ratio.back() > 0.99);
  }
}

TEST_CASE("elastic net: options out of range", "[learn][penalised]") {
  const PenalisedSample s;
  const auto refused = [&](const ElasticNetSpec& spec) {
    CHECK_THROWS_AS(fit_elastic_net(s.features, s.binomial, s.rows, spec), ArgumentError);
  };
  refused({.alpha = 1.5});
  refused({.lambda = {-1.0}});
  refused({.lambda = {kNaN}});
  refused({.lambdas = 0});
  refused({.lambda_ratio = 1.0});
  refused({.penalty_factor = {1.0}});
  refused({.penalty_factor = {1, 1, 1, 1, 1, 1, 1, -1}});
  refused({.lower = std::vector<double>(8, 0.5)});
  refused({.upper = std::vector<double>(8, -0.5)});
  refused({.tolerance = 0.0});
  refused({.family = ElasticNetFamily::kMultinomial, .classes = 1});
  CHECK_THROWS_AS(
      fit_elastic_net(s.features, s.gaussian, s.rows, {.family = ElasticNetFamily::kPoisson}),
      ArgumentError);
  CHECK_THROWS_AS(
      fit_elastic_net(s.features, s.gaussian, s.rows, {.family = ElasticNetFamily::kBinomial}),
      ArgumentError);
  CHECK_THROWS_AS(fit_elastic_net(s.features, s.gaussian, std::vector<std::uint32_t>{500}, {}),
                  ArgumentError);
  CHECK_THROWS_AS(fit_elastic_net(s.features, s.gaussian.first(5), s.rows, {}), ArgumentError);
}
