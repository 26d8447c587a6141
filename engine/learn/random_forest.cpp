#include "engine/learn/random_forest.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/forest_sample.h"
#include "engine/learn/tree_grower.h"
#include "engine/learn/tree_training.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

using detail::TreeTraining;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// What one tree leaves behind.
struct TreeResult {
  GrownTree tree;
  detail::LeafValues leaves;
  std::vector<std::uint32_t> rest;       // rows that the tree was not shown,
  std::vector<std::uint32_t> rest_leaf;  // and where they end
  std::vector<std::uint32_t> member;     // kept rows, leaf by leaf
  std::vector<std::size_t> member_count;
  std::vector<double> rise;  // of the error, a column each
};

void require(bool good, const char* what, const std::string& got, const char* expected) {
  if (good) return;
  throw ArgumentError({.what = "an option of the forest is out of range",
                       .where = what,
                       .got = got,
                       .expected = expected});
}

class Forest {
 public:
  Forest(TreeTraining& training, const RandomForestSpec& spec,
         std::span<const std::int32_t> cluster, StreamKey key, const Context& context)
      : training_(training),
        spec_(spec),
        context_(context),
        units_(training.rows(), cluster),
        sample_key_(key.child("sample")),
        grow_key_(key.child("grow")),
        permute_key_(key.child("permute")) {
    const auto units = static_cast<double>(units_.units());
    replace_ = spec.replace && !spec.honest;
    draws_ = static_cast<std::size_t>(std::max(1.0, std::round(spec.sample_fraction * units)));
    if (!replace_) draws_ = std::min(draws_, units_.units());
    target_ = training.target(spec.entropy, draws_ * units_.largest());
    const std::size_t p = training.binned.columns();
    const bool classes = training.classes > 0;
    limits_ = {.mtry = spec.mtry,
               .max_depth = spec.max_depth,
               .min_leaf = spec.min_leaf > 0 ? spec.min_leaf : (classes ? 1U : 5U),
               .min_split = spec.min_split,
               .max_leaves = spec.max_leaves,
               .random_thresholds = spec.random_thresholds};
    if (limits_.mtry == 0) {
      const auto columns = static_cast<double>(p);
      limits_.mtry = static_cast<std::size_t>(
          std::max(1.0, classes ? std::floor(std::sqrt(columns)) : std::ceil(columns / 3.0)));
    }
    require(limits_.mtry <= p, "mtry", std::to_string(spec.mtry), "at most the columns");
  }

  RandomForest fit() {
    RandomForest forest;
    const std::size_t n = training_.rows();
    const std::size_t outputs = training_.outputs();
    forest.classes = training_.classes;
    forest.n = static_cast<std::int64_t>(n);
    forest.trees.columns = training_.binned.columns();
    forest.trees.outputs = outputs;
    forest.impurity_importance.assign(forest.trees.columns, 0.0);
    if (spec_.keep_rows) forest.member_begin.push_back(0);
    sum_.assign(n * outputs, 0.0);
    times_.assign(n, 0);
    if (spec_.permutation) rises_.resize(forest.trees.columns);
    const auto trees = static_cast<std::size_t>(n == 0 ? 0 : spec_.trees);
    // So many trees are in memory before they are added, in their order, to the forest.
    const std::size_t wave = 8 * static_cast<std::size_t>(context_.threads);
    for (std::size_t first = 0; first < trees; first += wave) {
      std::vector<TreeResult> results(std::min(wave, trees - first));
      run_tasks(context_, results.size(), [&](std::size_t k) { results[k] = one_tree(first + k); });
      for (const TreeResult& result : results) add(forest, result);
      add_rest(results);
      if (context_.progress != nullptr) {
        context_.progress->report(
            "trees", static_cast<double>(first + results.size()) / static_cast<double>(trees));
      }
    }
    detail::normalise(forest.impurity_importance);
    out_of_bag(forest);
    permutation(forest);
    if (spec_.keep_rows) {
      forest.training_outcome = training_.value;
      forest.training_weight = training_.weight;
    }
    forest.training_row = std::move(training_.row);
    forest.warnings = std::move(training_.warnings);
    return forest;
  }

 private:
  TreeResult one_tree(std::size_t t) const {
    const TreeTraining& training = training_;
    detail::TreeSample sample = detail::draw_tree_sample(units_, training.rows(), draws_, replace_,
                                                         spec_.honest, sample_key_, t);
    TreeResult result;
    result.tree = grow_tree(training.binned, target_, sample.grow.row, sample.grow.repeats, limits_,
                            grow_key_, t, context_);
    GrownTree& tree = result.tree;
    const detail::DrawnRows& fill =
        spec_.honest && !sample.fill.row.empty() ? sample.fill : sample.grow;
    std::vector<std::uint32_t> leaf(fill.row.size());
    if (&fill == &sample.grow) {
      for (std::size_t i = 0; i < leaf.size(); ++i) leaf[i] = tree.row_leaf[fill.row[i]];
    } else {
      std::vector<std::uint8_t> filled(tree.leaves);
      tree.find_leaves(training.binned, fill.row, leaf);
      for (const auto l : leaf) filled[l] = 1;
      const std::vector<std::uint32_t> number = prune_unfilled(tree, filled);
      for (auto& l : leaf) l = number[l];
    }
    result.leaves = detail::fill_leaves(training, tree.leaves, fill.row, fill.repeats, leaf);
    result.rest = std::move(sample.rest);
    result.rest_leaf.resize(result.rest.size());
    tree.find_leaves(training.binned, result.rest, result.rest_leaf);
    if (spec_.keep_rows) keep(result, fill, leaf);
    if (spec_.permutation && !result.rest.empty()) permute(result, t);
    tree.row_leaf = {};
    return result;
  }

  // Rows by leaf, in order within each.
  static void keep(TreeResult& result, const detail::DrawnRows& fill,
                   std::span<const std::uint32_t> leaf) {
    result.member_count.assign(result.tree.leaves, 0);
    for (std::size_t i = 0; i < leaf.size(); ++i) result.member_count[leaf[i]] += fill.repeats[i];
    std::vector<std::size_t> at(result.tree.leaves + 1);
    for (std::size_t l = 0; l < result.tree.leaves; ++l) at[l + 1] = at[l] + result.member_count[l];
    result.member.resize(at.back());
    for (std::size_t i = 0; i < leaf.size(); ++i) {
      for (std::uint32_t r = 0; r < fill.repeats[i]; ++r) {
        result.member[at[leaf[i]]++] = fill.row[i];
      }
    }
  }

  // Error of a leaf's answer for a row.
  double error(const TreeResult& result, std::uint32_t leaf, std::size_t row) const {
    const double* const said = result.leaves.value.data() + leaf * training_.outputs();
    return error(said, row);
  }
  double error(const double* said, std::size_t row) const {
    if (training_.classes > 0) return training_.called(said) == training_.label[row] ? 0.0 : 1.0;
    const double d = said[0] - training_.value[row];
    return d * d;
  }

  void permute(TreeResult& result, std::size_t t) const {
    result.rise.assign(training_.binned.columns(), 0.0);
    std::vector<std::uint32_t> donor = result.rest;
    std::vector<std::uint32_t> leaves(donor.size());
    Stream stream(permute_key_, t);
    double total = 0.0;
    for (const auto row : result.rest) total += training_.weight_of(row);
    for (std::size_t j = 0; j < result.rise.size(); ++j) {
      stream.shuffle(donor, context_);
      const auto& nodes = result.tree.nodes;
      const bool used = std::any_of(nodes.begin(), nodes.end(), [&](const TreeNode& node) {
        return !node.leaf() && node.column() == j;
      });
      if (!used) continue;
      result.tree.find_leaves(training_.binned, result.rest, leaves, j, donor);
      for (std::size_t i = 0; i < donor.size(); ++i) {
        const std::size_t row = result.rest[i];
        const std::uint32_t leaf = leaves[i];
        if (leaf == result.rest_leaf[i]) continue;
        const double rise = error(result, leaf, row) - error(result, result.rest_leaf[i], row);
        result.rise[j] += training_.weight_of(row) * rise;
      }
      result.rise[j] /= total;
    }
  }

  void add(RandomForest& forest, const TreeResult& result) {
    detail::append_tree(forest.trees, result.tree, result.leaves);
    for (std::size_t j = 0; j < forest.impurity_importance.size(); ++j) {
      forest.impurity_importance[j] += result.tree.decrease[j];
    }
    forest.member.insert(forest.member.end(), result.member.begin(), result.member.end());
    for (const std::size_t count : result.member_count) {
      forest.member_begin.push_back(forest.member_begin.back() + count);
    }
    for (std::size_t j = 0; j < result.rise.size(); ++j) rises_[j].push_back(result.rise[j]);
  }

  // Rows are met in increasing order within a tree and by each tree in turn: the order of additions
  // to a row is that of the trees.
  void add_rest(std::span<const TreeResult> results) {
    const std::size_t outputs = training_.outputs();
    for (const TreeResult& result : results) {
      for (std::size_t i = 0; i < result.rest.size(); ++i) {
        const std::size_t row = result.rest[i];
        ++times_[row];
        for (std::size_t k = 0; k < outputs; ++k) {
          sum_[row * outputs + k] += result.leaves.value[result.rest_leaf[i] * outputs + k];
        }
      }
    }
  }

  void out_of_bag(RandomForest& forest) {
    const std::size_t outputs = training_.outputs();
    double wrong = 0.0;
    double total = 0.0;
    std::size_t never = 0;
    for (std::size_t i = 0; i < training_.rows(); ++i) {
      double* const said = sum_.data() + i * outputs;
      for (std::size_t k = 0; k < outputs; ++k) {
        said[k] = times_[i] == 0 ? kNaN : said[k] / static_cast<double>(times_[i]);
      }
      if (times_[i] == 0) {
        ++never;
        continue;
      }
      wrong += training_.weight_of(i) * error(said, i);
      total += training_.weight_of(i);
    }
    if (total > 0.0) forest.oob_error = wrong / total;
    if (total > 0.0 && never > 0) {
      training_.warnings.push_back("out-of-bag figures leave out rows that every tree was shown: " +
                                   std::to_string(never) + "; more trees reach them");
    }
    forest.oob_prediction = std::move(sum_);
  }

  void permutation(RandomForest& forest) const {
    if (!spec_.permutation) return;
    for (const std::vector<double>& rise : rises_) {
      const auto count = static_cast<double>(rise.size());
      double mean = 0.0;
      for (const double r : rise) mean += r;
      mean /= count;
      double squares = 0.0;
      for (const double r : rise) squares += (r - mean) * (r - mean);
      forest.permutation_importance.push_back(mean);
      forest.permutation_error.push_back(std::sqrt(squares / (count - 1.0) / count));
    }
  }

  TreeTraining& training_;
  const RandomForestSpec& spec_;
  const Context& context_;
  const detail::SampleUnits units_;
  const StreamKey sample_key_;
  const StreamKey grow_key_;
  const StreamKey permute_key_;
  TreeTarget target_;
  GrowSpec limits_;
  bool replace_ = true;
  std::size_t draws_ = 0;
  std::vector<double> sum_;
  std::vector<std::uint32_t> times_;
  std::vector<std::vector<double>> rises_;  // a column each: one a tree
};

RandomForest fit(TreeTraining training, std::size_t rows, const RandomForestSpec& spec,
                 StreamKey key, const Context& context) {
  require(spec.trees >= 1, "trees", std::to_string(spec.trees), "1 or more");
  require(spec.max_depth >= 0, "max_depth", std::to_string(spec.max_depth), "0 or more");
  require(spec.sample_fraction > 0.0 && spec.sample_fraction <= 1.0, "sample_fraction",
          format_double(spec.sample_fraction), "above 0, at most 1");
  require_optional_length("clusters", spec.clusters.size(), rows);
  std::vector<std::int32_t> cluster;
  if (!spec.clusters.empty()) {
    for (const auto row : training.row) cluster.push_back(spec.clusters[row]);
  }
  return Forest(training, spec, cluster, key, context).fit();
}

template <class Outcome>
Learner learner_of(const FeatureColumns& features, std::span<const Outcome> outcome,
                   const RandomForestSpec& spec, std::span<const double> weights) {
  return [=](std::span<const std::uint32_t> rows, StreamKey key, const Context& context) {
    const auto forest = std::make_shared<RandomForest>(
        fit_random_forest(features, outcome, rows, spec, weights, key, context));
    FittedModel fitted;
    fitted.warnings = forest->warnings;
    fitted.predict = [features, forest](std::span<const std::uint32_t> asked,
                                        std::span<double> prediction) {
      forest->predict(features, asked, prediction);
    };
    return fitted;
  };
}

}  // namespace

void RandomForest::predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                           std::span<double> out, const Context& context) const {
  mean_of_trees(trees, features, rows, out, context);
}

RandomForest fit_random_forest(const FeatureColumns& features, std::span<const double> outcome,
                               std::span<const std::uint32_t> rows, const RandomForestSpec& spec,
                               std::span<const double> weights, StreamKey key,
                               const Context& context) {
  return fit(detail::number_training(features, outcome, rows, weights, context), outcome.size(),
             spec, key, context);
}

RandomForest fit_random_forest(const FeatureColumns& features, std::span<const std::int32_t> label,
                               std::span<const std::uint32_t> rows, const RandomForestSpec& spec,
                               std::span<const double> weights, StreamKey key,
                               const Context& context) {
  const detail::ClassSpec classes{.classes = spec.classes, .balanced = spec.balanced};
  return fit(detail::class_training(features, label, rows, classes, weights, context), label.size(),
             spec, key, context);
}

Learner random_forest_learner(const FeatureColumns& features, std::span<const double> outcome,
                              const RandomForestSpec& spec, std::span<const double> weights) {
  return learner_of(features, outcome, spec, weights);
}

Learner random_forest_learner(const FeatureColumns& features, std::span<const std::int32_t> label,
                              const RandomForestSpec& spec, std::span<const double> weights) {
  RandomForestSpec two = spec;
  two.classes = 2;  // a fold may lack one
  return learner_of(features, label, two, weights);
}

}  // namespace impact
