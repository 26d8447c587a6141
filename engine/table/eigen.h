#pragma once

#include <span>
#include <string>
#include <vector>
#include <Eigen/Core>

#include "engine/core/error.h"
#include "engine/table/frame.h"

/// Columns as Eigen sees them. The only header of engine/table that knows
/// Eigen.
namespace impact {

using VectorView = Eigen::Map<const Eigen::VectorXd>;

/// A vector over column.to_numbers(storage): no copy for number columns without
/// missing cells. The view stays valid while `column` and `storage` live.
/// Missing cells are NaN. Throws like to_numbers.
[[nodiscard]] inline VectorView to_vector(const Column& column, std::vector<double>& storage) {
  const std::span<const double> cells = column.to_numbers(storage);
  return {cells.data(), static_cast<Eigen::Index>(cells.size())};
}

/// rows x names.size() matrix of the named columns, column by column (one block
/// copy each); missing cells are NaN. Throws ArgumentError for an unknown or
/// non-numeric column, DataError as to_numbers.
[[nodiscard]] inline Eigen::MatrixXd to_matrix(const Frame& frame,
                                               std::span<const std::string> names) {
  Eigen::MatrixXd matrix(static_cast<Eigen::Index>(frame.rows()),
                         static_cast<Eigen::Index>(names.size()));
  std::vector<double> storage;
  for (std::size_t j = 0; j < names.size(); ++j) {
    const Column& column = frame.column(names[j]);
    if (!column.type().numeric() && column.type().kind != TypeKind::kBoolean) {
      throw ArgumentError({.what = "column '" + names[j] + "' cannot enter a matrix",
                           .got = column.type().name(),
                           .expected = "number, integer or boolean"});
    }
    matrix.col(static_cast<Eigen::Index>(j)) = to_vector(column, storage);
  }
  return matrix;
}

}  // namespace impact
