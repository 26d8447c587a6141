#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/design/model.h"
#include "engine/study/study.h"
#include "engine/table/lineage.h"

namespace impact {
namespace {

struct Declared {
  std::string role;
  std::string at;
  std::string name;
};

std::string shown(const StudyColumn& column) {
  if (!column.name.empty()) return column.name;
  const auto names = columns_of(*column.expr);
  return names.empty() ? "a constant" : names[0];
}

// What must not be a covariate, and who said so.
class Forbidden {
 public:
  explicit Forbidden(const Study& study) : study_(study) {
    for (const Node& node : study.nodes) {
      const auto* roles = std::get_if<RolesNode>(&node.body);
      if (roles == nullptr) continue;
      for (const auto& [role, members] : roles->roles) {
        if (role == "covariate") {
          for (const StudyColumn& item : members) allow(item);
        }
        if (role != "post_treatment" && role != "outcome") continue;
        for (const StudyColumn& item : members) add(item, {role, node.at, shown(item)});
      }
    }
  }

  // The declaration that forbids the column as a covariate of an answer to `inquiry`.
  [[nodiscard]] std::optional<Declared> find(const StudyColumn& column, const Node& inquiry) const {
    const auto& asked = std::get<InquiryNode>(inquiry.body);
    if (column.table == nullptr) return find_in_model(column);
    const auto from = origins_of(*column.table, *column.expr);
    for (const Origin& origin : from) {
      const auto at = columns_.find(origin);
      if (at != columns_.end()) return at->second;
    }
    if (asked.outcome.table != nullptr) {
      for (const Origin& origin : origins_of(*asked.outcome.table, *asked.outcome.expr)) {
        // A baseline may be part of a change score and adjusted for, once it is said to be one.
        if (from.count(origin) != 0 && covariates_.count(origin) == 0) {
          return Declared{"outcome", inquiry.at, shown(asked.outcome)};
        }
      }
    }
    return std::nullopt;
  }

 private:
  void allow(const StudyColumn& item) {
    if (item.table != nullptr) covariates_.merge(origins_of(*item.table, *item.expr));
  }

  void add(const StudyColumn& item, const Declared& declared) {
    if (item.table == nullptr) return;
    for (const Origin& origin : origins_of(*item.table, *item.expr)) {
      columns_.emplace(origin, declared);
    }
  }

  // A variable of a model is post-treatment when it depends on an assignment.
  [[nodiscard]] std::optional<Declared> find_in_model(const StudyColumn& column) const {
    const Node* node = study_.find(column.model);
    const auto* model = node == nullptr ? nullptr : std::get_if<ModelNode>(&node->body);
    if (model == nullptr) return std::nullopt;
    std::vector<std::string> waiting = columns_of(*column.expr);
    std::set<std::string> seen(waiting.begin(), waiting.end());
    while (!waiting.empty()) {
      const std::string name = std::move(waiting.back());
      waiting.pop_back();
      const Node* other = study_.find(name);
      if (other != nullptr && std::holds_alternative<AssignmentNode>(other->body)) {
        return Declared{"post_treatment", node->at, name};
      }
      for (const NamedExpr& variable : model->model->variables) {
        if (variable.name != name) continue;
        for (std::string& next : columns_of(*variable.expr)) {
          if (seen.insert(next).second) waiting.push_back(std::move(next));
        }
      }
    }
    return std::nullopt;
  }

  const Study& study_;
  std::map<Origin, Declared> columns_;
  std::set<Origin> covariates_;
};

NodeError refusal(const Node& node, const StudyColumn& column, const Declared& by) {
  // A computed column has no name: the part of it that is forbidden says more.
  const bool computed = column.name.empty() && column.table != nullptr;
  const std::string name = computed ? by.name : shown(column);
  const bool outcome = by.role == "outcome";
  return {ArgumentError(
              {.what = "estimator '" + node.name + "' adjusts for '" + name +
                       (outcome ? "', which is an outcome" : "', which comes after the treatment"),
               .got = name,
               .expected = "columns fixed before the treatment",
               .hint = "'" + by.name + "' " + (outcome ? "is the outcome" : "is post_treatment") +
                       ", see " + by.at + "; adjusting for it hides part of the effect"}),
          node.at};
}

// Choosing or splitting units by what comes after the treatment is adjusting for it.
void find_selection(const Forbidden& forbidden, const Node& node, std::vector<NodeError>* found) {
  const auto& asked = std::get<InquiryNode>(node.body);
  if (asked.kind == InquiryNode::Kind::kDescriptive) return;
  for (const auto& [option, column] :
       {std::pair{"where", &asked.where}, std::pair{"by", &asked.by}}) {
    if (!*column) continue;
    const auto by = forbidden.find(**column, node);
    if (!by) continue;
    found->emplace_back(
        ArgumentError({.what = "'" + std::string(option) + "' of inquiry '" + node.name +
                               "' chooses units by '" + shown(**column) +
                               (by->role == "outcome" ? "', which is an outcome"
                                                      : "', which comes after the treatment"),
                       .got = shown(**column),
                       .expected = "columns fixed before the treatment",
                       .hint = "the units compared would no longer be alike, see " + by->at}),
        node.at);
  }
}

// The names a model's expressions may use: its levels and variables, and the assignments of its
// units.
class ModelNames {
 public:
  ModelNames(const Study& study, const Node& node)
      : node_(node), model_(*std::get<ModelNode>(node.body).model) {
    for (const Level& level : model_.levels) known_.push_back(level.name);
    for (const NamedExpr& variable : model_.variables) {
      known_.push_back(variable.name);
      nodes_.push_back(
          {"variable '" + variable.name + "'", variable.name, columns_of(*variable.expr)});
    }
    for (const Node& other : study.nodes) {
      const auto* assignment = std::get_if<AssignmentNode>(&other.body);
      if (assignment == nullptr) continue;
      known_.push_back(other.name);
      DependencyNode drawn{"assignment '" + other.name + "'", other.name, {}};
      for (const auto* groups : {&assignment->within, &assignment->clusters}) {
        if (!*groups) continue;
        const auto names = columns_of(*(*groups)->expr);
        drawn.needs.insert(drawn.needs.end(), names.begin(), names.end());
      }
      nodes_.push_back(std::move(drawn));
    }
  }

  void find(std::vector<NodeError>* found) const {
    for (const NamedExpr& variable : model_.variables) {
      for (const std::string& name : columns_of(*variable.expr)) {
        if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
        found->emplace_back(
            ArgumentError({.what = "variable '" + variable.name + "' of model '" + node_.name +
                                   "' uses an unknown name: '" + name + "'",
                           .got = name,
                           .expected = list_words(known_),
                           .hint = did_you_mean(name, known_)}),
            node_.at);
      }
    }
    try {
      (void)dependency_order(nodes_);
    } catch (const Error& circle) {
      found->emplace_back(circle, node_.at);
    }
  }

 private:
  const Node& node_;
  const Model& model_;
  std::vector<std::string> known_;
  std::vector<DependencyNode> nodes_;
};

}  // namespace

std::vector<NodeError> find_mistakes(const Study& study) {
  std::vector<NodeError> found;
  const Forbidden forbidden(study);
  for (const Node& node : study.nodes) {
    if (std::holds_alternative<ModelNode>(node.body)) ModelNames(study, node).find(&found);
    if (std::holds_alternative<InquiryNode>(node.body)) find_selection(forbidden, node, &found);
    const auto* estimator = std::get_if<EstimatorNode>(&node.body);
    if (estimator == nullptr) continue;
    const Node* inquiry = study.find(estimator->answers);
    std::vector<const StudyColumn*> columns;
    for (const auto& term : estimator->method.covariates) {
      for (const StudyColumn& item : term) columns.push_back(&item);
    }
    for (const auto& term : estimator->method.propensity) {
      for (const StudyColumn& item : term) columns.push_back(&item);
    }
    for (const StudyColumn& item : estimator->method.fixed_effects) columns.push_back(&item);
    if (estimator->method.weights) columns.push_back(&*estimator->method.weights);
    for (const StudyColumn* item : columns) {
      if (!item->assignment.empty()) continue;  // The exposure in a formula.
      if (const auto by = forbidden.find(*item, *inquiry)) {
        found.push_back(refusal(node, *item, *by));
        break;
      }
    }
  }
  return found;
}

}  // namespace impact
