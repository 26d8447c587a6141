#include "engine/stats/distribution.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>

#include "engine/core/rng.h"

namespace impact {
namespace {

namespace policies = boost::math::policies;

// Errors become NaN or infinity; intermediate results stay doubles, which costs no digit that
// matters and makes results independent of the width of long double.
using Policy = policies::policy<
    policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>,
    policies::indeterminate_result_error<policies::ignore_error>, policies::promote_double<false>>;
using StudentsT = boost::math::students_t_distribution<double, Policy>;
using ChiSquared = boost::math::chi_squared_distribution<double, Policy>;
using FisherF = boost::math::fisher_f_distribution<double, Policy>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool probability(double p) { return p >= 0.0 && p <= 1.0; }

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_upper(double z) { return normal_cdf(-z); }

double t_cdf(double t, double df) {
  if (std::isnan(t) || !(df > 0.0)) return kNaN;
  if (std::isinf(df)) return normal_cdf(t);
  if (std::isinf(t)) return t > 0.0 ? 1.0 : 0.0;
  return cdf(StudentsT(df), t);
}

double t_two_sided(double t, double df) { return 2.0 * t_cdf(-std::abs(t), df); }

double t_quantile(double p, double df) {
  if (!probability(p) || !(df > 0.0)) return kNaN;
  if (std::isinf(df)) return normal_quantile(p);
  if (p == 0.0) return -kInfinity;
  if (p == 1.0) return kInfinity;

  // Direct-mapped: simulations ask for few levels, and often for one df again and again.
  struct Entry {
    double p = 0.0;
    double df = 0.0;
    double value = 0.0;
  };
  constexpr std::size_t kEntries = 256;
  thread_local std::array<Entry, kEntries> cache;
  const std::uint64_t mixed = (std::bit_cast<std::uint64_t>(df) * 0x9E3779B97F4A7C15U) ^
                              (std::bit_cast<std::uint64_t>(p) * 0xC2B2AE3D27D4EB4FU);
  Entry& entry = cache[mixed >> 56U];
  if (entry.p != p || entry.df != df) entry = {p, df, quantile(StudentsT(df), p)};
  return entry.value;
}

double chi2_cdf(double x, double df) {
  if (std::isnan(x) || !(df > 0.0) || std::isinf(df)) return kNaN;
  if (x <= 0.0) return 0.0;
  return std::isinf(x) ? 1.0 : cdf(ChiSquared(df), x);
}

double chi2_upper(double x, double df) {
  if (std::isnan(x) || !(df > 0.0) || std::isinf(df)) return kNaN;
  if (x <= 0.0) return 1.0;
  return std::isinf(x) ? 0.0 : cdf(complement(ChiSquared(df), x));
}

double chi2_quantile(double p, double df) {
  if (!probability(p) || !(df > 0.0) || std::isinf(df)) return kNaN;
  return p == 1.0 ? kInfinity : quantile(ChiSquared(df), p);
}

double f_cdf(double x, double df1, double df2) {
  if (std::isinf(df2) && df2 > 0.0) return chi2_cdf(x * df1, df1);
  if (std::isnan(x) || !(df1 > 0.0) || std::isinf(df1) || !(df2 > 0.0)) return kNaN;
  if (x <= 0.0) return 0.0;
  return std::isinf(x) ? 1.0 : cdf(FisherF(df1, df2), x);
}

double f_upper(double x, double df1, double df2) {
  if (std::isinf(df2) && df2 > 0.0) return chi2_upper(x * df1, df1);
  if (std::isnan(x) || !(df1 > 0.0) || std::isinf(df1) || !(df2 > 0.0)) return kNaN;
  if (x <= 0.0) return 1.0;
  return std::isinf(x) ? 0.0 : cdf(complement(FisherF(df1, df2), x));
}

double f_quantile(double p, double df1, double df2) {
  if (std::isinf(df2) && df2 > 0.0) return chi2_quantile(p, df1) / df1;
  if (!probability(p) || !(df1 > 0.0) || std::isinf(df1) || !(df2 > 0.0)) return kNaN;
  return p == 1.0 ? kInfinity : quantile(FisherF(df1, df2), p);
}

}  // namespace impact
