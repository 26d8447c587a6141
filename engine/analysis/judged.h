#pragma once

#include <limits>
#include <string>
#include <vector>

#include "engine/analysis/lesson.h"
#include "engine/learn/classification.h"
#include "engine/learn/cross_validate.h"

/// A learner or a model, judged: shared by the methods that evaluate and compare.
namespace impact::detail {

struct Judged {
  std::size_t outputs = 1;
  std::vector<std::uint32_t> tested = {};  ///< Rows of the lesson that were judged,
  LessonData data = {};                    ///< and these rows.
  /// Prediction of each of them by models that did not learn from it: mean over the repeats, rows x
  /// outputs. Of a fitted model: what it says.
  std::vector<double> prediction = {};
  OutOfFold out_of_fold = {};  ///< Of all rows, each repeat; none for a fitted model.
  /// Lower and upper ends in the same layout, rows x 2, of learners that give intervals; and the
  /// probability that they are for.
  OutOfFold intervals = {};
  double level = std::numeric_limits<double>::quiet_NaN();
  std::vector<Estimate> rows = {};          ///< Scores with intervals, the headline first.
  double threshold = 0.5;                   ///< Of two classes; chosen: the mean over the folds.
  std::vector<double> fold_threshold = {};  ///< One a fold where each chose its own.
  ConfusionMatrix matrix = {};              ///< Of two classes.
  std::vector<std::string> warnings = {};
};

/// By cross-validation. Options "threshold" (a number, or a rule: then each fold's training rows
/// choose it, and no row helps to choose its own), "beta", "conf_level".
[[nodiscard]] Judged judge_learner(const AnalysisReader& read, const LessonData& data,
                                   const LearnerSpec& spec, const Folds& folds, StreamKey key,
                                   const Context& context);

/// A fitted model on rows that it has not seen.
[[nodiscard]] Judged judge_model(const AnalysisReader& read, const LessonData& data,
                                 const TrainedModel& model, const Context& context);

/// Tables for plots: roc, precision_recall, calibration, gain, confusion of two classes; confusion
/// of more; residuals of numbers.
[[nodiscard]] std::vector<AnalysisTable> judged_tables(const AnalysisReader& read,
                                                       const Judged& judged);

/// What the headline is a mean of, so that folds can be compared: scores of two classes, else
/// losses of the rows.
struct HeadlineMetric {
  OutOfFold predictions = {};
  std::vector<std::int32_t> labels = {};
};
[[nodiscard]] HeadlineMetric headline_metric(const LessonData& data, const Judged& judged);
/// Of its predictions. Both must outlive it.
[[nodiscard]] FoldMetric metric_of(const LessonData& data, const HeadlineMetric& headline);

/// Low and high of the first repeat for the rows that were judged; none without intervals.
struct JudgedIntervals {
  std::vector<double> low = {};
  std::vector<double> high = {};
};
[[nodiscard]] JudgedIntervals judged_intervals(const Judged& judged);

/// Share of each fold's outcomes inside of their intervals, and how wide these are on average.
struct FoldIntervals {
  std::vector<double> coverage = {};
  std::vector<double> width = {};
};
[[nodiscard]] FoldIntervals fold_intervals(const LessonData& data, const Folds& folds,
                                           const Judged& judged);

/// Score of each fold: AUC of two classes, log loss of more, RMSE of numbers.
[[nodiscard]] FoldScores fold_headline(const LessonData& data, const Folds& folds,
                                       const Judged& judged);
/// Its name.
[[nodiscard]] const char* headline_name(const LessonData& data);

}  // namespace impact::detail
