#include "engine/stats/lin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/stats/lengths.h"

namespace impact {
namespace {

// The regression: columns intercept, arm, centred covariates, products; rows of either arm.
struct Regression {
  std::vector<double> x, y, weights;
  std::vector<std::int32_t> clusters;
  std::size_t columns = 0;
  bool treated = false;
  bool control = false;
};

void check(const LinData& data) {
  const std::size_t rows = data.y.size();
  require_length("arm", data.arm.size(), rows);
  require_length("covariates", data.covariates.size(), rows * data.columns);
  require_optional_length("weights", data.weights.size(), rows);
  require_optional_length("clusters", data.clusters.size(), rows);
  if (!data.names.empty()) require_length("names", data.names.size(), data.columns);
}

template <class T>
std::vector<T> pick(std::span<const T> column, const std::vector<std::size_t>& rows) {
  std::vector<T> result;
  if (column.empty()) return result;
  result.reserve(rows.size());
  for (const std::size_t i : rows) result.push_back(column[i]);
  return result;
}

// Whether linear() will use the row: means are taken over those rows only.
bool complete(const LinData& data, std::size_t i) {
  if (!std::isfinite(data.y[i])) return false;
  if (!data.weights.empty() && !(data.weights[i] > 0.0)) return false;
  if (!data.clusters.empty() && data.clusters[i] < 0) return false;
  for (std::size_t k = 0; k < data.columns; ++k) {
    if (!std::isfinite(data.covariates[k * data.y.size() + i])) return false;
  }
  return true;
}

Regression regression(const LinData& data) {
  check(data);
  Regression result;
  std::vector<std::size_t> rows;
  std::vector<std::uint8_t> counts;
  for (std::size_t i = 0; i < data.y.size(); ++i) {
    if (data.arm[i] != 0 && data.arm[i] != 1) continue;
    rows.push_back(i);
    counts.push_back(complete(data, i) ? 1 : 0);
    if (counts.back() != 0) (data.arm[i] == 1 ? result.treated : result.control) = true;
  }
  result.y = pick(data.y, rows);
  result.weights = pick(data.weights, rows);
  result.clusters = pick(data.clusters, rows);
  const std::size_t n = rows.size();
  result.columns = 2 + 2 * data.columns;
  result.x.assign(n * result.columns, 1.0);
  double* arm = result.x.data() + n;
  for (std::size_t i = 0; i < n; ++i) arm[i] = static_cast<double>(data.arm[rows[i]]);
  for (std::size_t k = 0; k < data.columns; ++k) {
    const auto from = data.covariates.subspan(k * data.y.size(), data.y.size());
    double sum = 0.0;
    double total = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      if (counts[i] == 0) continue;
      const double weight = result.weights.empty() ? 1.0 : result.weights[i];
      sum += weight * from[rows[i]];
      total += weight;
    }
    const double mean = sum / total;
    double* covariate = result.x.data() + n * (2 + k);
    double* product = result.x.data() + n * (2 + data.columns + k);
    for (std::size_t i = 0; i < n; ++i) {
      covariate[i] = from[rows[i]] - mean;
      product[i] = arm[i] * covariate[i];
    }
  }
  return result;
}

LinearFit fit(const Regression& r, const LinSpec& spec, std::span<const std::string> names,
              const Context& context) {
  return linear({.x = r.x,
                 .columns = r.columns,
                 .y = r.y,
                 .weights = r.weights,
                 .clusters = r.clusters,
                 .names = names},
                {.se = spec.se, .explain = spec.explain}, context);
}

}  // namespace

std::vector<Estimate> lin(const LinData& data, const LinSpec& spec, const Context& context) {
  const Regression r = regression(data);
  std::vector<std::string> names = {"(intercept)", spec.term};
  for (std::size_t k = 0; k < data.columns; ++k) {
    names.push_back(data.names.empty() ? fmt::format("x{}", k + 1) : data.names[k]);
  }
  for (std::size_t k = 0; k < data.columns; ++k) names.push_back(spec.term + ":" + names[2 + k]);

  LinearFit result = fit(r, spec, names, context);
  if (spec.explain && r.treated != r.control) {
    result.warnings.push_back(fmt::format("the {} arm has no row, so there is nothing to compare",
                                          r.treated ? "control" : "treated"));
  }
  std::vector<Estimate> estimates = to_estimates(result, names, "lin", spec.conf_level);
  const auto arm = std::ranges::find(estimates, spec.term, &Estimate::term);
  if (arm != estimates.end()) {
    std::rotate(estimates.begin(), arm, arm + 1);
  } else {
    Estimate none{.term = spec.term, .n = result.n, .method = "lin"};
    none.se_type = se_type_name(spec.se);
    none.warnings = result.warnings;
    estimates.insert(estimates.begin(), std::move(none));
  }
  return estimates;
}

PointEstimate lin_numbers(const LinData& data, const LinSpec& spec) {
  LinSpec silent = spec;
  silent.explain = false;
  const LinearFit result = fit(regression(data), silent, {}, {});
  return {result.coefficient[1], result.std_error[1], result.df[1], result.n};
}

}  // namespace impact
