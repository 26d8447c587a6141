#include <filesystem>
#include <catch2/catch.hpp>

#include "engine/learn/trained_model.h"
#include "tests/bindings/prompt_fixture.h"
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

// The current folder, for as long as this lives.
class CurrentFolder {
 public:
  explicit CurrentFolder(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    std::filesystem::current_path(folder);
  }
  CurrentFolder(const CurrentFolder&) = delete;
  CurrentFolder& operator=(const CurrentFolder&) = delete;
  ~CurrentFolder() { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
};

}  // namespace

TEST_CASE("a model is loaded from the data folder, or of an earlier run by its path", "[learn]") {
  Posts s;
  const CurrentFolder here(s.dir.path() / "here");
  const std::vector<double> x{1, 2, 3, 4}, y{1, 2, 4, 7};
  const auto model = impact::train(
      {"linear"},
      {.features = impact::FeatureTable({impact::number_feature("x", x)}), .outcome = y},
      impact::every_row(4), "y", impact::StreamKey{1});
  const std::string load =
      "local m <const> = learn.load \"runs/a/models/y.model\"\n"
      "S:analysis \"said\" (learn.predict { model = m, features = p.x })";
  const std::string absent = s.wrong(load);
  CHECK_THAT(absent, Contains("no file 'runs/a/models/y.model'"));
  CHECK_THAT(absent, Contains((s.dir.path() / "runs/a/models/y.model").string()));
  CHECK_THAT(absent, Contains((s.dir.path() / "here/runs/a/models/y.model").string()));
  std::filesystem::create_directories("runs/a/models");
  s.dir.file("here/runs/a/models/y.model", model.save());
  CHECK(s.wrong(load).empty());
  s.dir.file("y.model", model.save());
  CHECK(s.wrong("local m <const> = learn.load \"y.model\"").empty());
  CHECK_THAT(s.wrong("local m <const> = learn.load \"../y.model\""), Contains("without '..'"));
}

TEST_CASE("the prompt says how rows differ from those a model learned from", "[learn]") {
  impact::testing::Prompt p;
  p.say(
      "t = frame { { 'id', { 1, 2, 3, 4, 5, 6 } }, { 'y', { 1, 2, 4, 7, 3, 5 } },"
      " { 'k', { 'a', 'b', 'a', 'b', 'a', 'b' } }, key = 'id' }");
  p.say(
      "m = learn.fit { learner = learn.pipeline { learn.one_hot {}, learn.ridge { lambda = 1 } },"
      " of = t.y, features = t.k }:model()");
  p.say("n = frame { { 'id', { 1, 2, 3 } }, { 'k', { 'a', 'c', 'd' } }, key = 'id' }");
  CHECK_THAT(p.say("m:predict(n);"),
             Contains("'k' holds what no training row had in 2 rows: c, d"));
  CHECK(p.say("m:predict(t);").empty());
  CHECK_THAT(p.say("learn.predict { model = m, features = n.k }"),
             Contains("what no training row had in 2 rows"));
  p.say("w = frame { { 'id', { 1 } }, { 'kk', { 'a' } }, key = 'id' }");
  CHECK_THAT(p.say("m:predict(w)"), Contains("are missing: k") && Contains("in training: k"));
}

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
