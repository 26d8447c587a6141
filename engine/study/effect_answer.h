#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/average_effect.h"
#include "engine/core/context.h"
#include "engine/stats/design_matrix.h"
#include "engine/stats/estimate.h"
#include "engine/table/frame.h"

namespace impact::detail {

/// Where an average effect finds its data in a frame; "" where there is no such column.
struct EffectColumns {
  std::string outcome = {};
  std::vector<Term> covariates = {};
  std::vector<Term> propensity = {};  ///< None: the covariates.
  std::string weights = {};
  std::string clusters = {};
};

/// The estimate of `spec` on the rows of `frame` with no missing cell, `arms` 1 or 0; with clusters
/// the errors are clustered (CR1). Text columns of terms become dummies. Arms without rows, no
/// overlap and the like are warnings, never thrown.
[[nodiscard]] Estimate effect_answer(const Frame& frame, std::span<const std::int32_t> arms,
                                     const EffectColumns& columns, const AverageEffectSpec& spec,
                                     double conf_level, const Context& context);

}  // namespace impact::detail
