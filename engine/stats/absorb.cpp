#include "engine/stats/absorb.h"

#include <algorithm>
#include <cmath>

#include "engine/core/parallel.h"
#include "engine/stats/least_squares.h"

namespace impact::detail {
namespace {

// Takes the level means out, twice: the second time removes what rounding left of the first.
void take_out_means(const Factor& factor, std::span<const double> weights,
                    std::span<const double> totals, std::span<double> column) {
  std::vector<double> means(factor.levels);
  for (int sweep = 0; sweep < 2; ++sweep) {
    std::ranges::fill(means, 0.0);
    for (std::size_t i = 0; i < column.size(); ++i) {
      means[static_cast<std::size_t>(factor.codes[i])] +=
          weights.empty() ? column[i] : weights[i] * column[i];
    }
    for (std::size_t level = 0; level < means.size(); ++level) means[level] /= totals[level];
    for (std::size_t i = 0; i < column.size(); ++i) {
      column[i] -= means[static_cast<std::size_t>(factor.codes[i])];
    }
  }
}

double length(std::span<const double> column, std::span<const double> weights) {
  if (weights.empty()) return std::sqrt(dot(column.data(), column.data(), column.size()));
  double sum = 0.0;
  for (std::size_t i = 0; i < column.size(); ++i) sum += weights[i] * column[i] * column[i];
  return std::sqrt(sum);
}

}  // namespace

std::size_t swept_factor(std::span<const Factor> factors) {
  const auto largest = std::ranges::max_element(factors, {}, &Factor::levels);
  return static_cast<std::size_t>(largest - factors.begin());
}

std::size_t dummy_count(std::span<const Factor> factors, bool sweep) {
  std::size_t count = sweep ? 0 : 1;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    if (sweep && f == swept_factor(factors)) continue;
    count += factors[f].levels - std::min<std::size_t>(factors[f].levels, 1);
  }
  return count;
}

Absorbed absorb(std::span<const double> x, std::size_t columns, std::span<const double> y,
                std::span<const double> weights, std::span<const Factor> factors, bool sweep,
                const Context& context) {
  const std::size_t n = y.size();
  Absorbed result;
  result.dummies = dummy_count(factors, sweep);
  result.x.assign(n * (result.dummies + columns), 0.0);
  result.y.assign(y.begin(), y.end());
  std::copy(x.begin(), x.end(), result.x.begin() + static_cast<std::ptrdiff_t>(n * result.dummies));

  std::size_t column = 0;
  if (!sweep) {
    std::fill_n(result.x.begin(), n, 1.0);
    ++column;
  }
  for (std::size_t f = 0; f < factors.size(); ++f) {
    if (sweep && f == swept_factor(factors)) continue;
    for (std::size_t i = 0; i < n; ++i) {
      const auto level = static_cast<std::size_t>(factors[f].codes[i]);
      if (level > 0) result.x[(column + level - 1) * n + i] = 1.0;
    }
    column += factors[f].levels - std::min<std::size_t>(factors[f].levels, 1);
  }

  const std::size_t total = result.dummies + columns;
  result.size.resize(total);
  const auto part = [&](std::size_t k) { return std::span(result.x).subspan(k * n, n); };
  if (!sweep) {
    run_tasks(context, total, [&](std::size_t k) { result.size[k] = length(part(k), weights); });
    return result;
  }

  const Factor& swept = factors[swept_factor(factors)];
  result.levels = swept.levels;
  std::vector<double> totals(swept.levels, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    totals[static_cast<std::size_t>(swept.codes[i])] += weights.empty() ? 1.0 : weights[i];
  }
  result.leverage.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    result.leverage[i] =
        (weights.empty() ? 1.0 : weights[i]) / totals[static_cast<std::size_t>(swept.codes[i])];
  }
  run_tasks(context, total + 1, [&](std::size_t k) {
    if (k < total) result.size[k] = length(part(k), weights);
    take_out_means(swept, weights, totals, k < total ? part(k) : std::span(result.y));
  });
  return result;
}

}  // namespace impact::detail
