#include <algorithm>
#include <nlohmann/json.hpp>

#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "engine/core/error.h"
#include "engine/study/study.h"

namespace impact::bindings {
namespace {

// Reads a formula as the fields of a method that answers one inquiry.
class FormulaReader {
 public:
  FormulaReader(const InquiryNode& inquiry, std::string name)
      : inquiry_(inquiry), name_(std::move(name)) {}

  void read(const Formula& formula, Method* method) {
    if (to_json(*formula.outcome) != to_json(*inquiry_.outcome.expr)) {
      throw ArgumentError(
          {.what = "the formula explains another column than the inquiry asks about",
           .got = describe_expr(*formula.outcome),
           .expected = describe_expr(*inquiry_.outcome.expr)});
    }
    if (!formula.intercept) {
      throw ArgumentError({.what = "a contrast needs an intercept",
                           .got = "0 + ...",
                           .expected = "a formula without 0"});
    }
    bool exposed = false;
    for (const Formula::Term& term : formula.terms) {
      std::vector<StudyColumn> columns;
      for (const ExprPtr& part : term) columns.push_back(column_of(part));
      if (columns.size() == 1 && is_exposure(columns[0])) {
        exposed = true;
      } else {
        method->covariates.push_back(std::move(columns));
      }
    }
    if (!exposed) {
      throw ArgumentError(
          {.what = "the formula of '" + name_ + "' lacks the exposure",
           .expected = describe_expr(*inquiry_.contrast->exposure.expr) + " among its terms",
           .hint = "it is what the inquiry contrasts"});
    }
    for (const Formula::Term& term : formula.fixed_effects) {
      if (term.size() == 1) {
        method->fixed_effects.push_back(column_of(term[0]));
        continue;
      }
      // Levels of a combination: the texts of its columns side by side.
      std::vector<ExprPtr> parts;
      for (const ExprPtr& part : term) {
        if (!parts.empty()) parts.push_back(literal(std::string("\x1f")));
        parts.push_back(call("to_text", {part}));
      }
      method->fixed_effects.push_back(column_of(call("concat", std::move(parts))));
    }
  }

 private:
  [[nodiscard]] bool is_exposure(const StudyColumn& column) const {
    const StudyColumn& exposure = inquiry_.contrast->exposure;
    return column.assignment == exposure.assignment &&
           to_json(*column.expr) == to_json(*exposure.expr);
  }

  [[nodiscard]] StudyColumn column_of(const ExprPtr& expr) const {
    const StudyColumn& exposure = inquiry_.contrast->exposure;
    if (to_json(*expr) == to_json(*exposure.expr)) return exposure;
    StudyColumn out{.name = expr->kind == Expr::Kind::kColumn ? expr->name : "",
                    .expr = expr,
                    .table = inquiry_.outcome.table,
                    .model = inquiry_.outcome.model};
    check_column(out);
    return out;
  }

  const InquiryNode& inquiry_;
  std::string name_;
};

// method, inquiry, primary
int add_estimator(lua_State* L) {
  Study& study = runtime(L).session()->need_study();
  const auto handle = get_handle<const MethodHandle>(L, 3);
  EstimatorNode node;
  node.method = handle->method;
  node.answers = get_handle<const InquiryHandle>(L, 4)->name;
  node.primary = lua_toboolean(L, 5) != 0;
  const std::string name = text_at(L, 1);
  const Node* declared = study.find(node.answers);
  const auto& inquiry = std::get<InquiryNode>(declared->body);
  if (!inquiry.contrast) {
    throw ArgumentError({.what = "'" + node.answers + "' asks for no contrast",
                         .got = name_of(node.method),
                         .expected = "an inquiry with contrast = column:between(a, b)"});
  }
  if (handle->formula != nullptr) {
    FormulaReader(inquiry, name).read(handle->formula->formula, &node.method);
  }
  const RelationPtr& table = inquiry.outcome.table;
  const auto move = [&](StudyColumn* column) {
    if (table != nullptr) move_to(table, "the outcome", column);
  };
  for (auto& term : node.method.covariates) {
    for (StudyColumn& column : term) move(&column);
  }
  for (auto& term : node.method.propensity) {
    for (StudyColumn& column : term) move(&column);
  }
  for (StudyColumn& column : node.method.fixed_effects) move(&column);
  for (auto* column : {&node.method.blocks, &node.method.clusters, &node.method.weights}) {
    if (*column) move(&**column);
  }
  if (node.primary) {
    for (const Node& other : study.nodes) {
      const auto* estimator = std::get_if<EstimatorNode>(&other.body);
      if (estimator == nullptr || !estimator->primary || estimator->answers != node.answers) {
        continue;
      }
      throw ArgumentError({.what = "'" + node.answers + "' has two primary estimators",
                           .got = name,
                           .expected = "one; '" + other.name + "' is it, see " + other.at});
    }
  }
  study.nodes.push_back({name, text_at(L, 2), std::move(node)});
  push_handle(L, std::make_shared<const EstimatorHandle>(EstimatorHandle{name}));
  return 1;
}

}  // namespace

void install_estimators(lua_State* L) {
  push_private(L, add_estimator);
  extend_private_api(L, "add_estimator");
}

}  // namespace impact::bindings
