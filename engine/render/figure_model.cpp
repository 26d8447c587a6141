#include <algorithm>
#include <cmath>

#include "engine/render/figure_draft.h"

namespace impact::detail {

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

}  // namespace impact::detail
