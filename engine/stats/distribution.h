#pragma once

namespace impact {

/// Distribution functions and quantiles, as accurate as double allows (about 1e-14 relative, also
/// in the tails: the `upper` functions do not subtract from one). Nothing throws: an argument out
/// of range (df <= 0, p outside [0, 1]) or NaN gives NaN. Infinite df of t is the normal. Pure and
/// thread-safe; quantiles repeated with the same arguments by the same thread come from a small
/// cache.

[[nodiscard]] double normal_cdf(double z);
[[nodiscard]] double normal_upper(double z);  ///< 1 - cdf.

[[nodiscard]] double t_cdf(double t, double df);
/// P(|T| > |t|): the two-sided p-value.
[[nodiscard]] double t_two_sided(double t, double df);
[[nodiscard]] double t_quantile(double p, double df);

[[nodiscard]] double chi2_cdf(double x, double df);
[[nodiscard]] double chi2_upper(double x, double df);
[[nodiscard]] double chi2_quantile(double p, double df);

/// Degrees of freedom of the numerator and of the denominator; an infinite denominator is
/// chi2 / df1.
[[nodiscard]] double f_cdf(double x, double df1, double df2);
[[nodiscard]] double f_upper(double x, double df1, double df2);
[[nodiscard]] double f_quantile(double p, double df1, double df2);

}  // namespace impact
