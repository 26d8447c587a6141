#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/stats/design_matrix.h"
#include "engine/stats/estimate.h"
#include "engine/study/node.h"
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

/// The estimate of method.effect on the rows of `frame` with no missing cell, `arms` 1 or 0; with
/// clusters the errors are clustered (CR1). Text columns of terms become dummies. Arms without
/// rows, no overlap and the like are warnings, never thrown.
[[nodiscard]] Estimate effect_answer(const Frame& frame, std::span<const std::int32_t> arms,
                                     const EffectColumns& columns, const Method& method,
                                     EffectTarget target, const Context& context);

/// The same by double machine learning: covariates are what the learners see, one column a term,
/// texts as they are and missing cells as the learners take them; folds are drawn from `key`, arms
/// spread over them, clusters kept together. Throws ArgumentError for interactions.
[[nodiscard]] Estimate learned_answer(const Frame& frame, std::span<const std::int32_t> arms,
                                      const EffectColumns& columns, const Method& method,
                                      EffectTarget target, StreamKey key, const Context& context);

}  // namespace impact::detail
