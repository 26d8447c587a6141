#include "engine/study/definition.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/core/number.h"
#include "engine/design/model.h"
#include "engine/study/recipe.h"
#include "engine/study/strata.h"

namespace impact {
namespace {

using nlohmann::json;

json value_json(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) {
    return std::isfinite(*number) ? json(*number) : json(format_double(*number));
  }
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  return format_value(value);
}

template <class T>
json optional_json(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

// Options that say nothing are left out, so that a new option changes no old plan.
void add_range(json* out, const char* name, const CountRange& range) {
  if (!range.min && !range.max) return;
  (*out)[name] = {optional_json(range.min), optional_json(range.max)};
}

json expectations_json(const Expectations& all) {
  json columns = json::array();
  for (const ColumnExpectation& item : all.columns) {
    json allowed = json::array();
    for (const Value& value : item.allowed) allowed.push_back(value_json(value));
    columns.push_back({{"column", item.column},
                       {"present", item.present},
                       {"unique", item.unique},
                       {"min", item.min ? value_json(*item.min) : json()},
                       {"max", item.max ? value_json(*item.max) : json()},
                       {"allowed", std::move(allowed)}});
  }
  return {{"min_rows", optional_json(all.min_rows)},
          {"max_rows", optional_json(all.max_rows)},
          {"key", all.key},
          {"columns", std::move(columns)}};
}

}  // namespace

const std::string* Definition::name_of(const Relation& relation) {
  const auto at = declared_.find(&relation);
  if (at == declared_.end()) return nullptr;
  inputs_.insert(at->second);
  return &at->second;
}

json Definition::own(const Relation& relation) {
  return to_json(relation, [this](const Relation& part) { return name_of(part); });
}

json Definition::relation(const Relation& relation) {
  const std::string* name = name_of(relation);
  return name == nullptr ? own(relation) : json{{"node", *name}};
}

json Definition::column(const StudyColumn& column) {
  json out = {{"expr", to_json(*column.expr)}};
  if (!column.name.empty()) out["name"] = column.name;
  if (column.table != nullptr) out["of"] = relation(*column.table);
  for (const std::string& node : {column.model, column.assignment}) {
    if (node.empty()) continue;
    out["of"] = json{{"node", node}};
    if (node != node_.name) inputs_.insert(node);
  }
  return out;
}

json Definition::columns(const std::vector<StudyColumn>& columns) {
  json out = json::array();
  for (const StudyColumn& item : columns) out.push_back(column(item));
  return out;
}

json Definition::write() { return std::visit(*this, node_.body); }

json Definition::operator()(const ParameterNode& node) {
  return {{"value", value_json(node.value)}};
}

json Definition::operator()(const SourceNode& node) {
  return {{"relation", own(*node.relation)}, {"expect", expectations_json(node.expectations)}};
}

json Definition::operator()(const RelationNode& node) {
  json out = {{"relation", own(*node.relation)}};
  add_range(&out, "rows", node.rows);
  add_range(&out, "dropped", node.dropped);
  return out;
}

json Definition::operator()(const FeatureNode& node) { return column(node.column); }

json Definition::operator()(const RolesNode& node) {
  json out = json::object();
  for (const auto& [role, members] : node.roles) out[role] = columns(members);
  return out;
}

json Definition::operator()(const TableNode& node) {
  return {{"relation", relation(*node.relation)}};
}

json Definition::operator()(const CheckNode& node) {
  json out = json::object();
  if (!node.stop) out["stop"] = false;
  if (node.recipe != nullptr) {
    out.update(recipe(*node.recipe));
    return out;
  }
  if (node.offenders != nullptr) {
    out["offenders"] = relation(*node.offenders);
    out["max"] = node.max;
    return out;
  }
  if (node.measured != nullptr) out["measured"] = relation(*node.measured);
  if (node.measured == nullptr) out["value"] = value_json(node.value);
  if (node.expect) out["expect"] = value_json(*node.expect);
  if (node.low) out["low"] = *node.low;
  if (node.high) out["high"] = *node.high;
  return out;
}

void Definition::add(json* out, const char* name, const std::optional<StudyColumn>& given) {
  if (given) (*out)[name] = column(*given);
}

json Definition::operator()(const ModelNode& node) {
  json levels = json::array();
  for (const Level& level : node.model->levels) {
    levels.push_back({{"name", level.name}, {"counts", level.counts}});
  }
  json variables = json::object();
  for (const NamedExpr& item : node.model->variables) variables[item.name] = to_json(*item.expr);
  json out = {{"levels", std::move(levels)}, {"variables", std::move(variables)}};
  if (node.stands_for != nullptr) out["stands_for"] = relation(*node.stands_for);
  return out;
}

json Definition::operator()(const AssignmentNode& node) {
  json out = {
      {"arms", node.design.arms},
      {"method", node.design.method == Assignment::Method::kSimple ? "simple" : "complete"}};
  if (!node.design.probabilities.empty()) out["probabilities"] = node.design.probabilities;
  if (!node.design.counts.empty()) out["counts"] = node.design.counts;
  if (node.units != nullptr) out["units"] = relation(*node.units);
  if (!node.model.empty()) {
    out["units"] = json{{"node", node.model}};
    inputs_.insert(node.model);
  }
  add(&out, "within", node.within);
  add(&out, "clusters", node.clusters);
  add(&out, "given", node.given);
  return out;
}

json Definition::operator()(const InquiryNode& node) {
  using Kind = InquiryNode::Kind;
  json out = {{"kind", node.kind == Kind::kCausal        ? "causal"
                       : node.kind == Kind::kAssociation ? "association"
                                                         : "descriptive"},
              {"outcome", column(node.outcome)}};
  if (node.contrast) {
    out["contrast"] = {{"exposure", column(node.contrast->exposure)},
                       {"treated", node.contrast->treated},
                       {"control", node.contrast->control}};
    out["target"] = node.target;
  }
  add(&out, "by", node.by);
  add(&out, "where", node.where);
  return out;
}

json Definition::operator()(const EstimatorNode& node) {
  const Method& method = node.method;
  inputs_.insert(node.answers);
  json covariates = json::array();
  for (const auto& term : method.covariates) covariates.push_back(columns(term));
  json out = {{"answers", node.answers},
              {"primary", node.primary},
              {"method", impact::name_of(method)},
              {"conf_level", method.conf_level}};
  if (!covariates.empty()) out["covariates"] = std::move(covariates);
  if (method.kind == Method::Kind::kEffect) {
    const AverageEffectSpec& effect = method.effect;
    json propensity = json::array();
    for (const auto& term : method.propensity) propensity.push_back(columns(term));
    if (!propensity.empty()) out["propensity"] = std::move(propensity);
    out["options"] = {{"weighting", weighting_name(effect.weighting)},
                      {"outcome", moment_family_name(effect.outcome)},
                      {"least_variance", effect.least_variance},
                      {"trim", effect.trim},
                      {"clip", effect.clip},
                      {"stacked", effect.stacked}};
    if (effect.normalise) out["options"]["normalise"] = *effect.normalise;
  }
  if (method.kind == Method::Kind::kLearned) {
    const DoubleLearningSpec& learning = method.learned->spec;
    out["options"] = {{"outcome", learner_json(learning.outcome)},
                      {"treatment", learner_json(learning.treatment)},
                      {"folds", method.learned->folds},
                      {"repeats", method.learned->repeats},
                      {"iv_type", learning.iv_type},
                      {"normalise", learning.normalise},
                      {"clip", learning.clip}};
  }
  if (!method.fixed_effects.empty()) out["fixed_effects"] = columns(method.fixed_effects);
  if (!method.se_type.empty()) out["se"] = method.se_type;
  add(&out, "blocks", method.blocks);
  add(&out, "clusters", method.clusters);
  add(&out, "weights", method.weights);
  if (const auto compared = observed_comparison(study_, node)) {
    const auto strata = strata_of(study_, *compared);
    if (!strata.empty()) out["strata"] = columns(strata);
  }
  return out;
}

json Definition::recipe(const Recipe& recipe) {
  json out = {{"method", recipe.method}};
  json roles = json::object();
  for (const auto& [role, members] : recipe.roles) roles[role] = columns(members);
  if (!roles.empty()) out["columns"] = std::move(roles);
  if (!recipe.options.empty()) out["options"] = recipe.options;
  if (!recipe.nodes.empty()) out["of"] = recipe.nodes;
  inputs_.insert(recipe.nodes.begin(), recipe.nodes.end());
  return out;
}

json Definition::operator()(const AnalysisNode& node) {
  json out = recipe(*node.recipe);
  const auto strata = strata_of(study_, *node.recipe);
  if (!strata.empty()) out["strata"] = columns(strata);
  // Steps of preparation may choose columns by their role.
  const auto roles = feature_roles(study_, *node.recipe);
  if (!roles.empty()) out["feature_roles"] = roles;
  return out;
}

json Definition::operator()(const FigureNode& node) { return recipe(*node.recipe); }

json Definition::operator()(const SweepNode& node) {
  json out = json::object();
  for (const auto& [name, values] : node.parameters) {
    out[name] = json::array();
    for (const Value& value : values) out[name].push_back(value_json(value));
  }
  return {{"parameters", std::move(out)}};
}

const Recipe* analysis_of(const NodeBody& body) {
  if (const auto* analysis = std::get_if<AnalysisNode>(&body)) return analysis->recipe.get();
  if (const auto* check = std::get_if<CheckNode>(&body)) return check->recipe.get();
  return nullptr;
}

bool draws_folds(const NodeBody& body) {
  const auto* estimator = std::get_if<EstimatorNode>(&body);
  return estimator != nullptr && estimator->method.kind == Method::Kind::kLearned;
}

std::string name_of(const Method& method) {
  switch (method.kind) {
    case Method::Kind::kDifferenceInMeans: return "difference_in_means";
    case Method::Kind::kBlocked: return "blocked_difference_in_means";
    case Method::Kind::kOls: return "ols";
    case Method::Kind::kLin: return "ols.lin";
    case Method::Kind::kEffect: {
      std::string name = "causal.";
      name += effect_method_name(method.effect.method);
      return name;
    }
    case Method::Kind::kLearned:
      return method.learned->spec.model == DoubleModel::kInteractive ? "causal.irm" : "causal.plr";
  }
  return "";
}

std::string kind_of(const Node& node) {
  struct Kind {
    std::string operator()(const ParameterNode&) const { return "parameter"; }
    std::string operator()(const SourceNode&) const { return "source"; }
    std::string operator()(const RelationNode& n) const { return n.joins ? "join" : "filter"; }
    std::string operator()(const FeatureNode&) const { return "feature"; }
    std::string operator()(const RolesNode&) const { return "roles"; }
    std::string operator()(const TableNode&) const { return "table"; }
    std::string operator()(const CheckNode&) const { return "check"; }
    std::string operator()(const ModelNode&) const { return "model"; }
    std::string operator()(const AssignmentNode&) const { return "assignment"; }
    std::string operator()(const InquiryNode&) const { return "inquiry"; }
    std::string operator()(const EstimatorNode&) const { return "estimator"; }
    std::string operator()(const AnalysisNode&) const { return "analysis"; }
    std::string operator()(const FigureNode&) const { return "figure"; }
    std::string operator()(const SweepNode&) const { return "sweep"; }
  };
  return std::visit(Kind{}, node.body);
}

}  // namespace impact
