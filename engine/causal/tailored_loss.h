#pragma once

#include <memory>

#include "engine/causal/moment_model.h"
#include "engine/stats/likelihood.h"

namespace impact::detail {

/// The concave function whose score is the family's g, for Newton's method; null for kLinear.
/// `constant`, `saturated` and `moments` of the balancing ones say nothing: they are no
/// likelihoods.
[[nodiscard]] std::unique_ptr<const Likelihood> moment_likelihood(MomentFamily family);

/// Balancing families start at the eta of an intercept alone: `share` is the treated share.
[[nodiscard]] double moment_start(MomentFamily family, double share);

}  // namespace impact::detail
