#include "bindings/recipe_reader.h"

#include <algorithm>
#include <map>

#include "bindings/guard.h"
#include "bindings/option_values.h"
#include "bindings/runtime.h"
#include "bindings/search_paths.h"
#include "engine/core/error.h"
#include "engine/learn/trained_model.h"
#include "engine/table/resolve.h"

namespace impact::bindings {
namespace {

using nlohmann::json;

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

bool has_role(const Recipe& recipe, const std::string& role) {
  return std::any_of(recipe.roles.begin(), recipe.roles.end(),
                     [&](const auto& entry) { return entry.first == role; });
}

StudyColumn column_of(const ExprPtr& expr, const StudyColumn& owner) {
  return {.name = expr->kind == Expr::Kind::kColumn ? expr->name : describe_expr(*expr),
          .expr = expr,
          .table = owner.table};
}

}  // namespace

void RecipeReader::read(int index, const std::string& name, const std::string& kind) {
  const std::string place = "'" + name + "' of " + recipe_.method;
  if (lua_isnil(L_, index)) return;
  if (kind == "sets") {
    add_sets(index, name, place);
  } else if (kind == "names") {
    recipe_.options[name] = option_at(L_, index, place, true);
  } else if (is_handle(L_, index, "Contrast")) {
    const auto contrast = get_handle<const StudyContrast>(L_, index);
    add(name, {contrast->exposure}, kind, place);
    recipe_.options["between"] = {contrast->treated, contrast->control};
  } else if (is_handle(L_, index, "Formula")) {
    add_formula(*get_handle<const FormulaHandle>(L_, index), place);
  } else if (is_handle(L_, index, "Column") ||
             list_of(L_, index, [&](int item) { return is_handle(L_, item, "Column"); })) {
    add(name, study_columns_at(L_, index, place), kind, place);
  } else if (is_handle(L_, index, "FindingTable")) {
    const auto table = get_handle<const FindingTableHandle>(L_, index);
    recipe_.nodes.push_back(table->node);
    recipe_.options["table"] = table->table;
  } else if (is_handle(L_, index, "FittedModel")) {
    const auto fitted = get_handle<const FittedHandle>(L_, index);
    recipe_.model = fitted->model;
    recipe_.options[name] = {{"sha256", fitted->sha256}};
  } else if (is_node(L_, index)) {
    add_node(index);
    if (name == "model" && is_handle(L_, index, "Finding")) {
      source_ = get_handle<const FindingHandle>(L_, index)->recipe;
    }
  } else if (list_of(L_, index, [&](int item) { return is_node(L_, item); })) {
    each_item(L_, index, [&](int item, lua_Integer) { add_node(item); });
  } else {
    recipe_.options[name] = option_at(L_, index, place);
  }
}

void RecipeReader::add(const std::string& role, std::vector<StudyColumn> columns,
                       const std::string& kind, const std::string& place) {
  for (StudyColumn& column : columns) {
    if (!column.model.empty() || !column.assignment.empty()) {
      throw ArgumentError({.what = place + " is no column of a table",
                           .got = column.name,
                           .expected = "a column of a source, as videos.views"});
    }
    if (column.name.empty()) column.name = describe_expr(*column.expr);
    if (recipe_.table == nullptr) recipe_.table = column.table;
    move_to(recipe_.table, "the first one", &column);
    check_kind(column, kind, place);
  }
  recipe_.roles.emplace_back(role, std::move(columns));
}

// The outcome is "of", the terms' columns stand in "terms", each once; option "terms" says which
// of them make a term.
void RecipeReader::add_formula(const FormulaHandle& handle, const std::string& place) {
  const Formula& formula = handle.formula;
  if (!formula.instruments.empty() || handle.owner.table == nullptr) {
    throw ArgumentError({.what = place + " can't be fitted by this method",
                         .got = formula.instruments.empty() ? "columns of no table" : "instruments",
                         .expected = "t.y ~ t.x + t.z with columns of one table"});
  }
  recipe_.table = handle.owner.table;
  add("of", {column_of(formula.outcome, handle.owner)}, "", place);
  add_terms("terms", formula.terms, handle.owner, place);
  add_terms("effects", formula.fixed_effects, handle.owner, place);
  if (!formula.intercept) recipe_.options["intercept"] = false;
}

void RecipeReader::add_terms(const std::string& role, const std::vector<Formula::Term>& terms,
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

// { published = { t.x, t.y }, honest = { t.x } }: all columns are role "features", option `name`
// says which belong to which set.
void RecipeReader::add_sets(int index, const std::string& name, const std::string& place) {
  if (!is_plain_table(L_, index)) {
    throw ArgumentError({.what = place + " is no list of sets",
                         .got = describe_value(L_, index),
                         .expected = "{ name = { columns }, ... }"});
  }
  json sets = json::object();
  std::vector<StudyColumn> all;
  for (const std::string& set : sorted_fields(L_, index)) {
    with_field(L_, index, set, [&](int value) {
      json names = json::array();
      for (StudyColumn& column : study_columns_at(L_, value, place)) {
        if (column.name.empty()) column.name = describe_expr(*column.expr);
        names.push_back(column.name);
        const bool known = std::any_of(all.begin(), all.end(), [&](const StudyColumn& other) {
          return other.name == column.name;
        });
        if (!known) all.push_back(std::move(column));
      }
      sets[set] = std::move(names);
    });
  }
  if (sets.empty())
    throw ArgumentError({.what = place + " holds no set", .expected = "one or more"});
  recipe_.options[name] = std::move(sets);
  add("features", std::move(all), "", place);
}

// Columns of the analysis that fitted the model: as they are, or those of the same names in
// another table.
void RecipeReader::take_over(const Recipe& source) {
  const bool same = recipe_.table == nullptr || recipe_.table == source.table;
  for (const auto& [role, members] : source.roles) {
    if (has_role(recipe_, role)) continue;
    if (same) {
      if (recipe_.table == nullptr) recipe_.table = source.table;
      recipe_.roles.emplace_back(role, members);
      continue;
    }
    if (role != "features") continue;
    std::vector<StudyColumn> columns;
    for (const StudyColumn& member : members) {
      columns.push_back({.name = member.name, .expr = column(member.name), .table = recipe_.table});
      check_column(columns.back());
    }
    recipe_.roles.emplace_back(role, std::move(columns));
  }
}

// The columns that a model learned from, in the table of the other columns.
void RecipeReader::take_inputs() {
  std::vector<StudyColumn> columns;
  for (const ModelInput& input : recipe_.model->inputs) {
    columns.push_back({.name = input.name, .expr = column(input.name), .table = recipe_.table});
    check_column(columns.back());
  }
  recipe_.roles.emplace_back("features", std::move(columns));
}

Recipe RecipeReader::take() {
  if (source_ != nullptr) take_over(*source_);
  if (recipe_.model != nullptr && recipe_.table != nullptr && !has_role(recipe_, "features")) {
    take_inputs();
  }
  if (recipe_.options.contains("space") && recipe_.options.contains("learner")) {
    check_search_paths(runtime(L_).registry(), recipe_.options["learner"],
                       recipe_.options["space"]);
  }
  return std::move(recipe_);
}

void RecipeReader::add_node(int index) {
  recipe_.nodes.push_back(is_handle(L_, index, "Finding")
                              ? get_handle<const FindingHandle>(L_, index)->name
                              : get_handle<const EstimatorHandle>(L_, index)->name);
}

std::string describe_recipe(const Recipe& recipe) {
  std::string text = recipe.method;
  for (const auto& [role, columns] : recipe.roles) {
    text += role == "terms" ? " on" : " " + role;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      text += i == 0 ? " " : ", ";
      text += columns[i].name.empty() ? describe_expr(*columns[i].expr) : columns[i].name;
    }
  }
  return text;
}

}  // namespace impact::bindings
