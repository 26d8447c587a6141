#pragma once

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>
#include <nlohmann/json.hpp>

/// A specification read back as marks at places: what the terminal draws from.
namespace impact::detail {

using nlohmann::json;

/// One axis: its range and its scale, or its groups.
struct Side {
  bool used = false;
  std::string title = {};
  std::vector<std::string> names = {};  ///< Groups in order; empty: numbers.
  bool numbered = false;                ///< Names of the numbers 0, 1, ...: a violin's lanes.
  bool time = false;
  bool log = false;
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  /// Share of the way from low to high.
  [[nodiscard]] double place(double value) const;
  /// The value there.
  [[nodiscard]] double at(double share) const;
};

/// One row of a layer. What it lacks is NaN or "".
struct Mark {
  double x = std::numeric_limits<double>::quiet_NaN();
  double x2 = std::numeric_limits<double>::quiet_NaN();
  double y = std::numeric_limits<double>::quiet_NaN();
  double y2 = std::numeric_limits<double>::quiet_NaN();
  double amount = std::numeric_limits<double>::quiet_NaN();  ///< Of a colour by number.
  std::string x_name = {};
  std::string y_name = {};
  std::string group = {};   ///< Of a colour by group.
  std::string detail = {};  ///< Splits lines without a colour.
  std::string offset = {};  ///< Group inside the group.
  std::string colour = {};  ///< "#rrggbb", or "" for none.
};

struct Layer {
  std::string type;  ///< bar, rect, rule, point, line or area.
  bool small = false;
  bool steps = false;  ///< A line that keeps its height up to the next place.
  bool swarm = false;  ///< Points that move aside for each other: how many there are is the shape.
  std::vector<Mark> marks = {};
};

struct View {
  std::string title = {};
  Side x = {};
  Side y = {};
  std::vector<std::string> offsets = {};
  std::vector<std::pair<std::string, std::string>> legend = {};  ///< Group, colour.
  std::vector<Layer> layers = {};
  std::map<std::pair<std::string, std::string>, std::string> labels = {};  ///< By y and x name.
};

/// Panels or charts of a specification that make_figure wrote; none for one that computes in the
/// browser (a user's own with transforms, aggregates or channels unknown here).
[[nodiscard]] std::vector<View> views_of(const json& spec);

/// A string, or lines joined by spaces.
[[nodiscard]] std::string text_of(const json& text);

}  // namespace impact::detail
