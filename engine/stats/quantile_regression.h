#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Covariance of the coefficients, n rows, bandwidth h of Hall & Sheather (1988) at level 0.05.
enum class QuantileSe {
  kIid,     ///< tau (1 - tau) s^2 (X'X)^-1: one density for all rows, its inverse s by the median
            ///< regression of the central residuals on their ranks (Koenker & Bassett 1982).
  kNid,     ///< Sandwich with a density for each row from the fits at tau +- h (Hendricks & Koenker
            ///< 1992).
  kKernel,  ///< Sandwich with a normal kernel on the residuals (Powell 1991).
  kBootstrap,  ///< Rows, or clusters, drawn with replacement.
};

[[nodiscard]] std::string_view quantile_se_name(QuantileSe se);  ///< "iid", "nid", "kernel", ...
/// Inverse of quantile_se_name. Throws ArgumentError with a suggestion.
[[nodiscard]] QuantileSe parse_quantile_se(std::string_view name);

/// Rows and columns as GlmData.
struct QuantileData {
  std::span<const double> x;
  std::size_t columns = 0;
  std::span<const double> y;
  std::span<const double> weights = {};         ///< Of each row's absolute deviation.
  std::span<const std::int32_t> clusters = {};  ///< With kBootstrap only: drawn as a whole.
  std::span<const std::string> names = {};
};

struct QuantileSpec {
  double tau = 0.5;  ///< In (0, 1).
  QuantileSe se = QuantileSe::kNid;
  int draws = 500;                     ///< Bootstrap draws, 2 or more.
  StreamKey key = StreamKey::root(0);  ///< Of the bootstrap's chance.
  bool explain = true;
};

/// Entries of columns without an estimate are NaN.
struct QuantileFit {
  std::vector<double> coefficient = {};
  std::vector<double> std_error = {};
  std::vector<double> covariance = {};
  std::vector<std::size_t> dropped = {};
  std::int64_t n = 0;
  std::int64_t rank = 0;
  /// Sum of weight (tau - (e < 0)) e, the least there is.
  double objective = std::numeric_limits<double>::quiet_NaN();
  double sparsity = std::numeric_limits<double>::quiet_NaN();  ///< s; kIid only.
  int iterations = 0;
  bool unique = true;  ///< No other coefficients reach the objective.
  double tau = 0.5;
  QuantileSe se = QuantileSe::kNid;
  std::vector<std::string> warnings = {};
};

/// Linear quantile regression, exact: the solution is a vertex, the plane through as many rows as
/// there are columns, found by descent along edges with exact line search (the simplex method of
/// Barrodale & Roberts 1973 as Koenker & d'Orey 1987 use it), started from the solution of every
/// eighth row. Ties and repeated values are resolved by an infinitesimal shift of the outcome.
/// Where several vertices are best one of them is returned, with a warning. Dependent columns are
/// dropped as linear() does. Throws ArgumentError for lengths that differ, tau out of range,
/// negative weights, clusters without kBootstrap. Parallel over chunks or draws; bits do not depend
/// on threads.
/// Source: Koenker, Quantile Regression (2005). Checked against quantreg::rq.
[[nodiscard]] QuantileFit quantile_regression(const QuantileData& data,
                                              const QuantileSpec& spec = {},
                                              const Context& context = {});

/// The rows of a fit; t statistics on n - rank degrees of freedom. method "quantile_regression".
[[nodiscard]] std::vector<Estimate> to_estimates(const QuantileFit& fit,
                                                 std::span<const std::string> names,
                                                 double conf_level = 0.95);

}  // namespace impact
