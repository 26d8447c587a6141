#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// Metrics by name: what a search makes best.
namespace impact {

/// A number that judges predictions of rows, and which end of it is good.
struct MetricKind {
  std::string_view name = {};
  bool higher_is_better = false;
  bool numbers = false;       ///< Judges numbers,
  bool classes = false;       ///< the probability of class 1 of two,
  bool many_classes = false;  ///< probabilities of more.
};

/// Of numbers: rmse, mae, r2, median_ae, pinball, poisson_deviance. Of classes: log_loss, brier,
/// accuracy, balanced_accuracy and, of two, auc, average_precision, f1, mcc, precision, recall,
/// specificity (called positive from 1/2 on).
[[nodiscard]] std::span<const MetricKind> metric_kinds();

struct Metric {
  const MetricKind* kind = nullptr;
  double level = 0.5;  ///< Of pinball.
};

/// By name; "pinball(0.9)" has a level. "": rmse of numbers (classes = 0), else log_loss. Throws
/// ArgumentError for a name that is none (with a suggestion), one that does not judge such
/// outcomes, and a level outside (0, 1).
[[nodiscard]] Metric metric_named(std::string_view name, std::size_t classes);

/// `prediction` as of Predictor::predict: outcome.size() rows of one number, or of `classes` where
/// there are more than two. With e = prediction - outcome and means by weight:
///   rmse sqrt(mean e^2), mae mean |e|, median_ae median |e| (the lower middle by weight),
///   r2 1 - sum w e^2 / sum w (y - mean y)^2, pinball mean max(-q e, (1 - q) e),
///   poisson_deviance mean 2 (y log(y / m) - y + m), infinite where m <= 0 or y < 0;
///   brier mean (p - y)^2 of two classes, mean sum_k (p_k - y_k)^2 of more
/// Others as in classification.h, calibration.h, roc.h and curves.h. Rows with a missing
/// prediction, outcome or weight are left out; NaN where nothing is left or the metric is
/// undefined.
[[nodiscard]] double metric_value(const Metric& metric, std::span<const double> prediction,
                                  std::span<const double> outcome, std::size_t classes,
                                  std::span<const double> weights = {});

}  // namespace impact
