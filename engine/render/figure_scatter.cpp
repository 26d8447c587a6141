#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>

#include "engine/render/figure_draft.h"
#include "engine/render/smooth.h"
#include "engine/stats/correlation.h"
#include "engine/stats/distribution.h"

namespace impact::detail {
namespace {

AxisSpec axis_of(const Draft& draft, const char* name, const Measure& measure, AxisScale scale) {
  const std::string letter = name;
  AxisSpec axis{.title = draft.title(letter + "_title", letter + "_unit", measure.title),
                .scale = scale};
  axis.time = measure.time;
  if (letter == "y") axis.format = draft.options.text("format");
  axis.low = 1, axis.high = 0;
  for (const double value : measure.values) {
    if (axis.low > axis.high) axis.low = axis.high = value;
    axis.low = std::min(axis.low, value);
    axis.high = std::max(axis.high, value);
  }
  return axis;
}

std::string words_of(const Sheet& sheet) {
  const Measure& x = sheet.measures[0];
  const Measure& y = sheet.measures[1];
  std::string words = in_quotes(y.title) + " against " + in_quotes(x.title) + ", " +
                      say_count(sheet.rows, "row", "rows");
  if (sheet.rows > 2) {
    const double r = spearman_correlation(x.values, y.values).estimate;
    if (!std::isnan(r)) words += "; rank correlation " + say(std::round(r * 1000) / 1000);
  }
  return words + ".";
}

struct Reach {
  double low = 0.0;
  double high = 1.0;
};

// The range of an axis on its scale, a little wider, so that the outermost hexagons are whole; what
// is never negative does not begin below zero.
Reach reach_of(const AxisSpec& axis) {
  if (axis.low > axis.high) return {};
  const double low = to_axis(axis.low, axis.scale);
  const double high = to_axis(axis.high, axis.scale);
  const double pad = high > low ? (high - low) * 0.03 : std::max(0.5, std::abs(low) * 0.05);
  const bool positive = axis.scale != AxisScale::kLog && !axis.time && low >= 0;
  return {positive ? std::max(0.0, low - pad) : low - pad, high + pad};
}

// Counts in regular hexagons with a point at the top: two rectangular lattices of dx x 2 dy, one
// shifted by half; a point belongs to the nearer of its two nearest centres (Carr et al. 1987).
std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> hexagons(const std::vector<double>& x,
                                                                       const std::vector<double>& y,
                                                                       double dx, double dy) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> counts;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double i1 = std::round(x[i] / dx);
    const double j1 = std::round(y[i] / (2 * dy));
    const double i2 = std::floor(x[i] / dx) + 0.5;
    const double j2 = std::floor(y[i] / (2 * dy)) + 0.5;
    const auto distance = [&](double a, double b) {
      const double u = x[i] - a * dx;
      const double v = y[i] - b * 2 * dy;
      return u * u + v * v;
    };
    const bool first = distance(i1, j1) <= distance(i2, j2);
    // Twice the centre's place is whole on both lattices.
    ++counts[{std::llround(2 * (first ? i1 : i2)), std::llround(2 * (first ? j1 : j2))}];
  }
  return counts;
}

void draw_hexagons(Draft& draft, const Sheet& sheet, AxisSpec& x, AxisSpec& y, double across,
                   AxisScale colour_scale, bool choose_scale) {
  const double width = draft.picture.panel_width();
  const double height = draft.picture.panel_height();
  const std::vector<Cell> cells = sheet.cells(FigureFactor{});
  const double most = static_cast<double>(kMostFigureRows) /
                      static_cast<double>(std::max<std::size_t>(1, cells.size()));
  // Rows of hexagons are 1.5 radii apart, columns sqrt(3) radii.
  double dx = width / across;
  const auto total = [&] {
    return (width / dx + 1) * (height / (dx * std::numbers::sqrt3 / 2) + 1);
  };
  while (total() > most && dx < width / 4) dx *= 1.05;
  const double dy = dx * std::numbers::sqrt3 / 2;
  const Reach along = reach_of(x);
  const Reach up = reach_of(y);
  json rows = json::array();
  std::vector<double> counts;
  for (const Cell& cell : cells) {
    draft.context.check();
    std::vector<double> px = pick(sheet.measures[0], cell, false);
    std::vector<double> py = pick(sheet.measures[1], cell, false);
    for (double& value : px) {
      value = (to_axis(value, x.scale) - along.low) / (along.high - along.low) * width;
    }
    for (double& value : py) {
      value = (to_axis(value, y.scale) - up.low) / (up.high - up.low) * height;
    }
    for (const auto& [place, count] : hexagons(px, py, dx, dy)) {
      const double cx = static_cast<double>(place.first) / 2 * dx;
      const double cy = static_cast<double>(place.second) * dy;
      json row = cell.keys;
      row["x"] = drawn(from_axis(along.low + cx / width * (along.high - along.low), x.scale));
      row["y"] = drawn(from_axis(up.low + cy / height * (up.high - up.low), y.scale));
      row["n"] = count;
      counts.push_back(static_cast<double>(count));
      rows.push_back(std::move(row));
    }
  }
  std::sort(counts.begin(), counts.end());
  if (choose_scale && !counts.empty() && counts.back() > 20 * quantile_of(counts, 0.5)) {
    colour_scale = AxisScale::kLog;
  }
  x.low = from_axis(along.low, x.scale), x.high = from_axis(along.high, x.scale), x.fixed = true;
  y.low = from_axis(up.low, y.scale), y.high = from_axis(up.high, y.scale), y.fixed = true;
  json encoding = {{"x", position("x", x)}, {"y", position("y", y)}};
  encoding["color"] = colour_of_numbers("n", "rows", draft.options.text("palette"), colour_scale, 1,
                                        counts.empty() ? 1 : counts.back());
  encoding["tooltip"] = tooltip({{"n", "rows", kCountFormat},
                                 {"x", "about " + x.title, x.time ? "" : ",.3~r"},
                                 {"y", "about " + y.title, y.time ? "" : ",.3~r"}});
  if (x.time) encoding["tooltip"].erase(1);
  const double radius = dx / std::numbers::sqrt3 * 1.03;
  draft.picture.layer(draft.picture.data(std::move(rows)),
                      {{"type", "point"},
                       {"shape", "M0,-1L0.866,-0.5L0.866,0.5L0,1L-0.866,0.5L-0.866,-0.5Z"},
                       {"size", std::round(4 * radius * radius)},
                       {"filled", true},
                       {"opacity", 1},
                       {"clip", true},
                       {"strokeWidth", 0}},
                      encoding);
}

void draw_fit(Draft& draft, const Sheet& sheet, const FigureFactor& group, const AxisSpec& x,
              const AxisSpec& y) {
  const std::string kind = draft.options.text("fit");
  if (kind == "none") return;
  const std::vector<Cell> cells = sheet.cells(group);
  const std::size_t points =
      std::clamp<std::size_t>(kMostFigureRows / 4 / std::max<std::size_t>(1, cells.size()), 12, 60);
  const double level = draft.options.number("conf_level");
  json rows = json::array();
  for (const Cell& cell : cells) {
    draft.context.check();
    std::vector<std::size_t> order(cell.rows.size());
    std::iota(order.begin(), order.end(), 0);
    const std::vector<double> raw_x = pick(sheet.measures[0], cell, false);
    const std::vector<double> raw_y = pick(sheet.measures[1], cell, false);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(raw_x[a], raw_y[a]) < std::pair(raw_x[b], raw_y[b]);
    });
    std::vector<double> fx;
    std::vector<double> fy;
    for (const std::size_t i : order) {
      fx.push_back(to_axis(raw_x[i], x.scale));
      fy.push_back(to_axis(raw_y[i], y.scale));
    }
    if (fx.size() < 3 || fx.front() == fx.back()) {
      draft.warn("A curve needs three rows and two different places" +
                 (group.given() ? ": none is drawn for " + in_quotes(group.labels[cell.group]) + "."
                                : std::string(": none is drawn.")));
      continue;
    }
    std::vector<double> at(points);
    for (std::size_t i = 0; i < points; ++i) {
      at[i] = fx.front() +
              (fx.back() - fx.front()) * (static_cast<double>(i) / static_cast<double>(points - 1));
    }
    const SmoothCurve curve =
        kind == "linear" ? fit_line(fx, fy, at)
                         : loess(fx, fy, at, draft.options.number("span"), 2, draft.context);
    const double t = t_quantile(0.5 + level / 2, curve.df);
    for (std::size_t i = 0; i < points; ++i) {
      json row = cell.keys;
      row["x"] = drawn(from_axis(at[i], x.scale));
      row["fit"] = drawn(from_axis(curve.fit[i], y.scale));
      const double half = t * curve.std_error[i];
      if (std::isfinite(half)) {
        row["low"] = drawn(from_axis(curve.fit[i] - half, y.scale));
        row["high"] = drawn(from_axis(curve.fit[i] + half, y.scale));
      }
      rows.push_back(std::move(row));
    }
  }
  const std::size_t data = draft.picture.data(std::move(rows));
  json line = {{"x", position("x", x)}, {"y", position("fit", y)}};
  line["y"]["title"] = wrapped(y.title, 60);
  json band = line;
  band["y"]["field"] = "low";
  band["y2"] = field_of("high");
  json style = {{"type", "line"}, {"clip", true}};
  json shade = {{"type", "area"}, {"clip", true}};
  if (group.given()) {
    line["color"] = group_colour(draft, group);
    band["color"] = line["color"];
    shade["opacity"] = 0.2;
  } else {
    style["style"] = "fit";
    shade["style"] = "fit_band";
  }
  if (draft.options.flag("band")) draft.picture.layer(data, shade, band);
  draft.picture.layer(data, style, line);
}

// Whether colour shows a number or groups.
bool by_number(const Draft& draft) {
  if (!draft.given("by")) return false;
  const Column& column = draft.input.frame.column(draft.column("by"));
  if (column.type().kind == TypeKind::kNumber) return true;
  if (column.type().kind != TypeKind::kInteger) return false;
  std::map<std::int64_t, bool> distinct;
  for (std::size_t i = 0; i < column.size() && distinct.size() <= 7; ++i) {
    if (!column.missing(i)) distinct[column.as_integers()[i]] = true;
  }
  return distinct.size() > 7;
}

// Where nothing is left over, or a column has no effect.
void draw_zero(Draft& draft, const Sheet& sheet, const AxisSpec& y) {
  draft.picture.layer(draft.picture.data(line_rows(sheet, 0, 0, 0, 0)),
                      {{"type", "rule"}, {"style", "reference"}}, {{"y", position("y", y)}});
}

void rename_role(Draft& draft, const std::string& from, const std::string& to) {
  for (auto& [name, columns] : draft.roles) {
    if (name == from) name = to;
  }
}

void draw_points(Draft& draft, const std::string& opening, bool zero) {
  const AxisScale x_scale = draft.scale("x_scale");
  const AxisScale y_scale = draft.scale("y_scale");
  bool numeric = by_number(draft);
  const auto read = [&] {
    std::vector<MeasureWant> wants = {{draft.column("x"), x_scale}, {draft.column("y"), y_scale}};
    if (numeric) wants.push_back({draft.column("by")});
    return read_sheet(draft, wants, {{numeric ? "" : draft.column("by"), group_limit(draft)}});
  };
  Sheet sheet = read();
  if (sheet.rows > kMostPoints) {
    const std::vector<std::string> by = draft.columns("by");
    const std::size_t rows = sheet.rows;
    if (!by.empty()) {
      // Colour now shows how many rows there are: the groups move into panels of their own.
      const bool free = !numeric && !draft.given("facet") && !draft.given("column");
      std::erase_if(draft.roles, [](const auto& role) { return role.first == "by"; });
      if (free) {
        draft.roles.emplace_back(draft.given("row") ? "column" : "facet", by);
      } else {
        draft.warn("Colour shows how many rows there are; " + in_quotes(by.front()) +
                   " is not shown.");
      }
      numeric = false;
      sheet = read();
    }
    draft.warn(say_count(rows) + " points would cover each other: how many lie where is drawn.");
    AxisSpec x = axis_of(draft, "x", sheet.measures[0], x_scale);
    AxisSpec y = axis_of(draft, "y", sheet.measures[1], y_scale);
    draw_hexagons(draft, sheet, x, y, 40, AxisScale::kLinear, true);
    if (zero && y.scale != AxisScale::kLog) draw_zero(draft, sheet, y);
    draw_fit(draft, sheet, sheet.factors[0], x, y);
    draft.figure.words = "Density of points, " + words_of(sheet);
    return;
  }
  const AxisSpec x = axis_of(draft, "x", sheet.measures[0], x_scale);
  const AxisSpec y = axis_of(draft, "y", sheet.measures[1], y_scale);
  zero = zero && y.scale != AxisScale::kLog;
  const FigureFactor& group = sheet.factors[0];
  json rows = json::array();
  for (const Cell& cell : sheet.cells(group)) {
    for (const std::uint32_t i : cell.rows) {
      json row = cell.keys;
      row["x"] = sheet.measures[0].values[i];
      row["y"] = sheet.measures[1].values[i];
      if (numeric) row["colour"] = sheet.measures[2].values[i];
      rows.push_back(std::move(row));
    }
  }
  json encoding = {{"x", position("x", x)}, {"y", position("y", y)}};
  std::vector<TooltipLine> lines;
  if (!x.time) lines.push_back({"x", x.title, kValueFormat});
  if (!y.time) lines.push_back({"y", y.title, kValueFormat});
  if (group.given()) {
    encoding["color"] = group_colour(draft, group);
    encoding["shape"] = encoding["color"];
    encoding["shape"].erase("scale");
    lines.insert(lines.begin(), {"group", group.title});
  }
  if (numeric) {
    const std::vector<double> sorted = sorted_values(sheet.measures[2]);
    encoding["color"] = colour_of_numbers(
        "colour", sheet.measures[2].title, draft.options.text("palette"), AxisScale::kLinear,
        sorted.empty() ? 0 : sorted.front(), sorted.empty() ? 0 : sorted.back());
    lines.push_back({"colour", sheet.measures[2].title, kValueFormat});
  }
  if (!lines.empty()) encoding["tooltip"] = tooltip(lines);
  const double n = static_cast<double>(std::max<std::size_t>(1, sheet.rows));
  const double opacity = std::clamp(std::round(3000 / n) / 100 + 0.3, 0.3, 0.8);
  draft.picture.layer(draft.picture.data(std::move(rows)),
                      {{"type", "point"},
                       {"filled", true},
                       {"size", n > 500 ? 18 : 34},
                       {"opacity", numeric ? std::max(opacity, 0.7) : opacity}},
                      encoding);
  if (zero) draw_zero(draft, sheet, y);
  draw_fit(draft, sheet, group, x, y);
  draft.figure.words = opening + " " + words_of(sheet);
}

}  // namespace

void draw_scatter(Draft& draft) { draw_points(draft, "Scatter plot of", false); }

void draw_residuals(Draft& draft) {
  rename_role(draft, "fitted", "x");
  rename_role(draft, "residual", "y");
  draw_points(draft, "Residuals:", true);
}

void draw_shap_dependence(Draft& draft) {
  rename_role(draft, "value", "x");
  rename_role(draft, "shap", "y");
  draw_points(draft, "SHAP values:", true);
}

void draw_hexbin(Draft& draft) {
  const AxisScale x_scale = draft.scale("x_scale");
  const AxisScale y_scale = draft.scale("y_scale");
  const Sheet sheet =
      read_sheet(draft, {{draft.column("x"), x_scale}, {draft.column("y"), y_scale}}, {});
  AxisSpec x = axis_of(draft, "x", sheet.measures[0], x_scale);
  AxisSpec y = axis_of(draft, "y", sheet.measures[1], y_scale);
  draw_hexagons(draft, sheet, x, y, static_cast<double>(draft.options.integer("bins")),
                draft.scale("colour_scale"), false);
  draft.figure.words = "Counts in hexagons, " + words_of(sheet);
}

}  // namespace impact::detail
