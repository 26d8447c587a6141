#include <algorithm>
#include <cmath>

#include "engine/core/rng.h"
#include "engine/render/figure_draft.h"

namespace impact::detail {
namespace {

// Places among n sorted values that stand for all: every one up to `most`, else evenly spread ranks
// with the 25 smallest and largest kept, where the interest lies.
std::vector<std::size_t> places(std::size_t n, std::size_t most) {
  std::vector<std::size_t> all;
  if (n <= most) {
    for (std::size_t i = 0; i < n; ++i) all.push_back(i);
    return all;
  }
  const std::size_t tail = std::min<std::size_t>(25, most / 4);
  const std::size_t middle = most - 2 * tail;
  for (std::size_t i = 0; i < tail; ++i) all.push_back(i);
  for (std::size_t i = 0; i < middle; ++i) {
    all.push_back(tail + (n - 2 * tail) * i / middle);
  }
  for (std::size_t i = n - tail; i < n; ++i) all.push_back(i);
  return all;
}

std::size_t share_of_rows(std::size_t cells, std::size_t most) {
  return std::clamp<std::size_t>(kMostFigureRows / std::max<std::size_t>(1, cells), 40, most);
}

double quantile_function(const std::string& distribution, double p) {
  if (distribution == "exponential") return -std::log1p(-p);
  if (distribution == "uniform") return p;
  return normal_quantile(p);
}

}  // namespace

void draw_ecdf(Draft& draft) {
  const AxisScale scale = draft.scale("x_scale");
  const Sheet sheet =
      read_sheet(draft, {{draft.column("of"), scale}}, {{draft.column("by"), group_limit(draft)}});
  const Measure& measure = sheet.measures[0];
  const FigureFactor& group = sheet.factors[0];
  const std::vector<Cell> cells = sheet.cells(group);
  const std::size_t most = share_of_rows(cells.size(), 500);
  json rows = json::array();
  for (const Cell& cell : cells) {
    draft.context.check();
    const std::vector<double> values = pick(measure, cell);
    // Last place of each distinct value: the step reaches i / n there.
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i + 1 == values.size() || values[i + 1] != values[i]) ends.push_back(i);
    }
    const auto add = [&](double x, double y) {
      json row = cell.keys;
      row["x"] = x;
      row["y"] = drawn(y);
      rows.push_back(std::move(row));
    };
    add(values.front(), 0.0);
    for (const std::size_t place : places(ends.size(), most)) {
      add(values[ends[place]],
          static_cast<double>(ends[place] + 1) / static_cast<double>(values.size()));
    }
  }
  const std::vector<double> sorted = sorted_values(measure);
  AxisSpec x{.title = draft.title("x_title", "x_unit", measure.title), .scale = scale};
  x.time = measure.time;
  x.format = draft.options.text("format");
  if (!sorted.empty()) x.low = sorted.front(), x.high = sorted.back();
  AxisSpec y{.title = draft.title("y_title", "y_unit", "share of rows at most x")};
  y.low = 0, y.high = 1, y.fixed = true, y.format = ".0%";
  json encoding = {{"x", position("x", x)}, {"y", position("y", y)}};
  if (group.given()) encoding["color"] = group_colour(draft, group);
  draft.picture.layer(draft.picture.data(std::move(rows)),
                      {{"type", "line"}, {"interpolate", "step-after"}}, encoding);
  draft.figure.words = "Cumulative distribution of " + in_quotes(measure.title) + ": " +
                       say_count(sheet.rows, "value", "values") + say_range(measure, sorted) + "." +
                       say_medians(measure, group);
}

void draw_qq(Draft& draft) {
  const AxisScale scale = draft.scale("y_scale");
  const Sheet sheet =
      read_sheet(draft, {{draft.column("of"), scale}}, {{draft.column("by"), group_limit(draft)}});
  const Measure& measure = sheet.measures[0];
  const FigureFactor& group = sheet.factors[0];
  const std::vector<Cell> cells = sheet.cells(group);
  const std::size_t most = share_of_rows(cells.size(), 500);
  const std::string distribution = draft.options.text("distribution");
  json points = json::array();
  json lines = json::array();
  bool thinned = false;
  for (const Cell& cell : cells) {
    draft.context.check();
    const std::vector<double> values = pick(measure, cell);
    const std::size_t n = values.size();
    thinned = thinned || n > most;
    // Plotting positions (i - a) / (n + 1 - 2a), a = 3/8 up to ten values, else 1/2 (Blom 1958;
    // Hazen 1914).
    const double a = n <= 10 ? 0.375 : 0.5;
    const auto theory = [&](std::size_t i) {
      return quantile_function(
          distribution, (static_cast<double>(i) + 1 - a) / (static_cast<double>(n) + 1 - 2 * a));
    };
    for (const std::size_t i : places(n, most)) {
      json row = cell.keys;
      row["x"] = drawn(theory(i));
      row["y"] = values[i];
      points.push_back(std::move(row));
    }
    if (n < 2) continue;
    // The line through the first and third quartiles, on the scale of the axis.
    const double low = quantile_function(distribution, 0.25);
    const double high = quantile_function(distribution, 0.75);
    const double at_low = to_axis(quantile_of(values, 0.25), scale);
    const double at_high = to_axis(quantile_of(values, 0.75), scale);
    const double slope = (at_high - at_low) / (high - low);
    for (const double x : {theory(0), theory(n - 1)}) {
      json row = cell.keys;
      row["x"] = drawn(x);
      row["y"] = drawn(from_axis(at_low + slope * (x - low), scale));
      lines.push_back(std::move(row));
    }
  }
  if (thinned) {
    draft.warn("A point stands for several values where they lie close: at most " +
               say_count(most) + " are drawn a group, with the 25 smallest and largest.");
  }
  const std::vector<double> sorted = sorted_values(measure);
  AxisSpec x{.title = draft.title("x_title", "x_unit", distribution + " quantiles")};
  AxisSpec y{.title = draft.title("y_title", "y_unit", measure.title), .scale = scale};
  y.format = draft.options.text("format");
  if (!sorted.empty()) y.low = sorted.front(), y.high = sorted.back();
  const json at = {{"x", position("x", x)}, {"y", position("y", y)}};
  json line = at;
  if (group.given()) line["color"] = group_colour(draft, group);
  json point = at;
  point["tooltip"] =
      tooltip({{"y", measure.title, kValueFormat}, {"x", distribution, kValueFormat}});
  if (group.given()) point["color"] = group_colour(draft, group);
  const std::size_t points_data = draft.picture.data(std::move(points));
  json stroke = {{"type", "line"}, {"strokeDash", {4, 4}}, {"strokeWidth", 1}};
  if (!group.given()) stroke["style"] = "reference";
  draft.picture.layer(draft.picture.data(std::move(lines)), stroke, line);
  draft.picture.layer(points_data, {{"type", "point"}, {"size", 16}, {"opacity", 0.8}}, point);
  draft.figure.words = "Quantiles of " + in_quotes(measure.title) + " against the " + distribution +
                       " distribution: " + say_count(sheet.rows, "value", "values") +
                       say_range(measure, sorted) + "." + say_medians(measure, group);
}

}  // namespace impact::detail
