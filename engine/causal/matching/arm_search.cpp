#include "engine/causal/matching/arm_search.h"

#include <algorithm>
#include <cmath>

#include "engine/stats/groups.h"

namespace impact::detail {

ArmSearch::ArmSearch(std::span<const double> points, std::size_t columns,
                     std::span<const std::int32_t> treated, std::span<const std::int32_t> exact,
                     std::span<const char> out)
    : points_(points), columns_(columns), treated_(treated), cell_(exact.begin(), exact.end()) {
  const std::size_t cells = cell_.empty() ? 1 : close_gaps(cell_);
  std::vector<std::vector<std::uint32_t>> rows(2 * cells);
  for (std::size_t i = 0; i < treated.size(); ++i) {
    if (!out.empty() && out[i] != 0) continue;
    rows[2 * cell(i) + (treated[i] != 0 ? 1 : 0)].push_back(static_cast<std::uint32_t>(i));
  }
  trees_.reserve(rows.size());
  for (const auto& list : rows) trees_.emplace_back(points, columns, list);
}

std::size_t ArmSearch::cell(std::size_t i) const {
  return cell_.empty() ? 0 : static_cast<std::size_t>(cell_[i]);
}

void ArmSearch::nearest(std::size_t i, int arm, std::size_t m, double slack, bool strict,
                        std::vector<Neighbour>& found) const {
  const auto accept = [&](std::uint32_t j) {
    if (j == i) return false;
    if (!strict) return true;
    if (!anti_exact.empty() && anti_exact[i] == anti_exact[j]) return false;
    return std::ranges::all_of(calipers, [&](const Caliper& caliper) {
      return std::abs(caliper.values[i] - caliper.values[j]) <= caliper.width;
    });
  };
  const NeighbourTree& tree = trees_[2 * cell(i) + static_cast<std::size_t>(arm)];
  tree.nearest(points_.data() + i * columns_, m, slack,
               strict ? limit : std::numeric_limits<double>::infinity(), accept, found);
}

void ArmSearch::remove(std::uint32_t row) {
  trees_[2 * cell(row) + (treated_[row] != 0 ? 1 : 0)].remove(row);
}

}  // namespace impact::detail
