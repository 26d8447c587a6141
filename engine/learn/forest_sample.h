#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/rng.h"

namespace impact::detail {

/// Rows 0 ... n - 1 in the units that a forest draws: rows themselves, or clusters of them.
class SampleUnits {
 public:
  /// cluster: none, or a code >= 0 each (ArgumentError else).
  SampleUnits(std::size_t rows, std::span<const std::int32_t> cluster);
  [[nodiscard]] std::size_t units() const { return begin_.empty() ? rows_ : begin_.size() - 1; }
  /// Rows of the largest unit.
  [[nodiscard]] std::size_t largest() const { return largest_; }

  /// Adds `times` to the count of each row of the unit.
  void add(std::size_t unit, std::uint32_t times, std::span<std::uint32_t> count) const;

 private:
  std::size_t rows_ = 0;
  std::size_t largest_ = 1;
  std::vector<std::uint32_t> member_;  // rows, cluster by cluster
  std::vector<std::size_t> begin_;
};

/// Rows in increasing order and how often each was drawn.
struct DrawnRows {
  std::vector<std::uint32_t> row = {};
  std::vector<std::uint32_t> repeats = {};
};

struct TreeSample {
  DrawnRows grow = {};
  DrawnRows fill = {};  ///< Empty unless honest: then the other half.
  std::vector<std::uint32_t> rest = {};
};

/// Draws `draws` units from Stream(key, tree).
[[nodiscard]] TreeSample draw_tree_sample(const SampleUnits& units, std::size_t rows,
                                          std::size_t draws, bool replace, bool honest,
                                          StreamKey key, std::uint64_t tree);

}  // namespace impact::detail
