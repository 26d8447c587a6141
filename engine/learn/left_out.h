#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/feature_columns.h"

/// Why rows did not count, in the words of warnings: a missing cell, an infinite number and a fit
/// that predicts nothing are three things to do about.
namespace impact::detail {

/// Rows that a learner has no use for, told apart by what is wrong with them.
class LeftOutRows {
 public:
  /// `skipped`: one a column, 1 where it takes no part; none: all do. Views must outlive this.
  explicit LeftOutRows(const FeatureColumns& features, std::span<const std::uint8_t> skipped = {})
      : features_(features), skipped_(skipped) {}

  /// Counts a row that can't be used: as infinite where one of its numbers is, else as missing.
  /// `outcome`: of numbers what is learned from.
  void add(std::size_t row, double outcome = 0.0);
  /// Appends a sentence for each kind there is; infinite numbers are named by the first of them.
  void warn(std::vector<std::string>& warnings) const;

 private:
  FeatureColumns features_;
  std::span<const std::uint8_t> skipped_;
  std::int64_t missing_ = 0;
  std::int64_t infinite_ = 0;
  std::string first_ = {};
};

/// A sentence for a column with infinite numbers: "'views' is infinite in 3 rows, first in row 17".
void warn_infinite_column(std::vector<std::string>& warnings, const std::string& column,
                          std::span<const double> numbers);

/// Sentences for rows that are not judged: without a label or a weight, and without a prediction.
void warn_unjudged(std::vector<std::string>& warnings, std::int64_t missing,
                   std::int64_t unpredicted);

}  // namespace impact::detail
