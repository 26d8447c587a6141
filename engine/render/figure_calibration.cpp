#include <algorithm>
#include <cmath>

#include "engine/render/figure_draft.h"
#include "engine/render/figure_rates.h"

namespace impact::detail {
namespace {

// The bins of one model by their predictions.
struct Bins {
  Cell cell;
  std::vector<std::uint32_t> rows;
};

// Bins are known by their mean predictions: their edges are taken half-way between.
std::vector<double> edges_between(const std::vector<double>& at) {
  std::vector<double> edges = {0.0};
  for (std::size_t i = 1; i < at.size(); ++i) edges.push_back((at[i - 1] + at[i]) / 2);
  edges.push_back(1.0);
  return edges;
}

// Bars of very different widths would be read by their areas: then density is drawn.
bool uneven(const std::vector<double>& edges) {
  double least = INFINITY;
  double most = 0.0;
  for (std::size_t i = 1; i < edges.size(); ++i) {
    least = std::min(least, edges[i] - edges[i - 1]);
    most = std::max(most, edges[i] - edges[i - 1]);
  }
  return most > 3 * least;
}

// Bins of equal numbers of rows would make a flat histogram: density too.
bool equally_filled(const std::vector<double>& counts) {
  const auto [low, high] = std::minmax_element(counts.begin(), counts.end());
  return counts.size() > 2 && *high - *low <= std::max(1.0, 0.02 * *high);
}

void draw_histogram_below(Draft& draft, const Sheet& sheet, const std::vector<Bins>& all,
                          AxisSpec x) {
  const FigureFactor& group = sheet.factors[0];
  const std::vector<double>& predicted = sheet.measures[0].values;
  const std::vector<double>& count = sheet.measures[4].values;
  bool density = false;
  bool flat = !all.empty();
  for (const Bins& bins : all) {
    std::vector<double> counts;
    std::vector<double> at;
    for (const std::uint32_t i : bins.rows) {
      counts.push_back(count[i]);
      at.push_back(predicted[i]);
    }
    flat = flat && equally_filled(counts);
    density = density || uneven(edges_between(at));
  }
  density = density || flat;
  AxisSpec y{.title = density ? "density" : "rows", .zero = true};
  json rows = json::array();
  for (const Bins& bins : all) {
    std::vector<double> at;
    double whole = 0.0;
    for (const std::uint32_t i : bins.rows) {
      at.push_back(predicted[i]);
      if (!std::isnan(count[i])) whole += count[i];
    }
    const std::vector<double> edges = edges_between(at);
    for (std::size_t b = 0; b < at.size(); ++b) {
      const double width = edges[b + 1] - edges[b];
      double height = std::isnan(count[bins.rows[b]]) ? 0.0 : count[bins.rows[b]];
      if (density) height = whole > 0 && width > 0 ? height / (whole * width) : 0.0;
      y.high = std::max(y.high, height);
      json row = bins.cell.keys;
      row["x"] = drawn(edges[b]);
      row["x_end"] = drawn(edges[b + 1]);
      row["n"] = drawn(height);
      rows.push_back(std::move(row));
    }
    if (!group.given() || at.empty()) continue;
    json last = rows.back();
    last["x"] = 1.0;
    rows.push_back(std::move(last));
  }
  draft.picture.next_chart(0, 80);
  json encoding = {{"x", position("x", x)}, {"y", position("n", y)}};
  encoding["y"]["axis"]["tickCount"] = 3;
  const std::size_t data = draft.picture.data(std::move(rows));
  if (group.given()) {
    tell_apart(draft, group, "strokeDash", encoding);
    draft.picture.layer(data, {{"type", "line"}, {"interpolate", "step-after"}}, encoding);
    return;
  }
  encoding["x"]["bin"] = {{"binned", true}};
  encoding["x2"] = field_of("x_end");
  encoding["tooltip"] =
      tooltip({{"x", "from", ".3~f"}, {"x_end", "to", ".3~f"}, {"n", y.title, ",.4~r"}});
  draft.picture.layer(data, {{"type", "bar"}, {"binSpacing", 1}}, encoding);
}

}  // namespace

void draw_calibration(Draft& draft) {
  const bool banded = draft.given("low") && draft.given("high");
  if (draft.given("low") != draft.given("high")) {
    draft.warn("An interval needs low and high: none is drawn.");
  }
  const bool counted = draft.given("count");
  const Sheet sheet = read_sheet(draft,
                                 {{draft.column("predicted")},
                                  {draft.column("observed")},
                                  {.column = banded ? draft.column("low") : "", .gaps = true},
                                  {.column = banded ? draft.column("high") : "", .gaps = true},
                                  {.column = draft.column("count"), .gaps = true}},
                                 {{draft.column("by"), group_limit(draft)}});
  const FigureFactor& group = sheet.factors[0];
  const bool below = counted && draft.options.flag("histogram") && !has_panels(draft);
  make_square(draft);
  json rows = json::array();
  json intervals = json::array();
  std::vector<Bins> all;
  double worst = 0.0;
  const std::vector<double>& predicted = sheet.measures[0].values;
  const std::vector<double>& observed = sheet.measures[1].values;
  for (Cell& cell : sheet.cells(group)) {
    Bins bins{.cell = cell, .rows = cell.rows};
    std::stable_sort(bins.rows.begin(), bins.rows.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return predicted[a] < predicted[b]; });
    for (const std::uint32_t i : bins.rows) {
      json row = cell.keys;
      row["x"] = predicted[i];
      row["y"] = observed[i];
      const double count = sheet.measures[4].values[i];
      if (!std::isnan(count)) row["n"] = count;
      worst = std::max(worst, std::abs(predicted[i] - observed[i]));
      if (!std::isnan(sheet.measures[2].values[i]) && !std::isnan(sheet.measures[3].values[i])) {
        intervals.push_back(row);
        intervals.back()["low"] = sheet.measures[2].values[i];
        intervals.back()["high"] = sheet.measures[3].values[i];
      }
      rows.push_back(std::move(row));
    }
    all.push_back(std::move(bins));
  }
  if (rows.size() > kMostFigureRows) {
    draft.warn("More than " + say_count(kMostFigureRows) +
               " bins: only the first are drawn. Calibration is read from few.");
    const auto most = static_cast<std::ptrdiff_t>(kMostFigureRows);
    rows.erase(rows.begin() + most, rows.end());
    intervals.clear();
    all.clear();
  }
  const AxisSpec x = share_axis(draft, "x", "predicted probability");
  const AxisSpec y = share_axis(draft, "y", "observed share");
  draft.picture.layer(draft.picture.data(line_rows(sheet, 0, 0, 1, 1)),
                      {{"type", "line"}, {"style", "reference"}},
                      {{"x", position("x", x)}, {"y", position("y", y)}});
  json point = {{"x", position("x", x)}, {"y", position("y", y)}};
  if (!intervals.empty()) {
    json rule = point;
    rule["y"] = position("low", y);
    rule["y2"] = field_of("high");
    if (group.given()) rule["color"] = group_colour(draft, group);
    draft.picture.layer(draft.picture.data(std::move(intervals)),
                        {{"type", "rule"}, {"clip", true}}, rule);
  }
  const std::size_t data = draft.picture.data(std::move(rows));
  json line = point;
  tell_apart(draft, group, "strokeDash", line);
  draft.picture.layer(data, {{"type", "line"}, {"strokeWidth", 1.2}}, line);
  tell_apart(draft, group, "shape", point);
  std::vector<TooltipLine> lines = {{"x", "predicted", ".3~f"}, {"y", "observed", ".3~f"}};
  if (counted) lines.push_back({"n", "rows", kCountFormat});
  if (counted && !below) {
    point["size"] = {{"field", "n"},
                     {"type", "quantitative"},
                     {"title", "rows"},
                     {"scale", {{"range", {20, 220}}}}};
  }
  if (group.given()) lines.insert(lines.begin(), {"group", group.title});
  point["tooltip"] = tooltip(lines);
  json mark = {{"type", "point"}, {"filled", true}, {"opacity", 1}};
  if (!counted || below) mark["size"] = 50;
  draft.picture.layer(data, mark, point);
  if (below) draw_histogram_below(draft, sheet, all, x);
  draft.figure.words = "Calibration in " + say_count(sheet.rows, "bin", "bins") +
                       "; the largest gap between predicted and observed is " +
                       say(std::round(worst * 1000) / 1000) + ".";
}

}  // namespace impact::detail
