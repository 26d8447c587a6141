#pragma once

#include <string>
#include <vector>

#include "engine/table/duckdb/database.h"
#include "engine/table/frame.h"
#include "engine/table/schema.h"

namespace impact::duck {

/// The engine's type for a DuckDB type: small integers widen, FLOAT and DECIMAL
/// become number, what has no counterpart (UUID, TIME, INTERVAL, BIT, nested)
/// becomes text. Throws DataError for BLOB; `column` names it.
[[nodiscard]] Type engine_type(const LogicalType& type, const std::string& column);

/// Whether vectors of `type` can be read as `wanted` without a CAST in the
/// statement.
[[nodiscard]] bool readable_as(const LogicalType& type, const Type& wanted);

/// Grows a Frame out of DuckDB chunks: fixed-width cells by block copy, texts
/// in one pass a chunk.
class FrameBuilder {
 public:
  /// `types[i]` is what the result's column i holds; readable_as(types[i],
  /// schema[i].type). No types: there will be no rows.
  FrameBuilder(Schema schema, const std::vector<LogicalType>& types);
  /// Appends rows [from, to) of the chunk. Throws DataError on an integer
  /// outside 64 bits.
  void append(const Chunk& chunk, std::size_t from, std::size_t to);
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  /// The rows so far; the builder is empty afterwards and can go on.
  [[nodiscard]] Frame finish();

 private:
  struct Buffer {
    duckdb_type source = DUCKDB_TYPE_INVALID;  ///< How the vector's cells lie in memory.
    std::vector<std::uint8_t> booleans;
    std::vector<std::int64_t> integers;  ///< Also timestamps.
    std::vector<double> numbers;
    std::vector<std::int32_t> codes;  ///< Also dates.
    std::string bytes;
    std::vector<std::uint64_t> offsets{0};
    std::vector<std::uint64_t> valid;  ///< Empty until a cell is missing.
  };
  void append_column(std::size_t column, duckdb_vector vector, std::size_t from, std::size_t to);

  Schema schema_;
  std::vector<Buffer> buffers_;
  std::size_t rows_ = 0;
};

}  // namespace impact::duck
