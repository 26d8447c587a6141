#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/rng.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/root.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

void require_positive(const char* where, double value) {
  if (value > 0.0 && std::isfinite(value)) return;
  throw ArgumentError(
      {.what = "a tuning constant is positive", .where = where, .got = format_double(value)});
}

// Counts; the values in increasing order, so that sums forget the order of the rows.
std::vector<double> start(std::span<const double> values, Descriptive& result) {
  detail::Sample sample = detail::sorted_sample(values);
  result.n = sample.n();
  result.missing = sample.missing;
  detail::warn_missing(result.warnings, sample.missing);
  if (sample.values.empty()) result.warnings.emplace_back("there is no value");
  return std::move(sample.values);
}

// Pairs of increasing values at most `distance` apart. Rounded differences are monotone too.
std::uint64_t pairs_within(const std::vector<double>& sorted, double distance) {
  std::uint64_t count = 0;
  std::size_t low = 0;
  for (std::size_t high = 1; high < sorted.size(); ++high) {
    while (sorted[high] - sorted[low] > distance) ++low;
    count += high - low;
  }
  return count;
}

double small_sample_factor(std::size_t n) {
  constexpr double kFactors[] = {0.399, 0.994, 0.512, 0.844, 0.611, 0.857, 0.669, 0.872};
  if (n <= 9) return kFactors[n - 2];
  const auto size = static_cast<double>(n);
  return size / (size + (n % 2 == 1 ? 1.4 : 3.8));
}

}  // namespace

// The smallest number that `rank` distances do not exceed is one of them. Doubles from 0 on are
// ordered as their bits are, so halving the range of bits finds it in 63 steps.
Descriptive sample_qn(std::span<const double> values) {
  Descriptive result;
  const std::vector<double> sorted = start(values, result);
  const std::size_t n = sorted.size();
  if (n == 0) return result;
  if (std::isinf(sorted.front()) || std::isinf(sorted.back())) {
    const auto infinite = [](double value) { return std::isinf(value); };
    detail::warn_infinite(result.warnings, std::ranges::count_if(sorted, infinite));
    return result;
  }
  if (n == 1) {
    result.warnings.emplace_back("there is one value only, so it has no distance to others");
    return result;
  }
  const std::uint64_t half = n / 2 + 1;
  const std::uint64_t rank = half * (half - 1) / 2;
  std::uint64_t low = 0;
  auto high = std::bit_cast<std::uint64_t>(sorted.back() - sorted.front());
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (pairs_within(sorted, std::bit_cast<double>(middle)) >= rank) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const double consistent = 1.0 / (std::sqrt(2.0) * normal_quantile(0.625));
  result.value = small_sample_factor(n) * consistent * std::bit_cast<double>(low);
  return result;
}

Descriptive biweight_midvariance(std::span<const double> values, double c) {
  require_positive("c", c);
  Descriptive result;
  const std::vector<double> sorted = start(values, result);
  if (sorted.empty()) return result;
  const double median = sample_median(sorted).value;
  const double mad = sample_mad(sorted, 1.0).value;
  if (!(mad > 0.0) || std::isinf(mad)) {
    result.warnings.emplace_back("the MAD is 0 or infinite, so distances have no unit");
    return result;
  }
  double above = 0.0;
  double below = 0.0;
  for (const double x : sorted) {
    const double u = (x - median) / (c * mad);
    if (!(std::abs(u) < 1.0)) continue;
    const double rest = 1.0 - u * u;
    above += (x - median) * (x - median) * (rest * rest) * (rest * rest);
    below += rest * (1.0 - 5.0 * u * u);
  }
  result.value = static_cast<double>(result.n) * above / (below * below);
  return result;
}

// Between the zero's neighbours the sum is a line: with a values cut off below, b above and I
// between, m = (sum_I x + (b - a) k s) / |I|.
Descriptive huber_location(std::span<const double> values, double k) {
  require_positive("k", k);
  Descriptive result;
  const std::vector<double> sorted = start(values, result);
  if (sorted.empty()) return result;
  const double median = sample_median(sorted).value;
  const double reach = k * sample_mad(sorted).value;
  result.value = median;
  if (!(reach > 0.0) || std::isinf(reach)) {
    result.warnings.emplace_back("the MAD is 0 or infinite: the median is given");
    return result;
  }
  const auto cut = [&](double m) {
    double sum = 0.0;
    for (const double x : sorted) sum += std::clamp(x - m, -reach, reach);
    return sum;
  };
  // Half the values lie `reach` or more above the lower end, so the sum is not negative there; nor
  // positive at the upper end.
  const double m = detail::bracketed_root(cut, median - reach, median + reach);
  double sum = 0.0;
  double inner = 0.0;
  for (const double x : sorted) {
    if (std::abs(x - m) < reach) {
      sum += x - m;
      inner += 1.0;
    } else {
      sum += x > m ? reach : -reach;
    }
  }
  result.value = inner > 0.0 ? m + sum / inner : m;
  return result;
}

}  // namespace impact
