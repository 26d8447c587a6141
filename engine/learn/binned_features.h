#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/feature_columns.h"

namespace impact {

/// The training rows of a tree with every column cut into at most 256 bins of neighbouring values:
/// one bin a value where there are that few, else bins of about equally many rows that never cut
/// through equal values. Missing values (NaN) have the code 255, which then is no other bin's;
/// infinite ones are ordinary, outermost values.
///
/// Codes lie row by row in blocks of 32 columns: a node's rows lie scattered, and what a split
/// reads of a row then comes with one or two cache lines.
struct BinnedFeatures {
  static constexpr std::size_t kBins = 256;
  static constexpr std::uint8_t kMissing = 255;
  static constexpr std::size_t kBlock = 32;

  struct Column {
    std::vector<double> low = {};   ///< Least value of each bin among the training rows.
    std::vector<double> high = {};  ///< Greatest.
    bool missing = false;           ///< Some training row has none.
  };
  /// Codes of one column: of row i at first[i * stride].
  struct Codes {
    const std::uint8_t* first = nullptr;
    std::size_t stride = 0;
    [[nodiscard]] std::uint8_t at(std::size_t row) const { return first[row * stride]; }
  };

  std::size_t rows = 0;
  std::vector<Column> column = {};
  std::vector<std::uint8_t> code = {};

  [[nodiscard]] std::size_t columns() const { return column.size(); }
  [[nodiscard]] Codes codes(std::size_t j) const {
    const std::size_t block = j / kBlock * kBlock;
    const std::size_t left = columns() - block;
    return {.first = code.data() + block * rows + (j - block),
            .stride = left < kBlock ? left : kBlock};
  }
  /// A threshold in a gap between two bins, and the last bin below it.
  struct Cut {
    double threshold = 0.0;
    std::uint8_t last = 0;
  };
  /// Where to cut between bin a and a later bin b: at `wish`, or at the gap below the bin that
  /// contains it, so that codes and values say the same of every row. high of a <= wish.
  [[nodiscard]] Cut cut(std::size_t j, std::size_t a, std::size_t b, double wish) const;
  /// The same halfway between a and b, where that is a finite number.
  [[nodiscard]] Cut cut(std::size_t j, std::size_t a, std::size_t b) const;
};

/// Row i of the result is rows[i] of the features. O(columns rows log rows), parallel over columns;
/// the result does not depend on threads. Throws ArgumentError for a row that is not there.
[[nodiscard]] BinnedFeatures bin_features(const FeatureColumns& features,
                                          std::span<const std::uint32_t> rows,
                                          const Context& context = {});

}  // namespace impact
