#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/effect.h"
#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/folds.h"
#include "engine/learn/trained_model.h"

/// Double machine learning: effects whose nuisances any learner fits, each row predicted by models
/// that never saw it.
namespace impact {

/// Rows of a study: arrays of one length, outcome and treatment finite.
struct DoubleLearningData {
  FeatureTable features = {};  ///< Controls; missing cells as the learners take them.
  std::span<const double> y;
  std::span<const double> treatment;          ///< Any number; of kInteractive 1 or 0.
  std::span<const double> weights = {};       ///< Of sampling, >= 0.
  std::span<const std::int32_t> groups = {};  ///< Kept together where a learner splits its rows.
};

enum class DoubleModel {
  kPartiallyLinear,  ///< "plr": y = theta d + g(x) + u, d = m(x) + v.
  kInteractive,      ///< "irm": y = g(d, x) + u, d binary with propensity m(x).
};

struct DoubleLearningSpec {
  DoubleModel model = DoubleModel::kInteractive;
  LearnerSpec outcome = {};    ///< Of l(x) = E[y | x] (plr), of g(0, x) and g(1, x) (irm).
  LearnerSpec treatment = {};  ///< Of m(x). A binary treatment is learned as classes where the
                               ///< learner knows them.
  /// Of plr: the score (y - d theta - g(x))(d - m(x)) with g learned from y - d theta_0, theta_0
  /// that of partialling out; else (y - l(x) - theta (d - m(x)))(d - m(x)).
  bool iv_type = false;
  EffectTarget target = EffectTarget::kAll;  ///< Of irm: kAll, kTreated or kControls.
  bool normalise = false;                    ///< Of irm: weights of an arm divided by their mean.
  double clip = 0.01;                        ///< Of irm: propensities beyond it are moved there.
};

/// Predictions of one repeat, a row each; NaN where a learner has none. Unused ones are empty.
struct CrossFit {
  std::vector<double> l = {};  ///< E[y | x].
  std::vector<double> m = {};  ///< E[d | x].
  std::vector<double> g = {};  ///< g(x) of iv_type.
  std::vector<double> g0 = {};
  std::vector<double> g1 = {};
};

struct DoubleLearningFit {
  std::vector<EffectFit> repeats = {};  ///< One a repeat of the folds; effects as in effect.h.
  std::vector<CrossFit> nuisances = {};
  std::int64_t unpredicted = 0;  ///< Rows without a prediction, left out.
  /// Mean over the repeats: root mean squared errors of the nuisances on rows they did not see.
  double outcome_error = std::numeric_limits<double>::quiet_NaN();
  double treatment_error = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// Nuisances by cross-fitting on `folds`, one CrossFit a repeat. Fits draw from
/// key.child("outcome"), "treatment", "outcome 0", "outcome 1" and "outcome less effect". Parallel
/// over fits; bits do not depend on threads.
[[nodiscard]] std::vector<CrossFit> cross_fit(const DoubleLearningData& data,
                                              const DoubleLearningSpec& spec, const Folds& folds,
                                              StreamKey key, std::vector<std::string>* warnings,
                                              const Context& context = {});

/// The effect that predictions give, wherever they come from. plr: theta solves the mean score,
/// with influence psi / -(d psi / d theta); irm: average_effect() of kAugmented. Rows without a
/// prediction are left out. Throws ArgumentError for lengths that differ, a binary treatment that
/// is none, targets that irm does not know.
[[nodiscard]] EffectFit effect_of(const DoubleLearningData& data, const DoubleLearningSpec& spec,
                                  const CrossFit& nuisances, const Context& context = {});

/// Both. Sources: Chernozhukov, Chetverikov, Demirer, Duflo, Hansen, Newey & Robins, Econometrics
/// Journal 21 (2018); Robinson, Econometrica 56 (1988).
[[nodiscard]] DoubleLearningFit double_learning(const DoubleLearningData& data,
                                                const DoubleLearningSpec& spec, const Folds& folds,
                                                StreamKey key, const Context& context = {});

/// Rows of the effects: the median over the repeats, with standard error
/// sqrt(median of se_r^2 + (theta_r - theta)^2), which holds what the draw of the folds adds
/// (definition 3.3 of the source). Errors as EffectInference.
[[nodiscard]] std::vector<Estimate> to_estimates(const DoubleLearningFit& fit,
                                                 const EffectInference& inference = {});

}  // namespace impact
