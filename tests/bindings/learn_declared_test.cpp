#include <catch2/catch.hpp>

#include "tests/bindings/script_fixture.h"

using Catch::Contains;
using impact::testing::ScriptFixture;

namespace {

// Posts of which nothing is read: what is wrong shows when it is declared.
struct Posts : ScriptFixture {
  Posts() { dir.file("p.csv", "id,y,x,w\n1,2,3,4\n2,3,4,5\n"); }
  std::string wrong(const std::string& body) {
    return refusal("local p <const> = S:source \"p\" { csv = \"p.csv\", key = \"id\" }\n" + body);
  }
  std::string searched(const std::string& learner, const std::string& space) {
    return wrong("S:analysis \"s\" (learn.tune { learner = " + learner + ", space = { " + space +
                 " }, of = p.y, features = p.x })");
  }
};

}  // namespace

TEST_CASE("options of a step that do not go together are found where they stand", "[learn]") {
  Posts s;
  CHECK_THAT(s.wrong("local a <const> = learn.impute { how = \"constant\" }"),
             Contains("is needed by how = \"constant\"") && Contains("-e:3"));
  CHECK_THAT(s.wrong("local a <const> = learn.impute { how = \"mean\", value = 3 }"),
             Contains("impute has no option 'value'"));
  CHECK_THAT(s.wrong("local a <const> = learn.scale { clip = true }"),
             Contains("scale has no option 'clip'"));
  CHECK(s.wrong("local a <const> = learn.impute { how = \"constant\", value = \"none\" }").empty());
  CHECK(s.wrong("local a <const> = learn.impute { of = { p.x, \"w*\" }, how = \"knn\", k = 2 }")
            .empty());
}

TEST_CASE("a space of options names options that there are", "[learn]") {
  Posts s;
  CHECK_THAT(s.searched("learn.boost {}", "max_dept = { 2, 3 }"),
             Contains("learner 'boost' has no option 'max_dept'") && Contains("max_depth") &&
                 Contains("learning_rate"));
  CHECK(s.searched("learn.boost {}", "max_depth = { 2, 3 }").empty());
  const std::string pipeline =
      "learn.pipeline { learn.impute {}, learn.scale {}, learn.forest { trees = 5 } }";
  CHECK(s.searched(pipeline, "[\"model.trees\"] = { 2, 3 }, [\"steps.0.how\"] = { \"mean\" }")
            .empty());
  CHECK_THAT(s.searched(pipeline, "[\"model.tres\"] = { 2, 3 }"),
             Contains("learner 'forest' has no option 'tres'") && Contains("did you mean 'trees'"));
  CHECK_THAT(s.searched(pipeline, "[\"steps.1.hwo\"] = { \"robust\" }"),
             Contains("step 'scale' has no option 'hwo'"));
  CHECK_THAT(s.searched(pipeline, "trees = { 2, 3 }"), Contains("has no option 'trees'"));
  CHECK_THAT(s.wrong("local l <const> = learn.tuned { learner = learn.tree {}, space = { depth = "
                     "{ 1, 2 } } }"),
             Contains("learner 'tree' has no option 'depth'"));
}
