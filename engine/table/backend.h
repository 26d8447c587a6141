#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/table/relation.h"

namespace impact {

struct WriteOptions {
  FileFormat format = FileFormat::kCsv;
  char delimiter = ',';
  std::string missing;  ///< CSV: how a missing cell is written.
};

/// What a user's SELECT gives.
struct QueryInfo {
  Schema schema;
  bool ordered = false;  ///< It ends in ORDER BY; its rows keep that order.
};

/// A SELECT that someone only wants to look at; see Backend::plain_reading.
struct PlainReading {
  std::string text;         ///< What the gate of user-written SQL lets through.
  bool file_order = false;  ///< Its rows come as those of the table it reads.
  std::optional<std::int64_t> limit = std::nullopt;  ///< Rows to keep, taken out of the text.
  std::int64_t offset = 0;
};

/// What executes relations. One implementation is DuckDB in the process (open_duckdb); a
/// distributed SQL engine can be a second. Thread-safe: calls are serialised inside.
class Backend {
 public:
  virtual ~Backend() = default;

  /// Columns a file offers under these options. Reads the header and a sample only.
  /// Throws IoError (missing, a directory, unreadable) or DataError (empty, binary, wrong
  /// delimiter).
  [[nodiscard]] virtual Schema read_schema(const FileSource& source) = 0;
  /// Type of every expression over `input`; throws ArgumentError when one does not bind, with a
  /// suggestion for unknown columns. Reads no data.
  [[nodiscard]] virtual std::vector<Type> types_of(const Relation& input,
                                                   const std::vector<NamedExpr>& exprs) = 0;
  /// Checks a user's SELECT over named inputs and returns its columns. Reads no data.
  [[nodiscard]] virtual QueryInfo query_schema(const std::string& text,
                                               const std::vector<std::string>& names,
                                               const std::vector<RelationPtr>& inputs) = 0;

  /// Makes sense of LIMIT without ORDER BY, which a study may not say because it keeps any rows:
  /// one SELECT from one table, without groups, windows, subqueries and DISTINCT, means the first
  /// rows of that table; any other query's rows are put in the order of all its columns first.
  /// Either way the same rows on every run. Text that is no SELECT comes back as it is.
  [[nodiscard]] virtual PlainReading plain_reading(const std::string& text) = 0;

  [[nodiscard]] virtual Frame collect(const RelationPtr& relation, const Context& context) = 0;
  /// Chunks in the relation's order, without holding it all. Return false from `sink` to stop.
  virtual void stream(const RelationPtr& relation, const Context& context,
                      const std::function<bool(const Frame&)>& sink) = 0;
  [[nodiscard]] virtual std::int64_t count_rows(const RelationPtr& relation,
                                                const Context& context) = 0;
  /// Computes once into the backend's own storage (spills to disk under the memory limit).
  [[nodiscard]] virtual RelationPtr cache(const RelationPtr& relation, const Context& context) = 0;
  /// Atomic: writes beside the target and renames. Throws IoError (no space, read-only) leaving
  /// nothing.
  virtual void write(const RelationPtr& relation, const std::filesystem::path& path,
                     const WriteOptions& options, const Context& context) = 0;
  /// Throws DataError naming the first expectation that fails and its first offending rows.
  virtual void check(const RelationPtr& relation, const Expectations& expectations,
                     const Context& context) = 0;
  /// The text this backend would run; for `explain` and tests.
  [[nodiscard]] virtual std::string explain(const RelationPtr& relation) = 0;
  /// Fixed name and version, for provenance: "DuckDB 1.4.4".
  [[nodiscard]] virtual std::string version() const = 0;
};

/// Limits and permissions of the embedded DuckDB.
struct DuckDbOptions {
  int threads = 1;
  std::uint64_t memory_limit = 0;        ///< Bytes; 0 = 80 % of the machine's memory.
  std::filesystem::path temp_directory;  ///< For spilling; created on demand, removed at the end.
  std::vector<std::filesystem::path>
      readable;  ///< Files outside these folders are refused; empty = no limit.
};
/// Opens an in-memory DuckDB with time zone UTC, no extension loading and no network.
[[nodiscard]] std::shared_ptr<Backend> open_duckdb(const DuckDbOptions& options);

}  // namespace impact
