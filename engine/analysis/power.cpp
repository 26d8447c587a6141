#include <cmath>
#include <limits>

#include "engine/analysis/reader.h"
#include "engine/core/error.h"
#include "engine/stats/power.h"

// How many rows a test needs, and what it finds with those there are. No data.
namespace impact::detail {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

PowerSpec spec_of(const AnalysisReader& read) {
  PowerSpec spec{.effect = read.number("effect", kAbsent),
                 .n = read.number("n", kAbsent),
                 .alpha = read.number("alpha", 0.05),
                 .power = read.number("power", kAbsent),
                 .alternative = read.alternative(),
                 .n2 = read.number("n2", kAbsent),
                 .ratio = read.number("ratio", 1.0)};
  // alpha has a default: all three others given means that it is asked for.
  if (!read.given("alpha") && !std::isnan(spec.effect) && !std::isnan(spec.n) &&
      !std::isnan(spec.power)) {
    spec.alpha = kAbsent;
  }
  return spec;
}

AnalysisResult result_of(const PowerSpec& asked, const PowerResult& found) {
  Estimate row{.term = std::isnan(asked.effect)  ? "effect"
                       : std::isnan(asked.n)     ? "n"
                       : std::isnan(asked.alpha) ? "alpha"
                                                 : "power",
               .method = found.method,
               .warnings = found.warnings};
  row.estimate = row.term == "effect"  ? found.effect
                 : row.term == "n"     ? found.n
                 : row.term == "alpha" ? found.alpha
                                       : found.power;
  TableBuilder table;
  table.numbers("effect", {found.effect});
  table.numbers("n", {found.n});
  table.numbers("n2", {found.n2});
  table.numbers("alpha", {found.alpha});
  table.numbers("power", {found.power});
  return {.estimates = {std::move(row)}, .tables = {{"design", table.build()}}};
}

template <class Compute>
AnalysisResult solve(const AnalysisInput& input, Compute compute) {
  const AnalysisReader read(input);
  const PowerSpec spec = spec_of(read);
  return result_of(spec, compute(read, spec));
}

AnalysisResult t_power(const AnalysisInput& input, const Context&) {
  return solve(input, [](const AnalysisReader& read, const PowerSpec& spec) {
    const std::string design = read.text("design", "two_samples");
    return t_test_power(design == "one_sample" ? TTestDesign::kOneSample
                        : design == "paired"   ? TTestDesign::kPaired
                                               : TTestDesign::kTwoSamples,
                        spec);
  });
}

AnalysisResult one_share(const AnalysisInput& input, const Context&) {
  return solve(input, [](const AnalysisReader& read, const PowerSpec& spec) {
    return share_power(read.number("null", 0.5), spec);
  });
}

AnalysisResult two_shares_power(const AnalysisInput& input, const Context&) {
  return solve(input, [](const AnalysisReader& read, const PowerSpec& spec) {
    return share_difference_power(read.number("base", 0.5), spec, read.flag("pooled", true));
  });
}

AnalysisResult of_anova(const AnalysisInput& input, const Context&) {
  return solve(input, [](const AnalysisReader& read, const PowerSpec& spec) {
    return anova_power(read.number("groups", 2), spec);
  });
}

AnalysisResult of_chi_square(const AnalysisInput& input, const Context&) {
  return solve(input, [](const AnalysisReader& read, const PowerSpec& spec) {
    return chi_square_power(read.number("df", 1), spec);
  });
}

AnalysisResult of_correlation(const AnalysisInput& input, const Context&) {
  return solve(
      input, [](const AnalysisReader&, const PowerSpec& spec) { return correlation_power(spec); });
}

AnalysisResult of_linear_model(const AnalysisInput& input, const Context&) {
  return solve(input, [](const AnalysisReader& read, const PowerSpec& spec) {
    return linear_model_power(read.number("tested", 1), read.number("others", 0), spec);
  });
}

AnalysisResult of_mann_whitney(const AnalysisInput& input, const Context&) {
  return solve(
      input, [](const AnalysisReader&, const PowerSpec& spec) { return mann_whitney_power(spec); });
}

AnalysisResult of_clusters(const AnalysisInput& input, const Context&) {
  return solve(input, [](const AnalysisReader& read, const PowerSpec& spec) {
    return cluster_power({.size = read.number("size", 1.0),
                          .icc = read.number("icc", 0.0),
                          .size_cv = read.number("size_cv", 0.0)},
                         spec);
  });
}

constexpr AnalysisMethod kMethods[] = {
    {"power_t_test",
     "Power of a t test by the noncentral t distribution (Cohen 1988).",
     {},
     t_power},
    {"power_share", "Power of the z test of a share.", {}, one_share},
    {"power_share_difference",
     "Power of the z test of two shares (Fleiss 1981).",
     {},
     two_shares_power},
    {"power_anova",
     "Power of analysis of variance by the noncentral F distribution.",
     {},
     of_anova},
    {"power_chi_square",
     "Power of a chi-squared test by its noncentral distribution.",
     {},
     of_chi_square},
    {"power_correlation",
     "Power of the test of a correlation, on Fisher's scale.",
     {},
     of_correlation},
    {"power_linear_model", "Power of the F test of regressors (Cohen 1988).", {}, of_linear_model},
    {"power_mann_whitney", "Power of the rank sum test (Noether 1987).", {}, of_mann_whitney},
    {"power_clusters",
     "Power where whole clusters are assigned (Donner & Klar 2000).",
     {},
     of_clusters},
};

}  // namespace

std::span<const AnalysisMethod> power_methods() { return kMethods; }

}  // namespace impact::detail
