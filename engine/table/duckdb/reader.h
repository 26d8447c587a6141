#pragma once

#include <string>
#include <vector>

#include "engine/table/duckdb/database.h"
#include "engine/table/source.h"

/// Files as DuckDB scans them. What a scan reads never depends on a query: the
/// columns of a source are found once, by read_file_schema, and every scan
/// spells them out.
namespace impact::duck {

/// Rows from which types are inferred.
inline constexpr int kSampleRows = 20480;

/// Checks the file and finds its columns. Throws as Backend::read_schema.
[[nodiscard]] Schema read_file_schema(Connection& connection, const FileSource& source);

/// FROM-clause text that yields exactly the columns of `schema`. Integers and
/// categories of text files are read as text and converted strictly, because
/// DuckDB's own casts would round "1.5". Throws QueryError when a Parquet file
/// cannot be opened any more.
[[nodiscard]] std::string scan_text(Connection& connection, const FileSource& source,
                                    const Schema& schema);

/// How diagnose_file reads a CSV file again.
enum class CsvCells { kText, kTyped };
/// read_csv(...) of a CSV source: every cell as text, or numbers, booleans and
/// dates typed.
[[nodiscard]] std::string csv_call(Connection& connection, const FileSource& source,
                                   const Schema& schema, CsvCells cells,
                                   const std::string& options = "");

/// Called when a statement over this source failed: reads the file once more to
/// find the cell or line at fault and throws a DataError that names file, line,
/// column, cell and type. Returns when the file is innocent.
void diagnose_file(Connection& connection, const FileSource& source, const Schema& schema,
                   const QueryError& error);
/// Whether a failed statement can be a file's fault.
[[nodiscard]] bool blames_file(const QueryError& error);

/// The path as DuckDB text; characters that DuckDB takes for patterns stand for
/// themselves.
[[nodiscard]] std::string path_literal(const std::filesystem::path& path);
/// 'claims.csv' as messages show it: the declared path, else the file name.
[[nodiscard]] std::string shown_path(const FileSource& source);
/// The beginning of the file as text, at least one block or all; decompressed.
[[nodiscard]] std::string file_beginning(Connection& connection, const FileSource& source);
/// "column1" for an unnamed column, so that every column can be named.
[[nodiscard]] std::vector<std::string> column_names(const FileSource& source,
                                                    std::vector<std::string> header);
/// Throws IoError for a file that is missing (near names in its folder), a
/// folder or unreadable, DataError for an empty one.
void check_readable(const FileSource& source);
/// Throws DataError for two names that differ in nothing or in case only.
void check_names(const FileSource& source, const std::vector<std::string>& names);

}  // namespace impact::duck
