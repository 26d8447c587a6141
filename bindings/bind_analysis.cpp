#include <nlohmann/json.hpp>

#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "engine/analysis/analysis.h"
#include "engine/core/error.h"
#include "engine/study/analyse_node.h"
#include "engine/study/study.h"
#include "engine/table/resolve.h"
#include "engine/table/verbs.h"

// stats.welch { ... } and its like: a method's name, its columns by role and its options become a
// Recipe, which S:analysis declares or :rows() computes at once.
namespace impact::bindings {
namespace {

using nlohmann::json;

Session& session(lua_State* L) { return *runtime(L).session(); }

constexpr int kDeepest = 8;

// Plain values and lists of them as data. A list with text keys is an object.
json option_at(lua_State* L, int index, const std::string& place, int depth = 0) {
  if (depth > kDeepest) throw ArgumentError({.what = place + " is nested too deeply"});
  if (!is_plain_table(L, index)) {
    const Value value = value_at(L, index, place);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
    if (const auto* number = std::get_if<double>(&value)) return *number;
    if (std::holds_alternative<std::monostate>(value)) return nullptr;
    return format_value(value);
  }
  json list = json::array();
  each_item(L, index,
            [&](int item, lua_Integer) { list.push_back(option_at(L, item, place, depth + 1)); });
  const auto fields = sorted_fields(L, index);
  if (fields.empty()) return list;
  if (!list.empty()) throw ArgumentError({.what = place + " mixes a list and named values"});
  json object = json::object();
  for (const std::string& name : fields) {
    with_field(L, index, name,
               [&](int value) { object[name] = option_at(L, value, place, depth + 1); });
  }
  return object;
}

bool is_handle(lua_State* L, int index, const char* type) {
  return find_box(L, index, type) != nullptr;
}

bool is_node(lua_State* L, int index) {
  return is_handle(L, index, "Finding") || is_handle(L, index, "Estimator");
}

// Whether the list's first item satisfies a test.
template <class Test>
bool list_of(lua_State* L, int index, Test test) {
  if (!is_plain_table(L, index) || lua_rawlen(L, index) == 0) return false;
  lua_rawgeti(L, index, 1);
  const bool found = test(lua_gettop(L));
  lua_pop(L, 1);
  return found;
}

// What a role's columns must hold.
void check_kind(const StudyColumn& column, const std::string& kind, const std::string& place) {
  if (kind.empty() || column.table == nullptr) return;
  const Type type =
      bind_columns(resolve({{"value", column.expr}}, *column.table), *column.table)[0].type;
  const bool timed = type.kind == TypeKind::kDate || type.kind == TypeKind::kTimestamp;
  const bool fits = kind == "number" ? type.numeric() || type.kind == TypeKind::kBoolean
                                     : kind != "group" || !timed;
  if (fits) return;
  throw ArgumentError(
      {.what = place + (kind == "number" ? " must hold numbers" : " must be groups"),
       .got = (column.name.empty() ? describe_expr(*column.expr) : column.name) + " (" +
              type.name() + ")",
       .expected = kind == "number" ? "an integer, number or boolean column"
                                    : "texts, categories, booleans or whole numbers"});
}

class RecipeReader {
 public:
  RecipeReader(lua_State* L, std::string method) : L_(L) { recipe_.method = std::move(method); }

  // `name` is that of the parameter, `kind` what its columns must hold ("": anything).
  void read(int index, const std::string& name, const std::string& kind) {
    const std::string place = "'" + name + "' of " + recipe_.method;
    if (lua_isnil(L_, index)) return;
    if (is_handle(L_, index, "Contrast")) {
      const auto contrast = get_handle<const StudyContrast>(L_, index);
      add(name, {contrast->exposure}, kind, place);
      recipe_.options["between"] = {contrast->treated, contrast->control};
    } else if (is_handle(L_, index, "Formula")) {
      add_formula(*get_handle<const FormulaHandle>(L_, index), place);
    } else if (is_handle(L_, index, "Column") ||
               list_of(L_, index, [&](int item) { return is_handle(L_, item, "Column"); })) {
      add(name, study_columns_at(L_, index, place), kind, place);
    } else if (is_node(L_, index)) {
      add_node(index);
    } else if (list_of(L_, index, [&](int item) { return is_node(L_, item); })) {
      each_item(L_, index, [&](int item, lua_Integer) { add_node(item); });
    } else {
      recipe_.options[name] = option_at(L_, index, place);
    }
  }

  Recipe take() { return std::move(recipe_); }

 private:
  void add(const std::string& role, std::vector<StudyColumn> columns, const std::string& kind,
           const std::string& place) {
    for (StudyColumn& column : columns) {
      if (!column.model.empty() || !column.assignment.empty()) {
        throw ArgumentError({.what = place + " is no column of a table",
                             .got = column.name,
                             .expected = "a column of a source, as videos.views"});
      }
      if (recipe_.table == nullptr) recipe_.table = column.table;
      move_to(recipe_.table, "the first one", &column);
      check_kind(column, kind, place);
    }
    recipe_.roles.emplace_back(role, std::move(columns));
  }

  // The outcome is "of", the terms' columns stand in "terms", each once; option "terms" says which
  // of them make a term.
  void add_formula(const FormulaHandle& handle, const std::string& place) {
    const Formula& formula = handle.formula;
    if (!formula.instruments.empty() || handle.owner.table == nullptr) {
      throw ArgumentError(
          {.what = place + " can't be fitted by this method",
           .got = formula.instruments.empty() ? "columns of no table" : "instruments",
           .expected = "t.y ~ t.x + t.z with columns of one table"});
    }
    recipe_.table = handle.owner.table;
    add("of", {column_of(formula.outcome, handle.owner)}, "", place);
    add_terms("terms", formula.terms, handle.owner, place);
    add_terms("effects", formula.fixed_effects, handle.owner, place);
    if (!formula.intercept) recipe_.options["intercept"] = false;
  }

  static StudyColumn column_of(const ExprPtr& expr, const StudyColumn& owner) {
    return {.name = expr->kind == Expr::Kind::kColumn ? expr->name : describe_expr(*expr),
            .expr = expr,
            .table = owner.table};
  }

  void add_terms(const std::string& role, const std::vector<Formula::Term>& terms,
                 const StudyColumn& owner, const std::string& place) {
    if (terms.empty()) return;
    std::vector<StudyColumn> columns;
    std::map<std::string, std::size_t> known;
    json lists = json::array();
    bool products = false;
    for (const Formula::Term& term : terms) {
      json list = json::array();
      for (const ExprPtr& part : term) {
        const auto [at, fresh] = known.try_emplace(to_json(*part).dump(), columns.size());
        if (fresh) columns.push_back(column_of(part, owner));
        list.push_back(at->second);
      }
      products = products || term.size() > 1;
      lists.push_back(std::move(list));
    }
    add(role, std::move(columns), "", place);
    if (products) recipe_.options[role] = std::move(lists);
  }

  void add_node(int index) {
    recipe_.nodes.push_back(is_handle(L_, index, "Finding")
                                ? get_handle<const FindingHandle>(L_, index)->name
                                : get_handle<const EstimatorHandle>(L_, index)->name);
  }

  lua_State* L_;
  Recipe recipe_;
};

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
  push_handle(L, std::make_shared<const FindingHandle>(FindingHandle{text_at(L, 1)}));
  return 1;
}

AnalysisResult computed(const Call& call) {
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
          .returns =
              "list of rows: term, estimate, std_error, statistic, df, p_value, conf_low, "
              "conf_high, n, method, se_type, warnings",
          .text = "Computes the analysis now; a study declares it with S:analysis instead.",
          .example = std::string(kSample) +
                     "local row <const> = stats.welch { of = t.y, by = t.g }:rows()[1]\n"
                     "assert(row.term == \"a - b\" and row.estimate == -4)",
          .body = [](Call& call) {
            lua_State* L = call.state();
            const AnalysisResult result = computed(call);
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
            AnalysisResult result = computed(call);
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

Function text_function() {
  return {.name = "Analysis:__tostring",
          .params = {},
          .returns = "text",
          .text = "The method and its columns.",
          .example = std::string(kSample) +
                     "assert(tostring(stats.welch { of = t.y, by = t.g }) == "
                     "\"welch of y by g\")",
          .body = [](Call& call) {
            const auto recipe = call.self<const Recipe>();
            std::string text = recipe->method;
            for (const auto& [role, columns] : recipe->roles) {
              text += " " + role;
              for (std::size_t i = 0; i < columns.size(); ++i) {
                text +=
                    (i == 0 ? " " : ", ") +
                    (columns[i].name.empty() ? describe_expr(*columns[i].expr) : columns[i].name);
              }
            }
            push_text(call.state(), text);
            return 1;
          }};
}

}  // namespace

void install_analyses(lua_State* L) {
  register_type(L, {.name = "Analysis",
                    .text = "A test, regression or description of columns: stats.welch { ... }.",
                    .methods = {rows_function(), table_function()},
                    .metamethods = {text_function()}});
  register_type(
      L, {.name = "Finding", .text = "A declared analysis.", .methods = {}, .metamethods = {}});
  for (const auto& [name, body] :
       {std::pair<const char*, int (*)(lua_State*)>{"recipe", make_recipe},
        {"add_analysis", add_analysis}}) {
    push_private(L, body);
    extend_private_api(L, name);
  }
}

}  // namespace impact::bindings
