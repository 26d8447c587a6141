#include "engine/render/kernel_density.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "engine/core/parallel.h"
#include "engine/stats/descriptives.h"

namespace impact {
namespace {

constexpr std::size_t kDirect = 20000;
constexpr double kReach = 9.0;
constexpr std::size_t kLags = 32768;
constexpr std::size_t kCells = 4096;
constexpr std::size_t kAllPairs = 5000;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Number of pairs of values a given number of steps apart.
struct PairCounts {
  double width = 0.0;
  double n = 0.0;
  std::vector<double> count;
};

PairCounts pair_counts(std::span<const double> sorted) {
  PairCounts pairs;
  pairs.n = static_cast<double>(sorted.size());
  const double range = sorted.back() - sorted.front();
  if (sorted.size() <= kAllPairs) {
    pairs.width = range / static_cast<double>(kLags);
    pairs.count.assign(kLags + 2, 0.0);
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        // Split between the two nearest steps, so that no error of first order is left.
        const double place = (sorted[i] - sorted[j]) / pairs.width;
        const auto left = static_cast<std::size_t>(place);
        const double right = place - static_cast<double>(left);
        pairs.count[left] += 1 - right;
        pairs.count[left + 1] += right;
      }
    }
    return pairs;
  }
  pairs.width = range / static_cast<double>(kCells);
  std::vector<double> cell(kCells + 1, 0.0);
  for (const double value : sorted) {
    cell[static_cast<std::size_t>((value - sorted.front()) / pairs.width + 0.5)] += 1.0;
  }
  pairs.count.assign(kCells + 1, 0.0);
  for (std::size_t i = 0; i <= kCells; ++i) {
    if (cell[i] == 0) continue;
    pairs.count[0] += cell[i] * (cell[i] - 1) / 2;
    for (std::size_t j = 0; j < i; ++j) pairs.count[i - j] += cell[i] * cell[j];
  }
  return pairs;
}

// S(h) = sum_ij phi''''((x_i - x_j) / h) / (n (n - 1) h^5), the estimate of int f''^2; every pair
// is counted twice, the diagonal adds n phi''''(0).
double fourth(const PairCounts& pairs, double h) {
  double sum = 0.0;
  for (std::size_t lag = 0; lag < pairs.count.size(); ++lag) {
    const double u = static_cast<double>(lag) * pairs.width / h;
    const double d = u * u;
    if (d >= 1000) break;
    sum += std::exp(-d / 2) * (d * d - 6 * d + 3) * pairs.count[lag];
  }
  return (2 * sum + 3 * pairs.n) /
         (pairs.n * (pairs.n - 1) * std::pow(h, 5) * std::sqrt(2 * std::numbers::pi));
}

// T(h) = -sum_ij phi^(6)(...) / (n (n - 1) h^7), the estimate of int f'''^2.
double sixth(const PairCounts& pairs, double h) {
  double sum = 0.0;
  for (std::size_t lag = 0; lag < pairs.count.size(); ++lag) {
    const double u = static_cast<double>(lag) * pairs.width / h;
    const double d = u * u;
    if (d >= 1000) break;
    sum += std::exp(-d / 2) * (((d - 15) * d + 45) * d - 15) * pairs.count[lag];
  }
  return -(2 * sum - 15 * pairs.n) /
         (pairs.n * (pairs.n - 1) * std::pow(h, 7) * std::sqrt(2 * std::numbers::pi));
}

// Sheather & Jones, eq. 12: h = (R(K) / (n S(alpha(h))))^(1/5),
// alpha(h) = 1.357 (S(a) / T(b))^(1/7) h^(5/7), a = 1.24 s n^(-1/7), b = 1.23 s n^(-1/9),
// s = min(sd, IQR / 1.349). Root by bisection.
double sheather_jones(std::span<const double> sorted) {
  const double sd = sample_sd(sorted).value;
  const double iqr = sample_iqr(sorted).value;
  double scale = std::min(sd, iqr / 1.349);
  if (!(scale > 0)) scale = sd;
  if (!(scale > 0)) return kNaN;
  const PairCounts pairs = pair_counts(sorted);
  const double a = 1.24 * scale * std::pow(pairs.n, -1.0 / 7);
  const double b = 1.23 * scale * std::pow(pairs.n, -1.0 / 9);
  const double ratio = fourth(pairs, a) / sixth(pairs, b);
  if (!(ratio > 0) || !std::isfinite(ratio)) return kNaN;
  const double alpha = 1.357 * std::pow(ratio, 1.0 / 7);
  const double roughness = 1 / (2 * std::sqrt(std::numbers::pi) * pairs.n);
  const auto excess = [&](double h) {
    return std::pow(roughness / fourth(pairs, alpha * std::pow(h, 5.0 / 7)), 0.2) - h;
  };
  const double widest = 1.144 * scale * std::pow(pairs.n, -0.2);
  double low = 0.1 * widest;
  double high = widest;
  for (int step = 0; step < 40 && !(excess(low) * excess(high) <= 0); ++step) {
    if (step % 2 == 0) {
      high *= 1.2;
    } else {
      low /= 1.2;
    }
  }
  double at_low = excess(low);
  if (!(at_low * excess(high) <= 0)) return kNaN;
  for (int step = 0; step < 200 && high - low > 1e-15 * high; ++step) {
    const double middle = low + (high - low) / 2;
    const double at_middle = excess(middle);
    if ((at_middle > 0) == (at_low > 0)) {
      low = middle;
      at_low = at_middle;
    } else {
      high = middle;
    }
  }
  return low + (high - low) / 2;
}

}  // namespace

double kernel_bandwidth(std::span<const double> sorted, BandwidthRule rule) {
  if (sorted.size() < 2) return kNaN;
  if (rule == BandwidthRule::kSheatherJones) return sheather_jones(sorted);
  const double sd = sample_sd(sorted).value;
  double spread = std::min(sd, sample_iqr(sorted).value / 1.34);
  if (!(spread > 0)) spread = sd > 0 ? sd : sorted.front() != 0 ? std::abs(sorted.front()) : 1.0;
  const double factor = rule == BandwidthRule::kSilverman ? 0.9 : 1.06;
  return factor * spread * std::pow(static_cast<double>(sorted.size()), -0.2);
}

std::vector<double> kernel_density(std::span<const double> sorted, double bandwidth,
                                   std::span<const double> at, const Context& context) {
  std::vector<double> place;
  std::vector<double> weight;
  std::span<const double> points = sorted;
  if (sorted.size() > kDirect) {
    for (std::size_t i = 0; i < sorted.size();) {
      const double end = sorted[i] + bandwidth / 512;
      double sum = 0.0;
      std::size_t j = i;
      for (; j < sorted.size() && sorted[j] < end; ++j) sum += sorted[j] - sorted[i];
      // A bandwidth below the spacing of doubles: equal values still are one point.
      if (j == i) j = i + 1;
      place.push_back(sorted[i] + sum / static_cast<double>(j - i));
      weight.push_back(static_cast<double>(j - i));
      i = j;
    }
    points = place;
  }
  std::vector<double> density(at.size());
  const double scale =
      static_cast<double>(sorted.size()) * bandwidth * std::sqrt(2 * std::numbers::pi);
  for_chunks(context, at.size(), 8, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const auto first = std::lower_bound(points.begin(), points.end(), at[k] - kReach * bandwidth);
      const auto last = std::upper_bound(first, points.end(), at[k] + kReach * bandwidth);
      double sum = 0.0;
      for (auto i = static_cast<std::size_t>(first - points.begin());
           i < static_cast<std::size_t>(last - points.begin()); ++i) {
        const double u = (at[k] - points[i]) / bandwidth;
        sum += (weight.empty() ? 1.0 : weight[i]) * std::exp(-u * u / 2);
      }
      density[k] = sum / scale;
    }
  });
  return density;
}

}  // namespace impact
