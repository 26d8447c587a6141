#include "engine/stats/quantile_regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <Eigen/Cholesky>

#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/groups.h"
#include "engine/stats/inference.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/lengths.h"
#include "engine/stats/quantile_descent.h"
#include "engine/stats/regression_rows.h"
#include "engine/stats/row_states.h"

namespace impact {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<std::string_view, 4> kSeNames = {"iid", "nid", "kernel", "bootstrap"};
// Residuals below this part of the largest outcome are those of the plane's own rows.
constexpr double kOnPlane = 1e-11;

void check(const QuantileData& data, const QuantileSpec& spec) {
  if (!(spec.tau > 0.0 && spec.tau < 1.0)) {
    throw ArgumentError({.what = "a quantile lies between 0 and 1",
                         .where = "tau",
                         .got = format_double(spec.tau),
                         .expected = "for example 0.5"});
  }
  if (spec.se == QuantileSe::kBootstrap && spec.draws < 2) {
    throw ArgumentError({.what = "a bootstrap needs two draws or more",
                         .where = "draws",
                         .got = std::to_string(spec.draws),
                         .expected = "for example 500"});
  }
  if (spec.se != QuantileSe::kBootstrap && !data.clusters.empty()) {
    throw ArgumentError(
        {.what = fmt::format("{} errors ignore clusters", quantile_se_name(spec.se)),
         .where = "se",
         .got = std::string(quantile_se_name(spec.se)),
         .expected = "bootstrap, or no clusters"});
  }
}

// The rows times their weights (w |e| = |w e|), and orthogonal combinations q of the columns with
// mean square 1: coefficients of the columns as given are contrast' gamma.
struct Problem {
  detail::RegressionRows rows = {};
  std::vector<double> q = {};
  MatrixXd contrast = {};

  [[nodiscard]] detail::QuantileProblem at(double tau, const double* weights = nullptr) const {
    return {.rows = rows.count(),
            .columns = rows.columns,
            .q = q.data(),
            .y = rows.y.data(),
            .weights = weights,
            .tau = tau};
  }
  [[nodiscard]] std::vector<double> fitted(const VectorXd& gamma) const {
    std::vector<double> result(rows.count(), 0.0);
    for (std::size_t k = 0; k < rows.columns; ++k) {
      const double* column = q.data() + k * rows.count();
      for (std::size_t i = 0; i < result.size(); ++i) {
        result[i] += gamma[static_cast<Index>(k)] * column[i];
      }
    }
    return result;
  }
};

void weigh(detail::RegressionRows& rows) {
  if (rows.weights.empty()) return;
  std::vector<double> x(rows.x.begin(), rows.x.end());
  std::vector<double> y(rows.y.begin(), rows.y.end());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= rows.weights[i % rows.count()];
  for (std::size_t i = 0; i < y.size(); ++i) y[i] *= rows.weights[i];
  rows.own_x = std::move(x);
  rows.own_y = std::move(y);
  rows.x = rows.own_x;
  rows.y = rows.own_y;
  rows.weights = {};
}

void orthogonalise(Problem& problem, const Context& context) {
  const detail::RegressionRows& rows = problem.rows;
  detail::Model model{
      .rows = rows.count(), .columns = rows.columns, .x = rows.x.data(), .y = rows.y.data()};
  detail::centre(model, context);
  const detail::Solution solution = detail::solve(model, context);
  const auto k = static_cast<Index>(rows.columns);
  const auto n = static_cast<Index>(rows.count());
  const double root_n = std::sqrt(static_cast<double>(n));
  const MatrixXd triangle = Eigen::Map<const MatrixXd>(solution.triangle.data(), k, k) / root_n;
  problem.contrast = Eigen::Map<const MatrixXd>(solution.contrast.data(), k, k) * root_n;
  problem.q.assign(rows.x.begin(), rows.x.end());
  for_chunks(context, rows.count(), kChunkRows, [&](std::size_t begin, std::size_t end) {
    MatrixXd block(static_cast<Index>(end - begin), k);
    for (std::size_t c = 0; c < rows.columns; ++c) {
      for (std::size_t i = begin; i < end; ++i) {
        block(static_cast<Index>(i - begin), static_cast<Index>(c)) =
            rows.x[c * rows.count() + i] - model.shift[c];
      }
    }
    triangle.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(block);
    for (std::size_t c = 0; c < rows.columns; ++c) {
      const double* from = block.col(static_cast<Index>(c)).data();
      std::copy(from, from + (end - begin), problem.q.data() + c * rows.count() + begin);
    }
  });
}

// Hall & Sheather (1988): n^(-1/3) z^(2/3) (1.5 phi(x)^2 / (2 x^2 + 1))^(1/3), x = Phi^-1(tau), z
// the normal quantile of level 0.05.
double bandwidth(double tau, double n) {
  const double x = normal_quantile(tau);
  const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
  const double z = normal_quantile(0.975);
  return std::cbrt(1.5 * density * density / (2.0 * x * x + 1.0) * z * z / n);
}

// Halved until tau -+ h lies within (0, 1).
double inner_bandwidth(double tau, double n) {
  double h = bandwidth(tau, n);
  while (tau - h < 0.0 || tau + h > 1.0) h *= 0.5;
  return h;
}

// Slope of the median regression of the central residuals on their ranks / (n - k).
double sparsity(const std::vector<double>& residual, double tau, double largest, std::size_t k,
                const Context& context) {
  const std::size_t n = residual.size();
  std::vector<double> order = residual;
  std::ranges::sort(order, [](double a, double b) { return std::abs(a) < std::abs(b); });
  const auto on_plane = static_cast<std::size_t>(
      std::ranges::count_if(order, [&](double e) { return std::abs(e) < kOnPlane * largest; }));
  const auto width =
      std::max(static_cast<double>(k + 1),
               std::ceil(static_cast<double>(n) * bandwidth(tau, static_cast<double>(n))));
  const std::size_t end = std::min(n, on_plane + static_cast<std::size_t>(width) + 1);
  if (end < on_plane + 3) return kNaN;
  std::vector<double> central(order.begin() + static_cast<std::ptrdiff_t>(on_plane),
                              order.begin() + static_cast<std::ptrdiff_t>(end));
  std::ranges::sort(central);
  std::vector<double> x(central.size(), 1.0);
  for (std::size_t i = 0; i < central.size(); ++i) {
    x.push_back(static_cast<double>(on_plane + 1 + i) / static_cast<double>(n - k));
  }
  Problem problem;
  problem.rows.columns = 2;
  problem.rows.x = x;
  problem.rows.y = central;
  orthogonalise(problem, context);
  const detail::QuantileVertex line = detail::best_vertex(problem.at(0.5), nullptr, context);
  return (problem.contrast.transpose() * line.gamma)[1];
}

// tau (1 - tau) H^-1 (n I) H^-1 with H = sum f q q'.
MatrixXd density_sandwich(const Problem& problem, const std::vector<double>& density, double tau) {
  const auto n = static_cast<Index>(problem.rows.count());
  const auto k = static_cast<Index>(problem.rows.columns);
  const Eigen::Map<const MatrixXd> q(problem.q.data(), n, k);
  MatrixXd h = MatrixXd::Zero(k, k);
  for (Index a = 0; a < k; ++a) {
    for (Index b = a; b < k; ++b) {
      double sum = 0.0;
      for (Index i = 0; i < n; ++i) sum += density[static_cast<std::size_t>(i)] * q(i, a) * q(i, b);
      h(a, b) = h(b, a) = sum;
    }
  }
  const Eigen::LLT<MatrixXd> factor(h);
  if (factor.info() != Eigen::Success) return MatrixXd::Constant(k, k, kNaN);
  const MatrixXd inverse = factor.solve(MatrixXd::Identity(k, k));
  return tau * (1.0 - tau) * static_cast<double>(n) * inverse * inverse;
}

// f_i = 2h / x_i'(b(tau + h) - b(tau - h)).
MatrixXd nid_covariance(const Problem& problem, const VectorXd& gamma, double tau,
                        std::vector<std::string>& warnings, const Context& context) {
  const double h = inner_bandwidth(tau, static_cast<double>(problem.rows.count()));
  const VectorXd high = detail::best_vertex(problem.at(tau + h), &gamma, context).gamma;
  const VectorXd low = detail::best_vertex(problem.at(tau - h), &gamma, context).gamma;
  std::vector<double> density = problem.fitted(high - low);
  double largest = 0.0;
  for (const double y : problem.rows.y) largest = std::max(largest, std::abs(y));
  std::int64_t crossed = 0;
  for (double& f : density) {
    crossed += f <= 0.0 ? 1 : 0;
    f = f > kOnPlane * largest ? 2.0 * h / f : 0.0;
  }
  if (crossed > 0) {
    warnings.push_back(fmt::format(
        "the fitted quantiles around {} cross in {} row(s), which count nothing in the errors", tau,
        crossed));
  }
  return density_sandwich(problem, density, tau);
}

// Normal kernel with bandwidth (Phi^-1(tau + h) - Phi^-1(tau - h)) min(sd, IQR / 1.34).
MatrixXd kernel_covariance(const Problem& problem, const std::vector<double>& residual,
                           double tau) {
  const auto n = static_cast<double>(residual.size());
  double mean = 0.0;
  for (const double e : residual) mean += e;
  mean /= n;
  double squares = 0.0;
  for (const double e : residual) squares += (e - mean) * (e - mean);
  std::vector<double> sorted = residual;
  std::ranges::sort(sorted);
  const auto quantile = [&](double p) {
    const double at = p * (n - 1.0);
    const auto low = static_cast<std::size_t>(at);
    const std::size_t high = std::min(low + 1, sorted.size() - 1);
    return sorted[low] + (at - std::floor(at)) * (sorted[high] - sorted[low]);
  };
  const double h = inner_bandwidth(tau, n);
  const double width =
      (normal_quantile(tau + h) - normal_quantile(tau - h)) *
      std::min(std::sqrt(squares / (n - 1.0)), (quantile(0.75) - quantile(0.25)) / 1.34);
  std::vector<double> density;
  for (const double e : residual) {
    const double z = e / width;
    density.push_back(std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi) / width);
  }
  return density_sandwich(problem, density, tau);
}

// Covariance of gamma over draws of rows or clusters; a drawn row counts as often as it is drawn.
MatrixXd bootstrap_covariance(const Problem& problem, const VectorXd& gamma,
                              const QuantileSpec& spec, std::vector<std::string>& warnings,
                              const Context& context) {
  const std::size_t n = problem.rows.count();
  const detail::Groups groups = detail::group_rows(problem.rows.clusters);
  const std::size_t units = problem.rows.clusters.empty() ? n : groups.count();
  const StreamKey key = spec.key.child("quantile_regression");
  std::vector<VectorXd> drawn(static_cast<std::size_t>(spec.draws));
  run_tasks(context, drawn.size(), [&](std::size_t draw) {
    Stream stream(key, draw);
    std::vector<double> counts(n, 0.0);
    for (std::size_t i = 0; i < units; ++i) {
      const auto unit = static_cast<std::size_t>(stream.below(units));
      if (problem.rows.clusters.empty()) {
        counts[unit] += 1.0;
      } else {
        for (const std::uint32_t row : groups[unit]) counts[row] += 1.0;
      }
    }
    drawn[draw] =
        detail::best_vertex(problem.at(spec.tau, counts.data()), &gamma, {.cancel = context.cancel})
            .gamma;
  });
  const std::int64_t failed =
      std::ranges::count_if(drawn, [](const VectorXd& g) { return g.size() == 0; });
  std::erase_if(drawn, [](const VectorXd& g) { return g.size() == 0; });
  if (failed > 0) {
    warnings.push_back(
        fmt::format("{} bootstrap draw(s) did not determine every coefficient: left out", failed));
  }
  const Index k = gamma.size();
  if (drawn.size() < 2) return MatrixXd::Constant(k, k, kNaN);
  VectorXd mean = VectorXd::Zero(k);
  for (const VectorXd& g : drawn) mean += g;
  mean /= static_cast<double>(drawn.size());
  MatrixXd sum = MatrixXd::Zero(k, k);
  for (const VectorXd& g : drawn) sum += (g - mean) * (g - mean).transpose();
  return sum / static_cast<double>(drawn.size() - 1);
}

}  // namespace

std::string_view quantile_se_name(QuantileSe se) { return kSeNames[static_cast<std::size_t>(se)]; }

QuantileSe parse_quantile_se(std::string_view name) {
  return parse_choice<QuantileSe>(kSeNames, name, "kind of standard error of a quantile regression",
                                  "se");
}

QuantileFit quantile_regression(const QuantileData& data, const QuantileSpec& spec,
                                const Context& context) {
  check(data, spec);
  Problem problem{.rows = detail::regression_rows({.x = data.x,
                                                   .columns = data.columns,
                                                   .y = data.y,
                                                   .weights = data.weights,
                                                   .clusters = data.clusters,
                                                   .names = data.names})};
  detail::RegressionRows& rows = problem.rows;
  QuantileFit fit;
  fit.tau = spec.tau;
  fit.se = spec.se;
  fit.n = static_cast<std::int64_t>(rows.count());
  fit.coefficient.assign(data.columns, kNaN);
  fit.std_error.assign(data.columns, kNaN);
  fit.covariance.assign(data.columns * data.columns, kNaN);
  std::vector<std::string> warnings;
  detail::warn_left_out(warnings, rows.missing, rows.infinite);
  const auto done = [&]() -> QuantileFit& {
    if (spec.explain) fit.warnings = std::move(warnings);
    return fit;
  };
  if (rows.count() == 0 || data.columns == 0) {
    warnings.emplace_back(rows.count() == 0 ? "no row is left to fit" : "no column to fit");
    return std::move(done());
  }
  weigh(rows);
  const detail::IndependentColumns independent = detail::independent_columns(rows, context);
  const std::vector<std::size_t>& kept = independent.kept;
  for (std::size_t k = 0; k < data.columns; ++k) {
    if (std::ranges::find(kept, k) == kept.end()) fit.dropped.push_back(k);
  }
  if (!fit.dropped.empty()) {
    rows.keep(std::vector<std::uint8_t>(rows.count(), 1), kept);
    warnings.push_back(fmt::format("{} left out: linear combination(s) of earlier columns",
                                   detail::column_words(data.names, fit.dropped)));
  }
  detail::warn_almost_dependent(warnings, data.names, independent);
  fit.rank = static_cast<std::int64_t>(rows.columns);
  if (rows.columns == 0) return std::move(done());

  orthogonalise(problem, context);
  const detail::QuantileVertex vertex = detail::best_vertex(problem.at(spec.tau), nullptr, context);
  fit.iterations = vertex.iterations;
  fit.unique = vertex.unique;
  if (!vertex.converged) warnings.emplace_back("the descent did not end: do not use");
  if (!vertex.unique) {
    warnings.emplace_back("the solution is not unique: other coefficients fit as well");
  }
  std::vector<double> residual = problem.fitted(vertex.gamma);
  fit.objective = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < residual.size(); ++i) {
    residual[i] = rows.y[i] - residual[i];
    fit.objective += residual[i] * (residual[i] < 0.0 ? spec.tau - 1.0 : spec.tau);
    largest = std::max(largest, std::abs(rows.y[i]));
  }
  for (const std::size_t i : vertex.basis) residual[i] = 0.0;

  const auto k = static_cast<Index>(rows.columns);
  MatrixXd covariance = MatrixXd::Constant(k, k, kNaN);
  if (fit.n <= fit.rank) {
    warnings.push_back(
        fmt::format("{} rows for {} coefficients leave nothing to estimate the "
                    "error from: no standard errors",
                    fit.n, fit.rank));
  } else if (spec.se == QuantileSe::kIid) {
    fit.sparsity = sparsity(residual, spec.tau, largest, rows.columns, context);
    covariance = MatrixXd::Identity(k, k) * (spec.tau * (1.0 - spec.tau) * fit.sparsity *
                                             fit.sparsity / static_cast<double>(fit.n));
  } else if (spec.se == QuantileSe::kNid) {
    covariance = nid_covariance(problem, vertex.gamma, spec.tau, warnings, context);
  } else if (spec.se == QuantileSe::kKernel) {
    covariance = kernel_covariance(problem, residual, spec.tau);
  } else {
    covariance = bootstrap_covariance(problem, vertex.gamma, spec, warnings, context);
  }
  const VectorXd beta = problem.contrast.transpose() * vertex.gamma;
  covariance = problem.contrast.transpose() * covariance * problem.contrast;
  for (Index a = 0; a < k; ++a) {
    const std::size_t at = kept[static_cast<std::size_t>(a)];
    fit.coefficient[at] = beta[a];
    fit.std_error[at] = std::sqrt(covariance(a, a));
    for (Index b = 0; b < k; ++b) {
      fit.covariance[kept[static_cast<std::size_t>(b)] * data.columns + at] = covariance(a, b);
    }
  }
  if (fit.n > fit.rank && std::isnan(covariance(0, 0))) {
    warnings.push_back(fmt::format("{} standard errors are undefined here: take the bootstrap",
                                   quantile_se_name(spec.se)));
  }
  return std::move(done());
}

std::vector<Estimate> to_estimates(const QuantileFit& fit, std::span<const std::string> names,
                                   double conf_level) {
  require_length("names", names.size(), fit.coefficient.size());
  std::vector<Estimate> estimates;
  for (std::size_t k = 0; k < fit.coefficient.size(); ++k) {
    if (std::isnan(fit.coefficient[k])) continue;
    Estimate& row = estimates.emplace_back();
    row.term = names[k];
    row.method = "quantile_regression";
    row.se_type = quantile_se_name(fit.se);
    row.warnings = fit.warnings;
    complete(row,
             {fit.coefficient[k], fit.std_error[k], static_cast<double>(fit.n - fit.rank), fit.n},
             conf_level);
  }
  return estimates;
}

}  // namespace impact
