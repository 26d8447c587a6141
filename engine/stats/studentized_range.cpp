#include "engine/stats/studentized_range.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/stats/chi_average.h"
#include "engine/stats/distribution.h"
#include "engine/stats/root.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// P(range > w) of k normals. The largest lies at z, the others below it but not all within w:
//   k int phi(z) (Phi(z)^(k-1) - (Phi(z) - Phi(z - w))^(k-1)) dz
//   = k int phi(z) Phi(z)^(k-1) (1 - (1 - Phi(z - w) / Phi(z))^(k-1)) dz,
// where nothing is lost by subtraction. The integrand is entire and falls like a normal density
// about w / 2 at least, so that the trapezoidal rule with a step of 1/8 is exact to rounding.
double range_upper(double w, double k) {
  if (!(w > 0.0)) return 1.0;
  if (w > 80.0) return 0.0;  // below the smallest double
  constexpr double kStep = 0.125;
  constexpr double kReach = 9.0;
  const double centre = 0.5 * w;
  const double density = kStep / std::sqrt(2.0 * std::acos(-1.0));
  double sum = 0.0;
  for (double z = centre - kReach; z <= centre + kReach; z += kStep) {
    const double below = normal_cdf(z);
    const double share = std::min(1.0, normal_cdf(z - w) / below);
    const double outside = -std::expm1((k - 1.0) * std::log1p(-share));
    sum += std::exp(-0.5 * z * z + (k - 1.0) * std::log(below)) * outside;
  }
  return std::min(1.0, k * density * sum);
}

}  // namespace

double studentized_range_upper(double q, double groups, double df) {
  if (std::isnan(q) || !(groups >= 2.0) || groups != std::floor(groups) || !(df > 0.0)) return kNaN;
  if (std::isinf(groups)) return kNaN;
  if (q <= 0.0) return 1.0;
  if (std::isinf(q)) return 0.0;
  if (std::isinf(df)) return range_upper(q, groups);
  // Where w = q s matters it is below about sqrt(2 df), which chi_average's step covers.
  const double sharpness = std::min(q, 10.0);
  return std::min(1.0, detail::chi_average(df, sharpness,
                                           [&](double s) { return range_upper(q * s, groups); }));
}

double studentized_range_upper_quantile(double p, double groups, double df) {
  if (!(p >= 0.0 && p <= 1.0) || std::isnan(studentized_range_upper(1.0, groups, df))) return kNaN;
  if (p == 0.0) return kInfinity;
  if (p == 1.0) return 0.0;
  const auto excess = [&](double q) { return studentized_range_upper(q, groups, df) - p; };
  double high = 4.0;
  while (excess(high) > 0.0) {
    high *= 2.0;
    if (high > 1e12) return kNaN;
  }
  return detail::bracketed_root(excess, 0.0, high, 1e-13);
}

}  // namespace impact
