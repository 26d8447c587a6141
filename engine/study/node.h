#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/causal/average_effect.h"
#include "engine/causal/double_learning.h"
#include "engine/design/assignment.h"
#include "engine/table/relation.h"
#include "engine/table/source.h"

/// What a study can declare: one struct a kind of declaration.
namespace impact {

struct Model;
struct Recipe;

/// A column as a declaration names it: an expression and what it is a column of.
struct StudyColumn {
  std::string name;  ///< For terms and messages; "" for a computed column without a name.
  ExprPtr expr;
  RelationPtr table = nullptr;  ///< Null for columns of a model and for constants.
  std::string model = {};       ///< Name of the model it is a variable of, else "".
  std::string assignment = {};  ///< Name of the assignment whose arms it stands for, else "".
};

/// Inclusive bounds of a count; nullopt: none.
struct CountRange {
  std::optional<std::int64_t> min = std::nullopt;
  std::optional<std::int64_t> max = std::nullopt;
};

/// A value that --set can override.
struct ParameterNode {
  Value value;
};

/// A file the study reads.
struct SourceNode {
  std::string file;            ///< As declared.
  std::filesystem::path path;  ///< As resolved on this machine.
  bool generated = false;      ///< Stands in for data that were not given.
  RelationPtr relation;
  Expectations expectations;
};

/// A filter or a join that the study names, with what must hold for it.
struct RelationNode {
  bool joins = false;  ///< A join; else a filter.
  RelationPtr relation;
  RelationPtr from = nullptr;  ///< A filter's input.
  CountRange rows = {};        ///< Rows of the result.
  CountRange dropped = {};     ///< Rows of a filter's input that are not in the result.
};

/// A named column computed from others.
struct FeatureNode {
  StudyColumn column;
};

/// Which part the columns play.
struct RolesNode {
  std::vector<std::pair<std::string, std::vector<StudyColumn>>> roles;
};

/// A table that goes to the results.
struct TableNode {
  RelationPtr relation;
};

/// A promise: at most `max` rows of `offenders`, a value that equals `expect` or lies in
/// [low, high], or a method that raises no alarm.
struct CheckNode {
  RelationPtr offenders = nullptr;  ///< Null for a value.
  std::int64_t max = 0;
  RelationPtr measured = nullptr;  ///< One cell that holds the value; null: `value` is it.
  Value value = {};
  std::optional<Value> expect = std::nullopt;
  std::optional<double> low = std::nullopt;
  std::optional<double> high = std::nullopt;
  std::shared_ptr<const Recipe> recipe = nullptr;  ///< Not null: nothing above counts.
  bool stop = true;  ///< A run whose check fails says so by its exit code.
};

/// How data might arise; only for simulation.
struct ModelNode {
  std::shared_ptr<const Model> model;
  RelationPtr stands_for = nullptr;  ///< The source it imitates; null: it is the study's only data.
};

/// Who gets what by chance.
struct AssignmentNode {
  Assignment design;
  RelationPtr units = nullptr;  ///< One row a unit, with a key; null: the rows of `model`.
  std::string model = {};       ///< Name of the model whose rows are the units, else "".
  std::optional<StudyColumn> within = std::nullopt;    ///< Blocks.
  std::optional<StudyColumn> clusters = std::nullopt;  ///< Units that share an arm.
  std::optional<StudyColumn> given = std::nullopt;     ///< Holds the arms, when drawn elsewhere.
};

/// Treated against control, as values of one column or arms of one assignment.
struct StudyContrast {
  StudyColumn exposure;
  std::string treated;
  std::string control;
};

/// A question: a contrast of an outcome, or its mean.
struct InquiryNode {
  enum class Kind { kCausal, kAssociation, kDescriptive };
  Kind kind = Kind::kCausal;
  StudyColumn outcome;
  std::optional<StudyContrast> contrast = std::nullopt;  ///< None: the mean of the outcome.
  std::string target = "ATE";                       ///< Whose effect: "ATE", "ATT", "ATC", "ATO" or
                                                    ///< "ATM".
  std::optional<StudyColumn> by = std::nullopt;     ///< One answer a value of this column.
  std::optional<StudyColumn> where = std::nullopt;  ///< Only units for which this is true.
};

/// Double machine learning; the target is the inquiry's.
struct LearnedMethod {
  DoubleLearningSpec spec = {};
  int folds = 5;
  int repeats = 1;
};

/// How an estimator answers.
struct Method {
  enum class Kind { kDifferenceInMeans, kBlocked, kOls, kLin, kEffect, kLearned };
  Kind kind = Kind::kDifferenceInMeans;
  AverageEffectSpec effect = {};  ///< Of kEffect; its target is the inquiry's.
  /// Terms beside the contrast; a term of several columns is their interaction.
  std::vector<std::vector<StudyColumn>> covariates = {};
  std::shared_ptr<const LearnedMethod> learned = nullptr;  ///< Of kLearned.
  /// Of kEffect: terms of the propensities; none: the covariates.
  std::vector<std::vector<StudyColumn>> propensity = {};
  std::vector<StudyColumn> fixed_effects = {};       ///< Factors that are absorbed.
  std::string se_type = {};                          ///< "" = the method's default.
  std::optional<StudyColumn> blocks = std::nullopt;  ///< Else those of the assignment.
  std::optional<StudyColumn> clusters = std::nullopt;
  std::optional<StudyColumn> weights = std::nullopt;
  double conf_level = 0.95;
};
[[nodiscard]] std::string name_of(const Method& method);  ///< "ols", "causal.aipw", ...

/// A method that answers an inquiry.
struct EstimatorNode {
  Method method;
  std::string answers;  ///< Name of the inquiry.
  bool primary = false;
};

/// A test, a regression, a description: what the data show, whether or not a question asks for it.
struct AnalysisNode {
  std::shared_ptr<const Recipe> recipe;
};

/// A picture of columns, or of what other nodes found.
struct FigureNode {
  std::shared_ptr<const Recipe> recipe;
  std::string caption;
};

/// Values of parameters to diagnose the study under, every combination.
struct SweepNode {
  std::vector<std::pair<std::string, std::vector<Value>>> parameters;
};

using NodeBody = std::variant<ParameterNode, SourceNode, RelationNode, FeatureNode, RolesNode,
                              TableNode, CheckNode, ModelNode, AssignmentNode, InquiryNode,
                              EstimatorNode, AnalysisNode, FigureNode, SweepNode>;

/// One declaration.
struct Node {
  std::string name;  ///< Unique in the study.
  std::string at;    ///< "file:line".
  NodeBody body;
};

/// "source", "filter", "check", ...
[[nodiscard]] std::string kind_of(const Node& node);
/// What an analysis or a check computes; null for other declarations and plain checks.
[[nodiscard]] const Recipe* analysis_of(const NodeBody& body);
/// An estimator whose folds are drawn.
[[nodiscard]] bool draws_folds(const NodeBody& body);

}  // namespace impact
