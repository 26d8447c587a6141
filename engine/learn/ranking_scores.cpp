#include "engine/learn/ranking_scores.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/core/exact_sum.h"
#include "engine/core/rng.h"
#include "engine/learn/pick.h"
#include "engine/learn/roc.h"
#include "engine/learn/row_means.h"
#include "engine/stats/inference.h"

namespace impact {
namespace {

using detail::RankedScores;
using detail::RowMeans;
using detail::ScoreGroup;

Estimate start(const char* name, const RankedScores& ranked, double conf_level) {
  check_conf_level(conf_level);
  Estimate row;
  row.term = name;
  row.method = name;
  row.n = ranked.n();
  detail::warn_scores(row.warnings, ranked);
  return row;
}

// Weights of the rows that count, in their order by score.
RowMeans means_of(const ScoredLabels& data, const RankedScores& ranked) {
  return {ranked.rows.size(), detail::pick(data.weights, ranked.rows)};
}

// body(group, first, last) with the places of the group's rows.
template <class Body>
void each_group(const RankedScores& ranked, Body&& body) {
  std::size_t begin = 0;
  for (const ScoreGroup& g : ranked.groups) {
    const auto end = begin + static_cast<std::size_t>(g.positive_rows + g.negative_rows);
    body(g, begin, end);
    begin = end;
  }
}

// Chance that sqrt(m n / (m + n)) D exceeds s; the series alternates, so it ends with its first
// term that no longer counts. Below 0.04 it is 1 to double precision.
double smirnov_upper(double s) {
  if (s < 0.04) return 1.0;
  double sum = 0.0;
  for (int j = 1; j < 1000; ++j) {
    const double term = std::exp(-2.0 * j * j * s * s);
    sum += j % 2 == 1 ? term : -term;
    if (term < 1e-18) break;
  }
  return std::clamp(2.0 * sum, 0.0, 1.0);
}

}  // namespace

std::vector<double> detail::auc_influence(const RankedScores& ranked,
                                          std::span<const std::int32_t> label, double auc) {
  const double q = ranked.positives / (ranked.positives + ranked.negatives);
  std::vector<double> influence(ranked.rows.size());
  each_group(ranked, [&](const ScoreGroup& g, std::size_t begin, std::size_t end) {
    const double below = (ranked.negatives - g.negatives_to + 0.5 * g.negatives) / ranked.negatives;
    const double above = (g.positives_to - 0.5 * g.positives) / ranked.positives;
    for (std::size_t i = begin; i < end; ++i) {
      influence[i] = label[ranked.rows[i]] == 1 ? (below - auc) / q : (above - auc) / (1.0 - q);
    }
  });
  return influence;
}

KolmogorovSmirnov ks_statistic(const ScoredLabels& data, double conf_level) {
  const RankedScores ranked = detail::rank_scores(data);
  KolmogorovSmirnov result{.row = start("ks", ranked, conf_level)};
  Estimate& row = result.row;
  row.method = "kolmogorov_smirnov";
  if (!ranked.both_classes()) return result;
  row.estimate = -1.0;
  ExactSum squares[2];
  for (const ScoreGroup& g : ranked.groups) {
    const double distance =
        std::abs(g.positives_to / ranked.positives - g.negatives_to / ranked.negatives);
    squares[1].add(g.positive_squares);
    squares[0].add(g.negative_squares);
    if (distance > row.estimate) {
      row.estimate = distance;
      result.threshold = g.score;
    }
  }
  const double m = ranked.positives * ranked.positives / squares[1].round();
  const double n = ranked.negatives * ranked.negatives / squares[0].round();
  row.statistic = row.estimate * std::sqrt(m * n / (m + n));
  row.p_value = smirnov_upper(row.statistic);
  return result;
}

Estimate average_precision(const ScoredLabels& data, double conf_level) {
  const RankedScores ranked = detail::rank_scores(data);
  Estimate row = start("average_precision", ranked, conf_level);
  if (ranked.positive_rows == 0) return row;
  const RowMeans means = means_of(data, ranked);
  const double total = ranked.positives + ranked.negatives;
  const double q = ranked.positives / total;
  row.null_value = q;
  row.se_type = "delta";
  ExactSum area;
  for (const ScoreGroup& g : ranked.groups) {
    area.add(g.positives * (g.positives_to / (g.positives_to + g.negatives_to)));
  }
  const double ap = area.round() / ranked.positives;
  // The means over lower scores, from the lowest up.
  std::vector<double> density(ranked.groups.size()), precision(ranked.groups.size());
  ExactSum of_density, of_precision;
  for (std::size_t k = ranked.groups.size(); k-- > 0;) {
    const ScoreGroup& g = ranked.groups[k];
    const double called = g.positives_to + g.negatives_to;
    of_density.add(g.positives / called);
    of_precision.add(g.positives / called * (g.positives_to / called));
    density[k] = of_density.round();
    precision[k] = of_precision.round();
  }
  std::vector<double> influence(ranked.rows.size());
  std::size_t k = 0;
  each_group(ranked, [&](const ScoreGroup& g, std::size_t begin, std::size_t end) {
    const double here = g.positives_to / (g.positives_to + g.negatives_to);
    for (std::size_t i = begin; i < end; ++i) {
      const bool positive = data.label[ranked.rows[i]] == 1;
      influence[i] = ((positive ? here - ap + density[k] : 0.0) - precision[k]) / q;
    }
    ++k;
  });
  const double se = means.std_error(influence);
  detail::set_score(row, ap, se, conf_level, {.least = 0.0, .most = 1.0});
  if (ap == 1.0) {
    row.warnings.emplace_back(
        "the scores separate the classes completely: the variance cannot be estimated");
    row.std_error = row.conf_low = row.conf_high = std::numeric_limits<double>::quiet_NaN();
  } else if (!std::isnan(se)) {
    const double half = normal_quantile(0.5 + 0.5 * conf_level) * se / (ap * (1.0 - ap));
    const double centre = std::log(ap / (1.0 - ap));
    row.conf_low = 1.0 / (1.0 + std::exp(half - centre));
    row.conf_high = 1.0 / (1.0 + std::exp(-half - centre));
  }
  return row;
}

// d(q / 2 + (1 - q) A) = (1 - q) dA + (1/2 - A) dq, and row i adds y_i - q to q.
Estimate area_under_gain(const ScoredLabels& data, double conf_level) {
  const RankedScores ranked = detail::rank_scores(data);
  Estimate row = start("area_under_gain", ranked, conf_level);
  row.null_value = 0.5;
  if (!ranked.both_classes()) return row;
  const double area = roc_curve(data).auc;
  const double q = ranked.positives / (ranked.positives + ranked.negatives);
  std::vector<double> influence = detail::auc_influence(ranked, data.label, area);
  for (std::size_t i = 0; i < influence.size(); ++i) {
    const double y = data.label[ranked.rows[i]];
    influence[i] = (1.0 - q) * influence[i] + (0.5 - area) * (y - q);
  }
  row.se_type = "delta";
  detail::set_score(row, 0.5 * q + (1.0 - q) * area, means_of(data, ranked).std_error(influence),
                    conf_level, {.least = 0.0, .most = 1.0});
  return row;
}

}  // namespace impact
