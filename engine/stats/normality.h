#pragma once

#include <span>
#include <string>

#include "engine/stats/estimate.h"

namespace impact {

/// Tests of normality, mean and variance unknown. Missing values are left out and counted; infinite
/// values, no variance and a size out of range give NaN with a warning. statistic as said,
/// estimate the same number. Bits do not depend on the order of values.

/// W of Shapiro & Wilk (1965) with the weights and the p-value of Royston (1992, 1995), for 3 to
/// 5000 values.
[[nodiscard]] Estimate shapiro_wilk(std::span<const double> values,
                                    const std::string& term = "normality");

/// A^2 of Anderson & Darling (1954), the p-value of A^2 (1 + 0.75 / n + 2.25 / n^2) by D'Agostino &
/// Stephens (1986, table 4.9), for 8 values or more. It ends at 3.7e-24, where the formula does.
[[nodiscard]] Estimate anderson_darling(std::span<const double> values,
                                        const std::string& term = "normality");

}  // namespace impact
