#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "bindings/docs/complete.h"
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
  CHECK(program.registry().to_json("plot.forest")["name"] == "plot.coefficients");
  CHECK(program.registry().to_json("Study:table")["source"].get<std::string>().starts_with(
      "stdlib/study/results.lua:"));
  CHECK(program.registry().to_json("Table:head")["source"] == "bindings/bind_table.cpp");
  CHECK(program.registry().to_json("no such thing").is_null());
}
