#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/stats/estimate.h"

namespace impact {

/// Numbers that were predicted and what came. A row that misses one of the three (NaN) is left out
/// and counted in a warning; rows of weight 0 do not count.
struct PredictedNumbers {
  std::span<const double> prediction;
  std::span<const double> outcome;
  std::span<const double> weights = {};
};

struct RegressionScoreSpec {
  std::int64_t predictors = -1;        ///< p of adjusted R2; below 0: no such row.
  std::vector<double> quantiles = {};  ///< Levels the predictions are meant for: a pinball each.
  std::vector<double> deviance_powers = {};  ///< See tweedie_deviance: a deviance and a D2 each.
  double conf_level = 0.95;
};

/// How good predictions of numbers are. With e = prediction - outcome and means by weight, one row
/// each, in this order by `term`:
///   r2                  1 - mean e^2 / mean (y - mean y)^2
///   adjusted_r2         1 - (1 - r2)(n - 1) / (n - p - 1)
///   explained_variance  1 - var e / var y: r2 without the bias
///   rmse                sqrt(mean e^2)
///   mae                 mean |e|
///   median_ae           median |e|
///   mape                mean |e / y| over the rows with y != 0; a warning counts the others
///   smape               mean 2 |e| / (|y| + |prediction|), 0 where both are 0
///   wape                mean |e| / mean |y|
///   bias                mean e, with its test against 0
///   max_error           max |e|: grows with the rows, so it has no interval
///   pinball(q)          mean max(q (y - prediction), (q - 1)(y - prediction))
///   deviance_<family>   mean deviance; "normal" for power 0, "poisson" 1, "gamma" 2,
///   "tweedie(1.5)" d2_<family>         1 - mean deviance / that of the outcomes' mean
/// Shares are shares: mape 0.1 is ten per cent. Intervals: normal; error of a mean over the rows,
/// se_type "mean", or by the delta method where a score is a function of means, "delta". rmse takes
/// the roots of the ends of mean e^2. median_ae: order statistics at 1/2 -+ z / (2 sqrt n)
/// (Woodruff 1952), "woodruff". With weights w the variance of a mean is n / (n - 1) sum (w e /
/// W)^2. Errors are those of predictions of new rows, given the model: they know nothing of another
/// training sample. What is undefined (all outcomes equal, a deviance outside its domain, infinite
/// numbers) is NaN with a warning. method "regression_scores". Throws ArgumentError for lengths
/// that differ, negative or infinite weights, levels outside (0, 1), powers in (0, 1) and
/// conf_level.
[[nodiscard]] std::vector<Estimate> regression_scores(const PredictedNumbers& data,
                                                      const RegressionScoreSpec& spec = {});

/// Deviance of one row of a Tweedie family with variance mean^power (Jorgensen 1987; Dunn & Smyth
/// 2005), NaN outside its domain:
///   power 0: (y - m)^2; 1 (Poisson): 2 (y log(y / m) - y + m), y >= 0 < m;
///   2 (gamma): 2 (log(m / y) + y / m - 1), y, m > 0; else
///   2 (max(y, 0)^(2-p) / ((1-p)(2-p)) - y m^(1-p) / (1-p) + m^(2-p) / (2-p)), m > 0 and y >= 0 for
///   1 < p < 2, y > 0 for p > 2, any y for p < 0.
[[nodiscard]] double tweedie_deviance(double outcome, double mean, double power);

}  // namespace impact
