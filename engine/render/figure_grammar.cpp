#include "engine/render/figure_grammar.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/render/figure.h"

namespace impact::detail {
namespace {

constexpr double kWidth = 600.0;
constexpr double kHeight = 320.0;
constexpr double kPanelHeight = 180.0;
constexpr double kLeastPanel = 110.0;
constexpr const char* kMergedGrey = "#9a9a9a";

struct Palette {
  std::string name;
  std::vector<std::string> colours;
};

// Okabe & Ito, "Color universal design" (2008), without black, which a dark page swallows; Tol,
// "Colour schemes" (2021), bright and muted. The first colours stand out most from both grounds.
const std::array<Palette, 3>& palettes() {
  static const std::array<Palette, 3> all = {{
      {"okabe_ito", {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442"}},
      {"tol_bright", {"#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#BBBBBB"}},
      {"tol_muted",
       {"#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE", "#882255", "#44AA99", "#999933",
        "#AA4499"}},
  }};
  return all;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

// Large numbers as 10k, 2.5M, 1B; d3 writes G where people write B, and 0k beside 10k.
void number_format(json& axis, const AxisSpec& spec) {
  if (!spec.format.empty()) {
    axis["format"] = spec.format;
    return;
  }
  if (spec.time || spec.low > spec.high) return;
  const double reach = std::max(std::abs(spec.low), std::abs(spec.high));
  if (reach < 1e4) return;
  axis["format"] = "~s";
  axis["labelExpr"] = "datum.value === 0 ? '0' : replace(datum.label, 'G', 'B')";
}

// factor * 10^power, exact where the decimal is.
double drawn_power(double factor, int power) {
  return power >= 0 ? factor * std::pow(10.0, power) : factor / std::pow(10.0, -power);
}

// Whether a logarithmic axis ends with the data: round ends are powers of ten, which would leave a
// short range lost in the middle.
bool tight(const AxisSpec& spec) {
  return spec.fixed || !spec.nice ||
         (spec.low > 0 && spec.low <= spec.high && spec.high < 100 * spec.low);
}

// Powers of ten; over two of them at most also their double and fivefold, over
// less than one a few more. More would be a
// hatching of grid lines.
json log_ticks(const AxisSpec& spec) {
  if (!(spec.low > 0) || spec.low > spec.high) return nullptr;
  const auto first = static_cast<int>(std::floor(std::log10(spec.low) + 1e-9));
  const auto last = static_cast<int>(std::ceil(std::log10(spec.high) - 1e-9));
  json ticks = json::array();
  const int step = std::max(1, (last - first) / 8);
  for (int power = first; power <= last; power += step) {
    for (const double factor : {1.0, 1.5, 2.0, 3.0, 5.0, 7.0}) {
      const bool usual = factor == 1.0 || factor == 2.0 || factor == 5.0;
      if (factor > 1 && last - first > 2) continue;
      if (!usual && spec.high > 10 * spec.low) continue;
      const double tick = drawn_power(factor, power);
      if (tight(spec) && (tick < spec.low || tick > spec.high)) continue;
      ticks.push_back(tick);
    }
  }
  return ticks.empty() ? json(nullptr) : ticks;
}

json scale_of(const AxisSpec& spec) {
  json scale = json::object();
  if (spec.time) scale["type"] = "utc";
  if (spec.scale == AxisScale::kLog) scale["type"] = "log";
  if (spec.scale == AxisScale::kSymlog) scale["type"] = "symlog";
  if (spec.scale == AxisScale::kLinear && !spec.time) scale["zero"] = spec.zero;
  // Where bins are times the grammar's own range and this one would be told apart by their form.
  if (spec.fixed && !spec.time) scale["domain"] = {spec.low, spec.high};
  scale["nice"] = spec.nice && !spec.fixed;
  if (spec.scale == AxisScale::kLog && spec.nice && tight(spec) && !spec.fixed) {
    scale["nice"] = false;
    scale["padding"] = 10;
  }
  return scale;
}

json facet_field(const char* field, const std::string& title,
                 const std::vector<std::string>& labels) {
  return {{"field", field},
          {"type", "nominal"},
          {"title", title},
          {"sort", labels},
          {"header", {{"labelLimit", 220}}}};
}

}  // namespace

json position(std::string_view field, const AxisSpec& spec) {
  json axis = json::object();
  number_format(axis, spec);
  if (spec.scale == AxisScale::kLog) {
    json ticks = log_ticks(spec);
    if (!ticks.is_null()) axis["values"] = std::move(ticks);
  }
  json channel = {{"field", field},
                  {"type", spec.time ? "temporal" : "quantitative"},
                  {"title", wrapped(spec.title, 60)},
                  {"scale", scale_of(spec)}};
  if (!axis.empty()) channel["axis"] = axis;
  return channel;
}

json position_of_groups(std::string_view field, const std::string& title,
                        const std::vector<std::string>& labels) {
  std::size_t longest = 0;
  for (const std::string& label : labels) longest = std::max(longest, characters(label));
  json axis = {{"labelLimit", 240}};
  if (field == "x") axis["labelAngle"] = longest * labels.size() > 80 ? -40 : 0;
  return {{"field", field},
          {"type", "nominal"},
          {"title", title.empty() ? json(nullptr) : wrapped(title, 60)},
          {"sort", labels},
          {"axis", axis}};
}

json colour_of_groups(std::string_view field, const std::string& title,
                      const std::vector<std::string>& labels, const std::string& palette,
                      bool merged) {
  const std::vector<std::string>& colours = palette_colours(palette);
  json range = json::array();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool last = merged && i + 1 == labels.size();
    range.push_back(last ? kMergedGrey : colours[i % colours.size()]);
  }
  return {{"field", field},
          {"type", "nominal"},
          {"title", wrapped(title, 24)},
          {"sort", labels},
          {"scale", {{"domain", labels}, {"range", range}}}};
}

json colour_of_numbers(std::string_view field, const std::string& title, const std::string& palette,
                       AxisScale scale, double low, double high) {
  const auto& names = sequential_palettes();
  const bool known = std::find(names.begin(), names.end(), palette) != names.end();
  json how = {{"scheme", known ? palette : names.front()}};
  if (scale == AxisScale::kLog && low > 0) how["type"] = "log";
  json channel = {
      {"field", field}, {"type", "quantitative"}, {"title", wrapped(title, 24)}, {"scale", how}};
  if (std::max(std::abs(low), std::abs(high)) >= 1e4) channel["legend"] = {{"format", "~s"}};
  return channel;
}

json diverging_colour(std::string_view field, const std::string& title, const std::string& palette,
                      double reach) {
  const auto& names = diverging_palettes();
  const bool known = std::find(names.begin(), names.end(), palette) != names.end();
  return {{"field", field},
          {"type", "quantitative"},
          {"title", wrapped(title, 24)},
          {"scale",
           {{"scheme", known ? palette : names.front()},
            {"domain", {-reach, reach}},
            {"domainMid", 0}}}};
}

json tooltip(const std::vector<TooltipLine>& lines) {
  json all = json::array();
  for (const TooltipLine& line : lines) {
    json one = {{"field", line.field},
                {"title", line.title},
                {"type", line.format.empty() ? "nominal" : "quantitative"}};
    if (!line.format.empty()) one["format"] = line.format;
    all.push_back(std::move(one));
  }
  return all;
}

json field_of(std::string_view field) { return {{"field", field}}; }
json constant(json value) { return {{"value", std::move(value)}}; }

const std::vector<std::string>& group_palettes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Palette& palette : palettes()) all.push_back(palette.name);
    return all;
  }();
  return names;
}
const std::vector<std::string>& sequential_palettes() {
  static const std::vector<std::string> names = {"viridis", "cividis", "blues", "inferno"};
  return names;
}
const std::vector<std::string>& diverging_palettes() {
  static const std::vector<std::string> names = {"blueorange", "purplegreen", "redblue"};
  return names;
}
const std::vector<std::string>& palette_colours(const std::string& name) {
  for (const Palette& palette : palettes()) {
    if (palette.name == name) return palette.colours;
  }
  return palettes().front().colours;
}

json wrapped(const std::string& text, std::size_t width) {
  json lines = json::array();
  std::string line;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find_first_of(" \n", begin);
    if (end == std::string::npos) end = text.size();
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && characters(line) + 1 + characters(word) > width) {
      lines.push_back(line);
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
    if (end < text.size() && text[end] == '\n') {
      lines.push_back(line);
      line.clear();
    }
    begin = end + 1;
  }
  if (!line.empty() || lines.empty()) lines.push_back(line);
  return lines.size() == 1 ? lines.front() : lines;
}

std::size_t Picture::data(json rows) {
  data_.push_back(std::move(rows));
  return data_.size() - 1;
}

void Picture::layer(std::size_t data, json mark, json encoding, json more) {
  layers_.push_back(
      {data, std::move(mark), std::move(encoding), std::move(more), charts_.size() - 1});
}

void Picture::next_chart(double width, double height) { charts_.push_back({width, height}); }

void Picture::wrap_panels(const std::string& title, const std::vector<std::string>& labels,
                          std::size_t columns) {
  facet_columns_ = std::max<std::size_t>(1, std::min(columns, labels.size()));
  facet_ = facet_field("panel", title, labels);
  panels_across_ = facet_columns_;
  panels_down_ = (labels.size() + facet_columns_ - 1) / facet_columns_;
}

void Picture::grid_panels(const std::string& row_title, const std::vector<std::string>& rows,
                          const std::string& column_title,
                          const std::vector<std::string>& columns) {
  facet_ = json::object();
  facet_columns_ = 0;
  if (!rows.empty()) facet_["row"] = facet_field("panel_row", row_title, rows);
  if (!columns.empty()) facet_["column"] = facet_field("panel_column", column_title, columns);
  panels_across_ = std::max<std::size_t>(1, columns.size());
  panels_down_ = std::max<std::size_t>(1, rows.size());
}

double Picture::panel_width() const {
  const double whole = width_ > 0 ? width_ : kWidth;
  const auto across = static_cast<double>(panels_across_);
  return std::max(std::min(whole, kLeastPanel), std::floor((whole - 20 * (across - 1)) / across));
}

double Picture::panel_height() const {
  if (height_ > 0) {
    const auto down = static_cast<double>(panels_down_);
    return std::max(60.0, std::floor((height_ - 40 * (down - 1)) / down));
  }
  return panels_down_ > 1 || panels_across_ > 2 ? kPanelHeight : kHeight;
}

std::size_t Picture::rows() const {
  std::size_t all = 0;
  for (const json& rows : data_) all += rows.size();
  return all;
}

json Picture::view(std::size_t chart) const {
  const bool several = data_.size() > 1;
  json view = json::object();
  json layers = json::array();
  for (const Layer& layer : layers_) {
    if (layer.chart != chart) continue;
    json one = layer.more;
    one["mark"] = layer.mark;
    one["encoding"] = layer.encoding;
    if (several) {
      json transforms = json::array({{{"filter", {{"field", "set"}, {"equal", layer.data}}}}});
      if (layer.more.contains("transform")) {
        for (const json& more : layer.more.at("transform")) transforms.push_back(more);
      }
      one["transform"] = std::move(transforms);
    }
    layers.push_back(std::move(one));
  }
  if (layers.size() == 1) {
    view = layers[0];
  } else {
    view["layer"] = layers;
  }
  if (!resolve_.is_null()) view["resolve"] = resolve_;
  view["width"] = charts_[chart].width > 0 ? charts_[chart].width : panel_width();
  view["height"] = charts_[chart].height > 0 ? charts_[chart].height : panel_height();
  return view;
}

json Picture::finish() const {
  const bool several = data_.size() > 1;
  json values = json::array();
  for (std::size_t set = 0; set < data_.size(); ++set) {
    for (const json& row : data_[set]) {
      values.push_back(row);
      if (several) values.back()["set"] = set;
    }
  }
  json spec = json::object();
  if (charts_.size() > 1) {
    spec["concat"] = json::array();
    for (std::size_t chart = 0; chart < charts_.size(); ++chart) {
      spec["concat"].push_back(view(chart));
    }
    spec["columns"] = chart_columns_;
    if (!resolve_charts_.is_null()) spec["resolve"] = resolve_charts_;
  } else if (facet_.is_null()) {
    spec = view(0);
  } else {
    spec["facet"] = facet_;
    spec["spec"] = view(0);
    if (facet_columns_ > 0) spec["columns"] = facet_columns_;
    json free = json::object();
    if (free_x_) free["x"] = "independent";
    if (free_y_) free["y"] = "independent";
    if (!free.empty()) spec["resolve"] = {{"scale", free}};
  }
  if (!parameters_.empty()) spec["params"] = parameters_;
  spec["data"] = {{"values", std::move(values)}};
  return spec;
}

}  // namespace impact::detail

namespace impact {

nlohmann::json theme(bool dark) {
  const char* ink = dark ? "#e4e9f0" : "#1c2430";
  const char* soft = dark ? "#a9b4c2" : "#566171";
  const char* line = dark ? "#343d4a" : "#e1e6ec";
  const char* axis = dark ? "#5b6675" : "#aab3bf";
  const char* accent = dark ? "#5aa9e6" : "#0072B2";
  const char* ground = dark ? "#14181f" : "#ffffff";
  const char* font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
  using json = nlohmann::json;
  json config;
  config["background"] = "transparent";
  config["font"] = font;
  config["padding"] = 6;
  config["view"] = {{"stroke", nullptr}};
  config["title"] = {{"anchor", "start"},    {"color", ink},          {"fontSize", 15},
                     {"fontWeight", 600},    {"subtitleColor", soft}, {"subtitleFontSize", 12},
                     {"subtitlePadding", 4}, {"offset", 12},          {"frame", "bounds"}};
  config["axis"] = {{"labelColor", soft},  {"titleColor", ink},      {"gridColor", line},
                    {"domainColor", axis}, {"tickColor", axis},      {"labelFontSize", 11},
                    {"titleFontSize", 12}, {"titleFontWeight", 500}, {"titlePadding", 8},
                    {"labelPadding", 4}};
  config["axisBand"] = {{"grid", false}, {"ticks", false}};
  config["legend"] = {{"labelColor", soft},     {"titleColor", ink},      {"labelFontSize", 11},
                      {"titleFontSize", 12},    {"titleFontWeight", 500}, {"labelLimit", 240},
                      {"symbolStrokeWidth", 2}, {"symbolOpacity", 1},     {"titleLimit", 220}};
  config["header"] = {{"labelColor", ink},      {"titleColor", soft},  {"labelFontSize", 12},
                      {"labelFontWeight", 600}, {"titleFontSize", 12}, {"titleFontWeight", 500}};
  config["point"] = {{"color", accent}, {"filled", true}};
  config["bar"] = {{"color", accent}};
  config["area"] = {{"color", accent}};
  config["rect"] = {{"color", accent}};
  config["arc"] = {{"stroke", ground}, {"strokeWidth", 1.5}};
  config["line"] = {{"color", accent}, {"strokeWidth", 2}};
  config["rule"] = {{"color", soft}};
  config["text"] = {{"color", ink}, {"fontSize", 11}};
  // Named styles of parts that are no data of their own.
  config["style"] = {
      {"reference",
       {{"color", soft}, {"stroke", soft}, {"strokeDash", {4, 4}}, {"strokeWidth", 1}}},
      {"whisker", {{"color", soft}, {"stroke", soft}, {"strokeWidth", 1.3}}},
      {"median", {{"color", ink}, {"fill", ink}, {"stroke", ink}}},
      {"interval", {{"color", ink}, {"stroke", ink}, {"strokeWidth", 1.3}}},
      {"fit", {{"color", ink}, {"stroke", ink}, {"strokeWidth", 2}}},
      {"fit_band", {{"color", soft}, {"fill", soft}, {"opacity", 0.25}}},
      {"background", {{"color", line}, {"fill", line}}},
      {"slice_label", {{"color", ink}, {"fill", ink}, {"fontSize", 11}}},
  };
  return config;
}

}  // namespace impact
