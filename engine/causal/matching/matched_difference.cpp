#include <algorithm>
#include <limits>

#include "engine/causal/matching/nearest_match.h"
#include "engine/core/error.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/linear.h"

namespace impact {

// Columns: ones, treatment, covariates; rows of weight 0 do not count in linear().
Estimate matched_difference(const MatchedSample& sample, std::span<const double> y,
                            std::span<const std::int32_t> treated,
                            std::span<const double> covariates, std::size_t columns,
                            double conf_level, const Context& context) {
  check_conf_level(conf_level);
  const std::size_t n = y.size();
  require_length("treated", treated.size(), n);
  require_length("covariates", covariates.size(), n * columns);
  if (sample.broken.empty()) require_length("the matched sample", sample.weight.size(), n);
  Estimate row;
  row.term = "treated";
  row.method = "matched_difference";
  row.warnings = sample.broken;
  row.warnings.insert(row.warnings.end(), sample.warnings.begin(), sample.warnings.end());
  if (!sample.broken.empty()) {
    complete(row, {}, conf_level);
    return row;
  }
  std::vector<double> x(n, 1.0);
  x.insert(x.end(), treated.begin(), treated.end());
  x.insert(x.end(), covariates.begin(), covariates.end());
  std::vector<std::int32_t> clusters = sample.subclass;
  for (std::int32_t& code : clusters) code = std::max(code, 0);
  const bool paired = !clusters.empty();
  const LinearFit fit = linear(
      {.x = x, .columns = columns + 2, .y = y, .weights = sample.weight, .clusters = clusters},
      {.se = paired ? SeType::kCr1 : SeType::kHc1}, context);
  if (!paired) {
    row.warnings.emplace_back(
        "matches that serve several rows tie their differences together: this error, which takes "
        "rows as independent, can be too small");
  }
  row.warnings.insert(row.warnings.end(), fit.warnings.begin(), fit.warnings.end());
  row.se_type = se_type_name(fit.se);
  complete(
      row,
      {.estimate = fit.coefficient[1], .std_error = fit.std_error[1], .df = fit.df[1], .n = fit.n},
      conf_level);
  return row;
}

}  // namespace impact
