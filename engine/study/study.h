#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/study/node.h"

/// A declared study: what a script said, before anything is computed.
namespace impact {

/// What a run does to outcomes while the plan is not frozen.
enum class Blinding { kNone, kShuffle, kHide };

struct Study {
  std::string name;
  std::string version;
  std::int64_t seed = 0;
  Blinding blind = Blinding::kNone;
  std::vector<Node> nodes;  ///< In order of declaration: a node stands after those it uses.

  /// A piece of the report; `text` is prose, or the name of a node.
  struct Item {
    enum class Kind { kHeading, kProse, kTable, kCheck };
    Kind kind;
    std::string text;
  };
  std::string title;        ///< Empty: the study's name.
  std::vector<Item> items;  ///< Empty: every table, then every check.

  /// nullptr when there is none.
  [[nodiscard]] const Node* find(std::string_view name) const;
};

/// An error inside one declaration; `at` is its "file:line".
class NodeError : public Error {
 public:
  NodeError(const Error& cause, std::string at) : Error(cause), at_(std::move(at)) {}
  [[nodiscard]] const std::string& at() const noexcept { return at_; }

 private:
  std::string at_;
};

/// One node of the canonical plan.
struct PlannedNode {
  const Node* node = nullptr;
  nlohmann::json definition;        ///< What was declared; other nodes by name.
  std::vector<std::string> inputs;  ///< Names of the nodes it uses, sorted.
};

/// The nodes with their definitions, in an order in which each stands after its inputs (that of
/// declaration).
[[nodiscard]] std::vector<PlannedNode> planned_nodes(const Study& study);

/// The declarations as canonical data: {"study", "version", "seed", "blind", "nodes": [{"kind",
/// "name", "inputs", "definition"}]}, nodes sorted by kind and name, files by declared path. Equal
/// scripts give equal plans on every machine, whatever the data hold.
[[nodiscard]] nlohmann::json plan_of(const Study& study);

/// Everything that is wrong with the declarations taken together, in order of declaration: a
/// covariate that the roles forbid, an unknown name or a circle in a model. Reads no data.
[[nodiscard]] std::vector<NodeError> find_mistakes(const Study& study);

}  // namespace impact
