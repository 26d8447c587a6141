#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/core/digit_window.h"

namespace impact {

/// A sum of doubles that does not depend on the order of its terms.
///
/// Idea: the real line of exponents is cut into fixed digits of 32 bits. Every finite term is cut
/// into the (at most three) digits it touches; the accumulator keeps the four highest digits
/// seen so far as 64-bit integers and never carries between them, so what a kept digit holds
/// depends only on the set of terms: adding is associative and commutative to the bit, also when
/// the window moves up because a larger term arrives. Digits below the window are dropped: the
/// error is below 2^-96 of the largest |term| per term, so the result is the correctly rounded sum
/// (half to even) whenever no term has a bit below 2^-96 of the largest, and otherwise within one
/// unit in the last place unless cancellation exceeds 42 bits less log2 of the number of terms.
/// Terms that are NaN or infinite are counted apart and decide the result by IEEE rules: NaN if
/// there is a NaN or both infinities, else the infinity. A result of zero is +0.0, also when every
/// term is -0.0. Trivially copyable; 40 bytes; no memory; up to 2^31 terms. No member throws; an
/// object belongs to one thread at a time.
/// Source of the idea: Demmel & Nguyen, "Parallel reproducible summation", IEEE TC 64 (2015);
/// Neal, "Fast exact summation using small and large superaccumulators" (2015).
class ExactSum {
 public:
  void add(double term) noexcept { window_.add(term); }
  void merge(const ExactSum& other) noexcept { window_.merge(other.window_); }
  /// Nearest double to the kept digits, round half to even. 0.0 for no terms. Infinite when the sum
  /// is beyond the range of double; partial sums never overflow.
  [[nodiscard]] double round() const noexcept;
  /// The sum as an unevaluated pair hi + lo (hi = round(), |lo| <= ulp(hi)/2): about 106 bits. lo
  /// is 0 when hi is not finite.
  [[nodiscard]] std::array<double, 2> round_pair() const noexcept;

 private:
  detail::DigitWindow<4> window_;
};

/// Order-independent mean of doubles: count and sum x in six digits, so that dropped digits lie
/// 2^-159 below the largest term and the mean is correctly rounded. Special terms as in ExactSum.
/// Trivially copyable; 64 bytes; up to 2^31 terms.
class ExactMean {
 public:
  void add(double x) noexcept {
    ++count_;
    sum_.add(x);
  }
  void merge(const ExactMean& other) noexcept;
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  [[nodiscard]] double sum() const noexcept;
  [[nodiscard]] double mean() const noexcept;  ///< NaN for no terms.

 private:
  friend class ExactMoments;
  std::int64_t count_ = 0;
  detail::DigitWindow<6> sum_;
};

/// Order-independent first and second moments of one variable: count, sum x, sum x^2 (x^2 exact, in
/// 106 bits, beyond the range of double too). Both sums keep six digits, so dropped digits lie
/// 2^-159 below the largest term: means are correctly rounded and variances within one unit in the
/// last place also for values whose spread is a tiny part of their size; equal values give exactly
/// 0. The mean follows IEEE rules for NaN and infinities, variance is NaN if there are any.
/// Trivially copyable; 120 bytes; up to 2^31 terms.
class ExactMoments {
 public:
  void add(double x) noexcept {
    first_.add(x);
    squares_.add_product(x, x);
  }
  void merge(const ExactMoments& other) noexcept;
  [[nodiscard]] std::int64_t count() const noexcept { return first_.count(); }
  [[nodiscard]] double sum() const noexcept { return first_.sum(); }
  [[nodiscard]] double mean() const noexcept { return first_.mean(); }  ///< NaN for no terms.
  /// (sum x^2 - (sum x)^2 / n) / (n - ddof), rounded once; NaN when n <= ddof.
  [[nodiscard]] double variance(int ddof) const noexcept;

 private:
  ExactMean first_;
  detail::DigitWindow<6> squares_;
};

/// Order-independent joint moments of pairs (x, y), with the precision of ExactMoments. The error
/// of the covariance is relative to the largest |x| times the largest |y| (2^-127 of it at most),
/// not to the covariance. NaN when either variable has a NaN or an infinity. 288 bytes.
class ExactCoMoments {
 public:
  void add(double x, double y) noexcept;
  void merge(const ExactCoMoments& other) noexcept;
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  /// (sum x y - sum x sum y / n) / (n - ddof), rounded once; NaN when n <= ddof.
  [[nodiscard]] double covariance(int ddof) const noexcept;
  /// In [-1, 1], and exactly at the ends for exact proportions; NaN when either variance is zero.
  [[nodiscard]] double correlation() const noexcept;

 private:
  std::int64_t count_ = 0;
  detail::DigitWindow<6> x_, y_, xx_, yy_, xy_;
};

/// Order-independent sum of a span. O(n), single thread.
[[nodiscard]] double exact_sum(std::span<const double> terms) noexcept;

}  // namespace impact
