#include "engine/causal/matching/neighbour_tree.h"

#include <algorithm>
#include <limits>

namespace impact::detail {
namespace {
constexpr std::uint32_t kLeafRows = 12;
}  // namespace

NeighbourTree::NeighbourTree(std::span<const double> points, std::size_t columns,
                             std::span<const std::uint32_t> rows)
    : columns_(columns), rows_(rows.begin(), rows.end()) {
  if (rows_.empty()) return;
  nodes_.push_back({.begin = 0, .end = static_cast<std::uint32_t>(rows_.size())});
  for (std::uint32_t node = 0; node < nodes_.size(); ++node) {
    fill_box(node, points);
    split(node, points);
  }
  points_.resize(rows_.size() * columns_);
  for (std::size_t k = 0; k < rows_.size(); ++k) {
    std::copy_n(points.begin() + static_cast<std::ptrdiff_t>(rows_[k] * columns_), columns_,
                points_.begin() + static_cast<std::ptrdiff_t>(k * columns_));
    leaf_of_.emplace_back(rows_[k], static_cast<std::uint32_t>(k));
  }
  std::sort(leaf_of_.begin(), leaf_of_.end());
  alive_.assign(rows_.size(), 1);
}

void NeighbourTree::fill_box(std::uint32_t node, std::span<const double> points) {
  const std::size_t at = boxes_.size();
  boxes_.resize(at + columns_, std::numeric_limits<double>::infinity());
  boxes_.resize(at + 2 * columns_, -std::numeric_limits<double>::infinity());
  Node& here = nodes_[node];
  for (std::size_t k = here.begin; k < here.end; ++k) {
    for (std::size_t c = 0; c < columns_; ++c) {
      const double value = points[rows_[k] * columns_ + c];
      boxes_[at + c] = std::min(boxes_[at + c], value);
      boxes_[at + columns_ + c] = std::max(boxes_[at + columns_ + c], value);
    }
  }
  here.alive = here.end - here.begin;
}

// Half of the rows to either side along the widest column of the box.
void NeighbourTree::split(std::uint32_t node, std::span<const double> points) {
  const Node here = nodes_[node];
  if (here.alive <= kLeafRows) return;
  const double* low = boxes_.data() + 2 * columns_ * node;
  const double* high = low + columns_;
  std::size_t widest = 0;
  for (std::size_t c = 1; c < columns_; ++c) {
    if (high[c] - low[c] > high[widest] - low[widest]) widest = c;
  }
  if (columns_ == 0 || !(high[widest] > low[widest])) return;
  const std::uint32_t middle = here.begin + here.alive / 2;
  const auto value = [&](std::uint32_t row) { return points[row * columns_ + widest]; };
  std::nth_element(rows_.begin() + here.begin, rows_.begin() + middle, rows_.begin() + here.end,
                   [&](std::uint32_t a, std::uint32_t b) {
                     return value(a) < value(b) || (value(a) == value(b) && a < b);
                   });
  nodes_[node].first_child = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back({.begin = here.begin, .end = middle});
  nodes_.push_back({.begin = middle, .end = here.end});
}

double NeighbourTree::gap(const double* point, std::uint32_t node) const {
  const double* low = boxes_.data() + 2 * columns_ * node;
  double sum = 0.0;
  for (std::size_t c = 0; c < columns_; ++c) {
    const double d = std::max({low[c] - point[c], point[c] - low[columns_ + c], 0.0});
    sum += d * d;
  }
  return sum;
}

void NeighbourTree::remove(std::uint32_t row) {
  const auto found = std::lower_bound(leaf_of_.begin(), leaf_of_.end(), std::pair{row, 0U});
  const std::uint32_t place = found->second;
  alive_[place] = 0;
  std::uint32_t node = 0;
  while (true) {
    --nodes_[node].alive;
    const std::uint32_t child = nodes_[node].first_child;
    if (child == 0) return;
    node = place < nodes_[child].end ? child : child + 1;
  }
}

}  // namespace impact::detail
