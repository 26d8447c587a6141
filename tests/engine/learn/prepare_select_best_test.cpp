#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/learn/feature_scores.h"
#include "tests/engine/learn/prepare_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr std::size_t kRows = 400;

// The outcome is 2 strong + 0.5 weak + noise; `curve` matters by its square alone; texts "group"
// follow the outcome's sign; "noise0" ... say nothing.
struct Sample {
  FeatureTable table;
  std::vector<double> y = {};
  std::vector<double> label = {};
};

Sample sample() {
  Sample out;
  Stream stream({11});
  std::vector<Feature> columns;
  for (const char* name : {"noise0", "weak", "noise1", "strong", "curve", "noise2"}) {
    std::vector<double> values(kRows);
    for (double& v : values) v = stream.normal();
    columns.push_back(number_feature(name, values));
  }
  std::vector<std::string> group;
  for (std::size_t i = 0; i < kRows; ++i) {
    const double curve = columns[4].numbers[i];
    out.y.push_back(2.0 * columns[3].numbers[i] + 0.5 * columns[1].numbers[i] +
                    2.0 * curve * curve + 0.3 * stream.normal());
    out.label.push_back(out.y[i] > 1.0 ? 1.0 : 0.0);
    group.emplace_back(out.label[i] > 0.0 ? "high" : "low");
  }
  columns.push_back(texts("group", group));
  out.table = FeatureTable(std::move(columns));
  return out;
}

std::vector<std::string> kept(const nlohmann::json& options, const StepInput& input) {
  const auto result = prepared("keep_best", options, input);
  return baked(*result.step, input.features).names();
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the best columns by each score", "[learn][prepare][keep_best]") {
  const Sample s = sample();
  const StepInput numbers{.features = s.table, .outcome = s.y};
  const StepInput classes{.features = s.table, .outcome = s.label, .classes = 2};
  CHECK(kept({{"count", 3}}, numbers) == Names{"strong", "curve", "group"});
  CHECK(kept({{"count", 1}}, classes) == Names{"group"});
  // A linear score does not see the curve; columns outside of `of` stay.
  CHECK(kept({{"by", "f"}, {"count", 2}}, numbers) == Names{"weak", "strong", "group"});
  CHECK(kept({{"by", "f"}, {"share", 0.3}}, classes) == Names{"weak", "strong", "group"});
  CHECK(kept({{"by", "f"}, {"threshold", 50}}, numbers) == Names{"strong", "group"});
  CHECK(kept({{"by", "l1"}}, numbers) == Names{"weak", "strong", "group"});
  CHECK(kept({{"by", "l1"}}, classes) == Names{"weak", "strong", "group"});
  CHECK(kept({{"by", "l1"}, {"count", 1}}, numbers) == Names{"strong", "group"});
  CHECK(kept({{"by", "l1"}, {"threshold", 1.0}}, numbers) == Names{"strong", "group"});
  const auto flat = [&] {
    std::vector<Feature> columns = {s.table[0],
                                    number_feature("flat", std::vector<double>(kRows, 3))};
    return FeatureTable(std::move(columns));
  }();
  CHECK(kept({{"by", "variance"}}, StepInput{.features = flat}) == Names{"noise0"});

  // Three classes.
  std::vector<double> three;
  for (const double y : s.y) three.push_back(y < 0.0 ? 0.0 : y < 2.0 ? 1.0 : 2.0);
  const StepInput many{.features = s.table, .outcome = three, .classes = 3};
  CHECK(kept({{"by", "l1"}, {"count", 1}}, many) == Names{"strong", "group"});
  CHECK_THROWS_WITH(kept({{"by", "l1"}}, many), Catch::Contains("count"));
}

TEST_CASE("keep_best has the same choice on any number of threads and says what is wrong",
          "[learn][prepare][keep_best]") {
  const Sample s = sample();
  const StepInput input{.features = s.table, .outcome = s.y};
  const auto alone = prepared("keep_best", {{"count", 4}}, input).step->save();
  for (const int threads : {2, 3, 8}) {
    const auto other = prepared("keep_best", {{"count", 4}}, input, {.threads = threads});
    CHECK(encode_model(other.step->save()) == encode_model(alone));
  }
  // Chosen columns are needed later, dropped ones are not.
  const auto step = prepared("keep_best", {{"count", 1}, {"of", {"strong", "noise0"}}}, input).step;
  const FeatureTable only(std::vector{s.table[3]});
  CHECK(step->bake(only, {}).names() == Names{"strong"});
  const FeatureTable without(std::vector{s.table[0]});
  CHECK_THROWS_WITH(step->bake(without, {}), Catch::Contains("'strong'"));

  CHECK_THROWS_WITH(kept(nlohmann::json::object(), input), Catch::Contains("count"));
  CHECK_THROWS_AS(kept({{"count", 1}, {"share", 0.5}}, input), ArgumentError);
  CHECK_THROWS_AS(kept({{"count", 0}}, input), ArgumentError);
  CHECK_THROWS_AS(kept({{"by", "f"}, {"of", "group"}, {"count", 1}}, input), ArgumentError);
  CHECK_THROWS_AS(kept({{"count", 1}}, StepInput{.features = s.table}), ArgumentError);
  const auto none = prepared("keep_best", {{"by", "f"}, {"threshold", 1e9}}, input);
  CHECK(none.warnings == Names{"'keep_best' keeps no column"});
  CHECK(none.step->bake(s.table, {}).names() == Names{"group"});
}

TEST_CASE("clusters as a step", "[learn][prepare][clusters]") {
  // Two clouds along a; b is constant, and of no weight.
  const FeatureTable x(std::vector{number_feature("a", {0, 1, 2, 100, 101, 102, 103}),
                                   number_feature("b", std::vector<double>(7, 5.0)),
                                   texts("t", {"x", "x", "y", "y", "x", "y", "x"})});
  const auto labelled = prepared("clusters", {{"clusters", 2}, {"as", "label"}}, x);
  REQUIRE(labelled.warnings.size() == 1);
  CHECK(labelled.warnings[0] == "'b' is constant: no cluster depends on it");
  const FeatureTable out = baked(*labelled.step, x);
  CHECK(out.names() == Names{"a", "b", "t", "cluster"});
  CHECK(out[3].levels == Names{"1", "2"});
  CHECK(out[3].codes == std::vector<std::int32_t>{1, 1, 1, 0, 0, 0, 0});

  const auto distances = prepared(
      "clusters", {{"clusters", 2}, {"standardise", false}, {"keep", false}, {"name", "kind"}}, x);
  const FeatureTable to = baked(*distances.step, x);
  CHECK(to.names() == Names{"t", "distance to kind 1", "distance to kind 2"});
  CHECK(to[1].numbers[3] == 1.5);
  CHECK(to[2].numbers[1] == 0.0);

  const FeatureTable gap(std::vector{number_feature("a", {kGap, 1}), number_feature("b", {5, 5})});
  const FeatureTable later = baked(*labelled.step, gap);
  CHECK(later[2].codes == std::vector<std::int32_t>{-1, 1});
  CHECK_THROWS_WITH(prepared("clusters", {{"clusters", 2}}, gap),
                    Catch::Contains("'a' in 'clusters'") && Catch::Contains("impute"));
  CHECK_THROWS_AS(prepared("clusters", {{"clusters", 0}}, x), ArgumentError);
  CHECK_THROWS_AS(prepared("clusters", {{"as", "number"}}, x), ArgumentError);
  // More than nine levels stand in byte order.
  std::vector<double> many(24);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i / 2 * 100 + i % 2);
  const FeatureTable wide(std::vector{number_feature("a", many)});
  const FeatureTable twelve =
      baked(*prepared("clusters", {{"clusters", 12}, {"as", "label"}}, wide).step, wide);
  CHECK(twelve[1].levels[1] == "10");
  for (std::size_t i = 0; i < many.size(); i += 2) {
    CHECK(twelve[1].codes[i] == twelve[1].codes[i + 1]);
  }
}
