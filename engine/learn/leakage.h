#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/feature_columns.h"
#include "engine/learn/folds.h"

namespace impact {

/// Alarms about features that know the answer: such a classifier is right for the wrong reason.
/// Each result has `alarm` and, when it is set, a sentence for the report in `text`.

/// The best call by one column alone: x > cut, x <= cut, x is missing, or x is there.
struct ColumnRule {
  std::string column = {};
  std::string rule = {};  ///< "views > 9998"; the cut is a value that occurs.
  /// Area under the ROC curve of the column over the rows that have it, 1/2 or more (a column that
  /// falls with the label is turned round); NaN without both classes.
  double auc = std::numeric_limits<double>::quiet_NaN();
  double accuracy = std::numeric_limits<double>::quiet_NaN();  ///< Of the rule, as the next four.
  double balanced_accuracy = std::numeric_limits<double>::quiet_NaN();
  double precision = std::numeric_limits<double>::quiet_NaN();
  double recall = std::numeric_limits<double>::quiet_NaN();
  std::int64_t errors = 0;  ///< Rows called wrongly, of n.
  std::int64_t n = 0;
  bool alarm = false;
  std::string text = {};  ///< "views > 9998 alone separates the classes: precision 1.000, ..."
};

struct SingleColumnSpec {
  /// Alarm where the AUC or the balanced accuracy reaches this: plain accuracy does so for any
  /// column when one class is rare. With fewer than ten rows in a class chance does it: no alarm.
  double limit = 0.99;
};

/// One a column, in their order. Of all rules the one with the largest balanced accuracy, the
/// earlier kind and the higher cut among equals. Rows without a label (below 0) are left out;
/// infinite numbers are numbers. Throws ArgumentError for shapes that differ and a limit outside
/// (1/2, 1]. O(columns rows log rows).
[[nodiscard]] std::vector<ColumnRule> single_column_rules(const FeatureColumns& features,
                                                          std::span<const std::int32_t> label,
                                                          const SingleColumnSpec& spec = {});

/// A column and its coefficient in a sum, or its power in a product.
struct RelationTerm {
  std::string column = {};
  double factor = 0.0;
};

struct ExactRelation {
  bool alarm = false;
  std::string text = {};  ///< "rate = comments + likes in all 1000 rows (largest difference 7e-15)"
  std::vector<RelationTerm> terms = {};
  double constant = 0.0;  ///< Added to a sum, multiplied with a product.
  /// Largest |difference|, in the source's units for a sum, relative for a product.
  double largest_difference = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;  ///< Rows compared: those with all numbers.
  std::vector<std::string> warnings = {};
};

struct RelationSpec {
  /// Largest difference that still counts as exact, in sds of the source (sum) or relative
  /// (product). Rounded data need more than the default.
  double tolerance = 1e-6;
};

/// Is what the label was cut from (a rate, a score; or the 0/1 label itself) a linear combination
/// of features? Least squares, terms that move it by less than the tolerance dropped, then a
/// comparison row by row. Columns that miss more than half of the rows are left out, with a
/// warning. At least ten rows more than columns are needed, else no alarm and a warning. Throws
/// ArgumentError for shapes that differ.
[[nodiscard]] ExactRelation find_exact_sum(std::span<const double> source,
                                           const FeatureColumns& features,
                                           const RelationSpec& spec = {});

/// The same for a product of powers, such as likes / views: a sum of logarithms, over the rows
/// where the source is positive and the columns that are positive in all of these.
[[nodiscard]] ExactRelation find_exact_product(std::span<const double> source,
                                               const FeatureColumns& features,
                                               const RelationSpec& spec = {});

struct FoldTwins {
  std::int64_t rows = 0;      ///< Rows with the same numbers as a row of another fold.
  std::int64_t distinct = 0;  ///< Distinct rows of features among all n.
  std::int64_t n = 0;
  double share = std::numeric_limits<double>::quiet_NaN();  ///< rows / n.
  std::uint32_t example[2] = {0, 0};                        ///< The first such pair of rows.
  bool alarm = false;
  std::string text = {};
};

/// Rows whose twin a model saw in training: copies made before the split (up-sampling) and posts
/// collected twice. NaN equals NaN. Alarm where the share reaches `limit`; with few distinct rows,
/// as for a handful of yes/no columns, twins are no copies and there is none. Folds of repeat 0.
/// Throws ArgumentError for shapes that differ. O(rows columns log rows).
[[nodiscard]] FoldTwins find_fold_twins(const FeatureColumns& features, const Folds& folds,
                                        double limit = 0.01);

}  // namespace impact
