#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/boosting.h"
#include "engine/learn/xgboost_session.h"

namespace impact::detail {

/// Place of each named column. Throws ArgumentError for unknown names; `where` is the option.
[[nodiscard]] std::size_t column_at(std::span<const std::string> names, const std::string& name,
                                    const char* where);

/// Checks the options against each other and their ranges (ArgumentError) and writes them as
/// XGBoost reads them. `names`: all columns, distinct.
[[nodiscard]] XgbOptions boosting_options(const BoostingSpec& spec,
                                          std::span<const std::string> names, std::int64_t seed);

}  // namespace impact::detail
