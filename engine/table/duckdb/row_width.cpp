#include "engine/table/duckdb/row_width.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"

namespace impact::duck {

namespace {

constexpr std::size_t kBlock = 256 * 1024 - 8;
// A cell of a group is a number or the head of a text.
constexpr std::size_t kGroupCell = 16;
constexpr std::size_t kHash = 8;
// No state of DuckDB 1.4.4 is wider but those below.
constexpr std::size_t kWidestState = 200;

// Bytes of a state, measured by the number of them at which DuckDB 1.4.4 dies; of the engine's own
// aggregates their size, with their count and padding.
std::size_t state_width(std::string_view function) {
  static const std::map<std::string, std::size_t, std::less<>> widths = {
      {"count", 8},
      {"count_star", 8},
      {"sum", 24},
      {"sum_no_overflow", 24},
      {"avg", 24},
      {"min", 24},
      {"max", 24},
      {"bool_or", 8},
      {"bool_and", 8},
      {"any_value", 24},
      {"first", 24},
      {"last", 24},
      {"arg_min_null", 48},
      {"arg_max_null", 48},
      {"quantile_cont", 40},
      {"histogram", 16},
      {"impact_sum", sizeof(ExactSum) + 8},
      {"impact_mean", sizeof(ExactMean)},
      {"impact_var_samp", sizeof(ExactMoments)},
      {"impact_var_pop", sizeof(ExactMoments)},
      {"impact_stddev_samp", sizeof(ExactMoments)},
      {"impact_stddev_pop", sizeof(ExactMoments)},
      {"impact_covar_samp", sizeof(ExactCoMoments)},
      {"impact_corr", sizeof(ExactCoMoments)},
  };
  const auto at = widths.find(function.substr(0, function.find('(')));
  return at == widths.end() ? kWidestState : at->second;
}

// One entry stands alone, several in a list, none as an empty text.
std::vector<std::string> entries(const nlohmann::json& extra, const char* name) {
  const auto at = extra.find(name);
  if (at == extra.end()) return {};
  if (at->is_array()) return at->get<std::vector<std::string>>();
  const auto only = at->get<std::string>();
  return only.empty() ? std::vector<std::string>() : std::vector{only};
}

void check_node(const nlohmann::json& node, const std::string& where) {
  for (const nlohmann::json& child : node.at("children")) check_node(child, where);
  const nlohmann::json& extra = node.at("extra_info");
  if (node.at("name") != "HASH_GROUP_BY" || !extra.is_object()) return;
  const std::size_t groups = entries(extra, "Groups").size();
  const std::vector<std::string> aggregates = entries(extra, "Aggregates");
  // A bit for each cell of a group tells whether it is there.
  std::size_t width = groups * kGroupCell + groups / 8 + 1 + 2 * kHash;
  for (const std::string& aggregate : aggregates) width += state_width(aggregate);
  if (width <= kBlock) return;
  throw ArgumentError(
      {.what = fmt::format("{} aggregates of groups by {} columns are too many at once",
                           aggregates.size(), groups),
       .where = where,
       .got = fmt::format("{} bytes a group", width),
       .expected = fmt::format("at most {}", kBlock),
       .hint = "compute some columns at a time, and join the tables by their groups"});
}

}  // namespace

void require_narrow_groups(Connection& connection, const std::string& sql,
                           const std::string& where) {
  const auto rows = connection.rows("EXPLAIN (FORMAT json) " + sql);
  for (const auto& row : rows) {
    if (row.size() < 2 || !row[1]) continue;
    for (const nlohmann::json& node : nlohmann::json::parse(*row[1])) check_node(node, where);
  }
}

}  // namespace impact::duck
