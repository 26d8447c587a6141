#pragma once

#include <string>

#include "bindings/columns.h"
#include "engine/study/formula.h"
#include "engine/study/node.h"
#include "engine/study/recipe.h"

/// What the declarations of a study pass to each other.
namespace impact::bindings {

/// A declared node that others refer to by its handle.
struct InquiryHandle {
  std::string name;
};
struct EstimatorHandle {
  std::string name;
};
struct CheckHandle {
  std::string name;
};
/// A declared analysis.
struct FindingHandle {
  std::string name;
  std::shared_ptr<const Recipe> recipe = nullptr;  ///< What it computes.
};
/// A learner that is not fitted yet, or a step of preparation: a kind and its options.
struct LearnerHandle {
  nlohmann::json json;  ///< {"learner": kind, "options": {...}}
};
struct StepHandle {
  nlohmann::json json;  ///< {"step": kind, "options": {...}}
};
/// A model that was fitted, and the hash of its file.
struct FittedHandle {
  std::shared_ptr<const TrainedModel> model;
  std::string sha256;
};
/// A table of one.
struct FindingTableHandle {
  std::string node;
  std::string table;
};
/// A figure, declared with its caption.
struct FigureHandle {
  std::string name;
};
/// A plot that is not declared yet.
struct PlotHandle {
  Recipe recipe;
};
/// A model: its variables are read as columns, m.x.
struct ModelHandle {
  std::string name;
  std::shared_ptr<const Model> model;
  RelationPtr stands_for;
};
/// outcome ~ terms, with the table or model of its columns.
struct FormulaHandle {
  Formula formula;
  StudyColumn owner;  ///< Its table and model are those of the columns.
};
/// A method and the formula it was given, if any.
struct MethodHandle {
  Method method;
  std::shared_ptr<const FormulaHandle> formula = nullptr;
};

template <>
struct HandleName<const InquiryHandle> {
  static constexpr const char* name = "Inquiry";
};
template <>
struct HandleName<const EstimatorHandle> {
  static constexpr const char* name = "Estimator";
};
template <>
struct HandleName<const CheckHandle> {
  static constexpr const char* name = "Check";
};
template <>
struct HandleName<const FindingHandle> {
  static constexpr const char* name = "Finding";
};
template <>
struct HandleName<const LearnerHandle> {
  static constexpr const char* name = "Learner";
};
template <>
struct HandleName<const StepHandle> {
  static constexpr const char* name = "Step";
};
template <>
struct HandleName<const FittedHandle> {
  static constexpr const char* name = "FittedModel";
};
template <>
struct HandleName<const FindingTableHandle> {
  static constexpr const char* name = "FindingTable";
};
template <>
struct HandleName<const FigureHandle> {
  static constexpr const char* name = "Figure";
};
template <>
struct HandleName<const PlotHandle> {
  static constexpr const char* name = "Plot";
};
template <>
struct HandleName<const Recipe> {
  static constexpr const char* name = "Analysis";
};
template <>
struct HandleName<const ModelHandle> {
  static constexpr const char* name = "Model";
};
template <>
struct HandleName<const FormulaHandle> {
  static constexpr const char* name = "Formula";
};
template <>
struct HandleName<const MethodHandle> {
  static constexpr const char* name = "Method";
};
template <>
struct HandleName<const StudyContrast> {
  static constexpr const char* name = "Contrast";
};

/// The Column at `index` as a declaration keeps it; its expression is checked against its table.
/// Throws ArgumentError for a column that belongs to no table, unless `loose`.
[[nodiscard]] StudyColumn study_column_at(lua_State* L, int index, const std::string& place,
                                          bool loose = false);
/// A Column or a list of them. nil gives an empty list.
[[nodiscard]] std::vector<StudyColumn> study_columns_at(lua_State* L, int index,
                                                        const std::string& place);
/// The same for an optional one.
[[nodiscard]] std::optional<StudyColumn> optional_column_at(lua_State* L, int index,
                                                            const std::string& place);
/// Makes the column one of `table`: it must be one already, or come from where one of it comes.
/// Columns that stand for an assignment stay as they are. `whose` names the owner of `table` in the
/// error. Throws ArgumentError.
void move_to(const RelationPtr& table, const std::string& whose, StudyColumn* column);
/// The type an expression over the column's table has; throws when it does not bind.
void check_column(const StudyColumn& column);

}  // namespace impact::bindings
