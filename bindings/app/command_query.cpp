#include <algorithm>
#include <cstdio>
#include <limits>
#include <set>

#include "bindings/app/host.h"
#include "bindings/app/progress.h"
#include "bindings/app/shell_input.h"
#include "bindings/failure_text.h"
#include "engine/core/error.h"
#include "engine/render/terminal_table.h"
#include "engine/table/row_text.h"

namespace impact::bindings {
namespace {

// How long the rows of a table that is shown in part may be counted.
constexpr std::chrono::milliseconds kPatience{1000};

void print_csv(const RelationPtr& result, const Context& context) {
  if (!write_output(csv_header(result->schema))) return;
  result->backend->stream(result, context,
                          [](const Frame& frame) { return write_output(csv_lines(frame)); });
}

void print_json(const RelationPtr& result, const Context& context, bool lines) {
  bool first = true;
  if (!lines && !write_output("[")) return;
  result->backend->stream(result, context, [&](const Frame& frame) {
    std::string text;
    for (std::size_t row = 0; row < frame.rows(); ++row) {
      if (!lines) text += first ? "\n" : ",\n";
      first = false;
      text += json_row(frame, row) + (lines ? "\n" : "");
    }
    return write_output(text);
  });
  if (!lines) (void)write_output(first ? "]\n" : "\n]\n");
}

void print_table(const RelationPtr& result, const Context& context, const Options& options) {
  TerminalStyle style = shell_style(options);
  if (!output_is_terminal() && options.height == 0) style.rows = std::numeric_limits<int>::max();
  TerminalTable table = first_rows(result, context, style, kPatience);
  clear_progress();
  (void)write_output(terminal_table(table, style) + "\n");
}

using Inputs = std::vector<std::pair<std::string, RelationPtr>>;

Inputs open_inputs(ShellTables& tables, const Options& options) {
  const std::vector<std::string> files =
      options.files.empty() ? std::vector<std::string>{"-"} : options.files;
  Inputs inputs;
  std::set<std::string> taken;
  for (const std::string& file : files) {
    const std::string name = file == "-" ? "data" : table_name(file);
    if (!taken.insert(name).second) {
      throw ArgumentError({.what = "two tables have the name '" + name + "'",
                           .got = file,
                           .expected = "files whose names differ before the first point"});
    }
    inputs.emplace_back(name, tables.open(file, options.from, options.missing));
  }
  if (inputs.size() == 1) {
    for (const char* name : {"data", "t"}) {
      if (taken.insert(name).second) inputs.emplace_back(name, inputs.front().second);
    }
  }
  return inputs;
}

std::string format_of(const Options& options) {
  if (options.json) return "json";
  if (!options.format.empty()) return options.format;
  const std::string ending = options.out.extension().string();
  if (!ending.empty()) return ending.substr(1);
  return output_is_terminal() ? "table" : "csv";
}

void write_file(const RelationPtr& result, const Options& options, const std::string& format,
                const Context& context) {
  const std::pair<const char*, FileFormat> formats[] = {{"csv", FileFormat::kCsv},
                                                        {"parquet", FileFormat::kParquet},
                                                        {"jsonl", FileFormat::kJsonLines}};
  for (const auto& [name, kind] : formats) {
    if (format != name) continue;
    WriteOptions how;
    how.format = kind;
    result->backend->write(result, options.out, how, context);
    return;
  }
  throw ArgumentError({.what = "can't write a file of that format",
                       .got = format,
                       .expected = "csv, jsonl or parquet",
                       .hint = "give --format, or a file name with one of these endings"});
}

}  // namespace

int query_command(const Options& options) {
  ShellTables tables(options);
  RelationPtr result;
  const Inputs inputs = open_inputs(tables, options);
  try {
    result = reading_query(tables.backend(), options.sql, inputs);
  } catch (const ArgumentError& error) {
    throw error_in_sql(error, options.sql);
  }
  const std::string format = format_of(options);
  if (!options.out.empty()) {
    write_file(result, options, format, tables.context());
  } else if (format == "table") {
    print_table(result, tables.context(), options);
  } else if (format == "csv") {
    print_csv(result, tables.context());
  } else if (format == "parquet") {
    throw ArgumentError({.what = "Parquet goes to a file", .hint = "add --out FILE.parquet"});
  } else {
    print_json(result, tables.context(), format == "jsonl");
  }
  (void)std::fflush(stdout);
  return kDone;
}

}  // namespace impact::bindings
