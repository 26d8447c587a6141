#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace impact {

/// The one tidy row that every method returns. Numbers that are not defined are NaN, and a warning
/// says why; statistical trouble never throws.
struct Estimate {
  std::string term = {};  ///< What was estimated: a column name, "x:tier[large]", "(intercept)".
  double estimate = std::numeric_limits<double>::quiet_NaN();   ///< In units of the outcome.
  double std_error = std::numeric_limits<double>::quiet_NaN();  ///< Same units.
  double statistic = std::numeric_limits<double>::quiet_NaN();  ///< estimate / std_error.
  /// Degrees of freedom of the t distribution behind p_value and the interval; infinite: normal.
  double df = std::numeric_limits<double>::quiet_NaN();
  double p_value =
      std::numeric_limits<double>::quiet_NaN();  ///< Two-sided but where a spec says otherwise.
  double conf_low = std::numeric_limits<double>::quiet_NaN();  ///< Infinite where one-sided.
  double conf_high = std::numeric_limits<double>::quiet_NaN();
  double null_value = 0.0;   ///< What the estimate is when there is nothing to tell: 1 for ratios.
  std::int64_t n = 0;        ///< Rows that entered the estimate.
  std::string method = {};   ///< "difference_in_means", "ols", "lin", ...
  std::string se_type = {};  ///< "neyman", "HC2", "CR2", ...
  std::vector<std::string> warnings = {};  ///< Sentences for a reader; empty when all is well.
};

}  // namespace impact
