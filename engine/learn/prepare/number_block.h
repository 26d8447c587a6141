#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/learn/feature_table.h"
#include "engine/learn/prepare/step_tools.h"

/// Columns of numbers that a step works on together.
namespace impact::detail {

/// These columns alone. Throws DataError that names a column with infinite numbers or, as the step
/// has no use for a row that lacks one, with missing ones.
[[nodiscard]] FeatureTable complete_block(const FeatureTable& features,
                                          std::span<const std::size_t> columns,
                                          std::string_view step);

/// The columns of these names, for baking: numbers may be missing, not infinite.
[[nodiscard]] FeatureTable named_block(const TableEdit& table, const FeatureTable& features,
                                       std::span<const std::string> names);

/// Weighted sd, the sum of squares over the weights' sum; 0 exactly for equal numbers of positive
/// weight. No weights: all 1.
[[nodiscard]] double weighted_sd(std::span<const double> values, std::span<const double> weights);

/// "<prefix>1", "<prefix>2", ...
[[nodiscard]] std::string numbered(const std::string& prefix, std::size_t k);

}  // namespace impact::detail
