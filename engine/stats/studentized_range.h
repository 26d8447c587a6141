#pragma once

namespace impact {

/// Range of `groups` independent standard normals over an independent sqrt(chi2_df / df): the
/// distribution behind Tukey's and Games & Howell's comparisons (integrals of Copenhaver & Holland
/// 1988). Relative error about 1e-12, also far in the tail. Infinite df: the range itself. NaN
/// unless groups >= 2 is whole, df > 0 and q is a number; P is 1 for q <= 0.
[[nodiscard]] double studentized_range_upper(double q, double groups, double df);  ///< P(Q > q)

/// q with P(Q > q) = p; 0 for p = 1, infinite for p = 0, NaN outside [0, 1].
[[nodiscard]] double studentized_range_upper_quantile(double p, double groups, double df);

}  // namespace impact
