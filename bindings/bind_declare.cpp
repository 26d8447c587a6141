#include <algorithm>

#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "engine/core/error.h"
#include "engine/study/study.h"
#include "engine/table/backend.h"
#include "engine/table/resolve.h"
#include "engine/table/verbs.h"

// What stdlib/study tells the engine, one function a kind of node. Arguments: the name, the line of
// the declaration, then the fields in the order of the descriptor.
namespace impact::bindings {
namespace {

Study& study(lua_State* L) { return runtime(L).session()->need_study(); }

void add(lua_State* L, NodeBody body) {
  study(L).nodes.push_back({text_at(L, 1), text_at(L, 2), std::move(body)});
}

std::optional<std::int64_t> count_at(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return std::nullopt;
  return lua_tointegerx(L, index, nullptr);
}

std::vector<std::string> texts_at(lua_State* L, int index) {
  std::vector<std::string> out;
  if (!lua_isnoneornil(L, index)) {
    each_item(L, index, [&](int item, lua_Integer) {
      out.push_back(format_value(value_at(L, item, "a list of texts")));
    });
  }
  return out;
}

// relation, from, joins, rows low and high, dropped low and high
int add_relation(lua_State* L) {
  RelationNode node;
  node.relation = with_label(get_handle<const Relation>(L, 3), "'" + text_at(L, 1) + "'");
  if (!lua_isnil(L, 4)) node.from = get_handle<const Relation>(L, 4);
  node.joins = lua_toboolean(L, 5) != 0;
  node.rows = {count_at(L, 6), count_at(L, 7)};
  node.dropped = {count_at(L, 8), count_at(L, 9)};
  push_table(L, node.relation);
  add(L, std::move(node));
  return 1;
}

int add_feature(lua_State* L) {
  StudyColumn column = study_column_at(L, 3, "Study:feature");
  column.name = text_at(L, 1);
  ColumnValue named{.expr = column.expr, .alias = column.name};
  named.table = column.table;
  named.model = column.model;
  push_column(L, std::move(named));
  add(L, FeatureNode{std::move(column)});
  return 1;
}

int add_roles(lua_State* L) {
  RolesNode node;
  for (const std::string& role : sorted_fields(L, 3)) {
    with_field(L, 3, role, [&](int value) {
      node.roles.emplace_back(role, study_columns_at(L, value, "'" + role + "' of Study:roles"));
    });
  }
  add(L, std::move(node));
  return 0;
}

int add_table(lua_State* L) {
  add(L, TableNode{get_handle<const Relation>(L, 3)});
  return 0;
}

int push_check(lua_State* L) {
  push_handle(L, std::make_shared<const CheckHandle>(CheckHandle{text_at(L, 1)}));
  return 1;
}

// offenders, max, stop
int add_check_rows(lua_State* L) {
  CheckNode node;
  node.offenders = get_handle<const Relation>(L, 3);
  node.max = lua_tointegerx(L, 4, nullptr);
  node.stop = lua_toboolean(L, 5) != 0;
  add(L, std::move(node));
  return push_check(L);
}

// recipe, stop
int add_check_method(lua_State* L) {
  CheckNode node;
  node.recipe = get_handle<const Recipe>(L, 3);
  if (!node.recipe->method.starts_with("check.")) {
    throw ArgumentError(
        {.what = "'" + node.recipe->method + "' can't be checked: it passes nothing",
         .expected = "a method of the library check, as check.leakage { ... }",
         .hint = "declare it with S:analysis"});
  }
  node.stop = lua_toboolean(L, 4) != 0;
  add(L, std::move(node));
  return push_check(L);
}

// value or table of one cell, expected value, low, high, stop
int add_check_value(lua_State* L) {
  CheckNode node;
  if (find_box(L, 3, "Table") != nullptr) {
    node.measured = get_handle<const Relation>(L, 3);
    if (node.measured->schema.size() != 1) {
      throw ArgumentError({.what = "the value of a check is one cell",
                           .got = std::to_string(node.measured->schema.size()) + " columns",
                           .expected = "a table of one column, as t:summarise { ... } gives"});
    }
  } else {
    node.value = value_at(L, 3, "'value' of Study:check");
  }
  if (!lua_isnil(L, 4)) node.expect = value_at(L, 4, "'expect' of Study:check");
  if (!lua_isnil(L, 5)) node.low = lua_tonumberx(L, 5, nullptr);
  if (!lua_isnil(L, 6)) node.high = lua_tonumberx(L, 6, nullptr);
  node.stop = lua_toboolean(L, 7) != 0;
  add(L, std::move(node));
  return push_check(L);
}

int add_parameter(lua_State* L) {
  add(L, ParameterNode{value_at(L, 3, "'default' of Study:parameter")});
  return 0;
}

int parameter_names(lua_State* L) {
  lua_newtable(L);
  lua_Integer at = 0;
  for (const Node& node : study(L).nodes) {
    if (!std::holds_alternative<ParameterNode>(node.body)) continue;
    push_text(L, node.name);
    lua_rawseti(L, -2, ++at);
  }
  return 1;
}

// What is wrong with an assignment whatever its units.
void check_design(const Assignment& design) {
  if (!design.counts.empty() && design.counts.size() != design.arms.size()) {
    throw ArgumentError({.what = "assignment '" + design.name + "' needs a count for each arm",
                         .got = std::to_string(design.counts.size()) + " counts",
                         .expected = std::to_string(design.arms.size())});
  }
  Assignment tried = design;
  tried.counts.clear();
  (void)AssignmentPlan(tried, design.arms.size());
}

// arms, probabilities, counts, method, units, within, clusters, given
int add_assignment(lua_State* L) {
  AssignmentNode node;
  node.design.name = text_at(L, 1);
  node.design.arms = texts_at(L, 3);
  if (!lua_isnil(L, 4)) {
    each_item(L, 4, [&](int item, lua_Integer) {
      node.design.probabilities.push_back(lua_tonumberx(L, item, nullptr));
    });
  }
  if (!lua_isnil(L, 5)) {
    each_item(L, 5, [&](int item, lua_Integer) {
      node.design.counts.push_back(lua_tointegerx(L, item, nullptr));
    });
  }
  if (text_at(L, 6) == "simple") node.design.method = Assignment::Method::kSimple;
  check_design(node.design);
  if (find_box(L, 7, "Model") != nullptr) {
    const auto model = get_handle<const ModelHandle>(L, 7);
    node.model = model->name;
  } else {
    node.units = get_handle<const Relation>(L, 7);
    if (node.units->key.empty() && lua_isnil(L, 10)) {
      throw ArgumentError({.what = "units that are assigned by chance need a key",
                           .got = node.units->label + " without one",
                           .expected = "key = the column that names a unit",
                           .hint = "the key ties each unit to its arm, in every rerun"});
    }
  }
  node.within = optional_column_at(L, 8, "'within' of Study:assignment");
  node.clusters = optional_column_at(L, 9, "'clusters' of Study:assignment");
  node.given = optional_column_at(L, 10, "'given' of Study:assignment");
  push_column(L, ColumnValue{.expr = column(node.design.name),
                             .model = node.model,
                             .assignment = node.design.name});
  add(L, std::move(node));
  return 1;
}

void check_numeric(const StudyColumn& outcome) {
  if (outcome.table == nullptr) return;
  const Type type =
      bind_columns(resolve({{"value", outcome.expr}}, *outcome.table), *outcome.table)[0].type;
  if (type.numeric() || type.kind == TypeKind::kBoolean) return;
  throw ArgumentError({.what = "an outcome must be a number",
                       .got = (outcome.name.empty() ? describe_expr(*outcome.expr) : outcome.name) +
                              " (" + type.name() + ")",
                       .expected = "an integer, number or boolean column"});
}

// What else an inquiry names is looked up in the table that holds its outcome.
Type type_in_outcome(const InquiryNode& node, const StudyColumn& column) {
  const Relation& table = *node.outcome.table;
  return bind_columns(resolve({{"value", column.expr}}, table), table)[0].type;
}

void check_inquiry(const InquiryNode& node) {
  if (node.outcome.table == nullptr) return;
  if (node.contrast && node.contrast->exposure.assignment.empty()) {
    (void)type_in_outcome(node, node.contrast->exposure);
  }
  if (node.by) (void)type_in_outcome(node, *node.by);
  if (!node.where) return;
  const Type type = type_in_outcome(node, *node.where);
  if (type.kind == TypeKind::kBoolean) return;
  throw ArgumentError({.what = "'where' of Study:inquiry must be a condition",
                       .got = describe_expr(*node.where->expr) + " (" + type.name() + ")",
                       .expected = "a boolean column, as t.views:gt(0)"});
}

void check_arms(const Study& study, const StudyContrast& contrast) {
  if (contrast.exposure.assignment.empty()) return;
  const Node* node = study.find(contrast.exposure.assignment);
  const auto& arms = std::get<AssignmentNode>(node->body).design.arms;
  for (const std::string& arm : {contrast.treated, contrast.control}) {
    if (std::find(arms.begin(), arms.end(), arm) != arms.end()) continue;
    throw ArgumentError({.what = "assignment '" + node->name + "' has no arm '" + arm + "'",
                         .got = arm,
                         .expected = list_words(arms),
                         .hint = did_you_mean(arm, arms)});
  }
}

// kind, of, contrast, target, by, where
int add_inquiry(lua_State* L) {
  using Kind = InquiryNode::Kind;
  InquiryNode node;
  const std::string kind = text_at(L, 3);
  node.kind = kind == "causal"        ? Kind::kCausal
              : kind == "association" ? Kind::kAssociation
                                      : Kind::kDescriptive;
  node.outcome = study_column_at(L, 4, "'of' of Study:inquiry");
  check_numeric(node.outcome);
  if (!lua_isnil(L, 5)) node.contrast = *get_handle<const StudyContrast>(L, 5);
  if (node.contrast) check_arms(study(L), *node.contrast);
  node.target = text_at(L, 6);
  node.by = optional_column_at(L, 7, "'by' of Study:inquiry");
  node.where = optional_column_at(L, 8, "'where' of Study:inquiry");
  check_inquiry(node);
  push_handle(L, std::make_shared<const InquiryHandle>(InquiryHandle{text_at(L, 1)}));
  add(L, std::move(node));
  return 1;
}

// parameter -> list of values
int add_sweep(lua_State* L) {
  SweepNode node;
  for (const std::string& name : sorted_fields(L, 3)) {
    std::vector<Value> values;
    with_field(L, 3, name, [&](int list) {
      each_item(L, list, [&](int item, lua_Integer) {
        values.push_back(value_at(L, item, "'" + name + "' of Study:sweep"));
      });
    });
    node.parameters.emplace_back(name, std::move(values));
  }
  add(L, std::move(node));
  return 0;
}

}  // namespace

void install_declarations(lua_State* L) {
  register_type(L, {.name = "Inquiry",
                    .text = "A question that estimators answer.",
                    .methods = {},
                    .metamethods = {}});
  register_type(L, {.name = "Estimator",
                    .text = "A declared answer to an inquiry.",
                    .methods = {},
                    .metamethods = {}});
  register_type(L,
                {.name = "Check", .text = "A declared promise.", .methods = {}, .metamethods = {}});
  const std::pair<const char*, int (*)(lua_State*)> entries[] = {
      {"add_relation", add_relation},
      {"add_feature", add_feature},
      {"add_roles", add_roles},
      {"add_table", add_table},
      {"add_check_rows", add_check_rows},
      {"add_check_method", add_check_method},
      {"add_check_value", add_check_value},
      {"add_parameter", add_parameter},
      {"add_assignment", add_assignment},
      {"add_inquiry", add_inquiry},
      {"add_sweep", add_sweep},
      {"parameter_names", parameter_names},
  };
  for (const auto& [name, body] : entries) {
    push_private(L, body);
    extend_private_api(L, name);
  }
}

}  // namespace impact::bindings
