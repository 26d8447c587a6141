#include "tests/bindings/prompt_fixture.h"

#include <fstream>
#include <sstream>
#include <catch2/catch.hpp>

#include "bindings/args.h"
#include "engine/core/atomic_file.h"

using namespace impact;
using namespace impact::bindings;
using namespace impact::testing;
namespace fs = std::filesystem;

TEST_CASE("values are shown, statements are not", "[console]") {
  Prompt p;
  CHECK(p.say("1 + 1") == "2\n");
  CHECK(p.say("x = 5") == "");
  CHECK(p.say("x") == "5\n");
  CHECK(p.say("x, x + 1") == "5\n6\n");
  CHECK(p.say("'text'") == "\"text\"\n");
  CHECK(p.say("{ 1, 'a', k = { true } }") == "{ 1, \"a\", k = { true } }\n");
  CHECK(p.say("nil") == "nil\n");
  CHECK(p.say("print('once')") == "once\n");
  CHECK(p.say("   ") == "");
  CHECK(p.say("-- nothing") == "");
}

TEST_CASE("a semicolon silences, ans remembers", "[console]") {
  Prompt p;
  CHECK(p.say("6 * 7;") == "");
  CHECK(p.say("ans") == "42\n");
  CHECK(p.say("1") == "1\n");
  CHECK(p.say("ans1") == "42\n");
  CHECK(p.say("x = 1;") == "");
  CHECK(p.say("x;  -- a word") == "");
  CHECK_THAT(p.say("ans = 2"), Catch::Contains("belongs to the prompt"));
  for (int i = 0; i < 20; ++i) p.say(std::to_string(i) + ";");
  CHECK(p.say("ans, ans9") == "19\n10\n");
}

TEST_CASE("local names live on, in closures too", "[console]") {
  Prompt p;
  CHECK(p.say("local n <const> = 5") == "");
  CHECK(p.say("local a, b <const>") == "");
  CHECK(p.say("local function f() return n end") == "");
  CHECK(p.say("n, a, f()") == "5\nnil\n5\n");
  CHECK(p.say("local n = 6") == "");
  CHECK(p.say("f()") == "6\n");
  CHECK(p.say("do local inner = 1 end") == "");
  CHECK_THAT(p.say("inner"), Catch::Contains("unknown name 'inner'"));
  CHECK(p.say("local s = 'local x = 1' -- local y = 2") == "");
  CHECK(p.say("s") == "\"local x = 1\"\n");
  CHECK(p.say("for i = 1, 1 do local k = i print(k) end") == "1\n");
  CHECK(p.say("x = nil") == "");
  CHECK(p.say("x") == "nil\n");
}

TEST_CASE("text is whole by the rule of the reference interpreter", "[console]") {
  Prompt p;
  for (const char* whole :
       {"", "1", "x = 1", "for i = 1, 2 do end", "x = 'abc", "x = = 1", "?csv", ".who", "end",
        "return", "f()", "x = \"a\\\nb\"", "local x <const> = 1"}) {
    INFO(whole);
    CHECK(p.whole(whole));
  }
  for (const char* part : {"for i = 1, 2 do", "x =", "f(", "{ 1,", "x = [[abc", "--[[ a",
                           "function f()", "1 +", "local x <const> ="}) {
    INFO(part);
    CHECK_FALSE(p.whole(part));
  }
}

TEST_CASE("input runs once", "[console]") {
  Prompt p;
  p.say("n = 0");
  p.say("function count_up() n = n + 1 return n end");
  CHECK(p.whole("count_up()"));
  CHECK(p.words("count_up():").empty());
  CHECK(p.say("count_up()") == "1\n");
  CHECK(p.say("n") == "1\n");
}

TEST_CASE("errors show the line, a caret and a hint, and leave the state", "[console]") {
  Prompt p;
  p.say("views = 3");
  CHECK(p.say("viws + 1") ==
        "error: unknown name 'viws'\n  hint:     did you mean 'views'?\n  viws + 1\n  ^^^^\n");
  CHECK(p.say("views") == "3\n");
  CHECK_THAT(p.say("x = = 1"), Catch::Contains("unexpected symbol near '='"));
  CHECK_THAT(
      p.say("for i = 1, 2 do\n  print(i.x.y)\nend"),
      Catch::Contains("input 5:2: attempt to index") && Catch::Contains("2 |   print(i.x.y)"));
  p.say("function f() error('deep') end");
  CHECK_THAT(p.say("g = function() f() end g()"), Catch::Contains("called from input 7:1"));
  CHECK_THAT(p.say("trace()"), Catch::Contains("in function 'f'") && Catch::Contains("deep"));
  CHECK_THAT(p.say("\xff\xfe"), Catch::Contains("no UTF-8"));
  CHECK(p.say("views") == "3\n");
}

TEST_CASE("Ctrl-C stops what runs and nothing else", "[console]") {
  Prompt p;
  p.say("kept = 7");
  p.cancel.request();  // As if pressed at once.
  CHECK(p.say("while true do end") == "interrupted\n");
  p.cancel.request();
  CHECK(p.say("pcall(function() while true do end end)") == "interrupted\n");
  CHECK(p.say("kept") == "7\n");
}

TEST_CASE("what is shown is bounded and sends nothing to the terminal", "[console]") {
  Prompt p;
  p.say("t = {} for i = 1, 20 do t[i] = t end");
  const std::string nested = p.say("t");
  CHECK(std::count(nested.begin(), nested.end(), '\n') < 300);
  CHECK_THAT(nested, Catch::Contains("more"));
  CHECK(p.say("'\\27[31m'") == "\"\\27[31m\"\n");
  CHECK_THAT(p.say("'\\x80abc'"), Catch::Contains("\\128abc"));
  CHECK(p.say("'a\\u{9b}31m\\u{202e}'").find("\u009b") == std::string::npos);
  CHECK(p.say("('x'):rep(100000)").size() < 300);
  p.say("e = frame { { 'te\\27[31mxt', { 1 } } }");
  CHECK(p.say(".schema e").find('\033') == std::string::npos);
  CHECK(p.say(".who").find('\033') == std::string::npos);
}

TEST_CASE("a command or a question stands alone", "[console]") {
  Prompt p;
  CHECK_THAT(p.say(".who\nx = 99"), Catch::Contains("stands alone"));
  CHECK_THAT(p.say("?csv\nx = 99"), Catch::Contains("stands alone"));
  CHECK_THAT(p.say("x"), Catch::Contains("unknown name 'x'"));
}

TEST_CASE("names of the library can be hidden and come back", "[console]") {
  Prompt p;
  CHECK_THAT(p.say("count = 3"), Catch::Contains("hides the library's"));
  CHECK(p.say("count") == "3\n");
  CHECK(p.say("count = nil") == "");
  CHECK_THAT(p.say("count"), Catch::Contains("function count"));
  CHECK_THAT(p.say("local trace = 1"), Catch::Contains("hides the prompt's"));
  CHECK(p.say("trace") == "1\n");
  p.say("trace = nil");
  CHECK_THAT(p.say("trace()"), Catch::Contains("no error yet"));
}

TEST_CASE("help answers for every function under any name", "[console]") {
  Prompt p;
  p.say(kTable);
  CHECK_THAT(p.say("?csv"), Catch::Contains("The rows of a file") && Catch::Contains("Example"));
  CHECK_THAT(p.say("?Table:head"), Catch::Contains("head"));
  CHECK(p.say("?t:head") == p.say("?Table:head"));
  CHECK(p.say("?head") == p.say("?Table:head"));
  CHECK(p.say("help(t.head)") == p.say("?Table:head"));
  p.say("w = stats.welch");
  CHECK(p.say("help(w)") == p.say("?stats.welch"));
  CHECK(p.say("?w") == p.say("?stats.welch"));
  CHECK_THAT(p.say("help(t)"), Catch::Contains("Table:filter"));
  CHECK(p.say("?t") == p.say("help(t)"));
  CHECK_THAT(p.say("?stats"), Catch::Contains("stats.welch"));
  CHECK_THAT(p.say("help(stats)"), Catch::Contains("stats.welch"));
  CHECK_THAT(p.say("?csvv"), Catch::Contains("did you mean 'csv'"));
  CHECK_THAT(p.say("?"), Catch::Contains("tutorial()"));
  CHECK_THAT(p.say("help()"), Catch::Contains("tutorial()"));
  CHECK_THAT(p.say("??stats.welch"), Catch::Contains("stdlib/"));
  CHECK_THAT(p.say("??study"), Catch::Contains("stdlib/study.lua"));
  CHECK_THAT(p.say("?.who"), Catch::Contains("names you made"));
  CHECK_THAT(p.say("?string.rep"), Catch::Contains("Lua's own"));
  CHECK_THAT(p.say("??csv"), Catch::Contains("C++"));
  p.say("function mine(a) return a end");
  CHECK_THAT(p.say("??mine"), Catch::Contains("function mine(a)"));
  CHECK_THAT(p.say("apropos \"rank sum\""), Catch::Contains("stats.mann_whitney"));
  CHECK_THAT(p.say("apropos \"xyzzy\""), Catch::Contains("nothing speaks of"));
  // Every descriptor has help that says something.
  lua_State* L = p.script->runtime().state();
  for (const Function& function : p.script->runtime().registry().functions()) {
    INFO(function.name);
    const std::string text = p.say("?" + function.name);
    CHECK(text.find(function.text.substr(0, 12)) != std::string::npos);
  }
  CHECK(lua_gettop(L) == 0);
}

TEST_CASE("commands", "[console]") {
  Prompt p;
  CHECK_THAT(p.say(".who"), Catch::Contains("no names yet"));
  p.say(kTable);
  p.say("many = t:filter(t.views:gt(1))");
  CHECK_THAT(p.say(".who"), Catch::Contains("many") && Catch::Contains("3 columns"));
  CHECK_THAT(p.say(".why many"), Catch::Contains("frame {") && Catch::Contains("t:filter"));
  CHECK_THAT(p.say(":why many"), Catch::Contains("t:filter"));
  CHECK_THAT(p.say(".why nothing"), Catch::Contains("nothing here is called"));
  CHECK(p.say(".schema t") == "  views      integer\n  tier       text\n  two words  integer\n");
  CHECK_THAT(p.say(".schema 3"), Catch::Contains(".schema shows tables"));
  CHECK_THAT(p.say(".open t"), Catch::Contains("opened"));
  CHECK(read_file(p.host.opened).value_or("").find("two words") != std::string::npos);
  CHECK_THAT(p.say(".open plot.histogram { of = t.views }"), Catch::Contains("opened"));
  CHECK(read_file(p.host.opened).value_or("").find("vega") != std::string::npos);
  CHECK_THAT(p.say(":open 3"), Catch::Contains("a browser shows"));
  CHECK_THAT(p.say(".time 1 + 1"), Catch::Contains("2\n0.000 s"));
  CHECK(p.say(".time on") == "time is on\n");
  CHECK(p.say("1") == "1\n0.000 s\n");
  CHECK(p.say(".set time off") == "time is off\n");
  CHECK_THAT(p.say(".set colour on"), Catch::Contains("no setting 'colour'"));
  CHECK_THAT(p.say(".set"), Catch::Contains("tips   on"));
  CHECK(p.say(".set pager on") == "pager is on\n");
  p.host.size.rows = 4;
  CHECK(p.say(".help") == "");
  CHECK(p.host.paged.find(".save FILE.lua") != std::string::npos);
  CHECK_THAT(p.say(".sve x"), Catch::Contains("did you mean 'save'"));
  CHECK(p.console->submit(".quit") == Console::Answer::kQuit);
}

TEST_CASE("a tip a day, unless it is switched off", "[console]") {
  Prompt p;
  const std::string first = p.console->banner();
  CHECK_THAT(first, Catch::Contains("tip: "));
  CHECK(p.console->banner() == first);
  p.host.day += 1;
  CHECK(p.console->banner() != first);
  p.say(".set tips off");
  CHECK(p.host.settings["tips"] == "off");
  CHECK_THAT(p.console->banner(), !Catch::Contains("tip: "));
}

TEST_CASE("every line of the tutorial works, and what was tried is a study", "[console]") {
  Prompt p;
  std::size_t lines = 0;
  for (int screen = 1; screen <= 5; ++screen) {
    std::istringstream text(p.say("tutorial(" + std::to_string(screen) + ")"));
    std::string line;
    while (std::getline(text, line)) {
      const std::size_t mark = line.find("    > ");
      if (mark != 0) continue;
      const std::string code = line.substr(6);
      INFO(code);
      const std::string shown = p.say(code);
      const bool typo = code == "videos.vievs";
      CHECK((shown.find("error:") != std::string::npos) == typo);
      if (typo) CHECK_THAT(shown, Catch::Contains("did you mean 'views'"));
      ++lines;
    }
  }
  CHECK(lines >= 20);
  CHECK_THAT(p.say("tutorial(6)"), Catch::Contains("tutorial(1) to tutorial(5)"));
  const std::string study = read_file("first.lua").value_or("");
  INFO(study);
  CHECK_THAT(study, Catch::Contains("S:source \"videos\" { csv = \"videos.csv\" }"));
  CHECK_THAT(study, Catch::Contains("S:analysis \"gap\""));
  CHECK_THAT(study, Catch::Contains("figure \"Histogram of views\""));
  Script saved({.file = "first.lua"}, {}, {});
  const auto errors = saved.find_errors();
  CHECK(errors.empty());
  CHECK(saved.study().nodes.size() >= 4);
}

TEST_CASE("any file may be read at the prompt", "[console]") {
  Prompt p;
  const test::TempDir elsewhere;
  std::ofstream(elsewhere.path() / "d.csv") << "x\n1\n2\n";
  const std::string path = (elsewhere.path() / "d.csv").string();
  CHECK(p.say("a = csv \"" + path + "\"") == "");
  CHECK(p.say("a:count_rows()") == "2\n");
  const std::string climbing = fs::relative(path).string();
  REQUIRE(climbing.starts_with(".."));
  CHECK(p.say("b = csv \"" + climbing + "\"") == "");
  CHECK(p.say("b:count_rows()") == "2\n");
  CHECK_THAT(p.say("sql(\"select * from read_csv('" + path + "')\")"),
             Catch::Contains("error:") && !Catch::Contains("2 rows"));
  CHECK_THAT(p.say("sql(\"select * from '" + path + "'\")"),
             Catch::Contains("error:") && !Catch::Contains("2 rows"));
  p.say("a:count(\"x\")");
  CHECK_THAT(p.say(".save s.lua"), Catch::Contains("--data " + elsewhere.path().string()));
  p.say("S = study \"s\" { version = \"0.1.0\", seed = 1 }");
  CHECK(p.say("a:count_rows()") == "2\n");
  CHECK(p.say("c = S:source \"d\" { csv = \"" + path + "\" }") == "");
  CHECK(p.say("c:count_rows()") == "2\n");
  CHECK(p.say("S = study \"again\" { version = \"0.1.0\", seed = 1 }") == "");
}
