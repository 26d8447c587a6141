#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/context.h"

/// The numerical heart of linear(): not for other callers.
namespace impact::detail {

/// Rows handled at once inside a chunk: fits the first-level cache with a dozen columns.
inline constexpr std::size_t kBlockRows = 256;

/// A regression that is ready to be solved: complete rows, weights > 0.
/// The row as the solver sees it is sqrt(w) (x - shift), sqrt(w) (y - shift_y).
struct Model {
  std::size_t rows = 0;
  std::size_t columns = 0;
  const double* x = nullptr;  ///< rows x columns, column by column.
  const double* y = nullptr;
  const double* weights = nullptr;  ///< Null: all one.
  bool intercept = false;           ///< Column 0 is all ones; shift[0] is 0.
  std::vector<double> shift = {};   ///< One a column; means with an intercept, else zeros.
  double shift_y = 0.0;
  std::vector<double> size = {};  ///< Length of each column as the user gave it.
};

/// Fills intercept, shift and size from the data.
void centre(Model& model, const Context& context);

/// Rows [begin, begin + count) as the solver sees them: columns of x, then y, `stride` apart.
void load(const Model& model, std::size_t begin, std::size_t count, double* out,
          std::size_t stride);
/// The rows listed.
void load(const Model& model, std::span<const std::uint32_t> rows, double* out, std::size_t stride);

/// Solution of a Model. r columns are kept; their triangle R has X = Q R with orthonormal Q.
struct Solution {
  std::vector<std::size_t> kept = {};
  std::vector<double> triangle = {};  ///< R of the shifted columns, r x r, column by column.
  std::vector<double> centred = {};   ///< Coefficients of the shifted columns.
  /// b_c with coefficient_c = b_c' Q'y, one a kept column (r x r): columns of the inverse
  /// transposed triangle of the columns as given, so that the covariance is B' (meat) B.
  std::vector<double> contrast = {};
  std::vector<double> coefficient = {};  ///< Of the columns as given, kept ones only.
  double own_share = 1.0;     ///< Least part of a kept column that earlier ones do not explain.
  std::size_t least_own = 0;  ///< Which column that is.
};

[[nodiscard]] Solution solve(const Model& model, const Context& context);

/// Turns rows loaded with load() (count x (columns + 1)) into rows of Q, in the first r columns of
/// `q`, and their weighted residuals.
void orthogonal_rows(const Model& model, const Solution& solution, const double* rows,
                     std::size_t count, std::size_t stride, double* q, double* residual);

/// sum a_i b_i in a fixed order.
[[nodiscard]] double dot(const double* a, const double* b, std::size_t n);

}  // namespace impact::detail
