#pragma once

#include <cstdint>

#include "engine/core/context.h"
#include "engine/table/relation.h"

namespace impact {

/// One row a column, in schema order: column, count, missing; mean, sd (n - 1), min, q25, median,
/// q75, max for numeric columns (quantiles of type 7); distinct and top (most frequent value, the
/// smallest among ties) for the others. Cells that do not apply are missing.
[[nodiscard]] Frame describe(const RelationPtr& relation, const Context& context);

/// One row a column: column, type, missing, distinct, min, max (as text).
[[nodiscard]] Frame info(const RelationPtr& relation, const Context& context);

/// The same as lazy relations, computed when rows are first asked for.
[[nodiscard]] RelationPtr description(RelationPtr input);
[[nodiscard]] RelationPtr column_info(RelationPtr input);

/// rows, columns, incomplete_rows (rows with at least one missing cell).
struct Shape {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t incomplete_rows = 0;
};
[[nodiscard]] Shape shape(const RelationPtr& relation, const Context& context);

}  // namespace impact
