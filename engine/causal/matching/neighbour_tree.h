#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace impact::detail {

/// A row found near a point.
struct Neighbour {
  double distance = 0.0;
  std::uint32_t row = 0;
  bool operator<(const Neighbour& other) const {
    return distance < other.distance || (distance == other.distance && row < other.row);
  }
};

/// Points of some rows, to be asked for the nearest to another point by Euclidean distance. A k-d
/// tree (Friedman, Bentley & Finkel 1977) with the boxes that its points fill: what is found is
/// defined by the distances and the row numbers alone, never by the tree. Rows can be taken out.
/// Building O(n log^2 n), a search O(log n) where columns are few. Searches may run in parallel.
class NeighbourTree {
 public:
  /// `points` is columns x all rows, row by row; the tree copies those of `rows`.
  NeighbourTree(std::span<const double> points, std::size_t columns,
                std::span<const std::uint32_t> rows);

  /// The `m` nearest that `accept(row)` wants at no more than `limit`; equal distances go to the
  /// lower row. With slack >= 0, moreover all that are no further than the last of those plus
  /// slack. In order of distance, then row. Fewer where there are no more.
  template <class Accept>
  void nearest(const double* point, std::size_t m, double slack, double limit, Accept&& accept,
               std::vector<Neighbour>& found) const;

  void remove(std::uint32_t row);  ///< One of the tree's that is still there.

 private:
  struct Node {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t alive = 0;
    std::uint32_t first_child = 0;  ///< 0: a leaf. The other child is the next node.
  };
  void split(std::uint32_t node, std::span<const double> points);
  void fill_box(std::uint32_t node, std::span<const double> points);
  /// Squared distance from the point to the box of a node.
  [[nodiscard]] double gap(const double* point, std::uint32_t node) const;
  /// visit(row, distance) for rows no further than reach(), nearer boxes first.
  template <class Reach, class Visit>
  void walk(const double* point, std::uint32_t node, Reach& reach, Visit& visit) const;

  std::size_t columns_ = 0;
  std::vector<std::uint32_t> rows_ = {};  ///< In the order of the leaves.
  std::vector<double> points_ = {};       ///< Of rows_.
  std::vector<char> alive_ = {};
  std::vector<Node> nodes_ = {};
  std::vector<double> boxes_ = {};  ///< A node: lows, then highs.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> leaf_of_ = {};  ///< (row, place), sorted.
};

}  // namespace impact::detail

#include "engine/causal/matching/neighbour_tree_search.h"
