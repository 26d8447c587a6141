#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/causal/matching/neighbour_tree.h"

/// The searches of NeighbourTree, included by its header.
namespace impact::detail {

template <class Reach, class Visit>
void NeighbourTree::walk(const double* point, std::uint32_t node, Reach& reach,
                         Visit& visit) const {
  const Node& here = nodes_[node];
  if (here.first_child == 0) {
    for (std::size_t k = here.begin; k < here.end; ++k) {
      if (alive_[k] == 0) continue;
      double sum = 0.0;
      for (std::size_t c = 0; c < columns_; ++c) {
        const double d = points_[k * columns_ + c] - point[c];
        sum += d * d;
      }
      const double distance = std::sqrt(sum);
      if (distance <= reach()) visit(rows_[k], distance);
    }
    return;
  }
  // The distance of a box is rounded in another order than that of its points: the allowance keeps
  // equal distances from being cut off.
  constexpr double kAllowance = 1.0 - 1e-12;
  const std::uint32_t first = here.first_child;
  const double gaps[2] = {std::sqrt(gap(point, first)), std::sqrt(gap(point, first + 1))};
  const std::uint32_t nearer = gaps[1] < gaps[0] ? 1 : 0;
  for (const std::uint32_t side : {nearer, 1 - nearer}) {
    if (nodes_[first + side].alive != 0 && gaps[side] * kAllowance <= reach()) {
      walk(point, first + side, reach, visit);
    }
  }
}

template <class Accept>
void NeighbourTree::nearest(const double* point, std::size_t m, double slack, double limit,
                            Accept&& accept, std::vector<Neighbour>& found) const {
  found.clear();
  if (nodes_.empty() || nodes_[0].alive == 0 || m == 0) return;
  const auto reach = [&] { return found.size() < m ? limit : found.front().distance; };
  const auto keep = [&](std::uint32_t row, double distance) {
    const Neighbour candidate{distance, row};
    if (found.size() == m && !(candidate < found.front())) return;
    if (!accept(row)) return;
    if (found.size() == m) {
      std::pop_heap(found.begin(), found.end());
      found.pop_back();
    }
    found.push_back(candidate);
    std::push_heap(found.begin(), found.end());
  };
  walk(point, 0, reach, keep);
  if (slack >= 0.0 && found.size() == m) {
    const double radius = std::min(found.front().distance + slack, limit);
    const auto within = [&] { return radius; };
    found.clear();
    const auto take = [&](std::uint32_t row, double distance) {
      if (accept(row)) found.push_back({distance, row});
    };
    walk(point, 0, within, take);
  }
  std::sort(found.begin(), found.end());
}

}  // namespace impact::detail
