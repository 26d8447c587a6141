#include "engine/table/backend.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/table/duckdb/collect.h"
#include "engine/table/duckdb/errors.h"
#include "engine/table/duckdb/reader.h"
#include "engine/table/duckdb/row_width.h"
#include "engine/table/duckdb/session.h"
#include "engine/table/duckdb/sql_check.h"

namespace impact::duck {

namespace {

using D = DuckDbDialect;

// Rows of a streamed frame; fixed, so that work done a frame at a time has
// fixed bounds.
constexpr std::size_t kStreamRows = std::size_t{1} << 16;

// Files under a relation, each once, in the order they are met.
void collect_files(const Relation& relation, std::vector<const Relation*>& files) {
  if (std::holds_alternative<FileScan>(relation.verb)) files.push_back(&relation);
  if (std::holds_alternative<Cached>(relation.verb)) return;
  for (const RelationPtr& input : relation.inputs) collect_files(*input, files);
}

bool has_query(const Relation& relation) {
  if (std::holds_alternative<SqlQuery>(relation.verb)) return true;
  if (std::holds_alternative<Cached>(relation.verb)) return false;
  return std::any_of(relation.inputs.begin(), relation.inputs.end(),
                     [](const RelationPtr& input) { return has_query(*input); });
}

bool aggregates(const NamedExpr& item) { return has_aggregate(*item.expr); }

Schema schema_of(const Prepared& statement) {
  std::vector<ColumnInfo> columns;
  for (std::size_t i = 0; i < statement.columns(); ++i) {
    const std::string name = statement.name(i);
    columns.push_back({name, engine_type(statement.type(i), name)});
  }
  return Schema(std::move(columns));
}

}  // namespace

std::string stand_in(const Schema& schema) {
  std::vector<std::string> items;
  for (const ColumnInfo& column : schema.columns()) {
    items.push_back(
        fmt::format("CAST(NULL AS {}) AS {}", D::type(column.type), D::identifier(column.name)));
  }
  return fmt::format("SELECT {} WHERE false", fmt::join(items, ", "));
}

void DuckDbBackend::require_readable(const FileSource& source) const {
  if (options_.readable.empty()) return;
  const std::filesystem::path path = std::filesystem::weakly_canonical(source.path);
  for (const std::filesystem::path& folder : options_.readable) {
    const std::filesystem::path root = std::filesystem::weakly_canonical(folder);
    const auto [end, rest] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
    if (end == root.end() || end->empty()) return;
  }
  throw IoError({.what = shown_path(source) + " lies outside the folders that may be read",
                 .where = source.path.string(),
                 .hint = "name its folder with --data"});
}

void DuckDbBackend::fail(Connection& connection, const QueryError& error,
                         const Relation& relation) {
  if (blames_file(error)) {
    std::vector<const Relation*> files;
    collect_files(relation, files);
    for (const Relation* file : files) {
      diagnose_file(connection, std::get<FileScan>(file->verb).source, file->schema, error);
    }
  }
  raise(error, {.where = relation.label, .columns = relation.schema.names()});
}

void DuckDbBackend::require_narrow(Connection& connection, const Relation& relation,
                                   const std::string& sql) {
  // Shorter text than this cannot name as many aggregates as it takes, unless its author repeats
  // columns by patterns.
  constexpr std::size_t kLongText = 4000;
  if (sql.size() < kLongText && !has_query(relation)) return;
  require_narrow_groups(connection, sql, relation.label);
}

Schema DuckDbBackend::read_schema(const FileSource& source) {
  require_readable(source);
  const Context context;
  Session session(*this, context);
  return read_file_schema(session.connection(), source);
}

std::vector<Type> DuckDbBackend::types_of(const Relation& input,
                                          const std::vector<NamedExpr>& exprs) {
  const Context context;
  Session session(*this, context);
  Hooks hooks(*this, nullptr);
  const std::string from = " FROM (" + stand_in(input.schema) + ") AS t";
  std::vector<Type> types(exprs.size());
  // Aggregates and plain expressions cannot share a SELECT without a GROUP BY.
  for (const bool aggregate : {false, true}) {
    std::vector<std::size_t> places;
    std::vector<std::string> items;
    for (std::size_t i = 0; i < exprs.size(); ++i) {
      if (aggregates(exprs[i]) != aggregate) continue;
      places.push_back(i);
      items.push_back(D::expression(*exprs[i].expr, hooks));
    }
    if (places.empty()) continue;
    try {
      const Prepared statement =
          session.connection().prepare(fmt::format("SELECT {}{}", fmt::join(items, ", "), from));
      for (std::size_t i = 0; i < places.size(); ++i) {
        types[places[i]] = engine_type(statement.type(i), exprs[places[i]].name);
      }
    } catch (const QueryError& error) {
      raise(error, {.where = input.label, .columns = input.schema.names()});
    }
  }
  return types;
}

QueryInfo DuckDbBackend::query_schema(const std::string& text,
                                      const std::vector<std::string>& names,
                                      const std::vector<RelationPtr>& inputs) {
  const Context context;
  Session session(*this, context);
  std::vector<std::string> ctes;
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    ctes.push_back(fmt::format("{} AS ({})", D::identifier(names[i]), stand_in(inputs[i]->schema)));
    for (const std::string& name : inputs[i]->schema.names()) {
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
    }
  }
  const auto prepare = [&](const std::string& query) {
    return session.connection().prepare(
        ctes.empty()
            ? query
            : fmt::format("WITH {} SELECT * FROM ({}) AS t", fmt::join(ctes, ", "), query));
  };
  try {
    const CheckedSql checked =
        check_statement(session.connection(), text, names,
                        [&](const std::string& query) { return prepare(query).columns(); });
    return {schema_of(prepare(checked.text)), checked.ordered};
  } catch (const QueryError& error) {
    raise(error, {.where = "the query", .columns = columns});
  }
}

PlainReading DuckDbBackend::plain_reading(const std::string& text) {
  const Context context;
  Session session(*this, context);
  return read_plainly(session.connection(), text);
}

void DuckDbBackend::run(
    Session& session, const Relation& relation, const Schema& schema, const std::string& sql,
    const std::function<bool(const std::vector<LogicalType>&, const Chunk&)>& append) {
  Connection& connection = session.connection();
  try {
    require_narrow(connection, relation, sql);
    Prepared statement = connection.prepare(sql);
    bool readable = true;
    std::vector<std::string> items;
    for (std::size_t i = 0; i < schema.size(); ++i) {
      const ColumnInfo& column = schema[i];
      readable = readable && readable_as(statement.type(i), column.type);
      items.push_back(
          fmt::format("CAST({0} AS {1}) AS {0}", D::identifier(column.name), D::type(column.type)));
    }
    if (!readable) {
      statement =
          connection.prepare(fmt::format("SELECT {} FROM ({}) AS t", fmt::join(items, ", "), sql));
    }
    Result result = connection.stream(statement);
    std::vector<LogicalType> types;
    for (std::size_t i = 0; i < result.columns(); ++i) types.push_back(result.type(i));
    while (const std::optional<Chunk> chunk = result.fetch()) {
      if (!append(types, *chunk)) return;
    }
  } catch (const QueryError& error) {
    fail(connection, error, relation);
  }
}

Frame DuckDbBackend::frame_of(Session& session, const Relation& relation, const Schema& schema,
                              const std::string& sql) {
  std::optional<FrameBuilder> builder;
  run(session, relation, schema, sql,
      [&](const std::vector<LogicalType>& types, const Chunk& chunk) {
        if (!builder) builder.emplace(schema, types);
        builder->append(chunk, 0, chunk.rows());
        return true;
      });
  if (!builder) builder.emplace(schema, std::vector<LogicalType>());
  return builder->finish();
}

Frame DuckDbBackend::collect(const RelationPtr& relation, const Context& context) {
  enforce(relation, context);
  Session session(*this, context);
  Hooks hooks(*this, relation.get());
  return frame_of(session, *relation, relation->schema, D::compile(*relation, hooks, true));
}

void DuckDbBackend::stream(const RelationPtr& relation, const Context& context,
                           const std::function<bool(const Frame&)>& sink) {
  enforce(relation, context);
  Session session(*this, context);
  Hooks hooks(*this, relation.get());
  std::optional<FrameBuilder> builder;
  bool wanted = true;
  run(session, *relation, relation->schema, D::compile(*relation, hooks, true),
      [&](const std::vector<LogicalType>& types, const Chunk& chunk) {
        if (!builder) builder.emplace(relation->schema, types);
        for (std::size_t from = 0; from < chunk.rows() && wanted;) {
          const std::size_t to = std::min(chunk.rows(), from + kStreamRows - builder->rows());
          builder->append(chunk, from, to);
          from = to;
          if (builder->rows() == kStreamRows) wanted = sink(builder->finish());
        }
        return wanted;
      });
  if (wanted && builder && builder->rows() > 0) sink(builder->finish());
}

std::int64_t DuckDbBackend::count_rows(const RelationPtr& relation, const Context& context) {
  enforce(relation, context);
  Session session(*this, context);
  Hooks hooks(*this, relation.get());
  const std::string sql = D::compile(*relation, hooks, false);
  try {
    require_narrow(session.connection(), *relation, sql);
    return session.connection().integer(fmt::format("SELECT count(*) FROM ({}) AS t", sql));
  } catch (const QueryError& error) {
    fail(session.connection(), error, *relation);
  }
}

RelationPtr DuckDbBackend::cache(const RelationPtr& relation, const Context& context) {
  struct Ticket {
    Ticket(std::shared_ptr<DropQueue> queue, std::string table)
        : drops(std::move(queue)), handle(std::move(table)) {}
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() { drops->push(handle); }
    std::shared_ptr<DropQueue> drops;
    std::string handle;
  };
  enforce(relation, context);
  Session session(*this, context);
  Hooks hooks(*this, relation.get());
  const std::string handle = fmt::format("cache_{}", next_cache_++);
  const std::string sql = D::compile(*relation, hooks, true);
  try {
    require_narrow(session.connection(), *relation, sql);
    session.connection().execute(
        fmt::format("CREATE TEMP TABLE {} AS {}", D::identifier(handle), sql));
  } catch (const QueryError& error) {
    fail(session.connection(), error, *relation);
  }
  auto cached = std::make_shared<Relation>();
  cached->verb = Cached{handle, std::make_shared<const Ticket>(drops_, handle)};
  cached->inputs = {relation};
  cached->schema = relation->schema;
  cached->key = relation->key;
  // The table stands in the relation's order already.
  cached->natural = Natural::kSorted;
  cached->label = relation->label;
  cached->backend = relation->backend;
  cached->enforced = true;
  return cached;
}

std::string DuckDbBackend::explain(const RelationPtr& relation) {
  const Context context;
  Session session(*this, context);
  Hooks hooks(*this, relation.get());
  return D::compile(*relation, hooks, true);
}

std::string DuckDbBackend::version() const {
  return std::string("DuckDB ") + (duckdb_library_version() + 1);
}

}  // namespace impact::duck

namespace impact {

std::shared_ptr<Backend> open_duckdb(const DuckDbOptions& options) {
  return std::make_shared<duck::DuckDbBackend>(options);
}

}  // namespace impact
