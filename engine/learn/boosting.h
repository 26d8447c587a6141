#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/boosting_trees.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/feature_columns.h"

namespace impact {

/// A loss of one's own: writes the first and second derivative of each row's loss by its sum of
/// leaf values. Row weights are multiplied in afterwards. Hessians >= 0.
using BoostingGradient =
    std::function<void(std::span<const double> sum, std::span<const double> outcome,
                       std::span<double> gradient, std::span<double> hessian)>;

/// What the loss comes to on rows: judges rounds, less is better. Weights may be empty.
using BoostingLoss = std::function<double(
    std::span<const double> sum, std::span<const double> outcome, std::span<const double> weights)>;

struct MonotoneConstraint {
  std::string column = {};
  int direction = 0;  ///< 1: predictions never fall as the column grows; -1: never rise.
};

/// Names and defaults are XGBoost's, except that the learning task comes first and tree_method is
/// "hist" at any size. Numbers are rounded to single precision, as XGBoost does.
struct BoostingSpec {
  /// reg:squarederror, reg:squaredlogerror, reg:absoluteerror, reg:pseudohubererror, reg:logistic,
  /// binary:logistic, multi:softprob, multi:softmax, count:poisson, reg:gamma, reg:tweedie.
  std::string objective = "reg:squarederror";
  int classes = 0;                      ///< Of multi:..., whose outcome is 0 ... classes - 1.
  double huber_slope = 1.0;             ///< Of reg:pseudohubererror, > 0.
  double tweedie_variance_power = 1.5;  ///< Of reg:tweedie, in (1, 2).
  BoostingGradient gradient = {};       ///< Replaces the loss; needs reg:squarederror (no link).
  BoostingLoss loss = {};               ///< Of `gradient`: the metric where none is named ("loss").
  int rounds = 100;                     ///< Trees (a class), at least 1.
  double learning_rate = 0.3;           ///< In (0, 1].
  int max_depth = 6;                    ///< 0: no limit, then max_leaves must be one.
  int max_leaves = 0;                   ///< 0: no limit.
  double min_child_weight = 1.0;        ///< Least sum of hessians in a child, >= 0.
  double gamma = 0.0;                   ///< Least gain of a split, >= 0.
  double max_delta_step = -1.0;   ///< Largest step of a leaf; 0: none; < 0: 0, count:poisson 0.7.
  double subsample = 1.0;         ///< Share of the rows a round, in (0, 1].
  double colsample_bytree = 1.0;  ///< Shares of the columns, in (0, 1]; they multiply.
  double colsample_bylevel = 1.0;
  double colsample_bynode = 1.0;
  double lambda = 1.0;  ///< Ridge and lasso penalty on leaf values, >= 0.
  double alpha = 0.0;
  int max_bin = 256;                      ///< Of hist and approx, at least 2.
  std::string tree_method = "hist";       ///< hist, approx, exact.
  std::string grow_policy = "depthwise";  ///< depthwise, lossguide.
  double scale_pos_weight = 1.0;          ///< Weight of positives, > 0; logistic losses.
  /// Prediction before the first tree, in the outcome's units. None: 0.5; reg:absoluteerror takes
  /// the median.
  std::optional<double> base_score = {};
  std::vector<MonotoneConstraint> monotone_constraints = {};
  /// Groups of columns that may meet on one path of a tree; columns in no group meet none.
  std::vector<std::vector<std::string>> interaction_constraints = {};
  std::string booster = "gbtree";  ///< gbtree, or dart: trees are left out at random.
  double rate_drop = 0.0;          ///< Of dart, as the next: in [0, 1].
  double skip_drop = 0.0;

  /// Columns that hold codes 0, 1, ... (whole, below 2^24, better few) of categories. hist or
  /// approx only. Up to max_cat_to_onehot - 1 of them are split one against the rest, more by
  /// XGBoost's partitioning, which puts up to max_cat_threshold on one side. A code that no
  /// training row had is predicted as a missing value (unseen_levels() counts them).
  std::vector<std::string> categories = {};
  int max_cat_to_onehot = 4;
  int max_cat_threshold = 64;

  /// Early stopping: after each round the metric is taken on these rows, which are not trained on.
  /// When it has not improved for `patience` rounds, the fit ends; only the rounds to the best
  /// remain. 0: all rounds are grown and kept.
  std::span<const std::uint32_t> validation = {};
  int patience = 0;
  /// rmse, rmsle, mae, mphe, logloss, error, auc, mlogloss, merror, poisson-nloglik, gamma-nloglik,
  /// gamma-deviance, tweedie-nloglik; empty: XGBoost's for the objective.
  std::string metric = {};
  /// Go on from this model: `rounds` are added to its trees, best_round counts the added ones.
  const struct BoostingModel* start = nullptr;
};

/// A fitted or loaded model. `json` is XGBoost's own format, which any XGBoost reads from 1.7 on.
struct BoostingModel {
  std::string json = {};
  BoostedTrees trees = {};
  std::string objective = {};
  std::vector<std::string> columns = {};  ///< Names; none when a file has none.
  /// Codes of the training rows in increasing order, a column; none: numbers, or not known.
  std::vector<std::vector<std::uint32_t>> levels = {};
  std::int64_t n = 0;  ///< Training rows in use; 0 in a loaded model.
  std::string metric = {};
  std::vector<double> history = {};  ///< Of the metric on the validation rows, a round.
  int best_round = -1;               ///< Place in history; -1: none was looked for.
  std::vector<std::string> warnings = {};

  /// Values a row: the classes of multi:softprob, else 1.
  [[nodiscard]] std::size_t outputs() const;
  /// Prediction in the outcome's units (mean, median, probability; of multi:softmax the class),
  /// rows x outputs(), column by column; NaN where a number is infinite and in a model without
  /// rows. Missing numbers go where the trees send them. Columns are found by name when both sides
  /// have names, in any order and among others; else by place. Throws ArgumentError that names
  /// the columns that are missing. Same bits as XGBoost's predict and on any number of threads.
  void predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context = {}) const;
  /// The same before the inverse link: rows x trees.outputs.
  void sums(const FeatureColumns& features, std::span<const std::uint32_t> rows,
            std::span<double> out, const Context& context = {}) const;
  /// A sentence for each column with codes that no training row had.
  [[nodiscard]] std::vector<std::string> unseen_levels(const FeatureColumns& features,
                                                       std::span<const std::uint32_t> rows) const;
};

/// Gradient boosting by XGBoost. Rows whose outcome or weight is missing, whose outcome or a number
/// is infinite (in single precision), or whose weight is 0 are left out and counted; missing
/// numbers are learned from. Chance comes from `key` alone. XGBoost is run on one thread: its sums
/// are taken a thread at a time, and their rounding may decide a split. (Measured: 1, 2 and 3
/// threads gave the same bits in 14 fits; nothing promises it.) Parallelism belongs to folds and
/// candidates. Cancelled and reported on between rounds. Throws ArgumentError for lengths that
/// differ, options out of range or unknown, columns that are not there or named twice, labels that
/// the objective does not know, codes that are none, negative weights. One class, constant columns
/// and no rows are warnings. Sources: Friedman, "Greedy function approximation", Annals of
/// Statistics 29 (2001); Chen & Guestrin, "XGBoost: a scalable tree boosting system", KDD 2016;
/// Rashmi & Gilad-Bachrach, "DART: dropouts meet multiple additive regression trees", AISTATS 2015.
[[nodiscard]] BoostingModel fit_boosting(const FeatureColumns& features,
                                         std::span<const double> outcome,
                                         std::span<const std::uint32_t> rows,
                                         const BoostingSpec& spec, std::span<const double> weights,
                                         StreamKey key, const Context& context = {});

/// The same as a Learner for cross-validation; the spans must outlive it. With patience but no
/// validation rows a tenth of the training rows is drawn for them. Not for multi:softprob.
[[nodiscard]] Learner boosting_learner(const FeatureColumns& features,
                                       std::span<const double> outcome,
                                       const BoostingSpec& spec = {},
                                       std::span<const double> weights = {});

/// A model from the JSON that XGBoost 1.0 to the version in use writes (objectives as above). The
/// whole structure is checked; `where` names it in errors. Models of fit_boosting carry the SHA-256
/// of their text as the attribute impact_sha256; when it does not fit, the file was changed:
/// DataError, as for anything else that cannot be such a model.
[[nodiscard]] BoostingModel load_boosting(std::string_view json, std::string_view where = "model");

}  // namespace impact
