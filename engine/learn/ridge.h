#pragma once

#include <span>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/elastic_net.h"
#include "engine/learn/feature_columns.h"

namespace impact {

struct RidgeSpec {
  std::vector<double> lambda = {1.0};  ///< In any order.
  bool standardise = true;             ///< By the weighted sd with sum of squares over n.
  bool intercept = true;               ///< Not penalised.
};

/// The Gaussian elastic net with alpha = 0 in closed form, for all lambdas from one decomposition:
/// b = (X'WX + lambda)^-1 X'Wy, weights of sum 1. A lambda of 0 gives the shortest of the least
/// squares solutions. df is tr (X'WX + lambda)^-1 X'WX. scikit-learn's alpha is n lambda for
/// columns that are not standardised. Rows, errors and warnings as fit_elastic_net. O(rows
/// columns^2 + columns^3), with more columns than rows O(columns rows^2 + rows^3). Source: Hoerl &
/// Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12
/// (1970).
[[nodiscard]] ElasticNetPath fit_ridge(const FeatureColumns& features,
                                       std::span<const double> outcome,
                                       std::span<const std::uint32_t> rows,
                                       const RidgeSpec& spec = {},
                                       std::span<const double> weights = {},
                                       const Context& context = {});

}  // namespace impact
