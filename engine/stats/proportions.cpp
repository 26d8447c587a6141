#include "engine/stats/proportions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>
#include <boost/math/special_functions/beta.hpp>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/rng.h"
#include "engine/stats/contingency.h"
#include "engine/stats/distribution.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Numbers {
  double x, n, p;
};

Numbers numbers(const Share& share) {
  if (share.successes < 0 || share.trials < share.successes) {
    throw ArgumentError(
        {.what = "successes lie between 0 and the number of trials",
         .where = "share",
         .got = std::to_string(share.successes) + " of " + std::to_string(share.trials)});
  }
  const auto x = static_cast<double>(share.successes);
  const auto n = static_cast<double>(share.trials);
  return {x, n, x / n};
}

Estimate start(const char* method, const char* se_type, const ShareSpec& spec) {
  check_conf_level(spec.conf_level);
  Estimate row;
  row.term = spec.term;
  row.method = method;
  row.se_type = se_type;
  return row;
}

double quantile(const ShareSpec& spec) {
  return normal_quantile(detail::upper_level(spec.conf_level, spec.alternative));
}

struct Interval {
  double low, high;
};

// The shares p with |x - n p| - c = z sqrt(n p (1 - p)): with q the share moved outwards by c / n,
// (q + z^2/2n -+ z sqrt(q (1 - q) / n + z^2 / 4n^2)) / (1 + z^2 / n).
Interval wilson(const Numbers& s, double z, double correction) {
  const double half = z * z / (2.0 * s.n);
  const auto end = [&](double sign) {
    const double q = s.p + sign * correction / s.n;
    if (q <= 0.0) return 0.0;
    if (q >= 1.0) return 1.0;
    const double root = z * std::sqrt(q * (1.0 - q) / s.n + half / (2.0 * s.n));
    return std::clamp((q + half + sign * root) / (1.0 + 2.0 * half), 0.0, 1.0);
  };
  // At the ends of [0, 1] only the inner limit says something.
  const double root = z * std::sqrt(half / (2.0 * s.n));
  const double low = s.x == 0.0                        ? 0.0
                     : s.x == s.n && correction == 0.0 ? (1.0 + half - root) / (1.0 + 2.0 * half)
                                                       : end(-1.0);
  const double high = s.x == s.n                        ? 1.0
                      : s.x == 0.0 && correction == 0.0 ? (half + root) / (1.0 + 2.0 * half)
                                                        : end(1.0);
  return {low, high};
}

// Quantiles of Beta(x, n - x + 1) and Beta(x + 1, n - x).
Interval clopper_pearson(const Numbers& s, double tail) {
  using boost::math::ibeta_inv;
  using boost::math::ibetac_inv;
  return {s.x == 0.0 ? 0.0 : ibeta_inv(s.x, s.n - s.x + 1.0, tail),
          s.x == s.n ? 1.0 : ibetac_inv(s.x + 1.0, s.n - s.x, tail)};
}

// P(X >= x) or P(X <= x).
double binomial_tail(const Numbers& s, double null, Alternative alternative) {
  using boost::math::ibeta;
  using boost::math::ibetac;
  if (alternative == Alternative::kGreater) {
    return s.x == 0.0 ? 1.0 : ibeta(s.x, s.n - s.x + 1.0, null);
  }
  return s.x == s.n ? 1.0 : ibetac(s.x + 1.0, s.n - s.x, null);
}

// Sum of the binomial probabilities that are at most the observed one (within 1e-7). Beyond the
// mode on the other side they fall, so that the far tail begins where they fall below it.
double binomial_p(const Numbers& s, double null) {
  if (null == 0.0 || null == 1.0) return s.x == null * s.n ? 1.0 : 0.0;
  const double mean = s.n * null;
  if (s.x == mean) return 1.0;
  const double odds = null / (1.0 - null);
  // log of P(k) / P(x)
  const auto relative = [&](double k) {
    return boost::math::lgamma(s.x + 1.0) + boost::math::lgamma(s.n - s.x + 1.0) -
           boost::math::lgamma(k + 1.0) - boost::math::lgamma(s.n - k + 1.0) +
           (k - s.x) * std::log(odds);
  };
  const auto at_most = [&](double k) { return relative(k) <= 1e-7; };
  const auto lower = [&](double k) {  // P(X <= k)
    return k < 0.0 ? 0.0 : k >= s.n ? 1.0 : boost::math::ibetac(k + 1.0, s.n - k, null);
  };
  const auto upper = [&](double k) {  // P(X >= k)
    return k <= 0.0 ? 1.0 : k > s.n ? 0.0 : boost::math::ibeta(k, s.n - k + 1.0, null);
  };
  // The first k from the mode outwards that is no more likely, by bisection.
  double inside = s.x < mean ? std::ceil(mean) : std::floor(mean);
  const double step = s.x < mean ? 1.0 : -1.0;
  double outside = s.x < mean ? s.n + 1.0 : -1.0;
  if (at_most(inside)) {
    outside = inside;
  } else {
    while (std::abs(outside - inside) > 1.0) {
      const double middle = std::floor(0.5 * (inside + outside));
      (at_most(middle) ? outside : inside) = middle;
    }
  }
  const double p = step > 0.0 ? lower(s.x) + upper(outside) : upper(s.x) + lower(outside);
  return std::min(1.0, p);
}

}  // namespace

Estimate share_test(const Share& share, const ShareSpec& spec) {
  const Numbers s = numbers(share);
  const bool exact = spec.method == ShareMethod::kExact;
  Estimate row = start("share", exact ? "exact" : "score", spec);
  row.null_value = spec.null_value;
  const double null = spec.null_value;
  if (!(null >= 0.0 && null <= 1.0)) {
    throw ArgumentError({.what = "a share lies in [0, 1]",
                         .where = "null_value",
                         .got = format_double(null),
                         .expected = "for example 0.5"});
  }
  row.n = share.trials;
  if (share.trials == 0) {
    row.warnings.emplace_back("there is no trial");
    return row;
  }
  row.estimate = s.p;
  row.std_error = std::sqrt(s.p * (1.0 - s.p) / s.n);
  if (exact) {
    row.statistic = s.x;
    row.p_value = spec.alternative == Alternative::kTwoSided
                      ? binomial_p(s, null)
                      : binomial_tail(s, null, spec.alternative);
    const Interval interval =
        clopper_pearson(s, detail::tail_outside(spec.conf_level, spec.alternative));
    row.conf_low = interval.low;
    row.conf_high = interval.high;
    detail::open_end(row.conf_low, row.conf_high, spec.alternative, 0.0, 1.0);
    return row;
  }
  const double distance = s.x - s.n * null;
  const double correction = spec.continuity ? std::min(0.5, std::abs(distance)) : 0.0;
  const Interval interval = wilson(s, quantile(spec), correction);
  row.conf_low = interval.low;
  row.conf_high = interval.high;
  detail::open_end(row.conf_low, row.conf_high, spec.alternative, 0.0, 1.0);
  const double sd = std::sqrt(s.n * null * (1.0 - null));
  if (sd == 0.0) {
    row.warnings.emplace_back("a share of 0 or 1 has no variance to test against: use exact");
    return row;
  }
  row.df = kInfinity;
  row.statistic = std::copysign(std::abs(distance) - correction, distance) / sd;
  row.p_value = detail::t_p_value(row.statistic, row.df, spec.alternative);
  return row;
}

// z = (p_a - p_b) / sqrt(p (1 - p) (1/n_a + 1/n_b)), p of both together.
Estimate share_difference(const Share& a, const Share& b, const ShareSpec& spec) {
  const Numbers s = numbers(a), r = numbers(b);
  const bool newcombe = spec.interval == ShareInterval::kNewcombe;
  Estimate row = start("share_difference", newcombe ? "newcombe" : "wald", spec);
  row.n = a.trials + b.trials;
  if (a.trials == 0 || b.trials == 0) {
    row.warnings.emplace_back("a group has no trial");
    return row;
  }
  const double difference = s.p - r.p;
  const double sizes = 1.0 / s.n + 1.0 / r.n;
  const double moved = spec.continuity ? std::min(0.5 * sizes, std::abs(difference)) : 0.0;
  const double z = quantile(spec);
  row.estimate = difference;
  row.std_error = std::sqrt(s.p * (1.0 - s.p) / s.n + r.p * (1.0 - r.p) / r.n);
  if (newcombe) {
    const Interval u = wilson(s, z, spec.continuity ? 0.5 : 0.0);
    const Interval v = wilson(r, z, spec.continuity ? 0.5 : 0.0);
    row.conf_low = difference - std::hypot(s.p - u.low, v.high - r.p);
    row.conf_high = difference + std::hypot(u.high - s.p, r.p - v.low);
  } else {
    const double margin = z * row.std_error + moved;
    row.conf_low = std::max(-1.0, difference - margin);
    row.conf_high = std::min(1.0, difference + margin);
  }
  detail::open_end(row.conf_low, row.conf_high, spec.alternative, -1.0, 1.0);
  const double p = (s.x + r.x) / (s.n + r.n);
  if (p == 0.0 || p == 1.0) {
    row.warnings.emplace_back("all trials ended alike: there is no test");
    return row;
  }
  row.df = kInfinity;
  row.statistic =
      std::copysign(std::abs(difference) - moved, difference) / std::sqrt(p * (1.0 - p) * sizes);
  row.p_value = detail::t_p_value(row.statistic, row.df, spec.alternative);
  return row;
}

namespace {

// exp(log estimate -+ z se).
void complete_ratio(Estimate& row, double ratio, double variance, const ShareSpec& spec) {
  if (std::isnan(ratio)) {
    row.warnings.emplace_back("the ratio is 0 over 0");
    return;
  }
  row.estimate = ratio;
  if (ratio == 0.0 || std::isinf(ratio) || std::isinf(variance)) {
    row.warnings.emplace_back(
        "a count is zero, so the logarithm has no standard error (adding one half gives one)");
    return;
  }
  const double log_ratio = std::log(ratio);
  const double margin = quantile(spec) * std::sqrt(variance);
  row.std_error = std::sqrt(variance);
  row.df = kInfinity;
  row.conf_low = std::exp(log_ratio - margin);
  row.conf_high = std::exp(log_ratio + margin);
  detail::open_end(row.conf_low, row.conf_high, spec.alternative, 0.0);
  if (variance == 0.0) {
    row.warnings.emplace_back("all trials ended alike: there is no test");
    return;
  }
  row.statistic = log_ratio / row.std_error;
  row.p_value = detail::t_p_value(row.statistic, row.df, spec.alternative);
}

}  // namespace

// se^2 = 1/a + 1/b + 1/c + 1/d.
Estimate odds_ratio(const Share& a, const Share& b, bool add_half, const ShareSpec& spec) {
  const Numbers s = numbers(a), r = numbers(b);
  Estimate row = start("odds_ratio", "woolf", spec);
  row.null_value = 1.0;
  row.n = a.trials + b.trials;
  const double half = add_half ? 0.5 : 0.0;
  const double yes[] = {s.x + half, r.x + half};
  const double no[] = {s.n - s.x + half, r.n - r.x + half};
  complete_ratio(row, (yes[0] * no[1]) / (no[0] * yes[1]),
                 1.0 / yes[0] + 1.0 / yes[1] + 1.0 / no[0] + 1.0 / no[1], spec);
  return row;
}

// se^2 = (1 - p_a) / x_a + (1 - p_b) / x_b.
Estimate risk_ratio(const Share& a, const Share& b, bool add_half, const ShareSpec& spec) {
  const Numbers s = numbers(a), r = numbers(b);
  Estimate row = start("risk_ratio", "katz", spec);
  row.null_value = 1.0;
  row.n = a.trials + b.trials;
  const double half = add_half ? 0.5 : 0.0;
  const double x[] = {s.x + half, r.x + half};
  const double n[] = {s.n + half, r.n + half};
  complete_ratio(row, (x[0] / n[0]) / (x[1] / n[1]),
                 (n[0] - x[0]) / (x[0] * n[0]) + (n[1] - x[1]) / (x[1] * n[1]), spec);
  return row;
}

Estimate share_equality_test(std::span<const Share> shares, const ShareSpec& spec) {
  if (spec.alternative != Alternative::kTwoSided) {
    throw ArgumentError({.what = "equality of several shares has no side",
                         .where = "alternative",
                         .got = "one-sided",
                         .expected = "two-sided",
                         .hint = "share_difference or share_trend_test have sides"});
  }
  std::vector<std::int64_t> counts;
  for (const Share& share : shares) {
    (void)numbers(share);
    counts.push_back(share.successes);
    counts.push_back(share.trials - share.successes);
  }
  CountTestSpec table;
  table.term = spec.term;
  table.continuity = spec.continuity;
  table.conf_level = spec.conf_level;
  Estimate row = chi_square_test({counts, shares.size(), 2}, table);
  row.method = "share_equality";
  return row;
}

// With m the mean score by trials and p the share of all: slope = sum x_i (s_i - m) / S,
// S = sum n_i (s_i - m)^2, and X2 = slope^2 S / (p (1 - p)).
Estimate share_trend_test(std::span<const Share> shares, std::span<const double> scores,
                          const ShareSpec& spec) {
  Estimate row = start("share_trend", "score", spec);
  if (!scores.empty()) require_length("scores", scores.size(), shares.size());
  struct Cell {
    double score, x, n;
  };
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const Numbers s = numbers(shares[i]);
    const double score = scores.empty() ? static_cast<double>(i + 1) : scores[i];
    if (!std::isfinite(score)) {
      throw ArgumentError({.what = "a score is a finite number",
                           .where = "share " + std::to_string(i + 1),
                           .got = format_double(score)});
    }
    cells.push_back({score, s.x, s.n});
    row.n += shares[i].trials;
  }
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    return a.score != b.score ? a.score < b.score : a.n != b.n ? a.n < b.n : a.x < b.x;
  });
  double n = 0.0, x = 0.0, mean = 0.0, spread = 0.0, product = 0.0;
  for (const Cell& cell : cells) {
    n += cell.n;
    x += cell.x;
    mean += cell.n * cell.score;
  }
  mean /= n;
  for (const Cell& cell : cells) {
    spread += cell.n * (cell.score - mean) * (cell.score - mean);
    product += (cell.x - cell.n * (x / n)) * (cell.score - mean);
  }
  if (!(spread > 0.0) || x == 0.0 || x == n) {
    row.warnings.emplace_back(n == 0.0       ? "there is no trial"
                              : spread > 0.0 ? "all trials ended alike: there is no test"
                                             : "all trials have one score: there is no trend");
    return row;
  }
  row.estimate = product / spread;
  row.statistic = row.estimate * product / ((x / n) * (1.0 - x / n));
  row.df = 1.0;
  // Its signed root is normal.
  row.p_value = spec.alternative == Alternative::kTwoSided
                    ? chi2_upper(row.statistic, row.df)
                    : detail::t_p_value(std::copysign(std::sqrt(row.statistic), row.estimate),
                                        kInfinity, spec.alternative);
  return row;
}

}  // namespace impact
