#pragma once

#include <string>
#include <vector>
#include <nlohmann/json_fwd.hpp>

#include "engine/study/lock.h"
#include "engine/study/run.h"

namespace impact {

/// One node of the plan for a reader.
struct PlanLine {
  std::string kind;
  std::string name;
  std::vector<std::string> inputs;
  bool computed = true;  ///< False for what only others use: a parameter, a model, an inquiry, ...
  bool fresh = false;    ///< A run would take its result from the cache.
  std::string why;       ///< Why not: "its declaration changed", "the file x.csv changed", ...
};

/// The nodes in order of declaration. `before` is the lock of the last run in the same place, if
/// there is one: it tells what changed.
[[nodiscard]] std::vector<PlanLine> plan_lines(const Study& study,
                                               const std::vector<NodeState>& states,
                                               const Lock* before);

/// For a terminal, in columns.
[[nodiscard]] std::string plan_text(const Study& study, const std::string& plan_hash,
                                    const std::vector<PlanLine>& lines);
/// For Graphviz: an arrow from each node to those that use it; stale ones are dashed.
[[nodiscard]] std::string plan_dot(const Study& study, const std::vector<PlanLine>& lines);
[[nodiscard]] nlohmann::json plan_json(const Study& study, const std::string& plan_hash,
                                       const std::vector<PlanLine>& lines);

}  // namespace impact
