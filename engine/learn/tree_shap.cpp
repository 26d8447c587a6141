#include "engine/learn/tree_shap.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
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
using detail::store_lanes;

// Rows that walk side by side, one a lane; the processor takes two at a time.
constexpr std::size_t kLanes = 32;

struct Quadrature {
  std::vector<double> node = {};  // on (0, 1)
  std::vector<double> weight = {};
};

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

// What the walk needs of the edge to a node, the same for all rows.
struct Edge {
  double share = 1.0;          // r: over all conditions on the column down to here
  std::int32_t same = -1;      // node below the last edge above with the same column,
  std::size_t same_depth = 0;  // and its depth
};

struct Prepared {
  std::vector<Edge> edge;
  std::size_t depth = 0;
  std::size_t nodes = 0;  // of the quadrature
};

[[noreturn]] void broken(const char* what, const std::string& got) {
  throw ArgumentError({.what = what, .where = "trees", .got = got});
}

Prepared prepare(const std::vector<ShapNode>& tree, std::size_t columns) {
  Prepared p;
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
    p.nodes = std::max(p.nodes, (here.distinct + 1) / 2);
    if (node.left < 0) continue;
    if (node.column >= columns) {
      broken("a node asks for a column that is not there", std::to_string(node.column));
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

// Walks one tree with kLanes rows.
class Walk {
 public:
  Walk(bool strict, const double* x, double* phi) : strict_(strict), x_(x), phi_(phi) {}

  void run(const std::vector<ShapNode>& tree, const Prepared& prepared, const Quadrature& rule) {
    tree_ = tree.data();
    edge_ = prepared.edge.data();
    rule_ = &rule;
    points_ = prepared.nodes;
    stride_ = points_ * kLanes;
    product_.assign((prepared.depth + 1) * stride_, 1.0);
    sum_.resize((prepared.depth + 1) * stride_);
    met_.resize((prepared.depth + 1) * kLanes);
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
    const double* const x = x_ + node.column * kLanes;
    for (std::size_t l = 0; l < kLanes; ++l) {
      const bool left = std::isnan(x[l]) ? node.missing_left
                        : strict_        ? x[l] < node.threshold
                                         : x[l] <= node.threshold;
      goes_left[l] = left ? 1.0 : 0.0;
    }
    std::fill_n(sum, stride_, 0.0);
    double* const phi = phi_ + node.column * kLanes;
    for (const bool left : {true, false}) {
      const auto c = static_cast<std::size_t>(left ? node.left : node.right);
      const Edge& edge = edge_[c];
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

  const bool strict_;
  const double* x_;
  double* phi_;
  const ShapNode* tree_ = nullptr;
  const Edge* edge_ = nullptr;
  const Quadrature* rule_ = nullptr;
  std::size_t points_ = 0;
  std::size_t stride_ = 0;
  std::vector<double> product_;  // depth x points x lanes
  std::vector<double> sum_;
  std::vector<double> met_;  // o of the edge that leads to each depth, 0 or 1
};

}  // namespace

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
  if (features.columns != p) {
    throw ArgumentError({.what = "the model knows other columns",
                         .where = "columns",
                         .got = std::to_string(features.columns),
                         .expected = std::to_string(p)});
  }
  require_length("out", out.size(), rows.size() * p);
  for (const auto row : rows) {
    if (row >= features.rows()) {
      throw ArgumentError({.what = "there is no such row",
                           .where = "rows",
                           .got = std::to_string(row),
                           .expected = "less than " + std::to_string(features.rows())});
    }
  }
  std::vector<Prepared> prepared;
  std::size_t points = 0;
  for (const auto& tree : model.trees) {
    prepared.push_back(prepare(tree, p));
    points = std::max(points, prepared.back().nodes);
  }
  std::vector<Quadrature> rules;
  for (std::size_t q = 0; q <= points; ++q) rules.push_back(gauss_legendre(q));
  for_chunks(context, rows.size(), kLanes, [&](std::size_t begin, std::size_t end) {
    // Lanes without a row of their own walk with the last one.
    std::vector<double> x(p * kLanes);
    std::vector<double> phi(p * kLanes);
    for (std::size_t j = 0; j < p; ++j) {
      for (std::size_t l = 0; l < kLanes; ++l) {
        x[j * kLanes + l] = features.column(j)[rows[std::min(begin + l, end - 1)]];
      }
    }
    Walk walk(model.strict, x.data(), phi.data());
    for (std::size_t t = 0; t < model.trees.size(); ++t) {
      if (t % 16 == 0) context.check();
      walk.run(model.trees[t], prepared[t], rules[prepared[t].nodes]);
    }
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < p; ++j) {
        out[i * p + j] = model.scale * phi[j * kLanes + (i - begin)];
      }
    }
  });
}

}  // namespace impact
