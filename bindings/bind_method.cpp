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

Param choice_option(std::string name, std::string text, std::vector<std::string> allowed) {
  Param out = option(std::move(name), "text", std::move(text));
  out.fallback = allowed.front();
  out.allowed = std::move(allowed);
  return out;
}

Param share_option(std::string name, std::string text) {
  Param out = option(std::move(name), "number", std::move(text));
  out.fallback = 0.0;
  out.min = 0.0;
  out.max = 0.49;
  return out;
}

Param flag_option(std::string name, std::string text) {
  return option(std::move(name), "boolean", std::move(text));
}

struct EffectFamily {
  EffectMethod method;
  const char* name;
  const char* text;
};

constexpr EffectFamily kEffects[] = {
    {EffectMethod::kRegression, "causal.ra",
     "Regression adjustment: outcomes predicted from covariates in each arm, averaged over the "
     "inquiry's population. Right if the outcome models are."},
    {EffectMethod::kWeighting, "causal.ipw",
     "Inverse probability weighting: units count by how unlikely their arm was. Right if the "
     "treatment model is. weighting = \"cbps\", \"ipt\" or \"entropy\" balances the covariates "
     "exactly."},
    {EffectMethod::kAugmented, "causal.aipw",
     "Augmented weighting: outcome models corrected by their weighted residuals. Right if the "
     "outcome models or the treatment model is (Robins, Rotnitzky & Zhao 1994)."},
    {EffectMethod::kWeightedRegression, "causal.ipwra",
     "Outcome models fitted with inverse probability weights. Right if they or the treatment model "
     "is (Wooldridge 2007)."},
    {EffectMethod::kTargeted, "causal.tmle",
     "Targeted maximum likelihood: outcome models moved until their weighted residuals vanish, "
     "inside the outcome's range. Right if they or the treatment model is (van der Laan & Rubin "
     "2006)."},
};

Function effect_function(const EffectFamily& family) {
  const EffectMethod method = family.method;
  const bool weighted = method != EffectMethod::kRegression;
  const bool modelled = method != EffectMethod::kWeighting;
  std::vector<Param> params{option("covariates", "Column|list", "Columns that move both.")};
  params[0].optional = false;
  if (weighted && modelled) {
    params.push_back(option("propensity", "Column|list",
                            "Columns of the treatment model; default: covariates."));
  }
  if (weighted) {
    params.push_back(choice_option("weighting", "How arms are made alike.",
                                   {"logistic", "probit", "cbps", "ipt", "entropy"}));
    params.push_back(flag_option("normalise", "Weights of an arm sum to one; default: " +
                                                  std::string(modelled ? "false" : "true") + "."));
    params.push_back(share_option("trim",
                                  "Units with a propensity below it, or above 1 minus it, "
                                  "leave the population."));
    params.push_back(share_option("clip", "Propensities beyond it are moved there."));
  }
  if (modelled) {
    params.push_back(choice_option("outcome", "Regression of the outcome.",
                                   {"linear", "logistic", "probit", "poisson"}));
  }
  if (method == EffectMethod::kAugmented) {
    params.push_back(flag_option("least_variance",
                                 "Outcome models that do least harm when wrong "
                                 "(Cao, Tsiatis & Davidian 2009)."));
  }
  if (method != EffectMethod::kTargeted) {
    params.push_back(
        flag_option("stacked", "Errors account for the estimation of the models; default: true."));
  }
  for (Param& param : group_options()) params.push_back(std::move(param));
  const std::string name = family.name;
  return {.name = name,
          .params = std::move(params),
          .returns = "Method",
          .text = std::string(family.text) +
                  " Assumes that the covariates hold all that moves both treatment and outcome, "
                  "and that every kind of unit might have had either arm.",
          .example = std::string(kSample) + "assert(tostring(" + name +
                     " { covariates = { t.x } }) == \"" + name + "\")",
          .body = [=](Call& call) {
            lua_State* L = call.state();
            MethodHandle out;
            out.method.kind = Method::Kind::kEffect;
            read_groups(call, &out.method);
            AverageEffectSpec& spec = out.method.effect;
            spec.method = method;
            out.method.covariates =
                terms_of(study_columns_at(L, call.slot("covariates"), "'covariates' of " + name));
            if (weighted && modelled) {
              out.method.propensity =
                  terms_of(study_columns_at(L, call.slot("propensity"), "'propensity' of " + name));
            }
            if (weighted) {
              spec.weighting = parse_weighting(call.text("weighting"));
              if (call.given("normalise")) spec.normalise = call.boolean("normalise");
              spec.trim = call.number("trim");
              spec.clip = call.number("clip");
            }
            if (modelled) spec.outcome = parse_outcome_family(call.text("outcome"));
            if (method == EffectMethod::kAugmented && call.given("least_variance")) {
              spec.least_variance = call.boolean("least_variance");
            }
            if (method != EffectMethod::kTargeted && call.given("stacked")) {
              spec.stacked = call.boolean("stacked");
            }
            return give(call, std::move(out));
          }};
}

DoubleModel model_of(const std::string& name) {
  return name == "causal.irm" ? DoubleModel::kInteractive : DoubleModel::kPartiallyLinear;
}

Param whole_option(std::string name, std::string text, double fallback, double least) {
  Param out = option(std::move(name), "integer", std::move(text));
  out.fallback = static_cast<std::int64_t>(fallback);
  out.min = least;
  out.max = 1000.0;
  return out;
}

Function learned_function(const std::string& name, const std::string& text) {
  const bool interactive = model_of(name) == DoubleModel::kInteractive;
  std::vector<Param> params{
      option("covariates", "Column|list", "Columns that the learners see."),
      option("learner", "Learner", "Of the outcome, learn.boost {} for example."),
      option("treatment_learner", "Learner", "Of the treatment; default: the same."),
      whole_option("folds", "Parts of the rows; each is predicted by models of the others.", 5, 2),
      whole_option("repeats", "How often folds are drawn; answers are joined by the median.", 1,
                   1)};
  params[0].optional = params[1].optional = false;
  if (interactive) {
    params.push_back(flag_option("normalise",
                                 "Weights of an arm divided by their mean; default: "
                                 "false."));
    params.push_back(share_option("clip", "Propensities beyond it are moved there."));
    params.back().fallback = 0.01;
  } else {
    params.push_back(choice_option("score",
                                   "How what is left of outcome and treatment is compared.",
                                   {"partialling_out", "iv_type"}));
  }
  for (Param& param : group_options()) params.push_back(std::move(param));
  return {.name = name,
          .params = std::move(params),
          .returns = "Method",
          .text = text +
                  " Assumes that the covariates hold all that moves both treatment and outcome, "
                  "that every kind of unit might have had either arm, and that the learners come "
                  "close to the truth (Chernozhukov et al. 2018).",
          .example = std::string(kSample) + "assert(tostring(" + name +
                     " { covariates = { t.x }, learner = learn.forest {} }) == \"" + name + "\")",
          .body = [=](Call& call) {
            lua_State* L = call.state();
            MethodHandle out;
            out.method.kind = Method::Kind::kLearned;
            read_groups(call, &out.method);
            auto learned = std::make_shared<LearnedMethod>();
            DoubleLearningSpec& spec = learned->spec;
            spec.model = model_of(name);
            out.method.covariates =
                terms_of(study_columns_at(L, call.slot("covariates"), "'covariates' of " + name));
            const auto learner = [&](const char* slot) {
              return learner_spec(get_handle<const LearnerHandle>(L, call.slot(slot))->json);
            };
            spec.outcome = learner("learner");
            spec.treatment =
                call.given("treatment_learner") ? learner("treatment_learner") : spec.outcome;
            learned->folds = static_cast<int>(call.integer("folds"));
            learned->repeats = static_cast<int>(call.integer("repeats"));
            if (interactive) {
              if (call.given("normalise")) spec.normalise = call.boolean("normalise");
              spec.clip = call.number("clip");
            } else {
              spec.iv_type = call.text("score") == "iv_type";
            }
            out.method.learned = std::move(learned);
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

// The library `causal`, which stdlib/causal.lua puts into scripts.
void install_effects(lua_State* L, Registry& registry) {
  lua_createtable(L, 0, 8);
  for (const EffectFamily& family : kEffects) {
    push_function(L, registry.add(effect_function(family)));
    lua_setfield(L, -2, std::string(family.name).substr(7).c_str());
  }
  for (const auto& [name, text] :
       {std::pair{
            "causal.irm",
            "Double machine learning, interactive: outcomes of both arms and propensities are "
            "learned out of fold and joined as in augmented weighting. Any effect may vary."},
        std::pair{"causal.plr",
                  "Double machine learning, partially linear: what covariates predict is taken out "
                  "of outcome and treatment, out of fold. One effect for everybody."}}) {
    push_function(L, registry.add(learned_function(name, text)));
    lua_setfield(L, -2, std::string(name).substr(7).c_str());
  }
  extend_private_api(L, "causal");
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
              [](const MethodHandle& self) -> std::string { return name_of(self.method); })}});
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
  install_effects(L, registry);
}

}  // namespace impact::bindings
