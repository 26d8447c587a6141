#include "engine/learn/explain/shap_summary.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/explain/known_model.h"

using namespace impact;
using namespace impact::explaining;

TEST_CASE("SHAP summary by hand", "[learn][shap_summary]") {
  ShapValues values{.columns = {"a", "b"}, .rows = {0, 1, 2}, .value = {1, 0, -2, 0, 4, 0}};
  const auto plain = shap_importance(values);
  CHECK(plain[0].mean_absolute == Approx(7.0 / 3));
  CHECK(plain[0].mean == Approx(1.0));
  CHECK(plain[0].sd == Approx(3.0));
  CHECK(plain[0].share == 1.0);
  CHECK(plain[1].mean_absolute == 0.0);
  const std::vector<double> weight = {2, 1, 1};
  CHECK(shap_importance(values, weight)[0].mean_absolute == Approx(2.0));
  CHECK_THROWS_AS(shap_importance(values, std::span(weight).first(2)), ArgumentError);
}

TEST_CASE("SHAP dependence finds the partner", "[learn][shap_summary]") {
  // phi_a = a group(t) exactly: t parts each bin by sign, b says nothing, many is a level a row.
  Stream stream({31});
  const std::string yes = "yes", no = "no";
  std::vector<const std::string*> text;
  std::vector<std::string> names(300);
  std::vector<const std::string*> many;
  std::vector<double> a, b;
  ShapValues values{.columns = {"a", "b", "t", "many"}};
  for (std::uint32_t i = 0; i < 300; ++i) {
    a.push_back(stream.normal());
    b.push_back(i % 17 == 0 ? std::nan("") : stream.normal());
    const bool on = stream.bernoulli(0.5);
    text.push_back(i % 50 == 3 ? nullptr : on ? &yes : &no);
    names[i] = std::to_string(i % 60);
    many.push_back(&names[i]);
    values.rows.push_back(i);
    values.value.insert(values.value.end(), {on ? 2 * a[i] : -a[i], 0.0, on ? 1.0 : -1.0, 0.0});
  }
  const FeatureTable table({number_feature("a", a), number_feature("b", b), text_feature("t", text),
                            text_feature("many", many)});
  const auto strengths = partner_strengths(values, table, "a");
  CHECK(std::isnan(strengths[0]));
  CHECK(strengths[2] > 0.5);
  CHECK(strengths[1] < 0.15);
  CHECK(strengths[3] < 0.3);
  const auto found = shap_dependence(values, table, "a");
  CHECK(found.partner == "t");
  CHECK(found.strength == strengths[2]);
  CHECK(found.values == a);
  CHECK(found.shap[5] == values.value[20]);
  CHECK(found.partner_levels[0] == *text[0]);
  CHECK(found.partner_levels[3].empty());
  CHECK(shap_dependence(values, table, "a", "b").partner == "b");
  // No phi, no partner.
  CHECK(shap_dependence(values, table, "b").partner.empty());
  CHECK_THROWS_AS(shap_dependence(values, table, "c"), ArgumentError);
  CHECK_THROWS_AS(shap_dependence(values, table, "a", "c"), ArgumentError);
  CHECK_THROWS_AS(partner_strengths(values, table, "a", 0), ArgumentError);
}

TEST_CASE("SHAP values of trained trees", "[learn][shap_summary]") {
  Stream stream({8});
  const std::string red = "red", blue = "blue", green = "green";
  std::vector<const std::string*> text;
  std::vector<double> x, z, y, label;
  for (std::size_t i = 0; i < 200; ++i) {
    x.push_back(stream.normal());
    z.push_back(stream.normal());
    text.push_back(i % 3 == 0 ? &red : i % 3 == 1 ? &blue : &green);
    y.push_back(x[i] + (i % 3 == 1 ? 2.0 * z[i] : 0.0));
    label.push_back(y[i] > 0 ? 1.0 : 0.0);
  }
  const FeatureTable numbers({number_feature("x", x), number_feature("z", z)});
  const FeatureTable all(
      {number_feature("x", x), number_feature("z", z), text_feature("colour", text)});
  const auto rows = every_row(200);
  const std::vector<std::string> classes = {"no", "yes"};
  const Lesson of_numbers{.features = numbers, .outcome = y};
  const Lesson of_classes{.features = numbers, .outcome = label, .classes = classes};
  const Lesson of_texts{.features = all, .outcome = y};
  for (const Lesson* lesson : {&of_numbers, &of_classes}) {
    const auto forest =
        train({.kind = "forest", .options = {{"trees", 20}}}, *lesson, rows, "y", {1});
    const auto values = model_tree_shap(forest, lesson->features, rows);
    const auto said = forest.predict(lesson->features);
    for (std::size_t i = 0; i < 200; ++i) {
      CHECK(values.prediction[i] == Approx(said[i]).margin(1e-10));
    }
    CHECK(values.columns == lesson->features.names());
    CHECK(values.method == "tree");
  }
  // Texts are categories to boosting.
  const auto boost =
      train({.kind = "boost", .options = {{"rounds", 30}}}, of_texts, rows, "y", {1});
  const auto values = model_tree_shap(boost, all, rows);
  const auto said = boost.predict(all);
  for (std::size_t i = 0; i < 200; ++i) {
    CHECK(values.prediction[i] == Approx(said[i]).margin(1e-4));
  }
  const auto found = shap_dependence(values, all, "z");
  CHECK(found.partner == "colour");
  CHECK(shap_importance(values)[1].share > 0.3);
  CHECK_THROWS_AS(model_tree_shap(boost, all, rows, 1), ArgumentError);
}
