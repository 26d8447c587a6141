#include "engine/stats/normality.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "engine/core/exact_sum.h"
#include "engine/core/rng.h"
#include "engine/stats/distribution.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

Estimate start(const detail::Sample& sample, const char* method, const char* se_type,
               const std::string& term) {
  Estimate row;
  row.term = term;
  row.method = method;
  row.se_type = se_type;
  row.n = sample.n();
  return row;
}

bool usable(const detail::Sample& sample, std::int64_t least, Estimate& row) {
  detail::warn_missing(row.warnings, sample.missing);
  detail::warn_infinite(row.warnings, sample.infinite);
  if (sample.infinite > 0) return false;
  if (sample.n() < least) {
    row.warnings.push_back("too few values: " + detail::plural(sample.n(), "value", "values") +
                           ", at least " + std::to_string(least) + " needed");
    return false;
  }
  if (!sample.constant()) return true;
  row.warnings.emplace_back("all values are equal, so their shape is undefined");
  return false;
}

template <std::size_t size>
double polynomial(const std::array<double, size>& c, double x) {
  double value = 0.0;
  for (std::size_t i = size; i-- > 0;) value = value * x + c[i];
  return value;
}

// Weights of the upper half, from the largest value inwards. With m_i the normal scores at
// (i - 3/8) / (n + 1/4) and u = 1 / sqrt(n), the outermost one (n > 5: two) are polynomials in u
// added to m_i / |m|; the others are m_i / sqrt(phi), so that all have length one (Royston 1992).
std::vector<double> weights(std::size_t n) {
  if (n == 3) return {std::sqrt(0.5)};
  static constexpr std::array<double, 6> kFirst = {0.0,      0.221157, -0.147981,
                                                   -2.07119, 4.434685, -2.706056};
  static constexpr std::array<double, 6> kSecond = {0.0,       0.042981, -0.293762,
                                                    -1.752461, 5.682633, -3.582633};
  const std::size_t half = n / 2;
  const auto size = static_cast<double>(n);
  std::vector<double> a(half);
  double squares = 0.0;
  for (std::size_t i = 0; i < half; ++i) {
    a[i] = -normal_quantile((static_cast<double>(i) + 0.625) / (size + 0.25));
    squares += 2.0 * a[i] * a[i];
  }
  const double u = 1.0 / std::sqrt(size);
  const double length = std::sqrt(squares);
  const double first = polynomial(kFirst, u) + a[0] / length;
  double rest = squares - 2.0 * a[0] * a[0];
  double room = 1.0 - 2.0 * first * first;
  std::size_t begin = 1;
  if (n > 5) {
    const double second = polynomial(kSecond, u) + a[1] / length;
    rest -= 2.0 * a[1] * a[1];
    room -= 2.0 * second * second;
    a[1] = second;
    begin = 2;
  }
  a[0] = first;
  const double scale = std::sqrt(rest / room);
  for (std::size_t i = begin; i < half; ++i) a[i] /= scale;
  return a;
}

// Royston (1995): 4 <= n <= 11, -log(g - log(1 - W)) is normal; above, log(1 - W) is, with mean and
// log sd polynomials in n or log n. n = 3 is exact.
double shapiro_p(double w, double complement, double n) {
  if (n == 3.0) {
    const double pi = std::acos(-1.0);
    return std::max(0.0, 6.0 / pi * (std::asin(std::sqrt(w)) - std::asin(std::sqrt(0.75))));
  }
  static constexpr std::array<double, 4> kMeanSmall = {0.544, -0.39978, 0.025054, -6.714e-4};
  static constexpr std::array<double, 4> kSdSmall = {1.3822, -0.77857, 0.062767, -0.0020322};
  static constexpr std::array<double, 4> kMean = {-1.5861, -0.31082, -0.083751, 0.0038915};
  static constexpr std::array<double, 3> kSd = {-0.4803, -0.082676, 0.0030302};
  double y = std::log(complement);
  if (n <= 11.0) {
    const double bound = -2.273 + 0.459 * n;
    if (y >= bound) return 0.0;
    y = -std::log(bound - y);
    return normal_upper((y - polynomial(kMeanSmall, n)) / std::exp(polynomial(kSdSmall, n)));
  }
  const double x = std::log(n);
  return normal_upper((y - polynomial(kMean, x)) / std::exp(polynomial(kSd, x)));
}

// log Phi(z); beyond where Phi has no digits, its expansion -z^2/2 - log(-z sqrt(2 pi)) - 1/z^2.
double log_normal_cdf(double z) {
  if (z > -30.0) return std::log(normal_cdf(z));
  return -0.5 * z * z - std::log(-z * std::sqrt(2.0 * std::acos(-1.0))) - 1.0 / (z * z);
}

}  // namespace

// W = (sum a_i x_(i))^2 / sum (x - mean)^2, as 1 - (1 - W) with
// 1 - W = (|d| - a'd) (|d| + a'd) / |d|^2, d = x - mean and |a| = 1.
Estimate shapiro_wilk(std::span<const double> values, const std::string& term) {
  const detail::Sample sample = detail::sorted_sample(values);
  Estimate row = start(sample, "shapiro_wilk", "royston", term);
  if (!usable(sample, 3, row)) return row;
  constexpr std::int64_t kMost = 5000;
  if (row.n > kMost) {
    row.warnings.emplace_back("more than 5000 values: the p-value was never fitted to so many");
    return row;
  }
  const auto& x = sample.values;
  const std::vector<double> a = weights(x.size());
  // In parts of the range, which cannot overflow.
  const double range = x.back() - x.front();
  if (std::isinf(range)) {
    row.warnings.emplace_back("the range of the values is beyond that of numbers");
    return row;
  }
  std::vector<double> scaled;
  for (const double value : x) scaled.push_back((value - x.front()) / range);
  ExactMoments moments;
  for (const double value : scaled) moments.add(value);
  const double length = std::sqrt(moments.variance(0) * static_cast<double>(row.n));
  double product = 0.0, own = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product += a[i] * (scaled[scaled.size() - 1 - i] - scaled[i]);
    own += 2.0 * a[i] * a[i];
  }
  product /= std::sqrt(own);
  const double complement =
      std::max(0.0, (length - product) * (length + product) / (length * length));
  row.statistic = row.estimate = 1.0 - complement;
  row.p_value = std::min(1.0, shapiro_p(row.statistic, complement, static_cast<double>(row.n)));
  return row;
}

// A^2 = -n - sum (2 i - 1) (log Phi(z_(i)) + log(1 - Phi(z_(n+1-i)))) / n.
Estimate anderson_darling(std::span<const double> values, const std::string& term) {
  const detail::Sample sample = detail::sorted_sample(values);
  Estimate row = start(sample, "anderson_darling", "stephens", term);
  if (!usable(sample, 8, row)) return row;
  const auto& x = sample.values;
  ExactMoments moments;
  for (const double value : x) moments.add(value);
  const double mean = moments.mean();
  const double sd = std::sqrt(moments.variance(1));
  const auto n = static_cast<double>(row.n);
  ExactSum sum;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double z = (x[i] - mean) / sd;
    const double mirrored = (x[x.size() - 1 - i] - mean) / sd;
    const double factor = 2.0 * static_cast<double>(i) + 1.0;
    sum.add(factor * (log_normal_cdf(z) + log_normal_cdf(-mirrored)));
  }
  const double a2 = -n - sum.round() / n;
  row.statistic = row.estimate = a2;
  const double s = std::min(10.0, a2 * (1.0 + 0.75 / n + 2.25 / (n * n)));
  row.p_value = s < 0.2    ? -std::expm1(-13.436 + 101.14 * s - 223.73 * s * s)
                : s < 0.34 ? -std::expm1(-8.318 + 42.796 * s - 59.938 * s * s)
                : s < 0.6  ? std::exp(0.9177 - 4.279 * s - 1.38 * s * s)
                           : std::exp(1.2937 - 5.709 * s + 0.0186 * s * s);
  return row;
}

}  // namespace impact
