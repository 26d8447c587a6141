#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/feature_table.h"

/// What each column alone says about an outcome.
namespace impact {

enum class FeatureScore {
  /// In nats, never below 0. Two numbers: Kraskov, Stoegbauer & Grassberger, "Estimating mutual
  /// information", Phys. Rev. E 69 (2004), estimator 1,
  ///     psi(n) + psi(k) - mean psi(n_x + 1) - mean psi(n_y + 1),
  /// n_x and n_y the rows nearer in one variable than the k-th neighbour is in both (maximum norm).
  /// A number and a class: Ross, "Mutual information between discrete and continuous data sets",
  /// PLoS ONE 9 (2014),
  ///     psi(n) + mean psi(k) - mean psi(n_class) - mean psi(m),
  /// m the rows no farther than the k-th neighbour of the own class is, the row itself among them;
  /// classes of one row are left out, small ones take k = n_class - 1. Two classes: the sum of
  /// p_ab log(p_ab / (p_a p_b)). As scikit-learn's mutual_info_regression and _classif.
  kMutualInformation,
  /// Of the outcome's classes: one-way analysis of variance of the column, df k - 1 and n - k. Of
  /// numbers: r^2 / (1 - r^2) (n - 2), df 1 and n - 2. With p-values; infinite where the column
  /// gives the outcome exactly. Numbers only.
  kF,
  kVariance,  ///< Sum of squares over n; the outcome plays no part. Numbers only.
  /// Counts against classes: sum over classes of (observed - expected)^2 / expected, observed the
  /// column's sum in the class, expected its share by the number of rows; df classes - 1.
  kChi2,
};

struct FeatureScoreSpec {
  FeatureScore score = FeatureScore::kMutualInformation;
  std::size_t neighbours = 3;  ///< k of mutual information.
  /// Columns of numbers whose values are classes to mutual information, as those of texts are; and
  /// so are columns with at most `discrete_up_to` different values (0: none, as scikit-learn).
  std::vector<std::string> discrete = {};
  std::size_t discrete_up_to = 2;
};

/// A row of the table of scores.
struct ColumnScore {
  std::string column = {};
  double score = std::numeric_limits<double>::quiet_NaN();
  double p_value = std::numeric_limits<double>::quiet_NaN();  ///< Of kF and kChi2.
  std::int64_t n = 0;                                         ///< Rows that counted.
  std::vector<std::string> warnings = {};
};

/// Scores in the order of the columns. `outcome` has a number a row, of `classes` > 0 the codes
/// 0 ... classes - 1; NaN: missing. Rows where the column or the outcome is missing or infinite are
/// left out column by column, and counted in a warning. Numbers whose neighbours are looked for
/// are brought to a sd of 1; where values tie, normal noise of 1e-10 (times the mean absolute
/// value, where that exceeds 1) from `key` parts them, so without ties there is no chance in the
/// score. A constant column has mutual information 0, and no F, with a warning. Throws
/// ArgumentError for lengths and codes that do not fit, names in `discrete` that are no columns,
/// texts where numbers are needed and negative counts, by column. O(rows log rows) a column,
/// parallel over columns; bits do not depend on threads.
[[nodiscard]] std::vector<ColumnScore> feature_scores(
    const FeatureTable& features, std::span<const double> outcome, std::size_t classes,
    const FeatureScoreSpec& spec = {}, StreamKey key = {}, const Context& context = {});

/// Places of the scores from the best down; ties in the order given, NaN last.
[[nodiscard]] std::vector<std::size_t> ranked(std::span<const ColumnScore> scores);

}  // namespace impact
