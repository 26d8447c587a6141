#include "engine/learn/tree_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "engine/core/error.h"

namespace impact {
namespace {

constexpr int kVersion = 1;

[[noreturn]] void refuse(const ModelFile& file, std::string what, std::string got = {}) {
  throw DataError({.what = std::move(what), .where = file.kind, .got = std::move(got)});
}

template <class To, class From>
std::vector<To> as(const std::vector<From>& values) {
  std::vector<To> result;
  result.reserve(values.size());
  for (const From value : values) result.push_back(static_cast<To>(value));
  return result;
}

// Places of parts: from 0, never falling, up to `end`.
std::vector<std::size_t> begins(const ModelFile& file, const std::string& name, std::size_t end) {
  const auto& values = model_block<std::int64_t>(file, name);
  bool good = !values.empty() && values.front() == 0 && std::cmp_equal(values.back(), end);
  for (std::size_t i = 1; i < values.size(); ++i) good = good && values[i] >= values[i - 1];
  if (!good) refuse(file, "the block '" + name + "' does not divide its values");
  return as<std::size_t>(values);
}

std::size_t whole(const ModelFile& file, const char* name) {
  const auto at = file.header.find(name);
  if (at == file.header.end() || !at->is_number_integer() || at->get<std::int64_t>() < 0) {
    refuse(file, std::string("the header lacks a whole number '") + name + "'");
  }
  return static_cast<std::size_t>(at->get<std::int64_t>());
}

void require_kind(const ModelFile& file, const char* kind) {
  if (file.kind != kind) refuse(file, std::string("the model is no ") + kind, file.kind);
  if (file.version > kVersion) {
    throw DataError({.what = "the model was saved by a newer version",
                     .where = file.kind,
                     .got = std::to_string(file.version),
                     .expected = "up to " + std::to_string(kVersion),
                     .hint = "update the program, or save the model again with this one"});
  }
}

std::vector<std::string> read_warnings(const ModelFile& file) {
  std::vector<std::string> warnings;
  const auto at = file.header.find("warnings");
  if (at == file.header.end() || !at->is_array()) refuse(file, "the header lacks 'warnings'");
  for (const auto& warning : *at) {
    if (!warning.is_string()) refuse(file, "a warning is no text");
    warnings.push_back(warning.get<std::string>());
  }
  return warnings;
}

// Classes and outputs that belong together.
std::size_t read_classes(const ModelFile& file, const TreeEnsemble& trees) {
  const std::size_t classes = whole(file, "classes");
  if (trees.outputs != (classes > 2 ? classes : 1)) {
    refuse(file, "leaves say something else than the classes", std::to_string(trees.outputs));
  }
  return classes;
}

}  // namespace

void add_trees(ModelFile& file, const TreeEnsemble& trees) {
  std::vector<double> threshold;
  std::vector<std::int32_t> left;
  std::vector<std::int32_t> feature;
  for (const TreeNode& node : trees.nodes) {
    threshold.push_back(node.threshold);
    left.push_back(std::bit_cast<std::int32_t>(node.left));
    feature.push_back(std::bit_cast<std::int32_t>(node.feature));
  }
  file.header["columns"] = trees.columns;
  file.header["outputs"] = trees.outputs;
  file.blocks["tree_threshold"] = std::move(threshold);
  file.blocks["tree_left"] = std::move(left);
  file.blocks["tree_feature"] = std::move(feature);
  file.blocks["tree_node_begin"] = as<std::int64_t>(trees.node_begin);
  file.blocks["tree_leaf_begin"] = as<std::int64_t>(trees.leaf_begin);
  file.blocks["tree_leaf_value"] = trees.leaf_value;
  file.blocks["tree_leaf_weight"] = trees.leaf_weight;
}

TreeEnsemble read_trees(const ModelFile& file) {
  TreeEnsemble trees;
  trees.columns = whole(file, "columns");
  trees.outputs = whole(file, "outputs");
  const auto& threshold = model_block<double>(file, "tree_threshold");
  const auto count = static_cast<std::int64_t>(threshold.size());
  const auto& left = model_block<std::int32_t>(file, "tree_left", count);
  const auto& feature = model_block<std::int32_t>(file, "tree_feature", count);
  trees.leaf_weight = model_block<double>(file, "tree_leaf_weight");
  trees.leaf_value = model_block<double>(file, "tree_leaf_value");
  if (trees.outputs == 0 || trees.leaf_value.size() % trees.outputs != 0 ||
      trees.leaf_value.size() / trees.outputs != trees.leaf_weight.size()) {
    refuse(file, "leaves and their values differ in number");
  }
  trees.node_begin = begins(file, "tree_node_begin", threshold.size());
  trees.leaf_begin = begins(file, "tree_leaf_begin", trees.leaf_weight.size());
  if (trees.trees() == 0) refuse(file, "there is no tree");
  if (trees.leaf_begin.size() != trees.node_begin.size()) {
    refuse(file, "nodes and leaves are of different numbers of trees");
  }
  trees.nodes.reserve(threshold.size());
  for (std::size_t t = 0; t < trees.trees(); ++t) {
    const std::size_t nodes = trees.node_begin[t + 1] - trees.node_begin[t];
    const std::size_t leaves = trees.leaf_begin[t + 1] - trees.leaf_begin[t];
    if (nodes == 0) refuse(file, "a tree has no node", std::to_string(t));
    for (std::size_t i = 0; i < nodes; ++i) {
      const std::size_t at = trees.node_begin[t] + i;
      const TreeNode node{.threshold = threshold[at],
                          .left = std::bit_cast<std::uint32_t>(left[at]),
                          .feature = std::bit_cast<std::uint32_t>(feature[at])};
      const bool good = node.leaf() ? node.feature < leaves
                                    : node.left > i && std::size_t{node.left} + 1 < nodes &&
                                          node.column() < trees.columns;
      if (!good) refuse(file, "a node leads nowhere", std::to_string(at));
      trees.nodes.push_back(node);
    }
  }
  return trees;
}

ModelFile forest_file(const RandomForest& forest) {
  ModelFile file{.kind = "random_forest", .version = kVersion};
  add_trees(file, forest.trees);
  file.header["classes"] = forest.classes;
  file.header["n"] = forest.n;
  file.header["warnings"] = forest.warnings;
  file.blocks["oob_error"] = std::vector<double>{forest.oob_error};
  file.blocks["oob_prediction"] = forest.oob_prediction;
  file.blocks["impurity_importance"] = forest.impurity_importance;
  file.blocks["permutation_importance"] = forest.permutation_importance;
  file.blocks["permutation_error"] = forest.permutation_error;
  file.blocks["training_row"] = as<std::int64_t>(forest.training_row);
  file.blocks["member"] = as<std::int64_t>(forest.member);
  file.blocks["member_begin"] = as<std::int64_t>(forest.member_begin);
  file.blocks["training_outcome"] = forest.training_outcome;
  file.blocks["training_weight"] = forest.training_weight;
  return file;
}

RandomForest read_forest(const ModelFile& file) {
  require_kind(file, "random_forest");
  RandomForest forest;
  forest.trees = read_trees(file);
  forest.classes = read_classes(file, forest.trees);
  forest.warnings = read_warnings(file);
  const auto& rows =
      model_block<std::int64_t>(file, "training_row", static_cast<std::int64_t>(whole(file, "n")));
  forest.n = static_cast<std::int64_t>(rows.size());
  const auto fits = [](std::int64_t x) { return x >= 0 && x <= std::int64_t{0xFFFFFFFF}; };
  if (!std::all_of(rows.begin(), rows.end(), fits)) refuse(file, "a training row is no row");
  forest.training_row = as<std::uint32_t>(rows);
  const auto outputs = static_cast<std::int64_t>(forest.trees.outputs);
  forest.oob_error = model_block<double>(file, "oob_error", 1)[0];
  forest.oob_prediction = model_block<double>(file, "oob_prediction", forest.n * outputs);
  const auto columns = static_cast<std::int64_t>(forest.trees.columns);
  forest.impurity_importance = model_block<double>(file, "impurity_importance", columns);
  forest.permutation_importance = model_block<double>(file, "permutation_importance");
  forest.permutation_error = model_block<double>(
      file, "permutation_error", static_cast<std::int64_t>(forest.permutation_importance.size()));
  const auto& member = model_block<std::int64_t>(file, "member");
  if (model_block<std::int64_t>(file, "member_begin").empty()) return forest;
  // Kept rows: each leaf's are training rows, and each of those has an outcome.
  const auto known = [&](std::int64_t x) { return x >= 0 && x < forest.n; };
  if (!std::all_of(member.begin(), member.end(), known)) {
    refuse(file, "a leaf holds a row that was not learned from");
  }
  forest.member = as<std::uint32_t>(member);
  forest.member_begin = begins(file, "member_begin", member.size());
  if (forest.member_begin.size() != forest.trees.leaf_weight.size() + 1) {
    refuse(file, "rows are kept for another number of leaves");
  }
  forest.training_outcome = model_block<double>(file, "training_outcome", forest.n);
  // Quantiles put them in order, which NaN has no place in.
  if (std::any_of(forest.training_outcome.begin(), forest.training_outcome.end(),
                  [](double y) { return std::isnan(y); })) {
    refuse(file, "a training row has no outcome");
  }
  forest.training_weight = model_block<double>(file, "training_weight");
  if (!forest.training_weight.empty() &&
      std::cmp_not_equal(forest.training_weight.size(), forest.n)) {
    refuse(file, "some training rows have no weight");
  }
  return forest;
}

ModelFile tree_file(const DecisionTree& tree) {
  ModelFile file{.kind = "decision_tree", .version = kVersion};
  add_trees(file, tree.tree);
  file.header["classes"] = tree.classes;
  file.header["n"] = tree.n;
  file.header["warnings"] = tree.warnings;
  file.blocks["importance"] = tree.importance;
  return file;
}

DecisionTree read_tree(const ModelFile& file) {
  require_kind(file, "decision_tree");
  DecisionTree tree;
  tree.tree = read_trees(file);
  tree.classes = read_classes(file, tree.tree);
  tree.n = static_cast<std::int64_t>(whole(file, "n"));
  tree.warnings = read_warnings(file);
  tree.importance =
      model_block<double>(file, "importance", static_cast<std::int64_t>(tree.tree.columns));
  return tree;
}

}  // namespace impact
