#include "engine/stats/anova.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "engine/core/exact_sum.h"
#include "engine/stats/distribution.h"
#include "engine/stats/inference.h"
#include "engine/stats/noncentrality_limits.h"
#include "engine/stats/sample.h"
#include "engine/stats/studentized_range.h"

namespace impact {
namespace {

struct Group {
  std::size_t code = 0;
  double n = 0.0;
  double from_all = 0.0;  // its mean less the mean of all
  double variance = 0.0;  // NaN for one row
  double squares = 0.0;   // sum of squares about its mean
};

struct Groups {
  std::vector<Group> groups = {};
  double n = 0.0;
  double between = 0.0;
  double within = 0.0;
  double least = 0.0;  // rows of the smallest group

  [[nodiscard]] double count() const { return static_cast<double>(groups.size()); }
  [[nodiscard]] double df_within() const { return n - count(); }
};

// Sums over groups are exact too, so that labels change no bit.
Groups summarise(const detail::GroupedSample& sample) {
  Groups result;
  ExactMean all;
  for (const detail::Sample& one : sample.groups) {
    for (const double value : one.values) all.add(value);
  }
  result.n = static_cast<double>(all.count());
  const double grand = all.mean();
  ExactSum between, within;
  result.least = std::numeric_limits<double>::infinity();
  for (std::size_t code = 0; code < sample.groups.size(); ++code) {
    const auto& values = sample.groups[code].values;
    if (values.empty()) continue;
    ExactMoments sums;
    for (const double value : values) sums.add(value);
    Group group;
    group.code = code;
    group.n = static_cast<double>(values.size());
    group.from_all = detail::mean_about(values, grand);
    group.variance = sums.variance(1);
    group.squares = values.size() > 1 ? (group.n - 1.0) * group.variance : 0.0;
    between.add(group.n * (group.from_all * group.from_all));
    within.add(group.squares);
    result.least = std::min(result.least, group.n);
    result.groups.push_back(group);
  }
  result.between = between.round();
  result.within = within.round();
  return result;
}

// Sentences; false where the groups cannot be compared.
bool usable(const detail::GroupedSample& sample, const Groups& groups,
            std::vector<std::string>& warnings) {
  detail::warn_missing(warnings, sample.missing);
  detail::warn_infinite(warnings, sample.infinite);
  if (sample.infinite > 0) return false;
  if (groups.groups.size() < 2) {
    warnings.emplace_back(groups.groups.empty() ? "there is no value" : "there is one group only");
  } else if (!(groups.df_within() > 0.0)) {
    warnings.emplace_back("every group has one value only, so their variance is unknown");
  } else if (!(groups.within > 0.0)) {
    warnings.emplace_back("the values do not vary within groups: there is no test");
  } else {
    return true;
  }
  return false;
}

// Every group has a variance, and it is not zero.
bool each_varies(const Groups& groups, std::vector<std::string>& warnings) {
  if (groups.least < 2.0) {
    warnings.emplace_back("a group has one value only, so its variance is unknown");
    return false;
  }
  for (const Group& group : groups.groups) {
    if (group.variance > 0.0) continue;
    warnings.emplace_back("the values of a group do not vary, so it cannot be weighted");
    return false;
  }
  return true;
}

AnovaTest start(const detail::GroupedSample& sample, const char* method, const char* se_type,
                const std::string& term) {
  AnovaTest test;
  test.row.term = term;
  test.row.method = method;
  test.row.se_type = se_type;
  test.row.n = sample.n();
  return test;
}

void decompose(AnovaTest& test, const Groups& groups) {
  const double variance = groups.within / groups.df_within();
  const double total = groups.between + groups.within;
  test.sum_between = groups.between;
  test.sum_within = groups.within;
  test.eta_squared = groups.between / total;
  test.omega_squared = (groups.between - (groups.count() - 1.0) * variance) / (total + variance);
  test.epsilon_squared = (groups.between - (groups.count() - 1.0) * variance) / total;
  test.row.estimate = test.eta_squared;
}

// F = (between / (k - 1)) / (within / (n - k)).
AnovaTest classical(const detail::GroupedSample& sample, AnovaTest test) {
  const Groups groups = summarise(sample);
  if (!usable(sample, groups, test.row.warnings)) return test;
  decompose(test, groups);
  test.row.df = groups.count() - 1.0;
  test.df_within = groups.df_within();
  test.row.statistic = groups.between / test.row.df / (groups.within / test.df_within);
  test.row.p_value = f_upper(test.row.statistic, test.row.df, test.df_within);
  return test;
}

}  // namespace

AnovaTest one_way_anova(std::span<const double> values, std::span<const std::int32_t> group,
                        const std::string& term, double conf_level) {
  check_conf_level(conf_level);
  const detail::GroupedSample sample = detail::grouped_sample(values, group);
  AnovaTest test = classical(sample, start(sample, "anova", "classical", term));
  Estimate& row = test.row;
  const auto limits = noncentral_f_limits(row.statistic, row.df, test.df_within, conf_level);
  const auto n = static_cast<double>(row.n);
  row.conf_low = limits.low / (limits.low + n);
  row.conf_high = limits.high / (limits.high + n);
  warn_point(limits, row.warnings);
  return test;
}

// With w_j = n_j / s_j^2, W their sum, m = sum w_j mean_j / W and
// l = sum (1 - w_j / W)^2 / (n_j - 1) / (k^2 - 1):
//   F = sum w_j (mean_j - m)^2 / ((k - 1) (1 + 2 (k - 2) l)), df = k - 1 and 1 / (3 l).
AnovaTest welch_anova(std::span<const double> values, std::span<const std::int32_t> group,
                      const std::string& term) {
  const detail::GroupedSample sample = detail::grouped_sample(values, group);
  AnovaTest test = start(sample, "anova_welch", "welch", term);
  const Groups groups = summarise(sample);
  if (!usable(sample, groups, test.row.warnings)) return test;
  decompose(test, groups);
  if (!each_varies(groups, test.row.warnings)) return test;
  ExactSum weights, weighted;
  for (const Group& one : groups.groups) {
    weights.add(one.n / one.variance);
    weighted.add(one.n / one.variance * one.from_all);
  }
  const double total = weights.round();
  const double mean = weighted.round() / total;
  const double k = groups.count();
  ExactSum squares, lambda;
  for (const Group& one : groups.groups) {
    const double weight = one.n / one.variance;
    const double distance = one.from_all - mean;
    const double rest = 1.0 - weight / total;
    squares.add(weight * (distance * distance));
    lambda.add(rest * rest / (one.n - 1.0));
  }
  const double l = lambda.round() / (k * k - 1.0);
  test.row.df = k - 1.0;
  test.df_within = 1.0 / (3.0 * l);
  test.row.statistic = squares.round() / ((k - 1.0) * (1.0 + 2.0 * (k - 2.0) * l));
  test.row.p_value = f_upper(test.row.statistic, test.row.df, test.df_within);
  return test;
}

AnovaTest levene_test(std::span<const double> values, std::span<const std::int32_t> group,
                      Centre centre, const std::string& term) {
  detail::GroupedSample sample = detail::grouped_sample(values, group);
  AnovaTest test = start(sample, "levene", centre == Centre::kMedian ? "median" : "mean", term);
  for (detail::Sample& one : sample.groups) {
    if (one.values.empty() || sample.infinite > 0) continue;
    const std::size_t n = one.values.size();
    const double low = one.values[(n - 1) / 2];
    const double origin = centre == Centre::kMean ? low + detail::mean_about(one.values, low)
                                                  : low + 0.5 * (one.values[n / 2] - low);
    for (double& value : one.values) value = std::abs(value - origin);
    std::sort(one.values.begin(), one.values.end());
  }
  return classical(sample, std::move(test));
}

namespace {

// estimate -+ q / sqrt(2) se, P(Q > q) = 1 - conf_level; p = P(Q > sqrt(2) |estimate| / se).
Estimate compare(const Groups& groups, const Group& a, const Group& b, double std_error, double df,
                 double critical, const char* method, const PostHocSpec& spec) {
  Estimate row;
  row.term = detail::pair_name(spec.names, b.code, a.code);
  row.method = method;
  row.n = static_cast<std::int64_t>(a.n + b.n);
  row.estimate = b.from_all - a.from_all;
  row.std_error = std_error;
  row.df = df;
  row.statistic = row.estimate / std_error;
  row.p_value =
      studentized_range_upper(std::sqrt(2.0) * std::abs(row.statistic), groups.count(), df);
  const double margin = critical / std::sqrt(2.0) * std_error;
  row.conf_low = row.estimate - margin;
  row.conf_high = row.estimate + margin;
  return row;
}

template <class Pair>
PairwiseTests all_pairs(std::span<const double> values, std::span<const std::int32_t> group,
                        const PostHocSpec& spec, bool own_variances, Pair&& pair) {
  check_conf_level(spec.conf_level);
  PairwiseTests result;
  const detail::GroupedSample sample = detail::grouped_sample(values, group);
  detail::require_names(spec.names, sample.groups.size());
  const Groups groups = summarise(sample);
  if (!usable(sample, groups, result.warnings)) return result;
  if (own_variances && !each_varies(groups, result.warnings)) return result;
  for (std::size_t a = 0; a < groups.groups.size(); ++a) {
    for (std::size_t b = a + 1; b < groups.groups.size(); ++b) {
      result.rows.push_back(pair(groups, groups.groups[a], groups.groups[b]));
      result.p_adjusted.push_back(result.rows.back().p_value);
    }
  }
  return result;
}

}  // namespace

PairwiseTests tukey_hsd(std::span<const double> values, std::span<const std::int32_t> group,
                        const PostHocSpec& spec) {
  double critical = 0.0;
  return all_pairs(
      values, group, spec, false, [&](const Groups& groups, const Group& a, const Group& b) {
        const double df = groups.df_within();
        if (critical == 0.0) {
          critical = studentized_range_upper_quantile(1.0 - spec.conf_level, groups.count(), df);
        }
        const double se = std::sqrt(groups.within / df * (1.0 / a.n + 1.0 / b.n));
        Estimate row = compare(groups, a, b, se, df, critical, "tukey_hsd", spec);
        row.se_type = "pooled";
        return row;
      });
}

PairwiseTests games_howell(std::span<const double> values, std::span<const std::int32_t> group,
                           const PostHocSpec& spec) {
  return all_pairs(
      values, group, spec, true, [&](const Groups& groups, const Group& a, const Group& b) {
        const double va = a.variance / a.n, vb = b.variance / b.n;
        const double share = va / (va + vb);
        const double df =
            1.0 / (share * share / (a.n - 1.0) + (1.0 - share) * (1.0 - share) / (b.n - 1.0));
        const double critical =
            studentized_range_upper_quantile(1.0 - spec.conf_level, groups.count(), df);
        Estimate row =
            compare(groups, a, b, std::sqrt(va + vb), df, critical, "games_howell", spec);
        row.se_type = "welch";
        return row;
      });
}

}  // namespace impact
