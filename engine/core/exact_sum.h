#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace impact {

/// A sum of doubles that does not depend on the order of its terms.
///
/// Idea: the real line of exponents is cut into fixed digits of 32 bits. Every finite term is cut
/// into the (at most three) digits it touches; the accumulator keeps the kDigits highest digits
/// seen so far as 64-bit integers and never carries between them, so what a kept digit holds
/// depends only on the set of terms: adding is associative and commutative to the bit, also when
/// the window moves up because a larger term arrives. Digits below the window are dropped: the
/// error is below 2^-95 of the largest |term| per term, so the rounded result is the correctly
/// rounded sum unless cancellation exceeds 95 bits. Terms that are NaN or infinite are counted apart and
/// decide the result by IEEE rules. Trivially copyable; 56 bytes or less; no memory; up to 2^31 terms.
/// Source of the idea: Demmel & Nguyen, "Parallel reproducible summation", IEEE TC 64 (2015);
/// Neal, "Fast exact summation using small and large superaccumulators" (2015).
class ExactSum {
 public:
  void add(double term) noexcept;
  void merge(const ExactSum& other) noexcept;
  /// Nearest double to the kept digits, round half to even. 0.0 for no terms.
  [[nodiscard]] double round() const noexcept;
  /// The sum as an unevaluated pair hi + lo (|lo| <= ulp(hi)/2): about 106 bits, for means, variances.
  [[nodiscard]] std::array<double, 2> round_pair() const noexcept;

 private:
  static constexpr int kDigits = 4;
  std::array<std::int64_t, kDigits> digit_{};  // digit_[0] is the highest of the window
  std::int32_t top_ = INT32_MIN;               // digit number of digit_[0]; INT32_MIN while empty
  std::uint32_t special_ = 0;                  // bit 0: NaN seen, 1: +inf, 2: -inf
};

/// Order-independent first and second moments of one variable: count, sum x, sum x^2 (with x^2
/// split exactly into a head and a tail). For two variables see ExactCoMoments.
class ExactMoments {
 public:
  void add(double x) noexcept;
  void merge(const ExactMoments& other) noexcept;
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  [[nodiscard]] double sum() const noexcept { return sum_.round(); }
  [[nodiscard]] double mean() const noexcept;  ///< NaN for no terms.
  /// (sum x^2 - (sum x)^2 / n) / (n - ddof), in extended arithmetic; NaN when n <= ddof.
  [[nodiscard]] double variance(int ddof) const noexcept;

 private:
  std::int64_t count_ = 0;
  ExactSum sum_;
  ExactSum squares_;
};

/// Order-independent joint moments of pairs (x, y).
class ExactCoMoments {
 public:
  void add(double x, double y) noexcept;
  void merge(const ExactCoMoments& other) noexcept;
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  [[nodiscard]] double covariance(int ddof) const noexcept;  ///< NaN when n <= ddof.
  [[nodiscard]] double correlation() const noexcept;         ///< NaN when either variance is zero.

 private:
  std::int64_t count_ = 0;
  ExactSum x_, y_, xx_, yy_, xy_;
};

/// Order-independent sum of a span. O(n), single thread.
[[nodiscard]] double exact_sum(std::span<const double> terms) noexcept;

}  // namespace impact
