#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/trained_model.h"

namespace impact {

/// What is made zero: the mean over the rows of the effect,
enum class EffectCentre {
  kRows,       ///< a row having that of its interval's upper end (the paper's equations 16 and 20);
  kMidpoints,  ///< the mean of its interval's ends (R's ALEPlot, ALEPython).
};

struct AccumulatedEffectsSpec {
  std::vector<std::string> columns = {};  ///< One or two of the model's, of numbers.
  std::size_t intervals = 20;             ///< Between quantiles of the rows; fewer where these tie.
  EffectCentre centre = EffectCentre::kRows;
  std::size_t output = 0;
  std::span<const double> weights = {};  ///< A row of the table each; quantiles take none.
  double conf_level = 0.95;
};

/// Cells are ends of intervals: those of the first column; with two columns the second runs faster.
/// A table of one column: value, effect, std_error, conf_low, conf_high, n; of two: both values,
/// effect, n (of the cell below and left of it, 0 at the first ends).
struct AccumulatedEffects {
  std::vector<std::string> columns = {};
  std::vector<std::vector<double>> ends = {};     ///< z_0 < z_1 < ..., a column each.
  std::vector<std::vector<double>> deciles = {};  ///< 10 %, ... 90 % of the rows, type 7.
  std::vector<double> effect = {};
  /// One column: of the differences summed up to here, each interval's mean with its sd over the
  /// root of its rows; what the rows leave open, not the model. Empty for two columns.
  std::vector<double> std_error = {};
  std::vector<double> conf_low = {};  ///< effect -+ z std_error.
  std::vector<double> conf_high = {};
  std::vector<std::int64_t> n = {};  ///< Rows of the interval (cell) that ends here.
  std::int64_t empty = 0;  ///< Cells without rows: they take the nearest one's difference.
  std::vector<std::string> warnings = {};
};

/// Accumulated local effects: how the prediction changes as a column passes through its intervals,
/// by the rows that are there, so that columns which go together are not torn apart. With
/// z_k the type 1 quantile at k / K and interval k from above z_(k-1) to z_k (the first holds z_0),
///   g(z_k) = sum_(l <= k) mean over rows in interval l of f(z_l, x_rest) - f(z_(l-1), x_rest),
/// less its mean over the rows. Two columns: the same of second differences in cells, less the main
/// effects of both and the mean: what is left is interaction alone, zero where columns add up.
/// Parallel over rows as the model predicts; bits do not depend on threads. Throws ArgumentError
/// for unknown columns, columns of texts (their levels have no order to accumulate in: take
/// partial_dependence()), and options out of range. Rows where a column is missing do not count,
/// with a warning.
/// Source: Apley & Zhu, "Visualizing the effects of predictor variables in black box supervised
/// learning models", JRSS B 82 (2020).
[[nodiscard]] AccumulatedEffects accumulated_effects(const TrainedModel& model,
                                                     const FeatureTable& features,
                                                     std::span<const std::uint32_t> rows,
                                                     const AccumulatedEffectsSpec& spec,
                                                     const Context& context = {});

}  // namespace impact
