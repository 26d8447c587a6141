#include "engine/learn/model_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>
#include <boost/math/special_functions/beta.hpp>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "engine/stats/groups.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

Estimate start(const std::string& term, const char* method, double conf_level) {
  check_conf_level(conf_level);
  Estimate row;
  row.term = term;
  row.method = method;
  return row;
}

// P(B <= k) of a binomial with n trials and 1/2: a regularised incomplete beta function.
double half_binomial_cdf(std::int64_t k, std::int64_t n) {
  if (k >= n) return 1.0;
  return boost::math::ibetac(static_cast<double>(k + 1), static_cast<double>(n - k), 0.5);
}

}  // namespace

Estimate compare_by_folds(const Folds& folds, const OutOfFold& a, const OutOfFold& b,
                          const FoldMetric& metric, const ComparisonSpec& spec) {
  Estimate row = start(spec.term, "corrected_resampled_t", spec.conf_level);
  row.se_type = "nadeau_bengio";
  ExactMoments moments;
  ExactMean ratio;
  std::int64_t undefined = 0;
  for (int repeat = 0; repeat < folds.repeats; ++repeat) {
    for (int fold = 0; fold < folds.folds; ++fold) {
      const Split split = folds.split(fold, repeat);
      const double of_a = metric(detail::predictions_of(folds, a, repeat, split.test), split.test);
      const double of_b = metric(detail::predictions_of(folds, b, repeat, split.test), split.test);
      if (std::isnan(of_a) || std::isnan(of_b)) {
        ++undefined;
        continue;
      }
      moments.add(of_a - of_b);
      ratio.add(static_cast<double>(split.test.size()) / static_cast<double>(split.train.size()));
    }
  }
  row.n = moments.count();
  row.estimate = moments.mean();
  if (undefined > 0) {
    row.warnings.push_back(
        fmt::format("a score is undefined in {} of {} folds", undefined, undefined + row.n));
  }
  if (row.n < 2) {
    row.warnings.emplace_back("fewer than two folds have no variance: no test");
    return row;
  }
  const double variance = moments.variance(1);
  if (variance == 0.0) {
    row.warnings.emplace_back("the difference is the same in all folds: no test");
    return row;
  }
  const auto count = static_cast<double>(row.n);
  complete(row,
           {.estimate = row.estimate,
            .std_error = std::sqrt(variance * (1.0 / count + ratio.mean())),
            .df = count - 1.0,
            .n = row.n},
           spec.conf_level);
  return row;
}

CallComparison compare_calls(std::span<const std::int32_t> called_by_a,
                             std::span<const std::int32_t> called_by_b,
                             std::span<const std::int32_t> label, McNemarTest test,
                             const ComparisonSpec& spec) {
  CallComparison result{.row = start(spec.term, "mcnemar", spec.conf_level)};
  Estimate& row = result.row;
  require_length("calls of a", called_by_a.size(), label.size());
  require_length("calls of b", called_by_b.size(), label.size());
  std::int64_t missing = 0;
  for (std::size_t i = 0; i < label.size(); ++i) {
    if (called_by_a[i] < 0 || called_by_b[i] < 0 || label[i] < 0) {
      ++missing;
      continue;
    }
    const bool a = called_by_a[i] == label[i];
    const bool b = called_by_b[i] == label[i];
    ++(a ? (b ? result.both_right : result.only_a_right)
         : (b ? result.only_b_right : result.both_wrong));
    ++row.n;
  }
  detail::warn_missing(row.warnings, missing);
  if (row.n == 0) {
    row.warnings.emplace_back("there is no row");
    return result;
  }
  const auto n = static_cast<double>(row.n);
  const auto b = static_cast<double>(result.only_a_right);
  const auto c = static_cast<double>(result.only_b_right);
  row.estimate = (b - c) / n;
  row.std_error = std::sqrt(std::max(0.0, b + c - (b - c) * (b - c) / n)) / n;
  // Shares of b and c with half a row in each of the four cells.
  const double pb = (b + 1.0) / (n + 2.0);
  const double pc = (c + 1.0) / (n + 2.0);
  const double z = normal_quantile(0.5 + 0.5 * spec.conf_level);
  const double half = z * std::sqrt((pb + pc - (pb - pc) * (pb - pc)) / (n + 2.0));
  row.conf_low = std::max(-1.0, pb - pc - half);
  row.conf_high = std::min(1.0, pb - pc + half);
  const std::int64_t pairs = result.only_a_right + result.only_b_right;
  if (pairs == 0) {
    row.warnings.emplace_back("the two are right and wrong about the same rows: no test");
    return result;
  }
  if (test == McNemarTest::kMidP || test == McNemarTest::kExact) {
    const std::int64_t less = std::min(result.only_a_right, result.only_b_right);
    const double below = less > 0 ? half_binomial_cdf(less - 1, pairs) : 0.0;
    const double upto = half_binomial_cdf(less, pairs);
    row.statistic = b;
    row.se_type = test == McNemarTest::kMidP ? "mid_p" : "exact";
    // 2 P(B <= less), less the chance of `less` itself for mid-p.
    row.p_value = std::min(1.0, test == McNemarTest::kMidP ? below + upto : 2.0 * upto);
    return result;
  }
  const bool corrected = test == McNemarTest::kCorrected;
  const double distance = std::max(0.0, std::abs(b - c) - (corrected ? 1.0 : 0.0));
  row.statistic = distance * distance / (b + c);
  row.df = 1.0;
  row.se_type = corrected ? "edwards" : "chi_square";
  row.p_value = chi2_upper(row.statistic, 1.0);
  if (pairs < 25) {
    row.warnings.push_back(
        fmt::format("only {} rows tell the two apart: an exact test is better", pairs));
  }
  return result;
}

Estimate compare_losses(std::span<const double> loss_a, std::span<const double> loss_b,
                        const LossComparisonSpec& spec) {
  Estimate row = start(spec.term, "paired_losses", spec.conf_level);
  row.se_type = spec.clusters.empty() ? "paired" : "CR1";
  const std::size_t rows = loss_a.size();
  require_length("losses of b", loss_b.size(), rows);
  require_optional_length("weights", spec.weights.size(), rows);
  require_optional_length("clusters", spec.clusters.size(), rows);
  require_weights(spec.weights);
  std::vector<double> difference, weight;
  std::vector<std::int32_t> cluster;
  std::int64_t missing = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const double w = spec.weights.empty() ? 1.0 : spec.weights[i];
    const double d = loss_a[i] - loss_b[i];
    if (std::isnan(loss_a[i]) || std::isnan(loss_b[i]) || std::isnan(w) ||
        (!spec.clusters.empty() && spec.clusters[i] < 0)) {
      ++missing;
    } else if (w > 0.0) {
      difference.push_back(d);
      weight.push_back(w);
      cluster.push_back(spec.clusters.empty() ? static_cast<std::int32_t>(cluster.size())
                                              : spec.clusters[i]);
    }
  }
  row.n = static_cast<std::int64_t>(difference.size());
  detail::warn_missing(row.warnings, missing);
  if (row.n == 0) {
    row.warnings.emplace_back("there is no row");
    return row;
  }
  if (!std::ranges::all_of(difference, [](double d) { return std::isfinite(d); })) {
    row.warnings.emplace_back("a loss is infinite: no test");
    return row;
  }
  const double total = exact_sum(weight);
  ExactSum sum;
  for (std::size_t i = 0; i < difference.size(); ++i) sum.add(weight[i] * difference[i]);
  row.estimate = sum.round() / total;
  const detail::Groups groups = detail::group_rows(cluster);
  const auto count = static_cast<double>(groups.count());
  if (groups.count() < 2) {
    row.warnings.emplace_back(spec.clusters.empty() ? "one row has no variance: no test"
                                                    : "one cluster has no variance: no test");
    return row;
  }
  ExactSum squares;
  for (std::size_t g = 0; g < groups.count(); ++g) {
    ExactSum of_group;
    for (const auto i : groups[g]) {
      of_group.add(weight[i] / total * (difference[i] - row.estimate));
    }
    const double part = of_group.round();
    squares.add(part * part);
  }
  const double variance = squares.round() * (count / (count - 1.0));
  if (variance == 0.0) {
    row.warnings.emplace_back("the losses differ by the same in all rows: no test");
    return row;
  }
  complete(
      row,
      {.estimate = row.estimate, .std_error = std::sqrt(variance), .df = count - 1.0, .n = row.n},
      spec.conf_level);
  return row;
}

}  // namespace impact
