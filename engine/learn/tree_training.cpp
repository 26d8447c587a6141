#include "engine/learn/tree_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/learn/left_out.h"
#include "engine/stats/lengths.h"

namespace impact::detail {
namespace {

// Keeps the rows with an outcome and a positive weight; take(i) adds the outcome of row i or
// returns false.
template <class Take, class Outcome>
void use_rows(TreeTraining& t, const FeatureColumns& features, std::size_t n,
              std::span<const std::uint32_t> rows, std::span<const double> weights,
              const Take& take, const Outcome& outcome) {
  check_features(features, n);
  require_optional_length("weights", weights.size(), n);
  require_weights(weights);
  if (features.columns == 0) {
    throw ArgumentError({.what = "a tree needs a column to split", .where = "features"});
  }
  // Splits take any number of a column; it is the outcome that must be finite.
  LeftOutRows gone({});
  for (const auto i : rows) {
    if (i >= n) {
      throw ArgumentError({.what = "there is no such row",
                           .where = "rows",
                           .got = std::to_string(i),
                           .expected = "less than " + std::to_string(n)});
    }
    const double w = weights.empty() ? 1.0 : weights[i];
    if (w == 0.0) continue;
    if (std::isnan(w) || !take(i)) {
      gone.add(i, outcome(i));
      continue;
    }
    t.row.push_back(i);
    if (!weights.empty()) t.weight.push_back(w);
  }
  gone.warn(t.warnings);
  if (t.row.empty()) t.warnings.emplace_back("there is no row to learn from");
}

void bin(TreeTraining& t, const FeatureColumns& features, const Context& context) {
  t.binned = bin_features(features, t.row, context);
  std::vector<std::string> constant;
  for (std::size_t j = 0; j < features.columns; ++j) {
    const BinnedFeatures::Column& column = t.binned.column[j];
    if (column.low.size() + (column.missing ? 1 : 0) < 2) constant.push_back(features.name(j));
  }
  if (!constant.empty() && !t.row.empty()) {
    t.warnings.push_back(
        fmt::format("constant in the training rows, so of no use: {}", list_words(constant)));
  }
}

}  // namespace

std::int32_t TreeTraining::called(const double* values) const {
  if (classes == 2) return values[0] > 0.5 ? 1 : 0;
  return static_cast<std::int32_t>(std::max_element(values, values + classes) - values);
}

TreeTarget TreeTraining::target(bool entropy, std::size_t drawn) const {
  TreeTarget target;
  target.weight = weight;
  if (classes == 0 || (classes == 2 && !entropy)) {
    target.value = value;
  } else {
    target.impurity = entropy ? Impurity::entropy : Impurity::gini;
    target.classes = classes;
    target.label = label;
  }
  target.prepare(drawn);
  return target;
}

TreeTraining number_training(const FeatureColumns& features, std::span<const double> outcome,
                             std::span<const std::uint32_t> rows, std::span<const double> weights,
                             const Context& context) {
  TreeTraining t;
  const auto take = [&](std::size_t i) {
    if (!std::isfinite(outcome[i])) return false;
    t.value.push_back(outcome[i]);
    return true;
  };
  use_rows(t, features, outcome.size(), rows, weights, take,
           [&](std::size_t i) { return outcome[i]; });
  bin(t, features, context);
  return t;
}

TreeTraining class_training(const FeatureColumns& features, std::span<const std::int32_t> label,
                            std::span<const std::uint32_t> rows, const ClassSpec& spec,
                            std::span<const double> weights, const Context& context) {
  TreeTraining t;
  const auto take = [&](std::size_t i) {
    if (label[i] < 0) return false;
    if (spec.classes > 0 && static_cast<std::size_t>(label[i]) >= spec.classes) {
      throw ArgumentError({.what = "a label is one of the classes or missing (below 0)",
                           .where = fmt::format("row {}", i + 1),
                           .got = std::to_string(label[i]),
                           .expected = fmt::format("less than {}", spec.classes)});
    }
    t.label.push_back(label[i]);
    return true;
  };
  use_rows(t, features, label.size(), rows, weights, take, [](std::size_t) { return 0.0; });
  t.classes = spec.classes;
  if (t.classes == 0 && !t.label.empty()) {
    t.classes = static_cast<std::size_t>(*std::max_element(t.label.begin(), t.label.end())) + 1;
  }
  t.classes = std::max<std::size_t>(t.classes, 2);
  std::vector<double> share(t.classes);
  for (std::size_t i = 0; i < t.rows(); ++i) {
    share[static_cast<std::size_t>(t.label[i])] += t.weight_of(i);
  }
  const auto held = static_cast<std::size_t>(
      std::count_if(share.begin(), share.end(), [](double s) { return s > 0.0; }));
  if (held == 1) {
    t.warnings.emplace_back("all training rows are of one class: every row is called so");
  }
  if (spec.balanced && held > 1) {
    const double total = std::accumulate(share.begin(), share.end(), 0.0);
    t.weight.resize(t.rows(), 1.0);
    for (std::size_t i = 0; i < t.rows(); ++i) {
      t.weight[i] *=
          total / (static_cast<double>(held) * share[static_cast<std::size_t>(t.label[i])]);
    }
  }
  t.value.assign(t.label.begin(), t.label.end());
  bin(t, features, context);
  return t;
}

LeafValues fill_leaves(const TreeTraining& training, std::size_t leaves,
                       std::span<const std::uint32_t> rows, std::span<const std::uint32_t> repeats,
                       std::span<const std::uint32_t> leaf) {
  const std::size_t outputs = training.outputs();
  LeafValues said{.value = std::vector<double>(leaves * outputs),
                  .weight = std::vector<double>(leaves)};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double w = training.weight_of(rows[i]) * static_cast<double>(repeats[i]);
    said.weight[leaf[i]] += w;
    if (outputs == 1) {
      said.value[leaf[i]] += w * training.value[rows[i]];
    } else {
      said.value[leaf[i] * outputs + static_cast<std::size_t>(training.label[rows[i]])] += w;
    }
  }
  for (std::size_t l = 0; l < leaves; ++l) {
    for (std::size_t k = 0; k < outputs; ++k) said.value[l * outputs + k] /= said.weight[l];
  }
  return said;
}

void append_tree(TreeEnsemble& ensemble, const GrownTree& tree, const LeafValues& leaves) {
  ensemble.nodes.insert(ensemble.nodes.end(), tree.nodes.begin(), tree.nodes.end());
  ensemble.node_begin.push_back(ensemble.nodes.size());
  ensemble.leaf_value.insert(ensemble.leaf_value.end(), leaves.value.begin(), leaves.value.end());
  ensemble.leaf_weight.insert(ensemble.leaf_weight.end(), leaves.weight.begin(),
                              leaves.weight.end());
  ensemble.leaf_begin.push_back(ensemble.leaf_weight.size());
}

void normalise(std::vector<double>& importance) {
  const double sum = std::accumulate(importance.begin(), importance.end(), 0.0);
  if (!(sum > 0.0)) return;
  for (double& value : importance) value /= sum;
}

}  // namespace impact::detail
