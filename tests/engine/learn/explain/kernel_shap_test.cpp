#include "engine/learn/explain/kernel_shap.h"

#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/explain/known_model.h"

using namespace impact;
using namespace impact::explaining;

namespace {

std::vector<std::uint32_t> rows_between(std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t> rows(to - from);
  std::iota(rows.begin(), rows.end(), from);
  return rows;
}

// 13 columns: pairs and a triple that interact.
double wide_function(const std::vector<double>& x) {
  double sum = x[0] * x[1] * x[2] + 2 * x[3] * x[4] + std::abs(x[5]);
  for (std::size_t j = 6; j < x.size(); ++j) sum += static_cast<double>(j) * 0.1 * x[j];
  return sum;
}

FeatureTable wide_table(std::size_t columns, std::size_t rows) {
  Stream stream({21});
  std::vector<Feature> all;
  for (std::size_t j = 0; j < columns; ++j) {
    std::vector<double> x(rows);
    for (double& value : x) value = stream.normal();
    all.push_back(number_feature("x" + std::to_string(j), std::move(x)));
  }
  return FeatureTable(std::move(all));
}

double sum_of(const ShapValues& values, std::size_t i) {
  const std::size_t p = values.columns.size();
  return std::accumulate(values.value.begin() + static_cast<std::ptrdiff_t>(i * p),
                         values.value.begin() + static_cast<std::ptrdiff_t>((i + 1) * p),
                         values.expectation);
}

}  // namespace

TEST_CASE("exact Shapley values are those of shap's KernelExplainer", "[learn][kernel_shap]") {
  const FeatureTable table = reference_table();
  const auto background = rows_between(0, 20);
  const auto asked = rows_between(30, 36);
  for (const std::string name : {"identity", "logit"}) {
    INFO(name);
    const bool logit = name == "logit";
    const auto model = number_model(
        table,
        [&](const std::vector<double>& x) {
          return logit ? 1 / (1 + std::exp(-reference_function(x))) : reference_function(x);
        },
        logit ? std::vector<std::string>{"no", "yes"} : std::vector<std::string>{});
    const auto ours = kernel_shap(model, table, asked, table, background,
                                  {.link = logit ? ShapLink::kLogit : ShapLink::kIdentity}, {1});
    const auto& peer = explain_reference().at("kernel").at(name);
    CHECK(ours.method == "kernel_exact");
    CHECK(ours.std_error.empty());
    CHECK(ours.columns == table.names());
    CHECK(ours.expectation == Approx(peer["expectation"].get<double>()).margin(1e-9));
    for (std::size_t i = 0; i < 6; ++i) {
      for (std::size_t j = 0; j < 5; ++j) {
        CHECK(ours.value[5 * i + j] == Approx(peer["shap"][i][j].get<double>()).margin(1e-6));
      }
      CHECK(sum_of(ours, i) == Approx(ours.prediction[i]).margin(1e-12));
      std::vector<double> x;
      for (std::size_t j = 0; j < 5; ++j) x.push_back(table[j].numbers[asked[i]]);
      CHECK(ours.prediction[i] == Approx(reference_function(x)).margin(1e-9));
    }
  }
}

TEST_CASE("Shapley values by hand: texts, weights, levels of another table",
          "[learn][kernel_shap]") {
  const std::string low = "low", high = "high", odd = "odd";
  const FeatureTable table(
      {text_feature("level", std::vector<const std::string*>{&high}), number_feature("x", {3.0})});
  const FeatureTable background({text_feature("level", std::vector<const std::string*>{&odd, &low}),
                                 number_feature("x", {1.0, 2.0})});
  // 10 x for "high", else x.
  const auto model = known_model(table, [](const FeatureTable& at, std::size_t row, double* out) {
    const std::string& level = at[0].levels[static_cast<std::size_t>(at[0].codes[row])];
    *out = (level == "high" ? 10.0 : 1.0) * at[1].numbers[row];
  });
  const std::vector<double> weight = {3.0, 1.0};
  const auto rows = every_row(1);
  const auto both = every_row(2);
  const auto values = kernel_shap(model, table, rows, background, both, {.weights = weight}, {1});
  // v() = 1.25, v(level) = 12.5, v(x) = 3, v(both) = 30.
  CHECK(values.expectation == Approx(1.25));
  CHECK(values.prediction[0] == Approx(30.0));
  CHECK(values.value[0] == Approx(0.5 * (12.5 - 1.25) + 0.5 * (30 - 3)));
  CHECK(values.value[1] == Approx(0.5 * (3 - 1.25) + 0.5 * (30 - 12.5)));
}

TEST_CASE("sampled Shapley values: near the exact ones, as their errors say",
          "[learn][kernel_shap]") {
  const FeatureTable table = wide_table(13, 40);
  const auto model = number_model(table, wide_function);
  const auto background = rows_between(0, 10);
  const auto asked = rows_between(20, 36);
  const auto exact =
      kernel_shap(model, table, asked, table, background, {.exact_columns = 13}, {1});
  CHECK(exact.method == "kernel_exact");
  const KernelShapSpec spec = {.samples = 600};
  const auto sampled = kernel_shap(model, table, asked, table, background, spec, {1});
  CHECK(sampled.method == "kernel_sampled");
  double squares = 0.0;
  for (std::size_t k = 0; k < exact.value.size(); ++k) {
    const double error = sampled.std_error[k];
    CHECK(error > 0.0);
    const double z = (sampled.value[k] - exact.value[k]) / error;
    squares += z * z / static_cast<double>(exact.value.size());
    CHECK(std::abs(z) < 5.0);
  }
  // Mean of 208 squares, dependent in rows of 13: 16 rows give it a spread of less than 0.4.
  CHECK(squares > 0.4);
  CHECK(squares < 1.8);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    CHECK(sum_of(sampled, i) == Approx(sampled.prediction[i]).margin(1e-10));
    CHECK(sampled.prediction[i] == Approx(exact.prediction[i]).margin(1e-12));
  }
  for (const int threads : {2, 3, 8}) {
    const auto again =
        kernel_shap(model, table, asked, table, background, spec, {1}, {.threads = threads});
    CHECK(again.value == sampled.value);
    CHECK(again.std_error == sampled.std_error);
  }
  // All coalitions fit: exact again.
  const auto all = kernel_shap(model, table, asked, table, background, {.samples = 8190}, {1});
  CHECK(all.method == "kernel_exact");
  CHECK(all.value == exact.value);
}

TEST_CASE("sampled Shapley values of columns that add up are exact", "[learn][kernel_shap]") {
  const FeatureTable table = wide_table(30, 12);
  const auto model = number_model(table, [](const std::vector<double>& x) {
    double sum = 4.0;
    for (std::size_t j = 0; j < x.size(); ++j) sum += static_cast<double>(j) * x[j];
    return sum;
  });
  const auto background = every_row(10);
  const auto values =
      kernel_shap(model, table, rows_between(10, 12), table, background, {.samples = 64}, {1});
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 30; ++j) {
      double mean = 0.0;
      for (std::size_t b = 0; b < 10; ++b) mean += table[j].numbers[b] / 10;
      CHECK(values.value[30 * i + j] ==
            Approx(static_cast<double>(j) * (table[j].numbers[10 + i] - mean)).margin(1e-9));
      CHECK(values.std_error[30 * i + j] == Approx(0.0).margin(1e-9));
    }
  }
}

TEST_CASE("Shapley values: background, trouble, bad input", "[learn][kernel_shap]") {
  const FeatureTable table = wide_table(13, 40);
  const auto model = number_model(table, wide_function);
  const auto rows = every_row(40);
  const auto one = every_row(1);
  const auto drawn = kernel_shap(model, table, one, table, rows,
                                 {.background = 5, .exact_columns = 0, .samples = 100}, {1});
  CHECK(drawn.value != kernel_shap(model, table, one, table, rows,
                                   {.background = 5, .exact_columns = 0, .samples = 100}, {2})
                           .value);
  const FeatureTable small = wide_table(2, 4);
  const auto holes = number_model(
      small, [](const std::vector<double>& x) { return x[0] > 0.0 ? std::nan("") : x[0]; });
  CHECK(warned(kernel_shap(holes, small, every_row(4), small, every_row(4), {}, {1}),
               "no prediction"));
  const auto sure = number_model(
      small, [](const std::vector<double>& x) { return x[0] > 0.0 ? 1.0 : 0.0; }, {"no", "yes"});
  const auto moved =
      kernel_shap(sure, small, every_row(4), small, one, {.link = ShapLink::kLogit}, {1});
  CHECK(warned(moved, "infinite"));
  CHECK(std::isfinite(moved.value[0]));
  const auto bad = [&](const KernelShapSpec& spec) {
    CHECK_THROWS_AS(kernel_shap(model, table, one, table, rows, spec, {1}), ArgumentError);
  };
  bad({.exact_columns = 21});
  bad({.samples = 29});
  bad({.output = 1});
  CHECK_THROWS_AS(kernel_shap(model, table, {}, table, rows, {}, {1}), ArgumentError);
  CHECK_THROWS_AS(kernel_shap(model, table, one, table, {}, {}, {1}), ArgumentError);
  CHECK_THROWS_AS(model_tree_shap(model, table, one), ArgumentError);
}
