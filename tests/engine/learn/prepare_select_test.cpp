#include "engine/learn/prepare/step_tools.h"
#include "tests/engine/learn/prepare_rows.h"

using namespace impact;
using namespace impact::preparation;

namespace {

FeatureTable sample() {
  Feature views = number_feature("views", {1, 2, 3});
  views.role = "exposure";
  return FeatureTable({std::move(views), number_feature("likes", {4, kMissing, 6}),
                       texts("tier", {"gold", "", "silver"}),
                       number_feature("lik\u00e9s", {7, 8, 9})});
}

std::vector<std::string> kept(const nlohmann::json& options) {
  const StepResult result = prepared("select", options, sample());
  check_step(result, sample());
  return result.step->bake(sample(), {}).names();
}

}  // namespace

TEST_CASE("columns are selected by name, pattern, type and role", "[learn][prepare][select]") {
  using Names = std::vector<std::string>;
  CHECK(kept(nlohmann::json::object()) == Names{"views", "likes", "tier", "lik\u00e9s"});
  CHECK(kept({{"of", {"tier", "views"}}}) == Names{"views", "tier"});
  CHECK(kept({{"of", "lik?s"}}) == Names{"likes", "lik\u00e9s"});
  CHECK(kept({{"of", "*i*s"}, {"except", "likes"}}) == Names{"views", "lik\u00e9s"});
  CHECK(kept({{"type", "text"}}) == Names{"tier"});
  CHECK(kept({{"type", "number"}, {"except", "l*"}}) == Names{"views"});
  CHECK(kept({{"role", {"exposure"}}}) == Names{"views"});
  const StepResult none = prepared("select", {{"of", "tier"}, {"type", "number"}}, sample());
  CHECK(warned(none, "keeps no column"));
}

TEST_CASE("patterns", "[learn][prepare][select]") {
  CHECK(detail::matches_pattern("", "*"));
  CHECK(detail::matches_pattern("abcabd", "*ab?"));
  CHECK(detail::matches_pattern("\u00e9t\u00e9", "?t?"));
  CHECK(detail::matches_pattern("aab", "a*b"));
  CHECK_FALSE(detail::matches_pattern("aab", "a?"));
  CHECK_FALSE(detail::matches_pattern("", "?"));
  CHECK_FALSE(detail::matches_pattern("\u00e9", "??"));
  CHECK_FALSE(detail::matches_pattern("ab", "*a"));
}

TEST_CASE("steps that are none and columns that are not there", "[learn][prepare][select]") {
  CHECK_THROWS_WITH(prepared("selekt", {}, sample()), Catch::Contains("did you mean 'select'"));
  CHECK_THROWS_WITH(prepared("select", {{"of", "view"}}, sample()),
                    Catch::Contains("did you mean 'views'"));
  CHECK_THROWS_WITH(prepared("select", {{"of", "x*"}}, sample()),
                    Catch::Contains("no column matches"));
  CHECK_THROWS_AS(prepared("select", {{"off", "views"}}, sample()), ArgumentError);
  CHECK_THROWS_AS(prepared("select", {{"type", "date"}}, sample()), ArgumentError);
  const auto step = prepared("select", {{"of", "views"}}, sample()).step;
  CHECK_THROWS_WITH(step->bake(FeatureTable({number_feature("view", {1})}), {}),
                    Catch::Contains("did you mean 'view'"));
  CHECK_THROWS_WITH(step->bake(FeatureTable({texts("views", {"many"})}), {}),
                    Catch::Contains("another type"));
  CHECK_THROWS_AS(read_step({.kind = "step unheard of"}), DataError);
  CHECK_THROWS_AS(read_step({.kind = "select"}), DataError);
  CHECK_THROWS_AS(prepare_step({"select", nlohmann::json::object()}, {}), ArgumentError);
  const std::vector<double> short_weights = {1.0};
  const std::vector<double> negative = {1.0, -1.0, 1.0};
  const std::vector<double> zero(3, 0.0);
  for (const auto& weights : {short_weights, negative, zero}) {
    CHECK_THROWS_AS(prepare_step({"select", nlohmann::json::object()},
                                 {.features = sample(), .weights = weights}),
                    ArgumentError);
  }
}
