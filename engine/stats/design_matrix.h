#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/table/frame.h"

namespace impact {

/// One term of a regression: a column, or several whose product (interaction) is meant.
struct Term {
  std::vector<std::string> columns;
};

struct DesignMatrixSpec {
  std::vector<Term> terms = {};
  bool intercept = true;  ///< A first column of ones, "(intercept)".
  /// Columns that are not in the matrix but must not be missing either: outcome, weights, clusters.
  std::vector<std::string> also = {};
};

/// A regression's columns. Rows are those of the frame with no missing cell, in its order.
struct DesignMatrix {
  std::vector<double> x = {};  ///< rows x names.size(), column by column.
  std::size_t rows = 0;
  std::vector<std::string> names = {};     ///< "x", "tier[large]", "x:tier[large]".
  std::vector<std::size_t> term = {};      ///< Of each column: its term's position; kIntercept.
  std::vector<std::size_t> source = {};    ///< Of each row: its row in the frame.
  std::int64_t dropped = 0;                ///< Rows left out for missing cells (NaN counts).
  std::vector<std::string> warnings = {};  ///< Says how many, and which columns miss cells.

  static constexpr std::size_t kIntercept = static_cast<std::size_t>(-1);
};

/// Number, integer and boolean columns (0/1) enter as they are. Text and category columns become
/// dummies, one for each level that occurs in the rows kept but the reference: the first declared
/// level, or the first in byte order, that occurs. All levels stay where the model lacks the term
/// without the column (for a single column: the intercept; the first such column stands in for it),
/// as Wilkinson & Rogers (1973) and Chambers & Hastie (1992, ch. 2) code factors.
/// Throws ArgumentError for unknown columns (with a suggestion), dates and timestamps, repeated
/// terms, a column twice in a term; DataError for integers beyond 2^53; ResourceError when the
/// matrix would exceed 2^28 cells.
[[nodiscard]] DesignMatrix design_matrix(const Frame& frame, const DesignMatrixSpec& spec);

/// A column as codes of its distinct cells: clusters, blocks, absorbed factors, arms.
struct FactorCodes {
  std::vector<std::int32_t> codes = {};  ///< One a row; -1 where the cell is missing.
  std::vector<std::string> levels = {};  ///< In order: as declared, else false < true, by number,
                                         ///< by time, by bytes. Declared levels may not occur.
};

/// Throws ArgumentError for number columns (levels of a measure are no groups).
[[nodiscard]] FactorCodes factor_codes(const Frame& frame, const std::string& column);

/// The elements of a per-row array that belong to a matrix's rows.
template <class T>
[[nodiscard]] std::vector<T> take_rows(std::span<const T> column,
                                       std::span<const std::size_t> source) {
  std::vector<T> result;
  result.reserve(source.size());
  for (const std::size_t row : source) result.push_back(column[row]);
  return result;
}

}  // namespace impact
