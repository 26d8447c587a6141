#pragma once

#include <cmath>

namespace impact::detail {

/// Zero of a continuous f between low and high, where its signs differ (or one end is a zero);
/// NaN otherwise. Regula falsi that halves the weight of an end that stays (Illinois), with a
/// bisection whenever that shrinks the bracket too slowly; ends at neighbouring doubles, or when
/// the bracket is `relative` of its ends.
template <class F>
[[nodiscard]] double bracketed_root(F&& f, double low, double high, double relative = 1e-15) {
  double f_low = f(low);
  double f_high = f(high);
  if (f_low == 0.0) return low;
  if (f_high == 0.0) return high;
  if (!((f_low < 0.0) != (f_high < 0.0)) || std::isnan(f_low) || std::isnan(f_high)) return NAN;
  int stayed = 0;
  for (int step = 0; step < 400; ++step) {
    const double width = high - low;
    const double middle = low + 0.5 * width;
    if (middle <= low || middle >= high) break;
    if (width <= relative * std::fmax(std::abs(low), std::abs(high))) break;
    double x = step % 4 == 3 ? middle : low - f_low * (width / (f_high - f_low));
    if (!(x > low && x < high)) x = middle;
    const double value = f(x);
    if (value == 0.0) return x;
    if ((value < 0.0) == (f_low < 0.0)) {
      low = x;
      f_low = value;
      if (stayed == 1) f_high *= 0.5;
      stayed = 1;
    } else {
      high = x;
      f_high = value;
      if (stayed == -1) f_low *= 0.5;
      stayed = -1;
    }
  }
  return low + 0.5 * (high - low);
}

}  // namespace impact::detail
