#include "engine/study/design_of.h"

#include <algorithm>

#include "engine/core/number.h"
#include "engine/study/at_node.h"

namespace impact {
namespace {

// A column as the name of a level or variable of the model.
std::string variable_name(const StudyColumn& column, const std::string& role) {
  if (column.expr->kind == Expr::Kind::kColumn) return column.expr->name;
  throw ArgumentError({.what = "the " + role + " must be a variable of the model to be simulated",
                       .got = "a computed column",
                       .hint = "give the model a variable for it"});
}

std::vector<std::string> variable_names(const std::optional<StudyColumn>& column,
                                        const std::string& role) {
  if (!column) return {};
  return {variable_name(*column, role)};
}

DeclaredAssignment assignment_of(const AssignmentNode& node) {
  return {.assignment = node.design,
          .within = variable_names(node.within, "blocks"),
          .clusters = variable_names(node.clusters, "clusters")};
}

std::optional<Inquiry> inquiry_of(const Node& node, std::vector<std::string>* notes) {
  const auto& asked = std::get<InquiryNode>(node.body);
  const auto skip = [&](const std::string& why) {
    notes->push_back("inquiry '" + node.name + "' is left out: " + why);
    return std::nullopt;
  };
  if (asked.by) return skip("it asks for one answer a value of a column");
  if (!asked.contrast) return skip("it asks for no contrast");
  if (asked.contrast->exposure.assignment.empty()) {
    return skip("its contrast is no assignment, so that its true value is not known");
  }
  Inquiry out{.name = node.name,
              .outcome = asked.outcome.expr,
              .contrast = Contrast{asked.contrast->exposure.assignment, asked.contrast->treated,
                                   asked.contrast->control}};
  if (asked.where) out.subset = asked.where->expr;
  if (asked.target == "ATT") {
    out.target = Inquiry::Target::kAtt;
  } else if (asked.target != "ATE") {
    throw ArgumentError({.what = "diagnose knows no truth about the target '" + asked.target + "'",
                         .expected = "ATE or ATT"});
  }
  return out;
}

// A term as one named expression; an interaction becomes the product of its columns.
NamedExpr covariate_of(const std::vector<StudyColumn>& term) {
  NamedExpr out{"", nullptr};
  for (const StudyColumn& item : term) {
    if (!item.assignment.empty()) {
      throw ArgumentError({.what = "interactions with the exposure can't be simulated",
                           .hint = "ols.lin { covariates = ... } adjusts within each arm"});
    }
    out.name += (out.name.empty() ? "" : ":") + item.name;
    out.expr = out.expr == nullptr ? item.expr : call("multiply", {out.expr, item.expr});
  }
  return out;
}

EstimatorSpec estimator_of(const Node& node) {
  const auto& declared = std::get<EstimatorNode>(node.body);
  const Method& method = declared.method;
  if (method.weights) {
    throw ArgumentError({.what = "estimator '" + node.name +
                                 "' has weights, which diagnose does "
                                 "not simulate"});
  }
  EstimatorSpec out{.name = node.name, .inquiry = declared.answers};
  using Kind = EstimatorSpec::Method;
  switch (method.kind) {
    case Method::Kind::kDifferenceInMeans: out.method = Kind::kDifferenceInMeans; break;
    case Method::Kind::kBlocked: out.method = Kind::kBlocked; break;
    case Method::Kind::kOls: out.method = Kind::kOls; break;
    case Method::Kind::kLin: out.method = Kind::kLin; break;
    case Method::Kind::kEffect:
    case Method::Kind::kLearned:
      throw ArgumentError({.what = "estimator '" + node.name + "' is " + name_of(method) +
                                   ", which diagnose does not simulate",
                           .expected = "difference_in_means, ols or ols.lin"});
  }
  for (std::size_t i = 0; i < method.covariates.size(); ++i) {
    NamedExpr covariate = covariate_of(method.covariates[i]);
    if (covariate.name.empty()) covariate.name = "x" + std::to_string(i + 1);
    out.covariates.push_back(std::move(covariate));
  }
  for (const StudyColumn& item : method.fixed_effects) {
    out.fixed_effects.push_back(variable_name(item, "fixed effect"));
  }
  out.se_type = method.se_type;
  out.conf_level = method.conf_level;
  if (method.blocks) out.blocks = variable_names(method.blocks, "blocks");
  if (method.clusters) out.clusters = variable_names(method.clusters, "clusters");
  return out;
}

Column parameter_column(const std::vector<SweptDiagnosis>& points, std::size_t index) {
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  std::vector<std::string> texts;
  bool whole = true;
  bool numeric = true;
  for (const SweptDiagnosis& point : points) {
    const Value& value = point.parameters[index].second;
    const auto* integer = std::get_if<std::int64_t>(&value);
    const auto* number = std::get_if<double>(&value);
    whole = whole && integer != nullptr;
    numeric = numeric && (integer != nullptr || number != nullptr);
    for (std::size_t row = 0; row < point.diagnosis.table.rows(); ++row) {
      integers.push_back(integer == nullptr ? 0 : *integer);
      numbers.push_back(number != nullptr    ? *number
                        : integer != nullptr ? static_cast<double>(*integer)
                                             : 0.0);
      texts.push_back(format_value(value));
    }
  }
  if (whole) return Column::integers(std::move(integers));
  if (numeric) return Column::numbers(std::move(numbers));
  return Column::texts(texts);
}

// One column of all diagnoses, one below the other.
Column stacked(const std::vector<SweptDiagnosis>& points, std::size_t index) {
  const Type type = points[0].diagnosis.table.column(index).type();
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (const SweptDiagnosis& point : points) {
    const Column& part = point.diagnosis.table.column(index);
    for (std::size_t row = 0; row < part.size(); ++row) {
      if (type.kind == TypeKind::kInteger) {
        integers.push_back(part.as_integers()[row]);
      } else if (type.kind == TypeKind::kNumber) {
        numbers.push_back(part.as_numbers()[row]);
      } else {
        texts.emplace_back(part.text_at(row));
      }
    }
  }
  if (type.kind == TypeKind::kInteger) return Column::integers(std::move(integers));
  if (type.kind == TypeKind::kNumber) return Column::numbers(std::move(numbers));
  return Column::texts(texts);
}

}  // namespace

StudyDesign design_of(const Study& study) {
  StudyDesign out;
  Design& design = out.design;
  design.seed = study.seed;
  const Node* model = nullptr;
  for (const Node& node : study.nodes) {
    if (!std::holds_alternative<ModelNode>(node.body)) continue;
    if (model != nullptr) {
      throw NodeError(ArgumentError({.what = "diagnose simulates one model; this is the second",
                                     .got = "'" + node.name + "'"}),
                      node.at);
    }
    model = &node;
  }
  if (model == nullptr) {
    throw ArgumentError({.what = "the study declares no model, so there is nothing to simulate",
                         .expected = "S:model \"name\" { rows = 400, variables = { ... } }"});
  }
  design.model = *std::get<ModelNode>(model->body).model;
  for (const Node& node : study.nodes) {
    if (const auto* assignment = std::get_if<AssignmentNode>(&node.body)) {
      design.assignments.push_back(at_node(node, [&] { return assignment_of(*assignment); }));
    } else if (std::holds_alternative<InquiryNode>(node.body)) {
      if (auto inquiry = inquiry_of(node, &out.notes)) {
        design.inquiries.push_back(std::move(*inquiry));
      }
    }
  }
  for (const Node& node : study.nodes) {
    const auto* estimator = std::get_if<EstimatorNode>(&node.body);
    if (estimator == nullptr) continue;
    const bool asked =
        std::any_of(design.inquiries.begin(), design.inquiries.end(),
                    [&](const Inquiry& inquiry) { return inquiry.name == estimator->answers; });
    if (asked) design.estimators.push_back(at_node(node, [&] { return estimator_of(node); }));
  }
  if (design.estimators.empty()) {
    throw ArgumentError({.what = "the study has no estimator that can be diagnosed",
                         .got = out.notes.empty() ? "none" : out.notes.front(),
                         .expected = "S:estimator \"name\" (method) { answers = inquiry }"});
  }
  return out;
}

std::vector<std::vector<std::pair<std::string, Value>>> sweep_points(const SweepNode& sweep) {
  std::vector<std::vector<std::pair<std::string, Value>>> points{{}};
  for (const auto& [name, values] : sweep.parameters) {
    std::vector<std::vector<std::pair<std::string, Value>>> next;
    for (const auto& point : points) {
      for (const Value& value : values) {
        next.push_back(point);
        next.back().emplace_back(name, value);
      }
    }
    points = std::move(next);
  }
  return points;
}

Frame sweep_table(const std::vector<SweptDiagnosis>& points) {
  if (points.empty()) return {};
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (std::size_t i = 0; i < points[0].parameters.size(); ++i) {
    names.push_back(points[0].parameters[i].first);
    columns.push_back(parameter_column(points, i));
  }
  const Schema& schema = points[0].diagnosis.table.schema();
  for (std::size_t i = 0; i < schema.size(); ++i) {
    names.push_back(schema[i].name);
    columns.push_back(stacked(points, i));
  }
  return {std::move(names), std::move(columns)};
}

}  // namespace impact
