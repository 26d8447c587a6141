#include "engine/stats/linear_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/stats/groups.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact::detail {
namespace {

// A row with weight 0 is no loss, whatever it holds; one that misses a number and holds an infinite
// one counts as missing.
enum class RowState : std::uint8_t { kUsed, kNoWeight, kMissing, kInfinite };

// What becomes of each row.
std::vector<RowState> row_states(const LinearData& data) {
  const std::size_t n = data.y.size();
  std::vector<RowState> states(n, RowState::kUsed);
  const auto look = [&](std::span<const double> column) {
    for (std::size_t i = 0; i < n; ++i) {
      if (std::isfinite(column[i])) continue;
      if (std::isnan(column[i])) {
        states[i] = RowState::kMissing;
      } else if (states[i] == RowState::kUsed) {
        states[i] = RowState::kInfinite;
      }
    }
  };
  const auto look_at_codes = [&](std::span<const std::int32_t> codes) {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] < 0) states[i] = RowState::kMissing;
    }
  };
  look(data.y);
  for (std::size_t k = 0; k < data.columns; ++k) look(data.x.subspan(k * n, n));
  look_at_codes(data.clusters);
  look_at_codes(data.second_clusters);
  for (const auto& codes : data.absorbed) look_at_codes(codes);
  for (std::size_t i = 0; i < data.weights.size(); ++i) {
    if (std::isnan(data.weights[i])) states[i] = RowState::kMissing;
    if (data.weights[i] == 0.0) states[i] = RowState::kNoWeight;
  }
  return states;
}

template <class T>
std::vector<T> pick(std::span<const T> column, const std::vector<std::size_t>& rows) {
  std::vector<T> result;
  if (column.empty()) return result;
  result.reserve(rows.size());
  for (const std::size_t i : rows) result.push_back(column[i]);
  return result;
}

// Puts the rows in order of time; counts ties and gaps.
void sort_by_time(std::span<const std::int64_t> time, std::vector<std::size_t>& rows,
                  CompleteRows& result) {
  std::ranges::stable_sort(rows, {}, [&](std::size_t i) { return time[i]; });
  // Differences of the extremes fit into unsigned numbers only.
  const auto step = [&](std::size_t i) {
    return static_cast<std::uint64_t>(time[rows[i]]) -
           static_cast<std::uint64_t>(time[rows[i - 1]]);
  };
  std::uint64_t shortest = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (step(i) == 0) {
      ++result.ties;
    } else {
      shortest = std::min(shortest, step(i));
    }
  }
  for (std::size_t i = 1; i < rows.size(); ++i) result.gaps += step(i) > shortest ? 1 : 0;
}

}  // namespace

void check_linear(const LinearData& data, const LinearSpec& spec) {
  const std::size_t rows = data.y.size();
  require_length("x", data.x.size(), rows * data.columns);
  require_optional_length("weights", data.weights.size(), rows);
  require_optional_length("clusters", data.clusters.size(), rows);
  require_optional_length("second_clusters", data.second_clusters.size(), rows);
  require_optional_length("time", data.time.size(), rows);
  for (const auto& codes : data.absorbed) require_length("absorbed", codes.size(), rows);
  if (!data.names.empty()) require_length("names", data.names.size(), data.columns);
  require_weights(data.weights);
  if (clustered(spec.se) && data.clusters.empty() && rows > 0) {
    throw ArgumentError({.what = fmt::format("{} needs clusters", se_type_name(spec.se)),
                         .where = "se",
                         .got = std::string(se_type_name(spec.se)),
                         .expected = "clusters, or one of classical, HC0, HC1, HC2, HC3"});
  }
  if (!clustered(spec.se) && !data.clusters.empty()) {
    throw ArgumentError({.what = fmt::format("{} ignores clusters", se_type_name(spec.se)),
                         .where = "se",
                         .got = std::string(se_type_name(spec.se)),
                         .expected = "CR0, CR1 or CR2, or no clusters"});
  }
  if (!data.second_clusters.empty() && (data.clusters.empty() || spec.se == SeType::kCr2)) {
    throw ArgumentError({.what = "a second way to cluster needs a first one, and CR0 or CR1",
                         .where = "second_clusters",
                         .got = std::string(se_type_name(spec.se))});
  }
  if (spec.se == SeType::kNeweyWest && data.time.empty() && rows > 0) {
    throw ArgumentError({.what = "NW needs the order of the rows in time", .where = "time"});
  }
  if (spec.lag && *spec.lag < 0) {
    throw ArgumentError({.what = "a lag is not negative",
                         .where = "lag",
                         .got = std::to_string(*spec.lag),
                         .expected = "0 or more, or none: chosen from the data"});
  }
}

CompleteRows complete_rows(const LinearData& data, bool in_time) {
  const std::size_t n = data.y.size();
  const std::vector<RowState> states = row_states(data);
  CompleteRows result{.x = data.x, .y = data.y, .weights = data.weights};
  result.missing = std::ranges::count(states, RowState::kMissing);
  result.infinite = std::ranges::count(states, RowState::kInfinite);
  std::vector<std::size_t> rows;
  rows.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (states[i] == RowState::kUsed) rows.push_back(i);
  }
  if (in_time && !data.time.empty()) sort_by_time(data.time, rows, result);
  result.clusters = pick(data.clusters, rows);
  result.second_clusters = pick(data.second_clusters, rows);
  for (const auto& codes : data.absorbed) {
    Factor factor{.codes = pick(codes, rows)};
    factor.levels = close_gaps(factor.codes);
    result.factors.push_back(std::move(factor));
  }
  if (rows.size() == n && std::ranges::is_sorted(rows)) return result;
  result.own_x.reserve(rows.size() * data.columns);
  for (std::size_t k = 0; k < data.columns; ++k) {
    for (const std::size_t i : rows) result.own_x.push_back(data.x[k * n + i]);
  }
  result.own_y = pick(data.y, rows);
  result.own_weights = pick(data.weights, rows);
  result.x = result.own_x;
  result.y = result.own_y;
  result.weights = result.own_weights;
  result.source = std::move(rows);
  return result;
}

void warn_left_out(const CompleteRows& rows, std::vector<std::string>& warnings) {
  const auto left_out = [&](std::int64_t count, const char* why) {
    if (count == 0) return;
    warnings.push_back(
        fmt::format("{} left out because {}", plural(count, "row was", "rows were"), why));
  };
  left_out(rows.missing, "a number or a code is missing");
  left_out(rows.infinite, "a number is infinite");
}

}  // namespace impact::detail
