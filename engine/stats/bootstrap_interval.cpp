#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/stats/bootstrap.h"
#include "engine/stats/inference.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Ordered draws and what is asked of them.
class Ordered {
 public:
  explicit Ordered(std::vector<double> values) : values_(std::move(values)) {
    std::sort(values_.begin(), values_.end());
  }
  [[nodiscard]] double count() const { return static_cast<double>(values_.size()); }

  // With k the whole part of (B + 1) a: between t_(k) and t_(k+1), linear in the normal quantile of
  // the level; the outermost draws beyond them.
  [[nodiscard]] double quantile(double level) {
    const double rank = (count() + 1.0) * level;
    // (B + 1) a is often whole but for its rounding.
    const double nearest = std::round(rank);
    const bool whole = std::abs(rank - nearest) <= 1e-10 * (count() + 1.0);
    const double k = whole ? nearest : std::floor(rank);
    if (!(rank > 1.0 && rank < count())) extreme_ = true;
    if (k < 1.0) return values_.front();
    if (k >= count()) return values_.back();
    const auto i = static_cast<std::size_t>(k);
    if (whole) return values_[i - 1];
    const double below = normal_quantile(k / (count() + 1.0));
    const double above = normal_quantile((k + 1.0) / (count() + 1.0));
    const double share = (normal_quantile(level) - below) / (above - below);
    return values_[i - 1] + share * (values_[i] - values_[i - 1]);
  }
  [[nodiscard]] bool extreme() const { return extreme_; }

  [[nodiscard]] double share_below(double value) const {
    return static_cast<double>(std::lower_bound(values_.begin(), values_.end(), value) -
                               values_.begin()) /
           count();
  }
  // (1 + count) / (1 + draws) of draws up to value, and from value on.
  [[nodiscard]] double up_to(double value) const {
    return (1.0 + static_cast<double>(std::upper_bound(values_.begin(), values_.end(), value) -
                                      values_.begin())) /
           (1.0 + count());
  }
  [[nodiscard]] double from(double value) const {
    return (1.0 + static_cast<double>(values_.end() -
                                      std::lower_bound(values_.begin(), values_.end(), value))) /
           (1.0 + count());
  }

 private:
  std::vector<double> values_;
  bool extreme_ = false;
};

double two_sided(double greater, double less, Alternative alternative) {
  if (alternative == Alternative::kGreater) return greater;
  if (alternative == Alternative::kLess) return less;
  return std::min(1.0, 2.0 * std::min(greater, less));
}

const char* name_of(BootstrapInterval interval) {
  switch (interval) {
    case BootstrapInterval::kPercentile: return "percentile";
    case BootstrapInterval::kBasic: return "basic";
    case BootstrapInterval::kNormal: return "normal";
    case BootstrapInterval::kBca: return "bca";
    case BootstrapInterval::kStudentised: return "studentised";
  }
  return "";
}

// With w the normal quantile of the share of draws below the estimate and a the acceleration, the
// level of z is Phi(w + (w + z) / (1 - a (w + z))). Solved for z, a level of the draws becomes the
// p-value that goes with it.
struct Bca {
  double w, a;
  [[nodiscard]] double level(double z) const {
    return normal_cdf(w + (w + z) / (1.0 - a * (w + z)));
  }
  [[nodiscard]] double inverse(double level) const {
    if (level >= 1.0) return kInfinity;
    if (level <= 0.0) return -kInfinity;
    const double v = normal_quantile(level) - w;
    return v / (1.0 + a * v) - w;
  }
};

void interval_of(Bootstrap& result, Ordered& ordered, const BootstrapSpec& spec) {
  Estimate& row = result.row;
  const BootstrapDraws& draws = result.draws;
  const double tail = detail::tail_outside(spec.conf_level, spec.alternative);
  const double z = normal_quantile(detail::upper_level(spec.conf_level, spec.alternative));
  const double t = draws.estimate, null = spec.null_value;
  switch (spec.interval) {
    case BootstrapInterval::kPercentile:
      row.conf_low = ordered.quantile(tail);
      row.conf_high = ordered.quantile(1.0 - tail);
      row.p_value = two_sided(ordered.up_to(null), ordered.from(null), spec.alternative);
      break;
    case BootstrapInterval::kBasic:
      row.conf_low = 2.0 * t - ordered.quantile(1.0 - tail);
      row.conf_high = 2.0 * t - ordered.quantile(tail);
      row.p_value =
          two_sided(ordered.from(2.0 * t - null), ordered.up_to(2.0 * t - null), spec.alternative);
      break;
    case BootstrapInterval::kNormal: {
      const double centre = t - result.bias;
      row.conf_low = centre - z * row.std_error;
      row.conf_high = centre + z * row.std_error;
      row.df = kInfinity;
      row.statistic = (centre - null) / row.std_error;
      row.p_value = detail::t_p_value(row.statistic, row.df, spec.alternative);
      break;
    }
    case BootstrapInterval::kBca: {
      const double below = ordered.share_below(t);
      if (!(below > 0.0 && below < 1.0)) {
        row.warnings.emplace_back(
            "all draws lie on one side of the estimate: the bca interval is undefined");
        return;
      }
      if (std::isnan(draws.acceleration)) {
        row.warnings.emplace_back(
            "the jackknife is undefined or does not vary: there is no bca interval");
        return;
      }
      const Bca bca = {normal_quantile(below), draws.acceleration};
      row.conf_low = ordered.quantile(bca.level(-z));
      row.conf_high = ordered.quantile(bca.level(z));
      row.p_value =
          two_sided(normal_cdf(bca.inverse(ordered.up_to(null))),
                    normal_upper(bca.inverse(1.0 - ordered.from(null))), spec.alternative);
      break;
    }
    case BootstrapInterval::kStudentised: {
      if (!(draws.std_error > 0.0)) {
        row.warnings.emplace_back("the standard error of the estimate is zero or unknown");
        return;
      }
      row.conf_low = t - draws.std_error * ordered.quantile(1.0 - tail);
      row.conf_high = t - draws.std_error * ordered.quantile(tail);
      row.statistic = (t - null) / draws.std_error;
      row.p_value =
          two_sided(ordered.from(row.statistic), ordered.up_to(row.statistic), spec.alternative);
      break;
    }
  }
  detail::open_end(row.conf_low, row.conf_high, spec.alternative);
  if (ordered.extreme()) {
    row.warnings.emplace_back("an end of the interval is an outermost draw: make more draws");
  }
}

}  // namespace

Bootstrap summarise_draws(BootstrapDraws draws, const BootstrapSpec& spec) {
  check_conf_level(spec.conf_level);
  Bootstrap result;
  result.draws = std::move(draws);
  Estimate& row = result.row;
  row.term = spec.term;
  row.method = "bootstrap";
  row.null_value = spec.null_value;
  row.se_type = name_of(spec.interval);
  row.estimate = result.draws.estimate;
  const bool studentised = spec.interval == BootstrapInterval::kStudentised;
  const std::vector<double>& values = result.draws.values;
  std::vector<double> ranked;
  ExactMoments sums;
  std::int64_t undefined = 0;
  for (std::size_t b = 0; b < values.size(); ++b) {
    const double s = studentised ? result.draws.std_errors.at(b) : 1.0;
    if (!std::isfinite(values[b]) || !(s > 0.0)) {
      ++undefined;
      continue;
    }
    sums.add(values[b]);
    ranked.push_back(studentised ? (values[b] - row.estimate) / s : values[b]);
  }
  if (undefined > 0) {
    row.warnings.push_back(detail::plural(undefined,
                                          "draw left the statistic undefined and does not count",
                                          "draws left the statistic undefined and do not count"));
  }
  if (!std::isfinite(row.estimate) || ranked.size() < 2) {
    row.warnings.emplace_back(std::isfinite(row.estimate) ? "there are fewer than two draws"
                                                          : "the statistic is undefined");
    return result;
  }
  result.bias = sums.mean() - row.estimate;
  row.std_error = std::sqrt(sums.variance(1));
  if (!(row.std_error > 0.0)) {
    row.warnings.emplace_back("the draws do not vary: there is no test and no interval");
    return result;
  }
  Ordered ordered(std::move(ranked));
  interval_of(result, ordered, spec);
  return result;
}

}  // namespace impact
