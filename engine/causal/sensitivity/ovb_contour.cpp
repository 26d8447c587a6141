#include "engine/causal/sensitivity/ovb_contour.h"

#include <cmath>
#include <numbers>

#include "engine/core/error.h"

namespace impact {
namespace {

std::vector<double> axis(double most, std::size_t points) {
  std::vector<double> ticks(points);
  for (std::size_t i = 0; i < points; ++i) {
    ticks[i] = most * static_cast<double>(i) / static_cast<double>(points - 1);
  }
  return ticks;
}

void check(const OvbGridSpec& spec) {
  detail::require_within("most_r2_dz", spec.most_r2_dz, 1e-12, 1.0 - 1e-12);
  detail::require_within("most_r2_yz", spec.most_r2_yz, 1e-12, 1.0);
  detail::require_within("points", static_cast<double>(spec.points), 2.0, 2001.0);
}

double pick(const AdjustedEstimate& row, OvbQuantity of) {
  switch (of) {
    case OvbQuantity::kEstimate: return row.estimate;
    case OvbQuantity::kStatistic: return row.t;
    case OvbQuantity::kConfLow: return row.conf_low;
    case OvbQuantity::kConfHigh: return row.conf_high;
  }
  return row.estimate;
}

}  // namespace

OvbGrid ovb_grid(const OvbEstimate& fit, const OvbGridSpec& spec) {
  check(spec);
  OvbGrid grid;
  grid.r2_dz = axis(spec.most_r2_dz, spec.points);
  grid.r2_yz = axis(spec.most_r2_yz, spec.points);
  grid.value.reserve(spec.points * spec.points);
  for (const double dz : grid.r2_dz) {
    for (const double yz : grid.r2_yz) {
      grid.value.push_back(pick(adjust_for_confounder(fit, {dz, yz}, spec.adjust), spec.of));
    }
  }
  return grid;
}

// With s the sign of the estimate, e = |estimate|, r2_yz = sin^2 w, at a given r2_dz = d:
//   A = se sqrt(dof d / (1 - d)),  S = se sqrt(dof / (dof - 1) / (1 - d))
//   estimate: s (e -+ A sin w) = level               -> sin w = (e - s level) / (+-A)
//   t:        s (e -+ A sin w) - h = level S cos w   -> e - s h = +-A sin w + s level S cos w
// The right side of the second is R cos(w - p), R = hypot(A, level S), tan p = +-A / (s level S).
std::vector<ConfounderStrength> ovb_contour(const OvbEstimate& fit, double level,
                                            const OvbGridSpec& spec) {
  check(spec);
  if (spec.of != OvbQuantity::kEstimate && spec.of != OvbQuantity::kStatistic) {
    throw ArgumentError({.what = "lines are those of the estimate or of its t statistic",
                         .where = "of",
                         .hint = "draw the grid of limits instead"});
  }
  std::vector<ConfounderStrength> line;
  const double sign = std::copysign(1.0, fit.estimate);
  const double size = std::abs(fit.estimate);
  const AdjustedEstimate plain = adjust_for_confounder(fit, {}, spec.adjust);
  const bool of_t = spec.of == OvbQuantity::kStatistic;
  const double start = sign * (pick(plain, spec.of) - level);
  // Reducing, values of s (figure) fall from the start; else they rise.
  if (std::isnan(start) || (spec.adjust.reduce ? start < 0.0 : start > 0.0)) return line;
  const double most = std::asin(std::sqrt(spec.most_r2_yz));
  for (const double d : axis(spec.most_r2_dz, spec.points)) {
    const double pull = fit.std_error * std::sqrt(fit.dof * d / (1.0 - d));
    const double a = spec.adjust.reduce ? pull : -pull;
    double w = NAN;
    if (!of_t) {
      const double sine = (size - sign * level) / a;
      if (sine >= 0.0 && sine <= 1.0) w = std::asin(sine);
    } else {
      const double s =
          sign * level * fit.std_error * std::sqrt(fit.dof / (fit.dof - 1.0) / (1.0 - d));
      const double length = std::hypot(a, s);
      const double target = size - sign * spec.adjust.null_value;
      if (length > 0.0 && std::abs(target) <= length) {
        const double phase = std::atan2(a, s);
        const double turn = std::acos(target / length);
        for (const double angle :
             {phase - turn, phase + turn, phase - turn + 2.0 * std::numbers::pi,
              phase + turn + 2.0 * std::numbers::pi}) {
          if (angle >= 0.0 && angle <= 0.5 * std::numbers::pi && !(angle >= w)) w = angle;
        }
      }
    }
    if (w <= most) line.push_back({d, std::sin(w) * std::sin(w)});
  }
  return line;
}

std::vector<OvbScenario> ovb_extreme_scenarios(const OvbEstimate& fit,
                                               std::span<const double> r2_yz,
                                               const OvbGridSpec& spec) {
  check(spec);
  std::vector<OvbScenario> scenarios;
  for (const double yz : r2_yz) {
    OvbScenario scenario;
    scenario.r2_yz = yz;
    for (const double dz : axis(spec.most_r2_dz, spec.points)) {
      scenario.curve.push_back(adjust_for_confounder(fit, {dz, yz}, spec.adjust));
    }
    scenarios.push_back(std::move(scenario));
  }
  return scenarios;
}

}  // namespace impact
