#include "engine/causal/matching/matching_metric.h"

#include <array>
#include <cmath>
#include <fmt/format.h>

#include "engine/core/choice.h"
#include "engine/core/exact_sum.h"

namespace impact {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"inverse_variance", "mahalanobis",
                                                    "mahalanobis_pooled", "euclidean", "score"};
/// Part of its variance that a column must have to itself.
constexpr double kOwnShare = 1e-10;

std::string column_name(std::span<const std::string> names, std::size_t c) {
  return c < names.size() ? fmt::format("'{}'", names[c]) : fmt::format("{}", c + 1);
}

/// Columns less their means, of everyone or of the arm.
std::vector<double> centred(std::span<const double> x, std::size_t columns,
                            std::span<const std::int32_t> treated, std::span<const double> weights,
                            bool by_arm) {
  const std::size_t rows = columns == 0 ? 0 : x.size() / columns;
  std::vector<double> out(x.begin(), x.end());
  for (std::size_t c = 0; c < columns; ++c) {
    std::array<ExactSum, 2> sum;
    std::array<ExactSum, 2> total;
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t arm = by_arm && treated[i] != 0 ? 1 : 0;
      const double w = weights.empty() ? 1.0 : weights[i];
      sum[arm].add(w * x[c * rows + i]);
      total[arm].add(w);
    }
    const std::array<double, 2> mean = {sum[0].round() / total[0].round(),
                                        sum[1].round() / total[1].round()};
    for (std::size_t i = 0; i < rows; ++i) {
      out[c * rows + i] -= mean[by_arm && treated[i] != 0 ? 1 : 0];
    }
  }
  return out;
}

double product_sum(const double* a, const double* b, std::span<const double> weights,
                   std::size_t rows) {
  ExactSum sum;
  for (std::size_t i = 0; i < rows; ++i) {
    sum.add(weights.empty() ? a[i] * b[i] : weights[i] * a[i] * b[i]);
  }
  return sum.round();
}

}  // namespace

std::string_view matching_metric_name(MatchingMetric metric) {
  return kNames.at(static_cast<std::size_t>(metric));
}

MatchingMetric parse_matching_metric(std::string_view name) {
  return parse_choice<MatchingMetric>(kNames, name, "metric", "metric");
}

namespace detail {

double plain_sd(std::span<const double> values) {
  ExactMoments moments;
  for (const double value : values) moments.add(value);
  return std::sqrt(moments.variance(1));
}

// With S = L L' the distance of x_i and x_j is |L^-1 (x_i - x_j)|, which any basis of the columns'
// span gives: a column whose pivot vanishes lies in the span of those before it.
MatchingSpace matching_space(std::span<const double> x, std::size_t columns,
                             std::span<const std::int32_t> treated, std::span<const double> weights,
                             std::span<const std::string> names, MatchingMetric metric) {
  MatchingSpace space;
  const std::size_t rows = columns == 0 ? 0 : x.size() / columns;
  const bool full =
      metric == MatchingMetric::kMahalanobis || metric == MatchingMetric::kMahalanobisPooled;
  const bool pooled = metric == MatchingMetric::kMahalanobisPooled;
  const bool raw = metric == MatchingMetric::kEuclidean || metric == MatchingMetric::kScore;
  const std::vector<double> around = centred(x, columns, treated, weights, pooled);
  double total = static_cast<double>(rows);
  if (!weights.empty()) total = exact_sum(weights);
  const auto n = static_cast<double>(rows);
  const double factor = n / (total * (n - (pooled ? 2.0 : 1.0)));
  const auto covariance = [&](std::size_t a, std::size_t b) {
    return factor * product_sum(around.data() + a * rows, around.data() + b * rows, weights, rows);
  };
  std::vector<std::size_t> kept;
  std::vector<std::vector<double>> lower;  // Rows of L.
  double variances = 0.0;
  for (std::size_t c = 0; c < columns; ++c) {
    const double variance = covariance(c, c);
    std::vector<double> row;
    double own = variance;
    for (std::size_t k = 0; full && k < kept.size(); ++k) {
      double value = covariance(c, kept[k]);
      for (std::size_t l = 0; l < k; ++l) value -= row[l] * lower[k][l];
      row.push_back(value / lower[k][k]);
      own -= row[k] * row[k];
    }
    if (!(variance > 0.0)) {
      space.warnings.push_back(
          fmt::format("matching column {} does not vary{}: it adds nothing to the distance",
                      column_name(names, c), pooled ? " within arms" : ""));
      continue;
    }
    if (!(own > kOwnShare * variance)) {
      space.warnings.push_back(
          fmt::format("matching column {} is a combination of earlier ones: the covariance is "
                      "singular, and the column adds nothing to the distance",
                      column_name(names, c)));
      continue;
    }
    row.resize(kept.size(), 0.0);
    row.push_back(raw ? 1.0 : std::sqrt(own));
    lower.push_back(std::move(row));
    kept.push_back(c);
    variances += raw ? variance : 1.0;
  }
  space.columns = kept.size();
  space.size = std::sqrt(variances);
  space.points.resize(rows * kept.size());
  // Centred about one mean for all: only differences count, and they are best kept small numbers.
  const std::vector<double> about_all =
      raw || !pooled ? std::vector<double>() : centred(x, columns, treated, weights, false);
  for (std::size_t i = 0; i < rows; ++i) {
    double* z = space.points.data() + i * kept.size();
    for (std::size_t k = 0; k < kept.size(); ++k) {
      const std::size_t at = kept[k] * rows + i;
      double value = raw ? x[at] : (pooled ? about_all[at] : around[at]);
      for (std::size_t l = 0; l < k; ++l) value -= lower[k][l] * z[l];
      z[k] = value / lower[k][k];
    }
  }
  return space;
}

}  // namespace detail
}  // namespace impact
