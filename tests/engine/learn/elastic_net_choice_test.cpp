#include "engine/learn/elastic_net_choice.h"

#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/learn/ridge.h"
#include "engine/stats/linear.h"
#include "tests/engine/learn/learn_reference.h"
#include "tests/engine/learn/penalised_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Folds in_turn(std::size_t n, int folds) {
  Folds result{.rows = n, .folds = folds, .repeats = 1};
  for (std::size_t i = 0; i < n; ++i) {
    result.fold.push_back(static_cast<std::int32_t>(i % static_cast<std::size_t>(folds)));
  }
  return result;
}

ElasticNetSpec twenty(ElasticNetFamily family) {
  ElasticNetSpec spec{.family = family, .tolerance = 1e-20};
  for (int k = 0; k < 20; ++k) spec.lambda.push_back(std::exp(k / 19.0 * std::log(0.002)));
  return spec;
}

}  // namespace

TEST_CASE("elastic net: lambda by folds, as cv.glmnet", "[learn][penalised]") {
  const PenalisedSample s;
  const Folds folds = in_turn(s.n, 5);
  const auto agree_choice = [](const LambdaChoice& choice, const std::string& name) {
    CHECK(choice.warnings.empty());
    near_peer(choice.best, name, "min");
    near_peer(choice.one_se, name, "se1");
    for (std::size_t k = 0; k < 20; ++k) {
      near_peer(choice.value[k], name, "cvm" + std::to_string(k + 1));
      near_peer(choice.std_error[k], name, "cvsd" + std::to_string(k + 1));
    }
  };
  const auto gaussian = twenty(ElasticNetFamily::kGaussian);
  agree_choice(choose_by_folds(s.features, s.gaussian, s.rows, folds, gaussian), "cv_g");
  agree_choice(choose_by_folds(s.features, s.gaussian, s.rows, folds, gaussian, s.weights),
               "cv_g_weights");
  agree_choice(
      choose_by_folds(s.features, s.binomial, s.rows, folds, twenty(ElasticNetFamily::kBinomial)),
      "cv_b");
  agree_choice(
      choose_by_folds(s.features, s.poisson, s.rows, folds, twenty(ElasticNetFamily::kPoisson)),
      "cv_p");
  // Threads, and a grid of its own.
  const auto one = choose_by_folds(s.features, s.classes, s.rows, folds,
                                   {.family = ElasticNetFamily::kMultinomial, .lambdas = 10});
  CHECK(one.one_se >= one.best);
  for (const int threads : {2, 3, 8}) {
    const auto more = choose_by_folds(s.features, s.classes, s.rows, folds,
                                      {.family = ElasticNetFamily::kMultinomial, .lambdas = 10}, {},
                                      {}, {.threads = threads});
    CHECK(more.value == one.value);
    CHECK(more.best == one.best);
  }
  CHECK_THROWS_AS(choose_by_folds(s.features, s.gaussian, s.rows, in_turn(7, 3)), ArgumentError);
}

TEST_CASE("elastic net: lambda by information criteria", "[learn][penalised]") {
  const PenalisedSample s;
  const auto path = fit_elastic_net(s.features, s.gaussian, s.rows);
  const auto n = static_cast<double>(s.n);
  const auto bic = choose_by_criterion(path, InformationCriterion::kBic);
  const auto aic = choose_by_criterion(path, InformationCriterion::kAic);
  const auto aicc = choose_by_criterion(path, InformationCriterion::kAicc);
  const auto ebic = choose_by_criterion(path, InformationCriterion::kEbic);
  const double rss = path.null_deviance * (1.0 - path.deviance_ratio[10]);
  const auto used = static_cast<double>(path.nonzero[10]);
  const double fit = n * std::log(rss / n);
  CHECK(aic.value[10] == Approx(fit + 2.0 * (used + 2.0)).epsilon(1e-12));
  CHECK(bic.value[10] == Approx(fit + std::log(n) * (used + 2.0)).epsilon(1e-12));
  CHECK(
      aicc.value[10] ==
      Approx(aic.value[10] + 2.0 * (used + 2.0) * (used + 3.0) / (n - used - 3.0)).epsilon(1e-12));
  double ways = 1.0;  // binomial(8, used)
  for (int k = 0; k < static_cast<int>(used); ++k) ways *= (8.0 - k) / (k + 1.0);
  CHECK(ebic.value[10] == Approx(bic.value[10] + 2.0 * std::log(ways)).epsilon(1e-12));
  CHECK(ebic.best >= bic.best);
  CHECK(bic.best >= aic.best);
  const auto grouped =
      fit_elastic_net(s.features, s.classes, s.rows,
                      {.family = ElasticNetFamily::kMultinomial, .lambdas = 5, .grouped = true});
  const auto none = choose_by_criterion(grouped, InformationCriterion::kBic);
  CHECK(std::isnan(none.best));
  CHECK(warned(none, "degrees of freedom"));
}

TEST_CASE("elastic net as a learner", "[learn][penalised]") {
  const PenalisedSample s;
  const StreamKey key = StreamKey::root(3);
  const Folds folds = draw_folds(s.n, {.folds = 4}, key);
  const auto learner = elastic_net_learner(s.features, s.gaussian);
  const auto one = out_of_fold(folds, learner, key);
  double squares = 0.0, spread = 0.0, mean = 0.0;
  for (const double y : s.gaussian) mean += y / static_cast<double>(s.n);
  for (std::size_t i = 0; i < s.n; ++i) {
    squares += std::pow(s.gaussian[i] - one.prediction[i], 2);
    spread += std::pow(s.gaussian[i] - mean, 2);
  }
  CHECK(squares < 0.5 * spread);
  CHECK(out_of_fold(folds, learner, key, {.threads = 3}).prediction == one.prediction);
  CHECK_THROWS_AS(
      elastic_net_learner(s.features, s.classes, {.family = ElasticNetFamily::kMultinomial}),
      ArgumentError);
}

TEST_CASE("ridge in closed form", "[learn][penalised]") {
  const PenalisedSample s;
  const std::vector<double> lambda = {0.5, 0.05, 0.001};
  for (const bool standardise : {true, false}) {
    for (const bool intercept : {true, false}) {
      const auto closed = fit_ridge(
          s.features, s.gaussian, s.rows,
          {.lambda = lambda, .standardise = standardise, .intercept = intercept}, s.weights);
      ElasticNetSpec spec{.alpha = 0.0, .lambda = lambda, .tolerance = 1e-20};
      spec.standardise = standardise;
      spec.intercept = intercept;
      const auto path = fit_elastic_net(s.features, s.gaussian, s.rows, spec, s.weights);
      for (std::size_t i = 0; i < closed.coefficient.size(); ++i) {
        CHECK(closed.coefficient[i] == Approx(path.coefficient[i]).epsilon(1e-10));
      }
      for (std::size_t k = 0; k < 3; ++k) {
        CHECK(closed.intercept[k] == Approx(path.intercept[k]).margin(1e-10));
        CHECK(closed.df[k] == Approx(path.df[k]).epsilon(1e-10));
        CHECK(closed.deviance_ratio[k] == Approx(path.deviance_ratio[k]).epsilon(1e-10));
      }
    }
  }
  // Nothing to pay: least squares.
  const auto free = fit_ridge(s.features, s.gaussian, s.rows, {.lambda = {0.0}});
  std::vector<double> x(s.n, 1.0);
  x.insert(x.end(), s.features.x.begin(), s.features.x.end());
  const LinearFit ordinary = linear({.x = x, .columns = 9, .y = s.gaussian});
  for (std::size_t j = 0; j < 8; ++j) {
    CHECK(free.coefficient[j] == Approx(ordinary.coefficient[j + 1]).epsilon(1e-9));
  }
  CHECK(free.df[0] == Approx(8.0).epsilon(1e-12));
  near_peer(fit_ridge(s.features, s.gaussian, s.rows, {.lambda = {0.05}, .standardise = false})
                .coefficient[0],
            "sk_ridge", "b1");

  // More columns than rows: by the products of rows.
  const auto cells = read_columns("penalised_wide.txt", 61);
  const FeatureColumns wide = {.x = std::span(cells).first(60 * 40), .columns = 60};
  const auto y = std::span(cells).subspan(60 * 40);
  const auto dual = fit_ridge(wide, y, PenalisedSample::all(40), {.lambda = {0.3}});
  const auto path = fit_elastic_net(wide, y, PenalisedSample::all(40),
                                    {.alpha = 0.0, .lambda = {0.3}, .tolerance = 1e-20});
  for (std::size_t j = 0; j < 60; ++j) {
    CHECK(dual.coefficient[j] == Approx(path.coefficient[j]).margin(1e-11));
  }
  CHECK(dual.df[0] == Approx(path.df[0]).epsilon(1e-9));
  CHECK_THROWS_AS(fit_ridge(wide, y, PenalisedSample::all(40), {.lambda = {kNaN}}), ArgumentError);
}
