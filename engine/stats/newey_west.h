#pragma once

#include <cstddef>
#include <cstdint>

#include <Eigen/Core>

#include "engine/core/context.h"
#include "engine/stats/least_squares.h"

/// Autocorrelated errors of a solved Model whose rows stand in order of time: not for other callers
/// than sandwich().
namespace impact::detail {

/// sum over |j| <= lag of (1 - |j| / (lag + 1)) sum_t u_t u_(t-j)', u_t = q_t e_t.
/// O(rows columns (lag + columns)).
[[nodiscard]] Eigen::MatrixXd newey_west_meat(const Model& model, const Solution& solution,
                                              std::int64_t lag, const Context& context);

/// The lag that suits the data (Newey & West 1994, without prewhitening), at most rows - 1. The
/// first `nuisance` kept columns and an intercept have no say.
[[nodiscard]] std::int64_t newey_west_lag(const Model& model, const Solution& solution,
                                          std::size_t nuisance, const Context& context);

}  // namespace impact::detail
