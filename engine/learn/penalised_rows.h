#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>
#include <Eigen/Core>

#include "engine/core/context.h"
#include "engine/learn/feature_columns.h"

/// The rows that a penalised regression learns from: not for other callers.
namespace impact::detail {

/// Complete rows of positive weight, columns that vary brought to one scale:
/// x = (feature - centre) / scale.
struct PenalisedRows {
  Eigen::MatrixXd x = {};                 ///< Rows x varying columns.
  Eigen::VectorXd y = {};                 ///< The outcome, or the code of its class.
  Eigen::VectorXd weight = {};            ///< Sums to 1.
  std::vector<double> offset = {};        ///< One a row, or none.
  std::vector<std::uint32_t> rows = {};   ///< Of the data.
  std::vector<std::size_t> varying = {};  ///< Feature of each column of x.
  std::vector<double> centre = {};        ///< One a feature.
  std::vector<double> scale = {};         ///< The same; NaN: constant, or left out.
  std::vector<std::string> warnings = {};
  double total_weight = 0.0;
  bool equal_weights = true;

  [[nodiscard]] std::size_t count() const { return rows.size(); }
  /// Weights of the rows where they differ; none where they are all 1 / n.
  [[nodiscard]] std::span<const double> unequal_weights() const {
    return equal_weights ? std::span<const double>() : std::span(weight.data(), count());
  }
};

struct PenalisedRowsSpec {
  bool centre = true;       ///< By the weighted mean.
  bool standardise = true;  ///< By the weighted sd, the sum of squares over n.
  /// Features that take no part whatever they hold; missing numbers in them lose no row.
  std::span<const std::uint8_t> left_out = {};
};

/// Throws ArgumentError for lengths that differ, rows that do not exist and negative weights; what
/// is missing, infinite or constant is left out and said in `warnings`.
[[nodiscard]] PenalisedRows penalised_rows(const FeatureColumns& features,
                                           std::span<const double> outcome,
                                           std::span<const std::uint32_t> rows,
                                           std::span<const double> weights,
                                           std::span<const double> offset,
                                           const PenalisedRowsSpec& spec, const Context& context);

/// Names of features, a dozen at most.
[[nodiscard]] std::string feature_names(const FeatureColumns& features,
                                        std::span<const std::size_t> columns);

}  // namespace impact::detail
