#include "engine/render/figure_rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/render/figure_draft.h"
#include "engine/render/histogram_bins.h"

namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Rate {
  double x = 0.0;
  double y = 0.0;
  std::uint32_t row = 0;
};

struct Curve {
  Cell cell;
  std::vector<Rate> points;  ///< By x, then in the order that the area wants.
};

std::vector<Curve> curves_of(const Sheet& sheet, const FigureFactor& group, bool falling) {
  std::vector<Curve> curves;
  for (Cell& cell : sheet.cells(group)) {
    Curve curve;
    for (const std::uint32_t i : cell.rows) {
      curve.points.push_back({sheet.measures[0].values[i], sheet.measures[1].values[i], i});
    }
    std::stable_sort(curve.points.begin(), curve.points.end(), [&](const Rate& a, const Rate& b) {
      if (a.x != b.x) return a.x < b.x;
      return falling ? a.y > b.y : a.y < b.y;
    });
    curve.cell = std::move(cell);
    curves.push_back(std::move(curve));
  }
  return curves;
}

// Places of the points that are drawn: all, or evenly spread ones with both ends.
std::vector<std::size_t> thinned(std::size_t n, std::size_t most) {
  std::vector<std::size_t> places;
  const std::size_t shown = std::min(most, n);
  for (std::size_t i = 0; i < shown; ++i) {
    places.push_back(shown == 1 ? 0 : i * (n - 1) / (shown - 1));
  }
  return places;
}

std::size_t most_points(std::size_t curves, std::size_t most) {
  return std::clamp<std::size_t>(kMostFigureRows / std::max<std::size_t>(1, curves), 20, most);
}

// The area under a ROC curve: trapezoids.
double area_below(const std::vector<Rate>& points) {
  double area = 0.0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    area += (points[i].x - points[i - 1].x) * (points[i].y + points[i - 1].y) / 2;
  }
  return area;
}

// sum (recall_i - recall_(i-1)) precision_i: no interpolation, which would flatter the curve (Davis
// & Goadrich 2006).
double average_precision(const std::vector<Rate>& points) {
  double area = 0.0;
  double before = 0.0;
  for (const Rate& point : points) {
    area += (point.x - before) * point.y;
    before = point.x;
  }
  return area;
}

// The score of each curve becomes part of its name in the legend; without groups a text in the
// picture. `right`: where
// a rising curve leaves room.
void name_scores(Draft& draft, const AxisSpec& x, const AxisSpec& y, const char* name,
                 FigureFactor& group, std::vector<Curve>& curves, const std::vector<double>& scores,
                 bool right) {
  if (!group.given()) {
    json rows = json::array();
    for (std::size_t i = 0; i < curves.size(); ++i) {
      json row = curves[i].cell.keys;
      row["x"] = right ? 0.97 : 0.03;
      row["y"] = 0.06;
      row["label"] = fmt::format("{} {}", name, say_score(scores[i]));
      rows.push_back(std::move(row));
    }
    draft.picture.layer(draft.picture.data(std::move(rows)),
                        {{"type", "text"}, {"align", right ? "right" : "left"}, {"fontSize", 12}},
                        {{"x", position("x", x)},
                         {"y", position("y", y)},
                         {"text", {{"field", "label"}, {"type", "nominal"}}}});
    return;
  }
  if (has_panels(draft)) return;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    std::string& label = group.labels[curves[i].cell.group];
    label += fmt::format(" ({} {})", name, say_score(scores[i]));
    curves[i].cell.keys["group"] = label;
  }
}

std::string say_scores(const FigureFactor& group, const std::vector<Curve>& curves,
                       const std::vector<double>& scores) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    std::string part = group.given() ? group.labels[curves[i].cell.group] + " " : "";
    part += say_score(scores[i]);
    parts.push_back(std::move(part));
  }
  return say_list(parts, 7);
}

using Extras = std::function<void(const Rate&, json&)>;

// Lines of the curves, and points nobody sees for the pointer; `more` belongs to the points.
std::size_t draw_curves(Draft& draft, const FigureFactor& group, const std::vector<Curve>& curves,
                        const AxisSpec& x, const AxisSpec& y, std::vector<TooltipLine> lines,
                        const Extras& extras, const json& more) {
  const std::size_t most = most_points(curves.size(), 500);
  json rows = json::array();
  for (const Curve& curve : curves) {
    std::size_t place = 0;
    for (const std::size_t at : thinned(curve.points.size(), most)) {
      const Rate& point = curve.points[at];
      json row = curve.cell.keys;
      row["x"] = drawn(point.x);
      row["y"] = drawn(point.y);
      row["place"] = place++;
      extras(point, row);
      rows.push_back(std::move(row));
    }
  }
  json encoding = {{"x", position("x", x)}, {"y", position("y", y)}};
  json point = encoding;
  tell_apart(draft, group, "strokeDash", encoding);
  encoding["order"] = {{"field", "place"}, {"type", "quantitative"}};
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "line"}}, encoding);
  if (group.given()) {
    point["color"] = encoding["color"];
    lines.insert(lines.begin(), {"group", group.title});
  }
  point["tooltip"] = tooltip(lines);
  draft.picture.layer(data, {{"type", "point"}, {"opacity", 0}, {"size", 30}}, point, more);
  return data;
}

void no_extras(const Rate&, json&) {}

void draw_reference(Draft& draft, const Sheet& sheet, const AxisSpec& x, const AxisSpec& y,
                    double from, double to) {
  draft.picture.layer(draft.picture.data(line_rows(sheet, 0, from, 1, to)),
                      {{"type", "line"}, {"style", "reference"}},
                      {{"x", position("x", x)}, {"y", position("y", y)}});
}

// What one threshold achieves.
struct Achieved {
  double threshold = kNaN;
  double f = kNaN;
  double share = kNaN;
};

struct Cursor {
  double beta = 1.0;
  double prevalence = kNaN;
  double low = INFINITY;
  double high = -INFINITY;
  double at = kNaN;
  double best = -1.0;
};

// F_beta = (1 + b^2) P R / (b^2 P + R); called positive, of all rows: R prevalence / P.
Achieved achieved(const Cursor& cursor, const Sheet& sheet, const Rate& point) {
  const double b2 = cursor.beta * cursor.beta;
  const double below = b2 * point.y + point.x;
  Achieved all{.threshold = sheet.measures[2].values[point.row],
               .share = sheet.measures[3].values[point.row]};
  all.f = below > 0 ? (1 + b2) * point.y * point.x / below : 0.0;
  if (std::isnan(all.share) && point.y > 0) all.share = point.x * cursor.prevalence / point.y;
  return all;
}

std::string f_name(double beta) { return fmt::format("F{:g}", beta); }

// Rows at the lowest drawn threshold that the cursor does not exceed, one a curve.
json at_cursor(bool grouped) {
  json lowest = {
      {"joinaggregate", json::array({{{"op", "min"}, {"field", "threshold"}, {"as", "lowest"}}})}};
  if (grouped) lowest["groupby"] = {"group"};
  return json::array({{{"filter", "isValid(datum.threshold) && datum.threshold >= cursor"}},
                      lowest,
                      {{"filter", "datum.threshold === datum.lowest"}}});
}

// Dots on the curves and, below, what they stand for in words.
void draw_cursor(Draft& draft, const FigureFactor& group, const AxisSpec& x, const AxisSpec& y,
                 std::size_t data) {
  json dot = {{"x", position("x", x)}, {"y", position("y", y)}};
  if (group.given()) dot["color"] = group_colour(draft, group);
  draft.picture.layer(data,
                      {{"type", "point"},
                       {"filled", true},
                       {"size", 90},
                       {"opacity", 1},
                       {"stroke", "#ffffff"},
                       {"strokeWidth", 1}},
                      dot, {{"transform", at_cursor(group.given())}});
}

void draw_by_threshold(Draft& draft, const Cursor& cursor, const Sheet& sheet, const Curve& curve) {
  FigureFactor metrics{.title = "",
                       .labels = {"precision", "recall", f_name(cursor.beta), "called positive"}};
  const bool shared = std::any_of(curve.points.begin(), curve.points.end(), [&](const Rate& p) {
    return !std::isnan(achieved(cursor, sheet, p).share);
  });
  if (!shared) metrics.labels.pop_back();
  json rows = json::array();
  std::vector<Rate> points = curve.points;
  std::erase_if(points, [&](const Rate& p) { return std::isnan(sheet.measures[2].values[p.row]); });
  std::sort(points.begin(), points.end(), [&](const Rate& a, const Rate& b) {
    return sheet.measures[2].values[a.row] < sheet.measures[2].values[b.row];
  });
  for (const std::size_t at : thinned(points.size(), 150)) {
    const Achieved all = achieved(cursor, sheet, points[at]);
    const double values[] = {points[at].y, points[at].x, all.f, all.share};
    for (std::size_t m = 0; m < metrics.labels.size(); ++m) {
      if (std::isnan(values[m])) continue;
      rows.push_back(
          {{"x", drawn(all.threshold)}, {"y", drawn(values[m])}, {"metric", metrics.labels[m]}});
    }
  }
  AxisSpec across{.title = "threshold"};
  across.low = cursor.low, across.high = cursor.high, across.fixed = true;
  AxisSpec up{.title = ""};
  up.low = 0, up.high = 1, up.fixed = true, up.format = ".0%";
  json line = {{"x", position("x", across)}, {"y", position("y", up)}};
  line["y"]["title"] = nullptr;
  tell_apart(draft, metrics, "strokeDash", line);
  for (const char* channel : {"color", "strokeDash"}) {
    line[channel]["field"] = "metric";
    line[channel]["title"] = nullptr;
    line[channel]["legend"] = {{"orient", "bottom"}, {"columns", 2}};
  }
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "line"}}, line);
  draft.picture.layer(data, {{"type", "rule"}, {"style", "reference"}},
                      {{"x", {{"datum", {{"expr", "cursor"}}}, {"type", "quantitative"}}}});
}

void draw_readout(Draft& draft, const Cursor& cursor, const FigureFactor& group, std::size_t data) {
  const std::string said =
      "'precision ' + format(datum.y, '.3f') + ', recall ' + format(datum.x, '.3f') + ', " +
      f_name(cursor.beta) +
      " ' + format(datum.f, '.3f') + (isValid(datum.share) ? ', ' + "
      "format(datum.share, '.1%') + ' called positive' : '')";
  json transforms = at_cursor(group.given());
  transforms.push_back(
      {{"calculate", "'at ' + format(cursor, '.3~f') + ': ' + " + said}, {"as", "said"}});
  json text = {{"x", constant(0)}, {"text", {{"field", "said"}, {"type", "nominal"}}}};
  if (group.given()) {
    text["y"] = position_of_groups("group", "", group.labels);
    text["y"]["axis"] = {{"domain", false}, {"ticks", false}, {"labelLimit", 240}};
  } else {
    text["y"] = constant(-10);
  }
  draft.picture.layer(data, {{"type", "text"}, {"align", "left"}, {"fontSize", 12}}, text,
                      {{"transform", std::move(transforms)}});
}

}  // namespace

AxisSpec share_axis(const Draft& draft, const char* letter, const char* title) {
  AxisSpec axis{
      .title = draft.title(std::string(letter) + "_title", std::string(letter) + "_unit", title)};
  axis.low = 0, axis.high = 1, axis.fixed = true;
  axis.format = ".0%";
  if (draft.options.has("format")) axis.format = draft.options.text("format");
  return axis;
}

bool has_panels(const Draft& draft) {
  return draft.given("facet") || draft.given("row") || draft.given("column");
}

void make_square(Draft& draft, double side) {
  if (has_panels(draft)) side = 0.0;
  draft.picture.size(draft.options.has("width") ? draft.options.number("width") : side,
                     draft.options.has("height") ? draft.options.number("height") : side);
}

std::string say_score(double value) {
  return std::isnan(value) ? "unknown" : fmt::format("{:.3f}", value);
}

void draw_roc(Draft& draft) {
  const Sheet sheet = read_sheet(draft,
                                 {{draft.column("false_positive_rate")},
                                  {draft.column("true_positive_rate")},
                                  {.column = draft.column("auc"), .gaps = true}},
                                 {{draft.column("by"), group_limit(draft)}});
  make_square(draft);
  const AxisSpec x = share_axis(draft, "x", "false positive rate");
  const AxisSpec y = share_axis(draft, "y", "true positive rate");
  FigureFactor group = sheet.factors[0];
  std::vector<Curve> curves = curves_of(sheet, group, false);
  std::vector<double> areas;
  for (const Curve& curve : curves) {
    const double given = sheet.measures[2].values[curve.cell.rows.front()];
    areas.push_back(std::isnan(given) ? area_below(curve.points) : given);
  }
  const std::string said = say_scores(group, curves, areas);
  draw_reference(draft, sheet, x, y, 0.0, 1.0);
  name_scores(draft, x, y, "AUC", group, curves, areas, true);
  draw_curves(draft, group, curves, x, y, {{"x", x.title, ".3~f"}, {"y", y.title, ".3~f"}},
              no_extras, json::object());
  draft.figure.words = "ROC curve, " + say_count(sheet.rows, "threshold", "thresholds") +
                       "; area below: " + said + ".";
}

void draw_precision_recall(Draft& draft) {
  const Sheet sheet = read_sheet(draft,
                                 {{draft.column("recall")},
                                  {draft.column("precision")},
                                  {.column = draft.column("threshold"), .gaps = true},
                                  {.column = draft.column("share"), .gaps = true}},
                                 {{draft.column("by"), group_limit(draft)}});
  FigureFactor group = sheet.factors[0];
  std::vector<Curve> curves = curves_of(sheet, group, true);
  std::vector<double> areas;
  for (const Curve& curve : curves) areas.push_back(average_precision(curve.points));
  const std::string said = say_scores(group, curves, areas);
  Cursor cursor{.beta = draft.options.number("beta"),
                .prevalence = draft.options.number("prevalence")};
  for (const Curve& curve : curves) {
    for (const Rate& point : curve.points) {
      const Achieved all = achieved(cursor, sheet, point);
      if (std::isnan(all.threshold)) continue;
      cursor.low = std::min(cursor.low, all.threshold);
      cursor.high = std::max(cursor.high, all.threshold);
      if (all.f > cursor.best) cursor.best = all.f, cursor.at = all.threshold;
    }
  }
  if (draft.options.has("cursor") && cursor.low <= cursor.high) {
    cursor.at = std::clamp(draft.options.number("cursor"), cursor.low, cursor.high);
  }
  const bool moves = !has_panels(draft) && cursor.low < cursor.high;
  make_square(draft, moves && !group.given() ? 300.0 : 340.0);
  const AxisSpec x = share_axis(draft, "x", "recall");
  const AxisSpec y = share_axis(draft, "y", "precision");
  if (draft.options.has("prevalence")) {
    draw_reference(draft, sheet, x, y, cursor.prevalence, cursor.prevalence);
  }
  name_scores(draft, x, y, "AP", group, curves, areas, false);
  std::vector<TooltipLine> lines = {{"x", x.title, ".3~f"}, {"y", y.title, ".3~f"}};
  if (moves) lines.push_back({"threshold", "threshold", ".3~f"});
  json more = json::object();
  if (moves) {
    const double step = nice_width((cursor.high - cursor.low) / 200);
    more["params"] = json::array({{{"name", "pick"},
                                   {"value", {{"threshold", drawn(cursor.at)}}},
                                   {"select",
                                    {{"type", "point"},
                                     {"fields", {"threshold"}},
                                     {"on", "pointermove"},
                                     {"nearest", true},
                                     {"clear", false}}},
                                   {"bind",
                                    {{"threshold",
                                      {{"input", "range"},
                                       {"min", std::floor(cursor.low / step) * step},
                                       {"max", std::ceil(cursor.high / step) * step},
                                       {"step", step},
                                       {"name", "threshold "}}}}}}});
  }
  const std::size_t data = draw_curves(
      draft, group, curves, x, y, lines,
      [&](const Rate& point, json& row) {
        const Achieved all = achieved(cursor, sheet, point);
        if (!moves || std::isnan(all.threshold)) return;
        row["threshold"] = drawn(all.threshold);
        row["f"] = drawn(all.f);
        if (!std::isnan(all.share)) row["share"] = drawn(all.share);
      },
      more);
  draft.figure.words = "Precision against recall, " +
                       say_count(sheet.rows, "threshold", "thresholds") +
                       "; average precision: " + said + ".";
  if (!moves) return;
  draw_cursor(draft, group, x, y, data);
  // What the cursor achieves is written over the curves of one model, and below those of several.
  draft.picture.next_chart(0, group.given() ? 18.0 * static_cast<double>(group.count()) : 0.0);
  if (!group.given()) draw_by_threshold(draft, cursor, sheet, curves.front());
  draw_readout(draft, cursor, group, data);
  const json own = {{"color", "independent"}, {"strokeDash", "independent"}};
  draft.picture.arrange_charts(group.given() ? 1 : 2, {{"scale", own}});
  draft.picture.parameter(
      {{"name", "cursor"},
       {"expr", "pick.threshold ? pick.threshold[0] : " + json(drawn(cursor.at)).dump()}});
  draft.figure.words +=
      " The largest " + f_name(cursor.beta) + " is " + say_score(cursor.best) + ".";
}

void draw_gain(Draft& draft) {
  const Sheet sheet = read_sheet(draft, {{draft.column("share")}, {draft.column("gain")}},
                                 {{draft.column("by"), group_limit(draft)}});
  make_square(draft);
  const AxisSpec x = share_axis(draft, "x", "rows with the highest scores");
  const AxisSpec y = share_axis(draft, "y", "positives among them, of all");
  const FigureFactor& group = sheet.factors[0];
  std::vector<Curve> curves = curves_of(sheet, group, false);
  std::vector<std::string> parts;
  for (Curve& curve : curves) {
    // Of no row no positive is found.
    if (curve.points.front().x > 0) curve.points.insert(curve.points.begin(), Rate{});
    const auto tenth = std::lower_bound(curve.points.begin(), curve.points.end(), 0.2 - 1e-12,
                                        [](const Rate& p, double at) { return p.x < at; });
    const Rate& best = tenth == curve.points.end() ? curve.points.back() : *tenth;
    std::string part = group.given() ? group.labels[curve.cell.group] + " finds " : "";
    part += fmt::format("{:.1f}% in {:.3g}% of the rows", 100 * best.y, 100 * best.x);
    parts.push_back(std::move(part));
  }
  draw_reference(draft, sheet, x, y, 0.0, 1.0);
  if (draft.options.has("prevalence") && draft.options.number("prevalence") > 0) {
    draft.picture.layer(
        draft.picture.data(line_rows(sheet, 0, 0, draft.options.number("prevalence"), 1)),
        {{"type", "line"}, {"style", "reference"}},
        {{"x", position("x", x)}, {"y", position("y", y)}});
  }
  draw_curves(draft, group, curves, x, y, {{"x", "rows", ".1%"}, {"y", "positives found", ".1%"}},
              no_extras, json::object());
  draft.figure.words = "Cumulative gain, " + say_count(sheet.rows, "point", "points") +
                       "; share of positives found: " + say_list(parts, 7) + ".";
}

void draw_lift(Draft& draft) {
  const Sheet sheet = read_sheet(draft, {{draft.column("share")}, {draft.column("lift")}},
                                 {{draft.column("by"), group_limit(draft)}});
  const AxisSpec x = share_axis(draft, "x", "rows with the highest scores");
  AxisSpec y{.title = draft.title("y_title", "y_unit", "lift over all rows")};
  y.zero = true;
  y.high = 1.0;
  y.format = draft.options.text("format");
  widen(y, sheet.measures[1].values);
  const FigureFactor& group = sheet.factors[0];
  const std::vector<Curve> curves = curves_of(sheet, group, false);
  std::vector<std::string> parts;
  for (const Curve& curve : curves) {
    std::string part = group.given() ? group.labels[curve.cell.group] + " " : "";
    part += fmt::format("{:.3g} in the first {:.3g}%", curve.points.front().y,
                        100 * curve.points.front().x);
    parts.push_back(std::move(part));
  }
  AxisSpec shares = x;
  if (!draft.options.has("format")) shares.format = ".0%";
  draw_reference(draft, sheet, shares, y, 1.0, 1.0);
  draw_curves(draft, group, curves, shares, y, {{"x", "rows", ".1%"}, {"y", "lift", ".3~f"}},
              no_extras, json::object());
  draft.figure.words =
      "Lift, " + say_count(sheet.rows, "point", "points") + ": " + say_list(parts, 7) + ".";
}

}  // namespace impact::detail
