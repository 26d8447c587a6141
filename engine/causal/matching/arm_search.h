#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "engine/causal/matching/neighbour_tree.h"

namespace impact::detail {

/// A rule that both rows of a match must keep, beside being near.
struct Caliper {
  std::span<const double> values;
  double width = std::numeric_limits<double>::infinity();
};

/// The rows of each arm and exact cell, to be searched. Spans must outlive it.
class ArmSearch {
 public:
  /// `points` is columns x rows, row by row. Rows with `out[i]` != 0 are not found.
  ArmSearch(std::span<const double> points, std::size_t columns,
            std::span<const std::int32_t> treated, std::span<const std::int32_t> exact,
            std::span<const char> out = {});

  std::vector<Caliper> calipers = {};
  std::span<const std::int32_t> anti_exact = {};  ///< Codes in which matches differ; empty: none.
  double limit = std::numeric_limits<double>::infinity();  ///< Of the distance.

  /// Nearest to row i among `arm` (0 or 1) of its cell, never itself; see NeighbourTree. `strict`:
  /// within calipers and limit, differing in anti_exact.
  void nearest(std::size_t i, int arm, std::size_t m, double slack, bool strict,
               std::vector<Neighbour>& found) const;
  void remove(std::uint32_t row);

 private:
  [[nodiscard]] std::size_t cell(std::size_t i) const;
  std::span<const double> points_;
  std::size_t columns_;
  std::span<const std::int32_t> treated_;
  std::vector<std::int32_t> cell_ = {};  ///< Without gaps; empty: one cell.
  std::vector<NeighbourTree> trees_ = {};
};

}  // namespace impact::detail
