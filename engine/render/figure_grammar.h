#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

/// The small grammar that figures are written in: data sets, layers, panels, channels.
namespace impact::detail {

using nlohmann::json;

enum class AxisScale { kLinear, kLog, kSymlog };

/// What an axis shows.
struct AxisSpec {
  std::string title = {};
  AxisScale scale = AxisScale::kLinear;
  bool time = false;
  bool zero = false;        ///< The axis starts at zero.
  bool nice = true;         ///< Ends at round numbers.
  double low = 0.0;         ///< Range of the data, for the number format;
  double high = 0.0;        ///< low > high: not known.
  bool fixed = false;       ///< The axis is [low, high] exactly.
  std::string format = {};  ///< d3 format given by the user; empty: chosen.
};

/// A position channel of numbers or times on `field`.
[[nodiscard]] json position(std::string_view field, const AxisSpec& axis);
/// A position channel of groups in the given order.
[[nodiscard]] json position_of_groups(std::string_view field, const std::string& title,
                                      const std::vector<std::string>& labels);
/// Colour by group: the palette's colours in order; a last label that stands for merged groups is
/// grey.
[[nodiscard]] json colour_of_groups(std::string_view field, const std::string& title,
                                    const std::vector<std::string>& labels,
                                    const std::string& palette, bool merged);
/// Colour by number; `middle` is the value of the diverging palette's centre.
[[nodiscard]] json colour_of_numbers(std::string_view field, const std::string& title,
                                     const std::string& palette, AxisScale scale, double low,
                                     double high);
[[nodiscard]] json diverging_colour(std::string_view field, const std::string& title,
                                    const std::string& palette, double reach);

/// One line of a tooltip. `format`: "" is text, else a d3 format.
struct TooltipLine {
  std::string field;
  std::string title;
  std::string format = {};
};
[[nodiscard]] json tooltip(const std::vector<TooltipLine>& lines);

inline constexpr const char* kCountFormat = ",d";
inline constexpr const char* kValueFormat = ",.5~r";
inline constexpr const char* kShareFormat = ".1%";

/// {"field": field}
[[nodiscard]] json field_of(std::string_view field);
/// {"value": value}
[[nodiscard]] json constant(json value);

/// Names of the palettes, colour-blind safe each: for groups, from low to high, about a middle.
[[nodiscard]] const std::vector<std::string>& group_palettes();
[[nodiscard]] const std::vector<std::string>& sequential_palettes();
[[nodiscard]] const std::vector<std::string>& diverging_palettes();
/// Colours of a group palette; the first name for anything else.
[[nodiscard]] const std::vector<std::string>& palette_colours(const std::string& name);

/// Text cut into lines of at most `width` characters at spaces: a string, or a list of lines.
[[nodiscard]] json wrapped(const std::string& text, std::size_t width);

/// A picture: data sets, layers over them, in one panel or many. Layers of different data share one
/// table in the spec and pick their rows by the field "set", so that panels split all of them.
class Picture {
 public:
  /// Adds a data set; returns its number.
  std::size_t data(json rows);
  /// `more`: members of the layer beside mark and encoding; its transforms follow the choice of the
  /// data.
  void layer(std::size_t data, json mark, json encoding, json more = json::object());
  /// The layers that follow make a chart of their own below, or beside in `columns` columns, of
  /// this size (0: that of the first). Charts share the data, and only the scales that
  /// `resolve_charts` says; they have no panels.
  void next_chart(double width, double height);
  void arrange_charts(std::size_t columns, json resolve) {
    chart_columns_ = columns, resolve_charts_ = std::move(resolve);
  }
  /// A parameter of the whole specification.
  void parameter(json one) { parameters_.push_back(std::move(one)); }
  /// Repeats the whole for each value of a field. `columns` panels stand side by side.
  void wrap_panels(const std::string& title, const std::vector<std::string>& labels,
                   std::size_t columns);
  void grid_panels(const std::string& row_title, const std::vector<std::string>& rows,
                   const std::string& column_title, const std::vector<std::string>& columns);
  /// Panels whose x or y ranges differ.
  void free_scales(bool x, bool y) { free_x_ = x, free_y_ = y; }
  /// Size of the whole in pixels; panels share it. 0: the default.
  void size(double width, double height) { width_ = width, height_ = height; }
  /// A width or height of this many pixels a group, for axes of groups.
  [[nodiscard]] double panel_width() const;
  [[nodiscard]] double panel_height() const;
  [[nodiscard]] std::size_t panels_down() const { return panels_down_; }
  void resolve(json how) { resolve_ = std::move(how); }
  [[nodiscard]] bool empty() const { return layers_.empty(); }
  [[nodiscard]] std::size_t rows() const;
  /// The specification without title, config and description.
  [[nodiscard]] json finish() const;

 private:
  struct Layer {
    std::size_t data;
    json mark;
    json encoding;
    json more;
    std::size_t chart;
  };
  struct ChartSize {
    double width;
    double height;
  };
  [[nodiscard]] json view(std::size_t chart) const;
  std::vector<json> data_;
  std::vector<Layer> layers_;
  std::vector<ChartSize> charts_ = {{0.0, 0.0}};
  std::size_t chart_columns_ = 1;
  json resolve_charts_ = nullptr;
  json parameters_ = json::array();
  json facet_ = nullptr;
  std::size_t facet_columns_ = 0;
  std::size_t panels_across_ = 1;
  std::size_t panels_down_ = 1;
  bool free_x_ = false;
  bool free_y_ = false;
  double width_ = 0.0;
  double height_ = 0.0;
  json resolve_ = nullptr;
};

}  // namespace impact::detail
