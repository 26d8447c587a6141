#include "engine/core/digit_window.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "engine/core/wide_integer.h"

namespace impact::detail {
namespace {

// A finite, non-zero |value| as m * 2^(e - 1074) with the leading bit of m at bit 52.
struct Normalised {
  std::uint64_t m;
  std::int32_t e;
};

Normalised normalise(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52U) - 1);
  const auto field = static_cast<std::int32_t>((bits >> 52U) & 0x7FFU);
  if (field != 0) return {fraction | (std::uint64_t{1} << 52U), field - 1};
  const int up = std::countl_zero(fraction) - 11;
  return {fraction << static_cast<unsigned>(up), -up};
}

}  // namespace

template <int kDigits>
void DigitWindow<kDigits>::add_rare(double term) noexcept {
  if (!std::isfinite(term)) {
    add_special(term);
    return;
  }
  // Zero or subnormal: m * 2^-1074 without the hidden bit.
  const auto bits = std::bit_cast<std::uint64_t>(term);
  const std::uint64_t m = bits & kFraction;
  if (m != 0) add_outside(m, 0, std::signbit(term) ? -1 : 1);
}

template <int kDigits>
void DigitWindow<kDigits>::add_special(double term) noexcept {
  special_ |= std::isnan(term) ? kNaN : term > 0 ? kPlusInfinity : kMinusInfinity;
}

template <int kDigits>
void DigitWindow<kDigits>::add_outside(std::uint64_t m, std::int32_t e,
                                       std::int64_t sign) noexcept {
  raise_to((e + 52) >> 5);
  const std::int32_t low = (e >> 5) - base_;
  const auto shift = static_cast<std::uint32_t>(e) & 31U;
  uint128 rest = static_cast<uint128>(m) << shift;
  for (std::int32_t i = low; rest != 0; ++i, rest >>= 32U) {
    if (i >= 0)
      accumulate(static_cast<std::uint32_t>(i), static_cast<std::uint64_t>(rest) & kDigitMask,
                 sign);
  }
}

// Product of two 53-bit integers: 106 bits, shifted by up to 31 into at most five digits.
template <int kDigits>
void DigitWindow<kDigits>::add_product_rare(double x, double y) noexcept {
  if (!std::isfinite(x) || !std::isfinite(y)) {
    add_special(x * y);
    return;
  }
  if (x == 0.0 || y == 0.0) return;
  const Normalised a = normalise(x);
  const Normalised b = normalise(y);
  const std::int32_t e = a.e + b.e;
  const std::int64_t sign = std::signbit(x) != std::signbit(y) ? -1 : 1;
  raise_to((e + 105) >> 5);
  uint128 rest = static_cast<uint128>(a.m) * b.m;
  const auto shift = static_cast<std::uint32_t>(e) & 31U;
  std::int32_t i = (e >> 5) - base_;
  const std::uint64_t first = (static_cast<std::uint64_t>(rest) << shift) & kDigitMask;
  if (i >= 0) accumulate(static_cast<std::uint32_t>(i), first, sign);
  for (rest >>= 32U - shift, ++i; rest != 0; rest >>= 32U, ++i) {
    if (i >= 0)
      accumulate(static_cast<std::uint32_t>(i), static_cast<std::uint64_t>(rest) & kDigitMask,
                 sign);
  }
}

// Moves the window up until digit number `top` is in it; the digits that fall out are dropped, as
// they would have been had the larger term come first.
template <int kDigits>
void DigitWindow<kDigits>::raise_to(std::int32_t top) noexcept {
  const std::int32_t by = top - (kDigits - 1) - base_;
  if (by <= 0) return;
  for (std::int32_t i = 0; i < kDigits; ++i) {
    const std::int64_t from =
        by < kDigits - i ? digit_[static_cast<std::size_t>(i + by)] : std::int64_t{0};
    digit_[static_cast<std::size_t>(i)] = from;
  }
  base_ += by;
}

template <int kDigits>
void DigitWindow<kDigits>::merge(const DigitWindow& other) noexcept {
  special_ |= other.special_;
  if (other.base_ == kEmpty) return;
  const DigitWindow added = other;  // other may be *this
  raise_to(added.base_ + kDigits - 1);
  const std::int32_t offset = added.base_ - base_;
  for (std::int32_t i = std::max(0, -offset); i < kDigits; ++i) {
    accumulate(static_cast<std::uint32_t>(i + offset),
               static_cast<std::uint64_t>(added.digit_[static_cast<std::size_t>(i)]), 1);
  }
}

template class DigitWindow<4>;
template class DigitWindow<6>;

}  // namespace impact::detail
