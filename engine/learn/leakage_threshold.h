#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/scored_labels.h"
#include "engine/learn/threshold.h"

namespace impact {

/// One number on the rows that chose the threshold, and what is left of it.
struct ThresholdMetric {
  std::string name = {};  ///< "f1", "precision", "recall", "accuracy", "balanced_accuracy"
  double reported = std::numeric_limits<double>::quiet_NaN();  ///< At the threshold, on all rows.
  double nested = std::numeric_limits<double>::quiet_NaN();  ///< Chosen on other rows of the same.
  double optimism = std::numeric_limits<double>::quiet_NaN();  ///< reported less nested.
};

struct TunedThreshold {
  double threshold = std::numeric_limits<double>::quiet_NaN();  ///< That the report uses.
  double best = std::numeric_limits<double>::quiet_NaN();  ///< That the rule chooses on these rows.
  /// Rows that the two call differently; 0: the report's threshold is the one these rows choose.
  std::int64_t differently = 0;
  double lowest = std::numeric_limits<double>::quiet_NaN();   ///< Of the thresholds that parts of
  double highest = std::numeric_limits<double>::quiet_NaN();  ///< the rows choose.
  std::vector<ThresholdMetric> metrics = {};
  std::int64_t n = 0;
  bool alarm = false;
  std::string text = {};
  std::vector<std::string> warnings = {};
};

struct TunedThresholdSpec {
  ThresholdSpec rule = {};
  /// The threshold that was reported; NaN: the one that the rule chooses on these rows.
  double threshold = std::numeric_limits<double>::quiet_NaN();
  int folds = 10;
  int repeats = 20;
};

/// Was the threshold tuned on the rows it is judged by? The report's threshold is compared with the
/// one that the rule chooses on its rows: where both call every row alike, the rows have chosen it
/// (or might as well have), and the metrics flatter. By how much is estimated by choosing on
/// folds - 1 parts of the rows (stratified by class) and judging the part left out, pooled over the
/// parts and averaged over `repeats` draws; the scores stay as they are. Rows of a part whose other
/// rows allow no threshold are left out. Throws ArgumentError for fewer than 2 folds or 1 repeat
/// and as choose_threshold(). Source: Varma & Simon, "Bias in error estimation when using
/// cross-validation for model selection", BMC Bioinformatics 7 (2006).
[[nodiscard]] TunedThreshold find_tuned_threshold(const ScoredLabels& data, StreamKey key,
                                                  const TunedThresholdSpec& spec = {});

}  // namespace impact
