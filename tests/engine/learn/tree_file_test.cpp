#include "engine/learn/tree_file.h"

#include <cmath>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/trees_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

std::vector<double> said_by(const RandomForest& forest, const FeatureColumns& x) {
  std::vector<double> said(x.rows() * forest.trees.outputs);
  forest.predict(x, rows_between(0, x.rows()), said);
  return said;
}

}  // namespace

TEST_CASE("saved forests predict the same bits", "[trees]") {
  const Invented data = invented(200, 81);
  const FeatureColumns x = data.x.features();
  const auto rows = rows_between(0, 200);
  const std::vector<double> w(200, 1.5);
  const RandomForest forest =
      fit_random_forest(x, std::span<const double>(data.y), rows,
                        {.trees = 7, .keep_rows = true, .permutation = true}, w, {1});
  const RandomForest back = read_forest(decode_model(encode_model(forest_file(forest)), "here"));
  CHECK(said_by(back, x) == said_by(forest, x));
  CHECK(back.oob_error == forest.oob_error);
  CHECK(back.permutation_importance == forest.permutation_importance);
  CHECK(forest_weights(back, x, 3).weight == forest_weights(forest, x, 3).weight);
  CHECK(encode_model(forest_file(back)) == encode_model(forest_file(forest)));

  std::vector<std::int32_t> three(200);
  for (std::size_t i = 0; i < 200; ++i) three[i] = static_cast<std::int32_t>(i % 3);
  const RandomForest votes =
      fit_random_forest(x, three, rows, {.trees = 3, .replace = false}, {}, {1});
  CHECK(said_by(read_forest(decode_model(encode_model(forest_file(votes)), "here")), x) ==
        said_by(votes, x));

  const DecisionTree tree = fit_decision_tree(x, data.label, rows, {.max_depth = 3});
  const DecisionTree same = read_tree(decode_model(encode_model(tree_file(tree)), "here"));
  CHECK(same.tree.leaf_value == tree.tree.leaf_value);
  CHECK(same.importance == tree.importance);
  CHECK_THROWS_AS(read_tree(forest_file(forest)), DataError);
  CHECK_THROWS_AS(read_forest(tree_file(tree)), DataError);
  ModelFile newer = tree_file(tree);
  newer.version = 2;
  CHECK_THROWS_AS(read_tree(newer), DataError);
}

TEST_CASE("forged forests are refused or harmless", "[trees]") {
  const Invented data = invented(60, 82);
  const FeatureColumns x = data.x.features();
  const RandomForest forest =
      fit_random_forest(x, std::span<const double>(data.y), rows_between(0, 60),
                        {.trees = 3, .keep_rows = true}, {}, {1});
  const ModelFile good = forest_file(forest);
  Stream stream({83});
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    ModelFile bad = good;
    auto at = bad.blocks.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(stream.below(bad.blocks.size())));
    std::visit(
        [&](auto& values) {
          using Value = typename std::decay_t<decltype(values)>::value_type;
          const std::uint64_t what = stream.below(4);
          if (what == 0 && !values.empty()) values.pop_back();
          if (what == 1) values.push_back(Value{1});
          if (what >= 2 && !values.empty()) {
            values[stream.below(values.size())] = static_cast<Value>(stream.integer(-3, 100));
          }
        },
        at->second);
    if (round % 10 == 0) bad.header["outputs"] = stream.below(4);
    if (round % 11 == 0) bad.header["columns"] = stream.below(6);
    if (round % 13 == 0) bad.header["n"] = nullptr;
    try {
      const RandomForest read = read_forest(bad);
      if (read.trees.columns == 4) {
        CHECK(said_by(read, x).size() == 60);
        CHECK(forest_weights(read, x, 1).row.size() <= 60);
      }
    } catch (const DataError&) {
      ++refused;
    }
  }
  CHECK(refused > 1500);
}
