#include <catch2/catch.hpp>

#include "tests/bindings/prompt_fixture.h"

using Catch::Contains;
using impact::testing::kTable;
using impact::testing::Prompt;

// A list of columns has no options, so a named field is a mistake and not nothing.
TEST_CASE("a list of columns takes no named field", "[columns]") {
  Prompt p;
  p.say(kTable);
  for (const char* verb : {"count", "drop", "distinct", "sort", "with_key", "drop_missing"}) {
    INFO(verb);
    const std::string call = std::string("t:") + verb;
    for (const char* list : {" { by = t.tier }", " { \"views\", by = \"tier\" }"}) {
      const std::string said = p.say(call + list);
      CHECK_THAT(said, Contains("Table:" + std::string(verb)) && Contains("takes no field 'by'") &&
                           Contains("leave out 'by ='"));
    }
    CHECK_THAT(p.say(call + " { t.views }"), !Contains("error:"));
    CHECK_THAT(p.say(call + "(t.views)"), !Contains("error:"));
  }
  // Its fields are columns, named by the script.
  CHECK_THAT(p.say("t:select { by = t.tier }"), Contains("by"));
}
