#include "tests/bindings/prompt_fixture.h"

#include <fstream>
#include <catch2/catch.hpp>

#include "engine/core/atomic_file.h"

using namespace impact;
using namespace impact::bindings;
using namespace impact::testing;
using Catch::Contains;

namespace {

struct Saving : Prompt {
  Saving() {
    std::ofstream file("d.csv");
    file << "x,g\n";
    for (int i = 0; i < 40; ++i) file << i * i % 37 << "," << (i % 3 == 0 ? "a" : "b") << "\n";
    file.close();
    say("d = csv \"d.csv\"");
  }
  // What .save writes; it must declare a study.
  std::string saved() {
    std::filesystem::remove("s.lua");
    said = say(".save s.lua");
    const std::string text = read_file("s.lua").value_or("");
    INFO(said << text);
    CHECK_THAT(said, Contains("run it: impact run s.lua"));
    Script written({.file = "s.lua"}, {}, {});
    for (const ScriptError& error : written.find_errors()) FAIL_CHECK(error.report());
    return text;
  }
  std::string said;
};

}  // namespace

TEST_CASE_METHOD(Saving, "files become sources, what was shown is declared", "[console][save]") {
  say("d:summarise { by = d.g, n = count() }  -- how many");
  say("gap = stats.welch { of = d.x, by = d.g } -- why; not");
  say("plot.histogram { of = d.x } -- look");
  say("d:head(3)");
  const std::string text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("local d <const> = S:source \"d\" { csv = \"d.csv\" }"));
  CHECK_THAT(text, Contains("S:table \"answer\" (d:summarise { by = d.g, n = count() })"));
  CHECK_THAT(text, Contains("local gap <const> = S:analysis \"gap\" (stats.welch"));
  CHECK_THAT(text, Contains("figure \"Histogram of x\" (plot.histogram { of = d.x }),"));
  CHECK_THAT(text, !Contains("head(3)"));
}

TEST_CASE_METHOD(Saving, "what changes a value comes along", "[console][save]") {
  say("cfg = { conf_level = .95 }");
  say("cfg.conf_level = .80");
  say("cols = { \"x\" }");
  say("table.insert(cols, \"g\")");
  say("gap = stats.welch { of = d.x, by = d.g, conf_level = cfg.conf_level }");
  say("both = d:select(table.unpack(cols)):describe()");
  const std::string text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("cfg.conf_level = .80"));
  CHECK_THAT(text, Contains("table.insert(cols, \"g\")"));
  CHECK_THAT(text, !Contains("-- S:"));
}

TEST_CASE_METHOD(Saving, "a name with several values is one variable", "[console][save]") {
  say("k = 10");
  say("big = function() return d:filter(d.x:gt(k)) end");
  say("k = 20");
  say("r = big():summarise { n = count() }");
  std::string text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("local k\n") || Contains("local big, k\n"));
  CHECK_THAT(text, Contains("k = 20\n"));
  CHECK_THAT(text, !Contains("the prompt showed"));
  say("n = 0");
  say("for i = 1, 3 do n = n + i end");
  say("M = {}");
  say("function M.over(t) return t:filter(t.x:gt(n)) end");
  say("over = M.over(d):summarise { n = count() }");
  text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("for i = 1, 3 do n = n + i end\n"));
  CHECK_THAT(text, Contains("function M.over(t)"));
  CHECK_THAT(text, Contains("S:table \"over\""));
  CHECK_THAT(text, !Contains("the prompt showed"));
}

TEST_CASE_METHOD(Saving, "a line that failed half way is not passed over", "[console][save]") {
  say("k = 1000");
  say("k = 10; error(\"late\")");
  say("r = d:filter(d.x:gt(k)):summarise { n = count() }");
  say("s = d:summarise { n = count() }");
  const std::string text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("-- k = 10; error(\"late\")  -- failed at the prompt"));
  CHECK_THAT(text, Contains("-- local r <const> = S:table \"r\""));
  CHECK_THAT(text, Contains("\nlocal s <const> = S:table \"s\""));
  CHECK_THAT(say(".why k"), Contains("k = 10; error"));
}

TEST_CASE_METHOD(Saving, "the last value of a name counts", "[console][save]") {
  std::ofstream("e.csv") << "x,g\n1,a\n2,b\n5,a\n9,b\n";
  say("gap = stats.welch { of = d.x, by = d.g }");
  say("gap = stats.mann_whitney { of = d.x, by = d.g }");
  say("d = d:filter(d.x:gt(3))");
  say("d:count(\"g\")");
  std::string text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("S:analysis \"gap\" (stats.mann_whitney"));
  CHECK_THAT(text, !Contains("stats.welch"));
  CHECK_THAT(text, !Contains("the prompt showed"));
  say("d = csv \"e.csv\"; w = d:filter(d.x:gt(1))");
  say("answer = w:count(\"g\")");
  text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("S:table \"answer_2\" (w:count(\"g\"))") ||
                       Contains("S:table \"answer\" (w:count(\"g\"))"));
  CHECK_THAT(text, !Contains("-- local answer"));
}

TEST_CASE_METHOD(Saving, "names that hide those of the script", "[console][save]") {
  say("S = d:filter(d.x:gt(3))");
  say("figure = S:count(\"g\")");
  say("count = 5");
  say("count = nil");
  say("welch = S:summarise { n = count() }");
  say("stats.welch { of = S.x, by = S.g }");
  say("plot.box { of = S.x }");
  const std::string text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("local the_study <const> = study"));
  CHECK_THAT(text, Contains("local new_figure <const> = figure"));
  CHECK_THAT(text, !Contains("count = nil"));
  CHECK_THAT(text, Contains("the_study:analysis \"welch_2\""));
}

TEST_CASE_METHOD(Saving, "ans gets a name of its own", "[console][save]") {
  say("d:filter(d.x:gt(3))");
  say("v = ans");
  say("v:count(\"g\")");
  const std::string text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("= d:filter(d.x:gt(3))"));
  CHECK_THAT(text, Contains("local v <const> = ans_"));
  CHECK_THAT(text, Contains("S:table \"answer\" (v:count(\"g\"))"));
}

TEST_CASE_METHOD(Saving, "what a study can't do is a comment with the reason", "[console][save]") {
  say("n = d:count_rows()");
  say("twice = n * 2");
  say("function half(c) return c / 2 end");
  say("h = d:derive { y = half(d.x) }");
  say("stats.welch { of = h.y, by = h.g }");
  say("many = d:filter(d.x:gt(twice)):summarise { n = count() }");
  const std::string text = saved();
  INFO(text);
  CHECK_THAT(text, Contains("-- local n <const> = d:count_rows()  -- a study reads no data"));
  CHECK_THAT(text, Contains("-- local twice <const> = n * 2  -- needs n"));
  CHECK_THAT(text, Contains("-- local many <const> = S:table \"many\""));
  CHECK_THAT(text, Contains("local function half(c)"));
  CHECK_THAT(text, Contains("S:analysis \"welch\" (stats.welch { of = h.y, by = h.g })"));
  CHECK_THAT(say(".save s"), Contains("is there already"));
}

TEST_CASE_METHOD(Saving, "a study of the prompt is no draft", "[console][save]") {
  say("S = study \"s\" { version = \"0.1.0\", seed = 1 }");
  CHECK_THAT(say(".save s.lua"), Contains("its lines are the script already"));
}

TEST_CASE_METHOD(Saving, "a script in another folder finds its data", "[console][save]") {
  std::filesystem::create_directory("sub");
  say("d:count(\"g\")");
  CHECK_THAT(say(".save sub/far.lua"), Contains("impact run sub/far.lua --data ."));
}
