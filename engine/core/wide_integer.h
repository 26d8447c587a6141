#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace impact::detail {

__extension__ typedef unsigned __int128 uint128;
__extension__ typedef __int128 int128;

/// A signed integer times a power of 2^32, wide enough for the last step of the exact moments:
/// sum over i of word(i) * 2^(32 * (low + i)). Fixed storage of 48 words, no allocation: the
/// largest value met is the product of two differences of about 20 words each.
class WideInteger {
 public:
  WideInteger() = default;
  /// Sum of digits[i] * 2^(32 * (low + i)), carries propagated; up to eight digits.
  WideInteger(std::span<const std::int64_t> digits, std::int32_t low);

  [[nodiscard]] bool is_zero() const { return size_ == 0; }
  [[nodiscard]] bool negative() const { return negative_; }

  [[nodiscard]] WideInteger times(std::uint64_t factor) const;
  /// Exact product; both operands' sizes together must fit kWords.
  [[nodiscard]] WideInteger times(const WideInteger& other) const;
  /// this - other without the words below position `floor` (magnitudes cut towards zero), which
  /// bounds the size of the result whatever the exponents of the operands.
  [[nodiscard]] WideInteger minus(const WideInteger& other, std::int32_t floor) const;
  /// Quotient with at least 64 significant bits; the last bit is set when it is not exact, so that
  /// rounding the quotient equals rounding the true value. Divisor >= 1, their product < 2^127.
  [[nodiscard]] WideInteger divided_by(std::uint64_t first, std::uint64_t second) const;

  /// |value| = mantissa * 2^exponent, rounded half to even to 53 bits, or to fewer such that
  /// exponent >= lowest_exponent. `unit` is the exponent of word(0) at low = 0.
  struct Rounded {
    std::uint64_t mantissa;
    int exponent;
  };
  [[nodiscard]] Rounded rounded(int unit, int lowest_exponent) const;
  /// Nearest double, half to even, with subnormals and overflow to infinity.
  [[nodiscard]] double to_double(int unit) const;
  /// Exact value of a finite double, in the same unit.
  [[nodiscard]] static WideInteger from_double(double value, int unit);

 private:
  static constexpr std::size_t kWords = 48;
  void settle(int128 carry);
  void trim();
  [[nodiscard]] std::uint32_t word_at(std::int32_t position) const;

  std::array<std::uint32_t, kWords> word_{};
  std::size_t size_ = 0;  // the highest used word is not zero
  std::int32_t low_ = 0;
  bool negative_ = false;
};

}  // namespace impact::detail
