#include "engine/study/strata.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/analysis/analysis.h"
#include "engine/study/recipe.h"
#include "engine/table/lineage.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

bool can_group(const Type& type) {
  return type.kind != TypeKind::kDate && type.kind != TypeKind::kTimestamp;
}

// The role's column as one of `table`: the same name, from the same place.
std::optional<StudyColumn> in_table(const StudyColumn& column, const RelationPtr& table) {
  if (column.table == nullptr || column.expr->kind != Expr::Kind::kColumn) return std::nullopt;
  const auto at = table->schema.find(column.expr->name);
  if (!at || !can_group(table->schema[*at].type)) return std::nullopt;
  if (column.table != table &&
      origins_of(*column.table, *column.expr) != origins_of(*table, *column.expr)) {
    return std::nullopt;
  }
  StudyColumn out = column;
  out.table = table;
  return out;
}

}  // namespace

std::vector<StudyColumn> strata_of(const Study& study, const Recipe& recipe) {
  std::vector<StudyColumn> out;
  if (recipe.table == nullptr || analysis_method(recipe.method).compared_by.empty()) return out;
  std::set<Origin> used;
  bool by = false;
  for (const auto& [role, members] : recipe.roles) {
    by = by || role == "by";
    for (const StudyColumn& item : members) used.merge(origins_of(*recipe.table, *item.expr));
  }
  if (!by) return out;
  for (const Node& declared : study.nodes) {
    const auto* roles = std::get_if<RolesNode>(&declared.body);
    if (roles == nullptr) continue;
    for (const auto& [role, members] : roles->roles) {
      if (role != "exposure" && role != "covariate") continue;
      for (const StudyColumn& item : members) {
        const auto column = in_table(item, recipe.table);
        if (!column) continue;
        const auto origins = origins_of(*recipe.table, *column->expr);
        const bool compared = std::any_of(origins.begin(), origins.end(), [&](const Origin& from) {
          return used.count(from) != 0;
        });
        const bool twice = std::any_of(out.begin(), out.end(), [&](const StudyColumn& other) {
          return other.expr->name == column->expr->name;
        });
        if (!compared && !twice) out.push_back(*column);
      }
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> feature_roles(const Study& study,
                                                               const Recipe& recipe) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [kind, features] : recipe.roles) {
    if (kind != "features") continue;
    for (const Node& declared : study.nodes) {
      const auto* roles = std::get_if<RolesNode>(&declared.body);
      if (roles == nullptr) continue;
      for (const auto& [role, members] : roles->roles) {
        for (const StudyColumn& item : members) {
          const auto column = in_table(item, recipe.table);
          if (!column) continue;
          const auto origins = origins_of(*recipe.table, *column->expr);
          for (const StudyColumn& feature : features) {
            if (feature.expr->kind == Expr::Kind::kColumn &&
                origins_of(*recipe.table, *feature.expr) == origins) {
              out.emplace_back(feature.name, role);
            }
          }
        }
      }
    }
  }
  return out;
}

std::optional<Recipe> observed_comparison(const Study& study, const EstimatorNode& node) {
  const Method& method = node.method;
  const auto& inquiry = std::get<InquiryNode>(study.find(node.answers)->body);
  const bool plain = method.kind == Method::Kind::kDifferenceInMeans && !method.blocks &&
                     !method.clusters && !method.weights;
  if (!plain || inquiry.outcome.table == nullptr || !inquiry.contrast || inquiry.by ||
      !inquiry.contrast->exposure.assignment.empty()) {
    return std::nullopt;
  }
  Recipe recipe{.method = "welch", .table = inquiry.outcome.table};
  if (inquiry.where) recipe.table = filter(recipe.table, inquiry.where->expr);
  recipe.roles = {{"of", {inquiry.outcome}}, {"by", {inquiry.contrast->exposure}}};
  recipe.options["between"] = {inquiry.contrast->treated, inquiry.contrast->control};
  return recipe;
}

}  // namespace impact
