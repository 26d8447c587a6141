#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <nlohmann/json.hpp>

#include "bindings/args.h"
#include "bindings/declarations.h"
#include "bindings/display.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/random.h"
#include "bindings/recipe_reader.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "engine/analysis/analysis.h"
#include "engine/core/deadline.h"
#include "engine/core/error.h"
#include "engine/design/model.h"
#include "engine/render/figure.h"
#include "engine/render/shown_number.h"
#include "engine/render/terminal_estimates.h"
#include "engine/render/terminal_table.h"
#include "engine/study/analyse_node.h"
#include "engine/study/draw_node.h"
#include "engine/study/study.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"

// What a value looks like when someone types its name. Nothing here runs a script's own functions.
namespace impact::bindings {
namespace {

// How long counting rows, or looking at the values of a column, may keep someone waiting.
constexpr std::chrono::milliseconds kPatience{150};
constexpr std::int64_t kFirstValues = 8;
constexpr std::size_t kSmallTable = 12;

constexpr const char* kDeclaring = "a study reads no data while it is declared";
constexpr const char* kRunShows = "impact run computes it";

struct View {
  lua_State* L;
  int index;  // Of the value.
  Session& session;
  TerminalStyle style;
};

std::string line(const View& view, const std::string& text) {
  std::string out;
  for (const std::string& part :
       wrap_text(printable_text(text), static_cast<std::size_t>(view.style.columns))) {
    out += (out.empty() ? "" : "\n") + part;
  }
  return out;
}

std::string faint(const View& view, const std::string& text) {
  return dim(line(view, text), view.style.colour);
}

std::string table_text(const View& view, const RelationPtr& relation) {
  if (!view.session.may_read(*relation)) {
    NamedNotes list{.names = relation->schema.names()};
    for (const ColumnInfo& info : relation->schema.columns()) {
      list.notes.push_back(info.type.name());
    }
    const std::string size =
        shown_count(static_cast<std::int64_t>(list.names.size()), "column") + "; ";
    return terminal_names(list, view.style) + "\n" + faint(view, size + kDeclaring);
  }
  TerminalTable table = first_rows(relation, view.session.context(), view.style, kPatience);
  table.rows_hint = "t:count_rows() counts all";
  return terminal_table(table, view.style);
}

bool aggregates(const Expr& expr) {
  if (expr.kind == Expr::Kind::kAggregate) return true;
  if (expr.kind == Expr::Kind::kWindow) return false;
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [](const ExprPtr& arg) { return aggregates(*arg); });
}

std::string cell_text(const Column& column, std::size_t row) {
  if (column.missing(row)) return kMissingMark;
  const Value value = column.value(row);
  const double* number = std::get_if<double>(&value);
  return number == nullptr ? format_value(value) : shown_number(*number, kPerCell);
}

// The first values, if they are there in a moment; nothing where they are not.
std::string values_of(const View& view, const ColumnValue& column, const std::string& name) {
  const Context& context = view.session.context();
  const Deadline deadline(kPatience, context.cancel);
  Context brief = context;
  brief.cancel = &deadline.token();
  brief.progress = nullptr;
  try {
    const RelationPtr values =
        aggregates(*column.expr) ? summarise(column.table, {}, {{name, column.expr}})
        : column.expr->kind == Expr::Kind::kColumn
            ? select(head(column.table, kFirstValues + 1), {{name, column.expr}})
            : select(column.table, {{name, column.expr}});
    const Frame frame = column.table->backend->collect(head(values, kFirstValues + 1), brief);
    std::string out;
    for (std::size_t row = 0; row < std::min<std::size_t>(frame.rows(), kFirstValues); ++row) {
      out += (row == 0 ? "" : ", ") + cell_text(frame.column(0), row);
    }
    if (frame.rows() > kFirstValues) out += ", …";
    return "\n" + line(view, out);
  } catch (const Cancelled&) {
    context.check();
  } catch (const ArgumentError&) {
    // An expression that only means something inside another one.
  }
  return "";
}

std::string column_text(const View& view, const ColumnValue& column) {
  const std::string words = describe_expr(*column.expr);
  const std::string name = column.alias.empty() ? words : column.alias;
  std::string what = name == words ? name : name + " = " + words;
  if (column.descending) what = "desc(" + what + ")";
  if (!column.assignment.empty()) return line(view, what + ": assignment");
  if (!column.model.empty()) {
    return line(view, fmt::format("{}: variable of the model '{}'", what, column.model));
  }
  if (column.table == nullptr) return line(view, what + ": expression");
  const auto at = column.expr->kind == Expr::Kind::kColumn
                      ? column.table->schema.find(column.expr->name)
                      : std::nullopt;
  const std::string type =
      at ? column.table->schema[*at].type.name() + " column of " : "computed from ";
  const std::string head = line(view, fmt::format("{}: {}{}", what, type, column.table->label));
  return view.session.may_read(*column.table) ? head + values_of(view, column, name) : head;
}

// Why a recipe cannot be computed now; nullptr: it can.
const char* obstacle(const View& view, const Recipe& recipe) {
  if (!recipe.nodes.empty()) return "it works on what a study computes: impact run shows it";
  if (recipe.table != nullptr && !view.session.may_read(*recipe.table)) return kDeclaring;
  return nullptr;
}

std::string analysis_text(const View& view, const Recipe& recipe) {
  std::string out = line(view, describe_recipe(recipe));
  if (const char* why = obstacle(view, recipe)) return out + "\n" + faint(view, why);
  const AnalysisResult result =
      analyse_recipe(recipe, StreamKey::root(0).child(recipe.method), view.session.context());
  if (!result.estimates.empty()) {
    const bool usual = recipe.options.contains("conf_level");
    out += "\n" +
           terminal_estimates({.rows = result.estimates,
                               .conf_level = usual && recipe.options.at("conf_level").is_number()
                                                 ? recipe.options.at("conf_level").get<double>()
                                                 : std::numeric_limits<double>::quiet_NaN()},
                              view.style);
  }
  for (const AnalysisTable& table : result.tables) {
    const std::string call = fmt::format(":table \"{}\"", table.name);
    if (table.frame.rows() > kSmallTable) {
      out += "\n" + faint(view, fmt::format("{}: {} rows", call, table.frame.rows()));
      continue;
    }
    out += "\n" + faint(view, call) + "\n" +
           terminal_table(
               {.frame = table.frame, .rows = static_cast<std::int64_t>(table.frame.rows())},
               view.style);
  }
  for (const RaisedAlarm& alarm : result.alarms) {
    out += "\n" + line(view, fmt::format("alarm, {}: {}", alarm.rule, alarm.text));
  }
  return out;
}

std::string plot_text(const View& view, const Recipe& recipe) {
  const char* why = obstacle(view, recipe);
  if (why != nullptr) return line(view, describe_recipe(recipe)) + "\n" + faint(view, why);
  const Figure figure = draw_recipe(recipe, view.session.context());
  std::string out =
      terminal_figure(figure, view.style.columns, view.style.rows - 1, view.style.colour);
  if (out.empty()) out = line(view, figure.words) + "\n";
  for (const std::string& warning : figure.warnings) {
    out += faint(view, "warning: " + warning) + "\n";
  }
  out.pop_back();
  return out;
}

std::string declared_text(const View& view, const std::string& kind, const std::string& name) {
  std::string text = kind + " '" + name + "'";
  if (const Study* study = view.session.study()) {
    for (const Node& node : study->nodes) {
      if (node.name == name && !node.at.empty()) text += ", declared at " + node.at;
    }
  }
  return line(view, text) + "\n" + faint(view, kRunShows);
}

std::string model_text(const View& view, const ModelHandle& handle) {
  NamedNotes list{.name_heading = "variable", .note_heading = "drawn from"};
  for (const NamedExpr& variable : handle.model->variables) {
    list.names.push_back(variable.name);
    list.notes.push_back(describe_expr(*variable.expr));
  }
  std::string levels;
  for (const Level& level : handle.model->levels) {
    levels += (levels.empty() ? "" : ", ") + level.name;
  }
  return terminal_names(list, view.style) + "\n" +
         faint(view, fmt::format("model '{}' of {}", handle.name, levels));
}

std::string type_text(const View& view, const Type& type) {
  std::string text = "type " + type.name();
  if (type.levels != nullptr) text += ": " + list_words(*type.levels);
  return line(view, text);
}

// What the type's own __tostring says; our metatables cannot be changed by scripts.
std::string own_words(const View& view, const std::string& type) {
  lua_State* L = view.L;
  reserve_stack(L, 4);
  lua_getmetatable(L, view.index);
  push_text(L, "__tostring");
  lua_rawget(L, -2);
  lua_pushvalue(L, view.index);
  lua_call(L, 1, 1);
  std::string words = text_at(L, -1);
  lua_pop(L, 2);
  return words.empty() || words == type ? type : type + " " + words;
}

int limit_at(lua_State* L, const char* name, int fallback, int least) {
  int value = fallback;
  with_field(L, 2, name, [&](int at) {
    if (lua_isinteger(L, at) != 0) {
      value =
          static_cast<int>(std::clamp<lua_Integer>(lua_tointegerx(L, at, nullptr), least, 10'000));
    }
  });
  return value;
}

template <class Handle>
std::shared_ptr<const Handle> as(const View& view) {
  return get_handle<const Handle>(view.L, view.index);
}

std::string display_text(const View& view, const std::string& type) {
  if (type == "Table") return table_text(view, as<Relation>(view));
  if (type == "Column") return column_text(view, *as<ColumnValue>(view));
  if (type == "Analysis") return analysis_text(view, *as<Recipe>(view));
  if (type == "Plot") return plot_text(view, as<PlotHandle>(view)->recipe);
  if (type == "Model") return model_text(view, *as<ModelHandle>(view));
  if (type == "Type") return type_text(view, *as<Type>(view));
  if (type == "Finding") return declared_text(view, "analysis", as<FindingHandle>(view)->name);
  if (type == "Figure") return declared_text(view, "figure", as<FigureHandle>(view)->name);
  if (type == "Inquiry") return declared_text(view, "inquiry", as<InquiryHandle>(view)->name);
  if (type == "Estimator") return declared_text(view, "estimator", as<EstimatorHandle>(view)->name);
  if (type == "Check") return declared_text(view, "check", as<CheckHandle>(view)->name);
  if (type == "FindingTable") {
    const auto table = as<FindingTableHandle>(view);
    return line(view, fmt::format("table '{}' of the analysis '{}'", table->table, table->node)) +
           "\n" + faint(view, kRunShows);
  }
  if (type == "Random") {
    return line(view, "stream of random numbers '" +
                          get_handle<RandomStream>(view.L, view.index)->name + "'");
  }
  if (type == "missing") return dim("missing", view.style.colour);
  return line(view, own_words(view, type));
}

// value, { columns = 80, rows = 24, color = false } or nil -> text, or nil when it is no handle
int show(lua_State* L) {
  lua_settop(L, 2);
  TerminalStyle style{.columns = 80, .rows = 24};
  if (is_plain_table(L, 2)) {
    style.columns = limit_at(L, "columns", style.columns, 1);
    style.rows = limit_at(L, "rows", style.rows, lines_for_rows(1));
    with_field(L, 2, "color", [&](int at) { style.colour = lua_toboolean(L, at) != 0; });
  }
  if (const auto text = display(L, 1, style)) {
    push_text(L, *text);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

void push_info(lua_State* L, lua_Integer at, const std::string& name, const std::string& type) {
  lua_createtable(L, 0, 2);
  push_text(L, name);
  lua_setfield(L, -2, "name");
  push_text(L, type);
  lua_setfield(L, -2, "type");
  lua_rawseti(L, -2, at);
}

int columns_of(lua_State* L) {
  lua_settop(L, 1);
  push_columns_of(L, 1);
  return 1;
}

// text -> the text with whatever could command a terminal written out
int printable(lua_State* L) {
  lua_settop(L, 1);
  push_text(L, printable_text(text_at(L, 1)));
  return 1;
}

}  // namespace

std::optional<std::string> display(lua_State* L, int index, const TerminalStyle& style) {
  const Box* box = find_box(L, index);
  if (box == nullptr) return std::nullopt;
  const std::string type = box->type->name;
  if (box->object == nullptr && type != "missing") return type + ", released";
  return display_text({L, lua_absindex(L, index), *runtime(L).session(), style}, type);
}

void push_columns_of(lua_State* L, int index) {
  const Box* box = find_box(L, index);
  const bool alive = box != nullptr && box->object != nullptr;
  reserve_stack(L, 6);
  lua_Integer at = 0;
  if (alive && box->type->name == "Table") {
    const auto relation = get_handle<const Relation>(L, index);
    lua_createtable(L, static_cast<int>(relation->schema.size()), 0);
    for (const ColumnInfo& info : relation->schema.columns()) {
      push_info(L, ++at, info.name, info.type.name());
    }
  } else if (alive && box->type->name == "Model") {
    const auto handle = get_handle<const ModelHandle>(L, index);
    lua_createtable(L, static_cast<int>(handle->model->variables.size()), 0);
    for (const NamedExpr& variable : handle->model->variables) {
      push_info(L, ++at, variable.name, "variable");
    }
    for (const Level& level : handle->model->levels) push_info(L, ++at, level.name, "level");
  } else {
    lua_pushnil(L);
  }
}

void install_display(lua_State* L) {
  push_private(L, show);
  extend_private_api(L, "display");
  push_private(L, printable);
  extend_private_api(L, "printable");
  push_private(L, columns_of);
  extend_private_api(L, "columns_of");
}

}  // namespace impact::bindings
