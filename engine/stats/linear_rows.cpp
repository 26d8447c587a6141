#include "engine/stats/linear_rows.h"

#include <algorithm>
#include <limits>

#include "engine/core/error.h"
#include "engine/stats/groups.h"
#include "engine/stats/lengths.h"
#include "engine/stats/row_states.h"

namespace impact::detail {
namespace {

// What becomes of each row.
RowStates row_states(const LinearData& data) {
  const std::size_t n = data.y.size();
  RowStates states(n);
  states.look(data.y);
  for (std::size_t k = 0; k < data.columns; ++k) states.look(data.x.subspan(k * n, n));
  states.look_at_codes(data.clusters);
  states.look_at_codes(data.second_clusters);
  for (const auto& codes : data.absorbed) states.look_at_codes(codes);
  states.look_at_weights(data.weights);
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
  require_clusters(spec.se, !data.clusters.empty(), rows, "CR0, CR1 or CR2");
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
  const RowStates states = row_states(data);
  CompleteRows result{.x = data.x, .y = data.y, .weights = data.weights};
  result.missing = states.count(RowState::kMissing);
  result.infinite = states.count(RowState::kInfinite);
  std::vector<std::size_t> rows;
  rows.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (states.used(i)) rows.push_back(i);
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

}  // namespace impact::detail
