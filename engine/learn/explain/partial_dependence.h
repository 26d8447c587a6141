#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/trained_model.h"

namespace impact {

/// Where a column is set to, and what helps to read the plot.
struct GridAxis {
  std::string column = {};
  std::vector<double> values = {};       ///< Of numbers, increasing.
  std::vector<std::string> levels = {};  ///< Of texts, in the order of the column's levels.
  std::vector<double> deciles = {};      ///< Of numbers: 10 %, ... 90 % of the rows, type 7.

  [[nodiscard]] bool text() const { return !levels.empty(); }
  [[nodiscard]] std::size_t size() const { return text() ? levels.size() : values.size(); }
};

struct GridSpec {
  /// Numbers: the quantiles (type 7) of the rows at this many evenly spaced probabilities from low
  /// to high, each once; all distinct values where there are no more than that. Texts: the levels
  /// that occur.
  std::size_t points = 20;  ///< At least 2.
  double low = 0.05;        ///< 0 <= low < high <= 1.
  double high = 0.95;
  std::vector<double> values = {};  ///< A grid of one's own, of numbers.
};

/// The axis of the model's column `place` in a table of the model's columns. Throws ArgumentError
/// for options out of range and a column without a value.
[[nodiscard]] GridAxis grid_axis(const FeatureTable& table, std::size_t place,
                                 const GridSpec& spec);

struct PartialDependenceSpec {
  std::vector<std::string> columns = {};  ///< One or two of the model's.
  GridSpec grid = {};
  std::vector<double> second_values = {};  ///< As grid.values, which is the first column's.
  std::size_t background = 0;              ///< Rows drawn to average over; 0: all.
  std::size_t curves = 0;                  ///< Rows drawn of these whose curves are returned.
  /// Each row's curve less its value at the first cell (Goldstein's c-ICE), and so the mean.
  bool centred = false;
  std::size_t output = 0;                ///< Of a model of more than two classes.
  std::span<const double> weights = {};  ///< A row of the table each.
};

/// Cells are those of the first axis; with two axes the second runs faster. One table: column(s),
/// mean, sd, low, high; another one: row, column(s), curve.
struct PartialDependence {
  std::vector<GridAxis> axes = {};
  std::vector<double> mean = {};  ///< A cell each: partial dependence.
  std::vector<double> sd = {};    ///< Of the rows' curves at the cell; 0 where columns only add up.
  std::vector<double> low = {};   ///< mean - sd and mean + sd: where most curves lie,
  std::vector<double> high = {};  ///< no interval of confidence.
  std::vector<std::uint32_t> curve_rows = {};  ///< Of the table.
  std::vector<double> curves = {};  ///< rows x cells: individual conditional expectation.
  std::int64_t n = 0;               ///< Background rows.
  std::vector<std::string> warnings = {};
};

/// What the model says on average over the background rows when their columns are set to a cell's
/// values: PD(v) = sum_i w_i f(v, x_i without the columns) / sum w. It asks the model about rows
/// that may not exist where columns go together; accumulated_effects() does not. Draws rows from
/// key.child("background") and key.child("curves"). Rows without a prediction are left out of a
/// cell with a warning. Parallel over cells; bits do not depend on threads. Throws ArgumentError
/// for unknown columns and options out of range.
/// Sources: Friedman, "Greedy function approximation", Annals of Statistics 29 (2001); Goldstein,
/// Kapelner, Bleich & Pitkin, "Peeking inside the black box", JCGS 24 (2015).
[[nodiscard]] PartialDependence partial_dependence(const TrainedModel& model,
                                                   const FeatureTable& features,
                                                   std::span<const std::uint32_t> rows,
                                                   const PartialDependenceSpec& spec, StreamKey key,
                                                   const Context& context = {});

}  // namespace impact
