#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/explain/kernel_shap.h"

namespace impact {

/// A table of them has these columns in this order.
struct ShapImportance {
  std::string column = {};
  double mean_absolute = 0.0;  ///< mean |phi| over the rows.
  double mean = 0.0;           ///< mean phi: 0 where the rows are those averaged over.
  double sd = std::numeric_limits<double>::quiet_NaN();     ///< Of phi, n - 1 below.
  double share = std::numeric_limits<double>::quiet_NaN();  ///< Of the sum of mean_absolute.
};

/// One a column, in the columns' order. `weights`: one an explained row, or none.
[[nodiscard]] std::vector<ShapImportance> shap_importance(const ShapValues& values,
                                                          std::span<const double> weights = {});

/// A column's values against its Shapley values, coloured by a partner. A table: row, value,
/// level, shap, partner_value, partner_level.
struct ShapDependence {
  std::string column = {};
  std::string partner = {};  ///< Empty: no other column says anything.
  /// Share of the variance of phi within bins of the column that the partner explains.
  double strength = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::uint32_t> rows = {};
  std::vector<double> values = {};       ///< Of numbers; NaN for texts.
  std::vector<std::string> levels = {};  ///< Of texts; empty for numbers.
  std::vector<double> shap = {};
  std::vector<double> partner_values = {};
  std::vector<std::string> partner_levels = {};
};

/// The strength of each column as the partner of `column`, NaN for itself: rows are cut into up to
/// `bins` parts of equal size by the column's order (texts: by level); within a bin they are parted
/// by the partner, numbers at the bin's median, texts by level, missing ones apart; then
///   sum over bins (between - (groups - 1) within / (n - groups)) / sum over bins total
/// of the squares of phi (Kelley's epsilon squared, at least 0, so that many levels gain nothing by
/// chance). `features`: the columns of `values` (of a pipeline those of Predictor::inner).
/// Throws ArgumentError for a column that is not there.
[[nodiscard]] std::vector<double> partner_strengths(const ShapValues& values,
                                                    const FeatureTable& features,
                                                    const std::string& column,
                                                    std::size_t bins = 10);

/// `partner`: a column, or empty for the strongest one.
[[nodiscard]] ShapDependence shap_dependence(const ShapValues& values, const FeatureTable& features,
                                             const std::string& column,
                                             const std::string& partner = "",
                                             std::size_t bins = 10);

}  // namespace impact
