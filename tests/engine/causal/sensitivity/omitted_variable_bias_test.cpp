#include "engine/causal/sensitivity/omitted_variable_bias.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/causal/sensitivity/ovb_contour.h"
#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "tests/engine/causal/sensitivity/sensitivity_fixture.h"

using namespace impact;
using namespace impact::sensitivity_fixture;

namespace {

const OvbEstimate kDarfur = {0.09731581928495722, 0.023256537809811156, 783.0};

// The adjusted figure passes zero (or the critical value) exactly at the robustness value.
double adjusted_excess(const OvbEstimate& fit, double strength, double q, double alpha) {
  const double f = std::abs(fit.estimate / fit.std_error) / std::sqrt(fit.dof);
  OvbEstimate scaled = fit;
  scaled.estimate = q * fit.estimate;
  double worst = INFINITY;
  for (int i = 0; i <= 4000; ++i) {
    const double y = strength * i / 4000.0;
    const AdjustedEstimate row = adjust_for_confounder(scaled, {strength, y});
    const double size = std::copysign(1.0, fit.estimate) * row.estimate;
    const double needed =
        alpha == 1.0 ? 0.0 : -t_quantile(0.5 * alpha, fit.dof - 1.0) * row.std_error;
    worst = std::fmin(worst, (size - needed) / fit.std_error);
  }
  return f > 0.0 ? worst : NAN;
}

}  // namespace

TEST_CASE("partial R^2 and robustness values agree with sensemakr", "[causal][sensitivity]") {
  const auto peers = reference("sensitivity_peers");
  int cases = 0;
  for (const auto& [name, fields] : peers.items()) {
    double t = 0.0;
    double dof = 0.0;
    if (std::sscanf(name.c_str(), "rv t=%lf dof=%lf", &t, &dof) != 2) continue;
    INFO(name);
    near(partial_r2(t, dof), fields["partial_r2"]);
    near(partial_f2(-t, dof), fields["partial_f2"]);
    for (const double q : {0.5, 1.0, 1.5}) {
      for (const double alpha : {1.0, 0.05, 0.2}) {
        std::ostringstream tail;
        tail << q << "_" << alpha;
        INFO(tail.str());
        near(robustness_value(-t, dof, {q, alpha}), fields["rv_" + tail.str()], 1e-11);
        near(extreme_robustness_value(t, dof, {q, alpha}), fields["xrv_" + tail.str()], 1e-11);
        ++cases;
      }
    }
  }
  CHECK(cases == 90);
  // Published scalars.
  as_printed(robustness_value(2.0, 10.0), "0.463325");
  CHECK(robustness_value(2.0, 10.0, {.alpha = 0.05}) == 0.0);
  as_printed(partial_r2(1.89, 1121.0), "0.0032");
  as_printed(robustness_value(37.5, 983.0), "0.68");
  as_printed(adjust_for_confounder({0.097, 0.0233, 783.0}, {}, {.null_value = 0.194}).t,
             "-4.160431");
}

TEST_CASE("Darfur, as published", "[causal][sensitivity]") {
  const auto published = reference("sensitivity_published")["darfur"];
  const auto text = [&](const char* field) { return published[field].get<std::string>(); };
  const OvbReport row = ovb_report(kDarfur);
  as_printed(row.t, text("t"));
  as_printed(row.partial_r2, text("partial_r2"));
  as_printed(row.robustness_value, text("rv"));
  as_printed(row.robustness_value_alpha, text("rv_alpha"));
  as_printed(ovb_report(kDarfur, {}, 0.5).robustness_value, text("rv_half"));
  CHECK(row.extreme_robustness_value == Approx(row.partial_r2).epsilon(1e-14));
  CHECK(row.warnings.empty());
}

TEST_CASE("Darfur, from the survey", "[causal][sensitivity]") {
  const TextTable survey = read_table("sensitivity/darfur.csv");
  if (survey.empty()) return;
  const auto published = reference("sensitivity_published")["darfur"];
  const auto peers = reference("sensitivity_peers");
  const std::vector<std::string> names = {
      "directlyharmed", "age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur", "female"};
  std::vector<double> x;
  for (const std::string& name : names) {
    const auto column = numbers(survey, name);
    x.insert(x.end(), column.begin(), column.end());
  }
  const std::vector<double> y = numbers(survey, "peacefactor");
  std::map<std::string, std::int32_t> village_of;
  std::vector<std::int32_t> village;
  for (const std::string& name : survey.at("village")) {
    village.push_back(village_of.emplace(name, village_of.size()).first->second);
  }
  REQUIRE(y.size() == 1276);
  REQUIRE(village_of.size() == 486);
  LinearData data;
  data.x = x;
  data.columns = names.size();
  data.y = y;
  data.absorbed = {village};
  data.names = names;
  const std::vector<OvbBenchmarkColumns> benchmarks = {{"female", {6}}, {"both", {1, 6}}};
  OvbBenchmarkSpec spec;
  spec.kd = {1.0, 2.0, 3.0};
  const OvbReport report = ovb_report(data, 0, benchmarks, 1.0, 0.05, spec);
  as_printed(report.fit.estimate, published["estimate"]);
  as_printed(report.fit.std_error, published["std_error"]);
  CHECK(report.fit.dof == 783.0);
  const LinearFit fit = linear(data, {.se = SeType::kClassical});
  for (std::size_t j = 1; j < names.size(); ++j) {
    INFO(names[j]);
    const auto& row = published["others"][names[j]];
    near(fit.coefficient[j], std::stod(row[0].get<std::string>()), 1e-12);
    near(fit.std_error[j], std::stod(row[1].get<std::string>()), 1e-12);
  }
  const std::vector<std::size_t> pair = {1, 6};
  const std::vector<std::size_t> three = {2, 3, 4};
  near(group_partial_r2(fit, pair), peers["darfur group"]["age_female"], 1e-11);
  near(group_partial_r2(fit, three), peers["darfur group"]["farmers"], 1e-10);
  REQUIRE(report.bounds.size() == 6);
  for (std::size_t k = 0; k < 3; ++k) {
    const auto& row = published["female"][k];
    const OvbBound& bound = report.bounds[k];
    CHECK(bound.name == "female");
    near(bound.adjusted.strength.r2_dz, std::stod(row["r2_dz"].get<std::string>()), 1e-12);
    near(bound.adjusted.strength.r2_yz, std::stod(row["r2_yz"].get<std::string>()), 1e-12);
    near(bound.adjusted.estimate, std::stod(row["estimate"].get<std::string>()), 1e-12);
    near(bound.adjusted.std_error, std::stod(row["std_error"].get<std::string>()), 1e-12);
    near(bound.adjusted.t, std::stod(row["t"].get<std::string>()), 1e-12);
    as_printed(bound.adjusted.conf_low, row["low"]);
    as_printed(bound.adjusted.conf_high, row["high"]);
  }
  spec.kd = {1.0, 2.0};
  spec.ky = {1.0, 3.0};
  spec.adjust.conf_level = 0.9;
  spec.adjust.limits = AdjustedDof::kDof;
  const OvbReport mixed = ovb_report(data, 0, benchmarks, 1.0, 0.05, spec);
  const std::vector<std::string> labels = {"1x female", "2/3x female", "1x both", "2/3x both"};
  for (std::size_t i = 0; i < 4; ++i) {
    INFO(labels[i]);
    const auto& theirs = peers["darfur bound " + labels[i]];
    const AdjustedEstimate& ours = mixed.bounds[i].adjusted;
    near(ours.strength.r2_dz, theirs["r2dz.x"], 1e-11);
    near(ours.strength.r2_yz, theirs["r2yz.dx"], 1e-11);
    near(ours.estimate, theirs["adjusted_estimate"], 1e-11);
    near(ours.std_error, theirs["adjusted_se"], 1e-11);
    near(ours.t, theirs["adjusted_t"], 1e-11);
    near(ours.conf_low, theirs["adjusted_lower_CI"], 1e-11);
    near(ours.conf_high, theirs["adjusted_upper_CI"], 1e-11);
  }
  spec.kd = {1.0};
  spec.ky = {};
  spec.adjust.conf_level = 0.8;
  const AdjustedEstimate eighty =
      ovb_report(data, 0, benchmarks, 1.0, 0.05, spec).bounds[0].adjusted;
  as_printed(eighty.conf_low, published["conf_low_20_female"]);
  as_printed(eighty.conf_high, published["conf_high_20_female"]);
}

TEST_CASE("adjusted numbers agree with sensemakr", "[causal][sensitivity]") {
  const auto peers = reference("sensitivity_peers");
  const OvbEstimate fit = {-0.7, 0.11, 40.0};
  for (const double d : {0.0, 0.05, 0.3}) {
    for (const double y : {0.0, 0.2, 0.9}) {
      for (const bool reduce : {true, false}) {
        std::ostringstream name;
        name << "adjust " << d << " " << y << (reduce ? " TRUE" : " FALSE");
        INFO(name.str());
        const auto& theirs = peers[name.str()];
        const AdjustedEstimate ours =
            adjust_for_confounder(fit, {d, y}, {.reduce = reduce, .null_value = -0.1});
        near(ours.estimate, theirs["estimate"]);
        near(ours.std_error, theirs["se"]);
        near(ours.bias, theirs["bias"]);
        near(ours.t, theirs["t"]);
        near(adjusted_critical_value({d, y}, 40.0), theirs["critical"]);
        near(adjusted_critical_value({d, y}, 40.0, 0.05, false), theirs["critical_at"]);
      }
    }
  }
  for (const auto& [dof, row] : reference("sensitivity_published")["t_dagger"].items()) {
    for (std::size_t i = 0; i < 6; ++i) {
      const double r = 0.01 * static_cast<double>(i);
      as_printed(adjusted_critical_value({r, r}, std::stod(dof)), row[i]);
    }
  }
  // sensemakr prints 53.2588825687805 here: beyond 400,000 degrees of freedom R's quantile of F, of
  // which it takes the root, is that of chi-squared. With the quantile of t, 1.9599663568164789:
  near(adjusted_critical_value({0.05, 0.05}, 1e6),
       (1.9599663568164789 / std::sqrt(999999.0) * std::sqrt(0.95) + 0.05) / std::sqrt(0.95) * 1e3);
}

TEST_CASE("robustness values do what they say", "[causal][sensitivity]") {
  Stream stream(StreamKey::root(7).child("ovb"));
  for (int draw = 0; draw < 60; ++draw) {
    const OvbEstimate fit = {stream.normal(0.0, 3.0), stream.uniform(0.05, 1.0),
                             std::floor(stream.uniform(3.0, 200.0))};
    const double t = fit.estimate / fit.std_error;
    const double q = stream.uniform(0.2, 1.0);
    INFO("t " << t << " dof " << fit.dof << " q " << q);
    // At (RV, RV) the bias is q times the estimate.
    const double rv = robustness_value(t, fit.dof, {.q = q});
    const AdjustedEstimate at = adjust_for_confounder(fit, {rv, rv});
    CHECK(at.bias == Approx(q * std::abs(fit.estimate)).epsilon(1e-10));
    // Of confounders with both shares at most RV_alpha none, of stronger ones some, undoes
    // significance; by search over the outcome's share.
    for (const double alpha : {0.05, 0.2}) {
      const double robust = robustness_value(t, fit.dof, {.q = q, .alpha = alpha});
      CHECK(robust <= rv);
      CHECK(robust <= robustness_value(t, fit.dof, {.q = q, .alpha = 2.0 * alpha}));
      if (robust == 0.0) {
        CHECK(adjusted_excess(fit, 0.0, q, alpha) <= 1e-9);
        continue;
      }
      CHECK(adjusted_excess(fit, robust * (1.0 - 1e-4), q, alpha) > 0.0);
      CHECK(adjusted_excess(fit, std::fmin(robust * (1.0 + 2e-3), 0.999999), q, alpha) < 0.0);
      // The extreme value is that of the treatment's share when the outcome's is free.
      const double extreme = extreme_robustness_value(t, fit.dof, {.q = q, .alpha = alpha});
      CHECK(extreme <= robust * (1.0 + 1e-12));
      CHECK(adjusted_critical_value({extreme, 1.0}, fit.dof, alpha) ==
            Approx(q * std::abs(t)).epsilon(1e-9));
    }
  }
}

TEST_CASE("lines lie where the grid has the level", "[causal][sensitivity]") {
  for (const double sign : {1.0, -1.0}) {
    OvbEstimate fit = kDarfur;
    fit.estimate *= sign;
    OvbGridSpec spec;
    spec.points = 41;
    for (const double level : {0.0, 0.05 * sign}) {
      const auto line = ovb_contour(fit, level, spec);
      CHECK(line.size() > 10);
      for (const ConfounderStrength& at : line) {
        CHECK(adjust_for_confounder(fit, at).estimate == Approx(level).margin(1e-12));
      }
    }
    spec.of = OvbQuantity::kStatistic;
    spec.adjust.null_value = 0.01 * sign;
    for (const double level : {1.96 * sign, 0.0, -1.0 * sign}) {
      const auto line = ovb_contour(fit, level, spec);
      CHECK(line.size() > 10);
      for (const ConfounderStrength& at : line) {
        CHECK(adjust_for_confounder(fit, at, spec.adjust).t == Approx(level).margin(1e-9));
      }
    }
    spec.adjust.reduce = false;
    CHECK(ovb_contour(fit, 1.0 * sign, spec).empty());
    for (const ConfounderStrength& at : ovb_contour(fit, 8.0 * sign, spec)) {
      CHECK(adjust_for_confounder(fit, at, spec.adjust).t == Approx(8.0 * sign).margin(1e-9));
    }
  }
  const OvbGrid grid = ovb_grid(kDarfur, {.points = 5});
  REQUIRE(grid.value.size() == 25);
  CHECK(grid.r2_dz.back() == 0.4);
  CHECK(grid.value[0] == kDarfur.estimate);
  CHECK(grid.value[5 * 4 + 2] == adjust_for_confounder(kDarfur, {0.4, 0.2}).estimate);
  const std::vector<double> shares = {1.0, 0.5};
  const auto scenarios = ovb_extreme_scenarios(kDarfur, shares, {.most_r2_dz = 0.1, .points = 3});
  REQUIRE(scenarios.size() == 2);
  CHECK(scenarios[1].curve[2].estimate == adjust_for_confounder(kDarfur, {0.1, 0.5}).estimate);
  CHECK(says(scenarios[0].curve[1].warnings, "no error"));
}

TEST_CASE("omitted variable bias of bad input", "[causal][sensitivity]") {
  CHECK(std::isnan(partial_r2(1.0, 0.0)));
  CHECK(std::isnan(partial_r2(NAN, 10.0)));
  CHECK(partial_r2(1e200, 10.0) == Approx(1.0));
  CHECK(std::isnan(robustness_value(2.0, 1.0, {.alpha = 0.05})));
  CHECK(robustness_value(2.0, 1.0) > 0.0);
  CHECK_THROWS_AS(robustness_value(2.0, 9.0, {.q = 0.0}), ArgumentError);
  CHECK_THROWS_AS(robustness_value(2.0, 9.0, {.alpha = 0.0}), ArgumentError);
  CHECK_THROWS_AS(adjust_for_confounder(kDarfur, {1.0, 0.1}), ArgumentError);
  CHECK_THROWS_AS(adjust_for_confounder(kDarfur, {0.1, -0.1}), ArgumentError);
  CHECK_THROWS_AS(adjust_for_confounder(kDarfur, {0.1, NAN}), ArgumentError);
  for (const OvbEstimate& bad : {OvbEstimate{1.0, 0.0, 10.0}, OvbEstimate{NAN, 1.0, 10.0},
                                 OvbEstimate{1.0, 1.0, 1.0}, OvbEstimate{1.0, NAN, 9.0}}) {
    const AdjustedEstimate row = adjust_for_confounder(bad, {0.1, 0.1});
    CHECK(std::isnan(row.estimate));
    CHECK(row.warnings.size() == 1);
    const OvbReport report = ovb_report(bad);
    CHECK(std::isnan(report.robustness_value));
    CHECK(report.warnings.size() == 1);
  }
  const std::vector<OvbBenchmark> strong = {{"strong", 0.4, 0.6}, {"none", NAN, 0.1}};
  OvbBenchmarkSpec spec;
  spec.kd = {1.0, 2.0};
  const auto rows = benchmark_bounds(kDarfur, strong, spec);
  REQUIRE(rows.size() == 4);
  CHECK(says(rows[0].adjusted.warnings, "more than all"));
  CHECK(rows[0].adjusted.strength.r2_yz == 1.0);
  CHECK(says(rows[1].adjusted.warnings, "smaller kd"));
  CHECK(std::isnan(rows[1].adjusted.estimate));
  CHECK(says(rows[2].adjusted.warnings, "no benchmark"));
  spec.ky = {1.0};
  CHECK_THROWS_AS(benchmark_bounds(kDarfur, strong, spec), ArgumentError);
  const std::vector<double> x = {1, 1, 1, 1, 0, 1, 2, 3, 1, 0, 1, 1};
  const std::vector<double> y = {1, 2, 2, 4};
  LinearData data;
  data.x = x;
  data.columns = 3;
  data.y = y;
  const std::vector<OvbBenchmarkColumns> self = {{"self", {1}}};
  CHECK_THROWS_AS(ovb_report(data, 1, self), ArgumentError);
  CHECK_THROWS_AS(ovb_report(data, 3), ArgumentError);
  const LinearFit robust = linear(data, {.se = SeType::kHc2});
  const std::vector<std::size_t> column = {1};
  CHECK_THROWS_AS(group_partial_r2(robust, column), ArgumentError);
  CHECK_THROWS_AS(ovb_estimate(robust, 1), ArgumentError);
  const LinearFit fit = linear(data, {.se = SeType::kClassical});
  CHECK_THROWS_AS(ovb_estimate(fit, 3), ArgumentError);
  CHECK(ovb_estimate(fit, 1).std_error == fit.std_error[1]);
  // One residual degree of freedom: too few to adjust for one more regressor.
  CHECK(ovb_estimate(fit, 1).dof == 1.0);
  CHECK(std::isnan(ovb_report(data, 1).robustness_value));
  CHECK(says(ovb_report(data, 1).warnings, "degrees of freedom"));
}
