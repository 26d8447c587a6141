#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace impact {

/// One number that describes a sample. Missing values (NaN) are left out and counted. A number that
/// is not defined is NaN and a warning says why; bits do not depend on the order of the values.
struct Descriptive {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;        ///< Values used.
  std::int64_t missing = 0;  ///< Values left out: NaN (or the weight is).
  std::vector<std::string> warnings = {};
};

/// Which skewness and kurtosis, with m_k the central moments over n (Joanes & Gill 1998):
enum class MomentType {
  kPopulation,  ///< g1 = m3 / m2^(3/2), g2 = m4 / m2^2 - 3 (their type 1).
  kUnbiased,    ///< G1, G2: unbiased in normal samples (type 2; SAS, Excel, pandas).
  kSample,      ///< b1, b2: the sd with n - 1 below (type 3; Minitab, BMDP).
};

/// Moments. An infinite value makes them undefined. Mean and variance are correctly rounded.
[[nodiscard]] Descriptive sample_mean(std::span<const double> values);
[[nodiscard]] Descriptive sample_variance(std::span<const double> values);  ///< n - 1 below.
[[nodiscard]] Descriptive sample_sd(std::span<const double> values);
[[nodiscard]] Descriptive sample_skewness(std::span<const double> values,
                                          MomentType type = MomentType::kUnbiased);
/// Excess kurtosis: 0 for the normal.
[[nodiscard]] Descriptive sample_kurtosis(std::span<const double> values,
                                          MomentType type = MomentType::kUnbiased);

/// Quantile by one of the nine definitions of Hyndman & Fan (1996): 1-3 are steps (2 averages at
/// them), 4-9 interpolate; 7 is the usual default, 8 nearly unbiased for the median. Infinite
/// values are values like others. p is clamped by no one: outside [0, 1] throws ArgumentError, as
/// does another type.
[[nodiscard]] Descriptive sample_quantile(std::span<const double> values, double p, int type = 7);
[[nodiscard]] Descriptive sample_median(std::span<const double> values);
/// 75 % less 25 % quantile.
[[nodiscard]] Descriptive sample_iqr(std::span<const double> values, int type = 7);
/// constant * median |x - median|; the default estimates the sd of a normal.
[[nodiscard]] Descriptive sample_mad(std::span<const double> values, double constant = 1.4826);

/// Mean without the floor(n trim) smallest and as many largest values; trim = 0.5 is the median.
/// Throws ArgumentError unless 0 <= trim <= 0.5.
[[nodiscard]] Descriptive trimmed_mean(std::span<const double> values, double trim);
/// The same number of values at each end is replaced by the next one inwards.
[[nodiscard]] Descriptive winsorised_mean(std::span<const double> values, double trim);

/// Qn, the floor(n / 2 + 1) over 2-th smallest distance of two values over sqrt(2) z(5/8), with the
/// factors for small samples of Croux & Rousseeuw (1992): a robust sd of 82 % efficiency in normal
/// samples that needs no centre (Rousseeuw & Croux 1993). O(n log n); infinite values make it
/// undefined.
[[nodiscard]] Descriptive sample_qn(std::span<const double> values);

/// Variance of values that are weighted down with their distance from the median M (Lax 1985), with
/// u = (x - M) / (c MAD), MAD not scaled, sums over |u| < 1:
///   n sum (x - M)^2 (1 - u^2)^4 / (sum (1 - u^2) (1 - 5 u^2))^2.
/// Undefined where MAD is 0. Throws ArgumentError unless c > 0.
[[nodiscard]] Descriptive biweight_midvariance(std::span<const double> values, double c = 9.0);

/// Huber's (1964) location: the m at which sum min(max((x - m) / s, -k), k) = 0, s the MAD scaled
/// by 1.4826. Where s is 0 the median, with a warning. Throws ArgumentError unless k > 0.
[[nodiscard]] Descriptive huber_location(std::span<const double> values, double k = 1.5);

/// What a weight stands for.
enum class WeightKind {
  kFrequency,    ///< That many equal rows: variance sum w (x - m)^2 / (W - 1).
  kReliability,  ///< Precision or inverse probability: ... / (W - sum w^2 / W).
};

/// Rows of weight 0 do not count. Throws ArgumentError when lengths differ or a weight is negative
/// or infinite; a missing weight leaves its row out.
[[nodiscard]] Descriptive weighted_mean(std::span<const double> values,
                                        std::span<const double> weights);
[[nodiscard]] Descriptive weighted_variance(std::span<const double> values,
                                            std::span<const double> weights,
                                            WeightKind kind = WeightKind::kReliability);
/// Smallest value whose cumulative weight reaches p W, averaged with the next value where it is
/// reached exactly: for whole weights the quantile of type 2 of the repeated rows.
[[nodiscard]] Descriptive weighted_quantile(std::span<const double> values,
                                            std::span<const double> weights, double p);

/// Rules for outliers; a value outside [low, high] is one.
enum class OutlierRule {
  kTukey,      ///< q25 - k IQR, q75 + k IQR (Tukey 1977; k = 1.5).
  kMedianIqr,  ///< median -+ k IQR.
  kMad,        ///< median -+ k MAD, MAD scaled by 1.4826 (Leys et al. 2013; k = 3).
};

struct Outliers {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  std::int64_t below = 0;
  std::int64_t above = 0;
  std::int64_t n = 0;
  std::int64_t missing = 0;
  std::vector<std::string> warnings = {};
};

/// Quartiles are of type 7. k >= 0, else ArgumentError. Infinite values count as values.
[[nodiscard]] Outliers find_outliers(std::span<const double> values,
                                     OutlierRule rule = OutlierRule::kTukey, double k = 1.5);

}  // namespace impact
