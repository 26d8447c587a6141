#include "engine/causal/sensitivity/effect_bounds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "engine/causal/sensitivity/bounds_parts.h"
#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "engine/stats/groups.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/root.h"
#include "engine/stats/sample.h"

namespace impact {
namespace detail {

void check_bounds(const BoundsData& data, double conf_level) {
  require_length("arm", data.arm.size(), data.y.size());
  require_optional_length("weights", data.weights.size(), data.y.size());
  require_optional_length("clusters", data.clusters.size(), data.y.size());
  require_weights(data.weights);
  check_conf_level(conf_level);
  for (std::size_t i = 0; i < data.clusters.size(); ++i) {
    if (data.clusters[i] >= 0) continue;
    throw ArgumentError({.what = "every row belongs to a cluster",
                         .where = fmt::format("row {}", i + 1),
                         .got = std::to_string(data.clusters[i]),
                         .expected = "a code of 0 or more"});
  }
}

double influence_error(std::span<const double> influence, std::span<const std::int32_t> clusters) {
  ExactSum squares;
  if (clusters.empty()) {
    for (const double psi : influence) squares.add(psi * psi);
  } else {
    const Groups groups = group_rows(clusters);
    for (std::size_t g = 0; g < groups.count(); ++g) {
      ExactSum sum;
      for (const std::uint32_t row : groups[g]) sum.add(influence[row]);
      const double total = sum.round();
      squares.add(total * total);
    }
  }
  return std::sqrt(squares.round()) / static_cast<double>(influence.size());
}

void complete_effect_bounds(EffectBounds& bounds, std::span<const std::int32_t> clusters,
                            double conf_level, BoundsCoverage coverage) {
  bounds.se_low = influence_error(bounds.influence_low, clusters);
  bounds.se_high = influence_error(bounds.influence_high, clusters);
  const Interval interval =
      bounds_interval(bounds.low, bounds.high, bounds.se_low, bounds.se_high, conf_level, coverage);
  bounds.conf_low = interval.low;
  bounds.conf_high = interval.high;
}

}  // namespace detail

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// An end of the range of an unseen mean: a number, or the mean of an arm.
struct End {
  double value = kNan;
  int arm = -1;  ///< -1: a number.
};

struct Range {
  End low, high;

  void at_least(End end) {
    if (end.value > low.value) low = end;
  }
  void at_most(End end) {
    if (end.value < high.value) high = end;
  }
};

bool crossing(const Range& range) { return range.low.value > range.high.value; }

}  // namespace

Interval bounds_interval(double low, double high, double se_low, double se_high, double conf_level,
                         BoundsCoverage coverage) {
  check_conf_level(conf_level);
  const double larger = std::fmax(se_low, se_high);
  if (std::isnan(low) || std::isnan(high) || !(se_low >= 0.0) || !(se_high >= 0.0)) return {};
  if (larger == 0.0) return {low, high};
  double c = normal_quantile(0.5 + 0.5 * conf_level);
  if (coverage == BoundsCoverage::kEffect) {
    const double width = std::fmax(0.0, high - low) / larger;
    // Between the one-sided quantile (width infinite) and the two-sided one (no width).
    const auto excess = [&](double at) {
      return normal_cdf(at + width) - normal_cdf(-at) - conf_level;
    };
    const double least = normal_quantile(conf_level);
    const double root = width == 0.0 ? c : detail::bracketed_root(excess, least - 1e-9, c + 1e-9);
    c = std::isnan(root) ? least : root;
  }
  return {low - c * se_low, high + c * se_high};
}

// Influence, with w the weight over the mean weight and p_d the weighted share of arm d:
//   of p     w (D - p)
//   of m_d   w 1{D = d} (Y - m_d) / p_d
// and by the chain rule of  p (m1 - x0) + (1 - p) (x1 - m0).
EffectBounds manski_bounds(const BoundsData& data, const ManskiSpec& spec) {
  detail::check_bounds(data, spec.conf_level);
  if (spec.lowest > spec.highest) {
    throw ArgumentError(
        {.what = "the lowest outcome exceeds the highest",
         .where = "lowest",
         .got = fmt::format("{} and {}", format_double(spec.lowest), format_double(spec.highest))});
  }
  EffectBounds result;
  const std::size_t rows = data.y.size();
  result.influence_low.assign(rows, 0.0);
  result.influence_high.assign(rows, 0.0);
  std::array<ExactSum, 2> weight;
  std::array<ExactSum, 2> first;
  std::int64_t missing = 0;
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  const auto weight_of = [&](std::size_t i) {
    if (data.arm[i] != 0 && data.arm[i] != 1) return 0.0;
    const double w = data.weights.empty() ? 1.0 : data.weights[i];
    return std::isnan(data.y[i]) || std::isnan(w) ? kNan : w;
  };
  for (std::size_t i = 0; i < rows; ++i) {
    const double w = weight_of(i);
    if (std::isnan(w)) ++missing;
    if (!(w > 0.0)) continue;
    ++result.n;
    const auto d = static_cast<std::size_t>(data.arm[i]);
    weight[d].add(w);
    first[d].add(w * data.y[i]);
    least = std::fmin(least, data.y[i]);
    most = std::fmax(most, data.y[i]);
  }
  detail::warn_missing(result.warnings, missing);
  const double total0 = weight[0].round();
  const double total1 = weight[1].round();
  if (!(total0 > 0.0) || !(total1 > 0.0)) {
    result.warnings.emplace_back("one arm has no outcomes: nothing is bounded");
    return result;
  }
  if (std::isinf(least) || std::isinf(most)) {
    result.warnings.emplace_back("an outcome is infinite: nothing is bounded");
    return result;
  }
  if (least < spec.lowest || most > spec.highest) {
    throw ArgumentError({.what = "outcomes lie outside the range that they are said to have",
                         .where = "lowest, highest",
                         .got = fmt::format("{} to {}", format_double(least), format_double(most)),
                         .expected = fmt::format("{} to {}", format_double(spec.lowest),
                                                 format_double(spec.highest))});
  }
  const double lowest = std::isnan(spec.lowest) ? least : spec.lowest;
  const double highest = std::isnan(spec.highest) ? most : spec.highest;
  if (std::isnan(spec.lowest) || std::isnan(spec.highest)) {
    result.warnings.push_back(
        fmt::format("the range of outcomes is partly that of the data ({} to {}): bounds hold only "
                    "if no outcome can lie beyond",
                    format_double(lowest), format_double(highest)));
  }
  const double m1 = first[1].round() / total1;
  const double m0 = first[0].round() / total0;
  const double p = total1 / (total1 + total0);
  Range x0 = {{lowest}, {highest}};
  Range x1 = x0;
  const End treated = {m1, 1};
  const End control = {m0, 0};
  if (spec.response == Monotone::kUp) {
    x0.at_most(treated);
    x1.at_least(control);
  } else if (spec.response == Monotone::kDown) {
    x0.at_least(treated);
    x1.at_most(control);
  }
  if (spec.selection == Monotone::kUp) {
    x0.at_least(control);
    x1.at_most(treated);
  } else if (spec.selection == Monotone::kDown) {
    x0.at_most(control);
    x1.at_least(treated);
  }
  if (crossing(x0) || crossing(x1)) {
    result.warnings.emplace_back(
        "the data contradict the assumptions: the bounds cross, no effect satisfies both");
  }
  const double on1 = spec.target == BoundsTarget::kAtc   ? 0.0
                     : spec.target == BoundsTarget::kAtt ? 1.0
                                                         : p;
  const double on0 = 1.0 - on1;
  const double share_moves = spec.target == BoundsTarget::kAte ? 1.0 : 0.0;
  const auto side = [&](const End& of0, const End& of1, std::vector<double>& influence) {
    const double a = m1 - of0.value;
    const double b = of1.value - m0;
    // Coefficients of the two means.
    const double by1 = on1 * (of0.arm == 1 ? 0.0 : 1.0) + on0 * (of1.arm == 1 ? 1.0 : 0.0);
    const double by0 = -on1 * (of0.arm == 0 ? 1.0 : 0.0) - on0 * (of1.arm == 0 ? 0.0 : 1.0);
    const double scale = static_cast<double>(rows) / (total0 + total1);
    for (std::size_t i = 0; i < rows; ++i) {
      const double w = weight_of(i);
      if (!(w > 0.0)) continue;
      const bool d = data.arm[i] == 1;
      const double own = d ? by1 * (data.y[i] - m1) / p : by0 * (data.y[i] - m0) / (1.0 - p);
      influence[i] = scale * w * (own + share_moves * ((d ? 1.0 : 0.0) - p) * (a - b));
    }
    return on1 * a + on0 * b;
  };
  result.low = side(x0.high, x1.low, result.influence_low);
  result.high = side(x0.low, x1.high, result.influence_high);
  detail::complete_effect_bounds(result, data.clusters, spec.conf_level, spec.coverage);
  return result;
}

}  // namespace impact
