#include "engine/learn/prepare/scale_shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/core/parallel.h"
#include "engine/core/rng.h"
#include "engine/stats/root.h"

namespace impact::detail {
namespace {

// As scikit-learn cuts off.
constexpr double kEnd = 1e-7 - std::numeric_limits<double>::epsilon();
// exp of twice this can be summed.
constexpr double kMostExponent = 300.0;
// Below this the series beats the closed form.
constexpr double kSeries = 0.5;
constexpr int kTerms = 22;

// (e^t - 1) / t
double phi(double t) { return t == 0.0 ? 1.0 : std::expm1(t) / t; }

// Its derivative (e^t - phi(t)) / t = sum (k + 1) t^k / (k + 2)!
double phi_slope(double t) {
  if (std::abs(t) > kSeries) return (std::exp(t) - phi(t)) / t;
  double sum = 0.0;
  double term = 0.5;
  for (int k = 0; k < kTerms; ++k) {
    sum += term * (k + 1);
    term *= t / (k + 3);
  }
  return sum;
}

struct Sums {
  double value = 0.0;
  double slope = 0.0;
  double log = 0.0;
};

// psi and its derivative by lambda. With a = log(1 + x): a phi(lambda a), a^2 phi'(lambda a);
// with b = log(1 - x): -b phi((2 - lambda) b), b^2 phi'((2 - lambda) b).
Sums shape(double x, double lambda) {
  if (x >= 0.0) {
    const double a = std::log1p(x);
    return {.value = a * phi(lambda * a), .slope = a * a * phi_slope(lambda * a), .log = a};
  }
  const double b = std::log1p(-x);
  const double t = (2.0 - lambda) * b;
  return {.value = -b * phi(t), .slope = b * b * phi_slope(t), .log = -b};
}

// d/dlambda of the log-likelihood over n: sum log / n - cov(psi, psi') / var psi.
double likelihood_slope(std::span<const double> x, double lambda, const Context& context) {
  const auto add = [](Sums& a, const Sums& b) {
    a.value += b.value;
    a.slope += b.slope;
    a.log += b.log;
  };
  const auto n = static_cast<double>(x.size());
  Sums mean = reduce_chunks<Sums>(
      context, x.size(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        Sums out;
        for (std::size_t i = begin; i < end; ++i) add(out, shape(x[i], lambda));
        return out;
      },
      add);
  mean = {.value = mean.value / n, .slope = mean.slope / n, .log = mean.log / n};
  const Sums square = reduce_chunks<Sums>(
      context, x.size(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        Sums out;
        for (std::size_t i = begin; i < end; ++i) {
          const Sums at = shape(x[i], lambda);
          const double d = at.value - mean.value;
          out.value += d * d;
          out.slope += d * (at.slope - mean.slope);
        }
        return out;
      },
      add);
  return mean.log - square.slope / square.value;
}

// The number at place `low`, or `part` of the way to the next one.
double between(std::span<const double> sorted, std::size_t low, double part) {
  if (part == 0.0 || low + 1 >= sorted.size()) return sorted[low];
  return sorted[low] + part * (sorted[low + 1] - sorted[low]);
}

}  // namespace

double sorted_quantile(std::span<const double> sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto low = std::min(static_cast<std::size_t>(at), sorted.size() - 1);
  return between(sorted, low, at - static_cast<double>(low));
}

double sorted_quantile(std::span<const double> sorted, std::size_t part, std::size_t whole) {
  const std::size_t at = part * (sorted.size() - 1);
  return between(sorted, at / whole, static_cast<double>(at % whole) / static_cast<double>(whole));
}

std::vector<double> quantile_grid(std::span<const double> sorted, std::size_t count) {
  std::vector<double> grid = {sorted.front()};
  for (std::size_t k = 1; k < count; ++k) {
    // Rounding may not turn the order round.
    grid.push_back(std::max(grid.back(), sorted_quantile(sorted, k, count - 1)));
  }
  return grid;
}

double grid_share(std::span<const double> grid, double x) {
  if (!(x > grid.front())) return 0.0;
  if (!(x < grid.back())) return 1.0;
  const auto first =
      static_cast<std::size_t>(std::lower_bound(grid.begin(), grid.end(), x) - grid.begin());
  const auto steps = static_cast<double>(grid.size() - 1);
  if (grid[first] == x) {
    const auto last =
        static_cast<std::size_t>(std::upper_bound(grid.begin(), grid.end(), x) - grid.begin()) - 1;
    return 0.5 * static_cast<double>(first + last) / steps;
  }
  const double low = grid[first - 1];
  return (static_cast<double>(first - 1) + (x - low) / (grid[first] - low)) / steps;
}

double normal_score(double share) { return normal_quantile(std::clamp(share, kEnd, 1.0 - kEnd)); }

double yeo_johnson(double x, double lambda) {
  if (x >= 0.0) {
    const double a = std::log1p(x);
    return a * phi(lambda * a);
  }
  const double b = std::log1p(-x);
  return -b * phi((2.0 - lambda) * b);
}

double yeo_johnson_lambda(std::span<const double> sorted, const Context& context) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (sorted.empty() || !(sorted.front() < sorted.back())) return kNone;
  const double a = std::log1p(std::fmax(sorted.back(), 0.0));
  const double b = std::log1p(std::fmax(-sorted.front(), 0.0));
  // |lambda| a and |2 - lambda| b stay below kMostExponent.
  const double least = std::fmax(a > 0.0 ? -kMostExponent / a : -HUGE_VAL,
                                 b > 0.0 ? 2.0 - kMostExponent / b : -HUGE_VAL);
  const double most = std::fmin(a > 0.0 ? kMostExponent / a : HUGE_VAL,
                                b > 0.0 ? 2.0 + kMostExponent / b : HUGE_VAL);
  const auto slope = [&](double lambda) { return likelihood_slope(sorted, lambda, context); };
  // The likelihood is concave: the bracket grows towards its top.
  double low = std::fmax(-2.0, least);
  double high = std::fmin(2.0, most);
  for (double step = 4.0; slope(low) < 0.0 && low > least; step *= 2.0) {
    high = low;
    low = std::fmax(low - step, least);
  }
  for (double step = 4.0; slope(high) > 0.0 && high < most; step *= 2.0) {
    low = high;
    high = std::fmin(high + step, most);
  }
  return bracketed_root(slope, low, high);
}

}  // namespace impact::detail
