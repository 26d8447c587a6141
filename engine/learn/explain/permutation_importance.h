#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/trained_model.h"

namespace impact {

/// A loss that rises as predictions get worse, averaged over rows by weight.
enum class ImportanceLoss {
  kSquared,   ///< (y - f)^2; of two classes (y - p)^2, of more sum_k (1[y = k] - p_k)^2 (Brier).
  kAbsolute,  ///< |y - f|; numbers only.
  kLogLoss,   ///< -log of the probability of the class that was, cut at 1e-15; classes only.
  kError,     ///< Share called wrong: the likeliest class, of two at p >= 1/2; classes only.
  kAuc,       ///< 1 - area under the ROC curve; two classes only.
};

struct ImportanceSpec {
  ImportanceLoss loss = ImportanceLoss::kSquared;
  /// A metric of one's own instead: of predictions (rows x outputs) of the rows given, in their
  /// order. It has no interval over rows.
  FoldMetric metric = {};
  bool metric_rises = false;  ///< The metric is better when higher; importance is its fall.
  /// Columns that are shuffled together, by name; none: each column of the model on its own.
  std::vector<std::vector<std::string>> groups = {};
  int repeats = 10;                      ///< Shuffles a group, at least 1; 2 for their interval.
  std::span<const double> weights = {};  ///< A row of the table each.
  double conf_level = 0.95;
};

/// One group of columns; a table of them has these columns in this order.
struct ColumnReliance {
  std::string column = {};                                       ///< Names joined by " + ".
  double importance = std::numeric_limits<double>::quiet_NaN();  ///< Mean rise over the repeats.
  /// What the shuffles leave open for this model on these rows: t interval of the repeats' mean.
  double repeat_sd = std::numeric_limits<double>::quiet_NaN();
  double repeat_low = std::numeric_limits<double>::quiet_NaN();
  double repeat_high = std::numeric_limits<double>::quiet_NaN();
  /// What other rows of the same kind would say of this model: t interval over rows, n - 1 df.
  double std_error = std::numeric_limits<double>::quiet_NaN();
  double conf_low = std::numeric_limits<double>::quiet_NaN();
  double conf_high = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;  ///< Rows used.
};

struct PermutationImportance {
  double loss = std::numeric_limits<double>::quiet_NaN();  ///< With nothing shuffled.
  std::vector<ColumnReliance> columns = {};                ///< In order of groups.
  std::vector<double> rises = {};                          ///< groups x repeats.
  std::vector<std::string> warnings = {};
};

/// How much worse the model predicts these rows when a column's cells change places among them:
/// what it relies on, not what causes the outcome. Use rows it was not trained on. Columns that say
/// the same share (or hide) each other's importance: shuffle them as a group. Repeat r of a group
/// is a permutation from Stream(key.child("shuffle " + names), r).
///
/// Interval over rows: the importance is a statistic of pairs (row, row that gives the cells), so
/// its error takes both parts of Hoeffding's decomposition: with c^r_i the change that repeat r
/// makes to the influence of row i on the loss (w_i (l_i - L) / W; for the area DeLong's
/// placements), and t_r(i) the row that i's cells were given to,
///   se^2 = n / (n - 1) sum_i (mean_r c^r_i + mean_r c^r_(t_r(i)))^2.
/// It holds what the shuffles leave open too, and is somewhat wide for few repeats (by terms of
/// order 1 / repeats).
///
/// `outcome`: a row of the table each; rows where it is missing, or the model predicts nothing, are
/// left out with a warning. Throws ArgumentError for lengths, names, rows, weights and options that
/// fit not, and a loss that the model's outcome has not. Parallel over repeats; bits do not depend
/// on threads.
/// Sources: Breiman, "Random forests", Machine Learning 45 (2001); Fisher, Rudin & Dominici, "All
/// models are wrong, but many are useful", JMLR 20 (2019); Hoeffding, Ann. Math. Stat. 19 (1948).
[[nodiscard]] PermutationImportance permutation_importance(
    const TrainedModel& model, const FeatureTable& features, std::span<const double> outcome,
    std::span<const std::uint32_t> rows, const ImportanceSpec& spec, StreamKey key,
    const Context& context = {});

}  // namespace impact
