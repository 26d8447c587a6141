#include "engine/stats/marginal_effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/stats/inference.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/lengths.h"
#include "engine/stats/likelihood.h"
#include "engine/stats/regression_rows.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// mu(eta) and its first two derivatives.
struct Mean {
  double value;
  double slope;
  double bend;
};

Mean mean_at(GlmFamily family, double eta) {
  switch (family) {
    case GlmFamily::kLogistic: {
      const double e = std::exp(-std::abs(eta));
      const double large = 1.0 / (1.0 + e);
      const double p = eta >= 0.0 ? large : e * large;
      const double slope = large * (e * large);
      return {p, slope, slope * (1.0 - 2.0 * p)};
    }
    case GlmFamily::kProbit: {
      const double density = std::exp(-0.5 * eta * eta) / std::sqrt(2.0 * std::numbers::pi);
      return {std::exp(detail::normal_tail(eta).log_cdf), density, -eta * density};
    }
    case GlmFamily::kPoisson:
    case GlmFamily::kNegativeBinomial: break;
  }
  const double mean = std::exp(eta);
  return {mean, mean, mean};
}

// Coefficients with 0 for the columns that have none: they follow the others.
std::vector<double> zero_filled(std::span<const double> numbers) {
  std::vector<double> result(numbers.begin(), numbers.end());
  for (double& number : result) number = std::isnan(number) ? 0.0 : number;
  return result;
}

// sqrt(g'V g); NaN if the fit has no errors.
double delta_error(const GlmFit& fit, std::span<const double> gradient) {
  const std::size_t p = fit.coefficient.size();
  double variance = 0.0;
  for (std::size_t a = 0; a < p; ++a) {
    if (std::isnan(fit.coefficient[a])) continue;
    double sum = 0.0;
    for (std::size_t b = 0; b < p; ++b) {
      if (!std::isnan(fit.coefficient[b])) sum += fit.covariance[b * p + a] * gradient[b];
    }
    variance += gradient[a] * sum;
  }
  return std::sqrt(variance < 0.0 ? 0.0 : variance);
}

// One effect: the derivative of a column, or the change of a dummy within its factor.
struct Effect {
  std::size_t column;
  std::vector<std::size_t> factor;  // empty: derivative
};

bool zero_one(std::span<const double> column) {
  bool zero = false;
  bool one = false;
  for (const double cell : column) {
    zero = zero || cell == 0.0;
    one = one || cell == 1.0;
    if (cell != 0.0 && cell != 1.0) return false;
  }
  return zero && one;
}

std::vector<Effect> effects_of(const detail::RegressionRows& rows, const MarginalSpec& spec) {
  const auto column = [&](std::size_t k) { return rows.x.subspan(k * rows.count(), rows.count()); };
  std::vector<std::vector<std::size_t>> factor(rows.columns);
  for (const auto& columns : spec.factors) {
    for (const std::size_t k : columns) {
      const auto is_dummy = [](double cell) { return cell == 0.0 || cell == 1.0; };
      if (k < rows.columns && std::ranges::all_of(column(k), is_dummy)) {
        factor[k] = columns;
        continue;
      }
      throw ArgumentError({.what = "a factor consists of dummies, columns of 0 and 1",
                           .where = "factors",
                           .got = fmt::format("column {}", k + 1),
                           .expected = "columns of 0 and 1"});
    }
  }
  std::vector<Effect> effects;
  for (std::size_t k = 0; k < rows.columns; ++k) {
    const auto cells = column(k);
    if (factor[k].empty() &&
        std::ranges::all_of(cells, [&](double cell) { return cell == cells[0]; })) {
      continue;  // the intercept
    }
    if (factor[k].empty() && zero_one(cells)) factor[k] = {k};
    effects.push_back({.column = k, .factor = factor[k]});
  }
  return effects;
}

// Sums over rows: weight, and for each effect its value and its gradient.
using Sums = std::vector<double>;

// With eta_1, eta_0 the row's eta under the two states: change mu(eta_1) - mu(eta_0), gradient
// mu'(eta_1) x_1 - mu'(eta_0) x_0. Derivative: mu'(eta) b_k, gradient mu''(eta) b_k x + mu'(eta)
// e_k.
void add_effect(const detail::RegressionRows& rows, GlmFamily family, const std::vector<double>& b,
                const Effect& effect, std::size_t begin, const std::vector<double>& eta,
                double* sums) {
  const std::size_t n = rows.count();
  const std::size_t count = eta.size();
  double* gradient = sums + 1;
  const std::size_t k = effect.column;
  std::vector<double> along(count);  // what multiplies x of the columns outside the factor
  for (std::size_t i = 0; i < count; ++i) {
    const double weight = rows.weights.empty() ? 1.0 : rows.weights[begin + i];
    if (effect.factor.empty()) {
      const Mean at = mean_at(family, eta[i]);
      sums[0] += weight * at.slope * b[k];
      gradient[k] += weight * at.slope;
      along[i] = weight * at.bend * b[k];
    } else {
      double base = eta[i];
      for (const std::size_t g : effect.factor) base -= rows.x[g * n + begin + i] * b[g];
      const Mean without = mean_at(family, base);
      const Mean with = mean_at(family, base + b[k]);
      sums[0] += weight * (with.value - without.value);
      gradient[k] += weight * with.slope;
      along[i] = weight * (with.slope - without.slope);
    }
  }
  for (std::size_t j = 0; j < rows.columns; ++j) {
    if (std::ranges::find(effect.factor, j) != effect.factor.end()) continue;
    gradient[j] += detail::dot(rows.x.data() + j * n + begin, along.data(), count);
  }
}

Sums sums_over(const detail::RegressionRows& rows, GlmFamily family, const std::vector<double>& b,
               const std::vector<Effect>& effects, const Context& context) {
  const std::size_t n = rows.count();
  const std::size_t width = rows.columns + 1;
  return reduce_chunks<Sums>(
      context, n, kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        Sums sums(1 + effects.size() * width, 0.0);
        std::vector<double> eta(end - begin, 0.0);
        for (std::size_t i = begin; i < end; ++i) {
          sums[0] += rows.weights.empty() ? 1.0 : rows.weights[i];
          if (!rows.offset.empty()) eta[i - begin] = rows.offset[i];
        }
        for (std::size_t k = 0; k < rows.columns; ++k) {
          for (std::size_t i = begin; i < end; ++i) eta[i - begin] += rows.x[k * n + i] * b[k];
        }
        for (std::size_t e = 0; e < effects.size(); ++e) {
          add_effect(rows, family, b, effects[e], begin, eta, sums.data() + 1 + e * width);
        }
        return sums;
      },
      [](Sums& into, const Sums& from) {
        for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
      });
}

// One row that holds the weighted means.
void to_means(detail::RegressionRows& rows) {
  const std::size_t n = rows.count();
  const double total = rows.total(true);
  const auto mean = [&](std::span<const double> column) {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      sum += (rows.weights.empty() ? 1.0 : rows.weights[i]) * column[i];
    }
    return sum / total;
  };
  std::vector<double> x;
  for (std::size_t k = 0; k < rows.columns; ++k) x.push_back(mean(rows.x.subspan(k * n, n)));
  std::vector<double> offset;
  if (!rows.offset.empty()) offset.push_back(mean(rows.offset));
  rows.own_x = std::move(x);
  rows.own_offset = std::move(offset);
  rows.own_y = {0.0};
  rows.x = rows.own_x;
  rows.offset = rows.own_offset;
  rows.y = rows.own_y;
  rows.weights = {};
}

}  // namespace

std::vector<Estimate> marginal_effects(const GlmData& data, const GlmFit& fit,
                                       std::span<const std::string> names, const MarginalSpec& spec,
                                       const Context& context) {
  check_conf_level(spec.conf_level);
  require_length("names", names.size(), data.columns);
  require_length("coefficient", fit.coefficient.size(), data.columns);
  detail::RegressionRows rows = detail::regression_rows(data);
  if (rows.count() == 0) return {};
  std::vector<Effect> effects = effects_of(rows, spec);
  std::erase_if(effects, [&](const Effect& effect) {
    return std::ranges::find(fit.dropped, effect.column) != fit.dropped.end();
  });
  if (spec.at_means) to_means(rows);
  const std::vector<double> b = zero_filled(fit.coefficient);
  const Sums sums = sums_over(rows, fit.family, b, effects, context);
  const std::size_t width = data.columns + 1;
  std::vector<Estimate> estimates;
  for (std::size_t e = 0; e < effects.size(); ++e) {
    std::vector<double> numbers(sums.begin() + static_cast<std::ptrdiff_t>(1 + e * width),
                                sums.begin() + static_cast<std::ptrdiff_t>(1 + (e + 1) * width));
    for (double& number : numbers) number /= sums[0];
    Estimate& row = estimates.emplace_back();
    row.term = names[effects[e].column];
    row.method = spec.at_means ? "marginal_effect_at_means" : "average_marginal_effect";
    row.se_type = se_type_name(fit.se);
    row.warnings = fit.warnings;
    PointEstimate point{.df = kInfinity, .n = fit.n};
    if (fit.separated.empty()) {
      point.estimate = numbers[0];
      point.std_error = delta_error(fit, std::span(numbers).subspan(1));
    } else {
      row.warnings.emplace_back("no marginal effect: a coefficient of the model is not finite");
    }
    complete(row, point, spec.conf_level);
  }
  return estimates;
}

Estimate average_contrast(const GlmFit& fit, std::span<const double> treated,
                          std::span<const double> control, std::span<const double> weights,
                          std::span<const double> offset, double conf_level) {
  check_conf_level(conf_level);
  const std::size_t p = fit.coefficient.size();
  const std::size_t n = p == 0 ? 0 : treated.size() / p;
  require_length("treated", treated.size(), n * p);
  require_length("control", control.size(), n * p);
  require_optional_length("weights", weights.size(), n);
  require_optional_length("offset", offset.size(), n);
  require_weights(weights);
  const std::vector<double> b = zero_filled(fit.coefficient);
  std::vector<double> gradient(p, 0.0);
  double value = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = weights.empty() ? 1.0 : weights[i];
    double one = offset.empty() ? 0.0 : offset[i];
    double zero = one;
    for (std::size_t k = 0; k < p; ++k) {
      one += treated[k * n + i] * b[k];
      zero += control[k * n + i] * b[k];
    }
    const Mean with = mean_at(fit.family, one);
    const Mean without = mean_at(fit.family, zero);
    total += weight;
    value += weight * (with.value - without.value);
    for (std::size_t k = 0; k < p; ++k) {
      gradient[k] +=
          weight * (with.slope * treated[k * n + i] - without.slope * control[k * n + i]);
    }
  }
  for (double& part : gradient) part /= total;
  Estimate row;
  row.term = "contrast";
  row.method = "average_contrast";
  row.se_type = se_type_name(fit.se);
  row.warnings = fit.warnings;
  PointEstimate point{.df = kInfinity, .n = static_cast<std::int64_t>(n)};
  if (!fit.separated.empty()) {
    row.warnings.emplace_back("no contrast: a coefficient of the model is not finite");
  } else if (total > 0.0) {
    point.estimate = value / total;
    point.std_error = delta_error(fit, gradient);
  } else {
    row.warnings.emplace_back("no row to average over");
  }
  complete(row, point, conf_level);
  return row;
}

Predictions predict(const GlmFit& fit, std::span<const double> x, std::span<const double> offset,
                    double conf_level) {
  check_conf_level(conf_level);
  const std::size_t p = fit.coefficient.size();
  const std::size_t n = p == 0 ? 0 : x.size() / p;
  require_length("x", x.size(), n * p);
  require_optional_length("offset", offset.size(), n);
  const std::vector<double> b = zero_filled(fit.coefficient);
  Predictions result;
  if (!fit.separated.empty()) {
    result.warnings.emplace_back("no predictions: a coefficient of the model is not finite");
  }
  std::vector<double> row(p);
  for (std::size_t i = 0; i < n; ++i) {
    double eta = offset.empty() ? 0.0 : offset[i];
    for (std::size_t k = 0; k < p; ++k) {
      row[k] = x[k * n + i];
      eta += row[k] * b[k];
    }
    double se = delta_error(fit, row);
    if (!fit.separated.empty()) eta = se = kNaN;
    const Mean at = mean_at(fit.family, eta);
    const Inference ends = infer(eta, se, kInfinity, conf_level);
    result.eta.push_back(eta);
    result.eta_se.push_back(se);
    result.mean.push_back(at.value);
    result.mean_se.push_back(at.slope * se);
    result.conf_low.push_back(mean_at(fit.family, ends.conf_low).value);
    result.conf_high.push_back(mean_at(fit.family, ends.conf_high).value);
  }
  return result;
}

std::vector<Estimate> ratios(const GlmFit& fit, std::span<const std::string> names,
                             double conf_level) {
  if (fit.family == GlmFamily::kProbit) {
    throw ArgumentError({.what = "a probit coefficient is no ratio",
                         .where = "family",
                         .got = "probit",
                         .expected = "logistic, poisson or negative_binomial",
                         .hint = "report marginal effects"});
  }
  std::vector<Estimate> rows = to_estimates(fit, names, conf_level);
  for (Estimate& row : rows) {
    row.method = fit.family == GlmFamily::kLogistic ? "odds_ratio" : "rate_ratio";
    row.null_value = 1.0;
    row.estimate = std::exp(row.estimate);
    row.std_error *= row.estimate;
    row.conf_low = std::exp(row.conf_low);
    row.conf_high = std::exp(row.conf_high);
  }
  return rows;
}

}  // namespace impact
