#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "engine/core/number.h"
#include "engine/render/figure_draft.h"

namespace impact::detail {
namespace {

constexpr double kLane = 30.0;
constexpr double kDot = 4.0;  ///< Diameter of a dot in pixels.

struct ColumnValues {
  std::size_t feature = 0;
  double mean_size = 0.0;  ///< Mean |SHAP|.
  std::vector<Cell> cells = {};
};

// The value of each row as a number; texts that are no numbers have none.
std::vector<double> values_of(const Sheet& sheet) {
  if (!sheet.factors[1].given()) return sheet.measures[1].values;
  std::vector<double> values;
  for (const std::int32_t code : sheet.factors[1].codes) {
    const std::string& label = sheet.factors[1].labels[static_cast<std::size_t>(code)];
    values.push_back(parse_double(label).value_or(std::nan("")));
  }
  return values;
}

// Values of one column on [0, 1]: its 5 % quantile is 0, its 95 % quantile 1, so that one outlier
// does not take all the colour. NaN stays.
std::vector<double> scaled(const std::vector<double>& values) {
  std::vector<double> sorted;
  for (const double value : values) {
    if (!std::isnan(value)) sorted.push_back(value);
  }
  std::sort(sorted.begin(), sorted.end());
  double low = quantile_of(sorted, 0.05);
  double high = quantile_of(sorted, 0.95);
  if (!sorted.empty() && low == high) low = sorted.front(), high = sorted.back();
  std::vector<double> all;
  for (const double value : values) {
    const bool flat = !(high > low);
    const double place = flat ? 0.5 : std::clamp((value - low) / (high - low), 0.0, 1.0);
    all.push_back(std::isnan(value) ? value : place);
  }
  return all;
}

// Evenly spread ranks of the SHAP values: the shape of the swarm stays.
std::vector<std::uint32_t> spread(const std::vector<double>& shap, std::vector<std::uint32_t> rows,
                                  std::size_t most) {
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return shap[a] < shap[b]; });
  if (rows.size() <= most) return rows;
  std::vector<std::uint32_t> kept;
  for (std::size_t i = 0; i < most; ++i) {
    kept.push_back(rows[most == 1 ? 0 : i * (rows.size() - 1) / (most - 1)]);
  }
  return kept;
}

// Dots that would cover each other move up and down by turns; the k-th of a place by ceil(k/2).
struct Packing {
  double low = 0.0;
  double bin = 1.0;
  std::map<std::pair<std::size_t, std::int64_t>, int> filled = {};

  int turn(std::size_t lane, double x) {
    const auto place = static_cast<std::int64_t>(std::floor((x - low) / bin));
    const int k = filled[{lane, place}]++;
    return k % 2 == 1 ? (k + 1) / 2 : -(k / 2);
  }
};

json value_colour(const std::string& title) {
  return {{"field", "colour"},
          {"type", "quantitative"},
          {"title", wrapped(title, 24)},
          {"scale", {{"domain", {0, 1}}, {"range", {"#0072B2", "#a6a1a6", "#D55E00"}}}},
          {"legend",
           {{"values", {0, 1}},
            {"labelExpr", "datum.value < 0.5 ? 'low' : 'high'"},
            {"gradientLength", 140}}}};
}

std::vector<ColumnValues> by_size(const Sheet& sheet) {
  std::vector<ColumnValues> columns(sheet.factors[0].labels.size());
  for (std::size_t f = 0; f < columns.size(); ++f) columns[f].feature = f;
  std::vector<std::size_t> rows(columns.size(), 0);
  for (Cell& cell : sheet.cells(sheet.factors[0], FigureFactor{})) {
    ColumnValues& column = columns[cell.category];
    for (const std::uint32_t i : cell.rows) {
      column.mean_size += std::abs(sheet.measures[0].values[i]);
    }
    rows[cell.category] += cell.rows.size();
    column.cells.push_back(std::move(cell));
  }
  for (std::size_t f = 0; f < columns.size(); ++f) {
    columns[f].mean_size /= static_cast<double>(std::max<std::size_t>(1, rows[f]));
  }
  std::stable_sort(columns.begin(), columns.end(),
                   [](const auto& a, const auto& b) { return a.mean_size > b.mean_size; });
  return columns;
}

}  // namespace

void draw_shap_beeswarm(Draft& draft) {
  const bool texts = draft.given("value") && !holds_numbers(draft, "value");
  const std::string value = draft.column("value");
  const Sheet sheet =
      read_sheet(draft, {{draft.column("shap")}, {.column = texts ? "" : value, .gaps = true}},
                 {{draft.column("feature")}, {.column = texts ? value : "", .gaps = true}});
  const FigureFactor& features = sheet.factors[0];
  std::vector<ColumnValues> columns = by_size(sheet);
  if (columns.size() > group_limit(draft)) {
    draft.warn("The " + say_count(group_limit(draft)) +
               " columns with the largest mean |SHAP| of " + say_count(columns.size()) +
               " are drawn.");
    columns.resize(group_limit(draft));
  }
  const std::vector<double>& shap = sheet.measures[0].values;
  const std::vector<double> values = values_of(sheet);
  AxisSpec x{.title = draft.title("x_title", "x_unit", "SHAP value")};
  x.low = INFINITY, x.high = -INFINITY;
  x.format = draft.options.text("format");
  widen(x, shap);
  std::size_t cells = 0;
  for (const ColumnValues& column : columns) cells += column.cells.size();
  const std::size_t most = (kMostPoints - 100) / std::max<std::size_t>(1, cells);
  const double width = draft.picture.panel_width();
  Packing packing{.low = x.low};
  if (x.high > x.low) packing.bin = (x.high - x.low) / (width / kDot);
  struct Dot {
    json row;
    int turn;
  };
  std::vector<Dot> dots;
  bool thinned = false;
  int furthest = 3;
  std::vector<std::string> order;
  std::vector<std::string> parts;
  for (const ColumnValues& column : columns) {
    order.push_back(features.labels[column.feature]);
    parts.push_back(order.back() + " " + say(column.mean_size));
    for (std::size_t c = 0; c < column.cells.size(); ++c) {
      draft.context.check();
      const Cell& cell = column.cells[c];
      thinned = thinned || cell.rows.size() > most;
      std::vector<double> own;
      for (const std::uint32_t i : cell.rows) own.push_back(values[i]);
      const std::vector<double> colours = scaled(own);
      std::map<std::uint32_t, double> colour;
      for (std::size_t i = 0; i < own.size(); ++i) colour[cell.rows[i]] = colours[i];
      for (const std::uint32_t i : spread(shap, cell.rows, most)) {
        Dot dot{.row = cell.keys, .turn = packing.turn(c, shap[i])};
        dot.row["x"] = drawn(shap[i]);
        if (!std::isnan(colour[i])) dot.row["colour"] = drawn(std::round(colour[i] * 1000) / 1000);
        if (texts && sheet.factors[1].given()) {
          dot.row["said"] =
              sheet.factors[1].labels[static_cast<std::size_t>(sheet.factors[1].codes[i])];
        } else if (!std::isnan(values[i])) {
          dot.row["said"] = say(values[i]);
        } else {
          dot.row["said"] = "missing";
        }
        furthest = std::max(furthest, std::abs(dot.turn));
        dots.push_back(std::move(dot));
      }
    }
    packing.filled.clear();
  }
  if (thinned) {
    draft.warn("At most " + say_count(most) +
               " rows a column are drawn, evenly spread over its "
               "SHAP values; their order is by all rows.");
  }
  json coloured = json::array();
  json plain = json::array();
  for (Dot& dot : dots) {
    dot.row["up"] = drawn(static_cast<double>(dot.turn) / furthest);
    (dot.row.contains("colour") ? coloured : plain).push_back(std::move(dot.row));
  }
  json encoding = {
      {"y", position_of_groups("category", draft.title("y_title", "y_unit", ""), order)},
      {"yOffset",
       {{"field", "up"}, {"type", "quantitative"}, {"scale", {{"domain", {-1.15, 1.15}}}}}},
      {"x", position("x", x)}};
  encoding["tooltip"] = tooltip(
      {{"category", "column"}, {"said", value.empty() ? "value" : value}, {"x", "SHAP", ",.4~r"}});
  if (!draft.options.has("height") && !draft.given("row") && !draft.given("facet")) {
    draft.picture.size(draft.options.has("width") ? draft.options.number("width") : 0.0,
                       std::max(80.0, kLane * static_cast<double>(columns.size())));
  }
  draft.picture.layer(draft.picture.data(line_rows(sheet, 0, 0, 0, 0)),
                      {{"type", "rule"}, {"style", "reference"}}, {{"x", position("x", x)}});
  const json mark = {{"type", "point"}, {"filled", true}, {"size", 13}, {"opacity", 0.85}};
  if (!plain.empty()) {
    json grey = mark;
    grey["color"] = "#9a9a9a";
    draft.picture.layer(draft.picture.data(std::move(plain)), grey, encoding);
  }
  if (!coloured.empty() || dots.empty()) {
    encoding["color"] = value_colour("value of the column");
    draft.picture.layer(draft.picture.data(std::move(coloured)), mark, encoding);
  }
  draft.figure.words = "SHAP values of " + say_count(features.labels.size(), "column", "columns") +
                       ", " + say_count(sheet.rows, "value", "values");
  if (!parts.empty()) draft.figure.words += "; largest mean |SHAP|: " + say_list(parts);
  draft.figure.words += ".";
}

// The bars begin at the mean prediction; each goes on where the one above ends, and the last ends
// at the prediction: base + sum of all SHAP values (Lundberg & Lee 2017, local accuracy).
void draw_shap_waterfall(Draft& draft) {
  const bool texts = draft.given("value") && !holds_numbers(draft, "value");
  const std::string value = draft.column("value");
  const Sheet sheet =
      read_sheet(draft, {{draft.column("shap")}, {.column = texts ? "" : value, .gaps = true}},
                 {{draft.column("feature")}, {.column = texts ? value : "", .gaps = true}});
  struct Step {
    std::string label;
    double shap;
  };
  std::vector<Step> steps;
  std::vector<bool> seen(sheet.factors[0].labels.size(), false);
  bool repeated = false;
  for (std::size_t i = 0; i < sheet.rows; ++i) {
    const auto code = static_cast<std::size_t>(sheet.factors[0].codes[i]);
    if (seen[code]) {
      repeated = true;
      continue;
    }
    seen[code] = true;
    Step step{.label = sheet.factors[0].labels[code], .shap = sheet.measures[0].values[i]};
    std::string held;
    if (texts && sheet.factors[1].given()) {
      held = sheet.factors[1].labels[static_cast<std::size_t>(sheet.factors[1].codes[i])];
    } else if (!std::isnan(sheet.measures[1].values[i])) {
      held = say(sheet.measures[1].values[i]);
    }
    if (!held.empty()) step.label += " = " + held;
    steps.push_back(std::move(step));
  }
  if (repeated) {
    draft.warn("A waterfall shows one row: only the first SHAP value of each column is drawn.");
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return std::abs(a.shap) > std::abs(b.shap);
  });
  if (steps.size() > group_limit(draft)) {
    const std::size_t kept = group_limit(draft) - 1;
    Step rest{.label = say_count(steps.size() - kept) + " other columns", .shap = 0.0};
    for (std::size_t i = kept; i < steps.size(); ++i) rest.shap += steps[i].shap;
    steps.resize(kept);
    draft.warn(rest.label + " with smaller SHAP values are drawn as one.");
    steps.push_back(std::move(rest));
  }
  const double base = draft.options.number("base");
  const std::string start = "mean prediction";
  const std::string finish = "prediction";
  std::vector<std::string> order = {start};
  AxisSpec x{.title = draft.title("x_title", "x_unit", "prediction")};
  x.low = x.high = base;
  x.format = draft.options.text("format");
  const FigureFactor signs{.title = "", .labels = {"raises", "lowers"}};
  json bars = json::array();
  json ends = json::array();
  std::vector<std::string> parts;
  double at = base;
  for (const Step& step : steps) {
    const double next = at + step.shap;
    std::string label = step.label;
    while (std::find(order.begin(), order.end(), label) != order.end()) label += " ";
    order.push_back(label);
    const std::string sign = step.shap < 0 ? "" : "+";
    bars.push_back({{"category", label},
                    {"x", drawn(at)},
                    {"x_end", drawn(next)},
                    {"far", drawn(std::max(at, next))},
                    {"group", signs.labels[step.shap < 0 ? 1 : 0]},
                    {"label", sign + say(step.shap)}});
    parts.push_back(step.label + " " + sign + say(step.shap));
    widen(x, std::vector<double>{next});
    at = next;
  }
  order.push_back(finish);
  ends.push_back({{"category", start}, {"x", drawn(base)}, {"label", say(base)}});
  ends.push_back({{"category", finish}, {"x", drawn(at)}, {"label", say(at)}});
  // Room for the numbers right of the bars.
  const double reach = x.high > x.low ? x.high - x.low : 1.0;
  x.low -= 0.03 * reach, x.high += 0.14 * reach, x.fixed = true;
  if (!draft.options.has("height")) {
    draft.picture.size(draft.options.has("width") ? draft.options.number("width") : 0.0,
                       std::max(90.0, 24.0 * static_cast<double>(order.size())));
  }
  const json lanes = position_of_groups("category", draft.title("y_title", "y_unit", ""), order);
  json bar = {{"y", lanes}, {"x", position("x", x)}, {"x2", field_of("x_end")}};
  // Orange raises, blue lowers; the sign stands beside each bar.
  bar["color"] = {{"field", "group"},
                  {"type", "nominal"},
                  {"title", nullptr},
                  {"sort", signs.labels},
                  {"scale", {{"domain", signs.labels}, {"range", {"#D55E00", "#0072B2"}}}}};
  bar["tooltip"] = tooltip({{"category", "column"}, {"label", "SHAP"}});
  json text = {
      {"y", lanes}, {"x", position("far", x)}, {"text", {{"field", "label"}, {"type", "nominal"}}}};
  text["x"]["title"] = wrapped(x.title, 60);
  json point = {{"y", lanes}, {"x", position("x", x)}};
  json named = point;
  named["text"] = text["text"];
  const json line = {{"type", "text"}, {"align", "left"}, {"dx", 5}};
  const std::size_t bar_data = draft.picture.data(std::move(bars));
  const std::size_t end_data = draft.picture.data(std::move(ends));
  draft.picture.layer(draft.picture.data(json::array({{{"x", drawn(base)}}})),
                      {{"type", "rule"}, {"style", "reference"}}, {{"x", position("x", x)}});
  draft.picture.layer(bar_data, {{"type", "bar"}}, bar);
  draft.picture.layer(bar_data, line, text);
  draft.picture.layer(
      end_data,
      {{"type", "point"}, {"style", "median"}, {"filled", true}, {"size", 60}, {"opacity", 1}},
      point);
  json bold = line;
  bold["fontWeight"] = 600;
  bold["dx"] = 9;
  draft.picture.layer(end_data, bold, named);
  draft.figure.words = "From a mean prediction of " + say(base) + " to a prediction of " + say(at);
  if (!parts.empty()) draft.figure.words += ": " + say_list(parts);
  draft.figure.words += ".";
}

}  // namespace impact::detail
