#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/sensitivity/omitted_variable_bias.h"

/// Omitted variable bias of estimates by (double) machine learning: of any average that is linear
/// in the outcome regression, through its Riesz representer (Chernozhukov, Cinelli, Newey, Sharma &
/// Syrgkanis, "Long story short: omitted variable bias in causal machine learning", 2022).
/// An estimator hands in its elements; nothing here knows which it was. Pure functions; options out
/// of range throw ArgumentError, what is not defined is NaN with a warning.
namespace impact {

/// One estimate. With g the outcome regression and alpha the Riesz representer:
///   sigma2 = E (y - g)^2, nu2 = E alpha^2
/// and for every unit influence values, of mean zero: theta^ - theta = mean psi_theta and so on.
struct DmlElements {
  double theta = std::numeric_limits<double>::quiet_NaN();
  double sigma2 = std::numeric_limits<double>::quiet_NaN();
  double nu2 = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> psi_theta = {};
  std::vector<double> psi_sigma2 = {};
  std::vector<double> psi_nu2 = {};
};

/// Elements of the partially linear model from out-of-fold residuals y - l(x) and d - m(x):
/// theta = sum v u / sum v^2, sigma2 = mean (u - theta v)^2, nu2 = 1 / mean v^2. Lengths must
/// agree (ArgumentError); any NaN makes the numbers NaN.
[[nodiscard]] DmlElements plr_elements(std::span<const double> outcome_residual,
                                       std::span<const double> treatment_residual);

enum class DmlTarget { kAte, kAtt };

/// Out-of-fold predictions of the interactive model.
struct IrmPredictions {
  std::span<const double> y;
  std::span<const double> treated;     ///< 0 or 1.
  std::span<const double> mean0;       ///< E[Y | D = 0, X].
  std::span<const double> mean1;       ///< E[Y | D = 1, X].
  std::span<const double> propensity;  ///< Strictly between 0 and 1.
};

/// Elements of the doubly robust score. ATE: alpha = d / e - (1 - d) / (1 - e), nu2 = mean of
/// 2 (1 / e + 1 / (1 - e)) - alpha^2. ATT: with p = mean d, alpha = d / p - (1 - d) e / (p (1 -
/// e)), nu2 = mean of 2 (d / p^2) / (1 - e) - alpha^2; p is an
/// estimate too, which the influence of theta and nu2 counts.
[[nodiscard]] DmlElements irm_elements(const IrmPredictions& predictions,
                                       DmlTarget target = DmlTarget::kAte);

enum class DmlErrors {
  kInfluence,  ///< Influence of theta -+ bias: psi_theta -+ strength psi_bias.
  /// DoubleML (to 0.11) scales the score by its derivative, which is the influence with its sign
  /// turned: errors of the lower and of the upper bound change places.
  kDoubleMl,
};

struct DmlSensitivitySpec {
  double cf_y = 0.03;  ///< Share of the residual variance of Y that is the confounder's; [0, 1].
  double cf_d = 0.03;  ///< 1 - R^2 of the short on the long Riesz representer; [0, 1).
  double rho = 1.0;    ///< Correlation of the two errors; 1 is the worst. [-1, 1], its size counts.
  double conf_level = 0.95;  ///< Of each one-sided limit.
  double null_value = 0.0;
  DmlErrors errors = DmlErrors::kInfluence;
};

struct DmlSensitivity {
  double strength = std::numeric_limits<double>::quiet_NaN();  ///< |rho| sqrt(cf_y cf_d/(1-cf_d)).
  double max_bias = std::numeric_limits<double>::quiet_NaN();  ///< sqrt(sigma2 nu2), at strength 1.
  double theta = std::numeric_limits<double>::quiet_NaN();
  double theta_low = std::numeric_limits<double>::quiet_NaN();   ///< theta - strength max_bias.
  double theta_high = std::numeric_limits<double>::quiet_NaN();  ///< theta + strength max_bias.
  double se_low = std::numeric_limits<double>::quiet_NaN();
  double se_high = std::numeric_limits<double>::quiet_NaN();
  double conf_low = std::numeric_limits<double>::quiet_NaN();   ///< theta_low - z se_low.
  double conf_high = std::numeric_limits<double>::quiet_NaN();  ///< theta_high + z se_high.
  /// cf_y = cf_d at which the bound (the limit, for _alpha) reaches the null value.
  double robustness_value = std::numeric_limits<double>::quiet_NaN();
  double robustness_value_alpha = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// Bounds under confounding. Errors are sqrt(sum over clusters of (sum psi)^2) / n; without
/// clusters every unit is one. The robustness values are solved in closed form: with s the strength
/// needed, RV = (sqrt(f^4 + 4 f^2) - f^2) / 2, f = s / |rho|; for the bound s = |theta - null| /
/// max_bias, for the limit the smallest root of a quadratic. Of repeated cross-fitting (several
/// elements) everything is the median over repetitions, as in Chernozhukov et al. (2018); the
/// error is that behind the median of upper limits. Throws ArgumentError for lengths that differ.
[[nodiscard]] DmlSensitivity dml_sensitivity(std::span<const DmlElements> repetitions,
                                             const DmlSensitivitySpec& spec = {},
                                             std::span<const std::int32_t> clusters = {});

/// theta_low or theta_high (limits where `limits`) over a grid, for plots: value[i * cf_y.size() +
/// j] at cf_d[i], cf_y[j]. Which bound: the one towards the null value.
struct DmlGrid {
  std::vector<double> cf_d = {};
  std::vector<double> cf_y = {};
  std::vector<double> value = {};
};
[[nodiscard]] DmlGrid dml_grid(std::span<const DmlElements> repetitions, double most_cf_d,
                               double most_cf_y, std::size_t points, bool limits,
                               const DmlSensitivitySpec& spec = {},
                               std::span<const std::int32_t> clusters = {});

/// What leaving observed covariates out does (`shorter` against `longer`): gains to hold cf_y and
/// cf_d against.
struct DmlBenchmark {
  double cf_y = std::numeric_limits<double>::quiet_NaN();  ///< (s2_short - s2_long) / s2_long.
  double cf_d = std::numeric_limits<double>::quiet_NaN();  ///< (nu2_long - nu2_short) / nu2_short.
  /// Change of theta over its largest possible change, with the sign of the change; in [-1, 1].
  double rho = std::numeric_limits<double>::quiet_NaN();
  double theta_change = std::numeric_limits<double>::quiet_NaN();  ///< Short less long.
  std::vector<std::string> warnings = {};
};

/// Gains are cut to [0, 1]; a negative one (the short model fits better) is warned of. Medians over
/// repetitions. Throws ArgumentError unless both have the same number of repetitions, at least one.
[[nodiscard]] DmlBenchmark dml_benchmark(std::span<const DmlElements> longer,
                                         std::span<const DmlElements> shorter);

}  // namespace impact
