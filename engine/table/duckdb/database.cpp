#include "engine/table/duckdb/database.h"

#include <exception>
#include <thread>

#include "engine/core/error.h"

namespace impact::duck {

namespace {

// A C string that DuckDB allocated, copied and freed.
std::string take(char* text) {
  if (text == nullptr) return {};
  std::string copy(text);
  duckdb_free(text);
  return copy;
}

// Pending results have no owner of their own elsewhere: they live inside one
// call.
struct Pending {
  duckdb_pending_result handle = nullptr;
  ~Pending() { duckdb_destroy_pending(&handle); }
};

struct Config {
  duckdb_config handle = nullptr;
  ~Config() { duckdb_destroy_config(&handle); }
};

std::string message_or(const char* text, const char* fallback) {
  return text == nullptr ? fallback : text;
}

Result run_prepared(duckdb_prepared_statement statement, bool streaming) {
  Pending pending;
  const duckdb_state started = streaming
                                   ? duckdb_pending_prepared_streaming(statement, &pending.handle)
                                   : duckdb_pending_prepared(statement, &pending.handle);
  if (started == DuckDBError && pending.handle == nullptr) {
    throw QueryError("the statement cannot run");
  }
  duckdb_result raw{};
  if (started == DuckDBError) {
    throw QueryError(message_or(duckdb_pending_error(pending.handle), "the statement cannot run"));
  }
  const duckdb_state state = duckdb_execute_pending(pending.handle, &raw);
  Result result(raw);
  if (state == DuckDBError) {
    throw QueryError(message_or(duckdb_result_error(&raw), "the statement failed"));
  }
  return result;
}

}  // namespace

QueryError::QueryError(std::string message) : full_(std::move(message)) {
  // The excerpt of the statement is generated text that nobody wrote.
  full_ = full_.substr(0, full_.find("\n\nLINE "));
  constexpr std::string_view kMark = " Error: ";
  const std::size_t end = full_.find('\n');
  const std::size_t mark = full_.substr(0, end).find(kMark);
  if (mark == std::string::npos) {
    message_ = full_;
  } else {
    kind_ = full_.substr(0, mark);
    message_ = full_.substr(mark + kMark.size());
  }
}

LogicalType LogicalType::enumeration(const std::vector<std::string>& levels) {
  std::vector<const char*> names;
  names.reserve(levels.size());
  for (const std::string& level : levels) names.push_back(level.c_str());
  return LogicalType(duckdb_create_enum_type(names.data(), names.size()));
}

std::vector<std::string> LogicalType::levels() const {
  std::vector<std::string> names;
  const std::uint32_t count = duckdb_enum_dictionary_size(handle_);
  names.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    names.push_back(take(duckdb_enum_dictionary_value(handle_, i)));
  }
  return names;
}

std::string LogicalType::alias() const { return take(duckdb_logical_type_get_alias(handle_)); }

std::size_t Result::columns() const {
  return static_cast<std::size_t>(duckdb_column_count(&result_));
}

std::string Result::name(std::size_t column) const {
  return message_or(duckdb_column_name(&result_, column), "");
}

LogicalType Result::type(std::size_t column) const {
  return LogicalType(duckdb_column_logical_type(&result_, column));
}

std::optional<Chunk> Result::fetch() {
  Chunk chunk(duckdb_fetch_chunk(result_));
  if (chunk.get() != nullptr && chunk.rows() > 0) return chunk;
  // A failure inside a streaming result shows up as an end with an error
  // attached.
  const char* error = duckdb_result_error(&result_);
  if (error != nullptr && *error != '\0') {
    throw QueryError(error);
  }
  return std::nullopt;
}

std::size_t Prepared::columns() const {
  return static_cast<std::size_t>(duckdb_prepared_statement_column_count(handle_));
}

std::string Prepared::name(std::size_t column) const {
  const char* text = duckdb_prepared_statement_column_name(handle_, column);
  std::string copy = message_or(text, "");
  duckdb_free(const_cast<char*>(text));
  return copy;
}

LogicalType Prepared::type(std::size_t column) const {
  return LogicalType(duckdb_prepared_statement_column_logical_type(handle_, column));
}

void Prepared::bind(std::size_t index, std::string_view text) {
  if (duckdb_bind_varchar_length(handle_, index, text.data(), text.size()) == DuckDBError) {
    throw QueryError(message_or(duckdb_prepare_error(handle_), "a parameter cannot be bound"));
  }
}

// DuckDB asks whether the closing thread is unwinding an exception and, if so, frees the connection
// without waiting for its tasks, which then run on in freed memory. A thread of its own is never
// unwinding.
Connection::~Connection() {
  if (std::uncaught_exceptions() == 0) {
    duckdb_disconnect(&handle_);
    return;
  }
  std::thread([this] { duckdb_disconnect(&handle_); }).join();
}

Prepared Connection::prepare(const std::string& sql) {
  duckdb_prepared_statement raw = nullptr;
  const duckdb_state state = duckdb_prepare(handle_, sql.c_str(), &raw);
  Prepared statement(raw);
  if (state == DuckDBError) {
    throw QueryError(message_or(duckdb_prepare_error(raw), "the statement cannot be prepared"));
  }
  return statement;
}

Result Connection::stream(const Prepared& statement) { return run_prepared(statement.get(), true); }

Result Connection::run(const Prepared& statement) { return run_prepared(statement.get(), false); }

std::optional<std::string> Connection::text(const std::string& sql,
                                            const std::vector<std::string>& parameters) {
  Prepared statement = prepare(sql);
  for (std::size_t i = 0; i < parameters.size(); ++i) statement.bind(i + 1, parameters[i]);
  Result result = run(statement);
  const std::optional<Chunk> chunk = result.fetch();
  if (!chunk) return std::nullopt;
  duckdb_vector vector = chunk->column(0);
  if (!present(duckdb_vector_get_validity(vector), 0)) return std::nullopt;
  return std::string(text_cell(*static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector))));
}

std::int64_t Connection::integer(const std::string& sql) {
  Result result = run(sql);
  const std::optional<Chunk> chunk = result.fetch();
  if (!chunk) return 0;
  duckdb_vector vector = chunk->column(0);
  if (!present(duckdb_vector_get_validity(vector), 0)) return 0;
  return *static_cast<std::int64_t*>(duckdb_vector_get_data(vector));
}

std::vector<std::vector<std::optional<std::string>>> Connection::rows(const std::string& sql) {
  std::vector<std::vector<std::optional<std::string>>> table;
  Result result = run(sql);
  const std::size_t width = result.columns();
  while (const std::optional<Chunk> chunk = result.fetch()) {
    const std::size_t first = table.size();
    table.resize(first + chunk->rows(), std::vector<std::optional<std::string>>(width));
    for (std::size_t column = 0; column < width; ++column) {
      duckdb_vector vector = chunk->column(column);
      const std::uint64_t* validity = duckdb_vector_get_validity(vector);
      const auto* cells = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector));
      for (std::size_t row = 0; row < chunk->rows(); ++row) {
        if (present(validity, row)) table[first + row][column] = std::string(text_cell(cells[row]));
      }
    }
  }
  return table;
}

double Connection::progress() noexcept {
  const duckdb_query_progress_type state = duckdb_query_progress(handle_);
  return state.percentage < 0 ? -1.0 : state.percentage / 100.0;
}

Database::Database(const std::vector<std::pair<std::string, std::string>>& settings) {
  Config config;
  if (duckdb_create_config(&config.handle) == DuckDBError) {
    throw ResourceError({.what = "the table engine cannot start: out of memory"});
  }
  for (const auto& [name, value] : settings) {
    if (duckdb_set_config(config.handle, name.c_str(), value.c_str()) == DuckDBError) {
      throw InternalError(
          {.what = "the table engine refuses a setting", .where = name, .got = value});
    }
  }
  char* error = nullptr;
  if (duckdb_open_ext(nullptr, &handle_, config.handle, &error) == DuckDBError) {
    throw ResourceError({.what = "the table engine cannot start", .got = take(error)});
  }
}

std::unique_ptr<Connection> Database::connect() {
  duckdb_connection handle = nullptr;
  if (duckdb_connect(handle_, &handle) == DuckDBError) {
    throw ResourceError({.what = "the table engine refuses another connection"});
  }
  return std::make_unique<Connection>(handle);
}

std::string_view text_cell(const duckdb_string_t& cell) noexcept {
  // Up to 12 bytes sit inside the cell (DuckDB's string_t).
  const std::uint32_t length = cell.value.inlined.length;
  return {length <= 12 ? cell.value.inlined.inlined : cell.value.pointer.ptr, length};
}

}  // namespace impact::duck
