#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/scored_labels.h"
#include "engine/stats/estimate.h"

namespace impact {

/// What a model of numbers leaves: outcomes and predictions of rows, of any model.
struct FittedRows {
  std::span<const double> outcome;
  std::span<const double> fitted;
  std::span<const std::int64_t> time = {};  ///< When a row was observed; none: no order.
  std::int64_t parameters = 1;  ///< Taken off the rows' number for the residuals' df, >= 1.
};

/// Rows in bins of nearly equal size by what stands on the x axis. A table of them has these
/// columns in this order.
struct BinnedMean {
  double x = 0.0;     ///< Mean of it.
  double mean = 0.0;  ///< Of what stands on the y axis, with its t interval.
  double std_error = std::numeric_limits<double>::quiet_NaN();
  double conf_low = std::numeric_limits<double>::quiet_NaN();
  double conf_high = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;
};

/// A row that lies far from the others. A table of them has these columns in this order.
struct ResidualOutlier {
  std::uint32_t row = 0;
  double outcome = 0.0;
  double fitted = 0.0;
  double studentised = 0.0;
  double p_value = 0.0;     ///< Of t with n - parameters - 1 df, two-sided.
  double bonferroni = 0.0;  ///< Times the rows, at most 1.
};

struct ResidualSpec {
  int bins = 20;             ///< Of the smooths; fewer where rows are few: at least 5 rows a bin.
  double conf_level = 0.95;  ///< Of smooths and the Q-Q band.
  double outlier_level = 0.05;  ///< Rows with a smaller Bonferroni p are outliers.
};

struct ResidualDiagnostics {
  /// Table "residuals": row, fitted, residual (outcome - fitted), studentised, scale
  /// (root of |studentised|), normal (of the Q-Q plot), qq_low, qq_high.
  std::vector<std::uint32_t> rows = {};
  std::vector<double> fitted = {};
  std::vector<double> residual = {};
  /// residual / s_i, s_i^2 = (sum e^2 - e_i^2) / (n - parameters - 1): t where errors are normal
  /// and no row pulls the model to itself (leverage is not known of a model of any kind).
  std::vector<double> studentised = {};
  std::vector<double> scale = {};
  /// Quantile of the normal at (rank - a) / (n + 1 - 2 a), a = 1/2 (n <= 10: 3/8).
  std::vector<double> normal = {};
  /// Pointwise band around line(normal): line -+ z slope / phi(x) sqrt(p (1 - p) / n) (Fox 2016).
  std::vector<double> qq_low = {};
  std::vector<double> qq_high = {};
  double qq_intercept = std::numeric_limits<double>::quiet_NaN();  ///< Line through the quartiles.
  double qq_slope = std::numeric_limits<double>::quiet_NaN();
  std::vector<BinnedMean> by_fitted = {};  ///< Residuals: should be 0 everywhere.
  std::vector<BinnedMean> by_scale = {};   ///< Their scale: should be flat.
  /// Table "tests", a row each: breusch_pagan (Koenker's), cook_weisberg (the score test for normal
  /// errors), reset, jarque_bera, and durbin_watson where there is a time. All but jarque_bera look
  /// at what is left of the outcome after a line in the fitted values, for a least-squares fit its
  /// own residuals: the variance against the fitted values, powers 2 and 3 of these, neighbours in
  /// time.
  std::vector<Estimate> tests = {};
  std::vector<ResidualOutlier> outliers = {};  ///< The furthest first.
  double residual_sd = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;
  std::vector<std::string> warnings = {};
};

/// Rows with a missing or infinite number do not count, with a warning. Throws ArgumentError for
/// lengths that differ and options out of range. Bits do not depend on threads.
/// Sources: Cook & Weisberg, "Diagnostics for heteroscedasticity in regression", Biometrika 70
/// (1983); Fox, "Applied regression analysis and generalized linear models" (2016) ch. 3, 12; see
/// engine/stats/regression_diagnostics.h for the tests.
[[nodiscard]] ResidualDiagnostics residual_diagnostics(const FittedRows& data,
                                                       const ResidualSpec& spec = {},
                                                       const Context& context = {});

struct BinaryResidualSpec {
  /// Of the binned plot; 0: floor(root n) from 100 rows, 10 from 11, else n / 2 (Gelman & Hill).
  int bins = 0;
  int groups = 10;  ///< Of Hosmer and Lemeshow, by quantiles (type 7) of the probability, >= 3.
  bool held_out = true;  ///< Rows the model was not fitted to: df = groups, else groups - 2.
};

/// Bin of the plot of Gelman & Hill; a table of them has these columns in this order.
struct BinnedResidual {
  double probability = 0.0;  ///< Mean of it.
  double residual = 0.0;     ///< Mean of label - probability.
  double bound = 0.0;        ///< 2 sd / root n: 95 % of bins should lie between -+ it.
  std::int64_t n = 0;
};

/// Group of Hosmer and Lemeshow; a table of them has these columns in this order.
struct ProbabilityGroup {
  double low = 0.0;
  double high = 0.0;
  double observed = 0.0;  ///< Positives.
  double expected = 0.0;
  std::int64_t n = 0;
};

struct BinaryResiduals {
  /// Table "residuals": row, probability, pearson, deviance.
  std::vector<std::uint32_t> rows = {};
  std::vector<double> probability = {};
  std::vector<double> pearson = {};   ///< (y - p) / sqrt(p (1 - p)).
  std::vector<double> deviance = {};  ///< sign(y - p) sqrt(-2 log of what happened).
  std::vector<BinnedResidual> bins = {};
  std::vector<ProbabilityGroup> groups = {};
  /// sum over groups (O - E)^2 / (E (1 - E / n)), chi2. method "hosmer_lemeshow"; estimate: the
  /// statistic over its df.
  Estimate hosmer_lemeshow = {};
  std::vector<std::string> warnings = {};
};

/// Scores are probabilities. Weights are refused: the statistic counts rows. Throws ArgumentError
/// for probabilities outside [0, 1] and options out of range, else as detail::used_rows.
/// Sources: Gelman & Hill, "Data analysis using regression and multilevel models" (2007) 5.6;
/// Hosmer & Lemeshow, "Goodness of fit tests for the multiple logistic regression model",
/// Communications in Statistics 9 (1980).
[[nodiscard]] BinaryResiduals binary_residuals(const ScoredLabels& data,
                                               const BinaryResidualSpec& spec = {});

}  // namespace impact
