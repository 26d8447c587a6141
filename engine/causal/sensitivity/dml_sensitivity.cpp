#include "engine/causal/sensitivity/dml_sensitivity.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/rng.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/groups.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/root.h"

namespace impact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double mean(std::span<const double> values) {
  return exact_sum(values) / static_cast<double>(values.size());
}

double median(const std::vector<double>& values) { return sample_median(values).value; }

// Second moments of the estimates of theta (a), bias (c) and both (b), over n: variances of means.
struct Moments {
  double theta = kNan;
  double bias = kNan;
  double a = kNan, b = kNan, c = kNan;
};

// The influence of max_bias = sqrt(sigma2 nu2) is (sigma2 psi_nu2 + nu2 psi_sigma2) / (2 max_bias).
Moments moments(const DmlElements& e, std::span<const std::int32_t> clusters, DmlErrors errors) {
  const std::size_t n = e.psi_theta.size();
  require_length("psi_sigma2", e.psi_sigma2.size(), n);
  require_length("psi_nu2", e.psi_nu2.size(), n);
  require_optional_length("clusters", clusters.size(), n);
  Moments m;
  m.theta = e.theta;
  if (!(e.sigma2 >= 0.0) || !(e.nu2 >= 0.0) || n == 0) return m;
  m.bias = std::sqrt(e.sigma2 * e.nu2);
  std::vector<double> theta(e.psi_theta);
  if (errors == DmlErrors::kDoubleMl) {
    for (double& psi : theta) psi = -psi;
  }
  std::vector<double> bias(n, 0.0);
  if (m.bias > 0.0) {
    for (std::size_t i = 0; i < n; ++i) {
      bias[i] = (e.sigma2 * e.psi_nu2[i] + e.nu2 * e.psi_sigma2[i]) / (2.0 * m.bias);
    }
  }
  if (!clusters.empty()) {
    for (const std::int32_t code : clusters) {
      if (code >= 0) continue;
      throw ArgumentError({.what = "every unit of a clustered estimate belongs to a cluster",
                           .where = "clusters",
                           .got = std::to_string(code),
                           .expected = "codes of 0 and above"});
    }
    const detail::Groups groups = detail::group_rows(clusters);
    for (std::vector<double>* psi : {&theta, &bias}) {
      std::vector<double> sums;
      for (std::size_t g = 0; g < groups.count(); ++g) {
        ExactSum sum;
        for (const std::uint32_t row : groups[g]) sum.add((*psi)[row]);
        sums.push_back(sum.round());
      }
      *psi = std::move(sums);
    }
  }
  ExactSum a;
  ExactSum b;
  ExactSum c;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    a.add(theta[i] * theta[i]);
    b.add(theta[i] * bias[i]);
    c.add(bias[i] * bias[i]);
  }
  const double squared = static_cast<double>(n) * static_cast<double>(n);
  m.a = a.round() / squared;
  m.b = b.round() / squared;
  m.c = c.round() / squared;
  return m;
}

// Standard error of theta + s bias.
double error_at(const Moments& m, double s) {
  return std::sqrt(std::fmax(0.0, m.a + 2.0 * s * m.b + s * s * m.c));
}

// Median over repetitions of a bound theta + s bias, its error and its limit; s has the sign of the
// side. The error is that which the median of theta + s bias + 1.96 error has.
struct Bound {
  double theta, error, limit;
};

Bound bound(std::span<const Moments> repetitions, double s, double z) {
  std::vector<double> thetas;
  std::vector<double> uppers;
  std::vector<double> limits;
  for (const Moments& m : repetitions) {
    const double theta = m.theta + s * m.bias;
    const double error = error_at(m, s);
    thetas.push_back(theta);
    uppers.push_back(theta + 1.96 * error);
    // Of no strength the sign of zero says which side is meant.
    limits.push_back(std::signbit(s) ? theta - z * error : theta + z * error);
  }
  const double theta = median(thetas);
  return {theta, (median(uppers) - theta) / 1.96, median(limits)};
}

double value_of_strength(double strength, double rho) {
  if (strength == 0.0) return 0.0;
  if (rho == 0.0) return 1.0;
  const double f = strength / rho;
  // cf_y cf_d / (1 - cf_d) with cf_y = cf_d = r is f^2.
  return 2.0 / (1.0 + std::sqrt(1.0 + 4.0 / f / f));
}

// Smallest strength s >= 0 at which side (theta + side s bias - null) is z errors from zero: with
// D = |theta - null|, (D - s B)^2 = z^2 (a + 2 side s b + s^2 c), D - s B >= 0.
double strength_needed(const Moments& m, double null_value, double side, double z) {
  const double distance = side * (null_value - m.theta);
  if (std::isnan(distance) || std::isnan(m.a)) return kNan;
  if (distance <= z * std::sqrt(m.a)) return 0.0;
  const double q2 = m.bias * m.bias - z * z * m.c;
  const double q1 = distance * m.bias + side * z * z * m.b;
  const double q0 = distance * distance - z * z * m.a;
  // q2 s^2 - 2 q1 s + q0 = 0, q0 > 0. The smallest positive root, without cancellation.
  const double root = std::sqrt(std::fmax(0.0, q1 * q1 - q2 * q0));
  if (q1 + root > 0.0) return q0 / (q1 + root);
  return std::numeric_limits<double>::infinity();
}

// Strength at which the median over repetitions of the bounds (limits) reaches the null value: each
// falls, so that an odd number crosses with the one in the middle, an even number between two.
double median_strength(std::span<const Moments> all, double null_value, double side, double z,
                       bool limits) {
  std::vector<double> needed;
  for (const Moments& m : all)
    needed.push_back(strength_needed(m, null_value, side, limits ? z : 0));
  if (std::ranges::any_of(needed, [](double s) { return std::isnan(s); })) return kNan;
  std::ranges::sort(needed);
  const double low = needed[(needed.size() - 1) / 2];
  const double high = needed[needed.size() / 2];
  if (low == high || std::isinf(high)) return low;
  const double root = detail::bracketed_root(
      [&](double s) {
        const Bound at = bound(all, side * s, z);
        return (limits ? at.limit : at.theta) - null_value;
      },
      low, high);
  // No change of sign: reached at once, though not by every repetition.
  return std::isnan(root) ? low : root;
}

}  // namespace

DmlElements plr_elements(std::span<const double> outcome_residual,
                         std::span<const double> treatment_residual) {
  require_length("treatment_residual", treatment_residual.size(), outcome_residual.size());
  const std::size_t n = outcome_residual.size();
  DmlElements e;
  if (n == 0) return e;
  ExactSum cross;
  ExactSum square;
  for (std::size_t i = 0; i < n; ++i) {
    cross.add(outcome_residual[i] * treatment_residual[i]);
    square.add(treatment_residual[i] * treatment_residual[i]);
  }
  const double variance = square.round() / static_cast<double>(n);
  e.theta = cross.round() / square.round();
  e.nu2 = 1.0 / variance;
  for (std::size_t i = 0; i < n; ++i) {
    const double v = treatment_residual[i];
    const double left = outcome_residual[i] - e.theta * v;
    e.psi_theta.push_back(v * left * e.nu2);
    e.psi_sigma2.push_back(left * left);
    e.psi_nu2.push_back(e.nu2 - v * v * e.nu2 * e.nu2);
  }
  e.sigma2 = mean(e.psi_sigma2);
  for (double& psi : e.psi_sigma2) psi -= e.sigma2;
  return e;
}

DmlElements irm_elements(const IrmPredictions& p, DmlTarget target) {
  const std::size_t n = p.y.size();
  require_length("treated", p.treated.size(), n);
  require_length("mean0", p.mean0.size(), n);
  require_length("mean1", p.mean1.size(), n);
  require_length("propensity", p.propensity.size(), n);
  for (std::size_t i = 0; i < n; ++i) {
    if (p.treated[i] != 0.0 && p.treated[i] != 1.0) {
      throw ArgumentError({.what = "the treatment is 0 or 1",
                           .where = fmt::format("row {}", i + 1),
                           .got = format_double(p.treated[i])});
    }
    if (p.propensity[i] <= 0.0 || p.propensity[i] >= 1.0) {
      throw ArgumentError({.what = "a propensity of 0 or 1 leaves nothing to compare with",
                           .where = fmt::format("row {}", i + 1),
                           .got = format_double(p.propensity[i]),
                           .expected = "strictly between 0 and 1",
                           .hint = "trim or clip the propensities"});
    }
  }
  DmlElements e;
  if (n == 0) return e;
  const bool att = target == DmlTarget::kAtt;
  const double share = att ? mean(p.treated) : 1.0;
  std::vector<double> score(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double d = p.treated[i];
    const double odds = 1.0 / (1.0 - p.propensity[i]);
    const double residual = p.y[i] - (d == 1.0 ? p.mean1[i] : p.mean0[i]);
    // Weight w of the target and Riesz representer alpha; m(W, alpha) of alpha's own functional.
    const double w = att ? d / share : 1.0;
    const double alpha = att ? (d - (1.0 - d) * p.propensity[i] * odds) / share
                             : d / p.propensity[i] - (1.0 - d) * odds;
    const double of_alpha = att ? w * odds / share : 1.0 / p.propensity[i] + odds;
    score[i] = w * (p.mean1[i] - p.mean0[i]) + alpha * residual;
    e.psi_sigma2.push_back(residual * residual);
    e.psi_nu2.push_back(2.0 * of_alpha - alpha * alpha);
    e.psi_theta.push_back(w);
  }
  e.theta = mean(score);
  e.sigma2 = mean(e.psi_sigma2);
  e.nu2 = mean(e.psi_nu2);
  for (std::size_t i = 0; i < n; ++i) {
    // Of the treated the weight is estimated with its mean: theta w stands in for theta.
    e.psi_theta[i] = score[i] - e.theta * e.psi_theta[i];
    e.psi_sigma2[i] -= e.sigma2;
    e.psi_nu2[i] -= e.nu2;
    // nu2 has the estimated share squared below it.
    if (att) e.psi_nu2[i] -= 2.0 * e.nu2 * (p.treated[i] / share - 1.0);
  }
  return e;
}

DmlSensitivity dml_sensitivity(std::span<const DmlElements> repetitions,
                               const DmlSensitivitySpec& spec,
                               std::span<const std::int32_t> clusters) {
  detail::require_within("cf_y", spec.cf_y, 0.0, 1.0);
  detail::require_within("cf_d", spec.cf_d, 0.0, std::nextafter(1.0, 0.0));
  detail::require_within("rho", spec.rho, -1.0, 1.0);
  check_conf_level(spec.conf_level);
  DmlSensitivity result;
  const double rho = std::abs(spec.rho);
  result.strength = rho * std::sqrt(spec.cf_y * spec.cf_d / (1.0 - spec.cf_d));
  std::vector<Moments> all;
  std::vector<double> thetas;
  std::vector<double> biases;
  bool defined = true;
  for (const DmlElements& e : repetitions) {
    all.push_back(moments(e, clusters, spec.errors));
    thetas.push_back(all.back().theta);
    biases.push_back(all.back().bias);
    defined = defined && std::isfinite(all.back().theta) && std::isfinite(all.back().bias) &&
              std::isfinite(all.back().a) && std::isfinite(all.back().c);
  }
  if (all.empty() || !defined) {
    result.warnings.emplace_back(
        all.empty() ? "no estimate: nothing to bound"
                    : "an element is missing, infinite or a negative variance: nothing is bounded "
                      "(nu2 may be negative where propensities are extreme)");
    return result;
  }
  const double z = normal_quantile(spec.conf_level);
  result.theta = median(thetas);
  result.max_bias = median(biases);
  const Bound low = bound(all, -result.strength, z);
  const Bound high = bound(all, result.strength, z);
  result.theta_low = low.theta;
  result.theta_high = high.theta;
  result.se_low = low.error;
  result.se_high = high.error;
  result.conf_low = low.limit;
  result.conf_high = high.limit;
  const double side = spec.null_value > result.theta ? 1.0 : -1.0;
  result.robustness_value =
      value_of_strength(median_strength(all, spec.null_value, side, z, false), rho);
  result.robustness_value_alpha =
      value_of_strength(median_strength(all, spec.null_value, side, z, true), rho);
  return result;
}

DmlGrid dml_grid(std::span<const DmlElements> repetitions, double most_cf_d, double most_cf_y,
                 std::size_t points, bool limits, const DmlSensitivitySpec& spec,
                 std::span<const std::int32_t> clusters) {
  detail::require_within("most_cf_d", most_cf_d, 1e-12, 1.0 - 1e-12);
  detail::require_within("most_cf_y", most_cf_y, 1e-12, 1.0);
  detail::require_within("points", static_cast<double>(points), 2.0, 2001.0);
  check_conf_level(spec.conf_level);
  const double z = normal_quantile(spec.conf_level);
  DmlGrid grid;
  for (std::size_t i = 0; i < points; ++i) {
    const double at = static_cast<double>(i) / static_cast<double>(points - 1);
    grid.cf_d.push_back(most_cf_d * at);
    grid.cf_y.push_back(most_cf_y * at);
  }
  std::vector<Moments> all;
  std::vector<double> thetas;
  for (const DmlElements& e : repetitions) {
    all.push_back(moments(e, clusters, spec.errors));
    thetas.push_back(all.back().theta);
  }
  const double side = spec.null_value > median(thetas) ? 1.0 : -1.0;
  for (const double d : grid.cf_d) {
    for (const double y : grid.cf_y) {
      const double s = side * std::abs(spec.rho) * std::sqrt(y * d / (1.0 - d));
      const Bound at = bound(all, s, z);
      grid.value.push_back(limits ? at.limit : at.theta);
    }
  }
  return grid;
}

DmlBenchmark dml_benchmark(std::span<const DmlElements> longer,
                           std::span<const DmlElements> shorter) {
  if (longer.empty() || longer.size() != shorter.size()) {
    throw ArgumentError({.what = "both models need the same number of repetitions",
                         .where = "shorter",
                         .got = std::to_string(shorter.size()),
                         .expected = fmt::format("{}, at least one", longer.size())});
  }
  DmlBenchmark result;
  std::vector<double> y;
  std::vector<double> d;
  std::vector<double> rho;
  std::vector<double> change;
  bool cut = false;
  for (std::size_t r = 0; r < longer.size(); ++r) {
    const double gain_y = shorter[r].sigma2 - longer[r].sigma2;
    const double gain_d = longer[r].nu2 - shorter[r].nu2;
    const double moved = shorter[r].theta - longer[r].theta;
    cut = cut || gain_y < 0.0 || gain_d < 0.0;
    y.push_back(std::clamp(gain_y / longer[r].sigma2, 0.0, 1.0));
    d.push_back(std::clamp(gain_d / shorter[r].nu2, 0.0, 1.0));
    change.push_back(moved);
    const double most = std::sqrt(std::fmax(gain_y, 0.0) * std::fmax(gain_d, 0.0));
    const double size = most > 0.0 ? std::fmin(1.0, std::abs(moved) / most) : 1.0;
    rho.push_back(moved == 0.0 ? 0.0 : std::copysign(size, moved));
  }
  result.cf_y = median(y);
  result.cf_d = median(d);
  result.rho = median(rho);
  result.theta_change = median(change);
  if (cut) {
    result.warnings.emplace_back(
        "the model without the benchmark covariates fits better in some repetition: its gain there "
        "is taken as 0");
  }
  return result;
}

}  // namespace impact
