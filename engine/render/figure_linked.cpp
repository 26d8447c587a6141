#include <algorithm>
#include <cmath>
#include <map>

#include "engine/render/figure_draft.h"
#include "engine/render/histogram_bins.h"

namespace impact::detail {
namespace {

constexpr double kChartWidth = 270.0;
constexpr double kChartHeight = 120.0;

// One chart: a number cut into bins, or groups.
struct Dimension {
  std::string title = {};
  bool binned = false;
  const Measure* measure = nullptr;
  const FigureFactor* factor = nullptr;
  std::vector<double> edges = {};
  std::vector<std::size_t> code = {};

  [[nodiscard]] std::size_t count() const {
    return binned ? (edges.empty() ? 0 : edges.size() - 1) : factor->count();
  }
};

bool is_number(const Column& column) {
  const TypeKind kind = column.type().kind;
  return kind == TypeKind::kNumber || kind == TypeKind::kInteger || kind == TypeKind::kDate ||
         kind == TypeKind::kTimestamp;
}

void cut(Dimension& dimension, std::size_t bins) {
  const std::vector<double> sorted = sorted_values(*dimension.measure);
  BinSpec spec;
  if (!sorted.empty() && sorted.front() < sorted.back()) {
    spec.width = (sorted.back() - sorted.front()) / static_cast<double>(bins);
    if (!dimension.measure->time) spec.width = nice_width(spec.width);
    if (dimension.measure->whole) spec.width = std::max(1.0, std::ceil(spec.width));
  }
  dimension.edges = bin_edges(sorted, spec);
  dimension.code.clear();
  for (const double value : dimension.measure->values) {
    const auto above = std::upper_bound(dimension.edges.begin(), dimension.edges.end(), value);
    const auto index = static_cast<std::size_t>(above - dimension.edges.begin());
    dimension.code.push_back(std::min(std::max<std::size_t>(1, index) - 1, dimension.count() - 1));
  }
}

using Cube = std::map<std::vector<std::size_t>, std::size_t>;

Cube count_cells(const std::vector<Dimension>& dimensions, std::size_t rows) {
  Cube cube;
  std::vector<std::size_t> place(dimensions.size());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t d = 0; d < dimensions.size(); ++d) place[d] = dimensions[d].code[row];
    ++cube[place];
  }
  return cube;
}

}  // namespace

// The engine counts rows a cell of the cube of all columns; a chart sums the cells that pass the
// selections of the other charts. Grey bars are all rows, coloured bars the selected ones.
void draw_linked(Draft& draft) {
  const std::vector<std::string> columns = draft.columns("of");
  std::vector<MeasureWant> measures;
  std::vector<FactorWant> factors;
  for (const std::string& name : columns) {
    if (is_number(draft.input.frame.column(name))) {
      measures.push_back({name});
    } else {
      factors.push_back({name, group_limit(draft)});
    }
  }
  const Sheet sheet = read_sheet(draft, measures, factors);
  std::vector<Dimension> dimensions;
  std::size_t next_measure = 0;
  std::size_t next_factor = 0;
  for (const std::string& name : columns) {
    Dimension dimension{.title = name};
    dimension.binned = is_number(draft.input.frame.column(name));
    if (dimension.binned) {
      dimension.measure = &sheet.measures[next_measure++];
    } else {
      dimension.factor = &sheet.factors[next_factor++];
      for (const std::int32_t code : dimension.factor->codes) {
        dimension.code.push_back(static_cast<std::size_t>(code));
      }
    }
    dimensions.push_back(std::move(dimension));
  }
  const auto wanted = static_cast<std::size_t>(draft.options.integer("bins"));
  std::size_t bins = wanted;
  Cube cube;
  for (;; --bins) {
    draft.context.check();
    for (Dimension& dimension : dimensions) {
      if (dimension.binned) cut(dimension, bins);
    }
    cube = count_cells(dimensions, sheet.rows);
    if (cube.size() <= kMostPoints || bins == 2) break;
  }
  if (bins < wanted && cube.size() <= kMostPoints) {
    draft.warn("Numbers are cut into about " + say_count(bins) + " bins, not " + say_count(wanted) +
               ": more would make too many combinations of columns.");
  }
  if (cube.size() > kMostPoints) {
    draft.warn("Even two bins a number make " + say_count(cube.size()) +
               " combinations: the page will be slow. Fewer columns, or a smaller limit, help.");
  }
  json rows = json::array();
  for (const auto& [place, count] : cube) {
    json row = {{"n", count}};
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
      const Dimension& dimension = dimensions[d];
      const std::string field = "c" + std::to_string(d);
      row[field] =
          dimension.binned
              ? json(drawn((dimension.edges[place[d]] + dimension.edges[place[d] + 1]) / 2))
              : json(dimension.factor->labels[place[d]]);
    }
    rows.push_back(std::move(row));
  }
  json rows_axis = {{"tickCount", 4}};
  if (sheet.rows >= 10000) rows_axis["format"] = "~s";
  json charts = json::array();
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    const Dimension& dimension = dimensions[d];
    const std::string field = "c" + std::to_string(d);
    json x;
    json brush = {{"name", "pick" + std::to_string(d)}};
    json bar = {{"type", "bar"}};
    if (dimension.binned) {
      AxisSpec axis{.title = dimension.title};
      axis.time = dimension.measure->time;
      if (!dimension.edges.empty()) {
        axis.low = dimension.edges.front(), axis.high = dimension.edges.back(), axis.fixed = true;
      }
      x = position(field, axis);
      brush["select"] = {{"type", "interval"}, {"encodings", {"x"}}};
      bar["width"] = std::max(
          1.0, std::floor(kChartWidth /
                          static_cast<double>(std::max<std::size_t>(1, dimension.count()))) -
                   1);
    } else {
      x = position_of_groups(field, dimension.title, dimension.factor->labels);
      x["axis"]["labelLimit"] = 90;
      x["axis"]["labelAngle"] = dimension.count() > 4 ? -40 : 0;
      brush["select"] = {{"type", "point"}, {"fields", {field}}};
    }
    const json y = {{"aggregate", "sum"},
                    {"field", "n"},
                    {"type", "quantitative"},
                    {"title", "rows"},
                    {"axis", rows_axis}};
    json others = json::array();
    for (std::size_t e = 0; e < dimensions.size(); ++e) {
      if (e != d) others.push_back({{"param", "pick" + std::to_string(e)}});
    }
    json all = {
        {"params", json::array({brush})}, {"mark", bar}, {"encoding", {{"x", x}, {"y", y}}}};
    all["mark"]["style"] = "background";
    json chosen = {{"mark", bar}, {"encoding", {{"x", x}, {"y", y}}}};
    chosen["encoding"]["tooltip"] = json::array({{{"aggregate", "sum"},
                                                  {"field", "n"},
                                                  {"type", "quantitative"},
                                                  {"title", "rows"},
                                                  {"format", kCountFormat}}});
    if (!others.empty()) chosen["transform"] = json::array({{{"filter", {{"and", others}}}}});
    charts.push_back(
        {{"layer", json::array({all, chosen})}, {"width", kChartWidth}, {"height", kChartHeight}});
  }
  draft.figure.spec = {{"data", {{"values", std::move(rows)}}},
                       {"concat", std::move(charts)},
                       {"columns", columns.size() == 1 ? 1 : 2}};
  draft.figure.words = "Linked bar charts of " + say_list(columns) + ", " +
                       say_count(sheet.rows, "row", "rows") + " in " +
                       say_count(cube.size(), "combination", "combinations") +
                       "; a selection in one filters the others.";
}

}  // namespace impact::detail
