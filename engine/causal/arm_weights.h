#pragma once

#include <array>
#include <string>
#include <vector>

#include "engine/causal/average_effect.h"

/// Weights that make the arms alike: parts of average_effect(), not for other callers.
namespace impact::detail {

/// Treatment models and what follows from them, a row each. Derivatives are by the eta of the
/// model that the arm's weights come from; all 0 when propensities are given.
struct ArmWeights {
  std::vector<MomentModel> models = {};   ///< One, one an arm, or none.
  std::array<std::size_t, 2> model = {};  ///< Which one an arm's weights come from.
  std::vector<double> y = {};             ///< The treatment as numbers, what the models fit.
  std::vector<double> propensity = {};
  std::array<std::vector<double>, 2> w = {};   ///< w_0 and w_1, for the rows of the arm.
  std::array<std::vector<double>, 2> dw = {};  ///< dw / deta.
  std::vector<double> h = {};                  ///< Target.
  std::vector<double> dh = {};
  std::int64_t trimmed = 0;
  std::int64_t clipped = 0;
  std::vector<std::uint8_t> kept = {};  ///< 0 for trimmed rows.
  std::vector<std::string> warnings = {};
  std::vector<std::string> broken = {};
};

/// `treatment` describes the treatment models; x empty with propensities given or none needed.
[[nodiscard]] ArmWeights arm_weights(const AverageEffectData& data, const AverageEffectSpec& spec,
                                     const Context& context);

/// The target alone, for methods without weights.
[[nodiscard]] ArmWeights target_only(const AverageEffectData& data, const AverageEffectSpec& spec);

/// The treatment models' data.
[[nodiscard]] MomentData treatment_data(const AverageEffectData& data, const ArmWeights& weights);

}  // namespace impact::detail
