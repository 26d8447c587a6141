#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "engine/stats/distribution.h"
#include "engine/stats/rank_tests.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

struct GroupRanks {
  std::vector<std::size_t> codes = {};  // of the groups that have rows
  std::vector<double> sum = {};         // of their ranks; multiples of a half: exact
  std::vector<double> size = {};
  double n = 0.0;
  double ties = 0.0;
};

GroupRanks rank_groups(const detail::GroupedSample& sample) {
  std::vector<std::pair<double, std::size_t>> pooled;
  GroupRanks result;
  for (std::size_t code = 0; code < sample.groups.size(); ++code) {
    const auto& values = sample.groups[code].values;
    if (values.empty()) continue;
    for (const double value : values) pooled.emplace_back(value, result.codes.size());
    result.codes.push_back(code);
    result.size.push_back(static_cast<double>(values.size()));
  }
  std::sort(pooled.begin(), pooled.end());
  std::vector<double> values;
  values.reserve(pooled.size());
  for (const auto& [value, group] : pooled) values.push_back(value);
  const detail::Ranks ranks = detail::midranks(values);
  result.sum.assign(result.codes.size(), 0.0);
  for (std::size_t i = 0; i < pooled.size(); ++i) result.sum[pooled[i].second] += ranks.rank[i];
  result.n = static_cast<double>(pooled.size());
  result.ties = ranks.tie_sum;
  return result;
}

// False, with a sentence, where ranks of groups cannot differ.
bool usable(const GroupRanks& groups, std::vector<std::string>& warnings) {
  if (groups.codes.size() < 2) {
    warnings.emplace_back(groups.codes.empty() ? "there is no value" : "there is one group only");
    return false;
  }
  const double n = groups.n;
  if (groups.ties < n * n * n - n) return true;
  warnings.emplace_back("all values are equal, so ranks tell nothing");
  return false;
}

}  // namespace

// H = 12 / (n (n + 1)) sum n_j (mean rank_j - (n + 1) / 2)^2 / (1 - sum(t^3 - t) / (n^3 - n)).
Estimate kruskal_wallis(std::span<const double> values, std::span<const std::int32_t> group,
                        const std::string& term) {
  Estimate row;
  row.term = term;
  row.method = "kruskal_wallis";
  row.se_type = "limit";
  const detail::GroupedSample sample = detail::grouped_sample(values, group);
  detail::warn_missing(row.warnings, sample.missing);
  row.n = sample.n();
  const GroupRanks ranks = rank_groups(sample);
  if (!usable(ranks, row.warnings)) return row;
  const double n = ranks.n;
  double between = 0.0;
  for (std::size_t j = 0; j < ranks.codes.size(); ++j) {
    const double distance = ranks.sum[j] / ranks.size[j] - 0.5 * (n + 1.0);
    between += ranks.size[j] * (distance * distance);
  }
  row.statistic = 12.0 / (n * (n + 1.0)) * between / (1.0 - ranks.ties / (n * n * n - n));
  row.df = static_cast<double>(ranks.codes.size()) - 1.0;
  row.p_value = chi2_upper(row.statistic, row.df);
  row.estimate = row.statistic / (n - 1.0);
  return row;
}

PairwiseTests dunn_test(std::span<const double> values, std::span<const std::int32_t> group,
                        const DunnSpec& spec) {
  PairwiseTests result;
  const detail::GroupedSample sample = detail::grouped_sample(values, group);
  detail::require_names(spec.names, sample.groups.size());
  detail::warn_missing(result.warnings, sample.missing);
  const GroupRanks ranks = rank_groups(sample);
  if (!usable(ranks, result.warnings)) return result;
  const double n = ranks.n;
  const double variance = n * (n + 1.0) / 12.0 - ranks.ties / (12.0 * (n - 1.0));
  std::vector<double> p;
  for (std::size_t a = 0; a < ranks.codes.size(); ++a) {
    for (std::size_t b = a + 1; b < ranks.codes.size(); ++b) {
      Estimate row;
      row.term = detail::pair_name(spec.names, ranks.codes[b], ranks.codes[a]);
      row.method = "dunn";
      row.se_type = "limit";
      row.n = static_cast<std::int64_t>(ranks.size[a] + ranks.size[b]);
      row.estimate = ranks.sum[b] / ranks.size[b] - ranks.sum[a] / ranks.size[a];
      row.std_error = std::sqrt(variance * (1.0 / ranks.size[a] + 1.0 / ranks.size[b]));
      row.df = std::numeric_limits<double>::infinity();
      row.statistic = row.estimate / row.std_error;
      row.p_value = t_two_sided(row.statistic, row.df);
      p.push_back(row.p_value);
      result.rows.push_back(std::move(row));
    }
  }
  result.p_adjusted = adjust_p_values(p, spec.adjust);
  return result;
}

}  // namespace impact
