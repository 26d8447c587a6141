#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace impact {

/// Positions of equal items of two lists, both ascending: a longest common subsequence. Lists whose
/// differing middles are too long for the quadratic table (4 million cells) keep only their equal
/// beginnings and ends.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> align(
    const std::vector<std::string>& a, const std::vector<std::string>& b);

}  // namespace impact
