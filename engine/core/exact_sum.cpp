#include "engine/core/exact_sum.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/wide_integer.h"

namespace impact {
namespace {

using detail::DigitWindow;
using detail::WideInteger;

// Exponents of the lowest bit of digit 0 in windows of terms and in windows of products.
constexpr int kTermUnit = -1074;
constexpr int kProductUnit = 2 * kTermUnit;
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

template <int kDigits>
WideInteger total(const DigitWindow<kDigits>& window) {
  return {window.digits(), window.base()};
}

// The sum when a NaN or an infinity was among the terms.
double special_sum(std::uint32_t special) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (special == DigitWindow<4>::kPlusInfinity) return kInfinity;
  if (special == DigitWindow<4>::kMinusInfinity) return -kInfinity;
  return kNotANumber;
}

template <int kDigits>
double round_window(const DigitWindow<kDigits>& window) {
  if (window.special() != 0) return special_sum(window.special());
  return total(window).to_double(kTermUnit);
}

// n * sum xy - sum x * sum y, an exact integer but for digits that no window kept.
WideInteger scaled_covariance(std::int64_t n, const DigitWindow<6>& xy, const DigitWindow<6>& x,
                              const DigitWindow<6>& y) {
  return total(xy)
      .times(static_cast<std::uint64_t>(n))
      .minus(total(x).times(total(y)), x.base() + y.base());
}

// (n * sum xy - sum x * sum y) / (n (n - ddof)), rounded once.
double covariance_of(std::int64_t n, int ddof, const DigitWindow<6>& xy, const DigitWindow<6>& x,
                     const DigitWindow<6>& y) {
  if (n <= 0 || n <= ddof || x.special() != 0 || y.special() != 0) return kNotANumber;
  return scaled_covariance(n, xy, x, y)
      .divided_by(static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(n - ddof))
      .to_double(kProductUnit);
}

}  // namespace

double ExactSum::round() const noexcept { return round_window(window_); }

std::array<double, 2> ExactSum::round_pair() const noexcept {
  const double high = round();
  if (!std::isfinite(high)) return {high, 0.0};
  const WideInteger rest =
      total(window_).minus(WideInteger::from_double(high, kTermUnit), window_.base());
  return {high, rest.to_double(kTermUnit)};
}

void ExactMean::merge(const ExactMean& other) noexcept {
  count_ += other.count_;
  sum_.merge(other.sum_);
}

double ExactMean::sum() const noexcept { return round_window(sum_); }

double ExactMean::mean() const noexcept {
  if (count_ == 0) return kNotANumber;
  if (sum_.special() != 0) return special_sum(sum_.special());
  return total(sum_).divided_by(static_cast<std::uint64_t>(count_), 1).to_double(kTermUnit);
}

void ExactMoments::merge(const ExactMoments& other) noexcept {
  first_.merge(other.first_);
  squares_.merge(other.squares_);
}

double ExactMoments::variance(int ddof) const noexcept {
  return covariance_of(first_.count_, ddof, squares_, first_.sum_, first_.sum_);
}

void ExactCoMoments::add(double x, double y) noexcept {
  ++count_;
  x_.add(x);
  y_.add(y);
  xx_.add_product(x, x);
  yy_.add_product(y, y);
  xy_.add_product(x, y);
}

void ExactCoMoments::merge(const ExactCoMoments& other) noexcept {
  count_ += other.count_;
  x_.merge(other.x_);
  y_.merge(other.y_);
  xx_.merge(other.xx_);
  yy_.merge(other.yy_);
  xy_.merge(other.xy_);
}

double ExactCoMoments::covariance(int ddof) const noexcept {
  return covariance_of(count_, ddof, xy_, x_, y_);
}

// r = sign(c) sqrt(c^2 / (a b)) with the scaled covariance c and variances a, b as integers: exact
// proportions make c^2 and a b the same integer, hence r exactly 1.
double ExactCoMoments::correlation() const noexcept {
  if (count_ == 0 || x_.special() != 0 || y_.special() != 0) return kNotANumber;
  const WideInteger c = scaled_covariance(count_, xy_, x_, y_);
  const WideInteger a = scaled_covariance(count_, xx_, x_, x_);
  const WideInteger b = scaled_covariance(count_, yy_, y_, y_);
  if (a.is_zero() || b.is_zero()) return kNotANumber;
  constexpr int kAnyExponent = std::numeric_limits<int>::min() / 2;
  const WideInteger::Rounded top = c.times(c).rounded(0, kAnyExponent);
  const WideInteger::Rounded bottom = a.times(b).rounded(0, kAnyExponent);
  double ratio = static_cast<double>(top.mantissa) / static_cast<double>(bottom.mantissa);
  int exponent = top.exponent - bottom.exponent;
  if (exponent % 2 != 0) {
    ratio *= 2.0;
    --exponent;
  }
  const double size = std::min(1.0, std::ldexp(std::sqrt(ratio), exponent / 2));
  return c.negative() ? -size : size;
}

double exact_sum(std::span<const double> terms) noexcept {
  ExactSum sum;
  for (const double term : terms) sum.add(term);
  return sum.round();
}

}  // namespace impact
