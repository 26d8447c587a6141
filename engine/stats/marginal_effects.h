#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/stats/glm.h"

namespace impact {

struct MarginalSpec {
  /// At the means of all columns (dummies included) instead of averaged over the rows.
  bool at_means = false;
  /// Dummies of one factor each: a level's effect is the change from the factor's reference, all
  /// other dummies of it being 0. Columns of 0 and 1 in no list are factors of one dummy.
  std::vector<std::vector<std::size_t>> factors = {};
  double conf_level = 0.95;
};

/// How much the expected outcome changes with each column but the intercept: the derivative for a
/// measure, the change from 0 to 1 for a dummy; in units of the outcome (per unit of the column),
/// averaged with the weights of the rows. Errors by the delta method from the fit's covariance, so
/// that its se carries over; the rows' columns count as given. A column that is a function of
/// others (an interaction, a square) is not known to be one: take average_contrast() there.
/// method "average_marginal_effect" or "marginal_effect_at_means". Columns without an estimate have
/// no row; after separation the effects are NaN, with a warning.
/// Throws ArgumentError as glm(), and for factors that are no dummies.
/// Source: Cameron & Trivedi, Microeconometrics (2005), section 14.3.
[[nodiscard]] std::vector<Estimate> marginal_effects(const GlmData& data, const GlmFit& fit,
                                                     std::span<const std::string> names,
                                                     const MarginalSpec& spec = {},
                                                     const Context& context = {});

/// Mean of mu(treated) - mu(control) over rows given twice, as they would be under one and under
/// the other: the effect with all columns that follow the treatment. Both are rows x columns; the
/// optional offset and weights are one a row. method "average_contrast".
[[nodiscard]] Estimate average_contrast(const GlmFit& fit, std::span<const double> treated,
                                        std::span<const double> control,
                                        std::span<const double> weights = {},
                                        std::span<const double> offset = {},
                                        double conf_level = 0.95);

/// One a row of `x` (rows x columns, column by column).
struct Predictions {
  std::vector<double> eta = {};
  std::vector<double> eta_se = {};
  std::vector<double> mean = {};       ///< Expected outcome.
  std::vector<double> mean_se = {};    ///< By the delta method.
  std::vector<double> conf_low = {};   ///< The ends of eta's interval on the scale of the outcome,
  std::vector<double> conf_high = {};  ///< so that they stay in range.
  std::vector<std::string> warnings = {};
};

/// Expected outcomes with intervals for the mean (not for a new outcome). Dependent columns that
/// the fit dropped count as if they followed the rest as they did there. NaN cells give NaN.
[[nodiscard]] Predictions predict(const GlmFit& fit, std::span<const double> x,
                                  std::span<const double> offset = {}, double conf_level = 0.95);

/// exp(coefficient) with the interval's ends exponentiated: odds ratios of a logistic fit, ratios
/// of rates of a count fit. std_error by the delta method; statistic and p-value are those of the
/// coefficient (ratio 1). method "odds_ratio" or "rate_ratio". Throws ArgumentError for probit.
[[nodiscard]] std::vector<Estimate> ratios(const GlmFit& fit, std::span<const std::string> names,
                                           double conf_level = 0.95);

}  // namespace impact
