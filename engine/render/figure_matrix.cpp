#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "engine/render/figure_draft.h"
#include "engine/render/histogram_bins.h"
#include "engine/stats/correlation.h"

namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kFewValues = 20;

// One side of a heat map: groups, or a number cut into bins.
struct Side {
  bool binned = false;
  std::vector<double> edges;
  std::vector<std::size_t> code;  ///< Of each row.
  std::size_t count = 0;
};

bool is_binned(const Draft& draft, const char* role) {
  const Column& column = draft.input.frame.column(draft.column(role));
  const TypeKind kind = column.type().kind;
  if (kind == TypeKind::kText || kind == TypeKind::kCategory || kind == TypeKind::kBoolean) {
    return false;
  }
  std::set<std::string> distinct;
  for (std::size_t i = 0; i < column.size() && distinct.size() <= kFewValues; ++i) {
    if (!column.missing(i)) distinct.insert(format_value(column.value(i)));
  }
  return kind == TypeKind::kNumber || distinct.size() > kFewValues;
}

Side binned_side(const Measure& measure, std::size_t bins) {
  Side side;
  side.binned = true;
  const std::vector<double> sorted = sorted_values(measure);
  BinSpec spec;
  if (!sorted.empty() && sorted.front() < sorted.back()) {
    spec.width = (sorted.back() - sorted.front()) / static_cast<double>(bins);
    if (!measure.time) spec.width = nice_width(spec.width);
    if (measure.whole) spec.width = std::max(1.0, std::ceil(spec.width));
  }
  side.edges = bin_edges(sorted, spec);
  side.count = side.edges.empty() ? 0 : side.edges.size() - 1;
  for (const double value : measure.values) {
    const auto above = std::upper_bound(side.edges.begin(), side.edges.end(), value);
    const auto index = static_cast<std::size_t>(above - side.edges.begin());
    side.code.push_back(std::min(std::max<std::size_t>(1, index) - 1, side.count - 1));
  }
  return side;
}

Side group_side(const FigureFactor& factor) {
  Side side;
  side.count = factor.count();
  for (const std::int32_t code : factor.codes) side.code.push_back(static_cast<std::size_t>(code));
  return side;
}

double summary_of(const std::string& summary, std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  if (summary == "median") return quantile_of(values, 0.5);
  double sum = 0.0;
  for (const double value : values) sum += value;
  return summary == "sum" ? sum : sum / static_cast<double>(values.size());
}

// Text that can be read on its cell: dark on the light end of the scale, light on the dark end.
json text_colour(const std::string& field, double threshold, bool dark_above) {
  const std::string test = "datum['" + field + "'] > " + json(threshold).dump();
  return {{"condition", {{"test", test}, {"value", dark_above ? "#111111" : "#ffffff"}}},
          {"value", dark_above ? "#ffffff" : "#111111"}};
}

}  // namespace

void draw_heat_map(Draft& draft) {
  const char* names[] = {"x", "y"};
  const bool binned[] = {is_binned(draft, "x"), is_binned(draft, "y")};
  std::vector<MeasureWant> measures;
  std::vector<FactorWant> factors;
  for (int side = 0; side < 2; ++side) {
    if (binned[side]) {
      measures.push_back({draft.column(names[side])});
    } else {
      factors.push_back({draft.column(names[side]), group_limit(draft)});
    }
  }
  const bool valued = draft.given("value");
  if (valued) measures.push_back({draft.column("value")});
  const Sheet sheet = read_sheet(draft, measures, factors);
  Side sides[2];
  const Measure* measure[2] = {nullptr, nullptr};
  const FigureFactor* factor[2] = {nullptr, nullptr};
  std::size_t next_measure = 0;
  std::size_t next_factor = 0;
  const std::size_t panels = std::max<std::size_t>(1, sheet.panel_keys.size());
  const auto most = static_cast<std::size_t>(
      std::sqrt(static_cast<double>(kMostFigureRows) / static_cast<double>(panels)));
  const std::size_t bins = std::min(static_cast<std::size_t>(draft.options.integer("bins")), most);
  for (int side = 0; side < 2; ++side) {
    if (binned[side]) {
      measure[side] = &sheet.measures[next_measure++];
      sides[side] = binned_side(*measure[side], bins);
    } else {
      factor[side] = &sheet.factors[next_factor++];
      sides[side] = group_side(*factor[side]);
    }
  }
  const std::string summary = draft.options.text("summary");
  const std::string what =
      valued ? summary + " of " + sheet.measures.back().title : std::string("rows");
  json rows = json::array();
  double low = INFINITY;
  double high = -INFINITY;
  std::vector<double> amounts;
  std::string largest;
  const auto name_of = [&](int side, std::size_t code) {
    if (!sides[side].binned) return factor[side]->labels[code];
    return say(*measure[side], sides[side].edges[code]) + " to " +
           say(*measure[side], sides[side].edges[code + 1]);
  };
  for (const Cell& cell : sheet.cells(FigureFactor{})) {
    draft.context.check();
    std::map<std::pair<std::size_t, std::size_t>, std::vector<std::uint32_t>> places;
    for (const std::uint32_t row : cell.rows) {
      places[{sides[0].code[row], sides[1].code[row]}].push_back(row);
    }
    for (const auto& [place, members] : places) {
      std::vector<double> values;
      for (const std::uint32_t row : members) {
        if (valued) values.push_back(sheet.measures.back().values[row]);
      }
      const double value =
          valued ? summary_of(summary, values) : static_cast<double>(members.size());
      const std::size_t codes[] = {place.first, place.second};
      json row = cell.keys;
      for (int side = 0; side < 2; ++side) {
        if (sides[side].binned) {
          row[names[side]] = sides[side].edges[codes[side]];
          row[std::string(names[side]) + "2"] = sides[side].edges[codes[side] + 1];
        } else {
          row[names[side]] = factor[side]->labels[codes[side]];
        }
        row[std::string(names[side]) + "_name"] = name_of(side, codes[side]);
      }
      row["value"] = drawn(value);
      amounts.push_back(value);
      row["n"] = members.size();
      rows.push_back(std::move(row));
      low = std::min(low, value);
      if (value > high) {
        high = value;
        largest = name_of(0, codes[0]) + " and " + name_of(1, codes[1]);
      }
    }
  }
  json encoding = json::object();
  std::string titles[2];
  for (int side = 0; side < 2; ++side) {
    const std::string letter = names[side];
    titles[side] = draft.title(letter + "_title", letter + "_unit", draft.column(letter));
    if (sides[side].binned) {
      AxisSpec axis{.title = titles[side]};
      axis.time = measure[side]->time;
      if (!sides[side].edges.empty()) {
        axis.low = sides[side].edges.front(), axis.high = sides[side].edges.back();
        axis.fixed = true;
      }
      encoding[letter] = position(letter, axis);
      encoding[letter]["axis"]["grid"] = false;
      encoding[letter]["bin"] = {{"binned", true}};
      encoding[letter + "2"] = field_of(letter + "2");
    } else {
      encoding[letter] = position_of_groups(letter, titles[side], factor[side]->labels);
    }
  }
  json text = encoding;
  std::sort(amounts.begin(), amounts.end());
  const bool skewed = !valued && !amounts.empty() && high > 20 * quantile_of(amounts, 0.5);
  encoding["color"] = colour_of_numbers("value", what, draft.options.text("palette"),
                                        skewed ? AxisScale::kLog : AxisScale::kLinear, low, high);
  std::vector<TooltipLine> lines = {{"x_name", titles[0]}, {"y_name", titles[1]}};
  if (valued) lines.push_back({"value", what, kValueFormat});
  lines.push_back({"n", "rows", kCountFormat});
  encoding["tooltip"] = tooltip(lines);
  const std::string labels = draft.options.text("labels");
  const bool room = sides[0].count <= 10 && sides[1].count <= 12 && panels == 1 &&
                    !sides[0].binned && !sides[1].binned;
  if (draft.options.text("format").empty() == false) {
    encoding["color"]["legend"] = {{"format", draft.options.text("format")}};
  }
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "rect"}}, encoding);
  if ((labels == "yes" || (labels == "auto" && room)) && !sides[0].binned && !sides[1].binned) {
    const bool blues = draft.options.text("palette") == "blues";
    const std::string format = draft.options.has("format") ? draft.options.text("format")
                               : valued                    ? ",.3~r"
                                                           : ",d";
    text["text"] = {{"field", "value"}, {"type", "quantitative"}, {"format", format}};
    text["color"] = text_colour("value", low + (high - low) * 0.6, !blues);
    draft.picture.layer(data, {{"type", "text"}}, text);
  }
  if (!draft.options.has("height") && panels == 1 && !sides[1].binned) {
    draft.picture.size(draft.options.has("width") ? draft.options.number("width") : 0.0,
                       std::max(80.0, 30.0 * static_cast<double>(sides[1].count)));
  }
  draft.figure.words =
      "Heat map of " + what + " by " + in_quotes(draft.column("x")) + " and " +
      in_quotes(draft.column("y")) + ", " + say_count(sheet.rows, "row", "rows") +
      (largest.empty() ? "." : "; largest, " + say(high) + ", at " + largest + ".");
}

void draw_correlation(Draft& draft) {
  const std::vector<std::string> columns = draft.columns("of");
  const Frame& frame = draft.input.frame;
  const std::string method = draft.options.text("method");
  std::vector<std::vector<double>> values;
  std::vector<std::uint8_t> complete(frame.rows(), 1);
  std::size_t infinite = 0;
  for (const std::string& name : columns) {
    std::vector<double> storage;
    const std::span<const double> column = frame.column(name).to_numbers(storage);
    values.emplace_back(column.begin(), column.end());
    for (std::size_t i = 0; i < values.back().size(); ++i) {
      double& value = values.back()[i];
      infinite += std::isinf(value) ? 1 : 0;
      if (std::isinf(value)) value = kNaN;
      if (std::isnan(value)) complete[i] = 0;
    }
  }
  draft.figure.rows_left_out =
      static_cast<std::size_t>(std::count(complete.begin(), complete.end(), 0));
  if (draft.figure.rows_left_out > 0) {
    draft.warn(say_count(draft.figure.rows_left_out, "row lacks", "rows lack") +
               " a value in at least one column; each correlation uses the rows that have both of "
               "its columns.");
  }
  if (infinite > 0) {
    draft.warn(say_count(infinite, "infinite value counts", "infinite values count") +
               " as missing.");
  }
  json rows = json::array();
  std::vector<std::string> undefined;
  std::pair<double, std::string> strongest = {0.0, ""};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      draft.context.check();
      if (j > i && draft.options.flag("half")) continue;
      json row = {{"y", columns[i]}, {"x", columns[j]}};
      if (i == j) {
        row["r"] = 1;
        row["label"] = "1";
        row["interval"] = "";
        row["n"] = std::count_if(values[i].begin(), values[i].end(),
                                 [](double value) { return !std::isnan(value); });
      } else {
        const std::vector<double>& a = values[std::max(i, j)];
        const std::vector<double>& b = values[std::min(i, j)];
        const Estimate r = method == "pearson"    ? pearson_correlation(a, b)
                           : method == "spearman" ? spearman_correlation(a, b)
                                                  : kendall_correlation(a, b);
        row["n"] = r.n;
        row["label"] = row["interval"] = "";
        if (std::isnan(r.estimate)) {
          if (j < i) undefined.push_back(columns[j] + " with " + columns[i]);
        } else {
          row["r"] = drawn(r.estimate);
          row["label"] = fmt::format("{:.2f}", r.estimate);
          if (!std::isnan(r.conf_low)) {
            row["interval"] = fmt::format("{:.4f} to {:.4f}", r.conf_low, r.conf_high);
          }
          if (j < i &&
              (strongest.second.empty() || std::abs(r.estimate) > std::abs(strongest.first))) {
            strongest = {r.estimate, in_quotes(columns[j]) + " with " + in_quotes(columns[i])};
          }
        }
      }
      rows.push_back(std::move(row));
    }
  }
  if (!undefined.empty()) {
    draft.warn("Without a correlation, for want of rows or of variation: " + say_list(undefined) +
               ".");
  }
  json encoding = {{"x", position_of_groups("x", "", columns)},
                   {"y", position_of_groups("y", "", columns)}};
  json text = encoding;
  encoding["color"] = diverging_colour("r", method, draft.options.text("palette"), 1.0);
  encoding["tooltip"] = tooltip(
      {{"y", "of"}, {"x", "with"}, {"label", method}, {"interval", "95% interval"}, {"n", "rows"}});
  const double side = static_cast<double>(columns.size()) * (columns.size() > 14 ? 30 : 46);
  draft.picture.size(
      draft.options.has("width") ? draft.options.number("width") : std::clamp(side, 120.0, 640.0),
      draft.options.has("height") ? draft.options.number("height")
                                  : std::clamp(side, 120.0, 640.0));
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "rect"}}, encoding);
  if (draft.options.flag("labels") && columns.size() <= 14) {
    text["text"] = {{"field", "label"}, {"type", "nominal"}};
    text["color"] = {{"condition", {{"test", "abs(datum['r']) > 0.6"}, {"value", "#ffffff"}}},
                     {"value", "#111111"}};
    draft.picture.layer(data, {{"type", "text"}}, text);
  }
  draft.figure.words =
      "Correlations (" + method + ") of " + say_count(columns.size(), "column", "columns") + ", " +
      say_count(frame.rows(), "row", "rows") +
      (strongest.second.empty() ? "."
                                : "; strongest: " + strongest.second + ", " +
                                      say(std::round(strongest.first * 1000) / 1000) + ".");
}

namespace {

// Classes of both sides in one order, so that the diagonal is what is right.
std::vector<std::string> all_classes(const FigureFactor& truth, const FigureFactor& predicted) {
  const auto last = [](const FigureFactor& factor) {
    return factor.labels.end() - (factor.merged > 0 ? 1 : 0);
  };
  std::vector<std::string> classes(truth.labels.begin(), last(truth));
  for (auto label = predicted.labels.begin(); label != last(predicted); ++label) {
    if (std::find(classes.begin(), classes.end(), *label) == classes.end()) {
      classes.push_back(*label);
    }
  }
  return classes;
}

// The classes that a side has, then those it merges.
std::vector<std::string> side_of(const std::vector<std::string>& classes,
                                 const FigureFactor& factor) {
  std::vector<std::string> side = classes;
  if (factor.merged > 0) side.push_back(factor.labels.back());
  return side;
}

}  // namespace

void draw_confusion(Draft& draft) {
  const bool counted = draft.given("count");
  std::vector<MeasureWant> measures;
  if (counted) measures.push_back({draft.column("count")});
  const Sheet sheet = read_sheet(draft, measures,
                                 {{draft.column("truth"), group_limit(draft)},
                                  {draft.column("predicted"), group_limit(draft)}});
  const FigureFactor& truth = sheet.factors[0];
  const FigureFactor& predicted = sheet.factors[1];
  const std::vector<std::string> classes = all_classes(truth, predicted);
  const std::vector<std::string> down = side_of(classes, truth);
  const std::vector<std::string> across = side_of(classes, predicted);
  const std::size_t panels = std::max<std::size_t>(1, sheet.panel_keys.size());
  // counts[panel][truth][predicted]; pairs without a row are zeros that are drawn.
  std::vector<std::vector<std::vector<double>>> counts(
      panels, std::vector<std::vector<double>>(down.size(), std::vector<double>(across.size())));
  const auto place = [](const std::vector<std::string>& labels, const std::string& label) {
    return static_cast<std::size_t>(std::find(labels.begin(), labels.end(), label) -
                                    labels.begin());
  };
  double right = 0.0;
  double all = 0.0;
  for (const Cell& cell : sheet.cells(truth, predicted)) {
    double count = static_cast<double>(cell.rows.size());
    if (counted) {
      count = 0.0;
      for (const std::uint32_t row : cell.rows) count += sheet.measures[0].values[row];
    }
    const std::string& is = truth.labels[cell.category];
    const std::string& said = predicted.labels[cell.group];
    counts[cell.panel][place(down, is)][place(across, said)] += count;
    all += count;
    if (is == said) right += count;
  }
  const std::string of = draft.options.text("share");
  const std::string share_title = of == "truth"       ? "share of true class"
                                  : of == "predicted" ? "share of predicted class"
                                                      : "share of all rows";
  const std::size_t cells = down.size() * across.size();
  json rows = json::array();
  for (std::size_t p = 0; p < panels && sheet.rows > 0; ++p) {
    double whole = 0.0;
    std::vector<double> by_truth(down.size(), 0.0);
    std::vector<double> by_predicted(across.size(), 0.0);
    for (std::size_t t = 0; t < down.size(); ++t) {
      for (std::size_t c = 0; c < across.size(); ++c) {
        by_truth[t] += counts[p][t][c];
        by_predicted[c] += counts[p][t][c];
        whole += counts[p][t][c];
      }
    }
    for (std::size_t i = 0; i < cells; ++i) {
      const std::size_t t = i / across.size();
      const std::size_t c = i % across.size();
      const double total = of == "truth"       ? by_truth[t]
                           : of == "predicted" ? by_predicted[c]
                                               : whole;
      const double count = counts[p][t][c];
      const double share = total > 0 ? count / total : 0.0;
      // Where classes are too many for a text, what is zero needs no cell.
      if (cells * panels > kMostFigureRows && count == 0) continue;
      json row = sheet.panel_keys.empty() ? json::object() : sheet.panel_keys[p];
      row["category"] = down[t];
      row["group"] = across[c];
      row["n"] = count;
      row["share"] = drawn(share);
      const std::string percent = say(std::round(share * 1000) / 10) + "%";
      row["label"] = across.size() <= 6    ? json::array({say(count), percent})
                     : across.size() <= 12 ? json(say(count))
                                           : json("");
      rows.push_back(std::move(row));
    }
  }
  json encoding = {
      {"y", position_of_groups("category", draft.title("y_title", "y_unit", "true class"), down)},
      {"x",
       position_of_groups("group", draft.title("x_title", "x_unit", "predicted class"), across)}};
  if (across.size() <= 6) encoding["x"]["axis"]["labelAngle"] = 0;
  json text = encoding;
  const std::string palette = draft.options.text("palette");
  const auto& known = sequential_palettes();
  const bool chosen = std::find(known.begin(), known.end(), palette) != known.end();
  encoding["color"] =
      colour_of_numbers("share", share_title, chosen ? palette : "blues", AxisScale::kLinear, 0, 1);
  encoding["color"]["scale"]["domain"] = {0, 1};
  encoding["color"]["legend"] = {{"format", ".0%"}};
  encoding["tooltip"] = tooltip({{"category", "true"},
                                 {"group", "predicted"},
                                 {"n", "rows", kCountFormat},
                                 {"share", share_title, kShareFormat}});
  text["text"] = {{"field", "label"}, {"type", "nominal"}};
  text["color"] = text_colour("share", 0.55, chosen && palette != "blues");
  const bool many = across.size() > 6;
  const double wide = (many ? 40.0 : 84.0) * static_cast<double>(across.size());
  const double tall = (many ? 28.0 : 56.0) * static_cast<double>(down.size());
  if (sheet.panel_keys.empty()) {
    draft.picture.size(
        draft.options.has("width") ? draft.options.number("width") : std::clamp(wide, 160.0, 680.0),
        draft.options.has("height") ? draft.options.number("height")
                                    : std::clamp(tall, 100.0, 600.0));
  }
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "rect"}}, encoding);
  if (across.size() <= 12) {
    json mark = {{"type", "text"}};
    if (!many) mark["dy"] = -6;
    draft.picture.layer(data, mark, text);
  }
  draft.figure.words = "Confusion matrix of " + say(all) + " rows in " +
                       say_count(classes.size(), "class", "classes") + ": " +
                       (all > 0 ? say(std::round(right / all * 10000) / 100) : "0") +
                       "% are predicted as what they are.";
}

}  // namespace impact::detail
