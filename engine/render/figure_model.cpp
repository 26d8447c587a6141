#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/render/figure_draft.h"

namespace impact::detail {
namespace {

constexpr double kSquare = 340.0;

AxisSpec share_axis(const Draft& draft, const char* letter, const char* title) {
  AxisSpec axis{
      .title = draft.title(std::string(letter) + "_title", std::string(letter) + "_unit", title)};
  axis.low = 0, axis.high = 1, axis.fixed = true;
  axis.format = ".0%";
  if (draft.options.has("format")) axis.format = draft.options.text("format");
  return axis;
}

void square(Draft& draft) {
  const bool panels = draft.given("facet") || draft.given("row") || draft.given("column");
  draft.picture.size(
      draft.options.has("width") ? draft.options.number("width") : (panels ? 0.0 : kSquare),
      draft.options.has("height") ? draft.options.number("height") : (panels ? 0.0 : kSquare));
}

// A straight line through every panel.
void reference_line(Draft& draft, const Sheet& sheet, const AxisSpec& x, const AxisSpec& y,
                    double from, double to) {
  json rows = json::array();
  for (const json& keys :
       sheet.panel_keys.empty() ? std::vector<json>{json::object()} : sheet.panel_keys) {
    for (const double end : {0.0, 1.0}) {
      json row = keys;
      row["x"] = end;
      row["y"] = end == 0 ? from : to;
      rows.push_back(std::move(row));
    }
  }
  draft.picture.layer(draft.picture.data(std::move(rows)),
                      {{"type", "line"}, {"style", "reference"}},
                      {{"x", position("x", x)}, {"y", position("y", y)}});
}

struct Curve {
  std::string label;
  double area = 0.0;
};

// Curves of rates in the order of their thresholds, which is that of x, ties by y; the area below
// by the trapezoid rule.
std::vector<Curve> draw_rates(Draft& draft, const Sheet& sheet, const AxisSpec& x,
                              const AxisSpec& y, bool falling) {
  const FigureFactor& group = sheet.factors[0];
  const std::vector<Cell> cells = sheet.cells(group);
  const std::size_t most =
      std::clamp<std::size_t>(kMostFigureRows / std::max<std::size_t>(1, cells.size()), 20, 500);
  json rows = json::array();
  std::vector<Curve> curves;
  for (const Cell& cell : cells) {
    std::vector<std::pair<double, double>> points;
    for (const std::uint32_t i : cell.rows) {
      points.emplace_back(sheet.measures[0].values[i],
                          sheet.measures[1].values[i] * (falling ? -1 : 1));
    }
    std::sort(points.begin(), points.end());
    Curve curve{.label = group.given() ? group.labels[cell.group] : ""};
    for (std::size_t i = 1; i < points.size(); ++i) {
      curve.area += (points[i].first - points[i - 1].first) *
                    std::abs(points[i].second + points[i - 1].second) / 2;
    }
    curves.push_back(curve);
    const std::size_t shown = std::min(most, points.size());
    for (std::size_t i = 0; i < shown; ++i) {
      const std::size_t at = shown == 1 ? 0 : i * (points.size() - 1) / (shown - 1);
      json row = cell.keys;
      row["x"] = drawn(points[at].first);
      row["y"] = drawn(std::abs(points[at].second));
      row["place"] = i;
      rows.push_back(std::move(row));
    }
  }
  json encoding = {{"x", position("x", x)}, {"y", position("y", y)}};
  encoding["order"] = {{"field", "place"}, {"type", "quantitative"}};
  if (group.given()) encoding["color"] = group_colour(draft, group);
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "line"}}, encoding);
  json point = encoding;
  point.erase("order");
  std::vector<TooltipLine> lines = {{"x", x.title, ".3~f"}, {"y", y.title, ".3~f"}};
  if (group.given()) lines.insert(lines.begin(), {"group", group.title});
  point["tooltip"] = tooltip(lines);
  draft.picture.layer(data, {{"type", "point"}, {"opacity", 0}, {"size", 30}}, point);
  return curves;
}

std::string say_areas(const std::vector<Curve>& curves) {
  std::vector<std::string> parts;
  for (const Curve& curve : curves) {
    parts.push_back((curve.label.empty() ? "" : curve.label + " ") +
                    say(std::round(curve.area * 1000) / 1000));
  }
  return say_list(parts, 7);
}

}  // namespace

void draw_coefficients(Draft& draft) {
  const bool ratio = draft.options.flag("exponentiate");
  std::vector<FigureRow> rows;
  for (const FigureRow& row : draft.input.estimates) {
    FigureRow shown = row;
    if (ratio) {
      shown.estimate = std::exp(row.estimate);
      shown.low = std::exp(row.low);
      shown.high = std::exp(row.high);
    }
    const bool log = ratio || draft.scale("x_scale") == AxisScale::kLog;
    if (!std::isfinite(shown.estimate) || (log && shown.estimate <= 0)) {
      draft.warn(in_quotes(row.label) + " has no estimate that can be drawn and is left out.");
      ++draft.figure.rows_left_out;
      continue;
    }
    if (!std::isfinite(shown.low) || !std::isfinite(shown.high) || (log && shown.low <= 0)) {
      draft.warn(in_quotes(row.label) + " has no finite interval: only its estimate is drawn.");
      shown.low = shown.high = shown.estimate;
    }
    rows.push_back(shown);
  }
  FigureFactor labels{.title = ""};
  FigureFactor groups{.title = "group"};
  std::vector<double> size;
  const auto limit = group_limit(draft);
  std::size_t beyond = 0;
  json data = json::array();
  AxisSpec axis{.title = draft.title("x_title", "x_unit", ratio ? "ratio" : "estimate"),
                .scale = ratio ? AxisScale::kLog : draft.scale("x_scale")};
  axis.low = INFINITY, axis.high = -INFINITY;
  std::size_t away = 0;
  const double reference =
      draft.options.has("reference") ? draft.options.number("reference") : (ratio ? 1.0 : 0.0);
  for (const FigureRow& row : rows) {
    const auto at = std::find(labels.labels.begin(), labels.labels.end(), row.label);
    if (at == labels.labels.end()) {
      if (labels.labels.size() == limit) {
        ++beyond;
        continue;
      }
      labels.labels.push_back(row.label);
      size.push_back(row.estimate);
    }
    if (!row.group.empty() &&
        std::find(groups.labels.begin(), groups.labels.end(), row.group) == groups.labels.end()) {
      groups.labels.push_back(row.group);
    }
    json one = {
        {"label", row.label}, {"estimate", row.estimate}, {"low", row.low}, {"high", row.high}};
    if (!row.group.empty()) one["group"] = row.group;
    if (!std::isnan(row.p)) one["p"] = row.p;
    data.push_back(std::move(one));
    axis.low = std::min(axis.low, row.low);
    axis.high = std::max(axis.high, row.high);
    away += row.low > reference || row.high < reference ? 1 : 0;
  }
  if (beyond > 0) {
    draft.warn(say_count(beyond, "estimate", "estimates") + " beyond the first " +
               say_count(limit) + " lines " + (beyond == 1 ? "is" : "are") + " not drawn.");
  }
  const std::vector<std::string> order = ordered_labels(labels, size, draft.options.text("sort"));
  axis.format = draft.options.text("format");
  const bool drawable = axis.scale != AxisScale::kLog || reference > 0;
  json base = {{"y", position_of_groups("label", draft.title("y_title", "y_unit", ""), order)}};
  if (!groups.labels.empty()) {
    base["yOffset"] = {{"field", "group"}, {"type", "nominal"}, {"sort", groups.labels}};
    base["color"] = group_colour(draft, groups);
    base["color"]["title"] = nullptr;
  }
  json rule = base;
  rule["x"] = position("low", axis);
  rule["x2"] = field_of("high");
  json point = base;
  point["x"] = position("estimate", axis);
  std::vector<TooltipLine> lines = {{"label", "term"},
                                    {"estimate", "estimate", ",.6~r"},
                                    {"low", "from", ",.6~r"},
                                    {"high", "to", ",.6~r"},
                                    {"p", "p", ".3~g"}};
  if (!groups.labels.empty()) lines.insert(lines.begin(), {"group", "group"});
  point["tooltip"] = tooltip(lines);
  const std::size_t drawn_rows = data.size();
  if (!draft.options.has("height")) {
    const auto lanes = static_cast<double>(labels.labels.size() * groups.count());
    draft.picture.size(draft.options.has("width") ? draft.options.number("width") : 0.0,
                       std::max(70.0, 24 + 24 * lanes));
  }
  const std::size_t estimates = draft.picture.data(std::move(data));
  if (drawable) {
    draft.picture.layer(draft.picture.data(json::array({{{"x", reference}}})),
                        {{"type", "rule"}, {"style", "reference"}}, {{"x", position("x", axis)}});
  }
  draft.picture.layer(estimates, {{"type", "rule"}, {"strokeWidth", 2}}, rule);
  draft.picture.layer(estimates,
                      {{"type", "point"}, {"filled", true}, {"size", 60}, {"opacity", 1}}, point);
  if (drawn_rows == 0) draft.warn("There is no estimate to draw.");
  draft.figure.words = say_count(drawn_rows, "estimate", "estimates") + " with intervals";
  if (drawn_rows > 0) {
    draft.figure.words += "; " + say_count(away) + " of the intervals " +
                          (away == 1 ? "lies" : "lie") + " on one side of " + say(reference);
    std::vector<std::string> parts;
    for (const FigureRow& row : rows) {
      parts.push_back(row.label + (row.group.empty() ? "" : " (" + row.group + ")") + " " +
                      say(row.estimate) + " [" + say(row.low) + ", " + say(row.high) + "]");
    }
    draft.figure.words += ": " + say_list(parts);
  }
  draft.figure.words += ".";
}

void draw_roc(Draft& draft) {
  const Sheet sheet = read_sheet(
      draft, {{draft.column("false_positive_rate")}, {draft.column("true_positive_rate")}},
      {{draft.column("by"), group_limit(draft)}});
  square(draft);
  const AxisSpec x = share_axis(draft, "x", "false positive rate");
  const AxisSpec y = share_axis(draft, "y", "true positive rate");
  reference_line(draft, sheet, x, y, 0.0, 1.0);
  const std::vector<Curve> curves = draw_rates(draft, sheet, x, y, false);
  draft.figure.words = "ROC curve, " + say_count(sheet.rows, "threshold", "thresholds") +
                       "; area below: " + say_areas(curves) + ".";
}

void draw_precision_recall(Draft& draft) {
  const Sheet sheet = read_sheet(draft, {{draft.column("recall")}, {draft.column("precision")}},
                                 {{draft.column("by"), group_limit(draft)}});
  square(draft);
  const AxisSpec x = share_axis(draft, "x", "recall");
  const AxisSpec y = share_axis(draft, "y", "precision");
  if (draft.options.has("prevalence")) {
    const double share = draft.options.number("prevalence");
    reference_line(draft, sheet, x, y, share, share);
  }
  const std::vector<Curve> curves = draw_rates(draft, sheet, x, y, true);
  draft.figure.words = "Precision against recall, " +
                       say_count(sheet.rows, "threshold", "thresholds") +
                       "; area below the drawn line: " + say_areas(curves) + ".";
}

void draw_calibration(Draft& draft) {
  std::vector<MeasureWant> wants = {{draft.column("predicted")}, {draft.column("observed")}};
  const bool banded = draft.given("low") && draft.given("high");
  if (draft.given("low") != draft.given("high")) {
    draft.warn("An interval needs low and high: none is drawn.");
  }
  if (banded) {
    wants.push_back({draft.column("low")});
    wants.push_back({draft.column("high")});
  }
  const bool sized = draft.given("count");
  if (sized) wants.push_back({draft.column("count")});
  const Sheet sheet = read_sheet(draft, wants, {{draft.column("by"), group_limit(draft)}});
  const FigureFactor& group = sheet.factors[0];
  square(draft);
  json rows = json::array();
  double worst = 0.0;
  for (const Cell& cell : sheet.cells(group)) {
    std::vector<std::uint32_t> order = cell.rows;
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return sheet.measures[0].values[a] < sheet.measures[0].values[b];
    });
    for (const std::uint32_t i : order) {
      json row = cell.keys;
      row["x"] = sheet.measures[0].values[i];
      row["y"] = sheet.measures[1].values[i];
      if (banded) {
        row["low"] = sheet.measures[2].values[i];
        row["high"] = sheet.measures[3].values[i];
      }
      if (sized) row["n"] = sheet.measures.back().values[i];
      worst = std::max(worst, std::abs(sheet.measures[0].values[i] - sheet.measures[1].values[i]));
      rows.push_back(std::move(row));
    }
  }
  if (rows.size() > kMostFigureRows) {
    draft.warn("More than " + say_count(kMostFigureRows) +
               " bins: only the first are drawn. Calibration is read from few.");
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(kMostFigureRows), rows.end());
  }
  const AxisSpec x = share_axis(draft, "x", "predicted probability");
  const AxisSpec y = share_axis(draft, "y", "observed share");
  reference_line(draft, sheet, x, y, 0.0, 1.0);
  const std::size_t data = draft.picture.data(std::move(rows));
  json line = {{"x", position("x", x)}, {"y", position("y", y)}};
  if (group.given()) line["color"] = group_colour(draft, group);
  if (banded) {
    json rule = line;
    rule["y"] = position("low", y);
    rule["y2"] = field_of("high");
    draft.picture.layer(data, {{"type", "rule"}, {"clip", true}}, rule);
  }
  draft.picture.layer(data, {{"type", "line"}, {"strokeWidth", 1}}, line);
  json point = line;
  std::vector<TooltipLine> lines = {{"x", "predicted", ".3~f"}, {"y", "observed", ".3~f"}};
  if (sized) {
    point["size"] = {{"field", "n"},
                     {"type", "quantitative"},
                     {"title", "rows"},
                     {"scale", {{"range", {20, 220}}}}};
    lines.push_back({"n", "rows", kCountFormat});
  }
  if (group.given()) lines.insert(lines.begin(), {"group", group.title});
  point["tooltip"] = tooltip(lines);
  json mark = {{"type", "point"}, {"filled", true}, {"opacity", 1}};
  if (!sized) mark["size"] = 50;
  draft.picture.layer(data, mark, point);
  draft.figure.words = "Calibration in " + say_count(sheet.rows, "bin", "bins") +
                       "; the largest gap between predicted and observed is " +
                       say(std::round(worst * 1000) / 1000) + ".";
}

}  // namespace impact::detail
