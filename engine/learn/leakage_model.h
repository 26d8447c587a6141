#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/feature_columns.h"
#include "engine/learn/folds.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Whether one line of one column does what the model does.
struct OneRuleComparison {
  std::string column = {};  ///< Chosen in most folds; earlier columns first among equals.
  std::string rule = {};    ///< Its best rule on all rows: "views > 9998".
  double rule_accuracy = std::numeric_limits<double>::quiet_NaN();  ///< On rows it did not see.
  double model_accuracy = std::numeric_limits<double>::quiet_NaN();
  double majority_accuracy = std::numeric_limits<double>::quiet_NaN();  ///< Of the larger class.
  Estimate difference = {};      ///< Accuracy of the model less that of the rule, term "accuracy".
  Estimate auc_difference = {};  ///< AUC of the scores less that of the column (DeLong, paired).
  std::int64_t model_only = 0;   ///< Rows that only the model calls rightly.
  std::int64_t rule_only = 0;    ///< Rows that only the rule calls rightly.
  std::int64_t n = 0;
  bool alarm = false;
  std::string text = {};
  std::vector<std::string> warnings = {};
};

struct OneRuleSpec {
  double threshold = 0.5;  ///< The model calls rows positive whose score is at least this.
  double margin = 0.01;    ///< Accuracy that a model must gain over the rule.
  double conf_level = 0.95;
};

/// Compares the model's out-of-fold scores with a rule of one column (1R, Holte 1993): in each fold
/// of repeat 0 the column and its cut that make the fewest errors in the training rows call the
/// rows of the fold, so that neither is judged on rows it knows. `difference` is (b - c) / n, b and
/// c the rows that only one of them calls rightly, with the interval of Bonett & Price (2012) and
/// the p-value of McNemar's exact test. Alarm where the model is better than the rule by no more
/// than `margin`, and better than calling every row the larger class (one-sided exact McNemar test
/// at 5 %); a model that is not has nothing to compare and gets a warning. Rows without a label or
/// a score take no part. Throws ArgumentError for shapes that differ and a margin outside [0, 1).
/// Source: R. C. Holte, "Very simple classification rules perform well on most commonly used
/// datasets", Machine Learning 11 (1993).
[[nodiscard]] OneRuleComparison compare_one_rule(const FeatureColumns& features,
                                                 std::span<const std::int32_t> label,
                                                 std::span<const double> scores, const Folds& folds,
                                                 const OneRuleSpec& spec = {});

}  // namespace impact
