#pragma once

#include <cstddef>
#include <span>
#include <Eigen/Core>

#include "engine/core/context.h"

/// Sums of products of columns: not for other callers than the penalised regressions.
namespace impact::detail {

/// X'VX of the listed columns of `x` (all rows), V = diag(v); no v: the identity. v >= 0. Symmetric
/// to the bit. Every entry is summed row by row inside blocks of rows and block by block along a
/// fixed tree, so bits depend neither on threads nor on the machine's registers.
/// O(rows columns^2).
[[nodiscard]] Eigen::MatrixXd cross_products(const Eigen::MatrixXd& x,
                                             std::span<const Eigen::Index> columns,
                                             std::span<const double> v, const Context& context);

/// Columns `left` against columns `right`: left x right entries of the same X'VX, to rounding.
[[nodiscard]] Eigen::MatrixXd cross_products(const Eigen::MatrixXd& x,
                                             std::span<const Eigen::Index> left,
                                             std::span<const Eigen::Index> right,
                                             std::span<const double> v, const Context& context);

/// x_j'u of the listed columns; parallel over columns.
[[nodiscard]] Eigen::VectorXd column_products(const Eigen::MatrixXd& x,
                                              std::span<const Eigen::Index> columns,
                                              const Eigen::VectorXd& u, const Context& context);

}  // namespace impact::detail
