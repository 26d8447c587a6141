#pragma once

namespace impact {

/// P(X > x) for noncentral chi-squared and F, about 1e-13 absolute. lambda >= 0, df > 0, else NaN.
[[nodiscard]] double noncentral_chi2_upper(double x, double df, double lambda);
[[nodiscard]] double noncentral_f_upper(double x, double df1, double df2, double lambda);

/// The x with P(X > x) = alpha of the central law: a critical value, also for alpha near 0.
[[nodiscard]] double chi2_critical(double alpha, double df);
[[nodiscard]] double f_critical(double alpha, double df1, double df2);

}  // namespace impact
