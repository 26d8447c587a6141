#pragma once

#include <span>
#include <string>

#include "engine/stats/alternative.h"
#include "engine/stats/estimate.h"

namespace impact {

struct TTestSpec {
  std::string term = "difference";
  double null_value = 0.0;  ///< Mean, or difference of means, of the hypothesis.
  double conf_level = 0.95;
  /// Of the test, and of all three intervals.
  Alternative alternative = Alternative::kTwoSided;
};

/// The mean (difference) with its test, and the same distance from null_value in standard
/// deviations. Rows of effect sizes carry the t, df and p of the test and no standard error; their
/// interval comes from the noncentral t distribution (Steiger & Fouladi 1997).
struct TTest {
  Estimate difference = {};  ///< statistic = (estimate - null_value) / std_error.
  Estimate cohens_d = {};    ///< (difference - null_value) / sd; which sd, see the functions.
  Estimate hedges_g =
      {};  ///< d J(df), J(m) = Gamma(m/2) / (sqrt(m/2) Gamma((m-1)/2)) (Hedges 1981).
};

/// t tests (Student 1908). Missing values (NaN) are left out and counted; a group that
/// is empty or has one value, infinite values and no variance give NaN with a warning. Bits do not
/// depend on the order of rows. Throw ArgumentError for a bad conf_level or null_value only.
/// method "t_test_one_sample", "t_test_pooled", "t_test_welch", "t_test_paired".

/// sd: of the values.
[[nodiscard]] TTest one_sample_t_test(std::span<const double> values, const TTestSpec& spec = {});

/// mean x - mean y, equal variances assumed; df = n_x + n_y - 2. sd: pooled.
[[nodiscard]] TTest pooled_t_test(std::span<const double> x, std::span<const double> y,
                                  const TTestSpec& spec = {});

/// mean x - mean y, any variances; df of Welch (1947). sd: sqrt((s_x^2 + s_y^2) / 2), whose own df,
/// (n_x - 1)(n_y - 1)(s_x^2 + s_y^2)^2 / ((n_y - 1) s_x^4 + (n_x - 1) s_y^4), serve J and the
/// intervals of d and g (Delacre et al. 2021).
[[nodiscard]] TTest welch_t_test(std::span<const double> x, std::span<const double> y,
                                 const TTestSpec& spec = {});

/// mean of x_i - y_i. sd: of these differences. Throws ArgumentError when lengths differ.
[[nodiscard]] TTest paired_t_test(std::span<const double> x, std::span<const double> y,
                                  const TTestSpec& spec = {});

}  // namespace impact
