#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/causal/effect.h"
#include "engine/causal/moment_model.h"
#include "engine/core/context.h"

namespace impact {

/// Rows of a study with one treatment: arrays of one length. Every number is finite.
struct AverageEffectData {
  std::span<const double> y;
  std::span<const std::int32_t> treated;   ///< 1 or 0.
  std::span<const double> weights = {};    ///< Of sampling, >= 0.
  std::span<const double> x_outcome = {};  ///< rows x columns, column by column, ones first.
  std::size_t outcome_columns = 0;
  std::span<const double> x_treatment = {};
  std::size_t treatment_columns = 0;
  std::span<const std::string> outcome_names = {};
  std::span<const std::string> treatment_names = {};
  /// Known or learned elsewhere (out of fold): then no model is fitted and nothing is added for it.
  std::span<const double> propensity = {};
  std::span<const double> mean_treated = {};  ///< E[y | treated, x], with mean_control.
  std::span<const double> mean_control = {};
};

enum class EffectMethod {
  kRegression,  ///< "ra": outcome models by arm, averaged over the target population.
  kWeighting,   ///< "ipw".
  kAugmented,   ///< "aipw": regression, and its residuals weighted (Robins, Rotnitzky & Zhao
                ///< 1994).
  kWeightedRegression,  ///< "ipwra": outcome models fitted with the weights (Wooldridge 2007).
  kTargeted,  ///< "tmle": outcome models moved to solve the efficient equation (van der Laan
              ///< & Rubin 2006), by a weighted logistic step.
};
[[nodiscard]] std::string_view effect_method_name(EffectMethod method);
[[nodiscard]] EffectMethod parse_effect_method(std::string_view name);

/// How treated and controls are made alike.
enum class Weighting {
  kLogistic,  ///< Propensity p by maximum likelihood.
  kProbit,
  kBalancing,  ///< "cbps": propensities that balance the columns (Imai & Ratkovic 2014).
  kTilting,    ///< "ipt": each arm tilted to the target (Graham, Pinto & Egel 2012).
  kEntropy,    ///< "entropy": weights exp(x'b), each arm to the target (Hainmueller 2012).
};
[[nodiscard]] std::string_view weighting_name(Weighting weighting);
[[nodiscard]] Weighting parse_weighting(std::string_view name);

struct AverageEffectSpec {
  EffectMethod method = EffectMethod::kAugmented;
  EffectTarget target = EffectTarget::kAll;
  Weighting weighting = Weighting::kLogistic;
  /// kLinear, kLogistic, kProbit or kPoisson.
  MomentFamily outcome = MomentFamily::kLinear;
  /// Weights of an arm divided by their sum (Hajek), else by the target's size (Horvitz &
  /// Thompson). None: ipw does, aipw does not.
  std::optional<bool> normalise = {};
  /// Of kAugmented: outcome models are fitted with weights v (v - 1), v = 1/p or 1/(1 - p), so that
  /// a wrong outcome model does least harm (Cao, Tsiatis & Davidian 2009; "wnls" in Stata).
  bool least_variance = false;
  /// Rows whose propensity lies outside [trim, 1 - trim] leave the target population (Crump, Hotz,
  /// Imbens & Mitnik 2009); in [0, 1/2).
  double trim = 0.0;
  /// Propensities beyond [clip, 1 - clip] are moved there; in [0, 1/2).
  double clip = 0.0;
  /// Errors account for the estimation of propensities and outcome models (stacked estimating
  /// equations); else they take them as known.
  bool stacked = true;
};

struct AverageEffectFit : EffectFit {
  std::vector<double> propensity = {};  ///< A row; empty where no weights are used.
  /// What each row counts in its arm: w times the row's sampling weight, 0 when trimmed.
  std::vector<double> weight = {};
  double effective_treated = 0.0;  ///< Kish's effective sample sizes (sum w)^2 / sum w^2.
  double effective_controls = 0.0;
  std::int64_t trimmed = 0;
  std::int64_t clipped = 0;
};

/// Average effect of a treatment on the target population with its potential outcome means:
/// effects are {target, mean[1], mean[0]}. With s the sampling weights, t treatment, e propensity,
/// m_a outcome models, h the target (1, t, 1 - t, e(1-e), min(e, 1-e)), w_1 = h/e, w_0 = h/(1-e)
/// (for t: 1 and e/(1-e); for 1 - t: (1-e)/e and 1), mean over i:
///   ra     mean s h m_a / mean s h
///   ipw    mean s 1{t=a} w_a y / mean s 1{t=a} w_a   (Horvitz-Thompson: / mean s h)
///   aipw   ra + mean s 1{t=a} w_a (y - m_a) / mean s h  (normalised: / mean s 1{t=a} w_a)
///   ipwra  ra with m_a fitted with weights s w_a
///   tmle   ra with m_a moved along the logistic line of weights s w_a; y scaled to [0, 1]
/// Influence: each is a sum of ratios of means A/B with (a_i - (A/B) b_i) / B, plus, when stacked,
/// what the models' estimating equations add (Newey & McFadden 1994). tmle's is the efficient one.
/// No overlap, separation, weights that cannot balance and fits that do not converge are in
/// `broken`. Throws ArgumentError for lengths that differ, no treated or no controls, numbers that
/// are not finite, a propensity outside [0, 1], overlap targets with tilting or entropy.
/// O(rows columns^2) a model; parallel over chunks; same bits on any number of threads. Sources:
/// Imbens & Rubin, Causal Inference (2015); Li, Morgan & Zaslavsky, JASA 113 (2018); Stata's
/// teffects, whose published numbers the tests reproduce.
[[nodiscard]] AverageEffectFit average_effect(const AverageEffectData& data,
                                              const AverageEffectSpec& spec = {},
                                              const Context& context = {});

}  // namespace impact
