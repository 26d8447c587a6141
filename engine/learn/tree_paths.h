#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/learn/tree_shap.h"

/// What walks through explained trees share. Not for other callers than tree_shap() and
/// tree_shap_interactions().
namespace impact::detail {

/// Rows that walk side by side, one a lane; the processor takes two at a time.
inline constexpr std::size_t kWalkLanes = 32;

/// Nodes on (0, 1) and weights that integrate polynomials of degree 2 n - 1 exactly.
struct Quadrature {
  std::vector<double> node = {};
  std::vector<double> weight = {};
};
[[nodiscard]] Quadrature gauss_legendre(std::size_t n);

/// What a walk needs of the edge to a node, the same for all rows.
struct PathEdge {
  double share = 1.0;          ///< r: over all conditions on the column down to here.
  std::int32_t same = -1;      ///< Node below the last edge above with the same column,
  std::size_t same_depth = 0;  ///< and its depth.
};

struct PathTree {
  std::vector<PathEdge> edge = {};  ///< One a node.
  std::size_t depth = 0;
  std::size_t points = 0;  ///< Quadrature nodes that its longest path needs.
};

/// Throws ArgumentError as tree_shap().
[[nodiscard]] std::vector<PathTree> tree_paths(const ShapModel& model);
/// Rules for 0 ... the most points.
[[nodiscard]] std::vector<Quadrature> quadratures(const std::vector<PathTree>& paths);
/// Throws ArgumentError for other columns than the model's and rows that are not there.
void check_walk(const ShapModel& model, const FeatureColumns& features,
                std::span<const std::uint32_t> rows);

/// 1 in the lanes that go left at a node, else 0; x has a number a lane.
inline void sides(const ShapModel& model, const ShapNode& node, const double* x,
                  double* goes_left) {
  if (node.categories >= 0) {
    for (std::size_t l = 0; l < kWalkLanes; ++l) goes_left[l] = model.left(node, x[l]) ? 1.0 : 0.0;
    return;
  }
  for (std::size_t l = 0; l < kWalkLanes; ++l) {
    const bool left = x[l] != x[l]   ? node.missing_left
                      : model.strict ? x[l] < node.threshold
                                     : x[l] <= node.threshold;
    goes_left[l] = left ? 1.0 : 0.0;
  }
}

/// Numbers of rows[begin] ... rows[end - 1], columns x lanes; lanes without a row of their own take
/// the last one's.
[[nodiscard]] std::vector<double> walk_lanes(const FeatureColumns& features,
                                             std::span<const std::uint32_t> rows, std::size_t begin,
                                             std::size_t end);

}  // namespace impact::detail
