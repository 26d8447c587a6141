#include "engine/core/exact_sum.h"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>
#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"

using impact::ExactCoMoments;
using impact::ExactMean;
using impact::ExactMoments;
using impact::ExactSum;
using impact::Stream;
using impact::StreamKey;

namespace {

using Integer = boost::multiprecision::cpp_int;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

// The independent oracle: everything is an integer multiple of 2^-1074.
Integer exact(double value) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  Integer result(static_cast<std::int64_t>(std::ldexp(fraction, 53)));
  const int shift = exponent - 53 + 1074;
  if (shift >= 0) return result << shift;
  return result >> -shift;  // a subnormal: the bits shifted out are zero
}

// numerator / denominator * 2^unit to the nearest double, half to even.
double nearest(Integer numerator, const Integer& denominator, int unit) {
  if (numerator == 0) return 0.0;
  const bool negative = numerator < 0;
  if (negative) numerator = -numerator;
  const int extra = 128 + static_cast<int>(msb(denominator));
  numerator <<= extra;
  Integer quotient = numerator / denominator;
  if (quotient * denominator != numerator)
    quotient = (quotient << 1) | 1;
  else
    quotient <<= 1;
  const int bottom = unit - extra - 1;
  const int lowest = std::max(bottom + static_cast<int>(msb(quotient)) - 52, -1074);
  const int drop = lowest - bottom;
  const Integer kept = quotient >> drop;
  const Integer rest = quotient - (kept << drop);
  const Integer half = Integer(1) << (drop - 1);
  auto mantissa = static_cast<std::uint64_t>(kept);
  if (rest > half || (rest == half && (mantissa & 1U) != 0)) ++mantissa;
  const double size = std::ldexp(static_cast<double>(mantissa), lowest);
  return negative ? -size : size;
}

Integer oracle_total(const std::vector<double>& terms) {
  Integer total = 0;
  for (const double term : terms) total += exact(term);
  return total;
}

double oracle_sum(const std::vector<double>& terms) {
  return nearest(oracle_total(terms), 1, -1074);
}

double oracle_covariance(const std::vector<double>& x, const std::vector<double>& y, int ddof) {
  Integer xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) xy += exact(x[i]) * exact(y[i]);
  const Integer n = x.size();
  const Integer top = n * xy - oracle_total(x) * oracle_total(y);
  return nearest(top, n * (n - ddof), -2148);
}

ExactMoments moments_of(const std::vector<double>& terms) {
  ExactMoments moments;
  for (const double term : terms) moments.add(term);
  return moments;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

double random_double(Stream& stream, int low, int high) {
  const double fraction = stream.uniform(-1.0, 1.0);
  return std::ldexp(fraction, static_cast<int>(stream.integer(low, high)));
}

std::vector<double> random_terms(Stream& stream, std::size_t n, int low, int high) {
  std::vector<double> terms(n);
  for (double& term : terms) term = random_double(stream, low, high);
  return terms;
}

// Distance in units in the last place of `right`.
double ulps(double got, double right) {
  if (got == right) return 0.0;
  const double step = std::nextafter(std::fabs(right), kInf) - std::fabs(right);
  return std::fabs(got - right) / step;
}

}  // namespace

TEST_CASE("exact sum: by hand") {
  CHECK(impact::exact_sum({}) == 0.0);
  const std::vector<double> tenths(10, 0.1);
  CHECK(impact::exact_sum(tenths) == 1.0);
  const std::vector<double> lost = {1.0, 1e45, 1.0, -1e45};
  CHECK(impact::exact_sum(lost) == 0.0);  // 1 lies 149 bits below 1e45: beyond the window
  const std::vector<double> kept = {1.0, 1e25, 1.0, -1e25};
  CHECK(impact::exact_sum(kept) == 2.0);
  const std::vector<double> zeros = {-0.0, -0.0};
  CHECK(same_bits(impact::exact_sum(zeros), 0.0));
}

TEST_CASE("exact sum: ties go to even and a bit beyond a tie decides it") {
  const double half_ulp = 0x1p-53;
  CHECK(impact::exact_sum(std::vector<double>{1.0, half_ulp}) == 1.0);
  CHECK(impact::exact_sum(std::vector<double>{1.0 + 0x1p-52, half_ulp}) == 1.0 + 0x1p-51);
  CHECK(impact::exact_sum(std::vector<double>{1.0, half_ulp, 0x1p-90}) == 1.0 + 0x1p-52);
  CHECK(impact::exact_sum(std::vector<double>{-1.0, -half_ulp, -0x1p-90}) == -1.0 - 0x1p-52);
}

TEST_CASE("exact sum: partial sums beyond the range of double") {
  CHECK(impact::exact_sum(std::vector<double>{1e308, 1e308, -1e308}) == 1e308);
  CHECK(impact::exact_sum(std::vector<double>{kMax, kMax}) == kInf);
  CHECK(impact::exact_sum(std::vector<double>{-kMax, -kMax}) == -kInf);
  CHECK(impact::exact_sum(std::vector<double>{kMax, kMax, -kMax, -kMax, 1e300}) == 1e300);
}

TEST_CASE("exact sum: NaN and infinities follow IEEE rules") {
  CHECK(impact::exact_sum(std::vector<double>{1.0, kInf, 2.0}) == kInf);
  CHECK(impact::exact_sum(std::vector<double>{-kInf, -kInf, kMax}) == -kInf);
  CHECK(std::isnan(impact::exact_sum(std::vector<double>{kInf, -kInf})));
  CHECK(std::isnan(impact::exact_sum(std::vector<double>{kNaN, 1.0})));
  ExactSum sum;
  sum.add(kInf);
  CHECK(sum.round_pair() == std::array<double, 2>{kInf, 0.0});
}

TEST_CASE("exact sum: subnormals are exact") {
  std::vector<double> terms(1001, kTiny);
  CHECK(impact::exact_sum(terms) == 1001 * kTiny);
  terms.assign({0x1p-1022, -kTiny, -kTiny});
  CHECK(impact::exact_sum(terms) == 0x1p-1022 - 2 * kTiny);
  Stream stream(StreamKey::root(3).child("subnormal"));
  for (int repeat = 0; repeat < 200; ++repeat) {
    const auto random = random_terms(stream, 50, -1073, -1000);
    CHECK(same_bits(impact::exact_sum(random), oracle_sum(random)));
  }
}

TEST_CASE("exact sum: correctly rounded against integer arithmetic") {
  Stream stream(StreamKey::root(3).child("random"));
  for (int repeat = 0; repeat < 400; ++repeat) {
    const int centre = static_cast<int>(stream.integer(-1000, 980));
    // Spread of 43 bits and 53 of fraction: every bit lies within 96 of the leading one.
    const auto terms = random_terms(stream, 1 + stream.below(200), centre, centre + 40);
    CHECK(same_bits(impact::exact_sum(terms), oracle_sum(terms)));
  }
}

TEST_CASE("exact sum: ill-conditioned sums lose nothing within the window") {
  // As in Ogita, Rump & Oishi (2005): terms of growing size, then the negated exact remainder, so
  // that all but the last bits cancel.
  Stream stream(StreamKey::root(3).child("ill-conditioned"));
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<double> terms = random_terms(stream, 40, 0, 30);
    for (int i = 0; i < 3; ++i) terms.push_back(-oracle_sum(terms));
    terms.push_back(random_double(stream, -30, -28));
    stream.shuffle(terms);
    double naive = 0.0;
    for (const double term : terms) naive += term;
    const double right = oracle_sum(terms);
    CHECK(std::fabs(naive) < 1.0);
    CHECK(same_bits(impact::exact_sum(terms), right));
  }
}

TEST_CASE("exact sum: any exponents, error below 2^-96 of the largest term per term") {
  Stream stream(StreamKey::root(3).child("wide"));
  for (int repeat = 0; repeat < 200; ++repeat) {
    const auto terms = random_terms(stream, 100, -1070, 1020);
    double largest = 0.0;
    for (const double term : terms) largest = std::max(largest, std::fabs(term));
    ExactSum sum;
    for (const double term : terms) sum.add(term);
    const auto [high, low] = sum.round_pair();
    const Integer error = abs(exact(high) + exact(low) - oracle_total(terms));
    // The pair itself drops what is below half an ulp of its second part, 2^-106 of the sum.
    CHECK(error * (Integer(1) << 96) <= exact(largest) * 101);
  }
}

TEST_CASE("exact sum: the same bits for any order and any merge tree") {
  Stream stream(StreamKey::root(3).child("order"));
  for (int repeat = 0; repeat < 100; ++repeat) {
    auto terms = random_terms(stream, 64, -300, 300);
    terms.push_back(0.0);
    const double right = impact::exact_sum(terms);
    ExactSum whole;
    for (const double term : terms) whole.add(term);
    stream.shuffle(terms);
    CHECK(same_bits(impact::exact_sum(terms), right));
    std::vector<ExactSum> parts(7);
    for (const double term : terms) parts[stream.below(6)].add(term);  // the last stays empty
    stream.shuffle(parts);
    while (parts.size() > 1) {
      const std::size_t into = stream.below(parts.size() - 1);
      parts[into].merge(parts.back());
      parts.pop_back();
    }
    CHECK(parts[0].round_pair() == whole.round_pair());
  }
}

TEST_CASE("exact sum: merging with itself doubles") {
  ExactSum sum;
  for (const double term : {1.5, -0.25, 1e10}) sum.add(term);
  sum.merge(sum);
  CHECK(sum.round() == 2 * (1.25 + 1e10));
}

TEST_CASE("exact sum: a million equal terms") {
  ExactSum sum;
  for (int i = 0; i < 1'000'000; ++i) sum.add(0.1);
  CHECK(sum.round() == nearest(exact(0.1) * 1'000'000, 1, -1074));
  const auto [high, low] = sum.round_pair();
  CHECK(exact(high) + exact(low) == exact(0.1) * 1'000'000);
}

TEST_CASE("exact moments: by hand") {
  const ExactMoments moments = moments_of({2, 4, 4, 4, 5, 5, 7, 9});
  CHECK(moments.count() == 8);
  CHECK(moments.sum() == 40.0);
  CHECK(moments.mean() == 5.0);
  CHECK(moments.variance(0) == 4.0);
  CHECK(moments.variance(1) == 32.0 / 7.0);
}

TEST_CASE("exact moments: too few terms, NaN and infinities") {
  CHECK(std::isnan(ExactMoments().mean()));
  CHECK(std::isnan(ExactMoments().variance(0)));
  CHECK(std::isnan(moments_of({3.0}).variance(1)));
  CHECK(moments_of({3.0}).variance(0) == 0.0);
  CHECK(moments_of({3.0, kInf}).mean() == kInf);
  CHECK(std::isnan(moments_of({3.0, kInf}).variance(1)));
  CHECK(std::isnan(moments_of({3.0, kNaN}).mean()));
}

TEST_CASE("exact moments: equal values have no variance at all") {
  CHECK(moments_of(std::vector<double>(1000, 0.1)).variance(1) == 0.0);
  CHECK(moments_of(std::vector<double>(7, 1e300)).variance(1) == 0.0);
  CHECK(moments_of(std::vector<double>(7, kTiny)).variance(1) == 0.0);
}

TEST_CASE("exact moments: NIST univariate sets with large offsets") {
  // NumAcc3 and NumAcc4 (NIST StRD): mean 1000000.2 and 10000000.2, standard deviation 0.1 exactly
  // for the decimal data; the doubles nearest to them decide the last digits.
  for (const double offset : {1e6, 1e7}) {
    std::vector<double> terms = {offset + 0.2};
    for (int i = 0; i < 500; ++i) {
      terms.push_back(offset + 0.1);
      terms.push_back(offset + 0.3);
    }
    const ExactMoments moments = moments_of(terms);
    CHECK(moments.mean() == offset + 0.2);
    CHECK(std::sqrt(moments.variance(1)) == Approx(0.1).epsilon(1e-7));
    CHECK(moments.variance(1) == oracle_covariance(terms, terms, 1));
  }
}

TEST_CASE("exact moments: correctly rounded against integer arithmetic") {
  Stream stream(StreamKey::root(3).child("moments"));
  for (int repeat = 0; repeat < 300; ++repeat) {
    const int centre = static_cast<int>(stream.integer(-400, 400));
    const int spread = static_cast<int>(stream.integer(0, 60));
    auto terms = random_terms(stream, 2 + stream.below(60), centre, centre + spread);
    const double offset = std::ldexp(1.0, centre + static_cast<int>(stream.integer(0, 50)));
    for (double& term : terms) term += offset;
    const ExactMoments moments = moments_of(terms);
    CHECK(same_bits(moments.mean(), nearest(oracle_total(terms), terms.size(), -1074)));
    for (const int ddof : {0, 1}) {
      CHECK(ulps(moments.variance(ddof), oracle_covariance(terms, terms, ddof)) <= 1.0);
    }
  }
}

TEST_CASE("exact moments: squares beyond the range of double") {
  const ExactMoments large = moments_of({1e200, 1e200, 3e200});
  CHECK(large.variance(1) == kInf);  // 1.3e400 has no double
  const ExactMoments offset = moments_of({1e160, 1e160 + 0x1p480, 1e160 - 0x1p480});
  CHECK(offset.variance(0) == oracle_covariance({1e160, 1e160 + 0x1p480, 1e160 - 0x1p480},
                                                {1e160, 1e160 + 0x1p480, 1e160 - 0x1p480}, 0));
  const std::vector<double> small = {1e-170, 3e-170, 4e-155};
  CHECK(moments_of(small).variance(1) == oracle_covariance(small, small, 1));
}

TEST_CASE("exact moments: the same bits for any order and split") {
  Stream stream(StreamKey::root(3).child("moments-order"));
  for (int repeat = 0; repeat < 50; ++repeat) {
    auto terms = random_terms(stream, 100, -200, 200);
    const ExactMoments whole = moments_of(terms);
    stream.shuffle(terms);
    std::vector<ExactMoments> parts(3);
    std::vector<ExactMean> means(3);
    for (const double term : terms) {
      const auto part = stream.below(3);
      parts[part].add(term);
      means[part].add(term);
    }
    parts[1].merge(parts[2]);
    parts[1].merge(parts[0]);
    means[1].merge(means[2]);
    means[1].merge(means[0]);
    CHECK(means[1].count() == whole.count());
    CHECK(same_bits(means[1].sum(), whole.sum()));
    CHECK(same_bits(means[1].mean(), whole.mean()));
    CHECK(parts[1].count() == whole.count());
    CHECK(same_bits(parts[1].mean(), whole.mean()));
    CHECK(same_bits(parts[1].variance(1), whole.variance(1)));
  }
}

TEST_CASE("exact co-moments: by hand, and exact proportions correlate exactly") {
  ExactCoMoments pairs;
  for (int i = 1; i <= 5; ++i) pairs.add(0.1 * i, -3.0 * (0.1 * i));
  CHECK(pairs.count() == 5);
  ExactCoMoments simple;
  for (const auto& [x, y] : {std::pair{1.0, 2.0}, {2.0, 4.0}, {3.0, 7.0}}) simple.add(x, y);
  CHECK(simple.covariance(1) == 2.5);
  CHECK(simple.correlation() == Approx(2.5 / std::sqrt(19.0 / 3.0)).epsilon(1e-15));
  ExactCoMoments line;
  for (int i = 0; i < 100; ++i) line.add(i * 0.125 + 1e6, 1e9 - i * 0.375);
  CHECK(line.correlation() == -1.0);
  ExactCoMoments flat;
  flat.add(1.0, 5.0);
  flat.add(2.0, 5.0);
  CHECK(std::isnan(flat.correlation()));
  CHECK(flat.covariance(1) == 0.0);
  CHECK(std::isnan(ExactCoMoments().correlation()));
  flat.add(kNaN, 1.0);
  CHECK(std::isnan(flat.covariance(1)));
}

TEST_CASE("exact co-moments: against integer arithmetic, in any order") {
  Stream stream(StreamKey::root(3).child("co-moments"));
  for (int repeat = 0; repeat < 200; ++repeat) {
    const std::size_t n = 3 + stream.below(40);
    const int shift = static_cast<int>(stream.integer(-300, 300));
    const auto x = random_terms(stream, n, shift, shift + 20);
    const auto y = random_terms(stream, n, -shift, -shift + 20);
    ExactCoMoments pairs;
    std::vector<ExactCoMoments> parts(2);
    for (std::size_t i = 0; i < n; ++i) pairs.add(x[i], y[i]);
    for (std::size_t i = n; i-- > 0;) parts[stream.below(2)].add(x[i], y[i]);
    const double right = oracle_covariance(x, y, 1);
    CHECK(same_bits(pairs.covariance(1), right));
    const double scale =
        std::sqrt(oracle_covariance(x, x, 1)) * std::sqrt(oracle_covariance(y, y, 1));
    CHECK(pairs.correlation() == Approx(right / scale).epsilon(4e-15).margin(1e-17));
    parts[1].merge(parts[0]);
    CHECK(same_bits(parts[1].covariance(1), right));
    CHECK(same_bits(parts[1].correlation(), pairs.correlation()));
  }
}
