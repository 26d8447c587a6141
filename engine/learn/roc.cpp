#include "engine/learn/roc.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/rng.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

using detail::RankedScores;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Exactly zero where a b == c d, for counts of any size: the rounding error of c d is added back.
double cross(double a, double b, double c, double d) {
  const double product = c * d;
  const double error = std::fma(-c, d, product);
  return std::fma(a, b, -product) + error;
}

// sum over groups of negatives (positives above + positives here / 2), over all pairs. Complete
// separation gives 0 or 1 without a rounding error, which would pass for a variance.
double area(const RankedScores& ranked) {
  ExactSum pairs;
  bool none = true;
  bool all = true;
  for (const auto& g : ranked.groups) {
    if (g.negative_rows == 0) continue;
    const double above = g.positives_to - 0.5 * g.positives;
    none = none && above == 0.0;
    all = all && above == ranked.positives;
    pairs.add(g.negatives * above);
  }
  if (none || all) return all ? 1.0 : 0.0;
  return pairs.round() / (ranked.positives * ranked.negatives);
}

struct Area {
  double value = kNaN;
  double variance = kNaN;
};

// V of a row: the share of the other class on the side that makes the row right, ties half.
double place_of_positive(const RankedScores& ranked, const detail::ScoreGroup& g) {
  return (ranked.negatives - g.negatives_to + 0.5 * g.negatives) / ranked.negatives;
}

double place_of_negative(const RankedScores& ranked, const detail::ScoreGroup& g) {
  return (g.positives_to - 0.5 * g.positives) / ranked.positives;
}

// d_i += sign V_i for the rows that count.
void add_placements(const RankedScores& ranked, std::span<const std::int32_t> label, double sign,
                    std::vector<double>& d) {
  std::size_t i = 0;
  for (const auto& g : ranked.groups) {
    const double of[2] = {place_of_negative(ranked, g), place_of_positive(ranked, g)};
    const auto end = i + static_cast<std::size_t>(g.positive_rows + g.negative_rows);
    for (; i < end; ++i) d[ranked.rows[i]] += sign * of[label[ranked.rows[i]]];
  }
}

// Rows with one score and class share their V, so the sums run over the distinct scores.
Area delong(const RankedScores& ranked) {
  if (!ranked.both_classes()) return {};
  const double a = area(ranked);
  if (ranked.positive_rows < 2 || ranked.negative_rows < 2) return {.value = a};
  ExactSum of_positives;
  ExactSum of_negatives;
  for (const auto& g : ranked.groups) {
    const double below = (ranked.negatives - g.negatives_to + 0.5 * g.negatives) / ranked.negatives;
    const double above = (g.positives_to - 0.5 * g.positives) / ranked.positives;
    of_positives.add(g.positive_squares * ((below - a) * (below - a)));
    of_negatives.add(g.negative_squares * ((above - a) * (above - a)));
  }
  const auto term = [](const ExactSum& sum, double weight, std::int64_t rows) {
    const auto m = static_cast<double>(rows);
    return sum.round() / (weight * weight) * (m / (m - 1.0));
  };
  return {.value = a,
          .variance = term(of_positives, ranked.positives, ranked.positive_rows) +
                      term(of_negatives, ranked.negatives, ranked.negative_rows)};
}

void warn_variance(std::vector<std::string>& warnings, const RankedScores& ranked,
                   const Area& area) {
  if (!ranked.both_classes()) return;
  if (ranked.positive_rows < 2 || ranked.negative_rows < 2) {
    warnings.emplace_back("a class with one row has no variance: no standard error");
  } else if (area.value == 0.0 || area.value == 1.0) {
    warnings.emplace_back(
        "the scores separate the classes completely: the variance cannot be estimated");
  }
}

Estimate start(const AucSpec& spec, const char* method) {
  check_conf_level(spec.conf_level);
  Estimate row;
  row.term = spec.term;
  row.method = method;
  row.se_type = "delong";
  return row;
}

void finish_difference(Estimate& row, double variance, double df, const AucSpec& spec) {
  if (variance == 0.0) {
    row.warnings.emplace_back("the two areas do not vary against each other: no test");
    return;
  }
  complete(row, {.estimate = row.estimate, .std_error = std::sqrt(variance), .df = df, .n = row.n},
           spec.conf_level);
}

}  // namespace

RocCurve roc_curve(const ScoredLabels& data, bool drop_collinear) {
  const RankedScores ranked = detail::rank_scores(data);
  RocCurve curve;
  curve.positives = ranked.positive_rows;
  curve.negatives = ranked.negative_rows;
  detail::warn_scores(curve.warnings, ranked);
  if (ranked.n() == 0) return curve;
  struct Count {
    double threshold, negatives, positives;
  };
  std::vector<Count> counts = {{kInfinity, 0.0, 0.0}};
  for (const auto& g : ranked.groups) {
    if (drop_collinear && counts.size() >= 2) {
      const Count& a = counts[counts.size() - 2];
      const Count& b = counts.back();
      if (cross(b.negatives - a.negatives, g.positives_to - b.positives, b.positives - a.positives,
                g.negatives_to - b.negatives) == 0.0) {
        counts.pop_back();
      }
    }
    counts.push_back({g.score, g.negatives_to, g.positives_to});
  }
  for (const Count& count : counts) {
    curve.points.push_back(
        {count.threshold, count.negatives / ranked.negatives, count.positives / ranked.positives});
  }
  if (ranked.both_classes()) curve.auc = area(ranked);
  return curve;
}

Estimate auc(const ScoredLabels& data, const AucSpec& spec) {
  Estimate row = start(spec, "auc");
  row.null_value = 0.5;
  const RankedScores ranked = detail::rank_scores(data);
  row.n = ranked.n();
  detail::warn_scores(row.warnings, ranked);
  const Area area = delong(ranked);
  row.estimate = area.value;
  warn_variance(row.warnings, ranked, area);
  if (!(area.variance > 0.0)) return row;
  row.std_error = std::sqrt(area.variance);
  row.df = kInfinity;
  const Inference test = infer(area.value - 0.5, row.std_error, kInfinity, spec.conf_level);
  row.statistic = test.statistic;
  row.p_value = test.p_value;
  const double z = normal_quantile(0.5 + 0.5 * spec.conf_level);
  const double a = area.value;
  if (spec.interval == AucInterval::kPlain) {
    row.conf_low = std::max(0.0, a - z * row.std_error);
    row.conf_high = std::min(1.0, a + z * row.std_error);
  } else {
    const double half = z * row.std_error / (a * (1.0 - a));
    const double centre = std::log(a / (1.0 - a));
    row.conf_low = 1.0 / (1.0 + std::exp(half - centre));
    row.conf_high = 1.0 / (1.0 + std::exp(-half - centre));
  }
  return row;
}

Estimate auc_difference_paired(std::span<const double> a, std::span<const double> b,
                               std::span<const std::int32_t> label, std::span<const double> weights,
                               const AucSpec& spec) {
  Estimate row = start(spec, "auc_difference_paired");
  require_length("scores of b", b.size(), a.size());
  std::vector<double> both[2] = {{a.begin(), a.end()}, {b.begin(), b.end()}};
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) || std::isnan(b[i])) both[0][i] = both[1][i] = kNaN;
  }
  const ScoredLabels data[2] = {{both[0], label, weights}, {both[1], label, weights}};
  const RankedScores ranked[2] = {detail::rank_scores(data[0]), detail::rank_scores(data[1])};
  row.n = ranked[0].n();
  detail::warn_scores(row.warnings, ranked[0]);
  if (!ranked[0].both_classes()) return row;
  const double areas[2] = {area(ranked[0]), area(ranked[1])};
  row.estimate = areas[0] - areas[1];
  if (ranked[0].positive_rows < 2 || ranked[0].negative_rows < 2) {
    warn_variance(row.warnings, ranked[0], {});
    return row;
  }
  // The variance of a difference is that of the differences D = V_a - V_b, row by row: their
  // covariances need no separate sum.
  std::vector<double> d(a.size());
  add_placements(ranked[0], label, 1.0, d);
  add_placements(ranked[1], label, -1.0, d);
  ExactSum sum[2];
  for (const auto i : ranked[0].rows) {
    const double weight = weights.empty() ? 1.0 : weights[i];
    const double distance = d[i] - row.estimate;
    sum[label[i]].add(weight * weight * (distance * distance));
  }
  const auto m = static_cast<double>(ranked[0].positive_rows);
  const auto n = static_cast<double>(ranked[0].negative_rows);
  const double variance =
      sum[1].round() / (ranked[0].positives * ranked[0].positives) * (m / (m - 1.0)) +
      sum[0].round() / (ranked[0].negatives * ranked[0].negatives) * (n / (n - 1.0));
  finish_difference(row, variance, kInfinity, spec);
  return row;
}

Estimate auc_difference(const ScoredLabels& a, const ScoredLabels& b, const AucSpec& spec) {
  Estimate row = start(spec, "auc_difference");
  const RankedScores ranked[2] = {detail::rank_scores(a), detail::rank_scores(b)};
  Area areas[2];
  for (int i = 0; i < 2; ++i) {
    detail::warn_scores(row.warnings, ranked[i]);
    areas[i] = delong(ranked[i]);
    warn_variance(row.warnings, ranked[i], areas[i]);
  }
  row.n = ranked[0].n() + ranked[1].n();
  row.estimate = areas[0].value - areas[1].value;
  const double v[2] = {areas[0].variance, areas[1].variance};
  const double variance = v[0] + v[1];
  if (std::isnan(variance)) return row;
  const double df = variance * variance /
                    (v[0] * v[0] / (static_cast<double>(ranked[0].n()) - 1.0) +
                     v[1] * v[1] / (static_cast<double>(ranked[1].n()) - 1.0));
  finish_difference(row, variance, df, spec);
  return row;
}

}  // namespace impact
