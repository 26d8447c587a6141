#include "engine/learn/explain/mixed_rows.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/lengths.h"

namespace impact::detail {
namespace {

Feature like(const Feature& from) {
  return {.name = from.name, .text = from.text, .levels = from.levels, .role = from.role};
}

}  // namespace

Feature repeated_cell(const Feature& from, std::uint32_t row, std::size_t count) {
  Feature column = like(from);
  if (from.text) {
    column.codes.assign(count, from.codes[row]);
  } else {
    column.numbers.assign(count, from.numbers[row]);
  }
  return column;
}

Feature gathered(const Feature& from, std::span<const std::uint32_t> rows) {
  Feature column = like(from);
  column.codes.reserve(from.text ? rows.size() : 0);
  column.numbers.reserve(from.text ? 0 : rows.size());
  for (const std::uint32_t row : rows) {
    if (from.text) {
      column.codes.push_back(from.codes[row]);
    } else {
      column.numbers.push_back(from.numbers[row]);
    }
  }
  return column;
}

FeatureTable replaced(const FeatureTable& table,
                      std::vector<std::pair<std::size_t, Feature>> columns) {
  std::vector<std::shared_ptr<const Feature>> shared;
  shared.reserve(table.size());
  for (std::size_t j = 0; j < table.size(); ++j) shared.push_back(table.shared(j));
  for (auto& [place, column] : columns) {
    shared[place] = std::make_shared<const Feature>(std::move(column));
  }
  return FeatureTable(std::move(shared));
}

FeatureTable asked_rows(const TrainedModel& model, const FeatureTable& features,
                        std::span<const std::uint32_t> rows) {
  if (rows.empty()) {
    throw ArgumentError({.what = "there is no row to explain the model by", .where = "rows"});
  }
  for (const std::uint32_t row : rows) {
    if (row < features.rows()) continue;
    throw ArgumentError({.what = "there is no such row",
                         .where = "rows",
                         .got = std::to_string(row),
                         .expected = "less than " + std::to_string(features.rows())});
  }
  return model.inputs_of(features).take(rows);
}

std::size_t input_place(const TrainedModel& model, const std::string& column) {
  std::vector<std::string> names;
  for (std::size_t j = 0; j < model.inputs.size(); ++j) {
    if (model.inputs[j].name == column) return j;
    names.push_back(model.inputs[j].name);
  }
  throw ArgumentError({.what = "the model was trained on no such column",
                       .got = "'" + column + "'",
                       .expected = list_words(names),
                       .hint = did_you_mean(column, names)});
}

void check_output(const TrainedModel& model, std::size_t output) {
  if (output < model.outputs()) return;
  throw ArgumentError({.what = "the model has no such output",
                       .where = "output",
                       .got = std::to_string(output),
                       .expected = "less than " + std::to_string(model.outputs())});
}

std::vector<double> output_of(const TrainedModel& model, const FeatureTable& table,
                              std::size_t output, const Context& context) {
  std::vector<double> all = model.predict(table, context);
  const std::size_t outputs = model.outputs();
  if (outputs == 1) return all;
  std::vector<double> one(table.rows());
  for (std::size_t i = 0; i < one.size(); ++i) one[i] = all[i * outputs + output];
  return one;
}

std::vector<double> row_weights(std::span<const double> weights,
                                std::span<const std::uint32_t> rows, std::size_t all) {
  require_optional_length("weights", weights.size(), all);
  require_weights(weights);
  std::vector<double> result(rows.size(), 1.0);
  if (weights.empty()) return result;
  double total = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    result[i] = weights[rows[i]];
    if (std::isnan(result[i])) {
      throw ArgumentError({.what = "a row to explain the model by has no weight",
                           .where = "row " + std::to_string(rows[i] + 1),
                           .got = "a missing value",
                           .expected = "0 or more"});
    }
    total += result[i];
  }
  if (!(total > 0.0)) {
    throw ArgumentError({.what = "the rows have no weight at all", .where = "weights"});
  }
  return result;
}

std::vector<std::uint32_t> sampled_rows(std::span<const std::uint32_t> rows, std::size_t most,
                                        StreamKey key) {
  if (most == 0 || most >= rows.size()) return {rows.begin(), rows.end()};
  std::vector<std::size_t> places = Stream(key).sample(rows.size(), most);
  std::sort(places.begin(), places.end());
  std::vector<std::uint32_t> result;
  result.reserve(most);
  for (const std::size_t place : places) result.push_back(rows[place]);
  return result;
}

double weighted_average(std::span<const double> x, std::span<const double> w) {
  double sum = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += w[i] * x[i];
    total += w[i];
  }
  return sum / total;
}

}  // namespace impact::detail
