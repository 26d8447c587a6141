#pragma once

#include <string>
#include <vector>
#include <nlohmann/json_fwd.hpp>

namespace impact {

/// One difference between two plans.
struct Deviation {
  enum class Kind { kAdded, kRemoved, kChanged };
  Kind kind = Kind::kChanged;
  std::string node = {};  ///< "estimator 'lin'"; "the study" for its version, seed and the like.
  /// Where in the node: "covariates[2]" (counted from 1, in the frozen plan unless it was added),
  /// "relation.filter.condition"; "" for a whole node, "name" for one that was renamed.
  std::string field = {};
  std::string before = {};  ///< Short text, "" when added.
  std::string after = {};   ///< Short text, "" when removed.
  bool operator==(const Deviation&) const = default;
};

/// What changed between the frozen plan and the one of now: the study first, then nodes sorted by
/// kind and name. Empty exactly when both plans have the same hash. A node that only changed its
/// name is one deviation, and nodes that name it as an input are none; lists are aligned, so that
/// an item taken out of a list is one deviation; a step put into a table is one, too.
[[nodiscard]] std::vector<Deviation> compare_plans(const nlohmann::json& frozen,
                                                   const nlohmann::json& now);

/// One line: "estimator 'lin', covariates[2]: \"age\" was removed".
[[nodiscard]] std::string describe(const Deviation& deviation);

}  // namespace impact
