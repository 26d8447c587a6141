#include "engine/learn/rigorous_lasso.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/elastic_net.h"
#include "engine/learn/elastic_net_fit.h"
#include "engine/stats/groups.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/lengths.h"
#include "engine/stats/linear.h"

namespace impact {
namespace {

using detail::dot;
using detail::PathProblem;
using Eigen::Index;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kStartColumns = 5;

void require(bool fine, const char* what, const char* where, double got, const char* expected) {
  if (fine) return;
  throw ArgumentError(
      {.what = what, .where = where, .got = format_double(got), .expected = expected});
}

void check_level(const std::optional<double>& c, const std::optional<double>& gamma) {
  if (c) {
    require(*c > 0.0 && std::isfinite(*c), "the slack of a penalty is positive", "c", *c,
            "above 0, usually 1.1");
  }
  if (gamma) {
    require(*gamma > 0.0 && *gamma < 1.0, "gamma is a probability", "gamma", *gamma,
            "above 0, below 1");
  }
}

double usual_gamma(std::size_t units) {
  return 0.1 / std::log(static_cast<double>(std::max<std::size_t>(units, 3)));
}

// Phi^-1(1 - gamma / (2 p)).
double score_quantile(double gamma, std::size_t columns) {
  return -normal_quantile(0.5 * gamma / static_cast<double>(columns));
}

// One fit: rows with weights w of sum 1, the scores' weights n w, x and y centred.
class Fit {
 public:
  Fit(const FeatureColumns& features, std::span<const double> outcome,
      const RigorousLassoSpec& spec, StreamKey key, PathProblem& problem, RigorousLasso& model,
      const Context& context)
      : features_(features),
        outcome_(outcome),
        spec_(spec),
        key_(key),
        problem_(problem),
        model_(model),
        context_(context),
        n_(static_cast<double>(problem.rows.count())) {}

  void run() {
    const auto& rows = problem_.rows;
    const auto p = static_cast<std::size_t>(problem_.columns());
    if (!spec_.clusters.empty()) {
      std::vector<std::int32_t> codes;
      for (const auto row : rows.rows) codes.push_back(spec_.clusters[row]);
      groups_ = detail::group_rows(codes);
      model_.clusters = static_cast<std::int64_t>(groups_.count());
    }
    const bool clustered = spec_.loadings == LassoLoadings::kClustered;
    gamma_ = spec_.gamma.value_or(usual_gamma(clustered ? groups_.count() : rows.count()));
    c_ = spec_.c.value_or(spec_.post ? 1.1 : 0.5);
    model_.level = 2.0 * c_ * std::sqrt(n_) * score_quantile(gamma_, std::max<std::size_t>(p, 1));
    y_ = rows.y;
    if (spec_.intercept) y_.array() -= dot(rows.weight.data(), rows.y.data(), rows.count());
    const double spread = sd(y_);
    std::vector<std::size_t> none;
    least_squares(none);
    if (p == 0 || !(spread > 0.0)) {
      model_.converged = true;
      return finish(spread, {});
    }
    problem_.factor = start();
    const auto fitter = detail::gaussian_path(problem_, context_);
    double before = spread;
    std::vector<std::size_t> chosen;
    while (!model_.converged && model_.iterations < spec_.most_iterations) {
      context_.check();
      // In the units of the path: half the squares, and their mean.
      double lambda = model_.level / (2.0 * n_);
      if (model_.iterations == 0 && spec_.post) lambda *= 0.5;
      const auto point = fitter->fit(lambda, lambda, context_);
      ++model_.iterations;
      if (!point.converged) {
        model_.warnings.emplace_back("the lasso did not converge, so there are no coefficients");
        model_.intercept = kNaN;
        std::ranges::fill(model_.coefficient, kNaN);
        return;
      }
      chosen.clear();
      for (Index k = 0; k < point.b.rows(); ++k) {
        const std::size_t j = rows.varying[static_cast<std::size_t>(k)];
        model_.lasso_coefficient[j] = point.b(k, 0);
        if (point.b(k, 0) != 0.0) chosen.push_back(j);
      }
      if (spec_.post) {
        least_squares(chosen);
      } else {
        take(model_.lasso_coefficient);
      }
      if (chosen.empty()) {
        model_.converged = true;
        before = sd(residual_);
        break;
      }
      problem_.factor = loadings(residual_);
      const double now = sd(residual_);
      model_.converged = std::abs(now - before) < spec_.tolerance * spread;
      before = now;
    }
    if (!model_.converged) {
      model_.warnings.push_back(
          fmt::format("the loadings had not settled after {} fits", model_.iterations));
    }
    finish(before, chosen);
  }

 private:
  [[nodiscard]] double sd(const VectorXd& e) const {
    const auto& w = problem_.rows.weight;
    const double mean = dot(w.data(), e.data(), problem_.rows.count());
    const VectorXd centred = e.array() - mean;
    const VectorXd weighted = w.cwiseProduct(centred);
    return std::sqrt(dot(weighted.data(), centred.data(), problem_.rows.count()) * n_ /
                     std::max(n_ - 1.0, 1.0));
  }

  // Loadings from least squares on the columns that correlate most with the outcome.
  VectorXd start() {
    const auto& rows = problem_.rows;
    const VectorXd weighted = rows.weight.cwiseProduct(y_);
    std::vector<double> size(rows.varying.size());
    run_tasks(context_, size.size(), [&](std::size_t k) {
      const auto x = rows.x.col(static_cast<Index>(k));
      const double mean = dot(rows.weight.data(), x.data(), rows.count());
      const VectorXd centred = x.array() - mean;
      const VectorXd squares = rows.weight.cwiseProduct(centred);
      size[k] = std::abs(dot(weighted.data(), centred.data(), rows.count())) /
                std::sqrt(dot(squares.data(), centred.data(), rows.count()));
    });
    std::vector<std::size_t> order(size.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order,
                             [&](std::size_t a, std::size_t b) { return size[a] > size[b]; });
    order.resize(std::min(order.size(), kStartColumns));
    std::ranges::sort(order);
    std::vector<std::size_t> columns;
    for (const std::size_t k : order) columns.push_back(rows.varying[k]);
    least_squares(columns, true);
    return loadings(residual_);
  }

  // Coefficients and residuals of least squares on these columns. Columns that depend on earlier
  // ones have coefficient 0.
  void least_squares(const std::vector<std::size_t>& columns, bool with_intercept = false) {
    const auto& rows = problem_.rows;
    const bool intercept = spec_.intercept || with_intercept;
    std::vector<double> b(features_.columns, 0.0);
    double constant = 0.0;
    if (columns.empty()) {
      constant = intercept ? dot(rows.weight.data(), rows.y.data(), rows.count()) : 0.0;
    } else {
      const std::size_t n = rows.count();
      std::vector<double> x(intercept ? n : 0, 1.0), y, w;
      for (const std::size_t j : columns) {
        for (const auto row : rows.rows) x.push_back(features_.column(j)[row]);
      }
      for (std::size_t i = 0; i < n; ++i) y.push_back(outcome_[rows.rows[i]]);
      for (const double each : rows.unequal_weights()) w.push_back(each * n_);
      const std::size_t first = intercept ? 1 : 0;
      const LinearFit fit =
          linear({.x = x, .columns = columns.size() + first, .y = y, .weights = w},
                 {.se = SeType::kClassical, .explain = false}, context_);
      for (std::size_t k = 0; k < columns.size(); ++k) {
        const double value = fit.coefficient[k + first];
        b[columns[k]] = std::isnan(value) ? 0.0 : value;
      }
      if (intercept) constant = fit.coefficient[0];
    }
    take(b, constant);
  }

  void take(const std::vector<double>& b, std::optional<double> constant = {}) {
    const auto& rows = problem_.rows;
    residual_ = rows.y;
    for (std::size_t j = 0; j < b.size(); ++j) {
      if (b[j] == 0.0) continue;
      const auto x = features_.column(j);
      for (std::size_t i = 0; i < rows.count(); ++i) {
        residual_[static_cast<Index>(i)] -= b[j] * x[rows.rows[i]];
      }
    }
    model_.intercept = constant.value_or(
        spec_.intercept ? dot(rows.weight.data(), residual_.data(), rows.count()) : 0.0);
    residual_.array() -= model_.intercept;
    model_.coefficient = b;
  }

  // psi of the columns at these residuals; x_dependent: the level too.
  VectorXd loadings(const VectorXd& e) {
    const auto& rows = problem_.rows;
    VectorXd psi(problem_.columns());
    const VectorXd score = n_ * rows.weight.cwiseProduct(e);
    const double s = sd(e);
    run_tasks(context_, rows.varying.size(), [&](std::size_t k) {
      const auto x = rows.x.col(static_cast<Index>(k));
      double sum = 0.0;
      switch (spec_.loadings) {
        case LassoLoadings::kHeteroskedastic: {
          const VectorXd u = x.cwiseProduct(score);
          sum = dot(u.data(), u.data(), rows.count());
          break;
        }
        case LassoLoadings::kHomoskedastic: {
          const VectorXd u = n_ * rows.weight.cwiseProduct(x);
          sum = s * s * dot(u.data(), x.data(), rows.count());
          break;
        }
        case LassoLoadings::kClustered:
          for (std::size_t g = 0; g < groups_.count(); ++g) {
            double total = 0.0;
            for (const auto i : groups_[g]) total += x[i] * score[i];
            sum += total * total;
          }
          break;
      }
      psi[static_cast<Index>(k)] = std::sqrt(sum / n_);
    });
    if (spec_.x_dependent) model_.level = c_ * simulated(score, s, psi);
    return psi;
  }

  // The 1 - gamma quantile of max_j |2 sum_i x_ij e_i g_i| / psi_j.
  double simulated(const VectorXd& score, double s, const VectorXd& psi) {
    const auto& rows = problem_.rows;
    std::vector<double> largest(static_cast<std::size_t>(spec_.draws));
    const bool equal = spec_.loadings == LassoLoadings::kHomoskedastic;
    run_tasks(context_, largest.size(), [&](std::size_t draw) {
      Stream stream(key_, draw);
      VectorXd g(score.size());
      if (spec_.loadings == LassoLoadings::kClustered) {
        for (std::size_t c = 0; c < groups_.count(); ++c) {
          const double each = stream.normal();
          for (const auto i : groups_[c]) g[i] = each;
        }
      } else {
        for (Index i = 0; i < g.size(); ++i) g[i] = stream.normal();
      }
      for (Index i = 0; i < g.size(); ++i) {
        g[i] *= equal ? s * std::sqrt(n_ * rows.weight[i]) : score[i];
      }
      for (Index k = 0; k < psi.size(); ++k) {
        if (!(psi[k] > 0.0)) continue;
        const double sum = dot(rows.x.col(k).data(), g.data(), rows.count());
        largest[draw] = std::max(largest[draw], std::abs(2.0 * sum) / psi[k]);
      }
    });
    std::ranges::sort(largest);
    const double at = (1.0 - gamma_) * static_cast<double>(largest.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const double high = largest[std::min(low + 1, largest.size() - 1)];
    return largest[low] + (at - static_cast<double>(low)) * (high - largest[low]);
  }

  void finish(double residual_sd, const std::vector<std::size_t>& chosen) {
    model_.selected = chosen;
    model_.residual_sd = residual_sd;
    for (std::size_t k = 0; k < problem_.rows.varying.size() && problem_.factor.size() > 0; ++k) {
      model_.loadings[problem_.rows.varying[k]] = problem_.factor[static_cast<Index>(k)];
    }
  }

  const FeatureColumns& features_;
  std::span<const double> outcome_;
  const RigorousLassoSpec& spec_;
  StreamKey key_;
  PathProblem& problem_;
  RigorousLasso& model_;
  const Context& context_;
  double n_;
  double gamma_ = kNaN;
  double c_ = kNaN;
  detail::Groups groups_;
  VectorXd y_, residual_;
};

FittedModel fitted(const FeatureColumns& features, RigorousLasso model) {
  FittedModel result;
  result.warnings = model.warnings;
  result.predict = [features, kept = std::make_shared<const RigorousLasso>(std::move(model))](
                       std::span<const std::uint32_t> asked, std::span<double> prediction) {
    kept->predict(features, asked, prediction);
  };
  return result;
}

}  // namespace

RigorousLasso fit_rigorous_lasso(const FeatureColumns& features, std::span<const double> outcome,
                                 std::span<const std::uint32_t> rows, const RigorousLassoSpec& spec,
                                 std::span<const double> weights, StreamKey key,
                                 const Context& context) {
  check_level(spec.c, spec.gamma);
  require(spec.draws >= 1, "a quantile needs draws", "draws", spec.draws, "1 or more");
  require(spec.most_iterations >= 1, "a fit is needed", "most_iterations", spec.most_iterations,
          "1 or more");
  require(spec.tolerance >= 0.0, "a tolerance is not negative", "tolerance", spec.tolerance,
          "0 or more");
  if ((spec.loadings == LassoLoadings::kClustered) == spec.clusters.empty() && !outcome.empty()) {
    throw ArgumentError({.what = "clusters and clustered loadings belong together",
                         .where = "clusters",
                         .got = spec.clusters.empty() ? "no clusters" : "clusters"});
  }
  require_optional_length("clusters", spec.clusters.size(), outcome.size());
  // A missing cluster is a missing number.
  std::vector<double> complete(outcome.begin(), outcome.end());
  for (std::size_t i = 0; i < spec.clusters.size(); ++i) {
    if (spec.clusters[i] < 0) complete[i] = kNaN;
  }
  PathProblem problem;
  problem.spec.tolerance = 1e-14;
  problem.spec.intercept = spec.intercept;
  problem.rows = detail::penalised_rows(features, complete, rows, weights, {},
                                        {.centre = spec.intercept, .standardise = false}, context);
  problem.lower = VectorXd::Constant(problem.columns(), -kInfinity);
  problem.upper = VectorXd::Constant(problem.columns(), kInfinity);
  RigorousLasso model;
  model.warnings = problem.rows.warnings;
  model.n = static_cast<std::int64_t>(problem.rows.count());
  model.coefficient.assign(features.columns, 0.0);
  model.lasso_coefficient.assign(features.columns, 0.0);
  model.loadings.assign(features.columns, kNaN);
  if (model.n > 0) Fit(features, complete, spec, key, problem, model, context).run();
  return model;
}

RigorousLasso fit_rigorous_logit(const FeatureColumns& features, std::span<const double> outcome,
                                 std::span<const std::uint32_t> rows, const RigorousLogitSpec& spec,
                                 std::span<const double> weights, const Context& context) {
  check_level(spec.c, spec.gamma);
  const auto usable = detail::penalised_rows(features, outcome, rows, weights, {}, {}, context);
  RigorousLasso model;
  model.logistic = true;
  model.n = static_cast<std::int64_t>(usable.count());
  model.coefficient.assign(features.columns, 0.0);
  model.lasso_coefficient.assign(features.columns, 0.0);
  model.loadings = usable.scale;
  model.iterations = 1;
  const double n = static_cast<double>(model.n);
  const double gamma = spec.gamma.value_or(usual_gamma(usable.count()));
  model.level = 0.5 * spec.c.value_or(spec.post ? 1.1 : 0.5) * std::sqrt(n) *
                score_quantile(gamma, std::max<std::size_t>(usable.varying.size(), 1));
  ElasticNetSpec net{.family = ElasticNetFamily::kBinomial,
                     .lambda = {model.n > 0 ? model.level / (2.0 * n) : 0.0},
                     .intercept = spec.intercept,
                     .tolerance = 1e-14};
  const auto take = [&](const ElasticNetPath& path) {
    model.intercept = path.intercept[0];
    std::ranges::copy(path.coefficients(0), model.coefficient.begin());
    model.converged = !std::isnan(path.deviance_ratio[0]);
    for (const auto& warning : path.warnings) {
      if (std::ranges::find(model.warnings, warning) == model.warnings.end()) {
        model.warnings.push_back(warning);
      }
    }
  };
  const auto lasso = fit_elastic_net(features, outcome, rows, net, weights, {}, context);
  if (lasso.size() == 0) {
    model.warnings = lasso.warnings;
    return model;
  }
  take(lasso);
  // An outcome of one value has no deviance to explain, and that is no failure.
  if (lasso.null_deviance == 0.0) model.converged = true;
  model.lasso_coefficient = model.coefficient;
  for (std::size_t j = 0; j < features.columns; ++j) {
    if (model.coefficient[j] != 0.0 && !std::isnan(model.coefficient[j])) {
      model.selected.push_back(j);
    }
  }
  if (spec.post && !model.selected.empty()) {
    net.lambda = {0.0};
    net.penalty_factor.assign(features.columns, kInfinity);
    for (const std::size_t j : model.selected) net.penalty_factor[j] = 0.0;
    // The rows of the lasso, also where a column that it left out misses a number.
    ElasticNetPath post =
        fit_elastic_net(features, outcome, usable.rows, net, weights, {}, context);
    if (std::isnan(post.deviance_ratio[0])) {
      // The penalty that this fit lacks is no option of the caller: the lasso's coefficients are.
      post.warnings = {fmt::format(
          "the columns that were selected separate the classes, so that coefficients without a "
          "penalty do not exist: {}; post = false keeps the lasso's, which are finite",
          detail::feature_names(features, model.selected))};
    }
    take(post);
  }
  if (!model.converged) return model;
  std::vector<double> residual(usable.count());
  model.predict(features, usable.rows, residual);
  double mean = 0.0;
  for (std::size_t i = 0; i < residual.size(); ++i) {
    residual[i] = outcome[usable.rows[i]] - residual[i];
    mean += usable.weight[static_cast<Index>(i)] * residual[i];
  }
  double squares = 0.0;
  for (std::size_t i = 0; i < residual.size(); ++i) {
    squares += usable.weight[static_cast<Index>(i)] * (residual[i] - mean) * (residual[i] - mean);
  }
  model.residual_sd = std::sqrt(squares * n / std::max(n - 1.0, 1.0));
  return model;
}

Learner rigorous_lasso_learner(const FeatureColumns& features, std::span<const double> outcome,
                               const RigorousLassoSpec& spec, std::span<const double> weights) {
  return [=](std::span<const std::uint32_t> rows, StreamKey key, const Context& context) {
    return fitted(features,
                  fit_rigorous_lasso(features, outcome, rows, spec, weights, key, context));
  };
}

Learner rigorous_logit_learner(const FeatureColumns& features, std::span<const double> outcome,
                               const RigorousLogitSpec& spec, std::span<const double> weights) {
  return [=](std::span<const std::uint32_t> rows, StreamKey, const Context& context) {
    return fitted(features, fit_rigorous_logit(features, outcome, rows, spec, weights, context));
  };
}

void RigorousLasso::predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                            std::span<double> out) const {
  const ElasticNetModel model{
      .family = logistic ? ElasticNetFamily::kBinomial : ElasticNetFamily::kGaussian,
      .intercept = {intercept},
      .coefficient = coefficient};
  model.predict(features, rows, out);
}

}  // namespace impact
