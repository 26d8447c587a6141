#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/table/relation.h"

/// The verbs of the table algebra: each takes relations, returns a new one and computes nothing.
/// Every verb checks names against its input's schema and throws ArgumentError with a suggestion.
namespace impact {

[[nodiscard]] RelationPtr scan_file(std::shared_ptr<Backend> backend, FileSource source,
                                    std::vector<std::string> key, std::string label);
[[nodiscard]] RelationPtr scan_frame(std::shared_ptr<Backend> backend, Frame frame,
                                     std::vector<std::string> key, std::string label);
/// `text` is one SELECT; it may read only the named inputs. See sql_check.h.
[[nodiscard]] RelationPtr query(std::shared_ptr<Backend> backend, std::string text,
                                std::vector<std::pair<std::string, RelationPtr>> inputs);

/// The same for someone who looks at data instead of declaring a study: rows of one table come in
/// its order, and LIMIT needs no ORDER BY (Backend::plain_reading).
[[nodiscard]] RelationPtr reading_query(std::shared_ptr<Backend> backend, const std::string& text,
                                        std::vector<std::pair<std::string, RelationPtr>> inputs);

[[nodiscard]] RelationPtr select(RelationPtr input, std::vector<NamedExpr> columns);
[[nodiscard]] RelationPtr drop(RelationPtr input, const std::vector<std::string>& columns);
/// Pairs (old, new).
[[nodiscard]] RelationPtr rename(RelationPtr input,
                                 const std::vector<std::pair<std::string, std::string>>& names);
[[nodiscard]] RelationPtr derive(RelationPtr input, std::vector<NamedExpr> columns);
[[nodiscard]] RelationPtr filter(RelationPtr input, ExprPtr condition);
[[nodiscard]] RelationPtr distinct(RelationPtr input, std::vector<std::string> columns = {});
[[nodiscard]] RelationPtr sort(RelationPtr input, std::vector<SortKey> keys);
[[nodiscard]] RelationPtr head(RelationPtr input, std::int64_t count, std::int64_t offset = 0);
[[nodiscard]] RelationPtr sample(RelationPtr input, Sample options);
[[nodiscard]] RelationPtr summarise(RelationPtr input, std::vector<NamedExpr> by,
                                    std::vector<NamedExpr> aggregates);
/// summarise by the columns with the number of rows, most frequent first (ties by the columns).
[[nodiscard]] RelationPtr value_counts(RelationPtr input, const std::vector<std::string>& columns);
[[nodiscard]] RelationPtr join(RelationPtr left, RelationPtr right, Join options);
[[nodiscard]] RelationPtr union_all(std::vector<RelationPtr> inputs, bool distinct = false);
[[nodiscard]] RelationPtr pivot_longer(RelationPtr input, PivotLonger options);
/// With options.names empty the distinct texts of names_from are read now and sorted.
[[nodiscard]] RelationPtr pivot_wider(RelationPtr input, PivotWider options);
/// Rows without a missing cell in `columns` (all columns when empty).
[[nodiscard]] RelationPtr drop_missing(RelationPtr input, std::vector<std::string> columns = {});
/// Missing cells replaced by a value of the column's type.
[[nodiscard]] RelationPtr fill_missing(RelationPtr input,
                                       const std::vector<std::pair<std::string, Value>>& values);
/// Missing cells replaced by the last present one in `order`, within `by`.
[[nodiscard]] RelationPtr fill_forward(RelationPtr input, const std::vector<std::string>& columns,
                                       std::vector<SortKey> order,
                                       std::vector<std::string> by = {});

enum class Period { kDay, kWeekMonday, kWeekSunday, kMonth, kQuarter, kYear };
/// Groups by `by` and the first day of the period that holds `time` (a date or UTC timestamp),
/// which keeps the name of `time`.
[[nodiscard]] RelationPtr resample(RelationPtr input, const std::string& time, Period period,
                                   std::vector<std::string> by, std::vector<NamedExpr> aggregates);
/// Declares the columns that identify a row (checked on first execution of this relation).
[[nodiscard]] RelationPtr with_key(RelationPtr input, std::vector<std::string> key);
[[nodiscard]] RelationPtr with_label(RelationPtr input, std::string label);
/// Columns cast to other types (text to category with levels, integer to number, ...).
[[nodiscard]] RelationPtr cast(RelationPtr input,
                               const std::vector<std::pair<std::string, Type>>& types);

}  // namespace impact
