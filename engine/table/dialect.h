#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/table/relation.h"

namespace impact {

/// What a dialect has to ask the backend while it writes SQL.
class SqlHooks {
 public:
  virtual ~SqlHooks() = default;
  /// FROM-clause text that yields exactly the columns of a FileScan, FrameScan, Overview or Cached
  /// relation with their types: "read_csv('...')", "impact_frame(7)", "cache_3".
  [[nodiscard]] virtual std::string scan(const Relation& relation) = 0;
  /// A user's SQL expression after checking and rewriting (Expr::Kind::kSql).
  [[nodiscard]] virtual std::string fragment(const std::string& text) = 0;
  /// A user's SELECT after checking and rewriting (SqlQuery).
  [[nodiscard]] virtual std::string statement(const std::string& text,
                                              const std::vector<std::string>& names) = 0;
};

/// Translates the algebra to the SQL of DuckDB. Pure text: knows no connection. Aggregates of
/// numbers become impact_sum, impact_mean, impact_var_samp, impact_var_pop, impact_stddev_samp,
/// impact_stddev_pop, impact_covar_samp, impact_corr (order-independent, see core/exact_sum.h);
/// sampling draws come from impact_draw(stream UBIGINT, key VARCHAR...) -> DOUBLE in [0, 1).
class DuckDbDialect {
 public:
  [[nodiscard]] static std::string identifier(std::string_view name);
  [[nodiscard]] static std::string literal(const Value& value);
  [[nodiscard]] static std::string type(const Type& type);
  [[nodiscard]] static std::string expression(const Expr& expr, SqlHooks& hooks);
  /// A SELECT with the relation's columns in schema order; with `ordered`, its rows in the
  /// relation's fixed order.
  [[nodiscard]] static std::string compile(const Relation& relation, SqlHooks& hooks, bool ordered);
};

}  // namespace impact
