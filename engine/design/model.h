#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/expr.h"

namespace impact {

/// One level of nested units: "village" with 25 units, then "person" with 4 in each village.
struct Level {
  std::string name = {};  ///< Name of its id column, 1 .. number of units at the level.
  /// Units of this level in each unit of the level above: one number for all, or one for each.
  std::vector<std::int64_t> counts = {};
};

/// How data might arise. Rows are the units of the last level, those of one parent together.
/// Variables are expressions over level ids, other variables (in any order) and, by name, the arms
/// of assignments (texts). Random draws come from root(seed).child("model").child(variable), see
/// Program; so a variable that is added or changed leaves all others as they are.
struct Model {
  std::vector<Level> levels = {};
  std::vector<NamedExpr> variables = {};
};

/// Ids of every level for every row.
struct LevelIds {
  std::size_t rows = 0;
  std::vector<std::vector<double>> ids = {};  ///< Levels x rows.
};
/// Throws ArgumentError: no level, a count that is not positive, a list of counts of another length
/// than the level above has units, more than kMostSimulatedRows rows.
[[nodiscard]] LevelIds level_ids(const Model& model);
inline constexpr std::int64_t kMostSimulatedRows = 50'000'000;

/// Something that is computed from others, by name.
struct DependencyNode {
  std::string what = {};  ///< For messages: "variable 'y'".
  std::string name = {};
  std::vector<std::string> needs = {};
};
/// Order in which the nodes can be computed (indices); needs that name no node are taken as given.
/// Nodes come as early in their order of declaration as they can. Throws ArgumentError for a
/// circle, which it shows: "a <- b <- a".
[[nodiscard]] std::vector<std::size_t> dependency_order(std::span<const DependencyNode> nodes);

}  // namespace impact
