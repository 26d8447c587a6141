#include "engine/learn/tree_shap.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/learn/tree_paths.h"
#include "engine/stats/lengths.h"
#include "engine/stats/two_lanes.h"

// A leaf of value v whose path asks the columns 1 ... d (each once: its conditions taken together)
// is the game v prod_(j in S) o_j prod_(j not in S) r_j, o_j = 1 if the row meets the conditions on
// j and 0 if not, r_j the part of the training rows that went this way. By Owen's multilinear
// extension the Shapley value of column i is
//
//   v (o_i - r_i) integral_0^1 prod_(j != i) f_j(t) dt,    f_j(t) = t o_j + (1 - t) r_j,
//
// a polynomial in t of degree d - 1, which ceil(d / 2) Gauss-Legendre nodes integrate exactly. At a
// node t all leaves below an edge share the factors above it, so one walk through the tree carries
// P(t) = prod f_j(t) down and sums G(t) = sum v P(t) up; the edge of column i then adds
// (o_i - r_i) sum_t w_t G(t) / f_i(t). When i was asked above already, its earlier edge has counted
// these leaves with less than all conditions, and that is taken back. All factors are positive, as
// r_j > 0 and t < 1.
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

// Walks one tree with kLanes rows.
class Walk {
 public:
  Walk(const ShapModel& model, const double* x, double* phi) : model_(model), x_(x), phi_(phi) {}

  void run(const std::vector<ShapNode>& tree, const PathTree& paths, const Quadrature& rule) {
    tree_ = tree.data();
    edge_ = paths.edge.data();
    rule_ = &rule;
    points_ = paths.points;
    stride_ = points_ * kLanes;
    product_.assign((paths.depth + 1) * stride_, 1.0);
    sum_.resize((paths.depth + 1) * stride_);
    met_.resize((paths.depth + 1) * kLanes);
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
    double* const phi = phi_ + node.column * kLanes;
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
      const double before = edge.same < 0 ? 1.0 : edge_[edge.same].share;
      double* const next = product_.data() + (depth + 1) * stride_;
      for (std::size_t q = 0; q < points_; ++q) {
        const double t = rule_->node[q];
        const double not_met = (1.0 - t) * edge.share;
        const double* const from = product + q * kLanes;
        double* const to = next + q * kLanes;
        // Factors are chosen by multiplying with o = 0 or 1, which is exact.
        if (earlier == nullptr) {
          for (std::size_t l = 0; l < kLanes; l += 2) {
            store_lanes(load_lanes(from + l) * (both(not_met) + both(t) * load_lanes(met + l)),
                        to + l);
          }
        } else {
          // f_new / f_old; where the earlier conditions fail the later ones do, and it is r / r.
          const double old = 1.0 / (t + (1.0 - t) * before);
          const double both_fail = edge.share / before;
          for (std::size_t l = 0; l < kLanes; l += 2) {
            const Lanes o = load_lanes(earlier + l);
            const Lanes factor = (both(not_met) + both(t) * load_lanes(met + l)) * both(old);
            store_lanes(load_lanes(from + l) * (o * factor + (1.0 - o) * both(both_fail)), to + l);
          }
        }
      }
      descend(c, depth + 1);
      const double* const below = sum_.data() + (depth + 1) * stride_;
      credit(phi, below, met, edge.share, 1.0);
      if (earlier != nullptr) credit(phi, below, earlier, before, -1.0);
      for (std::size_t k = 0; k < stride_; k += 2) {
        store_lanes(load_lanes(sum + k) + load_lanes(below + k), sum + k);
      }
    }
  }

  // phi += sign (o - r) sum_t w_t G(t) / f(t).
  void credit(double* phi, const double* below, const double* met, double share, double sign) {
    Lanes met_sum[kLanes / 2] = {};
    Lanes not_sum[kLanes / 2] = {};
    for (std::size_t q = 0; q < points_; ++q) {
      const double t = rule_->node[q];
      const double yes = sign * rule_->weight[q] * (1.0 - share) / (t + (1.0 - t) * share);
      const double no = -sign * rule_->weight[q] / (1.0 - t);  // -r / ((1 - t) r)
      for (std::size_t l = 0; l < kLanes / 2; ++l) {
        const Lanes g = load_lanes(below + q * kLanes + 2 * l);
        met_sum[l] += both(yes) * g;
        not_sum[l] += both(no) * g;
      }
    }
    for (std::size_t l = 0; l < kLanes / 2; ++l) {
      const Lanes o = load_lanes(met + 2 * l);
      store_lanes(load_lanes(phi + 2 * l) + (o * met_sum[l] + (1.0 - o) * not_sum[l]), phi + 2 * l);
    }
  }

  const ShapModel& model_;
  const double* x_;
  double* phi_;
  const ShapNode* tree_ = nullptr;
  const PathEdge* edge_ = nullptr;
  const Quadrature* rule_ = nullptr;
  std::size_t points_ = 0;
  std::size_t stride_ = 0;
  std::vector<double> product_;  // depth x points x lanes
  std::vector<double> sum_;
  std::vector<double> met_;  // o of the edge that leads to each depth, 0 or 1
};

}  // namespace

bool ShapModel::left(const ShapNode& node, double x) const {
  if (std::isnan(x)) return node.missing_left;
  if (node.categories < 0) return strict ? x < node.threshold : x <= node.threshold;
  const std::vector<std::uint32_t>& set = categories[static_cast<std::size_t>(node.categories)];
  // Codes are whole and small; others are rounded to what XGBoost would see.
  const auto value = static_cast<float>(x);
  if (!(value >= 0.0F && value < 32.0F * static_cast<float>(set.size()))) return node.missing_left;
  const auto code = static_cast<std::uint32_t>(value);
  return (set[code / 32U] >> code % 32U & 1U) == 0U;
}

double ShapModel::expectation() const {
  double sum = 0.0;
  for (const auto& tree : trees) {
    double part = 0.0;
    for (const ShapNode& node : tree) {
      if (node.left < 0) part += node.cover * node.value;
    }
    sum += part / tree.front().cover;
  }
  return base + scale * sum;
}

ShapModel shap_model(const TreeEnsemble& trees, std::size_t output) {
  if (output >= trees.outputs) {
    throw ArgumentError({.what = "the trees have no such output",
                         .where = "output",
                         .got = std::to_string(output),
                         .expected = "less than " + std::to_string(trees.outputs)});
  }
  ShapModel model;
  model.columns = trees.columns;
  model.scale = trees.trees() == 0 ? 1.0 : 1.0 / static_cast<double>(trees.trees());
  for (std::size_t t = 0; t < trees.trees(); ++t) {
    const auto nodes = trees.tree(t);
    std::vector<ShapNode>& tree = model.trees.emplace_back(nodes.size());
    for (std::size_t i = nodes.size(); i-- > 0;) {
      const TreeNode& from = nodes[i];
      ShapNode& to = tree[i];
      if (from.leaf()) {
        const std::size_t leaf = trees.leaf_begin[t] + from.feature;
        to.value = trees.leaf_value[leaf * trees.outputs + output];
        to.cover = trees.leaf_weight[leaf];
        continue;
      }
      to = {.threshold = from.threshold,
            .left = static_cast<std::int32_t>(from.left),
            .right = static_cast<std::int32_t>(from.left + 1),
            .column = from.column(),
            .missing_left = from.missing_left(),
            .cover = tree[from.left].cover + tree[from.left + 1].cover};
    }
  }
  return model;
}

void tree_shap(const ShapModel& model, const FeatureColumns& features,
               std::span<const std::uint32_t> rows, std::span<double> out, const Context& context) {
  const std::size_t p = model.columns;
  require_length("out", out.size(), rows.size() * p);
  detail::check_walk(model, features, rows);
  const std::vector<PathTree> paths = detail::tree_paths(model);
  const std::vector<Quadrature> rules = detail::quadratures(paths);
  for_chunks(context, rows.size(), kLanes, [&](std::size_t begin, std::size_t end) {
    const std::vector<double> x = detail::walk_lanes(features, rows, begin, end);
    std::vector<double> phi(p * kLanes);
    Walk walk(model, x.data(), phi.data());
    for (std::size_t t = 0; t < model.trees.size(); ++t) {
      if (t % 16 == 0) context.check();
      walk.run(model.trees[t], paths[t], rules[paths[t].points]);
    }
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < p; ++j) {
        out[i * p + j] = model.scale * phi[j * kLanes + (i - begin)];
      }
    }
  });
}

}  // namespace impact
