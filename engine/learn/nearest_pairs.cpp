#include "engine/learn/nearest_pairs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

namespace impact::detail {
namespace {

constexpr std::size_t kLeaf = 12;
constexpr std::size_t kPollPoints = 4096;

struct Point {
  std::array<double, 2> at;
  std::uint32_t row;
};

// Points in the order of the tree's leaves. A node is a range of them and stands implicitly: its
// median is the root of two halves, so no links are kept, only the box of each node.
class Tree {
 public:
  Tree(std::span<const double> x, std::span<const double> y) {
    points_.reserve(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      points_.push_back({{x[i], y[i]}, static_cast<std::uint32_t>(i)});
    }
    build(0, points_.size());
  }

  [[nodiscard]] const std::vector<Point>& points() const { return points_; }

  // `nearest` holds the k least distances so far, increasing.
  void search(std::size_t self, std::span<double> nearest) const { search(0, self, nearest); }

 private:
  struct Node {
    std::array<double, 2> low, high;
    std::size_t begin, end;
    std::size_t right;  // 0: a leaf; the left child is the next node.
  };

  void build(std::size_t begin, std::size_t end) {
    const std::size_t place = nodes_.size();
    Node node{{points_[begin].at}, {points_[begin].at}, begin, end, 0};
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t d = 0; d < 2; ++d) {
        node.low[d] = std::min(node.low[d], points_[i].at[d]);
        node.high[d] = std::max(node.high[d], points_[i].at[d]);
      }
    }
    nodes_.push_back(node);
    if (end - begin <= kLeaf) return;
    const std::size_t d = node.high[0] - node.low[0] >= node.high[1] - node.low[1] ? 0 : 1;
    const std::size_t middle = begin + (end - begin) / 2;
    const auto place_of = [&](std::size_t i) {
      return points_.begin() + static_cast<std::ptrdiff_t>(i);
    };
    std::nth_element(place_of(begin), place_of(middle), place_of(end),
                     [d](const Point& a, const Point& b) { return a.at[d] < b.at[d]; });
    build(begin, middle);
    nodes_[place].right = nodes_.size();
    build(middle, end);
  }

  [[nodiscard]] double outside(const Node& node, const std::array<double, 2>& at) const {
    double most = 0.0;
    for (std::size_t d = 0; d < 2; ++d) {
      most = std::max({most, node.low[d] - at[d], at[d] - node.high[d]});
    }
    return most;
  }

  void search(std::size_t place, std::size_t self, std::span<double> nearest) const {
    const Node& node = nodes_[place];
    const std::array<double, 2>& at = points_[self].at;
    if (node.right == 0) {
      for (std::size_t i = node.begin; i < node.end; ++i) {
        if (i == self) continue;
        const double distance =
            std::max(std::abs(points_[i].at[0] - at[0]), std::abs(points_[i].at[1] - at[1]));
        if (!(distance < nearest.back())) continue;
        std::size_t slot = nearest.size() - 1;
        for (; slot > 0 && nearest[slot - 1] > distance; --slot) nearest[slot] = nearest[slot - 1];
        nearest[slot] = distance;
      }
      return;
    }
    const double left = outside(nodes_[place + 1], at);
    const double right = outside(nodes_[node.right], at);
    const bool left_first = left < right || (left == right && self < nodes_[node.right].begin);
    const std::array<std::size_t, 2> order =
        left_first ? std::array{place + 1, node.right} : std::array{node.right, place + 1};
    const std::array<double, 2> gap =
        left_first ? std::array{left, right} : std::array{right, left};
    for (std::size_t c = 0; c < 2; ++c) {
      if (gap[c] < nearest.back()) search(order[c], self, nearest);
    }
  }

  std::vector<Point> points_;
  std::vector<Node> nodes_;
};

}  // namespace

std::vector<double> neighbour_distances(std::span<const double> x, std::span<const double> y,
                                        std::size_t k, const Context& context) {
  const Tree tree(x, y);
  std::vector<double> out(x.size());
  std::vector<double> nearest(k);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i % kPollPoints == 0) context.check();
    std::ranges::fill(nearest, std::numeric_limits<double>::infinity());
    tree.search(i, nearest);
    out[tree.points()[i].row] = nearest.back();
  }
  return out;
}

std::vector<double> neighbour_distances(std::span<const double> sorted, std::size_t k) {
  std::vector<double> out(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    // The k nearest are neighbours in order: take the nearer of the next ones, k times.
    std::size_t below = i;
    std::size_t above = i;
    for (std::size_t taken = 0; taken < k; ++taken) {
      const double down =
          below > 0 ? sorted[i] - sorted[below - 1] : std::numeric_limits<double>::infinity();
      const double up = above + 1 < sorted.size() ? sorted[above + 1] - sorted[i]
                                                  : std::numeric_limits<double>::infinity();
      if (down <= up) {
        --below;
      } else {
        ++above;
      }
      out[i] = std::min(down, up);
    }
  }
  return out;
}

std::size_t count_within(std::span<const double> sorted, double at, double radius) {
  const auto* const first = std::partition_point(sorted.data(), sorted.data() + sorted.size(),
                                                 [&](double v) { return !(at - v < radius); });
  const auto* const last = std::partition_point(first, sorted.data() + sorted.size(),
                                                [&](double v) { return v - at < radius; });
  return static_cast<std::size_t>(last - first);
}

}  // namespace impact::detail
