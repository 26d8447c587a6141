#include "engine/stats/inference.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/distribution.h"

namespace impact {

Inference infer(double estimate, double std_error, double df, double conf_level) {
  if (std::isnan(estimate) || !(std_error >= 0.0) || !(df > 0.0)) return {};
  const double margin = std_error == 0.0 ? 0.0 : t_quantile(0.5 + 0.5 * conf_level, df) * std_error;
  const double statistic = estimate / std_error;
  return {statistic, t_two_sided(statistic, df), estimate - margin, estimate + margin};
}

void check_conf_level(double conf_level) {
  if (conf_level > 0.0 && conf_level < 1.0) return;
  throw ArgumentError({.what = "a confidence level lies between 0 and 1",
                       .where = "conf_level",
                       .got = format_double(conf_level),
                       .expected = "for example 0.95"});
}

void complete(Estimate& row, const PointEstimate& point, double conf_level) {
  check_conf_level(conf_level);
  const Inference inference = infer(point.estimate, point.std_error, point.df, conf_level);
  row.estimate = point.estimate;
  row.std_error = point.std_error;
  row.df = point.df;
  row.n = point.n;
  row.statistic = inference.statistic;
  row.p_value = inference.p_value;
  row.conf_low = inference.conf_low;
  row.conf_high = inference.conf_high;
}

}  // namespace impact
