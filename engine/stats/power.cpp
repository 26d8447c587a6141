#include "engine/stats/power.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "engine/stats/noncentral.h"
#include "engine/stats/noncentral_t.h"
#include "engine/stats/power_solve.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// How near the ends of an open range effects are looked for.
constexpr double kEdge = 1e-10;

using detail::PowerProblem;

bool two_sided(const PowerSpec& spec) { return spec.alternative == Alternative::kTwoSided; }

// Tests whose power depends on |effect| when two-sided, and of kLess on -effect.
void turn(PowerProblem& problem, const PowerSpec& spec) {
  if (two_sided(spec)) {
    problem.side = [](double effect) { return std::abs(effect); };
    return;
  }
  problem.effect_low = -problem.effect_high;
  if (spec.alternative == Alternative::kLess) {
    problem.side = [](double effect) { return -effect; };
  }
}

double tails(const PowerSpec& spec) { return two_sided(spec) ? 2.0 : 1.0; }

// P(T > q) + P(T < -q), q the critical value of a t test.
double t_power(double delta, double df, double alpha, const PowerSpec& spec) {
  const double q = -t_quantile(alpha / tails(spec), df);
  const double above = noncentral_t_cdf(-q, df, -delta);
  return two_sided(spec) ? above + noncentral_t_cdf(-q, df, delta) : above;
}

double z_power(double mean, double alpha, const PowerSpec& spec) {
  return t_power(mean, kInfinity, alpha, spec);
}

// Smallest n that leaves one degree of freedom, where the other group has n2 or ratio * n rows.
double least_of_two(const PowerSpec& spec) {
  constexpr double kLeastDf = 1.0;
  const double needed = 2.0 + kLeastDf;
  if (!std::isnan(spec.n2)) return std::max(1.0, needed - spec.n2);
  return std::max(1.0, needed / (1.0 + spec.ratio));
}

}  // namespace

PowerResult t_test_power(TTestDesign design, const PowerSpec& spec) {
  PowerProblem problem;
  problem.method = design == TTestDesign::kOneSample ? "t_test_one_sample"
                   : design == TTestDesign::kPaired  ? "t_test_paired"
                                                     : "t_test_pooled";
  problem.two_groups = design == TTestDesign::kTwoSamples;
  turn(problem, spec);
  if (problem.two_groups) {
    problem.least_n = least_of_two(spec);
    problem.power = [&](double d, double n, double n2, double alpha) {
      return t_power(d / std::sqrt(1.0 / n + 1.0 / n2), n + n2 - 2.0, alpha, spec);
    };
  } else {
    problem.power = [&](double d, double n, double, double alpha) {
      return t_power(d * std::sqrt(n), n - 1.0, alpha, spec);
    };
  }
  return solve_power(problem, spec);
}

double arcsine_effect(double p, double p0) {
  return 2.0 * std::asin(std::sqrt(p)) - 2.0 * std::asin(std::sqrt(p0));
}

PowerResult share_power_arcsine(bool two_groups, const PowerSpec& spec) {
  PowerProblem problem;
  problem.method = two_groups ? "share_difference_arcsine" : "share_arcsine";
  problem.two_groups = two_groups;
  problem.least_n = 1.0;
  turn(problem, spec);
  problem.power = [&](double h, double n, double n2, double alpha) {
    return z_power(two_groups ? h / std::sqrt(1.0 / n + 1.0 / n2) : h * std::sqrt(n), alpha, spec);
  };
  return solve_power(problem, spec);
}

namespace {

// A difference with standard deviations se0 under the hypothesis and se under the effect:
// P(D > z se0) + P(D < -z se0).
double share_tails(double difference, double se0, double se, double alpha, const PowerSpec& spec) {
  const double z = -normal_quantile(alpha / tails(spec));
  const double above = normal_upper((z * se0 - difference) / se);
  return two_sided(spec) ? above + normal_cdf((-z * se0 - difference) / se) : above;
}

// Shares of kLess are turned into those of failures.
void turn_shares(PowerProblem& problem, double& base, const PowerSpec& spec) {
  detail::require_between(spec.effect, 0.0, 1.0, "effect");
  if (spec.alternative == Alternative::kLess) {
    base = 1.0 - base;
    problem.side = [](double p) { return 1.0 - p; };
  }
  problem.least_n = 1.0;
  problem.grows = false;
  problem.effect_low = two_sided(spec) ? base : kEdge;
  problem.effect_high = 1.0 - kEdge;
}

void require_share(double value, const char* where) {
  if (value > 0.0 && value < 1.0) return;
  throw ArgumentError({.what = "a share lies between 0 and 1",
                       .where = where,
                       .got = format_double(value),
                       .expected = "for example 0.5"});
}

void require_at_least(double value, double least, const char* where) {
  if (value >= least && std::isfinite(value)) return;
  throw ArgumentError({.what = std::string("'") + where + "' is out of range",
                       .where = where,
                       .got = format_double(value),
                       .expected = format_double(least) + " or more"});
}

}  // namespace

PowerResult share_power(double null, const PowerSpec& spec) {
  require_share(null, "null");
  PowerProblem problem;
  problem.method = "share";
  turn_shares(problem, null, spec);
  problem.power = [&](double p, double n, double, double alpha) {
    return share_tails((p - null) * std::sqrt(n), std::sqrt(null * (1.0 - null)),
                       std::sqrt(p * (1.0 - p)), alpha, spec);
  };
  return solve_power(problem, spec);
}

PowerResult share_difference_power(double base, const PowerSpec& spec, bool pooled) {
  require_share(base, "base");
  PowerProblem problem;
  problem.method = pooled ? "share_difference_pooled" : "share_difference_unpooled";
  problem.two_groups = true;
  turn_shares(problem, base, spec);
  problem.power = [&](double p, double n, double n2, double alpha) {
    const double se = std::sqrt(base * (1.0 - base) / n + p * (1.0 - p) / n2);
    const double all = (n * base + n2 * p) / (n + n2);
    const double se0 = pooled ? std::sqrt(all * (1.0 - all) * (1.0 / n + 1.0 / n2)) : se;
    return share_tails(p - base, se0, se, alpha, spec);
  };
  return solve_power(problem, spec);
}

namespace {

void require_size(const PowerSpec& spec) {
  if (!(spec.effect < 0.0)) return;
  throw ArgumentError({.what = "this effect is a size, which is not negative",
                       .where = "effect",
                       .got = format_double(spec.effect),
                       .expected = "0 or more"});
}

}  // namespace

PowerResult anova_power(double groups, const PowerSpec& spec) {
  require_at_least(groups, 2.0, "groups");
  require_size(spec);
  PowerProblem problem;
  problem.method = "anova";
  problem.least_n = 1.0 + 1e-3;
  problem.power = [&](double f, double n, double, double alpha) {
    const double df1 = groups - 1.0, df2 = groups * (n - 1.0);
    return noncentral_f_upper(f_critical(alpha, df1, df2), df1, df2, groups * n * f * f);
  };
  return solve_power(problem, spec);
}

PowerResult chi_square_power(double df, const PowerSpec& spec) {
  require_at_least(df, 1.0, "df");
  require_size(spec);
  PowerProblem problem;
  problem.method = "chi_square";
  problem.least_n = 1.0;
  problem.power = [&](double w, double n, double, double alpha) {
    return noncentral_chi2_upper(chi2_critical(alpha, df), df, n * w * w);
  };
  return solve_power(problem, spec);
}

PowerResult linear_model_power(double tested, double others, const PowerSpec& spec) {
  require_at_least(tested, 1.0, "tested");
  require_at_least(others, 0.0, "others");
  require_size(spec);
  PowerProblem problem;
  problem.method = "linear_model";
  problem.least_n = tested + others + 1.0 + 1e-3;
  problem.power = [&](double f2, double n, double, double alpha) {
    const double v = n - tested - others - 1.0;
    return noncentral_f_upper(f_critical(alpha, tested, v), tested, v, f2 * (tested + v + 1.0));
  };
  return solve_power(problem, spec);
}

// With r_c = t / sqrt(t^2 + n - 2): P(Z > (atanh r_c - atanh r - r / (2 (n - 1))) sqrt(n - 3)).
PowerResult correlation_power(const PowerSpec& spec) {
  detail::require_between(spec.effect, -1.0, 1.0, "effect");
  PowerProblem problem;
  problem.method = "pearson";
  problem.least_n = 4.0;
  problem.effect_high = 1.0 - kEdge;
  problem.grows = false;
  turn(problem, spec);
  problem.power = [&](double r, double n, double, double alpha) {
    const double t = -t_quantile(alpha / tails(spec), n - 2.0);
    const double critical = std::atanh(t / std::sqrt(t * t + n - 2.0));
    const double centre = std::atanh(r) + r / (2.0 * (n - 1.0));
    const double root = std::sqrt(n - 3.0);
    const double above = normal_cdf((centre - critical) * root);
    return two_sided(spec) ? above + normal_cdf((-centre - critical) * root) : above;
  };
  return solve_power(problem, spec);
}

PowerResult mann_whitney_power(const PowerSpec& spec) {
  detail::require_between(spec.effect, 0.0, 1.0, "effect");
  PowerProblem problem;
  problem.method = "mann_whitney";
  problem.two_groups = true;
  problem.least_n = 1.0;
  problem.grows = false;
  problem.effect_high = 1.0;
  if (two_sided(spec)) {
    problem.effect_low = 0.5;
    problem.side = [](double p) { return 0.5 + std::abs(p - 0.5); };
  } else if (spec.alternative == Alternative::kLess) {
    problem.side = [](double p) { return 1.0 - p; };
  }
  problem.power = [&](double p, double n, double n2, double alpha) {
    const double c = n / (n + n2);
    return normal_cdf(std::sqrt(12.0 * c * (1.0 - c) * (n + n2)) * (p - 0.5) +
                      normal_quantile(alpha / tails(spec)));
  };
  return solve_power(problem, spec);
}

double design_effect(const ClusterDesign& clusters) {
  require_at_least(clusters.size, 1.0, "size");
  require_at_least(clusters.size_cv, 0.0, "size_cv");
  if (!(clusters.icc >= 0.0 && clusters.icc <= 1.0)) {
    throw ArgumentError({.what = "an intracluster correlation lies in [0, 1]",
                         .where = "icc",
                         .got = format_double(clusters.icc),
                         .expected = "for example 0.05"});
  }
  const double spread = 1.0 + clusters.size_cv * clusters.size_cv;
  return 1.0 + (spread * clusters.size - 1.0) * clusters.icc;
}

PowerResult cluster_power(const ClusterDesign& clusters, const PowerSpec& spec) {
  PowerProblem problem;
  problem.method = "cluster";
  problem.two_groups = true;
  problem.least_n = least_of_two(spec);
  turn(problem, spec);
  const double variance = design_effect(clusters) / clusters.size;
  problem.power = [&](double d, double n, double n2, double alpha) {
    return t_power(d / std::sqrt(variance * (1.0 / n + 1.0 / n2)), n + n2 - 2.0, alpha, spec);
  };
  return solve_power(problem, spec);
}

}  // namespace impact
