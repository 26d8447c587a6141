#pragma once

#include <limits>
#include <string>
#include <vector>

#include "engine/render/terminal_text.h"
#include "engine/stats/estimate.h"

namespace impact {

struct TerminalEstimates {
  std::vector<Estimate> rows = {};
  double conf_level = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not known.
};

/// Estimates for a terminal, one a line: term, estimate, std. error with its kind below the name,
/// statistic (t or z by its degrees of freedom), p, interval. What is the same in every row (n,
/// method, degrees of freedom) stands below, what differs in columns; then the warnings.
/// Estimates, errors and ends of intervals have the same decimals. Where the terminal is too narrow
/// columns are left out, the statistic first, and named below. No line is wider than the style
/// allows; the last one has no "\n". More rows than the style has lines for are left out with a
/// note.
[[nodiscard]] std::string terminal_estimates(const TerminalEstimates& estimates,
                                             const TerminalStyle& style);

}  // namespace impact
