#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "engine/core/error.h"
#include "engine/table/dialect.h"
#include "engine/table/duckdb/csv_text.h"
#include "engine/table/duckdb/errors.h"
#include "engine/table/duckdb/functions.h"
#include "engine/table/duckdb/reader.h"

namespace impact::duck {

namespace {

using D = DuckDbDialect;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A column's name as a script writes it in a table of options.
std::string option_key(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool word = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                    std::all_of(name.begin(), name.end(), plain);
  return word ? name : "[\"" + name + "\"]";
}

std::string expected_text(const Type& type) {
  if (type.kind == TypeKind::kCategory) return "category: " + list_words(*type.levels);
  if (type.kind == TypeKind::kDate) return "date (YYYY-MM-DD)";
  return type.name();
}

[[noreturn]] void bad_cell(const FileSource& source, const std::string& line,
                           const ColumnInfo& column, const std::string& cell) {
  const bool category = column.type.kind == TypeKind::kCategory;
  const std::string as_text = fmt::format("types = {{ {} = \"text\" }}", option_key(column.name));
  std::string hint = category ? "add the level, or declare " + as_text : "declare " + as_text;
  constexpr std::size_t kMarker = 20;  // What stands for no value is short.
  if (!category && source.format == FileFormat::kCsv && cell.size() <= kMarker) {
    // The option replaces the texts that mean missing so far, so they are repeated.
    std::vector<std::string> missing;
    for (const std::string& text : source.missing) missing.push_back("\"" + text + "\"");
    missing.push_back("\"" + cell + "\"");
    hint +=
        fmt::format(", or missing = {{ {} }} if it stands for no value", fmt::join(missing, ", "));
  }
  throw DataError(
      {.what = fmt::format("a cell of column '{}' is {}", column.name,
                           category ? "none of its levels" : "not of type " + column.type.name()),
       .where = fmt::format("{}, line {}, column '{}'", shown_path(source), line, column.name),
       .got = shown_cell(cell),
       .expected = expected_text(column.type),
       .hint = hint});
}

[[noreturn]] void bad_line(const FileSource& source, const std::string& line,
                           const std::string& kind, const std::string& content,
                           std::size_t columns) {
  const std::string where = fmt::format("{}, line {}", shown_path(source), line);
  if (kind == "MISSING COLUMNS" || kind == "TOO MANY COLUMNS") {
    CsvRecords records(content, source.delimiter, source.quote);
    const auto fields = records.next();
    throw DataError(
        {.what = fmt::format("line {} of {} has {} cells than the header", line, shown_path(source),
                             kind == "MISSING COLUMNS" ? "fewer" : "more"),
         .where = where,
         .got = fmt::format("{} cells: {}", fields ? fields->size() : 0, shown_cell(content)),
         .expected = fmt::format("{} cells", columns),
         .hint = kind == "MISSING COLUMNS"
                     ? "is the line cut off? a missing cell still needs its delimiter"
                     : "a cell that holds the delimiter must be quoted"});
  }
  if (contains(kind, "ENCODING") || contains(kind, "UNICODE")) {
    throw DataError(
        {.what = fmt::format("line {} of {} is not UTF-8 text", line, shown_path(source)),
         .where = where,
         .expected = "text in UTF-8",
         .hint = "convert the file to UTF-8"});
  }
  if (kind == "LINE SIZE OVER MAXIMUM") {
    throw DataError(
        {.what = fmt::format("line {} of {} is longer than 2 MB", line, shown_path(source)),
         .where = where,
         .hint = "is a quote left open?"});
  }
  throw DataError({.what = fmt::format("line {} of {} has a quote in the wrong place", line,
                                       shown_path(source)),
                   .where = where,
                   .got = shown_cell(content),
                   .expected = "cells with quotes around the whole cell, quotes inside doubled",
                   .hint = "is a quote left open?"});
}

// Lets DuckDB read every cell on one thread and keep the first line it rejects.
void diagnose_rejects(Connection& connection, const FileSource& source, const Schema& schema) {
  std::vector<std::string> counts;
  for (const std::string& name : schema.names())
    counts.push_back("count(" + D::identifier(name) + ")");
  connection.execute(
      fmt::format("SELECT {} FROM {}", fmt::join(counts, ", "),
                  csv_call(connection, source, schema, CsvCells::kTyped,
                           ", store_rejects = true, rejects_limit = 1, parallel = false")));
  const auto rejects = connection.rows(
      "SELECT CAST(line AS VARCHAR), CAST(column_idx AS VARCHAR), CAST(error_type AS VARCHAR), "
      "CAST(csv_line AS VARCHAR) FROM reject_errors WHERE scan_id = (SELECT max(scan_id) FROM "
      "reject_errors) ORDER BY line, column_idx LIMIT 1");
  connection.execute("DELETE FROM reject_errors");
  connection.execute("DELETE FROM reject_scans");
  if (rejects.empty()) return;
  const std::string line = rejects[0][0].value_or("?");
  const std::string kind = rejects[0][2].value_or("");
  const std::string content = rejects[0][3].value_or("");
  std::size_t column = 0;
  const std::string index = rejects[0][1].value_or("0");
  std::from_chars(index.data(), index.data() + index.size(), column);
  if (kind == "CAST" && column >= 1 && column <= schema.size()) {
    CsvRecords records(content, source.delimiter, source.quote);
    const auto fields = records.next();
    bad_cell(source, line, schema[column - 1],
             fields && column <= fields->size() ? (*fields)[column - 1] : content);
  }
  bad_line(source, line, kind, content, schema.size());
}

// Integers, timestamps and categories are converted outside DuckDB's reader: their cells
// are looked at here. Line numbers count line breaks inside cells; blank lines,
// which readers skip, are not seen.
void diagnose_strict(Connection& connection, const FileSource& source, const Schema& schema) {
  std::int64_t line = 1;
  std::string scan;
  if (source.format == FileFormat::kCsv) {
    const std::string text = file_beginning(connection, source);
    CsvRecords records(text, source.delimiter, source.quote);
    records.skip_lines(static_cast<std::size_t>(source.skip));
    if (source.header) (void)records.next();
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(records.position());
    line += std::count(text.begin(), end, '\n');
    scan = csv_call(connection, source, schema, CsvCells::kText, ", parallel = false");
  } else {
    std::vector<std::string> columns;
    for (const std::string& name : schema.names())
      columns.push_back(D::literal(name) + ": 'VARCHAR'");
    scan = fmt::format(
        "read_json({}, format = 'newline_delimited', auto_detect = false, columns = {{{}}}, "
        "hive_partitioning = false)",
        path_literal(source.path), fmt::join(columns, ", "));
  }
  Result result = connection.stream(connection.prepare("SELECT * FROM " + scan));
  while (const std::optional<Chunk> chunk = result.fetch()) {
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      const std::int64_t start = line++;
      for (std::size_t i = 0; i < schema.size(); ++i) {
        duckdb_vector vector = chunk->column(i);
        if (!present(duckdb_vector_get_validity(vector), row)) continue;
        const std::string_view cell =
            text_cell(static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector))[row]);
        line += source.format == FileFormat::kCsv ? std::count(cell.begin(), cell.end(), '\n') : 0;
        const Type& type = schema[i].type;
        std::int64_t value = 0;
        const bool bad =
            (type.kind == TypeKind::kInteger && !parse_cell_integer(cell, value)) ||
            (type.kind == TypeKind::kTimestamp && !parse_cell_timestamp(cell, value)) ||
            (type.kind == TypeKind::kCategory &&
             std::find(type.levels->begin(), type.levels->end(), cell) == type.levels->end());
        if (bad) bad_cell(source, std::to_string(start), schema[i], std::string(cell));
      }
    }
  }
}

// What the reader said itself, when the second reading keeps no reject: "CSV Error on Line:
// 2\nOriginal Line: ...\nValue with unterminated quote found."
void diagnose_message(const FileSource& source, const Schema& schema, const std::string& message) {
  constexpr std::string_view kLine = "CSV Error on Line: ";
  constexpr std::string_view kOriginal = "Original Line: ";
  const std::size_t at = message.find(kLine);
  if (at == std::string::npos) return;
  const std::size_t begin = at + kLine.size();
  const std::string line = message.substr(begin, message.find('\n', begin) - begin);
  std::string content;
  if (const std::size_t original = message.find(kOriginal); original != std::string::npos) {
    const std::size_t start = original + kOriginal.size();
    content = message.substr(start, message.find('\n', start) - start);
  }
  const bool encoding = contains(message, "utf-8") || contains(message, "unicode");
  bad_line(source, line, encoding ? "ENCODING" : "QUOTE", content, schema.size());
}

// "Malformed JSON in file "x", at byte 15 in line 3: unexpected end of data."
// and "JSON transform error in file "x", in line 2: Failed to cast value to
// numerical: "zz"".
void diagnose_json(const FileSource& source, const QueryError& error) {
  const std::string& message = error.message();
  if (!contains(message, "JSON")) return;
  const std::size_t mark = message.find("in line ");
  std::string line = "?";
  std::string reason = message.substr(0, message.find('\n'));
  if (mark != std::string::npos) {
    const std::size_t colon = message.find(':', mark);
    line = message.substr(mark + 8, colon - mark - 8);
    if (colon != std::string::npos) {
      reason = message.substr(colon + 2, message.find('\n', colon) - colon - 2);
    }
  }
  const bool malformed = message.starts_with("Malformed");
  throw DataError(
      {.what = malformed ? shown_path(source) + " has a line that is not JSON"
                         : shown_path(source) + " has a value of another type than its column",
       .where = fmt::format("{}, line {}", shown_path(source), line),
       .got = reason,
       .expected = malformed ? "one JSON object a line" : "",
       .hint = malformed ? "" : "declare types = { column = \"text\" }"});
}

}  // namespace

bool blames_file(const QueryError& error) {
  // A cast inside a query fails in the same words as a cast of a file's
  // category: then the file is looked at once more, which costs time but no
  // truth.
  const std::string& message = error.message();
  return error.kind() == "IO" || contains(message, "CSV Error") || contains(message, "JSON") ||
         contains(message, kBadInteger) || contains(message, kBadTimestamp) ||
         contains(message, "to UINT") || contains(message, "magic bytes") ||
         contains(message, "arquet") || contains(message, "hrift") || contains(message, "utf-8") ||
         contains(message, "unicode");
}

void diagnose_file(Connection& connection, const FileSource& source, const Schema& schema,
                   const QueryError& error) {
  if (!blames_file(error)) return;
  check_readable(source);
  try {
    if (source.format == FileFormat::kCsv) {
      diagnose_rejects(connection, source, schema);
      diagnose_strict(connection, source, schema);
      diagnose_message(source, schema, error.message());
    } else if (source.format == FileFormat::kJsonLines) {
      diagnose_json(source, error);
      diagnose_strict(connection, source, schema);
    } else if (contains(error.message(), "magic bytes") || contains(error.message(), "arquet") ||
               contains(error.message(), "hrift")) {
      throw DataError({.what = shown_path(source) + " is not a complete Parquet file",
                       .where = source.path.string(),
                       .expected = "a file that begins and ends with PAR1",
                       .hint = "copy it again, or read it as another format"});
    }
  } catch (const QueryError& second) {
    // The second reading was stopped, or failed in another way; then the first failure counts.
    if (second.kind() == "INTERRUPT") throw Cancelled();
    return;
  }
}

}  // namespace impact::duck
