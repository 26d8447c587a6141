#include "engine/learn/explain/accumulated_effects.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/explain/known_model.h"

using namespace impact;
using namespace impact::explaining;

TEST_CASE("accumulated effects are those of PyALE", "[learn][ale]") {
  const FeatureTable table = reference_table();
  const auto model = number_model(table, reference_function);
  const auto& peer = explain_reference().at("ale");
  const auto one =
      accumulated_effects(model, table, every_row(80),
                          {.columns = {"a"}, .intervals = 8, .centre = EffectCentre::kMidpoints});
  REQUIRE(one.effect.size() == peer["effect"].size());
  for (std::size_t k = 0; k < one.effect.size(); ++k) {
    CHECK(one.ends[0][k] == peer["ends"][k].get<double>());
    CHECK(one.effect[k] == Approx(peer["effect"][k].get<double>()).margin(1e-12));
    CHECK(static_cast<double>(one.n[k]) == peer["size"][k].get<double>());
  }
  const auto cells = [&](const char* second, std::size_t intervals, const char* name) {
    const auto pair = accumulated_effects(
        model, table, every_row(80),
        {.columns = {"a", second}, .intervals = intervals, .centre = EffectCentre::kMidpoints});
    const std::size_t width = intervals + 1;
    REQUIRE(peer[name].size() == width);
    REQUIRE(pair.effect.size() == width * width);
    for (std::size_t k = 0; k < width * width; ++k) {
      CHECK(pair.effect[k] == Approx(peer[name][k / width][k % width].get<double>()).margin(1e-12));
    }
    return pair.empty;
  };
  CHECK(cells("d", 4, "pair") == 0);
  // a and b go together: some cells have no row.
  CHECK(cells("b", 5, "tied") > 0);
}

TEST_CASE("accumulated effects by hand", "[learn][ale]") {
  // x^2 and z, which is x once more: the effect of x alone is x^2 - mean over upper ends.
  const std::vector<double> x = {0, 1, 2, 3, 4};
  const FeatureTable table({number_feature("x", x), number_feature("z", x)});
  const auto model =
      number_model(table, [](const std::vector<double>& v) { return v[0] * v[0] + 7 * v[1]; });
  const auto paper =
      accumulated_effects(model, table, every_row(5), {.columns = {"x"}, .intervals = 5});
  // Intervals [0, 1], (1, 2], (2, 3], (3, 4]: 0 and 1 both end at 1, squares 1 1 4 9 16.
  CHECK(paper.ends[0] == std::vector<double>{0, 1, 2, 3, 4});
  CHECK(paper.n == std::vector<std::int64_t>{0, 2, 1, 1, 1});
  for (std::size_t k = 0; k < 5; ++k) CHECK(paper.effect[k] == Approx(x[k] * x[k] - 31.0 / 5));
  // All differences of an interval with two rows are equal; others have one row.
  CHECK(paper.std_error[1] == 0.0);
  CHECK(std::isnan(paper.std_error[2]));
  CHECK(warned(paper, "single row"));
  const auto middle =
      accumulated_effects(model, table, every_row(5),
                          {.columns = {"x"}, .intervals = 5, .centre = EffectCentre::kMidpoints});
  CHECK(middle.effect[0] == Approx(-(0.5 + 0.5 + 2.5 + 6.5 + 12.5) / 5));
}

TEST_CASE("accumulated effects: errors, weights, nothing between columns that add up",
          "[learn][ale]") {
  Stream stream({4});
  std::vector<double> a, b, weight;
  std::vector<std::uint32_t> copies;
  for (std::uint32_t i = 0; i < 200; ++i) {
    a.push_back(stream.normal());
    b.push_back(a[i] + stream.normal());
    weight.push_back(1.0 + i % 3);
    copies.insert(copies.end(), 1 + i % 3, i);
  }
  const FeatureTable table({number_feature("a", a), number_feature("b", b)});
  const auto adds =
      number_model(table, [](const std::vector<double>& v) { return v[0] + std::exp(v[1]); });
  const auto none = accumulated_effects(adds, table, every_row(200), {.columns = {"a", "b"}});
  for (const double value : none.effect) CHECK(value == Approx(0.0).margin(1e-12));
  CHECK(none.empty > 0);
  CHECK(warned(none, "nearest"));

  // a b: in each interval of width h the differences are h b: sd h sd(b in it), over root n.
  const auto product =
      number_model(table, [](const std::vector<double>& v) { return v[0] * v[1]; });
  const auto one =
      accumulated_effects(product, table, every_row(200), {.columns = {"a"}, .intervals = 2});
  double mean = 0, squares = 0, n = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    if (a[i] > one.ends[0][1]) continue;
    mean += b[i];
    n += 1;
  }
  mean /= n;
  for (std::size_t i = 0; i < 200; ++i) {
    if (a[i] <= one.ends[0][1]) squares += (b[i] - mean) * (b[i] - mean);
  }
  const double h = one.ends[0][1] - one.ends[0][0];
  CHECK(one.std_error[1] == Approx(h * std::sqrt(squares / (n - 1) / n)).epsilon(1e-10));
  CHECK(one.conf_high[1] - one.effect[1] == Approx(1.959963984540054 * one.std_error[1]));
  CHECK(one.effect[1] - one.effect[0] == Approx(h * mean).epsilon(1e-10));

  // Quantiles do not know weights, so with the same ends weights are copies.
  const auto weighted = accumulated_effects(product, table, every_row(200),
                                            {.columns = {"a"}, .intervals = 1, .weights = weight});
  const auto copied =
      accumulated_effects(product, table, copies, {.columns = {"a"}, .intervals = 1});
  CHECK(weighted.effect[1] == Approx(copied.effect[1]).epsilon(1e-10));
  for (const int threads : {2, 3, 8}) {
    CHECK(accumulated_effects(product, table, every_row(200), {.columns = {"a", "b"}},
                              {.threads = threads})
              .effect ==
          accumulated_effects(product, table, every_row(200), {.columns = {"a", "b"}}).effect);
  }
}

TEST_CASE("accumulated effects: bad input", "[learn][ale]") {
  const std::string word = "word";
  const std::vector<const std::string*> cells(4, &word);
  const FeatureTable table({number_feature("x", {0, 1, std::nan(""), 3}),
                            text_feature("text", cells), number_feature("flat", {1, 1, 1, 1}),
                            number_feature("none", std::vector<double>(4, std::nan("")))});
  const auto model = known_model(table, [](const FeatureTable& at, std::size_t row, double* out) {
    *out = at[0].numbers[row];
  });
  const auto rows = every_row(4);
  const auto result = accumulated_effects(model, table, rows, {.columns = {"x"}});
  CHECK(warned(result, "1 row was"));
  CHECK(result.effect.back() - result.effect.front() == Approx(3.0));
  const auto flat = accumulated_effects(model, table, rows, {.columns = {"flat"}});
  CHECK(warned(flat, "one value"));
  CHECK(flat.effect == std::vector<double>{0.0});
  const auto pair = accumulated_effects(model, table, rows, {.columns = {"x", "flat"}});
  CHECK(warned(pair, "one value"));
  for (const double value : pair.effect) CHECK(value == 0.0);
  const auto bad = [&](const AccumulatedEffectsSpec& spec) {
    CHECK_THROWS_AS(accumulated_effects(model, table, rows, spec), ArgumentError);
  };
  bad({});
  bad({.columns = {"text"}});
  bad({.columns = {"none"}});
  bad({.columns = {"x", "x"}});
  bad({.columns = {"y"}});
  bad({.columns = {"x"}, .intervals = 0});
  bad({.columns = {"x"}, .output = 1});
  bad({.columns = {"x"}, .conf_level = 0.0});
}
