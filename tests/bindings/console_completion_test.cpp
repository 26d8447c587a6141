#include "tests/bindings/prompt_fixture.h"

#include <fstream>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"

using namespace impact;
using namespace impact::bindings;
using namespace impact::testing;
namespace fs = std::filesystem;

TEST_CASE("completion: names, methods, columns, options, values, files", "[console]") {
  Prompt p;
  p.say(kTable);
  p.say("local rate = t.views");
  CHECK(has(p.words("ra"), "rate"));
  CHECK(has(p.words("sta"), "stats"));
  CHECK(has(p.words("fun"), "function"));
  CHECK(has(p.words("stats.we"), "stats.welch") == false);
  CHECK(has(p.words("stats.we"), "welch"));
  CHECK(has(p.words("stats:we"), "welch"));
  CHECK(p.words("t.") == Words{"tier", "views"});
  CHECK(p.words("t.v") == Words{"views"});
  CHECK(p.words("x = 1 + t.v") == Words{"views"});
  CHECK(has(p.words("t:"), "head"));
  CHECK(has(p.words("t:des"), "describe"));
  CHECK(has(p.words("t.views:me"), "median"));
  CHECK(has(p.words("t:head(5):des"), "describe"));
  CHECK(p.words("t:filter(t.views:gt(1)).v") == Words{"views"});
  CHECK(has(p.words("rate:"), "mean"));
  CHECK(has(p.words("csv(\"x.csv\"):"), "head"));
  CHECK(has(p.words("stats.welch { "), "of = "));
  CHECK(has(p.words("stats.welch { of = t.views, b"), "by = "));
  CHECK_FALSE(has(p.words("stats.welch { of = t.views, "), "of = "));
  CHECK(has(p.words("csv(\"x.csv\", { de"), "delim = "));
  CHECK(p.words("stats.welch { alternative = \"g") == Words{"greater\""});
  CHECK(p.words("stats.welch { alternative = ") ==
        Words{"\"greater\"", "\"less\"", "\"two_sided\""});
  CHECK(p.words("t:col(\"tw") == Words{"two words\""});
  CHECK(p.words("t:select(\"ti") == Words{"tier\""});
  std::ofstream("data one.csv") << "a\n1\n";
  fs::create_directory("datasets");
  CHECK(p.words("csv \"dat") == Words{"data one.csv\"", "datasets/"});
  CHECK(p.words("csv(\"dat") == Words{"data one.csv\"", "datasets/"});
  CHECK(has(p.words("?stats.wel"), "stats.welch"));
  CHECK(has(p.words("?t:hea"), "head"));
  p.say("odd = frame { { 'we\\\"ird', { 1 } } }");
  CHECK(p.words("odd:select(\"we") == Words{"we\\\"ird\""});
  p.say("cfg = { ['a'] = { inner = 1 } }");
  CHECK(p.words("cfg['a'].") == Words{"inner"});
  CHECK(p.words("apropos \"").empty());
  CHECK(has(p.words(".wh"), "who"));
  CHECK(p.words(".schema t.v") == Words{"views"});
  CHECK(p.words("'text' .. t.") == Words{"tier", "views"});
  CHECK(p.words("-- t.").empty());
  CHECK(p.words("no_such_name.").empty());
  p.say("S = study \"s\" { version = \"0.1.0\", seed = 1 }");
  CHECK(has(p.words("S:so"), "source"));
  CHECK(has(p.words("S:source \"x\" { cs"), "csv = "));
}

TEST_CASE("completion leaves no trace", "[console]") {
  Prompt p;
  p.say(kTable);
  p.say("log = {}");
  p.say(R"(trap = setmetatable({ real = 1 }, {
    __index = function(_, k) log[#log + 1] = k return 1 end,
    __call = function() log[#log + 1] = 'call' return {} end,
    __pairs = function() log[#log + 1] = 'pairs' return next, {}, nil end,
    __len = function() log[#log + 1] = 'len' return 1 end,
    __tostring = function() log[#log + 1] = 'text' return 't' end,
    __eq = function() log[#log + 1] = 'eq' return true end,
    __newindex = function() log[#log + 1] = 'new' end }))");
  p.say("child = setmetatable({}, { __index = trap })");
  p.say("made = 0");
  p.say("function make() made = made + 1 return t end");
  const std::string names = p.say(".who");
  for (const char* text :
       {"trap.",          "trap:",        "trap.x.",          "trap.x:y",          "trap():",
        "trap()().",      "child.",       "child.a.b:",       "make().",           "make():",
        "make { ",        "(make()).v",   "trap[1].",         "t:filter(make()).", "#trap.",
        "trap == child.", "undefined.",   "made = made + 1 ", "make() .. \"",      "t[make()].",
        "trap { a = ",    "csv(make()).", "x = make():"}) {
    INFO(text);
    (void)p.words(text);
    (void)p.console->complete(text, 2);
  }
  CHECK(p.words("trap.") == Words{"real"});
  CHECK(p.words("child.") == Words{"real"});
  CHECK(p.say("#log, made") == "0\n0\n");
  CHECK(p.say(".who") == names);
}

TEST_CASE("whatever is typed, the prompt goes on", "[console][fuzz]") {
  Prompt p;
  p.say(kTable);
  std::ofstream("d.csv") << "x,g\n1,a\n";
  const Words vocabulary = {"t",
                            ".",
                            ":",
                            "(",
                            ")",
                            "{",
                            "}",
                            "[",
                            "]",
                            "\"",
                            "'",
                            "=",
                            "views",
                            "local",
                            "<",
                            "const",
                            ">",
                            "end",
                            "do",
                            "for",
                            "if",
                            "then",
                            "?",
                            "??",
                            "\n",
                            " ",
                            "1",
                            "2.5e3",
                            "..",
                            "...",
                            "--",
                            "[[",
                            "]]",
                            "csv",
                            "stats",
                            "welch",
                            "of",
                            "by",
                            "study",
                            "S",
                            "head",
                            "help",
                            "ans",
                            ";",
                            "nil",
                            "return",
                            "frame",
                            "while",
                            "true",
                            "string",
                            "rep",
                            "plot",
                            "histogram",
                            "~",
                            "#",
                            "\\",
                            "\t",
                            "\xc3\xa9",
                            "\xff",
                            "0x",
                            "1e",
                            ".save",
                            ".who",
                            ".why",
                            ".set",
                            ".time",
                            "goto",
                            "::",
                            "function",
                            "x",
                            "tutorial",
                            "apropos",
                            "setmetatable",
                            "__index",
                            "error"};
  Stream rng(StreamKey::root(7).child("fuzz"));
  for (int round = 0; round < 1500; ++round) {
    std::string text;
    const auto length = 1 + rng.below(14);
    for (std::uint64_t i = 0; i < length; ++i) {
      text += vocabulary[rng.below(vocabulary.size())];
      if (rng.below(3) == 0) text += ' ';
    }
    INFO(text);
    const Completion found = p.console->complete(text, rng.below(text.size() + 1));
    CHECK(found.start <= text.size());
    (void)p.console->whole(text);
    p.script->runtime().limit_steps(100000);
    if (text.find("while") == std::string::npos && text.find("for") == std::string::npos &&
        text.find("goto") == std::string::npos) {
      (void)p.say(text);
    }
  }
  for (int round = 0; round < 1500; ++round) {
    std::string bytes;
    const auto length = rng.below(40);
    for (std::uint64_t i = 0; i < length; ++i) {
      bytes += static_cast<char>(rng.below(256));
    }
    (void)p.console->complete(bytes, rng.below(bytes.size() + 1));
    (void)p.console->whole(bytes);
    (void)p.say(bytes);
  }
  p.say(".set time off");
  p.say("kept = 41");
  CHECK(p.say("kept + 1") == "42\n");
}
