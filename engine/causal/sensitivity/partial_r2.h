#pragma once

#include <cstddef>
#include <span>

#include "engine/stats/linear.h"

/// Partial R^2 and what is computed from it alone (Cinelli & Hazlett, "Making sense of sensitivity:
/// extending omitted variable bias", JRSS-B 82, 2020; "An omitted variable bias framework for
/// sensitivity analysis of instrumental variables", Biometrika 2025, for the extreme value).
/// Numbers that cannot be (dof <= 0, NaN) give NaN; options out of range throw ArgumentError.
/// All functions are pure.
namespace impact {

/// t^2 / (t^2 + dof): share of the residual variance of the outcome that the regressor explains.
[[nodiscard]] double partial_r2(double t, double dof);
/// Cohen's f^2 = R^2 / (1 - R^2) = t^2 / dof.
[[nodiscard]] double partial_f2(double t, double dof);
/// The same of several regressors at once: F q / (F q + dof), F the Wald statistic over q.
[[nodiscard]] double group_partial_r2(double f_statistic, double columns, double dof);
/// Of columns of a fit: q F = b' V^-1 b. Throws ArgumentError unless the fit has classical errors,
/// which alone make it a share of variance, and for a column out of range. Dropped columns explain
/// nothing; NaN when all are dropped or no degrees of freedom are left.
[[nodiscard]] double group_partial_r2(const LinearFit& fit, std::span<const std::size_t> columns);

struct RobustnessSpec {
  double q = 1.0;  ///< Share of the estimate that confounding is to explain away, > 0.
  /// Significance level that must be lost; 1: the estimate itself must shrink by q.
  double alpha = 1.0;
};

/// RV_{q,alpha}: an unobserved confounder that explains this share of the residual variance of both
/// the treatment and the outcome brings the estimate to (1 - q) of itself (alpha = 1) or makes it
/// insignificant from that; a weaker one cannot. With f_q = q |t| / sqrt(dof), f* =
/// t_{alpha/2, dof-1} / sqrt(dof - 1), f = f_q - f*:
///   0                                  f_q <= f*
///   (sqrt(f^4 + 4 f^2) - f^2) / 2      f_q f* <= 1
///   (f_q^2 - f*^2) / (1 + f_q^2)       beyond: the most harmful share of the outcome is an inner
///                                      one (compare adjusted_critical_value).
[[nodiscard]] double robustness_value(double t, double dof, const RobustnessSpec& spec = {});

/// XRV_{q,alpha} = (f_q^2 - f*^2) / (1 + f_q^2), at least 0: the share of the treatment's variance
/// alone that suffices when nothing is assumed about the outcome. q = alpha = 1: the partial R^2.
[[nodiscard]] double extreme_robustness_value(double t, double dof,
                                              const RobustnessSpec& spec = {});

namespace detail {

/// |t_{alpha/2, dof-1}| / sqrt(dof - 1); 0 at alpha = 1; NaN when dof <= 1 and alpha < 1. Throws
/// ArgumentError unless 0 < alpha <= 1.
[[nodiscard]] double critical_f(double alpha, double dof);
/// Throws ArgumentError unless lowest <= value <= highest; `what` names the option.
void require_within(const char* what, double value, double lowest, double highest);
/// Throws ArgumentError unless the fit has classical errors and this column.
void require_classical(const LinearFit& fit, std::size_t column);

}  // namespace detail
}  // namespace impact
