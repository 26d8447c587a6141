#include "bindings/display.h"

#include <chrono>

#include "bindings/args.h"
#include "engine/core/error.h"
#include "tests/bindings/script_fixture.h"

namespace impact {
namespace {

using namespace testing;

struct Display : ScriptFixture {
  // What the value of an expression looks like after `code`.
  std::string shown(const std::string& code, const std::string& value,
                    TerminalStyle style = {.columns = 80, .rows = 24}) {
    keeper = script(code);
    keeper->runtime().run_text(code + "\nreturn " + value, "-e", 1);
    std::optional<std::string> out;
    lua_rawsetp(keeper->runtime().state(), LUA_REGISTRYINDEX, this);
    keeper->runtime().protect([&](lua_State* L) {
      lua_rawgetp(L, LUA_REGISTRYINDEX, this);
      out = bindings::display(L, -1, style);
      lua_settop(L, 0);
    });
    return out.value_or("no handle");
  }
  std::unique_ptr<bindings::Script> keeper = nullptr;

  static constexpr const char* kFrame =
      "local t = frame { { \"x\", { 1, 2, 4, 7 } }, { \"g\", { \"a\", \"a\", \"b\", \"b\" } } }\n";
};

TEST_CASE_METHOD(Display, "a table shows its first rows", "[display]") {
  CHECK(shown(kFrame, "t") ==
        "      x  g\ninteger  text\n      1  a\n      2  a\n      4  b\n      7  b\n"
        "4 rows × 2 columns");
  CHECK(shown(kFrame, "t", {.columns = 80, .rows = 6}) ==
        "      x  g\ninteger  text\n      1  a\n      2  a\nfirst 2 of 4 rows × 2 columns");
}

TEST_CASE_METHOD(Display, "columns say what they are and begin", "[display]") {
  CHECK(shown(kFrame, "t.x") == "x: integer column of the frame\n1, 2, 4, 7");
  CHECK(shown(kFrame, "(t.x * 2):as \"twice\"") ==
        "twice = multiply(x, 2): computed from the frame\n2, 4, 8, 14");
  CHECK(shown(kFrame, "t.x:mean()") == "mean(x): computed from the frame\n3.5");
  CHECK(shown(kFrame, "desc(t.x)") == "desc(x): integer column of the frame\n1, 2, 4, 7");
}

TEST_CASE_METHOD(Display, "analyses are computed, plots drawn", "[display]") {
  const std::string welch = shown(kFrame, "stats.welch { of = t.x, by = t.g }");
  CHECK(welch.starts_with("welch of x by g\nterm"));
  CHECK(welch.find("-4.00") != std::string::npos);
  CHECK(welch.find("std. error") != std::string::npos);
  const std::string tables = shown(kFrame, "stats.describe { of = t.x }");
  CHECK(tables.find(":table \"description\"") != std::string::npos);
  const std::string plot =
      shown(kFrame, "plot.histogram { of = t.x }", {.columns = 40, .rows = 10});
  CHECK(plot.find("█") != std::string::npos);
  CHECK(std::count(plot.begin(), plot.end(), '\n') < 10);
}

TEST_CASE_METHOD(Display, "other handles say what they are, plain values nothing", "[display]") {
  CHECK(shown("", "missing") == "missing");
  CHECK(shown("", "category { \"a\", \"b\" }") == "type category: a, b");
  CHECK(shown("", "random(\"draws\", 7)") == "stream of random numbers 'draws'");
  CHECK(shown(kFrame, "t.x ~ t.g") == "Formula x ~ g");
  CHECK(shown("", "difference_in_means {}") == "Method difference_in_means");
  std::string released = kFrame;
  released += "t:release()";
  CHECK(shown(released, "t") == "Table, released");
  CHECK(shown("", "3") == "no handle");
  CHECK(shown("", "{}") == "no handle");
  CHECK(shown("", "nil") == "no handle");
}

TEST_CASE_METHOD(Display, "what a study declares is shown and not read", "[display]") {
  dir.file("v.csv", "id,views\n1,10\n2,nonsense\n");
  std::string source = kHead;
  source +=
      "local v = S:source \"v\" { csv = \"v.csv\", key = \"id\", "
      "types = { views = \"integer\" } }\n";
  CHECK(shown(source, "v") ==
        "column  type\nid      integer\nviews   integer\n"
        "2 columns; a study reads no data while it is declared");
  CHECK(shown(source, "v.views") == "views: integer column of 'v'");
  CHECK(shown(source, "stats.t_test { of = v.views }").find("reads no data") != std::string::npos);
  CHECK(shown(source, "plot.histogram { of = v.views }") ==
        "plot.histogram of views\na study reads no data while it is declared");
  CHECK(shown(source + "local f = S:analysis \"f\" (stats.t_test { of = v.views })", "f") ==
        "analysis 'f', declared at -e:3\nimpact run computes it");
  std::string model = kHead;
  model += "local m = S:model \"people\" { rows = 9, variables = { x = normal() } }";
  const std::string text = shown(model, "m");
  CHECK(text == "variable  drawn from\nx         normal(0.0, 1.0)\nmodel 'people' of unit");
}

TEST_CASE_METHOD(Display, "the columns of a value are known at once", "[display]") {
  std::string code =
      "local columns = {}\nfor i = 1, 1000 do columns[i] = { \"c\" .. i, { i } } end\n";
  (void)shown(code + "local t = frame(columns)", "t");
  double milliseconds = 0;
  keeper->runtime().protect([&](lua_State* L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, this);
    const auto start = std::chrono::steady_clock::now();
    bindings::push_columns_of(L, -1);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    milliseconds = took.count();
    CHECK(lua_rawlen(L, -1) == 1000);
    lua_rawgeti(L, -1, 1000);
    lua_getfield(L, -1, "name");
    CHECK(bindings::text_at(L, -1) == "c1000");
    lua_getfield(L, -2, "type");
    CHECK(bindings::text_at(L, -1) == "integer");
    lua_pushinteger(L, 3);
    bindings::push_columns_of(L, -1);
    CHECK(lua_isnil(L, -1));
    lua_settop(L, 0);
  });
  INFO(milliseconds);
  CHECK(milliseconds < 20);
}

}  // namespace
}  // namespace impact
