#include "engine/study/analyse_node.h"

#include "engine/analysis/analysis.h"
#include "engine/analysis/strata.h"
#include "engine/study/needs.h"
#include "engine/study/recipe.h"
#include "engine/study/strata.h"
#include "engine/table/lineage.h"

namespace impact {
namespace {

std::vector<EarlierAnswer> answers_of(const Recipe& recipe, const EarlierResults& earlier) {
  std::vector<EarlierAnswer> out;
  for (const std::string& name : recipe.nodes) {
    const NodeResult* result = earlier(name);
    if (result == nullptr) {
      throw ArgumentError({.what = "'" + name + "' has no result without data",
                           .expected = "analyses and estimators that data answer"});
    }
    out.push_back({name, result->estimates, result->models, &result->tables});
  }
  return out;
}

// The columns of numbers that a computed "of" comes from and that the table still has, as role
// "label_sources".
void add_sources(const Recipe& recipe, const RelationPtr& table, Needs* needs,
                 AnalysisInput* input) {
  std::vector<std::string> sources;
  for (const auto& [role, members] : recipe.roles) {
    if (role != "of") continue;
    const Expr& of = *members[0].expr;
    for (const Origin& origin : origins_of(*table, of)) {
      const std::string& name = origin.second;
      const auto at = table->schema.find(name);
      if (!at || !table->schema[*at].type.numeric()) continue;
      if (of.kind == Expr::Kind::kColumn && of.name == name) continue;
      const ExprPtr source = column(name);
      if (origins_of(*table, *source) != std::set<Origin>{origin}) continue;
      sources.push_back(needs->add({.name = name, .expr = source, .table = table}));
    }
  }
  if (!sources.empty()) input->roles.emplace_back("label_sources", std::move(sources));
}

// The columns of the recipe, and further ones whose names go to `names`.
AnalysisInput gather(const Recipe& recipe, const RelationPtr& table,
                     const std::vector<StudyColumn>& further, std::vector<std::string>* names,
                     const Context& context) {
  AnalysisInput input;
  input.options = recipe.options;
  input.model = recipe.model;
  if (table == nullptr) return input;
  Needs needs(table);
  for (const auto& [role, members] : recipe.roles) {
    auto& [name, columns] = input.roles.emplace_back();
    name = role;
    for (const StudyColumn& item : members) columns.push_back(needs.add(item));
  }
  if (analysis_method(recipe.method).reads_label_sources)
    add_sources(recipe, table, &needs, &input);
  for (const StudyColumn& item : further) names->push_back(needs.add(item));
  input.key = table->key;
  input.frame = needs.collect(context);
  return input;
}

void keep(const std::vector<StrataFinding>& findings, NodeResult* result) {
  if (!findings.empty()) result->tables.emplace_back("strata", strata_table(findings));
  for (const StrataFinding& finding : findings) {
    if (finding.rule.empty()) continue;
    result->alarms.push_back({finding.rule + " within " + finding.column, finding.text});
    result->estimates.front().warnings.push_back(finding.text);
  }
}

}  // namespace

AnalysisResult analyse_recipe(const Recipe& recipe, StreamKey stream, const Context& context) {
  AnalysisInput input = gather(recipe, recipe.table, {}, nullptr, context);
  input.stream = stream;
  return analyse(recipe.method, input, context);
}

NodeResult analyse_node(const Study& study, const Node& node, const AnalysisNode& analysis,
                        const Blind& blind, const EarlierResults& earlier, const Context& context) {
  const Recipe& recipe = *analysis.recipe;
  const RelationPtr seen = recipe.table == nullptr ? nullptr : blind(recipe.table);
  const auto columns = strata_of(study, recipe);
  std::vector<std::string> strata;
  AnalysisInput input = gather(recipe, seen, columns, &strata, context);
  input.earlier = answers_of(recipe, earlier);
  input.feature_roles = feature_roles(study, recipe);
  input.stream = StreamKey::root(study.seed).child("analysis").child(node.name);
  AnalysisResult found = analyse(recipe.method, input, context);
  const auto findings =
      compare_strata(analysis_method(recipe.method), input, found, strata, context);
  NodeResult result;
  result.rows = static_cast<std::int64_t>(input.frame.rows());
  result.estimates = std::move(found.estimates);
  for (AnalysisTable& table : found.tables) {
    result.tables.emplace_back(std::move(table.name), std::move(table.frame));
  }
  result.models = std::move(found.models);
  result.alarms = std::move(found.alarms);
  for (const RaisedAlarm& alarm : result.alarms) {
    if (!result.estimates.empty()) result.estimates.front().warnings.push_back(alarm.text);
  }
  keep(findings, &result);
  return result;
}

NodeResult check_node(const Study& study, const Node& node, const CheckNode& check,
                      const Blind& blind, const EarlierResults& earlier, const Context& context) {
  const Recipe& recipe = *check.recipe;
  const RelationPtr seen = recipe.table == nullptr ? nullptr : blind(recipe.table);
  AnalysisInput input = gather(recipe, seen, {}, nullptr, context);
  input.earlier = answers_of(recipe, earlier);
  input.stream = StreamKey::root(study.seed).child("check").child(node.name);
  AnalysisResult found = analyse(recipe.method, input, context);
  NodeResult result;
  result.rows = static_cast<std::int64_t>(input.frame.rows());
  result.passed = found.alarms.empty();
  result.value = static_cast<std::int64_t>(found.alarms.size());
  result.alarms = std::move(found.alarms);
  // The first table holds the findings: the rows of a check.
  for (AnalysisTable& table : found.tables) {
    if (&table == &found.tables.front()) {
      result.frame = std::move(table.frame);
    } else {
      result.tables.emplace_back(std::move(table.name), std::move(table.frame));
    }
  }
  return result;
}

void look_within_strata(const Study& study, const EstimatorNode& estimator, const Blind& blind,
                        const Context& context, NodeResult* result) {
  const auto recipe = observed_comparison(study, estimator);
  if (!recipe || result->estimates.empty()) return;
  const auto columns = strata_of(study, *recipe);
  if (columns.empty()) return;
  std::vector<std::string> strata;
  const AnalysisInput input = gather(*recipe, blind(recipe->table), columns, &strata, context);
  const AnalysisMethod& method = analysis_method(recipe->method);
  keep(compare_strata(method, input, method.run(input, context), strata, context), result);
}

}  // namespace impact
