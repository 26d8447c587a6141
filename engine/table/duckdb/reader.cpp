#include "engine/table/duckdb/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/table/dialect.h"
#include "engine/table/duckdb/collect.h"
#include "engine/table/duckdb/csv_text.h"
#include "engine/table/duckdb/errors.h"

namespace impact::duck {

namespace {

using D = DuckDbDialect;

std::string text_literal(char c) {
  return D::literal(c == '\0' ? std::string() : std::string(1, c));
}

// DuckDB's own buffers of 32 MB outgrow the caches and are filled before the first row comes out,
// also where a sample is wanted only. The longest line is DuckDB's own, which would grow with them.
constexpr int kCsvBuffer = 8'000'000;
constexpr int kLongestLine = 2'000'000;

// Types as a text file is scanned with them; see scan_text.
std::string scan_type(const Type& type, CsvCells cells) {
  const bool strict = type.kind == TypeKind::kInteger || type.kind == TypeKind::kTimestamp ||
                      type.kind == TypeKind::kCategory;
  return cells == CsvCells::kText || strict ? "VARCHAR" : D::type(type);
}

std::string columns_option(const Schema& schema, CsvCells cells) {
  std::vector<std::string> parts;
  for (const ColumnInfo& column : schema.columns()) {
    parts.push_back(
        fmt::format("{}: '{}'", D::literal(column.name), scan_type(column.type, cells)));
  }
  return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

// The columns of a text scan, strictly converted.
std::string strict_items(const Schema& schema) {
  std::vector<std::string> items;
  for (const ColumnInfo& column : schema.columns()) {
    const std::string name = D::identifier(column.name);
    if (column.type.kind == TypeKind::kInteger) {
      items.push_back(fmt::format("impact_integer({0}) AS {0}", name));
    } else if (column.type.kind == TypeKind::kTimestamp) {
      items.push_back(fmt::format("impact_timestamp({0}) AS {0}", name));
    } else if (column.type.kind == TypeKind::kCategory) {
      items.push_back(fmt::format("CAST({0} AS {1}) AS {0}", name, D::type(column.type)));
    } else {
      items.push_back(name);
    }
  }
  return fmt::format("{}", fmt::join(items, ", "));
}

std::string json_call(const FileSource& source, const Schema& schema, CsvCells cells) {
  return fmt::format(
      "read_json({}, format = 'newline_delimited', auto_detect = false, columns = {}, "
      "hive_partitioning = false)",
      path_literal(source.path), columns_option(schema, cells));
}

std::string parquet_call(const FileSource& source) {
  return fmt::format("read_parquet({}, hive_partitioning = false)", path_literal(source.path));
}

bool is_nested(duckdb_type id) {
  return id == DUCKDB_TYPE_STRUCT || id == DUCKDB_TYPE_LIST || id == DUCKDB_TYPE_MAP ||
         id == DUCKDB_TYPE_ARRAY || id == DUCKDB_TYPE_UNION;
}

// Declared types win; the rest is guessed from a sample of cells read as text.
// `guessable` limits the guess: a JSON string that looks like a number is a
// text.
Schema guess_types(Connection& connection, const FileSource& source,
                   const std::vector<std::string>& names, const std::string& scan,
                   const std::vector<bool>& quoted) {
  std::vector<TypeGuess> guesses(names.size());
  Result result = connection.stream(
      connection.prepare(fmt::format("SELECT * FROM {} LIMIT {}", scan, kSampleRows)));
  while (const std::optional<Chunk> chunk = result.fetch()) {
    for (std::size_t column = 0; column < names.size(); ++column) {
      duckdb_vector vector = chunk->column(column);
      const std::uint64_t* validity = duckdb_vector_get_validity(vector);
      const auto* cells = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector));
      for (std::size_t row = 0; row < chunk->rows(); ++row) {
        if (present(validity, row)) guesses[column].see(text_cell(cells[row]));
      }
    }
  }
  std::vector<ColumnInfo> columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto declared = source.types.find(names[i]);
    Type type = declared == source.types.end() ? guesses[i].type() : declared->second;
    if (declared == source.types.end() && quoted[i] && type.kind != TypeKind::kDate &&
        type.kind != TypeKind::kTimestamp) {
      type = text_type();
    }
    columns.push_back({names[i], std::move(type)});
  }
  return Schema(std::move(columns));
}

Schema all_text(const std::vector<std::string>& names) {
  std::vector<ColumnInfo> columns;
  for (const std::string& name : names) columns.push_back({name, text_type()});
  return Schema(std::move(columns));
}

Schema csv_schema(Connection& connection, const FileSource& source) {
  const std::string text = file_beginning(connection, source);
  CsvRecords records(text, source.delimiter, source.quote);
  records.skip_lines(static_cast<std::size_t>(source.skip));
  const std::size_t start = records.position();
  const std::optional<std::vector<std::string>> header = records.next();
  if (!header) {
    throw DataError({.what = shown_path(source) + " has no lines behind the skipped ones",
                     .got = fmt::format("skip = {}", source.skip),
                     .hint = "skip fewer lines"});
  }
  if (header->size() == 1) {
    const auto better =
        better_delimiter(std::string_view(text).substr(start), source.delimiter, source.quote);
    if (better) {
      const auto written = [](char c) {
        return c == '\t' ? std::string("\\t") : std::string(1, c);
      };
      throw DataError(
          {.what = shown_path(source) + " is not separated by '" + written(source.delimiter) + "'",
           .where = fmt::format("{}, line {}", shown_path(source), source.skip + 1),
           .got = header->front(),
           .expected = "columns separated by '" + written(source.delimiter) + "'",
           .hint = "read it with delim = \"" + written(*better) + "\""});
    }
  }
  const std::vector<std::string> names = column_names(source, *header);
  check_names(source, names);
  const Schema plain = all_text(names);
  try {
    return guess_types(connection, source, names,
                       csv_call(connection, source, plain, CsvCells::kText),
                       std::vector<bool>(names.size(), false));
  } catch (const QueryError& error) {
    diagnose_file(connection, source, plain, error);
    raise(error, {.where = shown_path(source)});
  }
}

Schema json_schema(Connection& connection, const FileSource& source) {
  const std::string text = file_beginning(connection, source);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (text[first] != '{') {
    throw DataError({.what = shown_path(source) + " does not hold one JSON object a line",
                     .where = shown_path(source) + ", line 1",
                     .got = text.substr(first, std::min<std::size_t>(text.find('\n', first), 40)),
                     .expected = "{\"column\": value, ...}",
                     .hint = text[first] == '[' ? "write one object a line, without [ and ]" : ""});
  }
  try {
    const Prepared sniffed = connection.prepare(
        fmt::format("SELECT * FROM read_json({}, format = 'newline_delimited', maximum_depth = 2, "
                    "sample_size = {}, hive_partitioning = false)",
                    path_literal(source.path), kSampleRows));
    std::vector<std::string> names;
    std::vector<bool> quoted;
    for (std::size_t i = 0; i < sniffed.columns(); ++i) {
      names.push_back(sniffed.name(i));
      const duckdb_type id = sniffed.type(i).id();
      quoted.push_back(id != DUCKDB_TYPE_BOOLEAN && id != DUCKDB_TYPE_BIGINT &&
                       id != DUCKDB_TYPE_UBIGINT && id != DUCKDB_TYPE_HUGEINT &&
                       id != DUCKDB_TYPE_DOUBLE);
    }
    check_names(source, names);
    return guess_types(connection, source, names,
                       json_call(source, all_text(names), CsvCells::kText), quoted);
  } catch (const QueryError& error) {
    diagnose_file(connection, source, Schema(), error);
    raise(error, {.where = shown_path(source)});
  }
}

Schema parquet_schema(Connection& connection, const FileSource& source) {
  try {
    const Prepared file = connection.prepare("SELECT * FROM " + parquet_call(source));
    std::vector<ColumnInfo> columns;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < file.columns(); ++i) names.push_back(file.name(i));
    check_names(source, names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const LogicalType own = file.type(i);
      const auto declared = source.types.find(names[i]);
      if (declared == source.types.end()) {
        columns.push_back({names[i], engine_type(own, names[i])});
        continue;
      }
      // A cast from number to integer would round.
      const Type found = engine_type(own, names[i]);
      if (declared->second.kind == TypeKind::kInteger && found.kind == TypeKind::kNumber) {
        throw DataError({.what = "column '" + names[i] + "' of " + shown_path(source) +
                                 " holds numbers, not integers",
                         .got = "number",
                         .expected = "integer",
                         .hint = "round it after reading"});
      }
      columns.push_back({names[i], declared->second});
    }
    return Schema(std::move(columns));
  } catch (const QueryError& error) {
    diagnose_file(connection, source, Schema(), error);
    raise(error, {.where = shown_path(source)});
  }
}

}  // namespace

std::string csv_call(Connection& connection, const FileSource& source, const Schema& schema,
                     CsvCells cells, const std::string& options) {
  // The header is skipped as a line like the others before it: DuckDB counts
  // quoted records.
  std::int64_t skip = source.skip;
  if (source.header || source.skip > 0) {
    const std::string text = file_beginning(connection, source);
    CsvRecords records(text, source.delimiter, source.quote);
    skip += static_cast<std::int64_t>(records.skip_lines(static_cast<std::size_t>(source.skip)));
    if (source.header) ++skip;
  }
  std::vector<std::string> missing;
  for (const std::string& text : source.missing) missing.push_back(D::literal(text));
  // DuckDB wants at least one; no cell is this control character alone.
  if (missing.empty()) missing.push_back(D::literal(std::string("\x1F")));
  return fmt::format(
      "read_csv({}, columns = {}, auto_detect = false, delim = {}, quote = {}, escape = {}, header "
      "= false, skip = {}, nullstr = [{}], strict_mode = true, hive_partitioning = false, "
      "buffer_size = {}, max_line_size = {}{})",
      path_literal(source.path), columns_option(schema, cells), text_literal(source.delimiter),
      text_literal(source.quote), text_literal(source.quote), skip, fmt::join(missing, ", "),
      kCsvBuffer, kLongestLine, options);
}

std::string scan_text(Connection& connection, const FileSource& source, const Schema& schema) {
  if (source.format == FileFormat::kCsv) {
    return fmt::format("(SELECT {} FROM {})", strict_items(schema),
                       csv_call(connection, source, schema, CsvCells::kTyped));
  }
  if (source.format == FileFormat::kJsonLines) {
    return fmt::format("(SELECT {} FROM {})", strict_items(schema),
                       json_call(source, schema, CsvCells::kTyped));
  }
  const std::string call = parquet_call(source);
  const Prepared file = connection.prepare("SELECT * FROM " + call);
  std::vector<std::string> items;
  for (std::size_t i = 0; i < file.columns(); ++i) {
    const std::optional<std::size_t> at = schema.find(file.name(i));
    if (!at) continue;
    const std::string name = D::identifier(schema[*at].name);
    items.push_back(is_nested(file.type(i).id())
                        ? fmt::format("CAST(to_json({0}) AS VARCHAR) AS {0}", name)
                        : fmt::format("CAST({0} AS {1}) AS {0}", name, D::type(schema[*at].type)));
  }
  return fmt::format("(SELECT {} FROM {})", fmt::join(items, ", "), call);
}

Schema read_file_schema(Connection& connection, const FileSource& source) {
  check_readable(source);
  switch (source.format) {
    case FileFormat::kCsv: return csv_schema(connection, source);
    case FileFormat::kJsonLines: return json_schema(connection, source);
    case FileFormat::kParquet: break;
  }
  return parquet_schema(connection, source);
}

}  // namespace impact::duck
