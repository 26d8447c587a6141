#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/core/number.h"
#include "engine/render/figure_draft.h"
#include "engine/render/kernel_density.h"
#include "engine/stats/distribution.h"

namespace impact::detail {
namespace {

constexpr double kDayMillis = 86400000.0;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

bool holds_numbers(const Draft& draft, std::string_view role) {
  if (!draft.given(role)) return false;
  const TypeKind kind = draft.input.frame.column(draft.column(role)).type().kind;
  return kind == TypeKind::kInteger || kind == TypeKind::kNumber;
}

std::vector<double> pick(const Measure& measure, const Cell& cell, bool sorted) {
  std::vector<double> values(cell.rows.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = measure.values[cell.rows[i]];
  if (sorted) std::sort(values.begin(), values.end());
  return values;
}

std::vector<double> sorted_values(const Measure& measure) {
  std::vector<double> values = measure.values;
  std::sort(values.begin(), values.end());
  return values;
}

double quantile_of(std::span<const double> sorted, double p) {
  if (sorted.empty()) return kNaN;
  const double place = static_cast<double>(sorted.size() - 1) * p;
  const auto left = static_cast<std::size_t>(place);
  const std::size_t right = std::min(left + 1, sorted.size() - 1);
  return sorted[left] + (place - static_cast<double>(left)) * (sorted[right] - sorted[left]);
}

double drawn(double value) {
  if (!std::isfinite(value)) return value;
  return parse_double(fmt::format("{:.7g}", value)).value_or(value);
}

double to_axis(double value, AxisScale scale) {
  return scale == AxisScale::kLog ? std::log10(value) : value;
}
double from_axis(double value, AxisScale scale) {
  return scale == AxisScale::kLog ? std::pow(10.0, value) : value;
}

double bandwidth_of(Draft& draft, std::span<const double> sorted) {
  const double adjust = draft.options.number("adjust");
  const double given = draft.options.number("bandwidth");
  if (given > 0) return given * adjust;
  const std::string rule = draft.options.text("bandwidth");
  double width = kernel_bandwidth(sorted, rule == "scott"            ? BandwidthRule::kScott
                                          : rule == "sheather_jones" ? BandwidthRule::kSheatherJones
                                                                     : BandwidthRule::kSilverman);
  if (std::isnan(width) && sorted.size() > 1) {
    width = kernel_bandwidth(sorted, BandwidthRule::kSilverman);
    draft.warn(
        "The bandwidth of Sheather and Jones does not exist for these values: Silverman's is "
        "used.");
  }
  return width * adjust;
}

DensityCurve density_curve(Draft& draft, std::span<const double> sorted, std::size_t points) {
  const double width = bandwidth_of(draft, sorted);
  const double cut = draft.options.number("cut");
  const double low = sorted.front() - cut * width;
  const double high = sorted.back() + cut * width;
  DensityCurve curve;
  curve.at.resize(points);
  for (std::size_t i = 0; i < points; ++i) {
    curve.at[i] = low + (high - low) * (static_cast<double>(i) / static_cast<double>(points - 1));
  }
  curve.density = kernel_density(sorted, width, curve.at, draft.context);
  return curve;
}

std::string say_range(const Measure& measure, std::span<const double> sorted) {
  if (sorted.empty()) return "";
  if (sorted.front() == sorted.back()) return ", all " + say(measure, sorted.front());
  return " from " + say(measure, sorted.front()) + " to " + say(measure, sorted.back()) +
         ", median " + say(measure, quantile_of(sorted, 0.5));
}

std::string say_medians(const Measure& measure, const FigureFactor& group) {
  if (!group.given()) return "";
  std::vector<std::vector<double>> values(group.labels.size());
  for (std::size_t i = 0; i < measure.values.size(); ++i) {
    values[static_cast<std::size_t>(group.codes[i])].push_back(measure.values[i]);
  }
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::sort(values[i].begin(), values[i].end());
    parts.push_back(group.labels[i] + " " + say(measure, quantile_of(values[i], 0.5)));
  }
  return " Median by " + in_quotes(group.title) + ": " + say_list(parts) + ".";
}

json group_colour(const Draft& draft, const FigureFactor& group) {
  json colour = colour_of_groups("group", group.title, group.labels, draft.options.text("palette"),
                                 group.merged > 0);
  // A table made for the kind calls its groups as the role is called: that says nothing.
  if (group.title == "by") colour["title"] = nullptr;
  return colour;
}

void tell_apart(const Draft& draft, const FigureFactor& group, const char* sign, json& encoding) {
  if (!group.given()) return;
  encoding["color"] = group_colour(draft, group);
  encoding[sign] = encoding["color"];
  encoding[sign]["scale"] = {{"domain", group.labels}};
}

json line_rows(const Sheet& sheet, double x0, double y0, double x1, double y1) {
  json rows = json::array();
  for (const json& keys :
       sheet.panel_keys.empty() ? std::vector<json>{json::object()} : sheet.panel_keys) {
    for (const bool end : {false, true}) {
      json row = keys;
      row["x"] = end ? x1 : x0;
      row["y"] = end ? y1 : y0;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

void widen(AxisSpec& axis, std::span<const double> values) {
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    axis.low = std::min(axis.low, value);
    axis.high = std::max(axis.high, value);
  }
}

MeanInterval mean_interval(std::span<const double> sorted, double level, bool sd) {
  MeanInterval mean;
  if (sorted.empty()) return mean;
  const auto n = static_cast<double>(sorted.size());
  mean.value = std::accumulate(sorted.begin(), sorted.end(), 0.0) / n;
  if (sorted.size() < 2) return mean;
  double squares = 0.0;
  for (const double value : sorted) squares += (value - mean.value) * (value - mean.value);
  const double s = std::sqrt(squares / (n - 1));
  const double half = sd ? s : t_quantile(0.5 + level / 2, n - 1) * s / std::sqrt(n);
  mean.low = mean.value - half;
  mean.high = mean.value + half;
  return mean;
}

std::vector<std::string> ordered_labels(const FigureFactor& factor, const std::vector<double>& size,
                                        const std::string& order) {
  if (order == "auto") return factor.labels;
  std::vector<std::string> labels = factor.labels;
  if (order == "label") {
    std::sort(labels.begin(), labels.end());
    return labels;
  }
  std::vector<std::size_t> by(labels.size());
  std::iota(by.begin(), by.end(), 0);
  std::stable_sort(by.begin(), by.end(), [&](std::size_t a, std::size_t b) {
    if (std::isnan(size[a]) || std::isnan(size[b]))
      return std::isnan(size[b]) && !std::isnan(size[a]);
    return order == "ascending" ? size[a] < size[b] : size[a] > size[b];
  });
  for (std::size_t i = 0; i < by.size(); ++i) labels[i] = factor.labels[by[i]];
  return labels;
}

std::size_t group_limit(const Draft& draft) {
  return static_cast<std::size_t>(draft.options.integer("limit"));
}

bool horizontal(const Draft& draft, const FigureFactor& category) {
  const std::string way = draft.options.text("orientation");
  if (way != "auto") return way == "horizontal";
  std::size_t letters = 0;
  for (const std::string& label : category.labels) letters += label.size() + 2;
  return !category.given() || letters > 70 || category.labels.size() > 8;
}

std::string say_count(std::size_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string say(double value) {
  if (std::isnan(value)) return "unknown";
  const double size = std::abs(value);
  if (size >= 1000 && size < 1e15) {
    const std::string digits = say_count(static_cast<std::size_t>(std::llround(size)));
    return value < 0 ? "-" + digits : digits;
  }
  return fmt::format("{:.4g}", value);
}

std::string say(const Measure& measure, double value) {
  if (!measure.time || !std::isfinite(value)) return say(value);
  return format_date({static_cast<std::int32_t>(std::floor(value / kDayMillis))});
}

std::string say_count(std::size_t count, const char* one, const char* many) {
  return say_count(count) + " " + (count == 1 ? one : many);
}

std::string say_list(std::span<const std::string> words, std::size_t most) {
  std::string all;
  const std::size_t shown = std::min(most, words.size());
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) all += i + 1 == words.size() ? " and " : ", ";
    all += words[i];
  }
  if (shown < words.size()) all += " and " + say_count(words.size() - shown) + " more";
  return all;
}

std::string in_quotes(const std::string& name) { return "'" + name + "'"; }

}  // namespace impact::detail
