#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/trained_model.h"

namespace impact {

struct InteractionSpec {
  std::vector<std::string> columns = {};  ///< None: all of the model's.
  std::size_t rows = 200;                 ///< Drawn to evaluate at and to average over; 0: all.
  std::size_t output = 0;
  std::span<const double> weights = {};
};

/// A table of them has these columns in this order. With `second` empty: of the column with all
/// others together.
struct InteractionStrength {
  std::string first = {};
  std::string second = {};
  /// Share of the variance of the joint effect that is not the sum of the single ones; 0 for none.
  double h_squared = std::numeric_limits<double>::quiet_NaN();
  double h = std::numeric_limits<double>::quiet_NaN();
  /// Root of the numerator's mean, in units of the prediction: h is large where there is little
  /// effect to share, this is not.
  double strength = std::numeric_limits<double>::quiet_NaN();
};

struct Interactions {
  std::vector<InteractionStrength> columns = {};  ///< One a column.
  std::vector<InteractionStrength> pairs = {};    ///< (1, 2), (1, 3), ... (2, 3), ...
  std::int64_t n = 0;
  std::vector<std::string> warnings = {};
};

/// Friedman's H, with PD partial dependence over the drawn rows less its weighted mean, sums over
/// the same rows:
///   H_jk^2 = sum w (PD_jk(x_ij, x_ik) - PD_j(x_ij) - PD_k(x_ik))^2 / sum w PD_jk^2,
///   H_j^2  = sum w (f(x_i) - PD_j(x_ij) - PD_(not j)(x_i))^2 / sum w f^2.
/// It asks for rows^2 predictions a column and pair. Draws from key.child("rows"). Parallel over
/// rows; bits do not depend on threads. Throws ArgumentError for unknown columns and outputs.
/// Source: Friedman & Popescu, "Predictive learning via rule ensembles", Annals of Applied
/// Statistics 2 (2008) section 8.1.
[[nodiscard]] Interactions interaction_strength(const TrainedModel& model,
                                                const FeatureTable& features,
                                                std::span<const std::uint32_t> rows,
                                                const InteractionSpec& spec, StreamKey key,
                                                const Context& context = {});

}  // namespace impact
