#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "bindings/docs/complete.h"
#include "bindings/docs/private_docs.h"
#include "bindings/docs/stubs.h"
#include "bindings/install.h"
#include "bindings/runtime.h"
#include "bindings/session.h"

using namespace impact::bindings;

namespace {

struct Program {
  Session session{{.out = "unused", .name = "docs"}};
  Runtime runtime{{.print = [](std::string_view) {}}};
  Program() {
    runtime.set_session(&session);
    install(runtime);
  }
  const Registry& registry() { return runtime.registry(); }
  std::vector<VisibleName> visible() {
    std::vector<VisibleName> out;
    runtime.protect([&](lua_State* L) { out = visible_names(L); });
    return out;
  }
};

using Words = std::vector<std::string>;

// Names of the registry that the stubs say nothing of.
Words not_in_stubs(const Registry& registry, const std::string& stubs) {
  Words out;
  const auto has = [&](const std::string& line) {
    return stubs.find("\n" + line) != std::string::npos;
  };
  for (const TypeDescriptor& type : registry.types()) {
    if (!has("---@class " + type.name + "\n")) out.push_back(type.name);
  }
  for (const std::string& name : registry.names()) {
    const Function* function = registry.find(name);
    if (function == nullptr || function->standard) continue;
    if (function->is_operator()) {
      // Comparisons are errors, indices are fields, and editors do not ask for texts.
      constexpr std::array kWithout = {"__index", "__tostring", "__lt", "__le"};
      const std::string sign(function->short_name());
      if (std::find(kWithout.begin(), kWithout.end(), sign) != kWithout.end()) continue;
      const std::string head = "---@class " + name.substr(0, name.find(':')) + "\n";
      const std::size_t from = stubs.find("\n" + head);
      const std::size_t at = stubs.find("\n---@operator " + sign.substr(2), from);
      if (at == std::string::npos || at > stubs.find("\nlocal ", from)) out.push_back(name);
      continue;
    }
    if (!has("function " + name + "(") && !has(name + " = ")) out.push_back(name);
  }
  return out;
}

}  // namespace

TEST_CASE("nothing scripts can call lacks a description", "[docs]") {
  Program program;
  CHECK(lacks(program.registry()) == Words{});
  for (const VisibleName& name : program.visible()) {
    INFO(name.name);
    const bool own = name.described == name.name;
    const auto& aliases = program.registry().aliases();
    const auto alias = aliases.find(name.name);
    const bool aliased = alias != aliases.end() && alias->second == name.described;
    const NamedValue* value = program.registry().find_value(name.name);
    const bool valued = value != nullptr && value->type == name.described;
    CHECK((own || aliased || valued || !exempt(name.name).empty()));
    CHECK((name.described.empty() || exempt(name.name).empty() ||
           program.registry().find(name.described) != nullptr));
  }
}

TEST_CASE("what a description lacks is told", "[docs]") {
  Program program;
  const Registry& registry = program.registry();
  const Function* head = registry.find("Table:head");
  REQUIRE(head != nullptr);
  REQUIRE(lacks(*head, registry).empty());

  Function changed = *head;
  changed.text = "";
  CHECK(lacks(changed, registry) == Words{"Table:head has no text"});
  changed = *head;
  changed.example = "";
  CHECK(lacks(changed, registry) == Words{"Table:head has no example"});
  changed = *head;
  changed.params[0].text = "";
  CHECK(lacks(changed, registry) == Words{"Table:head: 'count' has no text"});
  changed = *head;
  changed.params[0].type = "integer|Tabel";
  CHECK(lacks(changed, registry) == Words{"Table:head: 'count' has the unknown type 'Tabel'"});
  changed = *head;
  changed.returns = "the table";
  CHECK(lacks(changed, registry).size() == 1);
  changed.returns = "list of Row";
  CHECK(lacks(changed, registry).empty());
  TypeDescriptor type{.name = "Curve", .text = ""};
  CHECK(lacks(type, registry) == Words{"Curve has no text"});
}

TEST_CASE("the editor stubs say everything", "[docs]") {
  Program program;
  const Registry& registry = program.registry();
  const std::string stubs = editor_stubs(registry);
  CHECK(not_in_stubs(registry, stubs) == Words{});
  CHECK(stubs == editor_stubs(Program().registry()));

  std::string changed = stubs;
  const std::string line = "\nfunction Table:head(count, options) end";
  REQUIRE(changed.find(line) != std::string::npos);
  changed.erase(changed.find(line), line.size());
  CHECK(not_in_stubs(registry, changed) == Words{"Table:head"});

  const auto says = [&](const std::string& text) {
    INFO(text);
    CHECK(stubs.find("\n" + text + "\n") != std::string::npos);
  };
  says("---@field [string] Column");
  says("---@operator bxor(any): Formula");
  says("---@operator unm: Column");
  says(
      "---@field kind? \"anti\"|\"cross\"|\"full\"|\"inner\"|\"left\"|\"right\"|\"semi\" # Which "
      "rows "
      "without a partner stay. Default: \"inner\".");
  says("---@field quote? string # One character around cells. Default: \"\\\"\".");
  says("---@param count? integer # Rows to keep. Default: 10. At least 0.");
  says("---@return fun(method: Method): fun(options: Study.estimator.options): Estimator");
  says("---@return fun(column: Column): Column");
  says("---@overload fun(self: Study, name: string, column: Column): Column");
  says("---@overload fun(all: csv.table): Table");
  says("plot.forest = plot.coefficients");
  says("missing = {}");
}

TEST_CASE("the prompt asks for descriptors as data", "[docs]") {
  Program program;
  program.runtime.protect([](lua_State* L) {
    lua_createtable(L, 0, 8);
    open_docs_api(L);
    const int api = lua_gettop(L);
    const auto ask = [&](const char* name, const char* about) {
      lua_getfield(L, api, name);
      lua_pushstring(L, about);
      lua_call(L, 1, 1);
    };
    ask("descriptors", "");
    CHECK(lua_rawlen(L, -1) > 300);
    ask("descriptor", "Table:head");
    lua_getfield(L, -1, "params");
    lua_rawgeti(L, -1, 1);
    lua_getfield(L, -1, "default");
    CHECK(lua_tointegerx(L, -1, nullptr) == 10);
    ask("descriptor", "no such thing");
    CHECK(lua_isnil(L, -1));
    ask("documented", "a text");
    CHECK(lua_isnil(L, -1));
    // A table of the script answers for itself without being asked.
    lua_getfield(L, api, "documented");
    CHECK(luaL_dostring(L, "return setmetatable({}, { __index = error, __name = 1 })") == LUA_OK);
    lua_call(L, 1, 1);
    CHECK(lua_isnil(L, -1));
  });
}

TEST_CASE("calls are written as scripts write them", "[docs]") {
  Program program;
  const auto calls = [&](const char* name) { return program.registry().find(name)->calls(); };
  CHECK(calls("Study:feature") == Words{"S:feature \"name\" (column)"});
  CHECK(calls("Study:estimator") ==
        Words{"S:estimator \"name\" (method) { answers = Inquiry, primary = boolean }"});
  CHECK(calls("figure") == Words{"figure \"caption\" (plot, { name = text })"});
  CHECK(calls("Study:report") == Words{"S:report \"title\" { sections }"});
  CHECK(calls("Table:head") ==
        Words{"table:head(count, { offset = integer })", "table:head { count, offset = integer }"});
  CHECK(calls("Column:__add") == Words{"left + right"});
  CHECK(calls("use") == Words{"use \"name\"", "use(name)"});
}

TEST_CASE("what is behind a value has a name under any alias", "[docs]") {
  Program program;
  const auto visible = program.visible();
  const auto behind = [&](const std::string& name) -> std::string {
    const auto at = std::find_if(visible.begin(), visible.end(),
                                 [&](const VisibleName& item) { return item.name == name; });
    return at == visible.end() ? "not seen" : at->described;
  };
  CHECK(behind("plot.forest") == "plot.coefficients");
  CHECK(behind("csv") == "csv");
  CHECK(behind("figure") == "figure");
  CHECK(behind("ols") == "ols");
  CHECK(behind("stats") == "stats");
  CHECK(behind("missing") == "missing");
  CHECK(behind("design_card") == "Piece");
  const auto given = [](const std::string& expression) {
    Program fresh;
    fresh.runtime.run_text("return " + expression, "test", 1);
    return documented_name(fresh.runtime.state(), -1);
  };
  CHECK(given("study \"s\" { version = \"0.1.0\", seed = 7 }") == "Study");
  CHECK(given("study \"s\" { version = \"0.1.0\", seed = 7 }.source") == "Study:source");
  CHECK(given("study \"s\" { version = \"0.1.0\", seed = 7 }.roles") == "Study:roles");
  CHECK(given("stats.poly(col \"x\", 2)") == "Curve");
  CHECK(given("ols.lin") == "ols.lin");
  CHECK(given("frame { { \"x\", { 1 } } }") == "Table");
  CHECK(given("frame { { \"x\", { 1 } } }.head") == "Table:head");
  CHECK(given("{}").empty());
  CHECK(given("function() end").empty());
  CHECK(program.registry().to_json("plot.forest")["name"] == "plot.coefficients");
  CHECK(program.registry().to_json("Study:table")["source"].get<std::string>().starts_with(
      "stdlib/study/results.lua:"));
  CHECK(program.registry().to_json("Table:head")["source"] == "bindings/bind_table.cpp");
  const auto source = [&](const char* name) { return program.registry().find(name)->source(); };
  CHECK(source("stats.welch").starts_with("stdlib/stats/compare.lua:"));
  CHECK(source("pairs").starts_with("stdlib/sandbox/order.lua:"));
  CHECK(program.registry().to_json("no such thing").is_null());
}
