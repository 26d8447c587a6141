#include "engine/causal/sensitivity/e_value.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/rng.h"
#include "engine/stats/inference.h"
#include "engine/stats/root.h"

namespace impact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double to_risk_ratio(double ratio, EffectMeasure measure) {
  if (!(ratio > 0.0)) return kNan;
  switch (measure) {
    case EffectMeasure::kRiskRatio:
    case EffectMeasure::kRareOddsRatio:
    case EffectMeasure::kRareHazardRatio: return ratio;
    case EffectMeasure::kCommonOddsRatio: return std::sqrt(ratio);
    case EffectMeasure::kCommonHazardRatio: break;
  }
  // 1 - 0.5^x = -expm1(-x ln 2).
  const double root = std::sqrt(ratio);
  return std::expm1(-root * M_LN2) / std::expm1(-M_LN2 / root);
}

EValue complete(const EValueEstimate& ratio, double null_value) {
  EValue result;
  result.risk_ratio = ratio;
  result.null_value = null_value;
  result.point = e_value(ratio.estimate / null_value);
  if (std::isnan(result.point)) {
    result.warnings.emplace_back("the estimate is no positive ratio: it has no E-value");
    return result;
  }
  if (ratio.conf_low > ratio.estimate || ratio.conf_high < ratio.estimate) {
    result.warnings.emplace_back("the limits do not enclose the estimate");
    return result;
  }
  const double near = ratio.estimate >= null_value ? ratio.conf_low : ratio.conf_high;
  if (std::isnan(near)) return result;
  const bool holds = ratio.estimate >= null_value ? near <= null_value : near >= null_value;
  result.limit = holds ? 1.0 : e_value(near / null_value);
  return result;
}

void require_positive(const char* what, double value) {
  if (value > 0.0 && std::isfinite(value)) return;
  throw ArgumentError({.what = fmt::format("'{}' must be positive", what),
                       .where = what,
                       .got = format_double(value),
                       .expected = "a number above 0"});
}

}  // namespace

double e_value(double risk_ratio) {
  if (!(risk_ratio > 0.0)) return kNan;
  const double r = risk_ratio < 1.0 ? 1.0 / risk_ratio : risk_ratio;
  return r + std::sqrt(r) * std::sqrt(r - 1.0);
}

EValue e_value(const EValueEstimate& ratio, EffectMeasure measure, double null_value) {
  require_positive("null_value", null_value);
  return complete({to_risk_ratio(ratio.estimate, measure), to_risk_ratio(ratio.conf_low, measure),
                   to_risk_ratio(ratio.conf_high, measure)},
                  to_risk_ratio(null_value, measure));
}

EValue e_value_of_difference(double d, double std_error, double null_value) {
  const bool usable = std_error >= 0.0;
  EValue result =
      complete({std::exp(0.91 * d), usable ? std::exp(0.91 * d - 1.78 * std_error) : kNan,
                usable ? std::exp(0.91 * d + 1.78 * std_error) : kNan},
               std::exp(0.91 * null_value));
  if (std_error < 0.0) result.warnings.emplace_back("a negative standard error gives no limits");
  return result;
}

EValue e_value_of_coefficient(double estimate, double std_error, double sd, double delta,
                              double null_value) {
  require_positive("sd", sd);
  if (!std::isfinite(delta) || delta == 0.0) {
    throw ArgumentError({.what = "the increase of the treatment is a number other than 0",
                         .where = "delta",
                         .got = format_double(delta)});
  }
  return e_value_of_difference(estimate * delta / sd, std_error * std::abs(delta) / sd, null_value);
}

// With p1, p0, f independent given the margins, the delta method for g = (p1 - p0 B) c,
// c = f + (1 - f) / B:
//   Var g = c^2 p1 (1 - p1) / n1 + B^2 c^2 p0 (1 - p0) / n0
//           + (p1 - p0 B)^2 (1 - 1 / B)^2 f (1 - f) / N
EValue e_value_of_risk_difference(const EventCounts& counts, double null_value, double conf_level) {
  check_conf_level(conf_level);
  const EventCounts& c = counts;
  if (std::min({c.treated_events, c.treated_others, c.control_events, c.control_others}) < 0) {
    throw ArgumentError({.what = "counts are not negative", .where = "counts"});
  }
  if (!(null_value > -1.0 && null_value < 1.0)) {
    throw ArgumentError({.what = "a risk difference lies in (-1, 1)",
                         .where = "null_value",
                         .got = format_double(null_value)});
  }
  auto n1 = static_cast<double>(c.treated_events + c.treated_others);
  auto n0 = static_cast<double>(c.control_events + c.control_others);
  EValue result;
  if (n1 == 0.0 || n0 == 0.0) {
    result.warnings.emplace_back("an arm is empty: no risk difference");
    return result;
  }
  double p1 = static_cast<double>(c.treated_events) / n1;
  double p0 = static_cast<double>(c.control_events) / n0;
  result.risk_ratio.estimate = p1 / p0;
  double target = null_value;
  if (p1 - p0 < target) {
    std::swap(p1, p0);
    std::swap(n1, n0);
    target = -target;
  }
  const double f = n1 / (n1 + n0);
  const double z = normal_quantile(0.5 + 0.5 * conf_level);
  const auto bound = [&](double b, double sds) {
    const double share = f + (1.0 - f) / b;
    const double left = p1 - p0 * b;
    const double slope = left * (1.0 - 1.0 / b);
    const double variance = share * share * (p1 * (1.0 - p1) / n1 + b * b * p0 * (1.0 - p0) / n0) +
                            slope * slope * f * (1.0 - f) / (n1 + n0);
    return left * share - sds * std::sqrt(variance) - target;
  };
  const auto solve = [&](double sds) {
    if (bound(1.0, sds) <= 0.0) return 1.0;
    double high = 2.0;
    while (high < 1e12 && bound(high, sds) > 0.0) high *= 2.0;
    return e_value(detail::bracketed_root([&](double b) { return bound(b, sds); }, 1.0, high));
  };
  result.point = solve(0.0);
  result.limit = solve(z);
  if (std::isnan(result.point)) {
    result.warnings.emplace_back("no confounder of any size moves the difference that far");
  }
  return result;
}

double bias_factor(double treatment_ratio, double outcome_ratio) {
  for (const double ratio : {treatment_ratio, outcome_ratio}) {
    if (ratio >= 1.0) continue;
    throw ArgumentError({.what = "associations of a confounder are risk ratios of at least 1",
                         .where = "bias_factor",
                         .got = format_double(ratio),
                         .expected = "1 or more",
                         .hint = "take the inverse of a protective one"});
  }
  if (std::isinf(treatment_ratio)) return outcome_ratio;
  // a b / (a + b - 1) without overflow.
  return treatment_ratio / (1.0 + (treatment_ratio - 1.0) / outcome_ratio);
}

EValueEstimate bias_corrected_ratio(const EValueEstimate& ratio, double treatment_ratio,
                                    double outcome_ratio) {
  const double b = bias_factor(treatment_ratio, outcome_ratio);
  const double by = ratio.estimate >= 1.0 ? 1.0 / b : b;
  return {ratio.estimate * by, ratio.conf_low * by, ratio.conf_high * by};
}

double selection_e_value(double risk_ratio, SelectionBias kind) {
  return e_value(kind == SelectionBias::kGeneral ? std::sqrt(risk_ratio) : risk_ratio);
}

}  // namespace impact
