#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "engine/table/backend.h"
#include "engine/table/duckdb/database.h"

/// The gate every piece of SQL written by a user passes. DuckDB parses it to a tree; the tree is
/// searched, rewritten and turned back into text, so nothing depends on guessing at the text
/// itself.
///
/// Refused (ArgumentError): anything but one SELECT; tables other than the named inputs and the
/// query's own CTEs (so no file, no catalogue, no network); table functions except range,
/// generate_series and unnest; what depends on the clock, the session, chance or hash seeds; what
/// depends on the order in which threads deliver rows (LIMIT or a list without ORDER BY, LIMIT in a
/// subquery, DISTINCT ON, positional joins, TABLESAMPLE, window functions without an order, float
/// aggregates without an order-independent twin). Left to the writer: ties in the ORDER BY of a
/// window or of list(), first(), string_agg(); name columns that identify a row there. Rewritten:
/// sum, avg, var_*, stddev_*, covar_samp, corr to the order-independent impact_*; a final ORDER BY
/// is completed to a total order.
namespace impact::duck {

struct CheckedSql {
  std::string text;      ///< What may run.
  bool ordered = false;  ///< The query ends in ORDER BY.
};

/// `count_columns` tells how many columns a rewritten query yields; asked only for ordered queries.
[[nodiscard]] CheckedSql check_statement(
    Connection& connection, const std::string& text, const std::vector<std::string>& names,
    const std::function<std::size_t(const std::string&)>& count_columns);

/// Backend::plain_reading.
[[nodiscard]] PlainReading read_plainly(Connection& connection, const std::string& text);

/// One scalar, aggregate or window expression without subqueries.
[[nodiscard]] std::string check_fragment(Connection& connection, const std::string& text);

}  // namespace impact::duck
