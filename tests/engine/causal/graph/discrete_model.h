#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/causal/graph/causal_graph.h"
#include "engine/core/rng.h"

namespace impact::graph_test {

/// A random model of binary variables on a graph: a table of chances for every node given its
/// parents and the hidden causes that its bidirected edges stand for. States are bit patterns, bit
/// v for node v; at most 12 nodes.
class BinaryModel {
 public:
  BinaryModel(const CausalGraph& graph, Stream& stream) : graph_(graph) {
    for (const NodeId v : graph.all()) {
      for (const NodeId w : graph.spouses(v)) {
        if (v < w) arcs_.push_back({v, w, 0.3 + 0.4 * stream.uniform()});
      }
    }
    for (const NodeId v : graph.all()) {
      std::vector<double>& table = chance_[v];
      std::size_t inputs = graph.parents(v).size() + graph.spouses(v).size();
      table.resize(std::size_t{1} << inputs);
      for (double& p : table) p = 0.1 + 0.8 * stream.uniform();
    }
  }

  [[nodiscard]] std::size_t states() const { return std::size_t{1} << graph_.all().size(); }

  /// Chance of every state when the nodes of `held` are set to their bits in `values`; states that
  /// differ there have chance 0.
  [[nodiscard]] std::vector<double> joint(const NodeSet& held = {}, std::size_t values = 0) const {
    std::vector<double> out(states(), 0.0);
    for (std::size_t state = 0; state < out.size(); ++state) {
      bool agrees = true;
      for (const NodeId v : held) agrees = agrees && bit(state, v) == bit(values, v);
      if (!agrees) continue;
      for (std::size_t causes = 0; causes < (std::size_t{1} << arcs_.size()); ++causes) {
        double p = 1.0;
        for (std::size_t a = 0; a < arcs_.size(); ++a) {
          p *= ((causes >> a) & 1U) != 0 ? arcs_[a].chance : 1.0 - arcs_[a].chance;
        }
        for (const NodeId v : graph_.all() - held) {
          std::size_t row = 0;
          for (const NodeId u : graph_.parents(v)) row = 2 * row + bit(state, u);
          for (std::size_t a = 0; a < arcs_.size(); ++a) {
            if (arcs_[a].one == v || arcs_[a].other == v) row = 2 * row + ((causes >> a) & 1U);
          }
          const double one = chance_.at(v)[row];
          p *= bit(state, v) != 0 ? one : 1.0 - one;
        }
        out[state] += p;
      }
    }
    return out;
  }

  [[nodiscard]] static std::size_t bit(std::size_t state, NodeId v) { return (state >> v) & 1U; }

 private:
  struct Arc {
    NodeId one = 0;
    NodeId other = 0;
    double chance = 0.5;
  };
  CausalGraph graph_;
  std::vector<Arc> arcs_;
  std::map<NodeId, std::vector<double>> chance_;
};

/// Chance that the nodes of `set` have their bits in `values`.
inline double chance_of(const std::vector<double>& joint, const NodeSet& set, std::size_t values) {
  std::size_t mask = 0;
  for (const NodeId v : set) mask |= std::size_t{1} << v;
  double sum = 0.0;
  for (std::size_t state = 0; state < joint.size(); ++state) {
    if ((state & mask) == (values & mask)) sum += joint[state];
  }
  return sum;
}

/// sum_z P(y | x, z) P(z), at the bits of `values`.
inline double adjusted_chance(const std::vector<double>& joint, const NodeSet& x, const NodeSet& y,
                              const NodeSet& z, std::size_t values) {
  std::vector<NodeId> nodes(z.begin(), z.end());
  double sum = 0.0;
  for (std::size_t i = 0; i < (std::size_t{1} << nodes.size()); ++i) {
    std::size_t state = values;
    for (std::size_t k = 0; k < nodes.size(); ++k) {
      state &= ~(std::size_t{1} << nodes[k]);
      state |= ((i >> k) & 1U) << nodes[k];
    }
    sum += chance_of(joint, x | y | z, state) / chance_of(joint, x | z, state) *
           chance_of(joint, z, state);
  }
  return sum;
}

}  // namespace impact::graph_test
