#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/explain/residual_diagnostics.h"
#include "engine/learn/left_out.h"
#include "engine/stats/distribution.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kFewExpected = 5.0;

void check(const ScoredLabels& data, const BinaryResidualSpec& spec) {
  if (!data.weights.empty()) {
    throw ArgumentError({.what = "residuals of classes take no weights",
                         .where = "weights",
                         .expected = "none: the statistics count rows"});
  }
  if (spec.groups < 3) {
    throw ArgumentError({.what = "the test of Hosmer and Lemeshow needs three groups at least",
                         .where = "groups",
                         .got = std::to_string(spec.groups),
                         .expected = "3 or more, for example 10"});
  }
  if (spec.bins >= 0) return;
  throw ArgumentError({.what = "the number of bins is negative",
                       .where = "bins",
                       .got = std::to_string(spec.bins),
                       .expected = "0 for a number that suits the rows, or more"});
}

// Place of the interval (ends[k], ends[k + 1]] that holds p; the first holds its lower end too.
std::size_t interval_of(const std::vector<double>& ends, double p) {
  const auto at = std::lower_bound(ends.begin() + 1, ends.end() - 1, p);
  return static_cast<std::size_t>(at - ends.begin()) - 1;
}

// Ends half way between the rows where the bins meet, each once.
std::vector<double> bin_ends(const std::vector<double>& sorted, int wanted) {
  const std::size_t n = sorted.size();
  std::size_t bins = static_cast<std::size_t>(wanted);
  if (wanted == 0) {
    bins = n >= 100 ? static_cast<std::size_t>(std::sqrt(static_cast<double>(n)))
           : n > 10 ? 10
                    : std::max<std::size_t>(1, n / 2);
  }
  bins = std::min(bins, n);
  std::vector<double> ends = {-kInfinity};
  for (std::size_t k = 1; k < bins; ++k) {
    const std::size_t at = n * k / bins;
    const double end = 0.5 * (sorted[at - 1] + sorted[at]);
    if (end > ends.back()) ends.push_back(end);
  }
  ends.push_back(kInfinity);
  return ends;
}

std::vector<double> group_ends(const std::vector<double>& sorted, int groups) {
  std::vector<double> ends = {sorted.front()};
  for (int k = 1; k <= groups; ++k) {
    const double at = static_cast<double>(k) / groups * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    double end = sorted.back();
    if (below + 1 < sorted.size()) {
      end = sorted[below] + (at - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
    }
    if (end > ends.back()) ends.push_back(end);
  }
  if (ends.size() == 1) ends.push_back(ends.front());
  return ends;
}

void hosmer_lemeshow(BinaryResiduals& result, const std::vector<double>& sorted,
                     const std::vector<std::int32_t>& label, const BinaryResidualSpec& spec) {
  const auto ends = group_ends(sorted, spec.groups);
  std::vector<ProbabilityGroup> groups(ends.size() - 1);
  for (std::size_t k = 0; k < groups.size(); ++k) {
    groups[k].low = ends[k];
    groups[k].high = ends[k + 1];
  }
  for (std::size_t i = 0; i < label.size(); ++i) {
    ProbabilityGroup& group = groups[interval_of(ends, result.probability[i])];
    group.observed += label[i];
    group.expected += result.probability[i];
    ++group.n;
  }
  std::erase_if(groups, [](const ProbabilityGroup& group) { return group.n == 0; });
  Estimate& row = result.hosmer_lemeshow;
  row.term = "groups";
  row.method = "hosmer_lemeshow";
  row.n = static_cast<std::int64_t>(label.size());
  double statistic = 0.0;
  bool few = false;
  for (const ProbabilityGroup& group : groups) {
    const auto n = static_cast<double>(group.n);
    const double variance = group.expected * (1.0 - group.expected / n);
    const double miss = group.observed - group.expected;
    // A group that is said to be sure: nothing when it is, else impossible.
    statistic += variance > 0.0 ? miss * miss / variance : miss == 0.0 ? 0.0 : kInfinity;
    few = few || group.expected < kFewExpected || n - group.expected < kFewExpected;
  }
  const auto size = static_cast<double>(groups.size());
  result.groups = std::move(groups);
  if (result.groups.size() < 3) {
    row.warnings.emplace_back("the probabilities make less than three groups: no test");
    return;
  }
  row.statistic = statistic;
  row.df = spec.held_out ? size : size - 2.0;
  row.estimate = statistic / row.df;
  row.p_value = std::isinf(statistic) ? 0.0 : chi2_upper(statistic, row.df);
  if (few) {
    row.warnings.emplace_back(
        "some groups expect fewer than 5 rows of a class: the p-value is rough");
  }
}

void bin_residuals(BinaryResiduals& result, const std::vector<double>& sorted,
                   const std::vector<std::int32_t>& label, int wanted) {
  const auto ends = bin_ends(sorted, wanted);
  std::vector<BinnedResidual> bins(ends.size() - 1);
  std::vector<double> squares(bins.size());
  std::vector<std::size_t> bin_of;
  for (std::size_t i = 0; i < label.size(); ++i) {
    bin_of.push_back(interval_of(ends, result.probability[i]));
    BinnedResidual& bin = bins[bin_of.back()];
    bin.probability += result.probability[i];
    bin.residual += static_cast<double>(label[i]) - result.probability[i];
    ++bin.n;
  }
  for (BinnedResidual& bin : bins) {
    bin.probability /= static_cast<double>(bin.n);
    bin.residual /= static_cast<double>(bin.n);
  }
  for (std::size_t i = 0; i < label.size(); ++i) {
    const double d =
        static_cast<double>(label[i]) - result.probability[i] - bins[bin_of[i]].residual;
    squares[bin_of[i]] += d * d;
  }
  for (std::size_t k = 0; k < bins.size(); ++k) {
    const auto n = static_cast<double>(bins[k].n);
    if (bins[k].n > 1) bins[k].bound = 2.0 * std::sqrt(squares[k] / (n - 1.0) / n);
    if (bins[k].n > 0) result.bins.push_back(bins[k]);
  }
}

}  // namespace

BinaryResiduals binary_residuals(const ScoredLabels& data, const BinaryResidualSpec& spec) {
  check(data, spec);
  const detail::UsedRows used = detail::used_rows(data);
  BinaryResiduals result;
  detail::warn_unjudged(result.warnings, used.missing, used.unpredicted);
  std::vector<std::int32_t> label;
  bool sure = false;
  for (const std::uint32_t row : used.rows) {
    const double p = data.score[row];
    if (!(p >= 0.0 && p <= 1.0)) {
      throw ArgumentError({.what = "a probability lies between 0 and 1",
                           .where = "row " + std::to_string(row + 1),
                           .got = format_double(p),
                           .expected = "0 to 1"});
    }
    const bool positive = data.label[row] == 1;
    const double miss = (positive ? 1.0 : 0.0) - p;
    const double surprise = positive ? -std::log(p) : -std::log1p(-p);
    result.rows.push_back(row);
    result.probability.push_back(p);
    result.pearson.push_back(miss == 0.0 ? 0.0 : miss / std::sqrt(p * (1.0 - p)));
    result.deviance.push_back(std::copysign(std::sqrt(2.0 * std::max(0.0, surprise)), miss));
    label.push_back(data.label[row]);
    sure = sure || std::isinf(surprise);
  }
  if (label.empty()) {
    result.warnings.emplace_back("there is no row");
    return result;
  }
  if (sure) result.warnings.emplace_back("a class that was said to be impossible has occurred");
  std::vector<double> sorted = result.probability;
  std::sort(sorted.begin(), sorted.end());
  bin_residuals(result, sorted, label, spec.bins);
  hosmer_lemeshow(result, sorted, label, spec);
  return result;
}

}  // namespace impact
