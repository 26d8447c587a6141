#include "engine/table/resolve.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>
#include <string_view>

#include "engine/core/error.h"
#include "engine/table/backend.h"

namespace impact {
namespace {

using Rewrite = std::function<std::shared_ptr<Expr>(const Expr&)>;

ExprPtr rebuild(const ExprPtr& expr, const Rewrite& rewrite) {
  const auto all = [&](const std::vector<ExprPtr>& list) {
    std::vector<ExprPtr> out;
    out.reserve(list.size());
    for (const auto& item : list) out.push_back(rebuild(item, rewrite));
    return out;
  };
  auto copy = rewrite(*expr);
  copy->args = all(copy->args);
  copy->by = all(copy->by);
  for (auto& key : copy->order) key.expr = rebuild(key.expr, rewrite);
  return copy;
}

bool typed(const Expr& expr) {
  return (expr.kind == Expr::Kind::kAggregate || expr.kind == Expr::Kind::kWindow) &&
         !expr.args.empty();
}

void collect_operands(const ExprPtr& expr, std::vector<ExprPtr>& operands) {
  if (typed(*expr)) operands.push_back(expr->args[0]);
  for (const auto& arg : expr->args) collect_operands(arg, operands);
  for (const auto& arg : expr->by) collect_operands(arg, operands);
  for (const auto& key : expr->order) collect_operands(key.expr, operands);
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  for (const auto& candidate : names) {
    if (candidate == name) return true;
  }
  return false;
}

bool needs_numbers(std::string_view name) {
  return one_of(name, {"sum", "mean", "median", "quantile", "iqr", "var", "var_population", "sd",
                       "sd_population", "covariance", "correlation"});
}

// Ranks treat ties alike, so completing their order would change what they mean.
bool ties_matter(std::string_view name) {
  return !one_of(name, {"rank", "dense_rank", "percent_rank", "cume_dist"});
}

void check_operand(const Expr& expr, const Type& type) {
  if (needs_numbers(expr.name) && !type.numeric() && type.kind != TypeKind::kBoolean) {
    const std::string_view what = expr.args[0]->kind == Expr::Kind::kColumn
                                      ? std::string_view(expr.args[0]->name)
                                      : std::string_view("its argument");
    throw ArgumentError({.what = fmt::format("'{}' needs numbers", expr.name),
                         .where = fmt::format("{}({})", expr.name, what),
                         .got = type.name(),
                         .expected = "integer, number or boolean"});
  }
  if (one_of(expr.name, {"any", "all"}) && type.kind != TypeKind::kBoolean) {
    throw ArgumentError({.what = fmt::format("'{}' needs conditions", expr.name),
                         .got = type.name(),
                         .expected = "boolean"});
  }
}

}  // namespace

void check_columns(const Expr& expr, const Relation& input) {
  refuse_draws(expr);
  for (const auto& name : columns_of(expr)) (void)input.schema.require(name, input.label);
}

std::vector<SortKey> ascending(const std::vector<std::string>& columns) {
  std::vector<SortKey> keys;
  keys.reserve(columns.size());
  for (const auto& name : columns) keys.push_back({column(name), false});
  return keys;
}

std::vector<std::string> identifying_columns(const Relation& relation) {
  return relation.key.empty() ? relation.schema.names() : relation.key;
}

std::vector<NamedExpr> resolve(std::vector<NamedExpr> exprs, const Relation& input) {
  std::vector<ExprPtr> operands;
  for (const auto& item : exprs) {
    check_columns(*item.expr, input);
    collect_operands(item.expr, operands);
  }
  // Plain columns are typed by the schema; the rest is asked of the backend in one call.
  std::map<const Expr*, Type> types;
  std::vector<NamedExpr> unknown;
  for (const auto& operand : operands) {
    if (operand->kind == Expr::Kind::kColumn) {
      types[operand.get()] = input.schema[*input.schema.find(operand->name)].type;
    } else {
      unknown.push_back({fmt::format("x{}", unknown.size()), operand});
    }
  }
  if (!unknown.empty()) {
    const auto bound = input.backend->types_of(input, unknown);
    for (std::size_t i = 0; i < unknown.size(); ++i) types[unknown[i].expr.get()] = bound[i];
  }
  const auto completed = [&](std::vector<SortKey> order) {
    std::set<std::string> present;
    for (const auto& key : order) {
      if (key.expr->kind == Expr::Kind::kColumn) present.insert(key.expr->name);
    }
    for (const auto& name : identifying_columns(input)) {
      if (!present.contains(name)) order.push_back({column(name), false});
    }
    return order;
  };
  const Rewrite rewrite = [&](const Expr& expr) {
    auto copy = std::make_shared<Expr>(expr);
    if (typed(expr)) {
      const auto& type = types.at(expr.args[0].get());
      check_operand(expr, type);
      copy->operand = type.kind;
    }
    const FunctionInfo* info =
        expr.kind == Expr::Kind::kAggregate || expr.kind == Expr::Kind::kWindow
            ? find_function(expr.name)
            : nullptr;
    if (info == nullptr) return copy;
    const bool aggregate = info->cls == FunctionInfo::Class::kAggregate;
    if (aggregate && one_of(expr.name, {"first", "last"})) copy->order = completed(expr.order);
    if (expr.kind == Expr::Kind::kWindow && ties_matter(expr.name) &&
        (!aggregate || !expr.order.empty())) {
      copy->order = completed(expr.order);
    }
    return copy;
  };
  for (auto& item : exprs) item.expr = rebuild(item.expr, rewrite);
  return exprs;
}

std::vector<ColumnInfo> bind_columns(const std::vector<NamedExpr>& exprs, const Relation& input) {
  std::vector<ColumnInfo> columns(exprs.size());
  std::vector<NamedExpr> unknown;
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < exprs.size(); ++i) {
    if (exprs[i].name.empty()) {
      throw ArgumentError(
          {.what = "an expression has no name", .hint = "name it: expression:as \"name\""});
    }
    columns[i].name = exprs[i].name;
    if (exprs[i].expr->kind == Expr::Kind::kColumn) {
      columns[i].type = input.schema[input.schema.require(exprs[i].expr->name, input.label)].type;
    } else {
      unknown.push_back(exprs[i]);
      at.push_back(i);
    }
  }
  if (!unknown.empty()) {
    const auto types = input.backend->types_of(input, unknown);
    for (std::size_t i = 0; i < at.size(); ++i) columns[at[i]].type = types[i];
  }
  return columns;
}

}  // namespace impact
