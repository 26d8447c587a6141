#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>
#include <nlohmann/json_fwd.hpp>

#include "engine/study/study.h"

namespace impact {

/// Writes one node's declaration as canonical data and notes which other nodes it names.
class Definition {
 public:
  /// `declared` are the relations that have a name of their own.
  Definition(const Study& study, const Node& node,
             const std::map<const Relation*, std::string>& declared)
      : study_(study), node_(node), declared_(declared) {}
  [[nodiscard]] nlohmann::json write();
  /// Sorted names of the nodes that write() met.
  [[nodiscard]] std::vector<std::string> inputs() const { return {inputs_.begin(), inputs_.end()}; }

  // One overload a kind of declaration, for std::visit.
  nlohmann::json operator()(const ParameterNode& node);
  nlohmann::json operator()(const SourceNode& node);
  nlohmann::json operator()(const RelationNode& node);
  nlohmann::json operator()(const FeatureNode& node);
  nlohmann::json operator()(const RolesNode& node);
  nlohmann::json operator()(const TableNode& node);
  nlohmann::json operator()(const CheckNode& node);
  nlohmann::json operator()(const ModelNode& node);
  nlohmann::json operator()(const AssignmentNode& node);
  nlohmann::json operator()(const InquiryNode& node);
  nlohmann::json operator()(const EstimatorNode& node);
  nlohmann::json operator()(const AnalysisNode& node);
  nlohmann::json operator()(const FigureNode& node);
  nlohmann::json operator()(const SweepNode& node);

 private:
  // A relation by its name, or written out.
  nlohmann::json relation(const Relation& relation);
  // The node's own relation: written out even though it has a name.
  nlohmann::json own(const Relation& relation);
  nlohmann::json column(const StudyColumn& column);
  nlohmann::json columns(const std::vector<StudyColumn>& columns);
  nlohmann::json recipe(const Recipe& recipe);
  void add(nlohmann::json* out, const char* name, const std::optional<StudyColumn>& column);
  const std::string* name_of(const Relation& relation);

  const Study& study_;
  const Node& node_;
  const std::map<const Relation*, std::string>& declared_;
  std::set<std::string> inputs_;
};

}  // namespace impact
