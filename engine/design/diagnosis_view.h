#pragma once

#include <cstddef>

#include "engine/table/frame.h"

namespace impact {

/// A diagnosis for a reader: the first `leading` columns as they are (the parameters of a sweep),
/// then estimator, inquiry, estimand, bias, rmse, power, coverage, type_s, type_m, mean_width as
/// texts "value (Monte-Carlo standard error)". The error has one digit, two where the
/// first is 1 or 2, and the value as many decimals as it; "-" stands for what is not defined.
/// `table` is as Diagnosis::table after its leading columns.
[[nodiscard]] Frame diagnosis_view(const Frame& table, std::size_t leading);

}  // namespace impact
