#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/context.h"
#include "engine/render/figure.h"
#include "engine/render/figure_grammar.h"

/// What the kinds of figure share: checked options, cleaned columns, groups, wording.
namespace impact::detail {

using nlohmann::json;

/// Options of one figure, checked against its kind; a name the kind lacks is an InternalError.
class FigureOptions {
 public:
  FigureOptions(const FigureKind& kind, const json& given);
  [[nodiscard]] bool has(const std::string& name) const;          ///< Given, or with a default.
  [[nodiscard]] std::string text(const std::string& name) const;  ///< "" for none.
  [[nodiscard]] double number(const std::string& name) const;     ///< NaN for none.
  [[nodiscard]] std::int64_t integer(const std::string& name, std::int64_t otherwise = 0) const;
  [[nodiscard]] bool flag(const std::string& name) const;
  [[nodiscard]] const json& raw(const std::string& name) const;

 private:
  std::map<std::string, json> values_;
};

/// A figure being made.
struct Draft {
  const FigureKind& kind;
  const FigureInput& input;
  const Context& context;
  FigureOptions options;
  /// Those of the input; a kind that changes its mind (points into panels) changes them here.
  std::vector<std::pair<std::string, std::vector<std::string>>> roles = {};
  Figure figure = {};
  Picture picture = {};

  [[nodiscard]] std::vector<std::string> columns(std::string_view role) const;
  [[nodiscard]] bool given(std::string_view role) const { return !columns(role).empty(); }
  /// The one column of the role, "" for none.
  [[nodiscard]] std::string column(std::string_view role) const;
  /// The option's text, else `otherwise`; with the unit of option `unit`, if any, in parentheses.
  [[nodiscard]] std::string title(const std::string& option, const std::string& unit,
                                  const std::string& otherwise) const;
  [[nodiscard]] AxisScale scale(const std::string& option) const;
  void warn(std::string text) { figure.warnings.push_back(std::move(text)); }
};

/// A column of numbers without gaps. Times are milliseconds since 1970 UTC.
struct Measure {
  std::string title = {};
  std::vector<double> values = {};
  bool time = false;
  bool whole = false;  ///< Integers only.
};

/// A column of groups: codes index into labels. Not given: no labels, codes all 0.
struct FigureFactor {
  std::string title = {};
  std::vector<std::int32_t> codes = {};
  std::vector<std::string> labels = {};
  bool ordered = false;    ///< Levels, numbers, dates: have an order of their own.
  std::size_t merged = 0;  ///< Groups inside the last label, "other (12 groups)".
  [[nodiscard]] bool given() const { return !labels.empty(); }
  [[nodiscard]] std::size_t count() const { return labels.empty() ? 1 : labels.size(); }
};

struct MeasureWant {
  std::string column;
  AxisScale scale = AxisScale::kLinear;
  bool gaps = false;  ///< Rows without a finite value stay, as NaN. "" then: all NaN.
};
struct FactorWant {
  std::string column;     ///< "": not given.
  std::size_t limit = 0;  ///< Most labels, the smallest groups beyond it become one; 0: any.
  bool other = true;      ///< False: groups beyond the limit are left out with a warning.
  bool gaps = false;      ///< Rows without a group stay, in a last group called "".
};

/// Rows of one panel and one group, in row order; `keys` holds the fields that name them in the
/// data of the spec ("panel", "panel_row", "panel_column", "category", "group").
struct Cell {
  std::size_t panel = 0;
  std::size_t category = 0;
  std::size_t group = 0;
  json keys = json::object();
  std::vector<std::uint32_t> rows = {};
};

/// The rows of a frame that can be drawn.
struct Sheet {
  std::size_t rows = 0;
  std::vector<Measure> measures;      ///< As wanted.
  std::vector<FigureFactor> factors;  ///< As wanted.
  std::vector<std::int32_t> panel;    ///< Panel of each row.
  std::vector<json> panel_keys;       ///< One a panel that has rows (or one, empty, for none).

  /// Non-empty cells by panel, then group.
  [[nodiscard]] std::vector<Cell> cells(const FigureFactor& group) const;
  /// By panel, category, group.
  [[nodiscard]] std::vector<Cell> cells(const FigureFactor& category,
                                        const FigureFactor& group) const;
};

/// Reads the wanted columns and the panels (roles facet, row, column, where the kind has them),
/// leaves out rows that cannot be drawn, counts and reports them.
[[nodiscard]] Sheet read_sheet(Draft& draft, const std::vector<MeasureWant>& measures,
                               const std::vector<FactorWant>& factors);

/// Whether the column of a role that takes anything holds numbers, not groups.
[[nodiscard]] bool holds_numbers(const Draft& draft, std::string_view role);

/// values[rows], in increasing order if `sorted`.
[[nodiscard]] std::vector<double> pick(const Measure& measure, const Cell& cell,
                                       bool sorted = true);

/// All values in increasing order.
[[nodiscard]] std::vector<double> sorted_values(const Measure& measure);
/// Quantile of type 7 of values in increasing order; NaN for none.
[[nodiscard]] double quantile_of(std::span<const double> sorted, double p);
/// A computed coordinate, rounded to seven digits: more cannot be seen, and costs room.
[[nodiscard]] double drawn(double value);
/// A position for a logarithmic axis: log10, else the value itself; and back.
[[nodiscard]] double to_axis(double value, AxisScale scale);
[[nodiscard]] double from_axis(double value, AxisScale scale);
/// Bandwidth by the options `bandwidth` and `adjust`; NaN with no warning for fewer than two
/// values.
[[nodiscard]] double bandwidth_of(Draft& draft, std::span<const double> sorted);
/// The density of values in increasing order at `points` places from option "cut" bandwidths below
/// the first to as many above the last.
struct DensityCurve {
  std::vector<double> at = {};
  std::vector<double> density = {};
};
[[nodiscard]] DensityCurve density_curve(Draft& draft, std::span<const double> sorted,
                                         std::size_t points);

/// " from 3 to 1,204, median 17" of values in increasing order.
[[nodiscard]] std::string say_range(const Measure& measure, std::span<const double> sorted);
/// " Median by 'status': claim 501,555, opinion 4,953." over all panels; "" without groups.
[[nodiscard]] std::string say_medians(const Measure& measure, const FigureFactor& group);

/// Colour by the labels of `group` with the figure's palette.
[[nodiscard]] json group_colour(const Draft& draft, const FigureFactor& group);
/// The labels of `factor` by increasing `size` (NaN last; ties keep their order), or reversed, or
/// by label.
[[nodiscard]] std::vector<std::string> ordered_labels(const FigureFactor& factor,
                                                      const std::vector<double>& size,
                                                      const std::string& order);
/// Adds to `encoding` the colour of `group` and a second sign that tells groups apart without it,
/// "strokeDash" or "shape"; nothing without groups.
void tell_apart(const Draft& draft, const FigureFactor& group, const char* sign, json& encoding);
/// Rows that stand for a straight line from (x0, y0) to (x1, y1) in every panel.
[[nodiscard]] json line_rows(const Sheet& sheet, double x0, double y0, double x1, double y1);
/// Lowest and highest finite value into `axis`, on top of what it holds.
void widen(AxisSpec& axis, std::span<const double> values);

/// A value and the ends of its interval; NaN where there is none.
struct MeanInterval {
  double value = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};
/// mean -+ t_{n-1} s / sqrt(n) of values in increasing order; `sd`: mean -+ s.
[[nodiscard]] MeanInterval mean_interval(std::span<const double> sorted, double level,
                                         bool sd = false);
/// Option `limit`.
[[nodiscard]] std::size_t group_limit(const Draft& draft);
/// Whether values run to the right: option `orientation`, auto by the room the labels need.
[[nodiscard]] bool horizontal(const Draft& draft, const FigureFactor& category);

/// Number for a sentence: four significant digits, thousands grouped; a time as its date.
[[nodiscard]] std::string say(double value);
[[nodiscard]] std::string say(const Measure& measure, double value);
[[nodiscard]] std::string say_count(std::size_t count);
/// "1 row", "1,234 rows".
[[nodiscard]] std::string say_count(std::size_t count, const char* one, const char* many);
/// "a, b and c", at most `most` of them.
[[nodiscard]] std::string say_list(std::span<const std::string> words, std::size_t most = 5);
/// "'views' by 'status'".
[[nodiscard]] std::string in_quotes(const std::string& name);

/// The kinds.
void draw_histogram(Draft& draft);
void draw_density(Draft& draft);
void draw_ecdf(Draft& draft);
void draw_qq(Draft& draft);
void draw_box(Draft& draft);
void draw_violin(Draft& draft);
void draw_bar(Draft& draft);
void draw_pie(Draft& draft);
void draw_line(Draft& draft);
void draw_area(Draft& draft);
void draw_scatter(Draft& draft);
void draw_hexbin(Draft& draft);
void draw_heat_map(Draft& draft);
void draw_correlation(Draft& draft);
void draw_coefficients(Draft& draft);
void draw_roc(Draft& draft);
void draw_precision_recall(Draft& draft);
void draw_confusion(Draft& draft);
void draw_calibration(Draft& draft);
void draw_linked(Draft& draft);
void draw_gain(Draft& draft);
void draw_lift(Draft& draft);
void draw_importance(Draft& draft);
void draw_model_comparison(Draft& draft);
void draw_residuals(Draft& draft);
void draw_learning_curve(Draft& draft);
void draw_validation_curve(Draft& draft);
void draw_partial_dependence(Draft& draft);
void draw_ale(Draft& draft);
void draw_shap_beeswarm(Draft& draft);
void draw_shap_dependence(Draft& draft);
void draw_shap_waterfall(Draft& draft);
void draw_tuning_history(Draft& draft);
void draw_tuning_slices(Draft& draft);
void draw_spec(Draft& draft);

}  // namespace impact::detail
