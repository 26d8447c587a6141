#include "tests/engine/learn/prepare_rows.h"

using namespace impact;
using namespace impact::preparation;

namespace {

using Names = std::vector<std::string>;

FeatureTable tiers(const Names& cells, std::size_t rows) {
  return FeatureTable(
      {texts("tier", Names(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(rows)))});
}

std::vector<double> outcome(const std::string& name, std::size_t rows) {
  std::vector<double> out = numbers_of(prepare_reference().at(name));
  out.resize(rows);
  return out;
}

}  // namespace

TEST_CASE("encodings by outcome are scikit-learn's", "[learn][prepare][target]") {
  const auto cells = prepare_reference().at("tier").get<Names>();
  const FeatureTable train = tiers(cells, kTrain);
  const FeatureTable all = tiers(cells, cells.size());
  const auto check = [&](const std::string& name, const std::string& y, std::size_t classes,
                         const nlohmann::json& options) {
    INFO(name);
    const StepResult result = prepared("target", options, train, outcome(y, kTrain), classes);
    const FeatureTable out = result.step->bake(all, {});
    const auto& theirs = prepare_reference().at(name);
    REQUIRE(out.size() == theirs.size());
    for (std::size_t m = 0; m < out.size(); ++m) agree(out[m].numbers, numbers_of(theirs[m]));
    check_step(result, all);
    return out.names();
  };
  check("target", "y", 0, nlohmann::json::object());
  check("target_5", "y", 0, {{"smooth", 5}});
  CHECK(check("target_two", "two", 2, {{"smooth", "auto"}}) == Names{"tier"});
  CHECK(check("target_three", "three", 3, nlohmann::json::object()) ==
        Names{"tier of class 0", "tier of class 1", "tier of class 2"});
}

TEST_CASE("no training row is encoded by its own outcome", "[learn][prepare][target]") {
  const auto cells = prepare_reference().at("tier").get<Names>();
  const FeatureTable train({texts("tier", Names(cells.begin(), cells.begin() + kTrain)),
                            number_feature("views", std::vector<double>(kTrain, 1.0))});
  const auto y = outcome("y", kTrain);
  std::vector<std::int32_t> groups;
  for (std::size_t i = 0; i < kTrain; ++i) groups.push_back(static_cast<std::int32_t>(i / 2));
  const auto cross = [&](const std::vector<double>& of) {
    const StepResult result = prepare_step({"target", {{"folds", 3}, {"smooth", 2}}},
                                           {.features = train, .outcome = of, .groups = groups});
    REQUIRE(result.training);
    CHECK(numbers(*result.training, "views") == numbers(train, "views"));
    return numbers(*result.training, "tier");
  };
  const auto before = cross(y);
  for (std::size_t i = 0; i < kTrain; ++i) {
    auto changed = y;
    changed[i] += 100.0;
    const auto after = cross(changed);
    // Nor by its group's.
    CHECK(after[i] == before[i]);
    CHECK(after[i - i % 2] == before[i - i % 2]);
    CHECK(after != before);
  }
  // A row is encoded as a step prepared on the rows of the other folds bakes it: rows of its fold
  // are those that a change of its own outcome leaves alone, since the mean is in every encoding.
  auto changed = y;
  changed[0] += 100.0;
  changed[1] -= 40.0;
  const auto after = cross(changed);
  std::vector<std::uint32_t> own, others;
  for (std::uint32_t i = 0; i < kTrain; ++i) (after[i] == before[i] ? own : others).push_back(i);
  REQUIRE(own.size() == 10);
  std::vector<double> taught;
  for (const std::uint32_t i : others) taught.push_back(y[i]);
  const StepResult apart = prepared("target", {{"smooth", 2}}, train.take(others), taught);
  const auto baked = numbers(apart.step->bake(train, {}), "tier");
  for (const std::uint32_t i : own) CHECK(before[i] == Approx(baked[i]).epsilon(1e-14));
}

TEST_CASE("outcomes that say nothing carry no signal over", "[learn][prepare][target]") {
  // Every row a level of its own: in its own mean the outcome would be reproduced.
  Names cells;
  std::vector<double> y;
  for (int i = 0; i < 50; ++i) {
    cells.push_back("creator " + std::to_string(i));
    y.push_back(i % 7);
  }
  const FeatureTable table({texts("creator", cells)});
  const StepResult result = prepared("target", {{"smooth", 0}}, table, y);
  agree(numbers(result.step->bake(table, {}), "creator"), y);
  const auto cross = numbers(*result.training, "creator");
  std::size_t different = 0;
  for (std::size_t i = 0; i < y.size(); ++i) different += std::abs(cross[i] - 3.0) > 0.5 ? 1 : 0;
  CHECK(different == 0);
}

TEST_CASE("encodings by outcome by hand", "[learn][prepare][target]") {
  const FeatureTable table({texts("tier", {"a", "a", "b", "", "b", "c"})});
  const std::vector<double> y = {1, 3, 6, 10, kMissing, kMissing};
  const StepResult result = prepared("target", {{"smooth", 2}, {"folds", 2}}, table, y);
  const FeatureTable asked({texts("tier", {"a", "b", "", "c", "d"})});
  agree(numbers(result.step->bake(asked, {}), "tier"),
        {(4.0 + 10.0) / 4.0, (6.0 + 10.0) / 3.0, (10.0 + 10.0) / 3.0, 5.0, 5.0});
  // Weights count as copies.
  const std::vector<double> weights = {2, 1, 1, 1, 1, 1};
  const StepResult weighted = prepare_step({"target", {{"folds", 2}}},
                                           {.features = table, .outcome = y, .weights = weights});
  const FeatureTable copies({texts("tier", {"a", "a", "a", "b", ""})});
  const StepResult copied = prepared("target", {{"folds", 2}}, copies, {1, 1, 3, 6, 10});
  agree(numbers(weighted.step->bake(asked, {}), "tier"),
        numbers(copied.step->bake(asked, {}), "tier"), 1e-14);
  CHECK_THROWS_WITH(prepared("target", nlohmann::json::object(), table),
                    Catch::Contains("learns from the outcome"));
  CHECK_THROWS_WITH(prepared("target", {{"folds", 2}}, table, std::vector<double>(6, kMissing)),
                    Catch::Contains("which no row has"));
  CHECK_THROWS_WITH(prepared("target", {{"folds", 2}}, table, {0, 1, 2, 0, 1, 0}, 2),
                    Catch::Contains("code of no class"));
  CHECK_THROWS_AS(prepared("target", {{"smooth", "much"}}, table, y), ArgumentError);
  CHECK_THROWS_AS(prepared("target", {{"smooth", -1}}, table, y), ArgumentError);
}
