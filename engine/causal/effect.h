#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/stats/estimate.h"

/// What every estimator of a causal effect returns, and the inference that all of them share.
namespace impact {

/// Whose effect is averaged.
enum class EffectTarget {
  kAll,        ///< ATE: everyone.
  kTreated,    ///< ATT: the treated.
  kControls,   ///< ATC: the controls.
  kOverlap,    ///< ATO: weights e (1 - e), where treatment is least certain (Li, Morgan & Zaslavsky
               ///< 2018).
  kMatchable,  ///< ATM: weights min(e, 1 - e), what one-to-one matching looks for (Li & Greene
               ///< 2013).
};
[[nodiscard]] std::string_view effect_target_name(EffectTarget target);   ///< "ATE", "ATT", ...
[[nodiscard]] std::string_view effect_target_words(EffectTarget target);  ///< "on the treated".
/// Inverse of effect_target_name. Throws ArgumentError with a suggestion.
[[nodiscard]] EffectTarget parse_effect_target(std::string_view name);

/// A number about a population and what each unit contributed to it.
struct Effect {
  std::string term = {};  ///< "ATE", "mean[treated]", ...
  double estimate = std::numeric_limits<double>::quiet_NaN();
  /// One a row of the data, 0 for rows not used: estimate - truth is about their mean over the rows
  /// used (Hampel 1974). They sum to 0 but for rounding. Empty where the estimator has none.
  std::vector<double> influence = {};
  double null_value = 0.0;  ///< What the effect is when there is none: 1 for ratios.
};

/// An estimator's answer, before errors.
struct EffectFit {
  std::vector<Effect> effects = {};  ///< The effect first, then what it is made of.
  std::int64_t n = 0;                ///< Rows used.
  std::string method = {};           ///< "ipw", "aipw", ...
  std::string nuisances = {};        ///< What the errors say of estimated parts, for se_type.
  std::vector<std::string> conventions = {};  ///< Sentences for the footnote.
  std::vector<std::string> warnings = {};
  /// Reasons why the number is not to be believed (no overlap, separation, no convergence): the
  /// headline is struck through. Empty when all is well.
  std::vector<std::string> broken = {};
};

/// How the errors come from influence. With psi_i influence, n rows used, J clusters:
enum class EffectError {
  kRobust,   ///< sum psi_i^2 / n^2 ("robust").
  kHc1,      ///< n / (n - 1) of it.
  kCluster,  ///< J / (J - 1) sum over clusters (sum psi)^2 / n^2 ("CR1"); without it "CR0".
};

struct EffectInference {
  EffectError error = EffectError::kRobust;
  /// Small non-negative codes, one a row of the data. Clusters of a second kind: V_1 + V_2 - V_12
  /// (Cameron, Gelbach & Miller 2011); where that is not positive the larger of V_1 and V_2.
  std::span<const std::int32_t> clusters = {};
  std::span<const std::int32_t> second_clusters = {};
  bool small_sample = true;  ///< J / (J - 1), each part its own.
  bool normal = true;        ///< Else a t: n - 1, or (fewest) clusters - 1, degrees of freedom.
  double conf_level = 0.95;
};

/// Rows of the effects: se_type "robust", "HC1", "CR1", "CR0", with ", <nuisances>" where the fit
/// says so. The fit's warnings and what broke it travel in every row; fewer than 10 clusters is a
/// warning. An effect without influence has no error. Throws ArgumentError for clusters of another
/// length, missing or negative codes, or a clustered error without them.
[[nodiscard]] std::vector<Estimate> to_estimates(const EffectFit& fit,
                                                 const EffectInference& inference = {});

/// Covariance of the effects (m x m, symmetric), as in to_estimates.
[[nodiscard]] std::vector<double> effect_covariance(std::span<const Effect> effects, std::int64_t n,
                                                    const EffectInference& inference = {});

/// sum_k a_k effect_k, the influence along.
[[nodiscard]] Effect combine(std::string term, std::span<const Effect> effects,
                             std::span<const double> a);
/// first / second by the delta method, whose null is 1. second must not be 0 (NaN then).
[[nodiscard]] Effect ratio(std::string term, const Effect& first, const Effect& second);

/// Intervals that hold all effects at once.
struct UniformBand {
  double critical = std::numeric_limits<double>::quiet_NaN();  ///< Instead of 1.96.
  std::vector<double> conf_low = {};
  std::vector<double> conf_high = {};
  std::vector<double> p_value = {};  ///< Adjusted for all effects (single step).
};

/// Multiplier bootstrap (Gaussian multipliers, one a row or a cluster of the first kind) of the
/// largest |t| over the effects; an effect with no error is left out (NaN). Chernozhukov,
/// Chetverikov & Kato, Annals of Statistics 41 (2013). `draws` >= 100. O(draws rows effects);
/// parallel over draws, a draw has its own stream.
[[nodiscard]] UniformBand uniform_band(std::span<const Effect> effects, std::int64_t n,
                                       const EffectInference& inference, int draws, StreamKey key,
                                       const Context& context = {});

}  // namespace impact
