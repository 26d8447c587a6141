#include "engine/stats/correlation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/linear.h"
#include "engine/stats/sample.h"
#include "engine/stats/sorting.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostPermuted = 9;
constexpr std::size_t kExactKendallBelow = 50;

using Pair = std::pair<double, double>;

Estimate start(const char* method, const CorrelationSpec& spec) {
  check_conf_level(spec.conf_level);
  Estimate row;
  row.term = spec.term;
  row.method = method;
  return row;
}

// The complete pairs in order of x, then y.
std::vector<Pair> complete_pairs(std::span<const double> x, std::span<const double> y,
                                 Estimate& row) {
  require_length("y", y.size(), x.size());
  std::vector<Pair> pairs;
  pairs.reserve(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isnan(x[i]) && !std::isnan(y[i])) pairs.emplace_back(x[i] + 0.0, y[i] + 0.0);
  }
  detail::sort_pairs(pairs);
  row.n = static_cast<std::int64_t>(pairs.size());
  detail::warn_missing(row.warnings, static_cast<std::int64_t>(x.size() - pairs.size()));
  return pairs;
}

// Sentences; false where there is no correlation.
bool usable(const std::vector<Pair>& pairs, Estimate& row) {
  if (pairs.size() < 2) {
    row.warnings.emplace_back(pairs.empty() ? "there is no pair" : "there is one pair only");
    return false;
  }
  bool x_varies = false, y_varies = false;
  for (const Pair& pair : pairs) {
    x_varies = x_varies || pair.first != pairs.front().first;
    y_varies = y_varies || pair.second != pairs.front().second;
  }
  if (x_varies && y_varies) return true;
  row.warnings.emplace_back("a side does not vary, so the correlation is undefined");
  return false;
}

// tanh(atanh(r) -+ z s)
void fisher_interval(Estimate& row, double variance, const CorrelationSpec& spec) {
  if (!(variance > 0.0) || std::isinf(variance)) {
    row.warnings.emplace_back("too few pairs for an interval");
    return;
  }
  const double level = detail::upper_level(spec.conf_level, spec.alternative);
  const double margin = normal_quantile(level) * std::sqrt(variance);
  const double centre = std::atanh(row.estimate);
  row.conf_low = std::tanh(centre - margin);
  row.conf_high = std::tanh(centre + margin);
  detail::open_end(row.conf_low, row.conf_high, spec.alternative, -1.0, 1.0);
}

void t_test(Estimate& row, double df, const CorrelationSpec& spec) {
  if (!(df > 0.0)) {
    row.warnings.emplace_back("too few pairs for a test");
    return;
  }
  const double r = row.estimate;
  row.df = df;
  row.statistic = r * std::sqrt(df / ((1.0 - r) * (1.0 + r)));
  row.p_value = detail::t_p_value(row.statistic, df, spec.alternative);
}

void warn_perfect(Estimate& row) {
  if (std::abs(row.estimate) != 1.0) return;
  row.warnings.emplace_back("the correlation is perfect: its interval is a point");
}

// Mean ranks of both sides, in the order of the pairs, and their ties.
struct RankedPairs {
  std::vector<double> x, y;
  bool tied = false;
};

RankedPairs rank_pairs(const std::vector<Pair>& pairs) {
  RankedPairs result;
  std::vector<std::size_t> order(pairs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> sorted(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) sorted[i] = pairs[i].first;
  detail::Ranks ranks = detail::midranks(sorted);
  result.x = std::move(ranks.rank);
  result.tied = ranks.tie_sum > 0.0;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return pairs[a].second != pairs[b].second ? pairs[a].second < pairs[b].second : a < b;
  });
  for (std::size_t i = 0; i < pairs.size(); ++i) sorted[i] = pairs[order[i]].second;
  ranks = detail::midranks(sorted);
  result.y.resize(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) result.y[order[i]] = ranks.rank[i];
  result.tied = result.tied || ranks.tie_sum > 0.0;
  return result;
}

// Share of the permutations of n ranks whose sum of squared differences is at least as far on the
// side of the alternative (large correlations have small sums); two-sided: on the side of the mean
// where the observed one is, twice.
double permuted_p(const RankedPairs& ranks, Alternative alternative) {
  const auto n = static_cast<std::int64_t>(ranks.x.size());
  std::vector<std::int64_t> order(ranks.x.size());
  std::iota(order.begin(), order.end(), std::int64_t{1});
  std::int64_t observed = 0;
  for (std::size_t i = 0; i < ranks.x.size(); ++i) {
    const auto d = static_cast<std::int64_t>(ranks.x[i] - ranks.y[i]);
    observed += d * d;
  }
  const bool both = alternative == Alternative::kTwoSided;
  const bool below = both ? 6 * observed <= n * n * n - n : alternative == Alternative::kGreater;
  std::int64_t all = 0, extreme = 0;
  do {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::int64_t d = order[i] - static_cast<std::int64_t>(i) - 1;
      sum += d * d;
    }
    ++all;
    if (below ? sum <= observed : sum >= observed) ++extreme;
  } while (std::next_permutation(order.begin(), order.end()));
  return std::min(1.0,
                  (both ? 2.0 : 1.0) * static_cast<double>(extreme) / static_cast<double>(all));
}

// Discordant pairs of pairs sorted by (x, y): exchanges that merge sort makes in y.
std::int64_t count_exchanges(std::vector<double>& y, std::vector<double>& spare, std::size_t begin,
                             std::size_t end) {
  // Runs of ties in x come in order of y: most of the work is done there.
  const auto first = y.begin() + static_cast<std::ptrdiff_t>(begin);
  if (std::is_sorted(first, y.begin() + static_cast<std::ptrdiff_t>(end))) return 0;
  const std::size_t middle = begin + (end - begin) / 2;
  std::int64_t exchanges =
      count_exchanges(y, spare, begin, middle) + count_exchanges(y, spare, middle, end);
  std::size_t left = begin, right = middle, k = begin;
  // Which side is next is a coin toss: counted, not branched on.
  while (left < middle && right < end) {
    const double a = y[left], b = y[right];
    const std::size_t exchange = b < a ? 1 : 0;
    spare[k++] = std::min(a, b);
    exchanges += static_cast<std::int64_t>(exchange * (middle - left));
    left += 1 - exchange;
    right += exchange;
  }
  while (left < middle) spare[k++] = y[left++];
  while (right < end) spare[k++] = y[right++];
  std::copy(spare.begin() + static_cast<std::ptrdiff_t>(begin),
            spare.begin() + static_cast<std::ptrdiff_t>(end), first);
  return exchanges;
}

// Sums over groups of t ties.
struct TieSums {
  double pairs = 0.0;     // t (t - 1) / 2
  double triples = 0.0;   // t (t - 1) (t - 2)
  double variance = 0.0;  // t (t - 1) (2 t + 5)
};

template <class Equal>
TieSums tie_sums(std::size_t n, Equal&& equal) {
  TieSums sums;
  for (std::size_t begin = 0, end = 0; begin < n; begin = end) {
    while (end < n && equal(begin, end)) ++end;
    const auto t = static_cast<double>(end - begin);
    sums.pairs += 0.5 * t * (t - 1.0);
    sums.triples += t * (t - 1.0) * (t - 2.0);
    sums.variance += t * (t - 1.0) * (2.0 * t + 5.0);
  }
  return sums;
}

// P(at most `k` inversions) of a random permutation: shares of prod_i (1 + q + ... + q^(i-1)) / i.
double inversions_cdf(std::size_t n, std::size_t k) {
  std::vector<double> share(k + 1, 0.0);
  share[0] = 1.0;
  std::vector<double> next(k + 1);
  for (std::size_t i = 2; i <= n; ++i) {
    for (std::size_t j = 0; j <= k; ++j) {
      double sum = 0.0;
      for (std::size_t d = 0; d < i && d <= j; ++d) sum += share[j - d];
      next[j] = sum / static_cast<double>(i);
    }
    share.swap(next);
  }
  double sum = 0.0;
  for (const double one : share) sum += one;
  return sum;
}

bool exact(const CorrelationSpec& spec, bool small, bool tied, Estimate& row) {
  if (spec.p_value == PValue::kExact && (tied || !small)) {
    row.warnings.emplace_back(tied ? "no exact p-value with ties: the limit is used"
                                   : "too many pairs for an exact p-value: the limit is used");
  }
  return spec.p_value != PValue::kLimit && small && !tied;
}

}  // namespace

Estimate pearson_correlation(std::span<const double> x, std::span<const double> y,
                             const CorrelationSpec& spec) {
  Estimate row = start("pearson", spec);
  row.se_type = "fisher";
  const auto pairs = complete_pairs(x, y, row);
  std::int64_t infinite = 0;
  ExactCoMoments sums;
  for (const auto& [a, b] : pairs) {
    if (std::isinf(a) || std::isinf(b)) ++infinite;
    sums.add(a, b);
  }
  detail::warn_infinite(row.warnings, infinite);
  if (infinite > 0 || !usable(pairs, row)) return row;
  row.estimate = sums.correlation();
  t_test(row, static_cast<double>(row.n) - 2.0, spec);
  fisher_interval(row, 1.0 / (static_cast<double>(row.n) - 3.0), spec);
  warn_perfect(row);
  return row;
}

Estimate spearman_correlation(std::span<const double> x, std::span<const double> y,
                              const CorrelationSpec& spec) {
  Estimate row = start("spearman", spec);
  row.se_type = "limit";
  const auto pairs = complete_pairs(x, y, row);
  if (!usable(pairs, row)) return row;
  const RankedPairs ranks = rank_pairs(pairs);
  ExactCoMoments sums;
  for (std::size_t i = 0; i < pairs.size(); ++i) sums.add(ranks.x[i], ranks.y[i]);
  const double r = row.estimate = sums.correlation();
  t_test(row, static_cast<double>(row.n) - 2.0, spec);
  if (exact(spec, pairs.size() <= kMostPermuted, ranks.tied, row)) {
    row.se_type = "exact";
    row.p_value = permuted_p(ranks, spec.alternative);
  }
  fisher_interval(row, (1.0 + 0.5 * r * r) / (static_cast<double>(row.n) - 3.0), spec);
  warn_perfect(row);
  return row;
}

// With ties t in x and u in y:
//   var S = (n (n-1) (2n+5) - sum t (t-1) (2t+5) - sum u (u-1) (2u+5)) / 18
//         + sum t (t-1) sum u (u-1) / (2 n (n-1))
//         + sum t (t-1) (t-2) sum u (u-1) (u-2) / (9 n (n-1) (n-2)).
Estimate kendall_correlation(std::span<const double> x, std::span<const double> y,
                             const CorrelationSpec& spec) {
  Estimate row = start("kendall", spec);
  row.se_type = "limit";
  auto pairs = complete_pairs(x, y, row);
  if (!usable(pairs, row)) return row;
  const std::size_t size = pairs.size();
  const TieSums in_x = tie_sums(
      size, [&](std::size_t a, std::size_t b) { return pairs[a].first == pairs[b].first; });
  const TieSums in_both =
      tie_sums(size, [&](std::size_t a, std::size_t b) { return pairs[a] == pairs[b]; });
  std::vector<double> values, spare(size);
  for (const Pair& pair : pairs) values.push_back(pair.second);
  const std::int64_t discordant = count_exchanges(values, spare, 0, size);
  const TieSums in_y =
      tie_sums(size, [&](std::size_t a, std::size_t b) { return values[a] == values[b]; });
  const auto n = static_cast<double>(size);
  const double all = 0.5 * n * (n - 1.0);
  const double untied = all - in_x.pairs - in_y.pairs + in_both.pairs;
  const double s = untied - 2.0 * static_cast<double>(discordant);
  row.estimate = std::clamp(s / std::sqrt((all - in_x.pairs) * (all - in_y.pairs)), -1.0, 1.0);
  double variance = (n * (n - 1.0) * (2.0 * n + 5.0) - in_x.variance - in_y.variance) / 18.0 +
                    4.0 * in_x.pairs * in_y.pairs / (2.0 * n * (n - 1.0));
  if (size > 2) {
    variance += in_x.triples * in_y.triples / (9.0 * n * (n - 1.0) * (n - 2.0));
  }
  row.df = kInfinity;
  row.statistic = s / std::sqrt(variance);
  row.p_value = detail::t_p_value(row.statistic, row.df, spec.alternative);
  const bool tied = in_x.pairs + in_y.pairs > 0.0;
  if (exact(spec, size < kExactKendallBelow, tied, row)) {
    row.se_type = "exact";
    // Inversions are symmetric about all / 2.
    const auto more = static_cast<double>(discordant);
    const bool both = spec.alternative == Alternative::kTwoSided;
    const double fewer = both                                        ? std::min(more, all - more)
                         : spec.alternative == Alternative::kGreater ? more
                                                                     : all - more;
    const double tail = inversions_cdf(size, static_cast<std::size_t>(fewer));
    row.p_value = std::min(1.0, both ? 2.0 * tail : tail);
  }
  fisher_interval(row, 0.437 / (n - 4.0), spec);
  warn_perfect(row);
  return row;
}

// t of y's coefficient in the regression of x on y and the controls gives r = t / sqrt(t^2 + df).
Estimate partial_correlation(std::span<const double> x, std::span<const double> y,
                             std::span<const double> controls, const CorrelationSpec& spec) {
  Estimate row = start("partial", spec);
  row.se_type = "fisher";
  require_length("y", y.size(), x.size());
  const std::size_t rows = x.size();
  const std::size_t columns = rows == 0 ? 0 : controls.size() / rows;
  require_length("controls", controls.size(), columns * rows);
  // The rows in an order of their own: y, x, controls.
  std::vector<std::size_t> order;
  std::int64_t infinite = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    bool missing = std::isnan(x[i]) || std::isnan(y[i]);
    bool endless = std::isinf(x[i]) || std::isinf(y[i]);
    for (std::size_t c = 0; c < columns; ++c) {
      missing = missing || std::isnan(controls[c * rows + i]);
      endless = endless || std::isinf(controls[c * rows + i]);
    }
    if (missing) continue;
    if (endless) ++infinite;
    order.push_back(i);
  }
  detail::warn_missing(row.warnings, static_cast<std::int64_t>(rows - order.size()));
  detail::warn_infinite(row.warnings, infinite);
  row.n = static_cast<std::int64_t>(order.size());
  if (infinite > 0) return row;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (y[a] != y[b]) return y[a] < y[b];
    if (x[a] != x[b]) return x[a] < x[b];
    for (std::size_t c = 0; c < columns; ++c) {
      const double left = controls[c * rows + a], right = controls[c * rows + b];
      if (left != right) return left < right;
    }
    return false;
  });
  std::vector<Pair> pairs;
  for (const std::size_t i : order) pairs.emplace_back(x[i], y[i]);
  if (!usable(pairs, row)) return row;
  std::vector<double> regressors(order.size(), 1.0);
  for (std::size_t c = 0; c < columns; ++c) {
    for (const std::size_t i : order) regressors.push_back(controls[c * rows + i]);
  }
  const std::size_t own = columns + 1;
  // The fit of one side on the other one and the controls.
  const auto fit_on = [&](double Pair::*outcome, double Pair::*other) {
    std::vector<double> y_column, x_columns = regressors;
    for (const Pair& pair : pairs) {
      y_column.push_back(pair.*outcome);
      x_columns.push_back(pair.*other);
    }
    return linear({.x = x_columns, .columns = own + 1, .y = y_column},
                  {.se = SeType::kClassical, .explain = false});
  };
  const LinearFit fit = fit_on(&Pair::first, &Pair::second);
  // A side that the controls explain is dropped as a regressor; as an outcome it leaves noise.
  const auto explained = [&](const LinearFit& one) {
    return std::find(one.dropped.begin(), one.dropped.end(), own) != one.dropped.end();
  };
  if (explained(fit) || explained(fit_on(&Pair::second, &Pair::first))) {
    row.warnings.emplace_back("the controls explain a side completely");
    return row;
  }
  const auto df = static_cast<double>(fit.n - fit.rank);
  const double t = fit.coefficient[own] / fit.std_error[own];
  if (!(df > 0.0) || std::isnan(t)) {
    row.warnings.emplace_back("too few rows for the number of controls");
    return row;
  }
  row.estimate = std::isinf(t) ? std::copysign(1.0, t) : t / std::sqrt(t * t + df);
  row.df = df;
  row.statistic = t;
  row.p_value = detail::t_p_value(t, df, spec.alternative);
  fisher_interval(row, 1.0 / (df - 1.0), spec);
  warn_perfect(row);
  return row;
}

}  // namespace impact
