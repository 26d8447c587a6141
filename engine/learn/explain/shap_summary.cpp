#include "engine/learn/explain/shap_summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::size_t place_of(const ShapValues& values, const std::string& column) {
  const auto at = std::find(values.columns.begin(), values.columns.end(), column);
  if (at != values.columns.end()) return static_cast<std::size_t>(at - values.columns.begin());
  throw ArgumentError({.what = "there are no Shapley values of this column",
                       .got = "'" + column + "'",
                       .expected = list_words(values.columns),
                       .hint = did_you_mean(column, values.columns)});
}

const Feature& feature_of(const ShapValues& values, const FeatureTable& features, std::size_t j) {
  const std::size_t at = features.find(values.columns[j]);
  if (at == features.size()) {
    throw ArgumentError({.what = "the table lacks a column that was explained",
                         .got = list_words(features.names()),
                         .expected = "'" + values.columns[j] + "'"});
  }
  for (const std::uint32_t row : values.rows) {
    if (row < features.rows()) continue;
    throw ArgumentError({.what = "the table lacks a row that was explained",
                         .where = "rows",
                         .got = std::to_string(row),
                         .expected = "less than " + std::to_string(features.rows())});
  }
  return features[at];
}

// Rows (places in values.rows) cut by a column: by level, or numbers in order into parts of equal
// size, equal values in one part. Missing ones are a part of their own.
std::vector<std::vector<std::size_t>> parts_of(const Feature& column,
                                               std::span<const std::uint32_t> row,
                                               std::span<const std::size_t> places,
                                               std::size_t bins) {
  std::vector<std::vector<std::size_t>> parts;
  std::vector<std::size_t> missing;
  if (column.text) {
    parts.resize(column.levels.size());
    for (const std::size_t i : places) {
      const std::int32_t code = column.codes[row[i]];
      (code < 0 ? missing : parts[static_cast<std::size_t>(code)]).push_back(i);
    }
  } else {
    std::vector<std::size_t> order;
    for (const std::size_t i : places) {
      (std::isnan(column.numbers[row[i]]) ? missing : order).push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return column.numbers[row[a]] < column.numbers[row[b]];
    });
    std::size_t from = 0;
    for (std::size_t k = 1; k <= bins && from < order.size(); ++k) {
      std::size_t to = std::max(from, order.size() * k / bins);
      while (to > from && to < order.size() &&
             column.numbers[row[order[to]]] == column.numbers[row[order[to - 1]]]) {
        ++to;
      }
      parts.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(from),
                         order.begin() + static_cast<std::ptrdiff_t>(to));
      from = to;
    }
  }
  parts.push_back(std::move(missing));
  std::erase_if(parts, [](const auto& part) { return part.empty(); });
  return parts;
}

struct Squares {
  double total = 0.0;
  double between = 0.0;  // less what chance gives
};

Squares squares_of(const ShapValues& values, std::size_t j, std::span<const std::size_t> bin,
                   const std::vector<std::vector<std::size_t>>& groups) {
  const std::size_t p = values.columns.size();
  const auto mean_of = [&](std::span<const std::size_t> places) {
    double sum = 0.0;
    for (const std::size_t i : places) sum += values.value[i * p + j];
    return sum / static_cast<double>(places.size());
  };
  const auto around = [&](std::span<const std::size_t> places, double mean) {
    double sum = 0.0;
    for (const std::size_t i : places) {
      const double d = values.value[i * p + j] - mean;
      sum += d * d;
    }
    return sum;
  };
  Squares result{.total = around(bin, mean_of(bin))};
  double within = 0.0;
  for (const auto& group : groups) within += around(group, mean_of(group));
  const auto n = static_cast<double>(bin.size());
  const auto g = static_cast<double>(groups.size());
  if (n > g) result.between = result.total - within - (g - 1.0) * within / (n - g);
  return result;
}

void fill(const Feature& column, std::span<const std::uint32_t> rows, std::vector<double>& numbers,
          std::vector<std::string>& levels) {
  for (const std::uint32_t row : rows) {
    const std::int32_t code = column.text ? column.codes[row] : -1;
    numbers.push_back(column.text ? kNaN : column.numbers[row]);
    levels.push_back(code < 0 ? std::string() : column.levels[static_cast<std::size_t>(code)]);
  }
}

}  // namespace

std::vector<ShapImportance> shap_importance(const ShapValues& values,
                                            std::span<const double> weights) {
  const std::size_t p = values.columns.size();
  const std::size_t n = values.rows.size();
  require_optional_length("weights", weights.size(), n);
  require_weights(weights);
  std::vector<ShapImportance> result;
  double all = 0.0;
  for (std::size_t j = 0; j < p; ++j) {
    ShapImportance row{.column = values.columns[j]};
    double total = 0.0;
    double squared_weights = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double w = weights.empty() ? 1.0 : weights[i];
      row.mean_absolute += w * std::abs(values.value[i * p + j]);
      row.mean += w * values.value[i * p + j];
      total += w;
      squared_weights += w * w;
    }
    row.mean_absolute /= total;
    row.mean /= total;
    double squares = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double d = values.value[i * p + j] - row.mean;
      squares += (weights.empty() ? 1.0 : weights[i]) * d * d;
    }
    const double df = total - squared_weights / total;
    if (df > 0.0) row.sd = std::sqrt(squares / df);
    all += row.mean_absolute;
    result.push_back(std::move(row));
  }
  for (ShapImportance& row : result) {
    if (all > 0.0) row.share = row.mean_absolute / all;
  }
  return result;
}

std::vector<double> partner_strengths(const ShapValues& values, const FeatureTable& features,
                                      const std::string& column, std::size_t bins) {
  if (bins < 1) {
    throw ArgumentError({.what = "rows are cut into one bin at least", .where = "bins"});
  }
  const std::size_t j = place_of(values, column);
  std::vector<std::size_t> all(values.rows.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto parts = parts_of(feature_of(values, features, j), values.rows, all, bins);
  std::vector<double> result;
  for (std::size_t k = 0; k < values.columns.size(); ++k) {
    if (k == j) {
      result.push_back(kNaN);
      continue;
    }
    const Feature& partner = feature_of(values, features, k);
    Squares sum;
    for (const auto& bin : parts) {
      const Squares here = squares_of(values, j, bin, parts_of(partner, values.rows, bin, 2));
      sum.total += here.total;
      sum.between += here.between;
    }
    result.push_back(sum.total > 0.0 ? std::max(0.0, sum.between / sum.total) : 0.0);
  }
  return result;
}

ShapDependence shap_dependence(const ShapValues& values, const FeatureTable& features,
                               const std::string& column, const std::string& partner,
                               std::size_t bins) {
  const std::size_t p = values.columns.size();
  const std::size_t j = place_of(values, column);
  const auto strengths = partner_strengths(values, features, column, bins);
  std::size_t best = p;
  if (!partner.empty()) {
    best = place_of(values, partner);
  } else {
    for (std::size_t k = 0; k < p; ++k) {
      if (strengths[k] > (best == p ? 0.0 : strengths[best])) best = k;
    }
  }
  ShapDependence result{.column = column, .rows = values.rows};
  fill(feature_of(values, features, j), values.rows, result.values, result.levels);
  for (std::size_t i = 0; i < values.rows.size(); ++i) {
    result.shap.push_back(values.value[i * p + j]);
  }
  if (best == p) return result;
  result.partner = values.columns[best];
  result.strength = strengths[best];
  fill(feature_of(values, features, best), values.rows, result.partner_values,
       result.partner_levels);
  return result;
}

}  // namespace impact
