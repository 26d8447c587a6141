#include "engine/core/wide_integer.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace impact::detail {
namespace {

constexpr std::uint64_t kMask = 0xFFFFFFFFU;

}  // namespace

WideInteger::WideInteger(std::span<const std::int64_t> digits, std::int32_t low) : low_(low) {
  int128 carry = 0;
  for (const std::int64_t digit : digits) {
    carry += digit;
    word_[size_++] = static_cast<std::uint32_t>(carry & static_cast<int128>(kMask));
    carry >>= 32;
  }
  settle(carry);
}

// Ends an addition with carry: the words so far and `carry` above them are one number in two's
// complement; turns it into sign and magnitude (-w = ~w + 1).
void WideInteger::settle(int128 carry) {
  for (int i = 0; i < 2; ++i, carry >>= 32) {
    word_[size_++] = static_cast<std::uint32_t>(carry & static_cast<int128>(kMask));
  }
  negative_ = carry < 0;
  if (negative_) {
    std::uint64_t one = 1;
    for (std::size_t i = 0; i < size_; ++i) {
      one += static_cast<std::uint64_t>(~word_[i]) & kMask;
      word_[i] = static_cast<std::uint32_t>(one);
      one >>= 32U;
    }
  }
  trim();
}

void WideInteger::trim() {
  while (size_ > 0 && word_[size_ - 1] == 0) --size_;
  std::size_t zeros = 0;
  while (zeros < size_ && word_[zeros] == 0) ++zeros;
  if (zeros > 0) {
    const auto first = word_.begin();
    std::copy(first + static_cast<std::ptrdiff_t>(zeros),
              first + static_cast<std::ptrdiff_t>(size_), first);
    size_ -= zeros;
    low_ += static_cast<std::int32_t>(zeros);
  }
  std::fill(word_.begin() + static_cast<std::ptrdiff_t>(size_), word_.end(), 0U);
  if (size_ == 0) {
    low_ = 0;
    negative_ = false;
  }
}

std::uint32_t WideInteger::word_at(std::int32_t position) const {
  const std::int32_t i = position - low_;
  return i >= 0 && i < static_cast<std::int32_t>(size_) ? word_[static_cast<std::size_t>(i)] : 0U;
}

WideInteger WideInteger::times(std::uint64_t factor) const {
  WideInteger two;
  two.word_[0] = static_cast<std::uint32_t>(factor);
  two.word_[1] = static_cast<std::uint32_t>(factor >> 32U);
  two.size_ = 2;
  two.trim();
  return times(two);
}

WideInteger WideInteger::times(const WideInteger& other) const {
  WideInteger product;
  if (is_zero() || other.is_zero()) return product;
  product.size_ = size_ + other.size_;
  product.low_ = low_ + other.low_;
  product.negative_ = negative_ != other.negative_;
  for (std::size_t i = 0; i < size_; ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < other.size_; ++j) {
      carry += static_cast<std::uint64_t>(word_[i]) * other.word_[j] + product.word_[i + j];
      product.word_[i + j] = static_cast<std::uint32_t>(carry);
      carry >>= 32U;
    }
    product.word_[i + other.size_] = static_cast<std::uint32_t>(carry);
  }
  product.trim();
  return product;
}

WideInteger WideInteger::minus(const WideInteger& other, std::int32_t floor) const {
  WideInteger result;
  const auto end = [](const WideInteger& value) {
    return value.low_ + static_cast<std::int32_t>(value.size_);
  };
  if (is_zero() && other.is_zero()) return result;
  const std::int32_t lowest = is_zero()         ? other.low_
                              : other.is_zero() ? low_
                                                : std::min(low_, other.low_);
  const std::int32_t highest = is_zero()         ? end(other)
                               : other.is_zero() ? end(*this)
                                                 : std::max(end(*this), end(other));
  result.low_ = std::max(lowest, floor);
  std::int64_t carry = 0;
  for (std::int32_t position = result.low_; position < highest; ++position) {
    const auto mine = static_cast<std::int64_t>(word_at(position));
    const auto others = static_cast<std::int64_t>(other.word_at(position));
    carry += (negative_ ? -mine : mine) - (other.negative_ ? -others : others);
    result.word_[result.size_++] = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  result.settle(carry);
  return result;
}

WideInteger WideInteger::divided_by(std::uint64_t first, std::uint64_t second) const {
  if (is_zero()) return *this;
  // 192 more bits below: the quotient by less than 2^127 keeps at least 65.
  constexpr std::size_t kMore = 6;
  WideInteger quotient;
  quotient.size_ = size_ + kMore;
  quotient.low_ = low_ - static_cast<std::int32_t>(kMore);
  quotient.negative_ = negative_;
  std::copy_n(word_.begin(), size_, quotient.word_.begin() + kMore);
  bool exact = true;
  for (const std::uint64_t divisor : {first, second}) {
    uint128 rest = 0;
    for (std::size_t i = quotient.size_; i-- > 0;) {
      rest = (rest << 32U) | quotient.word_[i];
      quotient.word_[i] = static_cast<std::uint32_t>(rest / divisor);
      rest %= divisor;
    }
    exact = exact && rest == 0;
  }
  if (!exact) quotient.word_[0] |= 1U;
  quotient.trim();
  return quotient;
}

WideInteger::Rounded WideInteger::rounded(int unit, int lowest_exponent) const {
  if (is_zero()) return {0, 0};
  const int bits = 32 * static_cast<int>(size_) - std::countl_zero(word_[size_ - 1]);
  const int bottom = unit + 32 * low_;
  const int exponent = std::max(bottom + bits - 53, lowest_exponent);
  // 64 bits of the magnitude from bit `from` on.
  const auto extract = [&](int from) {
    const int first = from >> 5;
    const auto shift = static_cast<std::uint32_t>(from) & 31U;
    uint128 window = 0;
    for (int i = 2; i >= 0; --i) window = (window << 32U) | word_at(low_ + first + i);
    return static_cast<std::uint64_t>(window >> shift);
  };
  const int dropped = exponent - bottom;
  if (dropped <= 0) return {extract(0), bottom};
  std::uint64_t mantissa = extract(dropped);
  const bool half = (extract(dropped - 1) & 1U) != 0;
  if (half) {
    bool more = false;
    for (int i = 0; i < dropped - 1 && !more; i += 32) {
      std::uint64_t part = extract(i);
      const int left = dropped - 1 - i;
      if (left < 32) part &= (std::uint64_t{1} << static_cast<unsigned>(left)) - 1;
      more = (part & kMask) != 0;
    }
    if (more || (mantissa & 1U) != 0) ++mantissa;
  }
  return {mantissa, exponent};
}

double WideInteger::to_double(int unit) const {
  constexpr int kLowestExponent = -1074;
  const Rounded value = rounded(unit, kLowestExponent);
  const double size = std::ldexp(static_cast<double>(value.mantissa), value.exponent);
  return negative_ ? -size : size;
}

WideInteger WideInteger::from_double(double value, int unit) {
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  // |value| = mantissa * 2^(exponent - 53); a subnormal ends in zeros, so cut those that would put
  // the last bit below the unit.
  int bottom = exponent - 53 - unit;
  const int cut = std::max(0, -bottom);
  bottom += cut;
  const uint128 shifted = static_cast<uint128>(mantissa >> static_cast<unsigned>(cut))
                          << (static_cast<unsigned>(bottom) & 31U);
  WideInteger result;
  for (uint128 rest = shifted; rest != 0; rest >>= 32U) {
    result.word_[result.size_++] = static_cast<std::uint32_t>(rest);
  }
  result.low_ = bottom >> 5;
  result.negative_ = std::signbit(value);
  result.trim();
  return result;
}

}  // namespace impact::detail
