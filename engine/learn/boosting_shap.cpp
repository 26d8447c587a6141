#include "engine/learn/boosting_shap.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace impact {
namespace {

// float(x) < t as x < result. Doubles round to t from the middle m between t and its predecessor
// on; m itself, a tie, goes to whichever of the two has an even last bit.
double double_threshold(float t) {
  const float before = std::nextafter(t, -std::numeric_limits<float>::infinity());
  const double middle = 0.5 * (static_cast<double>(before) + static_cast<double>(t));
  const bool tie_goes_up = (std::bit_cast<std::uint32_t>(t) & 1U) == 0U;
  return tie_goes_up ? middle : std::nextafter(middle, std::numeric_limits<double>::infinity());
}

// Nodes that the root leads to, parents before their children.
std::vector<ShapNode> explained(const BoostedTree& tree,
                                std::vector<std::vector<std::uint32_t>>& categories) {
  std::vector<ShapNode> result(1);
  std::vector<std::pair<std::int32_t, std::size_t>> open = {{0, 0}};  // place there, place here
  while (!open.empty()) {
    const auto [from, at] = open.back();
    open.pop_back();
    const BoostedNode& node = tree.nodes[static_cast<std::size_t>(from)];
    result[at].cover = static_cast<double>(node.cover);
    if (node.leaf()) {
      result[at].value = static_cast<double>(node.threshold * tree.weight);
      continue;
    }
    if (node.by_category) {
      result[at].categories = static_cast<std::int32_t>(categories.size());
      std::vector<std::uint32_t>& set =
          categories.emplace_back(node.categories.empty() ? 0 : node.categories.back() / 32U + 1U);
      for (const std::uint32_t code : node.categories) set[code / 32U] |= 1U << code % 32U;
    } else {
      result[at].threshold = double_threshold(node.threshold);
    }
    result[at].column = node.column;
    result[at].missing_left = node.missing_left;
    result[at].left = static_cast<std::int32_t>(result.size());
    result[at].right = result[at].left + 1;
    open.emplace_back(node.right, result.size() + 1);
    open.emplace_back(node.left, result.size());
    result.resize(result.size() + 2);
  }
  return result;
}

}  // namespace

ShapModel shap_model(const BoostedTrees& trees, std::size_t output) {
  if (output >= trees.outputs) {
    throw ArgumentError({.what = "the model has no such output",
                         .where = "output",
                         .got = std::to_string(output),
                         .expected = fmt::format("0 to {}", trees.outputs - 1)});
  }
  ShapModel model{
      .columns = trees.columns, .strict = true, .base = static_cast<double>(trees.base)};
  for (const BoostedTree& tree : trees.trees) {
    if (static_cast<std::size_t>(tree.output) == output) {
      model.trees.push_back(explained(tree, model.categories));
    }
  }
  return model;
}

}  // namespace impact
