#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

namespace impact::detail {

/// A sum of integers m * 2^e kept in the kDigits highest 32-bit digits seen so far, as 64-bit
/// integers without carries. What a digit holds depends only on the set of terms, so adding and
/// merging are associative and commutative to the bit. The building block of ExactSum and its kin;
/// use either add() (unit 2^-1074) or add_product() (unit 2^-2148) on one window, never both.
/// Digits wrap silently after 2^31 terms of one sign. One thread at a time.
template <int kDigits>
class DigitWindow {
  static_assert(kDigits >= 4);

 public:
  static constexpr std::uint32_t kNaN = 1;
  static constexpr std::uint32_t kPlusInfinity = 2;
  static constexpr std::uint32_t kMinusInfinity = 4;

  void add(double term) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(term);
    const auto field = static_cast<std::int32_t>((bits >> 52U) & 0x7FFU);
    if (static_cast<std::uint32_t>(field - 1) >= 0x7FEU) [[unlikely]] {
      add_rare(term);
      return;
    }
    // term = +-m * 2^(e - 1074); its bits fall into digits i, i + 1 and perhaps i + 2 of the
    // window.
    const std::uint64_t m = (bits & kFraction) | kHiddenBit;
    const std::int32_t e = field - 1;
    const std::int64_t sign = (static_cast<std::int64_t>(bits) >> 63) | 1;
    const auto above = static_cast<std::uint32_t>(e - 32 * base_);
    if (above >= 32U * kDigits - 52U) [[unlikely]] {
      add_outside(m, e, sign);
      return;
    }
    const std::uint32_t i = above >> 5U;
    const std::uint32_t shift = above & 31U;
    const std::uint64_t high = m >> (32U - shift);
    accumulate(i, static_cast<std::uint32_t>(m) << shift, sign);
    accumulate(i + 1, high & kDigitMask, sign);
    // Above the window the third part is empty and may be added anywhere, without a branch; digit 0
    // is not one of the two just stored to, so that nothing waits for them.
    accumulate((i + 2) % kDigits, high >> 32U, sign);
  }

  /// Adds x * y without rounding, underflow or overflow.
  void add_product(double x, double y) noexcept {
    const auto x_bits = std::bit_cast<std::uint64_t>(x);
    const auto y_bits = std::bit_cast<std::uint64_t>(y);
    const auto x_field = static_cast<std::int32_t>((x_bits >> 52U) & 0x7FFU);
    const auto y_field = static_cast<std::int32_t>((y_bits >> 52U) & 0x7FFU);
    const std::int32_t e = x_field + y_field - 2;
    const auto above = static_cast<std::uint32_t>(e - 32 * base_);
    if (static_cast<std::uint32_t>(x_field - 1) >= 0x7FEU ||
        static_cast<std::uint32_t>(y_field - 1) >= 0x7FEU || above >= 32U * kDigits - 105U)
        [[unlikely]] {
      add_product_rare(x, y);
      return;
    }
    // 53 by 53 bits, shifted by up to 31: five digits, the last one empty where it would fall
    // above the window.
    const wide product =
        static_cast<wide>((x_bits & kFraction) | kHiddenBit) * ((y_bits & kFraction) | kHiddenBit);
    const auto low = static_cast<std::uint64_t>(product);
    const auto high = static_cast<std::uint64_t>(product >> 64U);
    const std::int64_t sign = (static_cast<std::int64_t>(x_bits ^ y_bits) >> 63) | 1;
    const std::uint32_t i = above >> 5U;
    const std::uint32_t shift = above & 31U;
    const std::uint64_t middle = (low >> (32U - shift)) | (high << (32U + shift));
    const std::uint64_t top = high >> (32U - shift);
    accumulate(i, (low << shift) & kDigitMask, sign);
    accumulate(i + 1, middle & kDigitMask, sign);
    accumulate(i + 2, middle >> 32U, sign);
    accumulate(i + 3, top & kDigitMask, sign);
    accumulate((i + 4) % kDigits, top >> 32U, sign);
  }
  void merge(const DigitWindow& other) noexcept;

  /// Union of kNaN, kPlusInfinity, kMinusInfinity: which non-finite terms were seen.
  [[nodiscard]] std::uint32_t special() const noexcept { return special_; }
  /// Sum = the sum over i of digits()[i] * 2^(32 * (base() + i)) in the unit of the window.
  [[nodiscard]] const std::array<std::int64_t, kDigits>& digits() const noexcept { return digit_; }
  [[nodiscard]] std::int32_t base() const noexcept { return base_; }

 private:
  __extension__ using wide = unsigned __int128;
  static constexpr std::uint64_t kFraction = (std::uint64_t{1} << 52U) - 1;
  static constexpr std::uint64_t kHiddenBit = std::uint64_t{1} << 52U;
  static constexpr std::uint64_t kDigitMask = 0xFFFFFFFFU;
  static constexpr std::int32_t kEmpty = -(1 << 20);  // far below any digit, far from overflow

  // Unsigned, so that too many terms wrap instead of being undefined. sign is 1 or -1.
  void accumulate(std::uint32_t index, std::uint64_t part, std::int64_t sign) noexcept {
    std::int64_t& digit = digit_[index];
    digit = static_cast<std::int64_t>(static_cast<std::uint64_t>(digit) +
                                      part * static_cast<std::uint64_t>(sign));
  }
  void add_rare(double term) noexcept;
  void add_product_rare(double x, double y) noexcept;
  void add_outside(std::uint64_t m, std::int32_t e, std::int64_t sign) noexcept;
  void add_special(double term) noexcept;
  void raise_to(std::int32_t top) noexcept;

  std::array<std::int64_t, kDigits> digit_{};  // digit_[i] is digit number base_ + i
  std::int32_t base_ = kEmpty;
  std::uint32_t special_ = 0;
};

extern template class DigitWindow<4>;
extern template class DigitWindow<6>;
static_assert(sizeof(DigitWindow<4>) == 40 && std::is_trivially_copyable_v<DigitWindow<4>>);
static_assert(sizeof(DigitWindow<6>) == 56 && std::is_trivially_copyable_v<DigitWindow<6>>);

}  // namespace impact::detail
