#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/feature_columns.h"

namespace impact {

/// Regressions that shrink their coefficients. With l_i the log-likelihood of row i at its linear
/// predictor eta_i = intercept + offset_i + sum_j b_j x_ij, weights w_i scaled to sum to 1 and
/// b~_j the coefficient of the column in standard deviations (in its own units if not
/// standardised), a fit minimises
///     -sum_i w_i l_i + lambda sum_j f_j (alpha |b~_j| + (1 - alpha) b~_j^2 / 2)
/// where l_i is -(y_i - eta_i)^2 / 2 for the Gaussian family. glmnet's objective, but that glmnet
/// divides a Gaussian outcome by its sd beforehand (so that its lambda means another one where
/// alpha < 1) and rescales the f_j to a mean of 1; here both are taken as given.
enum class ElasticNetFamily {
  kGaussian,
  kBinomial,     ///< Logit; outcomes 0, 1 or shares between.
  kPoisson,      ///< Log link; outcomes of 0 or more.
  kMultinomial,  ///< Outcomes are codes 0 ... classes - 1; a coefficient for each class.
};

struct ElasticNetSpec {
  ElasticNetFamily family = ElasticNetFamily::kGaussian;
  double alpha = 1.0;  ///< 1: lasso, 0: ridge.
  /// Penalties to fit, in any order; none: `lambdas` of them, equally spaced in logarithms from
  /// the least one at which no penalised column enters (with alpha below 0.001: that of 0.001)
  /// down to lambda_ratio of it.
  std::vector<double> lambda = {};
  int lambdas = 100;
  double lambda_ratio = 0.0;  ///< In (0, 1); 0: 1e-4 with more rows than columns, else 1e-2.
  bool standardise = true;    ///< By the weighted sd with sum of squares over n.
  bool intercept = true;      ///< Not penalised.
  /// f_j, one a column; none: all 1. 0: not penalised; infinite: left out.
  std::vector<double> penalty_factor = {};
  std::vector<double> lower = {};  ///< Least coefficient of each column in its units, at most 0.
  std::vector<double> upper = {};  ///< Greatest, at least 0. Not for the grouped penalty.
  std::size_t classes = 0;         ///< Of the multinomial family; 0: the largest code + 1.
  /// Multinomial: f_j lambda (alpha |b_j|_2 + (1 - alpha) |b_j|_2^2 / 2) over the coefficients of
  /// column j together, so that a column enters for all classes or for none.
  bool grouped = false;
  /// Descent stops where no column's coefficient changes its part of the fit by more than this
  /// share of the null deviance (glmnet's thresh); the equations of the active columns are then
  /// solved outright where they can be, so most fits are exact to rounding.
  double tolerance = 1e-10;
  int most_passes = 100000;  ///< Over the columns, for one lambda.
  int most_steps = 100;      ///< Newton steps for one lambda.
  /// The grid ends early, after five of it, where the last lambda explains less than this share
  /// more (Gaussian: of what is explained; Poisson: ten times that, by the last four together; else
  /// of the null deviance), ...
  double least_gain = 1e-5;
  double most_explained = 0.999;  ///< ... or where this share of the deviance is explained.
};

/// Fits for lambdas in decreasing order. Entries of a lambda whose fit did not converge are NaN.
struct ElasticNetPath {
  ElasticNetFamily family = ElasticNetFamily::kGaussian;
  std::size_t columns = 0;
  std::size_t outputs = 1;  ///< Linear predictors: the classes of the multinomial family, else 1.
  std::vector<double> lambda = {};
  std::vector<double> intercept = {};       ///< lambda by lambda, `outputs` each.
  std::vector<double> coefficient = {};     ///< In the columns' units: columns, outputs, lambdas.
  std::vector<double> deviance_ratio = {};  ///< 1 - deviance / null deviance.
  std::vector<std::int64_t> nonzero = {};   ///< Columns with a coefficient that is not 0.
  /// Degrees of freedom without the intercept: coefficients that are not 0 for the lasso (Zou,
  /// Hastie & Tibshirani 2007), else tr (G + D)^-1 G over these, G the (weighted) products of the
  /// columns and D the penalty's curvature; NaN for the multinomial family with alpha < 1 and for
  /// the grouped penalty.
  std::vector<double> df = {};
  std::vector<int> passes = {};     ///< Over the columns.
  std::vector<double> centre = {};  ///< Mean and sd of each column in the training rows; NaN sd:
  std::vector<double> scale = {};   ///< constant there or left out. Mean 0 without an intercept,
                                    ///< sd 1 if not standardised.
  double null_deviance = std::numeric_limits<double>::quiet_NaN();  ///< Of the intercept alone, or
                                                                    ///< of 0; weights sum to n.
  std::int64_t n = 0;
  bool has_offset = false;
  std::vector<std::string> warnings = {};

  [[nodiscard]] std::size_t size() const { return lambda.size(); }
  [[nodiscard]] std::span<const double> coefficients(std::size_t k, std::size_t output = 0) const {
    return std::span(coefficient).subspan((k * outputs + output) * columns, columns);
  }
};

/// Coefficients at one lambda.
struct ElasticNetModel {
  ElasticNetFamily family = ElasticNetFamily::kGaussian;
  std::size_t outputs = 1;
  double lambda = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> intercept = {};    ///< One an output.
  std::vector<double> coefficient = {};  ///< Output by output, one a column.
  /// Columns that no coefficient uses; what they hold does not matter to a prediction.
  [[nodiscard]] bool uses(std::size_t column) const;
  /// Means (shares, expected counts, probabilities) of `rows`, output by output; with `link` the
  /// linear predictors. NaN where a number that is used is missing or infinite. A model fitted
  /// with an offset needs one; it is one a row of the data. Throws ArgumentError for other columns
  /// and lengths.
  void predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
               std::span<double> out, std::span<const double> offset = {}, bool link = false) const;
};

/// The fit at any lambda: between two of the path, intercepts and coefficients linear in lambda
/// (exact for the lasso's Gaussian path where no column enters between); beyond its ends, those of
/// the end. Throws ArgumentError for an empty path and a lambda that is negative or NaN.
[[nodiscard]] ElasticNetModel elastic_net_at(const ElasticNetPath& path, double lambda);

/// Lasso, ridge and what lies between, along a path of lambdas, each fit started from the one
/// before. Columns are screened by the sequential strong rule and checked against the optimality
/// conditions. One linear predictor: Newton steps on the likelihood, each a penalised quadratic,
/// shortened until the objective falls; the Gaussian family is one such quadratic. Multinomial: the
/// same with all classes at once; intercepts, and coefficients that no penalty ties down, are
/// centred over the classes. Columns that are constant have coefficient 0 and a warning, rows with
/// a missing or infinite number are left out and counted, rows of weight 0 do not count. An outcome
/// that does not vary gives a model of the intercept alone, infinite where that is the limit.
/// Throws ArgumentError for lengths that differ, negative weights, outcomes that the family does
/// not know, options out of range. O(rows columns^2) for up to a thousand columns and one
/// quadratic, else by the columns that enter; parallel over chunks, bits do not depend on threads.
/// Least squares without a penalty is the business of linear().
/// Source: Friedman, Hastie & Tibshirani, JSS 33 (2010); Tibshirani et al., "Strong rules for
/// discarding predictors in lasso-type problems", JRSS B 74 (2012); Simon, Friedman & Hastie, "A
/// blockwise descent algorithm for group-penalized multiresponse and multinomial regression"
/// (2013). Checked against glmnet and scikit-learn.
[[nodiscard]] ElasticNetPath fit_elastic_net(const FeatureColumns& features,
                                             std::span<const double> outcome,
                                             std::span<const std::uint32_t> rows,
                                             const ElasticNetSpec& spec = {},
                                             std::span<const double> weights = {},
                                             std::span<const double> offset = {},
                                             const Context& context = {});

}  // namespace impact
