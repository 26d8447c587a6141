#include <algorithm>

#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "engine/core/error.h"
#include "engine/design/model.h"
#include "engine/study/study.h"

namespace impact::bindings {
namespace {

struct DrawInfo {
  const char* name;          // In scripts.
  const char* distribution;  // In expressions.
  const char* text;
  std::vector<Param> params;
};

Param parameter(const char* name, const char* text, std::optional<double> fallback = std::nullopt) {
  Param out{.name = name, .type = "Column|number", .text = text};
  if (fallback) {
    out.fallback = *fallback;
    out.optional = true;
  }
  return out;
}

std::vector<DrawInfo> draws() {
  return {
      {"normal",
       "normal",
       "A normal draw for each row of a model.",
       {parameter("mean", "Mean.", 0.0), parameter("sd", "Standard deviation, 0 or more.", 1.0)}},
      {"uniform",
       "uniform",
       "A draw between two bounds.",
       {parameter("low", "Lower bound.", 0.0), parameter("high", "Upper bound.", 1.0)}},
      {"uniform_integer",
       "integer",
       "A whole number between two bounds, both included.",
       {parameter("low", "Lowest."), parameter("high", "Highest.")}},
      {"lognormal",
       "lognormal",
       "The exponential of a normal draw.",
       {parameter("mean_log", "Mean of the logarithm.", 0.0),
        parameter("sd_log", "Standard deviation of the logarithm.", 1.0)}},
      {"bernoulli", "bernoulli", "True with a probability.", {parameter("p", "Probability.")}},
      {"binomial",
       "binomial",
       "Successes among n trials.",
       {parameter("n", "Trials."), parameter("p", "Probability of each.")}},
      {"poisson", "poisson", "A count with a mean.", {parameter("mean", "Mean, 0 or more.")}},
      {"exponential",
       "exponential",
       "A waiting time with a mean.",
       {parameter("mean", "Mean, 0 or more.", 1.0)}},
      {"gamma",
       "gamma",
       "A gamma draw.",
       {parameter("shape", "Shape, above 0."), parameter("scale", "Scale, above 0.", 1.0)}},
      {"beta",
       "beta",
       "A draw between 0 and 1.",
       {parameter("a", "First shape, above 0."), parameter("b", "Second shape, above 0.")}},
  };
}

Param per_option() {
  return {.name = "per",
          .type = "Column|text|list",
          .text = "One draw for all rows that agree in these columns.",
          .optional = true,
          .named = true};
}

std::vector<ExprPtr> shared_by(const Call& call) {
  std::vector<ExprPtr> out;
  for (const std::string& name : names_at(call.state(), call.slot("per"), "'per'")) {
    out.push_back(column(name));
  }
  return out;
}

std::string example_of(const std::string& draw) {
  return "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n"
         "S:model \"people\" { rows = 10, variables = { x = " +
         draw + " } }\nreturn S";
}

Function draw_function(const DrawInfo& info) {
  std::vector<Param> params = info.params;
  params.push_back(per_option());
  const std::string name = info.name;
  const std::string arguments = name == "poisson" || name == "bernoulli" ? "(0.5)"
                                : name == "binomial"                     ? "(10, 0.5)"
                                : name == "gamma"                        ? "(2)"
                                : name == "beta"                         ? "(2, 3)"
                                : name == "uniform_integer"              ? "(1, 6)"
                                                                         : "()";
  const std::string distribution = info.distribution;
  const std::size_t count = info.params.size();
  return {.name = name,
          .params = std::move(params),
          .returns = "Column",
          .result = "for S:model",
          .text = info.text,
          .example = example_of(name + arguments),
          .body = [distribution, count](Call& call) {
            std::vector<ExprPtr> args;
            for (std::size_t i = 0; i < count; ++i) {
              const std::string& param = call.function().params[i].name;
              args.push_back(expr_at(call.state(), call.slot(param), "'" + param + "'"));
            }
            push_computed(call.state(), draw(distribution, std::move(args), shared_by(call)));
            return 1;
          }};
}

Function categorical_function() {
  return {.name = "categorical",
          .params =
              {{.name = "labels", .type = "list", .text = "Texts to choose from.", .items = "text"},
               {.name = "weights",
                .type = "list",
                .text = "How often each, in any unit; default: equally often.",
                .optional = true,
                .items = "number|Column"},
               per_option()},
          .returns = "Column",
          .result = "for S:model",
          .text = "One of several texts.",
          .example = example_of("categorical({ \"small\", \"large\" }, { 3, 1 })"),
          .body = [](Call& call) {
            lua_State* L = call.state();
            const auto labels = call.texts("labels");
            std::vector<ExprPtr> weights;
            if (call.given("weights")) {
              each_item(L, call.slot("weights"), [&](int item, lua_Integer) {
                weights.push_back(expr_at(L, item, "'weights' of categorical"));
              });
              if (weights.size() != labels.size()) {
                call.fail("weights", "categorical needs a weight for each label",
                          std::to_string(labels.size()) + " weights");
              }
            }
            std::vector<ExprPtr> args;
            for (std::size_t i = 0; i < labels.size(); ++i) {
              args.push_back(literal(labels[i]));
              args.push_back(weights.empty() ? literal(1.0) : weights[i]);
            }
            push_computed(L, draw("categorical", std::move(args), shared_by(call)));
            return 1;
          }};
}

Function col_function() {
  return {.name = "col",
          .params = {{.name = "name", .type = "text", .text = "Name of the column."}},
          .returns = "Column",
          .text = "The column of that name in whatever table or model the expression is used.",
          .example =
              "local t <const> = frame { { \"x\", { 1, 2 } } }\n"
              "assert(t:filter(col \"x\":gt(1)):count_rows() == 1)",
          .body = [](Call& call) {
            push_column(call.state(), {.expr = column(call.text("name"))});
            return 1;
          }};
}

std::vector<std::string> names_of(const ModelHandle& self) {
  std::vector<std::string> names;
  for (const Level& level : self.model->levels) names.push_back(level.name);
  for (const NamedExpr& variable : self.model->variables) names.push_back(variable.name);
  return names;
}

Function model_index() {
  return {.name = "Model:__index",
          .params = {{.name = "key", .type = "any", .text = "Name of a variable or level."}},
          .returns = "Column",
          .text = "m.name: a variable of the model.",
          .example =
              "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n"
              "local m <const> = S:model \"people\" { rows = 10, variables = { x = normal() } }\n"
              "assert(tostring(m.x) == \"x\")\nreturn S",
          .body = [](Call& call) {
            lua_State* L = call.state();
            const auto self = call.self<const ModelHandle>();
            const std::string name = text_at(L, call.slot("key"));
            const auto names = names_of(*self);
            if (std::find(names.begin(), names.end(), name) == names.end()) {
              throw ArgumentError(
                  {.what = "no variable '" + name + "' in the model '" + self->name + "'",
                   .got = name.empty() ? describe_value(L, call.slot("key")) : name,
                   .expected = list_words(names),
                   .hint = did_you_mean(name, names)});
            }
            push_column(L, {.expr = column(name), .model = self->name});
            return 1;
          }};
}

std::vector<std::int64_t> counts_at(lua_State* L, int index, const std::string& level) {
  std::vector<std::int64_t> out;
  const auto read = [&](int item) {
    if (lua_isinteger(L, item) == 0 || lua_tointegerx(L, item, nullptr) < 1) {
      throw ArgumentError({.what = "a level of a model has a whole number of units",
                           .where = "level '" + level + "'",
                           .got = describe_value(L, item),
                           .expected = "1 or more, or a list of such numbers"});
    }
    out.push_back(lua_tointegerx(L, item, nullptr));
  };
  if (is_plain_table(L, index)) {
    each_item(L, index, [&](int item, lua_Integer) { read(item); });
  } else {
    read(index);
  }
  return out;
}

// rows or nil, name of the row's column, levels or nil, variables, source or nil
int add_model(lua_State* L) {
  auto model = std::make_shared<Model>();
  const std::string name = text_at(L, 1);
  if (!lua_isnil(L, 3)) {
    const std::string unit = text_at(L, 4);
    model->levels.push_back({unit, counts_at(L, 3, unit)});
  } else {
    each_item(L, 5, [&](int item, lua_Integer) {
      if (!is_plain_table(L, item) || lua_rawlen(L, item) != 2) {
        throw ArgumentError({.what = "a level of a model is a name and a number",
                             .got = describe_value(L, item),
                             .expected = "levels = { { \"village\", 25 }, { \"person\", 4 } }"});
      }
      lua_rawgeti(L, item, 1);
      lua_rawgeti(L, item, 2);
      const std::string level = text_at(L, -2);
      model->levels.push_back({level, counts_at(L, lua_gettop(L), level)});
      lua_pop(L, 2);
    });
  }
  for (const std::string& variable : sorted_fields(L, 6)) {
    with_field(L, 6, variable, [&](int value) {
      model->variables.push_back(
          {variable, expr_at(L, value, "'" + variable + "' of Study:model")});
    });
  }
  ModelNode node{.model = model};
  if (!lua_isnil(L, 7)) node.stands_for = get_handle<const Relation>(L, 7);
  push_handle(L, std::make_shared<const ModelHandle>(ModelHandle{name, model, node.stands_for}));
  runtime(L).session()->need_study().nodes.push_back({name, text_at(L, 2), std::move(node)});
  return 1;
}

}  // namespace

void install_models(lua_State* L) {
  register_type(L, {.name = "Model",
                    .text = "How data might arise: m.x is the variable x.",
                    .methods = {},
                    .metamethods = {model_index()},
                    .releasable = false,
                    .any_field = "Column"});
  Registry& registry = runtime(L).registry();
  for (const DrawInfo& info : draws()) {
    push_function(L, registry.add(draw_function(info)));
    set_global(L, info.name);
  }
  push_function(L, registry.add(categorical_function()));
  set_global(L, "categorical");
  push_function(L, registry.add(col_function()));
  set_global(L, "col");
  push_private(L, add_model);
  extend_private_api(L, "add_model");
}

}  // namespace impact::bindings
