#include "engine/causal/balance/density_overlap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "engine/stats/descriptives.h"

namespace impact {
namespace {

constexpr std::size_t kPoints = 1024;

// Density at the points: each value's weight goes to its two neighbours, then kernels are added.
std::vector<double> density(const WeightedSample& sample, double low, double step, double width) {
  std::vector<double> mass(kPoints, 0.0);
  double total = 0.0;
  for (std::size_t i = 0; i < sample.values.size(); ++i) {
    const double at = (sample.values[i] - low) / step;
    const auto left = std::min(static_cast<std::size_t>(std::fmax(at, 0.0)), kPoints - 2);
    const double right_share = at - static_cast<double>(left);
    mass[left] += sample.weights[i] * (1.0 - right_share);
    mass[left + 1] += sample.weights[i] * right_share;
    total += sample.weights[i];
  }
  std::vector<double> kernel(kPoints);
  for (std::size_t lag = 0; lag < kPoints; ++lag) {
    const double z = static_cast<double>(lag) * step / width;
    kernel[lag] = std::exp(-0.5 * z * z);
  }
  // Scaled so that the points' own sum is one: nothing is lost at the ends.
  std::vector<double> f(kPoints, 0.0);
  for (std::size_t k = 0; k < kPoints; ++k) {
    if (mass[k] == 0.0) continue;
    for (std::size_t j = 0; j < kPoints; ++j) f[j] += mass[k] * kernel[j > k ? j - k : k - j];
  }
  double sum = 0.0;
  for (const double value : f) sum += value;
  for (double& value : f)
    value = total > 0.0 ? value / sum : std::numeric_limits<double>::quiet_NaN();
  return f;
}

}  // namespace

double kernel_width(const WeightedSample& sample) {
  const std::span<const double> x = sample.values;
  if (x.size() < 2 || x.front() == x.back()) return 0.0;
  const double sd = sample_sd(x).value;
  const double spread = sample_iqr(x).value / 1.34;
  return 0.9 * (spread > 0.0 ? std::fmin(sd, spread) : sd) *
         std::pow(static_cast<double>(x.size()), -0.2);
}

double density_overlap(const WeightedSample& first, const WeightedSample& second,
                       const std::array<double, 2>& width) {
  const double widest = std::fmax(width[0], width[1]);
  if (!(widest > 0.0)) return first.values.front() == second.values.front() ? 1.0 : 0.0;
  const double low = std::fmin(first.values.front(), second.values.front()) - 4.0 * widest;
  const double high = std::fmax(first.values.back(), second.values.back()) + 4.0 * widest;
  const double step = (high - low) / static_cast<double>(kPoints - 1);
  // Kernels narrower than the grid would fall between its points.
  const auto usable = [&](double h) { return std::fmax(h > 0.0 ? h : widest, step); };
  const std::vector<double> f = density(first, low, step, usable(width[0]));
  const std::vector<double> g = density(second, low, step, usable(width[1]));
  double shared = 0.0;
  for (std::size_t j = 0; j < kPoints; ++j) {
    shared += f[j] < g[j] ? f[j] : f[j] >= g[j] ? g[j] : std::numeric_limits<double>::quiet_NaN();
  }
  return std::fmin(shared, 1.0);
}

}  // namespace impact
