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

  /// A number of the report with what to say about it.
  struct Told {
    std::string label;  ///< Of a key figure; of a sentence its template, "" for the plain one.
    std::string node;   ///< An analysis, an estimator, a table or a check.
    std::string part;  ///< Which row (by term) or which column of the table's first row; "": first.
    bool share = false;  ///< A key figure in per cent.
  };
  /// A piece of the report.
  struct Item {
    enum class Kind {
      kHeading,
      kProse,
      kTable,
      kCheck,
      kEstimates,
      kFigure,
      kValues,
      kSentences,
      kSummary,
      kPlan,
    };
    Kind kind;
    std::string text;  ///< Prose, or the name of a node ("name.table" for a table of an analysis).
    int level = 1;     ///< Of a heading.
    std::vector<Told> told = {};  ///< kValues, kSentences, kSummary.
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
