#pragma once

#include <vector>
#include <Eigen/Dense>

#include "engine/causal/graph/causal_graph.h"
#include "engine/core/rng.h"

namespace impact::graph_test {

/// A random linear model on a graph: v = sum of b parents + error, errors of spouses correlated.
struct LinearModel {
  Eigen::MatrixXd sigma;  ///< Covariance of the nodes.
  Eigen::MatrixXd total;  ///< total(v, u): total effect of u on v.
};

inline LinearModel random_linear_model(const CausalGraph& graph, Stream& stream) {
  const auto n = static_cast<Eigen::Index>(graph.all().size());
  const auto at = [](NodeId v) { return static_cast<Eigen::Index>(v); };
  Eigen::MatrixXd effects = Eigen::MatrixXd::Zero(n, n);
  Eigen::MatrixXd errors = Eigen::MatrixXd::Zero(n, n);
  for (const NodeId v : graph.all()) {
    errors(at(v), at(v)) += stream.uniform(0.5, 2.0);
    for (const NodeId p : graph.parents(v)) effects(at(v), at(p)) = stream.uniform(-1.5, 1.5);
    for (const NodeId s : graph.spouses(v)) {
      if (s < v) continue;
      const double a = stream.uniform(-1.5, 1.5);
      const double b = stream.uniform(-1.5, 1.5);
      errors(at(v), at(v)) += a * a;
      errors(at(s), at(s)) += b * b;
      errors(at(v), at(s)) += a * b;
      errors(at(s), at(v)) += a * b;
    }
  }
  LinearModel out;
  out.total = (Eigen::MatrixXd::Identity(n, n) - effects).inverse();
  out.sigma = out.total * errors * out.total.transpose();
  return out;
}

/// Covariance of a and b given a set.
inline double partial_covariance(const Eigen::MatrixXd& sigma, NodeId a, NodeId b,
                                 const NodeSet& given) {
  std::vector<Eigen::Index> at;
  for (const NodeId g : given) at.push_back(static_cast<Eigen::Index>(g));
  const auto i = static_cast<Eigen::Index>(a);
  const auto j = static_cast<Eigen::Index>(b);
  if (at.empty()) return sigma(i, j);
  const Eigen::VectorXd with_a = sigma(at, i);
  const Eigen::VectorXd with_b = sigma(at, j);
  const Eigen::MatrixXd inner = sigma(at, at);
  return sigma(i, j) - with_a.dot(inner.ldlt().solve(with_b));
}

}  // namespace impact::graph_test
