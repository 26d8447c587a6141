#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/context.h"
#include "engine/stats/groups.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/linear.h"

/// Covariance estimators of a solved Model: not for other callers.
namespace impact::detail {

/// What a covariance needs beside the solution.
struct SandwichInput {
  SeType se = SeType::kHc2;
  /// The first kept columns are dummies of absorbed factors; only the rest is reported.
  std::size_t nuisance = 0;
  double rank = 0.0;                 ///< Kept columns plus absorbed levels.
  const double* absorbed = nullptr;  ///< Leverage of each row in the absorbed factor; null: none.
  const Groups* clusters = nullptr;
  const Groups* second = nullptr;  ///< Clusters of a second kind; null: none.
  const Groups* shared = nullptr;  ///< Rows that share both; null: each row by itself.
  TwoWayScale two_way = TwoWayScale::kSmallest;
  std::int64_t lag = 0;      ///< Newey-West only.
  bool small_sample = true;  ///< The same.
};

struct Sandwich {
  std::vector<double> covariance = {};  ///< Of the reported coefficients, column by column.
  std::vector<double> df = {};          ///< The same order.
  bool repaired = false;                ///< Negative eigenvalues were set to zero.
  double residual_squares = 0.0;        ///< e'e, weighted.
  std::int64_t full_leverage = 0;       ///< Rows with leverage 1 (HC2 and HC3 only).
  /// Reported coefficients whose HC2 or HC3 is undefined because such a row moves them.
  std::vector<std::uint8_t> undefined = {};
};

[[nodiscard]] Sandwich sandwich(const Model& model, const Solution& solution,
                                const SandwichInput& input, const Context& context);

}  // namespace impact::detail
