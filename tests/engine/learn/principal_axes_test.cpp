#include "engine/learn/principal_axes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "tests/engine/learn/prepare_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

void check_axes(const PrincipalAxes& own, const nlohmann::json& expected) {
  REQUIRE(own.components() == expected.at("axes").size());
  for (std::size_t k = 0; k < own.components(); ++k) {
    for (std::size_t j = 0; j < own.columns; ++j) {
      INFO(k << ", " << j);
      CHECK(own.loading[k * own.columns + j] ==
            Approx(expected.at("axes")[k][j].get<double>()).margin(1e-10));
    }
    for (const auto& [name, values] :
         {std::pair{"variance", &own.variance}, std::pair{"share", &own.share},
          std::pair{"singular", &own.singular}}) {
      if (!expected.contains(name)) continue;
      INFO(name);
      CHECK((*values)[k] == Approx(expected.at(name)[k].get<double>()).epsilon(1e-10));
    }
  }
}

}  // namespace

TEST_CASE("principal components as scikit-learn's", "[learn][prepare][pca]") {
  const auto& reference = steps_reference();
  const FeatureTable x = lettered(reference.at("x"));
  const FeatureTable fresh = lettered(reference.at("new"));
  check_axes(fit_principal_axes(x.matrix(), {.standardise = false}), reference.at("pca"));
  const FeatureTable all = baked(*prepared("pca", {{"standardise", false}}, x).step, fresh);
  CHECK(all.names() == std::vector<std::string>{"pc1", "pc2", "pc3", "pc4", "pc5"});
  check_last(all, reference.at("pca").at("scores"));

  check_axes(fit_principal_axes(x.matrix(), {.share = 0.9}), reference.at("pca_share"));
  const FeatureTable some =
      baked(*prepared("pca", {{"share", 0.9}, {"keep", true}, {"prefix", "axis "}}, x).step, fresh);
  CHECK(some.size() == 8);
  CHECK(some[5].name == "axis 1");
  check_last(some, reference.at("pca_share").at("scores"));

  // Fewer rows than columns.
  const std::vector<std::uint32_t> four = {0, 1, 2, 3};
  const FeatureTable wide = x.take(four);
  const FeatureTable narrow =
      baked(*prepared("pca", {{"components", 3}, {"standardise", false}}, wide).step, fresh);
  check_last(narrow, reference.at("wide").at("scores"));
}

TEST_CASE("truncated singular values as scikit-learn's", "[learn][prepare][svd]") {
  const auto& reference = steps_reference();
  const FeatureTable x = lettered(reference.at("x"));
  const FeatureTable fresh = lettered(reference.at("new"));
  check_axes(fit_principal_axes(x.matrix(), {.components = 3, .centre = false}),
             reference.at("svd"));
  const FeatureTable out = baked(*prepared("svd", {{"components", 3}}, x).step, fresh);
  CHECK(out.names() == std::vector<std::string>{"svd1", "svd2", "svd3"});
  check_last(out, reference.at("svd").at("scores"));
}

TEST_CASE("a sketch finds the axes of a large table", "[learn][prepare][svd]") {
  // Five strong directions in noise.
  const std::size_t n = 300;
  const std::size_t d = 60;
  Stream stream({5});
  std::vector<double> left(n * 5), right(d * 5), x(n * d);
  for (double& v : left) v = stream.normal();
  for (double& v : right) v = stream.normal();
  for (std::size_t j = 0; j < d; ++j) {
    for (std::size_t i = 0; i < n; ++i) {
      double value = 0.01 * stream.normal();
      for (std::size_t k = 0; k < 5; ++k) {
        value += static_cast<double>(5 - k) * left[k * n + i] * right[k * d + j];
      }
      x[j * n + i] = value;
    }
  }
  const FeatureColumns table{.x = x, .columns = d};
  const PrincipalAxes exact = fit_principal_axes(table, {.components = 5, .centre = false});
  const PrincipalAxesSpec spec{.components = 5, .centre = false, .exact_up_to = 20};
  const PrincipalAxes sketch = fit_principal_axes(table, spec, {}, StreamKey::root(1));
  REQUIRE(sketch.components() == 5);
  CHECK(sketch.loading != exact.loading);
  for (std::size_t k = 0; k < exact.loading.size(); ++k) {
    CHECK(sketch.loading[k] == Approx(exact.loading[k]).margin(1e-9));
  }
  for (const int threads : {2, 3, 8}) {
    CHECK(fit_principal_axes(table, spec, {}, StreamKey::root(1), {.threads = threads}).loading ==
          sketch.loading);
    CHECK(fit_principal_axes(table, {}, {}, {}, {.threads = threads}).loading ==
          fit_principal_axes(table).loading);
  }
}

TEST_CASE("components know neither units, shifts nor the order of rows", "[learn][prepare][pca]") {
  const FeatureTable x = lettered(steps_reference().at("x"));
  const PrincipalAxes plain = fit_principal_axes(x.matrix());
  std::vector<Feature> other;
  for (std::size_t j = 0; j < x.size(); ++j) {
    Feature column = x[j];
    std::reverse(column.numbers.begin(), column.numbers.end());
    for (double& v : column.numbers) v = 100.0 + 7.0 * v;
    other.push_back(std::move(column));
  }
  const FeatureTable turned(std::move(other));
  const PrincipalAxes again = fit_principal_axes(turned.matrix());
  for (std::size_t k = 0; k < plain.loading.size(); ++k) {
    CHECK(again.loading[k] == Approx(plain.loading[k]).margin(1e-9));
  }
  // Two standardised columns: both loadings have one size, the first is the positive one.
  const FeatureTable two = lettered(steps_reference().at("x"), 2);
  const PrincipalAxes pair = fit_principal_axes(two.matrix());
  CHECK(pair.loading[0] == Approx(std::sqrt(0.5)));
  CHECK(pair.loading[2] == Approx(std::sqrt(0.5)));
  // Weights count rows.
  std::vector<double> weights(40, 1.0);
  std::vector<std::uint32_t> rows = every_row(40);
  for (const std::uint32_t row : {3U, 8U, 20U}) {
    weights[row] = 2.0;
    rows.push_back(row);
  }
  const PrincipalAxes weighted = fit_principal_axes(x.matrix(), {}, weights);
  const FeatureTable repeated = x.take(rows);
  const PrincipalAxes twice = fit_principal_axes(repeated.matrix());
  for (std::size_t k = 0; k < twice.loading.size(); ++k) {
    CHECK(weighted.loading[k] == Approx(twice.loading[k]).margin(1e-10));
  }
}

TEST_CASE("components of awkward tables", "[learn][prepare][pca]") {
  const FeatureTable x(std::vector{number_feature("a", {1, 2, 3, 5}),
                                   number_feature("twice", {2, 4, 6, 10}),
                                   number_feature("flat", {0.1, 0.1, 0.1, 0.1})});
  const auto result = prepared("pca", {{"components", 2}}, x);
  REQUIRE(result.warnings.size() == 2);
  CHECK(result.warnings[0] == "'flat' is constant: no component has a part of it");
  CHECK(result.warnings[1] == "only 1 of 2 components vary");
  CHECK(baked(*result.step, x).names() == std::vector<std::string>{"pc1"});
  // A later row that lacks a number has no score.
  const FeatureTable gap(std::vector{number_feature("a", {1, kGap}),
                                     number_feature("twice", {2, 2}),
                                     number_feature("flat", {0.1, 0.1})});
  const FeatureTable out = baked(*result.step, gap);
  CHECK_FALSE(std::isnan(out[0].numbers[0]));
  CHECK(std::isnan(out[0].numbers[1]));

  CHECK_THROWS_WITH(prepared("pca", nlohmann::json::object(), gap),
                    Catch::Contains("'a' in 'pca'") && Catch::Contains("impute"));
  CHECK_THROWS_WITH(prepared("pca", {{"components", 4}}, x), Catch::Contains("4 rows, 3 columns"));
  CHECK_THROWS_AS(prepared("pca", {{"components", 1}, {"share", 0.5}}, x), ArgumentError);
  CHECK_THROWS_AS(prepared("pca", {{"share", 0.0}}, x), ArgumentError);
  CHECK_THROWS_AS(prepared("svd", {{"components", 0}}, x), ArgumentError);
  const FeatureTable text(std::vector{texts("t", {"x"})});
  const auto none = prepared("pca", nlohmann::json::object(), text);
  CHECK(none.warnings.size() == 1);
  CHECK(same_bits(baked(*none.step, text), text));
}
