#include "engine/learn/explain/partial_dependence.h"

#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/learn/explain/interaction_strength.h"
#include "tests/engine/learn/explain/known_model.h"

using namespace impact;
using namespace impact::explaining;

namespace {

void agree(const std::vector<double>& ours, const nlohmann::json& theirs, double margin = 1e-12) {
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t k = 0; k < ours.size(); ++k) {
    CHECK(ours[k] == Approx(theirs[k].get<double>()).margin(margin));
  }
}

}  // namespace

TEST_CASE("partial dependence and ICE are those of scikit-learn", "[learn][partial]") {
  const FeatureTable table = reference_table();
  const auto model = number_model(table, reference_function);
  const auto rows = every_row(80);
  const auto& peer = explain_reference().at("partial");
  const GridSpec grid = {.values = peer["grid_a"].get<std::vector<double>>()};
  const auto one =
      partial_dependence(model, table, rows, {.columns = {"a"}, .grid = grid, .curves = 80}, {1});
  agree(one.mean, peer["mean"]);
  REQUIRE(one.curve_rows == rows);
  for (std::size_t i = 0; i < 80; ++i) {
    for (std::size_t k = 0; k < 4; ++k) {
      CHECK(one.curves[4 * i + k] == Approx(peer["curves"][i][k].get<double>()).margin(1e-12));
    }
  }
  const auto weight = explain_reference().at("w").get<std::vector<double>>();
  agree(partial_dependence(model, table, rows, {.columns = {"a"}, .grid = grid, .weights = weight},
                           {1})
            .mean,
        peer["weighted"]);
  const auto pair = partial_dependence(model, table, rows,
                                       {.columns = {"a", "d"},
                                        .grid = grid,
                                        .second_values = peer["grid_d"].get<std::vector<double>>()},
                                       {1});
  REQUIRE(pair.mean.size() == 12);
  for (std::size_t k = 0; k < 12; ++k) {
    CHECK(pair.mean[k] == Approx(peer["pair"][k / 3][k % 3].get<double>()).margin(1e-12));
  }
  const auto c =
      partial_dependence(model, table, rows, {.columns = {"c"}, .grid = {.points = 7}}, {1});
  agree(c.axes[0].values, peer["quantiles_c"]);
}

TEST_CASE("partial dependence by hand", "[learn][partial]") {
  const FeatureTable table({number_feature("x", {0, 1, 2, 3}), number_feature("z", {1, -1, 2, 0})});
  // x z: slopes 1, -1, 2, 0.
  const auto model = number_model(table, [](const std::vector<double>& v) { return v[0] * v[1]; });
  const auto plain = partial_dependence(model, table, every_row(4), {.columns = {"x"}}, {1});
  CHECK(plain.axes[0].values == std::vector<double>{0, 1, 2, 3});
  CHECK(plain.mean == std::vector<double>{0, 0.5, 1, 1.5});
  const double sd = std::sqrt(5.0 / 3.0);  // of 1, -1, 2, 0
  CHECK(plain.sd[2] == Approx(2 * sd));
  CHECK(plain.low[2] == Approx(1 - 2 * sd));
  CHECK(plain.high[2] == Approx(1 + 2 * sd));
  CHECK(plain.axes[0].deciles.size() == 9);
  CHECK(plain.axes[0].deciles[4] == Approx(1.5));
  CHECK(plain.n == 4);
  const auto centred = partial_dependence(
      model, table, every_row(4),
      {.columns = {"x"}, .grid = {.values = {1, 3}}, .curves = 2, .centred = true}, {1});
  CHECK(centred.mean == std::vector<double>{0, 1});
  CHECK(centred.sd[0] == 0.0);
  REQUIRE(centred.curve_rows.size() == 2);
  for (std::size_t k = 0; k < 2; ++k) {
    CHECK(centred.curves[2 * k] == 0.0);
    CHECK(centred.curves[2 * k + 1] == 2 * table[1].numbers[centred.curve_rows[k]]);
  }
  const auto some =
      partial_dependence(model, table, every_row(4), {.columns = {"x"}, .background = 2}, {1});
  CHECK(some.n == 2);
  CHECK(some.axes[0].size() == 4);
}

TEST_CASE("partial dependence on texts and pairs", "[learn][partial]") {
  const std::string low = "low", high = "high", never = "never";
  const std::vector<const std::string*> cells = {&low, &high, nullptr, &low};
  Feature level = text_feature("level", cells);
  level.levels.push_back(never);
  const FeatureTable table({level, number_feature("x", {0, 1, 2, 3})});
  const auto model = known_model(table, [](const FeatureTable& at, std::size_t row, double* out) {
    const std::int32_t code = at[0].codes[row];
    const bool is_high = code >= 0 && at[0].levels[static_cast<std::size_t>(code)] == "high";
    *out = (is_high ? 10.0 : 0.0) + at[1].numbers[row];
  });
  const auto one = partial_dependence(model, table, every_row(4), {.columns = {"level"}}, {1});
  CHECK(one.axes[0].levels == std::vector<std::string>{"high", "low"});
  CHECK(one.mean == std::vector<double>{11.5, 1.5});
  const auto pair = partial_dependence(
      model, table, every_row(4),
      {.columns = {"level", "x"}, .grid = {.points = 2, .low = 0.0, .high = 1.0}}, {1});
  CHECK(pair.mean == std::vector<double>{10, 13, 0, 3});
  for (const int threads : {2, 3, 8}) {
    CHECK(partial_dependence(
              model, table, every_row(4),
              {.columns = {"level", "x"}, .grid = {.points = 2, .low = 0.0, .high = 1.0}}, {1},
              {.threads = threads})
              .mean == pair.mean);
  }
}

TEST_CASE("partial dependence: one of many classes, bad input", "[learn][partial]") {
  const FeatureTable table({number_feature("x", {0, 1, 2, 3}),
                            number_feature("none", std::vector<double>(4, std::nan(""))),
                            number_feature("flat", {1, 1, 1, 1})});
  const auto model = known_model(table,
                                 [](const FeatureTable& at, std::size_t row, double* out) {
                                   const double x = at[0].numbers[row];
                                   out[0] = x / 6;
                                   out[1] = x > 2.5 ? std::nan("") : 0.5;
                                   out[2] = 1 - out[0] - out[1];
                                 },
                                 {"a", "b", "c"});
  const auto rows = every_row(4);
  const auto first = partial_dependence(model, table, rows, {.columns = {"x"}, .output = 0}, {1});
  CHECK(first.mean[3] == 0.5);
  const auto second = partial_dependence(model, table, rows, {.columns = {"x"}, .output = 1}, {1});
  CHECK(std::isnan(second.mean[3]));
  CHECK(second.mean[2] == 0.5);
  CHECK(warned(second, "no prediction"));
  CHECK(warned(partial_dependence(model, table, rows, {.columns = {"flat"}}, {1}), "one value"));
  const auto bad = [&](const PartialDependenceSpec& spec) {
    CHECK_THROWS_AS(partial_dependence(model, table, rows, spec, {1}), ArgumentError);
  };
  bad({});
  bad({.columns = {"y"}});
  bad({.columns = {"x", "x"}});
  bad({.columns = {"x", "flat", "none"}});
  bad({.columns = {"none"}});
  bad({.columns = {"x"}, .grid = {.points = 1}});
  bad({.columns = {"x"}, .grid = {.low = 0.5, .high = 0.5}});
  bad({.columns = {"x"}, .output = 3});
  CHECK_THROWS_AS(partial_dependence(model, table, {}, {.columns = {"x"}}, {1}), ArgumentError);
}

TEST_CASE("Friedman's H by hand", "[learn][partial][interaction]") {
  // x + z + 2 x z on the cross of -1 and 1, u apart: PD_xz = f, PD_x = x, PD_z = z; the rest 2 x z
  // has variance 4 of 6. u adds u.
  std::vector<double> x, z, u;
  for (const double a : {-1.0, 1.0}) {
    for (const double b : {-1.0, 1.0}) {
      for (const double c : {-1.0, 1.0}) {
        x.push_back(a);
        z.push_back(b);
        u.push_back(c);
      }
    }
  }
  const FeatureTable table(
      {number_feature("x", x), number_feature("z", z), number_feature("u", u)});
  const auto model = number_model(table, [](const std::vector<double>& v) {
    return 5.0 + v[0] + v[1] + 2 * v[0] * v[1] + v[2];
  });
  const auto result = interaction_strength(model, table, every_row(8), {}, {1});
  REQUIRE(result.pairs.size() == 3);
  CHECK(result.pairs[0].first == "x");
  CHECK(result.pairs[0].second == "z");
  CHECK(result.pairs[0].h_squared == Approx(4.0 / 6.0).epsilon(1e-12));
  CHECK(result.pairs[0].h == Approx(std::sqrt(4.0 / 6.0)).epsilon(1e-12));
  CHECK(result.pairs[0].strength == Approx(2.0).epsilon(1e-12));
  CHECK(result.pairs[1].h_squared == Approx(0.0).margin(1e-24));
  CHECK(result.pairs[2].h_squared == Approx(0.0).margin(1e-24));
  // Of all 7 of variance.
  REQUIRE(result.columns.size() == 3);
  CHECK(result.columns[0].h_squared == Approx(4.0 / 7.0).epsilon(1e-12));
  CHECK(result.columns[2].h_squared == Approx(0.0).margin(1e-24));
  CHECK(result.n == 8);
  for (const int threads : {2, 3, 8}) {
    const auto again =
        interaction_strength(model, table, every_row(8), {}, {1}, {.threads = threads});
    CHECK(again.pairs[0].h_squared == result.pairs[0].h_squared);
  }
  const auto flat = number_model(table, [](const std::vector<double>& v) { return v[2]; });
  const auto nothing =
      interaction_strength(flat, table, every_row(8), {.columns = {"x", "z"}, .rows = 4}, {1});
  CHECK(nothing.n == 4);
  CHECK(std::isnan(nothing.pairs[0].h));
  CHECK(warned(nothing, "no effect"));
  CHECK_THROWS_AS(interaction_strength(flat, table, every_row(8), {.columns = {"y"}}, {1}),
                  ArgumentError);
}
