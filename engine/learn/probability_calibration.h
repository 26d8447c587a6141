#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/multiclass_scores.h"
#include "engine/learn/scored_labels.h"

namespace impact {

/// Scores made probabilities. All of these are to be fitted to predictions of rows the model did
/// not learn from (out_of_fold); their plain fields are all there is to save.

struct PlattScaling {
  double slope = std::numeric_limits<double>::quiet_NaN();
  double intercept = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;
  int iterations = 0;
  bool converged = false;
  std::vector<std::string> warnings = {};

  /// 1 / (1 + exp(-(slope score + intercept))).
  [[nodiscard]] double operator()(double score) const;
};

/// Maximum likelihood with the targets (N1 + 1) / (N1 + 2) for positives and 1 / (N0 + 2) for
/// negatives, N their weights (Platt 1999), so that separated classes too have a finite slope.
/// Newton's method with steps halved until the likelihood rises (Lin, Lin & Weng 2007), on
/// standardised scores. One class, one score: no fit, with a warning. An infinite score throws
/// ArgumentError; else as detail::used_rows. O(iterations n).
[[nodiscard]] PlattScaling fit_platt(const ScoredLabels& data);

/// A step function that never falls (or never rises), with straight lines between its steps.
struct IsotonicRegression {
  std::vector<double> x = {};  ///< Increasing: both ends of every step.
  std::vector<double> y = {};
  std::int64_t n = 0;
  std::vector<std::string> warnings = {};

  /// Linear between the points, the nearest end's value outside; NaN of NaN and without a fit.
  [[nodiscard]] double operator()(double at) const;
};

struct IsotonicSpec {
  bool increasing = true;
  std::span<const double> weights = {};
};

/// Least squares under the order of x: rows of one x are averaged, then neighbours that violate the
/// order are pooled (Ayer et al. 1955; Barlow et al. 1972). Rows that miss a number are left out
/// and counted. Throws ArgumentError for lengths, weights and infinite outcomes. O(n log n). Points
/// are those of scikit-learn's IsotonicRegression.
[[nodiscard]] IsotonicRegression fit_isotonic(std::span<const double> x,
                                              std::span<const double> outcome,
                                              const IsotonicSpec& spec = {});
/// Of labels 0 and 1 (Zadrozny & Elkan 2002): values are probabilities. Wants some hundred rows.
[[nodiscard]] IsotonicRegression fit_isotonic(const ScoredLabels& data);

struct TemperatureScaling {
  double temperature = std::numeric_limits<double>::quiet_NaN();  ///< > 0, infinite: all equal.
  std::int64_t n = 0;
  bool converged = false;
  std::vector<std::string> warnings = {};

  /// p_k^(1 / temperature) over their sum, row by row. Throws ArgumentError when the numbers are
  /// not whole rows of `classes`.
  [[nodiscard]] std::vector<double> operator()(std::span<const double> probability,
                                               std::size_t classes) const;
};

/// Least log loss over the temperature (Guo et al. 2017): the order of classes stays. Where the
/// most probable class is always right there is no finite best (NaN), where probabilities tell
/// nothing it is infinite; both with a warning. Rows that were given probability 0 for what they
/// are are left out with a warning. Errors as class_probability_scores.
[[nodiscard]] TemperatureScaling fit_temperature(const ClassProbabilities& data);

}  // namespace impact
