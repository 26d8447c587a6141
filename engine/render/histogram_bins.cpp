#include "engine/render/histogram_bins.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/stats/descriptives.h"

namespace impact {
namespace {

// Edges at multiples of the width, computed as index * width so that no error adds up.
std::vector<double> multiples(double low, double high, double width) {
  const double first = std::floor(low / width + 1e-9);
  double last = std::ceil(high / width - 1e-9);
  if (last <= first) last = first + 1;
  std::vector<double> edges;
  for (double i = first; i <= last; i += 1) edges.push_back(i * width);
  // 1e-9 forgives rounding of low / width; a value must still lie inside.
  edges.front() = std::min(edges.front(), low);
  edges.back() = std::max(edges.back(), high);
  // Between neighbouring doubles there is no room for an edge.
  if (std::adjacent_find(edges.begin(), edges.end(), std::greater_equal<>()) != edges.end()) {
    return {low, high};
  }
  return edges;
}

}  // namespace

double bin_width(std::span<const double> sorted, BinRule rule) {
  if (sorted.size() < 2 || sorted.front() == sorted.back()) return 0.0;
  const auto n = static_cast<double>(sorted.size());
  const double range = sorted.back() - sorted.front();
  if (rule == BinRule::kFreedmanDiaconis) {
    const double iqr = sample_iqr(sorted).value;
    if (iqr > 0) return 2 * iqr / std::cbrt(n);
    rule = BinRule::kScott;
  }
  if (rule == BinRule::kScott) return 3.49 * sample_sd(sorted).value / std::cbrt(n);
  return range / std::ceil(std::log2(n) + 1);
}

double nice_width(double width) {
  const double power = std::pow(10.0, std::floor(std::log10(width)));
  for (const double step : {1.0, 2.0, 2.5, 5.0}) {
    if (step * power >= width * (1 - 1e-9)) return step * power;
  }
  return 10 * power;
}

std::vector<double> bin_edges(std::span<const double> sorted, const BinSpec& spec) {
  if (sorted.empty()) return {};
  const double low = sorted.front();
  const double high = sorted.back();
  const auto most = static_cast<double>(std::max<std::size_t>(1, spec.most));
  if (low == high) {
    const double half = spec.width > 0           ? spec.width / 2
                        : low == 0 || spec.whole ? 0.5
                                                 : std::abs(low) * 0.05;
    return {low - half, low + half};
  }
  if (spec.count > 0) {
    const std::size_t count = std::min(spec.count, spec.most);
    const double width = (high - low) / static_cast<double>(count);
    // Neighbouring doubles leave no room for many bins.
    if (!(width > 0) || low + width == low) return {low, high};
    std::vector<double> edges(count + 1);
    for (std::size_t i = 0; i < count; ++i) edges[i] = low + static_cast<double>(i) * width;
    edges[count] = high;
    return edges;
  }
  if (spec.width > 0) {
    return multiples(low, high, std::max(spec.width, (high - low) / most));
  }
  double width = std::max(bin_width(sorted, spec.rule), (high - low) / most);
  // The nearer of the two round widths around the rule's, by ratio; never more bins than allowed.
  if (spec.nice) {
    const auto ratio = [&](double other) { return std::max(other / width, width / other); };
    double best = nice_width(width);
    for (const double other : {nice_width(width / 2.5), nice_width(width / 1.5)}) {
      if (other * most >= high - low && ratio(other) < ratio(best)) best = other;
    }
    width = best;
  }
  if (spec.whole) width = std::max(1.0, std::ceil(width));
  if (!(width > 0) || low + width == low || high - width == high) return {low, high};
  if (spec.nice || spec.whole) return multiples(low, high, width);
  BinSpec even = spec;
  even.count = static_cast<std::size_t>(std::ceil((high - low) / width));
  return bin_edges(sorted, even);
}

std::vector<std::int64_t> bin_counts(std::span<const double> sorted,
                                     std::span<const double> edges) {
  if (edges.size() < 2) return {};
  std::vector<std::int64_t> counts(edges.size() - 1);
  auto from = std::lower_bound(sorted.begin(), sorted.end(), edges.front());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool last = i + 1 == counts.size();
    const auto to = last ? std::upper_bound(from, sorted.end(), edges[i + 1])
                         : std::lower_bound(from, sorted.end(), edges[i + 1]);
    counts[i] = to - from;
    from = to;
  }
  return counts;
}

}  // namespace impact
