#include <catch2/catch.hpp>

#include "tests/bindings/script_fixture.h"

using namespace impact;
using namespace impact::bindings;
using Catch::Contains;
using impact::testing::ScriptFixture;

namespace {

const std::string kUnits = "local t <const> = S:source \"t\" { csv = \"t.csv\", key = \"id\" }\n";

struct Gathering : ScriptFixture {
  Gathering() { dir.file("t.csv", "id,y,x,arm\n1,2,3,a\n2,3,4,b\n"); }
};

}  // namespace

TEST_CASE("a study without errors gathers none", "[gather]") {
  Gathering s;
  CHECK(s.errors(kUnits + "S:table \"all\" (t:filter(t.x:gt(1)))").empty());
}

TEST_CASE("every error is found in one pass, by line", "[gather]") {
  Gathering s;
  CHECK(s.errors(kUnits + "S:table \"a\" (t:filter(t.xx:gt(1)))\n"
                          "S:check \"b\" {}\n"
                          "S:table \"a\" (t)\n"
                          "S:chek \"c\" { rows = t }\n"
                          "S:table \"d\" (t:select(t.x, t.z))\n") ==
        "3: no column 'xx' in 't'\n"
        "4: check 'b' needs a method, rows or value\n"
        "6: a study has no 'chek'\n"
        "7: no column 'z' in 't'\n");
}

TEST_CASE("what depends on a failed value says nothing more", "[gather]") {
  Gathering s;
  CHECK(s.errors("local t <const> = S:source \"t\" { csv = \"none.csv\", key = \"id\" }\n"
                 "local large <const> = t:filter(t.x:gt(1) & (t.y * 2 - 1):lt(5))\n"
                 "local joined <const> = S:join \"j\" { left = large, right = t, on = \"id\" }\n"
                 "local z <const> = S:assignment \"z\" { units = t, arms = { \"a\", \"b\" } }\n"
                 "local q <const> = S:inquiry \"q\" { of = t.y, contrast = z:between(\"a\", "
                 "\"b\") }\n"
                 "S:estimator \"e\" (ols { covariates = { t.x, -t.y } }) { answers = q }\n"
                 "S:estimator \"f\" (ols(t.y ~ z + t.x | t.g)) { answers = q }\n"
                 "for _, column in ipairs(t.columns) do print(column) end\n"
                 "S:table \"all\" (joined)\n"
                 "S:report \"r\" { \"# Words\", joined }")
            .find("2: no file 'none.csv'") == 0);
  const std::string all = s.errors(
      "local t <const> = S:source \"t\" { csv = \"none.csv\", key = \"id\" }\n"
      "S:table \"all\" (t:filter(t.x:gt(1)))\n"
      "S:check \"b\" {}");
  CHECK_THAT(all, Contains("2: no file 'none.csv'") && Contains("4: check 'b' needs"));
  CHECK(std::count(all.begin(), all.end(), '\n') == 2);
}

TEST_CASE("an error of the interpreter ends the pass, and what came before is kept", "[gather]") {
  Gathering s;
  const std::string all = s.errors("S:check \"b\" {}\nlocal x = nil + 1\nS:check \"c\" {}");
  CHECK_THAT(all, Contains("2: check 'b' needs") &&
                      Contains("3: attempt to perform arithmetic on a nil value"));
  CHECK_THAT(all, !Contains("'c'"));
  CHECK_THAT(s.errors("local x = = 1"), Contains("2: unexpected symbol"));
}

TEST_CASE("a mistake is told once though it is met twice", "[gather]") {
  Gathering s;
  CHECK(s.errors(kUnits + "for _ = 1, 3 do local _ = t.xx end") == "3: no column 'xx' in 't'\n");
}

TEST_CASE("mistakes of the study as a whole stand among the others", "[gather]") {
  Gathering s;
  CHECK(s.errors(kUnits +
                 "S:roles { post_treatment = t.x }\n"
                 "local q <const> = S:inquiry \"q\" { of = t.y, contrast = t.arm:between(\"a\", "
                 "\"b\") }\n"
                 "S:estimator \"e\" (ols { covariates = t.x }) { answers = q }\n"
                 "S:check \"b\" {}\n") ==
        "5: estimator 'e' adjusts for 'x', which comes after the treatment\n"
        "6: check 'b' needs a method, rows or value\n");
}

TEST_CASE("a declaration without its second part, and a study that is not returned, are found",
          "[gather]") {
  Gathering s;
  CHECK_THAT(s.errors(kUnits + "S:estimator \"e\" (ols {})\nS:table \"x\""),
             Contains("3: estimator 'e' answers no inquiry") &&
                 Contains("4: table 'x' lacks its second part"));
  const auto it = s.script(std::string(ScriptFixture::kHead) + kUnits);
  const auto found = it->find_errors();
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0].info().what, Contains("does not return it"));
}

TEST_CASE("a setting that names no parameter is found", "[gather]") {
  Gathering s;
  s.settings = {{"sizee", "3"}};
  CHECK_THAT(s.errors("S:parameter \"size\" { default = 2 }"),
             Contains("--set names no parameter of the script: 'sizee'"));
}

TEST_CASE("without gathering the first error ends the script", "[gather]") {
  Gathering s;
  CHECK_THAT(s.refusal("S:check \"b\" {}\nS:check \"c\" {}"),
             Contains("-e:2: check 'b' needs a method, rows or value"));
}

TEST_CASE("an interrupt is no error to gather", "[gather]") {
  CancelToken cancel;
  ScriptSource source;
  source.code = "while true do end";
  Script script(source, {.cancel = &cancel}, {.cancel = &cancel});
  cancel.request();
  CHECK_THROWS_AS(script.find_errors(), Cancelled);
}
