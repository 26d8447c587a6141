#include "engine/stats/noncentral_t.h"

#include <cmath>
#include <limits>

#include "engine/stats/chi_average.h"
#include "engine/stats/distribution.h"
#include "engine/stats/root.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// P(Z + delta <= t S) = E P(S >= (Z + delta) / t) for t > 0, by the trapezoidal rule in Z. For
// delta beyond 12 what happens at Z = -delta has no weight, and elsewhere the integrand is smooth.
double far_cdf(double t, double df, double delta) {
  if (t * delta <= 0.0) return delta > 0.0 ? 0.0 : 1.0;
  if (t < 0.0) return 1.0 - far_cdf(-t, df, -delta);
  constexpr double kStep = 0.1;
  double sum = 0.0, weights = 0.0;
  for (int k = -90; k <= 90; ++k) {
    const double z = kStep * k;
    const double weight = std::exp(-0.5 * z * z);
    const double s = (z + delta) / t;
    sum += weight * chi2_upper(df * (s * s), df);
    weights += weight;
  }
  return sum / weights;
}

}  // namespace

// P(Z + delta <= t S) = E Phi(t S - delta). As a function of log S, Phi changes within 1 / delta:
// where that is narrow beside the spread of S, 1 / sqrt(2 df), Z is the better variable.
double noncentral_t_cdf(double t, double df, double delta) {
  if (!(df > 0.0) || !std::isfinite(t) || !std::isfinite(delta)) return kNaN;
  if (std::isinf(df)) return normal_cdf(t - delta);
  if (std::abs(delta) > 12.0 + 10.0 * std::sqrt(2.0 * df)) return far_cdf(t, df, delta);
  return detail::chi_average(df, delta, [&](double s) { return normal_cdf(t * s - delta); });
}

double noncentrality(double t, double df, double p) {
  if (!(df > 0.0) || !std::isfinite(t) || !(p > 0.0 && p < 1.0)) return kNaN;
  const auto excess = [&](double delta) { return noncentral_t_cdf(t, df, delta) - p; };
  const double furthest = 64.0 * (1.0 + std::abs(t));
  double low = t - 4.0, high = t + 4.0;
  for (double reach = 8.0; excess(low) < 0.0 && reach < furthest; reach *= 2.0) low = t - reach;
  for (double reach = 8.0; excess(high) > 0.0 && reach < furthest; reach *= 2.0) high = t + reach;
  return detail::bracketed_root(excess, low, high, 1e-14);
}

}  // namespace impact
