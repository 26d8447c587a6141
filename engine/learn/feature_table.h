#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/learn/feature_columns.h"

namespace impact {

/// One column to learn from: numbers, or texts as places in a list of levels.
struct Feature {
  std::string name = {};
  bool text = false;
  std::vector<double> numbers = {};      ///< NaN: missing; booleans are 0 and 1. None for texts.
  std::vector<std::int32_t> codes = {};  ///< Of texts: places in `levels`, -1 missing.
  std::vector<std::string> levels = {};  ///< Distinct, in byte order; some may have no row.
  std::string role = {};                 ///< "covariate", "exposure", ... as declared; "" for none.

  [[nodiscard]] std::size_t rows() const { return text ? codes.size() : numbers.size(); }
};

/// A column of numbers, or of texts (nullptr: missing).
[[nodiscard]] Feature number_feature(std::string name, std::vector<double> numbers);
[[nodiscard]] Feature text_feature(std::string name, std::span<const std::string* const> cells);

/// Columns of equal length, each name once. Copies share the columns; any number of threads may
/// read one.
class FeatureTable {
 public:
  FeatureTable() = default;
  /// Throws ArgumentError for lengths that differ and names that are used twice.
  explicit FeatureTable(std::vector<Feature> columns);
  explicit FeatureTable(std::vector<std::shared_ptr<const Feature>> columns);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t size() const { return columns_.size(); }
  [[nodiscard]] const Feature& operator[](std::size_t j) const { return *columns_[j]; }
  [[nodiscard]] const std::shared_ptr<const Feature>& shared(std::size_t j) const {
    return columns_[j];
  }
  /// Place of a column; size() when there is none.
  [[nodiscard]] std::size_t find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;
  /// These rows in this order; levels stay as they are.
  [[nodiscard]] FeatureTable take(std::span<const std::uint32_t> rows) const;
  /// All columns side by side as numbers, made once and shared by copies; lives as long as a copy
  /// of the table. Throws ArgumentError that names a column of texts.
  [[nodiscard]] FeatureColumns matrix() const;

 private:
  struct Matrix;
  std::vector<std::shared_ptr<const Feature>> columns_ = {};
  std::size_t rows_ = 0;
  std::shared_ptr<Matrix> matrix_ = nullptr;
};

/// 0, 1, ... n - 1.
[[nodiscard]] std::vector<std::uint32_t> every_row(std::size_t n);

}  // namespace impact
