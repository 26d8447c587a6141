#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/feature_columns.h"
#include "engine/learn/leakage.h"

namespace impact {

/// A label that is a threshold of a few features together: "likes + comments > 0.05".
struct SumRule {
  std::vector<RelationTerm> terms = {};  ///< Factors of a sum, powers of a product.
  bool product = false;
  std::string expression = {};  ///< "comments + 2 likes", "likes / views"
  std::string rule = {};        ///< "likes / views > 0.05"
  double accuracy = std::numeric_limits<double>::quiet_NaN();
  double balanced_accuracy = std::numeric_limits<double>::quiet_NaN();
  double precision = std::numeric_limits<double>::quiet_NaN();
  double recall = std::numeric_limits<double>::quiet_NaN();
  double f1 = std::numeric_limits<double>::quiet_NaN();
  std::int64_t errors = 0;         ///< Rows called wrongly, of n.
  std::int64_t single_errors = 0;  ///< Fewest that one of its columns alone makes.
  std::int64_t n = 0;
  std::string text = {};  ///< What was found, with its numbers.
};

struct SumRuleSpec {
  double limit = 0.99;         ///< Balanced accuracy that raises the alarm.
  std::size_t most_terms = 3;  ///< 2 or 3.
  /// Columns that are combined: those with the largest AUC on either side.
  std::size_t most_features = 12;
  /// Rows that the search looks at, evenly spaced; what it finds is judged by all rows.
  std::size_t most_rows = 4000;
};

struct SumRules {
  bool alarm = false;
  std::string text = {};            ///< Of the best rule.
  std::vector<SumRule> rules = {};  ///< Those that raise the alarm, fewest errors first.
  std::int64_t combinations = 0;    ///< That were tried.
  std::vector<std::string> warnings = {};
};

/// Every pair and triple of columns: sums and differences with factors 1 and -1, products and
/// ratios of columns without a negative number, and, where none of these separates the classes, the
/// weights of a logistic regression on the columns (which finds any line or plane that separates
/// them), rounded as far as that costs no row. A combination raises the alarm when the balanced
/// accuracy of its best threshold reaches the limit, it makes less than half of the errors of its
/// best column (none at all where that column reaches the limit alone), and no part of it does as
/// well. At least 20 rows in each class are needed, else chance can do it: no alarm and a warning.
/// Rows without a label are left out; a row that misses one of the columns is called negative.
/// Throws ArgumentError for shapes that differ, a limit outside (1/2, 1], most_terms outside 2 ...
/// 3 and fewer than 2 features or 100 rows allowed. Parallel over combinations, bits do not depend
/// on threads.
[[nodiscard]] SumRules find_separating_sums(const FeatureColumns& features,
                                            std::span<const std::int32_t> label,
                                            const SumRuleSpec& spec = {},
                                            const Context& context = {});

}  // namespace impact
