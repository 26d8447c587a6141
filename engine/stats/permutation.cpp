#include "engine/stats/permutation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/rng_fill.h"
#include "engine/stats/bootstrap_kernel.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/permutation_run.h"
#include "engine/stats/proportions.h"
#include "engine/stats/resample.h"
#include "engine/stats/sample.h"

namespace impact {
namespace detail {

void check_permutation(const PermutationSpec& spec) {
  check_conf_level(spec.conf_level);
  if (spec.draws < 1) {
    throw ArgumentError({.what = "a permutation test makes draws",
                         .where = "draws",
                         .got = std::to_string(spec.draws),
                         .expected = "for example 99999"});
  }
  if (!(spec.tolerance >= 0.0 && spec.tolerance < 1.0)) {
    throw ArgumentError({.what = "a tolerance of ties is a small share",
                         .where = "tolerance",
                         .got = format_double(spec.tolerance),
                         .expected = "for example 1e-10"});
  }
}

PermutationTest start_permutation(const char* method, const PermutationSpec& spec) {
  PermutationTest test;
  test.row.term = spec.term;
  test.row.method = method;
  return test;
}

void finish_permutation(PermutationTest& test, const PermutationSpec& spec) {
  const auto extreme = static_cast<double>(test.extreme);
  const auto all = static_cast<double>(test.assignments);
  test.row.se_type = test.exact ? "exact" : "monte_carlo";
  if (test.exact) {
    test.row.p_value = test.p_low = test.p_high = extreme / all;
    return;
  }
  test.row.p_value = (1.0 + extreme) / (1.0 + all);
  ShareSpec share;
  share.conf_level = spec.conf_level;
  share.method = ShareMethod::kExact;
  const Estimate interval = share_test({test.extreme, test.assignments}, share);
  test.p_low = interval.conf_low;
  test.p_high = interval.conf_high;
}

// C(n, i) = C(n, i - 1) (n - i + 1) / i, a whole number at every step.
double combinations(std::size_t n, std::size_t m) {
  double count = 1.0;
  m = std::min(m, n - m);
  for (std::size_t i = 1; i <= m; ++i) {
    count *= static_cast<double>(n - i + 1);
    if (count > 0x1p53) return std::numeric_limits<double>::infinity();
    count /= static_cast<double>(i);
  }
  return count;
}

// Of the subsets of what is left, C(n - 1, m - 1) = C(n, m) m / n hold its first member.
void unrank_subset(std::uint64_t rank, std::uint64_t count, std::size_t m,
                   std::span<std::uint8_t> marks) {
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const std::uint64_t with = count * m / (marks.size() - i);
    const bool in = rank < with;
    marks[i] = in ? 1 : 0;
    if (in) {
      count = with;
      --m;
    } else {
      rank -= with;
      count -= with;
    }
  }
}

}  // namespace detail

// Flipping the signs of the marked units turns the sum S into S - 2 sum of marked.
PermutationTest sign_flip_test(std::span<const double> differences, const PermutationSpec& spec,
                               std::span<const std::int32_t> cluster, const Context& context) {
  detail::check_permutation(spec);
  PermutationTest test = detail::start_permutation("sign_flip", spec);
  require_optional_length("cluster", cluster.size(), differences.size());
  const detail::Units units =
      detail::units_of(differences.size(), {.y = differences, .cluster = cluster}, false, false);
  test.row.n = static_cast<std::int64_t>(units.rows.size());
  detail::warn_missing(test.row.warnings, units.missing);
  detail::warn_infinite(test.row.warnings, units.infinite);
  if (units.rows.empty()) test.row.warnings.emplace_back("there is no difference");
  if (units.infinite > 0 || units.rows.empty()) return test;
  const std::size_t count = units.count();
  detail::Columns sums(count, 1);
  ExactMoments moments;
  for (std::size_t u = 0; u < count; ++u) {
    for (std::size_t at = units.first_row[u]; at < units.first_row[u + 1]; ++at) {
      sums.column(0)[u] += differences[units.rows[at]];
      moments.add(differences[units.rows[at]]);
    }
  }
  const auto n = static_cast<double>(moments.count());
  const double all = moments.sum();
  // Every sum of signs is of this size or less.
  const double scale = std::sqrt(moments.variance(0) + moments.mean() * moments.mean());
  const double possible = count < 53 ? std::ldexp(1.0, static_cast<int>(count))
                                     : std::numeric_limits<double>::infinity();
  detail::run_permutations(
      test, moments.mean(), scale / std::sqrt(n), possible, spec.alternative, spec, context, [&] {
        return [&, marks = std::vector<std::uint8_t>(detail::padded(count) + detail::kCountStep, 0),
                words = std::vector<std::uint32_t>((count + 31) / 32)](std::uint64_t b,
                                                                       bool exact) mutable {
          if (exact) {
            for (std::size_t u = 0; u < count; ++u) marks[u] = (b >> u) & 1U;
          } else {
            fill_words(spec.key, b, 0, words);
            for (std::size_t u = 0; u < count; ++u) marks[u] = (words[u / 32] >> (u % 32)) & 1U;
          }
          double marked = 0.0;
          detail::weighted_sums(marks, sums, &marked);
          return (all - 2.0 * marked) / n;
        };
      });
  return test;
}

PermutationTest permuted_correlation(std::span<const double> x, std::span<const double> y,
                                     const PermutationSpec& spec, const Context& context) {
  detail::check_permutation(spec);
  require_length("y", y.size(), x.size());
  PermutationTest test = detail::start_permutation("permuted_correlation", spec);
  const detail::Units units = detail::units_of(x.size(), {.y = x, .x = y}, false, true);
  const std::size_t n = units.rows.size();
  test.row.n = static_cast<std::int64_t>(n);
  detail::warn_missing(test.row.warnings, units.missing);
  detail::warn_infinite(test.row.warnings, units.infinite);
  if (units.infinite > 0) return test;
  ExactMoments sums[2];
  for (const std::uint32_t i : units.rows) {
    sums[0].add(x[i]);
    sums[1].add(y[i]);
  }
  const double spread =
      static_cast<double>(n) * std::sqrt(sums[0].variance(0)) * std::sqrt(sums[1].variance(0));
  if (!(spread > 0.0)) {
    test.row.warnings.emplace_back("a side does not vary, so the correlation is undefined");
    return test;
  }
  std::vector<double> a, b;
  for (const std::uint32_t i : units.rows) {
    a.push_back((x[i] - sums[0].mean()) / spread);
    b.push_back(y[i] - sums[1].mean());
  }
  const auto product = [&](const std::vector<double>& values) {
    double sum[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) {
      for (std::size_t j = 0; j < 4; ++j) sum[j] += a[i + j] * values[i + j];
    }
    for (; i < n; ++i) sum[0] += a[i] * values[i];
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
  };
  double possible = 1.0;
  for (std::size_t i = 2; i <= std::min<std::size_t>(n, 30); ++i) {
    possible *= static_cast<double>(i);
  }
  detail::run_permutations(
      test, product(b), 1.0 / std::sqrt(static_cast<double>(n)), possible, spec.alternative, spec,
      context, [&] {
        return [&, order = std::vector<double>()](std::uint64_t number, bool exact) mutable {
          order = b;
          WordReader words(spec.key, number);
          for (std::size_t i = n; i > 1; --i) {
            // A number in factorial digits, or chance, says which of the first i goes last.
            const std::size_t j = exact ? number % i : words.below(static_cast<std::uint32_t>(i));
            if (exact) number /= i;
            std::swap(order[i - 1], order[j]);
          }
          return product(order);
        };
      });
  return test;
}

// With values about their mean, between = sum S_g^2 / n_g and within = sum of squares - between.
// Groups lie side by side in a permuted row of values, the largest one last: only what comes before
// it has to be drawn.
PermutationTest permuted_anova(std::span<const double> values, std::span<const std::int32_t> group,
                               const PermutationSpec& spec, const Context& context) {
  detail::check_permutation(spec);
  PermutationTest test = detail::start_permutation("permuted_anova", spec);
  detail::GroupedSample sample = detail::grouped_sample(values, group);
  test.row.n = sample.n();
  detail::warn_missing(test.row.warnings, sample.missing);
  detail::warn_infinite(test.row.warnings, sample.infinite);
  if (sample.infinite > 0) return test;
  std::erase_if(sample.groups, [](const detail::Sample& one) { return one.values.empty(); });
  std::stable_sort(sample.groups.begin(), sample.groups.end(),
                   [](const detail::Sample& a, const detail::Sample& b) { return a.n() < b.n(); });
  const std::size_t k = sample.groups.size();
  const auto n = static_cast<std::size_t>(test.row.n);
  ExactMoments moments;
  for (const detail::Sample& one : sample.groups) {
    for (const double value : one.values) moments.add(value);
  }
  if (k < 2 || n <= k || !(moments.variance(0) > 0.0)) {
    test.row.warnings.emplace_back(k < 2    ? "there are fewer than two groups"
                                   : n <= k ? "every group has one value only"
                                            : "the values do not vary");
    return test;
  }
  std::vector<double> observed_order;
  std::vector<std::size_t> ends;
  double possible = 1.0;
  for (const detail::Sample& one : sample.groups) {
    possible *= detail::combinations(n - observed_order.size(), one.values.size());
    for (const double value : one.values) observed_order.push_back(value - moments.mean());
    ends.push_back(observed_order.size());
  }
  // Draws start from the pooled values in order, so that labels change no bit.
  std::vector<double> pooled = observed_order;
  std::sort(pooled.begin(), pooled.end());
  double all = 0.0, squares = 0.0;
  for (const double value : pooled) {
    all += value;
    squares += value * value;
  }
  const double df_between = static_cast<double>(k - 1), df_within = static_cast<double>(n - k);
  const auto statistic = [&](const std::vector<double>& order) {
    double between = -all * all / static_cast<double>(n), rest = all;
    std::size_t begin = 0;
    for (std::size_t g = 0; g < k; ++g) {
      double sum = 0.0;
      if (g + 1 == k) {
        sum = rest;
      } else {
        for (std::size_t i = begin; i < ends[g]; ++i) sum += order[i];
      }
      rest -= sum;
      between += sum * sum / static_cast<double>(ends[g] - begin);
      begin = ends[g];
    }
    const double within = squares - between;
    if (!(within > 1e-14 * squares)) return std::numeric_limits<double>::infinity();
    return std::max(0.0, between) / df_between / (within / df_within);
  };
  detail::run_permutations(
      test, statistic(observed_order), 1.0, possible, Alternative::kGreater, spec, context, [&] {
        return [&, order = std::vector<double>(), marks = std::vector<std::uint8_t>()](
                   std::uint64_t number, bool exact) mutable {
          order = pooled;
          std::size_t begin = 0;
          if (!exact) {
            WordReader words(spec.key, number);
            for (; begin < ends[k - 2]; ++begin) {
              std::swap(order[begin],
                        order[begin + words.below(static_cast<std::uint32_t>(n - begin))]);
            }
            return statistic(order);
          }
          // Group after group takes a subset of what is left, the digits of the number.
          for (std::size_t g = 0; g + 1 < k; begin = ends[g++]) {
            const std::size_t size = ends[g] - begin;
            const auto count = static_cast<std::uint64_t>(detail::combinations(n - begin, size));
            marks.assign(n - begin, 0);
            detail::unrank_subset(number % count, count, size, marks);
            number /= count;
            std::vector<double> left;
            std::size_t to = begin;
            for (std::size_t i = 0; i < marks.size(); ++i) {
              if (marks[i] == 0) left.push_back(order[begin + i]);
            }
            for (std::size_t i = 0; i < marks.size(); ++i) {
              if (marks[i] != 0) order[to++] = order[begin + i];
            }
            std::copy(left.begin(), left.end(), order.begin() + static_cast<std::ptrdiff_t>(to));
          }
          return statistic(order);
        };
      });
  return test;
}

}  // namespace impact
