#include "engine/causal/balance/balance.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/glm.h"
#include "engine/stats/rank_tests.h"
#include "engine/stats/t_test.h"
#include "tests/engine/causal/sensitivity/sensitivity_fixture.h"

using namespace impact;
using namespace impact::sensitivity_fixture;

namespace {

using Column = std::vector<double>;

// The 614 rows of MatchIt, race as 0/1 columns, and the propensity of its logit.
struct Lalonde614 {
  std::vector<std::string> names = {"age",     "educ",     "black", "hispan", "white",
                                    "married", "nodegree", "re74",  "re75",   "distance"};
  std::vector<Column> columns = {};
  std::vector<std::int32_t> arm = {};

  Lalonde614() {
    const TextTable table = read_table("lalonde/matchit_lalonde_614.csv");
    if (table.empty()) return;
    for (const std::string& name : names) {
      if (name == "distance") break;
      if (table.contains(name)) {
        columns.push_back(numbers(table, name));
        continue;
      }
      Column is;
      for (const std::string& race : table.at("race")) is.push_back(race == name ? 1.0 : 0.0);
      columns.push_back(is);
    }
    const Column treated = numbers(table, "treat");
    arm.assign(treated.begin(), treated.end());
    // Logit on age, educ, black, hispan, married, nodegree and earnings in thousands.
    Column x(614, 1.0);
    std::vector<Column> design = {Column(614, 1.0)};
    for (const std::size_t j : {0U, 1U, 2U, 3U, 5U, 6U, 7U, 8U}) {
      design.push_back(columns[j]);
      if (j >= 7) {
        for (double& value : design.back()) value /= 1000.0;
      }
      x.insert(x.end(), design.back().begin(), design.back().end());
    }
    GlmData data;
    data.x = x;
    data.columns = 9;
    data.y = treated;
    const GlmFit fit = glm(data);
    Column propensity;
    for (std::size_t i = 0; i < 614; ++i) {
      double eta = 0.0;
      for (std::size_t j = 0; j < 9; ++j) eta += fit.coefficient[j] * design[j][i];
      propensity.push_back(1.0 / (1.0 + std::exp(-eta)));
    }
    columns.push_back(propensity);
  }

  [[nodiscard]] BalanceData data(const Column& weights = {}) const {
    BalanceData data;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      data.covariates.push_back({names[j], columns[j]});
    }
    data.arm = arm;
    data.weights = weights;
    return data;
  }
};

const Lalonde614& lalonde() {
  static const Lalonde614 kLalonde;
  return kLalonde;
}

const BalanceRow& row(const Balance& balance, const std::string& name) {
  const auto found = std::ranges::find(balance.rows, name, &BalanceRow::name);
  REQUIRE(found != balance.rows.end());
  return *found;
}

}  // namespace

TEST_CASE("balance of the 614, unmatched, as MatchIt prints it", "[causal][balance]") {
  if (lalonde().columns.empty()) return;
  const auto published = reference("sensitivity_published")["smd_unmatched"];
  const Balance treated = balance(lalonde().data(), balance_convention("matchit"));
  BalanceSpec sample;
  sample.binary_variance = BinaryVariance::kSample;
  const Balance pooled = balance(lalonde().data(), sample);
  const Balance raw = balance(lalonde().data(), balance_convention("cobalt"));
  for (const auto& [name, text] : published["treated"].items()) {
    as_printed(row(treated, name).before.smd, text);
  }
  for (const auto& [name, text] : published["pooled"].items()) {
    as_printed(row(pooled, name).before.smd, text);
  }
  for (const auto& [name, text] : published["raw"].items()) {
    as_printed(row(raw, name).before.smd, text);
  }
  for (const auto& [name, text] : published["variance_ratio"].items()) {
    as_printed(row(treated, name).before.variance_ratio, text);
  }
  for (const auto& [name, text] : published["ks"].items()) {
    as_printed(row(treated, name).before.ks, text);
  }
  for (const auto& [name, text] : published["ecdf_mean"].items()) {
    INFO(name);
    as_printed(row(treated, name).before.ecdf_mean, text);
  }
  const BalanceFigures& distance = row(treated, "distance").before;
  as_printed(distance.smd, published["distance"]["smd"]);
  as_printed(distance.variance_ratio, published["distance"]["variance_ratio"]);
  as_printed(distance.ecdf_mean, published["distance"]["ecdf_mean"]);
  as_printed(distance.ks, published["distance"]["ks"]);
  CHECK(treated.before.treated == 185);
  CHECK(treated.before.control == 429);
  CHECK(treated.before.effective_control == Approx(429.0));
  CHECK(treated.max_smd_before == Approx(1.8818676010));
  CHECK(std::isnan(row(treated, "black").before.variance_ratio));
  CHECK(row(treated, "black").binary);
}

TEST_CASE("balance after weighting and after matching", "[causal][balance]") {
  if (lalonde().columns.empty()) return;
  const auto published = reference("sensitivity_published");
  BalanceSpec spec = balance_convention("cobalt");
  spec.denominator = SmdDenominator::kTreated;
  const Column& propensity = lalonde().columns.back();
  const auto& arm = lalonde().arm;
  Column weights;
  for (std::size_t i = 0; i < 614; ++i) {
    weights.push_back(arm[i] == 1 ? 1.0 : propensity[i] / (1.0 - propensity[i]));
  }
  const Balance weighted = balance(lalonde().data(weights), spec);
  as_printed(weighted.after.effective_control, published["logit_weights"]["effective_control"]);
  CHECK(weighted.after.effective_treated == Approx(185.0));
  for (const auto& [name, text] : published["logit_weights"]["smd_or_raw"].items()) {
    INFO(name);
    as_printed(row(weighted, name).after.smd, text);
  }
  CHECK(weighted.unbalanced < balance(lalonde().data(), spec).unbalanced);

  // The treated in falling order of propensity, each takes the nearest control that is left.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < 614; ++i) {
    if (arm[i] == 1) order.push_back(i);
  }
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return propensity[i]; });
  Column matched(614, 0.0);
  for (const std::size_t i : order) {
    std::size_t best = 614;
    for (std::size_t j = 0; j < 614; ++j) {
      if (arm[j] == 1 || matched[j] > 0.0) continue;
      if (best == 614 ||
          std::abs(propensity[j] - propensity[i]) < std::abs(propensity[best] - propensity[i])) {
        best = j;
      }
    }
    matched[i] = matched[best] = 1.0;
  }
  const Balance nearest = balance(lalonde().data(matched), spec);
  CHECK(nearest.after.control == 185);
  for (const auto& [name, text] : published["nearest_largest_first"]["smd_or_raw"].items()) {
    INFO(name);
    as_printed(row(nearest, name).after.smd, text);
  }
  for (const auto& [name, text] : published["nearest_largest_first"]["variance_ratio"].items()) {
    INFO(name);
    as_printed(row(nearest, name).after.variance_ratio, text);
  }
}

TEST_CASE("balance of the 445 agrees with Matching", "[causal][balance]") {
  const TextTable table = read_table("lalonde/nsw_dw_445.csv");
  if (table.empty()) return;
  const auto published = reference("sensitivity_published")["dehejia_wahba_percent"];
  std::vector<Column> columns;
  std::vector<std::string> names;
  for (const auto& [name, percent] : published.items()) {
    const bool square = name.back() == '2';
    const bool zero = name == "u74" || name == "u75";
    const std::string source = zero     ? "re" + name.substr(1)
                               : square ? name.substr(0, name.size() - 1)
                                        : name;
    Column values = numbers(table, source);
    for (double& value : values)
      value = zero ? (value == 0.0 ? 1.0 : 0.0) : square ? value * value : value;
    columns.push_back(values);
    names.push_back(name);
  }
  const Column treat = numbers(table, "treat");
  const std::vector<std::int32_t> arm(treat.begin(), treat.end());
  BalanceData data;
  for (std::size_t j = 0; j < columns.size(); ++j)
    data.covariates.push_back({names[j], columns[j]});
  data.arm = arm;
  const Balance result = balance(data, balance_convention("matching"));
  for (const auto& [name, percent] : published.items()) {
    INFO(name);
    const double ours = 100.0 * row(result, name).before.smd;
    if (name.starts_with("re")) {
      // The file holds earnings to three decimals.
      CHECK(ours == Approx(percent.get<double>()).epsilon(5e-6).margin(1e-5));
    } else {
      near(ours, percent, 1e-12);
    }
  }
}

TEST_CASE("balance figures against tests of the same name", "[causal][balance]") {
  Stream stream(StreamKey::root(31).child("balance"));
  Column x, weights, treated, control;
  std::vector<std::int32_t> arm;
  for (int i = 0; i < 150; ++i) {
    arm.push_back(stream.bernoulli(0.4) ? 1 : 0);
    x.push_back(std::round(3.0 * stream.normal(arm.back() == 1 ? 0.6 : 0.0, 1.0)));
    weights.push_back(static_cast<double>(stream.below(4)));
    (arm.back() == 1 ? treated : control).push_back(x.back());
  }
  BalanceData data;
  data.covariates = {{"x", x}};
  data.arm = arm;
  data.weights = weights;
  const Balance plain = balance(data);
  const BalanceFigures& before = plain.rows[0].before;
  CHECK(before.ks == Approx(kolmogorov_smirnov(treated, control).estimate).epsilon(1e-13));
  CHECK(before.welch_t ==
        Approx(welch_t_test(treated, control).difference.statistic).epsilon(1e-12));
  CHECK(before.smd ==
        Approx(before.difference / std::sqrt(0.5 * before.sd_treated * before.sd_treated +
                                             0.5 * before.sd_control * before.sd_control)));
  // Whole weights are copies of rows, but for the divisors of variances.
  Column copies;
  std::vector<std::int32_t> copied_arm;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (int k = 0; k < static_cast<int>(weights[i]); ++k) {
      copies.push_back(x[i]);
      copied_arm.push_back(arm[i]);
    }
  }
  BalanceData copied;
  copied.covariates = {{"x", copies}};
  copied.arm = copied_arm;
  const BalanceFigures& repeated = balance(copied).rows[0].before;
  const BalanceFigures& after = plain.rows[0].after;
  CHECK(after.difference == Approx(repeated.difference).epsilon(1e-12));
  CHECK(after.ks == Approx(repeated.ks).epsilon(1e-12));
  CHECK(after.ecdf_mean == Approx(repeated.ecdf_mean).epsilon(1e-12));
  CHECK(after.smd == Approx(after.difference * before.smd / before.difference).epsilon(1e-12));
  BalanceSpec own;
  own.adjusted_denominator = true;
  const BalanceFigures adjusted = balance(data, own).rows[0].after;
  CHECK(adjusted.smd ==
        Approx(after.difference / std::sqrt(0.5 * after.sd_treated * after.sd_treated +
                                            0.5 * after.sd_control * after.sd_control)));
  // Every denominator by its own deviation.
  Column everyone = treated;
  everyone.insert(everyone.end(), control.begin(), control.end());
  double mean = 0.0, squares = 0.0;
  for (const double value : everyone) mean += value / static_cast<double>(everyone.size());
  for (const double value : everyone) squares += (value - mean) * (value - mean);
  const auto with = [&](const char* name) {
    BalanceSpec spec;
    spec.denominator = parse_smd_denominator(name);
    CHECK(smd_denominator_name(spec.denominator) == name);
    return balance(data, spec).rows[0].before.smd;
  };
  CHECK(with("treated") == Approx(before.difference / before.sd_treated));
  CHECK(with("control") == Approx(before.difference / before.sd_control));
  CHECK(with("none") == Approx(before.difference));
  CHECK(with("all") ==
        Approx(before.difference / std::sqrt(squares / static_cast<double>(everyone.size() - 1))));
}

TEST_CASE("shared area of two densities", "[causal][balance]") {
  // Normal quantiles shifted by d share 2 Phi(-d / 2); kernels widen both a little.
  for (const double shift : {0.0, 0.5, 1.0, 3.0}) {
    Column x;
    std::vector<std::int32_t> arm;
    for (int i = 0; i < 4000; ++i) {
      const double z = normal_quantile((i + 0.5) / 4000.0);
      x.insert(x.end(), {z, z + shift});
      arm.insert(arm.end(), {0, 1});
    }
    BalanceData data;
    data.covariates = {{"x", x}};
    data.arm = arm;
    const double expected = std::erfc(shift / 2.0 / std::sqrt(2.0));
    CHECK(balance(data).rows[0].before.overlap == Approx(expected).margin(0.012));
  }
  const Column constant(6, 2.0), apart = {1, 1, 1, 2, 2, 2}, binary = {1, 1, 0, 1, 0, 0};
  const std::vector<std::int32_t> arm = {0, 0, 0, 1, 1, 1};
  BalanceData data;
  data.covariates = {{"constant", constant}, {"apart", apart}, {"binary", binary}};
  data.arm = arm;
  const Balance result = balance(data);
  CHECK(result.rows[0].before.overlap == 1.0);
  CHECK(result.rows[0].before.smd == 0.0);
  CHECK(result.rows[0].balanced);
  CHECK(result.rows[1].before.overlap == 0.0);
  CHECK(result.rows[1].before.ks == 1.0);
  CHECK(std::isnan(result.rows[1].before.smd));
  CHECK_FALSE(result.rows[1].balanced);
  CHECK(says(result.warnings, "'apart' does not vary"));
  CHECK(result.rows[2].before.overlap == Approx(2.0 / 3.0));
}

TEST_CASE("balance depends on nothing it should not", "[causal][balance]") {
  Stream stream(StreamKey::root(37).child("order"));
  Column x, y, weights, base;
  std::vector<std::int32_t> arm;
  for (int i = 0; i < 300; ++i) {
    arm.push_back(static_cast<std::int32_t>(stream.below(3)));
    x.push_back(std::round(10.0 * stream.normal()) / 7.0);
    y.push_back(stream.bernoulli(0.3) ? 1.0 : 0.0);
    weights.push_back(stream.uniform());
    base.push_back(stream.uniform());
  }
  x[5] = NAN;
  const auto run = [](const Column& a, const Column& b, const Column& w, const Column& s,
                      const std::vector<std::int32_t>& codes, int threads) {
    BalanceData data;
    data.covariates = {{"a", a}, {"b", b}};
    data.arm = codes;
    data.weights = w;
    data.base_weights = s;
    Context context;
    context.threads = threads;
    return balance(data, {}, context);
  };
  const Balance first = run(x, y, weights, base, arm, 1);
  Column x2, y2, w2, s2;
  std::vector<std::int32_t> arm2;
  for (const std::size_t i : Stream(StreamKey::root(2)).permutation(300)) {
    x2.push_back(x[i]);
    y2.push_back(y[i]);
    w2.push_back(weights[i]);
    s2.push_back(base[i]);
    arm2.push_back(arm[i]);
  }
  const Balance second = run(x2, y2, w2, s2, arm2, 3);
  for (std::size_t j = 0; j < 2; ++j) {
    for (const auto stage : {&BalanceRow::before, &BalanceRow::after}) {
      const BalanceFigures& a = first.rows[j].*stage;
      const BalanceFigures& b = second.rows[j].*stage;
      CHECK(a.smd == b.smd);
      CHECK(a.ks == b.ks);
      CHECK(a.ecdf_mean == b.ecdf_mean);
      CHECK(a.overlap == b.overlap);
      CHECK(a.sd_control == b.sd_control);
      CHECK(a.welch_t == b.welch_t);
    }
  }
  CHECK(first.after.effective_treated == second.after.effective_treated);
  CHECK(first.rows[0].missing == (arm[5] == 2 ? 0 : 1));
  // Units of the covariate and of the weights do not matter.
  Column scaled = x, heavy = weights;
  for (double& value : scaled) value = 1e6 - 4.0 * value;
  for (double& value : heavy) value *= 8.0;
  const Balance third = run(scaled, y, heavy, base, arm, 2);
  CHECK(third.rows[0].after.smd == Approx(-first.rows[0].after.smd).epsilon(1e-9));
  CHECK(third.rows[0].after.ks == Approx(first.rows[0].after.ks).epsilon(1e-12));
  CHECK(third.rows[0].after.overlap == Approx(first.rows[0].after.overlap).epsilon(1e-6));
}

TEST_CASE("balance of bad input", "[causal][balance]") {
  const Column x = {1, 5, 3, INFINITY}, nan(4, NAN);
  const std::vector<std::int32_t> arm = {0, 1, 0, 1}, one = {1, 1, 1, 1};
  BalanceData data;
  data.covariates = {{"x", x}, {"nan", nan}};
  data.arm = arm;
  const Balance result = balance(data);
  CHECK(says(result.warnings, "infinite"));
  CHECK(says(result.warnings, "no values in one of the arms"));
  CHECK(std::isnan(result.rows[0].before.sd_treated));
  CHECK_FALSE(result.rows[0].balanced);
  CHECK(result.unbalanced == 2);
  data.arm = one;
  CHECK(balance(data).before.control == 0);
  CHECK_FALSE(balance(data).warnings.empty());
  const Column negative = {1, 1, -1, 1}, zero(4, 0.0), hole = {1, NAN, 1, 1};
  data.arm = arm;
  data.weights = negative;
  CHECK_THROWS_AS(balance(data), ArgumentError);
  data.weights = zero;
  CHECK(std::isnan(balance(data).rows[0].after.smd));
  CHECK(balance(data).after.effective_control == 0.0);
  data.weights = hole;
  CHECK(says(balance(data).warnings, "a weight is missing"));
  data.weights = std::span(hole).first(2);
  CHECK_THROWS_AS(balance(data), ArgumentError);
  data.weights = {};
  CHECK_THROWS_AS(balance(data, {.smd_limit = 0.0}), ArgumentError);
  CHECK_THROWS_AS(balance_convention("stata"), ArgumentError);
  CHECK_THROWS_AS(parse_smd_denominator("pool"), ArgumentError);
  CHECK(effective_sample_size({}) == 0.0);
}
