#include "bindings/script.h"

#include <catch2/catch.hpp>

#include "engine/core/canonical_json.h"
#include "engine/study/frozen_plan.h"
#include "tests/bindings/script_fixture.h"

using namespace impact;
using namespace impact::bindings;
using Catch::Contains;
using impact::testing::ScriptFixture;
namespace fs = std::filesystem;

namespace {

const std::string kHead = ScriptFixture::kHead;

std::string failure(Runtime& runtime, const std::string& code) {
  try {
    runtime.run_text(code, "test.lua");
  } catch (const ScriptError& error) {
    return error.kind() + " " + error.report();
  } catch (const ResourceError& error) {
    return std::string("resource ") + error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a script that runs on and on is stopped, wherever it loops", "[steps]") {
  for (const char* loop :
       {"while true do end", "while true do pcall(function() while true do end end) end",
        "local function f() return f() end f()",
        "coroutine.wrap(function() while true do end end)()",
        "for i = 1, 1e15 do local x = i * 2 end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "repeat local ok = pcall(error, 'x') until false"}) {
    INFO(loop);
    Runtime runtime{RuntimeOptions{}};
    runtime.limit_steps(200'000);
    CHECK_THAT(failure(runtime, loop),
               Contains("resource") && Contains("runs on and on") && Contains("test.lua:1"));
  }
}

TEST_CASE("a script that ends in time is not stopped, and steps add up over runs", "[steps]") {
  Runtime runtime{RuntimeOptions{}};
  runtime.limit_steps(100'000);
  CHECK(failure(runtime, "for i = 1, 10000 do end").empty());
  std::string stopped;
  int runs = 0;
  while (stopped.empty() && runs < 100) {
    stopped = failure(runtime, "for i = 1, 10000 do end");
    ++runs;
  }
  CHECK(runs > 1);
  CHECK(runs < 20);
}

TEST_CASE("the same number of steps stops at the same place", "[steps]") {
  const auto reached = [] {
    std::string printed;
    Runtime runtime({.print = [&](auto text) { printed = text; }});
    runtime.limit_steps(50'000);
    (void)failure(runtime,
                  "local i = 0 while true do i = i + 1 if i % 100 == 0 then print(i) end end");
    return printed;
  };
  const std::string first = reached();
  CHECK_FALSE(first.empty());
  CHECK(reached() == first);
}

TEST_CASE("a study that loops while declaring ends with its line", "[steps][script]") {
  ScriptFixture s;
  const auto it = s.script(kHead + "while true do end\nreturn S", true);
  std::string message;
  try {
    it->declare();
  } catch (const Error& error) {
    message = error.what();
    CHECK(error.kind() == "resource");
  }
  CHECK_THAT(message, Contains("runs on and on while it declares"));
}

TEST_CASE("a script declares its study and knows its files", "[script]") {
  ScriptFixture s;
  fs::create_directories(s.dir.path() / "s" / "lib");
  s.dir.file("s/lib/own.lua", "return { n = 1 }");
  s.dir.file("shared.lua", "return { m = 2 }");
  const std::string code = kHead +
                           "local own <const> = use \"lib/own\"\nlocal shared <const> = use "
                           "\"shared\"\nS:parameter \"n\" { default = own.n + shared.m }\nreturn S";
  const auto it = s.script(code, true);
  it->declare();
  CHECK(it->study().name == "s");
  REQUIRE(it->study().nodes.size() == 1);
  CHECK_THAT(it->study().nodes[0].at, Catch::EndsWith("study.lua:4"));
  std::vector<std::string> names;
  for (const auto& [name, text] : it->files()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"lib/own.lua", "shared.lua", "study.lua"});
  CHECK(it->files()[2].second == code);
}

TEST_CASE("a script without a study is fine until its study is asked for", "[script]") {
  ScriptFixture s;
  const auto it = s.script("print(1 + 1)");
  it->declare();
  CHECK(s.printed == "2\n");
  CHECK(it->files().empty());
  CHECK_THAT(test::message_of<ArgumentError>([&] { (void)it->study(); }),
             Contains("declares no study"));
}

TEST_CASE("settings replace parameters of their type", "[script]") {
  ScriptFixture s;
  s.settings = {{"n", "80"}, {"share", "0.25"}, {"tier", "large"}, {"quick", "true"}};
  const auto it = s.script(kHead +
                           "S:parameter \"n\" { default = 40 }\n"
                           "S:parameter \"share\" { default = 0.5 }\n"
                           "S:parameter \"tier\" { default = \"small\" }\n"
                           "S:parameter \"quick\" { default = false }\n"
                           "S:parameter \"kept\" { default = 1 }\nreturn S");
  it->declare();
  const auto value = [&](const char* name) {
    return std::get<ParameterNode>(it->study().find(name)->body).value;
  };
  CHECK(value("n") == Value{std::int64_t{80}});
  CHECK(value("share") == Value{0.25});
  CHECK(value("tier") == Value{std::string("large")});
  CHECK(value("quick") == Value{true});
  CHECK(value("kept") == Value{std::int64_t{1}});
  s.settings = {{"n", "many"}};
  CHECK_THAT(s.refusal("S:parameter \"n\" { default = 40 }"),
             Contains("--set n has the wrong type") && Contains("got:      many"));
}

TEST_CASE("the frozen plan is read beside the script, whole or not at all", "[script]") {
  ScriptFixture s;
  const auto it = s.script(kHead + "return S", true);
  it->declare();
  CHECK_FALSE(it->frozen_plan().has_value());
  const std::string text =
      frozen_plan_text(freeze_plan(plan_of(it->study()), "2024-06-11T09:30:00Z", {}));
  s.dir.file(std::string("s/") + kPlanFile, text);
  REQUIRE(it->frozen_plan().has_value());
  CHECK(it->frozen_plan()->plan_hash == hash_json(plan_of(it->study())));
  std::string edited = text;
  edited.replace(edited.find("0.1.0"), 5, "0.2.0");
  s.dir.file(std::string("s/") + kPlanFile, edited);
  CHECK_THROWS_AS(it->frozen_plan(), DataError);
  CHECK_FALSE(s.script(kHead + "return S")->frozen_plan().has_value());
}

TEST_CASE("a node's place becomes the file and line of an error", "[script]") {
  const NodeError error(DataError({.what = "wrong", .hint = "mend it"}), "dir/a:b.lua:12");
  const ScriptError shown = located(error);
  CHECK(shown.file() == "dir/a:b.lua");
  CHECK(shown.line() == 12);
  CHECK(shown.kind() == "data");
  CHECK_THAT(shown.report(), Catch::StartsWith("dir/a:b.lua:12: wrong"));
  CHECK(located(NodeError(DataError({.what = "wrong"}), "")).line() == 0);
}

TEST_CASE("a study that needs another engine says so at its line", "[script]") {
  ScriptFixture s;
  const auto it = s.script(
      "local S <const> = study \"s\" { version = \"0.1.0\", seed = 7, engine = \">= 99\" }\n"
      "return S");
  CHECK_THAT(test::message_of<ScriptError>([&] { it->declare(); }),
             Contains("needs another version of Impactlytics") && Contains("expected: >= 99"));
}
