#pragma once

#include <cstddef>
#include <vector>
#include <Eigen/Core>

#include "engine/core/context.h"
#include "engine/stats/multinomial.h"
#include "engine/stats/regression_rows.h"

/// The algebra of multinomial(): not for other callers.
namespace impact::detail {

/// Complete rows, their levels without gaps and the reference first, and the triangle that makes
/// columns orthonormal: q = R^-T (x - shift), eta_a = q'gamma_a.
struct MultinomialProblem {
  RegressionRows rows = {};
  std::vector<std::size_t> level = {};  ///< Of each row; 0 is the reference
  Eigen::Index others = 0;              ///< Levels but the reference.
  std::vector<double> shift = {};
  Eigen::MatrixXd triangle = {};
  Eigen::MatrixXd contrast = {};  ///< Coefficients of the columns as given are C'gamma.

  [[nodiscard]] Eigen::Index columns() const { return triangle.cols(); }
  [[nodiscard]] double weight(std::size_t i) const {
    return rows.weights.empty() ? 1.0 : rows.weights[i];
  }
  template <class RowAt>
  [[nodiscard]] Eigen::MatrixXd orthogonal(std::size_t count, RowAt row_at) const {
    Eigen::MatrixXd q(static_cast<Eigen::Index>(count), columns());
    for (Eigen::Index k = 0; k < columns(); ++k) {
      const auto column = static_cast<std::size_t>(k);
      const double* from = rows.x.data() + column * rows.count();
      for (std::size_t i = 0; i < count; ++i) {
        q(static_cast<Eigen::Index>(i), k) = from[row_at(i)] - shift[column];
      }
    }
    triangle.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(q);
    return q;
  }
};

/// Log-likelihood and its derivatives at a point.
struct MultinomialCurvature {
  double value = 0.0;
  Eigen::VectorXd score = {};        ///< Level by level.
  Eigen::MatrixXd information = {};  ///< Lower triangle.
};

struct MultinomialMaximum {
  Eigen::MatrixXd gamma = {};
  MultinomialCurvature at = {};
  int iterations = 0;
  bool converged = false;
  Eigen::MatrixXd direction = {};  ///< Of separation, else empty.
  bool everything = false;
};

[[nodiscard]] MultinomialMaximum maximise(const MultinomialProblem& problem, int most_iterations,
                                          const Context& context);

/// Covariance of gamma, level by level.
[[nodiscard]] Eigen::MatrixXd multinomial_covariance(const MultinomialProblem& problem,
                                                     const MultinomialMaximum& maximum,
                                                     const MultinomialSpec& spec,
                                                     const Context& context);

}  // namespace impact::detail
