#include "engine/stats/rank_tests.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "engine/core/parallel.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kExactBelow = 50;
constexpr std::size_t kExactPathsBelow = 10000;
// On demand: as far as counts stay within double and the work within seconds.
constexpr std::size_t kMostExact = 400;
constexpr double kMostExactPaths = 1e8;

Estimate start(const char* method, const RankTestSpec& spec) {
  Estimate row;
  row.term = spec.term;
  row.method = method;
  return row;
}

// Equal values of two samples.
struct Block {
  std::size_t x = 0;
  std::size_t y = 0;
};

struct TwoSamples {
  std::size_t m = 0;
  std::size_t n = 0;
  detail::Sample x = {};
  detail::Sample y = {};

  [[nodiscard]] bool empty() const { return m == 0 || n == 0; }
  [[nodiscard]] double pairs() const { return static_cast<double>(m) * static_cast<double>(n); }

  // body(Block) by increasing value. Merged anew each time: millions of blocks are dearer to keep.
  template <class Body>
  void each_block(Body&& body) const {
    const std::vector<double>& a = x.values;
    const std::vector<double>& b = y.values;
    std::size_t i = 0, j = 0;
    while (i < m || j < n) {
      const double value = j == n || (i < m && a[i] < b[j]) ? a[i] : b[j];
      Block block;
      for (; i < m && a[i] == value; ++i) ++block.x;
      for (; j < n && b[j] == value; ++j) ++block.y;
      body(block);
    }
  }
};

// Counts and sentences.
TwoSamples two_samples(std::span<const double> x, std::span<const double> y, Estimate& row,
                       const Context& context) {
  TwoSamples both;
  run_tasks(context, 2, [&](std::size_t side) {
    (side == 0 ? both.x : both.y) = detail::sorted_sample(side == 0 ? x : y);
  });
  both.m = both.x.values.size();
  both.n = both.y.values.size();
  row.n = both.x.n() + both.y.n();
  detail::warn_missing(row.warnings, both.x.missing + both.y.missing);
  if (both.empty()) row.warnings.emplace_back("a group has no value");
  return both;
}

// Pairs with x > y, half of the tied ones: multiples of a half below 2^52, exact. And sum t^3 - t
// over the groups of t ties.
struct Dominance {
  double u = 0.0;
  double ties = 0.0;
  bool constant = false;  // all values are one
};

Dominance dominance(const TwoSamples& both) {
  Dominance result;
  double y_below = 0.0;
  std::size_t blocks = 0;
  both.each_block([&](const Block& block) {
    const auto x = static_cast<double>(block.x);
    const auto y = static_cast<double>(block.y);
    const double t = x + y;
    result.u += x * (y_below + 0.5 * y);
    result.ties += t * t * t - t;
    y_below += y;
    ++blocks;
  });
  result.constant = blocks < 2;
  return result;
}

// P(U <= u). The generating function of U is the Gaussian binomial
// prod_{i=1..m} (1 - q^(n+i)) / (1 - q^i) over binom(m + n, m); coefficients up to u need no higher
// ones.
double mann_whitney_cdf(std::size_t m, std::size_t n, std::size_t u) {
  std::vector<double> count(u + 1, 0.0);
  count[0] = 1.0;
  double all = 1.0;
  for (std::size_t i = 1; i <= m; ++i) {
    for (std::size_t k = i; k <= u; ++k) count[k] += count[k - i];
    for (std::size_t k = u; k + 1 > n + i; --k) count[k] -= count[k - n - i];
    all *= static_cast<double>(n + i) / static_cast<double>(i);
  }
  double sum = 0.0;
  for (const double one : count) sum += one;
  return sum / all;
}

// P(W <= w): subsets of {1 ... n} with sum at most w, over 2^n; exact below n = 53.
double signed_rank_cdf(std::size_t n, std::size_t w) {
  std::vector<double> count(w + 1, 0.0);
  count[0] = 1.0;
  for (std::size_t i = 1; i <= n; ++i) {
    for (std::size_t k = w; k + 1 > i; --k) count[k] += count[k - i];
  }
  double sum = 0.0;
  for (const double one : count) sum += one;
  return std::ldexp(sum, -static_cast<int>(n));
}

// Normal p of a centred statistic.
void normal_limit(Estimate& row, double centred, double sd, const RankTestSpec& spec) {
  row.se_type = "limit";
  if (!(sd > 0.0)) {
    row.warnings.emplace_back("all values are equal, so ranks tell nothing");
    return;
  }
  if (spec.alternative != Alternative::kTwoSided) {
    const double upwards = spec.alternative == Alternative::kGreater ? centred : -centred;
    row.p_value = normal_upper((spec.continuity ? upwards - 0.5 : upwards) / sd);
    return;
  }
  const double distance = std::abs(centred);
  // Within half a step of the mean nothing is closer to it.
  const double moved = spec.continuity ? std::max(0.0, distance - 0.5) : distance;
  row.p_value = std::min(1.0, 2.0 * normal_upper(moved / sd));
}

// Exact p of a statistic on 0 ... most that is symmetric about most / 2; cdf(k) = P(it <= k).
template <class Cdf>
double exact_p(double statistic, double most, Alternative alternative, Cdf&& cdf) {
  const double above = most - statistic;
  if (alternative == Alternative::kGreater) return cdf(static_cast<std::size_t>(above));
  if (alternative == Alternative::kLess) return cdf(static_cast<std::size_t>(statistic));
  return std::min(1.0, 2.0 * cdf(static_cast<std::size_t>(std::min(statistic, above))));
}

bool exact(const RankTestSpec& spec, bool small, bool feasible, bool ties, Estimate& row) {
  if (spec.p_value == PValue::kLimit) return false;
  if (spec.p_value == PValue::kAuto) return small && !ties;
  if (ties) {
    row.warnings.emplace_back("no exact p-value with ties or zeros: the limit is used");
  } else if (!feasible) {
    row.warnings.emplace_back("too many values for an exact p-value: the limit is used");
  }
  return feasible && !ties;
}

}  // namespace

Estimate mann_whitney(std::span<const double> x, std::span<const double> y,
                      const RankTestSpec& spec, const Context& context) {
  Estimate row = start("mann_whitney", spec);
  row.null_value = 0.5;
  const TwoSamples both = two_samples(x, y, row, context);
  if (both.empty()) return row;
  const auto [u, ties, constant] = dominance(both);
  const double pairs = both.pairs();
  row.statistic = u;
  row.estimate = u / pairs;
  const bool small = both.m < kExactBelow && both.n < kExactBelow;
  if (exact(spec, small, both.m + both.n <= kMostExact, ties > 0.0, row)) {
    row.se_type = "exact";
    row.p_value = exact_p(u, pairs, spec.alternative,
                          [&](std::size_t k) { return mann_whitney_cdf(both.m, both.n, k); });
    return row;
  }
  const auto n = static_cast<double>(row.n);
  const double sd = std::sqrt(pairs / 12.0 * (n + 1.0 - ties / (n * (n - 1.0))));
  normal_limit(row, u - 0.5 * pairs, constant ? 0.0 : sd, spec);
  return row;
}

Estimate wilcoxon_signed_rank(std::span<const double> differences, const RankTestSpec& spec) {
  Estimate row = start("wilcoxon_signed_rank", spec);
  std::vector<double> size;
  std::int64_t missing = 0, zeros = 0;
  for (const double d : differences) {
    if (std::isnan(d)) {
      ++missing;
    } else if (d == 0.0) {
      ++zeros;
    } else {
      size.push_back(d);
    }
  }
  detail::warn_missing(row.warnings, missing);
  if (zeros > 0) {
    row.warnings.push_back(detail::plural(zeros, "difference is zero and was left out",
                                          "differences are zero and were left out"));
  }
  row.n = static_cast<std::int64_t>(size.size());
  if (size.empty()) {
    row.warnings.emplace_back("there is no difference other than zero");
    return row;
  }
  std::sort(size.begin(), size.end(), [](double a, double b) {
    return std::abs(a) != std::abs(b) ? std::abs(a) < std::abs(b) : a < b;
  });
  std::vector<double> absolute;
  for (const double d : size) absolute.push_back(std::abs(d));
  const detail::Ranks ranks = detail::midranks(absolute);
  double w = 0.0;
  for (std::size_t i = 0; i < size.size(); ++i) {
    if (size[i] > 0.0) w += ranks.rank[i];
  }
  const auto n = static_cast<double>(row.n);
  const double all = 0.5 * n * (n + 1.0);
  row.statistic = w;
  row.estimate = (2.0 * w - all) / all;
  if (exact(spec, size.size() < kExactBelow, size.size() <= kMostExact, ranks.tied() || zeros > 0,
            row)) {
    row.se_type = "exact";
    row.p_value = exact_p(w, all, spec.alternative,
                          [&](std::size_t k) { return signed_rank_cdf(size.size(), k); });
    return row;
  }
  const double sd = std::sqrt(n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ranks.tie_sum / 48.0);
  normal_limit(row, w - 0.5 * all, sd, spec);
  return row;
}

Estimate wilcoxon_signed_rank(std::span<const double> x, std::span<const double> y,
                              const RankTestSpec& spec) {
  require_length("y", y.size(), x.size());
  std::vector<double> differences(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    // Equal infinities differ by nothing.
    differences[i] = x[i] == y[i] ? 0.0 : x[i] - y[i];
  }
  return wilcoxon_signed_rank(differences, spec);
}

// With d_ij = sign(x_i - y_j), d_i and d_j its means over the other group, m of x and n of y:
//   s^2 = (n^2 sum_i (d_i - d)^2 + m^2 sum_j (d_j - d)^2 - sum_ij (d_ij - d)^2) /
//         (m n (m - 1) (n - 1)).
// Rows of a block have one d_i = (y below - y above) / n, so blocks are enough.
Estimate cliffs_delta(std::span<const double> x, std::span<const double> y,
                      const RankTestSpec& spec, const Context& context) {
  check_conf_level(spec.conf_level);
  Estimate row = start("cliffs_delta", spec);
  row.se_type = "cliff";
  const TwoSamples both = two_samples(x, y, row, context);
  if (both.empty()) return row;
  const auto m = static_cast<double>(both.m);
  const auto n = static_cast<double>(both.n);
  const double pairs = both.pairs();
  const double d = (2.0 * dominance(both).u - pairs) / pairs;
  row.estimate = d;
  if (both.m < 2 || both.n < 2) {
    row.warnings.emplace_back("a group has one value only, so the standard error is unknown");
    return row;
  }
  double rows = 0.0, columns = 0.0, tied = 0.0;
  double x_below = 0.0, y_below = 0.0;
  both.each_block([&](const Block& block) {
    const auto bx = static_cast<double>(block.x);
    const auto by = static_cast<double>(block.y);
    const double di = (y_below - (n - y_below - by)) / n - d;
    const double dj = ((m - x_below - bx) - x_below) / m - d;
    rows += bx * (di * di);
    columns += by * (dj * dj);
    tied += bx * by;
    x_below += bx;
    y_below += by;
  });
  const double cells = (pairs - tied) - pairs * d * d;
  const double z = normal_quantile(detail::upper_level(spec.conf_level, spec.alternative));
  if (std::abs(d) == 1.0) {
    const double smaller = std::min(m, n);
    const double inner = (smaller - z * z) / (smaller + z * z);
    row.conf_low = d > 0.0 ? inner : -1.0;
    row.conf_high = d > 0.0 ? 1.0 : -inner;
    detail::open_end(row.conf_low, row.conf_high, spec.alternative, -1.0, 1.0);
    row.warnings.emplace_back(
        "the groups do not overlap: no standard error, the interval rests on their sizes");
    return row;
  }
  const double unbiased =
      (n * n * rows + m * m * columns - cells) / (pairs * (m - 1.0) * (n - 1.0));
  const double variance = std::max(unbiased, (1.0 - d * d) / (pairs - 1.0));
  const double s = std::sqrt(variance);
  row.std_error = s;
  row.df = std::numeric_limits<double>::infinity();
  row.statistic = d / s;
  row.p_value = detail::t_p_value(row.statistic, row.df, spec.alternative);
  const double room = 1.0 - d * d;
  const double margin = z * s * std::sqrt(room * room + z * z * variance);
  row.conf_low = (d * room - margin) / (room + z * z * variance);
  row.conf_high = (d * room + margin) / (room + z * z * variance);
  detail::open_end(row.conf_low, row.conf_high, spec.alternative, -1.0, 1.0);
  return row;
}

// A random order of the pooled values is a path from (0, 0) to (m, n). u(i, j) is the chance that
// the path back from (i, j) met |i / m - j / n| >= D where a block ends:
//   u(i, j) = 1 there, else i / (i + j) u(i - 1, j) + j / (i + j) u(i, j - 1).
// Nothing is subtracted, so small p-values keep their digits; distances are compared as whole
// numbers |i n - j m|.
namespace {

// How far F_x = i / m lies from F_y = j / n on the side that counts, times m n.
std::int64_t distance_at(const TwoSamples& both, std::size_t i, std::size_t j,
                         Alternative alternative) {
  const auto x = static_cast<std::int64_t>(i * both.n), y = static_cast<std::int64_t>(j * both.m);
  if (alternative == Alternative::kTwoSided) return x > y ? x - y : y - x;
  return alternative == Alternative::kGreater ? y - x : x - y;
}

double exact_path_p(const TwoSamples& both, std::int64_t distance, Alternative alternative) {
  std::vector<char> block_ends(both.m + both.n + 1, 0);
  std::size_t end = 0;
  both.each_block([&](const Block& block) { block_ends[end += block.x + block.y] = 1; });
  std::vector<double> u(both.n + 1, 0.0);
  for (std::size_t i = 0; i <= both.m; ++i) {
    for (std::size_t j = 0; j <= both.n; ++j) {
      if (block_ends[i + j] != 0 && distance_at(both, i, j, alternative) >= distance) {
        u[j] = 1.0;
      } else if (i + j > 0) {
        const auto steps = static_cast<double>(i + j);
        const double left = j > 0 ? static_cast<double>(j) / steps * u[j - 1] : 0.0;
        u[j] = static_cast<double>(i) / steps * u[j] + left;
      }
    }
  }
  return u[both.n];
}

// 2 sum (-1)^(k-1) exp(-2 k^2 z^2); for small z by its theta transform
// 1 - sqrt(2 pi) / z sum exp(-(2k-1)^2 pi^2 / (8 z^2)).
double kolmogorov_upper(double z) {
  const double pi = std::acos(-1.0);
  double sum = 0.0;
  if (z < 1.0) {
    for (double k = 1.0; k <= 19.0; k += 2.0) sum += std::exp(-k * k * pi * pi / (8.0 * z * z));
    return 1.0 - std::sqrt(2.0 * pi) / z * sum;
  }
  for (double k = 9.0; k >= 1.0; k -= 1.0) {
    const double sign = std::fmod(k, 2.0) == 1.0 ? 1.0 : -1.0;
    sum += sign * std::exp(-2.0 * k * k * z * z);
  }
  return 2.0 * sum;
}

}  // namespace

Estimate kolmogorov_smirnov(std::span<const double> x, std::span<const double> y,
                            const RankTestSpec& spec, const Context& context) {
  Estimate row = start("kolmogorov_smirnov", spec);
  const TwoSamples both = two_samples(x, y, row, context);
  if (both.empty()) return row;
  std::size_t i = 0, j = 0;
  std::int64_t distance = 0;
  both.each_block([&](const Block& block) {
    i += block.x;
    j += block.y;
    distance = std::max(distance, distance_at(both, i, j, spec.alternative));
  });
  const double d = static_cast<double>(distance) / both.pairs();
  row.estimate = row.statistic = d;
  const bool small = both.m * both.n < kExactPathsBelow;
  if (exact(spec, small, both.pairs() <= kMostExactPaths, false, row)) {
    row.se_type = "exact";
    row.p_value = std::min(1.0, exact_path_p(both, distance, spec.alternative));
  } else {
    row.se_type = "limit";
    const double z = d * std::sqrt(both.pairs() / static_cast<double>(row.n));
    row.p_value =
        spec.alternative == Alternative::kTwoSided ? kolmogorov_upper(z) : std::exp(-2.0 * z * z);
  }
  return row;
}

}  // namespace impact
