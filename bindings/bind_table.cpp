#include <map>
#include <nlohmann/json.hpp>

#include "bindings/columns.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/random.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "bindings/table_type.h"
#include "engine/table/verbs.h"

namespace impact::bindings {
namespace {

Param columns_param(bool optional, std::string text, bool keyed = false) {
  return {.name = "columns",
          .type = kColumns,
          .text = std::move(text),
          .optional = optional,
          .variadic = true,
          .items = keyed ? "Column|text|number|boolean|missing" : "",
          .keyed = keyed};
}

Param option(std::string name, std::string type, std::string text) {
  return {.name = std::move(name),
          .type = std::move(type),
          .text = std::move(text),
          .optional = true,
          .named = true};
}

Param texts(std::string name, std::string text) {
  Param out = option(std::move(name), "list", std::move(text));
  out.items = "text";
  return out;
}

RelationPtr self(const Call& call) { return call.self<const Relation>(); }

int give(const Call& call, RelationPtr relation) {
  push_table(call.state(), std::move(relation));
  return 1;
}

std::string place(const Call& call) { return call.function().name; }

std::vector<std::string> names(const Call& call, const char* name) {
  return names_at(call.state(), call.slot(name), "'" + std::string(name) + "' of " + place(call));
}

Function select_function() {
  return verb(
      "select", {columns_param(false, "Columns to keep, or to compute: a.b:as \"c\".", true)},
      "Keeps exactly these columns, in this order.",
      "assert(#t:select(\"x\", (t.x * 2):as \"twice\"):rows() == 4)", [](Call& call) {
        return give(call, select(self(call),
                                 definitions_at(call.state(), call.slot("columns"), place(call))));
      });
}

Function drop_function() {
  return verb("drop", {columns_param(false, "Columns to leave out.")}, "Leaves out these columns.",
              "assert(t:drop(\"x\"):shape().columns == 2)",
              [](Call& call) { return give(call, drop(self(call), names(call, "columns"))); });
}

Function rename_function() {
  return verb(
      "rename",
      {{.name = "names",
        .type = "list",
        .text = "new = \"old\", or { \"old\", \"new\" }.",
        .items = "text|list",
        .keyed = true}},
      "Gives columns other names.",
      "assert(t:rename { value = \"x\" }:column_values(\"value\")[1] == 3)", [](Call& call) {
        lua_State* L = call.state();
        std::vector<std::pair<std::string, std::string>> pairs;
        const int list = call.slot("names");
        each_item(L, list, [&](int item, lua_Integer) {
          const auto pair = names_at(L, item, place(call));
          if (pair.size() != 2) {
            call.fail("names", "a pair of names has " + std::to_string(pair.size()) + " items",
                      "{ \"old\", \"new\" }");
          }
          pairs.emplace_back(pair[0], pair[1]);
        });
        for (const std::string& name : sorted_fields(L, list)) {
          with_field(L, list, name,
                     [&](int value) { pairs.emplace_back(name_at(L, value, place(call)), name); });
        }
        return give(call, rename(self(call), pairs));
      });
}

Function derive_function() {
  return verb("derive", {columns_param(false, "expr:as \"name\", or name = expr.", true)},
              "Adds or replaces computed columns.",
              "assert(t:derive { y = t.x + 1 }:column_values(\"y\")[1] == 4)", [](Call& call) {
                return give(
                    call, derive(self(call),
                                 definitions_at(call.state(), call.slot("columns"), place(call))));
              });
}

Function filter_function() {
  return verb("filter",
              {{.name = "condition",
                .type = "Column|text",
                .text = "Which rows to keep: a condition, or SQL text."}},
              "Keeps the rows for which the condition is true.",
              "assert(t:filter(t.x:gt(1)):count_rows() == 3)\n"
              "assert(t:filter(\"x > 1\"):count_rows() == 3)",
              [](Call& call) {
                lua_State* L = call.state();
                const int slot = call.slot("condition");
                const bool text = lua_type(L, slot) == LUA_TSTRING;
                return give(call, filter(self(call), text ? sql_expr(text_at(L, slot))
                                                          : expr_at(L, slot, place(call))));
              });
}

Function distinct_function() {
  return verb("distinct", {columns_param(true, "Columns that must differ; default: all.")},
              "Keeps one row of each different combination.",
              "assert(t:select(\"g\"):distinct():count_rows() == 2)",
              [](Call& call) { return give(call, distinct(self(call), names(call, "columns"))); });
}

Function sort_function() {
  return verb("sort", {columns_param(false, "Columns, or desc(column).")},
              "Orders the rows; missing cells come last.",
              "assert(t:sort(desc(t.x)):column_values(\"x\")[1] == 4)", [](Call& call) {
                return give(call, sort(self(call), sort_keys_at(call.state(), call.slot("columns"),
                                                                place(call))));
              });
}

Function head_function() {
  return verb("head",
              {{.name = "count",
                .type = "integer",
                .text = "Rows to keep.",
                .optional = true,
                .fallback = std::int64_t{10},
                .min = 0},
               {.name = "offset",
                .type = "integer",
                .text = "Rows to leave out before.",
                .optional = true,
                .named = true,
                .fallback = std::int64_t{0},
                .min = 0}},
              "Keeps the first rows.", "assert(t:head(2):count_rows() == 2)", [](Call& call) {
                return give(call, head(self(call), call.integer("count"), call.integer("offset")));
              });
}

Function sample_function() {
  Param count = option("n", "integer", "Rows to keep of every group.");
  count.min = 0;
  Param fraction = option("fraction", "number", "Share of rows to keep.");
  fraction.min = 0;
  fraction.max = 1;
  Param stream = option("stream", "Random", "Where the draws come from: S:random \"name\".");
  stream.optional = false;
  return verb(
      "sample",
      {std::move(count), std::move(fraction),
       option("by", kColumns, "Draws within groups of these columns."), std::move(stream)},
      "Draws rows at random. Which ones depends on the stream and the rows' keys only.",
      "assert(t:with_key(\"x\"):sample { n = 2, stream = random(\"draw\", 7) }:count_rows() == 2)",
      [](Call& call) {
        Sample options;
        if (call.given("n")) options.count = call.integer("n");
        if (call.given("fraction")) options.fraction = call.number("fraction");
        options.by = names(call, "by");
        options.stream = call.handle<RandomStream>("stream")->key.value;
        return give(call, sample(self(call), std::move(options)));
      });
}

Function summarise_function() {
  return verb("summarise",
              {{.name = "columns",
                .type = "list",
                .text = "Aggregates, named by :as or as fields, and by = columns to group by.",
                .items = "Column",
                .keyed = true,
                .fields = {option("by", kColumns, "Columns to group by.")}}},
              "One row a group, with the aggregates of its rows.",
              "local s = t:summarise { by = t.g, t.x:sum():as \"total\", n = count() }\n"
              "assert(s:count_rows() == 2)",
              [](Call& call) {
                lua_State* L = call.state();
                const int list = call.slot("columns");
                std::vector<NamedExpr> by;
                with_field(L, list, "by",
                           [&](int value) { by = columns_at(L, value, "'by' of " + place(call)); });
                return give(call, summarise(self(call), std::move(by),
                                            definitions_at(L, list, place(call), {"by"})));
              });
}

Function count_function() {
  return verb("count", {columns_param(false, "Columns whose combinations are counted.")},
              "How often each combination occurs, most frequent first.",
              "assert(t:count(\"g\"):count_rows() == 2)", [](Call& call) {
                return give(call, value_counts(self(call), names(call, "columns")));
              });
}

// "id", { "id", "day" }, { { "left", "right" } } or { left = "right" }.
std::vector<std::pair<std::string, std::string>> join_columns(const Call& call) {
  lua_State* L = call.state();
  const int slot = call.slot("on");
  std::vector<std::pair<std::string, std::string>> on;
  if (lua_isnil(L, slot)) return on;
  if (!is_plain_table(L, slot)) {
    const std::string name = name_at(L, slot, "'on' of join");
    return {{name, name}};
  }
  each_item(L, slot, [&](int item, lua_Integer) {
    const auto pair = names_at(L, item, "'on' of join");
    if (pair.empty() || pair.size() > 2) {
      call.fail("on", "a pair of columns has " + std::to_string(pair.size()) + " items",
                "{ \"left\", \"right\" }");
    }
    on.emplace_back(pair.front(), pair.back());
  });
  for (const std::string& name : sorted_fields(L, slot)) {
    with_field(L, slot, name,
               [&](int value) { on.emplace_back(name, name_at(L, value, "'on' of join")); });
  }
  return on;
}

Function join_function() {
  static const std::map<std::string, JoinKind> kinds = {
      {"inner", JoinKind::kInner}, {"left", JoinKind::kLeft}, {"right", JoinKind::kRight},
      {"full", JoinKind::kFull},   {"semi", JoinKind::kSemi}, {"anti", JoinKind::kAnti},
      {"cross", JoinKind::kCross}};
  static const std::map<std::string, JoinExpectation> expectations = {
      {"any", JoinExpectation::kAny},
      {"one-to-one", JoinExpectation::kOneToOne},
      {"one-to-many", JoinExpectation::kOneToMany},
      {"many-to-one", JoinExpectation::kManyToOne}};
  Param on = option("on", kColumns, "Columns that must agree: \"id\", or { left = \"right\" }.");
  on.items = "text|Column|list";
  on.keyed = true;
  Param kind = option("kind", "text", "Which rows without a partner stay.");
  kind.fallback = std::string("inner");
  for (const auto& [name, value] : kinds) kind.allowed.push_back(name);
  Param suffix = option("suffix", "text", "Added to names of right columns that clash.");
  suffix.fallback = std::string("_right");
  Param expect = option("expect", "text", "How often keys may repeat; checked when it runs.");
  expect.fallback = std::string("any");
  for (const auto& [name, value] : expectations) expect.allowed.push_back(name);
  return verb(
      "join",
      {{.name = "other", .type = "Table", .text = "The right table."},
       std::move(on),
       std::move(kind),
       std::move(suffix),
       std::move(expect),
       option("rows", "integer", "Rows the result must have.")},
      "Puts rows of two tables side by side.",
      "local names = frame { { \"g\", { \"a\", \"b\" } }, { \"name\", { \"A\", \"B\" } } }\n"
      "assert(t:join(names, { on = \"g\", expect = \"many-to-one\", rows = 4 }):count_rows() == 4)",
      [](Call& call) {
        Join options{.kind = kinds.at(call.text("kind")), .on = join_columns(call)};
        options.suffix = call.text("suffix");
        options.expect = expectations.at(call.text("expect"));
        if (call.given("rows")) options.expect_rows = call.integer("rows");
        return give(call,
                    join(self(call), call.handle<const Relation>("other"), std::move(options)));
      });
}

Function union_function() {
  return verb("union",
              {{.name = "others",
                .type = "Table|list",
                .text = "Tables with the same columns.",
                .variadic = true}},
              "The rows of this table and of the others.",
              "assert(t:union(t, t):count_rows() == 12)", [](Call& call) {
                std::vector<RelationPtr> inputs{self(call)};
                each_item(call.state(), call.slot("others"), [&](int item, lua_Integer) {
                  inputs.push_back(get_handle<const Relation>(call.state(), item));
                });
                return give(call, union_all(std::move(inputs)));
              });
}

Function pivot_longer_function() {
  Param columns = option("columns", kColumns, "Columns that become rows; of one type.");
  columns.optional = false;
  Param to_name = option("names_to", "text", "New column for their names.");
  to_name.fallback = std::string("name");
  Param to_value = option("values_to", "text", "New column for their cells.");
  to_value.fallback = std::string("value");
  return verb("pivot_longer", {std::move(columns), std::move(to_name), std::move(to_value)},
              "Turns columns into rows.",
              "assert(t:derive { y = t.x * 2 }:pivot_longer { columns = { \"x\", \"y\" } "
              "}:count_rows() == 8)",
              [](Call& call) {
                return give(call, pivot_longer(self(call), {.columns = names(call, "columns"),
                                                            .names_to = call.text("names_to"),
                                                            .values_to = call.text("values_to")}));
              });
}

Function pivot_wider_function() {
  Param from = option("names_from", "text|Column", "Column whose cells name the new columns.");
  from.optional = false;
  Param values = option("values_from", "text|Column", "Column whose cells fill them.");
  values.optional = false;
  return verb(
      "pivot_wider",
      {std::move(from), std::move(values),
       texts("names", "New columns in order; default: read from the data, sorted.")},
      "Turns rows into columns.",
      "local long = t:select(\"x\", \"g\"):derive { y = t.x * 2 }:pivot_longer { columns = { "
      "\"x\", \"y\" } }\n"
      "local top = long:summarise { by = { \"g\", \"name\" }, value = long.value:max() }\n"
      "local wide = top:pivot_wider { names_from = \"name\", values_from = \"value\" }\n"
      "assert(wide:count_rows() == 2)",
      [](Call& call) {
        lua_State* L = call.state();
        if (!call.given("names")) {
          runtime(L).session()->check_reading(*self(call), "pivot_wider without names");
        }
        return give(call,
                    pivot_wider(self(call),
                                {.names_from = name_at(L, call.slot("names_from"), "names_from"),
                                 .values_from = name_at(L, call.slot("values_from"), "values_from"),
                                 .names = call.texts("names")}));
      });
}

Function drop_missing_function() {
  return verb(
      "drop_missing", {columns_param(true, "Columns that must be present; default: all.")},
      "Keeps the rows without a missing cell.", "assert(t:drop_missing(\"y\"):count_rows() == 3)",
      [](Call& call) { return give(call, drop_missing(self(call), names(call, "columns"))); });
}

Function fill_missing_function() {
  return verb("fill_missing",
              {{.name = "values",
                .type = "list",
                .text = "column = value, for each column to fill.",
                .items = "boolean|number|text",
                .keyed = true}},
              "Replaces missing cells by a value.",
              "assert(t:fill_missing { y = 0 }:drop_missing():count_rows() == 4)", [](Call& call) {
                lua_State* L = call.state();
                const int list = call.slot("values");
                std::vector<std::pair<std::string, Value>> values;
                for (const std::string& name : sorted_fields(L, list)) {
                  with_field(L, list, name, [&](int value) {
                    values.emplace_back(name, value_at(L, value, "'" + name + "' of fill_missing"));
                  });
                }
                return give(call, fill_missing(self(call), values));
              });
}

Function fill_forward_function() {
  Param order = option("order", kColumns, "Order of the rows.");
  order.optional = false;
  return verb("fill_forward",
              {{.name = "columns", .type = kColumns, .text = "Columns to fill."},
               std::move(order),
               option("by", kColumns, "Fills within groups of these columns.")},
              "Replaces missing cells by the last present one before.",
              "assert(t:fill_forward(\"y\", { order = t.x }):count_rows() == 4)", [](Call& call) {
                return give(call,
                            fill_forward(self(call), names(call, "columns"),
                                         sort_keys_at(call.state(), call.slot("order"), "order"),
                                         names(call, "by")));
              });
}

std::vector<Param> resample_fields() {
  Param time = option("time", "text|Column", "A column of dates or timestamps.");
  time.optional = false;
  Param period = option("period", "text", "How long each is.");
  period.optional = false;
  period.allowed = {"day", "week", "week_sunday", "month", "quarter", "year"};
  return {std::move(time), std::move(period), option("by", kColumns, "Columns to group by.")};
}

Function resample_function() {
  static const std::map<std::string, Period> periods = {{"day", Period::kDay},
                                                        {"week", Period::kWeekMonday},
                                                        {"week_sunday", Period::kWeekSunday},
                                                        {"month", Period::kMonth},
                                                        {"quarter", Period::kQuarter},
                                                        {"year", Period::kYear}};
  return verb(
      "resample",
      {{.name = "columns",
        .type = "list",
        .text = "time = column, period = \"day\" | \"week\" | \"week_sunday\" | \"month\" | "
                "\"quarter\" | \"year\", by = columns, and aggregates as in summarise.",
        .items = "Column",
        .keyed = true,
        .fields = resample_fields()}},
      "One row a group and period, which is named by its first day.",
      "local d = frame { { \"day\", { \"2024-01-31\", \"2024-02-01\" } }, { \"n\", { 1, 2 } } }\n"
      "  :cast { day = \"date\" }\n"
      "assert(d:resample { time = \"day\", period = \"month\", total = d.n:sum() }:count_rows() == "
      "2)",
      [](Call& call) {
        lua_State* L = call.state();
        const int list = call.slot("columns");
        std::string time;
        std::string period;
        std::vector<std::string> by;
        with_field(L, list, "time", [&](int value) { time = name_at(L, value, "'time'"); });
        with_field(L, list, "period", [&](int value) { period = text_at(L, value); });
        with_field(L, list, "by", [&](int value) { by = names_at(L, value, "'by'"); });
        if (time.empty())
          call.fail("columns", "resample needs time = column", "a date or timestamp");
        const auto at = periods.find(period);
        if (at == periods.end()) {
          std::vector<std::string> good;
          for (const auto& [name, value] : periods) good.push_back(name);
          throw ArgumentError({.what = "'period' of Table:resample can't be '" + period + "'",
                               .got = period,
                               .expected = list_words(good),
                               .hint = did_you_mean(period, good)});
        }
        return give(call, resample(self(call), time, at->second, std::move(by),
                                   definitions_at(L, list, place(call), {"time", "period", "by"})));
      });
}

Function with_key_function() {
  return verb("with_key", {columns_param(false, "Columns that together identify a row.")},
              "Declares the key; checked when the table is first computed.",
              "assert(t:with_key(\"x\"):count_rows() == 4)",
              [](Call& call) { return give(call, with_key(self(call), names(call, "columns"))); });
}

Function cast_function() {
  return verb("cast",
              {{.name = "types",
                .type = "list",
                .text = "column = \"type\" or category { ... }.",
                .items = "text|Type",
                .keyed = true}},
              "Gives columns other types; a cell that can't be converted is an error.",
              "assert(t:cast { x = \"text\" }:column_values(\"x\")[1] == \"3\")", [](Call& call) {
                const auto types = types_at(call.state(), call.slot("types"), place(call));
                return give(call, cast(self(call), {types.begin(), types.end()}));
              });
}

}  // namespace

Function verb(const std::string& name, std::vector<Param> params, std::string text,
              const std::string& example, std::function<int(Call&)> body) {
  return {.name = "Table:" + name,
          .params = std::move(params),
          .returns = "Table",
          .text = std::move(text),
          .example =
              "local t = frame { { \"x\", { 3, 1, 4, 2 } }, { \"y\", { 1.5, missing, 2.5, 3.5 } "
              "},\n  { \"g\", { \"a\", \"a\", \"b\", \"b\" } } }\n" +
              example,
          .body = std::move(body)};
}

void install_tables(lua_State* L) {
  TypeDescriptor type{
      .name = "Table",
      .text = "A lazy table: columns with names and types, computed when asked for.",
      .any_field = "Column"};
  type.methods = {select_function(),       drop_function(),         rename_function(),
                  derive_function(),       filter_function(),       distinct_function(),
                  sort_function(),         head_function(),         sample_function(),
                  summarise_function(),    count_function(),        join_function(),
                  union_function(),        pivot_longer_function(), pivot_wider_function(),
                  drop_missing_function(), fill_missing_function(), fill_forward_function(),
                  resample_function(),     with_key_function(),     cast_function()};
  for (Function& function : reading_functions()) type.methods.push_back(std::move(function));
  for (Function& function : table_metamethods()) type.metamethods.push_back(std::move(function));
  register_type(L, std::move(type));
  for (TypeDescriptor& kind : table_kinds()) runtime(L).registry().add(std::move(kind));
}

}  // namespace impact::bindings
