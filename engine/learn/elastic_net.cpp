#include "engine/learn/elastic_net.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/elastic_net_fit.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

using detail::PathFitter;
using detail::PathPoint;
using detail::PathProblem;
using Eigen::Index;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
// With an alpha of 0 no lambda is so large that nothing enters: the grid starts as for this one.
constexpr double kLeastAlpha = 1e-3;
constexpr std::size_t kGridBeforeStop = 5;
constexpr std::size_t kMostClasses = 1000;

void require(bool fine, const char* what, const char* where, double got, const char* expected) {
  if (fine) return;
  throw ArgumentError(
      {.what = what, .where = where, .got = format_double(got), .expected = expected});
}

void check(const ElasticNetSpec& spec, std::size_t columns) {
  require(spec.alpha >= 0.0 && spec.alpha <= 1.0, "alpha is a share", "alpha", spec.alpha,
          "0 (ridge) to 1 (lasso)");
  for (const double each : spec.lambda) {
    require(each >= 0.0 && std::isfinite(each), "a penalty is finite and not negative", "lambda",
            each, "0 or more");
  }
  require(spec.lambdas >= 1, "a path has lambdas", "lambdas", spec.lambdas, "1 or more");
  require(spec.lambda_ratio >= 0.0 && spec.lambda_ratio < 1.0, "the path ends below its start",
          "lambda_ratio", spec.lambda_ratio, "above 0, below 1, or 0 for the usual one");
  require(spec.tolerance > 0.0 && spec.tolerance < 1.0, "a tolerance is small and positive",
          "tolerance", spec.tolerance, "above 0, below 1");
  require(spec.most_passes >= 1, "a fit needs passes", "most_passes", spec.most_passes,
          "1 or more");
  require(spec.most_steps >= 1, "a fit needs steps", "most_steps", spec.most_steps, "1 or more");
  const auto each = [&](const std::vector<double>& values, const char* where, const char* expected,
                        auto fine) {
    require(values.empty() || values.size() == columns, "one is needed for each column", where,
            static_cast<double>(values.size()), std::to_string(columns).c_str());
    for (const double value : values) {
      require(fine(value), "such a number is none for a column", where, value, expected);
    }
  };
  each(spec.penalty_factor, "penalty_factor", "0 or more", [](double f) { return f >= 0.0; });
  each(spec.lower, "lower", "0 or less", [](double bound) { return bound <= 0.0; });
  each(spec.upper, "upper", "0 or more", [](double bound) { return bound >= 0.0; });
  if (spec.grouped && (!spec.lower.empty() || !spec.upper.empty())) {
    throw ArgumentError({.what = "the grouped penalty has no bounds", .where = "grouped"});
  }
}

// Throws for outcomes the family does not know.
void check_outcome(const PathProblem& problem) {
  const auto& rows = problem.rows;
  for (Index i = 0; i < rows.y.size(); ++i) {
    const double y = rows.y[i];
    const char* expected = nullptr;
    switch (problem.spec.family) {
      case ElasticNetFamily::kGaussian: break;
      case ElasticNetFamily::kBinomial:
        if (!(y >= 0.0 && y <= 1.0)) expected = "0, 1 or a share between";
        break;
      case ElasticNetFamily::kPoisson:
        if (!(y >= 0.0)) expected = "0 or more";
        break;
      case ElasticNetFamily::kMultinomial:
        if (!(y >= 0.0 && y < static_cast<double>(kMostClasses) && y == std::floor(y))) {
          expected = "codes 0, 1, 2, ... of classes";
        }
        if (problem.spec.classes > 0 && y >= static_cast<double>(problem.spec.classes)) {
          expected = "codes below the number of classes";
        }
        break;
    }
    if (expected == nullptr) continue;
    throw ArgumentError({.what = "the family does not know this outcome",
                         .where = fmt::format("row {}", rows.rows[static_cast<std::size_t>(i)] + 1),
                         .got = format_double(y),
                         .expected = expected});
  }
}

// Classes that occur, in order; their codes in problem.rows.y become 0, 1, ...
std::vector<std::size_t> recode(PathProblem& problem, std::size_t classes) {
  std::vector<Index> code(classes, -1);
  for (Index i = 0; i < problem.rows.y.size(); ++i) {
    code[static_cast<std::size_t>(problem.rows.y[i])] = 0;
  }
  std::vector<std::size_t> found;
  for (std::size_t a = 0; a < classes; ++a) {
    if (code[a] < 0) continue;
    code[a] = static_cast<Index>(found.size());
    found.push_back(a);
  }
  for (Index i = 0; i < problem.rows.y.size(); ++i) {
    auto& y = problem.rows.y[i];
    y = static_cast<double>(code[static_cast<std::size_t>(y)]);
  }
  return found;
}

// What an outcome that does not vary leaves of a likelihood: an intercept at the end of the line.
double one_value_intercept(const PathProblem& problem) {
  if (!problem.spec.intercept || problem.rows.y.size() == 0) return kNaN;
  const double low = problem.rows.y.minCoeff(), high = problem.rows.y.maxCoeff();
  if (problem.spec.family == ElasticNetFamily::kBinomial) {
    if (high == 0.0) return -kInfinity;
    if (low == 1.0) return kInfinity;
  }
  return problem.spec.family == ElasticNetFamily::kPoisson && high == 0.0 ? -kInfinity : kNaN;
}

double greatest_lambda(const PathProblem& problem, const VectorXd& size) {
  double greatest = 0.0;
  for (Index j = 0; j < size.size(); ++j) {
    if (problem.factor[j] > 0.0) greatest = std::max(greatest, size[j] / problem.factor[j]);
  }
  return greatest / std::max(problem.spec.alpha, kLeastAlpha);
}

class Writer {
 public:
  Writer(const PathProblem& problem, std::span<const std::size_t> classes, ElasticNetPath& path)
      : problem_(problem), classes_(classes), path_(path) {}

  void add(double lambda, const PathPoint& point) {
    path_.lambda.push_back(lambda);
    path_.passes.push_back(point.passes);
    path_.deviance_ratio.push_back(point.converged ? point.explained : kNaN);
    path_.df.push_back(point.converged ? point.df : kNaN);
    std::int64_t nonzero = 0;
    for (Index j = 0; j < point.b.rows(); ++j) nonzero += point.b.row(j).isZero(0.0) ? 0 : 1;
    path_.nonzero.push_back(nonzero);
    const std::size_t first = path_.coefficient.size();
    path_.coefficient.resize(first + path_.outputs * path_.columns, point.converged ? 0.0 : kNaN);
    // A class that does not occur is never predicted.
    path_.intercept.resize(path_.lambda.size() * path_.outputs,
                           point.converged ? -kInfinity : kNaN);
    if (!point.converged) return;
    VectorXd intercept = point.intercept;
    for (Index a = 0; a < point.b.cols(); ++a) {
      for (Index k = 0; k < point.b.rows(); ++k) {
        if (point.b(k, a) == 0.0) continue;
        const std::size_t j = problem_.rows.varying[static_cast<std::size_t>(k)];
        const double b = point.b(k, a) / path_.scale[j];
        path_.coefficient[first + output(a) * path_.columns + j] = b;
        intercept[a] -= b * path_.centre[j];
      }
    }
    // Only their differences mean something.
    if (!classes_.empty() && problem_.spec.intercept) intercept.array() -= intercept.mean();
    for (Index a = 0; a < intercept.size(); ++a) {
      path_.intercept[(path_.lambda.size() - 1) * path_.outputs + output(a)] = intercept[a];
    }
  }

 private:
  [[nodiscard]] std::size_t output(Index a) const {
    return classes_.empty() ? 0 : classes_[static_cast<std::size_t>(a)];
  }

  const PathProblem& problem_;
  std::span<const std::size_t> classes_;
  ElasticNetPath& path_;
};

// Whether the last lambdas of a grid hardly explain more: glmnet's rule for each family.
bool gain_dies(const ElasticNetPath& path, const ElasticNetSpec& spec, double null) {
  const auto& ratio = path.deviance_ratio;
  const std::size_t last = ratio.size() - 1;
  const auto gain = [&](std::size_t over) {
    return ratio[last] - (last >= over ? ratio[last - over] : null);
  };
  switch (spec.family) {
    case ElasticNetFamily::kGaussian: return gain(1) < spec.least_gain * ratio[last];
    case ElasticNetFamily::kPoisson: return gain(4) < 10.0 * spec.least_gain * ratio[last];
    case ElasticNetFamily::kBinomial:
    case ElasticNetFamily::kMultinomial: break;
  }
  return gain(1) < spec.least_gain;
}

// The lambdas of the caller, or the grid with its early ends.
void follow(const PathProblem& problem, PathFitter& fitter, Writer& writer, ElasticNetPath& path,
            const Context& context) {
  const ElasticNetSpec& spec = problem.spec;
  PathPoint null = fitter.fit(kInfinity, kInfinity, context);
  const double greatest = greatest_lambda(problem, fitter.gradient_size());
  std::vector<double> lambda = spec.lambda;
  const bool grid = lambda.empty();
  std::ranges::sort(lambda, std::greater<>());
  if (grid && !(greatest > 0.0 && std::isfinite(greatest))) {
    path.warnings.emplace_back(null.converged
                                   ? "no column that is penalised explains anything: the path is "
                                     "one fit"
                                   : "the fit of the intercept and the unpenalised columns did not "
                                     "converge");
    writer.add(0.0, null);
    return;
  }
  if (grid) {
    const double ratio = spec.lambda_ratio > 0.0               ? spec.lambda_ratio
                         : problem.rows.count() > path.columns ? 1e-4
                                                               : 1e-2;
    for (int k = 0; k < spec.lambdas; ++k) {
      const double share = spec.lambdas == 1 ? 0.0 : static_cast<double>(k) / (spec.lambdas - 1);
      lambda.push_back(k == 0 ? greatest : greatest * std::exp(share * std::log(ratio)));
    }
  }
  double previous = std::max(greatest, lambda.front());
  std::vector<std::string> failed;
  for (std::size_t k = 0; k < lambda.size(); ++k) {
    context.check();
    const PathPoint point = grid && k == 0 && spec.alpha >= kLeastAlpha
                                ? null
                                : fitter.fit(lambda[k], previous, context);
    writer.add(lambda[k], point);
    if (!point.converged) {
      failed.push_back(format_double(lambda[k]));
      if (grid) break;
      continue;
    }
    previous = lambda[k];
    if (grid && k + 1 >= kGridBeforeStop &&
        (point.explained > spec.most_explained || gain_dies(path, spec, null.explained))) {
      break;
    }
  }
  if (failed.empty()) return;
  path.warnings.push_back(fmt::format(
      "the fit did not converge, so there are no coefficients, for lambda {}{}{}",
      list_words(failed), grid ? ", where the path ends" : "",
      spec.family == ElasticNetFamily::kGaussian
          ? ""
          : "; the columns may predict some outcomes perfectly, and a larger penalty keeps the "
            "coefficients finite"));
}

}  // namespace

ElasticNetPath fit_elastic_net(const FeatureColumns& features, std::span<const double> outcome,
                               std::span<const std::uint32_t> rows, const ElasticNetSpec& spec,
                               std::span<const double> weights, std::span<const double> offset,
                               const Context& context) {
  check(spec, features.columns);
  std::vector<std::uint8_t> left_out(features.columns, 0);
  for (std::size_t j = 0; j < spec.penalty_factor.size(); ++j) {
    left_out[j] = std::isinf(spec.penalty_factor[j]) ? 1 : 0;
  }
  const bool multinomial = spec.family == ElasticNetFamily::kMultinomial;
  if (multinomial && !offset.empty()) {
    throw ArgumentError({.what = "the multinomial family has no offset", .where = "offset"});
  }
  PathProblem problem;
  problem.spec = spec;
  problem.rows = detail::penalised_rows(
      features, outcome, rows, weights, offset,
      {.centre = spec.intercept, .standardise = spec.standardise, .left_out = left_out}, context);
  check_outcome(problem);

  ElasticNetPath path;
  path.family = spec.family;
  path.columns = features.columns;
  path.n = static_cast<std::int64_t>(problem.rows.count());
  path.has_offset = !offset.empty();
  path.centre = problem.rows.centre;
  path.scale = problem.rows.scale;
  path.warnings = problem.rows.warnings;
  if (path.n == 0) return path;
  const auto m = problem.columns();
  problem.factor = VectorXd::Ones(m);
  problem.lower = VectorXd::Constant(m, -kInfinity);
  problem.upper = VectorXd::Constant(m, kInfinity);
  for (Index k = 0; k < m; ++k) {
    const std::size_t j = problem.rows.varying[static_cast<std::size_t>(k)];
    if (!spec.penalty_factor.empty()) problem.factor[k] = spec.penalty_factor[j];
    if (!spec.lower.empty()) problem.lower[k] = spec.lower[j] * path.scale[j];
    if (!spec.upper.empty()) problem.upper[k] = spec.upper[j] * path.scale[j];
  }

  std::vector<std::size_t> classes;
  if (multinomial) {
    path.outputs =
        spec.classes > 0 ? spec.classes : static_cast<std::size_t>(problem.rows.y.maxCoeff()) + 1;
    classes = recode(problem, path.outputs);
    if (classes.size() < path.outputs) {
      path.warnings.push_back(
          fmt::format("{} of {} classes do not occur in the training rows, so are never predicted",
                      path.outputs - classes.size(), path.outputs));
    }
  }
  Writer writer(problem, classes, path);
  const double end = one_value_intercept(problem);
  if (!std::isnan(end) || classes.size() == 1) {
    path.warnings.emplace_back(
        "the outcome is the same in all training rows: the model predicts nothing else");
    path.null_deviance = 0.0;
    const PathPoint point{.intercept = VectorXd::Constant(1, multinomial ? 0.0 : end),
                          .b = Eigen::MatrixXd::Zero(m, 1)};
    writer.add(spec.lambda.empty() ? 0.0 : *std::ranges::max_element(spec.lambda), point);
    return path;
  }
  std::unique_ptr<PathFitter> fitter;
  switch (spec.family) {
    case ElasticNetFamily::kGaussian: fitter = detail::gaussian_path(problem, context); break;
    case ElasticNetFamily::kBinomial:
    case ElasticNetFamily::kPoisson: fitter = detail::likelihood_path(problem, context); break;
    case ElasticNetFamily::kMultinomial:
      fitter = detail::multinomial_path(problem, classes.size(), context);
      break;
  }
  path.null_deviance = fitter->null_deviance() * static_cast<double>(path.n);
  follow(problem, *fitter, writer, path, context);
  return path;
}

bool ElasticNetModel::uses(std::size_t column) const {
  const std::size_t columns = coefficient.size() / std::max<std::size_t>(outputs, 1);
  for (std::size_t a = 0; a < outputs; ++a) {
    if (coefficient[a * columns + column] != 0.0) return true;
  }
  return false;
}

ElasticNetModel elastic_net_at(const ElasticNetPath& path, double lambda) {
  require(lambda >= 0.0, "a penalty is not negative", "lambda", lambda, "0 or more");
  if (path.lambda.empty()) {
    throw ArgumentError({.what = "the path has no fit", .where = "path"});
  }
  // lambda = share lambda_k + (1 - share) lambda_(k + 1).
  std::size_t k = 0;
  while (k + 1 < path.size() && path.lambda[k + 1] >= lambda) ++k;
  double share = 1.0;
  if (k + 1 < path.size() && lambda < path.lambda[k]) {
    share = (lambda - path.lambda[k + 1]) / (path.lambda[k] - path.lambda[k + 1]);
  }
  const auto between = [&](const std::vector<double>& values, std::size_t size) {
    std::vector<double> result(size);
    for (std::size_t i = 0; i < size; ++i) {
      const double here = values[k * size + i];
      result[i] = share == 1.0 ? here : share * here + (1.0 - share) * values[(k + 1) * size + i];
    }
    return result;
  };
  return {.family = path.family,
          .outputs = path.outputs,
          .lambda = lambda,
          .intercept = between(path.intercept, path.outputs),
          .coefficient = between(path.coefficient, path.outputs * path.columns)};
}

void ElasticNetModel::predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                              std::span<double> out, std::span<const double> offset,
                              bool link) const {
  if (features.columns * outputs != coefficient.size()) {
    throw ArgumentError({.what = "the model knows other columns",
                         .where = "columns",
                         .got = std::to_string(features.columns),
                         .expected = std::to_string(coefficient.size() / outputs)});
  }
  require_length("out", out.size(), rows.size() * outputs);
  require_optional_length("offset", offset.size(), features.rows());
  const std::size_t n = rows.size();
  for (std::size_t a = 0; a < outputs; ++a) {
    const auto eta = out.subspan(a * n, n);
    std::ranges::fill(eta, intercept[a]);
    for (std::size_t i = 0; i < n && !offset.empty(); ++i) eta[i] += offset[rows[i]];
    for (std::size_t j = 0; j < features.columns; ++j) {
      const double b = coefficient[a * features.columns + j];
      if (b == 0.0) continue;
      const auto x = features.column(j);
      for (std::size_t i = 0; i < n; ++i)
        eta[i] += std::isfinite(x[rows[i]]) ? b * x[rows[i]] : kNaN;
    }
  }
  if (link) return;
  switch (family) {
    case ElasticNetFamily::kGaussian: break;
    case ElasticNetFamily::kBinomial:
      for (double& each : out) {
        const double e = std::exp(-std::abs(each));
        each = std::isnan(each) ? kNaN : (each >= 0.0 ? 1.0 : e) / (1.0 + e);
      }
      break;
    case ElasticNetFamily::kPoisson:
      for (double& each : out) each = std::exp(each);
      break;
    case ElasticNetFamily::kMultinomial:
      for (std::size_t i = 0; i < n; ++i) {
        double top = -kInfinity, sum = 0.0;
        for (std::size_t a = 0; a < outputs; ++a) top = std::max(top, out[a * n + i]);
        for (std::size_t a = 0; a < outputs; ++a) {
          out[a * n + i] = std::exp(out[a * n + i] - top);
          sum += out[a * n + i];
        }
        for (std::size_t a = 0; a < outputs; ++a) out[a * n + i] /= sum;
      }
      break;
  }
}

}  // namespace impact
