#include "engine/causal/balance/overlap.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "engine/causal/balance/balance.h"
#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

void check(const OverlapData& data, const OverlapSpec& spec) {
  require_length("arm", data.arm.size(), data.propensity.size());
  require_optional_length("weights", data.weights.size(), data.propensity.size());
  require_weights(data.weights);
  for (std::size_t i = 0; i < data.propensity.size(); ++i) {
    const double e = data.propensity[i];
    if (std::isnan(e) || (e >= 0.0 && e <= 1.0)) continue;
    throw ArgumentError({.what = "a propensity is a probability",
                         .where = fmt::format("row {}", i + 1),
                         .got = format_double(e),
                         .expected = "0 to 1"});
  }
  if (!(spec.near_zero > 0.0 && spec.near_zero < 0.5)) {
    throw ArgumentError({.what = "'near_zero' lies between 0 and 0.5",
                         .where = "near_zero",
                         .got = format_double(spec.near_zero)});
  }
  if (!(spec.extreme_weight > 1.0)) {
    throw ArgumentError({.what = "an extreme weight is a multiple of the mean above 1",
                         .where = "extreme_weight",
                         .got = format_double(spec.extreme_weight)});
  }
}

struct Rows {
  std::vector<double> propensity = {};
  std::vector<double> weight = {};
};

OverlapArm describe(Rows rows, const Overlap& all, const OverlapSpec& spec, bool weighted) {
  OverlapArm arm;
  arm.n = std::ssize(rows.propensity);
  const auto n = static_cast<double>(arm.n);
  if (arm.n == 0) return arm;
  std::ranges::sort(rows.propensity);
  arm.mean = detail::mean_about(rows.propensity, 0.0);
  for (const double p : spec.probabilities) {
    arm.quantiles.push_back(sample_quantile(rows.propensity, p).value);
  }
  std::int64_t low = 0;
  std::int64_t high = 0;
  for (const double e : rows.propensity) {
    if (e < all.support_low || e > all.support_high) ++arm.outside;
    if (e < spec.near_zero) ++low;
    if (e > 1.0 - spec.near_zero) ++high;
    if (e == 0.0 || e == 1.0) ++arm.certain;
  }
  arm.share_outside = static_cast<double>(arm.outside) / n;
  arm.share_low = static_cast<double>(low) / n;
  arm.share_high = static_cast<double>(high) / n;
  if (!weighted) return arm;
  std::ranges::sort(rows.weight, std::greater<>());
  const double total = exact_sum(rows.weight);
  if (!(total > 0.0)) return arm;
  const double mean = total / n;
  arm.max_weight = rows.weight.front() / mean;
  const auto top = static_cast<std::size_t>(std::ceil(n / 100.0));
  arm.share_top_percent = exact_sum(std::span(rows.weight).first(top)) / total;
  for (const double w : rows.weight) {
    if (w > spec.extreme_weight * mean) ++arm.extreme_weights;
  }
  arm.effective = effective_sample_size(rows.weight);
  return arm;
}

// With k = 1 / (e (1 - e)), increasing: if the largest is at most twice the mean, all are kept.
// Else g is twice the mean of the first n, n the last with k_n <= g; the next k is then above g.
double least_variance_trim(std::vector<double> propensity) {
  std::vector<double> k;
  for (const double e : propensity) k.push_back(1.0 / (e * (1.0 - e)));
  std::ranges::sort(k);
  ExactSum all;
  std::int64_t finite = 0;
  for (const double value : k) {
    if (std::isinf(value)) continue;
    all.add(value);
    ++finite;
  }
  if (finite == 0) return std::numeric_limits<double>::quiet_NaN();
  const bool some_infinite = finite < std::ssize(k);
  if (!some_infinite && k.back() <= 2.0 * all.round() / static_cast<double>(finite)) return 0.0;
  ExactSum below;
  double g = 0.0;
  std::int64_t n = 0;
  for (const double value : k) {
    if (std::isinf(value)) break;
    below.add(value);
    ++n;
    const double twice = 2.0 * below.round() / static_cast<double>(n);
    if (value <= twice) g = twice;
  }
  return 0.5 - std::sqrt(std::fmax(0.0, 0.25 - 1.0 / g));
}

}  // namespace

Overlap overlap(const OverlapData& data, const OverlapSpec& spec) {
  check(data, spec);
  Rows treated;
  Rows control;
  std::int64_t missing = 0;
  for (std::size_t i = 0; i < data.propensity.size(); ++i) {
    if (data.arm[i] != 0 && data.arm[i] != 1) continue;
    const double w = data.weights.empty() ? 1.0 : data.weights[i];
    if (std::isnan(data.propensity[i]) || std::isnan(w)) {
      ++missing;
      continue;
    }
    Rows& rows = data.arm[i] == 1 ? treated : control;
    rows.propensity.push_back(data.propensity[i]);
    rows.weight.push_back(w);
  }
  Overlap result;
  detail::warn_missing(result.warnings, missing);
  if (treated.propensity.empty() || control.propensity.empty()) {
    result.warnings.emplace_back("one arm is empty: there is nothing to overlap with");
  } else {
    const auto [low1, high1] = std::ranges::minmax(treated.propensity);
    const auto [low0, high0] = std::ranges::minmax(control.propensity);
    result.support_low = std::fmax(low1, low0);
    result.support_high = std::fmin(high1, high0);
    std::vector<double> all = treated.propensity;
    all.insert(all.end(), control.propensity.begin(), control.propensity.end());
    result.optimal_trim = least_variance_trim(all);
    for (const double e : all) {
      if (e < result.optimal_trim || e > 1.0 - result.optimal_trim) ++result.trimmed;
    }
  }
  const bool weighted = !data.weights.empty();
  result.treated = describe(std::move(treated), result, spec, weighted);
  result.control = describe(std::move(control), result, spec, weighted);
  if (result.support_low > result.support_high) {
    result.warnings.emplace_back("the arms share no range of propensities: no overlap at all");
  }
  for (const auto* arm : {&result.treated, &result.control}) {
    const char* name = arm == &result.treated ? "treated" : "control";
    if (arm->certain > 0) {
      result.warnings.push_back(
          fmt::format("{} in the {} arm with a propensity of 0 or 1: positivity is violated",
                      detail::plural(arm->certain, "row", "rows"), name));
    }
    if (arm->share_outside > 0.05) {
      result.warnings.push_back(fmt::format("{:.1f} % of the {} arm lie outside the common support",
                                            100.0 * arm->share_outside, name));
    }
    if (arm->extreme_weights > 0) {
      result.warnings.push_back(fmt::format("{} in the {} arm above {} times the mean weight",
                                            detail::plural(arm->extreme_weights, "row", "rows"),
                                            name, format_double(spec.extreme_weight)));
    }
  }
  return result;
}

}  // namespace impact
