#include <nlohmann/json.hpp>

#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/recipe_reader.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "engine/core/error.h"
#include "engine/render/figure.h"
#include "engine/study/draw_node.h"
#include "engine/study/study.h"

// plot.histogram { ... } and its like, one a figure kind of the engine; figure "caption" (plot)
// declares one.
namespace impact::bindings {
namespace {

constexpr const char* kSample =
    "local t <const> = frame { { \"y\", { 1, 2, 4, 7, 3, 8 } }, { \"x\", { 2, 1, 3, 6, 2, 9 } },\n"
    "  { \"g\", { \"a\", \"a\", \"b\", \"b\", \"a\", \"b\" } } }\n";

Param role_param(const FigureKind& kind, const FigureRole& role) {
  const bool texts = kind.tables;
  std::string type = role.most == 1 ? "Column" : "Column|list";
  if (texts) type += "|text";
  return {.name = role.name,
          .type = std::move(type),
          .text = role.text + ".",
          .optional = !role.required || texts,
          .named = true};
}

std::string type_in_scripts(const FigureOption& option) {
  std::string type = option.type;
  const std::size_t at = type.find("object");
  if (at != std::string::npos) type.replace(at, 6, "list");
  return type;
}

std::vector<Param> params_of(const FigureKind& kind) {
  std::vector<Param> params;
  if (kind.estimates) {
    params.push_back({.name = "of",
                      .type = "Finding|Estimator|list",
                      .text = "Estimators and analyses whose rows are drawn.",
                      .variadic = true});
    params.push_back({.name = "term",
                      .type = "text",
                      .text = "Only rows of this term.",
                      .optional = true,
                      .named = true});
  }
  if (kind.tables) {
    params.push_back({.name = "from",
                      .type = "Finding|FindingTable",
                      .text = "A declared analysis, or one of its tables; columns are then named "
                              "by texts.",
                      .optional = true,
                      .named = true});
  }
  for (const FigureRole& role : kind.roles) params.push_back(role_param(kind, role));
  for (const FigureOption& option : kind.options) {
    params.push_back({.name = option.name,
                      .type = type_in_scripts(option),
                      .text = option.text + ".",
                      .optional = true,
                      .named = true,
                      .fallback = {},
                      .allowed = option.allowed,
                      .min = option.min,
                      .max = option.max});
  }
  return params;
}

// What a table of an analysis could have filled in must be given without one.
void check_given(const Call& call, const FigureKind& kind) {
  if (!kind.tables || !lua_isnil(call.state(), call.slot("from"))) return;
  for (const FigureRole& role : kind.roles) {
    if (!role.required || !lua_isnil(call.state(), call.slot(role.name))) continue;
    throw ArgumentError({.what = "plot." + kind.name + " needs '" + role.name + "'",
                         .expected = role.text,
                         .hint = "give a column, or from = an analysis whose table has it"});
  }
}

int make_plot(const Call& call, const FigureKind& kind) {
  check_given(call, kind);
  RecipeReader reader(call.state(), "plot." + kind.name);
  for (const Param& param : call.function().params) {
    const int slot = call.slot(param.name);
    const bool role = std::any_of(kind.roles.begin(), kind.roles.end(),
                                  [&](const FigureRole& r) { return r.name == param.name; });
    if (role && lua_type(call.state(), slot) == LUA_TSTRING) {
      reader.set_option("role " + param.name, text_at(call.state(), slot));
      continue;
    }
    std::string holds;
    for (const FigureRole& item : kind.roles) {
      if (item.name == param.name && item.type == FigureRoleType::kNumber) holds = "number";
    }
    reader.read(slot, param.name, holds);
  }
  push_handle(call.state(), std::make_shared<const PlotHandle>(PlotHandle{reader.take()}));
  return 1;
}

std::string example_of(const FigureKind& kind) {
  const std::string call = "plot." + kind.name;
  if (kind.estimates) {
    return "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n" +
           std::string(kSample) +
           "local gap <const> = S:analysis \"gap\" (stats.welch { of = t.y, by = t.g })\n"
           "S:report \"Gap\" { figure \"The gap\" (" +
           call + " { gap, x_title = \"Points\" }) }\nreturn S";
  }
  std::string roles;
  for (const FigureRole& role : kind.roles) {
    if (!role.required) continue;
    const char* column = role.type == FigureRoleType::kGroup ? "t.g"
                         : role.name == "x"                  ? "t.x"
                                                             : "t.y";
    roles += roles.empty() ? "" : ", ";
    roles += role.name + " = " + (role.most == 1 ? column : "{ t.y, t.x }");
  }
  if (kind.name == "spec") {
    roles =
        "of = { t.y, t.x }, spec = { mark = \"point\", encoding = {\n"
        "  x = { field = \"x\", type = \"quantitative\" },\n"
        "  y = { field = \"y\", type = \"quantitative\" } } }";
  }
  return std::string(kSample) + "local p <const> = " + call + " { " + roles +
         " }\nassert(#p:words() > 0)";
}

Figure drawn(const Call& call) {
  const Recipe& recipe = call.self<const PlotHandle>()->recipe;
  Session& session = *runtime(call.state()).session();
  if (recipe.table != nullptr) {
    session.check_reading(*recipe.table, std::string(call.function().short_name()));
  }
  if (!recipe.nodes.empty()) {
    throw ArgumentError({.what = "the plot draws what a study computes",
                         .expected = "figure \"caption\" (" + recipe.method + " { ... }) in it"});
  }
  return draw_recipe(recipe, session.context());
}

Function method(const std::string& name, std::vector<Param> params, std::string returns,
                std::string text, const std::string& example, std::function<int(Call&)> body) {
  return {.name = "Plot:" + name,
          .params = std::move(params),
          .returns = std::move(returns),
          .text = std::move(text),
          .example = std::string(kSample) + example,
          .body = std::move(body)};
}

std::vector<Function> plot_methods() {
  const Param width{.name = "columns",
                    .type = "integer",
                    .text = "Width in characters.",
                    .optional = true,
                    .named = true,
                    .fallback = std::int64_t{80},
                    .min = 20,
                    .max = 400};
  const Param height{.name = "rows",
                     .type = "integer",
                     .text = "Height in lines.",
                     .optional = true,
                     .named = true,
                     .fallback = std::int64_t{20},
                     .min = 6,
                     .max = 200};
  return {
      method("text", {width, height}, "text", "Draws the plot with characters.",
             "assert(#plot.histogram { of = t.y }:text { columns = 40, rows = 8 } > 0)",
             [](Call& call) {
               push_text(call.state(),
                         terminal_figure(drawn(call), static_cast<int>(call.integer("columns")),
                                         static_cast<int>(call.integer("rows")), false));
               return 1;
             }),
      method("words", {}, "text", "What the plot shows, in a sentence.",
             "assert(#plot.histogram { of = t.y }:words() > 0)",
             [](Call& call) {
               push_text(call.state(), drawn(call).words);
               return 1;
             }),
      method("spec", {}, "text", "The plot as a Vega-Lite specification in JSON.",
             "assert(plot.histogram { of = t.y }:spec():find \"vega%-lite\")",
             [](Call& call) {
               push_text(call.state(), drawn(call).spec.dump());
               return 1;
             }),
  };
}

// name, at, caption, plot
int add_figure(lua_State* L) {
  FigureNode node;
  node.recipe = std::make_shared<const Recipe>(get_handle<const PlotHandle>(L, 4)->recipe);
  node.caption = text_at(L, 3);
  const std::string name = text_at(L, 1);
  runtime(L).session()->need_study().nodes.push_back({name, text_at(L, 2), std::move(node)});
  push_handle(L, std::make_shared<const FigureHandle>(FigureHandle{name}));
  return 1;
}

}  // namespace

void install_plots(lua_State* L) {
  register_type(
      L, {.name = "Plot",
          .text = "A picture of columns, drawn when it is shown.",
          .methods = plot_methods(),
          .metamethods = {
              {.name = "Plot:__tostring",
               .params = {},
               .returns = "text",
               .text = "The kind and its columns.",
               .example = std::string(kSample) + "assert(tostring(plot.histogram { of = t.y }) == "
                                                 "\"plot.histogram of y\")",
               .body = [](Call& call) {
                 push_text(call.state(), describe_recipe(call.self<const PlotHandle>()->recipe));
                 return 1;
               }}}});
  register_type(L,
                {.name = "Figure", .text = "A declared plot.", .methods = {}, .metamethods = {}});
  Registry& registry = runtime(L).registry();
  lua_createtable(L, 0, static_cast<int>(figure_kinds().size()));
  for (const FigureKind& kind : figure_kinds()) {
    push_function(L, registry.add({.name = "plot." + kind.name,
                                   .params = params_of(kind),
                                   .returns = "Plot",
                                   .text = kind.text,
                                   .example = example_of(kind),
                                   .body = [&kind](Call& call) { return make_plot(call, kind); }}));
    lua_setfield(L, -2, kind.name.c_str());
  }
  extend_private_api(L, "plots");
  push_private(L, add_figure);
  extend_private_api(L, "add_figure");
}

}  // namespace impact::bindings
