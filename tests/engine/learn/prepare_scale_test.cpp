#include "engine/learn/prepare/scale_shape.h"
#include "tests/engine/learn/prepare_rows.h"

using namespace impact;
using namespace impact::preparation;

namespace {

void check_table(const FeatureTable& ours, const std::string& name) {
  const FeatureTable theirs = reference_table(name);
  for (std::size_t j = 0; j < theirs.size(); ++j) {
    INFO(name << ", column " << j);
    agree(ours[j].numbers, theirs[j].numbers);
  }
}

}  // namespace

TEST_CASE("scaled numbers are scikit-learn's", "[learn][prepare][scale]") {
  const auto check = [&](const nlohmann::json& options, const std::string& name,
                         const std::string& sample = "holes") {
    const FeatureTable train = reference_table(sample, kTrain);
    const FeatureTable all = reference_table(sample);
    const StepResult result = prepared("scale", options, train);
    check_table(result.step->bake(all, {}), name);
    check_step(result, all);
    CHECK(result.warnings.empty());
  };
  check(nlohmann::json::object(), "standard");
  check({{"how", "robust"}, {"quantiles", {0.1, 0.8}}}, "robust");
  check({{"how", "min_max"}, {"range", {-1, 2}}}, "min_max");
  check({{"how", "min_max"}, {"clip", true}}, "min_max_clip");
  check({{"how", "max_abs"}}, "max_abs");
  check({{"how", "quantile"}, {"quantiles", 11}}, "uniform");
  check({{"how", "quantile"}, {"to", "normal"}}, "normal", "x");
  check({{"how", "yeo_johnson"}}, "yeo_johnson");
}

TEST_CASE("Yeo-Johnson powers", "[learn][prepare][scale]") {
  const FeatureTable train = reference_table("holes", kTrain);
  const auto exact = numbers_of(prepare_reference().at("lambda"));
  const auto rough = numbers_of(prepare_reference().at("lambda_sklearn"));
  for (std::size_t j = 0; j < train.size(); ++j) {
    std::vector<double> known;
    for (const double value : train[j].numbers) {
      if (!std::isnan(value)) known.push_back(value);
    }
    std::sort(known.begin(), known.end());
    const double lambda = detail::yeo_johnson_lambda(known, {});
    CHECK(lambda == Approx(exact[j]).epsilon(0).margin(1e-10));
    CHECK(lambda == Approx(rough[j]).epsilon(0).margin(1e-6));
    CHECK(detail::yeo_johnson_lambda(known, {.threads = 3}) == lambda);
  }
  const auto points = numbers_of(prepare_reference().at("yeo_points"));
  for (const auto& [power, values] : prepare_reference().at("yeo_values").items()) {
    std::vector<double> ours;
    for (const double x : points) ours.push_back(detail::yeo_johnson(x, std::stod(power)));
    agree(ours, numbers_of(values));
  }
  CHECK(std::isnan(detail::yeo_johnson_lambda(std::vector<double>{2.0, 2.0}, {})));
}

TEST_CASE("scaling by hand", "[learn][prepare][scale]") {
  const FeatureTable table({number_feature("views", {0, 1, 3, kMissing}),
                            number_feature("same", {7, 7, kMissing, 7}),
                            texts("tier", {"gold", "gold", "", "tin"})});
  const StepResult log = prepared("scale", {{"how", "log1p"}, {"of", "views"}}, table);
  const auto out = numbers(log.step->bake(table, {}), "views");
  CHECK(out[2] == std::log1p(3.0));
  CHECK(std::isnan(out[3]));
  check_step(log, table);
  for (const std::string how : {"standard", "robust", "min_max", "quantile", "yeo_johnson"}) {
    INFO(how);
    const StepResult result = prepared("scale", {{"how", how}}, table);
    CHECK(warned(result, "'same' does not vary"));
    const FeatureTable baked = result.step->bake(table, {});
    CHECK(numbers(baked, "same")[0] == 0.0);
    CHECK(std::isnan(numbers(baked, "same")[2]));
    CHECK(baked.names() == table.names());
    check_step(result, table);
  }
  // A shift and a factor of the data are taken out.
  const FeatureTable train = reference_table("holes", kTrain);
  std::vector<double> moved;
  for (const double value : train[0].numbers) moved.push_back(-8.0 + 4.0 * value);
  for (const std::string how : {"standard", "robust", "min_max", "quantile"}) {
    const FeatureTable other({number_feature("a", moved)});
    agree(numbers(prepared("scale", {{"how", how}}, other).step->bake(other, {}), "a"),
          numbers(prepared("scale", {{"how", how}}, train).step->bake(train, {}), "a"), 1e-12);
  }
  // Weights count as copies.
  const std::vector<double> weights = {2, 1, 1, 1};
  const StepResult weighted =
      prepare_step({"scale", {{"of", "views"}}}, {.features = table, .weights = weights});
  const FeatureTable copies({number_feature("views", {0, 0, 1, 3})});
  agree({numbers(weighted.step->bake(table, {}), "views")[1]},
        {numbers(prepared("scale", nlohmann::json::object(), copies).step->bake(copies, {}),
                 "views")[2]},
        1e-14);
  const FeatureTable ties({number_feature("x", {1, 2, 2, 2, 9})});
  CHECK(warned(prepared("scale", {{"how", "robust"}}, ties), "only centred"));
}

TEST_CASE("what cannot be scaled is said", "[learn][prepare][scale]") {
  const FeatureTable table({number_feature("views", {-1, -2, 3}), texts("tier", {"a", "b", ""}),
                            number_feature("none", {kMissing, kMissing, kMissing})});
  CHECK_THROWS_WITH(prepared("scale", {{"how", "log1p"}}, table),
                    Catch::Contains("'views'") && Catch::Contains("2 rows below 0"));
  CHECK(warned(prepared("scale", nlohmann::json::object(), table), "'none' has no known value"));
  CHECK_THROWS_WITH(prepared("scale", {{"of", "tier"}}, table), Catch::Contains("another type"));
  CHECK_THROWS_WITH(prepared("scale", {{"how", "min_max"}, {"range", {2, 1}}}, table),
                    Catch::Contains("no range"));
  CHECK_THROWS_WITH(prepared("scale", {{"how", "standart"}}, table),
                    Catch::Contains("did you mean 'standard'"));
  const StepResult good =
      prepared("scale", {{"how", "log1p"}}, FeatureTable({number_feature("views", {1, 2})}));
  CHECK_THROWS_AS(good.step->bake(table, {}), DataError);
  const FeatureTable infinite({number_feature("views", {1, HUGE_VAL})});
  CHECK_THROWS_WITH(prepared("scale", nlohmann::json::object(), infinite),
                    Catch::Contains("infinite"));
  CHECK_THROWS_AS(good.step->bake(infinite, {}), DataError);
}
