#include <algorithm>
#include <array>
#include <cmath>

#include "engine/render/figure_draft.h"
#include "engine/render/histogram_bins.h"

namespace impact::detail {
namespace {

constexpr double kOverlay = 0.55;

// Widths people read on a time axis, in seconds.
constexpr std::array kTimeWidths = {
    1.0,     5.0,     15.0,     60.0,     300.0,     900.0,     3600.0,    10800.0,    21600.0,
    43200.0, 86400.0, 172800.0, 604800.0, 1209600.0, 2419200.0, 7862400.0, 31557600.0, 157788000.0};

double time_width(double width) {
  for (const double seconds : kTimeWidths) {
    if (seconds * 1000 >= width) return seconds * 1000;
  }
  return width;
}

BinSpec bin_spec(const Draft& draft, const Measure& measure, AxisScale scale, std::size_t most,
                 std::span<const double> sorted) {
  BinSpec spec;
  const std::string rule = draft.options.text("rule");
  spec.rule = rule == "scott"     ? BinRule::kScott
              : rule == "sturges" ? BinRule::kSturges
                                  : BinRule::kFreedmanDiaconis;
  spec.count = static_cast<std::size_t>(draft.options.integer("bins"));
  if (draft.options.has("bin_width")) spec.width = draft.options.number("bin_width");
  spec.nice = draft.options.flag("nice");
  spec.whole = measure.whole && scale != AxisScale::kLog;
  spec.most = spec.count > 0 || spec.width > 0 ? most : std::min<std::size_t>(most, 80);
  if (measure.time && spec.nice && spec.count == 0 && spec.width == 0 && sorted.size() > 1) {
    const double least = (sorted.back() - sorted.front()) / static_cast<double>(spec.most);
    spec.width = time_width(std::max(bin_width(sorted, spec.rule), least));
  }
  return spec;
}

std::string bin_label(const Measure& measure, double low, double high) {
  return say(measure, low) + " to " + say(measure, high);
}

// "Title" of the axis of values: the column's name unless the script says otherwise.
AxisSpec value_axis(const Draft& draft, const Measure& measure, std::span<const double> sorted,
                    AxisScale scale) {
  AxisSpec axis;
  axis.title = draft.title("x_title", "x_unit", measure.title);
  axis.scale = scale;
  axis.time = measure.time;
  axis.format = draft.options.text("format");
  axis.nice = false;
  if (!sorted.empty()) axis.low = sorted.front(), axis.high = sorted.back();
  return axis;
}

}  // namespace

void draw_histogram(Draft& draft) {
  const AxisScale scale = draft.scale("x_scale");
  const Sheet sheet =
      read_sheet(draft, {{draft.column("of"), scale}}, {{draft.column("by"), group_limit(draft)}});
  const Measure& measure = sheet.measures[0];
  const FigureFactor& group = sheet.factors[0];
  const std::vector<double> sorted = sorted_values(measure);
  std::vector<double> placed = sorted;
  for (double& value : placed) value = to_axis(value, scale);
  const std::vector<Cell> cells = sheet.cells(group);
  const std::size_t most =
      std::clamp<std::size_t>(kMostFigureRows / std::max<std::size_t>(1, cells.size()), 4, 200);
  const BinSpec spec = bin_spec(draft, measure, scale, most, placed);
  if (spec.count > most) {
    draft.warn("At most " + say_count(most) + " bins are drawn for so many groups.");
  }
  const std::vector<double> edges = bin_edges(placed, spec);
  const std::size_t bins = edges.empty() ? 0 : edges.size() - 1;

  const std::string kind = draft.options.text("measure");
  const bool stacked = group.given() && draft.options.text("position") == "stack";
  json rows = json::array();
  std::vector<double> base;
  std::size_t panel = sheet.panel_keys.size() + 1;
  std::vector<std::int64_t> all(bins, 0);
  for (const Cell& cell : cells) {
    draft.context.check();
    if (cell.panel != panel) base.assign(bins, 0.0);
    panel = cell.panel;
    std::vector<double> values = pick(measure, cell);
    for (double& value : values) value = to_axis(value, scale);
    const std::vector<std::int64_t> counts = bin_counts(values, edges);
    for (std::size_t i = 0; i < bins; ++i) {
      all[i] += counts[i];
      if (counts[i] == 0) continue;
      const double low = from_axis(edges[i], scale);
      const double high = from_axis(edges[i + 1], scale);
      const auto count = static_cast<double>(counts[i]);
      const double share = count / static_cast<double>(values.size());
      const double height = kind == "count"   ? count
                            : kind == "share" ? share
                                              : share / (edges[i + 1] - edges[i]);
      json row = cell.keys;
      row["x"] = drawn(low);
      row["x2"] = drawn(high);
      row["bin"] = bin_label(measure, low, high);
      row["n"] = counts[i];
      row["y"] = drawn(base[i] + height);
      if (stacked) {
        row["y2"] = drawn(base[i]);
        base[i] += height;
      }
      rows.push_back(std::move(row));
    }
  }
  AxisSpec x = value_axis(draft, measure, sorted, scale);
  AxisSpec y;
  y.title = draft.title("y_title", "y_unit",
                        kind == "count"   ? "rows"
                        : kind == "share" ? "share of rows"
                                          : "density");
  y.zero = true;
  y.high = draft.figure.rows_in > 0 && kind == "count" ? static_cast<double>(sheet.rows) : 0.0;
  if (kind == "share") y.format = ".0%";
  json encoding = {{"x", position("x", x)}, {"x2", field_of("x2")}, {"y", position("y", y)}};
  encoding["x"]["bin"] = {{"binned", true}};
  if (stacked) encoding["y2"] = field_of("y2");
  std::vector<TooltipLine> lines = {{"bin", x.title}, {"n", "rows", kCountFormat}};
  if (kind != "count")
    lines.push_back({"y", y.title, kind == "share" ? kShareFormat : kValueFormat});
  if (group.given()) {
    encoding["color"] = group_colour(draft, group);
    lines.insert(lines.begin(), {"group", group.title});
  }
  encoding["tooltip"] = tooltip(lines);
  json mark = {{"type", "bar"}, {"binSpacing", bins > 60 ? 0 : 1}};
  if (group.given() && !stacked) {
    encoding["y"]["stack"] = nullptr;
    mark["opacity"] = kOverlay;
  }
  draft.picture.layer(draft.picture.data(std::move(rows)), mark, encoding);

  std::string words = "Histogram of " + in_quotes(measure.title) + ": " +
                      say_count(sheet.rows, "value", "values") + say_range(measure, sorted) + ".";
  if (bins > 1) {
    const auto fullest =
        static_cast<std::size_t>(std::max_element(all.begin(), all.end()) - all.begin());
    words +=
        " The fullest of " + say_count(bins) + " bins, " +
        bin_label(measure, from_axis(edges[fullest], scale), from_axis(edges[fullest + 1], scale)) +
        ", holds " + say_count(static_cast<std::size_t>(all[fullest])) + " of them.";
  }
  draft.figure.words = words + say_medians(measure, group);
}

void draw_density(Draft& draft) {
  const AxisScale scale = draft.scale("x_scale");
  const Sheet sheet =
      read_sheet(draft, {{draft.column("of"), scale}}, {{draft.column("by"), group_limit(draft)}});
  const Measure& measure = sheet.measures[0];
  const FigureFactor& group = sheet.factors[0];
  const std::vector<double> sorted = sorted_values(measure);
  const std::vector<Cell> cells = sheet.cells(group);
  const std::size_t points =
      std::clamp<std::size_t>(kMostFigureRows / std::max<std::size_t>(1, cells.size()), 16, 160);
  json rows = json::array();
  for (const Cell& cell : cells) {
    draft.context.check();
    std::vector<double> values = pick(measure, cell);
    for (double& value : values) value = to_axis(value, scale);
    if (values.front() == values.back()) {
      draft.warn("A density needs two different values: " +
                 (group.given() ? "group " + in_quotes(group.labels[cell.group])
                                : in_quotes(measure.title)) +
                 " is not drawn.");
      continue;
    }
    const auto [at, density] = density_curve(draft, values, points);
    for (std::size_t i = 0; i < points; ++i) {
      json row = cell.keys;
      row["x"] = drawn(from_axis(at[i], scale));
      row["y"] = drawn(density[i]);
      rows.push_back(std::move(row));
    }
  }
  AxisSpec x = value_axis(draft, measure, sorted, scale);
  AxisSpec y;
  y.title = draft.title("y_title", "y_unit",
                        scale == AxisScale::kLog ? "density per power of ten" : "density");
  y.zero = true;
  json encoding = {{"x", position("x", x)}, {"y", position("y", y)}};
  // Millions of milliseconds make densities nobody can read.
  if (measure.time) encoding["y"]["axis"] = {{"labels", false}, {"ticks", false}};
  json line = encoding;
  if (group.given()) {
    encoding["color"] = group_colour(draft, group);
    line["color"] = encoding["color"];
  }
  const std::size_t data = draft.picture.data(std::move(rows));
  if (draft.options.flag("fill")) {
    encoding["y"]["stack"] = nullptr;
    draft.picture.layer(data, {{"type", "area"}, {"opacity", group.given() ? 0.25 : 0.35}},
                        encoding);
  }
  draft.picture.layer(data, {{"type", "line"}}, line);
  draft.figure.words = "Density of " + in_quotes(measure.title) + ": " +
                       say_count(sheet.rows, "value", "values") + say_range(measure, sorted) + "." +
                       say_medians(measure, group);
}

}  // namespace impact::detail
