#pragma once

#include "engine/core/context.h"
#include "engine/table/relation.h"

namespace impact {

/// One row a numeric column: column, count, missing, mean, sd, min, q25, median, q75, max (quantiles by
/// linear interpolation, type 7; sd with n - 1). For other columns: count, missing, distinct, top, top_count.
/// Same layout as pandas' describe, one row a column, columns in schema order.
[[nodiscard]] Frame describe(const RelationPtr& relation, const Context& context);

/// One row a column: column, type, missing, distinct, example (first present value in row order).
[[nodiscard]] Frame info(const RelationPtr& relation, const Context& context);

/// rows, columns, incomplete_rows (rows with at least one missing cell).
struct Shape {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t incomplete_rows = 0;
};
[[nodiscard]] Shape shape(const RelationPtr& relation, const Context& context);

/// Plain-text picture of a table for a terminal: header, types, first rows cut to `width` columns of
/// the terminal (East Asian wide and combining characters counted properly), footer "n x k".
[[nodiscard]] std::string glimpse(const RelationPtr& relation, const Context& context,
                                  std::int64_t rows = 10, int width = 80);

}  // namespace impact
