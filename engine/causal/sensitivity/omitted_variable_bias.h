#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/sensitivity/partial_r2.h"
#include "engine/core/context.h"
#include "engine/stats/linear.h"

/// Omitted variable bias of a regression coefficient in terms of partial R^2 (Cinelli & Hazlett
/// 2020). Numbers that are not defined are NaN with a warning; options out of range throw
/// ArgumentError. All functions are pure.
namespace impact {

/// A coefficient as the regression reported it, with classical errors.
struct OvbEstimate {
  double estimate = std::numeric_limits<double>::quiet_NaN();
  double std_error = std::numeric_limits<double>::quiet_NaN();  ///< > 0.
  double dof = std::numeric_limits<double>::quiet_NaN();        ///< Residual, > 1.
};

/// Column `column` of a fit, whose errors must be classical, else ArgumentError, as for a column
/// out of range. All NaN for a dropped column.
[[nodiscard]] OvbEstimate ovb_estimate(const LinearFit& fit, std::size_t column);

/// What an unobserved confounder Z is supposed to explain.
struct ConfounderStrength {
  double r2_dz = 0.0;  ///< R^2_{D~Z|X}: residual variance of the treatment; in [0, 1).
  double r2_yz = 0.0;  ///< R^2_{Y~Z|D,X}: residual variance of the outcome; in [0, 1].
};

/// Degrees of freedom behind limits of an adjusted estimate.
enum class AdjustedDof {
  kLessOne,  ///< dof - 1: Z is one more regressor, as in the robustness value.
  kDof,      ///< dof, as sensemakr prints limits.
};

struct OvbSpec {
  bool reduce = true;  ///< Confounding pulled the estimate away from zero; false: towards it.
  double null_value = 0.0;
  double conf_level = 0.95;
  AdjustedDof limits = AdjustedDof::kLessOne;
};

/// What the regression would have reported with Z among its regressors.
struct AdjustedEstimate {
  ConfounderStrength strength = {};
  double bias = std::numeric_limits<double>::quiet_NaN();  ///< Size, >= 0.
  double estimate = std::numeric_limits<double>::quiet_NaN();
  double std_error = std::numeric_limits<double>::quiet_NaN();
  double t = std::numeric_limits<double>::quiet_NaN();  ///< Of the null value.
  double conf_low = std::numeric_limits<double>::quiet_NaN();
  double conf_high = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

///   bias       se sqrt(dof) sqrt(r2_yz r2_dz / (1 - r2_dz))
///   estimate   sign(estimate) (|estimate| -+ bias)
///   std_error  se sqrt(dof / (dof - 1)) sqrt((1 - r2_yz) / (1 - r2_dz))
[[nodiscard]] AdjustedEstimate adjust_for_confounder(const OvbEstimate& fit,
                                                     const ConfounderStrength& strength,
                                                     const OvbSpec& spec = {});

/// The size that |t| must reach so that adjusting for Z leaves it significant at alpha:
/// sqrt(dof) (f* sqrt(1 - r2_yz) + sqrt(r2_yz r2_dz)) / sqrt(1 - r2_dz). `at_most`: for Z of at
/// most that strength; the worst r2_yz is then min(r2_yz, r2_dz / (f*^2 + r2_dz)).
[[nodiscard]] double adjusted_critical_value(const ConfounderStrength& strength, double dof,
                                             double alpha = 0.05, bool at_most = true);

/// A covariate, or a group of them, that Z is compared with.
struct OvbBenchmark {
  std::string name = {};
  double r2_dx = std::numeric_limits<double>::quiet_NaN();  ///< With the treatment, given the rest.
  double r2_yx =
      std::numeric_limits<double>::quiet_NaN();  ///< With the outcome, given those and D.
};

struct OvbBenchmarkSpec {
  std::vector<double> kd = {1.0};  ///< Z explains kd times as much of D as the benchmark does.
  std::vector<double> ky = {};     ///< The same of Y; empty: kd. Same length as kd.
  OvbSpec adjust = {};
};

struct OvbBound {
  std::string name = {};
  double kd = 1.0;
  double ky = 1.0;
  AdjustedEstimate adjusted = {};  ///< `strength` holds the bounds on Z.
};

/// Bounds on the strength of Z, one row a benchmark and kd. With R_d, R_y those of the benchmark:
///   r2_dz = kd R_d / (1 - R_d)
///   eta   = kd R_d^2 / ((1 - kd R_d) (1 - R_d))
///   r2_yz = ((sqrt(ky) + sqrt(eta)) / sqrt(1 - eta))^2 R_y / (1 - R_y), at most 1 (warned)
/// A kd that no confounder can reach (r2_dz or eta >= 1) gives NaN with a warning.
[[nodiscard]] std::vector<OvbBound> benchmark_bounds(const OvbEstimate& fit,
                                                     std::span<const OvbBenchmark> benchmarks,
                                                     const OvbBenchmarkSpec& spec = {});

/// Columns of the regression that make one benchmark.
struct OvbBenchmarkColumns {
  std::string name = {};
  std::vector<std::size_t> columns = {};
};

/// The minimal report of Cinelli & Hazlett (2020, section 6): one row, and the benchmarks.
struct OvbReport {
  OvbEstimate fit = {};
  double t = std::numeric_limits<double>::quiet_NaN();
  double partial_r2 = std::numeric_limits<double>::quiet_NaN();  ///< R^2_{Y~D|X}.
  double partial_f2 = std::numeric_limits<double>::quiet_NaN();
  double robustness_value = std::numeric_limits<double>::quiet_NaN();        ///< RV_q.
  double robustness_value_alpha = std::numeric_limits<double>::quiet_NaN();  ///< RV_{q,alpha}.
  double extreme_robustness_value = std::numeric_limits<double>::quiet_NaN();
  double extreme_robustness_value_alpha = std::numeric_limits<double>::quiet_NaN();
  double q = 1.0;
  double alpha = 0.05;
  std::vector<OvbBound> bounds = {};
  std::vector<std::string> warnings = {};
};

/// From the three numbers and benchmarks computed elsewhere.
[[nodiscard]] OvbReport ovb_report(const OvbEstimate& fit,
                                   std::span<const OvbBenchmark> benchmarks = {}, double q = 1.0,
                                   double alpha = 0.05, const OvbBenchmarkSpec& spec = {});

/// From the data: the regression of y on x, column `treatment` being D, and that of D on the other
/// columns (weights and absorbed factors in both; clusters are not looked at: partial R^2 are
/// those of classical errors). Throws ArgumentError for a column out of range, a benchmark that is
/// the treatment, and whatever linear() throws.
[[nodiscard]] OvbReport ovb_report(const LinearData& data, std::size_t treatment,
                                   std::span<const OvbBenchmarkColumns> benchmarks = {},
                                   double q = 1.0, double alpha = 0.05,
                                   const OvbBenchmarkSpec& spec = {}, const Context& context = {});

}  // namespace impact
