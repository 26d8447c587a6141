#include "engine/study/node_text.h"

#include "engine/core/number.h"
#include "engine/design/model.h"
#include "engine/study/plan_text.h"
#include "engine/study/recipe.h"

namespace impact {
namespace {

constexpr std::size_t kLongest = 160;

void append(std::string* text, const std::string& part, const char* between = "; ") {
  if (part.empty()) return;
  *text += (text->empty() ? "" : between) + part;
}

std::string count_text(const std::string& what, const CountRange& range) {
  if (!range.min && !range.max) return "";
  if (range.min == range.max) return what + " = " + format_integer(*range.min);
  if (!range.min) return what + " <= " + format_integer(*range.max);
  if (!range.max) return what + " >= " + format_integer(*range.min);
  return what + " " + format_integer(*range.min) + " to " + format_integer(*range.max);
}

std::string column_text(const StudyColumn& column) {
  return column.name.empty() ? plan_text(to_json(*column.expr)) : column.name;
}

std::string columns_text(const std::vector<StudyColumn>& columns, const char* between = ", ") {
  std::string text;
  for (const StudyColumn& item : columns) append(&text, column_text(item), between);
  return text;
}

std::string labelled(const std::string& label, const std::string& text) {
  return text.empty() ? "" : label + " " + text;
}

std::string labelled(const std::string& label, const std::optional<StudyColumn>& column) {
  return column ? label + " " + column_text(*column) : "";
}

// What differs from the defaults.
std::string effect_text(const AverageEffectSpec& effect) {
  std::string text;
  if (effect.method != EffectMethod::kRegression) {
    append(&text, std::string(weighting_name(effect.weighting)) + " weights", ", ");
  }
  if (effect.method != EffectMethod::kWeighting) {
    append(&text, std::string(moment_family_name(effect.outcome)) + " outcome", ", ");
  }
  if (effect.normalise) append(&text, *effect.normalise ? "normalised" : "not normalised", ", ");
  if (effect.least_variance) append(&text, "least variance", ", ");
  if (effect.trim > 0.0) append(&text, "trim " + format_double(effect.trim), ", ");
  if (effect.clip > 0.0) append(&text, "clip " + format_double(effect.clip), ", ");
  if (!effect.stacked) append(&text, "models taken as known", ", ");
  return text;
}

std::string learning_text(const LearnedMethod& method) {
  const DoubleLearningSpec& learning = method.spec;
  std::string text = learning.outcome.kind;
  if (learner_json(learning.treatment) != learner_json(learning.outcome)) {
    append(&text, "treatment by " + learning.treatment.kind, ", ");
  }
  append(&text, std::to_string(method.folds) + " folds", ", ");
  if (method.repeats > 1) append(&text, std::to_string(method.repeats) + " times", ", ");
  if (learning.iv_type) append(&text, "IV-type score", ", ");
  if (learning.normalise) append(&text, "normalised", ", ");
  return text;
}

std::string values_text(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) append(&text, format_value(value), ", ");
  return text;
}

// "left join on video_id", with both names where they differ.
std::string join_text(const nlohmann::json& step) {
  std::string names;
  for (const auto& pair : step["on"]) {
    const auto left = pair[0].get<std::string>();
    const auto right = pair[1].get<std::string>();
    append(&names, left == right ? left : left + " = " + right, ", ");
  }
  return step["kind"].get<std::string>() + " join" + (names.empty() ? "" : " on " + names);
}

std::string recipe_text(const Recipe& recipe) {
  std::string text = recipe.method;
  for (const auto& [role, members] : recipe.roles) {
    append(&text, labelled(role, columns_text(members)));
  }
  for (const auto& [name, value] : recipe.options.items()) {
    append(&text, name + " = " + (value.is_string() ? value.get<std::string>() : value.dump()));
  }
  std::string nodes;
  for (const std::string& name : recipe.nodes) append(&nodes, name, ", ");
  append(&text, labelled("of", nodes));
  return text;
}

struct Text {
  const nlohmann::json& definition;

  std::string operator()(const ParameterNode& node) const { return format_value(node.value); }

  std::string operator()(const SourceNode& node) const {
    std::string text = node.file + (node.generated ? " (generated)" : "");
    std::string key;
    for (const std::string& name : node.relation->key) append(&key, name, ", ");
    append(&text, labelled("key", key));
    return text;
  }

  std::string operator()(const RelationNode& node) const {
    const nlohmann::json& step = definition["relation"];
    std::string text = node.joins ? join_text(step) : step_text(step);
    append(&text, count_text("rows", node.rows));
    append(&text, count_text("dropped", node.dropped));
    return text;
  }

  std::string operator()(const FeatureNode&) const { return plan_text(definition["expr"]); }

  std::string operator()(const RolesNode& node) const {
    std::string text;
    for (const auto& [role, members] : node.roles)
      append(&text, role + " " + columns_text(members));
    return text;
  }

  std::string operator()(const TableNode&) const { return plan_text(definition["relation"]); }

  std::string operator()(const CheckNode& node) const {
    std::string text = promise_text(node);
    if (!node.stop) append(&text, "does not stop the run", ", ");
    return text;
  }

  std::string promise_text(const CheckNode& node) const {
    if (node.recipe != nullptr) return recipe_text(*node.recipe);
    if (node.offenders != nullptr) {
      const std::string rows = plan_text(definition["offenders"]);
      return "at most " + format_integer(node.max) + " rows in " + rows;
    }
    std::string text =
        node.measured == nullptr ? format_value(node.value) : plan_text(definition["measured"]);
    if (node.expect) return text + " = " + format_value(*node.expect);
    if (node.low) text += " >= " + format_double(*node.low);
    if (node.high) text += (node.low ? " and <= " : " <= ") + format_double(*node.high);
    return text;
  }

  std::string operator()(const ModelNode& node) const {
    std::string text;
    for (const NamedExpr& item : node.model->variables) {
      append(&text, item.name + " = " + plan_text(to_json(*item.expr)));
    }
    return text;
  }

  std::string operator()(const AssignmentNode& node) const {
    std::string text;
    for (const std::string& arm : node.design.arms) append(&text, arm, ", ");
    append(&text, labelled("given by", node.given));
    append(&text, labelled("within", node.within));
    append(&text, labelled("clusters", node.clusters));
    if (node.design.method == Assignment::Method::kSimple) append(&text, "each unit on its own");
    return text;
  }

  std::string operator()(const InquiryNode& node) const {
    std::string text = column_text(node.outcome);
    if (node.contrast) {
      append(&text,
             node.contrast->treated + " - " + node.contrast->control + " of " +
                 column_text(node.contrast->exposure),
             ", ");
    }
    if (node.kind == InquiryNode::Kind::kAssociation) append(&text, "association");
    if (node.kind == InquiryNode::Kind::kDescriptive) append(&text, "descriptive");
    if (node.target != "ATE") append(&text, node.target);
    append(&text, labelled("by", node.by));
    append(&text, labelled("where", node.where));
    return text;
  }

  std::string operator()(const EstimatorNode& node) const {
    const Method& method = node.method;
    std::string text = name_of(method);
    std::string covariates;
    for (const auto& term : method.covariates) append(&covariates, columns_text(term, ":"), ", ");
    append(&text, labelled("covariates", covariates), ", ");
    std::string propensity;
    for (const auto& term : method.propensity) append(&propensity, columns_text(term, ":"), ", ");
    append(&text, labelled("propensity", propensity), ", ");
    if (method.kind == Method::Kind::kLearned) append(&text, learning_text(*method.learned), ", ");
    if (method.kind == Method::Kind::kEffect) append(&text, effect_text(method.effect), ", ");
    append(&text, labelled("fixed effects", columns_text(method.fixed_effects)));
    append(&text, labelled("blocks", method.blocks));
    append(&text, labelled("clusters", method.clusters));
    append(&text, labelled("weights", method.weights));
    append(&text, method.se_type, ", ");
    if (node.primary) append(&text, "primary");
    return text;
  }

  std::string operator()(const AnalysisNode& node) const { return recipe_text(*node.recipe); }

  std::string operator()(const FigureNode& node) const { return recipe_text(*node.recipe); }

  std::string operator()(const SweepNode& node) const {
    std::string text;
    for (const auto& [name, values] : node.parameters) {
      append(&text, name + " = " + values_text(values));
    }
    return text;
  }
};

}  // namespace

std::string node_text(const PlannedNode& planned) {
  return shorten(std::visit(Text{planned.definition}, planned.node->body), kLongest);
}

}  // namespace impact
