#include "engine/learn/feature_table.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>

#include "engine/core/error.h"

namespace impact {

struct FeatureTable::Matrix {
  std::once_flag once = {};
  std::vector<double> x = {};
  std::vector<std::string> names = {};
};

Feature number_feature(std::string name, std::vector<double> numbers) {
  return {.name = std::move(name), .numbers = std::move(numbers)};
}

Feature text_feature(std::string name, std::span<const std::string* const> cells) {
  Feature out{.name = std::move(name), .text = true};
  for (const std::string* cell : cells) {
    if (cell != nullptr) out.levels.push_back(*cell);
  }
  std::sort(out.levels.begin(), out.levels.end());
  out.levels.erase(std::unique(out.levels.begin(), out.levels.end()), out.levels.end());
  std::unordered_map<std::string_view, std::int32_t> place;
  for (std::size_t k = 0; k < out.levels.size(); ++k) {
    place.emplace(out.levels[k], static_cast<std::int32_t>(k));
  }
  out.codes.reserve(cells.size());
  for (const std::string* cell : cells) out.codes.push_back(cell == nullptr ? -1 : place.at(*cell));
  return out;
}

FeatureTable::FeatureTable(std::vector<Feature> columns) {
  std::vector<std::shared_ptr<const Feature>> shared;
  shared.reserve(columns.size());
  for (Feature& column : columns) {
    shared.push_back(std::make_shared<const Feature>(std::move(column)));
  }
  *this = FeatureTable(std::move(shared));
}

FeatureTable::FeatureTable(std::vector<std::shared_ptr<const Feature>> columns)
    : columns_(std::move(columns)),
      rows_(columns_.empty() ? 0 : columns_.front()->rows()),
      matrix_(std::make_shared<Matrix>()) {
  std::set<std::string_view> seen;
  for (const auto& column : columns_) {
    if (column->rows() != rows_) {
      throw ArgumentError({.what = "columns to learn from differ in length",
                           .where = "'" + column->name + "'",
                           .got = std::to_string(column->rows()) + " rows",
                           .expected = std::to_string(rows_) + " rows"});
    }
    if (!seen.insert(column->name).second) {
      throw ArgumentError({.what = "two columns to learn from have the same name",
                           .got = "'" + column->name + "'",
                           .expected = "each name once"});
    }
  }
}

std::size_t FeatureTable::find(std::string_view name) const {
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    if (columns_[j]->name == name) return j;
  }
  return columns_.size();
}

std::vector<std::string> FeatureTable::names() const {
  std::vector<std::string> out;
  out.reserve(columns_.size());
  for (const auto& column : columns_) out.push_back(column->name);
  return out;
}

FeatureTable FeatureTable::take(std::span<const std::uint32_t> rows) const {
  std::vector<Feature> out;
  out.reserve(columns_.size());
  for (const auto& column : columns_) {
    Feature part{
        .name = column->name, .text = column->text, .levels = column->levels, .role = column->role};
    if (column->text) {
      part.codes.reserve(rows.size());
      for (const std::uint32_t row : rows) part.codes.push_back(column->codes[row]);
    } else {
      part.numbers.reserve(rows.size());
      for (const std::uint32_t row : rows) part.numbers.push_back(column->numbers[row]);
    }
    out.push_back(std::move(part));
  }
  FeatureTable table(std::move(out));
  table.rows_ = rows.size();
  return table;
}

FeatureColumns FeatureTable::matrix() const {
  if (matrix_ == nullptr) return {};
  for (const auto& column : columns_) {
    if (!column->text) continue;
    throw ArgumentError({.what = "the model learns from numbers, but a column holds texts",
                         .got = "'" + column->name + "'",
                         .expected = "columns of numbers or booleans",
                         .hint = "put a step that encodes it before the model: one_hot, ordinal, "
                                 "target, hashing or tf_idf"});
  }
  std::call_once(matrix_->once, [&] {
    matrix_->x.reserve(rows_ * columns_.size());
    for (const auto& column : columns_) {
      matrix_->x.insert(matrix_->x.end(), column->numbers.begin(), column->numbers.end());
    }
    matrix_->names = names();
  });
  return {.x = matrix_->x, .columns = columns_.size(), .names = matrix_->names};
}

std::vector<std::uint32_t> every_row(std::size_t n) {
  std::vector<std::uint32_t> out(n);
  std::iota(out.begin(), out.end(), 0U);
  return out;
}

}  // namespace impact
