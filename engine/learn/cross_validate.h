#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/folds.h"
#include "engine/learn/threshold.h"

namespace impact {

/// A model that has learned.
struct FittedModel {
  /// Writes its prediction of each of `rows` to the same place of `prediction`. NaN: none.
  std::function<void(std::span<const std::uint32_t> rows, std::span<double> prediction)> predict;
  std::vector<std::string> warnings = {};
};

/// Learns from `rows` and from nothing else: scales, choices and fill-ins too come from them.
/// Chance comes from `key`. Called from several threads at once; calls it makes with `context` run
/// inline.
using Learner = std::function<FittedModel(std::span<const std::uint32_t> rows, StreamKey key,
                                          const Context& context)>;

/// Each row predicted by the model that was fitted without its fold.
struct OutOfFold {
  std::vector<double> prediction = {};     ///< rows x repeats, as Folds::fold; NaN: never tested.
  std::vector<std::string> warnings = {};  ///< Of the fits, each once with the number of fits.
  /// Mean over the repeats, one a row; NaN where one is.
  [[nodiscard]] std::vector<double> average(std::size_t rows) const;
};

/// Fits repeats x folds models, in parallel; fit k of repeat r draws from
/// key.child("repeat r fold k"). Bits do not depend on threads. Throws what the learner throws.
/// Models that predict several numbers a row: predictions stand row by row, `outputs` each.
[[nodiscard]] OutOfFold out_of_fold(const Folds& folds, const Learner& learner, StreamKey key,
                                    const Context& context = {}, std::size_t outputs = 1);

namespace detail {
/// key.child("repeat r fold k").
[[nodiscard]] StreamKey fit_key(StreamKey key, int repeat, int fold);
/// What was predicted of `rows` in a repeat, all outputs of a row together. Throws ArgumentError
/// when predictions are not a whole number for each row and repeat.
[[nodiscard]] std::vector<double> predictions_of(const Folds& folds, const OutOfFold& predictions,
                                                 int repeat, std::span<const std::uint32_t> rows);
}  // namespace detail

/// A number that judges predictions of `rows`, several a row where models make them; NaN where it
/// is undefined.
using FoldMetric =
    std::function<double(std::span<const double> prediction, std::span<const std::uint32_t> rows)>;

/// A metric of scored labels, such as [](const ScoredLabels& d) { return auc(d).estimate; }, on
/// the rows of a fold. The spans must outlive it.
[[nodiscard]] FoldMetric classifier_metric(std::function<double(const ScoredLabels&)> metric,
                                           std::span<const std::int32_t> label,
                                           std::span<const double> weights = {});

struct FoldScores {
  std::vector<double> value = {};  ///< folds x repeats, repeat by repeat.
  double mean = std::numeric_limits<double>::quiet_NaN();
  double sd = std::numeric_limits<double>::quiet_NaN();  ///< Of the folds, J - 1 below.
  /// sd sqrt(1 / J + 1 / (folds - 1)), J values: folds share training rows, so sd / sqrt J is too
  /// small (Nadeau & Bengio 2003); in time, the mean of test over training rows stands for
  /// 1 / (folds - 1). A rough figure; no unbiased one exists.
  double std_error = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// A fold where the metric is NaN is left out with a warning. Throws ArgumentError when predictions
/// and folds differ in length.
[[nodiscard]] FoldScores fold_scores(const Folds& folds, const OutOfFold& predictions,
                                     const FoldMetric& metric);

/// What a selection chose from training rows, fitted to all of them.
struct Selection {
  FittedModel model = {};
  std::string choice = {};                                        ///< In words: "depth = 3".
  double inner_score = std::numeric_limits<double>::quiet_NaN();  ///< What made it the choice.
};

/// Chooses and fits from `rows` and from nothing else; else as Learner.
using Selector = std::function<Selection(std::span<const std::uint32_t> rows, StreamKey key,
                                         const Context& context)>;

/// The models to choose from, and how.
struct SelectionSpec {
  std::vector<std::string> names = {};  ///< One a learner.
  std::vector<Learner> learners = {};
  FoldMetric metric = {};        ///< Of inner out-of-fold predictions; rows by their own numbers.
  bool larger_is_better = true;  ///< False: a loss.
  std::size_t outputs = 1;       ///< Predictions a row.
  int folds = 5;                 ///< Inner ones, drawn anew in each set of training rows.
  std::span<const std::int32_t> strata = {};  ///< Of all rows.
  std::span<const std::int32_t> groups = {};
};

/// A selector that takes the learner with the best mean score over inner folds (of equals the
/// first) and fits it to all rows it was given. The spans must outlive it. Throws ArgumentError
/// without learners or with another number of names; when it runs also as draw_folds, and
/// DataError when no learner has a score.
[[nodiscard]] Selector best_of(SelectionSpec spec);

struct NestedScores {
  OutOfFold predictions = {};              ///< Of rows that took no part in choosing or fitting.
  FoldScores scores = {};                  ///< What the whole way of choosing achieves.
  std::vector<std::string> choice = {};    ///< folds x repeats, as FoldScores::value.
  std::vector<double> inner_score = {};    ///< The same; better than scores by the choice itself.
  std::vector<std::string> warnings = {};  ///< Also where the folds chose differently.
};

/// Cross-validation of choosing and fitting together (Stone 1974; Varma & Simon 2006): the selector
/// sees the training rows of each outer fold, its model is judged by the rows of the fold. Streams
/// as out_of_fold. Throws what the selector throws.
[[nodiscard]] NestedScores nested_cross_validation(const Folds& folds, const Selector& selector,
                                                   const FoldMetric& metric, StreamKey key,
                                                   const Context& context = {},
                                                   std::size_t outputs = 1);

struct NestedSpec {
  int inner_folds = 5;
  ThresholdSpec threshold = {};               ///< Its origin is set: inner out-of-fold predictions.
  std::span<const std::int32_t> groups = {};  ///< Of the rows, kept together in inner folds too.
  std::span<const double> weights = {};
};

struct NestedThreshold {
  std::vector<double> threshold = {};  ///< One a fold: how much the choice moves.
  ConfusionMatrix matrix = {};
  std::vector<Estimate> scores = {};  ///< No row helped to choose its own threshold.
  std::vector<std::string> warnings = {};
};

/// What a classifier with a chosen threshold achieves: in each fold of repeat 0 the threshold is
/// chosen on out-of-fold predictions inside the training rows (stratified inner folds), the model
/// is fitted to all of them, and the fold is called by both. Rows whose fold has no threshold are
/// left out. folds (inner_folds + 1) fits. Labels as in ScoredLabels; rows without a label train
/// nothing, so every row needs one: ArgumentError.
[[nodiscard]] NestedThreshold nested_threshold(const Folds& folds, const Learner& learner,
                                               std::span<const std::int32_t> label, StreamKey key,
                                               const NestedSpec& spec = {},
                                               const Context& context = {});

}  // namespace impact
