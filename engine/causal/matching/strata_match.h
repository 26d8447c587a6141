#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/causal/effect.h"
#include "engine/causal/matching/nearest_match.h"

namespace impact {

/// Matching by strata: exact matching where codes are values, coarsened exact matching where they
/// are bins (Iacus, King & Porro, Political Analysis 20 (2012)), subclassification where they are
/// bins of a score (Rosenbaum & Rubin 1984). Strata without one of the arms are left out. With n_s
/// rows in a stratum, n_as of the row's arm, weights are n_s / n_as for kAll, n_1s / n_as for
/// kTreated, n_0s / n_as for kControls, scaled in each arm that does not keep weight 1 so that
/// their mean is 1: the weighted difference in means is the stratification estimator. `stratum` has
/// codes >= 0, one a row; no pairs come out. Throws ArgumentError for lengths that differ, one arm
/// only, negative codes, another target. O(rows log rows).
[[nodiscard]] MatchedSample strata_match(std::span<const std::int32_t> treated,
                                         std::span<const std::int32_t> stratum,
                                         EffectTarget target = EffectTarget::kTreated);

/// Bins of equal width between the smallest and the largest value, numbered from 0; a constant
/// column has one. `bins` >= 1. Values finite.
[[nodiscard]] std::vector<std::int32_t> equal_bins(std::span<const double> values, int bins);

/// Bins with the same number of rows of the target: 0 ... bins - 1, cut at quantiles of the score
/// among the rows with `of` != 0 (those of the others fall where they fall).
[[nodiscard]] std::vector<std::int32_t> quantile_bins(std::span<const double> score,
                                                      std::span<const std::int32_t> of, int bins);

/// One code for every combination of codes that occurs, in order of the first, then the second.
[[nodiscard]] std::vector<std::int32_t> cross_codes(std::span<const std::int32_t> first,
                                                    std::span<const std::int32_t> second);

}  // namespace impact
