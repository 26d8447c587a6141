#include "engine/stats/regression_diagnostics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/rng.h"
#include "tests/engine/stats/linear_more_reference.h"

using namespace impact;
using namespace impact::reference;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The model of linear_more.R on units.txt.
struct UnitModel {
  Numbers x = matrix({"Intercept", "z", "x", "v"});

  [[nodiscard]] LinearData data(bool weighted = false) const {
    LinearData result{.x = x, .columns = 4, .y = units()["y"]};
    if (weighted) result.weights = units()["w"];
    return result;
  }
};

struct Series {
  Numbers x, y = more().data("sy");
  bool intercept;

  explicit Series(bool with_intercept = true)
      : x(columns({"sx", "su"}, with_intercept ? 150 : 0)), intercept(with_intercept) {}
  [[nodiscard]] LinearData data() const { return {.x = x, .columns = intercept ? 3U : 2U, .y = y}; }
};

void agree_rows(const Numbers& ours, const std::string& test) {
  REQUIRE_FALSE(ours.empty());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    more().check(ours[i], test, std::to_string(i), 1e-9, 1e-3);
  }
}

void agree_test(const Estimate& row, const std::string& test) {
  more().check(row.statistic, test, "statistic");
  more().check(row.p_value, test, "p");
  CHECK(row.warnings.empty());
}

// A line with many rows.
struct Long {
  Numbers x, y, weights;

  Long() {
    const std::size_t n = 2 * kChunkRows + 333;
    Stream stream(StreamKey::root(31));
    x.assign(n, 1.0);
    for (std::size_t i = 0; i < 2 * n; ++i) x.push_back(stream.normal());
    for (std::size_t i = 0; i < n; ++i) {
      y.push_back(x[n + i] + stream.normal());
      weights.push_back(stream.uniform(0.5, 2.0));
    }
  }
  [[nodiscard]] LinearData data() const {
    return {.x = x, .columns = 3, .y = y, .weights = weights};
  }
};

}  // namespace

TEST_CASE("influence: agrees with R", "[stats]") {
  const auto agree = [](const LinearData& data, const std::string& test) {
    INFO(test);
    const Influence ours = influence(data, true);
    agree_rows(ours.residual, test + "_residual");
    agree_rows(ours.leverage, test + "_leverage");
    agree_rows(ours.standardised, test + "_standardised");
    agree_rows(ours.studentised, test + "_studentised");
    agree_rows(ours.cooks_distance, test + "_cook");
    agree_rows(ours.dffits, test + "_dffits");
    agree_rows(ours.dfbetas, test + "_dfbetas");
    more().check(ours.residual_sd, test, "sd");
    CHECK(ours.warnings.empty());
  };
  const UnitModel model;
  agree(model.data(), "influence");
  agree(model.data(true), "influence_weighted");
  const Numbers slopes = matrix({"z", "x", "v"});
  agree({.x = slopes, .columns = 3, .y = units()["y"]}, "influence_no_intercept");
}

TEST_CASE("influence: the fit without the row, refitted", "[stats]") {
  const UnitModel model;
  const Influence ours = influence(model.data(), true);
  const LinearFit whole = linear(model.data(), {.se = SeType::kClassical});
  for (const std::size_t row : {0U, 17U, 59U}) {
    Numbers weights(60, 1.0);
    weights[row] = 0.0;
    LinearData data = model.data();
    data.weights = weights;
    const LinearFit without = linear(data, {.se = SeType::kClassical});
    double fitted = 0.0;
    for (std::size_t k = 0; k < 4; ++k) fitted += model.x[k * 60 + row] * without.coefficient[k];
    const double e = units()["y"][row] - fitted;  // predicted by the others
    CHECK(ours.residual[row] / (1.0 - ours.leverage[row]) == Approx(e).epsilon(1e-10));
    for (std::size_t k = 0; k < 4; ++k) {
      const double unit = whole.std_error[k] / whole.residual_sd * without.residual_sd;
      CHECK(ours.dfbetas[k * 60 + row] ==
            Approx((whole.coefficient[k] - without.coefficient[k]) / unit).epsilon(1e-8));
    }
  }
  CHECK(std::accumulate(ours.leverage.begin(), ours.leverage.end(), 0.0) ==
        Approx(4.0).epsilon(1e-12));
}

TEST_CASE("influence: rows that do not count, and rows of leverage 1", "[stats]") {
  Numbers x = {1, 1, 1, 1, 1, 0, 0, 0, 1, 0};
  Numbers y = {1, 2, 4, 7, kNaN};
  const Influence ours = influence({.x = x, .columns = 2, .y = y});
  CHECK(ours.n == 4);
  CHECK(std::isnan(ours.leverage[4]));
  CHECK(std::isnan(ours.residual[4]));
  CHECK(ours.leverage[3] == Approx(1.0).epsilon(1e-14));
  CHECK(std::isnan(ours.studentised[3]));
  CHECK_FALSE(std::isnan(ours.studentised[0]));
  CHECK(warned(ours, "1 row has leverage 1"));
  CHECK(warned(ours, "1 row was left out"));
  const Influence none = influence({.x = std::span(x).first(2), .columns = 1, .y = Numbers{1, 2}});
  CHECK_FALSE(std::isnan(none.leverage[0]));
  const Influence exact = influence({.x = Numbers{1}, .columns = 1, .y = Numbers{3}});
  CHECK(std::isnan(exact.leverage[0]));
  CHECK(warned(exact, "no residual is left"));
}

TEST_CASE("collinearity: inflation agrees with car", "[stats]") {
  const UnitModel model;
  const Collinearity single = collinearity(model.data());
  REQUIRE(single.terms.size() == 3);
  for (std::size_t k = 0; k < 3; ++k) {
    more().check(single.terms[k].gvif, "vif", std::to_string(k));
    CHECK(single.terms[k].term == k + 1);
    CHECK(single.terms[k].per_df == Approx(std::sqrt(single.terms[k].gvif)));
  }
  const Collinearity weighted = collinearity(model.data(true));
  for (std::size_t k = 0; k < 3; ++k) {
    more().check(weighted.terms[k].gvif, "vif_weighted", std::to_string(k));
  }
  // The same with the five dummies of g as one term.
  Numbers x = model.x;
  const Codes g = units().codes("g");
  for (int level = 1; level < 6; ++level) {
    for (const std::int32_t code : g) x.push_back(code == level ? 1.0 : 0.0);
  }
  const std::vector<std::size_t> term = {99, 0, 1, 2, 3, 3, 3, 3, 3};
  const Collinearity grouped = collinearity({.x = x, .columns = 9, .y = units()["y"]}, term);
  REQUIRE(grouped.terms.size() == 4);
  for (std::size_t k = 0; k < 4; ++k) {
    more().check(grouped.terms[k].gvif, "gvif_" + std::to_string(k), "gvif");
    more().check(grouped.terms[k].per_df, "gvif_" + std::to_string(k), "per_df");
  }
  CHECK(grouped.terms[3].df == 5);
  more().check(grouped.condition, "condition", "all");
  CHECK(grouped.warnings.empty());
}

TEST_CASE("collinearity: units and dropped columns", "[stats]") {
  const UnitModel model;
  const Collinearity base = collinearity(model.data());
  Numbers x = model.x;
  for (std::size_t i = 0; i < 60; ++i) x[120 + i] = 1e6 * x[120 + i];
  LinearData data = model.data();
  data.x = x;
  const Collinearity scaled = collinearity(data);
  CHECK(scaled.condition == Approx(base.condition).epsilon(1e-10));
  CHECK(scaled.terms[1].gvif == Approx(base.terms[1].gvif).epsilon(1e-10));
  x.insert(x.end(), x.begin() + 60, x.begin() + 120);
  data.x = x;
  data.columns = 5;
  const Collinearity dropped = collinearity(data);
  CHECK(dropped.terms.size() == 3);
  CHECK(warned(dropped, "1 column is a linear combination"));
  // Orthogonal columns: no inflation, condition 1.
  const Collinearity clean = collinearity({.x = Numbers{1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1},
                                           .columns = 3,
                                           .y = Numbers{1, 2, 3, 5}});
  CHECK(clean.condition == Approx(1.0).epsilon(1e-12));
  CHECK(clean.terms[0].gvif == Approx(1.0).epsilon(1e-12));
}

TEST_CASE("tests of the specification agree with lmtest", "[stats]") {
  const UnitModel model;
  const Series series, through_zero(false);
  agree_test(breusch_pagan_test(model.data()), "bp");
  CHECK(breusch_pagan_test(model.data()).df == more().number("bp", "df"));
  agree_test(breusch_pagan_test(model.data(), true), "bp_normal");
  agree_test(breusch_pagan_test(series.data()), "bp_series");
  const Estimate white = white_test(model.data());
  agree_test(white, "white");
  CHECK(white.df == more().number("white", "df"));
  agree_test(white_test(model.data(), true), "white_fitted");
  const auto durbin_watson = [](const LinearData& data, const std::string& test) {
    const Estimate row = durbin_watson_test(data);
    agree_test(row, test);
    more().check(row.estimate, test, "estimate");
  };
  durbin_watson(model.data(), "dw");
  durbin_watson(series.data(), "dw_series");
  durbin_watson(through_zero.data(), "dw_no_intercept");
  for (const int highest : {2, 3, 4}) {
    const std::string test = "reset_" + std::to_string(highest);
    const FTest reset = reset_test(model.data(), highest);
    // The statistic is a difference of two sums that agree to four digits.
    more().check(reset.row.statistic, test, "statistic", 1e-8);
    more().check(reset.row.p_value, test, "p");
    CHECK(reset.row.df == more().number(test, "df"));
    CHECK(reset.df2 == more().number(test, "df2"));
  }
  agree_test(reset_test(through_zero.data()).row, "reset_no_intercept");
  agree_test(jarque_bera_test(influence(model.data()).residual), "jb");
}

TEST_CASE("model fit: agrees with R and lmtest", "[stats]") {
  const UnitModel model;
  const auto agree = [](const LinearData& data, const std::string& test) {
    const ModelFit ours = model_fit(linear(data, {.se = SeType::kClassical}));
    more().check(ours.r_squared, test, "r2");
    more().check(ours.adjusted_r_squared, test, "adjusted");
    agree_test(ours.test.row, test);
    CHECK(ours.test.row.df == more().number(test, "df"));
    CHECK(ours.test.df2 == more().number(test, "df2"));
  };
  agree(model.data(), "model");
  agree(model.data(true), "model_weighted");
  const Numbers slopes = matrix({"z", "x", "v"});
  agree({.x = slopes, .columns = 3, .y = units()["y"]}, "model_no_intercept");
  agree_test(model_fit(linear(model.data(), {.se = SeType::kHc1})).test.row, "model_hc1");
}

TEST_CASE("model fit: one coefficient is its t test, and what cannot be tested", "[stats]") {
  const Numbers x = matrix({"Intercept", "z"});
  const LinearFit fit = linear({.x = x, .columns = 2, .y = units()["y"]});
  const Estimate row = model_fit(fit).test.row;
  const double t = fit.coefficient[1] / fit.std_error[1];
  CHECK(row.statistic == Approx(t * t).epsilon(1e-12));
  const Numbers ones(60, 1.0);
  const ModelFit none = model_fit(linear({.x = ones, .columns = 1, .y = units()["y"]}));
  CHECK(std::isnan(none.test.row.p_value));
  CHECK(warned(none.test.row, "nothing to test"));
  // Three clusters cannot carry three coefficients.
  const UnitModel model;
  LinearData data = model.data();
  Codes three(60);
  for (std::size_t i = 0; i < 60; ++i) three[i] = static_cast<std::int32_t>(i % 3);
  data.clusters = three;
  const ModelFit few = model_fit(linear(data, {.se = SeType::kCr0}));
  CHECK(std::isnan(few.test.row.p_value));
  CHECK(warned(few.test.row, "singular"));
}

TEST_CASE("tests of the specification find what is there, and keep their level", "[stats]") {
  constexpr int kDraws = 400;
  constexpr std::size_t kRows = 120;
  int level[5] = {}, power[5] = {};
  for (int draw = 0; draw < kDraws; ++draw) {
    Stream stream(StreamKey::root(32), static_cast<std::uint64_t>(draw));
    Numbers x(kRows, 1.0), good, bad, late;
    for (std::size_t i = 0; i < kRows; ++i) x.push_back(stream.uniform(0.0, 2.0));
    double state = 0.0;
    for (std::size_t i = 0; i < kRows; ++i) {
      const double u = stream.normal(), value = x[kRows + i];
      state = 0.5 * state + u;
      good.push_back(value + u);
      bad.push_back(2.0 * value * value + (0.2 + value) * u);
      late.push_back(value + state);
    }
    const auto count = [&](const Numbers& y, const Numbers& serial, int* hits) {
      const LinearData data{.x = x, .columns = 2, .y = y};
      hits[0] += breusch_pagan_test(data).p_value < 0.05 ? 1 : 0;
      hits[1] += white_test(data).p_value < 0.05 ? 1 : 0;
      hits[2] += white_test(data, true).p_value < 0.05 ? 1 : 0;
      hits[3] += reset_test(data).row.p_value < 0.05 ? 1 : 0;
      hits[4] += durbin_watson_test({.x = x, .columns = 2, .y = serial}).p_value < 0.05 ? 1 : 0;
    };
    count(good, good, level);
    count(bad, late, power);
  }
  for (int k = 0; k < 5; ++k) {
    INFO(k);
    CHECK(level[k] < 0.085 * kDraws);
    CHECK(level[k] > 0.015 * kDraws);
    CHECK(power[k] > 0.8 * kDraws);
  }
}

TEST_CASE("diagnostics: same bits on any number of threads", "[stats]") {
  const Long rows;
  const auto bits = [&](int threads) {
    const Context context{.threads = threads};
    Numbers all;
    const Influence one = influence(rows.data(), true, context);
    for (const auto* column : {&one.residual, &one.leverage, &one.studentised, &one.dffits,
                               &one.cooks_distance, &one.dfbetas}) {
      all.insert(all.end(), column->begin(), column->end());
    }
    for (const Inflation& term : collinearity(rows.data(), {}, context).terms) {
      all.push_back(term.gvif);
    }
    all.push_back(breusch_pagan_test(rows.data(), false, context).statistic);
    all.push_back(white_test(rows.data(), false, context).statistic);
    all.push_back(durbin_watson_test(rows.data(), context).p_value);
    all.push_back(reset_test(rows.data(), 3, context).row.statistic);
    std::vector<std::uint64_t> result;
    for (const double value : all) result.push_back(std::bit_cast<std::uint64_t>(value));
    return result;
  };
  const auto one = bits(1);
  for (const int threads : {2, 3, 8}) CHECK(bits(threads) == one);
}

TEST_CASE("Durbin-Watson: across chunks, in order of time, and through gaps", "[stats]") {
  const Long rows;
  const std::size_t n = rows.y.size();
  const Numbers ones(n, 1.0);
  double mean = 0.0, squares = 0.0, steps = 0.0;
  for (const double y : rows.y) mean += y / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    squares += (rows.y[i] - mean) * (rows.y[i] - mean);
    if (i > 0) steps += (rows.y[i] - rows.y[i - 1]) * (rows.y[i] - rows.y[i - 1]);
  }
  const Estimate plain = durbin_watson_test({.x = ones, .columns = 1, .y = rows.y});
  CHECK(plain.statistic == Approx(steps / squares).epsilon(1e-12));
  const Numbers backwards(rows.y.rbegin(), rows.y.rend());
  std::vector<std::int64_t> time(n);
  for (std::size_t i = 0; i < n; ++i) time[i] = -2 * static_cast<std::int64_t>(i);
  const Estimate sorted =
      durbin_watson_test({.x = ones, .columns = 1, .y = backwards, .time = time});
  CHECK(sorted.statistic == plain.statistic);
  CHECK(sorted.warnings.empty());
  time[5] = 3;
  const Estimate holed =
      durbin_watson_test({.x = ones, .columns = 1, .y = backwards, .time = time});
  CHECK(warned(holed, "gaps"));
}

TEST_CASE("diagnostics: bad input and fits without residuals", "[stats]") {
  const UnitModel model;
  LinearData data = model.data();
  const Codes factor = units().codes("f");
  data.absorbed = {factor};
  CHECK_THROWS_AS(influence(data), ArgumentError);
  CHECK_THROWS_AS(reset_test(model.data(), 1), ArgumentError);
  const std::vector<std::size_t> short_term = {0, 1};
  CHECK_THROWS_AS(collinearity(model.data(), short_term), ArgumentError);
  data = model.data();
  data.y = std::span(units()["y"]).first(59);
  CHECK_THROWS_AS(breusch_pagan_test(data), ArgumentError);
  // Clusters do not matter here.
  data = model.data();
  data.clusters = factor;
  CHECK(influence(data).leverage == influence(model.data()).leverage);
  const Numbers two_x = {1, 1, 0, 1}, two_y = {1, 2};
  const LinearData exact{.x = two_x, .columns = 2, .y = two_y};
  for (const Estimate& row : {breusch_pagan_test(exact), white_test(exact),
                              durbin_watson_test(exact), reset_test(exact).row}) {
    CHECK(std::isnan(row.p_value));
    CHECK_FALSE(row.warnings.empty());
  }
  // Two fitted values have no square of their own.
  const Numbers binary = matrix({"Intercept", "z"});
  const FTest flat = reset_test({.x = binary, .columns = 2, .y = units()["y"]});
  CHECK(std::isnan(flat.row.p_value));
  CHECK(warned(flat.row, "too few values"));
  CHECK(std::isnan(jarque_bera_test(Numbers{2, 2, 2}).p_value));
}
