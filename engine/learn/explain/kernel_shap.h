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

/// Shapley values of columns, whichever way they were found. A table of them has a row a row and
/// column: row, column, shap, std_error.
struct ShapValues {
  std::vector<std::string> columns = {};
  std::vector<std::uint32_t> rows = {};  ///< Explained rows of the table.
  std::vector<double> value = {};        ///< rows x columns, row by row.
  std::vector<double> std_error = {};    ///< The same, what sampling leaves open; empty: exact.
  double expectation = 0.0;              ///< What is said where no column is known.
  /// What is said of each row: expectation plus its values, to 1e-10 and better.
  std::vector<double> prediction = {};
  std::string method = {};  ///< "tree", "kernel_exact", "kernel_sampled".
  std::vector<std::string> warnings = {};
};

enum class ShapLink {
  kIdentity,
  kLogit,  ///< Values add up to the log odds of the predicted probability.
};

struct KernelShapSpec {
  std::size_t background = 100;  ///< Rows drawn to average over; 0: all.
  /// Up to so many columns every coalition is asked: exact. At most 20.
  std::size_t exact_columns = 12;
  /// Coalitions a row where not all are asked, at least 2 columns + 4; 0: 2 columns + 2048.
  std::size_t samples = 0;
  ShapLink link = ShapLink::kIdentity;
  std::size_t output = 0;
  std::span<const double> weights = {};  ///< Of the background, a row of its table each.
};

/// Shapley values of any model in the game whose value for a set S of columns is
///   v(S) = link(sum_b w_b f(x_S, b_(not S)) / sum_b w_b)
/// over background rows b: the columns outside of S take their values, as if independent of those
/// inside (an interventional game; tree_shap()'s is another). Exact by Shapley's sum, which the
/// kernel's weighted least squares equals. Otherwise least squares of v(S) - v() on membership,
/// with the kernel's weights (p - 1) / (C(p, s) s (p - s)) and sum phi = v(all) - v() solved
/// exactly: sizes 1 and p - 1 and, from the outside in, as many more as `samples` allows are asked
/// in full, those between are drawn by Stream(key.child("coalitions"), row) in pairs of a set and
/// its complement; std_error from the spread of the pairs' scores (sandwich). The background is
/// drawn from key.child("background"). Predictions: rows x coalitions x background. Parallel over
/// coalitions; bits do not depend on threads. Throws ArgumentError for options out of range and no
/// rows. A row with no prediction has NaN for its values, probabilities of 0 and 1 are moved by
/// 1e-15 for the logit, both with a warning. Sources: Lundberg & Lee, "A unified approach to
/// interpreting model predictions", NeurIPS 30 (2017); Covert & Lee, "Improving KernelSHAP",
/// AISTATS 2021.
[[nodiscard]] ShapValues kernel_shap(const TrainedModel& model, const FeatureTable& features,
                                     std::span<const std::uint32_t> rows,
                                     const FeatureTable& background,
                                     std::span<const std::uint32_t> background_rows,
                                     const KernelShapSpec& spec, StreamKey key,
                                     const Context& context = {});

/// tree_shap() of a model that is a sum of trees, over the columns that its last step sees (those
/// of Predictor::inner). Boosted classes: of the log odds. Throws ArgumentError for a model that is
/// no sum of trees.
[[nodiscard]] ShapValues model_tree_shap(const TrainedModel& model, const FeatureTable& features,
                                         std::span<const std::uint32_t> rows,
                                         std::size_t output = 0, const Context& context = {});

}  // namespace impact
