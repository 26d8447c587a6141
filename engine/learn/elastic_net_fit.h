#pragma once

#include <memory>
#include <span>
#include <vector>
#include <Eigen/Core>

#include "engine/core/context.h"
#include "engine/learn/elastic_net.h"
#include "engine/learn/penalised_quadratic.h"
#include "engine/learn/penalised_rows.h"

/// The fits of fit_elastic_net: not for other callers.
namespace impact::detail {

/// Standardised columns and what limits their coefficients, one entry a column of rows.x.
struct PathProblem {
  PenalisedRows rows = {};
  ElasticNetSpec spec = {};
  Eigen::VectorXd factor = {};
  Eigen::VectorXd lower = {};
  Eigen::VectorXd upper = {};

  [[nodiscard]] Eigen::Index columns() const { return rows.x.cols(); }
  /// Of the listed columns. An infinite lambda: penalised ones stay at 0.
  [[nodiscard]] CoordinatePenalty penalty(double lambda,
                                          std::span<const Eigen::Index> columns) const;
  /// Columns of `size` (of the gradient, one a column) that the sequential strong rule lets in:
  /// |gradient_j| >= alpha f_j (2 lambda - previous), and those that are not penalised.
  [[nodiscard]] std::vector<Eigen::Index> strong(const Eigen::VectorXd& size, double lambda,
                                                 double previous) const;
};

/// A fit in standard deviations of the columns.
struct PathPoint {
  Eigen::VectorXd intercept = {};  ///< One an output.
  Eigen::MatrixXd b = {};          ///< Columns x outputs.
  double explained = 0.0;          ///< Share of the null deviance.
  double df = 0.0;
  int passes = 0;
  bool converged = true;
};

/// Fits one lambda after the other, in decreasing order; each starts from the one before.
class PathFitter {
 public:
  virtual ~PathFitter() = default;
  /// A row's part of it, weights sum to 1; known once made.
  [[nodiscard]] virtual double null_deviance() const = 0;
  /// The gradient's size for each column at the last point.
  [[nodiscard]] virtual const Eigen::VectorXd& gradient_size() const = 0;
  /// `previous` is the last lambda; both may be infinite.
  virtual PathPoint fit(double lambda, double previous, const Context& context) = 0;
};

[[nodiscard]] std::unique_ptr<PathFitter> gaussian_path(const PathProblem& problem,
                                                        const Context& context);
/// Binomial and Poisson.
[[nodiscard]] std::unique_ptr<PathFitter> likelihood_path(const PathProblem& problem,
                                                          const Context& context);
/// Outcomes are codes 0 ... classes - 1 that all occur.
[[nodiscard]] std::unique_ptr<PathFitter> multinomial_path(const PathProblem& problem,
                                                           std::size_t classes,
                                                           const Context& context);

/// offset + intercept + x b of each row, offset none: 0.
[[nodiscard]] Eigen::VectorXd linear_predictor(const PenalisedRows& rows, double intercept,
                                               const Eigen::VectorXd& b, const Context& context);

}  // namespace impact::detail
