#include "engine/causal/sensitivity/omitted_variable_bias.h"

#include <cmath>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/distribution.h"
#include "engine/stats/inference.h"

namespace impact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
// The largest share below one: strengths of the treatment must leave some of it unexplained.
const double kBelowOne = std::nextafter(1.0, 0.0);

void check(const ConfounderStrength& strength) {
  detail::require_within("r2_dz", strength.r2_dz, 0.0, kBelowOne);
  detail::require_within("r2_yz", strength.r2_yz, 0.0, 1.0);
}

// What keeps the numbers of the regression from being used, or nothing.
std::string trouble(const OvbEstimate& fit) {
  if (!std::isfinite(fit.estimate)) return "the estimate is not a finite number";
  if (!(fit.std_error > 0.0) || !std::isfinite(fit.std_error)) {
    return fmt::format("the standard error is {}: it must be positive and finite",
                       format_double(fit.std_error));
  }
  if (!(fit.dof > 1.0) || !std::isfinite(fit.dof)) {
    return fmt::format("{} residual degrees of freedom: more than one are needed, and finite ones",
                       format_double(fit.dof));
  }
  return {};
}

}  // namespace

OvbEstimate ovb_estimate(const LinearFit& fit, std::size_t column) {
  detail::require_classical(fit, column);
  if (std::isnan(fit.coefficient[column])) return {};
  return {fit.coefficient[column], fit.std_error[column], static_cast<double>(fit.n - fit.rank)};
}

AdjustedEstimate adjust_for_confounder(const OvbEstimate& fit, const ConfounderStrength& strength,
                                       const OvbSpec& spec) {
  check(strength);
  check_conf_level(spec.conf_level);
  AdjustedEstimate row;
  row.strength = strength;
  if (std::string reason = trouble(fit); !reason.empty()) {
    row.warnings.push_back(std::move(reason));
    return row;
  }
  const double left = 1.0 - strength.r2_dz;
  row.bias = fit.std_error * std::sqrt(fit.dof * strength.r2_yz * strength.r2_dz / left);
  const double size = std::abs(fit.estimate) + (spec.reduce ? -row.bias : row.bias);
  row.estimate = std::copysign(1.0, fit.estimate) * size;
  row.std_error =
      fit.std_error * std::sqrt(fit.dof / (fit.dof - 1.0) * (1.0 - strength.r2_yz) / left);
  row.t = (row.estimate - spec.null_value) / row.std_error;
  const double dof = spec.limits == AdjustedDof::kLessOne ? fit.dof - 1.0 : fit.dof;
  const double half = t_quantile(0.5 + 0.5 * spec.conf_level, dof) * row.std_error;
  row.conf_low = row.estimate - half;
  row.conf_high = row.estimate + half;
  if (row.std_error == 0.0) {
    row.warnings.emplace_back(
        "a confounder that explains all of the outcome leaves no error: limits are one point");
  }
  return row;
}

double adjusted_critical_value(const ConfounderStrength& strength, double dof, double alpha,
                               bool at_most) {
  check(strength);
  const double f = detail::critical_f(alpha, dof);
  const double d = strength.r2_dz;
  double y = strength.r2_yz;
  // f* sqrt(1 - y) + sqrt(y d) grows with y up to d / (f*^2 + d).
  if (at_most && d > 0.0) y = std::fmin(y, d / (f * f + d));
  if (at_most && d == 0.0) y = 0.0;
  return std::sqrt(dof) * (f * std::sqrt(1.0 - y) + std::sqrt(y * d)) / std::sqrt(1.0 - d);
}

std::vector<OvbBound> benchmark_bounds(const OvbEstimate& fit,
                                       std::span<const OvbBenchmark> benchmarks,
                                       const OvbBenchmarkSpec& spec) {
  if (!spec.ky.empty() && spec.ky.size() != spec.kd.size()) {
    throw ArgumentError({.what = "'kd' and 'ky' differ in length",
                         .where = "ky",
                         .got = std::to_string(spec.ky.size()),
                         .expected = std::to_string(spec.kd.size())});
  }
  for (const auto* k : {&spec.kd, &spec.ky}) {
    for (const double value : *k) {
      detail::require_within(k == &spec.kd ? "kd" : "ky", value, 0.0,
                             std::numeric_limits<double>::max());
    }
  }
  std::vector<OvbBound> rows;
  for (const OvbBenchmark& benchmark : benchmarks) {
    for (std::size_t i = 0; i < spec.kd.size(); ++i) {
      OvbBound row;
      row.name = benchmark.name;
      row.kd = spec.kd[i];
      row.ky = spec.ky.empty() ? row.kd : spec.ky[i];
      const double rd = benchmark.r2_dx;
      const double ry = benchmark.r2_yx;
      row.adjusted.strength = {kNan, kNan};
      if (!(rd >= 0.0 && rd < 1.0 && ry >= 0.0 && ry < 1.0)) {
        row.adjusted.warnings.push_back(
            fmt::format("'{}' is no benchmark: its partial R^2 are {} with the treatment and {} "
                        "with the outcome",
                        benchmark.name, format_double(rd), format_double(ry)));
        rows.push_back(std::move(row));
        continue;
      }
      const double dz = row.kd * rd / (1.0 - rd);
      const double eta = row.kd * rd * rd / ((1.0 - row.kd * rd) * (1.0 - rd));
      if (dz >= 1.0 || !(row.kd * rd < 1.0) || eta >= 1.0) {
        row.adjusted.warnings.push_back(
            fmt::format("no confounder can explain {} times as much of the treatment as '{}' does "
                        "(partial R^2 {}): try a smaller kd",
                        format_double(row.kd), benchmark.name, format_double(rd)));
        rows.push_back(std::move(row));
        continue;
      }
      const double ratio = (std::sqrt(row.ky) + std::sqrt(eta)) / std::sqrt(1.0 - eta);
      double yz = ratio * ratio * (ry / (1.0 - ry));
      std::vector<std::string> warnings;
      if (yz > 1.0) {
        warnings.push_back(
            fmt::format("{} times '{}' would explain more than all of the outcome: taken as all",
                        format_double(row.ky), benchmark.name));
        yz = 1.0;
      }
      row.adjusted = adjust_for_confounder(fit, {dz, yz}, spec.adjust);
      row.adjusted.warnings.insert(row.adjusted.warnings.begin(), warnings.begin(), warnings.end());
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

OvbReport ovb_report(const OvbEstimate& fit, std::span<const OvbBenchmark> benchmarks, double q,
                     double alpha, const OvbBenchmarkSpec& spec) {
  OvbReport report;
  report.fit = fit;
  report.q = q;
  report.alpha = alpha;
  std::string reason = trouble(fit);
  const double t = reason.empty() ? fit.estimate / fit.std_error : kNan;
  if (!reason.empty()) report.warnings.push_back(std::move(reason));
  report.t = t;
  report.partial_r2 = partial_r2(t, fit.dof);
  report.partial_f2 = partial_f2(t, fit.dof);
  report.robustness_value = robustness_value(t, fit.dof, {.q = q});
  report.robustness_value_alpha = robustness_value(t, fit.dof, {.q = q, .alpha = alpha});
  report.extreme_robustness_value = extreme_robustness_value(t, fit.dof, {.q = q});
  report.extreme_robustness_value_alpha =
      extreme_robustness_value(t, fit.dof, {.q = q, .alpha = alpha});
  report.bounds = benchmark_bounds(fit, benchmarks, spec);
  return report;
}

OvbReport ovb_report(const LinearData& data, std::size_t treatment,
                     std::span<const OvbBenchmarkColumns> benchmarks, double q, double alpha,
                     const OvbBenchmarkSpec& spec, const Context& context) {
  const std::size_t rows = data.y.size();
  if (treatment >= data.columns) {
    throw ArgumentError({.what = "there is no such column in the regression",
                         .where = "treatment",
                         .got = std::to_string(treatment),
                         .expected = fmt::format("below {}", data.columns)});
  }
  LinearData outcome = data;
  outcome.clusters = {};
  outcome.second_clusters = {};
  outcome.time = {};
  const LinearSpec classical = {.se = SeType::kClassical};
  const LinearFit fit = linear(outcome, classical, context);

  // A row whose outcome is missing is in neither regression: partial R^2 speak of one sample.
  std::vector<double> d(data.x.begin() + static_cast<std::ptrdiff_t>(treatment * rows),
                        data.x.begin() + static_cast<std::ptrdiff_t>((treatment + 1) * rows));
  for (std::size_t i = 0; i < rows; ++i) {
    if (!std::isfinite(data.y[i])) d[i] = kNan;
  }
  std::vector<double> others;
  std::vector<std::string> names;
  others.reserve((data.columns - 1) * rows);
  for (std::size_t j = 0; j < data.columns; ++j) {
    if (j == treatment) continue;
    const auto column = data.x.subspan(j * rows, rows);
    others.insert(others.end(), column.begin(), column.end());
    if (!data.names.empty()) names.push_back(data.names[j]);
  }
  LinearFit second;
  if (!benchmarks.empty()) {
    LinearData assignment = outcome;
    assignment.x = others;
    assignment.columns = data.columns - 1;
    assignment.y = d;
    assignment.names = names;
    second = linear(assignment, classical, context);
  }
  std::vector<OvbBenchmark> rows_of;
  for (const OvbBenchmarkColumns& group : benchmarks) {
    std::vector<std::size_t> shifted;
    for (const std::size_t column : group.columns) {
      if (column == treatment || column >= data.columns) {
        throw ArgumentError({.what = "a benchmark is made of covariates of the regression",
                             .where = group.name,
                             .got = fmt::format("column {}", column),
                             .expected = "columns other than the treatment"});
      }
      shifted.push_back(column < treatment ? column : column - 1);
    }
    rows_of.push_back(
        {group.name, group_partial_r2(second, shifted), group_partial_r2(fit, group.columns)});
  }
  const OvbEstimate estimate = ovb_estimate(fit, treatment);
  OvbReport report = ovb_report(estimate, rows_of, q, alpha, spec);
  report.warnings.insert(report.warnings.end(), fit.warnings.begin(), fit.warnings.end());
  return report;
}

}  // namespace impact
