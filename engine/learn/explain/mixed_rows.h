#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/trained_model.h"

/// What explanations share that ask a model about rows with some columns exchanged.
namespace impact::detail {

/// A column of `count` times the cell of `row`.
[[nodiscard]] Feature repeated_cell(const Feature& from, std::uint32_t row, std::size_t count);
/// The cells of these rows, in their order.
[[nodiscard]] Feature gathered(const Feature& from, std::span<const std::uint32_t> rows);
/// The table with other columns at some places.
[[nodiscard]] FeatureTable replaced(const FeatureTable& table,
                                    std::vector<std::pair<std::size_t, Feature>> columns);

/// The model's columns at these rows. Throws ArgumentError for rows that are not there and no rows
/// at all, else as TrainedModel::inputs_of.
[[nodiscard]] FeatureTable asked_rows(const TrainedModel& model, const FeatureTable& features,
                                      std::span<const std::uint32_t> rows);
/// Place of a column among the model's. Throws ArgumentError with a suggestion.
[[nodiscard]] std::size_t input_place(const TrainedModel& model, const std::string& column);
/// Throws ArgumentError for an output that the model has not.
void check_output(const TrainedModel& model, std::size_t output);
/// One output of the model at all rows of a table.
[[nodiscard]] std::vector<double> output_of(const TrainedModel& model, const FeatureTable& table,
                                            std::size_t output, const Context& context);

/// Weights of `rows`, all 1 where there are none. Throws ArgumentError for another number of
/// weights than `all` rows and for negative, missing or infinite ones.
[[nodiscard]] std::vector<double> row_weights(std::span<const double> weights,
                                              std::span<const std::uint32_t> rows, std::size_t all);

/// `most` of the rows, drawn without replacement, in their order; all of them for 0.
[[nodiscard]] std::vector<std::uint32_t> sampled_rows(std::span<const std::uint32_t> rows,
                                                      std::size_t most, StreamKey key);

/// sum w x / sum w in the order of the rows, which is the data's.
[[nodiscard]] double weighted_average(std::span<const double> x, std::span<const double> w);

}  // namespace impact::detail
