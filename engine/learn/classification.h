#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/scored_labels.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Rows by what they were called and what they are; sums of weights, or numbers of rows.
struct ConfusionMatrix {
  double true_positive = 0.0;
  double false_positive = 0.0;
  double true_negative = 0.0;
  double false_negative = 0.0;
  double weight_squares = 0.0;   ///< Sum of squared weights; without weights, the rows.
  std::int64_t n = 0;            ///< Rows.
  std::int64_t missing = 0;      ///< Rows left out: no label or no weight,
  std::int64_t unpredicted = 0;  ///< no score.

  [[nodiscard]] double total() const {
    return true_positive + false_positive + true_negative + false_negative;
  }
};

/// Positive where score >= threshold; infinity calls nothing positive. Throws ArgumentError for a
/// NaN threshold, else as detail::used_rows.
[[nodiscard]] ConfusionMatrix confusion_matrix(const ScoredLabels& data, double threshold);

/// The same of rows that have been called already: 1 positive, 0 negative, below 0 missing.
[[nodiscard]] ConfusionMatrix confusion_matrix(std::span<const std::int32_t> called,
                                               std::span<const std::int32_t> label,
                                               std::span<const double> weights = {});

struct ClassificationSpec {
  double beta = 1.0;  ///< Recall counts beta times as much as precision in "f_beta". > 0.
  double conf_level = 0.95;
};

/// What follows from the four numbers TP, FP, TN, FN, in this order by `term`:
///   accuracy            (TP + TN) / all
///   balanced_accuracy   (recall + specificity) / 2
///   precision           TP / (TP + FP)
///   recall              TP / (TP + FN), also called sensitivity
///   specificity         TN / (TN + FP)
///   negative_value      TN / (TN + FN), negative predictive value
///   prevalence          (TP + FN) / all
///   f1                  2 TP / (2 TP + FP + FN)
///   f_beta              (1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP); only where beta is not 1
///   mcc                 (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)) (Matthews);
///                       NaN, 0 / 0, where rows or calls are of one class (scikit-learn says 0)
///   kappa               (accuracy - chance) / (1 - chance) (Cohen 1960)
/// Shares have the interval of Wilson (1927); with weights its n is n (sum w)^2 / (N sum w^2), N
/// all rows' weight and n the share's (Kish 1965). f1 = 2 J / (1 + J) takes its interval from the
/// share J = TP / (TP + FP + FN); balanced accuracy combines those of its two shares (Zou & Donner
/// 2008). f_beta, mcc and kappa have the error of the delta method and a normal interval, cut at
/// the ends of their range (kappa: Fleiss, Cohen & Everitt 1969); where all calls are right it has
/// no width. A number whose denominator is 0 is NaN with a warning in its row, never 0. method
/// "confusion_matrix". Throws ArgumentError for negative, infinite or NaN counts, beta and
/// conf_level.
[[nodiscard]] std::vector<Estimate> classification_scores(const ConfusionMatrix& matrix,
                                                          const ClassificationSpec& spec = {});

namespace detail {
/// Wilson's interval of the share p of n trials, n any number > 0.
struct ShareLimits {
  double low = 0.0;
  double high = 1.0;
};
[[nodiscard]] ShareLimits wilson_limits(double p, double n, double conf_level);
}  // namespace detail

}  // namespace impact
