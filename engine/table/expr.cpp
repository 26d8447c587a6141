#include "engine/table/expr.h"

#include <fmt/format.h>

#include <set>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"

namespace impact {
namespace {

const FunctionInfo& require_function(std::string_view name, std::size_t args,
                                     FunctionInfo::Class cls) {
  const FunctionInfo* info = find_function(name);
  if (info == nullptr || info->cls != cls) {
    std::vector<std::string> good;
    for (const auto& entry : functions()) {
      if (entry.cls == cls) good.push_back(entry.name);
    }
    throw ArgumentError({.what = fmt::format("no function '{}'", name),
                         .got = std::string(name),
                         .hint = did_you_mean(name, good)});
  }
  const auto count = static_cast<int>(args);
  if (count < info->min_args || (info->max_args >= 0 && count > info->max_args)) {
    const std::string expected =
        info->max_args == info->min_args ? fmt::format("{}", info->min_args)
        : info->max_args < 0             ? fmt::format("{} or more", info->min_args)
                                         : fmt::format("{} to {}", info->min_args, info->max_args);
    throw ArgumentError({.what = fmt::format("'{}' has a wrong number of arguments", name),
                         .got = fmt::format("{}", count),
                         .expected = expected,
                         .hint = info->text});
  }
  return *info;
}

void check_probability(const Expr& expr) {
  const auto* number = std::get_if<double>(&expr.literal);
  const auto* whole = std::get_if<std::int64_t>(&expr.literal);
  const double p = number != nullptr  ? *number
                   : whole != nullptr ? static_cast<double>(*whole)
                                      : -1;
  if (expr.kind == Expr::Kind::kLiteral && p >= 0 && p <= 1) return;
  throw ArgumentError({.what = "'quantile' needs a probability",
                       .got = expr.kind == Expr::Kind::kLiteral ? format_value(expr.literal)
                                                                : std::string("a column"),
                       .expected = "a number from 0 to 1"});
}

nlohmann::json value_json(const Value& value) {
  struct ToJson {
    nlohmann::json operator()(std::monostate) const { return nullptr; }
    nlohmann::json operator()(bool v) const { return v; }
    nlohmann::json operator()(std::int64_t v) const { return v; }
    nlohmann::json operator()(double v) const { return v; }
    nlohmann::json operator()(const std::string& v) const { return v; }
    nlohmann::json operator()(Date v) const { return {{"date", format_date(v)}}; }
    nlohmann::json operator()(Timestamp v) const { return {{"timestamp", format_timestamp(v)}}; }
  };
  return std::visit(ToJson{}, value);
}

nlohmann::json list_json(const std::vector<ExprPtr>& list) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& item : list) out.push_back(to_json(*item));
  return out;
}

void collect_columns(const Expr& expr, std::set<std::string>& names) {
  if (expr.kind == Expr::Kind::kColumn) names.insert(expr.name);
  for (const auto& arg : expr.args) collect_columns(*arg, names);
  for (const auto& arg : expr.by) collect_columns(*arg, names);
  for (const auto& key : expr.order) collect_columns(*key.expr, names);
}

std::shared_ptr<Expr> make(Expr::Kind kind, std::string name) {
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  expr->name = std::move(name);
  return expr;
}

}  // namespace

ExprPtr column(std::string name) { return make(Expr::Kind::kColumn, std::move(name)); }

ExprPtr literal(Value value) {
  auto expr = make(Expr::Kind::kLiteral, "");
  expr->literal = std::move(value);
  return expr;
}

ExprPtr call(std::string_view function, std::vector<ExprPtr> args) {
  require_function(function, args.size(), FunctionInfo::Class::kScalar);
  auto expr = make(Expr::Kind::kCall, std::string(function));
  expr->args = std::move(args);
  return expr;
}

ExprPtr aggregate(std::string_view function, std::vector<ExprPtr> args,
                  std::vector<SortKey> order) {
  require_function(function, args.size(), FunctionInfo::Class::kAggregate);
  if (function == "quantile") check_probability(*args[1]);
  auto expr = make(Expr::Kind::kAggregate, std::string(function));
  expr->args = std::move(args);
  expr->order = std::move(order);
  return expr;
}

ExprPtr window(std::string_view function, std::vector<ExprPtr> args, std::vector<ExprPtr> by,
               std::vector<SortKey> order, std::optional<WindowFrame> frame) {
  const FunctionInfo* info = find_function(function);
  const bool over_aggregate = info != nullptr && info->cls == FunctionInfo::Class::kAggregate;
  require_function(function, args.size(),
                   over_aggregate ? FunctionInfo::Class::kAggregate : FunctionInfo::Class::kWindow);
  if (frame && ((frame->before && *frame->before < 0) || (frame->after && *frame->after < 0))) {
    throw ArgumentError({.what = fmt::format("the window of '{}' has a negative bound", function),
                         .expected = "before and after count rows, 0 or more"});
  }
  if (frame && order.empty()) {
    throw ArgumentError(
        {.what = fmt::format("the window of '{}' has bounds but no order", function),
         .hint = "say which rows come before: order = table.column"});
  }
  auto expr = make(Expr::Kind::kWindow, std::string(function));
  expr->args = std::move(args);
  expr->by = std::move(by);
  expr->order = std::move(order);
  expr->frame = frame;
  return expr;
}

ExprPtr cast_expr(ExprPtr expr, Type type) {
  auto out = make(Expr::Kind::kCast, type.name());
  out->args = {std::move(expr)};
  out->type = std::move(type);
  return out;
}

ExprPtr sql_expr(std::string text) { return make(Expr::Kind::kSql, std::move(text)); }

nlohmann::json to_json(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kColumn: return {{"column", expr.name}};
    case Expr::Kind::kLiteral: return {{"value", value_json(expr.literal)}};
    case Expr::Kind::kSql: return {{"sql", expr.name}};
    case Expr::Kind::kDraw: {
      nlohmann::json out = {{"draw", expr.name}, {"args", list_json(expr.args)}};
      if (!expr.by.empty()) out["per"] = list_json(expr.by);
      return out;
    }
    default: break;
  }
  nlohmann::json out = {{"call", expr.name}, {"args", list_json(expr.args)}};
  if (expr.kind == Expr::Kind::kCast) {
    out["cast"] = true;
    if (expr.type.levels != nullptr) out["levels"] = *expr.type.levels;
  }
  if (expr.kind == Expr::Kind::kWindow) {
    out["by"] = list_json(expr.by);
    out["over"] = true;
    if (expr.frame) {
      const auto bound = [](const std::optional<std::int64_t>& rows) {
        return rows ? nlohmann::json(*rows) : nlohmann::json(nullptr);
      };
      out["frame"] = {bound(expr.frame->before), bound(expr.frame->after)};
    }
  }
  if (!expr.order.empty()) {
    out["order"] = nlohmann::json::array();
    for (const auto& key : expr.order) {
      out["order"].push_back({{"by", to_json(*key.expr)}, {"descending", key.descending}});
    }
  }
  return out;
}

std::vector<std::string> columns_of(const Expr& expr) {
  std::set<std::string> names;
  collect_columns(expr, names);
  return {names.begin(), names.end()};
}

bool has_aggregate(const Expr& expr) {
  if (expr.kind == Expr::Kind::kAggregate) return true;
  if (expr.kind == Expr::Kind::kWindow) return false;
  for (const auto& arg : expr.args) {
    if (has_aggregate(*arg)) return true;
  }
  return false;
}

bool has_window(const Expr& expr) {
  if (expr.kind == Expr::Kind::kWindow) return true;
  for (const auto& arg : expr.args) {
    if (has_window(*arg)) return true;
  }
  return false;
}

}  // namespace impact
