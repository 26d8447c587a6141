#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/render/figure_draft.h"

namespace impact::detail {
namespace {

struct Ranking {
  const char* label;
  const char* value;
  bool bars;
  bool ends_at_zero;    ///< The axis holds zero.
  std::string noun;     ///< "column", "model"; its plural has an s.
  std::string opening;  ///< Of the words.
};

// A number for each label, by group and panel, with its interval.
struct Line {
  Cell cell;
  MeanInterval mean;
};

std::vector<Line> lines_of(Draft& draft, const Sheet& sheet) {
  std::vector<Line> lines;
  const double level = draft.options.number("conf_level");
  std::size_t repeated = 0;
  for (Cell& cell : sheet.cells(sheet.factors[0], sheet.factors[1])) {
    Line line;
    const std::uint32_t first = cell.rows.front();
    if (cell.rows.size() > 1) {
      ++repeated;
      line.mean = mean_interval(pick(sheet.measures[0], cell), level);
    } else {
      line.mean = {sheet.measures[0].values[first], sheet.measures[1].values[first],
                   sheet.measures[2].values[first]};
    }
    line.cell = std::move(cell);
    lines.push_back(std::move(line));
  }
  if (repeated > 0) {
    draft.warn("Where a line has several rows their mean is drawn, with its " +
               say(std::round(1000 * level) / 10) +
               "% t interval over the rows: it takes them as independent.");
  }
  return lines;
}

// Labels from the largest value to the smallest, each by its largest over groups and panels.
std::vector<std::string> ranked(const Draft& draft, const FigureFactor& labels,
                                const std::vector<Line>& lines) {
  std::vector<double> size(labels.labels.size(), -INFINITY);
  for (const Line& line : lines) {
    double& most = size[line.cell.category];
    most = std::max(most, line.mean.value);
  }
  const std::string order = draft.options.text("sort");
  return ordered_labels(labels, size, order == "auto" ? "descending" : order);
}

std::string say_lines(const std::vector<std::string>& order, const Sheet& sheet,
                      const std::vector<Line>& lines) {
  std::vector<std::string> parts;
  for (const std::string& label : order) {
    for (const Line& line : lines) {
      if (sheet.factors[0].labels[line.cell.category] != label) continue;
      std::string part = label;
      if (sheet.factors[1].given()) {
        part += " (" + sheet.factors[1].labels[line.cell.group] + ")";
      }
      part += " " + say(line.mean.value);
      if (!std::isnan(line.mean.low) && !std::isnan(line.mean.high)) {
        part += " [" + say(line.mean.low) + ", " + say(line.mean.high) + "]";
      }
      parts.push_back(std::move(part));
    }
  }
  return say_list(parts);
}

void draw_ranking(Draft& draft, const Ranking& ranking) {
  constexpr std::size_t kMostColours = 7;
  const Sheet sheet = read_sheet(
      draft,
      {{draft.column(ranking.value)},
       {.column = draft.column("low"), .gaps = true},
       {.column = draft.column("high"), .gaps = true}},
      {{draft.column(ranking.label)}, {.column = draft.column("by"), .limit = kMostColours}});
  const FigureFactor& labels = sheet.factors[0];
  const FigureFactor& group = sheet.factors[1];
  std::vector<Line> lines = lines_of(draft, sheet);
  std::vector<std::string> order = ranked(draft, labels, lines);
  // The limit drops what ranks last, whichever way the lines are drawn.
  const std::size_t all = order.size();
  if (all > group_limit(draft)) {
    std::vector<double> size(labels.labels.size(), -INFINITY);
    for (const Line& line : lines) {
      size[line.cell.category] = std::max(size[line.cell.category], line.mean.value);
    }
    std::vector<std::string> kept = ordered_labels(labels, size, "descending");
    kept.resize(group_limit(draft));
    std::erase_if(order, [&](const std::string& label) {
      return std::find(kept.begin(), kept.end(), label) == kept.end();
    });
    draft.warn("The " + say_count(kept.size()) + " highest of " + say_count(all) + " " +
               ranking.noun + "s are drawn.");
  }
  AxisSpec axis{.title = draft.title("x_title", "x_unit", draft.column(ranking.value)),
                .zero = ranking.ends_at_zero};
  axis.low = INFINITY, axis.high = -INFINITY;
  axis.format = draft.options.text("format");
  json rows = json::array();
  json intervals = json::array();
  for (const Line& line : lines) {
    const std::string& label = labels.labels[line.cell.category];
    if (std::find(order.begin(), order.end(), label) == order.end()) continue;
    json row = line.cell.keys;
    row["x"] = drawn(line.mean.value);
    widen(axis, std::vector<double>{line.mean.value, line.mean.low, line.mean.high});
    if (!std::isnan(line.mean.low) && !std::isnan(line.mean.high)) {
      row["low"] = drawn(line.mean.low);
      row["high"] = drawn(line.mean.high);
      intervals.push_back(row);
    }
    rows.push_back(std::move(row));
  }
  if (!draft.options.has("height")) {
    const auto lanes = static_cast<double>(order.size());
    const double each = group.given() ? 8.0 + 13.0 * static_cast<double>(group.count()) : 20.0;
    double panels = 1.0;
    if (draft.given("facet") || draft.given("row")) {
      panels = static_cast<double>(std::max<std::size_t>(1, draft.picture.panels_down()));
    }
    draft.picture.size(draft.options.has("width") ? draft.options.number("width") : 0.0,
                       panels * std::max(60.0, 16 + each * lanes) + 40 * (panels - 1));
  }
  json point = {{"y", position_of_groups("category", draft.title("y_title", "y_unit", ""), order)},
                {"x", position("x", axis)}};
  if (group.given()) {
    point["yOffset"] = {{"field", "group"}, {"type", "nominal"}, {"sort", group.labels}};
  }
  json rule = point;
  rule["x"] = position("low", axis);
  rule["x2"] = field_of("high");
  std::vector<TooltipLine> said = {{"category", ranking.noun}, {"x", axis.title, ",.4~r"}};
  if (!intervals.empty()) {
    said.push_back({"low", "from", ",.4~r"});
    said.push_back({"high", "to", ",.4~r"});
  }
  if (group.given()) said.insert(said.begin(), {"group", group.title});
  if (ranking.bars) {
    if (group.given()) point["color"] = group_colour(draft, group);
  } else {
    tell_apart(draft, group, "shape", point);
    if (group.given()) rule["color"] = point["color"];
  }
  point["tooltip"] = tooltip(said);
  const auto draw_reference = [&](double at) {
    json place = line_rows(sheet, at, 0, at, 0);
    draft.picture.layer(draft.picture.data(std::move(place)),
                        {{"type", "rule"}, {"style", "reference"}}, {{"x", position("x", axis)}});
  };
  const bool referred = draft.kind.name == "model_comparison" && draft.options.has("reference");
  if (referred) {
    draw_reference(draft.options.number("reference"));
  } else if (ranking.ends_at_zero && !ranking.bars) {
    draw_reference(0.0);
  }
  const std::size_t data = draft.picture.data(std::move(rows));
  json mark = {{"type", "bar"}};
  if (!ranking.bars) mark = {{"type", "point"}, {"filled", true}, {"size", 60}, {"opacity", 1}};
  const json stroke = ranking.bars ? json({{"type", "rule"}, {"style", "interval"}})
                                   : json({{"type", "rule"}, {"strokeWidth", 2}});
  const bool first = ranking.bars;
  if (first) draft.picture.layer(data, mark, point);
  if (!intervals.empty()) {
    draft.picture.layer(draft.picture.data(std::move(intervals)), stroke, rule);
  }
  if (!first) draft.picture.layer(data, mark, point);
  draft.figure.words =
      ranking.opening + " of " + say_count(all, ranking.noun.c_str(), (ranking.noun + "s").c_str());
  if (!lines.empty()) draft.figure.words += ": " + say_lines(order, sheet, lines);
  draft.figure.words += ".";
}

}  // namespace

void draw_importance(Draft& draft) {
  draw_ranking(draft, {.label = "feature",
                       .value = "importance",
                       .bars = draft.options.text("mark") == "bar",
                       .ends_at_zero = true,
                       .noun = "column",
                       .opening = "Importance"});
}

void draw_model_comparison(Draft& draft) {
  if (!draft.options.has("panel_scales") || draft.options.text("panel_scales") == "shared") {
    // Panels show scores of different units; what they share is the models.
    draft.picture.free_scales(draft.given("facet") || draft.given("column"), false);
  }
  draw_ranking(draft, {.label = "model",
                       .value = "score",
                       .bars = false,
                       .ends_at_zero = false,
                       .noun = "model",
                       .opening = "Scores"});
}

}  // namespace impact::detail
