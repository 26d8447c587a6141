#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/sandbox.h"
#include "bindings/study_types.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

const char* const kSample =
    "local t = frame { { \"y\", { 1, 2, 4 } }, { \"x\", { 2.5, 0.5, 1.5 } },\n"
    "  { \"g\", { \"a\", \"b\", \"b\" } } }\n";

bool is_column(lua_State* L, int index) { return find_box(L, index, "Column") != nullptr; }
bool is_formula(lua_State* L, int index) { return find_box(L, index, "Formula") != nullptr; }

// The first Column's table or model, under the name of nothing.
StudyColumn owner_at(lua_State* L, std::initializer_list<int> slots) {
  StudyColumn owner;
  for (const int slot : slots) {
    if (!is_column(L, slot) || owner.table != nullptr || !owner.model.empty()) continue;
    const auto value = get_handle<const ColumnValue>(L, slot);
    owner.table = value->table;
    owner.model = value->model;
  }
  return owner;
}

int give(lua_State* L, FormulaHandle formula) {
  push_handle(L, std::make_shared<const FormulaHandle>(std::move(formula)));
  return 1;
}

[[noreturn]] void refuse(lua_State* L, int index, const std::string& sign) {
  throw ArgumentError({.what = "'" + sign + "' joins columns and formulas",
                       .got = describe_value(L, index),
                       .expected = "y ~ x1 + x2 | effect | d ~ instrument"});
}

// y ~ x: the outcome and its terms.
int relate(Call& call) {
  lua_State* L = call.state();
  for (const int side : {1, 2}) {
    const bool number = side == 2 && lua_type(L, side) == LUA_TNUMBER;
    if (!is_column(L, side) && !number) refuse(L, side, "~");
  }
  FormulaHandle out;
  out.owner = owner_at(L, {1, 2});
  out.formula.outcome = expr_at(L, 1, "the left of ~");
  out.formula.terms = formula_terms(expr_at(L, 2, "the right of ~"), &out.formula.intercept);
  return give(L, std::move(out));
}

// formula | effects, or formula | (d ~ instruments).
int add_part(Call& call) {
  lua_State* L = call.state();
  if (!is_formula(L, 1)) refuse(L, 1, "|");
  FormulaHandle out = *get_handle<const FormulaHandle>(L, 1);
  if (is_formula(L, 2)) {
    const auto second = get_handle<const FormulaHandle>(L, 2);
    out.formula.endogenous = {second->formula.outcome};
    for (const auto& term : second->formula.terms) out.formula.instruments.push_back(term[0]);
    return give(L, std::move(out));
  }
  if (!is_column(L, 2)) refuse(L, 2, "|");
  if (!out.formula.fixed_effects.empty()) {
    throw ArgumentError({.what = "a formula has one list of fixed effects",
                         .expected = "y ~ x | effect1 + effect2 | d ~ instrument"});
  }
  out.formula.fixed_effects = formula_effects(expr_at(L, 2, "the right of |"));
  return give(L, std::move(out));
}

std::string text_of(const Formula::Term& term, const char* between) {
  std::string out;
  for (const ExprPtr& part : term) out += (out.empty() ? "" : between) + describe_expr(*part);
  return out;
}

std::string text_of(const Formula& formula) {
  std::string out = describe_expr(*formula.outcome) + " ~ ";
  std::string terms = formula.intercept ? "" : "0";
  for (const auto& term : formula.terms) {
    terms += (terms.empty() ? "" : " + ") + text_of(term, " % ");
  }
  out += terms.empty() ? "1" : terms;
  std::string effects;
  for (const auto& term : formula.fixed_effects) {
    effects += (effects.empty() ? " | " : " + ") + text_of(term, " ^ ");
  }
  out += effects;
  for (std::size_t i = 0; i < formula.endogenous.size(); ++i) {
    out += (i == 0 ? " | " : " + ") + describe_expr(*formula.endogenous[i]);
  }
  for (std::size_t i = 0; i < formula.instruments.size(); ++i) {
    out += (i == 0 ? " ~ " : " + ") + describe_expr(*formula.instruments[i]);
  }
  return out;
}

std::vector<Param> sides() {
  return {{.name = "left", .type = "any", .text = "Left of the sign."},
          {.name = "right", .type = "any", .text = "Right of the sign."}};
}

}  // namespace

Function relate_operator() {
  return {.name = "Column:__bxor",
          .params = sides(),
          .returns = "Formula",
          .text = "The operator ~: an outcome and the terms that explain it.",
          .example = std::string(kSample) + "assert(tostring(t.y ~ t.x + t.g) == \"y ~ x + g\")",
          .body = relate,
          .free = true};
}

Function part_operator(const std::string& owner) {
  return {.name = owner + ":__bor",
          .params = sides(),
          .returns = "Formula",
          .text = "The operator |: fixed effects or instruments after a formula.",
          .example = std::string(kSample) + "assert(tostring(t.y ~ t.x | t.g) == \"y ~ x | g\")",
          .body = add_part,
          .free = true};
}

void install_formulas(lua_State* L) {
  TypeDescriptor type{.name = "Formula",
                      .text = "outcome ~ terms | fixed effects | endogenous ~ instruments.",
                      .methods = {},
                      .metamethods = {part_operator("Formula")}};
  type.metamethods.push_back(
      {.name = "Formula:__tostring",
       .params = {},
       .returns = "text",
       .text = "The formula as it is understood.",
       .example =
           std::string(kSample) + "assert(tostring(t.y ~ t.x * t.g) == \"y ~ x + g + x % g\")",
       .body = [](Call& call) {
         push_text(call.state(), text_of(call.self<const FormulaHandle>()->formula));
         return 1;
       }});
  register_type(L, std::move(type));
}

}  // namespace impact::bindings
