#include "engine/learn/tree_paths.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

using detail::PathTree;

[[noreturn]] void broken(const char* what, const std::string& got) {
  throw ArgumentError({.what = what, .where = "trees", .got = got});
}

PathTree paths_of(const ShapModel& model, const std::vector<ShapNode>& tree) {
  PathTree p;
  p.edge.resize(tree.size());
  struct Place {
    std::int32_t parent = -1;
    std::size_t depth = 0;
    std::size_t distinct = 0;
  };
  std::vector<Place> place(tree.size());
  const auto size = static_cast<std::int32_t>(tree.size());
  for (std::int32_t i = 0; i < size; ++i) {
    const ShapNode& node = tree[static_cast<std::size_t>(i)];
    const Place here = place[static_cast<std::size_t>(i)];
    if (!(node.cover > 0.0)) {
      broken("the training rows of a node have no weight", format_double(node.cover));
    }
    p.depth = std::max(p.depth, here.depth);
    p.points = std::max(p.points, (here.distinct + 1) / 2);
    if (node.left < 0) continue;
    if (node.column >= model.columns) {
      broken("a node asks for a column that is not there", std::to_string(node.column));
    }
    if (node.categories >= static_cast<std::int32_t>(model.categories.size())) {
      broken("a node asks for a set of categories that is not there",
             std::to_string(node.categories));
    }
    // The last edge above that belongs to a split on the same column.
    std::int32_t same = -1;
    for (std::int32_t below = i; same < 0 && place[static_cast<std::size_t>(below)].parent >= 0;
         below = place[static_cast<std::size_t>(below)].parent) {
      const auto parent = static_cast<std::size_t>(place[static_cast<std::size_t>(below)].parent);
      if (tree[parent].column == node.column) same = below;
    }
    for (const std::int32_t child : {node.left, node.right}) {
      if (child <= i || child >= size) {
        broken("a child does not stand behind its parent", std::to_string(child));
      }
      const auto c = static_cast<std::size_t>(child);
      place[c] = {
          .parent = i, .depth = here.depth + 1, .distinct = here.distinct + (same < 0 ? 1 : 0)};
      const double above = same < 0 ? 1.0 : p.edge[static_cast<std::size_t>(same)].share;
      p.edge[c] = {.share = above * tree[c].cover / node.cover,
                   .same = same,
                   .same_depth = same < 0 ? 0 : place[static_cast<std::size_t>(same)].depth};
    }
  }
  return p;
}

}  // namespace

namespace detail {

// Roots of the Legendre polynomial by Newton's method from their asymptotic places.
Quadrature gauss_legendre(std::size_t n) {
  Quadrature q;
  const auto order = static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (order + 0.5));
    double slope = 1.0;
    for (int step = 0; step < 8; ++step) {
      double before = 1.0;
      double here = x;
      for (std::size_t k = 2; k <= n; ++k) {
        const auto m = static_cast<double>(k);
        const double next = ((2.0 * m - 1.0) * x * here - (m - 1.0) * before) / m;
        before = here;
        here = next;
      }
      slope = order * (x * here - before) / (x * x - 1.0);
      x -= here / slope;
    }
    q.node.push_back(0.5 * (1.0 + x));
    q.weight.push_back(1.0 / ((1.0 - x * x) * slope * slope));
  }
  return q;
}

std::vector<PathTree> tree_paths(const ShapModel& model) {
  std::vector<PathTree> result;
  result.reserve(model.trees.size());
  for (const auto& tree : model.trees) result.push_back(paths_of(model, tree));
  return result;
}

std::vector<Quadrature> quadratures(const std::vector<PathTree>& paths) {
  std::size_t most = 0;
  for (const PathTree& tree : paths) most = std::max(most, tree.points);
  std::vector<Quadrature> rules;
  for (std::size_t n = 0; n <= most; ++n) rules.push_back(gauss_legendre(n));
  return rules;
}

void check_walk(const ShapModel& model, const FeatureColumns& features,
                std::span<const std::uint32_t> rows) {
  if (features.columns != model.columns) {
    throw ArgumentError({.what = "the model knows other columns",
                         .where = "columns",
                         .got = std::to_string(features.columns),
                         .expected = std::to_string(model.columns)});
  }
  for (const auto row : rows) {
    if (row >= features.rows()) {
      throw ArgumentError({.what = "there is no such row",
                           .where = "rows",
                           .got = std::to_string(row),
                           .expected = "less than " + std::to_string(features.rows())});
    }
  }
}

std::vector<double> walk_lanes(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                               std::size_t begin, std::size_t end) {
  std::vector<double> x(features.columns * kWalkLanes);
  for (std::size_t j = 0; j < features.columns; ++j) {
    const auto column = features.column(j);
    for (std::size_t l = 0; l < kWalkLanes; ++l) {
      x[j * kWalkLanes + l] = column[rows[std::min(begin + l, end - 1)]];
    }
  }
  return x;
}

}  // namespace detail
}  // namespace impact
