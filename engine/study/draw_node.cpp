#include "engine/study/draw_node.h"

#include <algorithm>

#include "engine/study/needs.h"

namespace impact {
namespace {

constexpr std::string_view kPrefix = "plot.";
constexpr std::string_view kRole = "role ";

std::string kind_of_figure(const Recipe& recipe) { return recipe.method.substr(kPrefix.size()); }

// Columns of a table of rows.
FigureInput gather(const Recipe& recipe, const RelationPtr& table, const Context& context) {
  FigureInput input;
  for (const auto& [name, value] : recipe.options.items()) {
    if (!name.starts_with(kRole) && name != "table") input.options[name] = value;
  }
  if (table == nullptr) return input;
  Needs needs(table);
  for (const auto& [role, members] : recipe.roles) {
    auto& [name, columns] = input.roles.emplace_back();
    name = role;
    for (const StudyColumn& item : members) columns.push_back(needs.add(item));
  }
  input.frame = needs.collect(context);
  return input;
}

const NodeResult& result_of(const std::string& name, const EarlierResults& earlier) {
  const NodeResult* result = earlier(name);
  if (result != nullptr) return *result;
  throw ArgumentError({.what = "'" + name + "' has no result without data",
                       .expected = "analyses and estimators that data answer"});
}

const Frame& table_of(const Recipe& recipe, const NodeResult& result) {
  const std::string wanted = recipe.options.value("table", "");
  std::vector<std::string> names;
  for (const auto& [name, frame] : result.tables) {
    if (name == wanted || (wanted.empty() && result.tables.size() == 1)) return frame;
    names.push_back(name);
  }
  throw ArgumentError(
      {.what = "'" + recipe.nodes[0] + "' has no table '" + wanted + "'",
       .expected = names.empty() ? "an analysis that gives tables" : list_words(names),
       .hint = did_you_mean(wanted, names)});
}

// Roles that were not given are the columns of their names, unless another role took that column:
// of "feature = 'column'" the panels' role "column" must not make use too.
void take_table(const Recipe& recipe, const FigureKind& kind, const Frame& table,
                FigureInput* input) {
  input->frame = table;
  const auto given_for = [&](const FigureRole& role) {
    return recipe.options.value(std::string(kRole) + role.name, std::string());
  };
  for (const FigureRole& role : kind.roles) {
    const std::string given = given_for(role);
    const std::string column = given.empty() ? role.name : given;
    const bool taken = given.empty() && std::any_of(kind.roles.begin(), kind.roles.end(),
                                                    [&](const FigureRole& other) {
                                                      return given_for(other) == role.name;
                                                    });
    if (taken) continue;
    if (!given.empty()) (void)table.column(given);  // Throws with a suggestion.
    if (table.schema().find(column)) input->roles.push_back({role.name, {column}});
  }
}

void take_estimates(const Recipe& recipe, const EarlierResults& earlier, FigureInput* input) {
  // One row a node: the nodes are told apart; else their terms.
  const bool terms = std::any_of(recipe.nodes.begin(), recipe.nodes.end(), [&](const auto& name) {
    return result_of(name, earlier).estimates.size() > 1;
  });
  const std::string only = recipe.options.value("term", std::string());
  for (const std::string& name : recipe.nodes) {
    for (const Estimate& row : result_of(name, earlier).estimates) {
      if (!only.empty() && row.term != only) continue;
      FigureRow& out = input->estimates.emplace_back();
      out.label = terms ? row.term : name;
      if (terms && recipe.nodes.size() > 1) out.group = name;
      out.estimate = row.estimate;
      out.low = row.conf_low;
      out.high = row.conf_high;
      out.p = row.p_value;
    }
  }
  input->options.erase("term");
}

const FigureKind& kind_named(const std::string& name) {
  const auto& all = figure_kinds();
  return *std::find_if(all.begin(), all.end(),
                       [&](const FigureKind& kind) { return kind.name == name; });
}

}  // namespace

Figure draw_recipe(const Recipe& recipe, const Context& context) {
  return make_figure(kind_of_figure(recipe), gather(recipe, recipe.table, context), context);
}

NodeResult draw_node(const FigureNode& node, const Blind& blind, const EarlierResults& earlier,
                     const Context& context) {
  const Recipe& recipe = *node.recipe;
  const RelationPtr seen = recipe.table == nullptr ? nullptr : blind(recipe.table);
  FigureInput input = gather(recipe, seen, context);
  const std::string name = kind_of_figure(recipe);
  const FigureKind& kind = kind_named(name);
  if (kind.estimates) {
    take_estimates(recipe, earlier, &input);
  } else if (!recipe.nodes.empty()) {
    take_table(recipe, kind, table_of(recipe, result_of(recipe.nodes[0], earlier)), &input);
  }
  Figure figure = make_figure(name, input, context);
  NodeResult result;
  result.rows = static_cast<std::int64_t>(figure.rows_in);
  result.figure = figure.spec.dump();
  result.words = std::move(figure.words);
  result.warnings = std::move(figure.warnings);
  return result;
}

}  // namespace impact
