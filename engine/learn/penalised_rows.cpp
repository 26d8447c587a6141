#include "engine/learn/penalised_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/learn/left_out.h"
#include "engine/stats/lengths.h"

namespace impact::detail {
namespace {

using Eigen::Index;

enum class State : std::uint8_t { kUsed, kMissing, kNoWeight };

// What becomes of each of `rows`.
std::vector<State> states_of(const FeatureColumns& features, std::span<const double> outcome,
                             std::span<const std::uint32_t> rows, std::span<const double> weights,
                             std::span<const double> offset, const PenalisedRowsSpec& spec,
                             const Context& context) {
  std::vector<State> states(rows.size(), State::kUsed);
  for_chunks(context, rows.size(), kChunkRows, [&](std::size_t begin, std::size_t end) {
    const auto look = [&](std::span<const double> column) {
      for (std::size_t k = begin; k < end; ++k) {
        if (!std::isfinite(column[rows[k]])) states[k] = State::kMissing;
      }
    };
    look(outcome);
    if (!offset.empty()) look(offset);
    for (std::size_t j = 0; j < features.columns; ++j) {
      if (spec.left_out.empty() || spec.left_out[j] == 0) look(features.column(j));
    }
    for (std::size_t k = begin; k < end && !weights.empty(); ++k) {
      const double w = weights[rows[k]];
      if (std::isnan(w)) states[k] = State::kMissing;
      if (w == 0.0) states[k] = State::kNoWeight;
    }
  });
  return states;
}

double sum_of(const std::vector<double>& terms) {
  double total = 0.0;
  for (std::size_t at = 0; at < terms.size(); at += kChunkRows) {
    double part = 0.0;
    const std::size_t end = std::min(terms.size(), at + kChunkRows);
    for (std::size_t i = at; i < end; ++i) part += terms[i];
    total += part;
  }
  return total;
}

}  // namespace

std::string feature_names(const FeatureColumns& features, std::span<const std::size_t> columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const auto j : columns) names.push_back(features.name(j));
  return list_words(names);
}

PenalisedRows penalised_rows(const FeatureColumns& features, std::span<const double> outcome,
                             std::span<const std::uint32_t> rows, std::span<const double> weights,
                             std::span<const double> offset, const PenalisedRowsSpec& spec,
                             const Context& context) {
  check_features(features, outcome.size());
  require_optional_length("weights", weights.size(), outcome.size());
  require_optional_length("offset", offset.size(), outcome.size());
  require_weights(weights);
  for (const auto i : rows) {
    if (i < outcome.size()) continue;
    throw ArgumentError({.what = "there is no such row",
                         .where = "rows",
                         .got = std::to_string(std::size_t{i} + 1),
                         .expected = fmt::format("1 to {}", outcome.size())});
  }
  PenalisedRows result;
  const auto states = states_of(features, outcome, rows, weights, offset, spec, context);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (states[k] == State::kUsed) result.rows.push_back(rows[k]);
  }
  LeftOutRows gone(features, spec.left_out);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (states[k] == State::kMissing) gone.add(rows[k], outcome[rows[k]]);
  }
  gone.warn(result.warnings);
  const std::size_t n = result.count();
  result.centre.assign(features.columns, 0.0);
  result.scale.assign(features.columns, std::numeric_limits<double>::quiet_NaN());
  if (n == 0) {
    result.warnings.emplace_back("there is no row to learn from");
    return result;
  }

  std::vector<double> w(n, 1.0);
  for (std::size_t i = 0; i < n && !weights.empty(); ++i) w[i] = weights[result.rows[i]];
  // Divided by the largest first: their sum stays finite.
  const double largest = *std::ranges::max_element(w);
  result.equal_weights = std::ranges::all_of(w, [&](double each) { return each == largest; });
  for (double& each : w) each /= largest;
  const double total = sum_of(w);
  result.total_weight = total * largest;
  result.y.resize(static_cast<Index>(n));
  result.weight.resize(static_cast<Index>(n));
  for (std::size_t i = 0; i < n; ++i) {
    result.y[static_cast<Index>(i)] = outcome[result.rows[i]];
    result.weight[static_cast<Index>(i)] = w[i] / total;
    if (!offset.empty()) result.offset.push_back(offset[result.rows[i]]);
  }

  // m = sum w x, s^2 = sum w (x - m)^2, the same columns by the same rows on any thread. A column
  // that is not centred is brought to scale by the same s.
  std::vector<std::size_t> asked;
  for (std::size_t j = 0; j < features.columns; ++j) {
    if (spec.left_out.empty() || spec.left_out[j] == 0) asked.push_back(j);
  }
  result.x.resize(static_cast<Index>(n), static_cast<Index>(asked.size()));
  std::vector<std::uint8_t> varies(asked.size(), 0);
  run_tasks(context, asked.size(), [&](std::size_t k) {
    const std::size_t j = asked[k];
    const auto from = features.column(j);
    double* const x = result.x.col(static_cast<Index>(k)).data();
    double low = from[result.rows[0]], high = low;
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = from[result.rows[i]];
      low = std::min(low, x[i]);
      high = std::max(high, x[i]);
    }
    if (low == high) return;
    std::vector<double> terms(n);
    // About a value of the column: a large common part costs no digit.
    const double origin = 0.5 * low + 0.5 * high;
    for (std::size_t i = 0; i < n; ++i) {
      terms[i] = result.weight[static_cast<Index>(i)] * (x[i] - origin);
    }
    const double mean = origin + sum_of(terms);
    for (std::size_t i = 0; i < n; ++i) {
      terms[i] = result.weight[static_cast<Index>(i)] * (x[i] - mean) * (x[i] - mean);
    }
    const double sd = std::sqrt(sum_of(terms));
    if (!(sd > 0.0 && std::isfinite(sd))) return;
    varies[k] = 1;
    if (spec.centre) result.centre[j] = mean;
    result.scale[j] = spec.standardise ? sd : 1.0;
    const double shift = result.centre[j];
    for (std::size_t i = 0; i < n; ++i) x[i] = (x[i] - shift) / result.scale[j];
  });
  std::vector<std::size_t> constant;
  std::size_t kept = 0;
  for (std::size_t k = 0; k < asked.size(); ++k) {
    if (varies[k] == 0) {
      constant.push_back(asked[k]);
      continue;
    }
    if (kept < k) result.x.col(static_cast<Index>(kept)) = result.x.col(static_cast<Index>(k));
    result.varying.push_back(asked[k]);
    ++kept;
  }
  result.x.conservativeResize(Eigen::NoChange, static_cast<Index>(kept));
  if (!constant.empty()) {
    result.warnings.push_back(fmt::format("constant in the training rows, so of no use: {}",
                                          feature_names(features, constant)));
  }
  return result;
}

}  // namespace impact::detail
