#pragma once

#include <duckdb.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Owners for every object of the DuckDB C interface that this project uses.
/// Each is move-only and frees what it holds on every path. Nothing outside
/// engine/table/duckdb includes this.
namespace impact::duck {

/// What DuckDB answered to a statement that failed. Internal to this folder:
/// the backend turns it into one of the engine's errors (errors.h); it must not
/// leave the folder.
class QueryError : public std::exception {
 public:
  /// `message` as DuckDB gives it: "Binder Error: Referenced column ...".
  explicit QueryError(std::string message);
  [[nodiscard]] const char* what() const noexcept override { return full_.c_str(); }
  /// "Binder", "Conversion", "Out of Memory", ...; empty when the message names
  /// none.
  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  /// The message without its kind.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

 private:
  std::string full_;
  std::string kind_;
  std::string message_;
};

/// A logical type.
class LogicalType {
 public:
  explicit LogicalType(duckdb_logical_type handle) : handle_(handle) {}
  explicit LogicalType(duckdb_type id) : handle_(duckdb_create_logical_type(id)) {}
  LogicalType(LogicalType&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  LogicalType& operator=(LogicalType&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~LogicalType() { duckdb_destroy_logical_type(&handle_); }
  [[nodiscard]] static LogicalType enumeration(const std::vector<std::string>& levels);
  [[nodiscard]] duckdb_logical_type get() const noexcept { return handle_; }
  [[nodiscard]] duckdb_type id() const { return duckdb_get_type_id(handle_); }
  [[nodiscard]] std::vector<std::string> levels() const;  ///< Of an ENUM.
  /// Name of a type alias ("JSON"), empty for none.
  [[nodiscard]] std::string alias() const;

 private:
  duckdb_logical_type handle_;
};

/// A data chunk that is owned.
class Chunk {
 public:
  explicit Chunk(duckdb_data_chunk handle) : handle_(handle) {}
  Chunk(Chunk&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Chunk& operator=(Chunk&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Chunk() { duckdb_destroy_data_chunk(&handle_); }
  [[nodiscard]] duckdb_data_chunk get() const noexcept { return handle_; }
  [[nodiscard]] std::size_t rows() const {
    return static_cast<std::size_t>(duckdb_data_chunk_get_size(handle_));
  }
  [[nodiscard]] duckdb_vector column(std::size_t i) const {
    return duckdb_data_chunk_get_vector(handle_, i);
  }

 private:
  duckdb_data_chunk handle_;
};

/// Rows of a statement that ran. A streaming result computes while it is read.
class Result {
 public:
  explicit Result(duckdb_result result) : result_(result) {}
  Result(Result&& other) noexcept : result_(std::exchange(other.result_, duckdb_result{})) {}
  Result& operator=(Result&& other) noexcept {
    std::swap(result_, other.result_);
    return *this;
  }
  ~Result() { duckdb_destroy_result(&result_); }
  [[nodiscard]] std::size_t columns() const;
  [[nodiscard]] std::string name(std::size_t column) const;
  [[nodiscard]] LogicalType type(std::size_t column) const;
  /// The next rows, or nullopt at the end. Throws QueryError.
  [[nodiscard]] std::optional<Chunk> fetch();

 private:
  mutable duckdb_result result_;
};

/// A prepared statement.
class Prepared {
 public:
  explicit Prepared(duckdb_prepared_statement handle) : handle_(handle) {}
  Prepared(Prepared&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Prepared& operator=(Prepared&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Prepared() { duckdb_destroy_prepare(&handle_); }
  [[nodiscard]] duckdb_prepared_statement get() const noexcept { return handle_; }
  [[nodiscard]] std::size_t columns() const;
  [[nodiscard]] std::string name(std::size_t column) const;
  [[nodiscard]] LogicalType type(std::size_t column) const;
  void bind(std::size_t index,
            std::string_view text);  ///< Parameters count from 1.

 private:
  duckdb_prepared_statement handle_;
};

/// One connection: statements run one at a time. Not thread-safe except
/// interrupt() and progress().
class Connection {
 public:
  explicit Connection(duckdb_connection handle) : handle_(handle) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  /// Cancels what still runs and waits for its tasks.
  ~Connection();
  [[nodiscard]] duckdb_connection get() const noexcept { return handle_; }

  /// Parses and binds one statement without running it. Throws QueryError.
  [[nodiscard]] Prepared prepare(const std::string& sql);
  /// Runs; the result is computed while it is read. Throws QueryError.
  [[nodiscard]] Result stream(const Prepared& statement);
  /// Runs to the end and keeps the rows. Throws QueryError.
  [[nodiscard]] Result run(const Prepared& statement);
  [[nodiscard]] Result run(const std::string& sql) { return run(prepare(sql)); }
  /// Runs for effect.
  void execute(const std::string& sql) { (void)run(sql); }
  /// The first cell of the first row as text; nullopt when missing or no rows.
  /// The statement must return text. Parameters are bound as text in order.
  [[nodiscard]] std::optional<std::string> text(const std::string& sql,
                                                const std::vector<std::string>& parameters = {});
  /// The first cell of the first row; the statement must return BIGINT. 0 when
  /// missing.
  [[nodiscard]] std::int64_t integer(const std::string& sql);
  /// All rows of a statement whose columns are all VARCHAR. For small results.
  [[nodiscard]] std::vector<std::vector<std::optional<std::string>>> rows(const std::string& sql);

  void interrupt() noexcept { duckdb_interrupt(handle_); }
  /// In [0, 1], negative when unknown.
  [[nodiscard]] double progress() noexcept;

 private:
  duckdb_connection handle_;
};

/// An in-memory database under the given settings (pairs name, value).
class Database {
 public:
  /// Throws ResourceError when DuckDB refuses to open.
  explicit Database(const std::vector<std::pair<std::string, std::string>>& settings);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { duckdb_close(&handle_); }
  [[nodiscard]] std::unique_ptr<Connection> connect();

 private:
  duckdb_database handle_ = nullptr;
};

/// Text of one cell of a VARCHAR vector.
[[nodiscard]] std::string_view text_cell(const duckdb_string_t& cell) noexcept;
/// Whether row `row` of a vector is present; `validity` may be null.
[[nodiscard]] inline bool present(const std::uint64_t* validity, std::size_t row) noexcept {
  return validity == nullptr || ((validity[row / 64] >> (row % 64)) & 1U) != 0;
}

}  // namespace impact::duck
