#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/folds.h"
#include "engine/learn/trained_model.h"

namespace impact {

/// What a model scores on the rows it was trained on and on others.
struct FitScore {
  double train = std::numeric_limits<double>::quiet_NaN();
  double test = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// Trains on `train` and on nothing else, and scores on both. Called from several threads at once;
/// chance comes from `key`.
using TrainAndScore =
    std::function<FitScore(std::span<const std::uint32_t> train,
                           std::span<const std::uint32_t> test, StreamKey key, const Context&)>;

/// train() and a metric of predictions (rows x outputs of the rows given); the lesson's spans and
/// what the metric holds must outlive it.
[[nodiscard]] TrainAndScore scored_training(LearnerSpec spec, Lesson lesson, FoldMetric metric);

/// A place of a curve; a table of them has these columns in this order after the place's name.
struct CurvePoint {
  double share = std::numeric_limits<double>::quiet_NaN();  ///< Learning curve: of the rows.
  std::string value = {};  ///< Validation curve: the option's, as JSON.
  double rows = 0.0;       ///< Trained on, mean over the fits.
  double train_mean = std::numeric_limits<double>::quiet_NaN();
  double train_sd = std::numeric_limits<double>::quiet_NaN();
  double test_mean = std::numeric_limits<double>::quiet_NaN();
  double test_sd = std::numeric_limits<double>::quiet_NaN();
  /// sd sqrt(1 / J + 1 / (folds - 1)) of J fits, and the t interval of it with J - 1 df: fits share
  /// rows (Nadeau & Bengio 2003), so sd / sqrt J is too small.
  double test_std_error = std::numeric_limits<double>::quiet_NaN();
  double conf_low = std::numeric_limits<double>::quiet_NaN();
  double conf_high = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;  ///< Fits with both scores.
};

/// A second table: share or value, fold, train, test.
struct ScoreCurve {
  std::vector<CurvePoint> points = {};
  std::vector<double> train = {};  ///< points x folds, point by point; repeats follow each other.
  std::vector<double> test = {};
  std::vector<std::string> warnings = {};
};

struct LearningCurveSpec {
  std::vector<double> shares = {0.1, 0.2, 0.3, 0.5, 0.75, 1.0};  ///< In (0, 1], increasing.
  /// Class of each row, codes >= 0: each subset takes its share of every class.
  std::span<const std::int32_t> strata = {};
  double conf_level = 0.95;
};

/// Scores for growing numbers of training rows: does more data help (the test score still rises
/// at the right end), or is the model too free (a gap to the training score that closes) or too
/// stiff (no gap, both low)? Of each fold's m training rows the first ceil(share m) in an order
/// drawn from Stream(key.child("order"), fold of all repeats): subsets are nested. Fits are keyed
/// key.child("repeat r fold k"), the same at every share. Parallel over fits; bits do not depend on
/// threads. Throws ArgumentError for shares out of range and lengths, and what the training throws.
[[nodiscard]] ScoreCurve learning_curve(const Folds& folds, const TrainAndScore& fit,
                                        const LearningCurveSpec& spec, StreamKey key,
                                        const Context& context = {});

/// Makes the training for a value of an option.
using TrainingWith = std::function<TrainAndScore(const nlohmann::json& value)>;

/// Scores for values of one option, each on all folds, with the keys of learning_curve(). Throws
/// ArgumentError for no values.
[[nodiscard]] ScoreCurve validation_curve(const Folds& folds, const TrainingWith& with,
                                          std::span<const nlohmann::json> values, StreamKey key,
                                          const Context& context = {}, double conf_level = 0.95);

/// The same learner with one option set; "learner.options.depth" reaches inside of nested ones.
/// Throws ArgumentError where the way leads through something that is no object.
[[nodiscard]] LearnerSpec with_option(LearnerSpec spec, std::string_view option,
                                      nlohmann::json value);

}  // namespace impact
