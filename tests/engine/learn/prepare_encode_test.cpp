#include "tests/engine/learn/prepare_rows.h"

using namespace impact;
using namespace impact::preparation;

namespace {

using Names = std::vector<std::string>;

FeatureTable tiers(const Names& cells) {
  std::vector<double> views;
  for (std::size_t i = 0; i < cells.size(); ++i) views.push_back(static_cast<double>(i));
  return FeatureTable({texts("tier", cells), number_feature("views", views)});
}

const Names kSome = {"silver", "gold", "", "gold", "iron", "gold", "silver"};

}  // namespace

TEST_CASE("one-hot columns are scikit-learn's", "[learn][prepare][one_hot]") {
  const auto all = prepare_reference().at("tier").get<Names>();
  const FeatureTable train = tiers(Names(all.begin(), all.begin() + kTrain));
  const StepResult result = prepared("one_hot", {{"min_frequency", 6}}, train);
  const FeatureTable out = result.step->bake(tiers(all), {});
  const auto& theirs = prepare_reference().at("one_hot");
  const Names names = {"tier=bronze", "tier=gold", "tier=silver", "tier=other"};
  for (std::size_t k = 0; k < names.size(); ++k) {
    agree(numbers(out, names[k]), numbers_of(theirs[k]));
  }
  CHECK(out.names() == Names{names[0], names[1], names[2], names[3], "views"});
  check_step(result, tiers(all));
}

TEST_CASE("one-hot columns by hand", "[learn][prepare][one_hot]") {
  const auto check = [](const nlohmann::json& options, const Names& cells) {
    const StepResult result = prepared("one_hot", options, tiers(kSome));
    check_step(result, tiers(cells));
    return result.step->bake(tiers(cells), {});
  };
  const FeatureTable plain = check(nlohmann::json::object(), {"gold", "tin", ""});
  CHECK(plain.names() == Names{"tier=gold", "tier=iron", "tier=silver", "views"});
  CHECK(numbers(plain, "tier=gold") == std::vector<double>{1, 0, 0});
  CHECK(numbers(plain, "tier=silver") == std::vector<double>{0, 0, 0});
  const FeatureTable level = check({{"missing", "level"}, {"drop_first", true}}, {"iron", "", "x"});
  CHECK(level.names() == Names{"tier=iron", "tier=silver", "tier is missing", "views"});
  CHECK(numbers(level, "tier is missing") == std::vector<double>{0, 1, 0});
  const FeatureTable share = check({{"min_frequency", 0.2}, {"other", "rest"}}, {"iron", "x", ""});
  CHECK(share.names() == Names{"tier=gold", "tier=silver", "tier=rest", "views"});
  CHECK(numbers(share, "tier=rest") == std::vector<double>{1, 1, 0});
  const FeatureTable joined = check({{"min_frequency", 2}, {"other", "gold"}}, {"iron", "gold"});
  CHECK(joined.names() == Names{"tier=silver", "tier=gold", "views"});
  CHECK(numbers(joined, "tier=gold") == std::vector<double>{1, 1});
  CHECK(warned(prepared("one_hot", nlohmann::json::object(), tiers({"a", "a", ""})),
               "fewer than two levels"));
  // Levels without a row are none.
  FeatureTable narrowed = tiers(kSome).take(std::vector<std::uint32_t>{0, 1});
  CHECK(prepared("one_hot", nlohmann::json::object(), narrowed).step->bake(narrowed, {}).names() ==
        Names{"tier=gold", "tier=silver", "views"});
  CHECK_THROWS_WITH(prepared("one_hot", {{"of", "views"}}, tiers(kSome)),
                    Catch::Contains("another type"));
  const FeatureTable clash({texts("tier", {"a", "b"}), number_feature("tier=a", {1, 2})});
  CHECK_THROWS_WITH(prepared("one_hot", nlohmann::json::object(), clash).step->bake(clash, {}),
                    Catch::Contains("same name"));
}

TEST_CASE("ordinal places", "[learn][prepare][ordinal]") {
  const auto places = [](const nlohmann::json& options, const Names& cells) {
    const StepResult result = prepared("ordinal", options, tiers(kSome));
    check_step(result, tiers(cells));
    return numbers(result.step->bake(tiers(cells), {}), "tier");
  };
  agree(places(nlohmann::json::object(), {"silver", "gold", "", "tin", "iron"}),
        {2, 0, kMissing, kMissing, 1});
  const Names order = {"tin", "iron", "silver", "gold"};
  agree(places({{"order", order}}, {"silver", "gold", "", "tin", "iron"}), {2, 3, kMissing, 0, 1});
  agree(places({{"order", {{"tier", order}}}}, {"iron"}), {1});
  CHECK_THROWS_WITH(prepared("ordinal", {{"order", {"silver", "gold"}}}, tiers(kSome)),
                    Catch::Contains("'iron' in 1 rows"));
  CHECK_THROWS_WITH(prepared("ordinal", {{"order", {{"tire", order}}}}, tiers(kSome)),
                    Catch::Contains("did you mean 'tier'"));
  CHECK_THROWS_WITH(prepared("ordinal", {{"order", {"gold", "gold"}}}, tiers(kSome)),
                    Catch::Contains("no list of levels"));
}

TEST_CASE("hashed texts", "[learn][prepare][hashing]") {
  const StepResult result = prepared("hashing", {{"columns", 5}, {"prefix", "h"}}, tiers(kSome));
  const FeatureTable out = result.step->bake(tiers(kSome), {});
  CHECK(out.names() == Names{"views", "h 1", "h 2", "h 3", "h 4", "h 5"});
  check_step(result, tiers(kSome));
  for (std::size_t i = 0; i < kSome.size(); ++i) {
    double sum = 0.0;
    for (std::size_t k = 1; k <= 5; ++k) sum += std::abs(out[k].numbers[i]);
    CHECK(sum == (kSome[i].empty() ? 0.0 : 1.0));
  }
  // printf 'tier=gold' | sha256sum begins with 66869e3917f4660a, which is 0 modulo 5; the top bit
  // is 0.
  CHECK(numbers(out, "h 1")[1] == 1.0);
  const StepResult plain = prepared("hashing", {{"columns", 1}, {"sign", false}}, tiers(kSome));
  CHECK(numbers(plain.step->bake(tiers(kSome), {}), "hash 1") ==
        std::vector<double>{1, 1, 0, 1, 1, 1, 1});
  CHECK_THROWS_AS(prepared("hashing", {{"columns", 0}}, tiers(kSome)), ArgumentError);
}
