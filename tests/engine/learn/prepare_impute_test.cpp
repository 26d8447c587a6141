#include "tests/engine/learn/prepare_rows.h"

using namespace impact;
using namespace impact::preparation;

namespace {

// The cells of `baked` that are missing in `holes`, column by column.
std::vector<double> filled(const FeatureTable& baked, const FeatureTable& holes) {
  std::vector<double> out;
  for (std::size_t j = 0; j < holes.size(); ++j) {
    for (std::size_t i = 0; i < holes.rows(); ++i) {
      if (std::isnan(holes[j].numbers[i])) {
        out.push_back(baked[j].numbers[i]);
      } else {
        REQUIRE(baked[j].numbers[i] == holes[j].numbers[i]);
      }
    }
  }
  return out;
}

FeatureTable small() {
  return FeatureTable({number_feature("views", {1, 5, kMissing, 5, 2}),
                       texts("tier", {"silver", "", "gold", "gold", "silver"}),
                       number_feature("likes", {3, 1, 4, 1, 5})});
}

}  // namespace

TEST_CASE("imputed numbers are scikit-learn's", "[learn][prepare][impute]") {
  const FeatureTable train = reference_table("holes", kTrain);
  const FeatureTable all = reference_table("holes");
  for (const std::string how : {"mean", "median", "mode"}) {
    INFO(how);
    const StepResult result = prepared("impute", {{"how", how}}, train);
    const auto values = numbers_of(prepare_reference().at("impute_" + how));
    std::vector<double> theirs;
    for (std::size_t j = 0; j < all.size(); ++j) {
      for (const double cell : all[j].numbers) {
        if (std::isnan(cell)) theirs.push_back(values[j]);
      }
    }
    agree(filled(result.step->bake(all, {}), all), theirs);
    check_step(result, all);
  }
  const auto check = [&](const nlohmann::json& options, const std::string& name) {
    INFO(name);
    const StepResult result = prepared("impute", options, train);
    agree(filled(result.step->bake(all, {}), all), numbers_of(prepare_reference().at(name)));
    check_step(result, all);
    return result;
  };
  check({{"how", "knn"}, {"k", 3}}, "knn");
  check({{"how", "knn"}, {"standardise", false}, {"distance_weights", true}}, "knn_raw");
  const StepResult cut =
      check({{"how", "iterative"}, {"rounds", 4}, {"tolerance", 0}, {"penalty", 0.5}}, "iterative");
  CHECK(warned(cut, "not settled after 4 rounds"));
  // Least squares do not change with the scale, so the peer's raw columns end at the same numbers.
  check({{"how", "iterative"}, {"rounds", 400}, {"tolerance", 0}, {"penalty", 0}}, "iterative_ols");
  CHECK_FALSE(
      warned(prepared("impute", {{"how", "iterative"}, {"rounds", 100}}, train), "not settled"));
}

TEST_CASE("imputation by hand", "[learn][prepare][impute]") {
  const StepResult mode = prepared("impute", {{"how", "mode"}, {"indicator", true}}, small());
  const FeatureTable out = mode.step->bake(small(), {});
  CHECK(out.names() ==
        std::vector<std::string>{"views", "tier", "likes", "views is missing", "tier is missing"});
  CHECK(numbers(out, "views") == std::vector<double>{1, 5, 5, 5, 2});
  // Two texts are equally frequent: the first in byte order.
  CHECK(cells(out, "tier") == std::vector<std::string>{"silver", "gold", "gold", "gold", "silver"});
  CHECK(numbers(out, "tier is missing") == std::vector<double>{0, 1, 0, 0, 0});
  check_step(mode, small());

  const StepResult constant =
      prepared("impute", {{"how", "constant"}, {"value", "none"}, {"of", "t*"}}, small());
  CHECK(cells(constant.step->bake(small(), {}), "tier") ==
        std::vector<std::string>{"silver", "none", "gold", "gold", "silver"});
  check_step(constant, small());
  const StepResult zero = prepared("impute", {{"how", "constant"}, {"value", -1}}, small());
  CHECK(numbers(zero.step->bake(small(), {}), "views")[2] == -1.0);

  const std::vector<double> weights = {3, 1, 1, 1, 0};
  const auto weighted = [&](const std::string& how) {
    const StepResult result =
        prepare_step({"impute", {{"how", how}}}, {.features = small(), .weights = weights});
    return numbers(result.step->bake(small(), {}), "views")[2];
  };
  CHECK(weighted("mean") == 13.0 / 5.0);
  CHECK(weighted("median") == 1.0);
  CHECK(weighted("mode") == 1.0);
}

TEST_CASE("imputation learns from training rows only", "[learn][prepare][impute]") {
  const FeatureTable train = reference_table("holes", kTrain);
  for (const std::string how : {"mean", "median", "mode", "knn", "iterative"}) {
    INFO(how);
    // Bits do not depend on threads of prepare either.
    const std::string bytes = encode_model(prepared("impute", {{"how", how}}, train).step->save());
    for (const int threads : {2, 3, 8}) {
      CHECK(encode_model(
                prepare_step({"impute", {{"how", how}}}, {.features = train}, {.threads = threads})
                    .step->save()) == bytes);
    }
  }
  // Means, medians and modes do not depend on the order of rows to the bit.
  std::vector<std::uint32_t> reversed = every_row(kTrain);
  std::reverse(reversed.begin(), reversed.end());
  for (const std::string how : {"mean", "median", "mode"}) {
    CHECK(encode_model(prepared("impute", {{"how", how}}, train.take(reversed)).step->save()) ==
          encode_model(prepared("impute", {{"how", how}}, train).step->save()));
  }
}

TEST_CASE("what cannot be imputed is said", "[learn][prepare][impute]") {
  const FeatureTable empty({number_feature("views", {kMissing, kMissing}),
                            number_feature("likes", {1, kMissing}), texts("tier", {"", ""})});
  for (const std::string how : {"median", "knn", "iterative", "mode"}) {
    const StepResult result = prepared("impute", {{"how", how}}, empty);
    CHECK(warned(result, "'views' has no known value"));
    CHECK(warned(result, "'tier'") == (how == "mode"));
    const FeatureTable out = result.step->bake(empty, {});
    CHECK(std::isnan(numbers(out, "views")[0]));
    CHECK(numbers(out, "likes") == std::vector<double>{1, 1});
  }
  const FeatureTable only_texts({texts("tier", {"gold", ""})});
  CHECK(warned(prepared("impute", nlohmann::json::object(), only_texts), "no column of numbers"));
  CHECK_THROWS_WITH(prepared("impute", {{"of", "tier"}}, small()), Catch::Contains("another type"));
  CHECK_THROWS_WITH(prepared("impute", {{"how", "constant"}}, small()),
                    Catch::Contains("is needed"));
  CHECK_THROWS_WITH(prepared("impute", {{"how", "knn"}, {"k", 0}}, small()),
                    Catch::Contains("out of range"));
  CHECK_THROWS_WITH(prepared("impute", {{"how", "mean"}, {"k", 3}}, small()),
                    Catch::Contains("no option 'k'"));
  const FeatureTable infinite({number_feature("views", {1, HUGE_VAL, -HUGE_VAL})});
  CHECK_THROWS_WITH(prepared("impute", nlohmann::json::object(), infinite),
                    Catch::Contains("'views'") && Catch::Contains("2 infinite"));
  const StepResult good = prepared("impute", {{"of", "views"}}, small());
  CHECK_THROWS_AS(good.step->bake(infinite, {}), DataError);
}
