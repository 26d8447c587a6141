#pragma once

#include <cstdint>

#include "engine/core/rng.h"

namespace impact {

/// Successes among `trials` >= 0, each with probability p in [0, 1]; throws ArgumentError outside.
/// Up to 30 trials by inversion of one uniform, which p only moves monotonically; beyond, the
/// trials are split at the median order statistic of as many uniforms, a beta variate, in
/// O(log trials) steps (Devroye, "Non-Uniform Random Variate Generation", 1986, X.4.3).
[[nodiscard]] std::int64_t binomial(Stream& stream, std::int64_t trials, double p);

}  // namespace impact
