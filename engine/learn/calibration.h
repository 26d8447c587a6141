#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/learn/scored_labels.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Scores that are meant as probabilities of the positive class. A score outside [0, 1] throws
/// ArgumentError; other errors as detail::used_rows.

/// mean (p - y)^2 (Brier 1950), 0 best. std_error: sd of the rows' terms / sqrt n (weights:
/// linearised), interval: normal, cut at 0 and 1. method "brier_score".
[[nodiscard]] Estimate brier_score(const ScoredLabels& data, double conf_level = 0.95);

/// mean of -log p of what happened, 0 best; the same error. Certainty that was wrong costs
/// infinity, with a warning. method "log_loss".
[[nodiscard]] Estimate log_loss(const ScoredLabels& data, double conf_level = 0.95);

enum class CalibrationBins {
  kEqualWidth,  ///< (0, 1/k], (1/k, 2/k], ...; 0 belongs to the first.
  kEqualCount,  ///< Between the quantiles (type 7) of the probabilities; equal ones stay together.
};

struct CalibrationSpec {
  CalibrationBins bins = CalibrationBins::kEqualWidth;
  int count = 10;  ///< Bins; those without rows are left out.
  double conf_level = 0.95;
};

struct CalibrationBin {
  double low = 0.0;  ///< Ends of the bin; low belongs to the bin below.
  double high = 0.0;
  std::int64_t n = 0;             ///< Rows.
  double weight = 0.0;            ///< Their weight.
  double mean_probability = 0.0;  ///< What was said.
  double observed = 0.0;          ///< What happened: share of positives, Wilson interval.
  double conf_low = 0.0;
  double conf_high = 0.0;
};

struct Calibration {
  std::vector<CalibrationBin> bins = {};
  /// sum over bins of weight share |observed - mean_probability| (Naeini et al. 2015): depends on
  /// the bins and is above 0 by chance alone.
  double expected_error = std::numeric_limits<double>::quiet_NaN();
  double largest_error = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// Throws ArgumentError for count < 1 too. Bins of equal count make expected_error the adaptive one
/// (Nguyen & O'Connor 2015).
[[nodiscard]] Calibration calibration(const ScoredLabels& data, const CalibrationSpec& spec = {});

/// Calibration by logistic regression of what happened on log(p / (1 - p)) (Cox 1958; Miller, Hui &
/// Tierney 1991), in this order by `term`:
///   calibration_slope         b of a + b log(p / (1 - p)); 1: well spread, below 1: too extreme
///   calibration_intercept     a beside it
///   calibration_in_the_large  a with b = 1 held: 0: right on the whole
///   calibration_ratio         share that happened / mean probability, 1 best, interval on its
///                             logarithm
///   spiegelhalter             sum (y - p)(1 - 2p) / sum (1 - 2p)^2, what the Brier score is off by
///                             chance of the outcomes; its z test (Spiegelhalter 1986)
/// null_value: what calibrated probabilities have, which statistic and p_value test (normal).
/// Errors: of the fit (with weights HC0). Rows with probability 0 or 1 have no logit: the first
/// three leave them out with a warning. method "logistic_recalibration", "calibration_ratio",
/// "spiegelhalter".
[[nodiscard]] std::vector<Estimate> calibration_line(const ScoredLabels& data,
                                                     double conf_level = 0.95);

namespace detail {
/// Rows that count. Throws ArgumentError where a score is no probability, else as used_rows.
[[nodiscard]] UsedRows used_probabilities(const ScoredLabels& data);
}  // namespace detail

}  // namespace impact
