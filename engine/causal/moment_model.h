#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/context.h"

/// Working models of what an effect is computed from (outcomes, propensities, weights), each the
/// solution b of sum_i w_i g(y_i, x_i'b) x_i = 0, and what their estimation adds to influence.
namespace impact {

/// g, with eta = x'b. The first four are regressions; the others find weights that balance columns
/// exactly (y is 1 for the treated, 0 for controls). They are the scores of concave functions of b,
/// the tailored losses of Zhao (Annals of Statistics 47, 2019).
enum class MomentFamily {
  kLinear,           ///< y - eta.
  kLogistic,         ///< y - p, p = 1 / (1 + exp(-eta)).
  kProbit,           ///< Score of the normal distribution function.
  kPoisson,          ///< y - exp(eta); y >= 0, whole or not.
  kBalanceAll,       ///< y / p - (1 - y) / (1 - p): covariate balancing propensity score (Imai &
                     ///< Ratkovic 2014), just identified.
  kBalanceTreated,   ///< y - (1 - y) exp(eta): the same for the treated; entropy balancing of the
                     ///< controls (Hainmueller 2012; Zhao & Percival 2017); also inverse
                     ///< probability tilting of the controls to everyone with weights 1 + exp(eta)
                     ///< (Graham, Pinto & Egel 2012).
  kBalanceControls,  ///< y exp(-eta) - (1 - y): the same for the controls, and of the treated.
  kEntropyTreated,   ///< 1 - y exp(eta): entropy balancing of the treated to everyone.
  kEntropyControls,  ///< 1 - (1 - y) exp(eta): of the controls to everyone.
};

[[nodiscard]] std::string_view moment_family_name(MomentFamily family);  ///< "linear", ...
/// One of the first four by name. Throws ArgumentError with a suggestion.
[[nodiscard]] MomentFamily parse_outcome_family(std::string_view name);

/// Columns of the model: rows x columns, column by column; an intercept (ones) goes first. Numbers
/// are finite. `weights` >= 0: rows of weight 0 do not enter the fit, but are predicted.
struct MomentData {
  std::span<const double> x;
  std::size_t columns = 0;
  std::span<const double> y;
  std::span<const double> weights = {};
  std::span<const std::string> names = {};  ///< Of the columns, for warnings.
};

struct MomentModel {
  MomentFamily family = MomentFamily::kLinear;
  std::vector<double> coefficient = {};  ///< One a column; 0 for columns that were dropped.
  std::vector<std::size_t> kept = {};    ///< Columns with a coefficient.
  std::vector<double> eta = {};          ///< Of every row.
  std::vector<double> score = {};        ///< w_i g_i; 0 where the weight is.
  std::vector<double> curvature = {};    ///< -w_i dg_i / deta; 0 where the weight is.
  std::int64_t n = 0;                    ///< Rows that entered.
  bool converged = false;
  /// Largest |sum w g x| of a column against sum w |g x|: how far the equations are from holding.
  double imbalance = 0.0;
  std::vector<std::string> warnings = {};
  std::vector<std::string> broken = {};  ///< Why the model cannot be used; empty when it can.

  /// Mean of y (or probability, or exp(eta) of a balancing weight) and its derivative by eta.
  void mean(std::span<double> value, std::span<double> slope) const;

  /// What estimating b adds to the influence of a target whose equation has derivative c_i by
  /// eta_i in row i: t_i score_i, t = X A^-1 X'c with A = X' diag(curvature) X. Adds it to
  /// `influence` (which must have the data's rows; the target's own influence counts n times its
  /// share) and returns t: where the weights w of this model come from another, c of that one
  /// gets t_i g_i dw_i / deta.
  [[nodiscard]] std::vector<double> correct(const MomentData& data, std::span<const double> c,
                                            std::span<double> influence,
                                            const Context& context = {}) const;
};

/// Fits. Dependent columns are dropped and named; separation, a balance that no weights reach and
/// a fit that does not converge are `broken`, never thrown. Throws ArgumentError for lengths that
/// differ, numbers that are not finite, negative weights, outcomes that the family does not know.
/// O(iterations rows columns^2), parallel over chunks; same bits on any number of threads.
[[nodiscard]] MomentModel fit_moments(const MomentData& data, MomentFamily family,
                                      const Context& context = {});

}  // namespace impact
