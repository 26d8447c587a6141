#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/render/figure_draft.h"

namespace impact::detail {
namespace {

struct Point {
  double x = 0.0;
  double y = 0.0;
  double low = 0.0;
  double high = 0.0;
};

struct Series {
  std::string panel;  ///< Its keys as text, to tell panels apart.
  json keys;
  std::vector<Point> points;
};

struct Drawing {
  std::vector<Series> series;
  std::vector<std::string> labels;  ///< Of the colours, in order; none for one line.
  std::string title;                ///< Of the colours.
  bool merged = false;
  bool banded = false;
  bool summarised = false;  ///< Several rows stood at one x.
  bool time = false;
  std::size_t rows = 0;
  AxisSpec x;
  AxisSpec y;
  std::string what;
};

double summarise(const std::string& summary, std::vector<double>& values) {
  if (summary == "count") return static_cast<double>(values.size());
  std::sort(values.begin(), values.end());
  if (summary == "median") return quantile_of(values, 0.5);
  double sum = 0.0;
  for (const double value : values) sum += value;
  return summary == "sum" ? sum : sum / static_cast<double>(values.size());
}

// Rows of one cell as points by increasing x, one a distinct x; beyond `most` distinct x, one an
// interval of equal width, at its middle.
std::vector<Point> points_of(Draft& draft, Drawing& drawing, const Sheet& sheet, const Cell& cell,
                             std::size_t most) {
  const std::string summary = draft.options.text("summary");
  const std::vector<double>& x = sheet.measures[0].values;
  std::set<double> distinct;
  for (const std::uint32_t row : cell.rows) {
    distinct.insert(x[row]);
    if (distinct.size() > most) break;
  }
  double low = x[cell.rows.front()];
  double high = low;
  for (const std::uint32_t row : cell.rows) {
    low = std::min(low, x[row]);
    high = std::max(high, x[row]);
  }
  const bool binned = distinct.size() > most;
  const AxisScale scale = drawing.x.scale;
  const double from = to_axis(low, scale);
  const double width = (to_axis(high, scale) - from) / static_cast<double>(most);
  std::map<double, std::vector<std::uint32_t>> places;
  for (const std::uint32_t row : cell.rows) {
    double at = x[row];
    if (binned) {
      const double index =
          std::min(std::floor((to_axis(at, scale) - from) / width), static_cast<double>(most) - 1);
      at = drawn(from_axis(from + (index + 0.5) * width, scale));
    }
    places[at].push_back(row);
  }
  if (binned) {
    draft.warn("More than " + say_count(most) + " places along " +
               in_quotes(sheet.measures[0].title) + ": the " + summary + " of each of " +
               say_count(most) + " equal intervals is drawn.");
  }
  std::vector<Point> points;
  for (const auto& [at, rows] : places) {
    drawing.summarised = drawing.summarised || rows.size() > 1;
    Point point{.x = at};
    const auto of = [&](std::size_t measure, const std::string& how) {
      std::vector<double> values;
      for (const std::uint32_t row : rows) values.push_back(sheet.measures[measure].values[row]);
      return summarise(how, values);
    };
    point.y = of(1, summary);
    if (drawing.banded) {
      point.low = of(2, "mean");
      point.high = of(3, "mean");
    }
    points.push_back(point);
  }
  return points;
}

Drawing read_series(Draft& draft, bool band, AxisScale x_scale, AxisScale y_scale) {
  const std::vector<std::string> columns = draft.columns("y");
  Drawing drawing;
  drawing.banded = band;
  if (columns.size() > 1 && (draft.given("by") || band)) {
    throw ArgumentError({.what = "several columns of y make the lines: by, low and high do not fit",
                         .where = "figure '" + draft.kind.name + "'",
                         .hint = "give one column of y, or leave by, low and high out"});
  }
  drawing.x.scale = x_scale;
  drawing.y.scale = y_scale;
  std::size_t left_out = 0;
  std::size_t cells_in_all = 0;
  std::vector<std::pair<Sheet, std::string>> sheets;
  for (const std::string& column : columns) {
    std::vector<MeasureWant> wants = {{draft.column("x"), x_scale}, {column, y_scale}};
    if (band) {
      wants.push_back({draft.column("low"), y_scale});
      wants.push_back({draft.column("high"), y_scale});
    }
    sheets.emplace_back(read_sheet(draft, wants, {{draft.column("by"), group_limit(draft)}}),
                        column);
    left_out = std::max(left_out, draft.figure.rows_left_out);
    cells_in_all += sheets.back().first.cells(sheets.back().first.factors[0]).size();
  }
  draft.figure.rows_left_out = left_out;
  const std::size_t most =
      std::clamp<std::size_t>(kMostFigureRows / std::max<std::size_t>(1, cells_in_all), 10, 1000);
  drawing.x.low = drawing.y.low = 1;
  drawing.x.high = drawing.y.high = 0;
  const auto widen = [](AxisSpec& axis, double value) {
    if (axis.low > axis.high) axis.low = axis.high = value;
    axis.low = std::min(axis.low, value);
    axis.high = std::max(axis.high, value);
  };
  for (const auto& [sheet, column] : sheets) {
    const FigureFactor& group = sheet.factors[0];
    for (const Cell& cell : sheet.cells(group)) {
      draft.context.check();
      Series series;
      series.keys = cell.keys;
      json panel = cell.keys;
      panel.erase("group");
      series.panel = panel.dump();
      if (columns.size() > 1) series.keys["group"] = column;
      series.points = points_of(draft, drawing, sheet, cell, most);
      for (const Point& point : series.points) {
        widen(drawing.x, point.x);
        widen(drawing.y, point.y);
      }
      drawing.series.push_back(std::move(series));
    }
    drawing.rows = std::max(drawing.rows, sheet.rows);
    drawing.time = sheet.measures[0].time;
    if (group.given()) {
      drawing.labels = group.labels;
      drawing.title = group.title;
      drawing.merged = group.merged > 0;
    }
  }
  if (columns.size() > 1) drawing.labels = columns;
  const std::string summary = draft.options.text("summary");
  drawing.what = columns.size() > 1 ? "value" : columns.front();
  if (summary == "count") {
    drawing.what = "rows";
  } else if (drawing.summarised) {
    drawing.what = summary + " of " + drawing.what;
  }
  drawing.x.title = draft.title("x_title", "x_unit", draft.column("x"));
  drawing.x.time = drawing.time;
  drawing.x.nice = false;
  drawing.y.title = draft.title("y_title", "y_unit", drawing.what);
  drawing.y.format = draft.options.text("format");
  return drawing;
}

json colour_of(const Draft& draft, const Drawing& drawing) {
  return colour_of_groups("group", drawing.title, drawing.labels, draft.options.text("palette"),
                          drawing.merged);
}

// Times are written as dates: a tooltip knows no UTC.
std::string place_name(const Drawing& drawing, double x) {
  Measure measure;
  measure.time = drawing.time;
  return say(measure, x);
}

std::string words_of(const Draft& draft, const Drawing& drawing, const char* kind) {
  std::string words = std::string(kind) + " of " + drawing.what + " along " +
                      in_quotes(draft.column("x")) + ", " + say_count(drawing.rows, "row", "rows");
  if (drawing.series.empty()) return words + ".";
  words += ", from " + place_name(drawing, drawing.x.low) + " to " +
           place_name(drawing, drawing.x.high) + ".";
  std::vector<std::string> parts;
  for (const Series& series : drawing.series) {
    const std::string name =
        series.keys.contains("group") ? series.keys["group"].get<std::string>() + " " : "";
    parts.push_back(name + say(series.points.front().y) + " to " + say(series.points.back().y));
  }
  return words + " First to last: " + say_list(parts) + ".";
}

json rows_of(const Drawing& drawing) {
  json rows = json::array();
  for (const Series& series : drawing.series) {
    for (const Point& point : series.points) {
      json row = series.keys;
      row["x"] = point.x;
      row["y"] = drawn(point.y);
      row["at"] = place_name(drawing, point.x);
      if (drawing.banded) {
        row["low"] = drawn(point.low);
        row["high"] = drawn(point.high);
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

json tooltip_of(const Drawing& drawing) {
  std::vector<TooltipLine> lines = {{"at", drawing.x.title}, {"y", drawing.y.title, kValueFormat}};
  if (!drawing.labels.empty()) {
    lines.insert(lines.begin(), {"group", drawing.title.empty() ? "series" : drawing.title});
  }
  return tooltip(lines);
}

}  // namespace

void draw_line(Draft& draft) {
  if (draft.given("low") != draft.given("high")) {
    throw ArgumentError({.what = "a band needs low and high", .where = "figure 'line'"});
  }
  const bool band = draft.given("low");
  Drawing drawing = read_series(draft, band, draft.scale("x_scale"), draft.scale("y_scale"));
  const std::size_t data = draft.picture.data(rows_of(drawing));
  json line = {{"x", position("x", drawing.x)}, {"y", position("y", drawing.y)}};
  if (!drawing.labels.empty()) line["color"] = colour_of(draft, drawing);
  if (band) {
    json area = line;
    area["y"] = position("low", drawing.y);
    area["y2"] = field_of("high");
    draft.picture.layer(data, {{"type", "area"}, {"opacity", 0.22}}, area);
  }
  // A line of one point would not be seen.
  bool alone = false;
  for (const Series& series : drawing.series) alone = alone || series.points.size() == 1;
  draft.picture.layer(data, {{"type", "line"}}, line);
  json point = line;
  point["tooltip"] = tooltip_of(drawing);
  const bool marked = draft.options.flag("points") || alone;
  draft.picture.layer(data, {{"type", "point"}, {"size", 30}, {"opacity", marked ? 1 : 0}}, point);
  draft.figure.words = words_of(draft, drawing, "Line");
}

void draw_area(Draft& draft) {
  Drawing drawing = read_series(draft, false, AxisScale::kLinear, AxisScale::kLinear);
  const std::string position_name = draft.options.text("position");
  // On top of each other every area needs a height at every place of its panel.
  std::map<std::string, std::set<double>> places;
  bool filled = false;
  for (const Series& series : drawing.series) {
    for (const Point& point : series.points) places[series.panel].insert(point.x);
  }
  for (Series& series : drawing.series) {
    if (position_name == "overlay") break;
    std::map<double, Point> points;
    for (const double x : places[series.panel]) points[x] = Point{.x = x};
    filled = filled || points.size() > series.points.size();
    for (const Point& point : series.points) points[point.x] = point;
    series.points.clear();
    for (const auto& [x, point] : points) series.points.push_back(point);
  }
  if (filled) draft.warn("Where a group has no row the area counts it as zero.");
  bool negative = false;
  for (const Series& series : drawing.series) {
    for (const Point& point : series.points) negative = negative || point.y < 0;
  }
  if (negative) draft.warn("Values below zero make areas on top of each other misleading.");
  drawing.y.zero = true;
  if (position_name == "fill") {
    drawing.y.title = draft.title("y_title", "y_unit", "share of " + drawing.what);
    drawing.y.low = 0, drawing.y.high = 1, drawing.y.fixed = true;
    if (drawing.y.format.empty()) drawing.y.format = ".0%";
  }
  json area = {{"x", position("x", drawing.x)}, {"y", position("y", drawing.y)}};
  area["y"]["stack"] = position_name == "fill"    ? json("normalize")
                       : position_name == "stack" ? json("zero")
                                                  : json(nullptr);
  if (!drawing.labels.empty()) area["color"] = colour_of(draft, drawing);
  area["tooltip"] = tooltip_of(drawing);
  const std::size_t data = draft.picture.data(rows_of(drawing));
  draft.picture.layer(
      data, {{"type", "area"}, {"opacity", position_name == "overlay" ? 0.45 : 0.85}}, area);
  draft.figure.words = words_of(draft, drawing, "Area");
}

}  // namespace impact::detail
