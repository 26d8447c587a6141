#pragma once

#include <Eigen/Core>

#include "engine/core/context.h"
#include "engine/stats/newton.h"
#include "engine/stats/regression_rows.h"

/// Shortcuts for many rows; where one of them does not hold it says so, and the caller takes the
/// plain way. Not for other callers than fit_eta.
namespace impact::detail {

/// 8 consecutive ones of every 128 rows, spread over all of them as data is often sorted; no row
/// where there are too few of them for shortcuts to pay. Without clusters.
[[nodiscard]] RegressionRows thinned(const RegressionRows& rows, const Context& context);

/// Whether `some` of the rows show that no column depends on earlier ones, nor almost: what the
/// earlier ones leave of a column only grows with the rows. False: they do not show it.
[[nodiscard]] bool surely_independent(const EtaProblem& problem, const RegressionRows& some,
                                      const Context& context);

/// The maximum from the fit of `some` of the rows. Not converged: take maximise().
[[nodiscard]] Maximum maximise_from(const EtaProblem& problem, const RegressionRows& some,
                                    const Eigen::VectorXd& start, int most_iterations,
                                    const Context& context);

}  // namespace impact::detail
