#include "engine/stats/descriptives.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using detail::Sample;

// Differences of this size come from rounding n p, not from the data.
constexpr double kFuzz = 4.0 * std::numeric_limits<double>::epsilon();

void require_probability(double p) {
  if (p >= 0.0 && p <= 1.0) return;
  throw ArgumentError({.what = "a quantile's probability lies in [0, 1]",
                       .where = "p",
                       .got = format_double(p),
                       .expected = "for example 0.25"});
}

// Counts and their sentences; true if there are `least` values and, where moments are asked for,
// no infinite one.
bool begin(Descriptive& result, const Sample& sample, std::int64_t least, bool moments) {
  result.n = sample.n();
  result.missing = sample.missing;
  detail::warn_missing(result.warnings, sample.missing);
  if (result.n < least) {
    result.warnings.push_back(
        result.n == 0 ? "there is no value"
                      : "too few values: " + detail::plural(result.n, "value", "values") +
                            ", at least " + std::to_string(least) + " needed");
    return false;
  }
  if (!moments || sample.infinite == 0) return true;
  detail::warn_infinite(result.warnings, sample.infinite);
  return false;
}

ExactMoments moments(const Sample& sample) {
  ExactMoments sums;
  for (const double value : sample.values) sums.add(value);
  return sums;
}

// sum (x - mean)^k / n.
double central_moment(const Sample& sample, double mean, int k) {
  ExactSum sum;
  for (const double value : sample.values) {
    const double d = value - mean;
    sum.add(k == 2 ? d * d : k == 3 ? d * d * d : d * d * (d * d));
  }
  return sum.round() / static_cast<double>(sample.n());
}

Descriptive shape(std::span<const double> values, std::int64_t least, int power, MomentType type) {
  Descriptive result;
  const Sample sample = detail::sorted_sample(values);
  if (!begin(result, sample, type == MomentType::kUnbiased ? least : 2, true)) return result;
  if (sample.constant()) {
    result.warnings.emplace_back("all values are equal, so the shape is undefined");
    return result;
  }
  const double mean = moments(sample).mean();
  const double m2 = central_moment(sample, mean, 2);
  const double mk = central_moment(sample, mean, power);
  const auto n = static_cast<double>(result.n);
  // G1 = g1 sqrt(n (n - 1)) / (n - 2),  b1 = g1 ((n - 1) / n)^(3/2)
  // G2 = ((n + 1) g2 + 6) (n - 1) / ((n - 2) (n - 3)),  b2 = (g2 + 3) ((n - 1) / n)^2 - 3
  const double shrink = (n - 1.0) / n;
  if (power == 3) {
    const double g1 = mk / (m2 * std::sqrt(m2));
    if (type == MomentType::kPopulation) result.value = g1;
    if (type == MomentType::kUnbiased) result.value = g1 * std::sqrt(n * (n - 1.0)) / (n - 2.0);
    if (type == MomentType::kSample) result.value = g1 * shrink * std::sqrt(shrink);
  } else {
    const double g2 = mk / (m2 * m2) - 3.0;
    if (type == MomentType::kPopulation) result.value = g2;
    if (type == MomentType::kUnbiased) {
      result.value = ((n + 1.0) * g2 + 6.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0));
    }
    if (type == MomentType::kSample) result.value = (g2 + 3.0) * shrink * shrink - 3.0;
  }
  return result;
}

// a + h (b - a) as a mean, so that two equal infinities give themselves.
double between(double a, double b, double h) {
  if (h == 0.0 || a == b) return a;
  return h == 1.0 ? b : (1.0 - h) * a + h * b;
}

// Hyndman & Fan: with x_(j) the order statistics, Q = (1 - h) x_(j) + h x_(j+1), where
// j = floor(n p + m), g = n p + m - j and m = a + p (1 - a - b):
//   1: m = 0, h = [g > 0]           2: m = 0, h = 1 where g > 0 else 1/2
//   3: m = -1/2, h = 0 where g = 0 and j even, else 1
//   4-9: h = g with (a, b) = (0, 1), (1/2, 1/2), (0, 0), (1, 1), (1/3, 1/3), (3/8, 3/8).
double quantile(std::span<const double> sorted, double p, int type) {
  const auto n = static_cast<double>(sorted.size());
  double position = n * p;
  if (type == 3) position -= 0.5;
  if (type >= 4) {
    static constexpr double kA[] = {0.0, 0.5, 0.0, 1.0, 1.0 / 3.0, 3.0 / 8.0};
    const double a = kA[type - 4];
    const double b = type == 4 ? 1.0 : a;
    position = a + p * (n + 1.0 - a - b);
  }
  const double j = std::floor(position + kFuzz * std::max(1.0, position));
  double h = position - j;
  if (std::abs(h) < kFuzz * std::max(1.0, position)) h = 0.0;
  if (type == 1) h = h > 0.0 ? 1.0 : 0.0;
  if (type == 2) h = h > 0.0 ? 1.0 : 0.5;
  if (type == 3) h = h == 0.0 && std::fmod(j, 2.0) == 0.0 ? 0.0 : 1.0;
  const auto at = [&](double index) {
    return sorted[static_cast<std::size_t>(std::clamp(index, 1.0, n)) - 1];
  };
  return between(at(j), at(j + 1.0), h);
}

void require_type(int type) {
  if (type >= 1 && type <= 9) return;
  throw ArgumentError({.what = "no such type of quantile",
                       .where = "type",
                       .got = std::to_string(type),
                       .expected = "1 to 9 (Hyndman & Fan 1996)"});
}

// Mean of the order statistics left between `cut` at each end; winsorised: the ends count `cut`
// times more.
Descriptive mean_of_middle(std::span<const double> values, double trim, bool winsorised) {
  if (!(trim >= 0.0 && trim <= 0.5)) {
    throw ArgumentError({.what = "the trimmed part of each end lies in [0, 0.5]",
                         .where = "trim",
                         .got = format_double(trim),
                         .expected = "for example 0.1"});
  }
  Descriptive result;
  Sample sample = detail::sorted_sample(values);
  if (!begin(result, sample, 1, false)) return result;
  const auto cut = static_cast<std::size_t>(std::floor(trim * static_cast<double>(result.n)));
  if (2 * cut >= sample.values.size()) {
    result.value = quantile(sample.values, 0.5, 7);
    return result;
  }
  const auto begin_at = sample.values.begin() + static_cast<std::ptrdiff_t>(cut);
  const auto end_at = sample.values.end() - static_cast<std::ptrdiff_t>(cut);
  ExactMean mean;
  for (auto at = begin_at; at != end_at; ++at) mean.add(*at);
  if (winsorised) {
    for (std::size_t i = 0; i < cut; ++i) {
      mean.add(*begin_at);
      mean.add(*(end_at - 1));
    }
  }
  result.value = mean.mean();
  if (std::isfinite(result.value)) return result;
  result.value = kNaN;
  detail::warn_infinite(result.warnings, sample.infinite);
  return result;
}

struct Weighted {
  double value, weight;
};

// Rows in use by value, so that sums have a fixed order.
std::vector<Weighted> sorted_rows(std::span<const double> values, std::span<const double> weights,
                                  Descriptive& result, bool moments) {
  require_length("weights", weights.size(), values.size());
  require_weights(weights);
  std::vector<Weighted> rows;
  std::int64_t infinite = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (weights[i] == 0.0) continue;
    if (std::isnan(values[i]) || std::isnan(weights[i])) {
      ++result.missing;
      continue;
    }
    if (std::isinf(values[i])) ++infinite;
    rows.push_back({values[i], weights[i]});
  }
  std::sort(rows.begin(), rows.end(), [](const Weighted& a, const Weighted& b) {
    return a.value != b.value ? a.value < b.value : a.weight < b.weight;
  });
  result.n = static_cast<std::int64_t>(rows.size());
  detail::warn_missing(result.warnings, result.missing);
  if (rows.empty()) result.warnings.emplace_back("there is no value with a positive weight");
  if (moments && infinite > 0) {
    detail::warn_infinite(result.warnings, infinite);
    rows.clear();
  }
  return rows;
}

double total_weight(const std::vector<Weighted>& rows) {
  ExactSum sum;
  for (const Weighted& row : rows) sum.add(row.weight);
  return sum.round();
}

// Counted from the first value, so that values far from zero lose no digits.
double mean_of(const std::vector<Weighted>& rows, double total) {
  ExactSum sum;
  const double origin = rows.front().value;
  for (const Weighted& row : rows) sum.add(row.weight * (row.value - origin));
  return origin + sum.round() / total;
}

}  // namespace

Descriptive sample_mean(std::span<const double> values) {
  Descriptive result;
  const Sample sample = detail::sorted_sample(values);
  if (begin(result, sample, 1, true)) result.value = moments(sample).mean();
  return result;
}

Descriptive sample_variance(std::span<const double> values) {
  Descriptive result;
  const Sample sample = detail::sorted_sample(values);
  if (begin(result, sample, 2, true)) result.value = moments(sample).variance(1);
  return result;
}

Descriptive sample_sd(std::span<const double> values) {
  Descriptive result = sample_variance(values);
  result.value = std::sqrt(result.value);
  return result;
}

Descriptive sample_skewness(std::span<const double> values, MomentType type) {
  return shape(values, 3, 3, type);
}

Descriptive sample_kurtosis(std::span<const double> values, MomentType type) {
  return shape(values, 4, 4, type);
}

Descriptive sample_quantile(std::span<const double> values, double p, int type) {
  require_probability(p);
  require_type(type);
  Descriptive result;
  const Sample sample = detail::sorted_sample(values);
  if (!begin(result, sample, 1, false)) return result;
  result.value = quantile(sample.values, p, type);
  if (std::isnan(result.value)) {
    result.warnings.emplace_back("the quantile lies between two opposite infinities");
  }
  return result;
}

Descriptive sample_median(std::span<const double> values) {
  return sample_quantile(values, 0.5, 7);
}

Descriptive sample_iqr(std::span<const double> values, int type) {
  require_type(type);
  Descriptive result;
  const Sample sample = detail::sorted_sample(values);
  if (!begin(result, sample, 1, false)) return result;
  result.value = quantile(sample.values, 0.75, type) - quantile(sample.values, 0.25, type);
  if (std::isnan(result.value)) detail::warn_infinite(result.warnings, sample.infinite);
  return result;
}

Descriptive sample_mad(std::span<const double> values, double constant) {
  Descriptive result;
  Sample sample = detail::sorted_sample(values);
  if (!begin(result, sample, 1, false)) return result;
  const double centre = quantile(sample.values, 0.5, 7);
  if (!std::isfinite(centre)) {
    detail::warn_infinite(result.warnings, sample.infinite);
    return result;
  }
  for (double& value : sample.values) value = std::abs(value - centre);
  std::sort(sample.values.begin(), sample.values.end());
  result.value = constant * quantile(sample.values, 0.5, 7);
  return result;
}

Descriptive trimmed_mean(std::span<const double> values, double trim) {
  return mean_of_middle(values, trim, false);
}

Descriptive winsorised_mean(std::span<const double> values, double trim) {
  return mean_of_middle(values, trim, true);
}

Descriptive weighted_mean(std::span<const double> values, std::span<const double> weights) {
  Descriptive result;
  const auto rows = sorted_rows(values, weights, result, true);
  if (!rows.empty()) result.value = mean_of(rows, total_weight(rows));
  return result;
}

Descriptive weighted_variance(std::span<const double> values, std::span<const double> weights,
                              WeightKind kind) {
  Descriptive result;
  const auto rows = sorted_rows(values, weights, result, true);
  if (rows.empty()) return result;
  const double total = total_weight(rows);
  const double mean = mean_of(rows, total);
  ExactSum squares, weight_squares;
  for (const Weighted& row : rows) {
    const double d = row.value - mean;
    squares.add(row.weight * (d * d));
    weight_squares.add(row.weight * row.weight);
  }
  const double below =
      kind == WeightKind::kFrequency ? total - 1.0 : total - weight_squares.round() / total;
  const bool lone = kind == WeightKind::kReliability && rows.size() < 2;
  if (below > 0.0 && !lone) {
    result.value = squares.round() / below;
  } else {
    result.warnings.emplace_back("too little weight for a variance: more than one row is needed");
  }
  return result;
}

Descriptive weighted_quantile(std::span<const double> values, std::span<const double> weights,
                              double p) {
  require_probability(p);
  Descriptive result;
  const auto rows = sorted_rows(values, weights, result, false);
  if (rows.empty()) return result;
  const double target = p * total_weight(rows);
  ExactSum below;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    below.add(rows[i].weight);
    const double reached = below.round();
    if (reached < target - kFuzz * target) continue;
    // At p = 0 nothing needs to be reached, at p = 1 there is no next value.
    const bool exactly = target > 0.0 && reached <= target + kFuzz * target;
    const std::size_t next = exactly && i + 1 < rows.size() ? i + 1 : i;
    result.value = between(rows[i].value, rows[next].value, 0.5);
    break;
  }
  return result;
}

Outliers find_outliers(std::span<const double> values, OutlierRule rule, double k) {
  if (!(k >= 0.0) || std::isinf(k)) {
    throw ArgumentError({.what = "the width of an outlier rule is finite and not negative",
                         .where = "k",
                         .got = format_double(k),
                         .expected = "for example 1.5"});
  }
  Outliers result;
  Sample sample = detail::sorted_sample(values);
  result.n = sample.n();
  result.missing = sample.missing;
  detail::warn_missing(result.warnings, sample.missing);
  if (sample.values.empty()) {
    result.warnings.emplace_back("there is no value");
    return result;
  }
  const double median = quantile(sample.values, 0.5, 7);
  const double q25 = quantile(sample.values, 0.25, 7);
  const double q75 = quantile(sample.values, 0.75, 7);
  const double spread = rule == OutlierRule::kMad ? sample_mad(sample.values).value : q75 - q25;
  if (!std::isfinite(spread)) {
    detail::warn_infinite(result.warnings, sample.infinite);
    return result;
  }
  result.low = (rule == OutlierRule::kTukey ? q25 : median) - k * spread;
  result.high = (rule == OutlierRule::kTukey ? q75 : median) + k * spread;
  for (const double value : sample.values) {
    if (value < result.low) ++result.below;
    if (value > result.high) ++result.above;
  }
  if (spread == 0.0 && !sample.constant()) {
    result.warnings.emplace_back(
        "the middle half of the values is one value: every other value counts as an outlier");
  }
  return result;
}

}  // namespace impact
