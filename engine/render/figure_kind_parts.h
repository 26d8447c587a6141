#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/render/figure.h"
#include "engine/render/figure_grammar.h"

/// What the rows of figure_kinds() are put together from: options and roles that many kinds share.
namespace impact::detail::kinds {

using Options = std::vector<FigureOption>;
using Roles = std::vector<FigureRole>;
using RoleType = FigureRoleType;

inline FigureOption choice(std::string name, std::string text, std::vector<std::string> allowed) {
  Value first = allowed.front();
  return {std::move(name), "text", std::move(text), std::move(first), std::move(allowed)};
}
inline FigureOption words(std::string name, std::string text) {
  return {std::move(name), "text", std::move(text)};
}
inline FigureOption number(std::string name, std::string text, Value fallback, double min,
                           double max) {
  return {std::move(name), "number", std::move(text), std::move(fallback), {}, min, max};
}
inline FigureOption integer(std::string name, std::string text, Value fallback, double min,
                            double max) {
  return {std::move(name), "integer", std::move(text), std::move(fallback), {}, min, max};
}
inline FigureOption flag(std::string name, std::string text, bool fallback) {
  return {std::move(name), "boolean", std::move(text), Value(fallback)};
}
inline FigureOption axis_scale(std::string name, std::string text) {
  return choice(std::move(name),
                std::move(text) +
                    "; zero and negative values have no place on a log axis and are "
                    "left out, symlog keeps them",
                {"linear", "log", "symlog"});
}

inline Options operator+(Options a, const Options& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Roles operator+(Roles a, const Roles& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Options common() {
  std::vector<std::string> palettes = detail::group_palettes();
  for (const auto* more : {&detail::sequential_palettes(), &detail::diverging_palettes()}) {
    palettes.insert(palettes.end(), more->begin(), more->end());
  }
  return {words("title", "Title above the figure"),
          words("subtitle", "A second, softer line below the title"),
          number("width", "Width in pixels; panels share it", {}, 60, 4000),
          number("height", "Height in pixels; panels share it", {}, 40, 4000),
          choice("palette", "Colours, colour-blind safe; one that does not fit the kind is ignored",
                 std::move(palettes))};
}
inline Options axes() {
  return {
      words("x_title", "Title of the x axis; default: the column's name"),
      words("y_title", "Title of the y axis; default: the column's name"),
      words("x_unit", "Unit, written in parentheses behind the title of the x axis"),
      words("y_unit", "Unit, written in parentheses behind the title of the y axis"),
      words("format", "d3 format of the numbers on the axis of values, such as ',.2f' or '.0%'")};
}
inline Options x_scale() { return {axis_scale("x_scale", "Scale of the x axis")}; }
inline Options y_scale() { return {axis_scale("y_scale", "Scale of the y axis")}; }
inline Options value_scale() {
  return {axis_scale("y_scale", "Scale of the axis of values, whichever way it is drawn")};
}
inline Options limit(std::int64_t most, const char* text) {
  return {integer("limit", text, Value(most), 2, 200)};
}
inline Options panels() {
  return {integer("panel_columns", "Panels side by side; default: by their number", {}, 1, 12),
          choice("panel_scales", "Whether panels share their axes",
                 {"shared", "free", "free_x", "free_y"})};
}
inline Options colours() {
  return limit(7, "Most groups; the smallest beyond are drawn as one, other");
}
inline Options orientation() {
  return {choice("orientation", "Which way the values run; auto: horizontal where labels are long",
                 {"auto", "horizontal", "vertical"})};
}
inline Options sorting(const char* text) {
  return {choice("sort", text, {"auto", "ascending", "descending", "label"})};
}
inline Options level() {
  return {number("conf_level", "Level of the intervals", Value(0.95), 0.5, 0.9999)};
}

inline Roles facets() {
  return {{"facet", "One panel a group, wrapped into rows", RoleType::kGroup},
          {"row", "Panels below each other, one row a group", RoleType::kGroup},
          {"column", "Panels side by side, one column a group", RoleType::kGroup}};
}
inline FigureRole of(const char* text, RoleType type, std::size_t most = 1) {
  return {"of", text, type, true, most};
}
inline FigureRole by(const char* text) { return {"by", text, RoleType::kGroup}; }
inline FigureRole axis_role(const char* name, const char* text, RoleType type,
                            std::size_t most = 1) {
  return {name, text, type, true, most};
}
inline FigureRole optional_number(const char* name, const char* text) {
  return {name, text, RoleType::kNumber};
}

inline constexpr const char* kByColour = "Groups, told apart by colour";

/// Estimates and what judges a model.
[[nodiscard]] std::vector<FigureKind> model_kinds();
/// Learners: how they learn, what they use, what they get wrong.
[[nodiscard]] std::vector<FigureKind> learner_kinds();

}  // namespace impact::detail::kinds
