#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/prepare/step.h"

using namespace impact;
using Catch::Contains;
using nlohmann::json;

TEST_CASE("options of a step are checked before there are data", "[learn][prepare]") {
  for (const StepKind& kind : step_kinds()) {
    INFO(kind.name);
    const bool limited = kind.name == "keep_best";
    CHECK_NOTHROW(
        check_step({std::string(kind.name), limited ? json{{"count", 2}} : json::object()}));
    CHECK_THROWS_WITH(check_step({std::string(kind.name), {{"misspelt", 1}}}),
                      Contains("has no option 'misspelt'") || Contains("'count'"));
  }
  // Names of columns can't be known yet.
  CHECK_NOTHROW(check_step({"impute", {{"of", {"views", "likes*"}}, {"except", "x"}}}));
  CHECK_NOTHROW(check_step({"interact", {{"pairs", json::array({json::array({"a", "b"})})}}}));
  for (const char* how : {"median", "mean", "mode", "knn", "iterative"}) {
    INFO(how);
    CHECK_NOTHROW(check_step({"impute", {{"how", how}, {"indicator", true}}}));
    CHECK_THROWS_WITH(check_step({"impute", {{"how", how}, {"value", 3}}}),
                      Contains("impute has no option 'value'") && Contains("one way only"));
  }
  CHECK_THROWS_WITH(check_step({"impute", {{"how", "constant"}}}),
                    Contains("'value'") && Contains("is needed by how = \"constant\""));
  CHECK_NOTHROW(check_step({"impute", {{"how", "constant"}, {"value", 3}}}));
  CHECK_THROWS_AS(check_step({"impute", {{"how", "mean"}, {"k", 3}}}), ArgumentError);
  CHECK_THROWS_AS(check_step({"scale", {{"how", "standard"}, {"range", {0, 1}}}}), ArgumentError);
  CHECK_THROWS_AS(check_step({"bin", {{"edges", {3, 1}}}}), ArgumentError);
  CHECK_THROWS_AS(check_step({"bin", {{"edges", {1, 3}}, {"bins", 4}}}), ArgumentError);
  CHECK_THROWS_AS(check_step({"keep_best", json::object()}), ArgumentError);
  CHECK_THROWS_AS(check_step({"keep_best", {{"count", 2}, {"share", 0.5}}}), ArgumentError);
  CHECK_THROWS_AS(check_step({"pca", {{"components", 2}, {"share", 0.5}}}), ArgumentError);
  CHECK_THROWS_AS(check_step({"interact", {{"pairs", json::array({json::array({"a", "a"})})}}}),
                  ArgumentError);
  CHECK_THROWS_WITH(check_step({"impote", json::object()}), Contains("impute"));
}
