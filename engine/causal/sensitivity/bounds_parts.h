#pragma once

#include <cstdint>
#include <span>

#include "engine/causal/sensitivity/effect_bounds.h"

/// What the functions of effect_bounds.h share.
namespace impact::detail {

/// Throws ArgumentError for lengths that differ, negative weights or clusters, a bad conf_level.
void check_bounds(const BoundsData& data, double conf_level);

/// sqrt(sum over clusters of (sum psi)^2) / rows.
[[nodiscard]] double influence_error(std::span<const double> influence,
                                     std::span<const std::int32_t> clusters);

/// Errors and interval from the influence.
void complete_effect_bounds(EffectBounds& bounds, std::span<const std::int32_t> clusters,
                            double conf_level, BoundsCoverage coverage);

}  // namespace impact::detail
