#include "engine/learn/explain/shap_interactions.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/learn/tree_paths.h"
#include "engine/stats/lengths.h"
#include "engine/stats/two_lanes.h"

// In the game of tree_shap.cpp, a leaf of value v whose path asks the columns 1 ... d with factors
// f_k(t) = t o_k + (1 - t) r_k, the index of i and j is by the multilinear extension
//
//   v integral_0^1 (o_i - r_i) (o_j - r_j) prod_(k != i, j) f_k(t) dt
//     = integral_0^1 G(t) h_i(t) h_j(t) dt,    G = v prod_k f_k,   h_k = (o_k - r_k) / f_k,
//
// a polynomial of degree d - 2. The walk sums G over the leaves below an edge on its way up, so the
// edge of column j adds, for each column i asked above, sum_t w_t G(t) h_i(t) h_j(t) of the leaves
// below: every pair of a leaf is counted at the lower one of its two edges. An edge whose column
// was asked above already puts the narrower condition in the place of the earlier one: its pairs
// are added with the new h_j and taken back with the old one.
namespace impact {
namespace {

using detail::both;
using detail::Lanes;
using detail::load_lanes;
using detail::PathEdge;
using detail::PathTree;
using detail::Quadrature;
using detail::store_lanes;

constexpr std::size_t kLanes = detail::kWalkLanes;

// A column on the path with its h at the quadrature nodes, kept by the edge that asked it last.
struct Asked {
  std::uint32_t column = 0;
  std::size_t depth = 0;
};

// Walks one tree with kLanes rows.
class PairWalk {
 public:
  PairWalk(const ShapModel& model, const double* x, double* phi)
      : model_(model), x_(x), phi_(phi) {}

  void run(const std::vector<ShapNode>& tree, const PathTree& paths, const Quadrature& rule) {
    tree_ = tree.data();
    edge_ = paths.edge.data();
    rule_ = &rule;
    points_ = paths.points;
    stride_ = points_ * kLanes;
    product_.assign((paths.depth + 1) * stride_, 1.0);
    sum_.resize((paths.depth + 1) * stride_);
    effect_.resize((paths.depth + 1) * stride_);
    change_.resize(stride_);
    met_.resize((paths.depth + 1) * kLanes);
    asked_.clear();
    if (points_ > 0) descend(0, 0);
  }

 private:
  // Sets sum_ at this depth to G of the node's leaves.
  void descend(std::size_t i, std::size_t depth) {
    const ShapNode& node = tree_[i];
    double* const sum = sum_.data() + depth * stride_;
    const double* const product = product_.data() + depth * stride_;
    if (node.left < 0) {
      for (std::size_t k = 0; k < stride_; k += 2) {
        store_lanes(both(node.value) * load_lanes(product + k), sum + k);
      }
      return;
    }
    double goes_left[kLanes];
    detail::sides(model_, node, x_ + node.column * kLanes, goes_left);
    std::fill_n(sum, stride_, 0.0);
    for (const bool left : {true, false}) {
      const auto c = static_cast<std::size_t>(left ? node.left : node.right);
      const PathEdge& edge = edge_[c];
      double* const met = met_.data() + (depth + 1) * kLanes;
      for (std::size_t l = 0; l < kLanes; ++l) met[l] = left ? goes_left[l] : 1.0 - goes_left[l];
      const double* earlier = nullptr;
      if (edge.same >= 0) {
        earlier = met_.data() + edge.same_depth * kLanes;
        for (std::size_t l = 0; l < kLanes; ++l) met[l] *= earlier[l];
      }
      enter(edge, depth, met, earlier);
      const auto place = std::find_if(asked_.begin(), asked_.end(), [&](const Asked& other) {
        return other.column == node.column;
      });
      const bool again = place != asked_.end();
      const auto at = static_cast<std::size_t>(place - asked_.begin());
      const std::size_t before = again ? place->depth : 0;
      if (again) {
        asked_[at].depth = depth + 1;
      } else {
        asked_.push_back({node.column, depth + 1});
      }
      descend(c, depth + 1);
      if (again) {
        asked_[at].depth = before;
      } else {
        asked_.pop_back();
      }
      credit(node.column, depth + 1, again ? before : 0);
      const double* const below = sum_.data() + (depth + 1) * stride_;
      for (std::size_t k = 0; k < stride_; k += 2) {
        store_lanes(load_lanes(sum + k) + load_lanes(below + k), sum + k);
      }
    }
  }

  // The product below the edge, f_new / f_old times the one above, and h of its column.
  void enter(const PathEdge& edge, std::size_t depth, const double* met, const double* earlier) {
    const double before = edge.same < 0 ? 1.0 : edge_[edge.same].share;
    const double r = edge.share;
    for (std::size_t q = 0; q < points_; ++q) {
      const double t = rule_->node[q];
      const double yes = t + (1.0 - t) * r;
      const double no = (1.0 - t) * r;
      const double old_yes = 1.0 / (t + (1.0 - t) * before);
      const double old_no = 1.0 / ((1.0 - t) * before);
      const double* const from = product_.data() + depth * stride_ + q * kLanes;
      double* const to = product_.data() + (depth + 1) * stride_ + q * kLanes;
      double* const h = effect_.data() + (depth + 1) * stride_ + q * kLanes;
      const double h_yes = (1.0 - r) / yes;
      const double h_no = -1.0 / (1.0 - t);
      for (std::size_t l = 0; l < kLanes; l += 2) {
        // Choices by o = 0 or 1, which is exact.
        const Lanes o = load_lanes(met + l);
        Lanes factor = o * both(yes) + (1.0 - o) * both(no);
        if (earlier != nullptr) {
          const Lanes e = load_lanes(earlier + l);
          factor *= e * both(old_yes) + (1.0 - e) * both(old_no);
        }
        store_lanes(load_lanes(from + l) * factor, to + l);
        store_lanes(o * both(h_yes) + (1.0 - o) * both(h_no), h + l);
      }
    }
  }

  // phi_ij += sum_t w_t G(t) h_i(t) (h_j(t) - earlier h_j(t)) for the columns i above.
  void credit(std::uint32_t column, std::size_t depth, std::size_t earlier) {
    const double* const below = sum_.data() + depth * stride_;
    const double* const now = effect_.data() + depth * stride_;
    const double* const old = effect_.data() + earlier * stride_;
    for (std::size_t q = 0; q < points_; ++q) {
      for (std::size_t l = 0; l < kLanes; l += 2) {
        const std::size_t k = q * kLanes + l;
        Lanes h = load_lanes(now + k);
        if (earlier > 0) h -= load_lanes(old + k);
        store_lanes(both(rule_->weight[q]) * load_lanes(below + k) * h, change_.data() + k);
      }
    }
    for (const Asked& other : asked_) {
      if (other.column == column) continue;
      const std::size_t low = std::min(other.column, column);
      const std::size_t high = std::max(other.column, column);
      double* const phi = phi_ + (low * model_.columns + high) * kLanes;
      const double* const h = effect_.data() + other.depth * stride_;
      Lanes total[kLanes / 2] = {};
      for (std::size_t q = 0; q < points_; ++q) {
        for (std::size_t l = 0; l < kLanes / 2; ++l) {
          const std::size_t k = q * kLanes + 2 * l;
          total[l] += load_lanes(change_.data() + k) * load_lanes(h + k);
        }
      }
      for (std::size_t l = 0; l < kLanes / 2; ++l) {
        store_lanes(load_lanes(phi + 2 * l) + total[l], phi + 2 * l);
      }
    }
  }

  const ShapModel& model_;
  const double* x_;
  double* phi_;  // columns x columns x lanes, above the diagonal
  const ShapNode* tree_ = nullptr;
  const PathEdge* edge_ = nullptr;
  const Quadrature* rule_ = nullptr;
  std::size_t points_ = 0;
  std::size_t stride_ = 0;
  std::vector<double> product_;  // depth x points x lanes
  std::vector<double> sum_;
  std::vector<double> effect_;  // h of the edge that leads to each depth
  std::vector<double> change_;
  std::vector<double> met_;  // o of the edge that leads to each depth, 0 or 1
  std::vector<Asked> asked_;
};

}  // namespace

void tree_shap_interactions(const ShapModel& model, const FeatureColumns& features,
                            std::span<const std::uint32_t> rows, std::span<double> out,
                            const Context& context) {
  const std::size_t p = model.columns;
  require_length("out", out.size(), rows.size() * p * p);
  std::vector<double> alone(rows.size() * p);
  tree_shap(model, features, rows, alone, context);
  const std::vector<PathTree> paths = detail::tree_paths(model);
  const std::vector<Quadrature> rules = detail::quadratures(paths);
  for_chunks(context, rows.size(), kLanes, [&](std::size_t begin, std::size_t end) {
    const std::vector<double> x = detail::walk_lanes(features, rows, begin, end);
    std::vector<double> phi(p * p * kLanes);
    PairWalk walk(model, x.data(), phi.data());
    for (std::size_t t = 0; t < model.trees.size(); ++t) {
      if (t % 16 == 0) context.check();
      walk.run(model.trees[t], paths[t], rules[paths[t].points]);
    }
    for (std::size_t i = begin; i < end; ++i) {
      double* const to = out.data() + i * p * p;
      for (std::size_t a = 0; a < p; ++a) {
        to[a * p + a] = alone[i * p + a];
        for (std::size_t b = a + 1; b < p; ++b) {
          const double pair = 0.5 * model.scale * phi[(a * p + b) * kLanes + (i - begin)];
          to[a * p + b] = pair;
          to[b * p + a] = pair;
        }
      }
      for (std::size_t a = 0; a < p; ++a) {
        double others = 0.0;
        for (std::size_t b = 0; b < p; ++b) others += a == b ? 0.0 : to[a * p + b];
        to[a * p + a] -= others;
      }
    }
  });
}

}  // namespace impact
