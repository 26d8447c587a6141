#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/render/figure_draft.h"
#include "engine/stats/distribution.h"
#include "engine/stats/t_test.h"

namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Amount {
  double value = kNaN;
  double low = kNaN;
  double high = kNaN;
};

double sum_of(const std::vector<double>& sorted) {
  double sum = 0.0;
  double rest = 0.0;  // Neumaier 1974: the error of each addition.
  for (const double value : sorted) {
    const double next = sum + value;
    rest += std::abs(sum) >= std::abs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }
  return sum + rest;
}

// mean -+ t_{n-1} s / sqrt(n).
Amount mean_of(const std::vector<double>& sorted, double level) {
  const auto n = static_cast<double>(sorted.size());
  Amount amount;
  amount.value = sum_of(sorted) / n;
  if (sorted.size() < 2) return amount;
  double squares = 0.0;
  for (const double value : sorted) squares += (value - amount.value) * (value - amount.value);
  const double half = t_quantile(0.5 + level / 2, n - 1) * std::sqrt(squares / (n - 1) / n);
  amount.low = amount.value - half;
  amount.high = amount.value + half;
  return amount;
}

// Median between the order statistics x_(j) and x_(n+1-j), j the largest with
// P(B < j) <= (1 - level) / 2 for B binomial(n, 1/2): no assumption but independence. For n > 1000
// by the normal approximation of B. No such j: no interval.
Amount median_of(const std::vector<double>& sorted, double level) {
  Amount amount;
  amount.value = quantile_of(sorted, 0.5);
  const std::size_t n = sorted.size();
  const double tail = (1 - level) / 2;
  std::size_t j = 0;
  if (n > 1000) {
    const auto size = static_cast<double>(n);
    j = static_cast<std::size_t>(
        std::floor((size - t_quantile(1 - tail, INFINITY) * std::sqrt(size)) / 2));
  } else {
    double term = std::pow(0.5, static_cast<double>(n));
    double below = 0.0;
    while (j < n / 2 && below + term <= tail) {
      below += term;
      term *= static_cast<double>(n - j) / static_cast<double>(j + 1);
      ++j;
    }
  }
  if (j == 0) return amount;
  amount.low = sorted[j - 1];
  amount.high = sorted[n - j];
  return amount;
}

Amount amount_of(const std::string& summary, const std::vector<double>& sorted, double level) {
  if (summary == "mean") return mean_of(sorted, level);
  if (summary == "median") return median_of(sorted, level);
  return {.value = sum_of(sorted)};
}

std::vector<double> sums_by(const std::vector<Cell>& cells, const std::vector<double>& amounts,
                            std::size_t count) {
  std::vector<double> sums(count, 0.0);
  for (std::size_t i = 0; i < cells.size(); ++i) sums[cells[i].category] += amounts[i];
  return sums;
}

Sheet read_amounts(Draft& draft, const std::vector<FactorWant>& factors) {
  std::vector<MeasureWant> measures;
  if (draft.given("value")) measures.push_back({draft.column("value")});
  return read_sheet(draft, measures, factors);
}

// "claim 501,555, opinion 4,953"
std::string say_amounts(const std::vector<std::string>& labels, const FigureFactor& factor,
                        const std::vector<double>& size) {
  std::vector<std::string> parts;
  for (const std::string& label : labels) {
    const auto at = std::find(factor.labels.begin(), factor.labels.end(), label);
    parts.push_back(label + " " + say(size[static_cast<std::size_t>(at - factor.labels.begin())]));
  }
  return say_list(parts);
}

}  // namespace

void draw_bar(Draft& draft) {
  std::string summary = draft.options.text("summary");
  const bool valued = draft.given("value");
  if (summary == "auto") summary = valued ? "mean" : "count";
  if (!valued && summary != "count") {
    draft.warn("A " + summary + " needs role value: rows are counted.");
    summary = "count";
  }
  const Sheet sheet =
      read_amounts(draft, {{draft.column("of"), group_limit(draft)}, {draft.column("by"), 7}});
  const FigureFactor& category = sheet.factors[0];
  const FigureFactor& group = sheet.factors[1];
  const std::string position_name = group.given() ? draft.options.text("position") : "group";
  const bool averaged = summary == "mean" || summary == "median";
  if (averaged && position_name != "group") {
    draft.warn("A " + summary + " on top of another says nothing: look at position = \"group\".");
  }
  const double level = draft.options.number("conf_level");
  const bool intervals = averaged && draft.options.flag("interval") && position_name == "group";
  const std::vector<Cell> cells = sheet.cells(category, group);
  std::vector<double> amounts;
  json rows = json::array();
  bool some_interval = false;
  for (const Cell& cell : cells) {
    draft.context.check();
    Amount amount{.value = static_cast<double>(cell.rows.size())};
    if (summary != "count") amount = amount_of(summary, pick(sheet.measures[0], cell), level);
    amounts.push_back(amount.value);
    json row = cell.keys;
    row["y"] = summary == "count" ? json(cell.rows.size()) : json(amount.value);
    row["n"] = cell.rows.size();
    if (intervals && !std::isnan(amount.low)) {
      row["low"] = amount.low;
      row["high"] = amount.high;
      some_interval = true;
    }
    rows.push_back(std::move(row));
  }
  // Height of each bar over all colours, and for means the value of the whole group.
  std::vector<double> size = sums_by(cells, amounts, category.count());
  if (averaged && (group.given() || !sheet.panel_keys.empty())) {
    for (const Cell& cell : sheet.cells(category, FigureFactor{})) size[cell.category] = 0.0;
    std::vector<std::vector<double>> values(category.count());
    for (std::size_t i = 0; i < sheet.rows; ++i) {
      values[static_cast<std::size_t>(category.codes[i])].push_back(sheet.measures[0].values[i]);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::sort(values[i].begin(), values[i].end());
      size[i] = amount_of(summary, values[i], level).value;
    }
  }
  const bool labelled = draft.options.flag("labels");
  // Shares of each bar and places on top of each other.
  const bool fill = position_name == "fill";
  const auto label_of = [&](double amount) {
    return fill ? say(std::round(amount * 100)) + "%" : say(amount);
  };
  double highest = 0.0;
  double lowest = 0.0;
  if (position_name != "group") {
    std::vector<std::vector<double>> total(sheet.panel_keys.size() + 1,
                                           std::vector<double>(category.count(), 0.0));
    auto base = total;
    bool negative = false;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      negative = negative || amounts[i] < 0;
      total[cells[i].panel][cells[i].category] += amounts[i];
    }
    if (negative) draft.warn("Amounts below zero make bars on top of each other misleading.");
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const double whole = total[cells[i].panel][cells[i].category];
      double& from = base[cells[i].panel][cells[i].category];
      const double part = fill ? (whole == 0 ? 0.0 : amounts[i] / whole) : amounts[i];
      rows[i]["share"] = drawn(whole == 0 ? 0.0 : amounts[i] / whole);
      rows[i]["from"] = drawn(from);
      from += part;
      rows[i]["to"] = drawn(from);
      // A sliver has no room for its number.
      if (labelled)
        rows[i]["label"] = whole != 0 && amounts[i] / whole < 0.06 ? "" : label_of(part);
      highest = std::max(highest, from);
    }
  } else {
    for (json& row : rows) {
      if (labelled) row["label"] = label_of(row["y"].get<double>());
      const double top = row.contains("high") ? row["high"].get<double>() : row["y"].get<double>();
      const double bottom = row.contains("low") ? row["low"].get<double>() : row["y"].get<double>();
      highest = std::max(highest, top);
      lowest = std::min(lowest, bottom);
    }
  }

  std::string order = draft.options.text("sort");
  if (order == "auto" && !category.ordered) order = "descending";
  std::vector<std::string> labels = ordered_labels(category, size, order);
  if (category.merged > 0) {
    labels.erase(std::find(labels.begin(), labels.end(), category.labels.back()));
    labels.push_back(category.labels.back());
  }
  const bool lying = horizontal(draft, category);
  const std::string what = summary == "count" ? "rows" : summary + " of " + sheet.measures[0].title;
  AxisSpec axis{.title = draft.title("y_title", "y_unit", fill ? "share of " + what : what)};
  axis.zero = true, axis.low = lowest, axis.high = highest;
  axis.format = draft.options.text("format");
  if (fill) axis.low = 0, axis.high = 1, axis.fixed = true;
  if (fill && axis.format.empty()) axis.format = ".0%";
  const char* along = lying ? "x" : "y";
  const char* across = lying ? "y" : "x";
  json base = {{across, position_of_groups(
                            "category", draft.title("x_title", "x_unit", category.title), labels)}};
  if (!lying) base[across]["axis"]["labelAngle"] = 0;
  if (group.given() && position_name == "group") {
    base[lying ? "yOffset" : "xOffset"] = {
        {"field", "group"}, {"type", "nominal"}, {"sort", group.labels}};
  }
  json bar = base;
  std::vector<TooltipLine> lines = {{"category", category.title}};
  if (group.given()) {
    lines.push_back({"group", group.title});
    bar["color"] = group_colour(draft, group);
  }
  lines.push_back({"y", what, summary == "count" ? kCountFormat : kValueFormat});
  if (position_name == "group") {
    bar[along] = position("y", axis);
    bar[along]["stack"] = nullptr;
  } else {
    bar[along] = position("from", axis);
    bar[lying ? "x2" : "y2"] = field_of("to");
    lines.push_back({"share", "share", kShareFormat});
  }
  if (some_interval) {
    lines.push_back({"low", "interval from", kValueFormat});
    lines.push_back({"high", "to", kValueFormat});
  }
  if (summary != "count") lines.push_back({"n", "rows", kCountFormat});
  bar["tooltip"] = tooltip(lines);
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "bar"}}, bar);
  if (some_interval) {
    json rule = base;
    rule[along] = position("low", axis);
    rule[lying ? "x2" : "y2"] = field_of("high");
    draft.picture.layer(data, {{"type", "rule"}, {"style", "interval"}}, rule);
  }
  if (labelled) {
    json text = base;
    const bool shares = position_name != "group";
    text[along] = position(shares ? "to" : "y", axis);
    if (!shares) text[along]["stack"] = nullptr;
    text["text"] = {{"field", "label"}, {"type", "nominal"}};
    json mark = {{"type", "text"}};
    if (shares) mark["color"] = "#ffffff";
    if (lying) {
      mark["align"] = shares ? "right" : "left";
      mark["dx"] = shares ? -4 : 4;
    } else {
      mark["baseline"] = shares ? "top" : "bottom";
      mark["dy"] = shares ? 4 : -3;
    }
    draft.picture.layer(data, mark, text);
  }
  if (lying && !draft.options.has("height") && sheet.panel_keys.empty()) {
    const auto lanes =
        static_cast<double>(category.count() * (position_name == "group" ? group.count() : 1));
    draft.picture.size(draft.options.has("width") ? draft.options.number("width") : 0.0,
                       std::max(90.0, 20 + 24 * lanes));
  }
  draft.figure.words = "Bars of " + what + " by " + in_quotes(category.title) +
                       (group.given() ? " and " + in_quotes(group.title) : "") + ", " +
                       say_count(sheet.rows, "row", "rows") + ": " +
                       say_amounts(labels, category, size) + ".";
}

void draw_pie(Draft& draft) {
  const Sheet sheet = read_amounts(draft, {{draft.column("of"), group_limit(draft)}});
  const bool valued = !sheet.measures.empty();
  const FigureFactor& category = sheet.factors[0];
  const std::string what = valued ? "sum of " + sheet.measures[0].title : "rows";
  const std::vector<Cell> cells = sheet.cells(FigureFactor{}, category);
  std::vector<double> amounts;
  std::vector<double> whole(sheet.panel_keys.size() + 1, 0.0);
  std::vector<double> size(category.count(), 0.0);
  for (const Cell& cell : cells) {
    draft.context.check();
    double amount =
        valued ? sum_of(pick(sheet.measures[0], cell)) : static_cast<double>(cell.rows.size());
    if (amount < 0) {
      draft.warn("The " + what + " of " + in_quotes(category.labels[cell.group]) + " is " +
                 say(amount) + ", below zero: a slice cannot show it, and it is left out.");
      amount = 0.0;
    }
    amounts.push_back(amount);
    whole[cell.panel] += amount;
    size[cell.group] += amount;
  }
  std::vector<std::string> labels =
      ordered_labels(category, size, category.ordered ? "auto" : "descending");
  if (category.merged > 0) {
    labels.erase(std::find(labels.begin(), labels.end(), category.labels.back()));
    labels.push_back(category.labels.back());
  }
  json rows = json::array();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const double share = whole[cells[i].panel] > 0 ? amounts[i] / whole[cells[i].panel] : 0.0;
    const auto place = static_cast<std::size_t>(
        std::find(labels.begin(), labels.end(), category.labels[cells[i].group]) - labels.begin());
    json row = cells[i].keys;
    row["y"] = amounts[i];
    row["share"] = drawn(share);
    row["place"] = place;
    // A label in a sliver would cover its neighbours.
    row["label"] = share >= 0.04 ? say(std::round(share * 1000) / 10) + "%" : "";
    rows.push_back(std::move(row));
  }
  const double side = draft.options.has("height") ? draft.options.number("height") : 280.0;
  draft.picture.size(draft.options.has("width") ? draft.options.number("width")
                     : sheet.panel_keys.empty() ? side
                                                : 0.0,
                     draft.options.has("height") || sheet.panel_keys.empty() ? side : 0.0);
  const double radius =
      std::floor(std::min(draft.picture.panel_width(), draft.picture.panel_height()) / 2) - 32;
  json colour = colour_of_groups("group", category.title, labels, draft.options.text("palette"),
                                 category.merged > 0);
  json slice = {{"theta", {{"field", "y"}, {"type", "quantitative"}, {"stack", true}}},
                {"order", {{"field", "place"}, {"type", "quantitative"}}},
                {"color", colour}};
  json text = slice;
  text.erase("color");
  slice["tooltip"] = tooltip({{"group", category.title},
                              {"y", what, valued ? kValueFormat : kCountFormat},
                              {"share", "share", kShareFormat}});
  text["text"] = {{"field", "label"}, {"type", "nominal"}};
  json mark = {{"type", "arc"}, {"outerRadius", radius}};
  if (draft.options.flag("hole")) mark["innerRadius"] = std::floor(radius * 0.55);
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, mark, slice);
  draft.picture.layer(data, {{"type", "text"}, {"style", "slice_label"}, {"radius", radius + 20}},
                      text);
  const double all = size.empty() ? 0.0 : [&] {
    double sum = 0.0;
    for (const double part : size) sum += part;
    return sum;
  }();
  std::vector<std::string> parts;
  for (const std::string& label : labels) {
    const auto at = static_cast<std::size_t>(
        std::find(category.labels.begin(), category.labels.end(), label) - category.labels.begin());
    parts.push_back(label + " " + (all > 0 ? say(std::round(size[at] / all * 1000) / 10) : "0") +
                    "%");
  }
  draft.figure.words = "Shares of " + what + " by " + in_quotes(category.title) + ", " +
                       say_count(sheet.rows, "row", "rows") + ": " + say_list(parts, 7) + ".";
}

}  // namespace impact::detail
