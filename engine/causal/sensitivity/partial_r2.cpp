#include "engine/causal/sensitivity/partial_r2.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>
#include <Eigen/Cholesky>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/distribution.h"

namespace impact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Strengths {
  double f_q, f_star;
};

Strengths strengths(double t, double dof, const RobustnessSpec& spec) {
  if (!(spec.q > 0.0) || !std::isfinite(spec.q)) {
    throw ArgumentError({.what = "q is a positive share of the estimate",
                         .where = "q",
                         .got = format_double(spec.q),
                         .expected = "a number above 0",
                         .hint = "1 explains away the whole estimate, 0.5 half of it"});
  }
  const double f_star = detail::critical_f(spec.alpha, dof);
  if (!(dof > 0.0)) return {kNan, f_star};
  return {spec.q * std::abs(t) / std::sqrt(dof), f_star};
}

}  // namespace

namespace detail {

void require_within(const char* what, double value, double lowest, double highest) {
  if (value >= lowest && value <= highest) return;
  throw ArgumentError(
      {.what = fmt::format("'{}' is out of range", what),
       .where = what,
       .got = format_double(value),
       .expected = fmt::format("{} to {}", format_double(lowest), format_double(highest))});
}

void require_classical(const LinearFit& fit, std::size_t column) {
  if (fit.se != SeType::kClassical) {
    throw ArgumentError({.what = "a partial R^2 needs the classical covariance of the fit",
                         .where = "se",
                         .got = std::string(se_type_name(fit.se)),
                         .expected = "classical",
                         .hint = "fit again with classical errors; robust ones do not change the "
                                 "share of variance explained"});
  }
  const std::size_t width = fit.coefficient.size();
  if (column >= width) {
    throw ArgumentError({.what = "there is no such column in the fit",
                         .where = "columns",
                         .got = std::to_string(column),
                         .expected = fmt::format("0 to {}", width == 0 ? 0 : width - 1)});
  }
}

double critical_f(double alpha, double dof) {
  if (!(alpha > 0.0) || alpha > 1.0) {
    throw ArgumentError({.what = "a significance level lies above 0 and is at most 1",
                         .where = "alpha",
                         .got = format_double(alpha),
                         .expected = "0 < alpha <= 1"});
  }
  if (alpha == 1.0) return 0.0;
  if (!(dof > 1.0)) return kNan;
  // An infinite dof leaves no room for a confounder of any size to hide in noise.
  if (std::isinf(dof)) return 0.0;
  return std::abs(t_quantile(0.5 * alpha, dof - 1.0)) / std::sqrt(dof - 1.0);
}

}  // namespace detail

double partial_r2(double t, double dof) {
  if (!(dof > 0.0) || std::isnan(t)) return kNan;
  if (std::isinf(t)) return std::isinf(dof) ? kNan : 1.0;
  // 1 / (1 + dof / t^2) does not overflow where t^2 would.
  return t == 0.0 ? 0.0 : 1.0 / (1.0 + dof / t / t);
}

double partial_f2(double t, double dof) {
  if (!(dof > 0.0)) return kNan;
  return t / dof * t;
}

double group_partial_r2(double f_statistic, double columns, double dof) {
  if (!(f_statistic >= 0.0) || !(columns > 0.0) || !(dof > 0.0)) return kNan;
  const double explained = f_statistic * columns;
  return std::isinf(explained) ? 1.0 : explained / (explained + dof);
}

double group_partial_r2(const LinearFit& fit, std::span<const std::size_t> columns) {
  std::vector<std::size_t> kept;
  const std::size_t width = fit.coefficient.size();
  for (const std::size_t column : columns) {
    detail::require_classical(fit, column);
    if (std::ranges::find(kept, column) != kept.end()) continue;
    if (!std::isnan(fit.coefficient[column])) kept.push_back(column);
  }
  const auto dof = static_cast<double>(fit.n - fit.rank);
  if (kept.empty() || !(dof > 0.0)) return kNan;
  const auto q = static_cast<Eigen::Index>(kept.size());
  Eigen::VectorXd b(q);
  Eigen::MatrixXd v(q, q);
  for (Eigen::Index i = 0; i < q; ++i) {
    const std::size_t row = kept[static_cast<std::size_t>(i)];
    b(i) = fit.coefficient[row];
    for (Eigen::Index j = 0; j < q; ++j) {
      v(i, j) = fit.covariance[row * width + kept[static_cast<std::size_t>(j)]];
    }
  }
  // Scaled to correlations, so that units of the columns do not decide about rounding.
  const Eigen::VectorXd scale = v.diagonal().cwiseSqrt();
  if (!(scale.minCoeff() > 0.0)) return b.isZero(0.0) ? kNan : 1.0;
  const Eigen::VectorXd z = b.cwiseQuotient(scale);
  const Eigen::MatrixXd correlation =
      scale.cwiseInverse().asDiagonal() * v * scale.cwiseInverse().asDiagonal();
  const double wald = z.dot(correlation.ldlt().solve(z));
  return group_partial_r2(wald / static_cast<double>(q), static_cast<double>(q), dof);
}

double extreme_robustness_value(double t, double dof, const RobustnessSpec& spec) {
  const auto [f_q, f_star] = strengths(t, dof, spec);
  if (std::isnan(f_q) || std::isnan(f_star)) return kNan;
  if (f_q <= f_star) return 0.0;
  if (std::isinf(f_q)) return 1.0;
  // (f_q - f*)(f_q + f*) keeps the digits near the threshold.
  return (f_q - f_star) / (1.0 + f_q * f_q) * (f_q + f_star);
}

double robustness_value(double t, double dof, const RobustnessSpec& spec) {
  const auto [f_q, f_star] = strengths(t, dof, spec);
  if (std::isnan(f_q) || std::isnan(f_star)) return kNan;
  if (f_q <= f_star) return 0.0;
  if (std::isinf(f_q)) return 1.0;
  if (f_q * f_star > 1.0) return extreme_robustness_value(t, dof, spec);
  // (sqrt(f^4 + 4 f^2) - f^2) / 2 = 2 / (1 + sqrt(1 + 4 / f^2)), without cancellation.
  const double f = f_q - f_star;
  return 2.0 / (1.0 + std::sqrt(1.0 + 4.0 / f / f));
}

}  // namespace impact
