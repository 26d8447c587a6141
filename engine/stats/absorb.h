#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/context.h"

/// Intercepts of many levels, without a column for each: not for other callers than linear().
namespace impact::detail {

/// A factor: codes 0 ... levels - 1, each in use.
struct Factor {
  std::vector<std::int32_t> codes = {};
  std::size_t levels = 0;
};

/// The columns that are left to fit.
struct Absorbed {
  std::vector<double> x = {};         ///< Dummies, then the given columns; rows each.
  std::vector<double> y = {};         ///< The outcome, swept as they are.
  std::vector<double> leverage = {};  ///< Of each row in the swept factor; empty: none is swept.
  std::vector<double> size = {};      ///< Length of each column of x before sweeping.
  std::size_t dummies = 0;            ///< How many columns of x are dummies (or an intercept).
  std::size_t levels = 0;             ///< Levels swept out.
};

/// With `sweep` the means of the factor with most levels (the first of equals) are taken out of all
/// columns and its levels need none; the other factors become dummies without their first level.
/// Without, all become dummies beside an intercept. By the theorem of Frisch, Waugh and Lovell the
/// fit, the residuals and, with w_i / (sum of w in the level) added, the leverages are those of the
/// model with every dummy. x: rows x columns; weights may be empty.
[[nodiscard]] Absorbed absorb(std::span<const double> x, std::size_t columns,
                              std::span<const double> y, std::span<const double> weights,
                              std::span<const Factor> factors, bool sweep, const Context& context);

/// Columns that absorb() adds.
[[nodiscard]] std::size_t dummy_count(std::span<const Factor> factors, bool sweep);
/// The factor that absorb() sweeps.
[[nodiscard]] std::size_t swept_factor(std::span<const Factor> factors);

}  // namespace impact::detail
