#include <algorithm>
#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "tests/engine/learn/prepare_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

nlohmann::json paired(const char* pairs) { return {{"pairs", nlohmann::json::parse(pairs)}}; }

}  // namespace

TEST_CASE("powers and products as scikit-learn's", "[learn][prepare][poly]") {
  const FeatureTable x = lettered(steps_reference().at("x"), 3);
  const FeatureTable fresh = lettered(steps_reference().at("new"), 3);
  for (const auto& [name, options] :
       {std::pair<const char*, nlohmann::json>{"2", nlohmann::json::object()},
        {"3", {{"degree", 3}}},
        {"products", {{"degree", 3}, {"interactions", true}}}}) {
    INFO(name);
    const auto& expected = steps_reference().at("poly").at(name);
    const FeatureTable out = baked(*prepared("poly", options, x).step, fresh);
    check_last(out, expected.at("columns"), 1e-13);
    auto names = fresh.names();
    for (const auto& each : expected.at("names")) names.push_back(each.get<std::string>());
    CHECK(out.names() == names);
  }
}

TEST_CASE("powers of awkward columns", "[learn][prepare][poly]") {
  const FeatureTable x(std::vector{number_feature("a", {1, 2, kGap}),
                                   number_feature("b", {3, kGap, 4}), texts("t", {"x", "y", "x"})});
  const FeatureTable out = baked(*prepared("poly", {{"of", {"a", "b"}}}, x).step, x);
  REQUIRE(out.size() == 6);
  CHECK(out[4].name == "a * b");
  CHECK(out[4].numbers[0] == 3.0);
  CHECK(std::isnan(out[4].numbers[1]));
  CHECK(std::isnan(out[4].numbers[2]));
  const FeatureTable text(std::vector{texts("t", {"x"})});
  CHECK(prepared("poly", nlohmann::json::object(), text).warnings.size() == 1);
  CHECK_THROWS_AS(prepared("poly", {{"degree", 1}}, x), ArgumentError);
  CHECK_THROWS_AS(prepared("poly", {{"of", "t"}}, x), ArgumentError);
  CHECK_THROWS_WITH(prepared("poly", {{"degre", 2}}, x), Catch::Contains("degree"));
  const FeatureTable infinite(
      std::vector{number_feature("c", {1, std::numeric_limits<double>::infinity()})});
  CHECK_THROWS_WITH(prepared("poly", nlohmann::json::object(), infinite), Catch::Contains("'c'"));
  std::vector<Feature> wide;
  for (int j = 0; j < 60; ++j) wide.push_back(number_feature("x" + std::to_string(j), {1.0}));
  CHECK_THROWS_WITH(prepared("poly", {{"degree", 6}}, FeatureTable(std::move(wide))),
                    Catch::Contains("too many columns"));
}

TEST_CASE("products of numbers and texts by hand", "[learn][prepare][interact]") {
  const FeatureTable x(std::vector{
      number_feature("a", {1, 2, 3, kGap}), number_feature("b", {5, 6, 7, 8}),
      texts("tier", {"gold", "tin", "gold", "tin"}), texts("sex", {"f", "f", "m", "f"})});
  const FeatureTable all = baked(*prepared("interact", nlohmann::json::object(), x).step, x);
  CHECK(all.names() == std::vector<std::string>{"a", "b", "tier", "sex", "a * b", "a * tier=gold",
                                                "a * tier=tin", "a * sex=f", "a * sex=m",
                                                "b * tier=gold", "b * tier=tin", "b * sex=f",
                                                "b * sex=m", "tier=gold * sex=f",
                                                "tier=gold * sex=m", "tier=tin * sex=f"});
  const auto of = [&](const char* name) { return all[all.find(name)].numbers; };
  CHECK(of("b * tier=gold") == std::vector<double>{5, 0, 7, 0});
  CHECK(of("tier=gold * sex=f") == std::vector<double>{1, 0, 0, 0});
  CHECK(of("a * b")[2] == 21.0);
  CHECK(std::isnan(of("a * b")[3]));

  // Levels that training did not have give 0, missing ones a missing product.
  Feature fresh = texts("tier", {"silver", "gold"});
  fresh.codes.push_back(-1);
  const FeatureTable later(std::vector{number_feature("b", {5, 6, 7}), fresh});
  const auto step = prepared("interact", paired(R"([["b", "tier"]])"), x).step;
  const FeatureTable out = baked(*step, later);
  REQUIRE(out.size() == 4);
  CHECK(out[2].name == "b * tier=gold");
  CHECK(out[2].numbers[0] == 0.0);
  CHECK(out[2].numbers[1] == 6.0);
  CHECK(std::isnan(out[2].numbers[2]));
  const FeatureTable other(std::vector{number_feature("b", {5})});
  CHECK_THROWS_WITH(step->bake(other, {}), Catch::Contains("'tier'"));

  CHECK_THROWS_WITH(prepared("interact", paired(R"([["a", "teir"]])"), x),
                    Catch::Contains("did you mean 'tier'?"));
  CHECK_THROWS_AS(prepared("interact", paired(R"([["a", "a"]])"), x), ArgumentError);
  CHECK_THROWS_AS(prepared("interact", paired(R"([["a"]])"), x), ArgumentError);
  CHECK_THROWS_AS(prepared("interact", {{"pairs", "a"}}, x), ArgumentError);
  nlohmann::json both = paired(R"([["a", "b"]])");
  both["of"] = "a";
  CHECK_THROWS_AS(prepared("interact", both, x), ArgumentError);
}

TEST_CASE("splines as scipy's", "[learn][prepare][spline]") {
  const FeatureTable x = lettered(steps_reference().at("x"), 1);
  const auto& reference = steps_reference().at("spline");
  const FeatureTable inside(
      std::vector{number_feature("a", reference.at("inside").get<std::vector<double>>())});
  const FeatureTable out = baked(*prepared("spline", {{"df", 5}}, x).step, inside);
  CHECK(out.names() == std::vector<std::string>{"a spline 1", "a spline 2", "a spline 3",
                                                "a spline 4", "a spline 5"});
  check_last(out, reference.at("columns"), 1e-12);
}

TEST_CASE("splines of awkward columns", "[learn][prepare][spline]") {
  const FeatureTable x(std::vector{number_feature("a", {1, 2, kGap, 4, 5, 7}),
                                   number_feature("flat", {3, 3, 3, 3, 3, 3}),
                                   texts("t", {"x", "y", "x", "y", "x", "y"})});
  const auto result = prepared("spline", {{"how", "natural"}, {"df", 2}}, x);
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings[0] == "'flat' does not vary: 'spline' leaves it as it is");
  const FeatureTable out = baked(*result.step, x);
  CHECK(out.names() == std::vector<std::string>{"a spline 1", "a spline 2", "flat", "t"});
  CHECK(std::isnan(out[0].numbers[2]));
  CHECK_FALSE(std::isnan(out[0].numbers[3]));
  // Beyond the data natural splines are straight lines.
  const FeatureTable far(std::vector{number_feature("a", {10, 11, 12})});
  const FeatureTable only(std::vector{x[0]});
  const auto line = prepared("spline", {{"how", "natural"}, {"df", 2}}, only).step->bake(far, {});
  for (std::size_t k = 0; k < 2; ++k) {
    const auto& v = line[k].numbers;
    CHECK(v[2] - v[1] == Approx(v[1] - v[0]).epsilon(1e-9));
  }
  CHECK(baked(*prepared("spline", {{"knots", {3.0}}, {"degree", 1}}, only).step, only).size() == 2);
  CHECK_THROWS_AS(prepared("spline", {{"knots", {3.0}}, {"df", 4}}, only), ArgumentError);
  CHECK_THROWS_AS(prepared("spline", {{"knots", {30.0}}}, only), ArgumentError);
  CHECK_THROWS_AS(prepared("spline", {{"how", "cubic"}}, only), ArgumentError);
}
