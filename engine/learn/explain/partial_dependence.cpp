#include "engine/learn/explain/partial_dependence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/explain/mixed_rows.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Type 7: linear between the order statistics around (n - 1) p.
double quantile_of(std::span<const double> sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double part = at - static_cast<double>(below);
  return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

void check_grid(const GridSpec& spec) {
  if (spec.points < 2) {
    throw ArgumentError({.what = "a grid needs two points at least",
                         .where = "points",
                         .got = std::to_string(spec.points),
                         .expected = "2 or more, for example 20"});
  }
  if (spec.low >= 0.0 && spec.low < spec.high && spec.high <= 1.0) return;
  throw ArgumentError({.what = "a grid goes from a low to a high quantile",
                       .where = "low, high",
                       .got = format_double(spec.low) + ", " + format_double(spec.high),
                       .expected = "0 <= low < high <= 1"});
}

[[noreturn]] void without_value(const Feature& column) {
  std::string what("column '");
  what += column.name;
  what += "' has no value in these rows";
  throw ArgumentError({.what = what, .expected = "a column with a value at least"});
}

GridAxis level_axis(const Feature& column) {
  GridAxis axis{.column = column.name};
  std::vector<bool> seen(column.levels.size(), false);
  for (const std::int32_t code : column.codes) {
    if (code >= 0) seen[static_cast<std::size_t>(code)] = true;
  }
  for (std::size_t k = 0; k < seen.size(); ++k) {
    if (seen[k]) axis.levels.push_back(column.levels[k]);
  }
  if (axis.levels.empty()) without_value(column);
  return axis;
}

// One column at one place of its axis, `count` times.
Feature cell_column(const Feature& like, const GridAxis& axis, std::size_t at, std::size_t count) {
  Feature column{.name = like.name, .text = like.text, .levels = like.levels, .role = like.role};
  if (!like.text) {
    column.numbers.assign(count, axis.values[at]);
    return column;
  }
  const auto level = std::find(like.levels.begin(), like.levels.end(), axis.levels[at]);
  column.codes.assign(count, static_cast<std::int32_t>(level - like.levels.begin()));
  return column;
}

struct Moments {
  double mean = kNaN;
  double sd = kNaN;
  std::int64_t without = 0;
};

// Weighted mean and sd, the latter with sum w - sum w^2 / sum w below.
Moments moments(std::span<const double> x, std::span<const double> w) {
  Moments result;
  double total = 0.0;
  double squares = 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) {
      ++result.without;
      continue;
    }
    total += w[i];
    squares += w[i] * w[i];
    sum += w[i] * x[i];
  }
  result.mean = sum / total;
  double spread = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) continue;
    spread += w[i] * (x[i] - result.mean) * (x[i] - result.mean);
  }
  const double below = total - squares / total;
  if (below > 0.0) result.sd = std::sqrt(spread / below);
  return result;
}

}  // namespace

GridAxis grid_axis(const FeatureTable& table, std::size_t place, const GridSpec& spec) {
  check_grid(spec);
  const Feature& column = table[place];
  if (column.text) return level_axis(column);
  GridAxis axis{.column = column.name};
  std::vector<double> sorted;
  for (const double x : column.numbers) {
    if (!std::isnan(x)) sorted.push_back(x);
  }
  if (sorted.empty()) without_value(column);
  std::sort(sorted.begin(), sorted.end());
  for (int k = 1; k < 10; ++k) axis.deciles.push_back(quantile_of(sorted, 0.1 * k));
  if (!spec.values.empty()) {
    axis.values = spec.values;
    std::sort(axis.values.begin(), axis.values.end());
  } else {
    std::vector<double> distinct = sorted;
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    if (distinct.size() <= spec.points) {
      axis.values = std::move(distinct);
    } else {
      const auto steps = static_cast<double>(spec.points - 1);
      for (std::size_t k = 0; k < spec.points; ++k) {
        const double p = spec.low + (spec.high - spec.low) * (static_cast<double>(k) / steps);
        axis.values.push_back(quantile_of(sorted, p));
      }
    }
  }
  axis.values.erase(std::unique(axis.values.begin(), axis.values.end()), axis.values.end());
  return axis;
}

PartialDependence partial_dependence(const TrainedModel& model, const FeatureTable& features,
                                     std::span<const std::uint32_t> rows,
                                     const PartialDependenceSpec& spec, StreamKey key,
                                     const Context& context) {
  detail::check_output(model, spec.output);
  if (spec.columns.empty() || spec.columns.size() > 2 ||
      (spec.columns.size() == 2 && spec.columns[0] == spec.columns[1])) {
    throw ArgumentError({.what = "partial dependence is on one column or on two",
                         .where = "columns",
                         .got = list_words(spec.columns),
                         .expected = "one or two different columns of the model"});
  }
  std::vector<std::size_t> places;
  for (const std::string& name : spec.columns) places.push_back(detail::input_place(model, name));
  PartialDependence result;
  {
    const FeatureTable all = detail::asked_rows(model, features, rows);
    for (const std::size_t place : places) {
      GridSpec grid = spec.grid;
      if (!result.axes.empty()) grid.values = spec.second_values;
      result.axes.push_back(grid_axis(all, place, grid));
    }
  }
  const auto background = detail::sampled_rows(rows, spec.background, key.child("background"));
  const FeatureTable table = detail::asked_rows(model, features, background);
  const auto weight = detail::row_weights(spec.weights, background, features.rows());
  const std::size_t n = background.size();
  result.n = static_cast<std::int64_t>(n);
  const std::size_t inner = places.size() == 2 ? result.axes[1].size() : 1;
  const std::size_t cells = result.axes[0].size() * inner;
  const auto at_cell = [&](std::size_t cell) {
    std::vector<std::pair<std::size_t, Feature>> columns;
    columns.emplace_back(places[0], cell_column(table[places[0]], result.axes[0], cell / inner, n));
    if (places.size() == 2) {
      columns.emplace_back(places[1],
                           cell_column(table[places[1]], result.axes[1], cell % inner, n));
    }
    return detail::output_of(model, detail::replaced(table, std::move(columns)), spec.output,
                             context);
  };
  std::vector<std::size_t> drawn;
  if (spec.curves > 0) {
    drawn = Stream(key.child("curves")).sample(n, std::min(spec.curves, n));
    std::sort(drawn.begin(), drawn.end());
    for (const std::size_t i : drawn) result.curve_rows.push_back(background[i]);
  }
  const std::vector<double> origin = spec.centred ? at_cell(0) : std::vector<double>();
  result.curves.resize(drawn.size() * cells);
  std::vector<Moments> moment(cells);
  run_tasks(context, cells, [&](std::size_t cell) {
    std::vector<double> f = at_cell(cell);
    for (std::size_t i = 0; i < origin.size(); ++i) f[i] -= origin[i];
    moment[cell] = moments(f, weight);
    for (std::size_t k = 0; k < drawn.size(); ++k) result.curves[k * cells + cell] = f[drawn[k]];
  });
  std::int64_t without = 0;
  for (const Moments& m : moment) {
    without = std::max(without, m.without);
    result.mean.push_back(m.mean);
    result.sd.push_back(m.sd);
    result.low.push_back(m.mean - m.sd);
    result.high.push_back(m.mean + m.sd);
  }
  if (without > 0) {
    result.warnings.push_back(detail::plural(without, "row has", "rows have") +
                              " no prediction and did not count");
  }
  for (const GridAxis& axis : result.axes) {
    if (axis.size() > 1) continue;
    std::string text("column '");
    text += axis.column;
    text += "' has one value only: nothing depends on it here";
    result.warnings.push_back(std::move(text));
  }
  return result;
}

}  // namespace impact
