#pragma once

#include <cstddef>
#include <span>
#include <vector>
#include <Eigen/Core>

#include "engine/core/context.h"

/// The linear programme of quantile_regression(): not for other callers.
namespace impact::detail {

/// Rows q of orthogonal columns with cells of the order of 1, rows x columns, column by column.
struct QuantileProblem {
  std::size_t rows = 0;
  std::size_t columns = 0;
  const double* q = nullptr;
  const double* y = nullptr;
  const double* weights = nullptr;  ///< Null: all one. A row of weight 0 does not count.
  double tau = 0.5;
};

/// A vertex: the plane through the rows of the basis.
struct QuantileVertex {
  std::vector<std::size_t> basis = {};  ///< Empty if the rows do not span the columns.
  Eigen::VectorXd gamma = {};           ///< Coefficients of the columns q.
  int iterations = 0;
  bool unique = true;
  bool converged = false;
};

/// The best vertex, starting from coefficients or (none) from scratch.
[[nodiscard]] QuantileVertex best_vertex(const QuantileProblem& problem,
                                         const Eigen::VectorXd* start, const Context& context);

}  // namespace impact::detail
