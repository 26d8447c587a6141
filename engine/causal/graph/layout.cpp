#include "engine/causal/graph/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

constexpr int kOrderSweeps = 24;
constexpr int kSwapPasses = 8;
constexpr int kPlaceSweeps = 30;
// How much more a bend costs than the same slope at a node.
constexpr double kStraight = 8.0;
// Bends of a bidirected edge that are tried, as parts of its length.
constexpr std::array<double, 3> kBulges = {0.25, 0.4, 0.6};
constexpr int kCurveSteps = 12;
// Part of the smaller gap that a curve should keep from nodes.
constexpr double kClear = 0.45;

/// A node of the graph, or a place where an arrow passes a layer.
struct Spot {
  std::size_t layer = 0;
  bool passing = false;
  std::vector<std::size_t> before = {};  // Neighbours in the layer before.
  std::vector<std::size_t> after = {};
  double y = 0.0;
};

using Layers = std::vector<std::vector<std::size_t>>;  // Spots of each layer, from top to bottom.

class Drawing {
 public:
  explicit Drawing(const CausalGraph& graph) : graph_(graph), spot_of_(kMostNodes, 0) {
    const std::vector<std::size_t> layer = layers_of();
    for (const NodeId v : graph.all()) {
      spot_of_[v] = spots_.size();
      spots_.push_back({.layer = layer[v]});
    }
    for (const NodeId v : graph.all()) {
      for (const NodeId c : graph.children(v)) chains_.push_back(chain(v, c));
    }
    for (const Spot& spot : spots_) {
      if (spot.layer >= layers_.size()) layers_.resize(spot.layer + 1);
    }
    for (std::size_t s = 0; s < spots_.size(); ++s) layers_[spots_[s].layer].push_back(s);
  }

  void arrange() {
    Layers best = layers_;
    std::uint64_t least = crossings();
    for (int sweep = 0; sweep < kOrderSweeps && least > 0; ++sweep) {
      order_layers(sweep % 2 == 0, sweep / 2 % 2 == 1);
      swap_neighbours();
      const std::uint64_t now = crossings();
      if (now >= least) continue;
      least = now;
      best = layers_;
    }
    layers_ = std::move(best);
  }

  void place() {
    for (const auto& layer : layers_) {
      for (std::size_t i = 0; i < layer.size(); ++i) {
        spots_[layer[i]].y = static_cast<double>(i) - 0.5 * static_cast<double>(layer.size() - 1);
      }
    }
    for (int sweep = 0; sweep < kPlaceSweeps; ++sweep) {
      for (std::size_t k = 0; k < layers_.size(); ++k) {
        place_layer(layers_[sweep % 2 == 0 ? k : layers_.size() - 1 - k]);
      }
    }
    double top = 0.0;
    for (const NodeId v : graph_.all()) {
      const double y = spots_[spot_of_[v]].y;
      top = v == graph_.all().first() ? y : std::min(top, y);
    }
    for (Spot& spot : spots_) spot.y -= top;
  }

  [[nodiscard]] LayoutPoint at(NodeId v, const LayoutSpec& spec) const {
    return point(spot_of_[v], spec);
  }

  // Points of the arrows, in the order of the graph's edges.
  [[nodiscard]] std::vector<std::vector<LayoutPoint>> lines(const LayoutSpec& spec) const {
    std::vector<std::vector<LayoutPoint>> out;
    for (const std::vector<std::size_t>& spots : chains_) {
      std::vector<LayoutPoint> line;
      for (const std::size_t s : spots) line.push_back(point(s, spec));
      out.push_back(std::move(line));
    }
    return out;
  }

 private:
  [[nodiscard]] LayoutPoint point(std::size_t s, const LayoutSpec& spec) const {
    return {static_cast<double>(spots_[s].layer) * spec.layer_gap, spots_[s].y * spec.node_gap};
  }

  // The longest path that leads to a node; what nothing leads to stands just before its first
  // child.
  [[nodiscard]] std::vector<std::size_t> layers_of() const {
    std::vector<std::size_t> layer(kMostNodes, 0);
    for (const NodeId v : graph_.order()) {
      for (const NodeId p : graph_.parents(v)) layer[v] = std::max(layer[v], layer[p] + 1);
    }
    for (const NodeId v : graph_.all()) {
      if (!graph_.parents(v).empty() || graph_.children(v).empty()) continue;
      std::size_t first = kMostNodes;
      for (const NodeId c : graph_.children(v)) first = std::min(first, layer[c]);
      layer[v] = first - 1;
    }
    return layer;
  }

  std::vector<std::size_t> chain(NodeId from, NodeId to) {
    std::vector<std::size_t> out{spot_of_[from]};
    const std::size_t last = spots_[spot_of_[to]].layer;
    for (std::size_t layer = spots_[out.front()].layer + 1; layer < last; ++layer) {
      link(out.back(), spots_.size(), {.layer = layer, .passing = true});
      out.push_back(spots_.size() - 1);
    }
    spots_[out.back()].after.push_back(spot_of_[to]);
    spots_[spot_of_[to]].before.push_back(out.back());
    out.push_back(spot_of_[to]);
    return out;
  }

  void link(std::size_t from, std::size_t to, Spot spot) {
    spot.before.push_back(from);
    spots_.push_back(std::move(spot));
    spots_[from].after.push_back(to);
  }

  [[nodiscard]] std::vector<double> ranks() const {
    std::vector<double> rank(spots_.size(), 0.0);
    for (const auto& layer : layers_) {
      for (std::size_t i = 0; i < layer.size(); ++i) rank[layer[i]] = static_cast<double>(i);
    }
    return rank;
  }

  // Each layer by the mean rank of its neighbours in the layer that was ordered before it; spots
  // without neighbours there keep their rank. Equal means keep their order, or turn it.
  void order_layers(bool rightwards, bool turn_ties) {
    std::vector<double> rank = ranks();
    for (std::size_t k = 1; k < layers_.size(); ++k) {
      auto& layer = layers_[rightwards ? k : layers_.size() - 1 - k];
      std::vector<double> wish(spots_.size(), 0.0);
      for (const std::size_t s : layer) {
        const auto& near = rightwards ? spots_[s].before : spots_[s].after;
        double sum = 0.0;
        for (const std::size_t n : near) sum += rank[n];
        wish[s] = near.empty() ? rank[s] : sum / static_cast<double>(near.size());
      }
      if (turn_ties) std::ranges::reverse(layer);
      std::ranges::stable_sort(layer, {}, [&wish](std::size_t s) { return wish[s]; });
      for (std::size_t i = 0; i < layer.size(); ++i) rank[layer[i]] = static_cast<double>(i);
    }
  }

  // Swaps neighbours in a layer where that leaves fewer crossings of their own lines.
  void swap_neighbours() {
    std::vector<double> rank = ranks();
    // Crossings of the lines of an upper and a lower spot.
    const auto own = [&](std::size_t upper, std::size_t lower) {
      std::size_t count = 0;
      for (const auto side : {&Spot::before, &Spot::after}) {
        for (const std::size_t n : spots_[upper].*side) {
          for (const std::size_t m : spots_[lower].*side) count += rank[n] > rank[m] ? 1 : 0;
        }
      }
      return count;
    };
    for (int pass = 0; pass < kSwapPasses; ++pass) {
      bool swapped = false;
      for (auto& layer : layers_) {
        for (std::size_t i = 0; i + 1 < layer.size(); ++i) {
          if (own(layer[i], layer[i + 1]) <= own(layer[i + 1], layer[i])) continue;
          std::swap(layer[i], layer[i + 1]);
          std::swap(rank[layer[i]], rank[layer[i + 1]]);
          swapped = true;
        }
      }
      if (!swapped) break;
    }
  }

  // Pairs of lines between neighbouring layers that cross: inversions among the lower ends when
  // lines are sorted by their upper ones, counted in a tree of sums.
  [[nodiscard]] std::uint64_t crossings() const {
    const std::vector<double> rank = ranks();
    std::uint64_t total = 0;
    for (std::size_t k = 0; k + 1 < layers_.size(); ++k) {
      std::vector<std::uint64_t> sums(layers_[k + 1].size() + 1, 0);
      std::uint64_t seen = 0;
      for (const std::size_t s : layers_[k]) {
        std::vector<std::size_t> ends;
        for (const std::size_t n : spots_[s].after) {
          ends.push_back(static_cast<std::size_t>(rank[n]));
        }
        for (const std::size_t end : ends) {
          std::uint64_t not_below = 0;
          for (std::size_t i = end + 1; i > 0; i -= i & (~i + 1)) not_below += sums[i];
          total += seen - not_below;
        }
        for (const std::size_t end : ends) {
          for (std::size_t i = end + 1; i < sums.size(); i += i & (~i + 1)) ++sums[i];
          ++seen;
        }
      }
    }
    return total;
  }

  // Minimises sum w_i (y_i - wish_i)^2 with y_(i+1) >= y_i + 1: with z_i = y_i - i an isotonic
  // regression, solved by pooling neighbours that are in the wrong order. A wish is the mean of
  // the neighbours on both sides.
  void place_layer(const std::vector<std::size_t>& layer) {
    struct Pool {
      double sum = 0.0;
      double weight = 0.0;
      std::size_t count = 0;
      [[nodiscard]] double level() const { return sum / weight; }
    };
    std::vector<Pool> pools;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      const Spot& spot = spots_[layer[i]];
      double sum = 0.0;
      double weight = 0.0;
      for (const auto* side : {&spot.before, &spot.after}) {
        for (const std::size_t n : *side) {
          const double w = spot.passing && spots_[n].passing ? kStraight : 1.0;
          sum += w * spots_[n].y;
          weight += w;
        }
      }
      if (!(weight > 0.0)) {
        sum = spot.y;
        weight = 1.0;
      }
      const double offset = static_cast<double>(i);
      pools.push_back({sum - weight * offset, weight, 1});
      while (pools.size() > 1 && pools[pools.size() - 2].level() > pools.back().level()) {
        const Pool last = pools.back();
        pools.pop_back();
        pools.back().sum += last.sum;
        pools.back().weight += last.weight;
        pools.back().count += last.count;
      }
    }
    std::size_t i = 0;
    for (const Pool& pool : pools) {
      for (std::size_t k = 0; k < pool.count; ++k, ++i) {
        spots_[layer[i]].y = pool.level() + static_cast<double>(i);
      }
    }
  }

  const CausalGraph& graph_;
  std::vector<std::size_t> spot_of_;
  std::vector<Spot> spots_;
  std::vector<std::vector<std::size_t>> chains_;
  Layers layers_;
};

// How near the nodes other than its ends come to the parabola through three points.
double clearance(const std::vector<LayoutNode>& nodes, const CausalEdge& edge, LayoutPoint a,
                 LayoutPoint mid, LayoutPoint b) {
  double least = std::numeric_limits<double>::infinity();
  for (const LayoutNode& node : nodes) {
    if (node.name == edge.from || node.name == edge.to) continue;
    for (int step = 1; step < kCurveSteps; ++step) {
      // The points are passed at t = 0, 1/2 and 1.
      const double t = static_cast<double>(step) / kCurveSteps;
      const double wa = (1.0 - t) * (1.0 - 2.0 * t);
      const double wm = 4.0 * t * (1.0 - t);
      const double wb = t * (2.0 * t - 1.0);
      const double x = wa * a.x + wm * mid.x + wb * b.x - node.at.x;
      const double y = wa * a.y + wm * mid.y + wb * b.y - node.at.y;
      least = std::min(least, std::sqrt(x * x + y * y));
    }
  }
  return least;
}

// The least bend that keeps clear of all nodes, else the one that keeps furthest; upwards, or to
// the left, before the other side.
std::vector<LayoutPoint> bent(const std::vector<LayoutNode>& nodes, const CausalEdge& edge,
                              LayoutPoint a, LayoutPoint b, double enough) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double first = dx > 0.0 || (dx == 0.0 && dy < 0.0) ? 1.0 : -1.0;
  LayoutPoint best;
  double furthest = -1.0;
  for (const double bulge : kBulges) {
    for (const double side : {first, -first}) {
      const LayoutPoint mid{0.5 * (a.x + b.x) + side * bulge * dy,
                            0.5 * (a.y + b.y) - side * bulge * dx};
      const double room = std::min(clearance(nodes, edge, a, mid, b), enough);
      if (room <= furthest) continue;
      furthest = room;
      best = mid;
    }
  }
  return {a, best, b};
}

void require_positive(double gap, const char* where) {
  if (gap > 0.0 && std::isfinite(gap)) return;
  throw ArgumentError({.what = "a gap of a drawing is a positive number",
                       .where = where,
                       .got = format_double(gap),
                       .expected = "more than 0"});
}

}  // namespace

GraphLayout layout_graph(const CausalGraph& graph, const LayoutSpec& spec) {
  require_positive(spec.layer_gap, "layer_gap");
  require_positive(spec.node_gap, "node_gap");
  GraphLayout out;
  if (graph.all().empty()) return out;
  Drawing drawing(graph);
  drawing.arrange();
  drawing.place();
  std::vector<LayoutPoint> at(kMostNodes);
  for (const NodeId v : graph.all()) {
    at[v] = drawing.at(v, spec);
    out.nodes.push_back({graph.name(v), at[v], graph.hidden().contains(v)});
    out.width = std::max(out.width, at[v].x);
    out.height = std::max(out.height, at[v].y);
  }
  const double enough = kClear * std::min(spec.layer_gap, spec.node_gap);
  const std::vector<std::vector<LayoutPoint>> lines = drawing.lines(spec);
  std::size_t next = 0;
  for (CausalEdge& edge : graph.edges()) {
    if (edge.kind == EdgeKind::kDirected) {
      out.edges.push_back({std::move(edge), lines[next++]});
      continue;
    }
    std::vector<LayoutPoint> curve =
        bent(out.nodes, edge, at[*graph.find(edge.from)], at[*graph.find(edge.to)], enough);
    out.edges.push_back({std::move(edge), std::move(curve)});
  }
  return out;
}

}  // namespace impact
