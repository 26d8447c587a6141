#include <algorithm>
#include <cmath>

#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "bindings/source_options.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/table/verbs.h"

namespace impact::bindings {
namespace {

Session& session(const Call& call) { return *runtime(call.state()).session(); }

Param key_param() {
  return {.name = "key",
          .type = kColumns,
          .text = "Columns that identify a row.",
          .optional = true,
          .named = true};
}

Param types_param() {
  return {.name = "types",
          .type = "list",
          .text = "column = \"type\" or category { ... }; the others are inferred.",
          .optional = true,
          .named = true,
          .items = "text|Type",
          .keyed = true};
}

std::string file_example(const std::string& name, const std::string& format) {
  return "-- " + name + " \"videos." + name + "\" reads a file of the data folder.\n" +
         "local ok, err = pcall(" + name + ", \"no such file." + format + "\")\n" +
         "assert(not ok and err.kind == \"io\")";
}

Function reader(const std::string& name, FileFormat format, std::vector<Param> options) {
  std::vector<Param> params{{.name = "path", .type = "text", .text = "File in the data folder."},
                            key_param(),
                            types_param()};
  for (Param& param : options) params.push_back(std::move(param));
  return {.name = name,
          .params = std::move(params),
          .returns = "Table",
          .text = "The rows of a file, read when they are needed.",
          .example = file_example(name, name),
          .body = [format](Call& call) {
            lua_State* L = call.state();
            FileSource source;
            source.format = format;
            source.declared_path = call.text("path");
            source.path = session(call).use_input(source.declared_path);
            source.types = types_at(L, call.slot("types"), "'types'");
            if (format == FileFormat::kCsv) read_csv_options(call, &source);
            const auto key = names_at(L, call.slot("key"), "'key'");
            push_table(L, scan_file(session(call).backend(), source, key,
                                    "'" + source.declared_path + "'"));
            return 1;
          }};
}

// The type that holds every present cell of a list; throws at the first that fits none.
TypeKind kind_of(const std::vector<Value>& cells, const std::string& name) {
  std::optional<TypeKind> kind;
  for (std::size_t row = 0; row < cells.size(); ++row) {
    const Value& cell = cells[row];
    if (std::holds_alternative<std::monostate>(cell)) continue;
    const TypeKind own = std::holds_alternative<bool>(cell)           ? TypeKind::kBoolean
                         : std::holds_alternative<std::int64_t>(cell) ? TypeKind::kInteger
                         : std::holds_alternative<double>(cell)       ? TypeKind::kNumber
                                                                      : TypeKind::kText;
    if (!kind || *kind == own) {
      kind = own;
      continue;
    }
    const auto numeric = [](TypeKind k) {
      return k == TypeKind::kInteger || k == TypeKind::kNumber;
    };
    if (!numeric(*kind) || !numeric(own)) {
      throw ArgumentError({.what = "the column '" + name + "' mixes types",
                           .where = "column '" + name + "', row " + std::to_string(row + 1),
                           .got = format_value(cell) + " (" + Type{own, nullptr}.name() + ")",
                           .expected = Type{*kind, nullptr}.name() + ", as in the rows before"});
    }
    kind = TypeKind::kNumber;
  }
  return kind.value_or(TypeKind::kText);
}

std::vector<std::uint64_t> validity(const std::vector<Value>& cells) {
  std::vector<std::uint64_t> valid((cells.size() + 63) / 64, 0);
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (!std::holds_alternative<std::monostate>(cells[row])) {
      valid[row / 64] |= std::uint64_t{1} << (row % 64);
    }
  }
  return valid;
}

double as_number(const Value& cell, const std::string& name, std::size_t row) {
  if (const auto* number = std::get_if<double>(&cell)) return *number;
  const auto* integer = std::get_if<std::int64_t>(&cell);
  if (integer == nullptr) return 0.0;
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  if (*integer > kExact || *integer < -kExact) {
    throw ArgumentError({.what = "an integer does not fit a column of numbers",
                         .where = "column '" + name + "', row " + std::to_string(row + 1),
                         .got = format_integer(*integer),
                         .expected = "at most 2^53, or integers only in the column"});
  }
  return static_cast<double>(*integer);
}

Column column_of(const std::vector<Value>& cells, const std::string& name) {
  auto valid = validity(cells);
  switch (kind_of(cells, name)) {
    case TypeKind::kBoolean: {
      std::vector<std::uint8_t> data;
      for (const Value& cell : cells) {
        const auto* flag = std::get_if<bool>(&cell);
        data.push_back(flag != nullptr && *flag ? 1 : 0);
      }
      return Column::booleans(std::move(data), std::move(valid));
    }
    case TypeKind::kInteger: {
      std::vector<std::int64_t> data;
      for (const Value& cell : cells) {
        const auto* integer = std::get_if<std::int64_t>(&cell);
        data.push_back(integer == nullptr ? 0 : *integer);
      }
      return Column::integers(std::move(data), std::move(valid));
    }
    case TypeKind::kNumber: {
      std::vector<double> data;
      for (std::size_t row = 0; row < cells.size(); ++row) {
        data.push_back(as_number(cells[row], name, row));
      }
      return Column::numbers(std::move(data), std::move(valid));
    }
    default: break;
  }
  std::vector<std::string> texts;
  texts.reserve(cells.size());
  for (const Value& cell : cells) {
    const auto* text = std::get_if<std::string>(&cell);
    texts.push_back(text == nullptr ? "" : *text);
  }
  return Column::texts(texts, std::move(valid));
}

std::vector<Value> cells_at(lua_State* L, int index, const std::string& name) {
  std::vector<Value> cells;
  each_item(L, index, [&](int item, lua_Integer row) {
    const std::string place = "column '" + name + "', row " + std::to_string(row);
    if (lua_isnil(L, item)) {
      throw ArgumentError({.what = "the column '" + name + "' has a hole",
                           .where = place,
                           .got = "nil",
                           .hint = "write missing for a missing cell"});
    }
    cells.push_back(value_at(L, item, place));
  });
  return cells;
}

Function frame_function() {
  return {.name = "frame",
          .params = {{.name = "columns",
                      .type = "list",
                      .text = "{ \"name\", { values... } } for each column, in order.",
                      .items = "list",
                      .fields = {key_param(), types_param()}}},
          .returns = "Table",
          .text =
              "A table from Lua lists. Types are inferred; a missing cell is `missing`. "
              "key and types may stand beside the columns.",
          .example =
              "local t = frame { { \"id\", { 1, 2 } }, { \"name\", { \"a\", missing } }, key = "
              "\"id\" }\n"
              "assert(t:count_rows() == 2 and t:rows()[2].name == missing)",
          .body = [](Call& call) {
            lua_State* L = call.state();
            const int list = call.slot("columns");
            for (const std::string& field : sorted_fields(L, list)) {
              if (field == "key" || field == "types") continue;
              call.fail("columns", "frame has no field '" + field + "'",
                        "columns as { \"" + field + "\", { ... } }, then key and types",
                        "columns stand in a list, so that their order is known");
            }
            if (lua_rawlen(L, list) == 0) {
              throw ArgumentError({.what = "frame needs at least one column",
                                   .expected = "frame { { \"name\", { values... } } }",
                                   .hint = "a column without rows is { \"name\", {} }"});
            }
            std::vector<std::string> names;
            std::vector<Column> columns;
            each_item(L, list, [&](int item, lua_Integer i) {
              std::string name;
              std::vector<Value> cells;
              bool complete = is_plain_table(L, item) && lua_rawlen(L, item) == 2;
              if (complete) {
                lua_rawgeti(L, item, 1);
                lua_rawgeti(L, item, 2);
                complete = lua_type(L, -2) == LUA_TSTRING && is_plain_table(L, -1);
                if (complete) {
                  name = text_at(L, -2);
                  cells = cells_at(L, lua_gettop(L), name);
                }
                lua_pop(L, 2);
              }
              if (!complete) {
                call.fail("columns", "column " + std::to_string(i) + " of frame is not a pair",
                          "{ \"name\", { values... } }");
              }
              if (!columns.empty() && cells.size() != columns[0].size()) {
                throw ArgumentError(
                    {.what = "the columns of frame differ in length",
                     .where = "column '" + name + "'",
                     .got = std::to_string(cells.size()) + " values",
                     .expected = std::to_string(columns[0].size()) + ", as in '" + names[0] + "'",
                     .hint = "write missing for a missing cell; nil makes a list shorter"});
              }
              poll_cancel(L);
              columns.push_back(column_of(cells, name));
              names.push_back(name);
            });
            std::vector<std::string> key;
            std::map<std::string, Type> types;
            with_field(L, list, "key", [&](int value) { key = names_at(L, value, "'key'"); });
            with_field(L, list, "types", [&](int value) { types = types_at(L, value, "'types'"); });
            RelationPtr relation =
                scan_frame(session(call).backend(), Frame(std::move(names), std::move(columns)),
                           key, "the frame");
            if (!types.empty()) relation = cast(relation, {types.begin(), types.end()});
            push_table(L, std::move(relation));
            return 1;
          }};
}

Function sql_function() {
  return {.name = "sql",
          .params = {{.name = "text", .type = "text", .text = "One SELECT."},
                     {.name = "inputs",
                      .type = "list",
                      .text = "name = Table, for each it reads.",
                      .items = "Table",
                      .keyed = true}},
          .returns = "Table",
          .text = "The result of a SQL query over named tables.",
          .example =
              "local a = frame { { \"x\", { 1, 2 } } }\n"
              "assert(sql(\"select x + 1 as y from a\", { a = a }):count_rows() == 2)",
          .body = [](Call& call) {
            lua_State* L = call.state();
            const int list = call.slot("inputs");
            std::vector<std::pair<std::string, RelationPtr>> inputs;
            for (const std::string& name : sorted_fields(L, list)) {
              with_field(L, list, name, [&](int value) {
                inputs.emplace_back(name, get_handle<const Relation>(L, value));
              });
            }
            push_table(L, query(session(call).backend(), call.text("text"), std::move(inputs)));
            return 1;
          }};
}

Function category_function() {
  return {.name = "category",
          .params = {{.name = "levels",
                      .type = "list",
                      .text = "The allowed texts, in order.",
                      .items = "text"}},
          .returns = "Type",
          .text = "The type of a column that holds one of these texts, ordered as listed.",
          .example =
              "local t = frame { { \"size\", { \"M\", \"S\" } } }\n"
              "t = t:cast { size = category { \"S\", \"M\", \"L\" } }\n"
              "assert(t:sort(\"size\"):rows()[1].size == \"S\")",
          .body = [](Call& call) {
            push_handle<const Type>(
                call.state(), std::make_shared<const Type>(category_type(call.texts("levels"))));
            return 1;
          }};
}

}  // namespace

std::vector<Param> csv_params() {
  return {{.name = "delim",
           .type = "text",
           .text = "One character between cells.",
           .optional = true,
           .named = true,
           .fallback = std::string(",")},
          {.name = "quote",
           .type = "text",
           .text = "One character around cells.",
           .optional = true,
           .named = true,
           .fallback = std::string("\"")},
          {.name = "header",
           .type = "boolean",
           .text = "Whether the first row names the columns.",
           .optional = true,
           .named = true,
           .fallback = true},
          {.name = "skip",
           .type = "integer",
           .text = "Lines before the header.",
           .optional = true,
           .named = true,
           .fallback = std::int64_t{0},
           .min = 0},
          {.name = "missing",
           .type = "text|list",
           .text = "Texts that mean a missing cell.",
           .optional = true,
           .named = true}};
}

void read_csv_options(const Call& call, FileSource* source) {
  const auto character = [&](const char* name) {
    const std::string text = call.text(name);
    if (text.size() != 1) {
      call.fail(name, std::string("'") + name + "' must be one character", "one ASCII character");
    }
    return text[0];
  };
  source->delimiter = character("delim");
  source->quote = character("quote");
  source->header = call.boolean("header");
  source->skip = call.integer("skip");
  if (call.given("missing")) source->missing = call.texts("missing");
}

void install_readers(lua_State* L) {
  register_type(L, {.name = "Type",
                    .text = "The type of a column.",
                    .methods = {},
                    .metamethods = {},
                    .releasable = false});
  Registry& registry = runtime(L).registry();
  std::vector<Function> all;
  all.push_back(reader("csv", FileFormat::kCsv, csv_params()));
  all.push_back(reader("parquet", FileFormat::kParquet, {}));
  all.push_back(reader("jsonl", FileFormat::kJsonLines, {}));
  all.push_back(frame_function());
  all.push_back(sql_function());
  all.push_back(category_function());
  for (Function& function : all) {
    const std::string name = function.name;
    push_function(L, registry.add(std::move(function)));
    set_global(L, name);
  }
}

}  // namespace impact::bindings
