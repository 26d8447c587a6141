#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/causal/sensitivity/rosenbaum.h"
#include "engine/causal/sensitivity/rosenbaum_curve.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "engine/stats/inference.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kAutoExact = 100;
constexpr std::int64_t kMostExact = 400;

// Whether p-values are exact; a demand that cannot be met is answered with a warning.
bool exact(PValue wish, std::int64_t n, std::vector<std::string>& warnings) {
  if (wish == PValue::kExact && n > kMostExact) {
    warnings.emplace_back("no exact p-value for more than 400 pairs: the normal limit is used");
  }
  return wish == PValue::kExact ? n <= kMostExact : wish == PValue::kAuto && n <= kAutoExact;
}

struct SignedRanks {
  std::vector<double> ranks = {};  ///< Of differences that are not zero.
  double positive = 0.0;           ///< Sum of those of positive differences.
};

SignedRanks signed_ranks(std::span<const double> values, ZeroDifferences zeros) {
  std::vector<double> sizes;
  for (const double value : values) {
    if (value != 0.0 || zeros == ZeroDifferences::kRank) sizes.push_back(std::abs(value));
  }
  std::ranges::sort(sizes);
  const std::vector<double> rank = detail::midranks(sizes).rank;
  SignedRanks result;
  for (const double value : values) {
    if (value == 0.0) continue;
    const auto at = std::ranges::lower_bound(sizes, std::abs(value)) - sizes.begin();
    const double d = rank[static_cast<std::size_t>(at)];
    result.ranks.push_back(d);
    if (value > 0.0) result.positive += d;
  }
  return result;
}

// ---- Walsh averages (x_i + x_j) / 2, i <= j, of sorted x, without storing them.

// Doubles in the order of unsigned integers.
std::uint64_t ordered(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  return (bits >> 63U) != 0 ? ~bits : bits | (std::uint64_t{1} << 63U);
}

double from_ordered(std::uint64_t key) {
  return std::bit_cast<double>((key >> 63U) != 0 ? key & ~(std::uint64_t{1} << 63U) : ~key);
}

std::int64_t walsh_up_to(std::span<const double> x, double v) {
  std::int64_t count = 0;
  auto j = static_cast<std::int64_t>(x.size()) - 1;
  for (std::int64_t i = 0; i <= j; ++i) {
    const double half = 0.5 * x[static_cast<std::size_t>(i)];
    while (j >= i && half + 0.5 * x[static_cast<std::size_t>(j)] > v) --j;
    count += j - i + 1;
  }
  return count;
}

// The k-th smallest (k = 1 ... M): the least double with at least k averages up to it.
double walsh(std::span<const double> x, std::int64_t k) {
  std::uint64_t low = ordered(x.front());
  std::uint64_t high = ordered(x.back());
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (walsh_up_to(x, from_ordered(middle)) >= k) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return from_ordered(low) + 0.0;
}

// Where T(tau), the number of averages above tau, equals M (1 - share).
double walsh_quantile(std::span<const double> x, double m, double share) {
  const double at = m * share;
  const double whole = std::round(at);
  // A step that is hit but for rounding of gamma / (1 + gamma).
  if (std::abs(at - whole) <= 1e-9 && whole >= 1.0 && whole < m) {
    const auto k = static_cast<std::int64_t>(whole);
    return 0.5 * walsh(x, k) + 0.5 * walsh(x, k + 1);
  }
  return walsh(x, static_cast<std::int64_t>(std::clamp(std::ceil(at), 1.0, m)));
}

}  // namespace

RosenbaumBounds signed_rank_bounds(std::span<const double> differences, const RosenbaumSpec& spec,
                                   ZeroDifferences zeros) {
  detail::check_rosenbaum(spec);
  const detail::Sample sample = detail::sorted_sample(differences);
  RosenbaumBounds result;
  result.method = "signed_rank";
  detail::warn_missing(result.warnings, sample.missing);
  const SignedRanks signs = signed_ranks(sample.values, zeros);
  const auto n = static_cast<std::int64_t>(signs.ranks.size());
  result.n = n;
  if (n == 0) {
    detail::undefined_bounds(result, spec, "no pair with a difference: nothing to test");
    return result;
  }
  result.statistic = signs.positive;
  const bool is_exact = exact(spec.p_value, n, result.warnings);
  result.p_type = is_exact ? "exact" : "limit";
  double sum = 0.0;
  double squares = 0.0;
  // Twice the midranks are whole numbers.
  std::vector<std::int64_t> scores;
  for (const double d : signs.ranks) {
    sum += d;
    squares += d * d;
    scores.push_back(std::llround(2.0 * d));
  }
  // Without ties they are even: half of them will do.
  const bool even = std::ranges::all_of(scores, [](std::int64_t d) { return d % 2 == 0; });
  if (even) {
    for (std::int64_t& d : scores) d /= 2;
  }
  const auto upper = [&](double statistic, double odds) {
    if (is_exact) {
      return detail::score_sum_upper(scores, std::llround(even ? statistic : 2.0 * statistic),
                                     odds);
    }
    const double p = odds / (1.0 + odds);
    return normal_upper((statistic - p * sum) / std::sqrt(squares * p / (1.0 + odds)));
  };
  const auto tails = [&](double statistic) {
    return [&upper, statistic](double gamma) -> detail::TailBounds {
      return {upper(statistic, 1.0 / gamma), upper(statistic, gamma)};
    };
  };
  // Of negated differences the sum is that of the other ranks.
  detail::complete_bounds(result, spec, tails(signs.positive), tails(sum - signs.positive));
  return result;
}

// A pair's difference less tau is positive with p at the bound, ranks are 1 ... n where tau is no
// average; T(tau) is the number of averages above tau. tau is rejected from above when
// P(T >= T(tau)) <= (1 - level) / 2: for the smallest such c, T(tau) >= c means tau lies below the
// c-th largest average.
HodgesLehmannBounds hodges_lehmann_bounds(std::span<const double> differences,
                                          const RosenbaumSpec& spec, double conf_level) {
  detail::check_rosenbaum(spec);
  check_conf_level(conf_level);
  const detail::Sample sample = detail::sorted_sample(differences);
  HodgesLehmannBounds result;
  result.n = sample.n();
  detail::warn_missing(result.warnings, sample.missing);
  detail::warn_infinite(result.warnings, sample.infinite);
  for (const double gamma : spec.gammas) result.curve.push_back({.gamma = gamma});
  if (result.n == 0 || sample.infinite > 0) {
    if (result.n == 0) result.warnings.emplace_back("no differences: nothing to estimate");
    return result;
  }
  const std::span<const double> x = sample.values;
  const std::int64_t n = result.n;
  const std::int64_t m = n * (n + 1) / 2;
  const bool is_exact = exact(spec.p_value, n, result.warnings);
  result.p_type = is_exact ? "exact" : "limit";
  std::vector<std::int64_t> ranks;
  if (is_exact) {
    for (std::int64_t i = 1; i <= n; ++i) ranks.push_back(i);
  }
  const double tail = 0.5 - 0.5 * conf_level;
  bool open = false;
  for (HodgesLehmannBound& row : result.curve) {
    const double total = static_cast<double>(m);
    row.estimate_low = walsh_quantile(x, total, 1.0 / (1.0 + row.gamma));
    row.estimate_high = walsh_quantile(x, total, row.gamma / (1.0 + row.gamma));
    std::int64_t c = m + 1;
    if (is_exact) {
      std::int64_t low = 0;
      while (low < c) {
        const std::int64_t middle = low + (c - low) / 2;
        if (detail::score_sum_upper(ranks, middle, row.gamma) <= tail) {
          c = middle;
        } else {
          low = middle + 1;
        }
      }
    } else {
      const double p = row.gamma / (1.0 + row.gamma);
      const double variance =
          p / (1.0 + row.gamma) * total * (2.0 * static_cast<double>(n) + 1.0) / 3.0;
      const double at = p * total - normal_quantile(tail) * std::sqrt(variance);
      c = at > total ? m + 1 : static_cast<std::int64_t>(std::ceil(at));
    }
    row.conf_low = c > m ? -kInfinity : walsh(x, m - c + 1);
    row.conf_high = c > m ? kInfinity : walsh(x, c);
    open = open || c > m;
  }
  if (open) {
    result.warnings.emplace_back(
        "too few pairs for the level at some gamma: its interval is the whole line");
  }
  return result;
}

}  // namespace impact
