#include "tests/engine/learn/prepare_rows.h"

using namespace impact;
using namespace impact::preparation;

namespace {

using Names = std::vector<std::string>;

FeatureTable views(const std::vector<double>& x) {
  return FeatureTable({number_feature("views", x), number_feature("likes", x)});
}

}  // namespace

TEST_CASE("bins are scikit-learn's", "[learn][prepare][bin]") {
  const FeatureTable train = reference_table("x", kTrain);
  const FeatureTable all = reference_table("x");
  for (const std::string how : {"width", "count"}) {
    INFO(how);
    const StepResult result = prepared("bin", {{"how", how}, {"bins", 4}}, train);
    const FeatureTable out = result.step->bake(all, {});
    const FeatureTable theirs = reference_table("bin_" + how);
    for (std::size_t j = 0; j < out.size(); ++j) CHECK(out[j].numbers == theirs[j].numbers);
    check_step(result, all);
  }
}

TEST_CASE("bins by hand", "[learn][prepare][bin]") {
  const std::vector<double> x = {-5, 10, kMissing, 19.5, 20, 1e6};
  const StepResult one_hot =
      prepared("bin", {{"edges", {10, 20.5}}, {"as", "one_hot"}, {"of", "views"}}, views(x));
  const FeatureTable out = one_hot.step->bake(views(x), {});
  CHECK(out.names() == Names{"views < 10", "views in [10, 20.5)", "views >= 20.5", "likes"});
  agree(numbers(out, "views in [10, 20.5)"), {0, 1, kMissing, 1, 1, 0});
  check_step(one_hot, views(x));
  const StepResult ordinal = prepared("bin", {{"edges", 10}, {"except", "likes"}}, views(x));
  agree(numbers(ordinal.step->bake(views(x), {}), "views"), {0, 1, kMissing, 1, 1, 1});

  const StepResult ties = prepared("bin", {{"how", "count"}, {"bins", 4}}, views({1, 1, 1, 1, 9}));
  CHECK(warned(ties, "coincide"));
  const StepResult same = prepared("bin", {{"as", "one_hot"}}, views({3, 3, kMissing}));
  CHECK(warned(same, "'views' does not vary"));
  CHECK(same.step->bake(views({3, 4, 5}), {}).names() == Names{"views is known", "likes is known"});
  // An increasing change of the numbers moves no row into another bin of equal counts.
  std::vector<double> grid, powers;
  for (int i = 0; i < 33; ++i) {
    grid.push_back(i);
    powers.push_back(i * i * i - 50.0);
  }
  const auto bins = [](const std::vector<double>& of) {
    return numbers(
        prepared("bin", {{"how", "count"}, {"bins", 8}}, views(of)).step->bake(views(of), {}),
        "views");
  };
  CHECK(bins(grid) == bins(powers));

  CHECK_THROWS_WITH(prepared("bin", {{"edges", {2, 1}}}, views(x)), Catch::Contains("increase"));
  CHECK_THROWS_WITH(prepared("bin", {{"bins", 1}}, views(x)), Catch::Contains("out of range"));
  CHECK_THROWS_WITH(prepared("bin", {{"edges", {1}}, {"bins", 3}}, views(x)),
                    Catch::Contains("no option 'bins'"));
  CHECK_THROWS_WITH(prepared("bin", nlohmann::json::object(), views({1, HUGE_VAL})),
                    Catch::Contains("infinite"));
}

TEST_CASE("rare levels are lumped", "[learn][prepare][lump]") {
  const Names all = {"gold", "tin", "gold", "", "silver", "gold", "silver", "iron"};
  const FeatureTable table({texts("tier", all)});
  const auto lumped = [&](const nlohmann::json& options, const Names& asked) {
    const StepResult result = prepared("lump", options, table);
    const FeatureTable of({texts("tier", asked)});
    check_step(result, of);
    const FeatureTable out = result.step->bake(of, {});
    CHECK(std::is_sorted(out[0].levels.begin(), out[0].levels.end()));
    return cells(out, "tier");
  };
  const Names asked = {"gold", "silver", "iron", "tin", "lead", "", "other"};
  CHECK(lumped({{"count", 2}}, asked) ==
        Names{"gold", "silver", "other", "other", "other", "", "other"});
  CHECK(lumped({{"share", 0.4}, {"other", "rest"}}, asked) ==
        Names{"gold", "rest", "rest", "rest", "rest", "", "rest"});
  // Equally frequent ones in byte order.
  CHECK(lumped({{"top", 3}}, asked) ==
        Names{"gold", "silver", "iron", "other", "other", "", "other"});
  CHECK(lumped({{"count", 2}, {"other", "gold"}}, asked) ==
        Names{"gold", "silver", "gold", "gold", "gold", "", "gold"});
  CHECK(lumped(nlohmann::json::object(), asked) ==
        Names{"gold", "silver", "iron", "tin", "other", "", "other"});
  CHECK(warned(prepared("lump", {{"count", 9}}, table), "no level of 'tier'"));
  CHECK(warned(prepared("lump", nlohmann::json::object(), views({1, 2})), "no column of texts"));
  CHECK_THROWS_AS(prepared("lump", {{"share", 2}}, table), ArgumentError);
  CHECK_THROWS_AS(prepared("lump", {{"top", 0}}, table), ArgumentError);
}
