#pragma once

#include <span>
#include <utility>

namespace impact::detail {

/// Sorts numbers in increasing order. No NaN; of zeros only +0.0, so that there is one result to
/// the bit. O(n) passes over the bits that differ where there are many numbers, O(n log n) where
/// there are few; takes as much memory again.
void sort_numbers(std::span<double> values);

/// Sorts pairs of such numbers by the first, then the second.
void sort_pairs(std::span<std::pair<double, double>> pairs);

}  // namespace impact::detail
