#include "bindings/failure_text.h"

#include <fstream>
#include <catch2/catch.hpp>

#include "bindings/args.h"
#include "bindings/sandbox.h"
#include "tests/bindings/prompt_fixture.h"

using namespace impact;
using namespace impact::bindings;
using Catch::Contains;
using impact::testing::Prompt;

namespace {

// Whether a terminal could take a part of the text for a command, line ends and tabs aside.
bool commands(const std::string& text) {
  for (const char* c1 : {"\xc2\x9b", "\xc2\x85", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"}) {
    if (text.find(c1) != std::string::npos) return true;
  }
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
  });
}

}  // namespace

TEST_CASE("errors write out what could command a terminal", "[failure]") {
  Prompt p;
  std::ofstream("t.csv") << "te\x1b[31mxt,\xc2\x9b"
                         << "31m,ri\xe2\x80\xaeght,\xe2\x81\xa6z\n1,2,3,4\n";
  p.say("t = csv \"t.csv\"");
  const std::string columns = p.say("t:select(\"nope\")");
  CHECK_FALSE(commands(columns));
  CHECK_THAT(columns, Contains("expected: te\\x1b[31mxt, \\u{9b}31m, ri\\u{202e}ght, \\u{2066}z"));
  const std::string got = p.say("t:select(\"no\\27[2Jpe\")");
  CHECK_FALSE(commands(got));
  CHECK_THAT(got, Contains("no\\x1b[2Jpe"));
  CHECK_THAT(p.say("csv \"no\\27]0;title\\7.csv\""), Contains("no\\x1b]0;title\\x07.csv"));
  CHECK_THAT(p.say("error(\"e\\27[31m\")"), Contains("e\\x1b[31m"));
  CHECK_THAT(p.say("error(\"e\\xff\")"), Contains("e\\xff"));
  CHECK_THAT(p.say("error(\"one\\ntwo\")"), Contains("one\n") && Contains("two"));
}

TEST_CASE("any exception is described, not only those of scripts", "[failure]") {
  const ArgumentError error({.what = "no column 'a\x1b[31m'",
                             .got = "a\x1b[31m",
                             .expected = "caf\xc3\xa9, \xe2\x80\x8f",
                             .hint = "two\nlines"});
  CHECK(describe_failure(error, "") ==
        "no column 'a\\x1b[31m'\n  got:      a\\x1b[31m\n  expected: caf\xc3\xa9, \\u{200f}\n"
        "  hint:     two\n            lines");
}

TEST_CASE("the caret stands below its word, whatever stands before it", "[failure]") {
  const ScriptError error("argument", {.what = "no 'viws'", .got = "viws"}, "-e", 1, {});
  CHECK_THAT(describe_failure(error, "x = '\x1b\xc3\xa9\t' .. viws"),
             Contains("1 | x = '\\x1b\xc3\xa9\t' .. viws\n    |           \t     ^^^^"));
}

TEST_CASE("the library can write texts out in the same way", "[failure]") {
  const test::TempDir dir;
  const std::filesystem::path library = dir.path() / "stdlib";
  std::filesystem::copy(IMPACT_SOURCE "/stdlib", library, std::filesystem::copy_options::recursive);
  std::ofstream(library / "probe.lua")
      << "local internal = ...\nreturn internal.printable(\"a\\27[31m\\u{9b}\\u{202e}\\xff\\n\")\n";
  Script script({.interactive = true}, {}, {.stdlib_folder = library});
  std::string out;
  script.runtime().protect([&](lua_State* L) {
    load_library(L, "probe.lua");
    out = text_at(L, -1);
    lua_settop(L, 0);
  });
  CHECK(out == "a\\x1b[31m\\u{9b}\\u{202e}\\xff\\n");
}
