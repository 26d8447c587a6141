#include "engine/stats/regression_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <Eigen/Core>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/lengths.h"
#include "engine/stats/row_states.h"

namespace impact::detail {
namespace {

// CR0 and CR1 are too small on average below this (Cameron, Gelbach & Miller 2008).
constexpr std::int64_t kManyClusters = 30;
// A kept column with less than this of its own is worth a warning.
constexpr double kAlmostDependent = 1e-7;
// Numbers looked at in one go for one that is not finite.
constexpr std::size_t kScanned = 65536;

void check(const GlmData& data) {
  const std::size_t rows = data.y.size();
  require_length("x", data.x.size(), rows * data.columns);
  require_optional_length("weights", data.weights.size(), rows);
  require_optional_length("offset", data.offset.size(), rows);
  require_optional_length("exposure", data.exposure.size(), rows);
  require_optional_length("clusters", data.clusters.size(), rows);
  if (!data.names.empty()) require_length("names", data.names.size(), data.columns);
  require_weights(data.weights);
  for (std::size_t i = 0; i < data.exposure.size(); ++i) {
    if (data.exposure[i] > 0.0 || std::isnan(data.exposure[i])) continue;
    throw ArgumentError({.what = "an exposure must be positive",
                         .where = "row " + std::to_string(i + 1),
                         .got = format_double(data.exposure[i]),
                         .expected = "more than 0"});
  }
}

// Whether every number is finite: else one of the products with 0 is NaN, and so is their sum.
bool all_finite(std::span<const double> numbers, const Context& context) {
  const double nothing = reduce_chunks<double>(
      context, numbers.size(), kScanned,
      [&](std::size_t begin, std::size_t end) {
        const auto count = static_cast<Eigen::Index>(end - begin);
        return (Eigen::Map<const Eigen::ArrayXd>(numbers.data() + begin, count) * 0.0).sum();
      },
      [](double& into, double from) { into += from; });
  return nothing == 0.0;
}

RowStates row_states(const GlmData& data, const Context& context) {
  const std::size_t n = data.y.size();
  RowStates states(n);
  states.look(data.y);
  states.look(data.offset);
  states.look(data.exposure);
  if (!all_finite(data.x, context)) {
    for (std::size_t k = 0; k < data.columns; ++k) states.look(data.x.subspan(k * n, n));
  }
  states.look_at_codes(data.clusters);
  states.look_at_weights(data.weights);
  return states;
}

template <class T>
std::vector<T> used(std::span<const T> column, const std::vector<std::uint8_t>& rows,
                    std::size_t count) {
  std::vector<T> result;
  if (column.empty()) return result;
  result.reserve(count);
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (rows[i] != 0) result.push_back(column[i]);
  }
  return result;
}

}  // namespace

double RegressionRows::total(bool frequency) const {
  if (!frequency || weights.empty()) return static_cast<double>(count());
  double sum = 0.0;
  for (const double weight : weights) sum += weight;
  return sum;
}

void RegressionRows::keep(const std::vector<std::uint8_t>& rows,
                          const std::vector<std::size_t>& kept_columns) {
  const std::size_t n = y.size();
  const auto count = n - static_cast<std::size_t>(std::ranges::count(rows, 0));
  std::vector<double> matrix;
  matrix.reserve(count * kept_columns.size());
  for (const std::size_t k : kept_columns) {
    const std::vector<double> column = used(x.subspan(k * n, n), rows, count);
    matrix.insert(matrix.end(), column.begin(), column.end());
  }
  own_x = std::move(matrix);
  own_y = used(y, rows, count);
  own_weights = used(weights, rows, count);
  own_offset = used(offset, rows, count);
  clusters = used(std::span<const std::int32_t>(clusters), rows, count);
  columns = kept_columns.size();
  x = own_x;
  y = own_y;
  weights = own_weights;
  offset = own_offset;
}

RegressionRows regression_rows(const GlmData& data, const Context& context) {
  check(data);
  RegressionRows rows;
  rows.columns = data.columns;
  rows.x = data.x;
  rows.y = data.y;
  rows.weights = data.weights;
  rows.offset = data.offset;
  rows.clusters.assign(data.clusters.begin(), data.clusters.end());
  if (!data.exposure.empty()) {
    rows.own_offset.resize(data.y.size());
    for (std::size_t i = 0; i < data.y.size(); ++i) {
      rows.own_offset[i] =
          std::log(data.exposure[i]) + (data.offset.empty() ? 0.0 : data.offset[i]);
    }
    rows.offset = rows.own_offset;
  }
  const RowStates states = row_states(data, context);
  rows.missing = states.count(RowState::kMissing);
  rows.infinite = states.count(RowState::kInfinite);
  std::vector<std::uint8_t> flags(data.y.size());
  bool all = true;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    flags[i] = states.used(i) ? 1 : 0;
    all = all && flags[i] != 0;
  }
  if (!all) {
    std::vector<std::size_t> columns(data.columns);
    for (std::size_t k = 0; k < columns.size(); ++k) columns[k] = k;
    rows.keep(flags, columns);
  }
  return rows;
}

void require_se(SeType se, std::span<const std::int32_t> clusters, std::size_t rows) {
  if (se == SeType::kCr2 || se == SeType::kNeweyWest) {
    throw ArgumentError({.what = fmt::format("{} is for least squares only", se_type_name(se)),
                         .where = "se",
                         .got = std::string(se_type_name(se)),
                         .expected = "classical, HC0, HC1, HC2, HC3, CR0 or CR1"});
  }
  require_clusters(se, !clusters.empty(), rows, "CR0 or CR1");
}

void warn_clusters(std::vector<std::string>& warnings, SeType se, std::int64_t clusters) {
  if (!clustered(se)) return;
  if (clusters < 2) {
    warnings.emplace_back("a single cluster: no standard errors");
  } else if (clusters < kManyClusters) {
    warnings.push_back(
        fmt::format("{} clusters only: {} is too small on average", clusters, se_type_name(se)));
  }
}

std::string column_words(std::span<const std::string> names,
                         const std::vector<std::size_t>& columns) {
  std::vector<std::string> words;
  for (const std::size_t k : columns) {
    words.push_back(names.empty() ? fmt::format("column {}", k + 1) : "'" + names[k] + "'");
  }
  return list_words(words);
}

IndependentColumns independent_columns(const RegressionRows& rows, const Context& context) {
  // The outcome plays no part: any finite column serves.
  Model model{.rows = rows.count(),
              .columns = rows.columns,
              .x = rows.x.data(),
              .y = rows.y.data(),
              .weights = rows.weights.empty() ? nullptr : rows.weights.data()};
  centre(model, context);
  const Solution solution = solve(model, context);
  return {.kept = solution.kept, .own_share = solution.own_share, .least_own = solution.least_own};
}

void warn_almost_dependent(std::vector<std::string>& warnings, std::span<const std::string> names,
                           const IndependentColumns& found) {
  if (!(found.own_share < kAlmostDependent)) return;
  warnings.push_back(fmt::format(
      "{} is almost a linear combination of earlier columns (its own part is {:.1e} of it): its "
      "coefficient rests on the last digits of the data",
      column_words(names, {found.least_own}), found.own_share));
}

}  // namespace impact::detail
