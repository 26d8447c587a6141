#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <nlohmann/json_fwd.hpp>

#include "engine/table/type.h"

namespace impact {

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

struct SortKey {
  ExprPtr expr;
  bool descending = false;  ///< Missing values sort last either way.
};

/// Rows a window function sees, relative to the current row. nullopt = unbounded.
struct WindowFrame {
  std::optional<std::int64_t> before = std::nullopt;  ///< Rows preceding, >= 0.
  std::optional<std::int64_t> after = 0;              ///< Rows following, >= 0; 0 = current row.
};

/// A scalar, aggregate or window expression over the columns of one relation. Immutable, shared,
/// free of any backend's syntax except kSql, whose text is checked before it runs.
struct Expr {
  enum class Kind { kColumn, kLiteral, kCall, kCast, kAggregate, kWindow, kSql, kDraw };
  Kind kind;
  std::string name;                  ///< Column, function or distribution name, or SQL text.
  Value literal;                     ///< kLiteral only.
  Type type;                         ///< kCast only: the target.
  std::vector<ExprPtr> args;         ///< Arguments of a call, or parameters of a distribution.
  std::vector<ExprPtr> by;           ///< kWindow: partition; kDraw: columns that share a draw.
  std::vector<SortKey> order;        ///< kWindow: order; kAggregate first/last: order.
  std::optional<WindowFrame> frame;  ///< kWindow over an aggregate only.
  std::optional<TypeKind> operand;   ///< Type of args[0] of an aggregate, filled in by the verbs.
};

struct NamedExpr {
  std::string name;
  ExprPtr expr;
};

/// One scalar, aggregate or window function of the algebra.
struct FunctionInfo {
  enum class Class { kScalar, kAggregate, kWindow };
  std::string name;
  Class cls;
  int min_args;
  int max_args;      ///< -1 = any number.
  std::string text;  ///< One line for help.
};
/// The whole vocabulary, sorted by name: arithmetic, comparison, logic, text, dates, aggregates,
/// windows. Dialects must translate every entry.
[[nodiscard]] const std::vector<FunctionInfo>& functions();
/// nullptr when unknown.
[[nodiscard]] const FunctionInfo* find_function(std::string_view name);

/// One distribution a study's model can draw from.
struct DistributionInfo {
  std::string name;
  std::vector<std::string> parameters;  ///< In order; empty for "categorical", which takes pairs.
  std::string text;                     ///< One line for help.
};
/// Sorted by name.
[[nodiscard]] const std::vector<DistributionInfo>& distributions();
/// nullptr when unknown.
[[nodiscard]] const DistributionInfo* find_distribution(std::string_view name);

[[nodiscard]] ExprPtr column(std::string name);
[[nodiscard]] ExprPtr literal(Value value);
/// Scalar call. Throws ArgumentError on an unknown name (suggestion) or a wrong number of
/// arguments.
[[nodiscard]] ExprPtr call(std::string_view function, std::vector<ExprPtr> args);
/// Aggregate call: count, count_distinct, sum, mean, median, quantile, min, max, var, sd, ...
[[nodiscard]] ExprPtr aggregate(std::string_view function, std::vector<ExprPtr> args,
                                std::vector<SortKey> order = {});
/// Window call: a window function (lag, lead, row_number, ...) or an aggregate over a window.
[[nodiscard]] ExprPtr window(std::string_view function, std::vector<ExprPtr> args,
                             std::vector<ExprPtr> by, std::vector<SortKey> order,
                             std::optional<WindowFrame> frame = std::nullopt);
/// The value as another type; fails at run time where a value has no such form.
[[nodiscard]] ExprPtr cast_expr(ExprPtr expr, Type type);
[[nodiscard]] ExprPtr sql_expr(std::string text);
/// A random draw, one a row, or one for every distinct combination of the columns `per`. Only a
/// study's model may hold one (engine/design/); a relation refuses it. "categorical" takes label,
/// weight, label, weight ..., the labels as text literals. Throws ArgumentError on an unknown
/// distribution (suggestion), a wrong number of parameters, a label that is no text or is repeated,
/// or a `per` that is no column.
[[nodiscard]] ExprPtr draw(std::string_view distribution, std::vector<ExprPtr> args,
                           std::vector<ExprPtr> per = {});

/// Canonical form for plan hashes.
[[nodiscard]] nlohmann::json to_json(const Expr& expr);
/// Names of the columns the expression reads (not those inside kSql), sorted, unique.
[[nodiscard]] std::vector<std::string> columns_of(const Expr& expr);
/// Whether an aggregate occurs outside a window.
[[nodiscard]] bool has_aggregate(const Expr& expr);
/// Whether a window function occurs.
[[nodiscard]] bool has_window(const Expr& expr);
/// Throws ArgumentError when a random draw occurs: a table's rows do not change from run to run.
void refuse_draws(const Expr& expr);

}  // namespace impact
