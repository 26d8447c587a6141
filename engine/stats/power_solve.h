#pragma once

#include <functional>

#include "engine/stats/power.h"

namespace impact::detail {

/// A test's power as a function that increases in all its arguments, for effects on its side.
struct PowerProblem {
  const char* method = "";
  /// (effect, n, n2, alpha); effect as `side` has turned it.
  std::function<double(double, double, double, double)> power = {};
  bool two_groups = false;
  double least_n = 2.0;
  /// Where effects are looked for; a range that grows has its upper end doubled as far as needed,
  /// and its lower end too where it is negative.
  double effect_low = 0.0, effect_high = 1.0;
  bool grows = true;
  /// Of an effect as the caller knows it, to that of power() and back (the same function).
  std::function<double(double)> side = [](double effect) { return effect; };
};

/// Completes the spec. Throws ArgumentError as power.h says.
[[nodiscard]] PowerResult solve_power(const PowerProblem& problem, const PowerSpec& spec);

/// `value` lies in (low, high), or is absent (NaN), else ArgumentError.
void require_between(double value, double low, double high, const char* where);

}  // namespace impact::detail
