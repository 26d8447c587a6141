#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/context.h"
#include "engine/table/frame.h"

namespace impact {

/// One line of a coefficient plot, in the units of its axis. NaN: not known; an estimate without
/// an interval is drawn as a point.
struct FigureRow {
  std::string label = {};  ///< What was estimated; rows of one label share a line.
  std::string group = {};  ///< Told apart by colour; empty everywhere: one colour.
  double estimate = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  double p = std::numeric_limits<double>::quiet_NaN();
};

/// What a figure is made from. A role the kind does not have, a column of the wrong type and an
/// unknown option are ArgumentErrors with a suggestion.
struct FigureInput {
  Frame frame = {};
  std::vector<std::pair<std::string, std::vector<std::string>>> roles = {};  ///< Role -> columns.
  nlohmann::json options = nlohmann::json::object();
  std::vector<FigureRow> estimates = {};  ///< Kinds with FigureKind::estimates only.
};

/// A picture as data. Same input, same bytes of spec.dump(), on any machine and thread count.
struct Figure {
  /// Complete Vega-Lite 6 specification: data inline, no URL, no time. `config` is theme(false);
  /// a page in dark colours puts theme(true) in its place. Text in it is not escaped for HTML.
  nlohmann::json spec = {};
  std::string words = {};  ///< Alternative text computed from the data: one to three sentences.
  std::vector<std::string> warnings = {};  ///< What was left out, merged or summarised, and why.
  std::size_t rows_in = 0;
  std::size_t rows_left_out = 0;  ///< Missing, infinite, or not on a logarithmic axis.
};

/// Most marks that stand for one row each, and most rows of computed data, inside a spec; beyond
/// the first the engine aggregates, and says so.
inline constexpr std::size_t kMostPoints = 5000;
inline constexpr std::size_t kMostFigureRows = 2000;

/// Throws ArgumentError (unknown kind, role, option, column or value; a role that is missing),
/// DataError never: an empty frame gives an empty picture and a warning.
[[nodiscard]] Figure make_figure(const std::string& kind, const FigureInput& input,
                                 const Context& context = {});

/// The same plot for a terminal of `columns` x `rows` characters (at least 20 x 6 are used), with
/// braille dots for points and lines and eighth blocks for bars; ANSI colours if `colour`. Lines
/// end in "\n"; warnings are not part of it.
[[nodiscard]] std::string terminal_figure(const Figure& figure, int columns, int rows, bool colour);

/// Vega-Lite `config` for a light or a dark page, background transparent.
[[nodiscard]] nlohmann::json theme(bool dark);

/// What a role accepts.
enum class FigureRoleType {
  kNumber,        ///< integer, number, boolean (0 and 1)
  kNumberOrTime,  ///< the same, date, timestamp
  kGroup,         ///< any type: each distinct value is a group
  kAny,           ///< number and time as such, the others as groups
};

struct FigureRole {
  std::string name;
  std::string text;  ///< One sentence for help.
  FigureRoleType type = FigureRoleType::kAny;
  bool required = false;
  std::size_t most = 1;  ///< Most columns; 0: any number.
};

struct FigureOption {
  std::string name;
  std::string type;                          ///< boolean, integer, number, text, list or object; or
                                             ///< several joined by '|'.
  std::string text;                          ///< One sentence for help.
  Value fallback = {};                       ///< Missing: none.
  std::vector<std::string> allowed = {};     ///< Texts that are accepted; empty: any.
  std::optional<double> min = std::nullopt;  ///< Inclusive bounds of a number.
  std::optional<double> max = std::nullopt;
};

/// Everything about one kind: arguments, help and checks are made from it.
struct FigureKind {
  std::string name;
  std::string text;  ///< One sentence for help.
  std::vector<FigureRole> roles;
  std::vector<FigureOption> options;
  bool estimates = false;  ///< Draws FigureInput::estimates.
  bool tables = false;     ///< Made for a table whose columns bear the names of its roles.
};

/// All kinds in the order of the help; built once, thread-safe.
[[nodiscard]] const std::vector<FigureKind>& figure_kinds();

}  // namespace impact
