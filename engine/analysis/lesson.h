#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/analysis/reader.h"
#include "engine/learn/folds.h"
#include "engine/learn/trained_model.h"

/// What methods that learn read of their input: not for other callers.
namespace impact::detail {

/// Columns to learn from, what is to be predicted, and the rows that have it.
struct LessonData {
  FeatureTable features = {};
  std::string outcome_name = {};
  std::vector<double> outcome = {};       ///< NaN: missing; of classes their codes.
  std::vector<std::string> classes = {};  ///< None: numbers. Of two the second is the positive one.
  std::vector<double> weights = {};
  std::vector<std::int32_t> groups = {};
  std::vector<double> time = {};         ///< Of role "time"; none: rows have no order.
  std::vector<std::uint32_t> rows = {};  ///< With an outcome.
  std::vector<std::string> warnings = {};

  /// Views of this; must not outlive it.
  [[nodiscard]] Lesson lesson() const;
  [[nodiscard]] bool two_classes() const { return classes.size() == 2; }
  /// Class of each row, -1 without one.
  [[nodiscard]] std::vector<std::int32_t> labels() const;
  /// Only the rows with an outcome, and of the columns these; none: all.
  [[nodiscard]] LessonData complete(const std::vector<std::string>& columns = {}) const;
};

/// A column as models take it: see feature_columns.
[[nodiscard]] Feature feature_of(const std::string& name, const Column& cells);

/// Columns of a role: numbers and booleans as numbers, dates as days and timestamps as seconds
/// since 1970, texts and categories as texts.
[[nodiscard]] FeatureTable feature_columns(const AnalysisReader& read, const char* role);

/// Roles "features", "of", "weights", "groups". Option "task" says whether "of" is "numbers" or
/// "classes"; "auto": texts, booleans, and numbers that are 0 or 1 are classes. Option "success"
/// names the positive class of two, or one against all others.
[[nodiscard]] LessonData lesson_data(const AnalysisReader& read);
/// Role "of" as a model that was trained before knows it. Throws ArgumentError for classes that the
/// model does not have.
[[nodiscard]] LessonData lesson_data(const AnalysisReader& read, const TrainedModel& model);

/// The learner of an option.
[[nodiscard]] LearnerSpec learner_option(const AnalysisReader& read, const char* option);

/// The model of role or node "model". Throws ArgumentError when there is none.
[[nodiscard]] std::shared_ptr<const TrainedModel> model_of(const AnalysisReader& read);

/// Options "folds" (a number, or "each": every row, or group, alone), "repeats", "stratified";
/// groups of the lesson stay together. With times, folds follow each other, and options "gap",
/// "window" and "test" count moments. Option "split" = a share: that part of the rows is judged,
/// once, by a model of the others.
[[nodiscard]] Folds drawn_folds(const AnalysisReader& read, const LessonData& data);

/// A model's table as a table of the analysis.
[[nodiscard]] AnalysisTable analysis_table(const ModelTable& table);

/// Cells of the key of these rows, as first columns of a table.
void add_key(const AnalysisReader& read, const std::vector<std::uint32_t>& rows,
             TableBuilder* table);

}  // namespace impact::detail
