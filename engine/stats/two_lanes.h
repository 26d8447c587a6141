#pragma once

#include <cstdint>
#include <cstring>

/// Elementary functions of two numbers at once, from plain arithmetic: the same bits on every
/// machine, which the library's exp (it picks its code by processor) does not promise.
namespace impact::detail {

using Lanes = double __attribute__((vector_size(16)));
using LaneBits = std::int64_t __attribute__((vector_size(16)));

inline Lanes both(double x) { return Lanes{x, x}; }

inline Lanes load_lanes(const double* from) {
  Lanes result;
  std::memcpy(&result, from, sizeof result);
  return result;
}

inline void store_lanes(Lanes x, double* to) { std::memcpy(to, &x, sizeof x); }

inline Lanes magnitude(Lanes x) { return x < 0.0 ? -x : x; }

/// exp(x) for -708 <= x <= 708, within 1 unit in the last place. x = k log 2 + r with
/// |r| <= log(2) / 2, log 2 in two parts whose first has a short significand so that k times it is
/// exact; exp(r) by its series to r^13 (the rest is below 2^-57), times 2^k through the exponent.
inline Lanes exp_lanes(Lanes x) {
  constexpr double kPerLog2 = 1.4426950408889634;
  constexpr double kLog2High = 0x1.62e42feep-1;
  constexpr double kLog2Low = 0x1.a39ef35793c76p-33;
  // Adding it rounds to a whole number, which then stands in the low bits.
  constexpr double kRound = 0x1.8p52;
  const Lanes shifted = x * kPerLog2 + kRound;
  const Lanes k = shifted - kRound;
  const Lanes r = (x - k * kLog2High) - k * kLog2Low;
  const Lanes r2 = r * r;
  const Lanes r4 = r2 * r2;
  const Lanes low = (both(1.0 / 2) + r * (1.0 / 6)) + r2 * (both(1.0 / 24) + r * (1.0 / 120));
  const Lanes middle =
      (both(1.0 / 720) + r * (1.0 / 5040)) + r2 * (both(1.0 / 40320) + r * (1.0 / 362880));
  const Lanes high = (both(1.0 / 3628800) + r * (1.0 / 39916800)) +
                     r2 * (both(1.0 / 479001600) + r * (1.0 / 6227020800));
  const Lanes power = (r + r2 * (low + r4 * (middle + r4 * high))) + 1.0;
  LaneBits exponent;
  std::memcpy(&exponent, &shifted, sizeof exponent);
  LaneBits bits;
  std::memcpy(&bits, &power, sizeof bits);
  bits += exponent << 52;
  Lanes result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

/// log(1 + x) for 0 <= x <= 1, within 3 units in the last place: log(1 + x) = c + 2 atanh(s) with
/// s = x / (2 + x), c = 0 for small x and s = (x - 1) / (x + 3), c = log 2 for large x, so that
/// |s| < 0.172; atanh by its series to s^21.
inline Lanes log1p_lanes(Lanes x) {
  constexpr double kLog2 = 0.6931471805599453;
  const auto large = x > 0.41421356237309503;
  const Lanes s = (large ? x - 1.0 : x) / (large ? x + 3.0 : x + 2.0);
  const Lanes z = s * s;
  const Lanes z2 = z * z;
  const Lanes z4 = z2 * z2;
  const Lanes low = (both(1.0 / 3) + z * (1.0 / 5)) + z2 * (both(1.0 / 7) + z * (1.0 / 9));
  const Lanes middle = (both(1.0 / 11) + z * (1.0 / 13)) + z2 * (both(1.0 / 15) + z * (1.0 / 17));
  const Lanes high = both(1.0 / 19) + z * (1.0 / 21);
  const Lanes series = s + s * (z * (low + z4 * (middle + z4 * high)));
  return (large ? both(kLog2) : both(0.0)) + 2.0 * series;
}

}  // namespace impact::detail
