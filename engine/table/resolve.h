#pragma once

#include <string>
#include <vector>

#include "engine/table/relation.h"

/// What every verb does before it builds a relation: names checked, aggregates typed, windows given
/// a total order, and the output schema bound by the backend.
namespace impact {

/// Throws ArgumentError for a column of `expr` that `input` lacks.
void check_columns(const Expr& expr, const Relation& input);

/// The expressions with operand types filled in and, where the result depends on the order of rows,
/// the window's or aggregate's order completed by the input's key (all columns without one).
/// Throws ArgumentError for unknown columns and for an aggregate over a type it has no meaning for.
[[nodiscard]] std::vector<NamedExpr> resolve(std::vector<NamedExpr> exprs, const Relation& input);

/// Columns (name, type) the resolved expressions give over `input`.
[[nodiscard]] std::vector<ColumnInfo> bind_columns(const std::vector<NamedExpr>& exprs,
                                                   const Relation& input);

/// `columns` in ascending order.
[[nodiscard]] std::vector<SortKey> ascending(const std::vector<std::string>& columns);

/// The columns that identify a row: the key, or all columns.
[[nodiscard]] std::vector<std::string> identifying_columns(const Relation& relation);

}  // namespace impact
