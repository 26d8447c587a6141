#include "engine/stats/noncentral.h"

#include <cmath>
#include <limits>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_chi_squared.hpp>
#include <boost/math/distributions/non_central_f.hpp>

#include "engine/stats/distribution.h"

namespace impact {
namespace {

namespace policies = boost::math::policies;
using Policy = policies::policy<
    policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>,
    policies::indeterminate_result_error<policies::ignore_error>, policies::promote_double<false>>;

bool in_range(double x, double df, double lambda) {
  return !std::isnan(x) && df > 0.0 && std::isfinite(df) && lambda >= 0.0 && std::isfinite(lambda);
}

}  // namespace

double noncentral_chi2_upper(double x, double df, double lambda) {
  if (!in_range(x, df, lambda)) return std::numeric_limits<double>::quiet_NaN();
  if (x <= 0.0) return 1.0;
  if (std::isinf(x)) return 0.0;
  const boost::math::non_central_chi_squared_distribution<double, Policy> law(df, lambda);
  return cdf(complement(law, x));
}

double noncentral_f_upper(double x, double df1, double df2, double lambda) {
  if (!in_range(x, df1, lambda) || !(df2 > 0.0) || std::isinf(df2)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (x <= 0.0) return 1.0;
  if (std::isinf(x)) return 0.0;
  const boost::math::non_central_f_distribution<double, Policy> law(df1, df2, lambda);
  return cdf(complement(law, x));
}

double chi2_critical(double alpha, double df) {
  if (!(alpha > 0.0 && alpha < 1.0) || !in_range(0.0, df, 0.0)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const boost::math::chi_squared_distribution<double, Policy> law(df);
  return quantile(complement(law, alpha));
}

// 1 / F is F with its degrees of freedom exchanged.
double f_critical(double alpha, double df1, double df2) {
  return 1.0 / f_quantile(alpha, df2, df1);
}

}  // namespace impact
