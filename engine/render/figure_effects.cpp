#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/render/figure_draft.h"

namespace impact::detail {
namespace {

constexpr std::size_t kMostLevels = 30;
// Points of single cases; the mean has its own.
constexpr std::size_t kCasePoints = 1500;

struct Effect {
  const char* role;  ///< Of the prediction or effect.
  bool centred;      ///< Zero is a place of its own.
  const char* opening;
};

// One axis of places: numbers, or groups in order.
struct Places {
  bool named = false;
  const Measure* measure = nullptr;
  const FigureFactor* factor = nullptr;

  [[nodiscard]] double key(std::size_t row) const {
    return named ? static_cast<double>(factor->codes[row]) : measure->values[row];
  }
  [[nodiscard]] json shown(double key) const {
    if (named) return factor->labels[static_cast<std::size_t>(key)];
    return key;
  }
  [[nodiscard]] std::string words(double key) const {
    return named ? factor->labels[static_cast<std::size_t>(key)] : say(*measure, key);
  }
};

AxisSpec axis_along(const Draft& draft, const char* letter, const Measure& measure,
                    AxisScale scale) {
  const std::string name = letter;
  AxisSpec axis{.title = draft.title(name + "_title", name + "_unit", measure.title),
                .scale = scale};
  axis.time = measure.time;
  axis.low = INFINITY, axis.high = -INFINITY;
  widen(axis, measure.values);
  return axis;
}

double mean_at(const Sheet& sheet, const std::vector<std::uint32_t>& rows, std::size_t measure) {
  double sum = 0.0;
  for (const std::uint32_t row : rows) sum += sheet.measures[measure].values[row];
  return sum / static_cast<double>(rows.size());
}

// Half-way to the neighbours; the outermost reach as far out as in.
std::map<double, std::pair<double, double>> tiles(const std::set<double>& keys) {
  const std::vector<double> at(keys.begin(), keys.end());
  std::map<double, std::pair<double, double>> found;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double before = i > 0 ? (at[i] - at[i - 1]) / 2 : 0.0;
    const double after = i + 1 < at.size() ? (at[i + 1] - at[i]) / 2 : 0.0;
    const double left = before > 0 ? before : (after > 0 ? after : 0.5);
    const double right = after > 0 ? after : left;
    found[at[i]] = {at[i] - left, at[i] + right};
  }
  return found;
}

// Two columns: a tile for each pair of places.
void draw_surface(Draft& draft, const Sheet& sheet, const Effect& effect, const Places& first,
                  const Places& second) {
  const std::string what = draft.column(effect.role);
  std::set<double> across;
  std::set<double> up;
  std::map<std::pair<std::size_t, std::pair<double, double>>, std::vector<std::uint32_t>> pairs;
  for (std::uint32_t i = 0; i < sheet.rows; ++i) {
    across.insert(first.key(i));
    up.insert(second.key(i));
    pairs[{static_cast<std::size_t>(sheet.panel[i]), {first.key(i), second.key(i)}}].push_back(i);
  }
  const auto wide = tiles(across);
  const auto tall = tiles(up);
  double low = INFINITY;
  double high = -INFINITY;
  json rows = json::array();
  for (const auto& [place, members] : pairs) {
    if (rows.size() == kMostFigureRows) {
      draft.warn("More than " + say_count(kMostFigureRows) +
                 " pairs of places: the others are not drawn.");
      break;
    }
    json row = sheet.panel_keys.empty() ? json::object() : sheet.panel_keys[place.first];
    const auto& [a, b] = place.second;
    row["x"] = first.shown(a);
    row["y"] = second.shown(b);
    if (!first.named) row["x"] = drawn(wide.at(a).first), row["x_end"] = drawn(wide.at(a).second);
    if (!second.named) row["y"] = drawn(tall.at(b).first), row["y_end"] = drawn(tall.at(b).second);
    const double value = mean_at(sheet, members, 0);
    row["n"] = drawn(value);
    low = std::min(low, value);
    high = std::max(high, value);
    rows.push_back(std::move(row));
  }
  const auto channel = [&](const char* letter, const Places& places, AxisScale scale,
                           const std::set<double>& keys) {
    const std::string name = letter;
    if (places.named) {
      return position_of_groups(letter,
                                draft.title(name + "_title", name + "_unit", places.factor->title),
                                places.factor->labels);
    }
    AxisSpec axis = axis_along(draft, letter, *places.measure, scale);
    axis.nice = false;
    if (!keys.empty()) {
      const auto all = tiles(keys);
      axis.low = all.begin()->second.first, axis.high = all.rbegin()->second.second;
      axis.fixed = scale == AxisScale::kLinear && !axis.time;
    }
    return position(letter, axis);
  };
  json encoding = {{"x", channel("x", first, AxisScale::kLinear, across)},
                   {"y", channel("y", second, AxisScale::kLinear, up)}};
  if (!first.named) encoding["x2"] = field_of("x_end");
  if (!second.named) encoding["y2"] = field_of("y_end");
  const std::string palette = draft.options.text("palette");
  const double reach = std::max(std::abs(low), std::abs(high));
  const bool drawable = low <= high;
  encoding["color"] = effect.centred && drawable && reach > 0
                          ? diverging_colour("n", what, palette, reach)
                          : colour_of_numbers("n", what, palette, AxisScale::kLinear,
                                              drawable ? low : 0, drawable ? high : 1);
  encoding["tooltip"] = tooltip({{"n", what, ",.5~r"}});
  draft.picture.layer(draft.picture.data(std::move(rows)), {{"type", "rect"}}, encoding);
  draft.figure.words = std::string(effect.opening) + " of " + in_quotes(draft.column("value")) +
                       " and " + in_quotes(draft.column("second"));
  if (drawable) draft.figure.words += ", from " + say(low) + " to " + say(high);
  draft.figure.words += ".";
}

struct Curve {
  Cell cell;
  std::map<double, std::vector<std::uint32_t>> mean;  ///< By place.
  std::map<std::size_t, std::vector<std::uint32_t>> cases;
};

std::vector<Curve> curves_of(const Sheet& sheet, const Places& places) {
  const FigureFactor& cases = sheet.factors[2];
  const bool all_cases = cases.given() && std::find(cases.labels.begin(), cases.labels.end(), "") ==
                                              cases.labels.end();
  std::vector<Curve> curves;
  for (Cell& cell : sheet.cells(sheet.factors[0])) {
    Curve curve;
    for (const std::uint32_t i : cell.rows) {
      const std::size_t code = cases.given() ? static_cast<std::size_t>(cases.codes[i]) : 0;
      const bool single = cases.given() && !cases.labels[code].empty();
      if (single) curve.cases[code].push_back(i);
      // Without rows of the mean it is that of the cases.
      if (!single || all_cases) curve.mean[places.key(i)].push_back(i);
    }
    curve.cell = std::move(cell);
    curves.push_back(std::move(curve));
  }
  return curves;
}

void draw_cases(Draft& draft, const Sheet& sheet, const Places& places,
                const std::vector<Curve>& curves, const json& line) {
  std::size_t points = 0;
  std::size_t all = 0;
  for (const Curve& curve : curves) {
    all += curve.cases.size();
    for (const auto& [code, rows] : curve.cases) points += rows.size();
  }
  if (all == 0) return;
  const std::size_t every = (points + kCasePoints - 1) / kCasePoints;
  json rows = json::array();
  std::size_t shown = 0;
  std::size_t index = 0;
  for (const Curve& curve : curves) {
    for (const auto& [code, members] : curve.cases) {
      if (index++ % every != 0) continue;
      ++shown;
      std::map<double, double> by_place;
      for (const std::uint32_t i : members) {
        by_place[places.key(i)] = sheet.measures[0].values[i];
      }
      for (const auto& [at, value] : by_place) {
        json row = curve.cell.keys;
        row["x"] = places.shown(at);
        row["y"] = drawn(value);
        row["id"] = shown;
        rows.push_back(std::move(row));
      }
    }
  }
  if (shown < all) {
    draft.warn(say_count(shown) + " of " + say_count(all) +
               " single cases are drawn, evenly spread over their order.");
  }
  json faint = line;
  faint["detail"] = {{"field", "id"}, {"type", "nominal"}};
  draft.picture.layer(draft.picture.data(std::move(rows)),
                      {{"type", "line"},
                       {"style", "whisker"},
                       {"strokeWidth", 0.8},
                       {"opacity", shown > 60 ? 0.2 : 0.35}},
                      faint);
}

void draw_curves(Draft& draft, const Sheet& sheet, const Effect& effect, const Places& places) {
  const FigureFactor& group = sheet.factors[0];
  const std::vector<Curve> curves = curves_of(sheet, places);
  AxisSpec y{.title = draft.title("y_title", "y_unit", draft.column(effect.role))};
  y.low = INFINITY, y.high = -INFINITY;
  y.format = draft.options.text("format");
  widen(y, sheet.measures[0].values);
  json along = places.named
                   ? position_of_groups("x", draft.title("x_title", "x_unit", places.factor->title),
                                        places.factor->labels)
                   : position("x", axis_along(draft, "x", *places.measure, draft.scale("x_scale")));
  json line = {{"x", along}, {"y", position("y", y)}};
  json rows = json::array();
  json bands = json::array();
  json rug = json::array();
  std::vector<std::string> parts;
  for (const Curve& curve : curves) {
    std::pair<double, double> lowest = {INFINITY, 0.0};
    std::pair<double, double> highest = {-INFINITY, 0.0};
    const std::size_t most = kMostFigureRows / 4 / std::max<std::size_t>(1, curves.size()) + 1;
    const std::size_t every = (curve.mean.size() + most - 1) / most;
    std::size_t index = 0;
    for (const auto& [at, members] : curve.mean) {
      if (every > 1 && index++ % every != 0) continue;
      json row = curve.cell.keys;
      row["x"] = places.shown(at);
      const double value = mean_at(sheet, members, 0);
      row["y"] = drawn(value);
      lowest = std::min(lowest, {value, at});
      if (value > highest.first) highest = {value, at};
      const double low = mean_at(sheet, members, 1);
      const double high = mean_at(sheet, members, 2);
      if (!std::isnan(low) && !std::isnan(high)) {
        bands.push_back(row);
        bands.back()["low"] = drawn(low);
        bands.back()["high"] = drawn(high);
      }
      json tick = curve.cell.keys;
      tick.erase("group");
      tick["x"] = row["x"];
      if (std::find(rug.begin(), rug.end(), tick) == rug.end()) rug.push_back(std::move(tick));
      rows.push_back(std::move(row));
    }
    if (curve.mean.empty()) continue;
    std::string part = group.given() ? group.labels[curve.cell.group] + " " : "";
    part += "from " + say(lowest.first) + " at " + places.words(lowest.second) + " to " +
            say(highest.first) + " at " + places.words(highest.second);
    parts.push_back(std::move(part));
  }
  if (effect.centred) {
    draft.picture.layer(draft.picture.data(line_rows(sheet, 0, 0, 0, 0)),
                        {{"type", "rule"}, {"style", "reference"}}, {{"y", position("y", y)}});
  }
  draw_cases(draft, sheet, places, curves, line);
  if (!bands.empty()) {
    json band = line;
    band["y"] = position("low", y);
    band["y"]["title"] = wrapped(y.title, 60);
    band["y2"] = field_of("high");
    if (group.given()) band["color"] = group_colour(draft, group);
    if (places.named && group.given()) {
      band["xOffset"] = {{"field", "group"}, {"type", "nominal"}, {"sort", group.labels}};
    }
    json mark = {{"type", "area"}, {"opacity", 0.18}};
    if (places.named) mark = {{"type", "rule"}, {"strokeWidth", 2}};
    draft.picture.layer(draft.picture.data(std::move(bands)), mark, band);
  }
  if (!places.named && draft.options.flag("rug")) {
    draft.picture.layer(draft.picture.data(std::move(rug)),
                        {{"type", "tick"},
                         {"style", "whisker"},
                         {"orient", "vertical"},
                         {"thickness", 1},
                         {"size", 7}},
                        {{"x", along}, {"y", constant("height")}, {"yOffset", constant(-4)}});
  }
  json point = line;
  std::vector<TooltipLine> said = {{"x", draft.column("value"), places.named ? "" : ",.5~r"},
                                   {"y", y.title, ",.5~r"}};
  if (group.given()) said.insert(said.begin(), {"group", group.title});
  const std::size_t data = draft.picture.data(std::move(rows));
  if (places.named) {
    tell_apart(draft, group, "shape", point);
    if (group.given()) {
      point["xOffset"] = {{"field", "group"}, {"type", "nominal"}, {"sort", group.labels}};
    }
  } else {
    tell_apart(draft, group, "strokeDash", line);
    draft.picture.layer(data, {{"type", "line"}, {"strokeWidth", 2.5}}, line);
    if (group.given()) point["color"] = group_colour(draft, group);
  }
  point["tooltip"] = tooltip(said);
  draft.picture.layer(data,
                      {{"type", "point"},
                       {"filled", true},
                       {"size", places.named ? 70 : 30},
                       {"opacity", places.named ? 1 : 0}},
                      point);
  draft.figure.words = std::string(effect.opening) + " of " + in_quotes(draft.column("value"));
  if (!parts.empty()) draft.figure.words += ": " + say_list(parts, 7);
  draft.figure.words += ".";
}

void draw_effect(Draft& draft, const Effect& effect) {
  if (draft.given("facet") && draft.options.text("panel_scales") == "shared") {
    // Panels of different columns share the prediction, not the places.
    draft.picture.free_scales(true, false);
  }
  const bool paired = draft.given("second");
  const bool first_named = !holds_numbers(draft, "value");
  const bool second_named = paired && !holds_numbers(draft, "second");
  const auto measured = [&](const char* role, bool named) {
    return named ? "" : draft.column(role);
  };
  const auto grouped = [&](const char* role, bool named) {
    return named ? draft.column(role) : "";
  };
  const std::string cases = effect.centred ? "" : draft.column("case");
  const Sheet sheet =
      read_sheet(draft,
                 {{draft.column(effect.role)},
                  {.column = draft.column("low"), .gaps = true},
                  {.column = draft.column("high"), .gaps = true},
                  {.column = measured("value", first_named),
                   .scale = paired ? AxisScale::kLinear : draft.scale("x_scale"),
                   .gaps = first_named},
                  {.column = measured("second", second_named), .gaps = !paired || second_named}},
                 {{draft.column("by"), group_limit(draft)},
                  {grouped("value", first_named), kMostLevels},
                  {.column = cases, .gaps = true},
                  {grouped("second", second_named), kMostLevels}});
  const Places first{first_named, &sheet.measures[3], &sheet.factors[1]};
  if (paired) {
    draw_surface(draft, sheet, effect, first,
                 {second_named, &sheet.measures[4], &sheet.factors[3]});
  } else {
    draw_curves(draft, sheet, effect, first);
  }
}

}  // namespace

void draw_partial_dependence(Draft& draft) {
  draw_effect(draft, {.role = "prediction", .centred = false, .opening = "Partial dependence"});
}

void draw_ale(Draft& draft) {
  draw_effect(draft, {.role = "effect", .centred = true, .opening = "Accumulated local effect"});
}

}  // namespace impact::detail
