#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include "engine/core/error.h"
#include "engine/core/number.h"

/// Checks of arguments that the estimators share; each throws ArgumentError.
namespace impact {

/// `what` must have one element per row.
inline void require_length(const char* what, std::size_t got, std::size_t rows) {
  if (got == rows) return;
  throw ArgumentError({.what = std::string("'") + what + "' and the outcome differ in length",
                       .where = what,
                       .got = std::to_string(got),
                       .expected = std::to_string(rows)});
}

/// As require_length, but nothing at all is fine.
inline void require_optional_length(const char* what, std::size_t got, std::size_t rows) {
  if (got != 0) require_length(what, got, rows);
}

/// Weights are >= 0 and finite; NaN stands for a missing one and is left to the caller.
inline void require_weights(std::span<const double> weights) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] >= 0.0 ? std::isfinite(weights[i]) : std::isnan(weights[i])) continue;
    throw ArgumentError({.what = "a weight must be finite and not negative",
                         .where = "row " + std::to_string(i + 1),
                         .got = format_double(weights[i]),
                         .expected = "0 or more"});
  }
}

}  // namespace impact
