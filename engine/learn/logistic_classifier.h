#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/feature_columns.h"

namespace impact {

struct LogisticClassifierSpec {
  /// Ridge penalty on the coefficients of standardised columns, not on the intercept: the fit
  /// minimises -log-likelihood + penalty / 2 sum b^2 (scikit-learn's 1 / C). 0: none.
  double penalty = 1.0;
  int most_iterations = 100;
};

/// A fitted model; coefficients are in the columns' own units.
struct LogisticClassifier {
  double intercept = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> coefficient = {};
  std::vector<double> standardised = {};  ///< The same per standard deviation of the column.
  std::vector<double> centre = {};        ///< Mean and (population) sd of each column in the
  std::vector<double> scale = {};         ///< training rows; NaN sd: the column is constant there.
  double standardised_intercept = std::numeric_limits<double>::quiet_NaN();
  double log_likelihood = std::numeric_limits<double>::quiet_NaN();  ///< Without the penalty.
  std::int64_t n = 0;
  int iterations = 0;
  std::vector<std::string> warnings = {};
  /// Probability of a positive of each row; NaN where a number is missing or infinite.
  void predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
               std::span<double> probability) const;
};

/// Logistic regression made to predict: means, sds and coefficients come from `rows` alone. Newton
/// steps on standardised columns, halved until the objective falls, until the next is below 1e-8
/// standard errors or too small to show in the likelihood. From 32,768 rows on it starts at the fit
/// of every sixteenth with the curvature found there (BFGS); should steps not shrink, Newton's go
/// on. Constant columns, and without penalty columns that depend on earlier ones, get coefficient 0
/// and a warning; without penalty so do classes that are separated completely, where the fit stops
/// once all rows are certain: estimates and their errors are the business of glm(). Rows with a
/// missing or infinite number, a missing label or weight 0 are left out and counted. Rows of one
/// class: that class's share for every row, with a warning. Throws ArgumentError for lengths that
/// differ, labels above 1, negative weights or penalty. O(iterations rows columns^2), parallel over
/// chunks, bits do not depend on threads. Source: le Cessie & van Houwelingen, "Ridge estimators in
/// logistic regression", JRSS C 41 (1992).
[[nodiscard]] LogisticClassifier fit_logistic_classifier(const FeatureColumns& features,
                                                         std::span<const std::int32_t> label,
                                                         std::span<const std::uint32_t> rows,
                                                         const LogisticClassifierSpec& spec = {},
                                                         std::span<const double> weights = {},
                                                         const Context& context = {});

/// The same as a Learner for cross-validation; the spans must outlive it.
[[nodiscard]] Learner logistic_learner(const FeatureColumns& features,
                                       std::span<const std::int32_t> label,
                                       const LogisticClassifierSpec& spec = {},
                                       std::span<const double> weights = {});

}  // namespace impact
