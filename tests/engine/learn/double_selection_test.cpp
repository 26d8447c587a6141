#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/learn/feature_table.h"
#include "engine/learn/rigorous_lasso.h"
#include "engine/stats/linear.h"
#include "tests/engine/causal/real_table.h"

using namespace impact;
using namespace impact::causal_tests;

namespace {

// y less its least squares fit on the columns and an intercept; the first column's coefficient.
struct Residuals {
  std::vector<double> rest;
  double first = 0.0;
  double first_se = 0.0;
};

Residuals residuals_of(const std::vector<double>& y,
                       const std::vector<std::vector<double>>& columns) {
  std::vector<double> x(y.size(), 1.0);
  for (const auto& column : columns) x.insert(x.end(), column.begin(), column.end());
  const LinearFit fit =
      linear({.x = x, .columns = columns.size() + 1, .y = y}, {.se = SeType::kClassical});
  Residuals out{.rest = y};
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t k = 0; k <= columns.size(); ++k) {
      out.rest[i] -= fit.coefficient[k] * x[k * y.size() + i];
    }
  }
  if (!columns.empty()) {
    out.first = fit.coefficient[1];
    out.first_se = fit.std_error[1];
  }
  return out;
}

}  // namespace

// hdm 0.3.2 on its GrowthData (90 countries, 60 controls): growth on initial income. Published
// digits -0.04981 (0.01394) and -0.05001 (0.01579); more of them computed independently.
TEST_CASE("rigorous lasso: double selection and partialling out as hdm has them",
          "[learn][penalised]") {
  const RealTable t = read_table("hdm_growth/growth.csv");
  if (t.rows == 0) return;
  const std::vector<double> y = t.numbers("Outcome");
  const std::vector<double> d = t.numbers("gdpsh465");
  std::vector<std::string> names;
  std::vector<std::vector<double>> controls;
  std::vector<double> x;
  for (const auto& [name, cells] : t.cells) {
    if (name == "Outcome" || name == "intercept" || name == "gdpsh465") continue;
    names.push_back(name);
    controls.push_back(t.numbers(name));
    x.insert(x.end(), controls.back().begin(), controls.back().end());
  }
  REQUIRE(names.size() == 60);
  const FeatureColumns features{.x = x, .columns = names.size(), .names = names};
  const std::vector<std::uint32_t> rows = every_row(y.size());
  const RigorousLasso of_y = fit_rigorous_lasso(features, y, rows);
  const RigorousLasso of_d = fit_rigorous_lasso(features, d, rows);
  const auto chosen = [&](const RigorousLasso& fit) {
    std::vector<std::string> out;
    for (const std::size_t j : fit.selected) out.push_back(names[j]);
    return out;
  };
  // In the order of names.
  CHECK(chosen(of_y) == std::vector<std::string>{"bmp1l"});
  CHECK(chosen(of_d) ==
        std::vector<std::string>{"freetar", "hm65", "humanf65", "lifee065", "pop6565", "sf65"});

  // Partialling out: what post-lasso leaves of both, by plain least squares.
  std::vector<double> fitted(y.size());
  std::vector<double> y_rest = y;
  std::vector<double> d_rest = d;
  of_y.predict(features, rows, fitted);
  for (std::size_t i = 0; i < y.size(); ++i) y_rest[i] -= fitted[i];
  of_d.predict(features, rows, fitted);
  for (std::size_t i = 0; i < y.size(); ++i) d_rest[i] -= fitted[i];
  const Residuals partial = residuals_of(y_rest, {d_rest});
  CHECK(partial.first == Approx(-0.0498114653).margin(6e-11));
  CHECK(partial.first_se == Approx(0.0139363584).margin(6e-11));

  // Double selection: y on d and the union of what was selected.
  std::vector<std::vector<double>> both;
  for (std::size_t j = 0; j < names.size(); ++j) {
    if (of_y.coefficient[j] != 0.0 || of_d.coefficient[j] != 0.0) both.push_back(controls[j]);
  }
  REQUIRE(both.size() == 7);
  std::vector<std::vector<double>> with_d = {d};
  with_d.insert(with_d.end(), both.begin(), both.end());
  const Residuals outcome = residuals_of(y, with_d);
  const Residuals treatment = residuals_of(d, both);
  const auto n = static_cast<double>(y.size());
  double v2 = 0.0;
  double meat = 0.0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double v = treatment.rest[i];
    const double xi = outcome.rest[i] * std::sqrt(n / (n - 7.0 - 1.0));
    v2 += v * v / n;
    meat += v * v * xi * xi / n;
  }
  CHECK(outcome.first == Approx(-0.0500058545).margin(6e-11));
  CHECK(std::sqrt(meat / n) / v2 == Approx(0.0157913799).margin(6e-11));
}
