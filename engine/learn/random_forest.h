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
#include "engine/learn/feature_columns.h"
#include "engine/learn/tree_ensemble.h"

namespace impact {

struct RandomForestSpec {
  int trees = 500;
  std::size_t mtry = 0;  ///< Columns looked at in a node; 0: sqrt(columns) for classes, a third of
                         ///< them for numbers, at least 1.
  int max_depth = 0;     ///< 0: no limit.
  std::size_t min_leaf = 0;        ///< Drawn rows on each side; 0: 1 for classes, 5 for numbers.
  std::size_t min_split = 2;       ///< Smaller nodes are leaves.
  std::size_t max_leaves = 0;      ///< 0: no limit; else the split that helps most comes first.
  double sample_fraction = 1.0;    ///< Rows (or clusters) drawn for a tree, as a part of all.
  bool replace = true;             ///< Drawn with replacement.
  bool random_thresholds = false;  ///< Extremely randomised: one random threshold a column.
  /// One half of the drawn rows grows the tree, the other half fills its leaves; drawn without
  /// replacement. Leaves that stay empty are pruned. min_leaf counts growing rows.
  bool honest = false;
  /// Cluster of each row (any codes >= 0), drawn and halved as a whole; none: rows.
  std::span<const std::int32_t> clusters = {};
  bool entropy = false;      ///< Classes: entropy instead of Gini's impurity.
  bool balanced = false;     ///< Classes: as if all had the same weight.
  std::size_t classes = 0;   ///< 0: the largest label of the training rows + 1, at least 2.
  bool keep_rows = false;    ///< Remember the rows of each leaf: weights and quantiles need them.
  bool permutation = false;  ///< Also compute permutation importance.
};

/// Geurts, Ernst & Wehenkel (2006): all rows in each tree, random thresholds.
[[nodiscard]] inline RandomForestSpec extremely_randomised() {
  return {.replace = false, .random_thresholds = true};
}

/// A fitted forest. Classes: two give the probability of class 1, more one probability each.
struct RandomForest {
  TreeEnsemble trees = {};
  std::size_t classes = 0;  ///< 0: numbers.
  std::int64_t n = 0;
  std::vector<std::uint32_t> training_row = {};  ///< Rows that were learned from, as given.
  /// Prediction of each training row by the trees that were not shown it (outputs a row, as in
  /// predict; NaN: every tree saw it), and their weighted mean squared error, of classes the share
  /// of wrong calls. NaN when no row is out of any bag.
  std::vector<double> oob_prediction = {};
  double oob_error = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> impurity_importance = {};  ///< Share of each column in the fall of impurity.
  /// Mean over the trees of the rise of a tree's error (squared, of classes the share of wrong
  /// calls) on the rows it was not shown when the column is shuffled among them (Breiman 2001), and
  /// its standard error over the trees.
  std::vector<double> permutation_importance = {};
  std::vector<double> permutation_error = {};
  /// With keep_rows: places in training_row of the rows that fill each leaf, as often as they were
  /// drawn, leaf after leaf (over all trees); leaf l has member_begin[l] ... [l + 1].
  std::vector<std::uint32_t> member = {};
  std::vector<std::size_t> member_begin = {};
  std::vector<double> training_outcome = {};  ///< With keep_rows: of each training row,
  std::vector<double> training_weight = {};   ///< and its weight; none: 1.
  std::vector<std::string> warnings = {};
  /// Rows x trees.outputs, row by row; missing and infinite values are answered too.
  void predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context = {}) const;
};

/// Random forest (Breiman 2001) of trees as grow_tree() says; tree t draws its rows and columns
/// from streams numbered t of children of `key`. Rows with a missing or infinite outcome, a missing
/// label or weight 0 are left out and counted; columns may have missing values. Weights weigh rows
/// in splits and leaves; they do not change how rows are drawn. Throws ArgumentError for lengths
/// that differ, no column, negative weights, options out of range. Parallel over trees, bits do not
/// depend on threads.
[[nodiscard]] RandomForest fit_random_forest(const FeatureColumns& features,
                                             std::span<const double> outcome,
                                             std::span<const std::uint32_t> rows,
                                             const RandomForestSpec& spec = {},
                                             std::span<const double> weights = {},
                                             StreamKey key = {}, const Context& context = {});

/// The same of classes 0, 1, ...; below 0: missing.
[[nodiscard]] RandomForest fit_random_forest(const FeatureColumns& features,
                                             std::span<const std::int32_t> label,
                                             std::span<const std::uint32_t> rows,
                                             const RandomForestSpec& spec = {},
                                             std::span<const double> weights = {},
                                             StreamKey key = {}, const Context& context = {});

/// A forest of numbers, or of two classes, as a Learner for cross-validation; the spans must
/// outlive it.
[[nodiscard]] Learner random_forest_learner(const FeatureColumns& features,
                                            std::span<const double> outcome,
                                            const RandomForestSpec& spec = {},
                                            std::span<const double> weights = {});
[[nodiscard]] Learner random_forest_learner(const FeatureColumns& features,
                                            std::span<const std::int32_t> label,
                                            const RandomForestSpec& spec = {},
                                            std::span<const double> weights = {});

/// Training rows (places in training_row, in order) and what each counts for; sum 1.
struct RowWeights {
  std::vector<std::uint32_t> row = {};
  std::vector<double> weight = {};
};

/// The forest as a kernel: a_i(x) = mean over the trees of w_i 1{i fills the leaf of x} / weight of
/// that leaf, so that a mean by these weights is the forest's own prediction. Needs keep_rows, else
/// ArgumentError.
/// Source: Meinshausen, "Quantile regression forests", JMLR 7 (2006); Athey et al. (2019).
[[nodiscard]] RowWeights forest_weights(const RandomForest& forest, const FeatureColumns& features,
                                        std::uint32_t row);

/// Quantiles of the outcome at each row: the least outcome y with sum a_i(x) 1{y_i <= y} >= q.
/// rows x probabilities, row by row. Numbers and keep_rows, else ArgumentError, as for q outside of
/// [0, 1]. Parallel over rows.
void predict_quantiles(const RandomForest& forest, const FeatureColumns& features,
                       std::span<const std::uint32_t> rows, std::span<const double> probabilities,
                       std::span<double> out, const Context& context = {});

}  // namespace impact
