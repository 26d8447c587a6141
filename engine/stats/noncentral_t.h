#pragma once

namespace impact {

/// P(T <= t) for T = (Z + delta) / S: the noncentral t distribution. Absolute error about 1e-15.
/// NaN unless df > 0 (infinite: the normal) and t, delta are finite.
[[nodiscard]] double noncentral_t_cdf(double t, double df, double delta);

/// The delta at which P(T <= t) = p; decreasing in p. Limits of a standardised effect are such
/// deltas (Steiger & Fouladi 1997). NaN unless 0 < p < 1.
[[nodiscard]] double noncentrality(double t, double df, double p);

}  // namespace impact
