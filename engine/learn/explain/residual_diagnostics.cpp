#include "engine/learn/explain/residual_diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/learn/left_out.h"
#include "engine/stats/distribution.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/regression_diagnostics.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr std::size_t kLeastInBin = 5;

void check(const FittedRows& data, const ResidualSpec& spec) {
  require_length("fitted", data.fitted.size(), data.outcome.size());
  require_optional_length("time", data.time.size(), data.outcome.size());
  check_conf_level(spec.conf_level);
  if (spec.bins < 1) {
    throw ArgumentError({.what = "a smooth needs one bin at least",
                         .where = "bins",
                         .got = std::to_string(spec.bins),
                         .expected = "1 or more, for example 20"});
  }
  if (data.parameters < 1) {
    throw ArgumentError({.what = "a model has one parameter at least",
                         .where = "parameters",
                         .got = std::to_string(data.parameters),
                         .expected = "1 or more"});
  }
  if (spec.outlier_level >= 0.0 && spec.outlier_level <= 1.0) return;
  throw ArgumentError({.what = "the level of outliers is a probability",
                       .where = "outlier_level",
                       .expected = "0 to 1, for example 0.05"});
}

// Places in increasing order of x, equal ones by place.
std::vector<std::size_t> order_of(const std::vector<double>& x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  return order;
}

// Means of y in bins by x; equal x stay together.
std::vector<BinnedMean> binned(const std::vector<double>& x, const std::vector<double>& y,
                               const ResidualSpec& spec) {
  const auto order = order_of(x);
  const std::size_t n = order.size();
  const std::size_t bins =
      std::clamp<std::size_t>(n / kLeastInBin, 1, static_cast<std::size_t>(spec.bins));
  std::vector<BinnedMean> result;
  std::size_t from = 0;
  for (std::size_t k = 1; k <= bins && from < n; ++k) {
    std::size_t to = std::max(from + 1, n * k / bins);
    while (to < n && x[order[to]] == x[order[to - 1]]) ++to;
    BinnedMean bin{.n = static_cast<std::int64_t>(to - from)};
    const auto size = static_cast<double>(bin.n);
    for (std::size_t i = from; i < to; ++i) {
      bin.x += x[order[i]] / size;
      bin.mean += y[order[i]] / size;
    }
    double squares = 0.0;
    for (std::size_t i = from; i < to; ++i) {
      squares += (y[order[i]] - bin.mean) * (y[order[i]] - bin.mean);
    }
    if (bin.n > 1) {
      bin.std_error = std::sqrt(squares / (size - 1.0) / size);
      const Inference t = infer(bin.mean, bin.std_error, size - 1.0, spec.conf_level);
      bin.conf_low = t.conf_low;
      bin.conf_high = t.conf_high;
    }
    result.push_back(bin);
    from = to;
  }
  return result;
}

double quantile_of(const std::vector<double>& x, const std::vector<std::size_t>& order, double p) {
  const double at = p * static_cast<double>(order.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 >= order.size()) return x[order.back()];
  const double low = x[order[below]];
  return low + (at - static_cast<double>(below)) * (x[order[below + 1]] - low);
}

// Points, line and band of the Q-Q plot of the studentised residuals.
void quantiles(ResidualDiagnostics& result, double conf_level) {
  const std::size_t n = result.studentised.size();
  const auto order = order_of(result.studentised);
  const auto size = static_cast<double>(n);
  const double a = n <= 10 ? 0.375 : 0.5;
  result.qq_slope = (quantile_of(result.studentised, order, 0.75) -
                     quantile_of(result.studentised, order, 0.25)) /
                    (normal_quantile(0.75) - normal_quantile(0.25));
  result.qq_intercept =
      quantile_of(result.studentised, order, 0.25) - result.qq_slope * normal_quantile(0.25);
  const double z = normal_quantile(0.5 + 0.5 * conf_level);
  result.normal.resize(n);
  result.qq_low.resize(n);
  result.qq_high.resize(n);
  for (std::size_t rank = 0; rank < n; ++rank) {
    const double p = (static_cast<double>(rank) + 1.0 - a) / (size + 1.0 - 2.0 * a);
    const double x = normal_quantile(p);
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
    const double line = result.qq_intercept + result.qq_slope * x;
    const double half = z * result.qq_slope / density * std::sqrt(p * (1.0 - p) / size);
    const std::size_t i = order[rank];
    result.normal[i] = x;
    result.qq_low[i] = line - half;
    result.qq_high[i] = line + half;
  }
}

void find_outliers_in(ResidualDiagnostics& result, const FittedRows& data, double level) {
  const double df = static_cast<double>(result.n - data.parameters - 1);
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    const double t = result.studentised[i];
    const double p = t_two_sided(t, df);
    const double bonferroni = std::min(1.0, p * static_cast<double>(result.n));
    if (!(bonferroni < level)) continue;
    const std::uint32_t row = result.rows[i];
    result.outliers.push_back({row, data.outcome[row], data.fitted[row], t, p, bonferroni});
  }
  std::stable_sort(result.outliers.begin(), result.outliers.end(),
                   [](const ResidualOutlier& a, const ResidualOutlier& b) {
                     return std::abs(a.studentised) > std::abs(b.studentised);
                   });
}

void run_tests(ResidualDiagnostics& result, const FittedRows& data, const Context& context) {
  const std::size_t n = result.rows.size();
  std::vector<double> x(2 * n, 1.0);
  std::vector<double> y(n);
  std::vector<std::int64_t> time;
  for (std::size_t i = 0; i < n; ++i) {
    x[n + i] = result.fitted[i];
    y[i] = data.outcome[result.rows[i]];
    if (!data.time.empty()) time.push_back(data.time[result.rows[i]]);
  }
  const LinearData line{.x = x, .columns = 2, .y = y, .time = time};
  result.tests.push_back(breusch_pagan_test(line, false, context));
  result.tests.push_back(breusch_pagan_test(line, true, context));
  result.tests.back().method = "cook_weisberg";
  result.tests.push_back(reset_test(line, 3, context).row);
  result.tests.push_back(jarque_bera_test(result.residual));
  if (!time.empty()) result.tests.push_back(durbin_watson_test(line, context));
}

}  // namespace

ResidualDiagnostics residual_diagnostics(const FittedRows& data, const ResidualSpec& spec,
                                         const Context& context) {
  check(data, spec);
  ResidualDiagnostics result;
  double squares = 0.0;
  std::int64_t missing = 0, unpredicted = 0, infinite = 0;
  for (std::uint32_t i = 0; i < data.outcome.size(); ++i) {
    if (!std::isfinite(data.outcome[i]) || !std::isfinite(data.fitted[i])) {
      if (std::isinf(data.outcome[i]) || std::isinf(data.fitted[i])) {
        ++infinite;
      } else {
        ++(std::isnan(data.outcome[i]) ? missing : unpredicted);
      }
      continue;
    }
    result.rows.push_back(i);
    result.fitted.push_back(data.fitted[i]);
    result.residual.push_back(data.outcome[i] - data.fitted[i]);
    squares += result.residual.back() * result.residual.back();
  }
  result.n = static_cast<std::int64_t>(result.rows.size());
  detail::warn_unjudged(result.warnings, missing, unpredicted);
  if (infinite > 0) {
    result.warnings.push_back(
        fmt::format("{} left out because the outcome or its prediction is infinite",
                    detail::plural(infinite, "row was", "rows were")));
  }
  const double df = static_cast<double>(result.n - data.parameters);
  if (df < 2.0) {
    result.warnings.emplace_back("too few rows to look at residuals");
    return result;
  }
  result.residual_sd = std::sqrt(squares / df);
  for (const double e : result.residual) {
    const double without = std::max(0.0, squares - e * e) / (df - 1.0);
    result.studentised.push_back(e == 0.0 ? 0.0 : e / std::sqrt(without));
    result.scale.push_back(std::sqrt(std::abs(result.studentised.back())));
  }
  if (squares > 0.0) {
    quantiles(result, spec.conf_level);
  } else {
    result.warnings.emplace_back("every outcome is predicted exactly: nothing is left to look at");
  }
  result.by_fitted = binned(result.fitted, result.residual, spec);
  result.by_scale = binned(result.fitted, result.scale, spec);
  run_tests(result, data, context);
  if (squares > 0.0) find_outliers_in(result, data, spec.outlier_level);
  return result;
}

}  // namespace impact
