#include <map>
#include <string>
#include <vector>

#include "bindings/columns.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/sandbox.h"
#include "bindings/study_types.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

using Class = FunctionInfo::Class;

// Every example starts from this table.
const char* const kSample =
    "local t = frame { { \"x\", { 1, 2, 4 } }, { \"y\", { 2.5, 0.5, 1.5 } },\n"
    "  { \"s\", { \"a\", \"b b\", \"C\" } }, { \"ok\", { true, false, true } },\n"
    "  { \"day\", { \"2024-02-28\", \"2024-02-29\", \"2024-03-01\" } } }:cast { day = \"date\" }\n";

// Names of the arguments after the column, where "other" would say too little, and a call for the
// example where `t.x:name()` would not do.
struct Spelling {
  std::vector<std::string> params;
  std::string example;
};

const std::map<std::string, Spelling>& spellings() {
  static const std::map<std::string, Spelling> all = {
      {"add_days", {{"days"}, "t.day:add_days(7)"}},
      {"all", {{}, "t.ok:all()"}},
      {"all_of", {{}, "t.ok:all_of(t.x:gt(1))"}},
      {"any", {{}, "t.ok:any()"}},
      {"any_of", {{}, "t.ok:any_of(t.x:gt(1))"}},
      {"coalesce", {{}, "t.x:coalesce(0)"}},
      {"concat", {{}, "t.s:concat(\"!\")"}},
      {"contains", {{"text"}, "t.s:contains(\"b\")"}},
      {"correlation", {{"other"}, "t.x:correlation(t.y)"}},
      {"covariance", {{"other"}, "t.x:covariance(t.y)"}},
      {"day", {{}, "t.day:day()"}},
      {"days_between", {{"later"}, "t.day:days_between(t.day:add_days(3))"}},
      {"ends_with", {{"text"}, "t.s:ends_with(\"b\")"}},
      {"first", {{}, "t.x:first { order = t.day }"}},
      {"hour", {{}, "t.day:to_timestamp():hour()"}},
      {"if_else", {{"yes", "no"}, "t.ok:if_else(1, 0)"}},
      {"iso_week", {{}, "t.day:iso_week()"}},
      {"iso_year", {{}, "t.day:iso_year()"}},
      {"lag", {{"n"}, "t.x:lag { n = 1, order = t.day }"}},
      {"last", {{}, "t.x:last { order = t.day }"}},
      {"lead", {{"n"}, "t.x:lead { n = 1, order = t.day }"}},
      {"length", {{}, "t.s:length()"}},
      {"lower", {{}, "t.s:lower()"}},
      {"matches", {{"pattern"}, "t.s:matches(\"^b\")"}},
      {"minute", {{}, "t.day:to_timestamp():minute()"}},
      {"month", {{}, "t.day:month()"}},
      {"not_", {{}, "t.ok:not_()"}},
      {"null_if", {{"value"}, "t.x:null_if(2)"}},
      {"one_of", {{}, "t.s:one_of { \"a\", \"C\" }"}},
      {"quantile", {{"p"}, "t.x:quantile(0.25)"}},
      {"quarter", {{}, "t.day:quarter()"}},
      {"regex_replace", {{"pattern", "replacement"}, "t.s:regex_replace(\"b+\", \"-\")"}},
      {"replace", {{"text", "replacement"}, "t.s:replace(\"b\", \"-\")"}},
      {"round", {{"digits"}, "t.y:round(1)"}},
      {"second", {{}, "t.day:to_timestamp():second()"}},
      {"split_part", {{"separator", "n"}, "t.s:split_part(\" \", 1)"}},
      {"start_of_day", {{}, "t.day:to_timestamp():start_of_day()"}},
      {"start_of_month", {{}, "t.day:start_of_month()"}},
      {"start_of_quarter", {{}, "t.day:start_of_quarter()"}},
      {"start_of_week", {{}, "t.day:start_of_week()"}},
      {"start_of_week_sunday", {{}, "t.day:start_of_week_sunday()"}},
      {"start_of_year", {{}, "t.day:start_of_year()"}},
      {"starts_with", {{"text"}, "t.s:starts_with(\"b\")"}},
      {"substring", {{"start", "length"}, "t.s:substring(1, 1)"}},
      {"to_boolean", {{}, "t.x:to_boolean()"}},
      {"to_date", {{}, "t.day:to_text():to_date()"}},
      {"to_timestamp", {{}, "t.day:to_timestamp()"}},
      {"trim", {{}, "t.s:trim()"}},
      {"upper", {{}, "t.s:upper()"}},
      {"weekday", {{}, "t.day:weekday()"}},
      {"within", {{"low", "high"}, "t.x:within(1, 2)"}},
      {"year", {{}, "t.day:year()"}},
      {"yearday", {{}, "t.day:yearday()"}},
  };
  return all;
}

std::string example_of(const FunctionInfo& info) {
  const auto at = spellings().find(info.name);
  std::string expression;
  if (at != spellings().end() && !at->second.example.empty()) {
    expression = at->second.example;
  } else {
    expression = "t.x:" + info.name + (info.min_args > 1 ? "(2)" : "()");
  }
  if (info.cls == Class::kWindow && at == spellings().end()) {
    expression = "t.x:" + info.name + " { order = t.day }";
  }
  const bool one_row = info.cls == Class::kAggregate;
  return std::string(kSample) + "local out = t:" + (one_row ? "summarise" : "derive") +
         " { result = " + expression + " }\nassert(out:count_rows() == " + (one_row ? "1)" : "3)");
}

std::vector<Param> window_params() {
  return {{.name = "by",
           .type = kColumns,
           .text = "Rows are taken within groups of these columns.",
           .optional = true,
           .named = true},
          {.name = "order",
           .type = kColumns,
           .text = "Order of the rows; ties are broken by the table's key.",
           .optional = true,
           .named = true}};
}

std::vector<ExprPtr> partition_at(const Call& call) {
  std::vector<ExprPtr> by;
  for (NamedExpr& item : columns_at(call.state(), call.slot("by"), "by")) {
    by.push_back(std::move(item.expr));
  }
  return by;
}

// The arguments after the column: one a parameter, or the items of the variadic one.
void add_arguments(const Call& call, std::vector<ExprPtr>* args) {
  lua_State* L = call.state();
  for (const Param& param : call.function().params) {
    if (param.named) continue;
    const int slot = call.slot(param.name);
    const std::string place = "parameter '" + param.name + "' of " + call.function().name;
    if (param.variadic) {
      each_item(L, slot, [&](int item, lua_Integer) { args->push_back(expr_at(L, item, place)); });
    } else if (!lua_isnil(L, slot)) {
      args->push_back(expr_at(L, slot, place));
    }
  }
}

ExprPtr build(const Call& call, const FunctionInfo& info, std::vector<ExprPtr> args) {
  if (info.cls == Class::kScalar) return impact::call(info.name, std::move(args));
  auto order = sort_keys_at(call.state(), call.slot("order"), "order");
  if (info.cls == Class::kAggregate) {
    return aggregate(info.name, std::move(args), std::move(order));
  }
  return window(info.name, std::move(args), partition_at(call), std::move(order));
}

std::vector<Param> params_of(const FunctionInfo& info, int first) {
  std::vector<Param> params;
  const auto at = spellings().find(info.name);
  if (info.max_args < 0) {
    params.push_back({.name = "others",
                      .type = kOperand,
                      .text = "Columns or values; one list of them will do.",
                      .optional = info.min_args <= first,
                      .variadic = true});
  }
  for (int i = first; i < info.max_args; ++i) {
    const auto place = static_cast<std::size_t>(i - first);
    const bool known = at != spellings().end() && place < at->second.params.size();
    params.push_back({.name = known ? at->second.params[place] : "other",
                      .type = kOperand,
                      .text = "Column or value.",
                      .optional = i >= info.min_args});
  }
  if (info.cls == Class::kWindow) {
    for (Param& param : window_params()) params.push_back(std::move(param));
  }
  if (info.cls == Class::kAggregate) params.push_back(window_params()[1]);
  return params;
}

// A method of Column for each function that takes at least one argument.
Function method_of(const FunctionInfo& info) {
  return {.name = "Column:" + info.name,
          .params = params_of(info, 1),
          .returns = "Column",
          .text = info.text,
          .example = example_of(info),
          .body = [&info](Call& call) {
            std::vector<ExprPtr> args{call.self<const ColumnValue>()->expr};
            add_arguments(call, &args);
            push_computed(call.state(), build(call, info, std::move(args)));
            return 1;
          }};
}

// The same as a plain function, for those that read better so: count(), all_of(a, b), rank { ... }.
Function global_of(const FunctionInfo& info, std::string expression) {
  const bool one_row = info.cls == Class::kAggregate;
  return {.name = info.name,
          .params = params_of(info, 0),
          .returns = "Column",
          .text = info.text,
          .example = std::string(kSample) + "local out = t:" + (one_row ? "summarise" : "derive") +
                     " { result = " + std::move(expression) +
                     " }\nassert(out:count_rows() == " + (one_row ? "1)" : "3)"),
          .body = [&info](Call& call) {
            std::vector<ExprPtr> args;
            add_arguments(call, &args);
            push_computed(call.state(), build(call, info, std::move(args)));
            return 1;
          }};
}

// How an operand of a comparison may be written; `called` when a method follows.
std::string operand_text(lua_State* L, int index, bool called) {
  if (find_box(L, index, "Column") == nullptr) {
    const int kind = lua_type(L, index);
    const bool cell = kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TBOOLEAN;
    return cell ? describe_expr(*literal(value_at(L, index, "a comparison"))) : "value";
  }
  const Expr& expr = *get_handle<const ColumnValue>(L, index)->expr;
  if (expr.kind == Expr::Kind::kColumn) return "t." + expr.name;
  const std::string text = describe_expr(expr);
  return called ? "(" + text + ")" : text;
}

Function operator_of(const std::string& name, const std::string& function,
                     const std::string& sign) {
  const bool unary = name == "__unm";
  std::vector<Param> params{{.name = "left", .type = kOperand, .text = "Left operand."},
                            {.name = "right",
                             .type = kOperand,
                             .text = unary ? "The same operand again." : "Right operand.",
                             .optional = unary}};
  const std::string operation = unary                ? "-t.x"
                                : name == "__concat" ? "t.s .. \"!\""
                                                     : "t.x " + sign + " 2";
  return {.name = "Column:" + name,
          .params = std::move(params),
          .returns = "Column",
          .text = "The operator " + sign + ": " + find_function(function)->text,
          .example =
              std::string(kSample) + "assert(t:derive { z = " + operation + " }:count_rows() == 3)",
          .body =
              [function, unary](Call& call) {
                lua_State* L = call.state();
                std::vector<ExprPtr> args{expr_at(L, 1, "the left operand")};
                if (!unary) args.push_back(expr_at(L, 2, "the right operand"));
                push_computed(L, impact::call(function, std::move(args)));
                return 1;
              },
          .free = true};
}

// Lua turns the result of < into true or false at once, and a > b into b < a.
Function comparison_of(const std::string& name, const std::string& sign, const std::string& method,
                       const std::string& mirrored) {
  const auto side = [](const char* which) {
    return Param{.name = which, .type = "any", .text = "An operand.", .optional = true};
  };
  return {.name = "Column:" + name,
          .params = {side("left"), side("right")},
          .returns = "nothing",
          .text = "The operator " + sign + " is an error: a comparison of columns is a method.",
          .example = std::string(kSample) + "assert(not pcall(function() return t.x " + sign +
                     " 2 end))\nassert(t:filter(t.x:" + method + "(2)):count_rows() > 0)",
          .body = [method, mirrored](Call& call) -> int {
            lua_State* L = call.state();
            const bool left = find_box(L, 1, "Column") != nullptr;
            const std::string column = operand_text(L, left ? 1 : 2, true);
            const std::string value = operand_text(L, left ? 2 : 1, false);
            throw ArgumentError({.what = "columns can't be compared with <, <=, > or >=",
                                 .got = describe_value(L, left ? 2 : 1),
                                 .expected = "a method: lt, le, gt, ge, eq or ne",
                                 .hint = "Lua compares at once; write " + column + ":" +
                                         (left ? method : mirrored) + "(" + value + ")"});
          },
          .free = true};
}

Function as_function() {
  return {.name = "Column:as",
          .params = {{.name = "name", .type = "text", .text = "Name of the new column."}},
          .returns = "Column",
          .text = "Names a computed column.",
          .example = std::string(kSample) +
                     "local out = t:derive((t.x * 2):as \"twice\")\n"
                     "assert(out:column_values(\"twice\")[3] == 8)",
          .body = [](Call& call) {
            auto value = std::make_shared<ColumnValue>(*call.self<const ColumnValue>());
            value->alias = call.text("name");
            push_handle<const ColumnValue>(call.state(), std::move(value));
            return 1;
          }};
}

Function over_function() {
  Function out{
      .name = "Column:over",
      .params = window_params(),
      .returns = "Column",
      .text = "An aggregate over a window of rows instead of a group.",
      .example = std::string(kSample) +
                 "local out = t:derive { running = t.x:sum():over { order = t.day, after = 0 } }\n"
                 "assert(out:sort(\"day\"):column_values(\"running\")[3] == 7)",
      .body = [](Call& call) {
        const auto self = call.self<const ColumnValue>();
        if (self->expr->kind != Expr::Kind::kAggregate) {
          throw ArgumentError({.what = "only an aggregate can be taken over a window",
                               .got = describe_expr(*self->expr),
                               .expected = "an aggregate such as t.views:sum()",
                               .hint = "window functions take by and order themselves"});
        }
        std::optional<WindowFrame> frame;
        if (call.given("before") || call.given("after")) {
          frame = WindowFrame{};
          if (call.given("before")) frame->before = call.integer("before");
          if (call.given("after")) frame->after = call.integer("after");
        }
        auto order = sort_keys_at(call.state(), call.slot("order"), "order");
        push_computed(call.state(), window(self->expr->name, self->expr->args, partition_at(call),
                                           std::move(order), frame));
        return 1;
      }};
  for (const char* side : {"before", "after"}) {
    out.params.push_back({.name = side,
                          .type = "integer",
                          .text = std::string("Rows ") + side + " the current one; default: all " +
                                  "before, none after.",
                          .optional = true,
                          .named = true,
                          .min = 0});
  }
  return out;
}

Function to_string_function() {
  return {.name = "Column:__tostring",
          .params = {},
          .returns = "text",
          .text = "The expression as a person would write it.",
          .example = std::string(kSample) + "assert(tostring(t.x:mean()) == \"mean(x)\")",
          .body = [](Call& call) {
            push_text(call.state(), describe_expr(*call.self<const ColumnValue>()->expr));
            return 1;
          }};
}

Function desc_function() {
  return {
      .name = "desc",
      .params = {{.name = "column", .type = "Column|text", .text = "What to sort by."}},
      .returns = "Column",
      .text = "Sorts from the largest value down.",
      .example = std::string(kSample) + "assert(t:sort(desc(t.x)):column_values(\"x\")[1] == 4)",
      .body = [](Call& call) {
        lua_State* L = call.state();
        auto value = std::make_shared<ColumnValue>();
        if (find_box(L, 1, "Column") != nullptr) {
          *value = *call.handle<const ColumnValue>("column");
        } else {
          value->expr = column(call.text("column"));
        }
        value->descending = true;
        push_handle<const ColumnValue>(L, std::move(value));
        return 1;
      }};
}

}  // namespace

void install_columns(lua_State* L) {
  TypeDescriptor type{.name = "Column",
                      .text = "A column of a table, or an expression over columns.",
                      .methods = {},
                      .metamethods = {}};
  for (const FunctionInfo& info : functions()) {
    if (info.max_args != 0 && info.name != "ntile") type.methods.push_back(method_of(info));
  }
  type.methods.push_back(as_function());
  type.methods.push_back(over_function());
  type.methods.push_back(between_function());
  struct Operator {
    const char* name;
    const char* function;
    const char* sign;
  };
  constexpr Operator kOperators[] = {
      {"__add", "add", "+"},    {"__sub", "subtract", "-"},     {"__mul", "multiply", "*"},
      {"__div", "divide", "/"}, {"__idiv", "int_divide", "//"}, {"__mod", "modulo", "%"},
      {"__pow", "power", "^"},  {"__unm", "negate", "-"},       {"__concat", "concat", ".."},
  };
  for (const Operator& item : kOperators) {
    type.metamethods.push_back(operator_of(item.name, item.function, item.sign));
  }
  type.metamethods.push_back(comparison_of("__lt", "<", "lt", "gt"));
  type.metamethods.push_back(comparison_of("__le", "<=", "le", "ge"));
  type.metamethods.push_back(to_string_function());
  type.metamethods.push_back(relate_operator());
  type.metamethods.push_back(part_operator("Column"));
  register_type(L, std::move(type));

  Registry& registry = runtime(L).registry();
  const std::pair<const char*, const char*> kGlobals[] = {
      {"all_of", "all_of(t.ok, t.x:gt(1))"},
      {"any_of", "any_of(t.ok, t.x:gt(1))"},
      {"coalesce", "coalesce(t.x, 0)"},
      {"concat", "concat(t.s, \"-\", t.s)"},
      {"count", "count()"},
      {"cume_dist", "cume_dist { order = t.x }"},
      {"dense_rank", "dense_rank { order = t.x }"},
      {"greatest", "greatest(t.x, t.y)"},
      {"if_else", "if_else(t.ok, 1, 0)"},
      {"least", "least(t.x, t.y)"},
      {"not_", "not_(t.ok)"},
      {"ntile", "ntile { 2, order = t.x }"},
      {"percent_rank", "percent_rank { order = t.x }"},
      {"rank", "rank { order = t.x }"},
      {"row_number", "row_number { order = desc(t.x) }"},
  };
  for (const auto& [name, expression] : kGlobals) {
    const FunctionInfo* info = find_function(name);
    if (info == nullptr) throw InternalError({.what = std::string("no function ") + name});
    push_function(L, registry.add(global_of(*info, expression)));
    set_global(L, name);
  }
  push_function(L, registry.add(desc_function()));
  set_global(L, "desc");
}

}  // namespace impact::bindings
