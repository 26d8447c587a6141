#include <algorithm>
#include <cmath>

#include "engine/render/figure_draft.h"

namespace impact::detail {
namespace {

constexpr std::size_t kMostOutliers = 500;

struct Box {
  double q1 = 0.0;
  double median = 0.0;
  double q3 = 0.0;
  double low = 0.0;   ///< Smallest value within the lower fence.
  double high = 0.0;  ///< Largest value within the upper fence.
  std::vector<double> outliers;
};

// Tukey's box: quartiles of type 7, fences q1 - k IQR and q3 + k IQR. On a logarithmic axis the
// distances are those of the logarithms, as the eye measures them.
Box box_of(const std::vector<double>& sorted, double k, AxisScale scale) {
  Box box;
  box.q1 = quantile_of(sorted, 0.25);
  box.median = quantile_of(sorted, 0.5);
  box.q3 = quantile_of(sorted, 0.75);
  const double a = to_axis(box.q1, scale);
  const double b = to_axis(box.q3, scale);
  const double low_fence = a - k * (b - a);
  const double high_fence = b + k * (b - a);
  box.low = box.q1;
  box.high = box.q3;
  for (const double value : sorted) {
    const double place = to_axis(value, scale);
    if (place < low_fence || place > high_fence) {
      box.outliers.push_back(value);
    } else {
      box.low = std::min(box.low, value);
      box.high = std::max(box.high, value);
    }
  }
  return box;
}

// `most` of the sorted values, evenly spread over their ranks, the ends among them.
std::vector<double> spread(const std::vector<double>& sorted, std::size_t most) {
  if (sorted.size() <= most) return sorted;
  std::vector<double> some(most);
  for (std::size_t i = 0; i < most; ++i) {
    some[i] = sorted[most == 1 ? 0 : i * (sorted.size() - 1) / (most - 1)];
  }
  return some;
}

std::vector<double> medians_of(const Measure& measure, const FigureFactor& factor) {
  std::vector<std::vector<double>> values(factor.count());
  for (std::size_t i = 0; i < measure.values.size(); ++i) {
    values[factor.given() ? static_cast<std::size_t>(factor.codes[i]) : 0].push_back(
        measure.values[i]);
  }
  std::vector<double> medians;
  for (auto& group : values) {
    std::sort(group.begin(), group.end());
    medians.push_back(quantile_of(group, 0.5));
  }
  return medians;
}

AxisSpec value_axis(const Draft& draft, const Measure& measure) {
  AxisSpec axis{.title = draft.title("y_title", "y_unit", measure.title),
                .scale = draft.scale("y_scale")};
  axis.format = draft.options.text("format");
  axis.low = 1, axis.high = 0;
  for (const double value : measure.values) {
    if (axis.low > axis.high) axis.low = axis.high = value;
    axis.low = std::min(axis.low, value);
    axis.high = std::max(axis.high, value);
  }
  return axis;
}

}  // namespace

void draw_box(Draft& draft) {
  const AxisScale scale = draft.scale("y_scale");
  const Sheet sheet =
      read_sheet(draft, {{draft.column("of"), scale}},
                 {{draft.column("by"), group_limit(draft)}, {draft.column("colour"), 7}});
  const Measure& measure = sheet.measures[0];
  const FigureFactor& category = sheet.factors[0];
  const FigureFactor& group = sheet.factors[1];
  const double fence = draft.options.number("fence");
  std::vector<Cell> cells = sheet.cells(category, group);
  std::vector<Box> boxes;
  std::size_t outliers = 0;
  for (const Cell& cell : cells) {
    draft.context.check();
    boxes.push_back(box_of(pick(measure, cell), fence, scale));
    outliers += boxes.back().outliers.size();
  }
  json rows = json::array();
  json points = json::array();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Box& box = boxes[i];
    json row = cells[i].keys;
    row["low"] = box.low;
    row["q1"] = box.q1;
    row["median"] = box.median;
    row["q3"] = box.q3;
    row["high"] = box.high;
    row["n"] = cells[i].rows.size();
    row["outliers"] = box.outliers.size();
    rows.push_back(std::move(row));
    const std::size_t most =
        outliers <= kMostOutliers
            ? kMostOutliers
            : std::max<std::size_t>(2, kMostOutliers * box.outliers.size() / outliers);
    if (!draft.options.flag("outliers")) continue;
    for (const double value : spread(box.outliers, most)) {
      json point = cells[i].keys;
      point["value"] = value;
      points.push_back(std::move(point));
    }
  }
  if (draft.options.flag("outliers") && points.size() < outliers) {
    draft.warn(say_count(points.size()) + " of " + say_count(outliers) +
               " outliers are drawn, evenly over their ranks, the furthest among them.");
  }

  const bool lying = horizontal(draft, category);
  const char* along = lying ? "x" : "y";
  const char* along2 = lying ? "x2" : "y2";
  const char* across = lying ? "y" : "x";
  const char* thick = lying ? "height" : "width";
  const AxisSpec axis = value_axis(draft, measure);
  const std::vector<std::string> order =
      ordered_labels(category, medians_of(measure, category), draft.options.text("sort"));
  const auto at = [&](const char* from, const char* to) {
    json encoding = {{along, position(from, axis)}};
    if (to != nullptr) encoding[along2] = field_of(to);
    if (category.given()) {
      encoding[across] =
          position_of_groups("category", draft.title("x_title", "x_unit", category.title), order);
      if (!lying) encoding[across]["axis"]["labelAngle"] = 0;
    }
    if (group.given()) {
      encoding[lying ? "yOffset" : "xOffset"] = {
          {"field", "group"}, {"type", "nominal"}, {"sort", group.labels}};
    }
    return encoding;
  };
  std::vector<TooltipLine> lines;
  if (category.given()) lines.push_back({"category", category.title});
  if (group.given()) lines.push_back({"group", group.title});
  for (const char* name : {"high", "q3", "median", "q1", "low"}) {
    const std::string title = std::string_view(name) == "high"  ? "upper whisker"
                              : std::string_view(name) == "low" ? "lower whisker"
                              : std::string_view(name) == "q1"  ? "lower quartile"
                              : std::string_view(name) == "q3"  ? "upper quartile"
                                                                : "median";
    lines.push_back({name, title, kValueFormat});
  }
  lines.push_back({"n", "rows", kCountFormat});
  lines.push_back({"outliers", "outliers", kCountFormat});
  const json size = category.given() || group.given() ? json({{"band", 0.6}}) : json(44);
  json box = at("q1", "q3");
  box["tooltip"] = tooltip(lines);
  json point = at("value", nullptr);
  point["tooltip"] = tooltip({{"value", measure.title, kValueFormat}});
  if (group.given()) {
    box["color"] = group_colour(draft, group);
    point["color"] = box["color"];
  }
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "rule"}, {"style", "whisker"}}, at("low", "high"));
  draft.picture.layer(data, {{"type", "bar"}, {thick, size}}, box);
  draft.picture.layer(data,
                      {{"type", "bar"}, {"style", "median"}, {thick, size}, {"strokeWidth", 2}},
                      at("median", "median"));
  if (!points.empty()) {
    draft.picture.layer(draft.picture.data(std::move(points)),
                        {{"type", "point"}, {"size", 12}, {"opacity", 0.5}}, point);
  }
  if (lying && !draft.options.has("height") && sheet.panel_keys.empty()) {
    const auto lanes = static_cast<double>(category.count() * group.count());
    draft.picture.size(draft.options.has("width") ? draft.options.number("width") : 0.0,
                       std::max(90.0, 30 + 26 * lanes));
  }
  const std::vector<double> sorted = sorted_values(measure);
  draft.figure.words = "Box plot of " + in_quotes(measure.title) + ": " +
                       say_count(sheet.rows, "value", "values") + say_range(measure, sorted) +
                       ", " + say_count(outliers) + " beyond the whiskers." +
                       say_medians(measure, category.given() ? category : group);
}

void draw_violin(Draft& draft) {
  const AxisScale scale = draft.scale("y_scale");
  const Sheet sheet =
      read_sheet(draft, {{draft.column("of"), scale}}, {{draft.column("by"), group_limit(draft)}});
  const Measure& measure = sheet.measures[0];
  const FigureFactor& category = sheet.factors[0];
  const std::vector<Cell> cells = sheet.cells(category, FigureFactor{});
  const std::size_t points =
      std::clamp<std::size_t>(kMostFigureRows / std::max<std::size_t>(1, cells.size()), 16, 100);
  json shapes = json::array();
  json boxes = json::array();
  for (const Cell& cell : cells) {
    draft.context.check();
    const auto centre = static_cast<double>(cell.category);
    const std::vector<double> raw = pick(measure, cell);
    json box = cell.keys;
    box["x"] = centre;
    box["q1"] = quantile_of(raw, 0.25);
    box["median"] = quantile_of(raw, 0.5);
    box["q3"] = quantile_of(raw, 0.75);
    box["n"] = raw.size();
    boxes.push_back(std::move(box));
    if (raw.front() == raw.back()) {
      draft.warn("A violin needs two different values: " +
                 (category.given() ? "group " + in_quotes(category.labels[cell.category])
                                   : in_quotes(measure.title)) +
                 " is a point.");
      continue;
    }
    std::vector<double> values = raw;
    for (double& value : values) value = to_axis(value, scale);
    const auto [at, density] = density_curve(draft, values, points);
    // Each violin is as wide as its place at its peak: equal areas would let a narrow group
    // dwarf all others.
    const double peak = *std::max_element(density.begin(), density.end());
    for (std::size_t i = 0; i < points; ++i) {
      const double half = 0.42 * density[i] / peak;
      json row = cell.keys;
      row["value"] = drawn(from_axis(at[i], scale));
      row["x"] = drawn(centre - half);
      row["x2"] = drawn(centre + half);
      shapes.push_back(std::move(row));
    }
  }
  const AxisSpec axis = value_axis(draft, measure);
  const auto places = static_cast<double>(category.count());
  AxisSpec lanes{.title = draft.title("x_title", "x_unit", category.title)};
  lanes.low = -0.55, lanes.high = places - 0.45, lanes.fixed = true;
  json x = position("x", lanes);
  json ticks = json::array();
  for (std::size_t i = 0; i < category.labels.size(); ++i) ticks.push_back(i);
  // The lanes are numbers; an expression gives them their names.
  x["axis"] = {{"values", ticks},
               {"grid", false},
               {"ticks", false},
               {"labelExpr", json(category.labels).dump() + "[datum.value]"},
               {"labelLimit", 160}};
  std::size_t letters = 0;
  for (const std::string& label : category.labels) letters += label.size();
  if (letters > 80) x["axis"]["labelAngle"] = -40;
  if (!category.given()) x["title"] = nullptr;
  json shape = {{"x", x}, {"x2", field_of("x2")}, {"y", position("value", axis)}};
  shape["detail"] = field_of("category");
  if (!category.given()) shape.erase("detail");
  const json rule = {{"x", x}, {"y", position("q1", axis)}, {"y2", field_of("q3")}};
  json point = {{"x", x}, {"y", position("median", axis)}};
  std::vector<TooltipLine> lines = {{"median", "median", kValueFormat},
                                    {"q1", "lower quartile", kValueFormat},
                                    {"q3", "upper quartile", kValueFormat},
                                    {"n", "rows", kCountFormat}};
  if (category.given()) lines.insert(lines.begin(), {"category", category.title});
  point["tooltip"] = tooltip(lines);
  const std::size_t shapes_data = draft.picture.data(std::move(shapes));
  const std::size_t boxes_data = draft.picture.data(std::move(boxes));
  draft.picture.layer(shapes_data, {{"type", "area"}, {"orient", "horizontal"}, {"opacity", 0.6}},
                      shape);
  draft.picture.layer(boxes_data, {{"type", "rule"}, {"style", "median"}, {"strokeWidth", 3}},
                      rule);
  draft.picture.layer(
      boxes_data, {{"type", "point"}, {"style", "median"}, {"size", 50}, {"opacity", 1}}, point);
  const std::vector<double> sorted = sorted_values(measure);
  draft.figure.words = "Violin plot of " + in_quotes(measure.title) + ": " +
                       say_count(sheet.rows, "value", "values") + say_range(measure, sorted) + "." +
                       say_medians(measure, category);
}

}  // namespace impact::detail
