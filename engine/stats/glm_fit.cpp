#include "engine/stats/glm_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/groups.h"
#include "engine/stats/large_fit.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kNullIterations = 100;
// A column belongs to a direction of separation if its part of it exceeds this share of the
// largest, both in standard deviations.
constexpr double kPartOfDirection = 1e-3;

// Root mean square about the shift; 1 for an intercept.
std::vector<double> column_spread(const RegressionRows& rows, const EtaProblem& problem) {
  std::vector<double> spread(rows.columns, 1.0);
  const auto n = static_cast<double>(rows.count());
  for (std::size_t k = problem.intercept ? 1 : 0; k < rows.columns; ++k) {
    double squares = 0.0;
    for (std::size_t i = 0; i < rows.count(); ++i) {
      const double d = rows.x[k * rows.count() + i] - problem.shift[k];
      squares += d * d;
    }
    spread[k] = std::sqrt(squares / n);
  }
  return spread;
}

// Takes the separated rows and columns out of the problem. Columns that the direction moves have no
// estimate; without the rows that it predicts they are dependent, so that one or more leave.
void leave_separated(RegressionRows& rows, EtaFit& fit, const Context& context) {
  const auto perfect = std::ranges::count(fit.maximum.perfect, 1);
  fit.perfect_rows += perfect;
  if (static_cast<std::size_t>(perfect) == rows.count()) {
    fit.everything = true;
    fit.separated = fit.column;
    return;
  }
  const std::vector<double> direction = as_given(fit.problem, fit.maximum.direction);
  const std::vector<double> spread = column_spread(rows, fit.problem);
  double largest = 0.0;
  for (std::size_t k = 0; k < rows.columns; ++k) {
    largest = std::max(largest, std::abs(direction[k]) * spread[k]);
  }
  for (std::size_t k = 0; k < rows.columns; ++k) {
    if (std::abs(direction[k]) * spread[k] > kPartOfDirection * largest) {
      fit.separated.push_back(fit.column[k]);
    }
  }
  std::vector<std::uint8_t> rest(fit.maximum.perfect);
  for (std::uint8_t& flag : rest) flag = flag == 0 ? 1 : 0;
  std::vector<std::size_t> columns(rows.columns);
  for (std::size_t k = 0; k < columns.size(); ++k) columns[k] = k;
  rows.keep(rest, columns);
  const std::vector<std::size_t> kept = independent_columns(rows, context).kept;
  std::vector<std::size_t> column;
  for (const std::size_t k : kept) column.push_back(fit.column[k]);
  for (const std::size_t k : fit.column) {
    if (std::ranges::find(column, k) == column.end()) fit.separated.push_back(k);
  }
  fit.column = column;
  rows.keep(std::vector<std::uint8_t>(rows.count(), 1), kept);
}

}  // namespace

NullModel null_model(const RegressionRows& rows, const Likelihood& likelihood, bool intercept,
                     const Context& context) {
  NullModel result;
  const std::vector<double> ones(rows.count(), 1.0);
  RegressionRows alone;
  alone.columns = intercept ? 1 : 0;
  alone.x = std::span(ones).first(intercept ? ones.size() : 0);
  alone.y = rows.y;
  alone.weights = rows.weights;
  alone.offset = rows.offset;
  const EtaProblem problem = eta_problem(alone, likelihood, context);
  VectorXd beta(intercept ? 1 : 0);
  if (intercept) {
    double sum = 0.0;
    double total = 0.0;
    for (std::size_t i = 0; i < rows.count(); ++i) {
      const double weight = rows.weights.empty() ? 1.0 : rows.weights[i];
      sum += weight * rows.y[i];
      total += weight;
    }
    beta[0] = likelihood.link(sum / total);
    if (!rows.offset.empty()) {
      double offset = 0.0;
      for (const double o : rows.offset) offset += o;
      beta[0] -= offset / static_cast<double>(rows.count());
      beta = maximise(problem, beta, kNullIterations, context).beta;
    }
    result.intercept = beta[0];
  }
  const Summary summary = summarise(problem, beta, context);
  result.log_likelihood = summary.value + summary.constant;
  result.deviance = summary.deviance;
  return result;
}

bool counts(GlmFamily family) {
  return family == GlmFamily::kPoisson || family == GlmFamily::kNegativeBinomial;
}

bool check_outcome(std::span<const double> y, GlmFamily family) {
  const bool any_count = counts(family);
  bool whole = true;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!std::isfinite(y[i])) continue;
    whole = whole && y[i] == std::floor(y[i]);
    if (y[i] >= 0.0 && (any_count || y[i] <= 1.0)) continue;
    throw ArgumentError({.what = any_count
                                     ? "the outcome of a count regression must not be negative"
                                     : "the outcome must lie between 0 and 1",
                         .where = "row " + std::to_string(i + 1),
                         .got = format_double(y[i]),
                         .expected = any_count ? "0, 1, 2, ..." : "0 or 1"});
  }
  return whole;
}

std::string nothing_to_fit(const RegressionRows& rows, const Likelihood& likelihood,
                           bool intercept) {
  if (rows.count() == 0) return "no row is left to fit";
  if (rows.columns == 0) return "no column to fit";
  const double first = rows.y[0];
  if (intercept && likelihood.open_end(first) != 0 &&
      std::ranges::all_of(rows.y, [&](double y) { return y == first; })) {
    return fmt::format("the outcome is {} in every row: nothing to estimate", first);
  }
  return {};
}

EtaFit fit_eta(RegressionRows& rows, const Likelihood& likelihood, double start_intercept,
               int most_iterations, const Context& context) {
  EtaFit fit;
  for (std::size_t k = 0; k < rows.columns; ++k) fit.column.push_back(k);
  const std::vector<std::uint8_t> all_rows(rows.count(), 1);
  for (std::size_t k = 0; k < rows.columns; ++k) fit.independent.kept.push_back(k);
  fit.problem = eta_problem(rows, likelihood, context);
  RegressionRows some = thinned(rows, context);
  if (!surely_independent(fit.problem, some, context)) {
    fit.independent = independent_columns(rows, context);
  }
  for (std::size_t k = 0, c = 0; k < rows.columns; ++k) {
    if (c < fit.independent.kept.size() && fit.independent.kept[c] == k) {
      ++c;
    } else {
      fit.dropped.push_back(k);
    }
  }
  if (!fit.dropped.empty()) {
    rows.keep(all_rows, fit.independent.kept);
    fit.column = fit.independent.kept;
    fit.problem = eta_problem(rows, likelihood, context);
    some = {};
  }
  while (true) {
    VectorXd start = VectorXd::Zero(static_cast<Index>(rows.columns));
    if (fit.problem.intercept) start[0] = start_intercept;
    fit.maximum = maximise_from(fit.problem, some, start, most_iterations, context);
    if (!fit.maximum.converged) {
      fit.maximum = maximise(fit.problem, start, most_iterations, context);
    }
    fit.iterations += fit.maximum.iterations;
    if (fit.maximum.perfect.empty()) return fit;
    leave_separated(rows, fit, context);
    if (fit.everything) return fit;
    fit.problem = eta_problem(rows, likelihood, context);
    some = {};
  }
}

// What separation left in the other columns' entries is exact; its own columns are NaN.
void place(const EtaFit& eta, const ScoreCovariance& covariance, GlmFit& fit) {
  const std::size_t columns = fit.coefficient.size();
  const std::vector<double> beta = as_given(eta.problem, eta.maximum.beta);
  const auto infinite = [&](std::size_t k) {
    return std::ranges::find(fit.separated, k) != fit.separated.end();
  };
  for (std::size_t a = 0; a < eta.column.size(); ++a) {
    const std::size_t k = eta.column[a];
    if (infinite(k)) continue;
    fit.coefficient[k] = beta[a];
    const auto row = static_cast<Index>(a);
    for (std::size_t b = 0; b < eta.column.size(); ++b) {
      if (infinite(eta.column[b])) continue;
      fit.covariance[eta.column[b] * columns + k] =
          covariance.covariance(row, static_cast<Index>(b));
    }
    const double variance = covariance.covariance(row, row);
    fit.std_error[k] = std::sqrt(variance < 0.0 ? 0.0 : variance);
  }
}

void explain_fit(std::span<const std::string> names, const EtaFit& eta,
                 const ScoreCovariance& covariance, GlmFit& fit) {
  auto& warnings = fit.warnings;
  if (!fit.dropped.empty()) {
    warnings.push_back(fmt::format("{} left out: linear combination(s) of earlier columns",
                                   column_words(names, fit.dropped)));
  }
  warn_almost_dependent(warnings, names, eta.independent);
  if (eta.everything) {
    warnings.push_back(fmt::format(
        "complete separation: a combination of {} predicts every outcome perfectly, so that no "
        "estimate is finite; look for a column that encodes the outcome",
        column_words(names, fit.separated)));
    return;
  }
  if (!fit.separated.empty()) {
    warnings.push_back(fmt::format(
        "separation: {} predict(s) {} row(s) perfectly, so that no finite estimate exists; the "
        "other coefficients are those of the remaining rows",
        column_words(names, fit.separated), fit.perfect_rows));
  }
  if (!fit.converged) {
    warnings.push_back(fmt::format(
        "not converged after {} iterations ({:.1e} standard errors from the maximum): do not use",
        fit.iterations, std::sqrt(fit.decrement)));
  }
  if (fit.n <= fit.rank) {
    warnings.push_back(
        fmt::format("{} rows for {} coefficients: the fit is perfect by "
                    "construction",
                    fit.n, fit.rank));
  }
  std::vector<std::size_t> undefined;
  for (std::size_t c = 0; c < covariance.undefined.size(); ++c) {
    if (covariance.undefined[c] != 0) undefined.push_back(eta.column[c]);
  }
  if (!undefined.empty()) {
    warnings.push_back(fmt::format(
        "{} row(s) have leverage 1, so {} is undefined for {}: take HC1 or drop what only they "
        "determine",
        covariance.full_leverage, se_type_name(fit.se), column_words(names, undefined)));
  }
  warn_clusters(warnings, fit.se, fit.clusters);
}

EtaErrors errors_at_maximum(const EtaFit& eta, SeType se, bool frequency, const Context& context) {
  EtaErrors out;
  if (eta.everything) return out;
  const Summary summary = summarise(eta.problem, eta.maximum.beta, context);
  const Bread half = bread(eta.problem, summary, context);
  out.covariance = score_covariance(eta.problem, half, summary, se, frequency, context);
  out.numbers = {.log_likelihood = summary.value + summary.constant,
                 .deviance = summary.deviance,
                 .pearson = summary.pearson};
  return out;
}

void start_fit(const RegressionRows& rows, std::size_t columns, SeType se, bool frequency,
               GlmFit& fit) {
  fit.se = se;
  fit.n = std::llround(rows.total(frequency));
  fit.coefficient.assign(columns, kNaN);
  fit.std_error.assign(columns, kNaN);
  fit.covariance.assign(columns * columns, kNaN);
  fit.clusters = static_cast<std::int64_t>(group_rows(rows.clusters).count());
}

void finish_fit(const EtaFit& eta, const NullModel& null, const EtaNumbers& numbers,
                std::size_t parameters, GlmFit& fit) {
  fit.iterations = eta.iterations;
  fit.converged = eta.everything || eta.maximum.converged;
  fit.perfect_rows = eta.perfect_rows;
  fit.dropped = eta.dropped;
  fit.separated = eta.separated;
  std::ranges::sort(fit.separated);
  const auto twice = std::ranges::unique(fit.separated);
  fit.separated.erase(twice.begin(), twice.end());
  fit.log_likelihood = numbers.log_likelihood;
  fit.deviance = numbers.deviance;
  fit.null_log_likelihood = null.log_likelihood;
  fit.null_deviance = null.deviance;
  const auto k = static_cast<double>(parameters);
  const auto n = static_cast<double>(fit.n);
  fit.aic = -2.0 * fit.log_likelihood + 2.0 * k;
  fit.bic = -2.0 * fit.log_likelihood + std::log(n) * k;
  fit.mcfadden = null.log_likelihood < 0.0 ? 1.0 - fit.log_likelihood / null.log_likelihood : kNaN;
  const double spare = n - static_cast<double>(fit.rank);
  fit.dispersion = spare > 0.0 ? numbers.pearson / spare : kNaN;
}

}  // namespace impact::detail
