#include "engine/stats/noncentrality_limits.h"

#include <limits>

#include "engine/stats/noncentral.h"
#include "engine/stats/root.h"

namespace impact {
namespace {

// The lambda at which upper(lambda), which rises to 1, is p.
template <class Upper>
double limit(Upper&& upper, double p, double start) {
  const auto excess = [&](double lambda) { return upper(lambda) - p; };
  if (excess(0.0) >= 0.0) return 0.0;
  double high = start;
  for (int step = 0; step < 64 && excess(high) < 0.0; ++step) high *= 2.0;
  return detail::bracketed_root(excess, 0.0, high, 1e-14);
}

template <class Upper>
NoncentralityLimits limits_of(Upper&& upper, double x, double conf_level) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (!(x >= 0.0)) return {kNaN, kNaN};
  const double tail = 0.5 - 0.5 * conf_level;
  return {limit(upper, tail, x + 1.0), limit(upper, 1.0 - tail, x + 1.0)};
}

}  // namespace

NoncentralityLimits noncentral_chi2_limits(double x, double df, double conf_level) {
  const auto upper = [&](double lambda) { return noncentral_chi2_upper(x, df, lambda); };
  return limits_of(upper, x, conf_level);
}

NoncentralityLimits noncentral_f_limits(double x, double df1, double df2, double conf_level) {
  const auto upper = [&](double lambda) { return noncentral_f_upper(x, df1, df2, lambda); };
  return limits_of(upper, x, conf_level);
}

void warn_point(const NoncentralityLimits& limits, std::vector<std::string>& warnings) {
  if (limits.high != 0.0) return;
  warnings.emplace_back(
      "the statistic is smaller than chance makes it as a rule: both limits of the effect are 0");
}

}  // namespace impact
