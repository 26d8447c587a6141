#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/analysis/reader.h"
#include "engine/learn/trained_model.h"
#include "engine/table/backend.h"

/// What a fitted model predicts for data of any size: read, predicted and handed on a chunk at a
/// time. Memory depends on the model and the chunk, never on the number of rows; predictions are
/// those of learn.predict to the bit, whatever the chunks and threads.
namespace impact {

struct PredictionSpec {
  std::vector<std::string> keep = {};  ///< Columns of the data that come first, in this order.
  bool keep_all = false;               ///< All other columns behind them.
  std::vector<double> quantiles = {};  ///< Of the outcome, each inside (0, 1).
  /// Probability from which a row is of the second of two classes; 0.5 unless given.
  std::optional<double> threshold = std::nullopt;
  /// CSV: kept columns that the model does not need are read as they are written, "007" and all.
  bool keep_spelling = false;
};

/// How a column differs from what the model learned from; where the model's file knows it.
struct InputDrift {
  std::string column = {};
  std::int64_t unseen_rows = 0;          ///< Rows with a text that no training row had.
  std::vector<std::string> unseen = {};  ///< The first of those texts, in byte order: 5 at most.
  std::int64_t outside_rows = 0;         ///< Rows below or above all training rows.
  double least = 0.0;                    ///< Least and largest number of those rows.
  double most = 0.0;
  double low = 0.0;  ///< Range of the training rows.
  double high = 0.0;
};

struct PredictionSummary {
  std::int64_t rows = 0;
  std::int64_t without_prediction = 0;  ///< A number that the model needs is missing.
  std::vector<InputDrift> drift = {};   ///< Columns that differ, in the model's order.
};

/// The columns of a file that the model needs and that are kept, and no others. Types follow the
/// model where the file has none of its own (CSV, JSON lines): its numbers are read as numbers, its
/// texts as texts. Throws DataError that names the columns which are missing (with a suggestion) or
/// of another type than in training; ArgumentError for a column to keep that is not there or has
/// the name of a column of predictions, and for a threshold or quantiles the model can't answer.
[[nodiscard]] RelationPtr prediction_input(const std::shared_ptr<Backend>& backend,
                                           FileSource source, const TrainedModel& model,
                                           const PredictionSpec& spec);

/// Predicts the rows of prediction_input() in their order. `sink` takes frames of the kept columns,
/// `prediction` (the number, or the class), `probability` (of more than two classes `probability of
/// <class>` each), `low` and `high` where the model has intervals, `quantile <p>`; one without rows
/// where there are none. It returns false to stop. Throws DataError for a cell that is not of its
/// column's type, Cancelled.
[[nodiscard]] PredictionSummary predict_stream(const TrainedModel& model, const RelationPtr& data,
                                               const PredictionSpec& spec, const Context& context,
                                               const std::function<bool(const Frame&)>& sink);

/// Sentences about a summary for a reader; none when there is nothing to be careful about. Inputs
/// without rows that differ have none.
[[nodiscard]] std::vector<std::string> prediction_remarks(const PredictionSummary& summary);

/// How the columns of a table differ from what the model learned from, one for each of its inputs,
/// those that do not differ with zero rows. Columns are found by name; errors as
/// TrainedModel::inputs_of.
[[nodiscard]] std::vector<InputDrift> input_drift(const TrainedModel& model,
                                                  const FeatureTable& features);

namespace detail {

struct PredictionOptions {
  std::vector<double> quantiles = {};
  double threshold = 0.5;
};

/// Appends the columns of predictions to a table; how many rows have none. Throws ArgumentError
/// when the model knows no quantiles.
[[nodiscard]] std::size_t add_predictions(const TrainedModel& model, const FeatureTable& features,
                                          const PredictionOptions& options, const Context& context,
                                          TableBuilder* table);

}  // namespace detail
}  // namespace impact
