#pragma once

#include <string>

#include "engine/table/duckdb/database.h"

namespace impact::duck {

/// DuckDB keeps a group with the states of all its aggregates in one row of a block of 256 KB and
/// divides by the rows of a block: a wider group kills the process (SIGFPE in
/// RadixHTGlobalSinkState, DuckDB 1.4.4). Throws ArgumentError for a statement whose plan has such
/// a group; `where` is the table the user knows. Plans the statement, runs nothing; throws
/// QueryError where it does not bind.
void require_narrow_groups(Connection& connection, const std::string& sql,
                           const std::string& where);

}  // namespace impact::duck
