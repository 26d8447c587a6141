#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/causal/graph/adjustment.h"
#include "engine/causal/graph/causal_graph.h"

namespace impact {

/// What a covariate is to the effect of the treatments on the outcomes.
enum class CovariateRole {
  kMediator,              ///< On a causal path: adjusting takes away part of the effect.
  kDescendantOfMediator,  ///< Takes away part of it, and may open paths.
  kDescendantOfOutcome,   ///< Selects on the outcome.
  kCollider,              ///< A common consequence of treatment and outcome's causes; opens a path.
  kMBias,                 ///< Before the treatment, yet a collider: opens a path that was blocked.
  kInstrument,            ///< Moves the treatment only: inflates bias that is left, and variance.
  kDescendantOfTreatment,  ///< A consequence of the treatment off the causal paths; harmless here.
  kConfounder,             ///< On a path that is open without it.
  kBlocker,                ///< Blocks, given the others, a path that they open or leave open.
  kPrecision,              ///< A cause of the outcome only: lowers the variance.
  kNeutral,                ///< Changes neither bias nor, in large samples, much else.
};

/// "mediator", "descendant_of_mediator", ..., "m_bias", ...
[[nodiscard]] std::string_view covariate_role_name(CovariateRole role);

enum class CovariateVerdict { kGood, kNeutral, kCaution, kBad };
[[nodiscard]] std::string_view covariate_verdict_name(CovariateVerdict verdict);  ///< "good", ...

struct CovariateFinding {
  std::string name = {};
  CovariateRole role = CovariateRole::kNeutral;  ///< The first of the list that applies.
  CovariateVerdict verdict = CovariateVerdict::kNeutral;
  std::string sentence = {};
  OpenPath path = {};  ///< What it opens, or blocks.
};

struct CovariateReview {
  std::vector<CovariateFinding> findings = {};  ///< In the order of the covariates.
  AdjustmentVerdict together = {};              ///< On adjusting for all of them.
  /// What a valid set has to do without: the bad ones, and more where no valid set keeps the rest.
  NodeNames leave_out = {};
  NodeNames add = {};  ///< Observed columns that it needs besides those kept.
  /// Whether the kept ones and `add` are valid; if not, no observed columns are.
  bool repairable = false;
  std::string reading = {};  ///< One or two sentences.
};

/// Judges the covariates that someone means to adjust for, one by one and together. Throws
/// ArgumentError for unknown nodes and covariates that are treatment or outcome.
/// Source: Cinelli, Forney & Pearl, "A crash course in good and bad controls", Sociological Methods
/// & Research 53 (2024) 1071-1104; Myers et al. (2011) on instruments.
[[nodiscard]] CovariateReview review_covariates(const CausalGraph& graph,
                                                std::span<const std::string> treatment,
                                                std::span<const std::string> outcome,
                                                std::span<const std::string> covariates);

}  // namespace impact
