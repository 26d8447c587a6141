#pragma once

#include <string>
#include <vector>

namespace impact {

/// The noncentralities under which the observed statistic is the 1/2 + conf_level/2 and the
/// 1/2 - conf_level/2 quantile; 0 where even 0 is too large. Their functions are limits of effect
/// sizes (Steiger 2004). NaN for arguments out of range.
struct NoncentralityLimits {
  double low;
  double high;
};
[[nodiscard]] NoncentralityLimits noncentral_chi2_limits(double x, double df, double conf_level);
[[nodiscard]] NoncentralityLimits noncentral_f_limits(double x, double df1, double df2,
                                                      double conf_level);

/// A sentence where even the upper limit is 0, so that an estimate lies outside its interval.
void warn_point(const NoncentralityLimits& limits, std::vector<std::string>& warnings);

}  // namespace impact
