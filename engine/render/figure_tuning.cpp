#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "engine/core/number.h"
#include "engine/render/figure_draft.h"
#include "engine/stats/correlation.h"

namespace impact::detail {
namespace {

bool better(const std::string& best, double score, double than) {
  return std::isnan(than) || (best == "highest" ? score > than : score < than);
}

std::vector<std::uint32_t> in_order(const Sheet& sheet, const std::vector<std::uint32_t>& rows) {
  std::vector<std::uint32_t> order = rows;
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return sheet.measures[0].values[a] < sheet.measures[0].values[b];
  });
  return order;
}

// One tuned option: its values as numbers, or as groups.
struct Option {
  std::string name = {};
  std::vector<std::uint32_t> rows = {};
  std::vector<double> values = {};       ///< Numbers, or places in labels.
  std::vector<std::string> labels = {};  ///< Groups; empty: numbers.
  double strength = 0.0;                 ///< How much the score varies with it, 0 to 1.
};

// |rank correlation| of numbers; the root of the share of the score's variance between groups.
double strength_of(const Option& option, const std::vector<double>& scores) {
  if (option.labels.empty()) {
    const double r = spearman_correlation(option.values, scores).estimate;
    return std::isnan(r) ? 0.0 : std::abs(r);
  }
  const auto n = static_cast<double>(scores.size());
  const double mean = std::accumulate(scores.begin(), scores.end(), 0.0) / n;
  std::vector<double> sum(option.labels.size(), 0.0);
  std::vector<double> count(option.labels.size(), 0.0);
  double all = 0.0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto at = static_cast<std::size_t>(option.values[i]);
    sum[at] += scores[i];
    count[at] += 1;
    all += (scores[i] - mean) * (scores[i] - mean);
  }
  double between = 0.0;
  for (std::size_t k = 0; k < sum.size(); ++k) {
    if (count[k] > 0) between += (sum[k] / count[k] - mean) * (sum[k] / count[k] - mean) * count[k];
  }
  return all > 0 ? std::sqrt(between / all) : 0.0;
}

std::vector<Option> options_of(const Sheet& sheet) {
  const FigureFactor& parameters = sheet.factors[0];
  const FigureFactor& texts = sheet.factors[1];
  std::vector<Option> all;
  for (const Cell& cell : sheet.cells(parameters)) {
    Option option{.name = parameters.labels[cell.group], .rows = cell.rows};
    std::vector<std::string> names;
    bool numbers = true;
    for (const std::uint32_t i : cell.rows) {
      if (!texts.given()) {
        option.values.push_back(sheet.measures[2].values[i]);
        continue;
      }
      names.push_back(texts.labels[static_cast<std::size_t>(texts.codes[i])]);
      const std::optional<double> parsed = parse_double(names.back());
      numbers = numbers && parsed && std::isfinite(*parsed);
      option.values.push_back(parsed.value_or(0.0));
    }
    if (!numbers) {
      option.labels = names;
      std::sort(option.labels.begin(), option.labels.end());
      option.labels.erase(std::unique(option.labels.begin(), option.labels.end()),
                          option.labels.end());
      for (std::size_t i = 0; i < names.size(); ++i) {
        const auto at = std::lower_bound(option.labels.begin(), option.labels.end(), names[i]);
        option.values[i] = static_cast<double>(at - option.labels.begin());
      }
    }
    std::vector<double> scores;
    for (const std::uint32_t i : cell.rows) scores.push_back(sheet.measures[0].values[i]);
    option.strength = strength_of(option, scores);
    all.push_back(std::move(option));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Option& a, const Option& b) { return a.strength > b.strength; });
  return all;
}

}  // namespace

void draw_tuning_history(Draft& draft) {
  const AxisScale scale = draft.scale("y_scale");
  const Sheet sheet = read_sheet(draft,
                                 {{.column = draft.column("trial")},
                                  {.column = draft.column("score"), .scale = scale},
                                  {.column = draft.column("low"), .scale = scale, .gaps = true},
                                  {.column = draft.column("high"), .scale = scale, .gaps = true}},
                                 {{draft.column("by"), group_limit(draft)}});
  const FigureFactor& group = sheet.factors[0];
  const std::string best = draft.options.text("best");
  AxisSpec x{.title = draft.title("x_title", "x_unit", draft.column("trial"))};
  AxisSpec y{.title = draft.title("y_title", "y_unit", draft.column("score")), .scale = scale};
  x.low = y.low = INFINITY, x.high = y.high = -INFINITY;
  y.format = draft.options.text("format");
  widen(x, sheet.measures[0].values);
  widen(y, sheet.measures[1].values);
  json steps = json::array();
  json points = json::array();
  json intervals = json::array();
  std::vector<std::string> parts;
  const std::vector<Cell> panels = sheet.cells(FigureFactor{});
  const std::size_t most = kMostFigureRows / 3 / std::max<std::size_t>(1, panels.size()) + 1;
  bool thinned = false;
  for (const Cell& cell : panels) {
    const std::vector<std::uint32_t> order = in_order(sheet, cell.rows);
    const std::size_t every = (order.size() + most - 1) / most;
    thinned = thinned || every > 1;
    double so_far = std::nan("");
    double found = std::nan("");
    for (std::size_t i = 0; i < order.size(); ++i) {
      const double trial = sheet.measures[0].values[order[i]];
      const double score = sheet.measures[1].values[order[i]];
      const bool improves = better(best, score, so_far);
      if (improves) so_far = score, found = trial;
      if (improves || i + 1 == order.size()) {
        json step = cell.keys;
        step["x"] = trial;
        step["y"] = drawn(so_far);
        steps.push_back(std::move(step));
      }
      if (!improves && i % every != 0) continue;
      json point = cell.keys;
      if (group.given()) {
        point["group"] = group.labels[static_cast<std::size_t>(group.codes[order[i]])];
      }
      point["x"] = trial;
      point["y"] = drawn(score);
      const double low = sheet.measures[2].values[order[i]];
      const double high = sheet.measures[3].values[order[i]];
      if (!std::isnan(low) && !std::isnan(high)) {
        widen(y, std::vector<double>{low, high});
        intervals.push_back(point);
        intervals.back()["low"] = drawn(low);
        intervals.back()["high"] = drawn(high);
      }
      points.push_back(std::move(point));
    }
    parts.push_back(say(so_far) + " at trial " + say(found));
  }
  if (thinned) {
    draft.warn("A point stands for several trials; those that are the best so far are all drawn.");
  }
  json at = {{"x", position("x", x)}, {"y", position("y", y)}};
  if (!intervals.empty()) {
    json rule = at;
    rule["y"] = position("low", y);
    rule["y"]["title"] = wrapped(y.title, 60);
    rule["y2"] = field_of("high");
    draft.picture.layer(draft.picture.data(std::move(intervals)),
                        {{"type", "rule"}, {"opacity", 0.4}}, rule);
  }
  json point = at;
  tell_apart(draft, group, "shape", point);
  std::vector<TooltipLine> lines = {{"x", x.title, ",.6~r"}, {"y", y.title, ",.5~r"}};
  if (group.given()) lines.insert(lines.begin(), {"group", group.title});
  point["tooltip"] = tooltip(lines);
  draft.picture.layer(draft.picture.data(std::move(points)),
                      {{"type", "point"}, {"filled", true}, {"size", 34}, {"opacity", 0.75}},
                      point);
  json line = at;
  draft.picture.layer(draft.picture.data(std::move(steps)),
                      {{"type", "line"}, {"style", "fit"}, {"interpolate", "step-after"}}, line);
  draft.figure.words =
      "Tuning, " + say_count(sheet.rows, "trial", "trials") + "; the line is the best so far";
  if (!parts.empty()) draft.figure.words += ", at last " + say_list(parts);
  draft.figure.words += ".";
}

void draw_tuning_slices(Draft& draft) {
  const bool texts = !holds_numbers(draft, "value");
  const std::string value = draft.column("value");
  const Sheet sheet = read_sheet(draft,
                                 {{.column = draft.column("score")},
                                  {.column = draft.column("trial"), .gaps = true},
                                  {.column = texts ? "" : value, .gaps = texts}},
                                 {{draft.column("parameter")}, {.column = texts ? value : ""}});
  std::vector<Option> options = options_of(sheet);
  if (options.size() > group_limit(draft)) {
    draft.warn("The " + say_count(group_limit(draft)) + " options of " + say_count(options.size()) +
               " with which the score varies most are drawn.");
    options.resize(group_limit(draft));
  }
  const std::string best = draft.options.text("best");
  const std::vector<double>& scores = sheet.measures[0].values;
  double top = std::nan("");
  for (const double score : scores) {
    if (better(best, score, top)) top = score;
  }
  AxisSpec y{.title = draft.options.has("y_title") ? draft.options.text("y_title")
                                                   : draft.column("score")};
  y.low = INFINITY, y.high = -INFINITY;
  y.format = draft.options.text("format");
  widen(y, scores);
  const std::size_t columns = std::clamp<std::size_t>(options.size(), 1, 3);
  const double across = static_cast<double>(columns);
  const double width =
      draft.options.has("width")
          ? std::max(90.0, (draft.options.number("width") - 50 * (across - 1)) / across)
          : (columns == 1   ? 360.0
             : columns == 2 ? 260.0
                            : 180.0);
  const double height = draft.options.has("height") ? draft.options.number("height") : 170.0;
  draft.picture.size(width, height);
  const std::size_t most = kMostPoints / std::max<std::size_t>(1, options.size());
  bool thinned = false;
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < std::max<std::size_t>(1, options.size()); ++k) {
    const Option none{.name = "value"};
    const Option& option = options.empty() ? none : options[k];
    if (k > 0) draft.picture.next_chart(width, height);
    AxisSpec x{.title = option.name};
    x.low = INFINITY, x.high = -INFINITY;
    widen(x, option.values);
    if (x.low > 0 && x.high >= 100 * x.low) x.scale = AxisScale::kLog;
    json rows = json::array();
    json first = json::array();
    const std::size_t every = (option.rows.size() + most - 1) / std::max<std::size_t>(1, most);
    thinned = thinned || every > 1;
    for (std::size_t i = 0; i < option.rows.size(); ++i) {
      const std::uint32_t at = option.rows[i];
      json row = {{"y", drawn(scores[at])}};
      if (option.labels.empty()) {
        row["x"] = option.values[i];
      } else {
        row["x"] = option.labels[static_cast<std::size_t>(option.values[i])];
      }
      if (!std::isnan(sheet.measures[1].values[at])) row["trial"] = sheet.measures[1].values[at];
      if (scores[at] == top && first.empty()) {
        first.push_back(row);
        parts.push_back(
            option.name + " " +
            (option.labels.empty() ? say(option.values[i]) : row["x"].get<std::string>()));
      }
      if (every <= 1 || i % every == 0) rows.push_back(std::move(row));
    }
    json point = {{"x", position("x", x)}, {"y", position("y", y)}};
    if (!option.labels.empty()) {
      point["x"] = position_of_groups("x", option.name, option.labels);
      point["x"]["axis"]["labelLimit"] = 90;
    } else {
      point["x"]["axis"]["labelOverlap"] = true;
      point["x"]["axis"]["tickCount"] = 5;
    }
    if (k % columns != 0) point["y"]["title"] = nullptr;
    json ring = point;
    std::vector<TooltipLine> lines = {{"x", option.name, option.labels.empty() ? ",.5~r" : ""},
                                      {"y", y.title, ",.5~r"}};
    if (draft.given("trial")) {
      point["color"] = colour_of_numbers("trial", draft.column("trial"),
                                         draft.options.text("palette"), AxisScale::kLinear, 0, 1);
      lines.push_back({"trial", draft.column("trial"), ",.6~r"});
    }
    point["tooltip"] = tooltip(lines);
    draft.picture.layer(draft.picture.data(std::move(rows)),
                        {{"type", "point"}, {"filled", true}, {"size", 26}, {"opacity", 0.8}},
                        point);
    draft.picture.layer(draft.picture.data(std::move(first)),
                        {{"type", "point"},
                         {"style", "interval"},
                         {"filled", false},
                         {"size", 130},
                         {"strokeWidth", 2},
                         {"opacity", 1}},
                        ring);
  }
  draft.picture.arrange_charts(columns, nullptr);
  if (thinned) draft.warn("A point stands for several trials.");
  draft.figure.words = "Score against " + say_count(options.size(), "option", "options") + ", " +
                       say_count(sheet.rows, "value", "values");
  if (!parts.empty()) {
    draft.figure.words += "; the best score, " + say(top) + ", has " + say_list(parts, 7);
  }
  draft.figure.words += ".";
}

}  // namespace impact::detail
