#include <algorithm>

#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "bindings/session.h"
#include "bindings/table_type.h"
#include "engine/core/error.h"
#include "engine/render/terminal_table.h"
#include "engine/table/describe.h"
#include "engine/table/verbs.h"

namespace impact::bindings {
namespace {

RelationPtr self(const Call& call) { return call.self<const Relation>(); }

// The table of a call that reads its rows now.
RelationPtr rows_of(const Call& call) {
  RelationPtr relation = self(call);
  runtime(call.state())
      .session()
      ->check_reading(*relation, std::string(call.function().short_name()));
  return relation;
}

const Context& context(const Call& call) { return runtime(call.state()).session()->context(); }

// The first rows as text. It says nothing that a clock decides.
std::string picture(const Call& call, std::int64_t rows, std::int64_t columns) {
  const TerminalStyle style{.columns = static_cast<int>(columns), .rows = lines_for_rows(rows)};
  return terminal_table(first_rows(rows_of(call), context(call), style), style);
}

Function reading(const std::string& name, std::vector<Param> params, std::string returns,
                 std::string text, const std::string& example, std::function<int(Call&)> body) {
  Function out = verb(name, std::move(params), std::move(text), example, std::move(body));
  out.returns = std::move(returns);
  return out;
}

Function meaning(Function function, std::string result) {
  function.result = std::move(result);
  return function;
}

Param file_option(const std::string& name) {
  return {.name = name,
          .type = "text",
          .text = "Path inside the run folder.",
          .optional = true,
          .named = true};
}

int write_table(Call& call) {
  lua_State* L = call.state();
  const std::pair<const char*, FileFormat> formats[] = {{"csv", FileFormat::kCsv},
                                                        {"parquet", FileFormat::kParquet},
                                                        {"jsonl", FileFormat::kJsonLines}};
  std::string target;
  WriteOptions options;
  for (const auto& [name, format] : formats) {
    if (!call.given(name)) continue;
    if (!target.empty()) call.fail(name, "write takes one file", "one of csv, parquet, jsonl");
    target = call.text(name);
    options.format = format;
  }
  if (target.empty()) {
    throw ArgumentError({.what = "write needs a file",
                         .expected = "csv = \"name.csv\", parquet = ... or jsonl = ..."});
  }
  const RelationPtr relation = rows_of(call);
  relation->backend->write(relation, runtime(L).session()->output_path(target), options,
                           context(call));
  return 0;
}

// A list of { column = value } rows: the one loop over rows a border has.
int push_rows(Call& call) {
  lua_State* L = call.state();
  const RelationPtr relation = rows_of(call);
  const Frame frame = relation->backend->collect(relation, context(call));
  const Schema& schema = frame.schema();
  reserve_stack(L, 8);
  lua_createtable(L, static_cast<int>(std::min<std::size_t>(frame.rows(), 1U << 20)), 0);
  for (std::size_t row = 0; row < frame.rows(); ++row) {
    if (row % 4096 == 0) context(call).check();
    lua_createtable(L, 0, static_cast<int>(schema.size()));
    for (std::size_t i = 0; i < schema.size(); ++i) {
      push_text(L, schema[i].name);
      push_value(L, frame.column(i).value(row));
      lua_rawset(L, -3);
    }
    lua_rawseti(L, -2, static_cast<lua_Integer>(row + 1));
  }
  return 1;
}

int push_column_values(Call& call) {
  lua_State* L = call.state();
  const std::string name = name_at(L, call.slot("column"), "column_values");
  const RelationPtr relation = rows_of(call);
  (void)relation->schema.require(name, relation->label);
  // Without a key the order of rows comes from all columns, so all are needed.
  const Frame frame = relation->backend->collect(relation, context(call));
  const Column& column = frame.column(name);
  lua_createtable(L, static_cast<int>(std::min<std::size_t>(frame.rows(), 1U << 20)), 0);
  for (std::size_t row = 0; row < frame.rows(); ++row) {
    if (row % 4096 == 0) context(call).check();
    push_value(L, column.value(row));
    lua_rawseti(L, -2, static_cast<lua_Integer>(row + 1));
  }
  return 1;
}

int push_shape(Call& call) {
  lua_State* L = call.state();
  const Shape found = shape(rows_of(call), context(call));
  lua_createtable(L, 0, 3);
  const std::pair<const char*, std::int64_t> fields[] = {
      {"rows", found.rows}, {"columns", found.columns}, {"incomplete_rows", found.incomplete_rows}};
  for (const auto& [name, value] : fields) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
  }
  return 1;
}

void each_named(lua_State* L, int table, const char* name,
                const std::function<void(const std::string&, int)>& read) {
  with_field(L, table, name, [&](int fields) {
    for (const std::string& field : sorted_fields(L, fields)) {
      with_field(L, fields, field, [&](int value) { read(field, value); });
    }
  });
}

ColumnExpectation& expectation_of(Expectations& all, const std::string& column) {
  const auto at = std::find_if(all.columns.begin(), all.columns.end(),
                               [&](const auto& item) { return item.column == column; });
  if (at != all.columns.end()) return *at;
  ColumnExpectation& added = all.columns.emplace_back();
  added.column = column;
  return added;
}

void read_rows(lua_State* L, int value, Expectations* out) {
  if (lua_isinteger(L, value) != 0) {
    out->min_rows = out->max_rows = lua_tointegerx(L, value, nullptr);
    return;
  }
  if (!is_plain_table(L, value)) {
    throw ArgumentError({.what = "'rows' of expect must be a number or a pair",
                         .got = describe_value(L, value),
                         .expected = "rows = 100 or rows = { 90, 110 }"});
  }
  each_item(L, value, [&](int item, lua_Integer i) {
    (i == 1 ? out->min_rows : out->max_rows) = lua_tointegerx(L, item, nullptr);
  });
}

Function sql_function() {
  return verb(
      "sql", {{.name = "text", .type = "text", .text = "One SELECT that reads from self."}},
      "The result of a SQL query over this table.",
      "assert(t:sql(\"select sum(x) as s from self\"):column_values(\"s\")[1] == 10)",
      [](Call& call) {
        const RelationPtr input = self(call);
        push_table(call.state(), query(input->backend, call.text("text"), {{"self", input}}));
        return 1;
      });
}

}  // namespace

std::vector<Param> expectation_fields() {
  const auto field = [](const char* name, const char* type, const char* text, const char* items,
                        bool keyed) {
    return Param{.name = name,
                 .type = type,
                 .text = text,
                 .optional = true,
                 .named = true,
                 .items = items,
                 .keyed = keyed};
  };
  return {field("rows", "integer|list", "How many, or { min, max }.", "integer", false),
          field("key", kColumns, "Columns that identify a row.", "", false),
          field("unique", kColumns, "Columns that do not repeat.", "", false),
          field("present", kColumns, "Columns without a missing cell.", "", false),
          field("range", "list", "column = { low, high }.", "list", true),
          field("allowed", "list", "column = { values }.", "list", true)};
}

std::vector<TypeDescriptor> table_kinds() {
  const auto count = [](const char* name, const char* text) {
    return Param{.name = name, .type = "integer", .text = text};
  };
  return {{.name = "Shape",
           .text = "How large a table is.",
           .fields = {count("rows", "Rows."), count("columns", "Columns."),
                      count("incomplete_rows", "Rows with a missing cell.")},
           .handle = false},
          {.name = "Row",
           .text = "One row of a table: a Lua table with a field a column.",
           .any_field = "any",
           .handle = false}};
}

std::vector<Function> reading_functions() {
  std::vector<Function> all;
  all.push_back(sql_function());
  all.push_back(reading("col", {{.name = "name", .type = "text", .text = "Name of the column."}},
                        "Column", "The column of that name, also where a method has the same name.",
                        "assert(t:select(t:col \"x\"):count_rows() == 4)", [](Call& call) {
                          const RelationPtr relation = self(call);
                          const std::string name = call.text("name");
                          (void)relation->schema.require(name, relation->label);
                          push_column(call.state(), {.expr = column(name), .table = relation});
                          return 1;
                        }));
  all.push_back(reading(
      "column_names", {}, "list of text", "The names of the columns, in order. Reads no data.",
      "assert(#t:column_names() == 3 and t:column_names()[1] == \"x\")", [](Call& call) {
        lua_State* L = call.state();
        lua_newtable(L);
        lua_Integer at = 0;
        for (const std::string& name : self(call)->schema.names()) {
          push_text(L, name);
          lua_rawseti(L, -2, ++at);
        }
        return 1;
      }));
  all.push_back(
      meaning(reading("describe", {}, "Table", "Counts, means and quantiles of every column.",
                      "assert(t:describe():count_rows() == 3)",
                      [](Call& call) {
                        push_table(call.state(), description(self(call)));
                        return 1;
                      }),
              "one row a column"));
  all.push_back(meaning(
      reading("info", {}, "Table", "Types, missing cells and different values of every column.",
              "assert(t:info():count_rows() == 3)",
              [](Call& call) {
                push_table(call.state(), column_info(self(call)));
                return 1;
              }),
      "one row a column"));
  all.push_back(
      reading("shape", {}, "Shape", "Numbers of rows, of columns and of rows with a missing cell.",
              "assert(t:shape().rows == 4 and t:shape().incomplete_rows == 1)", push_shape));
  all.push_back(reading("glimpse",
                        {{.name = "rows",
                          .type = "integer",
                          .text = "Rows to show.",
                          .optional = true,
                          .fallback = std::int64_t{10},
                          .min = 0},
                         {.name = "columns",
                          .type = "integer",
                          .text = "Width in characters.",
                          .optional = true,
                          .named = true,
                          .fallback = std::int64_t{80},
                          .min = 20,
                          .max = 10000}},
                        "text", "A picture of the first rows for a terminal.",
                        "assert(#t:glimpse(2) > 0)", [](Call& call) {
                          push_text(call.state(),
                                    picture(call, call.integer("rows"), call.integer("columns")));
                          return 1;
                        }));
  all.push_back(reading("rows", {}, "list of Row",
                        "The rows as Lua tables; a missing cell is `missing`.",
                        "assert(t:rows()[2].y == missing)", push_rows));
  all.push_back(
      reading("column_values", {{.name = "column", .type = "text|Column", .text = "Which column."}},
              "list of any", "The cells of one column as a list; a missing cell is `missing`.",
              "assert(t:column_values(\"x\")[3] == 4)", push_column_values));
  all.push_back(reading("count_rows", {}, "integer", "The number of rows.",
                        "assert(t:count_rows() == 4)", [](Call& call) {
                          const RelationPtr relation = rows_of(call);
                          lua_pushinteger(call.state(),
                                          relation->backend->count_rows(relation, context(call)));
                          return 1;
                        }));
  all.push_back(reading("collect", {}, "Table", "Computes the table once and keeps the result.",
                        "assert(t:collect():count_rows() == 4)", [](Call& call) {
                          const RelationPtr relation = rows_of(call);
                          push_table(call.state(),
                                     relation->backend->cache(relation, context(call)));
                          return 1;
                        }));
  all.push_back(reading("write", {file_option("csv"), file_option("parquet"), file_option("jsonl")},
                        "nothing", "Writes the table to a file in the run folder.",
                        "t:write { csv = \"t.csv\" }", write_table));
  all.push_back(meaning(
      reading("expect",
              {{.name = "what",
                .type = "list",
                .text = "rows = N or { min, max }, key, unique, present = columns, range = { "
                        "column = { low, high } }, allowed = { column = { ... } }.",
                .fields = expectation_fields()}},
              "Table", "Fails with the offending rows unless the table is as expected.",
              "t:expect { rows = 4, unique = \"x\", range = { x = { 1, 4 } } }",
              [](Call& call) {
                lua_State* L = call.state();
                const RelationPtr relation = rows_of(call);
                relation->backend->check(
                    relation,
                    expectations_at(L, call.slot("what"), relation->schema, relation->label),
                    context(call));
                push_table(L, relation);
                return 1;
              }),
      "the same"));
  all.push_back(reading("explain", {}, "text", "What the backend would run.",
                        "assert(#t:explain() > 0)", [](Call& call) {
                          const RelationPtr relation = self(call);
                          push_text(call.state(), relation->backend->explain(relation));
                          return 1;
                        }));
  return all;
}

std::vector<Function> table_metamethods() {
  std::vector<Function> all;
  all.push_back(reading("__index", {{.name = "key", .type = "any", .text = "Column or method."}},
                        "Column|function", "t.name: a method of tables, else a column.",
                        "assert(tostring(t.x) == \"x\")", [](Call& call) {
                          lua_State* L = call.state();
                          const int key = call.slot("key");
                          push_methods(L, "Table");
                          const int methods = lua_gettop(L);
                          lua_pushvalue(L, key);
                          lua_rawget(L, methods);
                          if (!lua_isnil(L, -1)) return 1;
                          const RelationPtr relation = self(call);
                          const std::string name = text_at(L, key);
                          if (relation->schema.find(name)) {
                            push_column(L, {.expr = column(name), .table = relation});
                            return 1;
                          }
                          std::vector<std::string> candidates = relation->schema.names();
                          const std::string expected = list_words(candidates);
                          for (std::string& word : sorted_fields(L, methods)) {
                            candidates.push_back(std::move(word));
                          }
                          throw ArgumentError(
                              {.what = "no column '" + name + "' in " + relation->label,
                               .got = name.empty() ? describe_value(L, key) : name,
                               .expected = expected,
                               .hint = did_you_mean(name, candidates)});
                        }));
  all.push_back(reading("__tostring", {}, "text", "The first rows, as glimpse shows them.",
                        "assert(#tostring(t) > 0)", [](Call& call) {
                          push_text(call.state(), picture(call, 10, 80));
                          return 1;
                        }));
  return all;
}

std::map<std::string, Type> types_at(lua_State* L, int index, const std::string& place) {
  std::map<std::string, Type> types;
  if (lua_isnil(L, index)) return types;
  for (const std::string& name : sorted_fields(L, index)) {
    with_field(L, index, name, [&](int value) {
      if (find_box(L, value, "Type") != nullptr) {
        types.emplace(name, *get_handle<const Type>(L, value));
      } else if (lua_type(L, value) == LUA_TSTRING) {
        types.emplace(name, parse_type(text_at(L, value)));
      } else {
        throw ArgumentError({.what = "the type of '" + name + "' must be a text",
                             .where = place,
                             .got = describe_value(L, value),
                             .expected = "\"integer\", \"text\", ... or category { ... }"});
      }
    });
  }
  return types;
}

Expectations expectations_at(lua_State* L, int index, const Schema& schema,
                             const std::string& label) {
  Expectations out;
  if (lua_isnil(L, index)) return out;
  static const std::vector<std::string> fields = {"allowed", "key",  "present",
                                                  "range",   "rows", "unique"};
  for (const std::string& field : sorted_fields(L, index)) {
    if (std::find(fields.begin(), fields.end(), field) != fields.end()) continue;
    throw ArgumentError({.what = "expect has no field '" + field + "'",
                         .got = field,
                         .expected = list_words(fields),
                         .hint = did_you_mean(field, fields)});
  }
  with_field(L, index, "rows", [&](int value) { read_rows(L, value, &out); });
  with_field(L, index, "key", [&](int value) { out.key = names_at(L, value, "'key' of expect"); });
  with_field(L, index, "unique", [&](int value) {
    for (const auto& name : names_at(L, value, "'unique' of expect")) {
      expectation_of(out, name).unique = true;
    }
  });
  with_field(L, index, "present", [&](int value) {
    for (const auto& name : names_at(L, value, "'present' of expect")) {
      expectation_of(out, name).present = true;
    }
  });
  each_named(L, index, "range", [&](const std::string& name, int value) {
    ColumnExpectation& column = expectation_of(out, name);
    each_item(L, value, [&](int item, lua_Integer i) {
      const Value bound = value_at(L, item, "'range' of expect");
      if (!std::holds_alternative<std::monostate>(bound))
        (i == 1 ? column.min : column.max) = bound;
    });
  });
  each_named(L, index, "allowed", [&](const std::string& name, int value) {
    ColumnExpectation& column = expectation_of(out, name);
    each_item(L, value, [&](int item, lua_Integer) {
      column.allowed.push_back(value_at(L, item, "'allowed' of expect"));
    });
  });
  for (const auto& column : out.columns) (void)schema.require(column.column, label);
  return out;
}

}  // namespace impact::bindings
