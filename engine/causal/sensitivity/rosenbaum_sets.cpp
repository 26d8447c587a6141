#include <algorithm>
#include <cmath>
#include <map>
#include <fmt/format.h>

#include "engine/causal/sensitivity/rosenbaum.h"
#include "engine/causal/sensitivity/rosenbaum_curve.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/distribution.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

struct MatchedSet {
  std::vector<double> outcome = {};  ///< Increasing; then scores in that order.
  std::size_t single = 0;            ///< Place of the one unit of its arm.
  bool control_single = false;       ///< That unit is the control.
};

std::vector<MatchedSet> matched_sets(std::span<const double> outcome,
                                     std::span<const std::int32_t> arm,
                                     std::span<const std::int32_t> set,
                                     std::vector<std::string>& warnings) {
  std::map<std::int32_t, std::vector<std::pair<double, std::int32_t>>> rows;
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    if (set[i] < 0 || (arm[i] != 0 && arm[i] != 1)) continue;
    if (std::isnan(outcome[i])) {
      ++missing;
    } else if (std::isinf(outcome[i])) {
      ++infinite;
    } else {
      rows[set[i]].emplace_back(outcome[i] + 0.0, arm[i]);
    }
  }
  detail::warn_missing(warnings, missing);
  detail::warn_infinite(warnings, infinite);
  std::vector<MatchedSet> sets;
  std::int64_t lone = 0;
  for (auto& [code, units] : rows) {
    std::ranges::sort(units);
    const auto treated = std::ranges::count(units, 1, &std::pair<double, std::int32_t>::second);
    const auto control = std::ssize(units) - treated;
    if (treated == 0 || control == 0) {
      ++lone;
      continue;
    }
    if (treated > 1 && control > 1) {
      throw ArgumentError({.what = "a matched set has several treated units and several controls",
                           .where = fmt::format("set {}", code),
                           .got = fmt::format("{} treated, {} controls", treated, control),
                           .expected = "one unit of one of the arms",
                           .hint = "match again, with one treated unit or one control a set"});
    }
    MatchedSet one;
    one.control_single = treated > 1;
    const std::int32_t arm_of_single = one.control_single ? 0 : 1;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (units[i].second == arm_of_single) one.single = i;
      one.outcome.push_back(units[i].first);
    }
    sets.push_back(std::move(one));
  }
  if (lone > 0) {
    warnings.push_back(fmt::format("{} left out: units of one arm only",
                                   detail::plural(lone, "set was", "sets were")));
  }
  // Sets in an order of their own, so that numbering them otherwise changes no bit.
  std::ranges::sort(sets, [](const MatchedSet& a, const MatchedSet& b) {
    return std::tie(a.outcome, a.single, a.control_single) <
           std::tie(b.outcome, b.single, b.control_single);
  });
  return sets;
}

void align_ranks(std::vector<MatchedSet>& sets) {
  std::vector<double> all;
  for (MatchedSet& set : sets) {
    const double mean = detail::mean_about(set.outcome, 0.0);
    for (double& value : set.outcome) {
      value -= mean;
      all.push_back(value);
    }
  }
  std::ranges::sort(all);
  const std::vector<double> rank = detail::midranks(all).rank;
  for (MatchedSet& set : sets) {
    for (double& value : set.outcome) {
      const auto at = std::ranges::lower_bound(all, value) - all.begin();
      value = rank[static_cast<std::size_t>(at)];
    }
  }
}

// False where more than the quantile's share of the differences is zero.
bool huber(std::vector<MatchedSet>& sets, const MatchedSetScores& scores) {
  std::vector<double> sizes;
  for (const MatchedSet& set : sets) {
    for (std::size_t i = 0; i < set.outcome.size(); ++i) {
      for (std::size_t j = 0; j < set.outcome.size(); ++j) {
        if (i != j) sizes.push_back(std::abs(set.outcome[i] - set.outcome[j]));
      }
    }
  }
  const double h = sample_quantile(sizes, scores.quantile).value;
  if (!(h > 0.0)) return false;
  const auto psi = [&](double difference) {
    const double over = std::fmax(0.0, std::abs(difference) / h - scores.inner);
    const double size =
        std::isinf(scores.trim) ? over : std::fmin(1.0, over / (scores.trim - scores.inner));
    return std::copysign(size, difference);
  };
  for (MatchedSet& set : sets) {
    std::vector<double> sums;
    for (const double a : set.outcome) {
      double sum = 0.0;
      for (const double b : set.outcome) sum += psi(a - b);
      sums.push_back(sum / static_cast<double>(set.outcome.size()));
    }
    set.outcome = std::move(sums);
  }
  return true;
}

// In a set of J units with scores q increasing, exactly one is the single one; with u = 1 for the k
// largest, unit i is it with probability gamma^u_i / (J - k + k gamma):
//   mean_k = (sum of the others + gamma sum of the k largest) / (J - k + k gamma)
// and variance likewise. The k of the largest mean, of these that of the largest variance.
struct SetMoments {
  double mean, variance;
};

SetMoments worst(std::span<const double> q, double gamma, bool largest_moment, bool largest) {
  SetMoments best = {-std::numeric_limits<double>::infinity(), 0.0};
  const std::size_t size = q.size();
  double moment = largest ? 0.0 : std::numeric_limits<double>::infinity();
  for (std::size_t k = 1; k < size; ++k) {
    const double weight = static_cast<double>(size - k) + static_cast<double>(k) * gamma;
    double mean = 0.0;
    for (std::size_t i = 0; i < size; ++i) mean += (i + k >= size ? gamma : 1.0) * q[i];
    mean /= weight;
    double variance = 0.0;
    double square = 0.0;
    for (std::size_t i = 0; i < size; ++i) {
      const double share = (i + k >= size ? gamma : 1.0) / weight;
      variance += share * (q[i] - mean) * (q[i] - mean);
      square += share * q[i] * q[i];
    }
    moment = largest ? std::fmax(moment, square) : std::fmin(moment, square);
    // Means that are equal but for rounding are ties.
    const double slack = 1e-12 * std::fmax(std::abs(q.front()), std::abs(q.back()));
    if (mean > best.mean + slack || (mean > best.mean - slack && variance > best.variance)) {
      best = {std::fmax(mean, best.mean), variance};
    }
  }
  if (largest_moment) best.variance = moment - best.mean * best.mean;
  return best;
}

}  // namespace

RosenbaumBounds matched_set_bounds(std::span<const double> outcome,
                                   std::span<const std::int32_t> arm,
                                   std::span<const std::int32_t> set, const RosenbaumSpec& spec,
                                   const MatchedSetScores& scores) {
  detail::check_rosenbaum(spec);
  require_length("arm", arm.size(), outcome.size());
  require_length("set", set.size(), outcome.size());
  if (!(scores.inner >= 0.0) || !(scores.trim > scores.inner) || std::isinf(scores.inner)) {
    throw ArgumentError({.what = "differences count from 'inner' to 'trim'",
                         .where = "inner",
                         .got = fmt::format("inner {}, trim {}", format_double(scores.inner),
                                            format_double(scores.trim)),
                         .expected = "0 <= inner < trim"});
  }
  if (!(scores.quantile > 0.0 && scores.quantile < 1.0)) {
    throw ArgumentError({.what = "the scale is a quantile inside (0, 1)",
                         .where = "quantile",
                         .got = format_double(scores.quantile)});
  }
  RosenbaumBounds result;
  result.method = "matched_sets";
  result.p_type = "limit";
  std::vector<MatchedSet> sets = matched_sets(outcome, arm, set, result.warnings);
  result.n = std::ssize(sets);
  if (spec.p_value == PValue::kExact) {
    result.warnings.emplace_back("no exact p-value for matched sets: the normal limit is used");
  }
  if (sets.empty()) {
    detail::undefined_bounds(result, spec, "no set with both arms: nothing to test");
    return result;
  }
  if (scores.kind == SetScores::kAlignedRanks) {
    align_ranks(sets);
  } else if (!huber(sets, scores)) {
    detail::undefined_bounds(
        result, spec, "the quantile of differences within sets is zero: choose a larger one");
    return result;
  }
  // Of a set with one control the statistic is the sum of all less the control's score.
  double statistic = 0.0;
  bool varies = false;
  for (MatchedSet& one : sets) {
    varies = varies || one.outcome.front() != one.outcome.back();
    if (one.control_single) {
      for (double& score : one.outcome) {
        statistic += score;
        score = -score;
      }
      std::ranges::reverse(one.outcome);
      one.single = one.outcome.size() - 1 - one.single;
    }
    statistic += one.outcome[one.single];
  }
  if (!varies) {
    detail::undefined_bounds(result, spec, "no outcomes differ within sets: nothing to test");
    return result;
  }
  result.statistic = statistic;
  std::vector<std::vector<double>> mirrored;
  for (const MatchedSet& one : sets) {
    std::vector<double> scores_of(one.outcome.rbegin(), one.outcome.rend());
    for (double& score : scores_of) score = -score;
    mirrored.push_back(std::move(scores_of));
  }
  const bool separate = scores.variance == SetVariance::kSeparateMaximum;
  const auto deviate = [&](double gamma, bool mirror) {
    double excess = 0.0;
    double variance = 0.0;
    for (std::size_t s = 0; s < sets.size(); ++s) {
      const double own = sets[s].outcome[sets[s].single];
      const SetMoments moments = worst(mirror ? mirrored[s] : sets[s].outcome, gamma, separate,
                                       mirror == (spec.alternative == Alternative::kLess));
      excess += (mirror ? -own : own) - moments.mean;
      variance += moments.variance;
    }
    return excess / std::sqrt(variance);
  };
  detail::complete_bounds(
      result, spec,
      [&](double gamma) -> detail::TailBounds {
        return {normal_cdf(deviate(gamma, true)), normal_upper(deviate(gamma, false))};
      },
      [&](double gamma) -> detail::TailBounds {
        return {normal_cdf(deviate(gamma, false)), normal_upper(deviate(gamma, true))};
      });
  return result;
}

}  // namespace impact
