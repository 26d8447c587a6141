#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/core/option_reader.h"
#include "engine/learn/decision_tree.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/random_forest.h"
#include "engine/learn/tree_file.h"

// Decision trees, random forests, extremely randomised trees.
namespace impact::detail {
namespace {

constexpr const char* kMissing =
    "go to the side of a split where missing numbers of the training rows fit better";

ModelTable importance_table(const std::vector<std::string>& columns,
                            const std::vector<double>& impurity) {
  ModelTable table{.name = "importance", .text_names = {"column"}, .number_names = {"impurity"}};
  table.texts = {columns};
  table.numbers = {impurity};
  return table;
}

std::vector<std::string> columns_of(const ModelFile& file, std::size_t count) {
  std::vector<std::string> out;
  const auto found = file.header.find("column_names");
  if (found != file.header.end() && found->is_array()) {
    for (const nlohmann::json& name : *found) {
      if (name.is_string()) out.push_back(name.get<std::string>());
    }
  }
  if (out.size() == count) return out;
  out.clear();
  for (std::size_t j = 0; j < count; ++j) out.push_back("column " + std::to_string(j + 1));
  return out;
}

class TreePredictor final : public Predictor {
 public:
  TreePredictor(DecisionTree tree, std::vector<std::string> columns)
      : tree_(std::move(tree)), columns_(std::move(columns)) {}

  [[nodiscard]] std::size_t outputs() const override { return tree_.tree.outputs; }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override {
    tree_.predict(features.matrix(), rows, out, context);
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file = tree_file(tree_);
    file.header["column_names"] = columns_;
    return file;
  }
  [[nodiscard]] std::vector<ModelTable> tables() const override {
    return {importance_table(columns_, tree_.importance)};
  }
  [[nodiscard]] std::optional<ShapModel> trees(std::size_t output) const override {
    return shap_model(tree_.tree, output);
  }

 private:
  DecisionTree tree_;
  std::vector<std::string> columns_;
};

class ForestPredictor final : public Predictor {
 public:
  ForestPredictor(RandomForest forest, std::vector<std::string> columns)
      : forest_(std::move(forest)), columns_(std::move(columns)) {}

  [[nodiscard]] std::size_t outputs() const override { return forest_.trees.outputs; }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override {
    forest_.predict(features.matrix(), rows, out, context);
  }
  [[nodiscard]] bool quantiles(const FeatureTable& features, std::span<const std::uint32_t> rows,
                               std::span<const double> probabilities, std::span<double> out,
                               const Context& context) const override {
    if (forest_.member_begin.empty() || forest_.classes != 0) return false;
    predict_quantiles(forest_, features.matrix(), rows, probabilities, out, context);
    return true;
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file = forest_file(forest_);
    file.header["column_names"] = columns_;
    return file;
  }
  [[nodiscard]] std::vector<ModelTable> tables() const override {
    ModelTable table = importance_table(columns_, forest_.impurity_importance);
    if (!forest_.permutation_importance.empty()) {
      table.number_names.insert(table.number_names.end(), {"permutation", "permutation_error"});
      table.numbers.push_back(forest_.permutation_importance);
      table.numbers.push_back(forest_.permutation_error);
    }
    ModelTable oob{.name = "out_of_bag", .number_names = {"error"}, .numbers = {{}}};
    oob.numbers[0].push_back(forest_.oob_error);
    return {std::move(table), std::move(oob)};
  }
  [[nodiscard]] std::optional<ShapModel> trees(std::size_t output) const override {
    return shap_model(forest_.trees, output);
  }

 private:
  RandomForest forest_;
  std::vector<std::string> columns_;
};

std::size_t count(OptionReader& read, const char* name, std::int64_t otherwise,
                  std::int64_t least) {
  return static_cast<std::size_t>(read.integer(name, otherwise, least, std::int64_t{1} << 40));
}

std::shared_ptr<const Predictor> fit_tree(const nlohmann::json& options, const Training& training) {
  OptionReader read("tree", options);
  const Lesson& lesson = training.lesson;
  DecisionTreeSpec spec;
  spec.max_depth = static_cast<int>(read.integer("max_depth", 0, 0, 100000));
  spec.min_leaf = count(read, "min_leaf", 1, 1);
  spec.min_split = count(read, "min_split", 2, 2);
  spec.max_leaves = count(read, "max_leaves", 0, 0);
  spec.entropy = read.place("criterion", "gini", {"gini", "entropy"}) == 1;
  spec.balanced = read.flag("balanced", false);
  read.done();
  spec.classes = lesson.classes.size();
  const FeatureColumns x = lesson.features.matrix();
  DecisionTree tree = lesson.of_classes()
                          ? fit_decision_tree(x, labels_of(lesson), training.rows, spec,
                                              lesson.weights, training.key, training.context)
                          : fit_decision_tree(x, lesson.outcome, training.rows, spec,
                                              lesson.weights, training.key, training.context);
  tell(training, tree.warnings);
  return std::make_shared<const TreePredictor>(std::move(tree), lesson.features.names());
}

// Columns looked at in a node: a number, a share of them, "sqrt", "third" or "all".
std::size_t columns_looked_at(OptionReader& read, std::size_t columns) {
  const nlohmann::json& given = read.value("mtry");
  if (given.is_null()) return 0;
  const auto p = static_cast<double>(columns);
  double wanted = 0.0;
  if (given == "sqrt") {
    wanted = std::floor(std::sqrt(p));
  } else if (given == "third") {
    wanted = std::floor(p / 3.0);
  } else if (given == "all") {
    wanted = p;
  } else if (given.is_number() && given.get<double>() > 0.0) {
    const auto number = given.get<double>();
    wanted = number < 1.0 ? std::floor(number * p) : number;
    if (wanted > p || wanted != std::floor(wanted)) {
      read.fail("mtry", "is not a number of columns", "1 to " + std::to_string(columns));
    }
  } else {
    read.fail("mtry", "is not understood",
              "a number of columns, a share below 1, \"sqrt\", \"third\" or \"all\"");
  }
  return static_cast<std::size_t>(std::max(wanted, 1.0));
}

std::shared_ptr<const Predictor> forest_of(const char* name, bool extremely,
                                           const nlohmann::json& options,
                                           const Training& training) {
  OptionReader read(name, options);
  const Lesson& lesson = training.lesson;
  RandomForestSpec spec = extremely ? extremely_randomised() : RandomForestSpec{};
  spec.trees = static_cast<int>(read.integer("trees", 500, 1, 1000000));
  spec.mtry = columns_looked_at(read, lesson.features.size());
  spec.max_depth = static_cast<int>(read.integer("max_depth", 0, 0, 100000));
  spec.min_leaf = count(read, "min_leaf", 0, 0);
  spec.min_split = count(read, "min_split", 2, 2);
  spec.max_leaves = count(read, "max_leaves", 0, 0);
  spec.sample_fraction = read.number("sample_fraction", spec.sample_fraction, 1e-9, 1.0);
  spec.replace = read.flag("replace", spec.replace);
  spec.honest = read.flag("honest", false);
  spec.entropy = read.place("criterion", "gini", {"gini", "entropy"}) == 1;
  spec.balanced = read.flag("balanced", false);
  spec.keep_rows = read.flag("quantiles", false);
  spec.permutation = read.flag("permutation", false);
  if (read.flag("clustered", false)) {
    if (lesson.groups.empty()) read.fail("clustered", "needs groups", "groups of the rows");
    spec.clusters = lesson.groups;
  }
  read.done();
  spec.classes = lesson.classes.size();
  const FeatureColumns x = lesson.features.matrix();
  RandomForest forest = lesson.of_classes()
                            ? fit_random_forest(x, labels_of(lesson), training.rows, spec,
                                                lesson.weights, training.key, training.context)
                            : fit_random_forest(x, lesson.outcome, training.rows, spec,
                                                lesson.weights, training.key, training.context);
  tell(training, forest.warnings);
  return std::make_shared<const ForestPredictor>(std::move(forest), lesson.features.names());
}

std::shared_ptr<const Predictor> fit_forest(const nlohmann::json& options,
                                            const Training& training) {
  return forest_of("forest", false, options, training);
}
std::shared_ptr<const Predictor> fit_extra_trees(const nlohmann::json& options,
                                                 const Training& training) {
  return forest_of("extra_trees", true, options, training);
}

std::shared_ptr<const Predictor> read_tree_part(const ModelFile& file) {
  DecisionTree tree = read_tree(file);
  std::vector<std::string> columns = columns_of(file, tree.tree.columns);
  return std::make_shared<const TreePredictor>(std::move(tree), std::move(columns));
}
std::shared_ptr<const Predictor> read_forest_part(const ModelFile& file) {
  RandomForest forest = read_forest(file);
  std::vector<std::string> columns = columns_of(file, forest.trees.columns);
  return std::make_shared<const ForestPredictor>(std::move(forest), std::move(columns));
}

constexpr LearnerKind kKinds[] = {
    {"extra_trees",
     "Mean of many trees, each of all rows and with random thresholds (Geurts, Ernst & Wehenkel "
     "2006).",
     "random_forest", kMissing, true, true, true, fit_extra_trees, read_forest_part},
    {"forest", "Mean of many trees, each of other rows and columns (Breiman 2001).",
     "random_forest", kMissing, true, true, true, fit_forest, read_forest_part},
    {"tree", "A decision tree (Breiman, Friedman, Olshen & Stone 1984).", "decision_tree", kMissing,
     true, true, true, fit_tree, read_tree_part},
};

}  // namespace

std::span<const LearnerKind> tree_kinds() { return kKinds; }

}  // namespace impact::detail
