#pragma once

#include <limits>
#include <string>
#include <vector>

#include "engine/learn/classification.h"
#include "engine/learn/scored_labels.h"

namespace impact {

/// What the threshold is to achieve.
enum class ThresholdRule {
  kYouden,          ///< Largest recall + specificity - 1 (Youden 1950).
  kMaxF,            ///< Largest F_beta.
  kLeastCost,       ///< Least FP cost_false_positive + FN cost_false_negative.
  kLeastRecall,     ///< Recall of at least `least`, the best precision there.
  kLeastPrecision,  ///< Precision of at least `least`, the best recall there.
};

/// Where the scores come from.
enum class ScoreOrigin {
  kUnknown,    ///< A warning says so.
  kOutOfFold,  ///< Each row scored by a model that did not learn from it: what a choice needs.
  kTraining,   ///< By a model that knows the rows: the choice fits its memory; a warning says so.
};

struct ThresholdSpec {
  ThresholdRule rule = ThresholdRule::kYouden;
  ScoreOrigin origin = ScoreOrigin::kUnknown;
  double beta = 1.0;                 ///< Of kMaxF.
  double cost_false_positive = 1.0;  ///< Only their ratio counts.
  double cost_false_negative = 1.0;
  double least = 0.9;  ///< Of kLeastRecall and kLeastPrecision.
  double conf_level = 0.95;
};

struct ThresholdChoice {
  /// Positive where score >= threshold. NaN: no threshold fulfils the rule.
  double threshold = std::numeric_limits<double>::quiet_NaN();
  double value = std::numeric_limits<double>::quiet_NaN();  ///< What the rule maximised or wanted.
  std::string rule = {};  ///< In words: "largest F1, chosen on out-of-fold predictions".
  ConfusionMatrix matrix = {};
  /// At the threshold, on the rows that chose it: each carries the warning that it flatters;
  /// nested_threshold gives honest ones.
  std::vector<Estimate> scores = {};
  std::vector<std::string> warnings = {};
};

/// Tries every distinct score, and for Youden and cost also "call nothing positive" (infinity); of
/// equally good ones takes the highest. Both classes are needed, else NaN with a warning. Throws
/// ArgumentError for beta <= 0, costs below 0 or both 0, least outside (0, 1]; else as
/// detail::used_rows. O(n log n).
[[nodiscard]] ThresholdChoice choose_threshold(const ScoredLabels& data,
                                               const ThresholdSpec& spec = {});

}  // namespace impact
