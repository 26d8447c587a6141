#include "engine/stats/t_test.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>
#include <boost/math/special_functions/gamma.hpp>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/stats/distribution.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/noncentral_t.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Group {
  std::vector<double> values = {};
  double n = 0.0;
  double mean = kNaN;
  double variance = kNaN;
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
};

Group group(std::span<const double> values) {
  Group result;
  ExactMoments sums;
  for (const double value : values) {
    if (std::isnan(value)) {
      ++result.missing;
    } else {
      if (std::isinf(value)) ++result.infinite;
      sums.add(value);
      result.values.push_back(value);
    }
  }
  result.n = static_cast<double>(sums.count());
  result.mean = sums.mean();
  result.variance = sums.variance(1);
  return result;
}

// Both means are counted from the middle between them: their digits are those of the difference.
double mean_difference(std::span<const Group> g) {
  if (g[0].infinite + g[1].infinite > 0) return kNaN;
  const double origin = 0.5 * g[0].mean + 0.5 * g[1].mean;
  return detail::mean_about(g[0].values, origin) - detail::mean_about(g[1].values, origin);
}

// What the kinds of test differ in.
struct Test {
  double estimate = kNaN;
  double distance = kNaN;  // from the value of the hypothesis
  double std_error = kNaN;
  double df = kNaN;
  double sd = kNaN;         // unit of d
  double effect_df = kNaN;  // of that sd
  double n = 0.0;
};

// J(m), as a ratio of gamma functions that does not overflow.
double small_sample_factor(double df) {
  if (!(df > 1.0)) return kNaN;
  return 1.0 / (boost::math::tgamma_delta_ratio(0.5 * (df - 1.0), 0.5) * std::sqrt(0.5 * df));
}

void check(const TTestSpec& spec) {
  check_conf_level(spec.conf_level);
  if (std::isfinite(spec.null_value)) return;
  throw ArgumentError({.what = "the value of the hypothesis is a finite number",
                       .where = "null_value",
                       .got = format_double(spec.null_value),
                       .expected = "for example 0"});
}

Estimate effect(const Estimate& base, const char* name, double value, double low, double high) {
  Estimate row = base;
  row.term = base.term + ":" + name;
  row.std_error = kNaN;
  row.estimate = value;
  row.conf_low = low;
  row.conf_high = high;
  row.se_type = "noncentral_t";
  return row;
}

// Completes the three rows; warnings that are there already say why numbers are NaN.
TTest finish(const Test& test, std::vector<std::string> warnings, const char* method,
             const char* se_type, const TTestSpec& spec) {
  TTest result;
  Estimate& row = result.difference;
  row.term = spec.term;
  row.method = method;
  row.se_type = se_type;
  row.n = static_cast<std::int64_t>(test.n);
  row.estimate = test.estimate;
  row.std_error = test.std_error;
  row.warnings = std::move(warnings);
  double d = kNaN, low = kNaN, high = kNaN;
  if (test.std_error == 0.0) {
    row.warnings.emplace_back("the values do not vary: there is no test and no interval");
  } else if (test.std_error > 0.0) {
    const double level = detail::upper_level(spec.conf_level, spec.alternative);
    const double margin = t_quantile(level, test.df) * test.std_error;
    row.df = test.df;
    row.statistic = test.distance / test.std_error;
    row.p_value = detail::t_p_value(row.statistic, test.df, spec.alternative);
    row.conf_low = test.estimate - margin;
    row.conf_high = test.estimate + margin;
    detail::open_end(row.conf_low, row.conf_high, spec.alternative);
    // t = d sd / std_error, so limits of t's noncentrality are limits of d in this unit.
    const double unit = test.std_error / test.sd;
    const double tail = detail::tail_outside(spec.conf_level, spec.alternative);
    d = test.distance / test.sd;
    low = noncentrality(row.statistic, test.effect_df, 1.0 - tail) * unit;
    high = noncentrality(row.statistic, test.effect_df, tail) * unit;
    detail::open_end(low, high, spec.alternative);
  }
  const double j = small_sample_factor(test.effect_df);
  result.cohens_d = effect(row, "cohens_d", d, low, high);
  result.hedges_g = effect(row, "hedges_g", d * j, low * j, high * j);
  row.null_value = spec.null_value;  // Effect sizes count from it: theirs is 0.
  return result;
}

// Sentences for both sides; false if the test is undefined.
bool usable(std::span<const Group> groups, std::vector<std::string>& warnings) {
  std::int64_t missing = 0, infinite = 0;
  double least = std::numeric_limits<double>::infinity();
  for (const Group& one : groups) {
    missing += one.missing;
    infinite += one.infinite;
    least = std::fmin(least, one.n);
  }
  detail::warn_missing(warnings, missing);
  detail::warn_infinite(warnings, infinite);
  if (least == 0.0) {
    warnings.emplace_back(groups.size() == 1 ? "there is no value" : "a group has no value");
  } else if (least == 1.0) {
    warnings.emplace_back(groups.size() == 1
                              ? "there is one value only, so its variance is unknown"
                              : "a group has one value only, so its variance is unknown");
  }
  return infinite == 0 && least >= 2.0;
}

TTest one_group(std::span<const double> values, const char* method, const TTestSpec& spec) {
  check(spec);
  const Group g = group(values);
  std::vector<std::string> warnings;
  Test test;
  test.n = g.n;
  if (g.infinite == 0) test.estimate = g.mean;
  test.distance = detail::mean_about(g.values, spec.null_value);
  if (usable({&g, 1}, warnings)) {
    test.sd = std::sqrt(g.variance);
    test.std_error = test.sd / std::sqrt(g.n);
    test.df = test.effect_df = g.n - 1.0;
  }
  return finish(test, std::move(warnings), method, "classical", spec);
}

// The difference of two means; `scale` fills in what its errors are.
template <class Scale>
TTest two_groups(std::span<const double> x, std::span<const double> y, Scale&& scale,
                 const char* method, const char* se_type, const TTestSpec& spec) {
  check(spec);
  const Group g[] = {group(x), group(y)};
  std::vector<std::string> warnings;
  Test test;
  test.n = g[0].n + g[1].n;
  test.estimate = mean_difference(g);
  test.distance = test.estimate - spec.null_value;
  if (usable(g, warnings)) scale(g[0], g[1], test);
  return finish(test, std::move(warnings), method, se_type, spec);
}

}  // namespace

TTest one_sample_t_test(std::span<const double> values, const TTestSpec& spec) {
  return one_group(values, "t_test_one_sample", spec);
}

TTest paired_t_test(std::span<const double> x, std::span<const double> y, const TTestSpec& spec) {
  require_length("y", y.size(), x.size());
  std::vector<double> differences(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    // Two infinities must not pass for a missing value.
    const bool infinite = std::isinf(x[i]) && std::isinf(y[i]);
    differences[i] = infinite ? x[i] : x[i] - y[i];
  }
  return one_group(differences, "t_test_paired", spec);
}

// s_p^2 = ((n_x - 1) s_x^2 + (n_y - 1) s_y^2) / (n_x + n_y - 2), se = s_p sqrt(1/n_x + 1/n_y).
TTest pooled_t_test(std::span<const double> x, std::span<const double> y, const TTestSpec& spec) {
  const auto scale = [](const Group& a, const Group& b, Test& test) {
    test.df = test.effect_df = test.n - 2.0;
    test.sd = std::sqrt(((a.n - 1.0) * a.variance + (b.n - 1.0) * b.variance) / test.df);
    test.std_error = test.sd * std::sqrt(1.0 / a.n + 1.0 / b.n);
  };
  return two_groups(x, y, scale, "t_test_pooled", "pooled", spec);
}

// se^2 = v_x + v_y with v = s^2 / n; df = se^4 / (v_x^2 / (n_x - 1) + v_y^2 / (n_y - 1)).
TTest welch_t_test(std::span<const double> x, std::span<const double> y, const TTestSpec& spec) {
  const auto scale = [](const Group& a, const Group& b, Test& test) {
    // Shares of the variances, so that no square overflows.
    const auto satterthwaite = [&](double va, double vb) {
      const double share = va / (va + vb);
      return 1.0 / (share * share / (a.n - 1.0) + (1.0 - share) * (1.0 - share) / (b.n - 1.0));
    };
    const double va = a.variance / a.n, vb = b.variance / b.n;
    test.std_error = std::sqrt(va + vb);
    test.df = satterthwaite(va, vb);
    test.sd = std::sqrt(0.5 * (a.variance + b.variance));
    test.effect_df = satterthwaite(a.variance, b.variance);
  };
  return two_groups(x, y, scale, "t_test_welch", "welch", spec);
}

}  // namespace impact
