#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/causal/sensitivity/rosenbaum.h"
#include "engine/causal/sensitivity/rosenbaum_curve.h"
#include "engine/core/error.h"
#include "engine/stats/distribution.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kMostAssignments = 200'000.0;

// Units by increasing score.
struct Scored {
  std::vector<double> score = {};
  std::vector<bool> treated = {};
  std::int64_t drawn = 0;  ///< Treated units.
  double statistic = 0.0;

  [[nodiscard]] std::int64_t units() const { return static_cast<std::int64_t>(score.size()); }
};

Scored scored(std::span<const double> outcome, std::span<const std::int32_t> arm, SumScores kind,
              std::vector<std::string>& warnings) {
  std::vector<std::pair<double, bool>> rows;
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    if (arm[i] != 0 && arm[i] != 1) continue;
    if (std::isnan(outcome[i])) {
      ++missing;
    } else if (kind == SumScores::kValues && std::isinf(outcome[i])) {
      ++infinite;
    } else {
      rows.emplace_back(outcome[i] + 0.0, arm[i] == 1);
    }
  }
  detail::warn_missing(warnings, missing);
  detail::warn_infinite(warnings, infinite);
  std::ranges::sort(rows);
  Scored units;
  for (const auto& [value, treated] : rows) {
    units.score.push_back(value);
    units.treated.push_back(treated);
    units.drawn += treated ? 1 : 0;
  }
  if (kind == SumScores::kRanks) units.score = detail::midranks(units.score).rank;
  // From the smallest score up, so that rounding does not depend on the order of rows.
  for (std::size_t i = 0; i < units.score.size(); ++i) {
    if (units.treated[i]) units.statistic += units.score[i];
  }
  return units;
}

// Mean and (n - 1) variance of the first k scores in a given order, for every k.
struct Running {
  std::vector<double> mean = {0.0};
  std::vector<double> variance = {0.0};
};

template <class Iterator>
Running running(Iterator first, Iterator last) {
  Running moments;
  double mean = 0.0;
  double squares = 0.0;
  double n = 0.0;
  for (; first != last; ++first) {
    n += 1.0;
    const double step = *first - mean;
    mean += step / n;
    squares += step * (*first - mean);
    moments.mean.push_back(mean);
    moments.variance.push_back(n > 1.0 ? squares / (n - 1.0) : 0.0);
  }
  return moments;
}

// Given that x of the k units with the largest scores are treated, both parts are random samples:
//   mean      x a_k + (m - x) b_k, a_k and b_k the means of the k largest and of the others
//   variance  x (1 - x / k) s_k^2 + (m - x) (1 - (m - x) / (N - k)) r_k^2
// x is extended hypergeometric with odds gamma, of mean e and variance v:
//   E = e a + (m - e) b,  V = v (a - b)^2 + s^2 (e - (e^2 + v) / k) + r^2 (f - (f^2 + v) / (N - k))
// with f = m - e. Returned is the deviate (T - E) / sqrt(V) least in favour of an effect.
double least_deviate(const Scored& units, const Running& small, const Running& large, double odds) {
  const std::int64_t n = units.units();
  const auto m = static_cast<double>(units.drawn);
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t k = 1; k < n; ++k) {
    const auto [e, v] = detail::marked_drawn_moments(n, k, units.drawn, odds);
    const double f = m - e;
    const auto top = static_cast<std::size_t>(k);
    const auto rest = static_cast<std::size_t>(n - k);
    const double a = large.mean[top];
    const double b = small.mean[rest];
    const double mean = e * a + f * b;
    const double variance = v * (a - b) * (a - b) +
                            large.variance[top] * (e - (e * e + v) / static_cast<double>(k)) +
                            small.variance[rest] * (f - (f * f + v) / static_cast<double>(n - k));
    if (variance > 0.0) least = std::fmin(least, (units.statistic - mean) / std::sqrt(variance));
  }
  return least;
}

double combinations(std::int64_t n, std::int64_t m) {
  double count = 1.0;
  for (std::int64_t i = 1; i <= m && count <= 10.0 * kMostAssignments; ++i) {
    count *= static_cast<double>(n - m + i) / static_cast<double>(i);
  }
  return std::round(count);
}

// For every assignment: how many treated units are among the k largest scores, and whether the
// statistic is reached. counts[k][x] and reached[k][x] are all that gamma needs:
// P_k = sum_x gamma^x reached / sum_x gamma^x counts.
struct Enumerated {
  std::vector<std::vector<double>> counts, reached;
};

Enumerated enumerate(const Scored& units) {
  const std::size_t n = units.score.size();
  const auto m = static_cast<std::size_t>(units.drawn);
  Enumerated table;
  table.counts.assign(n + 1, std::vector<double>(m + 1, 0.0));
  table.reached = table.counts;
  std::vector<std::size_t> chosen(m);
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  double size = 0.0;
  for (const double score : units.score) size += std::abs(score);
  const double slack = 1e-12 * size;
  while (true) {
    double sum = 0.0;
    for (const std::size_t i : chosen) sum += units.score[i];
    const bool reaches = sum >= units.statistic - slack;
    std::size_t x = 0;
    std::size_t next = m;
    for (std::size_t k = 1; k <= n; ++k) {
      if (next > 0 && chosen[next - 1] == n - k) {
        ++x;
        --next;
      }
      table.counts[k][x] += 1.0;
      if (reaches) table.reached[k][x] += 1.0;
    }
    std::size_t i = m;
    while (i > 0 && chosen[i - 1] == n - m + i - 1) --i;
    if (i == 0) return table;
    ++chosen[i - 1];
    for (std::size_t j = i; j < m; ++j) chosen[j] = chosen[j - 1] + 1;
  }
}

double tail_at(const Enumerated& table, std::size_t k, double odds) {
  double all = 0.0;
  double reached = 0.0;
  // Horner from the largest power, in units of that power where odds exceed one.
  const auto& counts = table.counts[k];
  const auto& hits = table.reached[k];
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::size_t x = odds > 1.0 ? i : counts.size() - 1 - i;
    const double base = odds > 1.0 ? 1.0 / odds : odds;
    all = all * base + counts[x];
    reached = reached * base + hits[x];
  }
  return reached / all;
}

}  // namespace

RosenbaumBounds sum_bounds(std::span<const double> outcome, std::span<const std::int32_t> arm,
                           const RosenbaumSpec& spec, SumScores scores) {
  detail::check_rosenbaum(spec);
  require_length("arm", arm.size(), outcome.size());
  RosenbaumBounds result;
  result.method = "sum";
  const Scored units = scored(outcome, arm, scores, result.warnings);
  const std::int64_t n = units.units();
  result.n = n;
  if (units.drawn == 0 || units.drawn == n) {
    detail::undefined_bounds(result, spec, "one arm only: nothing to test");
    return result;
  }
  if (units.score.front() == units.score.back()) {
    detail::undefined_bounds(result, spec, "all outcomes are equal: nothing to test");
    return result;
  }
  result.statistic = units.statistic;
  // The same question of negated outcomes.
  Scored mirror = units;
  for (double& score : mirror.score) score = -score;
  std::ranges::reverse(mirror.score);
  std::reverse(mirror.treated.begin(), mirror.treated.end());
  mirror.statistic = -units.statistic;

  const bool few = combinations(n, units.drawn) <= kMostAssignments;
  if (spec.p_value == PValue::kExact && !few) {
    result.warnings.emplace_back("too many assignments for an exact p-value: the limit is used");
  }
  if (few && spec.p_value != PValue::kLimit) {
    result.p_type = "exact";
    const auto tails = [&](const Scored& side) {
      return [&, table = enumerate(side)](double gamma) -> detail::TailBounds {
        detail::TailBounds bounds = {1.0, 0.0};
        for (std::size_t k = 1; k < static_cast<std::size_t>(n); ++k) {
          bounds.low = std::fmin(bounds.low, tail_at(table, k, 1.0 / gamma));
          bounds.high = std::fmax(bounds.high, tail_at(table, k, gamma));
        }
        return bounds;
      };
    };
    detail::complete_bounds(result, spec, tails(units), tails(mirror));
    return result;
  }
  result.p_type = "limit";
  const Running up = running(units.score.begin(), units.score.end());
  const Running down = running(units.score.rbegin(), units.score.rend());
  const Running mirror_up = running(mirror.score.begin(), mirror.score.end());
  const Running mirror_down = running(mirror.score.rbegin(), mirror.score.rend());
  const auto deviate = [&](double gamma) { return least_deviate(units, up, down, gamma); };
  const auto mirrored = [&](double gamma) {
    return least_deviate(mirror, mirror_up, mirror_down, gamma);
  };
  detail::complete_bounds(
      result, spec,
      [&](double gamma) -> detail::TailBounds {
        return {normal_cdf(mirrored(gamma)), normal_upper(deviate(gamma))};
      },
      [&](double gamma) -> detail::TailBounds {
        return {normal_cdf(deviate(gamma)), normal_upper(mirrored(gamma))};
      });
  return result;
}

}  // namespace impact
