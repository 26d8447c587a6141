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

Param option(std::string name, std::string type, std::string text) {
  return {.name = std::move(name),
          .type = std::move(type),
          .text = std::move(text),
          .optional = true,
          .named = true};
}

Param se_option(std::vector<std::string> allowed, const std::string& fallback) {
  Param out = option("se", "text", "Kind of standard error; default " + fallback + ".");
  out.allowed = std::move(allowed);
  return out;
}

Param level_option() {
  Param out = option("conf_level", "number", "Coverage of the confidence interval.");
  out.fallback = 0.95;
  out.min = 0.0;
  out.max = 1.0;
  return out;
}

std::vector<Param> group_options() {
  return {option("clusters", "Column", "Units that share an arm; default: the assignment's."),
          option("weights", "Column", "Weight of each row."), level_option()};
}

void read_groups(const Call& call, Method* method) {
  lua_State* L = call.state();
  const std::string place = "of " + call.function().name;
  method->clusters = optional_column_at(L, call.slot("clusters"), "'clusters' " + place);
  method->weights = optional_column_at(L, call.slot("weights"), "'weights' " + place);
  method->conf_level = call.number("conf_level");
  if (!(method->conf_level > 0 && method->conf_level < 1)) {
    call.fail("conf_level", "'conf_level' must lie between 0 and 1", "0.95, for example");
  }
}

int give(const Call& call, MethodHandle method) {
  push_handle(call.state(), std::make_shared<const MethodHandle>(std::move(method)));
  return 1;
}

Function difference_function(const std::string& name, Method::Kind kind) {
  const bool blocked = kind == Method::Kind::kBlocked;
  std::vector<Param> params = group_options();
  if (blocked) {
    params.insert(params.begin(),
                  option("blocks", "Column", "Default: the blocks of the assignment."));
  }
  return {.name = name,
          .params = std::move(params),
          .returns = "Method",
          .text = blocked ? "Difference in means within blocks, averaged by the blocks' sizes."
                          : "Mean of the treated minus mean of the controls; Neyman's standard "
                            "error, Welch's degrees of freedom.",
          .example = "assert(tostring(" + name + " {}) == \"" + name + "\")",
          .body = [kind, blocked](Call& call) {
            MethodHandle out;
            out.method.kind = kind;
            read_groups(call, &out.method);
            if (blocked) {
              out.method.blocks = optional_column_at(call.state(), call.slot("blocks"), "'blocks'");
            }
            return give(call, std::move(out));
          }};
}

std::vector<std::string> error_kinds() {
  return {"classical", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR2"};
}

// Columns that are one term each.
std::vector<std::vector<StudyColumn>> terms_of(std::vector<StudyColumn> columns) {
  std::vector<std::vector<StudyColumn>> terms;
  for (StudyColumn& column : columns) terms.push_back({std::move(column)});
  return terms;
}

std::shared_ptr<const FormulaHandle> formula_at(lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TSTRING) {
    FormulaHandle out;
    out.formula = parse_formula(text_at(L, index));
    return std::make_shared<const FormulaHandle>(std::move(out));
  }
  return get_handle<const FormulaHandle>(L, index);
}

Function ols_function() {
  std::vector<Param> params{
      {.name = "formula",
       .type = "Formula|text",
       .text = "y ~ z + x | effects, instead of covariates and fixed_effects.",
       .optional = true},
      option("covariates", "Column|list", "Columns to adjust for."),
      option("fixed_effects", "Column|list", "Factors, each with a mean of its own."),
      se_option(error_kinds(), "HC2, with clusters CR2")};
  for (Param& param : group_options()) params.push_back(std::move(param));
  return {.name = "ols",
          .params = std::move(params),
          .returns = "Method",
          .text = "Least squares of the outcome on the exposure and covariates.",
          .example = std::string(kSample) +
                     "assert(tostring(ols { covariates = t.x }) == \"ols\")\n"
                     "assert(tostring(ols(t.y ~ t.g + t.x)) == \"ols\")",
          .body = [](Call& call) {
            lua_State* L = call.state();
            MethodHandle out;
            out.method.kind = Method::Kind::kOls;
            read_groups(call, &out.method);
            if (call.given("se")) out.method.se_type = call.text("se");
            if (call.given("formula")) {
              if (call.given("covariates") || call.given("fixed_effects")) {
                call.fail("formula", "ols takes a formula or covariates, not both",
                          "one of the two");
              }
              out.formula = formula_at(L, call.slot("formula"));
              if (!out.formula->formula.instruments.empty()) {
                call.fail("formula", "ols has no instruments", "y ~ x | fixed effects");
              }
            }
            out.method.covariates =
                terms_of(study_columns_at(L, call.slot("covariates"), "'covariates' of ols"));
            out.method.fixed_effects =
                study_columns_at(L, call.slot("fixed_effects"), "'fixed_effects' of ols");
            return give(call, std::move(out));
          }};
}

Function lin_function() {
  std::vector<Param> params{option("covariates", "Column|list", "Columns to adjust for."),
                            se_option(error_kinds(), "HC2, with clusters CR2")};
  params[0].optional = false;
  for (Param& param : group_options()) params.push_back(std::move(param));
  return {.name = "ols.lin",
          .params = std::move(params),
          .returns = "Method",
          .text =
              "Least squares with centred covariates and their interactions with the exposure "
              "(Lin 2013): adjusts an experiment without assuming a model.",
          .example = std::string(kSample) +
                     "assert(tostring(ols.lin { covariates = { t.x } }) == \"ols.lin\")",
          .body = [](Call& call) {
            MethodHandle out;
            out.method.kind = Method::Kind::kLin;
            read_groups(call, &out.method);
            if (call.given("se")) out.method.se_type = call.text("se");
            out.method.covariates = terms_of(
                study_columns_at(call.state(), call.slot("covariates"), "'covariates' of ols.lin"));
            return give(call, std::move(out));
          }};
}

template <class Handle>
Function to_text(const std::string& example, std::string (*text)(const Handle&)) {
  return {.name = std::string(HandleName<const Handle>::name) + ":__tostring",
          .params = {},
          .returns = "text",
          .text = "What it is, in short.",
          .example = example,
          .body = [text](Call& call) {
            push_text(call.state(), text(*call.self<const Handle>()));
            return 1;
          }};
}

// ols { ... } and ols.lin { ... }: one name for the family.
void install_ols(lua_State* L, Registry& registry) {
  lua_createtable(L, 0, 2);
  push_function(L, registry.add(ols_function()));
  lua_setfield(L, -2, "fit");
  push_function(L, registry.add(lin_function()));
  lua_setfield(L, -2, "lin");
  extend_private_api(L, "ols");
}

}  // namespace

Function between_function() {
  const auto value = [](const char* name, const char* text) {
    return Param{.name = name, .type = "text|boolean|number", .text = text};
  };
  return {.name = "Column:between",
          .params = {value("treated", "Value of the treated units."),
                     value("control", "Value they are compared with.")},
          .returns = "Contrast",
          .text = "Compares two values of the column, or two arms of an assignment.",
          .example = std::string(kSample) +
                     "assert(tostring(t.g:between(\"a\", \"b\")) == \"a - b of g\")",
          .body = [](Call& call) {
            lua_State* L = call.state();
            StudyContrast out{study_column_at(L, 1, "Column:between"),
                              format_value(call.value("treated")),
                              format_value(call.value("control"))};
            if (out.treated == out.control) {
              call.fail("control", "a contrast needs two different values", "another value");
            }
            push_handle(L, std::make_shared<const StudyContrast>(std::move(out)));
            return 1;
          }};
}

void install_methods(lua_State* L) {
  register_type(
      L, {.name = "Method",
          .text = "How an estimator answers: ols { ... }, difference_in_means {}, ...",
          .methods = {},
          .metamethods = {to_text<MethodHandle>(
              "assert(tostring(difference_in_means {}) == \"difference_in_means\")",
              [](const MethodHandle& self) -> std::string { return name_of(self.method.kind); })}});
  register_type(
      L,
      {.name = "Contrast",
       .text = "Two values of a column that an inquiry compares.",
       .methods = {},
       .metamethods = {to_text<StudyContrast>(
           std::string(kSample) + "assert(tostring(t.g:between(\"b\", \"a\")) == \"b - a of g\")",
           [](const StudyContrast& self) {
             return self.treated + " - " + self.control + " of " +
                    (self.exposure.name.empty() ? describe_expr(*self.exposure.expr)
                                                : self.exposure.name);
           })}});
  Registry& registry = runtime(L).registry();
  for (const auto& [name, kind] :
       {std::pair{"difference_in_means", Method::Kind::kDifferenceInMeans},
        std::pair{"blocked_difference_in_means", Method::Kind::kBlocked}}) {
    push_function(L, registry.add(difference_function(name, kind)));
    set_global(L, name);
  }
  install_ols(L, registry);
}

}  // namespace impact::bindings
