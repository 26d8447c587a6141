#pragma once

#include <string>
#include <vector>

namespace impact {

struct AlignedNumbers {
  int least = 4;         ///< Significant digits that the smallest number gets at least.
  int most = 7;          ///< Significant digits that the largest one gets at most.
  bool distinct = true;  ///< Numbers that differ look different, as far as `most` allows.
};

/// Numbers of one column as texts of equal length, their decimal points below each other: the
/// fewest decimals that write every number exactly or with `least` digits; whole numbers have none.
/// Where the numbers differ so much in size that this would be long, each has its own digits, very
/// small and large ones in scientific notation. No separators of thousands; "NaN", "Infinity".
[[nodiscard]] std::vector<std::string> aligned_numbers(const std::vector<double>& values,
                                                       const AlignedNumbers& options = {});

/// Texts of numbers padded so that their decimal points stand below each other; words stand at the
/// right end.
void align_points(std::vector<std::string>& texts);

}  // namespace impact
