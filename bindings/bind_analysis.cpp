#include "bindings/analysis_calls.h"
#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/recipe_reader.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "engine/analysis/analysis.h"
#include "engine/core/error.h"
#include "engine/study/analyse_node.h"
#include "engine/study/study.h"
#include "engine/table/verbs.h"

// stats.welch { ... } and its like: a method's name, its columns by role and its options become a
// Recipe, which S:analysis declares or :rows() computes at once.
namespace impact::bindings {
namespace {

Session& session(lua_State* L) { return *runtime(L).session(); }

// method, { "name:kind", ... }, then one value a name.
int make_recipe(lua_State* L) {
  RecipeReader reader(L, text_at(L, 1));
  std::vector<std::string> params;
  each_item(L, 2, [&](int item, lua_Integer) { params.push_back(text_at(L, item)); });
  lua_settop(L, static_cast<int>(params.size()) + 2);
  for (std::size_t i = 0; i < params.size(); ++i) {
    const std::size_t colon = params[i].find(':');
    reader.read(static_cast<int>(i) + 3, params[i].substr(0, colon),
                colon == std::string::npos ? "" : params[i].substr(colon + 1));
  }
  push_handle(L, std::make_shared<const Recipe>(reader.take()));
  return 1;
}

// name, at, recipe
int add_analysis(lua_State* L) {
  AnalysisNode node{get_handle<const Recipe>(L, 3)};
  runtime(L).session()->need_study().nodes.push_back({text_at(L, 1), text_at(L, 2), node});
  push_handle(L, std::make_shared<const FindingHandle>(FindingHandle{text_at(L, 1), node.recipe}));
  return 1;
}

void set_number(lua_State* L, const char* name, double value) {
  push_value(L, value);
  lua_setfield(L, -2, name);
}

void set_text(lua_State* L, const char* name, const std::string& value) {
  push_text(L, value);
  lua_setfield(L, -2, name);
}

void push_row(lua_State* L, const Estimate& row) {
  lua_createtable(L, 0, 12);
  set_text(L, "term", row.term);
  set_number(L, "estimate", row.estimate);
  set_number(L, "std_error", row.std_error);
  set_number(L, "statistic", row.statistic);
  set_number(L, "df", row.df);
  set_number(L, "p_value", row.p_value);
  set_number(L, "conf_low", row.conf_low);
  set_number(L, "conf_high", row.conf_high);
  lua_pushinteger(L, row.n);
  lua_setfield(L, -2, "n");
  set_text(L, "method", row.method);
  set_text(L, "se_type", row.se_type);
  lua_createtable(L, static_cast<int>(row.warnings.size()), 0);
  for (std::size_t i = 0; i < row.warnings.size(); ++i) {
    push_text(L, row.warnings[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
  lua_setfield(L, -2, "warnings");
}

constexpr const char* kSample =
    "local t <const> = frame { { \"y\", { 1, 2, 4, 7 } }, { \"g\", { \"a\", \"a\", \"b\", \"b\" } "
    "} }\n";

Function rows_function() {
  return {.name = "Analysis:rows",
          .params = {},
          .returns = "list of EstimateRow",
          .text = "Computes the analysis now; a study declares it with S:analysis instead.",
          .example = std::string(kSample) +
                     "local row <const> = stats.welch { of = t.y, by = t.g }:rows()[1]\n"
                     "assert(row.term == \"a - b\" and row.estimate == -4)",
          .body = [](Call& call) {
            lua_State* L = call.state();
            const AnalysisResult result = computed_analysis(call);
            reserve_stack(L, 8);
            lua_createtable(L, static_cast<int>(result.estimates.size()), 0);
            for (std::size_t i = 0; i < result.estimates.size(); ++i) {
              push_row(L, result.estimates[i]);
              lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
            }
            return 1;
          }};
}

Function table_function() {
  return {.name = "Analysis:table",
          .params = {{.name = "name",
                      .type = "text",
                      .text = "Which of its tables; may be left out where there is one.",
                      .optional = true}},
          .returns = "Table",
          .text = "Computes the analysis now and gives one of its tables.",
          .example = std::string(kSample) +
                     "local d <const> = stats.describe { of = t.y }:table()\n"
                     "assert(d:rows()[1].median == 3)",
          .body = [](Call& call) {
            AnalysisResult result = computed_analysis(call);
            std::vector<std::string> names;
            for (const AnalysisTable& table : result.tables) names.push_back(table.name);
            const std::string wanted = call.given("name")  ? call.text("name")
                                       : names.size() == 1 ? names[0]
                                                           : "";
            for (AnalysisTable& table : result.tables) {
              if (table.name != wanted) continue;
              push_table(call.state(), scan_frame(session(call.state()).backend(),
                                                  std::move(table.frame), {}, "'" + wanted + "'"));
              return 1;
            }
            call.fail("name", "the analysis has no such table",
                      names.empty() ? "no table: it gives rows only" : list_words(names),
                      did_you_mean(wanted, names));
          }};
}

Function finding_table_function() {
  return {
      .name = "Finding:table",
      .params = {{.name = "name", .type = "text", .text = "Which of its tables."}},
      .returns = "FindingTable",
      .text = "One of the tables of a declared analysis: for S:report and for plots.",
      .example = "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n" +
                 std::string(kSample) +
                 "local c <const> = S:analysis \"c\" (stats.chi_square { of = t.g, by = t.y })\n"
                 "S:report \"Counts\" { c:table \"counts\" }\nreturn S",
      .body = [](Call& call) {
        push_handle(call.state(), std::make_shared<const FindingTableHandle>(FindingTableHandle{
                                      call.self<const FindingHandle>()->name, call.text("name")}));
        return 1;
      }};
}

Function text_function() {
  return {.name = "Analysis:__tostring",
          .params = {},
          .returns = "text",
          .text = "The method and its columns.",
          .example = std::string(kSample) +
                     "assert(tostring(stats.welch { of = t.y, by = t.g }) == "
                     "\"welch of y by g\")",
          .body = [](Call& call) {
            push_text(call.state(), describe_recipe(*call.self<const Recipe>()));
            return 1;
          }};
}

// Fields of what push_row makes.
TypeDescriptor row_type() {
  const auto field = [](const char* name, const char* type, const char* text) {
    return Param{.name = name, .type = type, .text = text};
  };
  return {.name = "EstimateRow",
          .text = "One number of an analysis; what does not apply to it is not a number (NaN).",
          .fields = {field("term", "text", "What the number is of."),
                     field("estimate", "number", "The number."),
                     field("std_error", "number", "Its standard error."),
                     field("statistic", "number", "The test statistic."),
                     field("df", "number", "Degrees of freedom of the statistic."),
                     field("p_value", "number", "Two-sided unless asked otherwise."),
                     field("conf_low", "number", "Lower end of the interval."),
                     field("conf_high", "number", "Upper end of the interval."),
                     field("n", "integer", "Rows it was computed from."),
                     field("method", "text", "The method in full."),
                     field("se_type", "text", "Kind of the standard error, \"\" for none."),
                     {.name = "warnings",
                      .type = "list",
                      .text = "What to be careful about.",
                      .items = "text"}},
          .handle = false};
}

}  // namespace

AnalysisResult computed_analysis(const Call& call) {
  const auto recipe = call.self<const Recipe>();
  Session& self = session(call.state());
  if (recipe->table != nullptr) {
    self.check_reading(*recipe->table, std::string(call.function().short_name()));
  }
  if (!recipe->nodes.empty()) {
    throw ArgumentError({.what = "'" + recipe->method + "' works on declared analyses",
                         .expected = "S:analysis \"name\" (stats." + recipe->method + " { ... })"});
  }
  return analyse_recipe(*recipe, StreamKey::root(0).child(recipe->method), self.context());
}

void install_analyses(lua_State* L) {
  runtime(L).registry().add(row_type());
  register_type(L, {.name = "Analysis",
                    .text = "A test, regression or description of columns: stats.welch { ... }.",
                    .methods = {rows_function(), table_function(), model_function()},
                    .metamethods = {text_function()}});
  register_type(L, {.name = "Finding",
                    .text = "A declared analysis.",
                    .methods = {finding_table_function()},
                    .metamethods = {}});
  register_type(L, {.name = "FindingTable",
                    .text = "A table of a declared analysis, for the report and for plots.",
                    .methods = {},
                    .metamethods = {}});
  for (const auto& [name, body] :
       {std::pair<const char*, int (*)(lua_State*)>{"recipe", make_recipe},
        {"add_analysis", add_analysis}}) {
    push_private(L, body);
    extend_private_api(L, name);
  }
}

}  // namespace impact::bindings
