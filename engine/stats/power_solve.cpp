#include "engine/stats/power_solve.h"

#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/root.h"

namespace impact::detail {
namespace {

constexpr double kMostN = 1e12;
constexpr double kMostEffect = 1e8;

void require_one_absent(const PowerSpec& spec) {
  std::string absent;
  int count = 0;
  const std::pair<const char*, double> quantities[] = {
      {"effect", spec.effect}, {"n", spec.n}, {"alpha", spec.alpha}, {"power", spec.power}};
  for (const auto& [name, value] : quantities) {
    if (!std::isnan(value)) continue;
    absent += (count++ == 0 ? "" : ", ") + std::string(name);
  }
  if (count == 1) return;
  throw ArgumentError({.what = "exactly one quantity is absent and solved for",
                       .where = "effect, n, alpha, power",
                       .got = count == 0 ? "all four" : "absent: " + absent,
                       .expected = "three of the four"});
}

// Root of power - target in [low, high], NaN where there is none.
template <class Power>
double solve(Power&& power, double low, double high, double target) {
  return bracketed_root([&](double x) { return power(x) - target; }, low, high);
}

}  // namespace

void require_between(double value, double low, double high, const char* where) {
  if (std::isnan(value) || (value > low && value < high)) return;
  throw ArgumentError(
      {.what = std::string("'") + where + "' is out of range",
       .where = where,
       .got = format_double(value),
       .expected = "between " + format_double(low) + " and " + format_double(high)});
}

PowerResult solve_power(const PowerProblem& problem, const PowerSpec& spec) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  require_one_absent(spec);
  require_between(spec.alpha, 0.0, 1.0, "alpha");
  require_between(spec.power, 0.0, 1.0, "power");
  require_between(spec.effect, -kInfinity, kInfinity, "effect");
  require_between(spec.ratio, 0.0, kInfinity, "ratio");
  if (spec.n < problem.least_n || std::isinf(spec.n)) {
    throw ArgumentError({.what = "'n' is too small or infinite",
                         .where = "n",
                         .got = format_double(spec.n),
                         .expected = format_double(problem.least_n) + " or more"});
  }
  const bool second = problem.two_groups && !std::isnan(spec.n2);
  if (second) require_between(spec.n2, 0.0, kInfinity, "n2");
  const auto n2_of = [&](double n) { return second ? spec.n2 : spec.ratio * n; };
  PowerResult result;
  result.method = problem.method;
  result.effect = spec.effect;
  result.n = spec.n;
  result.alpha = spec.alpha;
  result.power = spec.power;
  const double effect = problem.side(spec.effect);
  const auto power = [&](double e, double n, double alpha) {
    return problem.power(e, n, n2_of(n), alpha);
  };
  if (std::isnan(spec.power)) {
    result.power = power(effect, spec.n, spec.alpha);
  } else if (std::isnan(spec.alpha)) {
    result.alpha = solve([&](double alpha) { return power(effect, spec.n, alpha); }, 1e-300,
                         1.0 - 1e-15, spec.power);
    if (std::isnan(result.alpha)) {
      result.warnings.emplace_back("no significance level gives this power");
    }
  } else if (std::isnan(spec.n)) {
    const auto at = [&](double n) { return power(effect, n, spec.alpha); };
    double high = problem.least_n;
    while (at(high) < spec.power && high < kMostN) high *= 2.0;
    if (high == problem.least_n) {
      result.n = high;
      result.power = at(high);
      result.warnings.emplace_back("the smallest size already has more power than asked for");
    } else {
      result.n = solve(at, 0.5 * high, high, spec.power);
      if (std::isnan(result.n)) {
        result.warnings.emplace_back("no size gives this power to an effect of this size and sign");
      }
    }
  } else {
    const auto at = [&](double e) { return power(e, spec.n, spec.alpha); };
    double low = problem.effect_low, high = problem.effect_high;
    while (problem.grows && at(high) < spec.power && high < kMostEffect) high *= 2.0;
    while (problem.grows && low < 0.0 && at(low) > spec.power && low > -kMostEffect) low *= 2.0;
    const double found = solve(at, low, high, spec.power);
    result.effect = problem.side(found);
    if (std::isnan(found)) result.warnings.emplace_back("no effect is found with this power");
  }
  if (problem.two_groups) result.n2 = n2_of(result.n);
  return result;
}

}  // namespace impact::detail
