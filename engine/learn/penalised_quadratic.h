#pragma once

#include <vector>
#include <Eigen/Core>

#include "engine/core/context.h"

/// The heart of the penalised regressions: not for other callers.
namespace impact::detail {

/// One entry a coordinate.
struct CoordinatePenalty {
  Eigen::VectorXd l1 = {};     ///< Infinite: the coordinate stays at 0.
  Eigen::VectorXd l2 = {};     ///< Of b^2 / 2.
  Eigen::VectorXd lower = {};  ///< At most 0; -infinity: none.
  Eigen::VectorXd upper = {};  ///< At least 0.

  /// No penalty and no bound for any of `size` coordinates.
  [[nodiscard]] static CoordinatePenalty none(Eigen::Index size);
  [[nodiscard]] double value(const Eigen::VectorXd& b) const;
  /// How far the optimality conditions are from holding at coordinate j, in units of the gradient:
  /// `gradient` is minus the derivative of the smooth part without the l2 term.
  [[nodiscard]] double violation(Eigen::Index j, double b, double gradient) const;
};

struct QuadraticSolution {
  bool converged = false;
  int passes = 0;  ///< Over all coordinates or the active ones.
};

struct QuadraticSpec {
  double null = 1.0;         ///< What is there to explain, the unit of `tolerance`.
  double tolerance = 1e-10;  ///< Stop where no G_jj (change of b_j)^2 of a pass exceeds it x null.
  int most_passes = 100000;
};

/// Minimises b'Gb / 2 - c'b + sum l1 |b| + l2 b^2 / 2 within the bounds, from `b`; G is positive
/// semi-definite. Coordinate descent; where the signs have settled, the equations of the active
/// coordinates are solved outright, so that a solution reached this way is exact however the
/// columns are correlated. Where the minimum is not unique, the one that descent from `b` reaches.
/// Source: Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models via
/// coordinate descent", JSS 33 (2010).
[[nodiscard]] QuadraticSolution minimise_quadratic(const Eigen::MatrixXd& gram,
                                                   const Eigen::VectorXd& linear,
                                                   const CoordinatePenalty& penalty,
                                                   const QuadraticSpec& spec, Eigen::VectorXd& b,
                                                   const Context& context);

/// tr (G + D)^-1 G over the coordinates of `active`, D = diag(l2): the degrees of freedom of a
/// linear smoother. NaN where the matrix is singular.
[[nodiscard]] double smoother_trace(const Eigen::MatrixXd& gram, const Eigen::VectorXd& l2,
                                    const std::vector<Eigen::Index>& active);

}  // namespace impact::detail
