#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/stats/estimate.h"
#include "engine/stats/linear.h"

namespace impact {

/// What may be wrong with a regression by least squares. The data are those of linear(): rows with
/// a missing or infinite number, and those of weight 0, do not count. Clusters say nothing here and
/// are not looked at; absorbed factors throw ArgumentError: give their dummies. With weights,
/// residuals enter times the root of their weight. O(rows columns^2), parallel over chunks, same
/// bits on any number of threads; no matrix of rows x rows.

/// How much single rows weigh. One number a row of the data; NaN for rows that do not count, and
/// where a row of leverage 1 leaves nothing to compare. Belsley, Kuh & Welsch (1980, ch. 2); Cook
/// (1977). With e_i the residual times the root of its weight, h_i the leverage, k the rank,
/// s^2 = e'e / (n - k) and s_i^2 that of the fit without the row:
struct Influence {
  std::vector<double> residual = {};        ///< y_i - fitted, in units of the outcome.
  std::vector<double> leverage = {};        ///< h_i; they sum to k.
  std::vector<double> standardised = {};    ///< e_i / (s sqrt(1 - h_i)).
  std::vector<double> studentised = {};     ///< e_i / (s_i sqrt(1 - h_i)): t with n - k - 1 df.
  std::vector<double> cooks_distance = {};  ///< standardised^2 h_i / (1 - h_i) / k.
  std::vector<double> dffits = {};          ///< studentised sqrt(h_i / (1 - h_i)).
  /// Change of each coefficient that the row makes, over s_i times the root of its diagonal entry
  /// of (X'X)^-1: rows x columns, column by column, NaN for dropped columns. Empty unless asked.
  std::vector<double> dfbetas = {};
  double residual_sd = std::numeric_limits<double>::quiet_NaN();  ///< s.
  std::int64_t n = 0;
  std::int64_t rank = 0;
  std::vector<std::string> warnings = {};
};

[[nodiscard]] Influence influence(const LinearData& data, bool dfbetas = false,
                                  const Context& context = {});

/// How much a term's columns are explained by the other ones.
struct Inflation {
  std::size_t term = 0;
  std::int64_t df = 0;  ///< Columns of it.
  /// det(R_own) det(R_other) / det(R) of the correlations of the regressors (Fox & Monette 1992);
  /// for a single column the variance inflation factor 1 / (1 - R^2).
  double gvif = std::numeric_limits<double>::quiet_NaN();
  double per_df = std::numeric_limits<double>::quiet_NaN();  ///< gvif^(1 / (2 df)).
};

struct Collinearity {
  std::vector<Inflation> terms = {};  ///< In order of term, without the intercept.
  /// Largest over smallest singular value of the columns, intercept too, scaled to length one and
  /// not centred (Belsley, Kuh & Welsch 1980, ch. 3): 30 and more is strong collinearity.
  double condition = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// `term` has the term of each column (DesignMatrix::term), or none: each column is one. The
/// outcome has no say but in which rows count. Dropped columns are left out, with a warning.
[[nodiscard]] Collinearity collinearity(const LinearData& data,
                                        std::span<const std::size_t> term = {},
                                        const Context& context = {});

/// A test with an F distribution.
struct FTest {
  Estimate row = {};                                      ///< df is that of the numerator.
  double df2 = std::numeric_limits<double>::quiet_NaN();  ///< df of the denominator.
};

struct ModelFit {
  double r_squared = std::numeric_limits<double>::quiet_NaN();
  /// 1 - (1 - R^2) (n - c) / (n - k), c = 1 where R^2 is about the mean, else 0.
  double adjusted_r_squared = std::numeric_limits<double>::quiet_NaN();
  /// That all coefficients but the intercept are zero: F = b'V^-1 b / q with the covariance of the
  /// fit, so the usual F with classical errors, robust (Wald) with others. df2: n - k, with
  /// clusters J - 1. term "model", method "wald", estimate R^2.
  FTest test = {};
};

[[nodiscard]] ModelFit model_fit(const LinearFit& fit);

/// Errors whose variance depends on the regressors: n R^2 of the regression of e^2 on them (Koenker
/// 1981), chi2; or with `normal` half the explained squares of e^2 / (e'e / n) (Breusch & Pagan
/// 1979, for normal errors). method "breusch_pagan", se_type "koenker" or "normal"; estimate R^2.
[[nodiscard]] Estimate breusch_pagan_test(const LinearData& data, bool normal = false,
                                          const Context& context = {});

/// White (1980): the same on regressors, their squares and products; with `fitted` on the fitted
/// values and their squares, with 2 df whatever the number of columns (Wooldridge 2013, 8-3a).
/// Throws ResourceError where the products exceed 2^28 cells. method "white", se_type "full" or
/// "fitted".
[[nodiscard]] Estimate white_test(const LinearData& data, bool fitted = false,
                                  const Context& context = {});

/// d = sum (e_t - e_(t-1))^2 / e'e, rows in order of data.time, else in that of the data. Two-sided
/// by the normal with the exact mean and variance of d for independent normal errors (Durbin &
/// Watson 1951). estimate: sum e_t e_(t-1) / e'e. method "durbin_watson".
[[nodiscard]] Estimate durbin_watson_test(const LinearData& data, const Context& context = {});

/// Ramsey's RESET (1969): F test of the powers 2 ... `highest` of the fitted values as further
/// columns. method "reset"; estimate: the share of e'e that they explain. Throws ArgumentError
/// unless highest >= 2.
[[nodiscard]] FTest reset_test(const LinearData& data, int highest = 3,
                               const Context& context = {});

/// n (skewness^2 / 6 + (kurtosis - 3)^2 / 24) of moments over n, chi2 with 2 df (Jarque & Bera
/// 1987). Missing values are left out. method "jarque_bera"; estimate: the statistic over n.
[[nodiscard]] Estimate jarque_bera_test(std::span<const double> residuals);

}  // namespace impact
